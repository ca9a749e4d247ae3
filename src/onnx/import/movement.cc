#include "onnx/import/movement.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/errors.h"
#include "fmt/ranges.h"
#include "onnx/import/numbers.h"

namespace webnn::onnx_format {
namespace {

bool AllKnown(std::span<const ImportedValue> values) {
  return std::all_of(values.begin(), values.end(),
                     [](const ImportedValue& value) { return value.known() != nullptr; });
}

}  // namespace

void Movement::Fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

bool Movement::OnHost(bool known, Element element, std::span<const int64_t> sizes) {
  const std::optional<uint64_t> bytes = ByteLength(element, sizes);
  if (!bytes) {
    Fail(node_.Invalid("the result would have the shape [{}]", fmt::join(sizes, ", ")));
    return false;
  }
  if (*bytes == 0 && BitsOf(element) != 0) return true;
  if (known && BitsOf(element) >= 8) {
    if (*bytes <= (DataTypeOf(element) ? kMaxFoldedBytes : kMaxHostBytes)) return true;
  }
  if (ElementCount(sizes) > kMaxElements) {
    Fail(node_.Refuse(
        fmt::format("the result has the shape [{}], more elements than WebNN's limit of {}",
                    fmt::join(sizes, ", "), kMaxElements)));
  }
  return false;
}

ImportedValue Movement::Known(HostTensor tensor) {
  const Element element = tensor.element;
  std::vector<int64_t> sizes = tensor.sizes;
  return {std::move(tensor), element, std::move(sizes)};
}

ImportedValue Movement::Empty(Element element, std::vector<int64_t> sizes) {
  std::byte* memory = nullptr;
  return Known(HostTensor::Allocate(element, std::move(sizes), &memory));
}

Operand Movement::Get(const ImportedValue& x) {
  if (failed()) return {};
  if (const HostTensor* tensor = x.known()) return node_.Constant(*tensor);
  return std::get<Operand>(x.what);
}

Result<void> Movement::Set(size_t k, const ImportedValue& value) {
  if (failure_) return *failure_;
  if (const HostTensor* tensor = value.known()) return node_.Set(k, *tensor);
  return node_.Set(k, std::get<Operand>(value.what),
                   value.element == Element::kBool ? Element::kBool : Element::kNone);
}

ImportedValue Movement::Reshape(const ImportedValue& x, std::vector<int64_t> sizes) {
  if (failed() || sizes == x.sizes) return x;
  if (const HostTensor* tensor = x.known()) return Known(HostReshape(*tensor, std::move(sizes)));
  const Operand y = node_.Reshape(Get(x), sizes);
  return Computed(y, x.element, std::move(sizes));
}

ImportedValue Movement::Transpose(const ImportedValue& x, std::span<const uint32_t> permutation) {
  if (failed() || std::is_sorted(permutation.begin(), permutation.end())) return x;
  std::vector<int64_t> sizes;
  for (uint32_t axis : permutation) sizes.push_back(x.sizes[axis]);
  if (OnHost(x.known(), x.element, sizes)) return Known(HostTranspose(*x.known(), permutation));
  const Operand y = node_.Transpose(Get(x), permutation);
  return Computed(y, x.element, std::move(sizes));
}

ImportedValue Movement::Slice(const ImportedValue& x, std::span<const AxisRange> ranges) {
  std::vector<int64_t> sizes;
  bool whole = true;
  for (size_t axis = 0; axis < ranges.size(); ++axis) {
    const AxisRange& range = ranges[axis];
    sizes.push_back(range.count);
    whole = whole && range.count == x.sizes[axis] && (range.step > 0 || range.count <= 1);
  }
  if (failed() || whole) return x;
  if (OnHost(x.known(), x.element, sizes)) {
    if (!x.known()) return Empty(x.element, std::move(sizes));
    std::vector<int64_t> strides = PackedStrides(x.sizes);
    int64_t offset = 0;
    if (ElementCount(sizes) == 0) return Empty(x.element, std::move(sizes));
    for (size_t axis = 0; axis < ranges.size(); ++axis) {
      offset += strides[axis] * ranges[axis].start;
      // Where there is but one element, the step may be any number.
      strides[axis] = ranges[axis].count > 1 ? strides[axis] * ranges[axis].step : 0;
    }
    return Known(HostStrided(*x.known(), offset, strides, std::move(sizes)));
  }
  // The graph's slice goes forward: backward is the same window, reversed.
  ops::Slice slice = {.input = Get(x)};
  std::vector<uint32_t> strides;
  std::vector<uint32_t> reversed;
  for (size_t axis = 0; axis < ranges.size(); ++axis) {
    const auto& [start, step, count] = ranges[axis];
    const int64_t span = count > 1 ? (count - 1) * step : 0;
    slice.starts.emplace_back(static_cast<uint32_t>(std::min(start, start + span)));
    slice.sizes.emplace_back(static_cast<uint32_t>(std::abs(span) + 1));
    strides.push_back(count > 1 ? static_cast<uint32_t>(std::abs(step)) : 1);
    if (span < 0) reversed.push_back(static_cast<uint32_t>(axis));
  }
  const bool stepped =
      std::any_of(strides.begin(), strides.end(), [](uint32_t stride) { return stride != 1; });
  if (stepped) slice.strides = std::move(strides);
  const bool all = !stepped && ToDimensions(x.sizes) == slice.sizes;
  Operand y = all ? slice.input : node_.Emit(std::move(slice));
  if (!reversed.empty()) y = node_.Emit(ops::Reverse{.input = y, .axes = reversed});
  return Computed(y, x.element, std::move(sizes));
}

ImportedValue Movement::Expand(const ImportedValue& x, std::vector<int64_t> sizes) {
  if (failed() || sizes == x.sizes) return x;
  if (OnHost(x.known(), x.element, sizes)) {
    if (!x.known()) return Empty(x.element, std::move(sizes));
    return Known(HostExpand(*x.known(), std::move(sizes)));
  }
  const Operand y = node_.Expand(Get(x), sizes);
  return Computed(y, x.element, std::move(sizes));
}

ImportedValue Movement::Tile(const ImportedValue& x, std::span<const int64_t> repeats) {
  std::vector<int64_t> sizes;
  std::vector<int64_t> split;     // each axis as [1, size] ...
  std::vector<int64_t> repeated;  // ... which becomes [repeats, size]
  for (size_t axis = 0; axis < repeats.size(); ++axis) {
    const int64_t size = x.sizes[axis];
    if (size > 0 && repeats[axis] > std::numeric_limits<int64_t>::max() / size) {
      Fail(node_.Invalid("axis {} of size {} would be repeated {} times", axis, size,
                         repeats[axis]));
      return x;
    }
    sizes.push_back(size * repeats[axis]);
    split.insert(split.end(), {1, size});
    repeated.insert(repeated.end(), {repeats[axis], size});
  }
  if (failed() || sizes == x.sizes) return x;
  if (OnHost(x.known(), x.element, sizes)) {
    if (!x.known()) return Empty(x.element, std::move(sizes));
    return Known(HostReshape(HostExpand(HostReshape(*x.known(), std::move(split)), repeated),
                             std::move(sizes)));
  }
  if (failed()) return x;
  const Operand y =
      node_.Emit(ops::Tile{.input = Get(x), .repetitions = {repeats.begin(), repeats.end()}});
  return Computed(y, x.element, std::move(sizes));
}

ImportedValue Movement::Concat(std::vector<ImportedValue> parts, uint32_t axis) {
  std::vector<int64_t> sizes = parts[0].sizes;
  sizes[axis] = 0;
  for (const ImportedValue& part : parts) {
    if (__builtin_add_overflow(sizes[axis], part.sizes[axis], &sizes[axis])) {
      Fail(node_.Invalid("the sizes of the inputs along axis {} are too large", axis));
    }
  }
  const Element element = parts[0].element;
  if (failed()) return parts[0];
  if (OnHost(AllKnown(parts), element, sizes)) {
    std::vector<HostTensor> tensors;
    for (const ImportedValue& part : parts) {
      if (part.known()) tensors.push_back(*part.known());
    }
    if (tensors.size() < parts.size()) return Empty(element, std::move(sizes));
    return Known(HostConcat(tensors, axis));
  }
  std::erase_if(parts, [axis](const ImportedValue& part) { return part.sizes[axis] == 0; });
  if (parts.size() == 1) return parts[0];
  ops::Concat concat = {.axis = axis};
  for (const ImportedValue& part : parts) concat.inputs.push_back(Get(part));
  const Operand y = node_.Emit(std::move(concat));
  return Computed(y, element, std::move(sizes));
}

ImportedValue Movement::Pad(const ImportedValue& x, std::span<const int64_t> before,
                            std::span<const int64_t> after, const ImportedValue& value) {
  std::vector<int64_t> sizes = x.sizes;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (__builtin_add_overflow(sizes[axis], before[axis], &sizes[axis]) ||
        __builtin_add_overflow(sizes[axis], after[axis], &sizes[axis])) {
      Fail(node_.Invalid("the padding of axis {}, {} and {}, is too large", axis, before[axis],
                         after[axis]));
    }
  }
  if (failed() || sizes == x.sizes) return x;
  const bool empty = ElementCount(x.sizes) == 0;
  if (!empty && value.known() && !OnHost(x.known(), x.element, sizes)) {
    if (failed()) return x;
    const Numbers numbers = *ReadNumbers(*value.known());
    const Number number = std::visit([](const auto& values) { return Number(values[0]); }, numbers);
    const Operand y = node_.Emit(ops::Pad{.input = Get(x),
                                          .beginning_padding = {before.begin(), before.end()},
                                          .ending_padding = {after.begin(), after.end()},
                                          .value = number});
    return Computed(y, x.element, std::move(sizes));
  }
  if (empty) return Expand(Reshape(value, {}), std::move(sizes));
  // Here, or around a value that is not known: a block before and one after, axis by axis.
  ImportedValue y = x;
  for (uint32_t axis = 0; axis < sizes.size(); ++axis) {
    std::vector<ImportedValue> parts;
    const auto add = [&](int64_t count) {
      std::vector<int64_t> block = y.sizes;
      block[axis] = count;
      if (count > 0) parts.push_back(Expand(Reshape(value, {}), std::move(block)));
    };
    add(before[axis]);
    parts.push_back(y);
    add(after[axis]);
    if (parts.size() > 1) y = Concat(std::move(parts), axis);
  }
  return y;
}

