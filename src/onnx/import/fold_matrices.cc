#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fmt/ranges.h"
#include "onnx/import/fold.h"
#include "onnx/import/movement.h"

namespace webnn::onnx_format {
namespace {

// More multiplications than this are left to the graph.
constexpr int64_t kMaxProducts = int64_t{1} << 22;

template <NumberKind T>
T MultiplyAdd(T sum, T a, T b) {
  if constexpr (std::same_as<T, double>) {
    return sum + a * b;
  } else {
    return static_cast<T>(static_cast<uint64_t>(sum) +
                          static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }
}

// [..., m, k] times [..., k, n], as numpy's matmul: a vector is a row on the left, a column on the
// right, and not there in the result.
Folded Product(const FoldNode& node, HostTensor a, HostTensor b) {
  const auto invalid = [&] {
    return node.node.Invalid("{}[{}] and {}[{}] cannot be multiplied", NameOf(a.element),
                             fmt::join(node.node.SizesOf(0), ", "), NameOf(b.element),
                             fmt::join(node.node.SizesOf(1), ", "));
  };
  if (a.sizes.empty() || b.sizes.empty() || a.element != b.element) return invalid();
  const bool row = a.sizes.size() == 1;
  const bool column = b.sizes.size() == 1;
  if (row) a = HostReshape(a, {1, a.sizes[0]});
  if (column) b = HostReshape(b, {b.sizes[0], 1});
  const int64_t m = *(a.sizes.end() - 2), k = a.sizes.back(), n = b.sizes.back();
  const auto batch = [](const HostTensor& x) {
    return std::span(x.sizes).first(x.sizes.size() - 2);
  };
  std::vector<int64_t> sizes;
  if (*(b.sizes.end() - 2) != k || !BroadcastSizes(batch(a), batch(b), sizes)) return invalid();
  const auto with = [&](std::initializer_list<int64_t> matrix) {
    std::vector<int64_t> all = sizes;
    all.insert(all.end(), matrix);
    return all;
  };
  const std::optional<uint64_t> products = ByteLength(Element::kInt8, with({m, n, k}));
  const std::vector<int64_t> full = with({m, n});
  if (!products || *products > kMaxProducts || !node.Fits(a.element, full)) {
    return std::optional<HostTensor>();
  }
  if (*products != 0) {
    a = HostExpand(a, with({m, k}));
    b = HostExpand(b, with({k, n}));
  }
  HostTensor result = std::visit(
      [&]<class T>(const std::vector<T>& x) {
        const std::vector<T> y = Read<T>(b);
        std::vector<T> z(static_cast<size_t>(ElementCount(full)));
        for (int64_t i = 0; i < std::ssize(z); ++i) {
          const int64_t matrix = i / (m * n);
          T& sum = z[static_cast<size_t>(i)];
          for (int64_t j = 0; j < k; ++j) {
            sum = MultiplyAdd(sum, x[static_cast<size_t>(i / n * k + j)],
                              y[static_cast<size_t>((matrix * k + j) * n + i % n)]);
          }
        }
        return WriteNumbers(a.element, full, std::move(z));
      },
      *ReadNumbers(a));
  std::vector<int64_t> shown = sizes;
  if (!row) shown.push_back(m);
  if (!column) shown.push_back(n);
  return std::optional(HostReshape(result, std::move(shown)));
}

Folded FoldMatMul(const FoldNode& node) { return Product(node, node.In(0), node.In(1)); }

Folded FoldGemm(const FoldNode& node) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.node.Float("alpha", 1));
  WEBNN_ASSIGN_OR_RETURN(const float beta, node.node.Float("beta", 1));
  std::array<HostTensor, 2> sides = {node.In(0), node.In(1)};
  for (size_t k = 0; k < 2; ++k) {
    WEBNN_ASSIGN_OR_RETURN(const int64_t transposed,
                           node.node.Int(k == 0 ? "transA" : "transB", 0));
    if (sides[k].sizes.size() != 2) return node.node.Invalid("an input is no matrix");
    if (transposed != 0) sides[k] = HostTranspose(sides[k], std::array<uint32_t, 2>{1, 0});
  }
  const Element element = sides[0].element;
  const bool scaled = alpha != 1 || beta != 1;
  if (scaled && !lowering::IsFloat(element)) return std::optional<HostTensor>();
  const auto scale = [&](const HostTensor& x, double factor) {
    return Combine(node, x, WriteNumbers(element, {}, std::vector<double>{factor}),
                   *FindBinaryFold("Mul"));
  };
  WEBNN_ASSIGN_OR_RETURN(std::optional<HostTensor> result, Product(node, sides[0], sides[1]));
  if (result && alpha != 1) {
    WEBNN_ASSIGN_OR_RETURN(result, scale(*result, alpha));
  }
  if (!result || !node.Has(2)) return result;
  std::optional<HostTensor> c = node.In(2);
  if (beta != 1) {
    WEBNN_ASSIGN_OR_RETURN(c, scale(*c, beta));
  }
  if (!c) return c;
  return Combine(node, *result, *c, *FindBinaryFold("Add"));
}

// A scale or zero point for each element of `sizes`: one for all, one a slice along `axis`, or one
// a block of `block` elements along it.
Result<HostTensor> Spread(const FoldNode& node, const HostTensor& x, std::vector<int64_t> sizes) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.node.Int("axis", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t block, node.node.Int("block_size", 0));
  if (ElementCount(x.sizes) == 1) return HostExpand(HostReshape(x, {}), std::move(sizes));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis,
                         node.node.Axis(given, static_cast<int64_t>(sizes.size())));
  std::vector<int64_t> expected(sizes.size(), 1);
  if (block > 0) expected = sizes;
  expected[axis] = block > 0 ? (sizes[axis] - 1) / block + 1 : sizes[axis];
  if (ElementCount(x.sizes) != ElementCount(expected)) {
    return node.node.Invalid("a scale or zero point of shape [{}] does not go with axis {} of [{}]",
                             fmt::join(x.sizes, ", "), axis, fmt::join(sizes, ", "));
  }
  const HostTensor shaped = HostReshape(x, std::move(expected));
  if (block <= 0) return HostExpand(shaped, std::move(sizes));
  std::vector<int64_t> indices(static_cast<size_t>(sizes[axis]));
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<int64_t>(i) / block;
  return HostTake(shaped, axis, indices);
}

