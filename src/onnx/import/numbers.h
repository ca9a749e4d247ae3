#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "onnx/import/host_tensor.h"

/// Arithmetic on known tensors is done in three kinds of numbers: signed integers as int64,
/// unsigned ones and bool as uint64, floats as double. Stored again, integers wrap to their width,
/// which is what arithmetic of that width gives, and floats are rounded, which for a single + - * /
/// or square root is what arithmetic in float16 or float32 gives.
namespace webnn::onnx_format {

template <class T>
concept NumberKind =
    std::same_as<T, int64_t> || std::same_as<T, uint64_t> || std::same_as<T, double>;
using Numbers = std::variant<std::vector<int64_t>, std::vector<uint64_t>, std::vector<double>>;

/// Nothing for a type that is no number of whole bytes.
std::optional<Numbers> ReadNumbers(const HostTensor& x);
/// Converts as ONNX's Cast: integers wrap, what is no integer loses its fraction (and is limited to
/// 64 bits; NaN becomes 0), and bool is whether it differs from 0. The size of the result has been
/// checked.
HostTensor WriteNumbers(lowering::Element element, std::vector<int64_t> sizes,
                        const Numbers& numbers);
/// The kind of an element, as an index of `Numbers`; nothing for a type that has none.
std::optional<size_t> KindOf(lowering::Element element);

/// The order of numbers, NaN after all others.
template <NumberKind T>
bool Less(T a, T b) {
  if constexpr (std::same_as<T, double>) {
    if (a != a || b != b) return a == a && b != b;
  }
  return a < b;
}

/// A double as an integer: toward zero, limited to 64 bits.
int64_t ToInt64(double value);

}  // namespace webnn::onnx_format
