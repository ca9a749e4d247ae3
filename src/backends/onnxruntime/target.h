#pragma once

#include "lowering/target.h"

namespace webnn {

/// What ONNX Runtime's CPU kernels take.
const lowering::Target& OnnxRuntimeTarget();

}  // namespace webnn
