#include "conformance/compare.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace webnn::conformance {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Distance Between(DataType type, const Number& got, const Number& expected) {
  return Measure(type, ElementBits(type, got), ElementBits(type, expected));
}
uint64_t Ulp(DataType type, const Number& got, const Number& expected) {
  const Distance distance = Between(type, got, expected);
  EXPECT_FALSE(distance.unequal);
  EXPECT_EQ(distance.ulp, Between(type, expected, got).ulp);
  return distance.ulp;
}

TensorData Tensor(DataType type, Shape shape, std::vector<Number> elements) {
  return {.descriptor = OperandDescriptor::Create(type, std::move(shape)).value(),
          .elements = std::move(elements)};
}

TEST(MeasureTest, CountsStepsBetweenFloats) {
  EXPECT_EQ(Ulp(DataType::kFloat32, 1.0, 1.0), 0u);
  EXPECT_EQ(Ulp(DataType::kFloat32, 1.0, std::nextafter(1.f, 2.f)), 1u);
  EXPECT_EQ(Ulp(DataType::kFloat32, 1.0, 2.0), uint64_t{1} << 23);
  EXPECT_EQ(Ulp(DataType::kFloat16, 1.0, 2.0), uint64_t{1} << 10);
  EXPECT_EQ(Ulp(DataType::kFloat32, -1.0, std::nextafter(-1.f, 0.f)), 1u);
}

TEST(MeasureTest, CountsAcrossZero) {
  constexpr float kLeast = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(Ulp(DataType::kFloat32, -0.0, 0.0), 0u);
  EXPECT_EQ(Ulp(DataType::kFloat32, kLeast, -0.0), 1u);
  EXPECT_EQ(Ulp(DataType::kFloat32, kLeast, -kLeast), 2u);
  EXPECT_EQ(Ulp(DataType::kFloat32, std::numeric_limits<float>::max(),
                std::numeric_limits<float>::lowest()),
            2 * uint64_t{0x7f7fffff});
}

TEST(MeasureTest, CountsSubnormalHalves) {
  const double least = std::ldexp(1.0, -24);
  EXPECT_EQ(Ulp(DataType::kFloat16, least, 0.0), 1u);
  EXPECT_EQ(Ulp(DataType::kFloat16, least, -least), 2u);
  EXPECT_EQ(Ulp(DataType::kFloat16, 3 * least, 5 * least), 2u);
  // From the largest subnormal to the least normal.
  EXPECT_EQ(Ulp(DataType::kFloat16, 1023 * least, 1024 * least), 1u);
  EXPECT_EQ(Between(DataType::kFloat16, 3 * least, 5 * least).absolute, 2 * least);
}

TEST(MeasureTest, NanEqualsNanAndInfinitiesThemselves) {
  for (const DataType type : {DataType::kFloat32, DataType::kFloat16}) {
    EXPECT_EQ(Ulp(type, kNaN, kNaN), 0u);
    EXPECT_EQ(Ulp(type, kInfinity, kInfinity), 0u);
    EXPECT_TRUE(Between(type, kInfinity, -kInfinity).unequal);
    EXPECT_TRUE(Between(type, 65504.0, kInfinity).unequal);
    EXPECT_TRUE(Between(type, kNaN, 0.0).unequal);
    EXPECT_TRUE(Between(type, 0.0, kNaN).unequal);
    EXPECT_TRUE(Between(type, kNaN, kInfinity).unequal);
  }
  // A NaN with another payload and sign.
  EXPECT_FALSE(Measure(DataType::kFloat32, 0xffc12345, 0x7fc00000).unequal);
}

