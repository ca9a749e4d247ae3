#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "webnn/types.h"

namespace webnn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kInt64Min = std::numeric_limits<int64_t>::min();
constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();
constexpr uint64_t kUint64Max = std::numeric_limits<uint64_t>::max();

template <class T>
T Encoded(const Number& number, DataType type) {
  const auto bytes = number.Encode(type);
  T value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}
float Float32(const Number& number) { return Encoded<float>(number, DataType::kFloat32); }
uint16_t Float16(const Number& number) { return Encoded<uint16_t>(number, DataType::kFloat16); }
int64_t Int64(const Number& number) { return Encoded<int64_t>(number, DataType::kInt64); }
uint64_t Uint64(const Number& number) { return Encoded<uint64_t>(number, DataType::kUint64); }
int32_t Int32(const Number& number) { return Encoded<int32_t>(number, DataType::kInt32); }
uint32_t Uint32(const Number& number) { return Encoded<uint32_t>(number, DataType::kUint32); }
int Int8(const Number& number) { return Encoded<int8_t>(number, DataType::kInt8); }
int Uint8(const Number& number) { return Encoded<uint8_t>(number, DataType::kUint8); }
int Int4(const Number& number) { return Encoded<uint8_t>(number, DataType::kInt4); }
int Uint4(const Number& number) { return Encoded<uint8_t>(number, DataType::kUint4); }

TEST(NumberTest, KeepsTheKindThatItWasMadeFrom) {
  EXPECT_EQ(Number(-3).kind(), Number::Kind::kInt64);
  EXPECT_EQ(Number(int8_t{-3}).int64(), -3);
  EXPECT_EQ(Number(3u).kind(), Number::Kind::kUint64);
  EXPECT_EQ(Number(kUint64Max).uint64(), kUint64Max);
  EXPECT_EQ(Number(1.5f).kind(), Number::Kind::kDouble);
  EXPECT_EQ(Number(1.5f).float64(), 1.5);
  EXPECT_TRUE(Number(1).is_integer());
  EXPECT_FALSE(Number(1.0).is_integer());
  EXPECT_EQ(Int64(Number()), 0);
}

TEST(NumberTest, SixtyFourBitIntegersAreExact) {
  for (int64_t value :
       {kInt64Min, kInt64Min + 1, int64_t{-1}, int64_t{0}, int64_t{1}, (int64_t{1} << 53) + 1,
        -(int64_t{1} << 53) - 1, kInt64Max - 1, kInt64Max}) {
    EXPECT_EQ(Int64(value), value);
  }
  for (uint64_t value : {uint64_t{0}, (uint64_t{1} << 53) + 1, (uint64_t{1} << 63) - 1,
                         uint64_t{1} << 63, (uint64_t{1} << 63) + 1, kUint64Max - 1, kUint64Max}) {
    EXPECT_EQ(Uint64(value), value);
  }
}

TEST(NumberTest, SixtyFourBitIntegersSaturateAgainstTheOtherSign) {
  EXPECT_EQ(Int64(uint64_t{1} << 63), kInt64Max);
  EXPECT_EQ(Int64(kUint64Max), kInt64Max);
  EXPECT_EQ(Int64(uint64_t{kInt64Max}), kInt64Max);
  EXPECT_EQ(Uint64(-1), 0u);
  EXPECT_EQ(Uint64(kInt64Min), 0u);
  EXPECT_EQ(Uint64(kInt64Max), uint64_t{kInt64Max});
}

TEST(NumberTest, DoublesAtTheBordersOf64Bits) {
  EXPECT_EQ(Int64(0x1p63), kInt64Max);
  EXPECT_EQ(Int64(std::nextafter(0x1p63, 0.0)), kInt64Max - 1023);
  EXPECT_EQ(Int64(-0x1p63), kInt64Min);
  EXPECT_EQ(Int64(std::nextafter(-0x1p63, 0.0)), kInt64Min + 1024);
  EXPECT_EQ(Int64(std::nextafter(-0x1p63, -kInfinity)), kInt64Min);
  EXPECT_EQ(Int64(0x1p53 + 2), (int64_t{1} << 53) + 2);
  EXPECT_EQ(Uint64(0x1p63), uint64_t{1} << 63);
  EXPECT_EQ(Uint64(std::nextafter(0x1p64, 0.0)), kUint64Max - 2047);
  EXPECT_EQ(Uint64(0x1p64), kUint64Max);
  EXPECT_EQ(Uint64(1e300), kUint64Max);
}

