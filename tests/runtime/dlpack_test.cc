#include "webnn/dlpack.h"

#include <dlpack/dlpack.h>

#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing::ElementsAre;
using testing_support::Fails;
using testing_support::Succeeds;

Context OnnxRuntime(bool queued = false) {
  return Context::Create({.backend = "onnxruntime", .queued = queued}).value();
}
Tensor Make(const Context& context, DataType type, Shape shape) {
  return context
      .CreateTensor(OperandDescriptor::Create(type, std::move(shape)).value(),
                    {.readable = true, .writable = true})
      .value();
}

/// A tensor of somebody else; tells when it is given back.
struct Foreign {
  explicit Foreign(std::vector<int64_t> sizes = {2, 3}) : sizes(std::move(sizes)) {
    managed.dl_tensor.data = values.data();
    managed.dl_tensor.device = {kDLCPU, 0};
    managed.dl_tensor.ndim = static_cast<int>(this->sizes.size());
    managed.dl_tensor.dtype = {kDLFloat, 32, 1};
    managed.dl_tensor.shape = this->sizes.data();
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensor* self) {
      ++static_cast<Foreign*>(self->manager_ctx)->deleted;
    };
  }
  DLTensor* operator->() { return &managed.dl_tensor; }
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  std::vector<float> values = std::vector<float>(64);
  DLManagedTensor managed = {};
  std::atomic<int> deleted{0};
};

// ---- To others. ----

TEST(ToDlpackTest, IsTheTensorInPlace) {
  const Context context = OnnxRuntime();
  const Tensor tensor = Make(context, DataType::kFloat32, {2, 3});
  DLManagedTensor* managed = ToDlpack(tensor).value();
  const DLTensor& view = managed->dl_tensor;
  EXPECT_EQ(view.device.device_type, kDLCPU);
  EXPECT_EQ(view.dtype.code, kDLFloat);
  EXPECT_EQ(view.dtype.bits, 32);
  EXPECT_EQ(view.dtype.lanes, 1);
  EXPECT_THAT(std::vector(view.shape, view.shape + view.ndim), ElementsAre(2, 3));
  EXPECT_THAT(std::vector(view.strides, view.strides + view.ndim), ElementsAre(3, 1));
  EXPECT_EQ(view.byte_offset, 0u);
  EXPECT_EQ(view.data, tensor.memory()->address);
  auto* values = static_cast<float*>(view.data);
  std::iota(values, values + 6, 1.0f);
  std::vector<float> read(6);
  ASSERT_THAT(context.ReadTensor(tensor, std::as_writable_bytes(std::span(read))), Succeeds());
  EXPECT_THAT(read, ElementsAre(1, 2, 3, 4, 5, 6));
  managed->deleter(managed);
}

TEST(ToDlpackTest, TheMemoryOutlivesTheHandles) {
  for (const bool queued : {false, true}) {
    DLManagedTensor* managed = nullptr;
    {
      Context context = OnnxRuntime(queued);
      Tensor tensor = Make(context, DataType::kUint8, {4});
      ASSERT_THAT(context.WriteTensor(tensor, Filled(7)), Succeeds());
      context.Synchronize();
      managed = ToDlpack(tensor).value();
      tensor.Destroy();
      context.Destroy();
      context.Synchronize();
      EXPECT_THAT(ToDlpack(tensor), Fails(ErrorCode::kInvalidState, "destroyed"));
    }
    EXPECT_EQ(std::memcmp(managed->dl_tensor.data, Filled(7).data(), 4), 0);
    std::thread([managed] { managed->deleter(managed); }).join();
  }
}

TEST(ToDlpackTest, NothingIsKeptAfterTheDeleter) {
  const auto script = std::make_shared<Script>();
  DLManagedTensor* managed = ToDlpack(MakeTensor(MakeScripted(script))).value();
  EXPECT_EQ(script->tensors, 1);
  managed->deleter(managed);
  EXPECT_EQ(script->tensors, 0);
  EXPECT_EQ(script->backends, 0);
}

