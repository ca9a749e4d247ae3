#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "onnx/import/node.h"

/// Constants that import functions make.
namespace webnn::onnx_format {

/// A tensor of numbers, each cast to the type as `Number::Encode` does. Not for 4-bit types.
HostTensor TensorOf(std::span<const double> values, std::vector<int64_t> sizes, DataType type);

/// `count` times the same number, 1-D.
Operand Filled(Node& node, double value, int64_t count, DataType type);

/// Indices as a 1-D constant.
Operand Indices(Node& node, std::span<const int64_t> values);

/// Input k in other sizes of the same count. What is known stays a constant, so that runtimes see
/// it as one.
Operand GetAs(Node& node, size_t k, std::span<const int64_t> sizes);
inline Operand GetAs(Node& node, size_t k, std::initializer_list<int64_t> sizes) {
  return GetAs(node, k, std::span(sizes.begin(), sizes.size()));
}

/// The product of the sizes from `first` on, before `last`; the largest number when it is larger.
int64_t ProductOf(std::span<const int64_t> sizes, size_t first, size_t last);
inline int64_t ProductOf(std::span<const int64_t> sizes, size_t first = 0) {
  return ProductOf(sizes, first, sizes.size());
}

}  // namespace webnn::onnx_format
