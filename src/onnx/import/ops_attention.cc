#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/import/attention.h"
#include "onnx/import/constants.h"
#include "onnx/import/matrix.h"

namespace webnn::onnx_format {
namespace {

constexpr int64_t kUnbounded = int64_t{1} << 30;

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

// The type that holds what softmax_precision asks for, `fallback` when it does not; there is none
// above float32.
Result<DataType> SoftmaxType(const Node& node, DataType fallback) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t precision, node.Int("softmax_precision", 0));
  switch (static_cast<Element>(precision)) {
    case Element::kNone:
      return fallback;
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

Result<double> Scale(const Node& node, const AttentionSizes& sizes) {
  const float root = std::sqrt(static_cast<float>(sizes.head_size));
  WEBNN_ASSIGN_OR_RETURN(const float scale, node.Float("scale", 1 / root));
  return double{scale};
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
  WEBNN_ASSIGN_OR_RETURN(options.scale, Scale(node, sizes));
  WEBNN_ASSIGN_OR_RETURN(options.softcap, node.Float("softcap", 0));
  WEBNN_ASSIGN_OR_RETURN(options.softmax_type, SoftmaxType(node, type));
  AttentionWindow window = {.offset = past};
  WEBNN_ASSIGN_OR_RETURN(window.left, WindowSize(node, "left_window_size"));
  WEBNN_ASSIGN_OR_RETURN(window.right, WindowSize(node, "right_window_size"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t is_causal, node.Int("is_causal", 0));
  if (is_causal != 0) window.right = 0;
  if (node.Has(6)) window.valid_keys = node.Get(6);
  AttentionMask mask(node, sizes, type);
  WEBNN_RETURN_IF_ERROR(mask.Add(window));
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

Result<void> ImportFlexAttention(Node& node) {
  for (const char* name : {"score_mod", "prob_mod"}) {
    if (node.HasAttribute(name)) {
      return node.Refuse(fmt::format("{} is a subgraph", name),
                         "write it out as operators, or use ONNX's Attention");
    }
  }
  std::array<Heads, 3> qkv;
  for (size_t k = 0; k < 3; ++k) {
    if (node.RankOf(k) != 4) return node.Invalid("input {} has rank {}, not 4", k, node.RankOf(k));
    qkv[k] = {node.Get(k), node.SizesOf(k)};
  }
  const auto& [q, k, v] = qkv;
  WEBNN_ASSIGN_OR_RETURN(const AttentionSizes sizes, SizesFrom(node, q, k, v));
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(q.operand);
  AttentionOptions options;
  WEBNN_ASSIGN_OR_RETURN(options.scale, Scale(node, sizes));
  WEBNN_ASSIGN_OR_RETURN(options.softmax_type, SoftmaxType(node, DataType::kFloat32));
  const Operand turned = node.Transpose(k.operand, {0, 1, 3, 2});
  return node.Set(0, Attend(node, sizes, q.operand, turned, v.operand, {}, options, type).output);
}

}  // namespace webnn::onnx_format
