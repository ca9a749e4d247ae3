#include "onnx/import/numbers.h"

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/float16.h"

namespace webnn::onnx_format {
namespace {

using lowering::Element;

// How an element lies in memory: a C++ number, or a code of its own.
struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};
struct Truth {
  uint8_t byte;
};

// Calls `function` with a value of the type in memory; false when there is none.
template <class Function>
bool Dispatch(Element element, Function function) {
  switch (element) {
    case Element::kFloat:
      function(float{});
      return true;
    case Element::kDouble:
      function(double{});
      return true;
    case Element::kFloat16:
      function(Half{});
      return true;
    case Element::kBfloat16:
      function(Brain{});
      return true;
    case Element::kInt8:
      function(int8_t{});
      return true;
    case Element::kInt16:
      function(int16_t{});
      return true;
    case Element::kInt32:
      function(int32_t{});
      return true;
    case Element::kInt64:
      function(int64_t{});
      return true;
    case Element::kUint8:
      function(uint8_t{});
      return true;
    case Element::kUint16:
      function(uint16_t{});
      return true;
    case Element::kUint32:
      function(uint32_t{});
      return true;
    case Element::kUint64:
      function(uint64_t{});
      return true;
    case Element::kBool:
      function(Truth{});
      return true;
    case Element::kNone:
    case Element::kInt4:
    case Element::kUint4:
      return false;
  }
  return false;
}

template <class Stored>
auto Load(Stored value) {
  if constexpr (std::is_same_v<Stored, Half>) {
    return static_cast<double>(Float16ToFloat(value.bits));
  } else if constexpr (std::is_same_v<Stored, Brain>) {
    return static_cast<double>(std::bit_cast<float>(uint32_t{value.bits} << 16));
  } else if constexpr (std::is_same_v<Stored, Truth>) {
    return uint64_t{value.byte != 0};
  } else if constexpr (std::is_floating_point_v<Stored>) {
    return static_cast<double>(value);
  } else if constexpr (std::is_signed_v<Stored>) {
    return int64_t{value};
  } else {
    return uint64_t{value};
  }
}

Brain ToBrain(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return {static_cast<uint16_t>((bits >> 16) | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

template <class Stored, NumberKind T>
Stored Store(T value) {
  if constexpr (std::is_same_v<Stored, Half>) {
    return {Float16FromDouble(static_cast<double>(value))};
  } else if constexpr (std::is_same_v<Stored, Brain>) {
    return ToBrain(static_cast<float>(value));
  } else if constexpr (std::is_same_v<Stored, Truth>) {
    return {uint8_t{value != 0}};
  } else if constexpr (std::is_floating_point_v<Stored> || !std::is_same_v<T, double>) {
    return static_cast<Stored>(value);
  } else if constexpr (std::is_same_v<Stored, uint64_t>) {
    return value >= 0x1p63 ? (value >= 0x1p64 ? ~uint64_t{0} : static_cast<uint64_t>(value))
                           : static_cast<uint64_t>(ToInt64(value));
  } else {
    return static_cast<Stored>(ToInt64(value));
  }
}

}  // namespace

int64_t ToInt64(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (value < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

std::optional<size_t> KindOf(Element element) {
  std::optional<size_t> kind;
  Dispatch(element,
           [&](auto stored) { kind = Numbers(std::vector<decltype(Load(stored))>()).index(); });
  return kind;
}

std::optional<Numbers> ReadNumbers(const HostTensor& x) {
  std::optional<Numbers> result;
  Dispatch(x.element, [&](auto stored) {
    std::vector<decltype(Load(stored))> numbers(x.bytes.size() / sizeof(stored));
    const std::byte* from = x.bytes.data();
    for (auto& number : numbers) {
      std::memcpy(&stored, from, sizeof(stored));
      from += sizeof(stored);
      number = Load(stored);
    }
    result = std::move(numbers);
  });
  return result;
}

HostTensor WriteNumbers(Element element, std::vector<int64_t> sizes, const Numbers& numbers) {
  std::byte* memory = nullptr;
  HostTensor result = HostTensor::Allocate(element, std::move(sizes), &memory);
  Dispatch(element, [&](auto stored) {
    std::visit(
        [&](const auto& values) {
          for (auto value : values) {
            stored = Store<decltype(stored)>(value);
            std::memcpy(memory, &stored, sizeof(stored));
            memory += sizeof(stored);
          }
        },
        numbers);
  });
  return result;
}

}  // namespace webnn::onnx_format
