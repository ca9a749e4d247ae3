#include "passes/precision.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "backends/onnxruntime/library.h"
#include "backends/onnxruntime/log.h"
#include "backends/onnxruntime/session.h"
#include "backends/onnxruntime/target.h"
#include "backends/tensorrt/target.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lowering/constants.h"
#include "lowering/writer.h"
#include "tests/support/model_check.h"
#include "webnn/graph_builder.h"

namespace webnn::passes {
namespace {

using lowering::Element;
using lowering::Model;
using lowering::ModelNode;
using lowering::Target;
using testing::Each;
using testing::IsEmpty;

Model Lower(const GraphDefinition& graph, const Target& target = trt::TensorRtTarget()) {
  return lowering::Writer(*graph.data(), target).Finish();
}

Model Convert(const GraphDefinition& graph, const PrecisionOptions& options = {},
              const Target& target = trt::TensorRtTarget()) {
  Model model = Lower(graph, target);
  ApplyPrecision(model, *graph.data(), target, options);
  EXPECT_THAT(testing_support::ProblemsOf(model, target), IsEmpty());
  return model;
}

// The types in which a model computes an operator.
std::vector<Element> TypesOf(const Model& model, std::string_view op) {
  std::vector<Element> types;
  for (const ModelNode& node : model.nodes) {
    if (node.op_type == op) types.push_back(model.elements[node.outputs[0]]);
  }
  return types;
}
size_t Count(const Model& model, std::string_view op) { return TypesOf(model, op).size(); }

// Numbers that are the same in every run, between -scale and scale.
class Numbers {
 public:
  std::vector<float> Make(size_t count, float scale) {
    std::vector<float> values(count);
    for (float& value : values) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      value = static_cast<float>(static_cast<int32_t>(state_ >> 32)) * (scale / 2147483648.0f);
    }
    return values;
  }

 private:
  uint64_t state_ = 7;
};

// A builder whose calls succeed.
class Net {
 public:
  GraphBuilder builder;

  Operand Input(const char* name, Shape shape, DataType type = DataType::kFloat32) {
    return builder.Input(name, type, std::move(shape)).value();
  }
  Operand Weight(Shape shape, float scale) {
    const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, std::move(shape)).value();
    const std::vector<float> values = numbers_.Make(descriptor.element_count(), scale);
    return builder.Constant(descriptor, std::as_bytes(std::span(values))).value();
  }
  Operand Filled(Shape shape, float value) {
    const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, std::move(shape)).value();
    const std::vector<float> values(descriptor.element_count(), value);
    return builder.Constant(descriptor, std::as_bytes(std::span(values))).value();
  }
  Operand Linear(Operand x, uint32_t from, uint32_t to) {
    const float scale = 1.7f / std::sqrt(static_cast<float>(from));
    const Operand product = builder.Matmul({.a = x, .b = Weight({from, to}, scale)}).value();
    return builder.Add({.a = product, .b = Weight({to}, 0.1f)}).value();
  }
  Operand Norm(Operand x, uint32_t size) {
    return builder
        .LayerNormalization({.input = x,
                             .scale = Filled({size}, 1.1f),
                             .bias = Filled({size}, 0.1f),
                             .axes = std::vector<uint32_t>{2}})
        .value();
  }
  GraphDefinition Finish(Operand output, const char* name = "y") {
    return builder.Finish({{name, output}}).value();
  }

 private:
  Numbers numbers_;
};

GraphDefinition ConvNet() {
  Net net;
  const Operand x = net.Input("x", {1, 3, 16, 16});
  const auto conv = [&](Operand input, uint32_t from, uint32_t to) {
    const Operand plane =
        net.builder
            .Conv2d({.input = input,
                     .filter = net.Weight({to, from, 3, 3}, 1.0f / std::sqrt(9.0f * from)),
                     .padding = {1, 1, 1, 1},
                     .bias = net.Weight({to}, 0.1f)})
            .value();
    const Operand normal = net.builder
                               .BatchNormalization({.input = plane,
                                                    .mean = net.Weight({to}, 0.1f),
                                                    .variance = net.Filled({to}, 0.3f),
                                                    .scale = net.Filled({to}, 0.9f)})
                               .value();
    return net.builder.Clamp({.input = normal, .min_value = 0, .max_value = 6}).value();
  };
  const Operand first = conv(x, 3, 16);
  const Operand second = conv(first, 16, 16);
  const Operand sum = net.builder.Add({.a = first, .b = second}).value();
  const Operand pooled = net.builder.AveragePool2d({.input = sum}).value();
  const Operand flat = net.builder.Reshape({.input = pooled, .new_shape = {1, 16}}).value();
  const Operand scores =
      net.builder.Gemm({.a = flat, .b = net.Weight({16, 10}, 0.5f), .c = net.Weight({10}, 0.1f)})
          .value();
  return net.Finish(net.builder.Softmax({.input = scores, .axis = 1}).value());
}

