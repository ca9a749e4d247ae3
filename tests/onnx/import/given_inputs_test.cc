#include "onnx/import/given_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/onnx/import/import_test.h"
#include "tests/support/result_matchers.h"

namespace webnn::onnx_test {
namespace {

using onnx_format::Fixed;
using onnx_format::GivenImport;
using onnx_format::GivenInput;
using testing::ElementsAre;
using testing_support::Fails;
using testing_support::Succeeds;

GivenInput Given(const std::string& name, const TestTensor& tensor) {
  TensorProto proto;
  proto.set_data_type(tensor.element);
  for (const int64_t size : tensor.sizes) proto.add_dims(size);
  proto.set_raw_data(tensor.bytes.data(), tensor.bytes.size());
  return onnx_format::ParseGivenInput(name, proto.SerializeAsString()).value();
}

Result<GivenImport> Import(const std::string& model, const std::vector<GivenInput>& inputs) {
  return onnx_format::ImportGiven({.bytes = std::as_bytes(std::span(model))}, inputs,
                                  [] { return Result<GraphBuilder>(GraphBuilder()); });
}

std::vector<std::string> InputsOf(const GivenImport& imported) {
  std::vector<std::string> names;
  for (const NamedDescriptor& input : imported.definition->inputs()) names.push_back(input.name);
  return names;
}

TEST(GivenInputs, GiveOpenShapes) {
  TestModel model;
  model.Input("x", TensorProto::FLOAT, {"n", 3}).Output("y").Node("Relu", {"x"}, {"y"});
  const auto imported = Import(model.Serialize(), {Given("x", Random({5, 3}))});
  ASSERT_THAT(imported, Succeeds());
  ASSERT_TRUE(imported->definition);
  EXPECT_EQ(imported->fixed, Fixed::kNone);
  EXPECT_FALSE(imported->narrowed);
  EXPECT_EQ(imported->definition->outputs()[0].descriptor.shape(), (Shape{5, 3}));
}

TEST(GivenInputs, BecomeConstantsOnlyWhereWebNNMustKnowThem) {
  TestModel reshape;
  reshape.Input("x", Random({2, 3})).Input("shape", Int64s({2}, {3, 2})).Output("y");
  reshape.Node("Reshape", {"x", "shape"}, {"y"});
  const std::vector<GivenInput> given = {Given("x", Random({2, 3})),
                                         Given("shape", Int64s({2}, {3, 2}))};
  const auto integers = Import(reshape.Serialize(), given);
  ASSERT_THAT(integers, Succeeds());
  ASSERT_TRUE(integers->definition);
  EXPECT_EQ(integers->fixed, Fixed::kSmallIntegers);
  EXPECT_TRUE(given[1].IsFixed(integers->fixed));
  EXPECT_FALSE(given[0].IsFixed(Fixed::kSmall));  // a matrix
  EXPECT_THAT(InputsOf(*integers), ElementsAre("x"));
  EXPECT_EQ(integers->definition->outputs()[0].descriptor.shape(), (Shape{3, 2}));

  TestModel resize;
  resize.Input("x", Random({1, 1, 2, 2})).Input("scales", Floats({4}, {1, 1, 2, 2})).Output("y");
  resize.Node("Resize", {"x", "", "scales"}, {"y"}, {{"mode", "nearest"}});
  const auto small = Import(resize.Serialize(), {Given("x", Random({1, 1, 2, 2})),
                                                 Given("scales", Floats({4}, {1, 1, 2, 2}))});
  ASSERT_THAT(small, Succeeds());
  ASSERT_TRUE(small->definition);
  EXPECT_EQ(small->fixed, Fixed::kSmall);
  EXPECT_EQ(small->definition->outputs()[0].descriptor.shape(), (Shape{1, 1, 4, 4}));
}

TEST(GivenInputs, AreNarrowedLast) {
  TestModel model;
  const TestTensor x = TensorOf<double>(TensorProto::DOUBLE, {2, 2}, {1, 2, 3, 4});
  model.Input("x", x).Output("y").Node("Relu", {"x"}, {"y"});
  const auto imported = Import(model.Serialize(), {Given("x", x)});
  ASSERT_THAT(imported, Succeeds());
  ASSERT_TRUE(imported->definition);
  EXPECT_TRUE(imported->narrowed);
  EXPECT_EQ(imported->fixed, Fixed::kNone);
  EXPECT_EQ(imported->definition->inputs()[0].descriptor.data_type(), DataType::kFloat32);
}

TEST(GivenInputs, TellWhatCannotBeExpressed) {
  TestModel model;
  model.Input("x", Random({2, 2})).Output("y").Node("NonZero", {"x"}, {"y"});
  const auto imported = Import(model.Serialize(), {Given("x", Random({2, 2}))});
  ASSERT_THAT(imported, Succeeds());
  EXPECT_FALSE(imported->definition);
  ASSERT_EQ(imported->unsupported.size(), 1u);
  EXPECT_EQ(imported->unsupported[0].op, "NonZero");
}

TEST(GivenInputs, OfDamagedFilesAreErrors) {
  EXPECT_THAT(onnx_format::ParseGivenInput("x", "no tensor"),
              Fails(ErrorCode::kTypeError, "TensorProto"));
  EXPECT_FALSE(Import("no model", {Given("x", Random({2}))}).ok());
  EXPECT_FALSE(Import("no model", {}).ok());
}

}  // namespace
}  // namespace webnn::onnx_test
