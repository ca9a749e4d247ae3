#include "core/elements.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "core/float16.h"

namespace webnn {
namespace {

bool IsFloat(DataType type) { return type == DataType::kFloat32 || type == DataType::kFloat16; }

float ToFloat(DataType type, uint64_t bits) {
  return type == DataType::kFloat16 ? Float16ToFloat(static_cast<uint16_t>(bits))
                                    : std::bit_cast<float>(static_cast<uint32_t>(bits));
}

// Position of a float among the values of its type; both zeros are 0.
int64_t Order(DataType type, uint64_t bits) {
  const uint64_t sign = uint64_t{1} << (BitsPerElement(type) - 1);
  const auto magnitude = static_cast<int64_t>(bits & (sign - 1));
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

bool IsSigned(DataType type) {
  return type == DataType::kInt4 || type == DataType::kInt8 || type == DataType::kInt32 ||
         type == DataType::kInt64;
}

int64_t SignExtend(DataType type, uint64_t bits) {
  const int unused = 64 - BitsPerElement(type);
  return static_cast<int64_t>(bits << unused) >> unused;
}

Distance MeasureFloats(DataType type, uint64_t got_bits, uint64_t expected_bits) {
  const float got = ToFloat(type, got_bits);
  const float expected = ToFloat(type, expected_bits);
  if (std::isnan(got) && std::isnan(expected)) return {};
  if (std::isfinite(got) && std::isfinite(expected)) {
    const int64_t steps = Order(type, got_bits) - Order(type, expected_bits);
    return {.ulp = static_cast<uint64_t>(std::abs(steps)),
            .absolute = std::fabs(static_cast<double>(got) - static_cast<double>(expected))};
  }
  return {.unequal = got != expected};
}

// The difference of two 64-bit integers fits in 64 bits without a sign.
Distance MeasureIntegers(DataType type, uint64_t got, uint64_t expected) {
  if (IsSigned(type)) {
    // Moves the least integer to 0 and keeps the order.
    constexpr uint64_t kBias = uint64_t{1} << 63;
    got = static_cast<uint64_t>(SignExtend(type, got)) + kBias;
    expected = static_cast<uint64_t>(SignExtend(type, expected)) + kBias;
  }
  const uint64_t difference = got > expected ? got - expected : expected - got;
  return {.ulp = difference, .absolute = static_cast<double>(difference)};
}

}  // namespace

uint64_t ElementBits(DataType type, std::span<const std::byte> bytes, size_t index) {
  if (BitsPerElement(type) == 4) {
    return std::to_integer<uint64_t>(bytes[index / 2] >> (index % 2 * 4)) & 0xf;
  }
  const size_t size = static_cast<size_t>(BitsPerElement(type)) / 8;
  uint64_t bits = 0;
  std::memcpy(&bits, &bytes[index * size], size);
  return bits;
}

Number NumberOf(DataType type, uint64_t bits) {
  if (IsFloat(type)) return ToFloat(type, bits);
  if (IsSigned(type)) return SignExtend(type, bits);
  return bits;
}

Distance Measure(DataType type, uint64_t got_bits, uint64_t expected_bits) {
  return IsFloat(type) ? MeasureFloats(type, got_bits, expected_bits)
                       : MeasureIntegers(type, got_bits, expected_bits);
}

}  // namespace webnn
