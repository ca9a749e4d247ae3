#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

using Tensors = std::vector<NamedTensor>;

class DispatchTest : public testing::TestWithParam<bool> {
 protected:
  Tensor Make(const OperandDescriptor& descriptor = Bytes()) {
    return MakeTensor(context_, descriptor);
  }
  Result<void> Dispatch(const Tensors& inputs, const Tensors& outputs) {
    return context_.Dispatch(graph_, inputs, outputs);
  }

  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  Context context_ = MakeScripted(script_, {.queued = GetParam()});
  Context other_ = MakeScripted(script_, {.queued = GetParam()});
  Graph graph_ = BuildSum(context_).value();
  Tensor a_ = Make();
  Tensor b_ = Make();
  Tensor sum_ = Make();
  Tensor foreign_ = MakeTensor(other_);
};
INSTANTIATE_TEST_SUITE_P(, DispatchTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Queued" : "Direct"; });

TEST_P(DispatchTest, RunsTheGraph) {
  ASSERT_THAT(context_.WriteTensor(a_, Filled(10)), Succeeds());
  ASSERT_THAT(context_.WriteTensor(b_, Filled(20)), Succeeds());
  ASSERT_THAT(Dispatch({{"a", a_}, {"b", b_}}, {{"sum", sum_}}), Succeeds());
  EXPECT_EQ(ReadByte(context_, sum_), 31);
  EXPECT_EQ(ReadByte(context_, a_), 10);
  EXPECT_EQ(ReadByte(context_, b_), 20);
}

TEST_P(DispatchTest, TensorsAreFoundByName) {
  script_->run = [](auto inputs, auto outputs) {
    outputs[0][0] = inputs[0][0];  // "a"
    outputs[0][1] = inputs[1][0];  // "b"
    return Result<void>();
  };
  ASSERT_THAT(context_.WriteTensor(a_, Filled(1)), Succeeds());
  ASSERT_THAT(context_.WriteTensor(b_, Filled(2)), Succeeds());
  ASSERT_THAT(Dispatch({{"b", b_}, {"a", a_}}, {{"sum", sum_}}), Succeeds());
  std::vector<std::byte> bytes = Filled(9);
  ASSERT_THAT(context_.ReadTensor(sum_, bytes), Succeeds());
  EXPECT_EQ(static_cast<int>(bytes[0]), 1);
  EXPECT_EQ(static_cast<int>(bytes[1]), 2);
}

TEST_P(DispatchTest, AnOutputIsTheNextInput) {
  const Graph one = BuildOne(context_).value();
  ASSERT_THAT(DispatchOne(context_, one, a_, b_), Succeeds());
  ASSERT_THAT(DispatchOne(context_, one, b_, sum_), Succeeds());
  ASSERT_THAT(DispatchOne(context_, one, sum_, a_), Succeeds());
  ASSERT_THAT(DispatchOne(context_, one, a_, b_), Succeeds());
  EXPECT_EQ(ReadByte(context_, b_), 4);
}

TEST_P(DispatchTest, TakesAnyTensorOfTheRightType) {
  const Tensor plain = context_.CreateTensor(Bytes()).value();  // neither readable nor writable
  const Tensor result = context_.CreateTensor(Bytes(), {.readable = true}).value();
  ASSERT_THAT(Dispatch({{"a", plain}, {"b", b_}}, {{"sum", result}}), Succeeds());
  EXPECT_EQ(ReadByte(context_, result), 1);
}

TEST_P(DispatchTest, AGraphMayHaveNoInputs) {
  GraphBuilder builder = GraphBuilder::Create(context_).value();
  const Operand c = builder.Constant(Bytes(), Filled(1)).value();
  const Graph graph = builder.Build({{"y", *builder.Identity({.input = c})}}).value();
  EXPECT_THAT(context_.Dispatch(graph, {}, Tensors{{"y", sum_}}), Succeeds());
  EXPECT_EQ(ReadByte(context_, sum_), 1);
  EXPECT_THAT(context_.Dispatch(graph, Tensors{{"c", a_}}, Tensors{{"y", sum_}}),
              Fails(ErrorCode::kTypeError, "the graph has 0"));
}

TEST_P(DispatchTest, InputsThatAreNotNeededMustNotBeGiven) {
  GraphBuilder builder = GraphBuilder::Create(context_).value();
  const Operand x = builder.Input("x", Bytes()).value();
  ASSERT_THAT(builder.Input("unused", Bytes()), Succeeds());
  const Graph graph = builder.Build({{"y", *builder.Identity({.input = x})}}).value();
  EXPECT_THAT(context_.Dispatch(graph, Tensors{{"x", a_}, {"unused", b_}}, Tensors{{"y", sum_}}),
              Fails(ErrorCode::kTypeError));
  EXPECT_THAT(context_.Dispatch(graph, Tensors{{"x", a_}}, Tensors{{"y", sum_}}), Succeeds());
}

TEST_P(DispatchTest, TakesManyTensors) {
  constexpr int kCount = 100;
  GraphBuilder builder = GraphBuilder::Create(context_).value();
  std::vector<std::string> names;
  std::vector<GraphBuilder::NamedOutput> operands;
  for (int i = 0; i < kCount; ++i) names.push_back("x" + std::to_string(i));
  for (const std::string& name : names) {
    const Operand x = builder.Input(name, Bytes()).value();
    operands.emplace_back(name, *builder.Identity({.input = x}));
  }
  const Graph graph = builder.Build(operands).value();
  script_->run = [](auto inputs, auto outputs) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::copy(inputs[i].begin(), inputs[i].end(), outputs[i].begin());
    }
    return Result<void>();
  };
  Tensors inputs;
  Tensors outputs;
  for (int i = 0; i < kCount; ++i) {
    inputs.emplace_back(names[i], Make());
    outputs.emplace(outputs.begin(), names[i], Make());
    ASSERT_THAT(context_.WriteTensor(inputs.back().second, Filled(i)), Succeeds());
  }
  ASSERT_THAT(context_.Dispatch(graph, inputs, outputs), Succeeds());
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(ReadByte(context_, outputs[kCount - 1 - i].second), i);
  }
}

