#pragma once

#include <memory>

#include "backends/backend.h"
#include "backends/cuda/driver.h"
#include "backends/tensorrt/module.h"

namespace webnn {

/// TensorRT 10 and 11 on an NVIDIA GPU. Driver and library are opened at run time, the driver
/// first; NotSupported says which of them is missing and where it was looked for.
Result<std::unique_ptr<Backend>> OpenTensorRt(const ContextOptions& options);
/// TensorRT-RTX on a GeForce or RTX GPU; to compile into files it needs none.
Result<std::unique_ptr<Backend>> OpenTensorRtRtx(const ContextOptions& options);

BackendStatus ProbeTensorRt(const ContextOptions& options, bool open_library);
BackendStatus ProbeTensorRtRtx(const ContextOptions& options, bool open_library);

namespace trt {

/// The back end on a library that is open. Without a device it compiles into files and does nothing
/// else.
Result<std::unique_ptr<Backend>> MakeBackend(const Module& module,
                                             std::shared_ptr<cuda::Device> device,
                                             const ContextOptions& options);

}  // namespace trt
}  // namespace webnn
