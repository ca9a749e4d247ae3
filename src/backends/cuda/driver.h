#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "webnn/result.h"

/// NVIDIA's GPUs through the CUDA driver API, which is opened at run time: libcuda.so.1 of the
/// installed driver. Shared by the back ends that run on them.
namespace webnn::cuda {

/// What is known of a GPU without using it.
struct DeviceInfo {
  int ordinal = 0;   ///< In this process, after CUDA_VISIBLE_DEVICES.
  std::string name;  ///< "NVIDIA H200"
  int major = 0;     ///< Compute capability 9.0 is major 9, minor 0.
  int minor = 0;
  uint64_t memory_bytes = 0;
  std::string uuid;  ///< "GPU-8-4-4-4-12"
};

/// "580.159.04" where /proc or NVML tells, else CUDA's version of the driver: "CUDA 13.0".
struct DriverInfo {
  std::string version;
  int cuda_version = 0;  ///< 13000 for 13.0
};

}  // namespace webnn::cuda
