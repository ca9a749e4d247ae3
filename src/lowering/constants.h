#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lowering/model.h"

/// What can be done with constants while a model is made.
namespace webnn::lowering {

constexpr int BitsOf(Element element) {
  switch (element) {
    case Element::kInt4:
    case Element::kUint4:
      return 4;
    case Element::kInt8:
    case Element::kUint8:
    case Element::kBool:
      return 8;
    case Element::kInt16:
    case Element::kUint16:
    case Element::kFloat16:
    case Element::kBfloat16:
      return 16;
    case Element::kInt64:
    case Element::kUint64:
    case Element::kDouble:
      return 64;
    default:
      return 32;
  }
}

/// `count` elements in another type, as ONNX's Cast has it: floats are rounded to nearest, integers
/// wrap.
std::vector<std::byte> ConvertElements(std::span<const std::byte> bytes, size_t count, Element from,
                                       Element to);

/// Elements of at least 8 bits with the axes permuted.
std::vector<std::byte> TransposeElements(std::span<const std::byte> bytes, Element element,
                                         std::span<const int64_t> sizes,
                                         std::span<const int64_t> permutation);

/// The largest of the absolute values of floats; NaN and infinities do not count.
double LargestFinite(std::span<const std::byte> bytes, Element element);

uint16_t Bfloat16FromFloat(float value);
float Bfloat16ToFloat(uint16_t bits);

}  // namespace webnn::lowering