// ---- What is refused, and in which order (section "dispatch()" of the specification). ----

TEST_P(DispatchTest, Step1TheGraphIsOfThisContext) {
  Graph graph = BuildSum(other_).value();
  EXPECT_THAT(context_.Dispatch(graph, Tensors{{"a", a_}, {"b", b_}}, Tensors{{"sum", sum_}}),
              Fails(ErrorCode::kTypeError, "graph belongs to another context"));
  graph.Destroy();
  EXPECT_THAT(context_.Dispatch(graph, Tensors{{"a", a_}, {"b", a_}}, {}),
              Fails(ErrorCode::kTypeError, "graph belongs to another context"));
}

TEST_P(DispatchTest, Step2TheGraphIsNotDestroyed) {
  graph_.Destroy();
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", b_}}, {{"sum", sum_}}),
              Fails(ErrorCode::kInvalidState, "graph is destroyed"));
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", a_}}, {{"sum", foreign_}}),
              Fails(ErrorCode::kInvalidState, "graph is destroyed"));
}

TEST_P(DispatchTest, Step3NoTensorIsGivenTwice) {
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", a_}}, {{"sum", sum_}}),
              Fails(ErrorCode::kTypeError, "tensor is given twice"));
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", b_}}, {{"sum", a_}}),
              Fails(ErrorCode::kTypeError, "tensor is given twice"));
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", b_}}, {{"sum", sum_}, {"x", sum_}}),
              Fails(ErrorCode::kTypeError, "tensor is given twice"));
  // Another handle is the same tensor.
  const Tensor same = a_;
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", same}}, {{"sum", sum_}}),
              Fails(ErrorCode::kTypeError, "tensor is given twice"));
  // Before anything is said about the tensors themselves.
  a_.Destroy();
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", a_}}, {{"sum", foreign_}}),
              Fails(ErrorCode::kTypeError, "tensor is given twice"));
  EXPECT_THAT(Dispatch({{"a", foreign_}, {"b", foreign_}}, {}),
              Fails(ErrorCode::kTypeError, "tensor is given twice"));
}

