#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/cuda/driver.h"
#include "backends/tensorrt/module.h"
#include "webnn/context.h"

/// Runs engines on a device: memory, streams, order, CUDA graphs. Knows of TensorRT only what
/// `Engine` and `Execution` say.
namespace webnn::trt {

class LanePool;

struct RunnerOptions {
  void* stream = nullptr;  ///< `ContextOptions::cuda_stream`
  LogCallback log = nullptr;
};

/// What a context has on its device. Thread safe. Tensors and graphs keep what they need of it and
/// may outlive it; while they live, so does the device.
class Runner {
 public:
  /// NotSupported for a stream that cannot be used.
  static Result<std::unique_ptr<Runner>> Open(std::shared_ptr<cuda::Device> device,
                                              RunnerOptions options);
  ~Runner();

  /// Filled with zeros. UnknownError when there is no room.
  Result<std::unique_ptr<BackendTensor>> CreateTensor(const OperandDescriptor& descriptor);
  /// Memory of the caller's on this device, aligned to 256 bytes. NotSupported for any other.
  Result<std::unique_ptr<BackendTensor>> ImportTensor(const OperandDescriptor& descriptor,
                                                      const DeviceMemory& memory,
                                                      std::shared_ptr<void> owner);
  /// `inputs` and `outputs` are names of the engine's bindings, each once, in the order in which
  /// `Run` and `Compute` give the tensors: those of the graph's definition. Tensors must be as many
  /// bytes as their bindings.
  Result<std::unique_ptr<CompiledGraph>> MakeGraph(std::shared_ptr<Engine> engine,
                                                   const std::vector<std::string>& inputs,
                                                   const std::vector<std::string>& outputs);
  /// Waits until all work queued so far is done.
  Result<void> Synchronize();
  /// Why the device can do nothing more, if that is so.
  std::optional<std::string> lost() const;
  const std::shared_ptr<cuda::Device>& device() const { return device_; }

 private:
  Runner(std::shared_ptr<cuda::Device> device, std::shared_ptr<LanePool> lanes);
  const std::shared_ptr<cuda::Device> device_;
  const std::shared_ptr<LanePool> lanes_;
};

}  // namespace webnn::trt
