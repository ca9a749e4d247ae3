#include "onnx/import/attention.h"

#include <array>
#include <limits>

#include "onnx/import/matrix.h"

namespace webnn::onnx_format {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

Heads SplitHeads(Node& node, Operand x, const std::vector<int64_t>& sizes, int64_t heads) {
  const std::vector<int64_t> split = {sizes[0], sizes[1], heads, sizes[2] / heads};
  return {node.Transpose(node.Reshape(x, split), {0, 2, 1, 3}),
          {split[0], split[2], split[1], split[3]}};
}

Operand MergeHeads(Node& node, Operand x, const AttentionSizes& sizes) {
  return node.Reshape(node.Transpose(x, {0, 2, 1, 3}),
                      {sizes.batch, sizes.queries, sizes.heads * sizes.value_size});
}

Result<void> CheckHeads(const Node& node, std::string_view name, int64_t heads, int64_t hidden) {
  if (heads > 0 && hidden % heads == 0) return {};
  return node.Invalid("{} is {}, which does not divide the hidden size {}", name, heads, hidden);
}

Result<Heads> BehindCache(Node& node, size_t k, std::string_view name, Heads x) {
  if (!node.Has(k)) return x;
  const std::vector<int64_t>& past = node.SizesOf(k);
  std::vector<int64_t> expected = x.sizes;
  if (past.size() == 4) expected[2] = past[2];
  if (past != expected) {
    return node.Invalid("{} has the sizes [{}]; it must have [{}], of any length", name,
                        fmt::join(past, ", "), fmt::join(expected, ", "));
  }
  // An empty cache is none.
  if (past[2] == 0) return x;
  x.operand = Join(node, {node.Get(k), x.operand}, 2);
  x.sizes[2] += past[2];
  return x;
}

Result<AttentionSizes> SizesFrom(const Node& node, const Heads& q, const Heads& k, const Heads& v) {
  const AttentionSizes sizes = {.batch = q.sizes[0],
                                .heads = q.sizes[1],
                                .key_heads = k.sizes[1],
                                .queries = q.sizes[2],
                                .keys = k.sizes[2],
                                .head_size = q.sizes[3],
                                .value_size = v.sizes[3]};
  const bool match = k.sizes[0] == sizes.batch && v.sizes[0] == sizes.batch &&
                     v.sizes[1] == sizes.key_heads && v.sizes[2] == sizes.keys &&
                     k.sizes[3] == sizes.head_size && sizes.key_heads > 0 &&
                     sizes.heads % sizes.key_heads == 0;
  if (match) return sizes;
  return node.Invalid(
      "query, key and value do not fit together: as [batch, heads, length, size] they have the "
      "sizes [{}], [{}] and [{}]",
      fmt::join(q.sizes, ", "), fmt::join(k.sizes, ", "), fmt::join(v.sizes, ", "));
}

void AttentionMask::Add(Operand allowed, double penalty) {
  AddBias(node_.Emit(ops::Where{.condition = allowed,
                                .true_value = node_.Scalar(0.0, type_),
                                .false_value = node_.Scalar(penalty, type_)}));
}

void AttentionMask::AddBias(Operand bias) {
  bias_.added = bias_.added ? node_.Add(*bias_.added, bias) : bias;
  bias_.may_forbid_all = true;
}

Result<void> AttentionMask::Add(const AttentionWindow& window) {
  if (!window.left && !window.right && !window.valid_keys) return {};
  const DataType type = DataType::kInt32;
  std::optional<Operand> allowed;
  const auto allow = [&](Operand condition) {
    allowed = allowed ? node_.Emit(ops::LogicalAnd{.a = *allowed, .b = condition}) : condition;
  };
  WEBNN_ASSIGN_OR_RETURN(const Operand keys, Positions(node_, sizes_.keys, {sizes_.keys}));
  Operand offset = node_.Scalar(window.offset, type);
  if (window.valid_keys) {
    const Operand valid =
        node_.Reshape(node_.Cast(*window.valid_keys, type), {sizes_.batch, 1, 1, 1});
    allow(node_.Emit(ops::Lesser{.a = keys, .b = valid}));
    offset = node_.Sub(valid, node_.Scalar(sizes_.queries, type));
  }
  if (window.left || window.right) {
    // How far every key is behind every query, but for the offset.
    WEBNN_ASSIGN_OR_RETURN(const Operand queries,
                           Positions(node_, sizes_.queries, {sizes_.queries, 1}));
    const Operand distance = node_.Sub(keys, queries);
    const auto farthest = [&](int64_t positions) {
      return node_.Add(offset, node_.Scalar(positions, type));
    };
    if (window.right) {
      allow(node_.Emit(ops::LesserOrEqual{.a = distance, .b = farthest(*window.right)}));
    }
    if (window.left) {
      allow(node_.Emit(ops::GreaterOrEqual{.a = distance, .b = farthest(-*window.left)}));
    }
  }
  const bool could_forbid_all = bias_.may_forbid_all;
  Add(*allowed);
  // Behind all keys, a query with a bound on its left has none.
  const int64_t first_of_last = sizes_.queries - 1 + window.offset - window.left.value_or(0);
  bias_.may_forbid_all = could_forbid_all || window.valid_keys.has_value() ||
                         (window.left && first_of_last >= sizes_.keys);
  return {};
}

AttentionResult Attend(Node& node, const AttentionSizes& sizes, Operand query, Operand keys,
                       Operand values, const AttentionBias& bias, const AttentionOptions& options,
                       DataType type) {
  const std::array score_sizes = {sizes.batch, sizes.heads, sizes.queries, sizes.keys};
  // Heads that share keys are multiplied as if they were queries of one head.
  const int64_t rows = sizes.heads / sizes.key_heads * sizes.queries;
  const auto grouped = [&](Operand x, int64_t columns) {
    return sizes.heads == sizes.key_heads
               ? x
               : node.Reshape(x, {sizes.batch, sizes.key_heads, rows, columns});
  };
  AttentionResult result;
  const Operand scaled = node.Mul(query, node.Scalar(options.scale, type));
  result.scores = node.Reshape(
      node.Emit(ops::Matmul{.a = grouped(scaled, sizes.head_size), .b = keys}), score_sizes);
  result.capped = result.scores;
  if (options.softcap != 0) {
    const Operand cap = node.Scalar(options.softcap, type);
    result.capped = node.Mul(node.Emit(ops::Tanh{.input = node.Div(result.scores, cap)}), cap);
  }
  result.biased = bias.added ? node.Add(result.capped, *bias.added) : result.capped;
  result.probabilities = node.Cast(
      node.Emit(ops::Softmax{.input = node.Cast(result.biased, options.softmax_type), .axis = 3}),
      type);
  result.output = node.Reshape(
      node.Emit(ops::Matmul{.a = grouped(result.probabilities, sizes.keys), .b = values}),
      {sizes.batch, sizes.heads, sizes.queries, sizes.value_size});
  if (bias.added && bias.may_forbid_all && node.status().ok()) {
    // The softmax of nothing is not a number; such a query attends to nothing, and gets 0.
    const Operand largest =
        node.Emit(ops::ReduceMax{.input = *bias.added,
                                 .axes = {{node.Describe(*bias.added).rank() - 1}},
                                 .keep_dimensions = true});
    const Operand has_none =
        node.Emit(ops::Equal{.a = largest, .b = node.Scalar(-kInfinity, type)});
    const Operand zero = node.Scalar(0.0, type);
    for (Operand* x : {&result.probabilities, &result.output}) {
      *x = node.Emit(ops::Where{.condition = has_none, .true_value = zero, .false_value = *x});
    }
  }
  return result;
}

}  // namespace webnn::onnx_format
