#include <memory>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

class ConstantTensorTest : public testing::Test {
 protected:
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  Context context_ = MakeScripted(script_);
  GraphBuilder builder_ = GraphBuilder::Create(context_).value();
  Tensor constant_ = context_.CreateConstantTensor(Bytes(), Filled(5)).value();
};

TEST_F(ConstantTensorTest, IsConstantAndNothingElse) {
  EXPECT_TRUE(constant_.constant());
  EXPECT_FALSE(constant_.readable());
  EXPECT_FALSE(constant_.writable());
  EXPECT_EQ(constant_.descriptor(), Bytes());
  std::vector<std::byte> room = Filled(0);
  EXPECT_THAT(context_.ReadTensor(constant_, room), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(context_.WriteTensor(constant_, room), Fails(ErrorCode::kTypeError));
}

TEST_F(ConstantTensorTest, HasExactlyItsBytes) {
  for (size_t length : {0u, 3u, 5u}) {
    EXPECT_THAT(context_.CreateConstantTensor(Bytes(), Filled(0, length)),
                Fails(ErrorCode::kTypeError, "4 bytes"));
  }
}

TEST_F(ConstantTensorTest, IsAConstantOfABuilder) {
  const Operand c = builder_.Constant(constant_).value();
  EXPECT_EQ(builder_.Describe(c).value(), Bytes());
  // It may be used again, also by another builder.
  EXPECT_THAT(builder_.Constant(constant_), Succeeds());
  EXPECT_THAT(GraphBuilder::Create(context_)->Constant(constant_), Succeeds());
}

TEST_F(ConstantTensorTest, OthersAreRefused) {
  EXPECT_THAT(builder_.Constant(MakeTensor(context_)),
              Fails(ErrorCode::kTypeError, "not constant"));
  const Context other = MakeScripted(script_);
  EXPECT_THAT(builder_.Constant(other.CreateConstantTensor(Bytes(), Filled(1)).value()),
              Fails(ErrorCode::kTypeError, "another context"));
  Tensor destroyed = constant_;
  destroyed.Destroy();
  EXPECT_THAT(builder_.Constant(constant_), Fails(ErrorCode::kTypeError, "destroyed"));
}

TEST_F(ConstantTensorTest, TheTensorIsLookedAtBeforeTheBuilder) {
  const Operand y = builder_.Identity({.input = *builder_.Constant(constant_)}).value();
  ASSERT_THAT(builder_.Build({{"y", y}}), Succeeds());
  EXPECT_THAT(builder_.Constant(MakeTensor(context_)), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(builder_.Constant(constant_), Fails(ErrorCode::kInvalidState));
  // A lost context has destroyed it.
  GraphBuilder fresh = GraphBuilder::Create(context_).value();
  context_.Destroy();
  EXPECT_THAT(fresh.Constant(constant_), Fails(ErrorCode::kTypeError, "destroyed"));
}

TEST_F(ConstantTensorTest, MustLiveUntilTheGraphIsBuilt) {
  const Operand y = builder_.Identity({.input = *builder_.Constant(constant_)}).value();
  constant_.Destroy();
  EXPECT_THAT(builder_.Build({{"y", y}}), Fails(ErrorCode::kTypeError, "destroyed"));
  // A TypeError: the builder is not spent.
  EXPECT_THAT(builder_.Input("x", Bytes()), Succeeds());
}

TEST_F(ConstantTensorTest, IsRefusedAfterTheOutputsHaveBeenChecked) {
  const Operand c = builder_.Constant(constant_).value();
  constant_.Destroy();
  EXPECT_THAT(builder_.Build({{"c", c}}), Fails(ErrorCode::kTypeError, "identity"));
  EXPECT_THAT(builder_.Build({}), Fails(ErrorCode::kTypeError, "no outputs"));
}

TEST(RealConstantTensorTest, TheGraphWorksAfterItsEnd) {
  for (const bool queued : {false, true}) {
    const Context context = Context::Create({.queued = queued}).value();
    std::optional<Graph> graph;
    const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, {1000}).value();
    {
      std::vector<float> numbers(1000, 2);
      Tensor constant =
          context.CreateConstantTensor(descriptor, std::as_bytes(std::span(numbers))).value();
      numbers.assign(1000, 77);  // the bytes have been copied
      GraphBuilder builder = GraphBuilder::Create(context).value();
      const Operand x = builder.Input("x", descriptor).value();
      const Operand c = builder.Constant(constant).value();
      graph = builder.Build({{"y", *builder.Mul({.a = x, .b = c})}}).value();
      constant.Destroy();
    }
    const std::vector<float> x(1000, 21);
    std::vector<float> y(1000);
    const NamedInputBytes inputs[] = {{"x", std::as_bytes(std::span(x))}};
    const NamedOutputBytes outputs[] = {{"y", std::as_writable_bytes(std::span(y))}};
    ASSERT_THAT(context.Compute(*graph, inputs, outputs), Succeeds());
    EXPECT_EQ(y, std::vector<float>(1000, 42));
  }
}

}  // namespace
}  // namespace webnn
