#include "ops/common.h"

namespace webnn::ops {

constexpr size_t kMaxTensors = 8192;

template <>
const OpSchema& SchemaOf<Split>() {
  using Op = Split;
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Op>(
               "split", "Cuts `axis` into `splits` equal parts, or into parts of the sizes listed.",
               {In<&Op::input>("input", kAny, RankAtLeast(1)), Required<&Op::splits>("splits"),
                Option<&Op::axis>("axis")},
               {Out("outputs", kAny, RankAtLeast(1), "input")}));
  return kSchema;
}

Result<std::vector<OutputShape>> Infer(const InferContext& context, const Split& op) {
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.input)));
  const uint32_t size = context.ShapeOf(op.input)[op.axis];
  std::vector<Dimension> parts;
  if (const uint32_t* count = std::get_if<uint32_t>(&op.splits)) {
    if (*count == 0 || *count > kMaxTensors) {
      return context.Reject("splits-count", "splits is {}; allowed are 1 to {}", *count,
                            kMaxTensors);
    }
    if (size % *count != 0) {
      return context.Reject("splits-divide", "size {} of axis {} is not a multiple of splits {}",
                            size, op.axis, *count);
    }
    parts.assign(*count, size / *count);
  } else {
    parts = std::get<std::vector<Dimension>>(op.splits);
    if (parts.empty() || parts.size() > kMaxTensors) {
      return context.Reject("splits-count", "{} sizes are given; allowed are 1 to {}", parts.size(),
                            kMaxTensors);
    }
    uint64_t sum = 0;
    for (Dimension part : parts) {
      if (part == 0) return context.Reject("splits-positive", "a size in splits is 0");
      sum += part;
    }
    if (sum != size) {
      return context.Reject("splits-sum", "splits sum up to {}, but axis {} has size {}", sum,
                            op.axis, size);
    }
  }
  std::vector<OutputShape> outputs(parts.size(), SameAs(context, op.input));
  for (size_t i = 0; i < parts.size(); ++i) outputs[i].sizes[op.axis] = parts[i];
  return outputs;
}

std::vector<LoweredValue> LowerToOnnx(Writer& writer, const Split& op) {
  std::vector<int64_t> sizes;
  const auto* parts = std::get_if<std::vector<Dimension>>(&op.splits);
  const size_t count = parts ? parts->size() : std::get<uint32_t>(op.splits);
  for (size_t i = 0; i < count; ++i) sizes.push_back(writer.Output(i).shape()[op.axis]);
  return writer.EmitMany("Split", {writer.Widen(op.input, {"Split"}), writer.Integers(sizes)},
                         count, {{"axis", int64_t{op.axis}}});
}

}  // namespace webnn::ops
