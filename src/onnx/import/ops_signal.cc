#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include "onnx/import/constants.h"
#include "onnx/import/matrix.h"
#include "onnx/import/movement.h"
#include "onnx/import/numbers.h"

namespace webnn::onnx_format {
namespace {

// Elements of a matrix that an operator may become.
constexpr int64_t kMaxMatrixElements = int64_t{1} << 23;

Result<void> CheckMatrix(const Node& node, int64_t rows, int64_t columns) {
  if (rows <= kMaxMatrixElements && columns <= kMaxMatrixElements / rows) return {};
  return node.Refuse(
      fmt::format("it would become a matrix of {} by {}, and the limit is {} elements", rows,
                  columns, kMaxMatrixElements),
      "use a shorter transform");
}

// Input k, a known length; `fallback` when there is no such input.
Result<int64_t> Length(const Node& node, size_t k, std::string_view name,
                       std::optional<int64_t> fallback = {}) {
  if (!node.Has(k) && fallback) return *fallback;
  WEBNN_ASSIGN_OR_RETURN(const int64_t length, KnownInteger(node, k, name));
  if (length > 0 && length <= kMaxElements) return length;
  return node.Invalid("{} is {}; it must be positive", name, length);
}

// A discrete Fourier transform along one axis of complex numbers; those of `parts` 1 are real.
struct Transform {
  int64_t inputs = 0;  // numbers that come in
  int64_t input_parts = 2;
  int64_t length = 0;  // of the whole transform: inputs are cut or padded with 0
  bool inverse = false;
  bool one_sided = false;

