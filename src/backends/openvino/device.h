#pragma once

#include <string>

#include "backends/openvino/library.h"
#include "webnn/context.h"

namespace webnn::ov {

/// A device as the library reports it.
struct Device {
  std::string name;          ///< Ours: "cpu", "gpu.1".
  std::string ov_name;       ///< OpenVINO's: "CPU", "GPU.1".
  std::string full_name;     ///< "AMD EPYC 9654"
  std::string capabilities;  ///< "FP32 BF16 INT8 ...", what compiled models may depend on.

  bool is_cpu() const { return ov_name == "CPU"; }
};

/// The device of `ContextOptions::device`; empty is the CPU. NotSupported lists the devices.
Result<Device> FindDevice(const Library& library, const std::string& name);

/// All that a graph is compiled with on the device, nothing being left to the library's own choice
/// that changes results: by itself it computes float32 in bfloat16 where the processor has that.
/// NotSupported for a precision that the device does not have. `threads` are those of one run, 0
/// all; unless it is `one_stream`, runs of several threads then go side by side.
Result<std::vector<Property>> PropertiesFor(const Device& device, Precision precision,
                                            uint32_t threads, bool one_stream = false);

}  // namespace webnn::ov
