#include "webnn/tensor.h"

#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

class TensorTest : public testing::Test {
 protected:
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  Context context_ = MakeScripted(script_);
  Context other_ = MakeScripted(script_);
  std::vector<std::byte> room_ = Filled(0);
};

TEST_F(TensorTest, HasItsDescriptorAndFlags) {
  for (const bool readable : {false, true}) {
    for (const bool writable : {false, true}) {
      const Tensor tensor =
          context_.CreateTensor(Bytes(7), {.readable = readable, .writable = writable}).value();
      EXPECT_EQ(tensor.descriptor(), Bytes(7));
      EXPECT_EQ(tensor.readable(), readable);
      EXPECT_EQ(tensor.writable(), writable);
      EXPECT_FALSE(tensor.constant());
    }
  }
  const Tensor plain = context_.CreateTensor(Bytes()).value();
  EXPECT_FALSE(plain.readable());
  EXPECT_FALSE(plain.writable());
}

TEST_F(TensorTest, ReadsWhatWasWritten) {
  const Tensor tensor = MakeTensor(context_);
  EXPECT_EQ(ReadByte(context_, tensor), 0);
  ASSERT_THAT(context_.WriteTensor(tensor, Filled(7)), Succeeds());
  EXPECT_EQ(ReadByte(context_, tensor), 7);
  ASSERT_THAT(context_.WriteTensor(tensor, Filled(9)), Succeeds());
  std::future<Result<void>> read = context_.ReadTensorAsync(tensor, room_);
  ASSERT_THAT(read.get(), Succeeds());
  EXPECT_EQ(room_, Filled(9));
}

TEST_F(TensorTest, IsReadAndWrittenOnlyWhereAllowed) {
  const Tensor plain = context_.CreateTensor(Bytes()).value();
  EXPECT_THAT(context_.WriteTensor(plain, Filled(1)), Fails(ErrorCode::kTypeError, "not writable"));
  EXPECT_THAT(context_.ReadTensor(plain, room_), Fails(ErrorCode::kTypeError, "not readable"));
  EXPECT_THAT(context_.ReadTensorAsync(plain, room_).get(),
              Fails(ErrorCode::kTypeError, "not readable"));
  const Tensor writable = context_.CreateTensor(Bytes(), {.writable = true}).value();
  EXPECT_THAT(context_.WriteTensor(writable, Filled(1)), Succeeds());
  EXPECT_THAT(context_.ReadTensor(writable, room_), Fails(ErrorCode::kTypeError, "not readable"));
}

TEST_F(TensorTest, TakesExactlyItsLength) {
  const Tensor tensor = MakeTensor(context_);
  for (size_t length : {0u, 3u, 5u, 8u}) {
    std::vector<std::byte> bytes(length);
    EXPECT_THAT(context_.WriteTensor(tensor, bytes), Fails(ErrorCode::kTypeError, "4 bytes"));
    EXPECT_THAT(context_.ReadTensor(tensor, bytes), Fails(ErrorCode::kTypeError, "4 bytes"));
  }
}

TEST_F(TensorTest, BelongsToItsContext) {
  const Tensor tensor = MakeTensor(other_);
  EXPECT_THAT(context_.WriteTensor(tensor, Filled(1)),
              Fails(ErrorCode::kTypeError, "another context"));
  EXPECT_THAT(context_.ReadTensor(tensor, room_), Fails(ErrorCode::kTypeError, "another context"));
  // A handle of the same context is the same context.
  const Context same = other_;
  EXPECT_THAT(same.WriteTensor(tensor, Filled(1)), Succeeds());
}

TEST_F(TensorTest, IsNoLongerUsedOnceDestroyed) {
  Tensor tensor = MakeTensor(context_);
  Tensor handle = tensor;
  EXPECT_EQ(script_->tensors, 1);
  tensor.Destroy();
  EXPECT_EQ(script_->tensors, 0) << "the memory is kept by a handle";
  EXPECT_THAT(context_.WriteTensor(handle, Filled(1)), Fails(ErrorCode::kTypeError, "destroyed"));
  EXPECT_THAT(context_.ReadTensor(handle, room_), Fails(ErrorCode::kTypeError, "destroyed"));
  tensor.Destroy();
  handle.Destroy();
  EXPECT_EQ(handle.descriptor(), Bytes());
  EXPECT_TRUE(handle.readable());
}

