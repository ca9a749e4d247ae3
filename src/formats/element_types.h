#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "webnn/types.h"

namespace webnn::formats {

/// An element type of a weights file: its name there, its size, and what it is here.
struct ElementType {
  std::string_view safetensors;  ///< "F32"
  std::string_view name;         ///< "float32"; manifests and messages have it.
  int bits;
  std::optional<DataType> type;  ///< None: WebNN has no such type.
};

/// Null when there is none of the name.
const ElementType* FindSafetensorsType(std::string_view safetensors);
const ElementType* FindElementType(std::string_view name);
/// What a data type is in a weights file; 4-bit types, which have none, are uint8 there.
const ElementType& StoredAs(DataType type);

/// "f32", "i4" ... as `.webnn` text writes them.
std::string_view ShortName(DataType type);
/// By the short name or the specification's.
std::optional<DataType> ParseTypeName(std::string_view name);

}  // namespace webnn::formats
