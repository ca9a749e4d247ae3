#include <array>

#include "onnx/import/constants.h"
#include "onnx/import/convolution.h"
#include "onnx/import/quantization.h"

/// Operators on quantised tensors, as the operator on numbers between dequantizeLinear and
/// quantizeLinear: the form that runtimes turn back into the quantised operator.
namespace webnn::onnx_format {
namespace {

using Sizes = std::vector<int64_t>;

// Inputs k, k + 1 and k + 2 are data, scale and zero point.
Result<Operand> DequantizeTriple(Node& node, size_t k, int64_t axis = 0) {
  WEBNN_ASSIGN_OR_RETURN(const DataType type, QuantizedType(node, node.TypeOf(k)));
  return Dequantize(node, node.Get(k), node.SizesOf(k), type,
                    {.scale = k + 1, .zero_point = k + 2, .granularity = {.axis = axis}});
}

// Sets output 0 to `y`, with scale and zero point in inputs k and k + 1.
Result<void> SetQuantized(Node& node, Operand y, size_t k, Element fallback) {
  WEBNN_RETURN_IF_ERROR(node.status());
  WEBNN_ASSIGN_OR_RETURN(const DataType type,
                         QuantizedType(node, node.Has(k + 1) ? node.TypeOf(k + 1) : fallback));
  const Sizes sizes = node.Sizes(y);
  WEBNN_ASSIGN_OR_RETURN(const Operand quantized,
                         Quantize(node, y, sizes, type, {.scale = k, .zero_point = k + 1}));
  return node.Set(0, quantized);
}

// The product of two scales, of which the second may be a vector; a constant where both are.
Result<Operand> MultiplyScales(Node& node, size_t a, size_t b) {
  const int64_t count = ProductOf(node.SizesOf(b));
  if (node.Known(a) == nullptr || node.Known(b) == nullptr) {
    return node.Mul(GetAs(node, a, {1}), GetAs(node, b, {count}));
  }
  WEBNN_ASSIGN_OR_RETURN(const std::vector<double> factor, node.KnownNumbers(a, "scale"));
  WEBNN_ASSIGN_OR_RETURN(std::vector<double> scales, node.KnownNumbers(b, "scale"));
  if (factor.size() != 1)
    return node.Invalid("a scale has {} elements; it must have one", factor.size());
  for (double& scale : scales) scale *= factor[0];
  return node.Constant(TensorOf(scales, {count}, DataType::kFloat32));
}

// A bias of int32 has the scales of both factors, here inputs `a` and `b`, and no zero point.
Result<Operand> DequantizeBias(Node& node, size_t bias, size_t a, size_t b) {
  WEBNN_ASSIGN_OR_RETURN(const Operand scale, MultiplyScales(node, a, b));
  const std::vector<double> zeros(static_cast<size_t>(ProductOf(node.SizesOf(b))), 0);
  return node.Emit(ops::DequantizeLinear{
      .input = node.Get(bias),
      .scale = scale,
      .zero_point =
          node.Constant(TensorOf(zeros, {static_cast<int64_t>(zeros.size())}, DataType::kInt32))});
}

Result<void> ImportQLinearConv(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Convolution convolution, ReadConvolution(node, 3));
  WEBNN_ASSIGN_OR_RETURN(const Operand x, DequantizeTriple(node, 0));
  WEBNN_ASSIGN_OR_RETURN(const Operand filter, DequantizeTriple(node, 3, 0));
  std::optional<Operand> bias;
  if (node.Has(8)) {
    WEBNN_ASSIGN_OR_RETURN(bias, DequantizeBias(node, 8, 1, 4));
  }
  const Operand y = Convolve(
      node, convolution, x,
      [&](std::span<const int64_t> sizes) { return node.Reshape(filter, sizes); }, bias);
  return SetQuantized(node, y, 6, node.TypeOf(0));
}

Result<void> ImportQLinearMatMul(Node& node) {
  // Scales are one for all, or one for each row of A and each column of B.
  if (node.RankOf(0) < 2 || node.RankOf(3) < 2) {
    return node.Refuse("QLinearMatMul of a vector", "give the vector an axis of size 1");
  }
  WEBNN_ASSIGN_OR_RETURN(const Operand a, DequantizeTriple(node, 0, -2));
  WEBNN_ASSIGN_OR_RETURN(const Operand b, DequantizeTriple(node, 3, -1));
  return SetQuantized(node, node.Emit(ops::Matmul{.a = a, .b = b}), 6, node.TypeOf(0));
}

// ---- com.microsoft ----

template <class Op>
Result<void> ImportBinary(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Operand a, DequantizeTriple(node, 0));
  WEBNN_ASSIGN_OR_RETURN(const Operand b, DequantizeTriple(node, 3));
  return SetQuantized(node, node.Emit(Op{.a = a, .b = b}), 6, node.TypeOf(0));
}

