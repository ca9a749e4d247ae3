#include "core/float16.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace webnn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr uint16_t kFloat16Infinity = 0x7c00;

// The value of a finite pattern, straight from the definition of binary16.
double Decode(uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const int mantissa = bits & 0x3ff;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(Float16Test, EveryPatternReadsBackAsItself) {
  for (uint32_t pattern = 0; pattern <= 0xffff; ++pattern) {
    const auto bits = static_cast<uint16_t>(pattern);
    const float value = Float16ToFloat(bits);
    if ((bits & 0x7fff) > kFloat16Infinity) {
      ASSERT_TRUE(std::isnan(value)) << pattern;
      ASSERT_TRUE(std::isnan(Float16ToFloat(Float16FromDouble(value)))) << pattern;
      continue;
    }
    ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << pattern;
    if ((bits & 0x7fff) == kFloat16Infinity) {
      ASSERT_TRUE(std::isinf(value)) << pattern;
    } else {
      ASSERT_EQ(value, Decode(bits)) << pattern;
    }
    ASSERT_EQ(Float16FromDouble(value), bits) << pattern;
  }
}

TEST(Float16Test, RoundsEveryBorderToNearestEven) {
  for (uint32_t pattern = 0; pattern < 0x7bff; ++pattern) {
    const auto lower = static_cast<uint16_t>(pattern);
    const auto upper = static_cast<uint16_t>(pattern + 1);
    const double half = (Decode(lower) + Decode(upper)) / 2;  // exact in double
    const uint16_t even = (lower & 1) == 0 ? lower : upper;
    ASSERT_EQ(Float16FromDouble(half), even) << pattern;
    ASSERT_EQ(Float16FromDouble(std::nextafter(half, -kInfinity)), lower) << pattern;
    ASSERT_EQ(Float16FromDouble(std::nextafter(half, kInfinity)), upper) << pattern;
    ASSERT_EQ(Float16FromDouble(-half), even | 0x8000) << pattern;
    ASSERT_EQ(Float16FromDouble(-std::nextafter(half, 0)), lower | 0x8000) << pattern;
    ASSERT_EQ(Float16FromDouble(-std::nextafter(half, kInfinity)), upper | 0x8000) << pattern;
  }
}

TEST(Float16Test, OverflowsToInfinityFromTheHalfwayPointOn) {
  EXPECT_EQ(Float16FromDouble(65504), 0x7bff);
  EXPECT_EQ(Float16FromDouble(65519.99), 0x7bff);
  EXPECT_EQ(Float16FromDouble(std::nextafter(65520.0, 0.0)), 0x7bff);
  EXPECT_EQ(Float16FromDouble(65520), kFloat16Infinity);
  EXPECT_EQ(Float16FromDouble(-65520), kFloat16Infinity | 0x8000);
  EXPECT_EQ(Float16FromDouble(std::numeric_limits<double>::max()), kFloat16Infinity);
  EXPECT_EQ(Float16FromDouble(kInfinity), kFloat16Infinity);
  EXPECT_EQ(Float16FromDouble(-kInfinity), kFloat16Infinity | 0x8000);
}

TEST(Float16Test, UnderflowsToZeroWithItsSign) {
  EXPECT_EQ(Float16FromDouble(0x1p-25), 0);  // halfway to the least subnormal: to even
  EXPECT_EQ(Float16FromDouble(std::nextafter(0x1p-25, 1.0)), 1);
  EXPECT_EQ(Float16FromDouble(std::numeric_limits<double>::denorm_min()), 0);
  EXPECT_EQ(Float16FromDouble(-std::numeric_limits<double>::denorm_min()), 0x8000);
  EXPECT_EQ(Float16FromDouble(0.0), 0);
  EXPECT_EQ(Float16FromDouble(-0.0), 0x8000);
}

TEST(Float16Test, RoundsOnce) {
  // Just above halfway between 2048 and 2050; a float in between would make it the half itself.
  const double value = 2049 + 0x1p-30;
  ASSERT_EQ(static_cast<float>(value), 2049.f);
  EXPECT_EQ(Float16ToFloat(Float16FromDouble(value)), 2050.f);
}

TEST(Float16Test, FloatsRoundAsDoublesDo) {
  // Every pattern of the upper 20 bits, with low bits around halves and ends of a step.
  for (uint32_t upper = 0; upper < (1u << 20); ++upper) {
    for (uint32_t lower : {0u, 1u, 0x7ffu, 0x800u, 0x801u, 0xfffu}) {
      const auto value = std::bit_cast<float>((upper << 12) | lower);
      ASSERT_EQ(Float16FromFloat(value), Float16FromDouble(static_cast<double>(value))) << value;
    }
  }
}

TEST(Float16Test, KeepsNaN) {
  const uint16_t nan = Float16FromDouble(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(std::isnan(Float16ToFloat(nan)));
  EXPECT_NE(nan & 0x200, 0);  // quiet
}

}  // namespace
}  // namespace webnn
