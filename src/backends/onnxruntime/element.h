#pragma once

#include "backends/onnxruntime/api.h"
#include "lowering/model.h"

namespace webnn::ort {

/// ONNX Runtime's name for the type; its numbers are not ONNX's for every type.
ONNXTensorElementDataType ToOrt(lowering::Element element);

}  // namespace webnn::ort
