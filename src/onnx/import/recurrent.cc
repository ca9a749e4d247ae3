#include "onnx/import/recurrent.h"

#include <algorithm>
#include <cctype>

#include "onnx/import/matrix.h"

namespace webnn::onnx_format {
namespace {

template <class Op>
Operand Plain(Node& node, Operand x, const Activation&) {
  return node.Emit(Op{.input = x});
}
template <class Op>
Operand WithAlpha(Node& node, Operand x, const Activation& activation) {
  return node.Emit(Op{.input = x, .alpha = activation.alpha});
}
template <class Op>
Operand WithBoth(Node& node, Operand x, const Activation& activation) {
  return node.Emit(Op{.input = x, .alpha = activation.alpha, .beta = activation.beta});
}
// alpha * tanh(beta * x)
Operand ScaledTanh(Node& node, Operand x, const Activation& activation) {
  const Operand inner = node.Mul(x, node.Scalar(activation.beta, activation.type));
  return node.Mul(node.Emit(ops::Tanh{.input = inner}),
                  node.Scalar(activation.alpha, activation.type));
}
// x where it is above alpha, else 0.
Operand ThresholdedRelu(Node& node, Operand x, const Activation& activation) {
  const Operand alpha = node.Scalar(activation.alpha, activation.type);
  return node.Emit(ops::Where{.condition = node.Emit(ops::Greater{.a = x, .b = alpha}),
                              .true_value = x,
                              .false_value = node.Scalar(0.0, activation.type)});
}

constexpr ActivationRow kActivations[] = {
    {"Relu", 0, 0, 0, RecurrentNetworkActivation::kRelu, Plain<ops::Relu>},
    {"Sigmoid", 0, 0, 0, RecurrentNetworkActivation::kSigmoid, Plain<ops::Sigmoid>},
    {"Tanh", 0, 0, 0, RecurrentNetworkActivation::kTanh, Plain<ops::Tanh>},
    {"Softsign", 0, 0, 0, {}, Plain<ops::Softsign>},
    {"Softplus", 0, 0, 0, {}, Plain<ops::Softplus>},
    {"LeakyRelu", 1, 0.01f, 0, {}, WithAlpha<ops::LeakyRelu>},
    {"ThresholdedRelu", 1, 1, 0, {}, ThresholdedRelu},
    {"Elu", 1, 1, 0, {}, WithAlpha<ops::Elu>},
    {"Affine", 2, 1, 0, {}, WithBoth<ops::Linear>},
    {"HardSigmoid", 2, 0.2f, 0.5f, {}, WithBoth<ops::HardSigmoid>},
    {"ScaledTanh", 2, 1, 1, {}, ScaledTanh},
};

// One direction, step by step.
class Unrolled {
 public:
  Unrolled(Node& node, const Recurrent& recurrent, int64_t direction)
      : node_(node), r_(recurrent), direction_(direction) {
    const size_t count = r_.activations.size() / static_cast<size_t>(r_.directions());
    activations_ = std::span(r_.activations).subspan(count * direction, count);
    const int64_t hidden = r_.hidden;
    recurrent_weight_ = At(r_.recurrent_weight);
    if (r_.recurrent_bias) recurrent_bias_ = At(*r_.recurrent_bias);
    if (r_.cell == Cell::kGru) {
      weights_ = SplitParts(node_, recurrent_weight_, {2 * hidden, hidden}, 0);
      if (recurrent_bias_ && r_.reset_after) {
        biases_ = SplitParts(node_, *recurrent_bias_, {2 * hidden, hidden}, 0);
      }
    }
    if (r_.peepholes) {
      peepholes_ = SplitParts(node_, At(*r_.peepholes), {hidden, hidden, hidden}, 0);
    }
  }

  // Hidden states of all steps in `sequence`, from place `direction` on, one for each direction.
  void Run(std::vector<Operand>& sequence, std::vector<Operand>& hidden,
           std::vector<Operand>& cell) {
    const std::vector<Operand> x = InputParts();
    Operand h = Initial(r_.initial_hidden);
    Operand c = r_.cell == Cell::kLstm ? Initial(r_.initial_cell) : Operand();
    const bool backward = r_.direction == RecurrentNetworkDirection::kBackward || direction_ == 1;
    for (int64_t k = 0; k < r_.steps; ++k) {
      const int64_t t = backward ? r_.steps - 1 - k : k;
      const auto [next_h, next_c] = Advance(x[t], h, c);
      Operand& output = sequence[t * r_.directions() + direction_];
      if (!r_.lengths) {
        h = next_h;
        c = next_c;
        output = h;
        continue;
      }
      // Behind its end a sequence keeps its state, and the output is 0.
      const Operand counts =
          node_.Emit(ops::Greater{.a = *r_.lengths, .b = node_.Scalar(t, DataType::kInt32)});
      const auto choose = [&](Operand yes, Operand no) {
        return node_.Emit(ops::Where{.condition = counts, .true_value = yes, .false_value = no});
      };
      output = choose(next_h, Scalar(0));
      h = choose(next_h, h);
      if (r_.cell == Cell::kLstm) c = choose(next_c, c);
    }
    hidden.push_back(h);
    cell.push_back(c);
  }

 private:
  struct State {
    Operand hidden;
    Operand cell;
  };

  Operand Scalar(double value) { return node_.Scalar(value, r_.type); }

  // This direction's part, without the axis of directions.
  Operand At(Operand x) {
    if (!node_.status().ok()) return {};
    std::vector<int64_t> sizes = node_.Sizes(x);
    const std::vector<int64_t> ones(sizes[0], 1);
    sizes.erase(sizes.begin());
    return node_.Reshape(SplitParts(node_, x, ones, 0)[direction_], sizes);
  }