ImportedValue Movement::Take(const ImportedValue& x, uint32_t axis,
                             std::span<const int64_t> indices) {
  const auto count = static_cast<int64_t>(indices.size());
  const int64_t step = count > 1 ? indices[1] - indices[0] : 1;
  bool even = step != 0;
  for (size_t i = 1; even && i < indices.size(); ++i) even = indices[i] - indices[i - 1] == step;
  if (even) {
    std::vector<AxisRange> ranges;
    for (int64_t size : x.sizes) ranges.push_back(Whole(size));
    ranges[axis] = {count > 0 ? indices[0] : 0, step, count};
    return Slice(x, ranges);
  }
  std::vector<int64_t> sizes = x.sizes;
  sizes[axis] = count;
  if (failed()) return x;
  if (OnHost(x.known(), x.element, sizes)) {
    if (!x.known()) return Empty(x.element, std::move(sizes));
    return Known(HostTake(*x.known(), axis, indices));
  }
  if (failed()) return x;
  const Operand y = node_.Emit(ops::Gather{
      .input = Get(x), .indices = node_.Constant(HostTensor::Integers(indices)), .axis = axis});
  return Computed(y, x.element, std::move(sizes));
}

Result<std::optional<std::vector<int64_t>>> AttributeOrInput(const Node& node,
                                                             std::string_view name, size_t k,
                                                             int input_since) {
  if (node.opset() < input_since) return node.Ints(name);
  if (!node.Has(k)) return std::optional<std::vector<int64_t>>();
  WEBNN_ASSIGN_OR_RETURN(std::vector<int64_t> values, node.KnownIntegers(k, name));
  return std::optional(std::move(values));
}

