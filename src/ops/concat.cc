#include "ops/common.h"

namespace webnn::ops {

constexpr size_t kMaxTensors = 8192;

template <>
const OpSchema& SchemaOf<Concat>() {
  using Op = Concat;
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      MakeSchema<Op>("concat", "Joins 1 to 8192 tensors of equal other sizes along `axis`.",
                     {In<&Op::inputs>("inputs", kAny, RankAtLeast(1)), Required<&Op::axis>("axis")},
                     {Out("output", kAny, RankAtLeast(1), "inputs")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Concat& op) {
  if (op.inputs.empty() || op.inputs.size() > kMaxTensors) {
    return context.Reject("inputs-count", "{} inputs are given; allowed are 1 to {}",
                          op.inputs.size(), kMaxTensors);
  }
  OutputShape output = SameAs(context, op.inputs[0]);
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.inputs[0])));
  for (size_t i = 1; i < op.inputs.size(); ++i) {
    const OperandDescriptor& first = context.Describe(op.inputs[0]);
    const OperandDescriptor& other = context.Describe(op.inputs[i]);
    if (other.data_type() != first.data_type()) {
      return context.Reject("inputs-same-type", "inputs[{}] is {}, but inputs[0] is {}", i,
                            Name(other.data_type()), Name(first.data_type()));
    }
    bool fits = other.rank() == first.rank();
    for (uint32_t axis = 0; fits && axis < first.rank(); ++axis) {
      fits = axis == op.axis || other.shape()[axis] == first.shape()[axis];
    }
    if (!fits) {
      return context.Reject("inputs-same-shape",
                            "inputs[{}] has shape {}, but inputs[0] has {}; all sizes but that of "
                            "axis {} must be equal",
                            i, ToString(other.shape()), ToString(first.shape()), op.axis);
    }
    output.sizes[op.axis] += other.shape()[op.axis];
  }
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Concat& op) {
  std::vector<LoweredValue> inputs;
  for (Operand input : op.inputs) inputs.push_back(writer.Widen(input, {"Concat"}));
  return writer.Emit("Concat", std::move(inputs), {{"axis", int64_t{op.axis}}});
}

}  // namespace webnn::ops
