#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "onnx/import/node.h"

/// What the import functions of quantised operators share.
namespace webnn::onnx_format {

/// How scale and zero point lie over a tensor.
struct Granularity {
  int64_t axis = 1;
  int64_t block = 0;  ///< Elements along `axis` with one scale; 0: not in blocks.
};

/// Where scale and zero point come from. `zero_point` may be an absent input: all are 0.
struct QuantizationInputs {
  size_t scale = 1;
  size_t zero_point = 2;
  Granularity granularity = {};
};

/// Refuses types that WebNN does not quantise to.
Result<DataType> QuantizedType(const Node& node, Element element);

/// `x`, of sizes `sizes` and the quantised type `type`, as numbers of the scale's type.
Result<Operand> Dequantize(Node& node, Operand x, std::span<const int64_t> sizes, DataType type,
                           const QuantizationInputs& inputs);
/// Numbers as the quantised type. Scale and input are cast to float32 where they differ in type.
Result<Operand> Quantize(Node& node, Operand x, std::span<const int64_t> sizes, DataType type,
                         const QuantizationInputs& inputs);

/// A quantised input of an operator, as numbers: data in input k, then scale and zero point.
Result<Operand> DequantizeInput(Node& node, size_t k, size_t scale, size_t zero_point);

std::span<const ImportRow> IntegerRows();  // MatMulInteger, ConvInteger
std::span<const ImportRow> QLinearRows();  // QLinear*

}  // namespace webnn::onnx_format
