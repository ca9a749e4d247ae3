#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/import/attention.h"
#include "onnx/import/constants.h"
#include "onnx/import/matrix.h"

namespace webnn::onnx_format {
namespace {

// Query, key or value as [batch, heads, length, size].
struct Heads {
  Operand operand;
  std::vector<int64_t> sizes;
};

constexpr int64_t kUnbounded = int64_t{1} << 30;

// [batch, length, heads * size] with the heads moved in front of the length.
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

// Input k of ONNX's Attention: of rank 4 as it is, of rank 3 with its heads side by side.
Result<Heads> HeadsOf(Node& node, size_t k, std::string_view count_name) {
  const std::vector<int64_t>& sizes = node.SizesOf(k);
  if (sizes.size() == 4) return Heads{node.Get(k), sizes};
  if (sizes.size() != 3) {
    return node.Invalid("input {} has rank {}; Q, K and V have rank 3 or 4", k, sizes.size());
  }
  WEBNN_ASSIGN_OR_RETURN(const int64_t heads, node.Int(count_name, 0));
  WEBNN_RETURN_IF_ERROR(CheckHeads(node, count_name, heads, sizes[2]));
  return SplitHeads(node, node.Get(k), sizes, heads);
}

// The cache that input k holds, and `x` behind it.
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

// The type that holds what softmax_precision asks for; there is none above float32.
Result<DataType> SoftmaxType(const Node& node, DataType type) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t precision, node.Int("softmax_precision", 0));
  switch (static_cast<Element>(precision)) {
    case Element::kNone:
      return type;
    case Element::kFloat16:
      return DataType::kFloat16;
    case Element::kFloat:
    case Element::kDouble:
    case Element::kBfloat16:
      return DataType::kFloat32;
    default:
      return node.Invalid("softmax_precision is {}, which is no float type", precision);
  }
}

// A bound of a window: -1 is none.
Result<std::optional<int64_t>> WindowSize(const Node& node, std::string_view name) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t size, node.Int(name, -1));
  if (size < -1) return node.Invalid("{} is {}; it must be -1 or more", name, size);
  if (size < 0 || size >= kUnbounded) return std::optional<int64_t>();
  return std::optional(size);
}

// Input 3 of ONNX's Attention: a mask of bool, or numbers to be added.
void AddMask(Node& node, AttentionMask& mask, const AttentionSizes& sizes, DataType type) {
  const bool is_bool = node.TypeOf(3) == Element::kBool;
  Operand operand = node.Get(3);
  const std::vector<int64_t>& own = node.SizesOf(3);
  if (!is_bool) operand = node.Cast(operand, type);
  // What the mask does not reach is masked.
  if (node.opset() >= 24 && !own.empty() && own.back() < sizes.keys) {
    std::vector<uint32_t> behind(own.size(), 0);
    behind.back() = static_cast<uint32_t>(sizes.keys - own.back());
    operand = node.Emit(
        ops::Pad{.input = operand,
                 .beginning_padding = std::vector<uint32_t>(own.size(), 0),
                 .ending_padding = behind,
                 .value = is_bool ? Number(0) : Number(-std::numeric_limits<double>::infinity())});
  }
  if (is_bool) {
    mask.Add(operand);
  } else {
    mask.AddBias(operand);
  }
}

}  // namespace

Result<void> ImportAttention(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Heads q, HeadsOf(node, 0, "q_num_heads"));
  WEBNN_ASSIGN_OR_RETURN(Heads k, HeadsOf(node, 1, "kv_num_heads"));
  WEBNN_ASSIGN_OR_RETURN(Heads v, HeadsOf(node, 2, "kv_num_heads"));
  const int64_t past = node.Has(4) && node.RankOf(4) == 4 ? node.SizesOf(4)[2] : 0;
  WEBNN_ASSIGN_OR_RETURN(k, BehindCache(node, 4, "past_key", std::move(k)));
  WEBNN_ASSIGN_OR_RETURN(v, BehindCache(node, 5, "past_value", std::move(v)));
  WEBNN_ASSIGN_OR_RETURN(const AttentionSizes sizes, SizesFrom(node, q, k, v));
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(q.operand);

  AttentionOptions options;
  const double root = std::sqrt(static_cast<double>(sizes.head_size));
  WEBNN_ASSIGN_OR_RETURN(options.scale, node.Float("scale", static_cast<float>(1 / root)));
  WEBNN_ASSIGN_OR_RETURN(options.softcap, node.Float("softcap", 0));
  WEBNN_ASSIGN_OR_RETURN(options.softmax_type, SoftmaxType(node, type));
  AttentionWindow window = {.offset = past};
  WEBNN_ASSIGN_OR_RETURN(window.left, WindowSize(node, "left_window_size"));
  WEBNN_ASSIGN_OR_RETURN(window.right, WindowSize(node, "right_window_size"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t is_causal, node.Int("is_causal", 0));
  if (is_causal != 0) window.right = 0;
  if (node.Has(6)) window.valid_keys = node.Get(6);
  AttentionMask mask(node, sizes, type);
  mask.Add(window);
  if (node.Has(3)) AddMask(node, mask, sizes, type);

  const AttentionResult result =
      Attend(node, sizes, q.operand, node.Transpose(k.operand, {0, 1, 3, 2}), v.operand,
             mask.Finish(), options, type);
  if (node.Wants(1)) WEBNN_RETURN_IF_ERROR(node.Set(1, k.operand));
  if (node.Wants(2)) WEBNN_RETURN_IF_ERROR(node.Set(2, v.operand));
  if (node.Wants(3)) {
    const std::array modes = {result.scores, result.capped, result.biased, result.probabilities};
    WEBNN_ASSIGN_OR_RETURN(const int64_t mode, node.Int("qk_matmul_output_mode", 0));
    if (mode < 0 || mode > 3) return node.Invalid("qk_matmul_output_mode is {}, not 0 to 3", mode);
    WEBNN_RETURN_IF_ERROR(node.Set(3, modes[mode]));
  }
  return node.Set(0, node.RankOf(0) == 3 ? MergeHeads(node, result.output, sizes) : result.output);
}

// ---- com.microsoft ----

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
  if (is_causal != 0) mask.Add({.left = {}, .right = 0, .offset = past, .valid_keys = {}});
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
