#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

using Attributes = std::vector<TestAttribute>;
using Inputs = std::vector<std::pair<std::string, TestTensor>>;

constexpr double kTolerance = 1e-5;

TestAttribute Float(const std::string& name, float value) {
  return {name, TestAttribute::Value(value)};
}

TestTensor Weight(std::vector<int64_t> sizes, uint32_t seed, double low = -1, double high = 1) {
  return Random(std::move(sizes), TensorProto::FLOAT, low, high, seed);
}

Inputs BatchInputs(const std::vector<int64_t>& sizes, const std::vector<int64_t>& parameters) {
  return {{"x", Random(sizes)},
          {"const_scale", Weight(parameters, 2)},
          {"const_bias", Weight(parameters, 3)},
          {"const_mean", Weight(parameters, 4)},
          {"const_variance", Weight(parameters, 5, 0.2, 2)}};
}

TEST(BatchNormalizationTest, AllRanks) {
  for (const auto& sizes :
       std::vector<std::vector<int64_t>>{{4, 3}, {2, 3, 5}, {2, 3, 4, 5}, {1, 3, 2, 3, 4}}) {
    ExpectNodeSame("BatchNormalization", BatchInputs(sizes, {3}), {Float("epsilon", 1e-3F)},
                   kTolerance);
  }
}

TEST(BatchNormalizationTest, AllVersions) {
  for (int opset : {7, 9, 14, 15}) {
    ExpectNodeSame("BatchNormalization", BatchInputs({2, 3, 4, 5}, {3}), {}, kTolerance, 1, opset);
  }
}

TEST(BatchNormalizationTest, ParametersOfAWiderType) {
  // ONNX Runtime has no kernel for the mixture. 3 * (x - 1) + 1/2 of 1, 1/2, -1 and 2, in float16.
  const TestTensor x =
      TensorOf<uint16_t>(TensorProto::FLOAT16, {2, 1, 1, 2}, {0x3C00, 0x3800, 0xBC00, 0x4000});
  const TestModel model = OneNode("BatchNormalization",
                                  {{"x", x},
                                   {"const_scale", Floats({1}, {3})},
                                   {"const_bias", Floats({1}, {0.5F})},
                                   {"const_mean", Floats({1}, {1})},
                                   {"const_variance", Floats({1}, {1})}},
                                  {Float("epsilon", 0)});
  const auto imported = RunImported(model.Serialize(), {{"x", x}});
  ASSERT_TRUE(imported.ok()) << ToString(imported.error());
  EXPECT_EQ(imported->at("y0").element, TensorProto::FLOAT16);
  EXPECT_EQ(imported->at("y0").Values<uint16_t>(),
            (std::vector<uint16_t>{0x3800, 0xBC00, 0xC580, 0x4300}));
}

TEST(BatchNormalizationTest, TrainingIsRefused) {
  ExpectRefused(
      OneNode("BatchNormalization", BatchInputs({2, 3, 4, 5}, {3}), {{"training_mode", 1}}, 3),
      "BatchNormalization", "training mode");
  ExpectRefused(OneNode("BatchNormalization", BatchInputs({2, 3, 4, 5}, {3}), {}, 3, 9),
                "BatchNormalization", "training mode");
}

TEST(InstanceNormalizationTest, AllRanks) {
  for (const auto& sizes :
       std::vector<std::vector<int64_t>>{{2, 3, 5}, {2, 3, 4, 5}, {1, 3, 2, 3, 4}}) {
    ExpectNodeSame(
        "InstanceNormalization",
        {{"x", Random(sizes)}, {"const_scale", Weight({3}, 2)}, {"const_bias", Weight({3}, 3)}},
        {Float("epsilon", 1e-2F)}, kTolerance);
  }
}

TEST(LayerNormalizationTest, AxesAndBias) {
  for (int axis : {-1, 0, 1, 2, -2}) {
    const int first = axis < 0 ? axis + 3 : axis;
    const std::vector<int64_t> sizes = {2, 3, 4};
    const std::vector<int64_t> normalized(sizes.begin() + first, sizes.end());
    Inputs inputs = {{"x", Random(sizes)}, {"const_scale", Weight(normalized, 2)}};
    ExpectNodeSame("LayerNormalization", inputs, {{"axis", axis}, Float("epsilon", 1e-2F)},
                   kTolerance);
    inputs.emplace_back("const_bias", Weight(normalized, 3));
    ExpectNodeSame("LayerNormalization", inputs, {{"axis", axis}}, kTolerance, 1, 17);
  }
}