TEST(MeasureTest, IntegersAreExactAtTheirExtremes) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(Ulp(DataType::kInt64, kLeast, kMost), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(Ulp(DataType::kInt64, kMost, kMost - 1), 1u);
  EXPECT_EQ(Ulp(DataType::kInt64, -1, 1), 2u);
  EXPECT_EQ(Ulp(DataType::kUint64, std::numeric_limits<uint64_t>::max(), 0),
            std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(Ulp(DataType::kInt8, -128, 127), 255u);
  EXPECT_EQ(Ulp(DataType::kUint8, 255, 0), 255u);
  EXPECT_EQ(Ulp(DataType::kInt32, std::numeric_limits<int32_t>::min(), 0), uint64_t{1} << 31);
  EXPECT_EQ(Ulp(DataType::kInt4, -8, 7), 15u);
  EXPECT_EQ(Ulp(DataType::kUint4, 15, 0), 15u);
}

TEST(WithinTest, ComparesByTheMetric) {
  EXPECT_TRUE(Within({.ulp = 24}, {Metric::kUlp, 24}));
  EXPECT_FALSE(Within({.ulp = 25}, {Metric::kUlp, 24}));
  EXPECT_FALSE(Within({.ulp = 1}, {Metric::kUlp, 0.5}));
  EXPECT_TRUE(Within({.ulp = 1000, .absolute = 0.1}, {Metric::kAtol, 0.1}));
  EXPECT_FALSE(Within({.ulp = 0, .absolute = 0.2}, {Metric::kAtol, 0.1}));
  EXPECT_FALSE(Within({.unequal = true}, {Metric::kUlp, 1e300}));
  EXPECT_FALSE(Within({.unequal = true}, {Metric::kAtol, kInfinity}));
  EXPECT_FALSE(Within({}, {Metric::kUlp, kNaN}));
  // 2^53 + 1 is not a double.
  EXPECT_FALSE(Within({.ulp = (uint64_t{1} << 53) + 1}, {Metric::kUlp, 0x1p53}));
  EXPECT_TRUE(Within({.ulp = ~uint64_t{0}}, {Metric::kUlp, 0x1p64}));
}

TEST(CompareTest, ReportsTheWorstElement) {
  const TensorData expected = Tensor(DataType::kInt32, {2, 3}, {1, 2, 3, 4, 5, 6});
  const auto got = Tensor(DataType::kInt32, {2, 3}, {1, 3, 3, 4, -5, 6}).Encode();
  const Comparison comparison = Compare(expected, got, {Metric::kUlp, 0});
  EXPECT_FALSE(comparison.ok());
  EXPECT_EQ(comparison.compared, 6u);
  EXPECT_EQ(comparison.outside, 2u);
  EXPECT_EQ(comparison.worst.ulp, 10u);
  EXPECT_EQ(PositionText({2, 3}, comparison.worst_index), "[1,1]");
  EXPECT_EQ(comparison.got, "-5");
  EXPECT_EQ(comparison.expected, "5");
  EXPECT_TRUE(Compare(expected, got, {Metric::kAtol, 10}).ok());
}

TEST(CompareTest, UnequalIsWorseThanAnyDistance) {
  const TensorData expected = Tensor(DataType::kFloat32, {3}, {0, 1, 2});
  const auto got = Tensor(DataType::kFloat32, {3}, {1e30, kNaN, 2}).Encode();
  const Comparison comparison = Compare(expected, got, {Metric::kUlp, 1e18});
  EXPECT_EQ(comparison.outside, 1u);
  EXPECT_EQ(comparison.worst_index, 1u);
  EXPECT_EQ(comparison.got, "NaN");
}

TEST(CompareTest, RoundsWhatIsExpectedToTheType) {
  const TensorData expected = Tensor(DataType::kFloat16, {2}, {0.1, 65519});
  const auto got = Tensor(DataType::kFloat16, {2}, {0.0999755859375, 65504}).Encode();
  EXPECT_TRUE(Compare(expected, got, {Metric::kUlp, 0}).ok());
}

TEST(CompareTest, ReadsPacked4BitElements) {
  const TensorData expected = Tensor(DataType::kInt4, {3}, {-8, 7, -1});
  const auto got = Tensor(DataType::kInt4, {3}, {-8, 6, -1}).Encode();
  const Comparison comparison = Compare(expected, got, {Metric::kUlp, 0});
  EXPECT_EQ(comparison.outside, 1u);
  EXPECT_EQ(comparison.got, "6");
  EXPECT_EQ(comparison.expected, "7");
}

TEST(CompareTest, ComparesAThousandElementsOfAFill) {
  TensorData expected = Tensor(DataType::kFloat32, {40, 50}, {3});
  expected.fill = true;
  auto got = expected.Encode();
  EXPECT_EQ(Compare(expected, got, {}).compared, 1000u);
  got[999 * 4] ^= std::byte{1};
  EXPECT_EQ(Compare(expected, got, {}).outside, 1u);
}

TEST(CompareTest, NothingComparedIsNotOk) { EXPECT_FALSE(Comparison().ok()); }

TEST(PositionTextTest, AScalarHasNoAxis) {
  EXPECT_EQ(PositionText({}, 0), "[]");
  EXPECT_EQ(PositionText({2, 1, 4}, 7), "[1,0,3]");
}

}  // namespace
}  // namespace webnn::conformance
