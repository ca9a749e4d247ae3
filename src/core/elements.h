#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "webnn/types.h"

namespace webnn {

/// Bit pattern of the element at `index` of a packed array.
uint64_t ElementBits(DataType type, std::span<const std::byte> bytes, size_t index);
/// The number that a bit pattern stands for.
Number NumberOf(DataType type, uint64_t bits);
inline Number ElementOf(DataType type, std::span<const std::byte> bytes, size_t index) {
  return NumberOf(type, ElementBits(type, bytes, index));
}

/// How far apart two elements of one data type are.
struct Distance {
  /// Only one is NaN, or they are not the same infinity: no tolerance allows that.
  bool unequal = false;
  /// Floats: steps from one to the other among the values of the type; integers: the difference.
  uint64_t ulp = 0;
  double absolute = 0;
};

/// NaN equals NaN, an infinity only itself, -0 equals 0.
Distance Measure(DataType type, uint64_t got_bits, uint64_t expected_bits);

}  // namespace webnn
