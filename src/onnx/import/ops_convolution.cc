#include <algorithm>
#include <limits>

#include "onnx/import/constants.h"
#include "onnx/import/convolution.h"
#include "onnx/import/spatial.h"
#include "onnx/import/windows.h"

namespace webnn::onnx_format {
namespace {

constexpr std::string_view kMostAxes =
    "WebNN convolves over two axes; one and three can be made of that";

// Groups, checked as Conv and ConvTranspose do alike.
Result<int64_t> ReadGroups(const Node& node, size_t filter) {
  const int64_t rank = node.RankOf(0);
  if (node.RankOf(filter) != rank || rank < 3) {
    return node.Invalid(
        "the input has rank {} and W has rank {}; they must be equal, and 3 or more", rank,
        node.RankOf(filter));
  }
  if (rank > 5) {
    return node.Refuse(fmt::format("a convolution over {} axes", rank - 2), std::string(kMostAxes));
  }
  WEBNN_ASSIGN_OR_RETURN(const int64_t groups, node.Int("group", 1));
  const int64_t channels = node.SizesOf(0)[1];
  if (groups >= 1 && groups <= channels && channels % groups == 0) return groups;
  return node.Invalid("group is {}, which does not divide the {} channels of the input", groups,
                      channels);
}

std::vector<int64_t> KernelOf(const std::vector<int64_t>& filter) {
  return {filter.begin() + 2, filter.end()};
}

std::optional<Operand> Bias(Node& node) {
  return node.Has(2) ? std::optional(node.Get(2)) : std::nullopt;
}

// The last two axes; one alone stands behind an axis of size 1.
std::array<WindowAxis, 2> LastTwo(std::span<const WindowAxis> axes) {
  return {axes.size() == 1 ? WholeAxis(1) : axes[axes.size() - 2], axes.back()};
}

// Over the last two axes of `x`.
Operand ConvolvePlane(Node& node, const Convolution& convolution, Operand x, Operand filter,
                      std::optional<Operand> bias) {
  ops::Conv2d op = {.input = x,
                    .filter = filter,
                    .groups = static_cast<uint32_t>(convolution.groups),
                    .bias = bias};
  SetWindows(op, LastTwo(convolution.axes));
  return node.Emit(std::move(op));
}

// Over three axes: the elements of each window along the first of them become channels, and its
// places join the batch.
Operand ConvolveVolume(Node& node, const Convolution& convolution, Operand value,
                       const FilterInSizes& filter, std::optional<Operand> bias) {
  const WindowAxis& depth = convolution.axes[0];
  const std::vector<int64_t>& x = convolution.input;
  const std::vector<int64_t>& w = convolution.filter;
  const int64_t output = depth.output();
  std::vector<int64_t> places;
  for (int64_t k = 0; k < depth.size; ++k) {
    for (int64_t i = 0; i < output; ++i) places.push_back(i * depth.stride + k * depth.dilation);
  }
  value = PadAxes(node, value, {0, 0, static_cast<uint32_t>(depth.begin), 0, 0},
                  {0, 0, static_cast<uint32_t>(depth.end), 0, 0});
  value = node.Emit(ops::Gather{.input = value, .indices = Indices(node, places), .axis = 2});
  value = node.Reshape(value, {x[0], x[1], depth.size, output, x[3] * x[4]});
  value = node.Transpose(value, {0, 3, 1, 2, 4});
  value = node.Reshape(value, {x[0] * output, x[1] * depth.size, x[3], x[4]});
  value = ConvolvePlane(node, convolution, value, filter(std::array{w[0], w[1] * w[2], w[3], w[4]}),
                        bias);
  const int64_t height = convolution.axes[1].output();
  const int64_t width = convolution.axes[2].output();
  value = node.Transpose(node.Reshape(value, {x[0], output, w[0], height * width}), {0, 2, 1, 3});
  return node.Reshape(value, {x[0], w[0], output, height, width});
}

Result<void> ImportConv(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Convolution convolution, ReadConvolution(node, 1));
  const auto filter = [&](std::span<const int64_t> sizes) { return GetAs(node, 1, sizes); };
  return node.Set(0, Convolve(node, convolution, node.Get(0), filter, Bias(node)));
}

// ---- ConvTranspose ----

// One axis of the output: `window.begin` and `window.end` are cut off, `adjust` is added at the
// end.
struct TransposedAxis {
  WindowAxis window;
  int64_t adjust = 0;
  int64_t output = 1;
};

Result<void> CheckSizes(const Node& node, std::string_view name, std::span<const int64_t> sizes,
                        size_t count) {
  const bool in_range = std::ranges::all_of(
      sizes, [](int64_t size) { return size >= 0 && size <= std::numeric_limits<int32_t>::max(); });
  if (sizes.size() == count && in_range) return {};
  return node.Invalid("{} [{}] must have {} elements, each from 0 to 2147483647", name,
                      fmt::join(sizes, ", "), count);
}

Result<std::vector<TransposedAxis>> ReadTransposed(const Node& node, const Windows& windows) {
  const size_t count = windows.axes.size();
  WEBNN_ASSIGN_OR_RETURN(const auto adjust, node.Ints("output_padding"));
  WEBNN_ASSIGN_OR_RETURN(auto shape, node.Ints("output_shape"));
  if (shape && shape->empty()) shape.reset();
  if (shape && shape->size() == count + 2) shape->erase(shape->begin(), shape->begin() + 2);
  if (adjust && !adjust->empty()) {
    WEBNN_RETURN_IF_ERROR(CheckSizes(node, "output_padding", *adjust, count));
  }
  if (shape) WEBNN_RETURN_IF_ERROR(CheckSizes(node, "output_shape", *shape, count));
  std::vector<TransposedAxis> axes;
  for (size_t i = 0; i < count; ++i) {
    WindowAxis window = windows.axes[i];
    const int64_t extra = adjust && !adjust->empty() ? (*adjust)[i] : 0;
    const int64_t full = (window.input - 1) * window.stride + window.reach();
    int64_t output = full + extra - window.begin - window.end;
    if (shape || windows.same()) {
      const int64_t wanted = shape ? (*shape)[i] : window.input * window.stride;
      window.Pad(full + extra - wanted, windows.auto_pad == AutoPad::kSameUpper);
      output = shape ? wanted : full + extra - window.begin - window.end;
    }
    if (output < 1 || full - window.begin < 1) {
      return node.Invalid("pads {} and {} leave nothing of an axis of {}", window.begin, window.end,
                          full);
    }
    // Cut at the end or add there, never both.
    const int64_t rest = full - window.begin - output;
    window.end = std::max<int64_t>(rest, 0);
    if (-rest >= window.stride) {
      return node.Invalid(
          "an output of {} is {} elements more than the windows write; stride is {}", output, -rest,
          window.stride);
    }
    axes.push_back({.window = window, .adjust = std::max<int64_t>(-rest, 0), .output = output});
  }
  return axes;
}

// Over the last two axes of `x`.
Operand ConvolveTransposed(Node& node, Operand x, Operand filter,
                           std::span<const TransposedAxis> axes, int64_t groups,
                           std::optional<Operand> bias) {
  const std::array<TransposedAxis, 2> last = {
      axes.size() == 1 ? TransposedAxis{} : axes[axes.size() - 2], axes.back()};
  ops::ConvTranspose2d op = {.input = x,
                             .filter = filter,
                             .output_padding = {static_cast<uint32_t>(last[0].adjust),
                                                static_cast<uint32_t>(last[1].adjust)},
                             .groups = static_cast<uint32_t>(groups),
                             .bias = bias};
  SetWindows(op, std::array{last[0].window, last[1].window});
  return node.Emit(std::move(op));
}

// Over three axes: what the windows write along the first of them is left apart as channels, and
// added up where it meets by a product with a matrix of 0 and 1.
Operand ConvolveTransposedVolume(Node& node, std::span<const TransposedAxis> axes, int64_t groups,
                                 DataType type) {
  const std::vector<int64_t>& x = node.SizesOf(0);
  const std::vector<int64_t>& w = node.SizesOf(1);
  const WindowAxis& depth = axes[0].window;
  const int64_t channels = w[1] * groups;
  const int64_t plane = axes[1].output * axes[2].output;
  Operand value = node.Transpose(node.Get(0), {0, 2, 1, 3, 4});
  value = node.Reshape(value, {x[0] * x[2], x[1], x[3], x[4]});
  value = ConvolveTransposed(node, value, GetAs(node, 1, {w[0], w[1] * w[2], w[3], w[4]}), axes,
                             groups, std::nullopt);
  value = node.Reshape(value, {x[0], x[2], channels, depth.size, plane});
  value = node.Transpose(value, {0, 2, 1, 3, 4});
  value = node.Reshape(value, {x[0], channels, x[2] * depth.size, plane});
  const int64_t columns = x[2] * depth.size;
  std::vector<double> matrix(static_cast<size_t>(axes[0].output * columns), 0);
  for (int64_t i = 0; i < x[2]; ++i) {
    for (int64_t k = 0; k < depth.size; ++k) {
      const int64_t place = i * depth.stride + k * depth.dilation - depth.begin;
      if (place < 0 || place >= axes[0].output) continue;
      matrix[static_cast<size_t>(place * columns + i * depth.size + k)] = 1;
    }
  }
  const Operand sums = node.Cast(
      node.Constant(TensorOf(matrix, {axes[0].output, columns}, DataType::kFloat32)), type);
  value = node.Emit(ops::Matmul{.a = sums, .b = value});
  value = node.Reshape(value, {x[0], channels, axes[0].output, axes[1].output, axes[2].output});
  return node.Has(2) ? node.Add(value, GetAs(node, 2, {channels, 1, 1, 1})) : value;
}

Result<void> ImportConvTranspose(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t groups, ReadGroups(node, 1));
  WEBNN_ASSIGN_OR_RETURN(const Windows windows, ReadWindows(node, KernelOf(node.SizesOf(1))));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<TransposedAxis> axes, ReadTransposed(node, windows));
  const std::vector<int64_t>& x = node.SizesOf(0);
  const std::vector<int64_t>& w = node.SizesOf(1);
  if (axes.size() == 3) {
    // The matrix of 0 and 1 must stay small beside the rest.
    const int64_t elements = axes[0].output * x[2] * w[2];
    if (elements > (1 << 22)) {
      return node.Refuse("a transposed convolution over three axes with a long first one",
                         std::string(kMostAxes));
    }
    const Operand input = node.Get(0);
    WEBNN_RETURN_IF_ERROR(node.status());
    return node.Set(0, ConvolveTransposedVolume(node, axes, groups, node.DataTypeOf(input)));
  }
  if (axes.size() == 2) {
    return node.Set(0,
                    ConvolveTransposed(node, node.Get(0), node.Get(1), axes, groups, Bias(node)));
  }
  const Operand y =
      ConvolveTransposed(node, node.Reshape(node.Get(0), {x[0], x[1], 1, x[2]}),
                         GetAs(node, 1, {w[0], w[1], 1, w[2]}), axes, groups, Bias(node));
  return node.Set(0, node.Reshape(y, {x[0], w[1] * groups, axes[0].output}));
}

}  // namespace

