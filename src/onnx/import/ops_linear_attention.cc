#include <cmath>

#include "onnx/import/attention.h"
#include "onnx/import/constants.h"
#include "onnx/import/matrix.h"
#include "onnx/import/recurrent.h"

/// Operators that carry a state from step to step: LinearAttention, and the convolution that goes
/// with it.
namespace webnn::onnx_format {
namespace {

// What ONNX's update_rule says.
struct UpdateRule {
  bool decays = false;
  bool corrects = false;
};

Result<UpdateRule> ReadRule(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string name, node.String("update_rule", "gated_delta"));
  UpdateRule rule;
  if (name == "gated") {
    rule = {.decays = true};
  } else if (name == "delta") {
    rule = {.corrects = true};
  } else if (name == "gated_delta") {
    rule = {.decays = true, .corrects = true};
  } else if (name != "linear") {
    return node.Invalid("update_rule is \"{}\"; it must be linear, gated, delta or gated_delta",
                        name);
  }
  if (node.Has(4) == rule.decays && node.Has(5) == rule.corrects) return rule;
  return node.Invalid("update_rule \"{}\" goes with{} decay and with{} beta", name,
                      rule.decays ? "" : "out", rule.corrects ? "" : "out");
}

// Input k, [batch, steps, columns] of any float type, as one operand for each step.
std::vector<Operand> StepsOf(Node& node, size_t k, std::span<const int64_t> step_sizes) {
  const std::vector<int64_t> ones(node.SizesOf(k)[1], 1);
  std::vector<Operand> steps =
      SplitParts(node, node.Cast(node.Get(k), DataType::kFloat32), ones, 1);
  for (Operand& step : steps) step = node.Reshape(step, step_sizes);
  return steps;
}

}  // namespace

// state = exp(decay) * state + key (x) value; output = query * state, for each step. With a
// correction the value is beta * (value - key * state).
Result<void> ImportLinearAttention(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const UpdateRule rule, ReadRule(node));
  for (size_t k : {0, 1, 2, 4, 5}) {
    if (k > 2 && !node.Has(k)) continue;
    const std::vector<int64_t>& sizes = node.SizesOf(k);
    if (sizes.size() != 3 || sizes[0] != node.SizesOf(0)[0] || sizes[1] != node.SizesOf(0)[1]) {
      return node.Invalid("input {} has the sizes [{}], which do not go with those of query, [{}]",
                          k, fmt::join(sizes, ", "), fmt::join(node.SizesOf(0), ", "));
    }
  }
  WEBNN_ASSIGN_OR_RETURN(const int64_t heads, node.Int("q_num_heads", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t key_heads, node.Int("kv_num_heads", 0));
  WEBNN_RETURN_IF_ERROR(CheckHeads(node, "q_num_heads", heads, node.SizesOf(0)[2]));
  WEBNN_RETURN_IF_ERROR(CheckHeads(node, "kv_num_heads", key_heads, node.SizesOf(1)[2]));
  WEBNN_RETURN_IF_ERROR(CheckHeads(node, "kv_num_heads", key_heads, node.SizesOf(2)[2]));
  WEBNN_RETURN_IF_ERROR(CheckHeads(node, "kv_num_heads", key_heads, heads));
  const int64_t batch = node.SizesOf(0)[0];
  const int64_t steps = node.SizesOf(0)[1];
  const int64_t key_size = node.SizesOf(1)[2] / key_heads;
  const int64_t value_size = node.SizesOf(2)[2] / key_heads;
  if (node.SizesOf(0)[2] / heads != key_size) {
    return node.Invalid("a head of query has {} elements, one of key {}",
                        node.SizesOf(0)[2] / heads, key_size);
  }
  if (steps > kMaxUnrolledSteps) {
    return node.Refuse(fmt::format("it has to be written out step by step, and {} steps are more "
                                   "than {}",
                                   steps, kMaxUnrolledSteps),
                       "import with shorter sequences");
  }
  WEBNN_ASSIGN_OR_RETURN(const float given_scale, node.Float("scale", 0));
  const double scale =
      given_scale != 0 ? given_scale : 1 / std::sqrt(static_cast<double>(key_size));

  constexpr DataType kType = DataType::kFloat32;
  const int64_t group = heads / key_heads;
  const auto queries = StepsOf(node, 0, std::array{batch, key_heads, group, key_size});
  const auto keys = StepsOf(node, 1, std::array{batch, key_heads, key_size, int64_t{1}});
  const auto values = StepsOf(node, 2, std::array{batch, key_heads, int64_t{1}, value_size});
  std::vector<Operand> decays;
  std::vector<Operand> betas;
  if (rule.decays) {
    decays =
        StepsOf(node, 4, std::array{batch, key_heads, node.SizesOf(4)[2] / key_heads, int64_t{1}});
  }
  if (rule.corrects) {
    betas = StepsOf(node, 5, std::array{batch, node.SizesOf(5)[2], int64_t{1}, int64_t{1}});
  }
  const std::array state_sizes = {batch, key_heads, key_size, value_size};
  Operand state = node.Has(3) ? node.Cast(node.Get(3), kType)
                              : node.Expand(node.Scalar(0.0, kType), state_sizes);
  const auto multiply = [&](Operand a, Operand b) {
    return node.Emit(ops::Matmul{.a = a, .b = b});
  };
  std::vector<Operand> outputs;
  for (int64_t t = 0; t < steps; ++t) {
    if (rule.decays) state = node.Mul(state, node.Emit(ops::Exp{.input = decays[t]}));
    Operand value = values[t];
    if (rule.corrects) {
      const Operand row = node.Reshape(keys[t], {batch, key_heads, 1, key_size});
      value = node.Mul(betas[t], node.Sub(value, multiply(row, state)));
    }
    state = node.Add(state, node.Mul(keys[t], value));
    outputs.push_back(node.Reshape(multiply(queries[t], state), {batch, 1, heads * value_size}));
  }
  const Operand all = node.Mul(Join(node, std::move(outputs), 1), node.Scalar(scale, kType));
  const Operand query = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(query);
  if (node.Wants(1)) {
    const DataType state_type = node.Has(3) ? node.DataTypeOf(node.Get(3)) : type;
    WEBNN_RETURN_IF_ERROR(node.Set(1, node.Cast(state, state_type)));
  }
  return node.Set(0, node.Cast(all, type));
}