// Scales and zero points of every element, as doubles.
struct Quantisation {
  std::vector<double> scales, zero_points;
};
Result<Quantisation> ReadQuantisation(const FoldNode& node) {
  const std::vector<int64_t>& sizes = node.In(0).sizes;
  WEBNN_ASSIGN_OR_RETURN(const HostTensor scales, Spread(node, node.In(1), sizes));
  Quantisation result = {*scales.ToDoubles(), {}};
  result.zero_points.resize(result.scales.size());
  if (node.Has(2)) {
    WEBNN_ASSIGN_OR_RETURN(const HostTensor zero_points, Spread(node, node.In(2), sizes));
    result.zero_points = *zero_points.ToDoubles();
  }
  return result;
}

Folded FoldDequantize(const FoldNode& node) {
  const HostTensor& x = node.In(0);
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.node.Int("output_dtype", 0));
  const Element element = given == 0 ? node.In(1).element : static_cast<Element>(given);
  if (given < 0 || given > 255 || !KindOf(element)) return std::optional<HostTensor>();
  if (!node.Fits(Element::kDouble, x.sizes) || lowering::IsFloat(x.element)) {
    return std::optional<HostTensor>();
  }
  WEBNN_ASSIGN_OR_RETURN(const Quantisation quantisation, ReadQuantisation(node));
  std::vector<double> values = *x.ToDoubles();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = (values[i] - quantisation.zero_points[i]) * quantisation.scales[i];
  }
  return std::optional(WriteNumbers(element, x.sizes, std::move(values)));
}

Folded FoldQuantize(const FoldNode& node) {
  const HostTensor& x = node.In(0);
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.node.Int("output_dtype", 0));
  Element element = given == 0 ? Element::kUint8 : static_cast<Element>(given);
  if (node.Has(2)) element = node.In(2).element;
  const int bits = BitsOf(element);
  const std::optional<size_t> kind = KindOf(element);
  const bool is_signed = kind == Numbers(std::vector<int64_t>()).index();
  const bool sane = given >= 0 && given <= 255 && kind && !lowering::IsFloat(element) && bits <= 32;
  if (!sane || !node.Fits(Element::kDouble, x.sizes)) return std::optional<HostTensor>();
  WEBNN_ASSIGN_OR_RETURN(const Quantisation quantisation, ReadQuantisation(node));
  const double low = is_signed ? -std::ldexp(1, bits - 1) : 0;
  const double high = std::ldexp(1, is_signed ? bits - 1 : bits) - 1;
  std::vector<double> values = *x.ToDoubles();
  for (size_t i = 0; i < values.size(); ++i) {
    // The quotient in float32, which decides where halves are.
    const auto quotient = static_cast<float>(values[i] / quantisation.scales[i]);
    values[i] = std::clamp(
        std::nearbyint(static_cast<double>(quotient)) + quantisation.zero_points[i], low, high);
  }
  return std::optional(WriteNumbers(element, x.sizes, std::move(values)));
}

}  // namespace

std::span<const FoldRow> MatrixFolds() {
  static constexpr FoldRow kRows[] = {
      {"DequantizeLinear", 2, 3, FoldDequantize},
      {"Gemm", 2, 3, FoldGemm},
      {"MatMul", 2, 2, FoldMatMul},
      {"QuantizeLinear", 2, 3, FoldQuantize},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
