#include <chrono>
#include <future>
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

using Inputs = std::vector<NamedInputBytes>;
using Outputs = std::vector<NamedOutputBytes>;

class ComputeTest : public testing::TestWithParam<bool> {
 protected:
  Result<void> Compute(const Inputs& inputs, const Outputs& outputs) {
    return context_.Compute(graph_, inputs, outputs);
  }
  // Four bytes of the memory.
  MutableBytes At(size_t offset) { return std::span(memory_).subspan(offset, kLength); }

  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  Context context_ = MakeScripted(script_, {.queued = GetParam()});
  Graph graph_ = BuildSum(context_).value();
  Graph two_ = BuildTwo(context_).value();
  std::vector<std::byte> memory_ = Filled(0, 64);
};
INSTANTIATE_TEST_SUITE_P(, ComputeTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Queued" : "Direct"; });

TEST_P(ComputeTest, ReadsAndWritesInPlace) {
  const auto a = Filled(10);
  const auto b = Filled(20);
  auto sum = Filled(0);
  const std::byte* seen[3] = {};
  script_->run = [&, run = script_->run](auto inputs, auto outputs) {
    seen[0] = inputs[0].data();
    seen[1] = inputs[1].data();
    seen[2] = outputs[0].data();
    return run(inputs, outputs);
  };
  ASSERT_THAT(Compute({{"b", b}, {"a", a}}, {{"sum", sum}}), Succeeds());
  EXPECT_EQ(sum, Filled(31));
  EXPECT_EQ(seen[0], a.data());
  EXPECT_EQ(seen[1], b.data());
  EXPECT_EQ(seen[2], sum.data());
}

TEST_P(ComputeTest, TheGraphIsOfThisContextAndAlive) {
  const Context other = MakeScripted(script_);
  Graph foreign = BuildSum(other).value();
  foreign.Destroy();
  EXPECT_THAT(context_.Compute(foreign, {}, {}),
              Fails(ErrorCode::kTypeError, "graph belongs to another context"));
  graph_.Destroy();
  EXPECT_THAT(Compute({}, {}), Fails(ErrorCode::kInvalidState, "graph is destroyed"));
}

TEST_P(ComputeTest, NamesAndNumbersAreThoseOfTheGraph) {
  EXPECT_THAT(Compute({{"a", At(0)}}, {{"sum", At(8)}}),
              Fails(ErrorCode::kTypeError, "1 input is given"));
  EXPECT_THAT(Compute({{"a", At(0)}, {"x", At(4)}}, {{"sum", At(8)}}),
              Fails(ErrorCode::kTypeError, "no input \"x\""));
  EXPECT_THAT(Compute({{"a", At(0)}, {"a", At(4)}}, {{"sum", At(8)}}),
              Fails(ErrorCode::kTypeError, "\"a\" is given twice"));
  EXPECT_THAT(Compute({{"a", At(0)}, {"b", At(4)}}, {}),
              Fails(ErrorCode::kTypeError, "0 outputs are given"));
  EXPECT_THAT(Compute({{"a", At(0)}, {"b", At(4)}}, {{"y", At(8)}}),
              Fails(ErrorCode::kTypeError, "no output \"y\""));
}

TEST_P(ComputeTest, SizesAreExact) {
  for (size_t length : {0u, 3u, 5u}) {
    const MutableBytes wrong = std::span(memory_).subspan(32, length);
    EXPECT_THAT(Compute({{"a", wrong}, {"b", At(4)}}, {{"sum", At(8)}}),
                Fails(ErrorCode::kTypeError, "\"a\""));
    EXPECT_THAT(Compute({{"a", At(0)}, {"b", At(4)}}, {{"sum", wrong}}),
                Fails(ErrorCode::kTypeError, "\"sum\""));
  }
}

TEST_P(ComputeTest, OutputsDoNotOverlapInputs) {
  for (size_t offset : {5u, 6u, 7u, 8u, 9u, 10u, 11u}) {
    EXPECT_THAT(Compute({{"a", At(32)}, {"b", At(8)}}, {{"sum", At(offset)}}),
                Fails(ErrorCode::kTypeError, "overlaps that of input \"b\""))
        << offset;
  }
  // Side by side, without a gap.
  EXPECT_THAT(Compute({{"a", At(32)}, {"b", At(8)}}, {{"sum", At(4)}}), Succeeds());
  EXPECT_THAT(Compute({{"a", At(32)}, {"b", At(8)}}, {{"sum", At(12)}}), Succeeds());
  EXPECT_THAT(Compute({{"a", At(4)}, {"b", At(12)}}, {{"sum", At(8)}}), Succeeds());
}

TEST_P(ComputeTest, OutputsDoNotOverlapOneAnother) {
  const auto compute = [&](size_t y, size_t z) {
    return context_.Compute(two_, Inputs{{"x", At(32)}}, Outputs{{"z", At(z)}, {"y", At(y)}});
  };
  for (size_t offset : {5u, 7u, 8u, 9u, 11u}) {
    EXPECT_THAT(compute(8, offset), Fails(ErrorCode::kTypeError, "\"y\" and \"z\" overlaps"));
    EXPECT_THAT(compute(offset, 8), Fails(ErrorCode::kTypeError, "\"y\" and \"z\" overlaps"));
  }
  EXPECT_THAT(compute(8, 12), Succeeds());
  EXPECT_THAT(compute(12, 8), Succeeds());
}

TEST_P(ComputeTest, InputsMayShareMemory) {
  memory_ = Filled(7, 64);
  EXPECT_THAT(Compute({{"a", At(0)}, {"b", At(0)}}, {{"sum", At(8)}}), Succeeds());
  EXPECT_EQ(static_cast<int>(memory_[8]), 15);
  EXPECT_THAT(Compute({{"a", At(0)}, {"b", At(2)}}, {{"sum", At(16)}}), Succeeds());
}

TEST_P(ComputeTest, ARefusedCallWritesNothing) {
  memory_ = Filled(7, 64);
  EXPECT_THAT(Compute({{"a", At(0)}, {"b", At(4)}}, {{"sum", At(6)}}),
              Fails(ErrorCode::kTypeError));
  EXPECT_EQ(memory_, Filled(7, 64));
}

TEST_P(ComputeTest, FailuresAreReturned) {
  script_->run = [](auto, auto) {
    return Result<void>(Error{ErrorCode::kOperation, "the engine stopped"});
  };
  EXPECT_THAT(Compute({{"a", At(0)}, {"b", At(4)}}, {{"sum", At(8)}}),
              Fails(ErrorCode::kOperation, "engine stopped"));
}

TEST(QueuedComputeTest, ComesAfterEarlierWork) {
  const auto script = std::make_shared<Script>();
  std::vector<int> order;
  script->run = [&](auto inputs, auto) {
    order.push_back(static_cast<int>(inputs[0][0]));
    return Result<void>();
  };
  Gate gate(*script);
  const Context context = MakeScripted(script, {.queued = true});
  const Graph graph = BuildOne(context).value();
  const Tensor x = MakeTensor(context);
  ASSERT_THAT(context.WriteTensor(x, Filled(1)), Succeeds());
  ASSERT_THAT(DispatchOne(context, graph, x, MakeTensor(context)), Succeeds());
  auto computed = std::async(std::launch::async, [&] {
    const auto input = Filled(2);
    auto output = Filled(0);
    return context.Compute(graph, Inputs{{"x", input}}, Outputs{{"y", output}});
  });
  EXPECT_EQ(computed.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  gate.Open();
  EXPECT_THAT(computed.get(), Succeeds());
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(RealComputeTest, ComputesValues) {
  for (const bool queued : {false, true}) {
    const Context context = Context::Create({.queued = queued}).value();
    GraphBuilder builder = GraphBuilder::Create(context).value();
    const Operand x = builder.Input("x", DataType::kFloat32, {2, 3}).value();
    const Operand w = builder.Constant<float>({3, 2}, {1, 2, 3, 4, 5, 6}).value();
    const Operand product = builder.Matmul({.a = x, .b = w}).value();
    const Graph graph =
        builder.Build({{"product", product}, {"relu", *builder.Relu({.input = product})}}).value();
    const std::vector<float> input = {1, 1, 1, -1, 0, 1};
    std::vector<float> outputs(8);
    const auto bytes = std::as_writable_bytes(std::span(outputs));
    ASSERT_THAT(context.Compute(graph, Inputs{{"x", std::as_bytes(std::span(input))}},
                                Outputs{{"product", bytes.first(16)}, {"relu", bytes.last(16)}}),
                Succeeds());
    EXPECT_EQ(outputs, (std::vector<float>{9, 12, 4, 4, 9, 12, 4, 4}));
  }
}

TEST(RealComputeTest, AGraphMayHaveNoInputs) {
  const Context context = Context::Create().value();
  GraphBuilder builder = GraphBuilder::Create(context).value();
  const Operand c = builder.Constant<int32_t>({2}, {3, -4}).value();
  const Graph graph = builder
                          .Build({{"negated", *builder.Neg({.input = c})},
                                  {"same", *builder.Identity({.input = c})}})
                          .value();
  std::vector<int32_t> negated(2);
  std::vector<int32_t> same(2);
  ASSERT_THAT(context.Compute(graph, {},
                              Outputs{{"negated", std::as_writable_bytes(std::span(negated))},
                                      {"same", std::as_writable_bytes(std::span(same))}}),
              Succeeds());
  EXPECT_EQ(negated, (std::vector<int32_t>{-3, 4}));
  EXPECT_EQ(same, (std::vector<int32_t>{3, -4}));
}

}  // namespace
}  // namespace webnn
