#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ops/common.h"

/// What lstm, lstmCell, gru and gruCell share.
namespace webnn::ops {

/// Operands and options by their role, whichever operator they come from.
struct Recurrence {
  Operand input;
  Operand weight;
  Operand recurrent_weight;
  std::optional<Operand> bias;
  std::optional<Operand> recurrent_bias;
  uint32_t hidden_size;
  uint32_t gates;  ///< 4 of lstm, 3 of gru.
};

/// Rule `<name>-shape`, in which a name is in kebab case.
Result<void> CheckSizes(const InferContext& context, std::string_view rule, std::string_view name,
                        const std::optional<Operand>& operand,
                        std::initializer_list<uint64_t> sizes);
/// Rule `hidden-size-range` and the shapes of weights and biases, with `directions` in front where
/// there are any.
Result<void> CheckWeights(const InferContext& context, const Recurrence& recurrence,
                          std::optional<uint64_t> directions);
/// Rule `steps-match`.
Result<void> CheckSteps(const InferContext& context, Operand input, uint32_t steps);

constexpr uint32_t DirectionCount(RecurrentNetworkDirection direction) {
  return direction == RecurrentNetworkDirection::kBoth ? 2 : 1;
}

/// ONNX's names: of the direction, of an activation, and of the activations of every direction.
std::string_view OnnxName(RecurrentNetworkDirection direction);
std::string_view OnnxName(RecurrentNetworkActivation activation);
std::vector<std::string_view> OnnxNames(std::span<const RecurrentNetworkActivation> activations,
                                        uint32_t directions);

/// Whether the target wants so many steps written out.
bool IsUnrolled(const Writer& writer, uint32_t steps,
                std::span<const RecurrentNetworkActivation> activations);

LoweredValue Activate(Writer& writer, RecurrentNetworkActivation activation, LoweredValue value);
/// Cuts `axis` into parts of `sizes`.
std::vector<LoweredValue> SplitParts(Writer& writer, LoweredValue value, int64_t axis,
                                     std::span<const int64_t> sizes);
/// The equal parts along `axis` in another order; nothing when they are in order.
LoweredValue Reorder(Writer& writer, LoweredValue value, int64_t axis, int64_t part_size,
                     std::span<const uint32_t> order);
/// x * transposed(weight) + addend; `addend` may be absent.
LoweredValue Linear(Writer& writer, LoweredValue x, LoweredValue weight, LoweredValue addend);

/// The i-th of the first axis, without that axis; nothing of nothing.
LoweredValue At(Writer& writer, LoweredValue value, int64_t i);
/// One step: the states after it from those before it; `x` is the input's part of the gates.
using AdvanceStep = std::function<void(LoweredValue x, std::vector<LoweredValue>& states)>;

/// What is written out step by step.
struct Unrolling {
  uint32_t steps;
  RecurrentNetworkDirection direction;
  bool return_sequence;
  std::vector<std::optional<Operand>> initial_states;
};
/// The operator's outputs: the states after the last step, and the first one after every step where
/// the sequence is asked for. `step_of` makes the step of a direction.
std::vector<LoweredValue> Unroll(Writer& writer, const Recurrence& recurrence,
                                 const Unrolling& unrolling,
                                 const std::function<AdvanceStep(int64_t direction)>& step_of);

/// Inputs X, W, R, B of ONNX's LSTM and GRU, whose gates are in `order` of those given.
std::vector<LoweredValue> OnnxInputs(Writer& writer, const Recurrence& recurrence,
                                     std::span<const uint32_t> order);

}  // namespace webnn::ops
