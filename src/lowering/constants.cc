#include "lowering/constants.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/check.h"
#include "core/float16.h"

namespace webnn::lowering {
namespace {

template <class T>
T Read(std::span<const std::byte> bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

double ReadFloat(std::span<const std::byte> bytes, Element element, size_t index) {
  switch (element) {
    case Element::kFloat:
      return Read<float>(bytes, index);
    case Element::kFloat16:
      return Float16ToFloat(Read<uint16_t>(bytes, index));
    case Element::kBfloat16:
      return Bfloat16ToFloat(Read<uint16_t>(bytes, index));
    default:
      return Read<double>(bytes, index);
  }
}

// The low bits are those of the element; sign extended where it has a sign.
int64_t ReadInteger(std::span<const std::byte> bytes, Element element, size_t index) {
  switch (element) {
    case Element::kInt4:
    case Element::kUint4: {
      const auto pair = static_cast<uint8_t>(bytes[index / 2]);
      const int64_t bits = index % 2 == 0 ? pair & 15 : pair >> 4;
      return element == Element::kInt4 && bits >= 8 ? bits - 16 : bits;
    }
    case Element::kInt8:
      return Read<int8_t>(bytes, index);
    case Element::kInt16:
      return Read<int16_t>(bytes, index);
    case Element::kUint16:
      return Read<uint16_t>(bytes, index);
    case Element::kInt32:
      return Read<int32_t>(bytes, index);
    case Element::kUint32:
      return Read<uint32_t>(bytes, index);
    case Element::kInt64:
    case Element::kUint64:
      return Read<int64_t>(bytes, index);
    default:
      return Read<uint8_t>(bytes, index);
  }
}

template <class T>
void Write(std::vector<std::byte>& bytes, size_t index, T value) {
  std::memcpy(bytes.data() + index * sizeof(T), &value, sizeof(T));
}

void WriteFloat(std::vector<std::byte>& bytes, Element element, size_t index, double value) {
  switch (element) {
    case Element::kFloat:
      return Write(bytes, index, static_cast<float>(value));
    case Element::kFloat16:
      return Write(bytes, index, Float16FromDouble(value));
    case Element::kBfloat16:
      return Write(bytes, index, Bfloat16FromFloat(static_cast<float>(value)));
    default:
      return Write(bytes, index, value);
  }
}

void WriteInteger(std::vector<std::byte>& bytes, Element element, size_t index, int64_t value) {
  switch (BitsOf(element)) {
    case 4:
      bytes[index / 2] |= static_cast<std::byte>((value & 15) << (index % 2 == 0 ? 0 : 4));
      return;
    case 8:
      return Write(bytes, index, static_cast<int8_t>(value));
    case 16:
      return Write(bytes, index, static_cast<int16_t>(value));
    case 32:
      return Write(bytes, index, static_cast<int32_t>(value));
    default:
      return Write(bytes, index, value);
  }
}

// Toward zero; what does not fit becomes the nearest that does, then wraps with the element.
int64_t Truncate(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 0x1p63) return static_cast<int64_t>(static_cast<uint64_t>(std::min(value, 0x1p64)));
  return static_cast<int64_t>(std::max(value, -0x1p63));
}

}  // namespace

uint16_t Bfloat16FromFloat(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float Bfloat16ToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

std::vector<std::byte> ConvertElements(std::span<const std::byte> bytes, size_t count, Element from,
                                       Element to) {
  std::vector<std::byte> result((count * BitsOf(to) + 7) / 8);
  if (from == Element::kFloat && (to == Element::kFloat16 || to == Element::kBfloat16)) {
    // All the weights of a network may come this way.
    for (size_t i = 0; i < count; ++i) {
      const auto value = Read<float>(bytes, i);
      Write(result, i,
            to == Element::kFloat16 ? Float16FromFloat(value) : Bfloat16FromFloat(value));
    }
    return result;
  }
  for (size_t i = 0; i < count; ++i) {
    if (IsFloat(from)) {
      const double value = ReadFloat(bytes, from, i);
      if (IsFloat(to)) {
        WriteFloat(result, to, i, value);
      } else if (to == Element::kBool) {
        WriteInteger(result, to, i, value != 0 ? 1 : 0);
      } else {
        WriteInteger(result, to, i, Truncate(value));
      }
      continue;
    }
    const int64_t value = ReadInteger(bytes, from, i);
    if (!IsFloat(to)) {
      WriteInteger(result, to, i, to == Element::kBool ? value != 0 : value);
    } else if (to == Element::kFloat) {
      // Not by way of double, which would round twice.
      Write(result, i,
            from == Element::kUint64 ? static_cast<float>(static_cast<uint64_t>(value))
                                     : static_cast<float>(value));
    } else {
      WriteFloat(result, to, i,
                 from == Element::kUint64 ? static_cast<double>(static_cast<uint64_t>(value))
                                          : static_cast<double>(value));
    }
  }
  return result;
}

std::vector<std::byte> TransposeElements(std::span<const std::byte> bytes, Element element,
                                         std::span<const int64_t> sizes,
                                         std::span<const int64_t> permutation) {
  WEBNN_CHECK(BitsOf(element) >= 8);
  const size_t size = BitsOf(element) / 8;
  const size_t rank = sizes.size();
  std::vector<int64_t> strides(rank, 1);
  for (size_t axis = rank; axis-- > 1;) strides[axis - 1] = strides[axis] * sizes[axis];
  std::vector<std::byte> result(bytes.size());
  std::vector<int64_t> place(rank, 0);
  int64_t source = 0;
  for (size_t offset = 0; offset < result.size(); offset += size) {
    std::memcpy(result.data() + offset, bytes.data() + source * size, size);
    for (size_t axis = rank; axis-- > 0;) {
      const int64_t stride = strides[permutation[axis]];
      source += stride;
      if (++place[axis] < sizes[permutation[axis]]) break;
      source -= stride * place[axis];
      place[axis] = 0;
    }
  }
  return result;
}

double LargestFinite(std::span<const std::byte> bytes, Element element) {
  double largest = 0;
  const size_t count = bytes.size() * 8 / BitsOf(element);
  for (size_t i = 0; i < count; ++i) {
    const double value = std::abs(ReadFloat(bytes, element, i));
    if (std::isfinite(value)) largest = std::max(largest, value);
  }
  return largest;
}

}  // namespace webnn::lowering
