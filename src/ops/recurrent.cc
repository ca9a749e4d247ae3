#include "ops/recurrent.h"

namespace webnn::ops {

Result<void> CheckSizes(const InferContext& context, std::string_view rule, std::string_view name,
                        const std::optional<Operand>& operand,
                        std::initializer_list<uint64_t> sizes) {
  if (!operand) return {};
  const Shape& shape = context.ShapeOf(*operand);
  if (std::equal(shape.begin(), shape.end(), sizes.begin(), sizes.end())) return {};
  return context.Reject(rule, "{} has shape {}; it must be [{}]", name, ToString(shape),
                        fmt::join(sizes, ", "));
}

Result<void> CheckWeights(const InferContext& context, const Recurrence& recurrence,
                          std::optional<uint64_t> directions) {
  const uint64_t hidden = recurrence.hidden_size;
  const uint64_t rows = hidden * recurrence.gates;
  const uint64_t largest = std::numeric_limits<int32_t>::max() / (2 * recurrence.gates);
  if (hidden == 0 || hidden > largest) {
    return context.Reject("hidden-size-range", "hiddenSize is {}; allowed are 1 to {}", hidden,
                          largest);
  }
  const Shape& input = context.ShapeOf(recurrence.input);
  const uint64_t columns = input[input.rank() - 1];
  auto check = [&](std::string_view rule, std::string_view name,
                   const std::optional<Operand>& operand,
                   std::initializer_list<uint64_t> sizes) -> Result<void> {
    if (!directions) return CheckSizes(context, rule, name, operand, sizes);
    return sizes.size() == 1
               ? CheckSizes(context, rule, name, operand, {*directions, *sizes.begin()})
               : CheckSizes(context, rule, name, operand,
                            {*directions, *sizes.begin(), *(sizes.begin() + 1)});
  };
  WEBNN_RETURN_IF_ERROR(check("weight-shape", "weight", recurrence.weight, {rows, columns}));
  WEBNN_RETURN_IF_ERROR(check("recurrent-weight-shape", "recurrentWeight",
                              recurrence.recurrent_weight, {rows, hidden}));
  WEBNN_RETURN_IF_ERROR(check("bias-shape", "bias", recurrence.bias, {rows}));
  return check("recurrent-bias-shape", "recurrentBias", recurrence.recurrent_bias, {rows});
}

Result<void> CheckSteps(const InferContext& context, Operand input, uint32_t steps) {
  const Shape& shape = context.ShapeOf(input);
  if (shape[0] == steps) return {};
  return context.Reject("steps-match", "steps is {}, but input has shape {}, of {} steps", steps,
                        ToString(shape), shape[0]);
}

std::string_view OnnxName(RecurrentNetworkDirection direction) {
  switch (direction) {
    case RecurrentNetworkDirection::kForward:
      return "forward";
    case RecurrentNetworkDirection::kBackward:
      return "reverse";
    case RecurrentNetworkDirection::kBoth:
      return "bidirectional";
  }
  return {};
}

std::string_view OnnxName(RecurrentNetworkActivation activation) {
  switch (activation) {
    case RecurrentNetworkActivation::kRelu:
      return "Relu";
    case RecurrentNetworkActivation::kSigmoid:
      return "Sigmoid";
    case RecurrentNetworkActivation::kTanh:
      return "Tanh";
  }
  return {};
}

std::vector<std::string_view> OnnxNames(std::span<const RecurrentNetworkActivation> activations,
                                        uint32_t directions) {
  std::vector<std::string_view> names;
  for (uint32_t i = 0; i < directions; ++i) {
    for (RecurrentNetworkActivation activation : activations) names.push_back(OnnxName(activation));
  }
  return names;
}

bool IsUnrolled(const Writer& writer, uint32_t steps,
                std::span<const RecurrentNetworkActivation> activations) {
  using enum RecurrentNetworkActivation;
  const bool usual = activations[0] == kSigmoid &&
                     std::all_of(activations.begin() + 1, activations.end(),
                                 [](RecurrentNetworkActivation one) { return one == kTanh; });
  const lowering::Target& target = writer.target();
  return steps <= target.unrolled_steps || (!usual && steps <= target.unrolled_unusual_steps);
}

LoweredValue Activate(Writer& writer, RecurrentNetworkActivation activation, LoweredValue value) {
  return writer.Emit(OnnxName(activation), {value});
}

std::vector<LoweredValue> SplitParts(Writer& writer, LoweredValue value, int64_t axis,
                                     std::span<const int64_t> sizes) {
  return writer.EmitMany("Split", {value, writer.Integers(sizes)}, sizes.size(), {{"axis", axis}});
}

LoweredValue Reorder(Writer& writer, LoweredValue value, int64_t axis, int64_t part_size,
                     std::span<const uint32_t> order) {
  if (!value || std::is_sorted(order.begin(), order.end())) return value;
  const std::vector<int64_t> sizes(order.size(), part_size);
  const std::vector<LoweredValue> parts = SplitParts(writer, value, axis, sizes);
  std::vector<LoweredValue> ordered;
  for (uint32_t part : order) ordered.push_back(parts[part]);
  return writer.Emit("Concat", std::move(ordered), {{"axis", axis}});
}

LoweredValue Linear(Writer& writer, LoweredValue x, LoweredValue weight, LoweredValue addend) {
  return writer.Emit("Gemm", {x, weight, addend}, {{"transB", int64_t{1}}});
}

LoweredValue At(Writer& writer, LoweredValue value, int64_t i) {
  if (!value) return value;
  return writer.Emit("Gather", {value, writer.Scalar(i, Element::kInt64)}, {{"axis", int64_t{0}}});
}

LoweredValue InitialState(Writer& writer, const std::optional<Operand>& state, int64_t direction,
                          std::array<int64_t, 2> sizes) {
  if (state) return At(writer, writer.Precise(*state), direction);
  return writer.Emit("Expand", {writer.Scalar(0, Element::kFloat), writer.Integers(sizes)});
}

LoweredValue Stack(Writer& writer, std::vector<LoweredValue> states, size_t output) {
  const LoweredValue rows = states.size() == 1
                                ? states[0]
                                : writer.Emit("Concat", std::move(states), {{"axis", int64_t{0}}});
  return writer.Reshape(rows, writer.OutputSizes(output));
}

std::vector<LoweredValue> OnnxInputs(Writer& writer, const Recurrence& recurrence,
                                     std::span<const uint32_t> order) {
  auto ordered = [&](LoweredValue value) {
    return Reorder(writer, value, 1, recurrence.hidden_size, order);
  };
  std::vector<LoweredValue> inputs = {writer.Precise(recurrence.input),
                                      ordered(writer.Precise(recurrence.weight)),
                                      ordered(writer.Precise(recurrence.recurrent_weight))};
  LoweredValue bias = ordered(writer.Precise(recurrence.bias));
  LoweredValue recurrent_bias = ordered(writer.Precise(recurrence.recurrent_bias));
  if (!bias && !recurrent_bias) {
    inputs.push_back({});
    return inputs;
  }
  // ONNX has both in one, or none.
  auto zeros = [&] {
    const int64_t directions = writer.ShapeOf(recurrence.weight)[0];
    const int64_t rows = writer.ShapeOf(recurrence.weight)[1];
    const std::vector<float> values(directions * rows, 0.0f);
    return writer.Constant<float>(values, {directions, rows}, Element::kFloat);
  };
  if (!bias) bias = zeros();
  if (!recurrent_bias) recurrent_bias = zeros();
  inputs.push_back(writer.Emit("Concat", {bias, recurrent_bias}, {{"axis", int64_t{1}}}));
  return inputs;
}

}  // namespace webnn::ops