Result<int64_t> KnownInteger(const Node& node, size_t k, std::string_view name) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> values, node.KnownIntegers(k, name));
  if (values.size() != 1) {
    return node.Invalid("`{}` has {} elements; it must have one", name, values.size());
  }
  return values[0];
}

Result<void> CheckHostSize(const Node& node, Element element, std::span<const int64_t> sizes) {
  const std::optional<uint64_t> bytes = ByteLength(element, sizes);
  if (bytes && *bytes <= kMaxHostBytes) return {};
  return node.Refuse(fmt::format("a constant of {}[{}], which it needs, is larger than {} MiB",
                                 NameOf(element), fmt::join(sizes, ", "), kMaxHostBytes >> 20));
}

Result<std::vector<int64_t>> Iota(const Node& node, int64_t count) {
  WEBNN_RETURN_IF_ERROR(CheckHostSize(node, Element::kInt64, std::array{count}));
  std::vector<int64_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

Result<std::vector<int64_t>> CheckIndices(const Node& node, std::vector<int64_t> indices,
                                          int64_t size) {
  for (int64_t& index : indices) {
    if (index < -size || index >= size) {
      return node.Invalid("the index {} is not in [-{}, {})", index, size, size);
    }
    if (index < 0) index += size;
  }
  return indices;
}

}  // namespace webnn::onnx_format