// One layer of an encoder: attention and a feed-forward network, normalised in front of each.
GraphDefinition EncoderBlock() {
  constexpr uint32_t kWidth = 32, kHeads = 4, kLength = 8, kHead = kWidth / kHeads;
  Net net;
  GraphBuilder& b = net.builder;
  const Operand x = net.Input("x", {1, kLength, kWidth});
  const Operand normal = net.Norm(x, kWidth);
  const auto heads = [&](Operand operand, std::vector<uint32_t> permutation) {
    const Operand split =
        b.Reshape({.input = operand, .new_shape = {1, kLength, kHeads, kHead}}).value();
    return b.Transpose({.input = split, .permutation = std::move(permutation)}).value();
  };
  const Operand q = heads(net.Linear(normal, kWidth, kWidth), {0, 2, 1, 3});
  const Operand k = heads(net.Linear(normal, kWidth, kWidth), {0, 2, 3, 1});
  const Operand v = heads(net.Linear(normal, kWidth, kWidth), {0, 2, 1, 3});
  const Operand scores = b.Matmul({.a = q, .b = k}).value();
  const Operand scaled =
      b.Div({.a = scores, .b = net.Filled({}, std::sqrt(static_cast<float>(kHead)))}).value();
  const Operand weights = b.Softmax({.input = scaled, .axis = 3}).value();
  const Operand mixed = b.Transpose({.input = b.Matmul({.a = weights, .b = v}).value(),
                                     .permutation = std::vector<uint32_t>{0, 2, 1, 3}})
                            .value();
  const Operand joined = b.Reshape({.input = mixed, .new_shape = {1, kLength, kWidth}}).value();
  const Operand attended = b.Add({.a = x, .b = net.Linear(joined, kWidth, kWidth)}).value();
  const Operand wide = net.Linear(net.Norm(attended, kWidth), kWidth, 4 * kWidth);
  const Operand narrow = net.Linear(b.Gelu({.input = wide}).value(), 4 * kWidth, kWidth);
  return net.Finish(b.Add({.a = attended, .b = narrow}).value());
}

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    const ContextOptions options;
    log_ = std::make_shared<const ort::Log>(options);
    auto library = ort::Library::Open(options, log_);
    ASSERT_TRUE(library) << ToString(library.error());
    library_ = *library;
  }
  // The first output on equal inputs for every run.
  std::vector<float> Run(Model model, float scale = 1) const {
    Numbers numbers;
    std::vector<std::vector<float>> inputs;
    std::vector<std::span<const std::byte>> input_bytes;
    for (const lowering::ModelInput& input : model.inputs) {
      inputs.push_back(numbers.Make(input.descriptor.element_count(), scale));
    }
    for (const auto& input : inputs) input_bytes.push_back(std::as_bytes(std::span(input)));
    std::vector<float> output(model.outputs[0].descriptor.element_count());
    std::vector<std::span<std::byte>> output_bytes = {std::as_writable_bytes(std::span(output))};
    auto session = ort::Session::Compile(*library_, log_, 1, std::move(model));
    EXPECT_TRUE(session) << ToString(session.error());
    if (!session) return {};
    const auto run = (*session)->Compute(input_bytes, output_bytes);
    EXPECT_TRUE(run.ok());
    return output;
  }

  std::shared_ptr<const ort::Log> log_;
  const ort::Library* library_ = nullptr;
};

double Cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

TEST_F(RunTest, AConvolutionNetInFloat16IsClose) {
  const GraphDefinition graph = ConvNet();
  const std::vector<float> half = Run(Convert(graph));
  const std::vector<float> full = Run(Lower(graph));
  EXPECT_GE(Cosine(half, full), 0.999);
  EXPECT_NE(half, full);
}

TEST_F(RunTest, AnEncoderBlockInFloat16IsClose) {
  const GraphDefinition graph = EncoderBlock();
  const std::vector<float> full = Run(Lower(graph));
  for (const bool native : {false, true}) {
    const std::vector<float> half =
        Run(Convert(graph, {.half_normalization = native, .half_softmax = native}));
    EXPECT_GE(Cosine(half, full), 0.999);
    EXPECT_NE(half, full);
  }
}

