#pragma once

#include <cstdint>

namespace webnn {

/// IEEE 754 binary16, round to nearest even, overflow to infinity. One rounding from double.
uint16_t Float16FromDouble(double value);
float Float16ToFloat(uint16_t bits);

}  // namespace webnn
