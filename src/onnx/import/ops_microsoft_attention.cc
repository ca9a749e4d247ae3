#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/import/attention.h"
#include "onnx/import/constants.h"
#include "onnx/import/matrix.h"

/// Attention of the domain com.microsoft, which ONNX Runtime's tools write.
namespace webnn::onnx_format {
namespace {

// What the caller of ONNX Runtime's operators may not ask for here.
Result<void> RefuseInputs(const Node& node,
                          std::initializer_list<std::pair<size_t, std::string_view>> inputs) {
  for (const auto& [k, name] : inputs) {
    if (node.Has(k)) {
      return node.Refuse(fmt::format("the input {} is not imported", name),
                         "use a model without a cache or packed sequences, or ONNX's Attention");
    }
  }
  return {};
}

// An int32 mask, 0 where a key must not be attended to: [batch, keys] or [batch, queries, keys].
Result<void> AddPenalties(Node& node, AttentionMask& mask, size_t k, const AttentionSizes& sizes) {
  std::vector<int64_t> shape = {sizes.batch, 1, 1, sizes.keys};
  if (node.RankOf(k) == 3) shape[2] = sizes.queries;
  if (node.RankOf(k) < 2 || node.RankOf(k) > 3 || ProductOf(node.SizesOf(k)) != ProductOf(shape)) {
    return node.Refuse(
        fmt::format(
            "the mask has the sizes [{}]; imported are [batch, keys] = [{}, {}] and [batch, "
            "queries, keys]",
            fmt::join(node.SizesOf(k), ", "), sizes.batch, sizes.keys),
        "give the mask as 0 and 1 by key");
  }
  WEBNN_ASSIGN_OR_RETURN(const float penalty, node.Float("mask_filter_value", -10000));
  const Operand given = node.Get(k);
  WEBNN_RETURN_IF_ERROR(node.status());
  const Operand allowed =
      node.Emit(ops::NotEqual{.a = given, .b = node.Scalar(0, node.DataTypeOf(given))});
  mask.Add(node.Reshape(allowed, shape), penalty);
  return {};
}

struct MicrosoftInputs {
  size_t mask;
  size_t bias;
};

// From the heads on, both operators are the same.
Result<void> AttendMicrosoft(Node& node, const Heads& q, const Heads& k, const Heads& v,
                             const MicrosoftInputs& inputs, int64_t past) {
  WEBNN_ASSIGN_OR_RETURN(const AttentionSizes sizes, SizesFrom(node, q, k, v));
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(q.operand);
  WEBNN_ASSIGN_OR_RETURN(const float scale, node.Float("scale", 0));
  const AttentionOptions options = {
      .scale = scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(sizes.head_size)),
      .softmax_type = type};
  WEBNN_ASSIGN_OR_RETURN(const int64_t is_causal, node.Int("unidirectional", 0));
  AttentionMask mask(node, sizes, type);
  if (is_causal != 0) {
    WEBNN_RETURN_IF_ERROR(mask.Add({.left = {}, .right = 0, .offset = past, .valid_keys = {}}));
  }
  if (node.Has(inputs.mask)) {
    WEBNN_RETURN_IF_ERROR(AddPenalties(node, mask, inputs.mask, sizes));
  }
  if (node.Has(inputs.bias)) mask.AddBias(node.Get(inputs.bias));
  const AttentionResult result =
      Attend(node, sizes, q.operand, node.Transpose(k.operand, {0, 1, 3, 2}), v.operand,
             mask.Finish(), options, type);
  return node.Set(0, MergeHeads(node, result.output, sizes));
}

Result<int64_t> HeadCount(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t heads, node.Int("num_heads", 0));
  if (heads <= 0) return node.Invalid("num_heads is {}; it must be positive", heads);
  return heads;
}

}  // namespace