TEST(ToDlpackTest, WhatHasNoFormIsRefused) {
  const Context context = OnnxRuntime();
  EXPECT_THAT(ToDlpack(Make(context, DataType::kInt4, {4})),
              Fails(ErrorCode::kNotSupported, "int4"));
  EXPECT_THAT(ToDlpack(context.CreateConstantTensor(Bytes(), Filled(1)).value()),
              Fails(ErrorCode::kNotSupported, "constant"));
}

// ---- From others. ----

TEST(FromDlpackTest, IsUsedInPlace) {
  for (const bool queued : {false, true}) {
    Foreign x;
    Foreign y;
    y->byte_offset = 16;
    {
      const Context context = OnnxRuntime(queued);
      GraphBuilder builder = GraphBuilder::Create(context).value();
      const Operand input = builder.Input("x", DataType::kFloat32, {2, 3}).value();
      const Graph graph = builder.Build({{"y", *builder.Neg({.input = input})}}).value();
      std::iota(x.values.begin(), x.values.end(), 1.0f);
      const Tensor from = FromDlpack(context, &x.managed).value();
      const Tensor to = FromDlpack(context, &y.managed, {.readable = true}).value();
      ASSERT_THAT(DispatchOne(context, graph, from, to), Succeeds());
      context.Synchronize();
      EXPECT_EQ(y.values[3], 0);
      EXPECT_EQ(y.values[4], -1);
      EXPECT_EQ(y.values[9], -6);
      EXPECT_EQ(y.values[10], 0);
      EXPECT_EQ(x.deleted + y.deleted, 0);
    }
    for (int i = 0; i < 3000 && x.deleted + y.deleted < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the queue's thread ends it
    }
    EXPECT_EQ(x.deleted, 1);
    EXPECT_EQ(y.deleted, 1);
  }
}

TEST(FromDlpackTest, EveryTypeGoesRoundInPlace) {
  const Context context = OnnxRuntime();
  for (const DataType type :
       {DataType::kFloat32, DataType::kFloat16, DataType::kInt32, DataType::kUint32,
        DataType::kInt64, DataType::kUint64, DataType::kInt8, DataType::kUint8}) {
    const Tensor tensor = Make(context, type, {5, 1, 2});
    const Tensor again = FromDlpack(context, ToDlpack(tensor).value()).value();
    EXPECT_EQ(again.descriptor(), tensor.descriptor());
    EXPECT_EQ(again.memory()->address, tensor.memory()->address);
  }
  Foreign boolean({3});
  boolean->dtype = {6, 8, 1};
  EXPECT_EQ(FromDlpack(context, &boolean.managed).value().descriptor().data_type(),
            DataType::kUint8);
}

TEST(FromDlpackTest, AScalarHasNoSizes) {
  const Context context = OnnxRuntime();
  Foreign scalar{std::vector<int64_t>()};
  scalar->shape = nullptr;
  EXPECT_EQ(FromDlpack(context, &scalar.managed).value().descriptor(),
            OperandDescriptor::Scalar(DataType::kFloat32));
}

TEST(FromDlpackTest, StridesMustBePacked) {
  const Context context = OnnxRuntime();
  const auto with = [&](std::vector<int64_t> sizes, std::vector<int64_t> strides) {
    auto foreign = std::make_unique<Foreign>(std::move(sizes));
    foreign->strides = std::move(strides);
    (*foreign)->strides = foreign->strides.data();
    const auto result = FromDlpack(context, &foreign->managed);
    if (!result) {
      EXPECT_EQ(foreign->deleted, 1);
      return std::optional(result.error().message);
    }
    return std::optional<std::string>();
  };
  EXPECT_EQ(with({2, 3}, {3, 1}), std::nullopt);
  EXPECT_EQ(with({1, 3}, {77, 1}), std::nullopt);  // no second row
  EXPECT_THAT(*with({2, 3}, {1, 2}), testing::HasSubstr("stride 1 is 2"));
  EXPECT_THAT(*with({2, 3}, {4, 1}), testing::HasSubstr("make it contiguous"));
  EXPECT_THAT(*with({2, 3}, {0, 1}), testing::HasSubstr("stride 0 is 0"));
}