// Statistics of numbers whose squares are beyond float16, written out in operators.
TEST_F(RunTest, StatisticsDoNotOverflow) {
  Net net;
  GraphBuilder& b = net.builder;
  const Operand x = net.Input("x", {4, 64});
  const Operand y = b.Matmul({.a = x, .b = net.Weight({64, 64}, 1.0f)}).value();
  const Operand square = b.Mul({.a = y, .b = y}).value();
  const Operand mean =
      b.ReduceMean({.input = square, .axes = std::vector<uint32_t>{1}, .keep_dimensions = true})
          .value();
  const Operand safe = b.Add({.a = mean, .b = net.Filled({}, 1e-12f)}).value();
  const Operand root = b.Sqrt({.input = safe}).value();
  const GraphDefinition graph = net.Finish(b.Div({.a = y, .b = root}).value());
  const Model model = Convert(graph);
  EXPECT_THAT(TypesOf(model, "MatMul"), Each(Element::kFloat16));
  EXPECT_THAT(TypesOf(model, "Add"), Each(Element::kFloat));
  EXPECT_THAT(TypesOf(model, "Sqrt"), Each(Element::kFloat));
  EXPECT_THAT(TypesOf(model, "Mul"), Each(Element::kFloat));
  EXPECT_GE(Cosine(Run(model, 500), Run(Lower(graph), 500)), 0.999);
}

