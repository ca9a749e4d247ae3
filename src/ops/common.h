#pragma once

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "core/try.h"
#include "ops/schema.h"

/// What several operators share: broadcasting, axes, shapes.
namespace webnn::ops {

using lowering::Attribute;
using lowering::Element;
using lowering::IsFloat;

inline std::vector<uint64_t> ToSizes(const Shape& shape) { return {shape.begin(), shape.end()}; }

/// An output like `operand`.
inline OutputShape SameAs(const InferContext& context, Operand operand) {
  return {context.TypeOf(operand), ToSizes(context.ShapeOf(operand))};
}

/// The shape that the operands have when broadcast in both directions.
Result<std::vector<uint64_t>> Broadcast(const InferContext& context,
                                        std::initializer_list<Operand> operands);
/// Whether `from` can be broadcast to `to`, which stays as it is.
bool BroadcastsTo(std::span<const uint32_t> from, std::span<const uint32_t> to);

/// Rule `axis-in-range`.
Result<void> CheckAxis(const InferContext& context, uint32_t axis, uint32_t rank);
/// Rules `axes-in-range` and `axes-unique`.
Result<void> CheckAxes(const InferContext& context, std::span<const uint32_t> axes, uint32_t rank);
/// Rule `<name>-length`.
Result<void> CheckLength(const InferContext& context, std::string_view name, size_t length,
                         uint32_t rank);

inline std::vector<int64_t> AllAxes(uint32_t rank) {
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}
template <class List>
std::vector<int64_t> ToInt64(const List& list) {
  return {list.begin(), list.end()};
}

/// For operators that map one operand to a result of the same type and shape.
template <class Op>
OpSchema ElementwiseSchema(std::string_view name, std::string_view doc, DataTypeSet types,
                           std::vector<OpField> options = {}) {
  options.insert(options.begin(), In<&Op::input>("input", types, kAnyRank));
  return MakeSchema<Op>(name, doc, std::move(options), {Out("output", types, kAnyRank, "input")});
}

}  // namespace webnn::ops