TEST_P(DispatchTest, Step4TensorsAreOfThisContextAndAlive) {
  EXPECT_THAT(Dispatch({{"a", foreign_}, {"b", b_}}, {{"sum", sum_}}),
              Fails(ErrorCode::kTypeError, "tensor belongs to another context"));
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", b_}}, {{"sum", foreign_}}),
              Fails(ErrorCode::kTypeError, "tensor belongs to another context"));
  Tensor destroyed = Make();
  destroyed.Destroy();
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", destroyed}}, {{"sum", sum_}}),
              Fails(ErrorCode::kTypeError, "tensor is destroyed"));
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", b_}}, {{"sum", destroyed}}),
              Fails(ErrorCode::kTypeError, "tensor is destroyed"));
  // An output before the number and the names of the inputs.
  EXPECT_THAT(Dispatch({}, {{"sum", destroyed}}),
              Fails(ErrorCode::kTypeError, "tensor is destroyed"));
  EXPECT_THAT(Dispatch({{"wrong", a_}}, {{"wrong", foreign_}}),
              Fails(ErrorCode::kTypeError, "tensor belongs to another context"));
}

TEST_P(DispatchTest, Step5InputsThenOutputsAreThoseOfTheGraph) {
  const Tensors inputs = {{"a", a_}, {"b", b_}};
  const Tensors outputs = {{"sum", sum_}};
  const Tensor more = Make();
  const Tensor constant = context_.CreateConstantTensor(Bytes(), Filled(1)).value();
  const Tensor large = Make(Bytes(5));

  // The number.
  EXPECT_THAT(Dispatch({{"a", a_}}, outputs), Fails(ErrorCode::kTypeError, "1 input is given"));
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", b_}, {"c", more}}, outputs),
              Fails(ErrorCode::kTypeError, "3 inputs are given"));
  EXPECT_THAT(Dispatch(inputs, {}), Fails(ErrorCode::kTypeError, "0 outputs are given"));
  EXPECT_THAT(Dispatch(inputs, {{"sum", sum_}, {"x", more}}),
              Fails(ErrorCode::kTypeError, "2 outputs are given"));
  // The names.
  EXPECT_THAT(Dispatch({{"a", a_}, {"B", b_}}, outputs), Fails(ErrorCode::kTypeError, "\"B\""));
  EXPECT_THAT(Dispatch({{"a", a_}, {"a", b_}}, outputs),
              Fails(ErrorCode::kTypeError, "\"a\" is given twice"));
  EXPECT_THAT(Dispatch(inputs, {{"a", sum_}}), Fails(ErrorCode::kTypeError, "no output \"a\""));
  // The tensors.
  EXPECT_THAT(Dispatch({{"a", constant}, {"b", b_}}, outputs),
              Fails(ErrorCode::kTypeError, "\"a\" is a constant tensor"));
  EXPECT_THAT(Dispatch(inputs, {{"sum", constant}}),
              Fails(ErrorCode::kTypeError, "\"sum\" is a constant tensor"));
  EXPECT_THAT(Dispatch({{"a", large}, {"b", b_}}, outputs),
              Fails(ErrorCode::kTypeError, "uint8[5]"));
  EXPECT_THAT(Dispatch(inputs, {{"sum", large}}), Fails(ErrorCode::kTypeError, "uint8[5]"));

  // Inputs first; and of one record the number, the name, constancy, the type.
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", large}}, {{"wrong", sum_}, {"x", more}}),
              Fails(ErrorCode::kTypeError, "uint8[5]"));
  EXPECT_THAT(Dispatch({{"wrong", large}}, outputs), Fails(ErrorCode::kTypeError, "1 input"));
  EXPECT_THAT(Dispatch({{"wrong", large}, {"b", b_}}, outputs),
              Fails(ErrorCode::kTypeError, "\"wrong\""));
  const Tensor large_constant = context_.CreateConstantTensor(Bytes(5), Filled(1, 5)).value();
  EXPECT_THAT(Dispatch({{"a", large_constant}, {"b", b_}}, outputs),
              Fails(ErrorCode::kTypeError, "constant tensor"));
}