// What TensorRT lacks, against ONNX Runtime's own operators.
TEST_F(RunTest, DecompositionsForTensorRtComputeTheSame) {
  const auto expect_same = [&](const GraphDefinition& graph) {
    const std::vector<float> ours = Run(Lower(graph));
    const std::vector<float> expected = Run(Lower(graph, OnnxRuntimeTarget()));
    ASSERT_EQ(ours.size(), expected.size());
    for (size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(ours[i], expected[i], 1e-5) << i;
  };
  {
    Net net;
    const Operand x = net.Input("x", {2, 4, 5, 6});
    const Operand y = net.builder
                          .ConvTranspose2d({.input = x,
                                            .filter = net.Weight({4, 3, 3, 2}, 1),
                                            .padding = {1, 0, 2, 1},
                                            .strides = {3, 2},
                                            .dilations = {2, 4},
                                            .output_padding = {1, 0},
                                            .groups = 2})
                          .value();
    expect_same(net.Finish(y));
  }
  {
    Net net;
    const Operand x = net.Input("x", {2, 4, 5, 6});
    const Operand y = net.builder
                          .ConvTranspose2d({.input = x,
                                            .filter = net.Weight({4, 3, 2, 1}, 1),
                                            .strides = {5, 2},
                                            .dilations = {1, 4}})
                          .value();
    expect_same(net.Finish(y));
  }
  {
    Net net;
    const Operand x = net.Input("x", {7});
    expect_same(net.Finish(net.builder.Softmax({.input = x, .axis = 0}).value()));
  }
  {
    Net net;
    const Operand x = net.Input("x", {2, 3});
    const Operand updates = net.Input("u", {2, 4});
    const std::vector<int32_t> places = {2, 0, 1, 0, 1, 1, 2, 0};
    const auto descriptor = OperandDescriptor::Create(DataType::kInt32, {2, 4}).value();
    const Operand indices =
        net.builder.Constant(descriptor, std::as_bytes(std::span(places))).value();
    expect_same(net.Finish(
        net.builder.ScatterElements({.input = x, .indices = indices, .updates = updates, .axis = 1})
            .value()));
  }
  {
    Net net;
    const Operand x = net.Input("x", {2, 3, 1, 1});
    expect_same(
        net.Finish(net.builder
                       .InstanceNormalization(
                           {.input = x, .scale = net.Weight({3}, 1), .bias = net.Weight({3}, 1)})
                       .value()));
  }
  {
    Net net;
    const Operand x = net.Input("x", {3, 9, 4});
    const auto outputs =
        net.builder
            .Lstm({.input =
                       net.builder
                           .Transpose({.input = x, .permutation = std::vector<uint32_t>{1, 0, 2}})
                           .value(),
                   .weight = net.Weight({2, 20, 4}, 0.5f),
                   .recurrent_weight = net.Weight({2, 20, 5}, 0.5f),
                   .steps = 9,
                   .hidden_size = 5,
                   .bias = net.Weight({2, 20}, 0.5f),
                   .recurrent_bias = net.Weight({2, 20}, 0.5f),
                   .return_sequence = true,
                   .direction = RecurrentNetworkDirection::kBoth})
            .value();
    expect_same(net.Finish(outputs[2]));
  }
}

TEST(PrecisionTest, AConvolutionNetIsFloat16FromEndToEnd) {
  const GraphDefinition graph = ConvNet();
  const Model model = Convert(graph);
  for (const ModelNode& node : model.nodes) {
    if (node.op_type == "Cast") continue;
    EXPECT_EQ(model.elements[node.outputs[0]], Element::kFloat16) << node.op_type;
  }
  EXPECT_EQ(Count(model, "Cast"), 2);  // of the input and of the output
  EXPECT_EQ(model.inputs[0].element, Element::kFloat);
  EXPECT_EQ(model.outputs[0].element, Element::kFloat);
  for (const lowering::Initializer& constant : model.initializers) {
    EXPECT_NE(constant.element, Element::kFloat);
  }
}

TEST(PrecisionTest, NormalisationLiesBetweenCastsUnlessTheRuntimeAddsInFloat32) {
  const GraphDefinition graph = EncoderBlock();
  const Model apart = Convert(graph, {.half_softmax = false});
  EXPECT_THAT(TypesOf(apart, "LayerNormalization"), Each(Element::kFloat));
  EXPECT_THAT(TypesOf(apart, "Softmax"), Each(Element::kFloat));
  EXPECT_THAT(TypesOf(apart, "MatMul"), Each(Element::kFloat16));
  const Model native = Convert(graph, {.half_normalization = true, .half_softmax = true});
  EXPECT_THAT(TypesOf(native, "Softmax"), Each(Element::kFloat16));
  // The first one reads the input as it is.
  EXPECT_THAT(TypesOf(native, "LayerNormalization"),
              testing::ElementsAre(Element::kFloat, Element::kFloat));
  EXPECT_LT(Count(native, "Cast"), Count(apart, "Cast"));
}

TEST(PrecisionTest, AValueIsCastOnce) {
  Net net;
  const Operand x = net.Input("x", {4, 4});
  const Operand a = net.builder.Matmul({.a = x, .b = net.Weight({4, 4}, 1)}).value();
  const Operand b = net.builder.Matmul({.a = x, .b = net.Weight({4, 4}, 1)}).value();
  const Operand e = net.builder.Exp({.input = a}).value();
  const Operand l = net.builder.Log({.input = a}).value();
  const Model model = Convert(net.builder.Finish({{"a", a}, {"b", b}, {"e", e}, {"l", l}}).value());
  EXPECT_EQ(Count(model, "Cast"), 3);  // x to float16, a and b to float32
}

TEST(PrecisionTest, ConstantsBeyondFloat16KeepTheirOperatorInFloat32) {
  for (const auto& [value, expected] :
       {std::pair(-3.4e38f, Element::kFloat), std::pair(65504.0f, Element::kFloat16),
        std::pair(1e-12f, Element::kFloat), std::pair(-INFINITY, Element::kFloat16)}) {
    Net net;
    const Operand x = net.Input("x", {4, 4});
    const Operand y = net.builder.Matmul({.a = x, .b = net.Weight({4, 4}, 1)}).value();
    const GraphDefinition graph =
        net.Finish(net.builder.Add({.a = y, .b = net.Filled({4}, value)}).value());
    EXPECT_THAT(TypesOf(Convert(graph), "Add"), Each(expected)) << value;
    EXPECT_THAT(TypesOf(Convert(graph, {.half = Element::kBfloat16}), "Add"),
                Each(Element::kBfloat16));
  }
}

TEST(PrecisionTest, Float32InsideOperatorsOnFloat16IsNarrowedWhereItIsSafe) {
  Net net;
  const Operand x = net.Input("x", {4, 4}, DataType::kFloat16);
  const Operand y = net.builder.Gemm({.a = x, .b = x}).value();
  const Operand sum = net.builder.ReduceSum({.input = y}).value();
  const GraphDefinition graph = net.Finish(sum);
  const Target& target = OnnxRuntimeTarget();
  EXPECT_THAT(TypesOf(Lower(graph, target), "Gemm"), Each(Element::kFloat));
  const Model model = Convert(graph, {}, target);
  EXPECT_THAT(TypesOf(model, "Gemm"), Each(Element::kFloat16));
  EXPECT_THAT(TypesOf(model, "ReduceSum"), Each(Element::kFloat));
  EXPECT_EQ(Count(model, "Cast"), 2);
}

TEST(PrecisionTest, IntegersAreLeftAlone) {
  Net net;
  const Operand x = net.Input("x", {4, 4}, DataType::kInt32);
  const Operand y = net.Input("z", {4, 4}, DataType::kUint8);
  const Operand sum = net.builder.Add({.a = x, .b = x}).value();
  const Operand twice = net.builder.Add({.a = y, .b = y}).value();
  const Operand small = net.builder.Cast({.input = sum, .data_type = DataType::kInt8}).value();
  const GraphDefinition graph =
      net.builder.Finish({{"a", small}, {"b", sum}, {"c", twice}}).value();
  const Model before = Lower(graph);
  const Model after = Convert(graph);
  ASSERT_EQ(before.nodes.size(), after.nodes.size());
  for (size_t i = 0; i < before.nodes.size(); ++i) {
    EXPECT_EQ(before.nodes[i].op_type, after.nodes[i].op_type);
    EXPECT_EQ(before.nodes[i].inputs, after.nodes[i].inputs);
  }
}

TEST(PrecisionTest, TwiceIsAsOnce) {
  const GraphDefinition graph = EncoderBlock();
  const Model once = Convert(graph);
  Model twice = once;
  ApplyPrecision(twice, *graph.data(), trt::TensorRtTarget(), {});
  ASSERT_EQ(once.nodes.size(), twice.nodes.size());
  for (size_t i = 0; i < once.nodes.size(); ++i) {
    EXPECT_EQ(once.nodes[i].op_type, twice.nodes[i].op_type);
    EXPECT_EQ(once.elements[once.nodes[i].outputs[0]], twice.elements[twice.nodes[i].outputs[0]]);
  }
}

TEST(PrecisionTest, OutputsHaveNamesOfTheirOwn) {
  Net net;
  const Operand x = net.Input("x", {2}, DataType::kFloat16);
  const Operand wide = net.builder.Cast({.input = x, .data_type = DataType::kFloat32}).value();
  const Operand half = net.builder.Cast({.input = wide, .data_type = DataType::kFloat16}).value();
  const Operand again = net.builder.Cast({.input = half, .data_type = DataType::kFloat32}).value();
  const Model model = Convert(net.builder.Finish({{"a", wide}, {"b", half}, {"c", again}}).value());
  EXPECT_EQ(model.outputs[0].element, Element::kFloat);
  EXPECT_EQ(model.outputs[1].element, Element::kFloat16);
  EXPECT_EQ(model.outputs[2].element, Element::kFloat);
}

TEST(PrecisionTest, EveryOperatorHasAClassThatItsRowTells) {
  // Sums and powers must not be in 16 bits, products must.
  const auto of = [](std::string_view op) { return FindOp(op)->half_precision; };
  for (std::string_view op : {"pow", "exp", "reduceSum", "reduceMean", "reduceL2", "reduceProduct",
                              "cumulativeSum", "reciprocal", "log", "l2Pool2d"}) {
    EXPECT_EQ(of(op), HalfPrecision::kWide) << op;
  }
  for (std::string_view op : {"conv2d", "convTranspose2d", "matmul", "gemm"}) {
    EXPECT_EQ(of(op), HalfPrecision::kHalf) << op;
  }
  for (std::string_view op : {"layerNormalization", "instanceNormalization", "lstm", "gru"}) {
    EXPECT_EQ(of(op), HalfPrecision::kIsland) << op;
  }
  for (std::string_view op : {"reshape", "transpose", "concat", "relu", "add", "maxPool2d"}) {
    EXPECT_EQ(of(op), HalfPrecision::kFollows) << op;
  }
}

TEST(BfloatTest, RoundsToEven) {
  using lowering::Bfloat16FromFloat;
  using lowering::Bfloat16ToFloat;
  EXPECT_EQ(Bfloat16FromFloat(1.0f), 0x3f80);
  EXPECT_EQ(Bfloat16FromFloat(1.00390625f), 0x3f80);  // half way, down to even
  EXPECT_EQ(Bfloat16FromFloat(1.01171875f), 0x3f82);  // half way, up to even
  EXPECT_EQ(Bfloat16FromFloat(INFINITY), 0x7f80);
  EXPECT_EQ(Bfloat16FromFloat(3.4e38f), 0x7f80);
  EXPECT_TRUE(std::isnan(Bfloat16ToFloat(Bfloat16FromFloat(NAN))));
}

}  // namespace
}  // namespace webnn::passes
