#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "fmt/ranges.h"
#include "onnx/import/numbers.h"
#include "onnx/import/ops_shape.h"

namespace webnn::onnx_format {
namespace {

std::vector<AxisRange> WholeRanges(std::span<const int64_t> sizes) {
  std::vector<AxisRange> ranges;
  for (int64_t size : sizes) ranges.push_back(Whole(size));
  return ranges;
}

// Bounds as numpy's slices take them: negative ones count from the end, all are limited to the
// axis.
AxisRange Range(int64_t start, int64_t end, int64_t step, int64_t size) {
  if (size == 0) return {};
  const bool forward = step > 0;
  const int64_t low = forward ? 0 : -1;
  const int64_t high = forward ? size : size - 1;
  const auto place = [&](int64_t bound) {
    return std::clamp(bound < 0 ? bound + size : bound, low, high);
  };
  start = place(start);
  end = place(end);
  step = std::clamp(step, -size, size);  // a longer step leaves the axis as well
  const int64_t span = forward ? end - start : start - end;
  if (span <= 0) return {};
  return {start, step, (span - 1) / std::abs(step) + 1};
}

// The bounds of a Slice, attributes until version 9 and inputs since.
struct Bounds {
  std::vector<int64_t> starts, ends;
  std::optional<std::vector<int64_t>> axes, steps;
};
Result<Bounds> ReadBounds(const Node& node) {
  constexpr int kInputsSince = 10;
  Bounds bounds;
  WEBNN_ASSIGN_OR_RETURN(auto starts, AttributeOrInput(node, "starts", 1, kInputsSince));
  WEBNN_ASSIGN_OR_RETURN(auto ends, AttributeOrInput(node, "ends", 2, kInputsSince));
  WEBNN_ASSIGN_OR_RETURN(bounds.axes, AttributeOrInput(node, "axes", 3, kInputsSince));
  if (node.opset() >= kInputsSince) {
    WEBNN_ASSIGN_OR_RETURN(bounds.steps, AttributeOrInput(node, "steps", 4, kInputsSince));
  }
  if (!starts || !ends) return node.Invalid("`starts` or `ends` is missing");
  bounds.starts = *std::move(starts);
  bounds.ends = *std::move(ends);
  const size_t count = bounds.starts.size();
  if (bounds.ends.size() != count || (bounds.axes && bounds.axes->size() != count) ||
      (bounds.steps && bounds.steps->size() != count)) {
    return node.Invalid("`starts`, `ends`, `axes` and `steps` differ in their lengths");
  }
  return bounds;
}

// The axes that a list is about: all of them from the first when it is absent.
Result<std::vector<uint32_t>> AxesOrFirst(const Node& node,
                                          const std::optional<std::vector<int64_t>>& given,
                                          size_t count, int64_t rank) {
  std::vector<int64_t> axes(count);
  std::iota(axes.begin(), axes.end(), 0);
  WEBNN_ASSIGN_OR_RETURN(std::vector<uint32_t> result, node.Axes(given ? *given : axes, rank));
  std::vector<uint32_t> sorted = result;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return node.Invalid("`axes` is [{}]; no axis may be there twice", fmt::join(result, ", "));
  }
  if (result.size() != count) {
    return node.Invalid("`axes` has {} elements for {} values", result.size(), count);
  }
  return result;
}

// Where the padding of an axis reads, by position before or after it.
using PaddingIndex = int64_t (*)(int64_t position, int64_t size);
int64_t Edge(int64_t position, int64_t size) { return std::clamp(position, int64_t{0}, size - 1); }
int64_t Wrap(int64_t position, int64_t size) {
  position %= size;
  return position < 0 ? position + size : position;
}
// 2 1 | 0 1 2 | 1 0, again and again.
int64_t Reflect(int64_t position, int64_t size) {
  if (size == 1) return 0;
  const int64_t within = Wrap(position, 2 * (size - 1));
  return std::min(within, 2 * (size - 1) - within);
}

// Positive counts add elements, negative ones drop them, which is done first.
struct Padding {
  std::vector<int64_t> before, after;
};
Result<Padding> ReadPadding(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(auto pads, AttributeOrInput(node, "pads", 1, 11));
  std::optional<std::vector<int64_t>> given;
  if (node.opset() >= 18) {
    WEBNN_ASSIGN_OR_RETURN(given, AttributeOrInput(node, "axes", 3, 18));
  }
  const int64_t rank = node.RankOf(0);
  const size_t count = given ? given->size() : static_cast<size_t>(rank);
  if (!pads || pads->size() != 2 * count) {
    return node.Invalid("`pads` has {} elements; {} axes need {}", pads ? pads->size() : 0, count,
                        2 * count);
  }
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes, AxesOrFirst(node, given, count, rank));
  constexpr int64_t kMost = int64_t{1} << 40;  // far above any size, far below overflow
  const bool sane = std::all_of(pads->begin(), pads->end(),
                                [](int64_t pad) { return pad >= -kMost && pad <= kMost; });
  if (!sane) return node.Invalid("`pads` is [{}], out of all proportion", fmt::join(*pads, ", "));
  const auto zeros = std::vector<int64_t>(static_cast<size_t>(rank));
  Padding padding = {zeros, zeros};
  for (size_t i = 0; i < count; ++i) {
    padding.before[axes[i]] = (*pads)[i];
    padding.after[axes[i]] = (*pads)[count + i];
  }
  return padding;
}

