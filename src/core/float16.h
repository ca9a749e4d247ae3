#pragma once

#include <cstdint>

namespace webnn {

/// IEEE 754 binary16, round to nearest even, overflow to infinity. One rounding from double.
uint16_t Float16FromDouble(double value);
/// The same from float, many times faster.
uint16_t Float16FromFloat(float value);
float Float16ToFloat(uint16_t bits);

}  // namespace webnn
