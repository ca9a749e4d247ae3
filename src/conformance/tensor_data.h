#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/elements.h"
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

using webnn::ElementBits;
/// Bit pattern of a number.
uint64_t ElementBits(DataType type, const Number& number);

}  // namespace webnn::conformance
