#include "ops/recurrent.h"

namespace webnn::ops {
namespace {

constexpr uint32_t kGates = 3;

// Places of the gates z, r, n, which ONNX wants in this order.
std::array<uint32_t, kGates> GatesOf(GruWeightLayout layout) {
  return layout == GruWeightLayout::kZrn ? std::array<uint32_t, kGates>{0, 1, 2}
                                         : std::array<uint32_t, kGates>{1, 0, 2};
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
class Step {
 public:
  template <class Op>
  Step(Writer& writer, LoweredValue recurrent_weight, LoweredValue recurrent_bias, const Op& op)
      : weight_(recurrent_weight),
        bias_(recurrent_bias),
        places_(GatesOf(op.layout)),
        activations_(op.activations),
        hidden_size_(op.hidden_size),
        reset_after_(op.reset_after) {
    if (reset_after_) return;
    weights_ = SplitParts(writer, weight_, 0, PartSizes());
    if (bias_) biases_ = SplitParts(writer, bias_, 0, PartSizes());
  }

  // The input's part of the gates z and r together, and of n.
  std::vector<LoweredValue> SplitInput(Writer& writer, LoweredValue product) const {
    return SplitParts(writer, product, 1, PartSizes());
  }

  // The next hidden state.
  LoweredValue Advance(Writer& writer, const std::vector<LoweredValue>& x,
                       LoweredValue hidden) const {
    // Gates z and r from the hidden state, and its part of n where that does not wait for r.
    LoweredValue hidden_gates;
    LoweredValue hidden_n;
    if (reset_after_) {
      const auto parts = SplitParts(writer, Linear(writer, hidden, weight_, bias_), 1, PartSizes());
      hidden_gates = parts[0];
      hidden_n = parts[1];
    } else {
      hidden_gates = Linear(writer, hidden, weights_[0], biases_[0]);
    }
    const std::array halves = {hidden_size_, hidden_size_};
    const auto gates = SplitParts(
        writer, Activate(writer, activations_[0], writer.Add(x[0], hidden_gates)), 1, halves);
    const LoweredValue z = gates[places_[0]];
    const LoweredValue r = gates[places_[1]];
    hidden_n = reset_after_ ? writer.Mul(r, hidden_n)
                            : Linear(writer, writer.Mul(r, hidden), weights_[1], biases_[1]);
    const LoweredValue n = Activate(writer, activations_[1], writer.Add(x[1], hidden_n));
    const LoweredValue one = writer.Scalar(1, z.element);
    return writer.Add(writer.Mul(z, hidden), writer.Mul(writer.Sub(one, z), n));
  }

 private:
  std::array<int64_t, 2> PartSizes() const { return {2 * hidden_size_, hidden_size_}; }

  LoweredValue weight_;
  LoweredValue bias_;
  std::vector<LoweredValue> weights_;  // of z and r, and of n
  std::vector<LoweredValue> biases_ = std::vector<LoweredValue>(2);
  std::array<uint32_t, kGates> places_;
  std::array<RecurrentNetworkActivation, 2> activations_;
  int64_t hidden_size_;
  bool reset_after_;
};

std::vector<LoweredValue> LowerUnrolled(Writer& writer, const Gru& op) {
  return Unroll(writer, RecurrenceOf(op),
                {op.steps, op.direction, op.return_sequence, {op.initial_hidden_state}},
                [&](int64_t d) -> AdvanceStep {
                  const Step step(writer, At(writer, writer.Precise(op.recurrent_weight), d),
                                  At(writer, writer.Precise(op.recurrent_bias), d), op);
                  return [&writer, step](LoweredValue x, std::vector<LoweredValue>& states) {
                    states[0] = step.Advance(writer, step.SplitInput(writer, x), states[0]);
                  };
                });
}

}  // namespace

// ---- gru ----

template <>
const OpSchema& SchemaOf<Gru>() {
  using Op = Gru;
  static const OpSchema kSchema = With(
      HalfPrecision::kIsland,
      MakeSchema<Op>(
          "gru",
          "Gated recurrent unit over `steps`. Outputs: last hidden state [directions, batch, "
          "hidden], "
          "then all of them with `returnSequence`.",
          {In<&Op::input>("input", kFloats, Rank(3)),
           In<&Op::weight>("weight", kFloats, Rank(3), "input"),
           In<&Op::recurrent_weight>("recurrentWeight", kFloats, Rank(3), "input"),
           Required<&Op::steps>("steps"), Required<&Op::hidden_size>("hiddenSize"),
           In<&Op::bias>("bias", kFloats, Rank(2), "input"),
           In<&Op::recurrent_bias>("recurrentBias", kFloats, Rank(2), "input"),
           In<&Op::initial_hidden_state>("initialHiddenState", kFloats, Rank(3), "input"),
           Option<&Op::reset_after>("resetAfter"), Option<&Op::return_sequence>("returnSequence"),
           Option<&Op::direction>("direction"), Option<&Op::layout>("layout"),
           Option<&Op::activations>("activations")},
          {Out("output0", kFloats, Rank(3), "input"), Out("output1", kFloats, Rank(4), "input")}));
  return kSchema;
}

Result<std::vector<OutputShape>> Infer(const InferContext& context, const Gru& op) {
  const uint64_t directions = DirectionCount(op.direction);
  const uint64_t batch = context.ShapeOf(op.input)[1];
  WEBNN_RETURN_IF_ERROR(CheckSteps(context, op.input, op.steps));
  WEBNN_RETURN_IF_ERROR(CheckWeights(context, RecurrenceOf(op), directions));
  WEBNN_RETURN_IF_ERROR(CheckSizes(context, "initial-hidden-state-shape", "initialHiddenState",
                                   op.initial_hidden_state, {directions, batch, op.hidden_size}));
  const DataType type = context.TypeOf(op.input);
  std::vector<OutputShape> outputs = {{type, {directions, batch, op.hidden_size}}};
  if (op.return_sequence) {
    outputs.push_back({type, {op.steps, directions, batch, op.hidden_size}});
  }
  return outputs;
}

std::vector<LoweredValue> LowerToOnnx(Writer& writer, const Gru& op) {
  if (IsUnrolled(writer, op.steps, op.activations)) return LowerUnrolled(writer, op);
  std::vector<LoweredValue> inputs = OnnxInputs(writer, RecurrenceOf(op), GatesOf(op.layout));
  inputs.push_back({});  // lengths of the sequences: all are whole
  inputs.push_back(writer.Precise(op.initial_hidden_state));
  const std::vector<LoweredValue> results =
      writer.EmitMany("GRU", std::move(inputs), 2,
                      {{"activations", OnnxNames(op.activations, DirectionCount(op.direction))},
                       {"direction", OnnxName(op.direction)},
                       {"hidden_size", int64_t{op.hidden_size}},
                       {"linear_before_reset", int64_t{op.reset_after}}});
  std::vector<LoweredValue> outputs = {results[1]};
  if (op.return_sequence) outputs.push_back(results[0]);
  return outputs;
}

// ---- gruCell ----

template <>
const OpSchema& SchemaOf<GruCell>() {
  using Op = GruCell;
  static const OpSchema kSchema =
      With(HalfPrecision::kIsland,
           MakeSchema<Op>("gruCell", "One step of a gated recurrent unit.",
                          {In<&Op::input>("input", kFloats, Rank(2)),
                           In<&Op::weight>("weight", kFloats, Rank(2), "input"),
                           In<&Op::recurrent_weight>("recurrentWeight", kFloats, Rank(2), "input"),
                           In<&Op::hidden_state>("hiddenState", kFloats, Rank(2), "input"),
                           Required<&Op::hidden_size>("hiddenSize"),
                           In<&Op::bias>("bias", kFloats, Rank(1), "input"),
                           In<&Op::recurrent_bias>("recurrentBias", kFloats, Rank(1), "input"),
                           Option<&Op::reset_after>("resetAfter"), Option<&Op::layout>("layout"),
                           Option<&Op::activations>("activations")},
                          {Out("output", kFloats, Rank(2), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const GruCell& op) {
  const uint64_t batch = context.ShapeOf(op.input)[0];
  WEBNN_RETURN_IF_ERROR(CheckWeights(context, RecurrenceOf(op), std::nullopt));
  WEBNN_RETURN_IF_ERROR(CheckSizes(context, "hidden-state-shape", "hiddenState", op.hidden_state,
                                   {batch, op.hidden_size}));
  return OutputShape{context.TypeOf(op.input), {batch, op.hidden_size}};
}

LoweredValue LowerToOnnx(Writer& writer, const GruCell& op) {
  const Step step(writer, writer.Precise(op.recurrent_weight), writer.Precise(op.recurrent_bias),
                  op);
  const std::vector<LoweredValue> x = step.SplitInput(
      writer,
      Linear(writer, writer.Precise(op.input), writer.Precise(op.weight), writer.Precise(op.bias)));
  return step.Advance(writer, x, writer.Precise(op.hidden_state));
}

}  // namespace webnn::ops
