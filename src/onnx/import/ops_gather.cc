#include <algorithm>
#include <array>

#include "fmt/ranges.h"
#include "onnx/import/ops_indexing.h"

namespace webnn::onnx_format {
namespace {

Result<std::vector<int64_t>> Integers(const Node& node, const HostTensor& indices) {
  auto values = indices.ToIntegers();
  if (!values) return node.Invalid("the indices are {}, no integers", NameOf(indices.element));
  return *std::move(values);
}

}  // namespace

Result<void> CheckElementIndices(const Node& node, std::span<const int64_t> sizes,
                                 std::span<const int64_t> indices, uint32_t axis) {
  bool fits = indices.size() == sizes.size();
  for (size_t i = 0; fits && i < sizes.size(); ++i) fits = i == axis || indices[i] <= sizes[i];
  if (fits) return {};
  return node.Invalid("indices of shape [{}] do not go with an input of shape [{}] and axis {}",
                      fmt::join(indices, ", "), fmt::join(sizes, ", "), axis);
}

Result<std::vector<int64_t>> FlatElements(const Node& node, std::span<const int64_t> sizes,
                                          const HostTensor& indices, uint32_t axis) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<int64_t> places, Integers(node, indices));
  WEBNN_ASSIGN_OR_RETURN(places, CheckIndices(node, std::move(places), sizes[axis]));
  const std::vector<int64_t> strides = PackedStrides(sizes);
  const std::vector<int64_t> own = PackedStrides(indices.sizes);
  for (size_t i = 0; i < places.size(); ++i) {
    int64_t place = 0;
    for (size_t k = 0; k < sizes.size(); ++k) {
      const int64_t position = static_cast<int64_t>(i) / own[k] % indices.sizes[k];
      place += strides[k] * (k == axis ? places[i] : position);
    }
    places[i] = place;
  }
  return places;
}

Result<std::vector<int64_t>> FlatPlaces(const Node& node, std::span<const int64_t> sizes,
                                        const HostTensor& indices, int64_t batch_dims) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> values, Integers(node, indices));
  const int64_t depth = indices.sizes.back();
  const std::span<const int64_t> lists = std::span(indices.sizes).first(indices.sizes.size() - 1);
  const auto batch_axes = static_cast<size_t>(batch_dims);
  const int64_t per_batch = ElementCount(lists.subspan(batch_axes));
  const std::vector<int64_t> strides = PackedStrides(sizes);
  const int64_t batch_stride = batch_axes > 0 ? strides[batch_axes - 1] : 0;
  std::vector<int64_t> places(static_cast<size_t>(ElementCount(lists)));
  for (size_t i = 0; i < places.size(); ++i) {
    int64_t place = batch_axes > 0 ? static_cast<int64_t>(i) / per_batch * batch_stride : 0;
    for (int64_t k = 0; k < depth; ++k) {
      const size_t axis = batch_axes + static_cast<size_t>(k);
      const int64_t index = values[i * static_cast<size_t>(depth) + static_cast<size_t>(k)];
      if (index < -sizes[axis] || index >= sizes[axis]) {
        return node.Invalid("the index {} is not in [-{}, {})", index, sizes[axis], sizes[axis]);
      }
      place += strides[axis] * (index < 0 ? index + sizes[axis] : index);
    }
    places[i] = place;
  }
  return places;
}

Result<void> ImportGather(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  const ImportedValue& x = node.In(0);
  const std::vector<int64_t>& indices = node.SizesOf(1);
  std::vector<int64_t> sizes(x.sizes.begin(), x.sizes.begin() + axis);
  sizes.insert(sizes.end(), indices.begin(), indices.end());
  sizes.insert(sizes.end(), x.sizes.begin() + axis + 1, x.sizes.end());
  Movement movement(node);
  if (const HostTensor* known = node.Known(1)) {
    WEBNN_ASSIGN_OR_RETURN(std::vector<int64_t> values, Integers(node, *known));
    WEBNN_ASSIGN_OR_RETURN(values, CheckIndices(node, std::move(values), x.sizes[axis]));
    // A few indices are a slice or are gathered here; of more the graph gathers in one operator.
    if (values.size() <= 1 || movement.OnHost(x.known(), x.element, sizes)) {
      return movement.Set(0, movement.Reshape(movement.Take(x, axis, values), sizes));
    }
  } else if (movement.OnHost(false, x.element, sizes)) {
    return movement.Set(0, Movement::Empty(x.element, std::move(sizes)));
  }
  if (movement.failed()) return movement.Set(0, x);
  const Operand y =
      node.Emit(ops::Gather{.input = movement.Get(x), .indices = node.Get(1), .axis = axis});
  return movement.Set(0, Movement::Computed(y, x.element, std::move(sizes)));
}

