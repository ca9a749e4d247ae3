#pragma once

#include <memory>

#include "backends/backend.h"

namespace webnn {

/// ONNX Runtime on the CPU. Its library is opened at run time; NotSupported says where it was
/// looked for.
Result<std::unique_ptr<Backend>> OpenOnnxRuntime(const ContextOptions& options);

}  // namespace webnn