  Operand Initial(const std::optional<Operand>& state) {
    if (state) return At(*state);
    return node_.Expand(Scalar(0), std::array{r_.batch, r_.hidden});
  }

  // The input's part of all gates, one matrix product for all steps, with the biases that can be
  // added here.
  std::vector<Operand> InputParts() {
    std::optional<Operand> bias;
    if (r_.bias) bias = At(*r_.bias);
    if (recurrent_bias_ && biases_.empty()) {
      bias = bias ? node_.Add(*bias, *recurrent_bias_) : *recurrent_bias_;
    }
    const Operand flat = node_.Reshape(r_.input, {r_.steps * r_.batch, r_.columns});
    return SplitParts(node_, Linear(flat, At(r_.weight), bias),
                      std::vector<int64_t>(r_.steps, r_.batch), 0);
  }

  Operand Linear(Operand x, Operand weight, std::optional<Operand> addend) {
    return node_.Emit(ops::Gemm{.a = x, .b = weight, .c = addend, .b_transpose = true});
  }

  Operand Activate(size_t which, Operand x) {
    if (r_.clip) {
      x = node_.Emit(ops::Clamp{.input = x, .min_value = -*r_.clip, .max_value = *r_.clip});
    }
    const Activation& activation = activations_[which];
    return activation.row->emit(node_, x, activation);
  }

  State Advance(Operand x, Operand h, Operand c) {
    switch (r_.cell) {
      case Cell::kLstm:
        return AdvanceLstm(x, h, c);
      case Cell::kGru:
        return {AdvanceGru(x, h), c};
      case Cell::kRnn:
        return {Activate(0, Linear(h, recurrent_weight_, x)), c};
    }
    return {};
  }

  State AdvanceLstm(Operand x, Operand h, Operand c) {
    const int64_t hidden = r_.hidden;
    const std::vector<Operand> gates =
        SplitParts(node_, Linear(h, recurrent_weight_, x), {hidden, hidden, hidden, hidden}, 1);
    const auto with_peephole = [&](size_t gate, Operand cell) {
      if (peepholes_.empty()) return gates[gate];
      return node_.Add(gates[gate], node_.Mul(peepholes_[gate], cell));
    };
    const Operand i = Activate(0, with_peephole(0, c));
    const Operand f = r_.input_forget ? node_.Sub(Scalar(1), i) : Activate(0, with_peephole(2, c));
    const Operand cell = node_.Add(node_.Mul(f, c), node_.Mul(i, Activate(1, gates[3])));
    const Operand o = Activate(0, with_peephole(1, cell));
    const ActivationRow& last = *activations_[2].row;
    return {node_.Mul(o, last.emit(node_, cell, activations_[2])), cell};
  }

  Operand AdvanceGru(Operand x, Operand h) {
    const int64_t hidden = r_.hidden;
    const std::vector<Operand> parts = SplitParts(node_, x, {2 * hidden, hidden}, 1);
    Operand sum = Linear(h, weights_[0], parts[0]);
    if (!biases_.empty()) sum = node_.Add(sum, biases_[0]);
    const std::vector<Operand> gates = SplitParts(node_, Activate(0, sum), {hidden, hidden}, 1);
    const Operand z = gates[0];
    const Operand r = gates[1];
    Operand candidate;
    if (r_.reset_after) {
      std::optional<Operand> bias;
      if (!biases_.empty()) bias = biases_[1];
      candidate = node_.Add(parts[1], node_.Mul(r, Linear(h, weights_[1], bias)));
    } else {
      candidate = Linear(node_.Mul(r, h), weights_[1], parts[1]);
    }
    const Operand n = Activate(1, candidate);
    return node_.Add(node_.Mul(node_.Sub(Scalar(1), z), n), node_.Mul(z, h));
  }

  Node& node_;
  const Recurrent& r_;
  int64_t direction_;
  std::span<const Activation> activations_;
  Operand recurrent_weight_;
  std::optional<Operand> recurrent_bias_;
  std::vector<Operand> weights_;    // GRU: of z and r together, and of n
  std::vector<Operand> biases_;     // the same, where they cannot be added to the input's part
  std::vector<Operand> peepholes_;  // LSTM: of i, o, f; or none
};

}  // namespace

const ActivationRow* FindActivation(std::string_view name) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  for (const ActivationRow& row : kActivations) {
    if (std::equal(row.name.begin(), row.name.end(), name.begin(), name.end(), same)) return &row;
  }
  return nullptr;
}

RecurrentResults Unroll(Node& node, const Recurrent& recurrent) {
  std::vector<Operand> sequence(recurrent.steps * recurrent.directions());
  std::vector<Operand> hidden;
  std::vector<Operand> cell;
  for (int64_t direction = 0; direction < recurrent.directions(); ++direction) {
    Unrolled(node, recurrent, direction).Run(sequence, hidden, cell);
  }
  const auto stack = [&](std::vector<Operand> states, std::vector<int64_t> sizes) {
    return node.Reshape(Join(node, std::move(states), 0), sizes);
  };
  const std::vector<int64_t> state = {recurrent.directions(), recurrent.batch, recurrent.hidden};
  RecurrentResults results;
  results.sequence = stack(std::move(sequence), {recurrent.steps, state[0], state[1], state[2]});
  results.hidden = stack(std::move(hidden), state);
  if (recurrent.cell == Cell::kLstm) results.cell = stack(std::move(cell), state);
  return results;
}

}  // namespace webnn::onnx_format
