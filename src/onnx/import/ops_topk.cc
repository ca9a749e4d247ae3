#include <algorithm>
#include <limits>
#include <numeric>

#include "fmt/ranges.h"
#include "onnx/import/numbers.h"
#include "onnx/import/ops_indexing.h"

/// TopK. The graph has no sorting: short axes are ranked by comparing every pair, of long ones the
/// best is taken `k` times. Of equal elements the one with the lower index comes first.
namespace webnn::onnx_format {
namespace {

struct TopK {
  int64_t outer, size;  // the input as [outer, size]
  int64_t k;
  bool largest;
  std::vector<int64_t> places;  // 0 to size - 1
};

// Indices of the best of each row, best first.
template <NumberKind T>
std::vector<int64_t> BestHere(const std::vector<T>& values, const TopK& top) {
  std::vector<int64_t> best;
  for (int64_t row = 0; row < top.outer; ++row) {
    const T* lane = values.data() + row * top.size;
    std::vector<int64_t> order = top.places;
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return top.largest ? Less(lane[b], lane[a]) : Less(lane[a], lane[b]);
    });
    best.insert(best.end(), order.begin(), order.begin() + top.k);
  }
  return best;
}

// The first `count` places, in this shape.
Operand Places(Node& node, const TopK& top, int64_t count, std::vector<int64_t> sizes) {
  const auto first = std::span(top.places).first(static_cast<size_t>(count));
  return node.Constant(HostReshape(HostTensor::Integers(first), std::move(sizes)));
}

// The rank of an element is the count of those that beat it: the greater ones, and the equal ones
// before it. The element of rank r is result r.
Operand BestByPairs(Node& node, Operand x, const TopK& top) {
  const int64_t n = top.size;
  const Operand other = node.Reshape(x, {top.outer, 1, n});
  const Operand self = node.Reshape(x, {top.outer, n, 1});
  const auto beats = [&](bool or_equal) {
    const Operand a = top.largest ? other : self;
    const Operand b = top.largest ? self : other;
    return or_equal ? node.Emit(ops::GreaterOrEqual{.a = a, .b = b})
                    : node.Emit(ops::Greater{.a = a, .b = b});
  };
  const Operand before =
      node.Emit(ops::Lesser{.a = Places(node, top, n, {1, n}), .b = Places(node, top, n, {n, 1})});
  const Operand beaten = node.Emit(
      ops::Where{.condition = before, .true_value = beats(true), .false_value = beats(false)});
  const Operand rank = node.Emit(ops::ReduceSum{.input = node.Cast(beaten, DataType::kInt64),
                                                .axes = std::vector<uint32_t>{2}});
  const Operand found = node.Emit(ops::Equal{.a = node.Reshape(rank, {top.outer, 1, n}),
                                             .b = Places(node, top, top.k, {top.k, 1})});
  return node.Emit(ops::ReduceSum{
      .input = node.Mul(node.Cast(found, DataType::kInt64), Places(node, top, n, {n})),
      .axes = std::vector<uint32_t>{2}});
}

// The number that no element is worse than.
Number Worst(DataType type, bool largest) {
  switch (type) {
    case DataType::kFloat32:
    case DataType::kFloat16: {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      return largest ? -kInfinity : kInfinity;
    }
    default:  // saturated to the type
      return largest ? Number(std::numeric_limits<int64_t>::min())
                     : Number(std::numeric_limits<uint64_t>::max());
  }
}

// The first of the best among those that are left, `k` times.
Operand BestByTurns(Node& node, Operand x, DataType type, const TopK& top) {
  const Operand index = Places(node, top, top.size, {1, top.size});
  const Operand none = node.Scalar(top.size, DataType::kInt64);
  const Operand worst = node.Scalar(Worst(type, top.largest), type);
  const std::vector<uint32_t> axes = {1};
  std::vector<Operand> turns;
  Operand left = node.Expand(node.Scalar(1, DataType::kUint8), std::array{top.outer, top.size});
  for (int64_t turn = 0; turn < top.k; ++turn) {
    const Operand rest =
        node.Emit(ops::Where{.condition = left, .true_value = x, .false_value = worst});
    const Operand best =
        top.largest
            ? node.Emit(ops::ReduceMax{.input = rest, .axes = axes, .keep_dimensions = true})
            : node.Emit(ops::ReduceMin{.input = rest, .axes = axes, .keep_dimensions = true});
    const Operand equal =
        node.Emit(ops::LogicalAnd{.a = left, .b = node.Emit(ops::Equal{.a = rest, .b = best})});
    const Operand first =
        node.Emit(ops::ReduceMin{.input = node.Emit(ops::Where{
                                     .condition = equal, .true_value = index, .false_value = none}),
                                 .axes = axes,
                                 .keep_dimensions = true});
    turns.push_back(first);
    left = node.Emit(
        ops::LogicalAnd{.a = left, .b = node.Emit(ops::NotEqual{.a = index, .b = first})});
  }
  return node.Emit(ops::Concat{.inputs = turns, .axis = 1});
}

}  // namespace

