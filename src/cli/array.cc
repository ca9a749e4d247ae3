#include "cli/array.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "cli/errors.h"
#include "core/elements.h"
#include "core/float16.h"
#include "fmt/ranges.h"

namespace webnn::cli {
namespace {

template <class T>
T Load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

bool IsFloat(DataType type) { return type == DataType::kFloat32 || type == DataType::kFloat16; }

// Does an integer type hold the number exactly? Floats hold all, rounded.
bool Fits(DataType type, const Number& number) {
  if (IsFloat(type)) return true;
  const auto encoded = number.Encode(type);
  const Number back = ElementOf(type, encoded, 0);
  if (number.kind() == Number::Kind::kDouble) return back.ToDouble() == number.float64();
  // Equal bits mean equal numbers unless one is below 0 and the other beyond int64.
  const auto negative = [](const Number& n) {
    return n.kind() == Number::Kind::kInt64 && n.int64() < 0;
  };
  return back.int64() == number.int64() && negative(back) == negative(number);
}

// Types whose bytes are those of the operand.
std::optional<DataType> SameBytes(ArrayType type) {
  if (type == ArrayType::kBool) return DataType::kUint8;
  return ParseDataType(Name(type));
}

}  // namespace

std::string PositionText(std::span<const uint64_t> sizes, uint64_t index) {
  std::vector<uint64_t> position(sizes.size());
  for (size_t axis = sizes.size(); axis-- > 0;) {
    position[axis] = index % sizes[axis];
    index /= sizes[axis];
  }
  return fmt::format("[{}]", fmt::join(position, ", "));
}

size_t BytesPerElement(ArrayType type) {
  static constexpr std::array<size_t, kArrayTypeNames.size()> kSizes = {1, 1, 1, 2, 2, 4,
                                                                        4, 8, 8, 2, 4, 8};
  return kSizes[static_cast<size_t>(type)];
}

Number Array::element(size_t index) const {
  const std::byte* at = &bytes[index * BytesPerElement(type)];
  switch (type) {
    case ArrayType::kBool:
    case ArrayType::kUint8:
      return Load<uint8_t>(at);
    case ArrayType::kInt8:
      return Load<int8_t>(at);
    case ArrayType::kInt16:
      return Load<int16_t>(at);
    case ArrayType::kUint16:
      return Load<uint16_t>(at);
    case ArrayType::kInt32:
      return Load<int32_t>(at);
    case ArrayType::kUint32:
      return Load<uint32_t>(at);
    case ArrayType::kInt64:
      return Load<int64_t>(at);
    case ArrayType::kUint64:
      return Load<uint64_t>(at);
    case ArrayType::kFloat16:
      return Float16ToFloat(Load<uint16_t>(at));
    case ArrayType::kFloat32:
      return Load<float>(at);
    case ArrayType::kFloat64:
      return Load<double>(at);
  }
  return {};
}

std::string ToString(const Array& array) {
  return fmt::format("{}[{}]", Name(array.type), fmt::join(array.sizes, ", "));
}

void OperandWriter::Put(const Number& number) {
  const auto encoded = number.Encode(type_);
  if (BitsPerElement(type_) == 4) {
    bytes_[next_ / 2] |= encoded[0] << (next_ % 2 * 4);
  } else {
    const size_t size = static_cast<size_t>(BitsPerElement(type_)) / 8;
    std::memcpy(&bytes_[next_ * size], encoded.data(), size);
  }
  ++next_;
}

ArrayType ArrayTypeOf(DataType type) {
  if (type == DataType::kInt4) return ArrayType::kInt8;
  if (type == DataType::kUint4) return ArrayType::kUint8;
  const auto name = std::find(kArrayTypeNames.begin(), kArrayTypeNames.end(), Name(type));
  return static_cast<ArrayType>(name - kArrayTypeNames.begin());
}

Result<std::vector<std::byte>> ToOperand(const Array& array, const OperandDescriptor& descriptor,
                                         bool cast) {
  const Shape& shape = descriptor.shape();
  if (!std::equal(array.sizes.begin(), array.sizes.end(), shape.begin(), shape.end())) {
    return BadUse("the array has shape [{}], the model takes {}", fmt::join(array.sizes, ", "),
                  ToString(shape));
  }
  const DataType type = descriptor.data_type();
  if (SameBytes(array.type) == type) return array.bytes;
  const bool carrier = BitsPerElement(type) == 4 && array.type == ArrayTypeOf(type);
  if (!carrier && !cast) {
    return WithHint(
        BadUse("the array has data type {}, the model takes {}", Name(array.type), Name(type)),
        "--cast converts it");
  }
  OperandWriter writer(descriptor);
  for (size_t i = 0; i < descriptor.element_count(); ++i) {
    const Number number = array.element(i);
    if (!Fits(type, number)) {
      return BadUse("element {} is {}, which {} cannot hold", PositionText(array.sizes, i),
                    ToString(number), Name(type));
    }
    writer.Put(number);
  }
  return writer.Take();
}

Array FromOperand(const OperandDescriptor& descriptor, std::vector<std::byte> bytes) {
  const DataType type = descriptor.data_type();
  Array array{.type = ArrayTypeOf(type),
              .sizes = {descriptor.shape().begin(), descriptor.shape().end()},
              .bytes = std::move(bytes)};
  if (BitsPerElement(type) == 4) {
    std::vector<std::byte> wide(descriptor.element_count());
    for (size_t i = 0; i < wide.size(); ++i) {
      wide[i] = static_cast<std::byte>(ElementOf(type, array.bytes, i).int64());
    }
    array.bytes = std::move(wide);
  }
  return array;
}

Result<std::vector<std::byte>> FillOperand(const OperandDescriptor& descriptor,
                                           const Number& value) {
  if (!Fits(descriptor.data_type(), value)) {
    return BadUse("{} cannot hold {}", Name(descriptor.data_type()), ToString(value));
  }
  OperandWriter writer(descriptor);
  for (size_t i = 0; i < descriptor.element_count(); ++i) writer.Put(value);
  return writer.Take();
}

}  // namespace webnn::cli
