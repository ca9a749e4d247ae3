#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

// Two inputs with one open dimension in common, and one without a name.
TestModel OpenModel() {
  TestModel model;
  model.Input("a", TensorProto::FLOAT, {"batch", 3})
      .Input("b", TensorProto::FLOAT, {"batch", 1})
      .Output("y");
  model.Node("Add", {"a", "b"}, {"y"});
  return model;
}

TEST(ImportDimensions, OneNameCountsEverywhere) {
  const TestTensors inputs = {{"a", Random({4, 3})}, {"b", Random({4, 1})}};
  ExpectSameAsOnnxRuntime(OpenModel(), inputs, 0, {.dimensions = {{"batch", 4}}});
  ExpectSameAsOnnxRuntime(OpenModel(), inputs, 0, {.shapes = {{"a", {4, 3}}}});
  ExpectSameAsOnnxRuntime(OpenModel(), inputs, 0,
                          {.shapes = {{"a", {4, 3}}, {"b", {4, 1}}}, .dimensions = {{"batch", 4}}});
}

TEST(ImportDimensions, OpenOnesAreAllNamed) {
  const std::string bytes = OpenModel().Serialize();
  ExpectRefused(
      OpenModel(), "input \"a\": its dimension 0 (\"batch\") is open",
      "LoadOptions::shapes (--shape a=?x3) or LoadOptions::dimensions (--dim batch=SIZE)");
  ExpectRefused(OpenModel(), "input \"b\"", "--shape b=?x1");
}

TEST(ImportDimensions, AShapeMayBeMissing) {
  TestModel model;
  model.Input("x", TensorProto::FLOAT, {}).Output("y");
  model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  model.Node("Relu", {"x"}, {"y"});
  ExpectRefused(model, "input \"x\"", "not even the rank");
  ExpectSameAsOnnxRuntime(model, {{"x", Random({2, 2})}}, 0, {.shapes = {{"x", {2, 2}}}});
}

TEST(ImportDimensions, ContradictionsAreErrors) {
  const std::string bytes = OpenModel().Serialize();
  ExpectInvalid(bytes, "contradicts the file's [?x3]", {.shapes = {{"a", {4, 2}}}});
  ExpectInvalid(bytes, "contradicts the file's [?x3]", {.shapes = {{"a", {4, 3, 1}}}});
  ExpectInvalid(bytes, "dimension \"batch\" is 4 by the shape of input \"a\" and 5 by",
                {.shapes = {{"a", {4, 3}}, {"b", {5, 1}}}});
  ExpectInvalid(bytes, "dimension \"batch\" is 2 by the option for this dimension",
                {.shapes = {{"a", {4, 3}}}, .dimensions = {{"batch", 2}}});
  ExpectInvalid(bytes, "no input has a dimension \"N\"; named dimensions are \"batch\"",
                {.dimensions = {{"N", 2}}});
  ExpectInvalid(bytes, "\"c\", which is no input; inputs are \"a\", \"b\"",
                {.shapes = {{"c", {4, 3}}}});
  ExpectInvalid(bytes, "sizes begin at 1", {.dimensions = {{"batch", 0}}});
}

TEST(ImportDimensions, SizesThatNoneCanHave) {
  const auto model = [](int64_t size) {
    TestModel with;
    with.Input("x", TensorProto::FLOAT, {size}).Output("y").Node("Relu", {"x"}, {"y"});
    return with;
  };
  ExpectInvalid(model(-2).Serialize(), "size -2 in the shape [-2] is not in [1, 2147483647]");
  ExpectInvalid(model(int64_t{1} << 40).Serialize(), "is not in [1, 2147483647]");
  ExpectRefused(model(0), "input \"x\"", "no elements");
}

TEST(ImportDimensions, UnreadInputsMayStayOpen) {
  TestModel model;
  model.Input("x", TensorProto::FLOAT, {2})
      .Input("unused", TensorProto::FLOAT, {"n"})
      .Input("text", TensorProto::STRING, {1})
      .Output("y");
  model.Node("Relu", {"x"}, {"y"});
  const auto outputs = RunImported(model.Serialize(), {{"x", Floats({2}, {-1, 1})}});
  ASSERT_TRUE(outputs.ok()) << ToString(outputs.error());
  EXPECT_EQ(outputs->at("y").Values<float>(), (std::vector<float>{0, 1}));
}

// As exporters write an open dimension, too.
TEST(ImportDimensions, MinusOneIsOpen) {
  TestModel model;
  model.Input("x", TensorProto::FLOAT, {int64_t{-1}, int64_t{3}}).Output("y");
  model.Node("Relu", {"x"}, {"y"});
  ExpectSameAsOnnxRuntime(model, {{"x", Random({5, 3})}}, 0, {.shapes = {{"x", {5, 3}}}});
  ExpectRefused(model, "its dimension 0 is open", "--shape x=?x3");
}

// It stands for sizes that differ.
TEST(ImportDimensions, AQuestionMarkIsNoName) {
  TestModel model;
  model.Input("x", TensorProto::FLOAT, {"?", "?"}).Output("y");
  model.Node("Relu", {"x"}, {"y"});
  ExpectRefused(model, "its dimensions 0, 1 are open", "--shape x=?x?");
  ExpectSameAsOnnxRuntime(model, {{"x", Random({5, 3})}}, 0, {.shapes = {{"x", {5, 3}}}});
}

}  // namespace
}  // namespace webnn::onnx_test
