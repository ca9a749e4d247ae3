// What operators become where TensorRT lacks one or computes it less exactly than it takes.

#include "backends/tensorrt/target.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lowering/writer.h"
#include "tests/support/model_check.h"
#include "webnn/graph_builder.h"

namespace webnn::trt {
namespace {

using lowering::Element;
using lowering::Model;
using lowering::ModelNode;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

Model Lower(GraphBuilder& builder, Operand output) {
  const GraphDefinition graph = builder.Finish({{"y", output}}).value();
  Model model = lowering::Writer(*graph.data(), TensorRtTarget()).Finish();
  EXPECT_THAT(testing_support::ProblemsOf(model, TensorRtTarget()), IsEmpty());
  return model;
}

std::vector<std::string> OpTypes(const Model& model) {
  std::vector<std::string> types;
  for (const ModelNode& node : model.nodes) types.emplace_back(node.op_type);
  return types;
}

const ModelNode* Find(const Model& model, std::string_view op) {
  const auto found = std::find_if(model.nodes.begin(), model.nodes.end(),
                                  [&](const ModelNode& node) { return node.op_type == op; });
  return found == model.nodes.end() ? nullptr : &*found;
}

std::vector<float> FloatsOf(const Model& model, lowering::ValueId value) {
  for (const lowering::Initializer& constant : model.initializers) {
    if (constant.value != value) continue;
    std::vector<float> values(constant.bytes().size() / sizeof(float));
    std::memcpy(values.data(), constant.bytes().data(), constant.bytes().size());
    return values;
  }
  return {};
}

template <class T>
Operand Constant(GraphBuilder& builder, DataType type, Shape shape, std::vector<T> values) {
  const auto descriptor = OperandDescriptor::Create(type, std::move(shape)).value();
  return builder.Constant(descriptor, std::as_bytes(std::span(values))).value();
}

// The factor of the one product in leakyRelu.
std::vector<float> Factor(double alpha, Shape shape) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, std::move(shape)).value();
  const Model model = Lower(builder, builder.LeakyRelu({.input = x, .alpha = alpha}).value());
  const ModelNode* product = Find(model, "Mul");
  return product == nullptr ? std::vector<float>() : FloatsOf(model, product->inputs[1]);
}

TEST(TensorRtTargetTest, ScalarsThatNeedMoreThanSevenDigitsAreSpread) {
  const auto alpha = static_cast<float>(35.799162942273234);
  EXPECT_THAT(Factor(alpha, {2, 3}), ElementsAre(alpha, alpha, alpha));
  EXPECT_THAT(Factor(alpha, {3, 2, 1}), ElementsAre(alpha, alpha));
  EXPECT_THAT(Factor(alpha, {1, 1}), ElementsAre(alpha));  // there is nothing to spread it along
  EXPECT_THAT(Factor(0.01, {2, 3}), ElementsAre(0.01f));
  EXPECT_THAT(Factor(0.25, {2, 3}), ElementsAre(0.25f));
}

TEST(TensorRtTargetTest, GemmHasNoFactors) {
  for (const DataType type : {DataType::kFloat32, DataType::kFloat16}) {
    GraphBuilder builder;
    const Operand a = builder.Input("a", type, {2, 2}).value();
    const Operand c = builder.Input("c", type, {2}).value();
    const Model model =
        Lower(builder, builder.Gemm({.a = a, .b = a, .c = c, .alpha = 0.5, .beta = 2}).value());
    EXPECT_THAT(OpTypes(model), testing::UnorderedElementsAre("Mul", "Gemm", "Mul", "Add"));
    for (const lowering::Attribute& attribute : Find(model, "Gemm")->attributes) {
      EXPECT_NE(attribute.name, "alpha");
      EXPECT_NE(attribute.name, "beta");
    }
  }
  GraphBuilder builder;
  const Operand a = builder.Input("a", DataType::kFloat32, {2, 2}).value();
  EXPECT_THAT(OpTypes(Lower(builder, builder.Gemm({.a = a, .b = a, .c = a}).value())),
              ElementsAre("Gemm"));
}

