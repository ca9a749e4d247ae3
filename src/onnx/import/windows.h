#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "onnx/import/node.h"

/// The windows of convolutions and pooling.
namespace webnn::onnx_format {

/// One axis that a window slides along.
struct WindowAxis {
  int64_t input = 1;
  int64_t size = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t begin = 0;
  int64_t end = 0;

  /// Elements from the first to the last of one window.
  int64_t reach() const { return (size - 1) * dilation + 1; }
  /// Places where the whole window fits; less than 1 when there is none.
  int64_t output() const;
  /// Distributes `total` elements of padding over both ends, the odd one at the end or not.
  void Pad(int64_t total, bool odd_at_end);
};

/// An axis that is left as it is.
inline WindowAxis WholeAxis(int64_t size) { return {.input = size}; }

enum class AutoPad : uint8_t { kNotSet, kSameUpper, kSameLower, kValid };

struct Windows {
  std::vector<WindowAxis> axes;
  AutoPad auto_pad = AutoPad::kNotSet;

  bool same() const { return auto_pad == AutoPad::kSameUpper || auto_pad == AutoPad::kSameLower; }
};

/// Strides, dilations, pads and auto_pad for the axes of input 0 behind batch and channels, with
/// windows of `kernel` elements or, where that is empty, of `kernel_shape`. Padding that `auto_pad`
/// asks for is left to the caller. All numbers are below 2^31.
Result<Windows> ReadWindows(const Node& node, std::vector<int64_t> kernel = {});

/// Padding that makes the output ceil(input / stride) long.
void PadToSame(Windows& windows);

/// WebNN's options for an operator over the last two axes.
template <class Op>
void SetWindows(Op& op, const std::array<WindowAxis, 2>& axes) {
  for (size_t i = 0; i < 2; ++i) {
    op.padding[2 * i] = static_cast<uint32_t>(axes[i].begin);
    op.padding[2 * i + 1] = static_cast<uint32_t>(axes[i].end);
    op.strides[i] = static_cast<uint32_t>(axes[i].stride);
    op.dilations[i] = static_cast<uint32_t>(axes[i].dilation);
  }
}

/// Appends zeros (or whatever `value` is) to both ends of axes; nothing where there is nothing.
Operand PadAxes(Node& node, Operand x, std::vector<uint32_t> begin, std::vector<uint32_t> end,
                Number value = 0);

}  // namespace webnn::onnx_format
