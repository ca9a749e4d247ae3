#include "ops/common.h"

namespace webnn::ops {

template <>
const OpSchema& SchemaOf<Cast>() {
  static const OpSchema kSchema = MakeSchema<Cast>(
      "cast",
      "Converts every element: integers wrap, floats are truncated toward zero or rounded to "
      "nearest.",
      {In<&Cast::input>("input", kAny, kAnyRank), Required<&Cast::data_type>("dataType")},
      {Out("output", kAny, kAnyRank)});
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Cast& op) {
  if (!kAny.Has(op.data_type)) {
    return context.Reject("data-type", "a cast to {} is not defined", Name(op.data_type));
  }
  return OutputShape{op.data_type, ToSizes(context.ShapeOf(op.input))};
}

LoweredValue LowerToOnnx(Writer& writer, const Cast& op) {
  return writer.Cast(writer.Get(op.input), lowering::ElementOf(op.data_type));
}

}  // namespace webnn::ops