TEST(TensorRtTargetTest, ArgMaxWorksAlongTheSecondAxis) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2, 3, 4, 5, 6}).value();
  const Model model = Lower(builder, builder.ArgMax({.input = x, .axis = 0}).value());
  EXPECT_THAT(OpTypes(model), ElementsAre("Reshape", "ArgMax", "Reshape", "Cast"));
  EXPECT_EQ(std::get<int64_t>(Find(model, "ArgMax")->attributes.at(0).value), 1);
}

TEST(TensorRtTargetTest, PoolsHaveNoDilation) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {1, 2, 9, 9}).value();
  const Model model = Lower(
      builder,
      builder
          .MaxPool2d(
              {.input = x, .window_dimensions = std::array<uint32_t, 2>{3, 3}, .dilations = {2, 2}})
          .value());
  EXPECT_THAT(OpTypes(model), Not(Contains("MaxPool")));
  EXPECT_THAT(OpTypes(model), Contains("Slice"));
}

TEST(TensorRtTargetTest, AKnownNormalisationIsOneFactorAndOneTerm) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {1, 2, 3, 3}).value();
  const auto pair = [&](float a, float b) {
    return Constant<float>(builder, DataType::kFloat32, {2}, {a, b});
  };
  const Model model = Lower(builder, builder
                                         .BatchNormalization({.input = x,
                                                              .mean = pair(1, 2),
                                                              .variance = pair(4, 9),
                                                              .scale = pair(3, 5),
                                                              .bias = pair(7, 11),
                                                              .epsilon = 0})
                                         .value());
  const ModelNode* node = Find(model, "BatchNormalization");
  ASSERT_NE(node, nullptr);
  EXPECT_THAT(FloatsOf(model, node->inputs[1]), ElementsAre(3.0f / 2, 5.0f / 3));
  EXPECT_THAT(FloatsOf(model, node->inputs[2]),
              ElementsAre(7 - 1.5f, static_cast<float>(11 - 2 * 5.0 / 3)));
  EXPECT_THAT(FloatsOf(model, node->inputs[3]), ElementsAre(0, 0));
  EXPECT_THAT(FloatsOf(model, node->inputs[4]), ElementsAre(1, 1));
}

TEST(TensorRtTargetTest, KnownQuantisedNumbersAreFloatsWhenTheModelIsMade) {
  GraphBuilder builder;
  const Operand q = Constant<uint8_t>(builder, DataType::kUint8, {2, 4}, {0, 1, 2, 3, 4, 5, 6, 7});
  const Operand scale = Constant<float>(builder, DataType::kFloat32, {2, 2}, {1, 2, 3, 0.1f});
  const Operand zero = Constant<uint8_t>(builder, DataType::kUint8, {2, 2}, {0, 1, 2, 3});
  const Operand x = builder.Input("x", DataType::kFloat32, {2, 4}).value();
  const Operand d =
      builder.DequantizeLinear({.input = q, .scale = scale, .zero_point = zero}).value();
  const Model model = Lower(builder, builder.Add({.a = x, .b = d}).value());
  ASSERT_THAT(OpTypes(model), ElementsAre("Add"));
  EXPECT_THAT(FloatsOf(model, model.nodes[0].inputs[1]),
              ElementsAre(0, 1, 2, 4, 6, 9, 3 * 0.1f, 4 * 0.1f));
}

TEST(TensorRtTargetTest, FiltersAreTransposedWhenTheModelIsMade) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {1, 1, 4, 4}).value();
  const Operand filter = Constant<float>(builder, DataType::kFloat32, {2, 2, 1, 1}, {1, 2, 3, 4});
  const Model model = Lower(
      builder,
      builder
          .Conv2d({.input = x, .filter = filter, .filter_layout = Conv2dFilterOperandLayout::kHwio})
          .value());
  EXPECT_THAT(OpTypes(model), ElementsAre("Conv"));
}

