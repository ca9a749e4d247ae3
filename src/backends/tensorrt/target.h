#pragma once

#include "lowering/target.h"

namespace webnn::trt {

/// What TensorRT's ONNX parser takes (10.6 and newer, TensorRT-RTX) and its kernels compute as
/// exactly as WebNN's tests ask.
const lowering::Target& TensorRtTarget();

}  // namespace webnn::trt
