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

namespace {

// The state that a direction begins with: zeros where none is given.
LoweredValue InitialState(Writer& writer, const std::optional<Operand>& state, int64_t direction,
                          std::array<int64_t, 2> sizes) {
  if (state) return At(writer, writer.Precise(*state), direction);
  return writer.Emit("Expand", {writer.Scalar(0, Element::kFloat), writer.Integers(sizes)});
}

// The states one behind the other, in the sizes of the operator's output.
LoweredValue Stack(Writer& writer, std::vector<LoweredValue> states, size_t output) {
  const LoweredValue rows = states.size() == 1
                                ? states[0]
                                : writer.Emit("Concat", std::move(states), {{"axis", int64_t{0}}});
  return writer.Reshape(rows, writer.OutputSizes(output));
}

}  // namespace

std::vector<LoweredValue> Unroll(Writer& writer, const Recurrence& recurrence,
                                 const Unrolling& unrolling,
                                 const std::function<AdvanceStep(int64_t direction)>& step_of) {
  const int64_t directions = DirectionCount(unrolling.direction);
  const int64_t steps = unrolling.steps;
  const int64_t batch = writer.ShapeOf(recurrence.input)[1];
  const std::array flat_sizes = {steps * batch, int64_t{writer.ShapeOf(recurrence.input)[2]}};
  const LoweredValue flat = writer.Reshape(writer.Precise(recurrence.input), flat_sizes);
  std::vector<std::vector<LoweredValue>> last(unrolling.initial_states.size());
  std::vector<LoweredValue> sequence(steps * directions);
  for (int64_t d = 0; d < directions; ++d) {
    const AdvanceStep advance = step_of(d);
    // All steps' part of the input at once.
    const LoweredValue product =
        Linear(writer, flat, At(writer, writer.Precise(recurrence.weight), d),
               At(writer, writer.Precise(recurrence.bias), d));
    const std::vector<LoweredValue> x =
        SplitParts(writer, product, 0, std::vector<int64_t>(steps, batch));
    std::vector<LoweredValue> states;
    for (const std::optional<Operand>& initial : unrolling.initial_states) {
      states.push_back(InitialState(writer, initial, d, {batch, recurrence.hidden_size}));
    }
    const bool backward = unrolling.direction == RecurrentNetworkDirection::kBackward || d == 1;
    for (int64_t k = 0; k < steps; ++k) {
      const int64_t t = backward ? steps - 1 - k : k;
      advance(x[t], states);
      sequence[t * directions + d] = states[0];
    }
    for (size_t i = 0; i < states.size(); ++i) last[i].push_back(states[i]);
  }
  std::vector<LoweredValue> outputs;
  for (std::vector<LoweredValue>& states : last) {
    outputs.push_back(Stack(writer, std::move(states), outputs.size()));
  }
  if (unrolling.return_sequence) {
    outputs.push_back(Stack(writer, std::move(sequence), outputs.size()));
  }
  return outputs;
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