// What constant padding is filled with: input 2, or an attribute until version 10.
Result<ImportedValue> PaddingValue(const Node& node) {
  if (node.opset() >= 11 && node.Has(2)) {
    if (ElementCount(node.SizesOf(2)) != 1 || node.TypeOf(2) != node.TypeOf(0)) {
      return node.Invalid("`constant_value` must be one element of type {}",
                          NameOf(node.TypeOf(0)));
    }
    return node.In(2);
  }
  float value = 0;
  if (node.opset() < 11) {
    WEBNN_ASSIGN_OR_RETURN(value, node.Float("value", 0));
  }
  return Movement::Known(WriteNumbers(node.TypeOf(0), {}, std::vector<double>{value}));
}

// Crops where a count is negative, which leaves the counts that are positive.
Result<ImportedValue> Crop(const Node& node, Movement& movement, const ImportedValue& x,
                           Padding& padding) {
  std::vector<AxisRange> ranges = WholeRanges(x.sizes);
  for (size_t axis = 0; axis < ranges.size(); ++axis) {
    int64_t& before = padding.before[axis];
    int64_t& after = padding.after[axis];
    ranges[axis].start = std::max<int64_t>(0, -before);
    ranges[axis].count += std::min<int64_t>(0, before) + std::min<int64_t>(0, after);
    if (ranges[axis].count < 0) {
      return node.Invalid("{} elements are dropped from axis {} of size {}",
                          x.sizes[axis] - ranges[axis].count, axis, x.sizes[axis]);
    }
    before = std::max<int64_t>(0, before);
    after = std::max<int64_t>(0, after);
  }
  return movement.Slice(x, ranges);
}

}  // namespace

Result<void> ImportSlice(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Bounds bounds, ReadBounds(node));
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes,
                         AxesOrFirst(node, bounds.axes, bounds.starts.size(), node.RankOf(0)));
  std::vector<AxisRange> ranges = WholeRanges(sizes);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t step = bounds.steps ? (*bounds.steps)[i] : 1;
    if (step == 0) return node.Invalid("a step is 0");
    ranges[axes[i]] = Range(bounds.starts[i], bounds.ends[i], step, sizes[axes[i]]);
  }
  Movement movement(node);
  return movement.Set(0, movement.Slice(node.In(0), ranges));
}

Result<void> ImportSplit(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  WEBNN_ASSIGN_OR_RETURN(auto parts, AttributeOrInput(node, "split", 1, 13));
  const int64_t size = node.SizesOf(0)[axis];
  if (!parts) {
    WEBNN_ASSIGN_OR_RETURN(const int64_t count,
                           node.Int("num_outputs", static_cast<int64_t>(node.output_count())));
    if (count < 1 || count < static_cast<int64_t>(node.output_count()) || count > 8192) {
      return node.Invalid("`num_outputs` is {} and there are {} outputs", count,
                          node.output_count());
    }
    // Since version 18 the last part may be smaller.
    const int64_t part = size / count + (size % count != 0 ? 1 : 0);
    parts.emplace(static_cast<size_t>(count), part);
    parts->back() = size - part * (count - 1);
    if (parts->back() < 0 || (node.opset() < 18 && size % count != 0)) {
      return node.Invalid("axis {} of size {} cannot be split into {} equal parts", axis, size,
                          count);
    }
  }
  int64_t rest = size;
  for (int64_t part : *parts) {
    if (part < 0 || part > rest) {
      rest = -1;
      break;
    }
    rest -= part;
  }
  if (rest != 0 || parts->size() < node.output_count()) {
    return node.Invalid("`split` is [{}] for {} outputs and axis {} of size {}",
                        fmt::join(*parts, ", "), node.output_count(), axis, size);
  }
  Movement movement(node);
  const ImportedValue& x = node.In(0);
  std::vector<AxisRange> ranges = WholeRanges(x.sizes);
  std::vector<std::vector<int64_t>> sizes(parts->size(), x.sizes);
  bool together = !movement.OnHost(x.known(), x.element, x.sizes);
  for (size_t k = 0; k < parts->size(); ++k) {
    sizes[k][axis] = (*parts)[k];
    together = together && (*parts)[k] > 0 && k < node.output_count() && node.Wants(k);
  }
  if (together) {
    const std::vector<Operand> operands = node.EmitMany(
        ops::Split{.input = movement.Get(x), .splits = ToDimensions(*parts), .axis = axis},
        parts->size());
    for (size_t k = 0; k < operands.size(); ++k) {
      WEBNN_RETURN_IF_ERROR(movement.Set(k, Movement::Computed(operands[k], x.element, sizes[k])));
    }
    return node.status();
  }
  int64_t start = 0;
  for (size_t k = 0; k < node.output_count(); ++k) {
    ranges[axis] = {start, 1, (*parts)[k]};
    start += (*parts)[k];
    if (!node.Wants(k)) continue;
    WEBNN_RETURN_IF_ERROR(movement.Set(k, movement.Slice(x, ranges)));
  }
  return node.status();
}