TEST(NumberTest, DropsTheFraction) {
  EXPECT_EQ(Int32(3.9), 3);
  EXPECT_EQ(Int32(-3.9), -3);
  EXPECT_EQ(Int32(0.999), 0);
  EXPECT_EQ(Int32(-0.999), 0);
  EXPECT_EQ(Int64(2.5), 2);
  EXPECT_EQ(Int64(3.5), 3);
  EXPECT_EQ(Uint32(3.9), 3u);
  EXPECT_EQ(Uint64(0.5), 0u);
  EXPECT_EQ(Int8(-127.9), -127);
  EXPECT_EQ(Int8(126.9), 126);
  EXPECT_EQ(Uint8(254.9), 254);
  EXPECT_EQ(Uint4(14.9), 14);
  EXPECT_EQ(Int4(-7.9), -7 & 0xf);
}

TEST(NumberTest, SaturatesToTheRangeOfEveryIntegerType) {
  const auto saturates = [](auto encode, auto least, auto most) {
    const auto expect = [&](const Number& number, auto expected) {
      EXPECT_EQ(encode(number), static_cast<decltype(encode(number))>(expected))
          << ToString(number);
    };
    for (double value :
         {-kInfinity, -1e300, static_cast<double>(least) - 1, static_cast<double>(least)}) {
      expect(value, least);
    }
    for (double value :
         {kInfinity, 1e300, static_cast<double>(most) + 1, static_cast<double>(most)}) {
      expect(value, most);
    }
    expect(kInt64Min, least);
    expect(static_cast<int64_t>(least) - 1, least);
    expect(kInt64Max, most);
    expect(kUint64Max, most);
    expect(static_cast<int64_t>(most) + 1, most);
    expect(static_cast<uint64_t>(most) + 1, most);
    expect(static_cast<int64_t>(most) - 1, most - 1);
    expect(static_cast<int64_t>(least) + 1, least + 1);
  };
  saturates(Int32, int64_t{-2147483647 - 1}, int64_t{2147483647});
  saturates(Uint32, int64_t{0}, int64_t{4294967295});
  saturates(Int8, -128, 127);
  saturates(Uint8, 0, 255);
  saturates(Uint4, 0, 15);
}

TEST(NumberTest, FourBitsAreInTheLowNibble) {
  EXPECT_EQ(Int4(7), 7);
  EXPECT_EQ(Int4(8), 7);
  EXPECT_EQ(Int4(-1), 0xf);
  EXPECT_EQ(Int4(-8), 8);
  EXPECT_EQ(Int4(-9), 8);
  EXPECT_EQ(Int4(-kInfinity), 8);
  EXPECT_EQ(Uint4(-1), 0);
}

TEST(NumberTest, NaNBecomesZeroInIntegersAndStaysInFloats) {
  EXPECT_EQ(Int64(kNaN), 0);
  EXPECT_EQ(Uint64(kNaN), 0u);
  EXPECT_EQ(Int32(-kNaN), 0);
  EXPECT_EQ(Uint8(kNaN), 0);
  EXPECT_EQ(Int4(kNaN), 0);
  EXPECT_TRUE(std::isnan(Float32(kNaN)));
  EXPECT_GT(Float16(kNaN) & 0x7fff, 0x7c00);
}

TEST(NumberTest, NegativeZeroStaysInFloats) {
  EXPECT_EQ(std::bit_cast<uint32_t>(Float32(-0.0)), 0x80000000u);
  EXPECT_EQ(Float16(-0.0), 0x8000);
  EXPECT_EQ(Int64(-0.0), 0);
  EXPECT_EQ(Uint64(-0.0), 0u);
  EXPECT_EQ(std::bit_cast<uint32_t>(Float32(0)), 0u);
}

// Both sides of the middle between neighbours, and the middle itself.
void ExpectBorder(float lower) {
  const float upper = std::nextafter(lower, std::numeric_limits<float>::infinity());
  const double half = (static_cast<double>(lower) + static_cast<double>(upper)) / 2;
  const float even = (std::bit_cast<uint32_t>(lower) & 1) == 0 ? lower : upper;
  EXPECT_EQ(Float32(half), even) << lower;
  EXPECT_EQ(Float32(std::nextafter(half, -kInfinity)), lower) << lower;
  EXPECT_EQ(Float32(std::nextafter(half, kInfinity)), upper) << lower;
}

TEST(NumberTest, Float32RoundsToNearestEven) {
  using Limits = std::numeric_limits<float>;
  for (float lower :
       {0.f, Limits::denorm_min(), 2 * Limits::denorm_min(), 0x1.8p-140f,
        std::nextafter(Limits::min(), 0.f), Limits::min(), 0.1f, 1.f, std::nextafter(1.f, 2.f),
        16777216.f, 16777218.f, 1e30f, std::nextafter(Limits::max(), 0.f)}) {
    ExpectBorder(lower);
  }
  uint32_t bits = 1;
  for (int i = 0; i < 10000; ++i) {
    bits = bits * 1664525u + 1013904223u;
    ExpectBorder(std::bit_cast<float>(bits % 0x7f7fffffu));
  }
}

