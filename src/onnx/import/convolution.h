#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "onnx/import/windows.h"

namespace webnn::onnx_format {

/// A convolution over one to three axes, checked.
struct Convolution {
  std::vector<WindowAxis> axes;
  std::vector<int64_t> input;   ///< Sizes.
  std::vector<int64_t> filter;  ///< Sizes: output channels, input channels / groups, kernel.
  int64_t groups = 1;
};

/// What the node says, its filter in input `filter`.
Result<Convolution> ReadConvolution(const Node& node, size_t filter);

/// The filter in other sizes of the same count.
using FilterInSizes = std::function<Operand(std::span<const int64_t>)>;

/// `x` and the result are in the sizes of the node's axes.
Operand Convolve(Node& node, const Convolution& convolution, Operand x, const FilterInSizes& filter,
                 std::optional<Operand> bias);

}  // namespace webnn::onnx_format
