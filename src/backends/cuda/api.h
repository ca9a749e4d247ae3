#pragma once

#include <cuda.h>

#include <memory>
#include <string>

#include "webnn/result.h"

namespace webnn::cuda {

// Every function that is called. cuda.h maps most names to versioned symbols (cuMemAlloc is
// cuMemAlloc_v2) by macros, which the list goes through like any call. All of them are in drivers
// since CUDA 12.0: take none with a newer version, such as cuEventElapsedTime.
#define WEBNN_CUDA_FUNCTIONS(X) \
  X(cuInit) \
  X(cuDriverGetVersion) \
  X(cuGetErrorName) \
  X(cuGetErrorString) \
  X(cuDeviceGetCount) \
  X(cuDeviceGet) \
  X(cuDeviceGetName) \
  X(cuDeviceGetAttribute) \
  X(cuDeviceGetUuid) \
  X(cuDeviceTotalMem) \
  X(cuDevicePrimaryCtxRetain) \
  X(cuDevicePrimaryCtxRelease) \
  X(cuCtxGetCurrent) \
  X(cuCtxPushCurrent) \
  X(cuCtxPopCurrent) \
  X(cuMemGetInfo) \
  X(cuMemAlloc) \
  X(cuMemFree) \
  X(cuMemHostAlloc) \
  X(cuMemFreeHost) \
  X(cuMemcpyHtoDAsync) \
  X(cuMemcpyDtoHAsync) \
  X(cuMemsetD8Async) \
  X(cuPointerGetAttributes) \
  X(cuStreamCreate) \
  X(cuStreamDestroy) \
  X(cuStreamSynchronize) \
  X(cuStreamQuery) \
  X(cuStreamGetCtx) \
  X(cuStreamWaitEvent) \
  X(cuStreamBeginCapture) \
  X(cuStreamEndCapture) \
  X(cuEventCreate) \
  X(cuEventDestroy) \
  X(cuEventRecord) \
  X(cuEventSynchronize) \
  X(cuGraphInstantiate) \
  X(cuGraphDestroy) \
  X(cuGraphUpload) \
  X(cuGraphLaunch) \
  X(cuGraphExecDestroy)

/// The driver's functions, with their names.
struct Api {
#define WEBNN_CUDA_DECLARE(name) decltype(&::name) name = nullptr;
  // NOLINTNEXTLINE(readability-identifier-naming): the driver's own names
  WEBNN_CUDA_FUNCTIONS(WEBNN_CUDA_DECLARE)
#undef WEBNN_CUDA_DECLARE

  std::string library;  ///< The file that was opened.
  int version = 0;      ///< 13000 for CUDA 13.0.
};

/// Opens the driver once a file and process, for as long as the process lives; checks its version
/// and initialises it. NotSupported without a driver, for one that is too old, and without a GPU.
Result<const Api*> OpenApi();
/// The same but for the initialisation, so that a driver without a GPU has a version, too.
Result<const Api*> LoadApi();

/// "CUDA_ERROR_INVALID_VALUE (invalid argument)"
std::string ErrorText(const Api& api, CUresult result);

}  // namespace webnn::cuda
