#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "onnx/import/numbers.h"

/// The elementwise operators that are evaluated on known tensors: for each a name and what it does
/// to numbers of each kind, null where ONNX does not define it.
namespace webnn::onnx_format {

struct UnaryFold {
  std::string_view name;
  int64_t (*on_signed)(int64_t);
  uint64_t (*on_unsigned)(uint64_t);
  double (*on_float)(double);
};

struct BinaryFold {
  std::string_view name;
  int64_t (*on_signed)(int64_t, int64_t);
  uint64_t (*on_unsigned)(uint64_t, uint64_t);
  double (*on_float)(double, double);
};

struct ComparisonFold {
  std::string_view name;
  bool (*on_signed)(int64_t, int64_t);
  bool (*on_unsigned)(uint64_t, uint64_t);
  bool (*on_float)(double, double);
};

std::span<const UnaryFold> UnaryFolds();
std::span<const BinaryFold> BinaryFolds();
std::span<const ComparisonFold> ComparisonFolds();
/// Null when there is no row of this name.
const UnaryFold* FindUnaryFold(std::string_view name);
const BinaryFold* FindBinaryFold(std::string_view name);
const ComparisonFold* FindComparisonFold(std::string_view name);

/// The function for a kind of number.
template <NumberKind T, class Row>
auto FunctionOf(const Row& row) {
  if constexpr (std::same_as<T, int64_t>) {
    return row.on_signed;
  } else if constexpr (std::same_as<T, uint64_t>) {
    return row.on_unsigned;
  } else {
    return row.on_float;
  }
}

}  // namespace webnn::onnx_format