TEST(FromDlpackTest, WhatCannotBeUsedIsGivenBack) {
  const Context context = OnnxRuntime();
  const auto refuse = [&](auto change, ErrorCode code, std::string_view text) {
    Foreign foreign;
    change(foreign);
    EXPECT_THAT(FromDlpack(context, &foreign.managed), Fails(code, std::string(text)));
    EXPECT_EQ(foreign.deleted, 1);
  };
  const auto type = ErrorCode::kTypeError;
  refuse([](Foreign& f) { f->dtype = {kDLFloat, 64, 1}; }, type, "float64");
  refuse([](Foreign& f) { f->dtype = {kDLBfloat, 16, 1}; }, type, "bfloat16");
  refuse([](Foreign& f) { f->dtype = {kDLInt, 16, 1}; }, type, "int16");
  refuse([](Foreign& f) { f->dtype = {kDLFloat, 32, 4}; }, type, "float32x4");
  refuse([](Foreign& f) { f->dtype = {99, 32, 1}; }, type, "code 99");
  refuse([](Foreign& f) { f->data = nullptr; }, type, "null");
  refuse([](Foreign& f) { f->ndim = -1; }, type, "-1");
  refuse([](Foreign& f) { f->shape = nullptr; }, type, "null");
  refuse([](Foreign& f) { f.sizes[1] = 0; }, type, "size 1 is 0");
  refuse([](Foreign& f) { f.sizes[0] = -5; }, type, "size 0 is -5");
  refuse([](Foreign& f) { f.sizes = {2147483647, 2147483647}, f->shape = f.sizes.data(); }, type,
         "fromDlpack");
  refuse([](Foreign& f) { f->byte_offset = 1; }, type, "not aligned to 4 bytes");
  refuse([](Foreign& f) { f->device = {kDLCUDA, 0}; }, ErrorCode::kNotSupported, "GPU");
  refuse([](Foreign& f) { f->device = {kDLMetal, 0}; }, ErrorCode::kNotSupported, "type 8");
  EXPECT_THAT(FromDlpack(context, nullptr), Fails(type, "null"));
  // Without a deleter there is nobody to tell.
  Foreign immortal;
  immortal.managed.deleter = nullptr;
  EXPECT_THAT(FromDlpack(context, &immortal.managed), Succeeds());
}

// ---- Memory of the caller's. ----

TEST(ImportTensorTest, HostMemoryIsUsedInPlace) {
  const Context context = OnnxRuntime();
  alignas(8) std::byte memory[16] = {};
  auto owner = std::make_shared<int>(0);
  const std::weak_ptr<int> alive = owner;
  Tensor tensor = context
                      .ImportTensor(Bytes(), {.address = memory + 1}, std::move(owner),
                                    {.readable = true, .writable = true})
                      .value();
  ASSERT_THAT(context.WriteTensor(tensor, Filled(9)), Succeeds());
  EXPECT_EQ(memory[0], std::byte{0});
  EXPECT_EQ(memory[1], std::byte{9});
  EXPECT_EQ(memory[4], std::byte{9});
  EXPECT_EQ(memory[5], std::byte{0});
  EXPECT_FALSE(alive.expired());
  tensor.Destroy();
  EXPECT_TRUE(alive.expired());
  EXPECT_EQ(tensor.memory(), std::nullopt);
}

TEST(ImportTensorTest, MemoryThatDoesNotFitIsRefused) {
  const Context context = OnnxRuntime();
  alignas(8) std::byte memory[64] = {};
  const auto wide = OperandDescriptor::Create(DataType::kInt64, {2}).value();
  EXPECT_THAT(context.ImportTensor(wide, {.address = memory + 4}, nullptr),
              Fails(ErrorCode::kTypeError, "aligned to 8"));
  EXPECT_THAT(context.ImportTensor(wide, {.address = nullptr}, nullptr),
              Fails(ErrorCode::kTypeError, "null"));
  EXPECT_THAT(context.ImportTensor(
                  wide, {.kind = MemoryKind::kCuda, .device = 0, .address = memory}, nullptr),
              Fails(ErrorCode::kNotSupported, "GPU"));
  EXPECT_THAT(
      MakeScripted(std::make_shared<Script>()).ImportTensor(Bytes(), {.address = memory}, nullptr),
      Fails(ErrorCode::kNotSupported, "has not allocated"));
}

}  // namespace
}  // namespace webnn
