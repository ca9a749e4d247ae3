#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "conformance/tensor_data.h"
#include "core/elements.h"
#include "webnn/types.h"

namespace webnn::conformance {

enum class Metric : uint8_t { kUlp, kAtol };
std::string_view Name(Metric metric);

/// The largest distance that a case allows.
struct Tolerance {
  Metric metric = Metric::kUlp;
  double value = 0;
};

bool Within(const Distance& distance, const Tolerance& tolerance);
bool Farther(const Distance& a, const Distance& b, Metric metric);
/// "34 ULP", "absolute difference 0.25", "unequal".
std::string ToText(const Distance& distance, Metric metric);
/// The element as a number: "0.1", "-Infinity", "-8".
std::string ElementText(DataType type, uint64_t bits);

struct Comparison {
  uint64_t compared = 0;
  uint64_t outside = 0;  ///< Elements beyond the tolerance.
  Distance worst;
  uint64_t worst_index = 0;  ///< Flat; of no meaning when nothing was compared.
  std::string got;           ///< The elements there.
  std::string expected;
  bool ok() const { return compared > 0 && outside == 0; }
};

/// Compares all elements, of a fill the first 1,000.
Comparison Compare(const TensorData& expected, std::span<const std::byte> got,
                   const Tolerance& tolerance);

/// "[1,0,2]": the place of a flat index.
std::string PositionText(const Shape& shape, uint64_t index);

}  // namespace webnn::conformance
