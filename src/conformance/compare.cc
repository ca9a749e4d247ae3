#include "conformance/compare.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"

namespace webnn::conformance {
namespace {

// Of an output given by one number upstream compares no more.
constexpr uint64_t kMaxFillElements = 1000;

}  // namespace

std::string_view Name(Metric metric) { return metric == Metric::kUlp ? "ULP" : "ATOL"; }

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
  const Number number = NumberOf(type, bits);
  if (number.is_integer() || !std::isfinite(number.float64())) return ToString(number);
  return fmt::format("{}", static_cast<float>(number.float64()));
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
