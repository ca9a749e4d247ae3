#include "cli/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/elements.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace webnn::cli {

Statistics StatisticsOf(const TensorData& tensor, size_t first_count) {
  Statistics statistics;
  const DataType type = tensor.descriptor.data_type();
  double sum = 0;
  for (uint64_t i = 0; i < tensor.descriptor.element_count(); ++i) {
    const Number number = ElementOf(type, tensor.bytes, i);
    if (i < first_count) statistics.first.push_back(number);
    const double value = number.ToDouble();
    if (std::isnan(value)) {
      ++statistics.nan;
      continue;
    }
    if (std::isinf(value)) ++statistics.infinite;
    if (statistics.numbers == 0 || value < statistics.min.ToDouble()) statistics.min = number;
    if (statistics.numbers == 0 || value > statistics.max.ToDouble()) statistics.max = number;
    ++statistics.numbers;
    sum += value;
  }
  if (statistics.numbers > 0) statistics.mean = sum / static_cast<double>(statistics.numbers);
  return statistics;
}

std::vector<TopRow> TopOf(const TensorData& tensor, size_t count) {
  const Shape& shape = tensor.descriptor.shape();
  if (shape.rank() == 0) return {};
  const size_t length = shape[shape.rank() - 1];
  count = std::min(count, length);
  std::vector<TopRow> rows(tensor.descriptor.element_count() / length);
  for (size_t row = 0; row < rows.size(); ++row) {
    std::vector<double> values(length);
    for (size_t i = 0; i < length; ++i) {
      values[i] =
          ElementOf(tensor.descriptor.data_type(), tensor.bytes, row * length + i).ToDouble();
      if (std::isnan(values[i])) values[i] = -HUGE_VAL;
    }
    std::vector<size_t> order(length);
    std::iota(order.begin(), order.end(), size_t{0});
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
        [&](size_t a, size_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
    order.resize(count);
    for (const size_t i : order) {
      rows[row].values.push_back(
          ElementOf(tensor.descriptor.data_type(), tensor.bytes, row * length + i));
    }
    rows[row].indices = std::move(order);
    const std::vector<uint64_t> outer(shape.begin(), shape.end() - 1);
    if (!outer.empty()) rows[row].position = PositionText(outer, row);
  }
  return rows;
}

std::string ShortText(const Number& number) {
  if (number.is_integer() || !std::isfinite(number.float64())) return ToString(number);
  return fmt::format("{:.5g}", number.float64());
}

std::string DurationText(double seconds) {
  if (seconds >= 1) return fmt::format("{:.3g} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.3g} ms", seconds * 1e3);
  return fmt::format("{:.3g} µs", seconds * 1e6);
}

std::string BytesText(uint64_t bytes) {
  static constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits[unit]);
}

}  // namespace webnn::cli
