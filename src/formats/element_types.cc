#include "formats/element_types.h"

#include <algorithm>
#include <array>

namespace webnn::formats {
namespace {

constexpr ElementType kElementTypes[] = {
    {"F32", "float32", 32, DataType::kFloat32},
    {"F16", "float16", 16, DataType::kFloat16},
    {"I32", "int32", 32, DataType::kInt32},
    {"U32", "uint32", 32, DataType::kUint32},
    {"I64", "int64", 64, DataType::kInt64},
    {"U64", "uint64", 64, DataType::kUint64},
    {"I8", "int8", 8, DataType::kInt8},
    {"U8", "uint8", 8, DataType::kUint8},
    {"BOOL", "bool", 8, DataType::kUint8},
    {"BF16", "bfloat16", 16, {}},
    {"F64", "float64", 64, {}},
    {"I16", "int16", 16, {}},
    {"U16", "uint16", 16, {}},
    {"C64", "complex64", 64, {}},
    {"F8_E4M3", "float8e4m3", 8, {}},
    {"F8_E5M2", "float8e5m2", 8, {}},
    {"F8_E8M0", "float8e8m0", 8, {}},
    {"F6_E2M3", "float6e2m3", 6, {}},
    {"F6_E3M2", "float6e3m2", 6, {}},
    {"F4", "float4e2m1", 4, {}},
    // Of manifests alone.
    {"", "int4", 4, DataType::kInt4},
    {"", "uint4", 4, DataType::kUint4},
};

// In the order of the enumeration.
constexpr std::array<std::string_view, kDataTypeCount> kShortNames = {
    "f32", "f16", "i32", "u32", "i64", "u64", "i8", "u8", "i4", "u4"};

template <class Predicate>
const ElementType* FindIf(Predicate predicate) {
  const auto* found = std::find_if(std::begin(kElementTypes), std::end(kElementTypes), predicate);
  return found == std::end(kElementTypes) ? nullptr : found;
}

}  // namespace

const ElementType* FindSafetensorsType(std::string_view safetensors) {
  if (safetensors.empty()) return nullptr;
  return FindIf([&](const ElementType& row) { return row.safetensors == safetensors; });
}

const ElementType* FindElementType(std::string_view name) {
  return FindIf([&](const ElementType& row) { return row.name == name; });
}

const ElementType& StoredAs(DataType type) {
  return *FindElementType(Name(BitsPerElement(type) < 8 ? DataType::kUint8 : type));
}

std::string_view ShortName(DataType type) { return kShortNames[static_cast<size_t>(type)]; }

std::optional<DataType> ParseTypeName(std::string_view name) {
  const auto* found = std::find(kShortNames.begin(), kShortNames.end(), name);
  if (found == kShortNames.end()) return ParseDataType(name);
  return static_cast<DataType>(found - kShortNames.begin());
}

}  // namespace webnn::formats
