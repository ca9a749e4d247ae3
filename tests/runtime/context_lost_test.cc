#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/one_graph_test.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

class ContextLostTest : public OneGraphTest {};
WEBNN_INSTANTIATE(ContextLostTest);

TEST_P(ContextLostTest, SaysWhy) {
  EXPECT_EQ(context_.lost(), std::nullopt);
  context_.Destroy();
  ASSERT_NE(context_.lost(), std::nullopt);
  const std::string message = context_.lost()->message;
  EXPECT_THAT(message, testing::HasSubstr("destroyed"));
  context_.Destroy();
  EXPECT_EQ(context_.lost()->message, message);
}

TEST_P(ContextLostTest, TheFirstReasonStays) {
  context_.impl()->Lose("the device is gone");
  context_.Destroy();
  EXPECT_EQ(context_.lost()->message, "the device is gone");
  EXPECT_THAT(context_.CreateTensor(Bytes()),
              Fails(ErrorCode::kInvalidState, "the device is gone"));
}

TEST_P(ContextLostTest, NothingNewIsMade) {
  GraphBuilder other;
  const Operand x = other.Input("x", Bytes()).value();
  const GraphDefinition definition = other.Finish({{"y", *other.Identity({.input = x})}}).value();
  context_.Destroy();
  EXPECT_THAT(GraphBuilder::Create(context_), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(context_.Compile(definition), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(context_.CreateTensor(Bytes()), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(context_.CreateConstantTensor(Bytes(), Filled(0)), Fails(ErrorCode::kInvalidState));
  // Before the arguments are looked at.
  EXPECT_THAT(context_.CreateConstantTensor(Bytes(), {}), Fails(ErrorCode::kInvalidState));
}

TEST_P(ContextLostTest, BuildersAreOfNoUse) {
  GraphBuilder builder = GraphBuilder::Create(context_).value();
  const Operand x = builder.Input("x", Bytes()).value();
  const Operand y = builder.Identity({.input = x}).value();
  context_.Destroy();
  EXPECT_THAT(builder.Input("z", Bytes()), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder.Constant(Bytes(), Filled(0)), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder.Constant(DataType::kFloat32, 1), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder.Add({.a = x, .b = y}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder.Softmax({.input = x, .axis = 9}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder.Build({{"y", y}}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder.Build({}), Fails(ErrorCode::kInvalidState));
}

TEST_P(ContextLostTest, GraphsAndTensorsAreDestroyed) {
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  context_.Destroy();
  context_.Synchronize();
  EXPECT_EQ(script_->graphs, 0);
  EXPECT_EQ(script_->tensors, 0);
  EXPECT_THAT(DispatchOne(context_, graph_, x_, y_), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(context_.Compute(graph_, {}, {}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(context_.WriteTensor(x_, Filled(0)), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(context_.ReadTensor(x_, room_), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(context_.ReadTensorAsync(x_, room_).get(), Fails(ErrorCode::kTypeError));
}

TEST_P(ContextLostTest, HandlesStayValid) {
  context_.Destroy();
  EXPECT_EQ(graph_.inputs()[0].name, "x");
  EXPECT_EQ(x_.descriptor(), Bytes());
  EXPECT_TRUE(x_.writable());
  EXPECT_EQ(context_.backend(), "scripted");
  EXPECT_EQ(context_.GetOpSupportLimits().ops.size(), 95u);
  graph_.Destroy();
  x_.Destroy();
  context_.Synchronize();
}

TEST_P(ContextLostTest, OthersGoOn) {
  const Context other = MakeScripted(script_, {.queued = GetParam()});
  const Graph graph = BuildOne(other).value();
  const Tensor x = MakeTensor(other);
  const Tensor y = MakeTensor(other);
  context_.Destroy();
  EXPECT_THAT(DispatchOne(other, graph, x, y), Succeeds());
  EXPECT_EQ(ReadByte(other, y), 1);
  EXPECT_EQ(other.lost(), std::nullopt);
}

TEST_P(ContextLostTest, WhileAGraphIsBuilt) {
  script_->on_compile = [this] {
    context_.Destroy();
    return Result<void>();
  };
  EXPECT_THAT(BuildOne(context_), Fails(ErrorCode::kInvalidState));
  context_.Synchronize();
  EXPECT_EQ(script_->graphs, 0);
}

TEST_P(ContextLostTest, WhileATensorIsMade) {
  script_->on_create_tensor = [this] {
    context_.Destroy();
    return Result<void>();
  };
  // Whether it is made is open; that it does not live is not.
  const auto tensor = context_.CreateTensor(Bytes(), {.readable = true, .writable = true});
  context_.Synchronize();
  EXPECT_EQ(script_->tensors, 0);
  if (!tensor) return;
  EXPECT_THAT(context_.ReadTensor(*tensor, room_), Fails(ErrorCode::kTypeError));
}

// ---- A back end whose device ends. ----

Result<void> Gone() { return Error{ErrorCode::kOperation, "an illegal address was used"}; }

class DeviceLostTest : public OneGraphTest {
 protected:
  void LoseDevice() {
    script_->lost = [] { return std::optional<std::string>("cuda:0 is gone"); };
    script_->run = [](auto, auto) { return Gone(); };
    script_->on_compile = script_->on_create_tensor = script_->on_write = script_->on_read = &Gone;
  }
  void ExpectLost() {
    context_.Synchronize();
    ASSERT_NE(context_.lost(), std::nullopt);
    EXPECT_EQ(context_.lost()->message, "cuda:0 is gone");
    EXPECT_THAT(DispatchOne(context_, graph_, x_, y_),
                Fails(ErrorCode::kInvalidState, "cuda:0 is gone"));
    EXPECT_THAT(context_.ReadTensor(y_, room_), Fails(ErrorCode::kTypeError, "cuda:0 is gone"));
    EXPECT_THAT(BuildOne(context_), Fails(ErrorCode::kInvalidState, "cuda:0 is gone"));
    context_.Synchronize();  // the queue of the tensors' ends
    EXPECT_EQ(script_->graphs, 0);
    EXPECT_EQ(script_->tensors, 0);
  }
};
WEBNN_INSTANTIATE(DeviceLostTest);

TEST_P(DeviceLostTest, AtADispatch) {
  LoseDevice();
  (void)DispatchOne(context_, graph_, x_, y_);
  ExpectLost();
}
TEST_P(DeviceLostTest, AtAWrite) {
  LoseDevice();
  (void)context_.WriteTensor(x_, Filled(1));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtARead) {
  LoseDevice();
  EXPECT_THAT(context_.ReadTensor(y_, room_), Fails(ErrorCode::kOperation, "illegal address"));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtAReadThatIsNotWaitedFor) {
  LoseDevice();
  EXPECT_THAT(context_.ReadTensorAsync(y_, room_).get(), Fails(ErrorCode::kOperation));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtACompute) {
  LoseDevice();
  const auto x = Filled(1);
  const NamedInputBytes inputs[] = {{"x", x}};
  const NamedOutputBytes outputs[] = {{"y", room_}};
  EXPECT_THAT(context_.Compute(graph_, inputs, outputs), Fails(ErrorCode::kOperation));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtACompilation) {
  LoseDevice();
  EXPECT_THAT(BuildOne(context_), Fails(ErrorCode::kOperation));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtANewTensor) {
  LoseDevice();
  EXPECT_THAT(context_.CreateTensor(Bytes()), Fails(ErrorCode::kOperation));
  ExpectLost();
}
TEST_P(DeviceLostTest, AFailureIsNoLoss) {
  script_->run = [](auto, auto) { return Gone(); };
  (void)DispatchOne(context_, graph_, x_, y_);
  EXPECT_THAT(context_.ReadTensor(y_, room_), Fails(ErrorCode::kOperation));
  EXPECT_EQ(context_.lost(), std::nullopt);
}

// ---- The real thing. ----

TEST(RealContextLostTest, EndsWhileWorkIsQueued) {
  for (const bool queued : {false, true}) {
    Context context = Context::Create({.queued = queued}).value();
    const Graph graph = BuildSum(context).value();
    const Tensor a = MakeTensor(context);
    const Tensor b = MakeTensor(context);
    const Tensor sum = MakeTensor(context);
    const NamedTensor inputs[] = {{"a", a}, {"b", b}};
    const NamedTensor outputs[] = {{"sum", sum}};
    for (int i = 0; i < 10; ++i) {
      ASSERT_THAT(context.Dispatch(graph, inputs, outputs), Succeeds());
    }
    context.Destroy();
    EXPECT_THAT(context.Dispatch(graph, inputs, outputs), Fails(ErrorCode::kInvalidState));
    context.Synchronize();
  }
}

}  // namespace
}  // namespace webnn
