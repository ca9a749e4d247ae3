#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "onnx/import/node.h"

/// What the import functions of matrix, attention and recurrent operators share.
namespace webnn::onnx_format {

inline bool IsFloat(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat16;
}
/// Parts of these sizes along `axis`.
std::vector<Operand> SplitParts(Node& node, Operand x, std::span<const int64_t> sizes,
                                uint32_t axis);
std::vector<Operand> SplitParts(Node& node, Operand x, std::initializer_list<int64_t> sizes,
                                uint32_t axis);
/// The parts joined along `axis`.
Operand Join(Node& node, std::vector<Operand> parts, uint32_t axis);
/// 0, 1 ... count - 1 as an int32 constant of these sizes; refused above `kMaxPositions`.
Result<Operand> Positions(Node& node, int64_t count, std::vector<int64_t> sizes);
inline constexpr int64_t kMaxPositions = int64_t{1} << 22;

/// The matrix product of the last two axes; those before are broadcast. Integers, which WebNN does
/// not multiply as matrices, are multiplied one by one and summed; refused above `kMaxProducts`,
/// because all of them are in memory at once.
Result<Operand> Product(Node& node, Operand a, Operand b);
inline constexpr int64_t kMaxProducts = int64_t{1} << 24;

Result<void> ImportEinsum(Node& node);
Result<void> ImportMatMulNBits(Node& node);
// Signals: windows and Fourier transforms, by matrices.
Result<void> ImportDft(Node& node);
Result<void> ImportStft(Node& node);
Result<void> ImportMelWeightMatrix(Node& node);
Result<void> ImportHannWindow(Node& node);
Result<void> ImportHammingWindow(Node& node);
Result<void> ImportBlackmanWindow(Node& node);
// Attention and what prepares its operands.
Result<void> ImportAttention(Node& node);
Result<void> ImportFlexAttention(Node& node);
Result<void> ImportLinearAttention(Node& node);
Result<void> ImportCausalConv(Node& node);
Result<void> ImportMicrosoftAttention(Node& node);
Result<void> ImportMultiHeadAttention(Node& node);
Result<void> ImportRotaryEmbedding(Node& node);
Result<void> ImportMicrosoftRotaryEmbedding(Node& node);

}  // namespace webnn::onnx_format
