#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/import/constants.h"
#include "onnx/import/interpolation.h"
#include "onnx/import/spatial.h"

namespace webnn::onnx_format {
namespace {

// Tables of what each output is made of stay below this many entries along an axis.
constexpr int64_t kMostEntries = int64_t{1} << 24;
// From here on a product with a matrix is used in place of a sum of gathered elements.
constexpr size_t kManyTaps = 9;

struct Resize {
  ResizeOptions options;
  std::vector<ResizeAxis> axes;  // all axes of the input
};

// ---- What the node says. ----

template <class Enum, size_t kCount>
Result<Enum> Choice(const Node& node, std::string_view name, std::string_view fallback,
                    const std::array<std::string_view, kCount>& names) {
  WEBNN_ASSIGN_OR_RETURN(const std::string given, node.String(name, fallback));
  const auto found = std::ranges::find(names, given);
  if (found == names.end()) {
    return node.Invalid("{} is \"{}\"; it can be {}", name, given, fmt::join(names, ", "));
  }
  return static_cast<Enum>(found - names.begin());
}

Result<ResizeOptions> ReadOptions(const Node& node) {
  ResizeOptions options;
  WEBNN_ASSIGN_OR_RETURN(
      options.interpolation,
      (Choice<Interpolation, 3>(node, "mode", "nearest", {"nearest", "linear", "cubic"})));
  WEBNN_ASSIGN_OR_RETURN(
      options.coordinates,
      (Choice<Coordinates, 7>(
          node, "coordinate_transformation_mode", "half_pixel",
          {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
           "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"})));
  WEBNN_ASSIGN_OR_RETURN(
      options.rounding,
      (Choice<Rounding, 4>(node, "nearest_mode", "round_prefer_floor",
                           {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})));
  WEBNN_ASSIGN_OR_RETURN(options.cubic_coefficient, node.Float("cubic_coeff_a", -0.75F));
  WEBNN_ASSIGN_OR_RETURN(const int64_t exclude, node.Int("exclude_outside", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t antialias, node.Int("antialias", 0));
  WEBNN_ASSIGN_OR_RETURN(options.extrapolation, node.Float("extrapolation_value", 0));
  options.exclude_outside = exclude != 0;
  options.antialias = antialias != 0;
  return options;
}

// Numbers of an optional input; none when it is absent or empty.
Result<std::vector<double>> Numbers(const Node& node, size_t k, std::string_view name) {
  if (!node.Has(k)) return std::vector<double>{};
  return node.KnownNumbers(k, name);
}

Result<void> CheckCount(const Node& node, std::string_view name, std::span<const double> values,
                        size_t count) {
  if (values.size() == count) return {};
  return node.Invalid("{} has {} elements; it must have {}", name, values.size(), count);
}

Result<void> SetScales(const Node& node, Resize& resize, std::span<const double> scales,
                       std::span<const uint32_t> axes) {
  WEBNN_RETURN_IF_ERROR(CheckCount(node, "scales", scales, axes.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis& axis = resize.axes[axes[i]];
    axis.scale = static_cast<float>(scales[i]);
    // In float32, as runtimes do it: 0.7 of 10 are 7.
    const float output = axis.scale * static_cast<float>(axis.input);
    if (!(axis.scale > 0) || !(output >= 1 && output < 0x1p31F)) {
      return node.Invalid("scale {} makes an axis of {} elements {} long", axis.scale, axis.input,
                          output);
    }
    axis.output = static_cast<int64_t>(output);
    if (resize.options.coordinates == Coordinates::kAlignCorners && output != std::floor(output)) {
      return node.Refuse(
          fmt::format("align_corners with a scale that makes {} elements {}", axis.input, output),
          "ONNX and its runtimes disagree on where the last element lies: give sizes");
    }
  }
  return {};
}

Result<void> SetSizes(const Node& node, Resize& resize, std::span<const double> sizes,
                      std::span<const uint32_t> axes) {
  WEBNN_RETURN_IF_ERROR(CheckCount(node, "sizes", sizes, axes.size()));
  WEBNN_ASSIGN_OR_RETURN(const std::string policy,
                         node.String("keep_aspect_ratio_policy", "stretch"));
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller") {
    return node.Invalid(
        "keep_aspect_ratio_policy is \"{}\"; it can be stretch, not_larger, not_smaller", policy);
  }
  std::vector<float> scales;
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis& axis = resize.axes[axes[i]];
    if (!(sizes[i] >= 1 && sizes[i] < 0x1p31)) {
      return node.Invalid("sizes [{}] must be from 1 to 2147483647", fmt::join(sizes, ", "));
    }
    axis.output = static_cast<int64_t>(sizes[i]);
    scales.push_back(static_cast<float>(axis.output) / static_cast<float>(axis.input));
  }
  if (axes.empty()) return {};
  const float common = policy == "not_larger" ? *std::ranges::min_element(scales)
                                              : *std::ranges::max_element(scales);
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis& axis = resize.axes[axes[i]];
    axis.scale = policy == "stretch" ? scales[i] : common;
    if (policy == "stretch") continue;
    axis.output = static_cast<int64_t>(std::round(common * static_cast<float>(axis.input)));
    if (axis.output >= 1) continue;
    return node.Invalid("scale {} leaves nothing of an axis of {} elements", common, axis.input);
  }
  return {};
}

// Every axis as it is. No axis is empty then, or the input would be no operand.
Result<Resize> Unchanged(Node& node) {
  node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  Resize resize;
  for (int64_t size : node.SizesOf(0)) resize.axes.push_back({.input = size, .output = size});
  return resize;
}

Result<std::vector<uint32_t>> ReadAxes(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const auto given, node.Ints("axes"));
  if (given && !given->empty()) return node.Axes(*given, node.RankOf(0));
  std::vector<uint32_t> axes(node.SizesOf(0).size());
  for (uint32_t axis = 0; axis < axes.size(); ++axis) axes[axis] = axis;
  return axes;
}

