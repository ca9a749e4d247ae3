#include "webnn/types.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "core/errors.h"
#include "core/float16.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace webnn {
namespace {

struct TypeRow {
  std::string_view name;
  int bits;
};
constexpr std::array<TypeRow, kDataTypeCount> kTypes = {{{"float32", 32},
                                                         {"float16", 16},
                                                         {"int32", 32},
                                                         {"uint32", 32},
                                                         {"int64", 64},
                                                         {"uint64", 64},
                                                         {"int8", 8},
                                                         {"uint8", 8},
                                                         {"int4", 4},
                                                         {"uint4", 4}}};
constexpr uint64_t kMaxCount = 0x7fffffff;

// Both ends of an integer type that is at most 64 bits wide.
struct IntegerRange {
  int64_t min;
  uint64_t max;
};
IntegerRange RangeOf(DataType type) {
  const int bits = BitsPerElement(type);
  switch (type) {
    case DataType::kUint32:
    case DataType::kUint64:
    case DataType::kUint8:
    case DataType::kUint4:
      return {0, ~uint64_t{0} >> (64 - bits)};
    default:
      return {std::numeric_limits<int64_t>::min() >> (64 - bits), ~uint64_t{0} >> (65 - bits)};
  }
}

// Two's complement bits of the number, saturated to `range` and truncated toward zero.
uint64_t ToInteger(const Number& number, IntegerRange range) {
  switch (number.kind()) {
    case Number::Kind::kInt64:
      if (number.int64() < range.min) return static_cast<uint64_t>(range.min);
      if (number.int64() > 0 && number.uint64() > range.max) return range.max;
      return number.uint64();
    case Number::Kind::kUint64:
      return number.uint64() > range.max ? range.max : number.uint64();
    case Number::Kind::kDouble:
      break;
  }
  const double value = number.float64();
  if (std::isnan(value)) return 0;
  // The bounds as doubles are powers of two or exact, so these comparisons are exact.
  if (value <= static_cast<double>(range.min)) return static_cast<uint64_t>(range.min);
  if (value >= static_cast<double>(range.max)) return range.max;
  return value < 0 ? static_cast<uint64_t>(static_cast<int64_t>(value))
                   : static_cast<uint64_t>(value);
}

float ToFloat(const Number& number) {
  switch (number.kind()) {
    case Number::Kind::kInt64:
      return static_cast<float>(number.int64());
    case Number::Kind::kUint64:
      return static_cast<float>(number.uint64());
    case Number::Kind::kDouble:
      break;
  }
  if (std::fabs(number.float64()) > std::numeric_limits<float>::max()) {
    // Out of range of float is undefined in C++; halfway to the next power of two rounds down.
    constexpr double kLimit = 0x1.ffffffp127;
    const float magnitude = std::fabs(number.float64()) < kLimit
                                ? std::numeric_limits<float>::max()
                                : std::numeric_limits<float>::infinity();
    return std::copysign(magnitude, static_cast<float>(std::copysign(1.0, number.float64())));
  }
  return static_cast<float>(number.float64());
}

}  // namespace

std::string_view Name(DataType type) { return kTypes[static_cast<size_t>(type)].name; }

std::optional<DataType> ParseDataType(std::string_view name) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == name) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

int BitsPerElement(DataType type) { return kTypes[static_cast<size_t>(type)].bits; }

std::vector<DataType> DataTypeSet::List() const {
  std::vector<DataType> list;
  for (size_t i = 0; i < kDataTypeCount; ++i) {
    if (Has(static_cast<DataType>(i))) list.push_back(static_cast<DataType>(i));
  }
  return list;
}

std::string ToString(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape.sizes(), ", "));
}

Result<OperandDescriptor> OperandDescriptor::Create(DataType type, Shape shape) {
  if (static_cast<size_t>(type) >= kDataTypeCount) {
    return TypeError("data type {} does not exist", static_cast<int>(type));
  }
  uint64_t count = 1;
  for (uint32_t axis = 0; axis < shape.rank(); ++axis) {
    const uint64_t size = shape[axis];
    if (size == 0 || size > kMaxCount) {
      return TypeError("size {} of axis {} in the shape {} is not in [1, {}]", size, axis,
                       ToString(shape), kMaxCount);
    }
    if (count > kMaxCount / size) {
      return TypeError("the shape {} has more than {} elements", ToString(shape), kMaxCount);
    }
    count *= size;
  }
  return OperandDescriptor(type, std::move(shape), count);
}

OperandDescriptor OperandDescriptor::Scalar(DataType type) {
  return OperandDescriptor(type, Shape(), 1);
}

uint64_t OperandDescriptor::byte_length() const {
  return (element_count_ * static_cast<uint64_t>(BitsPerElement(type_)) + 7) / 8;
}

std::string ToString(const OperandDescriptor& descriptor) {
  return fmt::format("{}{}", Name(descriptor.data_type()), ToString(descriptor.shape()));
}

double Number::ToDouble() const {
  switch (kind_) {
    case Kind::kInt64:
      return static_cast<double>(int_);
    case Kind::kUint64:
      return static_cast<double>(uint64());
    case Kind::kDouble:
      break;
  }
  return double_;
}

std::array<std::byte, 8> Number::Encode(DataType type) const {
  uint64_t bits = 0;
  switch (type) {
    case DataType::kFloat32: {
      const float value = ToFloat(*this);
      std::memcpy(&bits, &value, sizeof(value));
      break;
    }
    case DataType::kFloat16:
      // Integers below 65520 are exact as a double, the others are infinite either way.
      bits = Float16FromDouble(ToDouble());
      break;
    default:
      bits = ToInteger(*this, RangeOf(type));
      if (BitsPerElement(type) == 4) bits &= 0xf;
      break;
  }
  std::array<std::byte, 8> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(bits >> (8 * i));
  return bytes;
}

std::string ToString(const Number& number) {
  switch (number.kind()) {
    case Number::Kind::kInt64:
      return fmt::format("{}", number.int64());
    case Number::Kind::kUint64:
      return fmt::format("{}", number.uint64());
    case Number::Kind::kDouble:
      break;
  }
  if (std::isnan(number.float64())) return "NaN";
  if (std::isinf(number.float64())) return number.float64() < 0 ? "-Infinity" : "Infinity";
  return fmt::format("{}", number.float64());
}

}  // namespace webnn
