#pragma once

#include <cstddef>

#include "backends/onnxruntime/api.h"
#include "lowering/model.h"

namespace webnn::ort {

/// ONNX Runtime's name for the type; its numbers are not ONNX's for every type.
ONNXTensorElementDataType ToOrt(lowering::Element element);

/// What an address must be a multiple of; packed 4-bit types are bytes.
size_t AlignmentOf(lowering::Element element);

}  // namespace webnn::ort