TEST_F(TensorTest, ErrorsAreFoundInOrder) {
  Tensor foreign = other_.CreateTensor(Bytes()).value();
  foreign.Destroy();
  // Of another context, destroyed, not readable, wrong length: each before the next.
  std::vector<std::byte> wrong(1);
  EXPECT_THAT(context_.ReadTensor(foreign, wrong), Fails(ErrorCode::kTypeError, "another context"));
  EXPECT_THAT(other_.ReadTensor(foreign, wrong), Fails(ErrorCode::kTypeError, "destroyed"));
  EXPECT_THAT(other_.WriteTensor(foreign, wrong), Fails(ErrorCode::kTypeError, "destroyed"));
  const Tensor plain = context_.CreateTensor(Bytes()).value();
  EXPECT_THAT(context_.ReadTensor(plain, wrong), Fails(ErrorCode::kTypeError, "not readable"));
  EXPECT_THAT(context_.WriteTensor(plain, wrong), Fails(ErrorCode::kTypeError, "not writable"));
}

TEST_F(TensorTest, IsFreedWithItsLastHandle) {
  {
    std::vector<Tensor> handles = {MakeTensor(context_)};
    handles.push_back(handles.front());
    handles.erase(handles.begin());
    EXPECT_EQ(script_->tensors, 1);
  }
  EXPECT_EQ(script_->tensors, 0);
}

TEST_F(TensorTest, NoMemoryIsAnUnknownError) {
  script_->on_create_tensor = [] { return Result<void>(Error{ErrorCode::kUnknown, "no memory"}); };
  EXPECT_THAT(context_.CreateTensor(Bytes()), Fails(ErrorCode::kUnknown, "no memory"));
}

TEST_F(TensorTest, ObeysTheLimitsOfTheContext) {
  script_->max_rank = 3;
  const Context small = MakeScripted(script_, {.max_tensor_byte_length = 100});
  EXPECT_THAT(small.CreateTensor(Bytes(100)), Succeeds());
  EXPECT_THAT(small.CreateTensor(Bytes(101)), Fails(ErrorCode::kTypeError, "maxTensorByteLength"));
  EXPECT_THAT(small.CreateConstantTensor(Bytes(101), Filled(0, 101)),
              Fails(ErrorCode::kTypeError, "maxTensorByteLength"));
  const auto deep = OperandDescriptor::Create(DataType::kUint8, {1, 1, 1, 1}).value();
  EXPECT_THAT(small.CreateTensor(deep), Fails(ErrorCode::kTypeError, "rank 4"));
  EXPECT_THAT(small.CreateConstantTensor(deep, Filled(0, 1)),
              Fails(ErrorCode::kTypeError, "rank 4"));
}

TEST_F(TensorTest, ManyMayBeMadeAndDropped) {
  std::vector<Tensor> kept;
  for (int i = 0; i < 3000; ++i) {
    Tensor tensor = MakeTensor(context_);
    if (i % 10 == 0) kept.push_back(tensor);
  }
  EXPECT_EQ(script_->tensors, 300);
  context_.Destroy();
  EXPECT_EQ(script_->tensors, 0) << "the context has lost sight of a tensor";
}

TEST(RealTensorTest, StartsWithZeros) {
  const Context context = Context::Create().value();
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, {1000}).value();
  for (int round = 0; round < 10; ++round) {
    const Tensor tensor =
        context.CreateTensor(descriptor, {.readable = true, .writable = true}).value();
    std::vector<float> numbers(1000, 1);
    const auto bytes = std::as_writable_bytes(std::span(numbers));
    ASSERT_THAT(context.ReadTensor(tensor, bytes), Succeeds());
    EXPECT_EQ(numbers, std::vector<float>(1000, 0));
    // The next one may get this memory.
    numbers.assign(1000, 1);
    ASSERT_THAT(context.WriteTensor(tensor, bytes), Succeeds());
  }
}

}  // namespace
}  // namespace webnn
