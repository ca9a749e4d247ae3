#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

// A branch that multiplies the outer value `x` by a number.
::onnx::GraphProto Times(float factor) {
  TestGraph branch;
  branch.graph().set_name("branch");
  branch.Weight("factor", Floats({}, {factor}));
  branch.Node("Mul", {"x", "factor"}, {"product"});
  branch.Output("product", TensorProto::FLOAT);
  return branch.graph();
}

TEST(ImportIf, TakesTheBranchOfAKnownCondition) {
  for (uint8_t condition : {0, 1}) {
    TestModel model;
    const TestTensor x = Random({2, 3});
    model.Input("x", x).Weight("condition", Bools({}, {condition})).Output("y");
    model.Node("If", {"condition"}, {"y"}, {{"then_branch", Times(2)}, {"else_branch", Times(3)}});
    ExpectSameAsOnnxRuntime(model, {{"x", x}});
  }
}

TEST(ImportIf, ChoosesAtRunTimeBetweenEqualShapes) {
  for (uint8_t condition : {0, 1}) {
    TestModel model;
    const TestTensor x = Random({2, 3});
    model.Input("x", x).Input("condition", TensorProto::BOOL, {1}).Output("y");
    model.Node("If", {"condition"}, {"y"}, {{"then_branch", Times(2)}, {"else_branch", Times(3)}});
    ExpectSameAsOnnxRuntime(model, {{"x", x}, {"condition", Bools({1}, {condition})}});
  }
}

TEST(ImportIf, RefusesBranchesOfOtherShapes) {
  TestModel model;
  model.Input("x", Random({2, 3})).Input("condition", TensorProto::BOOL, {}).Output("y");
  TestGraph sum;
  sum.Node("ReduceSum", {"x"}, {"sum"});
  sum.Output("sum", TensorProto::FLOAT);
  model.Node("If", {"condition"}, {"y"}, {{"then_branch", Times(2)}, {"else_branch", sum.graph()}});
  ExpectRefused(model, "If", "the branches give float32[2, 3] and float32[1, 1]");
}

// Sums of the turns' numbers onto x, and each sum as an output; stops by its own condition after
// `stop` turns.
TestModel LoopModel(int64_t trip_count, int64_t stop) {
  TestGraph body;
  body.graph().set_name("body");
  body.Input("turn", TensorProto::INT64, {})
      .Input("goes_on", TensorProto::BOOL, {})
      .Input("sum", TensorProto::FLOAT, {2});
  body.Weight("stop", Int64s({}, {stop - 1}));
  body.Node("Cast", {"turn"}, {"addend"}, {{"to", TensorProto::FLOAT}});
  body.Node("Add", {"sum", "addend"}, {"new_sum"});
  body.Node("Less", {"turn", "stop"}, {"new_goes_on"});
  body.Node("Identity", {"new_sum"}, {"row"});
  body.Output("new_goes_on", TensorProto::BOOL)
      .Output("new_sum", TensorProto::FLOAT)
      .Output("row", TensorProto::FLOAT);
  TestModel model;
  model.Input("x", TensorProto::FLOAT, {2});
  model.Weight("trip_count", Int64s({}, {trip_count})).Weight("condition", Bools({}, {1}));
  model.Node("Loop", {"trip_count", "condition", "x"}, {"last", "rows"}, {{"body", body.graph()}});
  model.Output("last", TensorProto::FLOAT).Output("rows", TensorProto::FLOAT);
  return model;
}

TEST(ImportLoop, UnrollsAKnownCountOfTurns) {
  const TestTensor x = Floats({2}, {1, -1});
  ExpectSameAsOnnxRuntime(LoopModel(5, 100), {{"x", x}});
  ExpectSameAsOnnxRuntime(LoopModel(100, 3), {{"x", x}});
  ExpectSameAsOnnxRuntime(LoopModel(1, 1), {{"x", x}});
}

TEST(ImportLoop, IsBounded) {
  ExpectRefused(LoopModel(1'000'000'000, 2'000'000'000), "Loop", "more than 8192 turns");
}

TEST(ImportLoop, RefusesATripCountOfRunTime) {
  TestModel model = LoopModel(3, 3);
  model.graph().mutable_initializer()->DeleteSubrange(0, 1);
  model.Input("trip_count", TensorProto::INT64, {});
  ExpectRefused(model, "Loop", "its trip count is computed at run time");
}

TEST(ImportScan, RunsOverAnAxis) {
  TestGraph body;
  body.graph().set_name("body");
  body.Input("sum", TensorProto::FLOAT, {2}).Input("row", TensorProto::FLOAT, {2});
  body.Node("Add", {"sum", "row"}, {"new_sum"});
  body.Node("Mul", {"new_sum", "row"}, {"product"});
  body.Output("new_sum", TensorProto::FLOAT).Output("product", TensorProto::FLOAT);
  for (int backward : {0, 1}) {
    TestModel model;
    const TestTensor rows = Random({2, 4});
    model.Input("initial", TensorProto::FLOAT, {2}).Input("rows", rows);
    model.Node("Scan", {"initial", "rows"}, {"last", "products"},
               {{"body", body.graph()},
                {"num_scan_inputs", 1},
                {"scan_input_axes", {1}},
                {"scan_input_directions", {backward}},
                {"scan_output_axes", {-1}},
                {"scan_output_directions", {1 - backward}}});
    model.Output("last", TensorProto::FLOAT).Output("products", TensorProto::FLOAT);
    ExpectSameAsOnnxRuntime(model, {{"initial", Floats({2}, {1, 2})}, {"rows", rows}});
  }
}

}  // namespace
}  // namespace webnn::onnx_test