// ---- What is emitted. ----

// A constant that lies along one axis of the input.
Operand Along(Node& node, std::span<const double> values, uint32_t axis, DataType type) {
  std::vector<int64_t> sizes(node.SizesOf(0).size(), 1);
  sizes[axis] = static_cast<int64_t>(values.size());
  return node.Constant(TensorOf(values, std::move(sizes), type));
}

// `x` times the matrix of all weights, along the axis.
Operand ApplyMatrix(Node& node, Operand x, uint32_t axis, const ResizeAxis& resized,
                    const Taps& taps) {
  std::vector<double> matrix(static_cast<size_t>(resized.input * resized.output), 0);
  for (size_t t = 0; t < taps.elements.size(); ++t) {
    for (int64_t i = 0; i < resized.output; ++i) {
      matrix[taps.elements[t][i] * resized.output + i] += taps.weights[t][i];
    }
  }
  std::vector<uint32_t> swapped(node.SizesOf(0).size());
  for (uint32_t k = 0; k < swapped.size(); ++k) swapped[k] = k;
  std::swap(swapped[axis], swapped.back());
  const Operand weights =
      node.Constant(TensorOf(matrix, {resized.input, resized.output}, DataType::kFloat32));
  x = node.Emit(ops::Matmul{.a = node.Transpose(x, swapped), .b = weights});
  return node.Transpose(x, swapped);
}

Operand ApplyTaps(Node& node, Operand x, uint32_t axis, const Taps& taps) {
  std::optional<Operand> sum;
  for (size_t t = 0; t < taps.elements.size(); ++t) {
    Operand part = node.Emit(
        ops::Gather{.input = x, .indices = Indices(node, taps.elements[t]), .axis = axis});
    if (!taps.weights.empty()) {
      part = node.Mul(part, Along(node, taps.weights[t], axis, DataType::kFloat32));
    }
    sum = sum ? node.Add(*sum, part) : part;
  }
  return *sum;
}

constexpr DataTypeSet kFloats = {DataType::kFloat32, DataType::kFloat16};
constexpr DataTypeSet kResampled = {DataType::kFloat32, DataType::kFloat16, DataType::kUint8,
                                    DataType::kInt8};

// The two axes, if there are such, that `resample2d` resizes as this node does: the first that
// change and can be had, and another one that does not change.
Operand Resample(Node& node, Operand x, Resize& resize, DataType type) {
  const ResizeOptions& options = resize.options;
  if (resize.axes.size() != 4 || !kResampled.Has(type)) return x;
  std::vector<uint32_t> taken;
  for (bool changes : {true, false}) {
    for (uint32_t axis = 4; axis-- > 0 && taken.size() < 2;) {
      if (resize.axes[axis].is_identity(options) == changes) continue;
      if (changes && !IsResample(resize.axes[axis], options)) continue;
      taken.push_back(axis);
    }
    if (taken.empty()) return x;
  }
  std::ranges::sort(taken);
  if (taken.size() < 2) return x;
  std::array<Dimension, 2> sizes;
  for (size_t i = 0; i < 2; ++i) {
    ResizeAxis& axis = resize.axes[taken[i]];
    sizes[i] = static_cast<uint32_t>(axis.output);
    axis = {.input = axis.output, .output = axis.output};
  }
  return node.Emit(ops::Resample2d{.input = x,
                                   .mode = options.interpolation == Interpolation::kLinear
                                               ? InterpolationMode::kLinear
                                               : InterpolationMode::kNearestNeighbor,
                                   .sizes = sizes,
                                   .axes = {taken[0], taken[1]}});
}

Result<void> CheckTables(const Node& node, const Resize& resize) {
  for (const ResizeAxis& axis : resize.axes) {
    if (axis.is_identity(resize.options)) continue;
    const double stretch = resize.options.antialias ? std::max(1.0F / axis.scale, 1.0F) : 1.0;
    if (4 * stretch * static_cast<double>(axis.output) <= static_cast<double>(kMostEntries)) {
      continue;
    }
    return node.Refuse(fmt::format("an axis of {} is resized to {}", axis.input, axis.output),
                       "axes are resized to at most 4194304 elements");
  }
  return {};
}

