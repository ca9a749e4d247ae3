#include "conformance/compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "core/float16.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace webnn::conformance {
namespace {

// Of an output given by one number upstream compares no more.
constexpr uint64_t kMaxFillElements = 1000;

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

std::string_view Name(Metric metric) { return metric == Metric::kUlp ? "ULP" : "ATOL"; }

Distance Measure(DataType type, uint64_t got_bits, uint64_t expected_bits) {
  return IsFloat(type) ? MeasureFloats(type, got_bits, expected_bits)
                       : MeasureIntegers(type, got_bits, expected_bits);
}

bool Within(const Distance& distance, const Tolerance& tolerance) {
  if (distance.unequal || !(tolerance.value >= 0)) return false;
  if (tolerance.metric == Metric::kAtol) return distance.absolute <= tolerance.value;
  // As integers: a double would round a distance of 2^53 or more.
  constexpr double kTwoTo64 = 0x1p64;
  return tolerance.value >= kTwoTo64 || distance.ulp <= static_cast<uint64_t>(tolerance.value);
}

bool Farther(const Distance& a, const Distance& b, Metric metric) {
  if (a.unequal != b.unequal) return a.unequal;
  return metric == Metric::kUlp ? a.ulp > b.ulp : a.absolute > b.absolute;
}

std::string ToText(const Distance& distance, Metric metric) {
  if (distance.unequal) return "unequal";
  if (metric == Metric::kUlp) return fmt::format("{} ULP", distance.ulp);
  return fmt::format("absolute difference {}", distance.absolute);
}

std::string ElementText(DataType type, uint64_t bits) {
  if (!IsFloat(type)) {
    return IsSigned(type) ? fmt::format("{}", SignExtend(type, bits)) : fmt::format("{}", bits);
  }
  const float value = ToFloat(type, bits);
  if (!std::isfinite(value)) return ToString(Number(value));
  return fmt::format("{}", value);
}

Comparison Compare(const TensorData& expected, std::span<const std::byte> got,
                   const Tolerance& tolerance) {
  const DataType type = expected.descriptor.data_type();
  uint64_t count = expected.descriptor.element_count();
  if (expected.fill) count = std::min(count, kMaxFillElements);
  Comparison result;
  uint64_t worst_got = 0;
  uint64_t worst_expected = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t got_bits = ElementBits(type, got, i);
    const uint64_t expected_bits = ElementBits(type, expected.element(i));
    const Distance distance = Measure(type, got_bits, expected_bits);
    ++result.compared;
    if (!Within(distance, tolerance)) ++result.outside;
    if (i == 0 || Farther(distance, result.worst, tolerance.metric)) {
      result.worst = distance;
      result.worst_index = i;
      worst_got = got_bits;
      worst_expected = expected_bits;
    }
  }
  if (result.compared > 0) {
    result.got = ElementText(type, worst_got);
    result.expected = ElementText(type, worst_expected);
  }
  return result;
}

std::string PositionText(const Shape& shape, uint64_t index) {
  std::vector<uint64_t> position(shape.rank());
  for (size_t axis = shape.rank(); axis-- > 0;) {
    position[axis] = index % shape[axis];
    index /= shape[axis];
  }
  return fmt::format("[{}]", fmt::join(position, ","));
}

}  // namespace webnn::conformance