Result<void> ImportTopK(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", -1));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const int64_t largest, node.Int("largest", 1));
  int64_t k = 0;
  if (node.opset() < 10) {
    WEBNN_ASSIGN_OR_RETURN(k, node.Int("k", -1));
  } else {
    WEBNN_ASSIGN_OR_RETURN(k, KnownInteger(node, 1, "K"));
  }
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  const int64_t size = sizes[axis];
  if (k < 0 || k > size) {
    return node.Invalid("`K` is {}; axis {} has size {}", k, axis, size);
  }
  std::vector<int64_t> result_sizes = sizes;
  result_sizes[axis] = k;
  Movement movement(node);
  const Element element = node.TypeOf(0);
  if (ElementCount(result_sizes) == 0) {
    WEBNN_RETURN_IF_ERROR(movement.Set(0, Movement::Empty(element, result_sizes)));
    return movement.Set(1, Movement::Empty(Element::kInt64, result_sizes));
  }

  // The axis last, and back.
  std::vector<uint32_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin() + axis, order.begin() + axis + 1, order.end());
  std::vector<uint32_t> back(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) back[order[i]] = i;
  WEBNN_ASSIGN_OR_RETURN(std::vector<int64_t> places, Iota(node, size));
  const TopK top = {ElementCount(sizes) / size, size, k, largest != 0, std::move(places)};
  const ImportedValue x =
      movement.Reshape(movement.Transpose(node.In(0), order), {top.outer, size});
  std::vector<int64_t> moved;
  for (uint32_t i : order) moved.push_back(result_sizes[i]);
  const auto finish = [&](const ImportedValue& value) {
    return movement.Transpose(movement.Reshape(value, moved), back);
  };

  if (x.known() && KindOf(element)) {
    std::vector<int64_t> best = std::visit(
        [&](const auto& values) { return BestHere(values, top); }, *ReadNumbers(*x.known()));
    const ImportedValue indices =
        Movement::Known(HostReshape(HostTensor::Integers(best), {top.outer, k}));
    for (size_t i = 0; i < best.size(); ++i) best[i] += static_cast<int64_t>(i) / k * size;
    const ImportedValue flat = movement.Reshape(x, {top.outer * size});
    WEBNN_RETURN_IF_ERROR(
        movement.Set(0, finish(movement.Reshape(movement.Take(flat, 0, best), {top.outer, k}))));
    return movement.Set(1, finish(indices));
  }

  constexpr int64_t kMaxPairs = int64_t{1} << 22;
  constexpr int64_t kMaxTurns = 512;
  const Operand operand = movement.Get(x);
  WEBNN_RETURN_IF_ERROR(node.status());
  Operand best;
  if (size <= kMaxPairs / size && top.outer <= kMaxPairs / (size * size)) {
    best = BestByPairs(node, operand, top);
  } else if (k <= kMaxTurns) {
    best = BestByTurns(node, operand, node.DataTypeOf(operand), top);
  } else {
    return node.Refuse(
        fmt::format("it sorts {} elements of an axis of {}, and WebNN has no sorting", k, size),
        fmt::format("a `K` of at most {}", kMaxTurns));
  }
  const Operand values =
      node.Emit(ops::GatherElements{.input = operand, .indices = best, .axis = 1});
  WEBNN_RETURN_IF_ERROR(
      movement.Set(0, finish(Movement::Computed(values, element, {top.outer, k}))));
  return movement.Set(1, finish(Movement::Computed(best, Element::kInt64, {top.outer, k})));
}

}  // namespace webnn::onnx_format
