#include "ops/common.h"

namespace webnn::ops {

template <>
const OpSchema& SchemaOf<CumulativeSum>() {
  using Op = CumulativeSum;
  static const OpSchema kSchema = MakeSchema<Op>(
      "cumulativeSum",
      "Running sum along `axis`, `exclusive` of the element itself, from the end when `reversed`.",
      {In<&Op::input>("input", kArithmetic, RankAtLeast(1)), Required<&Op::axis>("axis"),
       Option<&Op::exclusive>("exclusive"), Option<&Op::reversed>("reversed")},
      {Out("output", kArithmetic, RankAtLeast(1), "input")});
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const CumulativeSum& op) {
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.input)));
  return SameAs(context, op.input);
}

LoweredValue LowerToOnnx(Writer& writer, const CumulativeSum& op) {
  const LoweredValue input = writer.Precise(writer.Widen(op.input, {"CumSum"}));
  return writer.Emit("CumSum", {input, writer.Scalar(op.axis, Element::kInt64)},
                     {{"exclusive", int64_t{op.exclusive}}, {"reverse", int64_t{op.reversed}}});
}

}  // namespace webnn::ops