TEST(TensorRtTargetTest, ShortRecurrencesAreWrittenOut) {
  for (const uint32_t steps : {4u, TensorRtTarget().unrolled_steps + 1}) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", DataType::kFloat32, {steps, 1, 2}).value();
    const Operand w = builder.Input("w", DataType::kFloat32, {1, 6, 2}).value();
    const Operand r = builder.Input("r", DataType::kFloat32, {1, 6, 2}).value();
    const auto outputs =
        builder
            .Gru({.input = x, .weight = w, .recurrent_weight = r, .steps = steps, .hidden_size = 2})
            .value();
    const Model model = Lower(builder, outputs[0]);
    EXPECT_EQ(Find(model, "GRU") == nullptr, steps == 4u);
  }
}

TEST(TensorRtTargetTest, NoValueHasMoreThanEightAxes) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kInt8, {1, 2, 1, 4, 2, 2}).value();
  const Operand scale = builder.Input("s", DataType::kFloat32, {1, 1, 1, 2, 1, 1}).value();
  const Operand zero = builder.Input("z", DataType::kInt8, {1, 1, 1, 2, 1, 1}).value();
  const Model model = Lower(
      builder, builder.DequantizeLinear({.input = x, .scale = scale, .zero_point = zero}).value());
  EXPECT_THAT(OpTypes(model), Not(Contains("Expand")));
  EXPECT_THAT(OpTypes(model), Contains("Gather"));
}

TEST(TensorRtTargetTest, APlaneOfOneElementIsNormalisedByArithmetic) {
  for (const uint32_t size : {1u, 2u}) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", DataType::kFloat32, {1, 4, size, 1}).value();
    const Model model = Lower(builder, builder.InstanceNormalization({.input = x}).value());
    EXPECT_EQ(Find(model, "InstanceNormalization") == nullptr, size == 1);
  }
}

TEST(TensorRtTargetTest, MoreIndicesThanElementsHaveRoom) {
  for (const uint32_t count : {3u, 5u}) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", DataType::kFloat32, {2, 3}).value();
    const Operand i = builder.Input("i", DataType::kInt32, {2, count}).value();
    const Operand u = builder.Input("u", DataType::kFloat32, {2, count}).value();
    const Model model =
        Lower(builder,
              builder.ScatterElements({.input = x, .indices = i, .updates = u, .axis = 1}).value());
    EXPECT_EQ(Find(model, "Pad") != nullptr, count > 3);
    EXPECT_EQ(Find(model, "Slice") != nullptr, count > 3);
  }
}

TEST(TensorRtTargetTest, ATransposedConvolutionHasStridesOrADilation) {
  for (const uint32_t stride : {1u, 2u}) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", DataType::kFloat32, {1, 1, 3, 3}).value();
    const Operand w = builder.Input("w", DataType::kFloat32, {1, 1, 2, 2}).value();
    const Model model =
        Lower(builder,
              builder
                  .ConvTranspose2d(
                      {.input = x, .filter = w, .strides = {stride, stride}, .dilations = {2, 2}})
                  .value());
    EXPECT_EQ(Find(model, "Pad") != nullptr, stride == 2);
  }
}

TEST(TensorRtTargetTest, IndicesAreNotNegative) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {4}).value();
  const Operand known = Constant<int32_t>(builder, DataType::kInt32, {2}, {-1, 9});
  const Operand indices = builder.Input("i", DataType::kInt32, {2}).value();
  const Operand first = builder.Gather({.input = x, .indices = known}).value();
  const Operand second = builder.Gather({.input = x, .indices = indices}).value();
  const Model model = Lower(builder, builder.Add({.a = first, .b = second}).value());
  EXPECT_THAT(OpTypes(model), testing::UnorderedElementsAre("Gather", "Max", "Min", "Less", "Add",
                                                            "Where", "Gather", "Add"));
}

}  // namespace
}  // namespace webnn::trt
