#include "ops/gather.h"

namespace webnn::ops {

// ---- scatterElements ----

template <>
const OpSchema& SchemaOf<ScatterElements>() {
  using Op = ScatterElements;
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      MakeSchema<Op>(
          "scatterElements",
          "A copy of the input with one element replaced for each index, along `axis`.",
          {In<&Op::input>("input", kAny, RankAtLeast(1)),
           In<&Op::indices>("indices", kIndices, RankAtLeast(1)),
           In<&Op::updates>("updates", kAny, RankAtLeast(1), "input"), Option<&Op::axis>("axis")},
          {Out("output", kAny, RankAtLeast(1), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const ScatterElements& op) {
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.input)));
  WEBNN_RETURN_IF_ERROR(CheckElementIndices(context, op.input, op.indices, op.axis));
  if (context.ShapeOf(op.updates) != context.ShapeOf(op.indices)) {
    return context.Reject("updates-shape", "updates have shape {}, indices {}; they must be equal",
                          ToString(context.ShapeOf(op.updates)),
                          ToString(context.ShapeOf(op.indices)));
  }
  return SameAs(context, op.input);
}

LoweredValue LowerToOnnx(Writer& writer, const ScatterElements& op) {
  const std::array<int64_t, 1> size = {writer.ShapeOf(op.input)[op.axis]};
  return writer.Emit("ScatterElements",
                     {writer.Widen(op.input, {"ScatterElements"}),
                      ClampIndices(writer, op.indices, size, IndexType::kAnyInteger),
                      writer.Widen(op.updates, {"ScatterElements"})},
                     {{"axis", int64_t{op.axis}}});
}

// ---- scatterND ----

template <>
const OpSchema& SchemaOf<ScatterND>() {
  using Op = ScatterND;
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Op>("scatterND",
                          "A copy of the input with slices replaced at the coordinates in the last "
                          "axis of `indices`.",
                          {In<&Op::input>("input", kAny, RankAtLeast(1)),
                           In<&Op::indices>("indices", kIndices, RankAtLeast(1)),
                           In<&Op::updates>("updates", kAny, kAnyRank, "input")},
                          {Out("output", kAny, RankAtLeast(1), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const ScatterND& op) {
  WEBNN_ASSIGN_OR_RETURN(const uint32_t depth, IndexedAxes(context, op.input, op.indices));
  const std::vector<uint64_t> expected = NDSizes(context, op.input, op.indices, depth);
  if (ToSizes(context.ShapeOf(op.updates)) != expected) {
    return context.Reject(
        "updates-shape", "updates have shape {}; indices {} of an input {} need [{}]",
        ToString(context.ShapeOf(op.updates)), ToString(context.ShapeOf(op.indices)),
        ToString(context.ShapeOf(op.input)), fmt::join(expected, ", "));
  }
  return SameAs(context, op.input);
}

LoweredValue LowerToOnnx(Writer& writer, const ScatterND& op) {
  std::vector<int64_t> sizes = writer.SizesOf(op.input);
  sizes.resize(writer.SizesOf(op.indices).back());
  return writer.Emit("ScatterND", {writer.Widen(op.input, {"ScatterND"}),
                                   ClampIndices(writer, op.indices, sizes, IndexType::kInt64Only),
                                   writer.Widen(op.updates, {"ScatterND"})});
}

}  // namespace webnn::ops