TEST_P(DispatchTest, TypesAndShapesMustBeEqual) {
  for (const OperandDescriptor& descriptor :
       {OperandDescriptor::Create(DataType::kInt8, {4}).value(),
        OperandDescriptor::Create(DataType::kUint8, {4, 1}).value(),
        OperandDescriptor::Create(DataType::kUint8, {2, 2}).value(),
        OperandDescriptor::Create(DataType::kUint8, {1}).value(),
        OperandDescriptor::Create(DataType::kFloat32, {1}).value()}) {
    EXPECT_THAT(Dispatch({{"a", Make(descriptor)}, {"b", b_}}, {{"sum", sum_}}),
                Fails(ErrorCode::kTypeError, ToString(descriptor)));
  }
}

TEST_P(DispatchTest, ARefusedDispatchChangesNothing) {
  ASSERT_THAT(context_.WriteTensor(sum_, Filled(9)), Succeeds());
  EXPECT_THAT(Dispatch({{"a", a_}, {"b", foreign_}}, {{"sum", sum_}}),
              Fails(ErrorCode::kTypeError));
  EXPECT_EQ(ReadByte(context_, sum_), 9);
}

// ---- Without a queue. ----

TEST(DirectDispatchTest, RunsInTheThreadOfTheCaller) {
  const auto script = std::make_shared<Script>();
  std::thread::id thread;
  script->run = [&](auto, auto) {
    thread = std::this_thread::get_id();
    return Result<void>();
  };
  const Context context = MakeScripted(script);
  const Graph graph = BuildOne(context).value();
  ASSERT_THAT(DispatchOne(context, graph, MakeTensor(context), MakeTensor(context)), Succeeds());
  EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(DirectDispatchTest, AFailureIsReturnedAndStaysInTheOutputs) {
  const auto script = std::make_shared<Script>();
  const Context context = MakeScripted(script);
  const Graph graph = BuildOne(context).value();
  const Tensor x = MakeTensor(context);
  const Tensor y = MakeTensor(context);
  const Tensor z = MakeTensor(context);
  const auto run = script->run;
  script->run = [](auto, auto) {
    return Result<void>(Error{ErrorCode::kOperation, "the engine stopped"});
  };
  EXPECT_THAT(DispatchOne(context, graph, x, y), Fails(ErrorCode::kOperation, "engine stopped"));
  script->run = run;
  std::vector<std::byte> bytes = Filled(0);
  EXPECT_THAT(context.ReadTensor(y, bytes), Fails(ErrorCode::kOperation, "engine stopped"));
  EXPECT_THAT(context.ReadTensor(x, bytes), Succeeds()) << "an input is as it was";
  // What is made of a failure is one.
  EXPECT_THAT(DispatchOne(context, graph, y, z), Fails(ErrorCode::kOperation, "engine stopped"));
  EXPECT_THAT(context.ReadTensor(z, bytes), Fails(ErrorCode::kOperation, "engine stopped"));
  // New contents end it.
  ASSERT_THAT(context.WriteTensor(y, Filled(1)), Succeeds());
  EXPECT_EQ(ReadByte(context, y), 1);
  ASSERT_THAT(DispatchOne(context, graph, y, z), Succeeds());
  EXPECT_EQ(ReadByte(context, z), 2);
}

TEST(DirectDispatchTest, GraphsRunSideBySide) {
  const auto script = std::make_shared<Script>();
  const Context context = MakeScripted(script);
  const Graph graph = BuildOne(context).value();
  std::promise<void> first_runs;
  std::promise<void> second_runs;
  script->run = [&](auto inputs, auto) {
    // Each waits until the other runs, too.
    const bool first = inputs[0][0] == std::byte{1};
    (first ? first_runs : second_runs).set_value();
    const auto status =
        (first ? second_runs : first_runs).get_future().wait_for(std::chrono::seconds(30));
    return status == std::future_status::ready
               ? Result<void>()
               : Result<void>(Error{ErrorCode::kOperation, "alone"});
  };
  const Tensor x = MakeTensor(context);
  ASSERT_THAT(context.WriteTensor(x, Filled(1)), Succeeds());
  auto other = std::async(std::launch::async, [&] {
    return DispatchOne(context, graph, MakeTensor(context), MakeTensor(context));
  });
  EXPECT_THAT(DispatchOne(context, graph, x, MakeTensor(context)), Succeeds());
  EXPECT_THAT(other.get(), Succeeds());
}

}  // namespace
}  // namespace webnn
