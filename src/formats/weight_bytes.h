#pragma once

#include <cstddef>
#include <span>

#include "formats/element_types.h"
#include "graph/graph_data.h"
#include "webnn/types.h"

namespace webnn::formats {

/// The same bytes at an address that elements of the type may have: a copy only where a file has
/// them at another one.
ConstantData Aligned(ConstantData data, DataType type);

/// Elements of bfloat16 or float64 as float32.
ConstantData ToFloat32(const ElementType& type, std::span<const std::byte> bytes);

/// Takes the bytes over.
ConstantData Own(std::vector<std::byte> bytes);

}  // namespace webnn::formats
