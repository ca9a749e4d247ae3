#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/array.h"
#include "cli/command.h"
#include "cli/json.h"

namespace webnn::cli {

/// How far a value may be from its reference: |got - expected| <= atol + rtol * |expected|, or so
/// many ULP, where they are given.
struct Tolerance {
  std::optional<double> absolute;
  std::optional<double> relative;
  std::optional<uint32_t> ulp;
};
void AddToleranceOptions(std::vector<Option>& options, Tolerance& tolerance);
/// What is not given gets the default for the type: floats 1e-5 + 1e-4 relative, halves
/// 1e-3 + 2e-2, integers 0; with `ulp` alone, ULP decide.
Tolerance WithDefaults(const Tolerance& tolerance, ArrayType type);
/// "atol 1e-05, rtol 0.0001"
std::string ToText(const Tolerance& tolerance);

/// What two tensors of one shape have between them.
struct Difference {
  uint64_t compared = 0;
  uint64_t beyond = 0;   ///< Elements beyond the tolerance.
  uint64_t unequal = 0;  ///< Only one is NaN, or an infinity is not the other: always beyond.
  double max_absolute = 0;
  double max_relative = 0;          ///< To the reference, where that is not 0.
  std::optional<uint64_t> max_ulp;  ///< Integers: the difference. None when the types differ.
  double cosine = 1;                ///< Of the two as vectors; what is not finite is left out.
  std::string position;             ///< Of the element that is farthest beyond, or apart.
  std::string got;
  std::string expected;
  bool ok() const { return beyond == 0; }
};
/// Shapes must be equal. Types may differ: numbers are compared then, without ULP.
Result<Difference> Compare(const Array& got, const Array& expected, const Tolerance& tolerance);

Json DifferenceJson(const Difference& difference);

}  // namespace webnn::cli
