#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "onnx/import/node.h"

/// LSTM, GRU and RNN of ONNX as data, and the way to write them out step by step where WebNN's own
/// operators do not have what they ask for.
namespace webnn::onnx_format {

struct Activation;
/// An activation that ONNX names.
struct ActivationRow {
  std::string_view name;
  int parameters;  ///< 0, 1 (alpha) or 2 (alpha, beta).
  float alpha;     ///< Defaults.
  float beta;
  std::optional<RecurrentNetworkActivation> native;  ///< WebNN's recurrent operators have it.
  Operand (*emit)(Node& node, Operand x, const Activation& activation);
};
struct Activation {
  const ActivationRow* row;
  float alpha;
  float beta;
  DataType type;
};
/// Null when ONNX has no such activation; upper and lower case are the same.
const ActivationRow* FindActivation(std::string_view name);

enum class Cell : uint8_t { kLstm, kGru, kRnn };

/// One node, with the time in front as WebNN has it.
struct Recurrent {
  Cell cell = Cell::kRnn;
  DataType type = DataType::kFloat32;
  int64_t steps = 0;
  int64_t batch = 0;
  int64_t columns = 0;
  int64_t hidden = 0;
  RecurrentNetworkDirection direction = RecurrentNetworkDirection::kForward;
  Operand input;                          ///< [steps, batch, columns]
  Operand weight;                         ///< [directions, gates * hidden, columns]
  Operand recurrent_weight;               ///< [directions, gates * hidden, hidden]
  std::optional<Operand> bias;            ///< [directions, gates * hidden]
  std::optional<Operand> recurrent_bias;  ///< The same.
  std::optional<Operand> lengths;         ///< [batch]: how many steps count.
  std::optional<Operand> initial_hidden;  ///< [directions, batch, hidden]
  std::optional<Operand> initial_cell;    ///< The same.
  std::optional<Operand> peepholes;       ///< [directions, 3 * hidden], of the gates i, o, f.
  std::vector<Activation> activations;    ///< Those of every direction.
  std::optional<float> clip;              ///< Of what the activations see.
  bool input_forget = false;              ///< The forget gate is 1 - input gate.
  bool reset_after = false;               ///< GRU: ONNX's linear_before_reset.

  int64_t directions() const { return direction == RecurrentNetworkDirection::kBoth ? 2 : 1; }
};

struct RecurrentResults {
  Operand sequence;  ///< [steps, directions, batch, hidden]
  Operand hidden;    ///< [directions, batch, hidden], after the last step.
  Operand cell;      ///< The same; LSTM.
};

/// Steps of all directions that one node may be written out to: every step is a dozen operators.
inline constexpr int64_t kMaxUnrolledSteps = 2048;

RecurrentResults Unroll(Node& node, const Recurrent& recurrent);

}  // namespace webnn::onnx_format
