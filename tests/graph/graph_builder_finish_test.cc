#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/graph_builder.h"

namespace webnn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Fails;
using testing_support::Succeeds;

std::vector<std::string> Names(const std::vector<NamedDescriptor>& operands) {
  std::vector<std::string> names;
  for (const NamedDescriptor& operand : operands) names.push_back(operand.name);
  return names;
}

class FinishTest : public testing::Test {
 protected:
  GraphBuilder builder_;
  GraphBuilder other_;
  Operand x_ = builder_.Input("x", DataType::kFloat32, {2}).value();
  Operand c_ = builder_.Constant<float>({2}, {1, 2}).value();
  Operand y_ = builder_.Add({.a = x_, .b = c_}).value();
  Operand foreign_ = *other_.Neg({.input = other_.Input("x", DataType::kFloat32, {2}).value()});
};

TEST_F(FinishTest, GivesWhatWasDescribed) {
  const GraphDefinition graph = builder_.Finish({{"y", y_}}).value();
  ASSERT_THAT(Names(graph.inputs()), ElementsAre("x"));
  ASSERT_THAT(Names(graph.outputs()), ElementsAre("y"));
  EXPECT_EQ(ToString(graph.inputs()[0].descriptor), "float32[2]");
  EXPECT_EQ(ToString(graph.outputs()[0].descriptor), "float32[2]");
  EXPECT_EQ(graph.operator_count(), 1u);
}

TEST_F(FinishTest, RefusesWrongOutputs) {
  EXPECT_THAT(builder_.Finish({}), Fails(ErrorCode::kTypeError, "no outputs"));
  EXPECT_THAT(builder_.Finish({{"", y_}}), Fails(ErrorCode::kTypeError, "empty"));
  EXPECT_THAT(builder_.Finish({{"y", y_}, {"y", y_}}), Fails(ErrorCode::kTypeError, "\"y\""));
  EXPECT_THAT(builder_.Finish({{"z", foreign_}}), Fails(ErrorCode::kTypeError, "\"z\""));
  EXPECT_THAT(builder_.Finish({{"z", Operand()}}), Fails(ErrorCode::kTypeError, "\"z\""));
  EXPECT_THAT(builder_.Finish({{"x", x_}}), Fails(ErrorCode::kTypeError, "identity"));
  EXPECT_THAT(builder_.Finish({{"c", c_}}), Fails(ErrorCode::kTypeError, "identity"));
  EXPECT_THAT(builder_.Finish({{"y", y_}, {"z", foreign_}}), Fails(ErrorCode::kTypeError));
}

TEST_F(FinishTest, NamesOfInputsAreUnique) {
  ASSERT_THAT(builder_.Input("X", DataType::kFloat32, {2}), Succeeds());
  ASSERT_THAT(builder_.Input("x ", DataType::kFloat32, {2}), Succeeds());
  const Operand second = builder_.Input("x", DataType::kFloat32, {2}).value();
  const Operand z = builder_.Add({.a = x_, .b = second}).value();
  EXPECT_THAT(builder_.Finish({{"z", z}}), Fails(ErrorCode::kTypeError, "\"x\""));
}

