#pragma once

#include "lowering/target.h"

namespace webnn::trt {

/// What TensorRT's ONNX parser takes (10.6 and newer, TensorRT-RTX) and its kernels compute as
/// exactly as WebNN's tests ask.
/// `half`: for models that are then turned to 16 bits.
const lowering::Target& TensorRtTarget(bool half = false);

}  // namespace webnn::trt
