#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webnn/result.h"
#include "webnn/types.h"

namespace webnn::cli {

/// Element types of NumPy that files may have.
enum class ArrayType : uint8_t {
  kBool,
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64,
};
inline constexpr std::array<std::string_view, 12> kArrayTypeNames = {
    "bool",   "int8",  "uint8",  "int16",   "uint16",  "int32",
    "uint32", "int64", "uint64", "float16", "float32", "float64"};
inline std::string_view Name(ArrayType type) { return kArrayTypeNames[static_cast<size_t>(type)]; }
size_t BytesPerElement(ArrayType type);

/// An array in memory: row-major, little endian.
struct Array {
  ArrayType type = ArrayType::kFloat32;
  std::vector<uint64_t> sizes;
  std::vector<std::byte> bytes;

  uint64_t element_count() const { return bytes.size() / BytesPerElement(type); }
  Number element(size_t index) const;
};

/// "[1, 0, 2]": the place of a flat index.
std::string PositionText(std::span<const uint64_t> sizes, uint64_t index);

/// "float64[2, 3]"
std::string ToString(const Array& array);

/// The bytes of an operand. Shapes must be equal. So must types, where bool counts as uint8, and
/// 4-bit integers travel in bytes, one each; `cast` converts others, as long as every value fits:
/// floats are rounded, integers must be exact.
Result<std::vector<std::byte>> ToOperand(const Array& array, const OperandDescriptor& descriptor,
                                         bool cast);
/// The way back: 4-bit integers become int8 and uint8.
Array FromOperand(const OperandDescriptor& descriptor, std::vector<std::byte> bytes);
/// The type that `FromOperand` gives.
ArrayType ArrayTypeOf(DataType type);

/// One number for every element; an error when the type cannot hold it.
Result<std::vector<std::byte>> FillOperand(const OperandDescriptor& descriptor,
                                           const Number& value);

/// Encodes numbers one after the other into a packed operand.
class OperandWriter {
 public:
  explicit OperandWriter(const OperandDescriptor& descriptor)
      : type_(descriptor.data_type()), bytes_(descriptor.byte_length()) {}
  /// As `Number::Encode` does it: rounded, saturated.
  void Put(const Number& number);
  std::vector<std::byte> Take() { return std::move(bytes_); }

 private:
  DataType type_;
  size_t next_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace webnn::cli
