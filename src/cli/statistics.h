#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/inputs.h"

namespace webnn::cli {

/// What a tensor's values are like. NaN counts for nothing but `nan`.
struct Statistics {
  Number min;
  Number max;
  double mean = 0;
  uint64_t nan = 0;
  uint64_t infinite = 0;
  uint64_t numbers = 0;       ///< All that are not NaN; none: min, max and mean mean nothing.
  std::vector<Number> first;  ///< The first few values.
};
Statistics StatisticsOf(const TensorData& tensor, size_t first_count);

/// The places with the largest values along the last axis, largest first; equal ones in order. NaN
/// comes last.
struct TopRow {
  std::string position;  ///< Of the row: "[0, 3]"; empty for a tensor of rank 1.
  std::vector<size_t> indices;
  std::vector<Number> values;
};
std::vector<TopRow> TopOf(const TensorData& tensor, size_t count);

/// A number in few characters: "0.12346", "-3", "NaN".
std::string ShortText(const Number& number);
/// "1.2 s", "3.4 ms", "56 µs"
std::string DurationText(double seconds);
/// "1.2 GiB", "345 KiB", "12 bytes"
std::string BytesText(uint64_t bytes);

}  // namespace webnn::cli
