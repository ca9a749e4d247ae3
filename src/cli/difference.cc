#include "cli/difference.h"

#include <algorithm>
#include <cmath>

#include "cli/errors.h"
#include "cli/outputs.h"
#include "cli/statistics.h"
#include "core/elements.h"
#include "fmt/ranges.h"

namespace webnn::cli {
namespace {

bool IsFloat(ArrayType type) { return type >= ArrayType::kFloat16; }

// As many digits as a float32 has.
std::string LongText(const Number& number) {
  if (number.is_integer() || !std::isfinite(number.float64())) return ToString(number);
  return fmt::format("{:.8g}", number.float64());
}

// Two elements: how far, and how far beyond what is allowed.
struct Gap {
  double absolute = 0;
  double relative = 0;
  double excess = 0;  ///< Above 0: beyond.
  bool unequal = false;
};

Gap GapBetween(double got, double expected, const Tolerance& tolerance,
               std::optional<uint64_t> ulp) {
  Gap gap;
  if (std::isnan(got) && std::isnan(expected)) return gap;
  if (!std::isfinite(got) || !std::isfinite(expected)) {
    gap.unequal = !(got == expected);
    gap.excess = gap.unequal ? HUGE_VAL : 0;
    return gap;
  }
  gap.absolute = std::fabs(got - expected);
  if (expected != 0) gap.relative = gap.absolute / std::fabs(expected);
  const bool by_ulp = tolerance.ulp && ulp && *ulp <= *tolerance.ulp;
  gap.excess = by_ulp ? 0
                      : gap.absolute - tolerance.absolute.value_or(0) -
                            tolerance.relative.value_or(0) * std::fabs(expected);
  return gap;
}

// The operand type whose elements have the same bytes, for ULP.
std::optional<DataType> OperandType(ArrayType type) { return ParseDataType(Name(type)); }

}  // namespace

void AddToleranceOptions(std::vector<Option>& options, Tolerance& tolerance) {
  constexpr std::string_view kGroup = "Tolerance";
  const Option added[] = {
      {.name = "--atol",
       .value = "NUMBER",
       .help = "Allowed absolute difference; 1e-5 for float32, 1e-3 for float16, 0 for integers",
       .target = &tolerance.absolute,
       .group = kGroup},
      {.name = "--rtol",
       .value = "NUMBER",
       .help = "Allowed relative to the reference, added to --atol; 1e-4 for float32, 2e-2 for "
               "float16",
       .target = &tolerance.relative,
       .group = kGroup},
      {.name = "--ulp",
       .value = "N",
       .help = "Allowed steps between floats, or units between integers; alone it replaces the "
               "other defaults",
       .target = &tolerance.ulp,
       .group = kGroup},
  };
  options.insert(options.end(), std::begin(added), std::end(added));
}

Tolerance WithDefaults(const Tolerance& tolerance, ArrayType type) {
  Tolerance filled = tolerance;
  if (tolerance.absolute || tolerance.relative || tolerance.ulp || !IsFloat(type)) return filled;
  const bool half = type == ArrayType::kFloat16;
  filled.absolute = half ? 1e-3 : 1e-5;
  filled.relative = half ? 2e-2 : 1e-4;
  return filled;
}

std::string ToText(const Tolerance& tolerance) {
  std::vector<std::string> parts;
  if (tolerance.absolute) parts.push_back(fmt::format("atol {}", *tolerance.absolute));
  if (tolerance.relative) parts.push_back(fmt::format("rtol {}", *tolerance.relative));
  if (tolerance.ulp) parts.push_back(fmt::format("{} ULP", *tolerance.ulp));
  return parts.empty() ? "equal" : fmt::format("{}", fmt::join(parts, ", "));
}

Result<Difference> Compare(const Array& got, const Array& expected, const Tolerance& given) {
  if (got.sizes != expected.sizes) {
    return TypeError("the shapes differ: [{}], the reference has [{}]", fmt::join(got.sizes, ", "),
                     fmt::join(expected.sizes, ", "));
  }
  // The coarser type says what can be expected.
  const Tolerance tolerance =
      WithDefaults(given, IsFloat(got.type) && got.type < expected.type ? got.type : expected.type);
  const auto type = got.type == expected.type ? OperandType(got.type) : std::nullopt;
  Difference difference;
  difference.compared = got.element_count();
  if (type) difference.max_ulp = 0;
  double dot = 0;
  double got_square = 0;
  double expected_square = 0;
  double worst = -HUGE_VAL;
  uint64_t worst_index = 0;
  for (uint64_t i = 0; i < difference.compared; ++i) {
    const double a = got.element(i).ToDouble();
    const double b = expected.element(i).ToDouble();
    std::optional<uint64_t> ulp;
    if (type) {
      const Distance distance =
          Measure(*type, ElementBits(*type, got.bytes, i), ElementBits(*type, expected.bytes, i));
      ulp = distance.ulp;
      difference.max_ulp = std::max(*difference.max_ulp, distance.ulp);
    }
    const Gap gap = GapBetween(a, b, tolerance, ulp);
    difference.max_absolute = std::max(difference.max_absolute, gap.absolute);
    difference.max_relative = std::max(difference.max_relative, gap.relative);
    difference.unequal += gap.unequal ? 1 : 0;
    difference.beyond += gap.excess > 0 ? 1 : 0;
    if (gap.excess > worst) {
      worst = gap.excess;
      worst_index = i;
    }
    if (std::isfinite(a) && std::isfinite(b)) {
      dot += a * b;
      got_square += a * a;
      expected_square += b * b;
    }
  }
  if (got_square > 0 && expected_square > 0) {
    difference.cosine = dot / std::sqrt(got_square) / std::sqrt(expected_square);
  } else if (got_square != expected_square) {
    difference.cosine = 0;
  }
  if (difference.compared > 0) {
    difference.position = PositionText(got.sizes, worst_index);
    difference.got = LongText(got.element(worst_index));
    difference.expected = LongText(expected.element(worst_index));
  }
  return difference;
}

Json DifferenceJson(const Difference& difference) {
  Json json = {{"equal", difference.ok()},
               {"compared", difference.compared},
               {"beyond", difference.beyond},
               {"unequal", difference.unequal},
               {"maxAbsolute", JsonNumber(difference.max_absolute)},
               {"maxRelative", JsonNumber(difference.max_relative)}};
  if (difference.max_ulp) json["maxUlp"] = *difference.max_ulp;
  json["cosine"] = JsonNumber(difference.cosine);
  json["worst"] = {{"position", difference.position},
                   {"got", difference.got},
                   {"expected", difference.expected}};
  return json;
}

}  // namespace webnn::cli
