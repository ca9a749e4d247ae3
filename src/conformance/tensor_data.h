#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "webnn/types.h"

namespace webnn::conformance {

/// A tensor of a case: one number an element, or one for all when `fill`.
struct TensorData {
  OperandDescriptor descriptor = OperandDescriptor::Scalar(DataType::kFloat32);
  bool constant = false;
  bool fill = false;
  std::vector<Number> elements;

  const Number& element(size_t index) const { return elements[fill ? 0 : index]; }
  /// The packed row-major array, every element rounded to the data type.
  std::vector<std::byte> Encode() const;
};

/// Bit pattern of the element at `index` of a packed array.
uint64_t ElementBits(DataType type, std::span<const std::byte> bytes, size_t index);
/// The same of one number.
uint64_t ElementBits(DataType type, const Number& number);

}  // namespace webnn::conformance
