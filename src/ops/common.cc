#include "ops/common.h"

namespace webnn::ops {

Result<std::vector<uint64_t>> Broadcast(const InferContext& context,
                                        std::initializer_list<Operand> operands) {
  std::vector<uint64_t> sizes;
  for (Operand operand : operands) {
    const Shape& shape = context.ShapeOf(operand);
    if (shape.rank() > sizes.size()) sizes.insert(sizes.begin(), shape.rank() - sizes.size(), 1);
    const size_t offset = sizes.size() - shape.rank();
    for (uint32_t axis = 0; axis < shape.rank(); ++axis) {
      uint64_t& size = sizes[offset + axis];
      if (size != shape[axis] && size != 1 && shape[axis] != 1) {
        std::vector<std::string> shapes;
        for (Operand other : operands) shapes.push_back(ToString(context.ShapeOf(other)));
        return context.Reject("broadcastable",
                              "the shapes {} cannot be broadcast: sizes from the last axis on must "
                              "be equal or 1",
                              fmt::join(shapes, " and "));
      }
      size = std::max<uint64_t>(size, shape[axis]);
    }
  }
  return sizes;
}

bool BroadcastsTo(std::span<const uint32_t> from, std::span<const uint32_t> to) {
  if (from.size() > to.size()) return false;
  const size_t offset = to.size() - from.size();
  for (size_t axis = 0; axis < from.size(); ++axis) {
    if (from[axis] != 1 && from[axis] != to[offset + axis]) return false;
  }
  return true;
}

Result<void> CheckAxis(const InferContext& context, uint32_t axis, uint32_t rank) {
  if (axis < rank) return {};
  return context.Reject("axis-in-range", "axis {} is not below {}, the rank of the input", axis,
                        rank);
}

Result<void> CheckAxes(const InferContext& context, std::span<const uint32_t> axes, uint32_t rank) {
  std::vector<bool> seen(rank, false);
  for (uint32_t axis : axes) {
    if (axis >= rank) {
      return context.Reject("axes-in-range", "axis {} in axes [{}] is not below {}, the rank", axis,
                            fmt::join(axes, ", "), rank);
    }
    if (seen[axis]) {
      return context.Reject("axes-unique", "axis {} is twice in axes [{}]", axis,
                            fmt::join(axes, ", "));
    }
    seen[axis] = true;
  }
  return {};
}

Result<void> CheckLength(const InferContext& context, std::string_view name, size_t length,
                         uint32_t rank) {
  if (length == rank) return {};
  return context.Reject(fmt::format("{}-length", name),
                        "{} has {} elements; it must have one for each of the {} axes of the input",
                        name, length, rank);
}

}  // namespace webnn::ops