TEST(NumberTest, Float32OverflowsFromTheHalfwayPointOn) {
  constexpr float kMax = std::numeric_limits<float>::max();
  constexpr double kHalf = 0x1.ffffffp127;
  EXPECT_EQ(Float32(static_cast<double>(kMax)), kMax);
  EXPECT_EQ(Float32(std::nextafter(static_cast<double>(kMax), kInfinity)), kMax);
  EXPECT_EQ(Float32(std::nextafter(kHalf, 0.0)), kMax);
  EXPECT_EQ(Float32(kHalf), kInfinity);
  EXPECT_EQ(Float32(-kHalf), -kInfinity);
  EXPECT_EQ(Float32(-std::nextafter(kHalf, 0.0)), -kMax);
  EXPECT_EQ(Float32(std::numeric_limits<double>::max()), kInfinity);
  EXPECT_EQ(Float32(-kInfinity), -kInfinity);
}

TEST(NumberTest, Float32UnderflowsToZero) {
  EXPECT_EQ(Float32(0x1p-150), 0.f);  // halfway to the least subnormal
  EXPECT_EQ(Float32(std::nextafter(0x1p-150, 1.0)), std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(std::bit_cast<uint32_t>(Float32(-0x1p-1000)), 0x80000000u);
}

TEST(NumberTest, IntegersRoundOnceToFloat32) {
  EXPECT_EQ(Float32(16777217), 16777216.f);
  EXPECT_EQ(Float32(16777219), 16777220.f);
  // Above halfway between two floats by so little that a double is the half itself.
  const int64_t above = (int64_t{1} << 60) + (int64_t{1} << 36) + 1;
  ASSERT_EQ(static_cast<double>(above), 0x1p60 + 0x1p36);
  EXPECT_EQ(Float32(above), 0x1p60f + 0x1p37f);
  EXPECT_EQ(Float32(-above), -(0x1p60f + 0x1p37f));
  EXPECT_EQ(Float32(static_cast<uint64_t>(above)), 0x1p60f + 0x1p37f);
  EXPECT_EQ(Float32(above - 1), 0x1p60f);
  EXPECT_EQ(Float32(kInt64Min), -0x1p63f);
  EXPECT_EQ(Float32(kUint64Max), 0x1p64f);
}

TEST(NumberTest, IntegersInFloat16) {
  EXPECT_EQ(Float16(2048), 0x6800);
  EXPECT_EQ(Float16(2049), 0x6800);
  EXPECT_EQ(Float16(2051), 0x6802);
  EXPECT_EQ(Float16(65504), 0x7bff);
  EXPECT_EQ(Float16(65519), 0x7bff);
  EXPECT_EQ(Float16(65520), 0x7c00);
  EXPECT_EQ(Float16(65520u), 0x7c00);
  EXPECT_EQ(Float16(-65519), 0xfbff);
  EXPECT_EQ(Float16(kInt64Min), 0xfc00);
  EXPECT_EQ(Float16(kUint64Max), 0x7c00);
}

TEST(NumberTest, ToDoubleIsTheNearest) {
  EXPECT_EQ(Number((int64_t{1} << 53) + 1).ToDouble(), 0x1p53);
  EXPECT_EQ(Number((int64_t{1} << 53) + 3).ToDouble(), 0x1p53 + 4);
  EXPECT_EQ(Number(kUint64Max).ToDouble(), 0x1p64);
  EXPECT_EQ(Number(kInt64Min).ToDouble(), -0x1p63);
  EXPECT_EQ(Number(0.1).ToDouble(), 0.1);
}

TEST(NumberTest, TextReadsBackAsTheSameNumber) {
  EXPECT_EQ(ToString(Number((int64_t{1} << 53) + 1)), "9007199254740993");
  EXPECT_EQ(ToString(Number(kInt64Min)), "-9223372036854775808");
  EXPECT_EQ(ToString(Number(kUint64Max)), "18446744073709551615");
  EXPECT_EQ(ToString(Number(0.1)), "0.1");
  EXPECT_EQ(ToString(Number(-0.0)), "-0");
  EXPECT_EQ(ToString(Number(kNaN)), "NaN");
  EXPECT_EQ(ToString(Number(kInfinity)), "Infinity");
  EXPECT_EQ(ToString(Number(-kInfinity)), "-Infinity");
  for (double value : {1.0 / 3, 1e-320, 1.7976931348623157e308, 123456789.125, 1e21}) {
    EXPECT_EQ(std::strtod(ToString(Number(value)).c_str(), nullptr), value);
  }
}

}  // namespace
}  // namespace webnn
