#include "ops/common.h"

namespace webnn::ops {

template <>
const OpSchema& SchemaOf<Pad>() {
  using Op = Pad;
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Op>(
               "pad", "Adds elements at the ends of each axis: `value`, the edge, or a reflection.",
               {In<&Op::input>("input", kAny, kAnyRank),
                Required<&Op::beginning_padding>("beginningPadding"),
                Required<&Op::ending_padding>("endingPadding"), Option<&Op::mode>("mode"),
                Option<&Op::value>("value")},
               {Out("output", kAny, kAnyRank, "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Pad& op) {
  OutputShape output = SameAs(context, op.input);
  const auto rank = static_cast<uint32_t>(output.sizes.size());
  WEBNN_RETURN_IF_ERROR(
      CheckLength(context, "beginningPadding", op.beginning_padding.size(), rank));
  WEBNN_RETURN_IF_ERROR(CheckLength(context, "endingPadding", op.ending_padding.size(), rank));
  for (uint32_t axis = 0; axis < rank; ++axis) {
    const uint32_t most = std::max(op.beginning_padding[axis], op.ending_padding[axis]);
    if (op.mode == PaddingMode::kReflection && most >= output.sizes[axis]) {
      return context.Reject("reflection-below-size",
                            "a reflection of {} on axis {} must be less than its size {}", most,
                            axis, output.sizes[axis]);
    }
    output.sizes[axis] += uint64_t{op.beginning_padding[axis]} + op.ending_padding[axis];
  }
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Pad& op) {
  const LoweredValue input = writer.Get(op.input);
  // ONNX Runtime refuses a scalar, even with nothing to add.
  if (writer.SizesOf(op.input) == writer.OutputSizes()) return input;
  const Element element = writer.ComputeType(input.element, {"Pad"});
  std::vector<int64_t> pads = ToInt64(op.beginning_padding);
  pads.insert(pads.end(), op.ending_padding.begin(), op.ending_padding.end());
  std::vector<LoweredValue> inputs = {writer.Cast(input, element), writer.Integers(pads)};
  std::string_view mode = "constant";
  if (op.mode == PaddingMode::kConstant) {
    // Cast from the declared type, which the number is converted to.
    inputs.push_back(writer.Cast(writer.Scalar(op.value, input.element), element));
  } else {
    mode = op.mode == PaddingMode::kEdge ? "edge" : "reflect";
  }
  return writer.Emit("Pad", std::move(inputs), {{"mode", mode}});
}

}  // namespace webnn::ops
