#pragma once

#include <span>

#include "ops/common.h"

/// What gathering and scattering share: indices that can never reach outside.
namespace webnn::ops {

enum class IndexType { kAnyInteger, kInt64Only };

/// The indices as ONNX takes them: negative ones count from the end, all are clamped to
/// [-size, size - 1]. `sizes` has one size for all of them, or one for each place of the last axis.
/// Constants are checked here and cost nothing when the model runs.
LoweredValue ClampIndices(Writer& writer, Operand indices, std::span<const int64_t> sizes,
                          IndexType type);

/// Rules `indices-rank-as-input` and `indices-shape`: sizes as the input's but along `axis`.
Result<void> CheckElementIndices(const InferContext& context, Operand input, Operand indices,
                                 uint32_t axis);
/// Rule `indices-depth`; gives the input's axes that the last axis of the indices addresses.
Result<uint32_t> IndexedAxes(const InferContext& context, Operand input, Operand indices);
/// [all but the last axis of the indices] + [the input's axes from `depth` on].
std::vector<uint64_t> NDSizes(const InferContext& context, Operand input, Operand indices,
                              uint32_t depth);

}  // namespace webnn::ops