TEST_F(FinishTest, RefusesInTheOrderOfTheSpecification) {
  // An empty name before a foreign operand, and a foreign operand before an input.
  EXPECT_THAT(builder_.Finish({{"", foreign_}}), Fails(ErrorCode::kTypeError, "empty"));
  EXPECT_THAT(builder_.Finish({{"", x_}}), Fails(ErrorCode::kTypeError, "empty"));
  const Operand foreign_input = other_.Input("z", DataType::kFloat32, {2}).value();
  EXPECT_THAT(builder_.Finish({{"z", foreign_input}}),
              Fails(ErrorCode::kTypeError, "not an operand of this builder"));
  // A spent builder before everything.
  ASSERT_THAT(builder_.Finish({{"y", y_}}), Succeeds());
  EXPECT_THAT(builder_.Finish({}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.Finish({{"", foreign_}}), Fails(ErrorCode::kInvalidState));
}

TEST_F(FinishTest, ATypeErrorLeavesTheBuilderUsable) {
  ASSERT_THAT(builder_.Finish({{"y", y_}, {"x", x_}}), Fails(ErrorCode::kTypeError));
  const Operand z = builder_.Neg({.input = y_}).value();
  ASSERT_THAT(builder_.Input("later", DataType::kFloat32, {2}), Succeeds());
  const GraphDefinition graph = builder_.Finish({{"z", z}}).value();
  EXPECT_EQ(graph.operator_count(), 2u);
}

TEST_F(FinishTest, ABuilderMakesOneGraph) {
  ASSERT_THAT(builder_.Finish({{"y", y_}}), Succeeds());
  EXPECT_THAT(builder_.Finish({{"y", y_}}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.Input("z", DataType::kFloat32, {2}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.Constant<float>({1}, {1}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.Constant(DataType::kFloat32, 1), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.ConstantView(OperandDescriptor::Scalar(DataType::kUint8), {}),
              Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.Neg({.input = x_}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.Neg({.input = foreign_}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.Call("neg", std::vector<Value>{x_}), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(builder_.Describe(x_), Fails(ErrorCode::kTypeError));
}

TEST_F(FinishTest, BuildNeedsAContext) {
  EXPECT_THAT(builder_.Build({{"y", y_}}), Fails(ErrorCode::kInvalidState, "Finish"));
  EXPECT_THAT(builder_.Finish({{"y", y_}}), Succeeds());
}

TEST_F(FinishTest, OneOperandMayBeTwoOutputs) {
  const GraphDefinition graph = builder_.Finish({{"second", y_}, {"first", y_}}).value();
  EXPECT_THAT(Names(graph.outputs()), ElementsAre("second", "first"));
  EXPECT_EQ(graph.operator_count(), 1u);
}

TEST_F(FinishTest, AnOutputMayHaveTheNameOfAnInput) {
  EXPECT_THAT(builder_.Finish({{"x", y_}}), Succeeds());
}

TEST_F(FinishTest, DropsWhatNoOutputNeeds) {
  const Operand unused = builder_.Input("unused", DataType::kFloat32, {2}).value();
  ASSERT_THAT(builder_.Mul({.a = y_, .b = unused}), Succeeds());
  const Operand z = builder_.Input("z", DataType::kFloat32, {2}).value();
  const Operand both = builder_.Sub({.a = z, .b = y_}).value();
  ASSERT_THAT(builder_.Neg({.input = both}), Succeeds());
  const GraphDefinition graph = builder_.Finish({{"both", both}}).value();
  EXPECT_THAT(Names(graph.inputs()), ElementsAre("x", "z"));
  EXPECT_EQ(graph.operator_count(), 2u);
}

TEST_F(FinishTest, InputsStayInTheOrderOfTheirDeclaration) {
  const Operand z = builder_.Input("a", DataType::kFloat32, {2}).value();
  const Operand sum = builder_.Add({.a = z, .b = x_}).value();
  EXPECT_THAT(Names(builder_.Finish({{"y", sum}})->inputs()), ElementsAre("x", "a"));
}

TEST_F(FinishTest, KeepsAnOperatorOfWhichOneOutputIsUsed) {
  const std::vector<Operand> parts = builder_.Split({.input = y_, .splits = 2u}).value();
  const GraphDefinition graph = builder_.Finish({{"second", parts[1]}}).value();
  EXPECT_EQ(graph.operator_count(), 2u);
}

TEST_F(FinishTest, AGraphNeedsNoInputs) {
  const Operand z = builder_.Neg({.input = c_}).value();
  const GraphDefinition graph = builder_.Finish({{"z", z}}).value();
  EXPECT_THAT(graph.inputs(), IsEmpty());
}

}  // namespace
}  // namespace webnn