Result<void> Emit(Node& node, Resize resize) {
  const ResizeOptions& options = resize.options;
  WEBNN_RETURN_IF_ERROR(CheckTables(node, resize));
  Operand x = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);
  const Element element = node.TypeOf(0) == Element::kBool ? Element::kBool : Element::kNone;
  if (std::ranges::all_of(resize.axes, [&](const auto& a) { return a.is_identity(options); })) {
    return node.Forward(0, 0);
  }
  const bool weighted = options.interpolation != Interpolation::kNearest;
  if (weighted && !kFloats.Has(type)) {
    return node.Refuse(fmt::format("interpolation of {}", Name(type)),
                       "ONNX does not define how its results are rounded: cast to float32 before");
  }
  x = Resample(node, x, resize, type);
  std::vector<std::pair<uint32_t, std::vector<bool>>> outside;
  bool widened = false;
  for (uint32_t axis = 0; axis < resize.axes.size(); ++axis) {
    const ResizeAxis& resized = resize.axes[axis];
    if (resized.is_identity(options)) continue;
    Taps taps = TapsOf(resized, options);
    if (weighted) x = node.Cast(x, DataType::kFloat32);
    widened = widened || weighted;
    const bool by_matrix = taps.elements.size() >= kManyTaps;
    if (by_matrix && resized.input * resized.output > kMostEntries) {
      return node.Refuse(fmt::format("an axis of {} is resized to {} with a filter of {} elements",
                                     resized.input, resized.output, taps.elements.size()),
                         "resize in several steps, or without antialias");
    }
    x = by_matrix ? ApplyMatrix(node, x, axis, resized, taps) : ApplyTaps(node, x, axis, taps);
    if (!taps.outside.empty()) outside.emplace_back(axis, std::move(taps.outside));
  }
  const DataType computed = widened ? DataType::kFloat32 : type;
  for (const auto& [axis, places] : outside) {
    const std::vector<double> mask(places.begin(), places.end());
    x = node.Emit(ops::Where{.condition = Along(node, mask, axis, DataType::kUint8),
                             .true_value = node.Scalar(options.extrapolation, computed),
                             .false_value = x});
  }
  return node.Set(0, node.Cast(x, type), element);
}

// ---- The versions. ----

Result<void> ImportResize(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(Resize resize, Unchanged(node));
  WEBNN_ASSIGN_OR_RETURN(resize.options, ReadOptions(node));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes, ReadAxes(node));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<double> scales, Numbers(node, 2, "scales"));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<double> sizes, Numbers(node, 3, "sizes"));
  if (scales.empty() == sizes.empty()) {
    return node.Invalid("one of scales and sizes must be given, not both");
  }
  WEBNN_RETURN_IF_ERROR(scales.empty() ? SetSizes(node, resize, sizes, axes)
                                       : SetScales(node, resize, scales, axes));
  if (resize.options.coordinates == Coordinates::kTfCropAndResize) {
    WEBNN_RETURN_IF_ERROR(node.Require(1, "roi"));
    WEBNN_ASSIGN_OR_RETURN(const std::vector<double> roi, node.KnownNumbers(1, "roi"));
    WEBNN_RETURN_IF_ERROR(CheckCount(node, "roi", roi, 2 * axes.size()));
    for (size_t i = 0; i < axes.size(); ++i) {
      resize.axes[axes[i]].roi_begin = static_cast<float>(roi[i]);
      resize.axes[axes[i]].roi_end = static_cast<float>(roi[axes.size() + i]);
    }
  }
  return Emit(node, std::move(resize));
}

// Resize 10 and Upsample, whose scales are given one way or another.
Result<void> ResizeByScales(Node& node, std::span<const double> scales) {
  WEBNN_ASSIGN_OR_RETURN(Resize resize, Unchanged(node));
  WEBNN_ASSIGN_OR_RETURN(
      resize.options.interpolation,
      (Choice<Interpolation, 2>(node, "mode", "nearest", {"nearest", "linear"})));
  resize.options.coordinates = Coordinates::kAsymmetric;
  resize.options.rounding = Rounding::kSimple;
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes, ReadAxes(node));
  WEBNN_RETURN_IF_ERROR(SetScales(node, resize, scales, axes));
  return Emit(node, std::move(resize));
}

Result<void> ImportResize10(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<double> scales, node.KnownNumbers(1, "scales"));
  return ResizeByScales(node, scales);
}

Result<void> ImportUpsample7(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const auto scales, node.Floats("scales"));
  if (!scales) return node.Invalid("attribute scales is missing");
  return ResizeByScales(node, std::vector<double>(scales->begin(), scales->end()));
}

}  // namespace

std::span<const ImportRow> ResizeRows() {
  static constexpr ImportRow kRows[] = {
      {"Resize", 10, 2, ImportResize10},
      {"Resize", 11, 1, ImportResize},
      {"Upsample", 7, 1, ImportUpsample7},
      {"Upsample", 9, 2, ImportResize10},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
