#include "ops/gather.h"

namespace webnn::ops {

LoweredValue ClampIndices(Writer& writer, Operand indices, std::span<const int64_t> sizes,
                          IndexType type) {
  LoweredValue value = writer.Get(indices);
  const bool narrow_allowed = type == IndexType::kAnyInteger && value.element == Element::kInt32;
  if (auto constants = writer.ConstantIntegers(indices)) {
    bool changed = false;
    for (size_t i = 0; i < constants->size(); ++i) {
      int64_t& index = (*constants)[i];
      const int64_t size = sizes[i % sizes.size()];
      const int64_t clamped = std::clamp(index, -size, size - 1);
      const int64_t wrapped = clamped < 0 ? clamped + size : clamped;
      changed = changed || wrapped != index;
      index = wrapped;
    }
    if (!changed && (narrow_allowed || value.element == Element::kInt64)) return value;
    return writer.Constant<int64_t>(*constants, writer.SizesOf(indices), Element::kInt64);
  }
  if (!narrow_allowed) value = writer.Cast(value, Element::kInt64);
  const bool uniform =
      std::all_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size == sizes[0]; });
  const auto from_begin = [&](LoweredValue index, LoweredValue size) {
    if (!writer.target().positive_indices) return index;
    return writer.Where(writer.Less(index, writer.Scalar(0, index.element)),
                        writer.Add(index, size), index);
  };
  if (uniform) {
    return from_begin(writer.Clip(value, writer.Scalar(-sizes[0], value.element),
                                  writer.Scalar(sizes[0] - 1, value.element)),
                      writer.Scalar(sizes[0], value.element));
  }
  std::vector<int64_t> lowest;
  std::vector<int64_t> highest;
  for (int64_t size : sizes) {
    lowest.push_back(-size);
    highest.push_back(size - 1);
  }
  auto bound = [&](const std::vector<int64_t>& bounds) {
    return writer.Cast(writer.Integers(bounds), value.element);
  };
  return from_begin(writer.Min(writer.Max(value, bound(lowest)), bound(highest)),
                    bound({sizes.begin(), sizes.end()}));
}

Result<void> CheckElementIndices(const InferContext& context, Operand input, Operand indices,
                                 uint32_t axis) {
  const Shape& sizes = context.ShapeOf(input);
  const Shape& given = context.ShapeOf(indices);
  if (given.rank() != sizes.rank()) {
    return context.Reject("indices-rank-as-input",
                          "indices have shape {}; the rank must be {}, the input's",
                          ToString(given), sizes.rank());
  }
  for (uint32_t i = 0; i < sizes.rank(); ++i) {
    if (i == axis || given[i] == sizes[i]) continue;
    return context.Reject("indices-shape",
                          "indices have shape {}, input has {}; all sizes but that of axis {} must "
                          "be equal",
                          ToString(given), ToString(sizes), axis);
  }
  return {};
}

Result<uint32_t> IndexedAxes(const InferContext& context, Operand input, Operand indices) {
  const Shape& shape = context.ShapeOf(indices);
  const uint32_t depth = shape[shape.rank() - 1];
  if (depth <= context.RankOf(input)) return depth;
  return context.Reject("indices-depth",
                        "the last size of indices of shape {} is more than {}, the input's rank",
                        ToString(shape), context.RankOf(input));
}

std::vector<uint64_t> NDSizes(const InferContext& context, Operand input, Operand indices,
                              uint32_t depth) {
  std::vector<uint64_t> sizes = ToSizes(context.ShapeOf(indices));
  sizes.pop_back();
  const Shape& shape = context.ShapeOf(input);
  sizes.insert(sizes.end(), shape.begin() + depth, shape.end());
  return sizes;
}

// ---- gather ----

template <>
const OpSchema& SchemaOf<Gather>() {
  using Op = Gather;
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      MakeSchema<Op>("gather",
                     "Slices of the input along `axis` at `indices`; negative indices count from "
                     "the end, others "
                     "are clamped.",
                     {In<&Op::input>("input", kAny, RankAtLeast(1)),
                      In<&Op::indices>("indices", kIndices, kAnyRank), Option<&Op::axis>("axis")},
                     {Out("output", kAny, RankAtLeast(1), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Gather& op) {
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.input)));
  OutputShape output = SameAs(context, op.input);
  const std::vector<uint64_t> indices = ToSizes(context.ShapeOf(op.indices));
  auto place = output.sizes.erase(output.sizes.begin() + op.axis);
  output.sizes.insert(place, indices.begin(), indices.end());
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Gather& op) {
  const std::array<int64_t, 1> size = {writer.ShapeOf(op.input)[op.axis]};
  return writer.Emit("Gather",
                     {writer.Widen(op.input, {"Gather"}),
                      ClampIndices(writer, op.indices, size, IndexType::kAnyInteger)},
                     {{"axis", int64_t{op.axis}}});
}

// ---- gatherElements ----

template <>
const OpSchema& SchemaOf<GatherElements>() {
  using Op = GatherElements;
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Op>(
               "gatherElements", "One element of the input for each index, along `axis`.",
               {In<&Op::input>("input", kAny, RankAtLeast(1)),
                In<&Op::indices>("indices", kIndices, RankAtLeast(1)), Option<&Op::axis>("axis")},
               {Out("output", kAny, RankAtLeast(1), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const GatherElements& op) {
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.input)));
  WEBNN_RETURN_IF_ERROR(CheckElementIndices(context, op.input, op.indices, op.axis));
  return OutputShape{context.TypeOf(op.input), ToSizes(context.ShapeOf(op.indices))};
}

LoweredValue LowerToOnnx(Writer& writer, const GatherElements& op) {
  const std::array<int64_t, 1> size = {writer.ShapeOf(op.input)[op.axis]};
  return writer.Emit("GatherElements",
                     {writer.Widen(op.input, {"GatherElements"}),
                      ClampIndices(writer, op.indices, size, IndexType::kAnyInteger)},
                     {{"axis", int64_t{op.axis}}});
}

// ---- gatherND ----

template <>
const OpSchema& SchemaOf<GatherND>() {
  using Op = GatherND;
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Op>("gatherND",
                          "Slices of the input at the coordinates in the last axis of `indices`.",
                          {In<&Op::input>("input", kAny, RankAtLeast(1)),
                           In<&Op::indices>("indices", kIndices, RankAtLeast(1))},
                          {Out("output", kAny, kAnyRank, "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const GatherND& op) {
  WEBNN_ASSIGN_OR_RETURN(const uint32_t depth, IndexedAxes(context, op.input, op.indices));
  return OutputShape{context.TypeOf(op.input), NDSizes(context, op.input, op.indices, depth)};
}

LoweredValue LowerToOnnx(Writer& writer, const GatherND& op) {
  std::vector<int64_t> sizes = writer.SizesOf(op.input);
  sizes.resize(writer.SizesOf(op.indices).back());
  return writer.Emit("GatherND", {writer.Widen(op.input, {"GatherND"}),
                                  ClampIndices(writer, op.indices, sizes, IndexType::kInt64Only)});
}

}  // namespace webnn::ops
