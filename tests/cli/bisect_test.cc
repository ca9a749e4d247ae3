#include "cli/bisect.h"

#include <algorithm>
#include <vector>

#include "cli/model.h"
#include "core/try.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/graph_builder.h"

namespace webnn::cli {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

// exp(x * factor) + 1, and a split of it.
GraphDefinition Model(float factor, bool longer = false) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {4}).value();
  const Operand c = builder.Constant<float>({1}, {factor}).value();
  const Operand scaled = builder.Mul({x, c, "scale"}).value();
  const Operand one = builder.Constant<float>({1}, {1}).value();
  const Operand sum = builder.Add({builder.Exp({scaled, "exp"}).value(), one, "add"}).value();
  const Operand last = longer ? builder.Relu({sum}).value() : sum;
  const auto parts = builder.Split({.input = last, .splits = 2u}).value();
  return builder.Finish({{"y", parts[0]}}).value();
}

class BisectTest : public testing::Test {
 protected:
  Side On(const GraphDefinition& definition) {
    return {definition, [this](const GraphDefinition& part) -> Result<std::vector<TensorData>> {
              WEBNN_ASSIGN_OR_RETURN(const Graph graph, context_.Compile(part));
              return Compute(context_, graph, inputs_);
            }};
  }
  Result<std::optional<Departure>> Find(const GraphDefinition& got,
                                        const GraphDefinition& expected) {
    return FindDeparture(On(got), On(expected), {}, [](double) {});
  }

  const Context context_ = Context::Create().value();
  const std::vector<TensorData> inputs_ = {
      {"x", OperandDescriptor::Create(DataType::kFloat32, {4}).value(),
       RandomOperand(OperandDescriptor::Create(DataType::kFloat32, {4}).value(), "x", 0), ""}};
};

TEST_F(BisectTest, FindsNothingInEqualGraphs) {
  const auto departure = Find(Model(2), Model(2));
  ASSERT_THAT(departure, Succeeds());
  EXPECT_FALSE(departure->has_value());
}

TEST_F(BisectTest, NamesTheFirstOperatorThatDeparts) {
  const auto departure = Find(Model(2), Model(2.5));
  ASSERT_THAT(departure, Succeeds());
  ASSERT_TRUE(departure->has_value());
  EXPECT_EQ((*departure)->op, "mul");
  EXPECT_EQ((*departure)->label, "scale");
  EXPECT_FALSE((*departure)->difference.ok());
}

TEST_F(BisectTest, RefusesGraphsThatAreNotParallel) {
  EXPECT_THAT(Find(Model(2), Model(2, true)), Fails(ErrorCode::kTypeError, "operator 4: split"));
}

}  // namespace
}  // namespace webnn::cli