Result<void> ImportGatherElements(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  const std::vector<int64_t>& indices = node.SizesOf(1);
  WEBNN_RETURN_IF_ERROR(CheckElementIndices(node, node.SizesOf(0), indices, axis));
  Movement movement(node);
  ImportedValue x = node.In(0);
  if (x.known() && node.Known(1) && movement.OnHost(true, x.element, indices)) {
    WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> places,
                           FlatElements(node, x.sizes, *node.Known(1), axis));
    const ImportedValue flat = movement.Reshape(x, {ElementCount(x.sizes)});
    return movement.Set(0, movement.Reshape(movement.Take(flat, 0, places), indices));
  }
  // The graph wants equal sizes along the other axes.
  std::vector<AxisRange> ranges;
  for (int64_t size : indices) ranges.push_back(Whole(size));
  ranges[axis] = Whole(x.sizes[axis]);
  x = movement.Slice(x, ranges);
  if (movement.OnHost(false, x.element, indices)) {
    return movement.Set(0, Movement::Empty(x.element, indices));
  }
  if (movement.failed()) return movement.Set(0, x);
  if (const HostTensor* known = node.Known(1)) {
    WEBNN_RETURN_IF_ERROR(FlatElements(node, x.sizes, *known, axis));
  }
  const Operand y = node.Emit(
      ops::GatherElements{.input = movement.Get(x), .indices = node.Get(1), .axis = axis});
  return movement.Set(0, Movement::Computed(y, x.element, indices));
}

Result<void> ImportGatherND(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t batch_dims, node.Int("batch_dims", 0));
  const ImportedValue& x = node.In(0);
  const std::vector<int64_t>& indices = node.SizesOf(1);
  const int64_t depth = indices.empty() ? 0 : indices.back();
  const bool fits = !indices.empty() && batch_dims >= 0 && depth >= 1 &&
                    batch_dims < std::min(node.RankOf(0), node.RankOf(1)) &&
                    depth <= node.RankOf(0) - batch_dims &&
                    std::equal(indices.begin(), indices.begin() + batch_dims, x.sizes.begin());
  if (!fits) {
    return node.Invalid(
        "indices of shape [{}] do not go with an input of shape [{}] and "
        "`batch_dims` {}",
        fmt::join(indices, ", "), fmt::join(x.sizes, ", "), batch_dims);
  }
  std::vector<int64_t> sizes(indices.begin(), indices.end() - 1);
  const auto rest = x.sizes.begin() + batch_dims + depth;
  sizes.insert(sizes.end(), rest, x.sizes.end());
  Movement movement(node);
  const auto slices = [&](int64_t count) {  // the input as a list of slices
    std::vector<int64_t> list = {count};
    list.insert(list.end(), rest, x.sizes.end());
    return list;
  };
  if (movement.OnHost(false, x.element, sizes)) {
    return movement.Set(0, Movement::Empty(x.element, std::move(sizes)));
  }
  if (movement.failed()) return movement.Set(0, x);
  const int64_t slice = ElementCount(std::span(rest, x.sizes.end()));
  if (const HostTensor* known = node.Known(1)) {
    WEBNN_ASSIGN_OR_RETURN(std::vector<int64_t> places,
                           FlatPlaces(node, x.sizes, *known, batch_dims));
    for (int64_t& place : places) place /= slice;
    const ImportedValue flat = movement.Reshape(x, slices(ElementCount(x.sizes) / slice));
    return movement.Set(0, movement.Reshape(movement.Take(flat, 0, places), sizes));
  }
  if (batch_dims == 0) {
    const Operand y = node.Emit(ops::GatherND{.input = movement.Get(x), .indices = node.Get(1)});
    return movement.Set(0, Movement::Computed(y, x.element, std::move(sizes)));
  }
  // The batch becomes a coordinate of its own.
  const int64_t batch = ElementCount(std::span(indices).first(static_cast<size_t>(batch_dims)));
  const int64_t lists = ElementCount(sizes) / slice / batch;
  std::vector<int64_t> batched = {batch};
  batched.insert(batched.end(), x.sizes.begin() + batch_dims, x.sizes.end());
  const Operand data = movement.Get(movement.Reshape(x, std::move(batched)));
  const Operand coordinates =
      node.Reshape(node.Cast(node.Get(1), DataType::kInt64), {batch, lists, depth});
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> items, Iota(node, batch));
  const Operand numbers =
      node.Expand(node.Constant(HostReshape(HostTensor::Integers(items), {batch, 1, 1})),
                  std::array{batch, lists, int64_t{1}});
  const Operand all = node.Emit(ops::Concat{.inputs = {numbers, coordinates}, .axis = 2});
  const Operand y = node.Emit(ops::GatherND{.input = data, .indices = all});
  return movement.Set(0, Movement::Computed(node.Reshape(y, sizes), x.element, sizes));
}

}  // namespace webnn::onnx_format