TEST(LayerNormalizationTest, ScalesThatAreBroadcast) {
  for (const auto& sizes : std::vector<std::vector<int64_t>>{{1}, {1, 4}, {1, 1, 4}, {2, 1, 4}}) {
    ExpectNodeSame("LayerNormalization",
                   {{"x", Random({2, 3, 4})},
                    {"const_scale", Weight(sizes, 2)},
                    {"const_bias", Weight(sizes, 3)}},
                   {}, kTolerance);
  }
}

TEST(LayerNormalizationTest, MeanAndInverseDeviation) {
  ExpectNodeSame(
      "LayerNormalization",
      {{"x", Random({2, 3, 4})}, {"const_scale", Weight({4}, 2)}, {"const_bias", Weight({4}, 3)}},
      {}, kTolerance, 3);
}

TEST(LayerNormalizationTest, Float16) {
  ExpectNodeSame("LayerNormalization",
                 {{"x", Random({2, 3, 8}, TensorProto::FLOAT16)},
                  {"const_scale", Random({8}, TensorProto::FLOAT16, -1, 1, 2)}},
                 {}, 5e-3);
}

TEST(GroupNormalizationTest, Groups) {
  for (const auto& sizes :
       std::vector<std::vector<int64_t>>{{2, 6, 5}, {2, 6, 3, 4}, {1, 6, 2, 3, 2}}) {
    for (int groups : {1, 2, 3, 6}) {
      ExpectNodeSame(
          "GroupNormalization",
          {{"x", Random(sizes)}, {"const_scale", Weight({6}, 2)}, {"const_bias", Weight({6}, 3)}},
          {{"num_groups", groups}, Float("epsilon", 1e-2F)}, kTolerance);
      ExpectNodeSame("GroupNormalization",
                     {{"x", Random(sizes)},
                      {"const_scale", Weight({groups}, 2)},
                      {"const_bias", Weight({groups}, 3)}},
                     {{"num_groups", groups}}, kTolerance, 1, 18);
    }
  }
  ExpectInvalid(OneNode("GroupNormalization",
                        {{"x", Random({2, 6, 5})},
                         {"const_scale", Weight({6}, 2)},
                         {"const_bias", Weight({6}, 3)}},
                        {{"num_groups", 4}})
                    .Serialize(),
                "num_groups is 4");
}

TEST(RmsNormalizationTest, Axes) {
  for (int axis : {-1, 1}) {
    const std::vector<int64_t> scale =
        axis == 1 ? std::vector<int64_t>{3, 4} : std::vector<int64_t>{4};
    ExpectNodeSame("RMSNormalization",
                   {{"x", Random({2, 3, 4})}, {"const_scale", Weight(scale, 2)}}, {{"axis", axis}},
                   kTolerance, 1, 23);
  }
}

TEST(LocalResponseNormalizationTest, Sizes) {
  for (int size : {1, 3, 5, 9}) {
    ExpectNodeSame("LRN", {{"x", Random({2, 6, 3, 4}, TensorProto::FLOAT, -3, 3)}},
                   {{"size", size}, Float("alpha", 0.5F)}, kTolerance);
  }
  for (float beta : {0.5F, 0.6F, 1.0F}) {
    ExpectNodeSame("LRN", {{"x", Random({1, 6, 3, 4})}},
                   {{"size", 3}, Float("alpha", 0.5F), Float("beta", beta), Float("bias", 2)},
                   kTolerance);
  }
  ExpectInvalid(OneNode("LRN", {{"x", Random({1, 6, 3, 4})}}).Serialize(), "size is 0");
}

