#include <algorithm>
#include <array>
#include <string>

#include "onnx/import/matrix.h"
#include "onnx/import/recurrent.h"

namespace webnn::onnx_format {
namespace {

// What the three operators differ in.
struct CellRow {
  Cell cell;
  int64_t gates;
  std::vector<std::string> activations;  // defaults, of one direction
};

const CellRow& RowOf(Cell cell) {
  static const std::array<CellRow, 3> kRows = {{
      {Cell::kLstm, 4, {"Sigmoid", "Tanh", "Tanh"}},
      {Cell::kGru, 3, {"Sigmoid", "Tanh"}},
      {Cell::kRnn, 1, {"Tanh"}},
  }};
  return kRows[static_cast<size_t>(cell)];
}

Result<RecurrentNetworkDirection> ReadDirection(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string name, node.String("direction", "forward"));
  if (name == "forward") return RecurrentNetworkDirection::kForward;
  if (name == "reverse") return RecurrentNetworkDirection::kBackward;
  if (name == "bidirectional") return RecurrentNetworkDirection::kBoth;
  return node.Invalid("direction is \"{}\"; it must be forward, reverse or bidirectional", name);
}

// The parameters belong, in their order, to those functions that have any.
Result<std::vector<Activation>> ReadActivations(const Node& node, const CellRow& row,
                                                const Recurrent& recurrent) {
  WEBNN_ASSIGN_OR_RETURN(auto names, node.Strings("activations"));
  WEBNN_ASSIGN_OR_RETURN(const auto alphas, node.Floats("activation_alpha"));
  WEBNN_ASSIGN_OR_RETURN(const auto betas, node.Floats("activation_beta"));
  const size_t count = row.activations.size() * static_cast<size_t>(recurrent.directions());
  if (!names || names->empty()) {
    names = row.activations;
    if (recurrent.directions() == 2) {
      names->insert(names->end(), row.activations.begin(), row.activations.end());
    }
  }
  if (names->size() != count) {
    return node.Invalid("there are {} activations; {} are needed", names->size(), count);
  }
  size_t next_alpha = 0;
  size_t next_beta = 0;
  const auto take = [](const auto& values, size_t& next, bool has, float fallback) {
    return has && values && next < values->size() ? (*values)[next++] : fallback;
  };
  std::vector<Activation> activations;
  for (const std::string& name : *names) {
    const ActivationRow* function = FindActivation(name);
    if (function == nullptr) {
      return node.Invalid("\"{}\" is no activation of ONNX", name);
    }
    activations.push_back(
        {.row = function,
         .alpha = take(alphas, next_alpha, function->parameters >= 1, function->alpha),
         .beta = take(betas, next_beta, function->parameters >= 2, function->beta),
         .type = recurrent.type});
  }
  return activations;
}

Result<void> CheckSizes(const Node& node, const Recurrent& recurrent, const CellRow& row,
                        bool batch_first) {
  const int64_t directions = recurrent.directions();
  const int64_t rows = row.gates * recurrent.hidden;
  std::vector<int64_t> state = {directions, recurrent.batch, recurrent.hidden};
  if (batch_first) std::swap(state[0], state[1]);
  const std::array<std::pair<std::string_view, std::vector<int64_t>>, 8> inputs = {{
      {"X", node.SizesOf(0)},
      {"W", {directions, rows, recurrent.columns}},
      {"R", {directions, rows, recurrent.hidden}},
      {"B", {directions, 2 * rows}},
      {"sequence_lens", {recurrent.batch}},
      {"initial_h", state},
      {"initial_c", state},
      {"P", {directions, 3 * recurrent.hidden}},
  }};
  for (size_t k = 1; k < inputs.size(); ++k) {
    if (!node.Has(k) || node.SizesOf(k) == inputs[k].second) continue;
    return node.Invalid(
        "{} has the sizes [{}]; with X and hidden_size as they are it must have "
        "[{}]",
        inputs[k].first, fmt::join(node.SizesOf(k), ", "), fmt::join(inputs[k].second, ", "));
  }
  return {};
}

Result<Recurrent> Read(Node& node, const CellRow& row, bool batch_first) {
  if (node.RankOf(0) != 3 || node.RankOf(1) != 3 || node.RankOf(2) != 3) {
    return node.Invalid("X, W and R have ranks {}, {} and {}; all must be 3", node.RankOf(0),
                        node.RankOf(1), node.RankOf(2));
  }
  Recurrent recurrent = {.cell = row.cell,
                         .steps = node.SizesOf(0)[batch_first ? 1 : 0],
                         .batch = node.SizesOf(0)[batch_first ? 0 : 1],
                         .columns = node.SizesOf(0)[2]};
  WEBNN_ASSIGN_OR_RETURN(recurrent.hidden, node.Int("hidden_size", node.SizesOf(2)[2]));
  WEBNN_ASSIGN_OR_RETURN(recurrent.direction, ReadDirection(node));
  constexpr int64_t kLargest = int64_t{1} << 31;
  if (recurrent.hidden <= 0 || recurrent.hidden >= kLargest) {
    return node.Invalid("hidden_size is {}", recurrent.hidden);
  }
  WEBNN_RETURN_IF_ERROR(CheckSizes(node, recurrent, row, batch_first));

  const auto time_first = [&](Operand x) { return batch_first ? node.Transpose(x, {1, 0, 2}) : x; };
  recurrent.input = time_first(node.Get(0));
  recurrent.weight = node.Get(1);
  recurrent.recurrent_weight = node.Get(2);
  if (node.Has(3)) {
    const int64_t rows = row.gates * recurrent.hidden;
    const std::vector<Operand> biases = SplitParts(node, node.Get(3), {rows, rows}, 1);
    recurrent.bias = biases[0];
    recurrent.recurrent_bias = biases[1];
  }
  if (node.Has(4)) {
    // Usual in files, and of no effect: the lengths of sequences that are all whole.
    const HostTensor* known = node.Known(4);
    const auto lengths = known != nullptr ? known->ToIntegers() : std::nullopt;
    const bool whole = lengths && std::all_of(lengths->begin(), lengths->end(),
                                              [&](int64_t n) { return n == recurrent.steps; });
    if (!whole) {
      recurrent.lengths =
          node.Reshape(node.Cast(node.Get(4), DataType::kInt32), {recurrent.batch, 1});
    }
  }
  if (node.Has(5)) recurrent.initial_hidden = time_first(node.Get(5));
  if (node.Has(6)) recurrent.initial_cell = time_first(node.Get(6));
  if (node.Has(7)) recurrent.peepholes = node.Get(7);
  if (node.HasAttribute("clip")) {
    WEBNN_ASSIGN_OR_RETURN(recurrent.clip, node.Float("clip", 0));
    if (!(*recurrent.clip > 0)) return node.Invalid("clip is {}, not positive", *recurrent.clip);
  }
  WEBNN_ASSIGN_OR_RETURN(const int64_t input_forget, node.Int("input_forget", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t reset_after, node.Int("linear_before_reset", 0));
  recurrent.input_forget = input_forget != 0;
  recurrent.reset_after = reset_after != 0;
  WEBNN_RETURN_IF_ERROR(node.status());
  recurrent.type = node.DataTypeOf(recurrent.input);
  WEBNN_ASSIGN_OR_RETURN(recurrent.activations, ReadActivations(node, row, recurrent));
  return recurrent;
}

// Why WebNN's operators do not do; empty when they do.
std::string WhyUnrolled(const Recurrent& recurrent) {
  const auto& activations = recurrent.activations;
  const size_t count = activations.size() / static_cast<size_t>(recurrent.directions());
  for (size_t k = 0; k < activations.size(); ++k) {
    if (!activations[k].row->native) {
      return fmt::format("the activation {}", activations[k].row->name);
    }
    if (activations[k].row != activations[k % count].row) {
      return "activations that differ by direction";
    }
  }
  if (recurrent.cell == Cell::kRnn) return "RNN";
  if (recurrent.clip) return "clip";
  if (recurrent.lengths) return "sequence_lens";
  if (recurrent.peepholes) return "P";
  if (recurrent.input_forget) return "input_forget";
  return {};
}

template <size_t kCount>
std::array<RecurrentNetworkActivation, kCount> Native(const Recurrent& recurrent) {
  std::array<RecurrentNetworkActivation, kCount> native;
  for (size_t k = 0; k < kCount; ++k) native[k] = *recurrent.activations[k].row->native;
  return native;
}

RecurrentResults EmitNative(Node& node, const Recurrent& recurrent) {
  const bool wants_sequence = node.Wants(0);
  const auto steps = static_cast<uint32_t>(recurrent.steps);
  const auto hidden = static_cast<uint32_t>(recurrent.hidden);
  if (recurrent.cell == Cell::kLstm) {
    const std::vector<Operand> results =
        node.EmitMany(ops::Lstm{.input = recurrent.input,
                                .weight = recurrent.weight,
                                .recurrent_weight = recurrent.recurrent_weight,
                                .steps = steps,
                                .hidden_size = hidden,
                                .bias = recurrent.bias,
                                .recurrent_bias = recurrent.recurrent_bias,
                                .initial_hidden_state = recurrent.initial_hidden,
                                .initial_cell_state = recurrent.initial_cell,
                                .return_sequence = wants_sequence,
                                .direction = recurrent.direction,
                                .activations = Native<3>(recurrent)},
                      wants_sequence ? 3 : 2);
    return {.sequence = results.back(), .hidden = results[0], .cell = results[1]};
  }
  const std::vector<Operand> results =
      node.EmitMany(ops::Gru{.input = recurrent.input,
                             .weight = recurrent.weight,
                             .recurrent_weight = recurrent.recurrent_weight,
                             .steps = steps,
                             .hidden_size = hidden,
                             .bias = recurrent.bias,
                             .recurrent_bias = recurrent.recurrent_bias,
                             .initial_hidden_state = recurrent.initial_hidden,
                             .reset_after = recurrent.reset_after,
                             .return_sequence = wants_sequence,
                             .direction = recurrent.direction,
                             .activations = Native<2>(recurrent)},
                    wants_sequence ? 2 : 1);
  return {.sequence = results.back(), .hidden = results[0], .cell = {}};
}

template <Cell kCell>
Result<void> ImportRecurrent(Node& node) {
  const CellRow& row = RowOf(kCell);
  WEBNN_ASSIGN_OR_RETURN(const int64_t layout, node.Int("layout", 0));
  const bool batch_first = layout != 0;
  WEBNN_ASSIGN_OR_RETURN(const Recurrent recurrent, Read(node, row, batch_first));
  const std::string why = WhyUnrolled(recurrent);
  const int64_t steps = recurrent.steps * recurrent.directions();
  if (!why.empty() && steps > kMaxUnrolledSteps) {
    return node.Refuse(fmt::format("{} is not in WebNN, and {} steps are too many to be written "
                                   "out one by one (more than {})",
                                   why, steps, kMaxUnrolledSteps),
                       "import with shorter sequences");
  }
  const RecurrentResults results =
      why.empty() ? EmitNative(node, recurrent) : Unroll(node, recurrent);
  const auto set_state = [&](size_t k, Operand state) {
    return node.Set(k, batch_first ? node.Transpose(state, {1, 0, 2}) : state);
  };
  if (node.Wants(0)) {
    WEBNN_RETURN_IF_ERROR(node.Set(
        0, batch_first ? node.Transpose(results.sequence, {2, 0, 1, 3}) : results.sequence));
  }
  if (node.Wants(1)) WEBNN_RETURN_IF_ERROR(set_state(1, results.hidden));
  if (node.Wants(2)) WEBNN_RETURN_IF_ERROR(set_state(2, results.cell));
  return node.status();
}

constexpr ImportRow kImportRows[] = {
    {"LSTM", 7, 3, ImportRecurrent<Cell::kLstm>},
    {"GRU", 7, 3, ImportRecurrent<Cell::kGru>},
    {"RNN", 7, 3, ImportRecurrent<Cell::kRnn>},
};

}  // namespace

std::span<const ImportRow> RecurrentRows() { return kImportRows; }

}  // namespace webnn::onnx_format
