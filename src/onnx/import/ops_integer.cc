#include <algorithm>
#include <array>

#include "onnx/import/constants.h"
#include "onnx/import/convolution.h"
#include "onnx/import/quantization.h"

/// Products of integers. WebNN multiplies matrices of floats alone, and float32 is exact while no
/// sum goes beyond 2^24: longer sums are cut into pieces, which are added as int32.
namespace webnn::onnx_format {
namespace {

using Sizes = std::vector<int64_t>;

constexpr int64_t kLargestExact = int64_t{1} << 24;

// A matrix or image of 8-bit integers less their zero point, as float32.
struct Factor {
  Operand value;
  int64_t magnitude = 255;  // no element is larger
};

// Input k less the zero point of input `zero_point`, which has these sizes against it.
Result<Factor> GetFactor(Node& node, size_t k, size_t zero_point, const Sizes& zero_point_sizes) {
  const Element element = node.TypeOf(k);
  if (element != Element::kInt8 && element != Element::kUint8) {
    return node.Invalid("a factor is {}; it must be int8 or uint8", NameOf(element));
  }
  const bool has_zero_point = node.Has(zero_point);
  if (has_zero_point && node.TypeOf(zero_point) != element) {
    return node.Invalid("a factor is {}, its zero point {}; they must be equal", NameOf(element),
                        NameOf(node.TypeOf(zero_point)));
  }
  Factor factor = {.value = node.Cast(node.Get(k), DataType::kFloat32)};
  const int64_t lowest = element == Element::kInt8 ? -128 : 0;
  std::vector<int64_t> zeros = {0};
  if (has_zero_point) {
    const Operand zero = GetAs(node, zero_point, zero_point_sizes);
    const HostTensor* known = node.Known(zero_point);
    if (known == nullptr) {
      factor.value = node.Sub(factor.value, node.Cast(zero, DataType::kFloat32));
      return factor;
    }
    zeros = *known->ToIntegers();
    if (!std::ranges::all_of(zeros, [](int64_t value) { return value == 0; })) {
      factor.value = node.Sub(factor.value, node.Cast(zero, DataType::kFloat32));
    }
  }
  factor.magnitude = 0;
  for (int64_t value : zeros) {
    factor.magnitude = std::max({factor.magnitude, value - lowest, lowest + 255 - value});
  }
  return factor;
}

// How many products can be summed without a rounding.
int64_t LongestSum(const Factor& a, const Factor& b) {
  return kLargestExact / std::max<int64_t>(a.magnitude * b.magnitude, 1);
}

// `part(begin, end)` for pieces of at most `step` of `length`, as int32, added.
template <class Part>
Operand SumOfPieces(Node& node, int64_t length, int64_t step, Part part) {
  std::optional<Operand> sum;
  for (int64_t begin = 0; begin < length; begin += step) {
    const Operand piece = node.Cast(part(begin, std::min(begin + step, length)), DataType::kInt32);
    sum = sum ? node.Add(*sum, piece) : piece;
  }
  return *sum;
}

Operand SliceAxis(Node& node, Operand x, const Sizes& sizes, size_t axis, int64_t begin,
                  int64_t end) {
  if (begin == 0 && end == sizes[axis]) return x;
  std::vector<Dimension> starts(sizes.size(), 0);
  std::vector<Dimension> counts;
  for (int64_t size : sizes) counts.emplace_back(static_cast<uint32_t>(size));
  starts[axis] = static_cast<uint32_t>(begin);
  counts[axis] = static_cast<uint32_t>(end - begin);
  return node.Emit(ops::Slice{.input = x, .starts = std::move(starts), .sizes = std::move(counts)});
}

// ---- MatMulInteger ----

struct MatrixInputs {
  size_t a = 0;
  size_t b = 1;
  size_t a_zero_point = 2;
  size_t b_zero_point = 3;
};

// The product as int32.
Result<Operand> MultiplyIntegers(Node& node, const MatrixInputs& inputs) {
  Sizes a = node.SizesOf(inputs.a);
  Sizes b = node.SizesOf(inputs.b);
  if (a.empty() || b.empty() || a.back() != b[b.size() < 2 ? 0 : b.size() - 2] || a.back() < 1) {
    return node.Invalid("shapes [{}] and [{}] cannot be multiplied", fmt::join(a, ", "),
                        fmt::join(b, ", "));
  }
  // One zero point, or one for each row of A and each column of B.
  Sizes a_zero = node.SizesOf(inputs.a_zero_point);
  if (a_zero.size() == 1 && a_zero[0] > 1) a_zero.push_back(1);
  WEBNN_ASSIGN_OR_RETURN(Factor left, GetFactor(node, inputs.a, inputs.a_zero_point, a_zero));
  WEBNN_ASSIGN_OR_RETURN(Factor right, GetFactor(node, inputs.b, inputs.b_zero_point,
                                                 node.SizesOf(inputs.b_zero_point)));
  const bool is_row = a.size() == 1;
  const bool is_column = b.size() == 1;
  if (is_row) left.value = node.Reshape(left.value, a = {1, a[0]});
  if (is_column) right.value = node.Reshape(right.value, b = {b[0], 1});
  const Operand product =
      SumOfPieces(node, a.back(), LongestSum(left, right), [&](int64_t begin, int64_t end) {
        return node.Emit(
            ops::Matmul{.a = SliceAxis(node, left.value, a, a.size() - 1, begin, end),
                        .b = SliceAxis(node, right.value, b, b.size() - 2, begin, end)});
      });
  if (!is_row && !is_column) return product;
  WEBNN_RETURN_IF_ERROR(node.status());
  Sizes sizes = node.Sizes(product);
  if (is_column) sizes.pop_back();
  if (is_row) sizes.erase(sizes.end() - (is_column ? 1 : 2));
  return node.Reshape(product, sizes);
}

Result<void> ImportMatMulInteger(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Operand product, MultiplyIntegers(node, {}));
  return node.Set(0, product);
}

// com.microsoft: the product times both scales, plus a bias.
Result<void> ImportMatMulIntegerToFloat(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Operand product,
                         MultiplyIntegers(node, {.a_zero_point = 4, .b_zero_point = 5}));
  Sizes rows = node.SizesOf(2);
  if (rows.size() == 1 && rows[0] > 1) rows.push_back(1);
  const Operand scale = node.Mul(GetAs(node, 2, rows), node.Get(3));
  WEBNN_RETURN_IF_ERROR(node.status());
  Operand y = node.Mul(node.Cast(product, node.DataTypeOf(scale)), scale);
  if (node.Has(6)) y = node.Add(y, node.Get(6));
  return node.Set(0, y);
}

