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
  const int64_t more = int64_t{writer.ShapeOf(op.indices)[op.axis]} - size[0];
  const bool is_short = writer.target().few_scatter_indices && more > 0;
  LoweredValue input = writer.Widen(op.input, {"ScatterElements"});
  if (is_short) {
    // Room for as many elements as there are indices; no index reaches it.
    std::vector<int64_t> pads(2 * size_t{writer.RankOf(op.input)}, 0);
    pads[writer.RankOf(op.input) + op.axis] = more;
    input = writer.Emit("Pad", {input, writer.Integers(pads), writer.Scalar(0, input.element)});
  }
  const LoweredValue output =
      writer.Emit("ScatterElements",
                  {input, ClampIndices(writer, op.indices, size, IndexType::kAnyInteger),
                   writer.Widen(op.updates, {"ScatterElements"})},
                  {{"axis", int64_t{op.axis}}});
  if (!is_short) return output;
  return writer.Slice(output, std::array{int64_t{0}}, size, std::array{int64_t{op.axis}});
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
