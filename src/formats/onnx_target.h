#pragma once

#include "lowering/target.h"

namespace webnn::formats {

/// Whatever the ONNX specification allows: the target of files that any runtime may read.
const lowering::Target& OnnxTarget();

}  // namespace webnn::formats