// input [batch, length, size] times weights [size, hidden sizes of q, k and v], plus a bias.
Result<void> ImportMicrosoftAttention(Node& node) {
  WEBNN_RETURN_IF_ERROR(RefuseInputs(node, {{4, "past"}, {6, "past_sequence_length"}}));
  WEBNN_ASSIGN_OR_RETURN(const int64_t rotates, node.Int("do_rotary", 0));
  if (rotates != 0 || node.Wants(1)) {
    return node.Refuse(rotates != 0 ? "do_rotary is set" : "its output `present` is used",
                       "use ONNX's Attention and RotaryEmbedding");
  }
  WEBNN_ASSIGN_OR_RETURN(const int64_t heads, HeadCount(node));
  if (node.RankOf(0) != 3 || node.RankOf(1) != 2) {
    return node.Invalid("input and weights have ranks {} and {}, not 3 and 2", node.RankOf(0),
                        node.RankOf(1));
  }
  WEBNN_ASSIGN_OR_RETURN(auto hidden, node.Ints("qkv_hidden_sizes"));
  const int64_t columns = node.SizesOf(1)[1];
  if (!hidden || hidden->empty()) hidden = std::vector<int64_t>(3, columns / 3);
  if (hidden->size() != 3 ||
      std::any_of(hidden->begin(), hidden->end(),
                  [&](int64_t size) { return size <= 0 || size > columns; }) ||
      (*hidden)[0] + (*hidden)[1] + (*hidden)[2] != columns) {
    return node.Invalid("the hidden sizes [{}] do not make up the {} columns of the weights",
                        fmt::join(*hidden, ", "), columns);
  }
  Operand product = node.Emit(ops::Matmul{.a = node.Get(0), .b = node.Get(1)});
  if (node.Has(2)) product = node.Add(product, node.Get(2));
  const std::vector<Operand> parts = SplitParts(node, product, *hidden, 2);
  std::array<Heads, 3> qkv;
  for (size_t k = 0; k < 3; ++k) {
    WEBNN_RETURN_IF_ERROR(CheckHeads(node, "num_heads", heads, (*hidden)[k]));
    const std::vector<int64_t> sizes = {node.SizesOf(0)[0], node.SizesOf(0)[1], (*hidden)[k]};
    qkv[k] = SplitHeads(node, parts[k], sizes, heads);
  }
  return AttendMicrosoft(node, qkv[0], qkv[1], qkv[2], {.mask = 3, .bias = 5}, 0);
}

Result<void> ImportMultiHeadAttention(Node& node) {
  WEBNN_RETURN_IF_ERROR(
      RefuseInputs(node, {{8, "past_sequence_length"}, {9, "cache_indirection"}}));
  WEBNN_ASSIGN_OR_RETURN(const int64_t heads, HeadCount(node));
  if (!node.Has(1) || !node.Has(2) || node.RankOf(0) != 3) {
    return node.Refuse("query, key and value are packed into one input",
                       "give them as three inputs");
  }
  if (node.Wants(3)) return node.Refuse("its output `qk` is used", "use ONNX's Attention");
  std::vector<Operand> biases;
  if (node.Has(3)) {
    if (node.RankOf(3) != 1 || node.RankOf(1) != 3 || node.RankOf(2) != 3) {
      return node.Refuse("the bias goes with keys that have their heads apart",
                         "add the bias in the model");
    }
    const std::array parts = {node.SizesOf(0)[2], node.SizesOf(1)[2], node.SizesOf(2)[2]};
    biases = SplitParts(node, node.Get(3), parts, 0);
  }
  std::array<Heads, 3> qkv;
  for (size_t k = 0; k < 3; ++k) {
    const std::vector<int64_t>& sizes = node.SizesOf(k);
    Operand x = node.Get(k);
    if (sizes.size() == 4) {
      qkv[k] = {x, sizes};
      continue;
    }
    if (sizes.size() != 3) {
      return node.Refuse(fmt::format("input {} has rank {}; imported are 3 and 4", k, sizes.size()),
                         "give query, key and value as three inputs");
    }
    WEBNN_RETURN_IF_ERROR(CheckHeads(node, "num_heads", heads, sizes[2]));
    if (!biases.empty()) x = node.Add(x, biases[k]);
    qkv[k] = SplitHeads(node, x, sizes, heads);
  }
  const int64_t past = node.Has(6) && node.RankOf(6) == 4 ? node.SizesOf(6)[2] : 0;
  WEBNN_ASSIGN_OR_RETURN(qkv[1], BehindCache(node, 6, "past_key", std::move(qkv[1])));
  WEBNN_ASSIGN_OR_RETURN(qkv[2], BehindCache(node, 7, "past_value", std::move(qkv[2])));
  for (size_t k = 1; k < 3; ++k) {
    if (node.Wants(k)) WEBNN_RETURN_IF_ERROR(node.Set(k, qkv[k].operand));
  }
  return AttendMicrosoft(node, qkv[0], qkv[1], qkv[2], {.mask = 4, .bias = 5}, past);
}

}  // namespace webnn::onnx_format
