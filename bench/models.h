#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "harness.h"
#include "webnn/webnn.h"

/// Graphs for the benchmarks. Weights are random and of a size that keeps the values between the
/// operators ordinary: numbers that overflow or vanish would not take the usual time.
namespace webnn::bench {

/// Memory for weights that graphs refer to by `ConstantView`.
class Weights {
 public:
  std::span<const std::byte> Random(size_t count, float scale) {
    std::vector<float>& values = memory_.emplace_back(count);
    for (float& value : values) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      const auto bits = static_cast<int32_t>(state_ >> 32);
      value = static_cast<float>(bits) * (scale / 2147483648.0f);
    }
    return std::as_bytes(std::span(values));
  }

 private:
  std::deque<std::vector<float>> memory_;
  uint64_t state_ = 1;
};

/// A builder whose errors end the program.
class Net {
 public:
  explicit Net(Weights& weights) : weights_(weights) {}

  GraphBuilder builder;

  Operand Input(const char* name, Shape shape) {
    return Must(builder.Input(name, DataType::kFloat32, std::move(shape)));
  }
  Operand Weight(Shape shape, float scale) {
    const OperandDescriptor descriptor =
        Must(OperandDescriptor::Create(DataType::kFloat32, std::move(shape)));
    return Must(
        builder.ConstantView(descriptor, weights_.Random(descriptor.element_count(), scale)));
  }
  const Shape& ShapeOf(Operand operand) {
    described_ = Must(builder.Describe(operand)).shape();
    return described_;
  }

  Operand Conv(Operand input, uint32_t outputs, uint32_t size, uint32_t stride,
               uint32_t groups = 1) {
    const uint32_t inputs = ShapeOf(input)[1] / groups;
    const uint32_t pad = size / 2;
    // Uniform in [-s, s]: variance s^2 / 3; what goes in is halved by the relu before it.
    const float scale = std::sqrt(6.0f / static_cast<float>(inputs * size * size));
    return Must(builder.Conv2d({.input = input,
                                .filter = Weight(Shape{outputs, inputs, size, size}, scale),
                                .padding = {pad, pad, pad, pad},
                                .strides = {stride, stride},
                                .groups = groups,
                                .bias = Weight(Shape{outputs}, 0.1f)}));
  }
  Operand Relu(Operand input) { return Must(builder.Relu({.input = input})); }
  Operand Relu6(Operand input) {
    return Must(builder.Clamp({.input = input, .min_value = 0, .max_value = 6}));
  }
  Operand Add(Operand a, Operand b) { return Must(builder.Add({.a = a, .b = b})); }
  Operand Reshape(Operand input, std::vector<Dimension> shape) {
    return Must(builder.Reshape({.input = input, .new_shape = std::move(shape)}));
  }
  Operand Transpose(Operand input, std::vector<uint32_t> order) {
    return Must(builder.Transpose({.input = input, .permutation = std::move(order)}));
  }
  Operand Matmul(Operand a, Operand b) { return Must(builder.Matmul({.a = a, .b = b})); }
  /// x W + b over the last axis; keeps the variance.
  Operand Dense(Operand input, uint32_t outputs) {
    const uint32_t inputs = ShapeOf(input)[ShapeOf(input).rank() - 1];
    const float scale = std::sqrt(3.0f / static_cast<float>(inputs));
    return Add(Matmul(input, Weight(Shape{inputs, outputs}, scale)), Weight(Shape{outputs}, 0.1f));
  }
  Operand LayerNorm(Operand input) {
    const uint32_t last = ShapeOf(input).rank() - 1;
    const uint32_t width = ShapeOf(input)[last];
    return Must(builder.LayerNormalization({.input = input,
                                            .scale = Weight(Shape{width}, 1.0f),
                                            .bias = Weight(Shape{width}, 0.1f),
                                            .axes = {{last}}}));
  }
  GraphDefinition Finish(const char* name, Operand output) {
    return Must(builder.Finish({{name, output}}));
  }

 private:
  Weights& weights_;
  Shape described_;
};

/// ResNet-50 with its normalisation folded into the 53 convolutions: "x" float32[batch, 3, 224,
/// 224] to "y" float32[batch, 1000].
inline GraphDefinition ResNet50(Weights& weights, uint32_t batch = 1) {
  Net net(weights);
  Operand x = net.Relu(net.Conv(net.Input("x", Shape{batch, 3, 224, 224}), 64, 7, 2));
  x = Must(net.builder.MaxPool2d({.input = x,
                                  .window_dimensions = std::array<uint32_t, 2>{3, 3},
                                  .padding = {1, 1, 1, 1},
                                  .strides = {2, 2}}));
  const std::array<uint32_t, 4> depths = {3, 4, 6, 3};
  for (uint32_t stage = 0; stage < depths.size(); ++stage) {
    const uint32_t width = 64u << stage;
    for (uint32_t block = 0; block < depths[stage]; ++block) {
      const uint32_t stride = stage > 0 && block == 0 ? 2 : 1;
      const Operand shortcut = block == 0 ? net.Conv(x, 4 * width, 1, stride) : x;
      Operand inner = net.Relu(net.Conv(x, width, 1, 1));
      inner = net.Relu(net.Conv(inner, width, 3, stride));
      x = net.Relu(net.Add(net.Conv(inner, 4 * width, 1, 1), shortcut));
    }
  }
  x = Must(net.builder.AveragePool2d({.input = x}));
  x = net.Reshape(x, {batch, 2048});
  x = Must(net.builder.Gemm(
      {.a = x, .b = net.Weight(Shape{2048, 1000}, 0.03f), .c = net.Weight(Shape{1000}, 0.1f)}));
  return net.Finish("y", x);
}