  bool is_real() const { return inverse && one_sided; }  // of half a spectrum
  int64_t outputs() const { return one_sided && !inverse ? length / 2 + 1 : length; }
  int64_t output_parts() const { return is_real() ? 1 : 2; }
};

// One row for every part of every input, one column for every part of every output.
std::vector<double> MatrixOf(const Transform& t) {
  const int64_t columns = t.outputs() * t.output_parts();
  std::vector<double> matrix(t.inputs * t.input_parts * columns);
  const int64_t used = std::min(t.inputs, t.is_real() ? t.length / 2 + 1 : t.length);
  for (int64_t i = 0; i < used; ++i) {
    double weight = t.inverse ? 1 / static_cast<double>(t.length) : 1;
    // The half that is not there is the conjugate of this one.
    if (t.is_real() && i != 0 && 2 * i != t.length) weight *= 2;
    for (int64_t o = 0; o < t.outputs(); ++o) {
      const double turn = static_cast<double>(i * o % t.length) / static_cast<double>(t.length) *
                          2 * std::numbers::pi;
      const double cosine = weight * std::cos(turn);
      const double sine = weight * std::sin(t.inverse ? turn : -turn);
      // (re + i im)(cos + i sin)
      const std::array<std::array<double, 2>, 2> product = {{{cosine, sine}, {-sine, cosine}}};
      for (int64_t from = 0; from < t.input_parts; ++from) {
        for (int64_t to = 0; to < t.output_parts(); ++to) {
          matrix[(i * t.input_parts + from) * columns + o * t.output_parts() + to] =
              product[from][to];
        }
      }
    }
  }
  return matrix;
}

// `x` is [batch, inputs * input_parts]; the result [batch, outputs * output_parts].
Result<Operand> Apply(Node& node, const Transform& t, Operand x) {
  const int64_t rows = t.inputs * t.input_parts;
  const int64_t columns = t.outputs() * t.output_parts();
  WEBNN_RETURN_IF_ERROR(CheckMatrix(node, rows, columns));
  WEBNN_RETURN_IF_ERROR(node.status());
  const HostTensor matrix = TensorOf(MatrixOf(t), {rows, columns}, node.DataTypeOf(x));
  return node.Emit(ops::Matmul{.a = x, .b = node.Constant(matrix)});
}

Result<void> CheckParts(const Node& node, int64_t parts) {
  if (parts == 1 || parts == 2) return {};
  return node.Invalid("the last size is {}; it must be 1 (real) or 2 (complex)", parts);
}

// a - b cos(x) + c cos(2x), over one turn.
Result<void> SetWindow(Node& node, const std::array<double, 3>& weights) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t size, KnownInteger(node, 0, "size"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t periodic, node.Int("periodic", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t type, node.Int("output_datatype", 1));
  const auto element = static_cast<Element>(type);
  if (size < 0 || size > kMaxMatrixElements || !KindOf(element)) {
    return node.Invalid("a window of {} elements of type {}; allowed are 0 to {} numbers", size,
                        type, kMaxMatrixElements);
  }
  const auto turn = static_cast<double>(std::max<int64_t>(periodic != 0 ? size : size - 1, 1));
  std::vector<double> window(size);
  for (int64_t k = 0; k < size; ++k) {
    const double x = 2 * std::numbers::pi * static_cast<double>(k) / turn;
    window[k] = weights[0] - weights[1] * std::cos(x) + weights[2] * std::cos(2 * x);
  }
  return node.Set(0, WriteNumbers(element, {size}, window));
}

}  // namespace

Result<void> ImportDft(Node& node) {
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  const auto rank = static_cast<int64_t>(sizes.size());
  if (rank < 2) return node.Invalid("the input has rank {}; it must be at least 2", rank);
  int64_t given_axis = -2;
  if (node.opset() < 20) {
    WEBNN_ASSIGN_OR_RETURN(given_axis, node.Int("axis", 1));
  } else if (node.Has(2)) {
    WEBNN_ASSIGN_OR_RETURN(given_axis, KnownInteger(node, 2, "axis"));
  }
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given_axis, rank));
  if (axis + 1 == rank) return node.Invalid("axis {} is that of the complex parts", given_axis);
  WEBNN_RETURN_IF_ERROR(CheckParts(node, sizes.back()));
  WEBNN_ASSIGN_OR_RETURN(const int64_t inverse, node.Int("inverse", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t one_sided, node.Int("onesided", 0));
  Transform transform = {.inputs = sizes[axis],
                         .input_parts = sizes.back(),
                         .inverse = inverse != 0,
                         .one_sided = one_sided != 0};
  const int64_t whole = transform.is_real() ? 2 * (sizes[axis] - 1) : sizes[axis];
  WEBNN_ASSIGN_OR_RETURN(transform.length, Length(node, 1, "dft_length", whole));
  if (sizes[axis] < 1 || transform.length < 1) {
    return node.Invalid("the transform has length {}, of {} numbers", transform.length,
                        sizes[axis]);
  }

  // The axis goes beside the complex parts and back.
  std::vector<uint32_t> there(rank);
  std::iota(there.begin(), there.end(), 0u);
  std::rotate(there.begin() + axis, there.begin() + axis + 1, there.end() - 1);
  std::vector<uint32_t> back(rank);
  std::vector<int64_t> moved;
  for (uint32_t k = 0; k < rank; ++k) {
    back[there[k]] = k;
    moved.push_back(sizes[there[k]]);
  }
  const int64_t row = moved[rank - 2] * moved[rank - 1];
  const Operand rows =
      node.Reshape(node.Transpose(node.Get(0), there), {ProductOf(sizes) / row, row});
  WEBNN_ASSIGN_OR_RETURN(const Operand product, Apply(node, transform, rows));
  moved[rank - 2] = transform.outputs();
  moved[rank - 1] = transform.output_parts();
  return node.Set(0, node.Transpose(node.Reshape(product, moved), back));
}

