#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "onnx/import/node.h"

/// Scaled dot-product attention, written out with WebNN's operators; what ONNX's and ONNX Runtime's
/// operators have in common.
namespace webnn::onnx_format {

struct AttentionSizes {
  int64_t batch = 0;
  int64_t heads = 0;
  int64_t key_heads = 0;  ///< Each serves `heads / key_heads` heads next to each other.
  int64_t queries = 0;
  int64_t keys = 0;
  int64_t head_size = 0;
  int64_t value_size = 0;
};

/// Query, key or value as [batch, heads, length, size].
struct Heads {
  Operand operand;
  std::vector<int64_t> sizes;
};

/// [batch, length, heads * size] with the heads moved in front of the length.
Heads SplitHeads(Node& node, Operand x, const std::vector<int64_t>& sizes, int64_t heads);
/// The opposite, of an attention's output.
Operand MergeHeads(Node& node, Operand x, const AttentionSizes& sizes);
Result<void> CheckHeads(const Node& node, std::string_view name, int64_t heads, int64_t hidden);
/// The cache that input k holds, if there is one, and `x` behind it.
Result<Heads> BehindCache(Node& node, size_t k, std::string_view name, Heads x);
/// TypeError when the three do not fit together.
Result<AttentionSizes> SizesFrom(const Node& node, const Heads& query, const Heads& key,
                                 const Heads& value);

/// Which key a query may attend to, beyond a mask. Query i stands at `offset + i`.
struct AttentionWindow {
  std::optional<int64_t> left;   ///< So many keys before the query and no more.
  std::optional<int64_t> right;  ///< So many behind; 0 is causal.
  int64_t offset = 0;
  /// Number of valid keys by batch, [batch], when that is computed: then the last query stands at
  /// the last valid key, and `offset` does not count.
  std::optional<Operand> valid_keys;
};

/// What is added to the scores, and whether it may forbid every key to some query.
struct AttentionBias {
  std::optional<Operand> added;  ///< Broadcast to [batch, heads, queries, keys].
  bool may_forbid_all = false;
};

/// Collects masks for one attention.
class AttentionMask {
 public:
  AttentionMask(Node& node, const AttentionSizes& sizes, DataType type)
      : node_(node), sizes_(sizes), type_(type) {}

  Result<void> Add(const AttentionWindow& window);
  /// Not 0: may be attended to. The scores of others become -infinity, or less by `penalty`.
  void Add(Operand allowed, double penalty = -std::numeric_limits<double>::infinity());
  /// Numbers to be added to the scores.
  void AddBias(Operand bias);
  AttentionBias Finish() const { return bias_; }

 private:
  Node& node_;
  AttentionSizes sizes_;
  DataType type_;
  AttentionBias bias_;
};

struct AttentionOptions {
  double scale = 1;
  double softcap = 0;  ///< 0: none.
  DataType softmax_type = DataType::kFloat32;
};

struct AttentionResult {
  Operand output;  ///< [batch, heads, queries, value_size]
  /// [batch, heads, queries, keys]: the scaled product, then what each step makes of it.
  Operand scores;
  Operand capped;
  Operand biased;
  Operand probabilities;
};

/// `query` is [batch, heads, queries, head_size], `keys` [batch, key_heads, head_size, keys] and
/// `values` [batch, key_heads, keys, value_size].
AttentionResult Attend(Node& node, const AttentionSizes& sizes, Operand query, Operand keys,
                       Operand values, const AttentionBias& bias, const AttentionOptions& options,
                       DataType type);

}  // namespace webnn::onnx_format