// A depthwise convolution over what came before and what comes now.
Result<void> ImportCausalConv(Node& node) {
  const std::vector<int64_t>& x = node.SizesOf(0);
  const std::vector<int64_t>& weight = node.SizesOf(1);
  if (x.size() != 3 || weight.size() != 3 || weight[0] != x[1] || weight[1] != 1) {
    return node.Invalid(
        "input and weight have the sizes [{}] and [{}]; they must be [batch, "
        "channels, length] and [channels, 1, size]",
        fmt::join(x, ", "), fmt::join(weight, ", "));
  }
  const int64_t before = weight[2] - 1;
  const std::vector<int64_t> state_sizes = {x[0], x[1], before};
  if (node.Has(3) && node.SizesOf(3) != state_sizes) {
    return node.Invalid("past_state has the sizes [{}]; it must have [{}]",
                        fmt::join(node.SizesOf(3), ", "), fmt::join(state_sizes, ", "));
  }
  WEBNN_ASSIGN_OR_RETURN(const std::string activation, node.String("activation", "none"));
  const bool is_swish = activation == "silu" || activation == "swish";
  if (!is_swish && activation != "none") {
    return node.Invalid("activation is \"{}\"; it must be none, silu or swish", activation);
  }
  Operand padded = node.Get(0);
  if (before > 0 && node.Has(3)) {
    padded = Join(node, {node.Get(3), padded}, 2);
  } else if (before > 0) {
    padded = node.Emit(ops::Pad{.input = padded,
                                .beginning_padding = {0, 0, static_cast<uint32_t>(before)},
                                .ending_padding = {0, 0, 0}});
  }
  ops::Conv2d conv = {.input = node.Reshape(padded, {x[0], x[1], 1, x[2] + before}),
                      .filter = GetAs(node, 1, {weight[0], 1, 1, weight[2]}),
                      .groups = static_cast<uint32_t>(x[1])};
  if (node.Has(2)) conv.bias = node.Get(2);
  Operand output = node.Reshape(node.Emit(std::move(conv)), x);
  if (is_swish) output = node.Mul(output, node.Emit(ops::Sigmoid{.input = output}));
  if (node.Wants(1)) {
    if (before == 0) {
      std::byte* memory = nullptr;
      WEBNN_RETURN_IF_ERROR(
          node.Set(1, HostTensor::Allocate(node.TypeOf(0), state_sizes, &memory)));
    } else {
      const Operand last = x[2] == 0 ? padded : SplitParts(node, padded, {x[2], before}, 2)[1];
      WEBNN_RETURN_IF_ERROR(node.Set(1, last));
    }
  }
  return node.Set(0, output);
}

}  // namespace webnn::onnx_format