TEST(LocalResponseNormalizationTest, EvenSizesReachFurtherAhead) {
  // ONNX Runtime takes odd sizes alone: x / (1 + x^2 + next^2), by hand.
  const TestTensor x = Floats({1, 4, 1, 1}, {1, 2, 3, 4});
  const TestModel model =
      OneNode("LRN", {{"x", x}}, {{"size", 2}, Float("alpha", 2), Float("beta", 1)});
  const auto imported = RunImported(model.Serialize(), {{"x", x}});
  ASSERT_TRUE(imported.ok()) << ToString(imported.error());
  const std::vector<float> y = imported->at("y0").Values<float>();
  const std::vector<float> expected = {1.0F / 6, 2.0F / 14, 3.0F / 26, 4.0F / 17};
  ASSERT_EQ(y.size(), expected.size());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_FLOAT_EQ(y[i], expected[i]);
}

TEST(LpNormalizationTest, AxesAndNorms) {
  for (int p : {1, 2}) {
    for (int axis : {-1, 0, 1}) {
      ExpectNodeSame("LpNormalization", {{"x", Random({2, 3, 4})}}, {{"p", p}, {"axis", axis}},
                     kTolerance);
    }
    ExpectNodeSame("LpNormalization", {{"x", Floats({2, 2}, {0, 0, 3, 4})}}, {{"p", p}},
                   kTolerance);
  }
  ExpectInvalid(OneNode("LpNormalization", {{"x", Random({2, 3})}}, {{"p", 3}}).Serialize(),
                "p is 3");
}

TEST(MeanVarianceNormalizationTest, Axes) {
  ExpectNodeSame("MeanVarianceNormalization", {{"x", Random({2, 3, 4, 5})}}, {}, kTolerance, 1, 13);
  ExpectNodeSame("MeanVarianceNormalization", {{"x", Random({2, 3, 4, 5})}}, {{"axes", {1, 2}}},
                 kTolerance, 1, 13);
}

// com.microsoft, and what ONNX Runtime writes into ai.onnx.
TestModel Microsoft(const std::string& op, const Inputs& inputs, int outputs,
                    const Attributes& attributes = {}) {
  TestModel model = OneNode(op, inputs, attributes, outputs);
  model.Import("com.microsoft", 1);
  model.graph().mutable_node(0)->set_domain("com.microsoft");
  return model;
}

TEST(MicrosoftNormalizationTest, SkipLayerNormalization) {
  Inputs inputs = {{"x", Random({2, 3, 4})},
                   {"skip", Random({2, 3, 4}, TensorProto::FLOAT, -1, 1, 2)},
                   {"const_gamma", Weight({4}, 3)},
                   {"const_beta", Weight({4}, 4)}};
  const TestTensors given = {{"x", inputs[0].second}, {"skip", inputs[1].second}};
  ExpectSameAsOnnxRuntime(Microsoft("SkipLayerNormalization", inputs, 1), given, kTolerance);
  inputs.emplace_back("const_bias", Weight({4}, 5));
  TestModel model = Microsoft("SkipLayerNormalization", inputs, 4, {Float("epsilon", 1e-3F)});
  // ONNX Runtime gives the sum, but not mean and deviation.
  model.graph().mutable_node(0)->set_output(1, "");
  model.graph().mutable_node(0)->set_output(2, "");
  model.graph().mutable_output()->DeleteSubrange(1, 2);
  ExpectSameAsOnnxRuntime(model, given, kTolerance);
}

TEST(MicrosoftNormalizationTest, SkipSimplifiedLayerNormalization) {
  const Inputs inputs = {{"x", Random({2, 3, 4})},
                         {"skip", Random({2, 3, 4}, TensorProto::FLOAT, -1, 1, 2)},
                         {"const_gamma", Weight({4}, 3)},
                         {"const_bias", Weight({4}, 4)}};
  ExpectSameAsOnnxRuntime(Microsoft("SkipSimplifiedLayerNormalization", inputs, 1),
                          {{"x", inputs[0].second}, {"skip", inputs[1].second}}, kTolerance);
}

TEST(MicrosoftNormalizationTest, SimplifiedLayerNormalization) {
  ExpectNodeSame("SimplifiedLayerNormalization",
                 {{"x", Random({2, 3, 4})}, {"const_scale", Weight({4}, 2)}}, {{"axis", -1}},
                 kTolerance, 1, 17);
}

}  // namespace
}  // namespace webnn::onnx_test