Result<void> ImportStft(Node& node) {
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  if (sizes.size() != 3) return node.Invalid("the signal has rank {}, not 3", sizes.size());
  WEBNN_RETURN_IF_ERROR(CheckParts(node, sizes[2]));
  if (node.Has(2) && node.RankOf(2) != 1) {
    return node.Invalid("the window has rank {}, not 1", node.RankOf(2));
  }
  WEBNN_ASSIGN_OR_RETURN(const int64_t step, Length(node, 1, "frame_step"));
  const int64_t whole = node.Has(2) ? node.SizesOf(2)[0] : sizes[1];
  WEBNN_ASSIGN_OR_RETURN(const int64_t length, Length(node, 3, "frame_length", whole));
  if (length > sizes[1] || (node.Has(2) && node.SizesOf(2)[0] != length)) {
    return node.Invalid("frames of {} in a signal of {}, with a window of {}", length, sizes[1],
                        whole);
  }
  WEBNN_ASSIGN_OR_RETURN(const int64_t one_sided, node.Int("onesided", 1));
  const Transform transform = {
      .inputs = length, .input_parts = sizes[2], .length = length, .one_sided = one_sided != 0};
  const int64_t frames = (sizes[1] - length) / step + 1;
  WEBNN_RETURN_IF_ERROR(CheckMatrix(node, frames, length));
  std::vector<double> places;
  for (int64_t frame = 0; frame < frames; ++frame) {
    for (int64_t k = 0; k < length; ++k) places.push_back(static_cast<double>(frame * step + k));
  }
  const Operand indices = node.Constant(TensorOf(places, {frames, length}, DataType::kInt32));
  Operand x = node.Emit(ops::Gather{.input = node.Get(0), .indices = indices, .axis = 1});
  if (node.Has(2)) x = node.Mul(x, GetAs(node, 2, {length, 1}));
  x = node.Reshape(x, {sizes[0] * frames, length * sizes[2]});
  WEBNN_ASSIGN_OR_RETURN(const Operand product, Apply(node, transform, x));
  return node.Set(0, node.Reshape(product, {sizes[0], frames, transform.outputs(), 2}));
}

Result<void> ImportMelWeightMatrix(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t mels, Length(node, 0, "num_mel_bins"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t length, Length(node, 1, "dft_length"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t rate, Length(node, 2, "sample_rate"));
  WEBNN_ASSIGN_OR_RETURN(const auto lower, node.KnownNumbers(3, "lower_edge_hertz"));
  WEBNN_ASSIGN_OR_RETURN(const auto upper, node.KnownNumbers(4, "upper_edge_hertz"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t type, node.Int("output_datatype", 1));
  const auto element = static_cast<Element>(type);
  if (lower.size() != 1 || upper.size() != 1 || !(lower[0] >= 0) || !(upper[0] >= lower[0]) ||
      !std::isfinite(upper[0]) || !KindOf(element)) {
    return node.Invalid("the edges [{}] and [{}] of type {} are no range of frequencies",
                        fmt::join(lower, ", "), fmt::join(upper, ", "), type);
  }
  const int64_t bins = length / 2 + 1;
  WEBNN_RETURN_IF_ERROR(CheckMatrix(node, bins, mels));
  constexpr double kFarAway = 1e12;
  // Equal steps on the mel scale, as numbers of bins; above the last bin there is nothing.
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double mel_step = (mel(upper[0]) - mel(lower[0])) / static_cast<double>(mels + 2);
  std::vector<int64_t> edges;
  for (int64_t k = 0; k < mels + 2; ++k) {
    const double at = mel(lower[0]) + mel_step * static_cast<double>(k);
    const double hertz = 700 * (std::pow(10, at / 2595) - 1);
    const double bin =
        std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate));
    edges.push_back(static_cast<int64_t>(std::min(bin, kFarAway)));
  }
  std::vector<double> matrix(bins * mels);
  // Triangles from one edge over the next to the one after it.
  for (int64_t k = 0; k < mels; ++k) {
    const auto [left, top, right] = std::array{edges[k], edges[k + 1], edges[k + 2]};
    for (int64_t bin = left; bin < std::min(std::max(right, top + 1), bins); ++bin) {
      const int64_t foot = bin < top ? left : right;
      matrix[bin * mels + k] =
          bin == top ? 1 : static_cast<double>(bin - foot) / static_cast<double>(top - foot);
    }
  }
  return node.Set(0, WriteNumbers(element, {bins, mels}, matrix));
}

Result<void> ImportHannWindow(Node& node) { return SetWindow(node, {0.5, 0.5, 0}); }
Result<void> ImportHammingWindow(Node& node) { return SetWindow(node, {25.0 / 46, 21.0 / 46, 0}); }
Result<void> ImportBlackmanWindow(Node& node) { return SetWindow(node, {0.42, 0.5, 0.08}); }

}  // namespace webnn::onnx_format
