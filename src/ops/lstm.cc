#include "ops/recurrent.h"

namespace webnn::ops {
namespace {

constexpr uint32_t kGates = 4;

// Places of the gates i, o, f, g, which ONNX wants in this order.
std::array<uint32_t, kGates> GatesOf(LstmWeightLayout layout) {
  return layout == LstmWeightLayout::kIofg ? std::array<uint32_t, kGates>{0, 1, 2, 3}
                                           : std::array<uint32_t, kGates>{0, 3, 1, 2};
}

template <class Op>
Recurrence RecurrenceOf(const Op& op) {
  return {.input = op.input,
          .weight = op.weight,
          .recurrent_weight = op.recurrent_weight,
          .bias = op.bias,
          .recurrent_bias = op.recurrent_bias,
          .hidden_size = op.hidden_size,
          .gates = kGates};
}

// One step, as operators.
struct Step {
  LoweredValue recurrent_weight;
  LoweredValue recurrent_bias;
  std::vector<LoweredValue> peephole;  // of the gates i, o, f; or empty
  std::array<uint32_t, kGates> gates;
  std::array<RecurrentNetworkActivation, 3> activations;
  int64_t hidden_size;

  // `x` is the input's part of the gates.
  void Advance(Writer& writer, LoweredValue x, LoweredValue& hidden, LoweredValue& cell) const {
    LoweredValue sum = Linear(writer, hidden, recurrent_weight, x);
    if (recurrent_bias) sum = writer.Add(sum, recurrent_bias);
    const std::vector<int64_t> sizes(kGates, hidden_size);
    const std::vector<LoweredValue> parts = SplitParts(writer, sum, 1, sizes);
    // The peephole of every gate looks at the cell state before the step, that of o too.
    auto gate = [&](int which) {
      LoweredValue value = parts[gates[which]];
      if (!peephole.empty()) value = writer.Add(value, writer.Mul(peephole[which], cell));
      return Activate(writer, activations[0], value);
    };
    const LoweredValue i = gate(0);
    const LoweredValue o = gate(1);
    const LoweredValue f = gate(2);
    const LoweredValue g = Activate(writer, activations[1], parts[gates[3]]);
    cell = writer.Add(writer.Mul(f, cell), writer.Mul(i, g));
    hidden = writer.Mul(o, Activate(writer, activations[2], cell));
  }
};

// ONNX's output gate looks at the new cell state, so that with a peephole every step is written
// out; so it is where the target wants it.
std::vector<LoweredValue> LowerUnrolled(Writer& writer, const Lstm& op) {
  const std::vector<int64_t> peephole_sizes(3, op.hidden_size);
  return Unroll(
      writer, RecurrenceOf(op),
      {op.steps,
       op.direction,
       op.return_sequence,
       {op.initial_hidden_state, op.initial_cell_state}},
      [&](int64_t d) -> AdvanceStep {
        const Step step = {
            .recurrent_weight = At(writer, writer.Precise(op.recurrent_weight), d),
            .recurrent_bias = At(writer, writer.Precise(op.recurrent_bias), d),
            .peephole = op.peephole_weight
                            ? SplitParts(writer, At(writer, writer.Precise(*op.peephole_weight), d),
                                         0, peephole_sizes)
                            : std::vector<LoweredValue>(),
            .gates = GatesOf(op.layout),
            .activations = op.activations,
            .hidden_size = op.hidden_size};
        return [&writer, step](LoweredValue x, std::vector<LoweredValue>& states) {
          step.Advance(writer, x, states[0], states[1]);
        };
      });
}

}  // namespace

// ---- lstm ----

template <>
const OpSchema& SchemaOf<Lstm>() {
  using Op = Lstm;
  static const OpSchema kSchema = With(
      HalfPrecision::kIsland,
      MakeSchema<Op>(
          "lstm",
          "Long short-term memory over `steps`. Outputs: last hidden state, last cell state, then "
          "all "
          "hidden states with `returnSequence`.",
          {In<&Op::input>("input", kFloats, Rank(3)),
           In<&Op::weight>("weight", kFloats, Rank(3), "input"),
           In<&Op::recurrent_weight>("recurrentWeight", kFloats, Rank(3), "input"),
           Required<&Op::steps>("steps"), Required<&Op::hidden_size>("hiddenSize"),
           In<&Op::bias>("bias", kFloats, Rank(2), "input"),
           In<&Op::recurrent_bias>("recurrentBias", kFloats, Rank(2), "input"),
           In<&Op::peephole_weight>("peepholeWeight", kFloats, Rank(2), "input"),
           In<&Op::initial_hidden_state>("initialHiddenState", kFloats, Rank(3), "input"),
           In<&Op::initial_cell_state>("initialCellState", kFloats, Rank(3), "input"),
           Option<&Op::return_sequence>("returnSequence"), Option<&Op::direction>("direction"),
           Option<&Op::layout>("layout"), Option<&Op::activations>("activations")},
          {Out("output0", kFloats, Rank(3), "input"), Out("output1", kFloats, Rank(3), "input"),
           Out("output2", kFloats, Rank(4), "input")}));
  return kSchema;
}

Result<std::vector<OutputShape>> Infer(const InferContext& context, const Lstm& op) {
  const uint64_t directions = DirectionCount(op.direction);
  const uint64_t batch = context.ShapeOf(op.input)[1];
  const uint64_t hidden_size = op.hidden_size;
  WEBNN_RETURN_IF_ERROR(CheckSteps(context, op.input, op.steps));
  WEBNN_RETURN_IF_ERROR(CheckWeights(context, RecurrenceOf(op), directions));
  WEBNN_RETURN_IF_ERROR(CheckSizes(context, "peephole-weight-shape", "peepholeWeight",
                                   op.peephole_weight, {directions, 3 * hidden_size}));
  WEBNN_RETURN_IF_ERROR(CheckSizes(context, "initial-hidden-state-shape", "initialHiddenState",
                                   op.initial_hidden_state, {directions, batch, hidden_size}));
  WEBNN_RETURN_IF_ERROR(CheckSizes(context, "initial-cell-state-shape", "initialCellState",
                                   op.initial_cell_state, {directions, batch, hidden_size}));
  const OutputShape state = {context.TypeOf(op.input), {directions, batch, hidden_size}};
  std::vector<OutputShape> outputs = {state, state};
  if (op.return_sequence) {
    outputs.push_back({state.data_type, {op.steps, directions, batch, hidden_size}});
  }
  return outputs;
}

std::vector<LoweredValue> LowerToOnnx(Writer& writer, const Lstm& op) {
  if (op.peephole_weight || IsUnrolled(writer, op.steps, op.activations)) {
    return LowerUnrolled(writer, op);
  }
  std::vector<LoweredValue> inputs = OnnxInputs(writer, RecurrenceOf(op), GatesOf(op.layout));
  inputs.push_back({});  // lengths of the sequences: all are whole
  inputs.push_back(writer.Precise(op.initial_hidden_state));
  inputs.push_back(writer.Precise(op.initial_cell_state));
  const std::vector<LoweredValue> results =
      writer.EmitMany("LSTM", std::move(inputs), 3,
                      {{"activations", OnnxNames(op.activations, DirectionCount(op.direction))},
                       {"direction", OnnxName(op.direction)},
                       {"hidden_size", int64_t{op.hidden_size}}});
  std::vector<LoweredValue> outputs = {results[1], results[2]};
  if (op.return_sequence) outputs.push_back(results[0]);
  return outputs;
}

// ---- lstmCell ----

template <>
const OpSchema& SchemaOf<LstmCell>() {
  using Op = LstmCell;
  static const OpSchema kSchema = With(
      HalfPrecision::kIsland,
      MakeSchema<Op>(
          "lstmCell", "One step of a long short-term memory. Outputs: hidden state, cell state.",
          {In<&Op::input>("input", kFloats, Rank(2)),
           In<&Op::weight>("weight", kFloats, Rank(2), "input"),
           In<&Op::recurrent_weight>("recurrentWeight", kFloats, Rank(2), "input"),
           In<&Op::hidden_state>("hiddenState", kFloats, Rank(2), "input"),
           In<&Op::cell_state>("cellState", kFloats, Rank(2), "input"),
           Required<&Op::hidden_size>("hiddenSize"),
           In<&Op::bias>("bias", kFloats, Rank(1), "input"),
           In<&Op::recurrent_bias>("recurrentBias", kFloats, Rank(1), "input"),
           In<&Op::peephole_weight>("peepholeWeight", kFloats, Rank(1), "input"),
           Option<&Op::layout>("layout"), Option<&Op::activations>("activations")},
          {Out("output0", kFloats, Rank(2), "input"), Out("output1", kFloats, Rank(2), "input")}));
  return kSchema;
}

Result<std::vector<OutputShape>> Infer(const InferContext& context, const LstmCell& op) {
  const uint64_t batch = context.ShapeOf(op.input)[0];
  const uint64_t hidden_size = op.hidden_size;
  WEBNN_RETURN_IF_ERROR(CheckWeights(context, RecurrenceOf(op), std::nullopt));
  WEBNN_RETURN_IF_ERROR(CheckSizes(context, "peephole-weight-shape", "peepholeWeight",
                                   op.peephole_weight, {3 * hidden_size}));
  WEBNN_RETURN_IF_ERROR(CheckSizes(context, "hidden-state-shape", "hiddenState", op.hidden_state,
                                   {batch, hidden_size}));
  WEBNN_RETURN_IF_ERROR(
      CheckSizes(context, "cell-state-shape", "cellState", op.cell_state, {batch, hidden_size}));
  const OutputShape state = {context.TypeOf(op.input), {batch, hidden_size}};
  return std::vector<OutputShape>{state, state};
}

std::vector<LoweredValue> LowerToOnnx(Writer& writer, const LstmCell& op) {
  Step step = {.recurrent_weight = writer.Precise(op.recurrent_weight),
               .recurrent_bias = writer.Precise(op.recurrent_bias),
               .peephole = {},
               .gates = GatesOf(op.layout),
               .activations = op.activations,
               .hidden_size = op.hidden_size};
  if (op.peephole_weight) {
    const std::vector<int64_t> sizes(3, op.hidden_size);
    step.peephole = SplitParts(writer, writer.Precise(*op.peephole_weight), 0, sizes);
  }
  LoweredValue hidden = writer.Precise(op.hidden_state);
  LoweredValue cell = writer.Precise(op.cell_state);
  const LoweredValue x =
      Linear(writer, writer.Precise(op.input), writer.Precise(op.weight), writer.Precise(op.bias));
  step.Advance(writer, x, hidden, cell);
  return {hidden, cell};
}

}  // namespace webnn::ops
