#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "webnn/result.h"

namespace webnn::onnx_format {

/// An axis of an Einsum equation: a letter, or an axis that an ellipsis stands for, counted from
/// the last one and above all letters.
using EinsumLabel = uint32_t;
inline constexpr EinsumLabel kEllipsisLabel = 256;

/// "bij,bjk->bik" with every axis of every operand named.
struct EinsumEquation {
  std::vector<std::vector<EinsumLabel>> terms;  ///< One an operand, one label an axis.
  std::vector<EinsumLabel> output;              ///< Each once, each of some term.
};

/// `ranks` are those of the operands. TypeError that says what is wrong in the equation.
Result<EinsumEquation> ParseEinsum(std::string_view equation, std::span<const int64_t> ranks);

}  // namespace webnn::onnx_format
