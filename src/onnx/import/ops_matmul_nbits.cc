#include <algorithm>

#include "onnx/import/constants.h"
#include "onnx/import/matrix.h"

namespace webnn::onnx_format {
namespace {

// The weights of MatMulNBits: [columns, rows] in blocks of a column that share a scale.
struct Packing {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t bits = 0;
  int64_t block_size = 0;

  int64_t blocks() const { return (rows + block_size - 1) / block_size; }
};

Result<Packing> PackingOf(const Node& node) {
  Packing packing;
  WEBNN_ASSIGN_OR_RETURN(packing.rows, node.Int("K", 0));
  WEBNN_ASSIGN_OR_RETURN(packing.columns, node.Int("N", 0));
  WEBNN_ASSIGN_OR_RETURN(packing.bits, node.Int("bits", 4));
  WEBNN_ASSIGN_OR_RETURN(packing.block_size, node.Int("block_size", 0));
  constexpr int64_t kLargest = int64_t{1} << 30;
  const auto in_range = [&](int64_t size) { return size > 0 && size <= kLargest; };
  if (!in_range(packing.rows) || !in_range(packing.columns) || !in_range(packing.block_size)) {
    return node.Invalid("K is {}, N {} and block_size {}; all must be 1 to 2^30", packing.rows,
                        packing.columns, packing.block_size);
  }
  if (packing.bits != 2 && packing.bits != 4 && packing.bits != 8) {
    return node.Refuse(fmt::format("weights of {} bits", packing.bits), "quantise to 4 or 8 bits");
  }
  if (packing.block_size < 16 || (packing.block_size & (packing.block_size - 1)) != 0) {
    return node.Invalid("block_size is {}; it must be a power of two from 16 on",
                        packing.block_size);
  }
  return packing;
}

// Element `k` of those packed with so many bits each, the lowest bits first.
uint32_t Unpack(std::span<const std::byte> bytes, int64_t k, int64_t bits) {
  const int64_t bit = k * bits;
  return std::to_integer<uint32_t>(bytes[bit / 8] >> (bit % 8)) & ((1u << bits) - 1);
}

// A matrix of `columns` columns, transposed from rows that start `stride` bytes apart. Two bits
// become four, the narrowest that WebNN has.
Operand Transposed(Node& node, std::span<const std::byte> packed, int64_t stride, int64_t rows,
                   int64_t columns, int64_t bits) {
  std::byte* memory = nullptr;
  const HostTensor tensor =
      HostTensor::Allocate(bits == 8 ? Element::kUint8 : Element::kUint4, {rows, columns}, &memory);
  for (int64_t column = 0; column < columns; ++column) {
    const auto source = packed.subspan(column * stride, stride);
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t index = row * columns + column;
      const auto value = static_cast<std::byte>(Unpack(source, row, bits));
      if (bits == 8) {
        memory[index] = value;
      } else {
        memory[index / 2] |= value << (index % 2 * 4);
      }
    }
  }
  return node.Constant(tensor);
}

// [blocks, columns], like the scales.
Result<Operand> ZeroPoints(Node& node, const Packing& packing) {
  const int64_t blocks = packing.blocks();
  const int64_t stride = (blocks * packing.bits + 7) / 8;
  if (!node.Has(3)) {
    // All in the middle.
    const bool is_byte = packing.bits == 8;
    std::byte* memory = nullptr;
    const HostTensor tensor = HostTensor::Allocate(is_byte ? Element::kUint8 : Element::kUint4,
                                                   {blocks, packing.columns}, &memory);
    const int middle = 1 << (packing.bits - 1);
    std::fill_n(memory, tensor.bytes.size(),
                static_cast<std::byte>(is_byte ? middle : middle << 4 | middle));
    return node.Constant(tensor);
  }
  const HostTensor* known = node.Known(3);
  if (known == nullptr || known->element != Element::kUint8) {
    return node.Refuse("the zero points are not packed like the weights, as a constant",
                       "quantise with integer zero points");
  }
  if (static_cast<int64_t>(known->bytes.size()) != packing.columns * stride) {
    return node.Invalid("zero_points has {} bytes; {} columns of {} blocks take {}",
                        known->bytes.size(), packing.columns, blocks, packing.columns * stride);
  }
  return Transposed(node, known->bytes, stride, blocks, packing.columns, packing.bits);
}

}  // namespace

// The weights become a matrix as MatMul has it, [rows, columns], dequantised in blocks of a column:
// runtimes know this and keep it quantised.
Result<void> ImportMatMulNBits(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Packing packing, PackingOf(node));
  const int64_t blocks = packing.blocks();
  const int64_t padded_rows = blocks * packing.block_size;
  const int64_t stride = padded_rows * packing.bits / 8;
  const HostTensor* weights = node.Known(1);
  if (weights == nullptr) {
    return node.Refuse("the packed weights are computed at run time", "make them a constant");
  }
  if (node.Has(4))
    return node.Refuse("the rows are shuffled (g_idx)", "quantise without act-order");
  if (weights->element != Element::kUint8 ||
      static_cast<int64_t>(weights->bytes.size()) != packing.columns * stride) {
    return node.Invalid("B is {} of {} bytes; {} columns of {} blocks of {} bits take {} of uint8",
                        NameOf(weights->element), weights->bytes.size(), packing.columns, blocks,
                        packing.block_size * packing.bits, packing.columns * stride);
  }
  if (ProductOf(node.SizesOf(2)) != packing.columns * blocks) {
    return node.Invalid("scales has the sizes [{}]; {} columns of {} blocks need {}",
                        fmt::join(node.SizesOf(2), ", "), packing.columns, blocks,
                        packing.columns * blocks);
  }
  const Operand quantized =
      Transposed(node, weights->bytes, stride, padded_rows, packing.columns, packing.bits);
  WEBNN_ASSIGN_OR_RETURN(const Operand zero_points, ZeroPoints(node, packing));
  const Operand scales = node.Transpose(GetAs(node, 2, {packing.columns, blocks}), {1, 0});
  Operand matrix = node.Emit(
      ops::DequantizeLinear{.input = quantized, .scale = scales, .zero_point = zero_points});
  if (padded_rows != packing.rows) {
    matrix = SplitParts(node, matrix, {packing.rows, padded_rows - packing.rows}, 0)[0];
  }
  Operand product = node.Emit(ops::Matmul{.a = node.Get(0), .b = matrix});
  if (node.Has(5)) product = node.Add(product, node.Get(5));
  return node.Set(0, product);
}

}  // namespace webnn::onnx_format