// ---- ConvInteger ----

// Channels [begin, end) of each group of `x`.
Operand SliceGroups(Node& node, const Convolution& convolution, Operand x, int64_t begin,
                    int64_t end) {
  const int64_t channels = convolution.filter[1];
  if (end - begin == channels) return x;
  std::vector<int64_t> places;
  for (int64_t group = 0; group < convolution.groups; ++group) {
    for (int64_t i = begin; i < end; ++i) places.push_back(group * channels + i);
  }
  return node.Emit(ops::Gather{.input = x, .indices = Indices(node, places), .axis = 1});
}

Result<void> ImportConvInteger(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Convolution convolution, ReadConvolution(node, 1));
  Sizes per_filter = node.SizesOf(3);
  if (per_filter.size() == 1) per_filter.resize(convolution.filter.size(), 1);
  WEBNN_ASSIGN_OR_RETURN(const Factor image, GetFactor(node, 0, 2, node.SizesOf(2)));
  WEBNN_ASSIGN_OR_RETURN(const Factor filter, GetFactor(node, 1, 3, per_filter));
  const int64_t taps = ProductOf(convolution.filter, 2);
  const int64_t channels = LongestSum(image, filter) / taps;
  if (channels < 1) {
    return node.Refuse(fmt::format("ConvInteger with a kernel of {} elements", taps),
                       "sums of 8-bit products are exact in float32 up to 258 elements");
  }
  return node.Set(
      0, SumOfPieces(node, convolution.filter[1], channels, [&](int64_t begin, int64_t end) {
        Convolution piece = convolution;
        piece.input[1] = convolution.groups * (end - begin);
        piece.filter[1] = end - begin;
        const Operand weights = SliceAxis(node, filter.value, convolution.filter, 1, begin, end);
        return Convolve(
            node, piece, SliceGroups(node, convolution, image.value, begin, end),
            [&](std::span<const int64_t> sizes) { return node.Reshape(weights, sizes); },
            std::nullopt);
      }));
}

}  // namespace

std::span<const ImportRow> IntegerRows() {
  static constexpr ImportRow kRows[] = {
      {"MatMulInteger", 10, 2, ImportMatMulInteger},
      {"ConvInteger", 10, 2, ImportConvInteger},
      {"com.microsoft.MatMulIntegerToFloat", 1, 4, ImportMatMulIntegerToFloat},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
