#pragma once

#include <array>
#include <optional>
#include <span>

#include "ops/common.h"

/// What convolutions and pooling share: windows that slide over two axes.
namespace webnn::ops {

/// One axis of a sliding window.
struct Window {
  uint32_t input;
  uint32_t size;
  uint32_t begin;
  uint32_t end;
  uint32_t stride;
  uint32_t dilation;
};
/// Positions of the window; rule `window-fits` when there is none.
Result<uint64_t> WindowOutputSize(const InferContext& context, const Window& window,
                                  RoundingType rounding);

/// The axes of an operand in `layout` that are batch, channels, height, width; and back.
std::array<int64_t, 4> ToNchw(InputOperandLayout layout);
std::array<int64_t, 4> FromNchw(InputOperandLayout layout);

/// Rules `strides-positive`, `dilations-positive`, `groups-positive`.
Result<void> CheckConvOptions(const InferContext& context, std::span<const uint32_t> strides,
                              std::span<const uint32_t> dilations, uint32_t groups);
/// Rule `bias-shape`.
Result<void> CheckConvBias(const InferContext& context, std::optional<Operand> bias,
                           uint64_t channels);

}  // namespace webnn::ops