Result<Convolution> ReadConvolution(const Node& node, size_t filter) {
  Convolution convolution = {.input = node.SizesOf(0), .filter = node.SizesOf(filter)};
  WEBNN_ASSIGN_OR_RETURN(convolution.groups, ReadGroups(node, filter));
  WEBNN_ASSIGN_OR_RETURN(Windows windows, ReadWindows(node, KernelOf(convolution.filter)));
  if (windows.same()) PadToSame(windows);
  convolution.axes = std::move(windows.axes);
  for (const WindowAxis& axis : convolution.axes) {
    if (axis.output() > 0) continue;
    return node.Invalid(
        "a window of {} (dilation {}) does not fit an axis of {} with padding {} and {}", axis.size,
        axis.dilation, axis.input, axis.begin, axis.end);
  }
  return convolution;
}

Operand Convolve(Node& node, const Convolution& convolution, Operand x, const FilterInSizes& filter,
                 std::optional<Operand> bias) {
  const std::vector<int64_t>& sizes = convolution.input;
  const std::vector<int64_t>& w = convolution.filter;
  if (convolution.axes.size() == 3) return ConvolveVolume(node, convolution, x, filter, bias);
  if (convolution.axes.size() == 2) return ConvolvePlane(node, convolution, x, filter(w), bias);
  const Operand y =
      ConvolvePlane(node, convolution, node.Reshape(x, {sizes[0], sizes[1], 1, sizes[2]}),
                    filter(std::array{w[0], w[1], int64_t{1}, w[2]}), bias);
  return node.Reshape(y, {sizes[0], w[0], convolution.axes[0].output()});
}

std::span<const ImportRow> ConvolutionRows() {
  static const std::vector<ImportRow> kRows = [] {
    std::vector<ImportRow> rows = {
        {"Conv", 1, 2, ImportConv},
        {"ConvTranspose", 1, 2, ImportConvTranspose},
    };
    for (std::span<const ImportRow> others : {PoolingRows(), ResizeRows(), SamplingRows()}) {
      rows.insert(rows.end(), others.begin(), others.end());
    }
    return rows;
  }();
  return kRows;
}

}  // namespace webnn::onnx_format