Result<void> ImportQLinearSigmoid(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Operand x, DequantizeTriple(node, 0));
  return SetQuantized(node, node.Emit(ops::Sigmoid{.input = x}), 3, node.TypeOf(0));
}

Result<void> ImportQLinearLeakyRelu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 0.01F));
  WEBNN_ASSIGN_OR_RETURN(const Operand x, DequantizeTriple(node, 0));
  return SetQuantized(node,
                      node.Emit(ops::LeakyRelu{.input = x, .alpha = static_cast<double>(alpha)}), 3,
                      node.TypeOf(0));
}

Result<void> ImportQLinearGlobalAveragePool(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t last, node.Int("channels_last", 0));
  if (node.RankOf(0) < 3) {
    return node.Invalid("the input has rank {}; it must be 3 or more", node.RankOf(0));
  }
  const auto rank = static_cast<uint32_t>(node.RankOf(0));
  std::vector<uint32_t> axes;
  for (uint32_t axis = last != 0 ? 1 : 2; axis < (last != 0 ? rank - 1 : rank); ++axis) {
    axes.push_back(axis);
  }
  WEBNN_ASSIGN_OR_RETURN(const Operand x, DequantizeTriple(node, 0));
  const Operand y =
      rank == 4 && last == 0
          ? node.Emit(ops::AveragePool2d{.input = x})
          : node.Emit(ops::ReduceMean{.input = x, .axes = axes, .keep_dimensions = true});
  return SetQuantized(node, y, 3, node.TypeOf(0));
}

// Inputs: scale and zero point of the output, then of each part data, scale and zero point.
Result<void> ImportQLinearConcat(Node& node) {
  WEBNN_RETURN_IF_ERROR(node.Require(2, "inputs"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(2)));
  std::vector<Operand> parts;
  for (size_t k = 2; k + 1 < node.input_count(); k += 3) {
    WEBNN_ASSIGN_OR_RETURN(const Operand part, DequantizeTriple(node, k));
    parts.push_back(part);
  }
  return SetQuantized(node, node.Emit(ops::Concat{.inputs = std::move(parts), .axis = axis}), 0,
                      node.TypeOf(2));
}

}  // namespace

std::span<const ImportRow> QLinearRows() {
  static constexpr ImportRow kRows[] = {
      {"QLinearConv", 10, 8, ImportQLinearConv},
      {"QLinearMatMul", 10, 8, ImportQLinearMatMul},
      {"com.microsoft.QLinearAdd", 1, 7, ImportBinary<ops::Add>},
      {"com.microsoft.QLinearMul", 1, 7, ImportBinary<ops::Mul>},
      {"com.microsoft.QLinearSigmoid", 1, 4, ImportQLinearSigmoid},
      {"com.microsoft.QLinearLeakyRelu", 1, 4, ImportQLinearLeakyRelu},
      {"com.microsoft.QLinearGlobalAveragePool", 1, 4, ImportQLinearGlobalAveragePool},
      {"com.microsoft.QLinearConcat", 1, 4, ImportQLinearConcat},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