Result<void> ImportPad(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string mode, node.String("mode", "constant"));
  WEBNN_ASSIGN_OR_RETURN(Padding padding, ReadPadding(node));
  Movement movement(node);
  WEBNN_ASSIGN_OR_RETURN(ImportedValue x, Crop(node, movement, node.In(0), padding));
  if (mode == "constant") {
    WEBNN_ASSIGN_OR_RETURN(const ImportedValue value, PaddingValue(node));
    return movement.Set(0, movement.Pad(x, padding.before, padding.after, value));
  }
  PaddingIndex index = nullptr;
  if (mode == "edge") index = Edge;
  if (mode == "wrap") index = Wrap;
  if (mode == "reflect") index = Reflect;
  if (!index) {
    return node.Invalid("`mode` is \"{}\"; allowed are constant, edge, reflect and wrap", mode);
  }
  // One operator does it where the graph has the mode, and reflects once at most.
  bool direct = index != Wrap && !movement.OnHost(x.known(), x.element, x.sizes);
  std::vector<int64_t> sizes = x.sizes;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    const int64_t most = std::max(padding.before[axis], padding.after[axis]);
    if (sizes[axis] == 0 && most > 0) {
      return node.Invalid("axis {} is empty, so \"{}\" has nothing to pad it with", axis, mode);
    }
    direct = direct && (index == Edge || most < sizes[axis]);
    sizes[axis] += padding.before[axis] + padding.after[axis];
  }
  if (sizes == x.sizes) return movement.Set(0, x);
  if (direct && !movement.OnHost(false, x.element, sizes)) {
    if (movement.failed()) return movement.Set(0, x);
    const Operand y =
        node.Emit(ops::Pad{.input = movement.Get(x),
                           .beginning_padding = {padding.before.begin(), padding.before.end()},
                           .ending_padding = {padding.after.begin(), padding.after.end()},
                           .mode = index == Edge ? PaddingMode::kEdge : PaddingMode::kReflection});
    return movement.Set(0, Movement::Computed(y, x.element, std::move(sizes)));
  }
  for (uint32_t axis = 0; axis < sizes.size(); ++axis) {
    if (sizes[axis] == x.sizes[axis]) continue;
    const int64_t size = x.sizes[axis];
    if (sizes[axis] > kMaxElements) return node.Invalid("axis {} would be too large", axis);
    WEBNN_RETURN_IF_ERROR(CheckHostSize(node, Element::kInt64, std::array{sizes[axis]}));
    std::vector<int64_t> indices(static_cast<size_t>(sizes[axis]));
    for (int64_t i = 0; i < sizes[axis]; ++i) {
      indices[static_cast<size_t>(i)] = index(i - padding.before[axis], size);
    }
    x = movement.Take(x, axis, indices);
  }
  return movement.Set(0, x);
}

Result<void> ImportCenterCropPad(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, node.KnownIntegers(1, "shape"));
  WEBNN_ASSIGN_OR_RETURN(const auto given, node.Ints("axes"));
  const ImportedValue& x = node.In(0);
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes,
                         AxesOrFirst(node, given, shape.size(), node.RankOf(0)));
  const std::vector<int64_t> zeros(x.sizes.size());
  Padding padding = {zeros, zeros};
  for (size_t i = 0; i < axes.size(); ++i) {
    if (shape[i] < 0 || shape[i] > kMaxElements) {
      return node.Invalid("`shape` is [{}]", fmt::join(shape, ", "));
    }
    // Added or, where it is negative, dropped: of an odd count the larger part at the end.
    const int64_t added = shape[i] - x.sizes[axes[i]];
    padding.before[axes[i]] = added / 2;
    padding.after[axes[i]] = added - added / 2;
  }
  Movement movement(node);
  WEBNN_ASSIGN_OR_RETURN(const ImportedValue cropped, Crop(node, movement, x, padding));
  const ImportedValue zero = Movement::Known(WriteNumbers(x.element, {}, std::vector<double>{0}));
  return movement.Set(0, movement.Pad(cropped, padding.before, padding.after, zero));
}

}  // namespace webnn::onnx_format