/// MobileNetV2 with its normalisation folded into the 52 convolutions: "x" float32[batch, 3, 224,
/// 224] to "y" float32[batch, 1000].
inline GraphDefinition MobileNetV2(Weights& weights, uint32_t batch) {
  struct Stage {
    uint32_t expansion, channels, repeats, stride;
  };
  constexpr std::array<Stage, 7> kStages = {{{1, 16, 1, 1},
                                             {6, 24, 2, 2},
                                             {6, 32, 3, 2},
                                             {6, 64, 4, 2},
                                             {6, 96, 3, 1},
                                             {6, 160, 3, 2},
                                             {6, 320, 1, 1}}};
  Net net(weights);
  Operand x = net.Relu6(net.Conv(net.Input("x", Shape{batch, 3, 224, 224}), 32, 3, 2));
  for (const Stage& stage : kStages) {
    for (uint32_t repeat = 0; repeat < stage.repeats; ++repeat) {
      const uint32_t inputs = net.ShapeOf(x)[1];
      const uint32_t inner_channels = inputs * stage.expansion;
      const uint32_t stride = repeat == 0 ? stage.stride : 1;
      Operand inner = x;
      if (stage.expansion > 1) inner = net.Relu6(net.Conv(inner, inner_channels, 1, 1));
      inner = net.Relu6(net.Conv(inner, inner_channels, 3, stride, inner_channels));
      inner = net.Conv(inner, stage.channels, 1, 1);
      x = stride == 1 && inputs == stage.channels ? net.Add(inner, x) : inner;
    }
  }
  x = net.Relu6(net.Conv(x, 1280, 1, 1));
  x = net.Reshape(Must(net.builder.AveragePool2d({.input = x})), {batch, 1280});
  return net.Finish("y", net.Dense(x, 1000));
}

/// The encoder of a small BERT without its table of words: 12 layers, 768 wide, 12 heads, 128
/// places: "x" float32[batch, 128, 768] to "y" of the same shape.
inline GraphDefinition Encoder(Weights& weights, uint32_t batch) {
  constexpr uint32_t kLayers = 12;
  constexpr uint32_t kLength = 128;
  constexpr uint32_t kWidth = 768;
  constexpr uint32_t kHeads = 12;
  constexpr uint32_t kHeadWidth = kWidth / kHeads;
  Net net(weights);
  const auto split = [&](Operand x) {
    return net.Transpose(net.Reshape(x, {batch, kLength, kHeads, kHeadWidth}), {0, 2, 1, 3});
  };
  Operand x = net.Input("x", Shape{batch, kLength, kWidth});
  const Operand scale = Must(
      net.builder.Constant(DataType::kFloat32, 1 / std::sqrt(static_cast<double>(kHeadWidth))));
  for (uint32_t layer = 0; layer < kLayers; ++layer) {
    const Operand query = split(net.Dense(x, kWidth));
    const Operand key = split(net.Dense(x, kWidth));
    const Operand value = split(net.Dense(x, kWidth));
    const Operand scores = Must(
        net.builder.Mul({.a = net.Matmul(query, net.Transpose(key, {0, 1, 3, 2})), .b = scale}));
    const Operand weighted =
        net.Matmul(Must(net.builder.Softmax({.input = scores, .axis = 3})), value);
    const Operand attention =
        net.Reshape(net.Transpose(weighted, {0, 2, 1, 3}), {batch, kLength, kWidth});
    x = net.LayerNorm(net.Add(net.Dense(attention, kWidth), x));
    const Operand inner = Must(net.builder.Gelu({.input = net.Dense(x, 4 * kWidth)}));
    x = net.LayerNorm(net.Add(net.Dense(inner, kWidth), x));
  }
  return net.Finish("y", x);
}

/// Four 3x3 convolutions of 64 channels: "x" float32[1, 64, 56, 56] to "y" of the same shape.
inline GraphDefinition ConvStack(Weights& weights) {
  Net net(weights);
  Operand x = net.Input("x", Shape{1, 64, 56, 56});
  for (int i = 0; i < 4; ++i) x = net.Relu(net.Conv(x, 64, 3, 1));
  return net.Finish("y", x);
}

/// "a" + "b" of float32[2, 3], the smallest graph there is.
inline GraphDefinition TinyAdd() {
  Weights none;
  Net net(none);
  const Operand a = net.Input("a", Shape{2, 3});
  const Operand b = net.Input("b", Shape{2, 3});
  return net.Finish("sum", net.Add(a, b));
}

}  // namespace webnn::bench
