#include "backends/tensorrt/runner.h"

#include <utility>

#include "backends/tensorrt/execution.h"
#include "backends/tensorrt/lane.h"
#include "backends/tensorrt/tensor.h"
#include "core/try.h"

namespace webnn::trt {

Runner::Runner(std::shared_ptr<cuda::Device> device, std::shared_ptr<LanePool> lanes)
    : device_(std::move(device)), lanes_(std::move(lanes)) {}

Result<std::unique_ptr<Runner>> Runner::Open(std::shared_ptr<cuda::Device> device,
                                             RunnerOptions options) {
  WEBNN_ASSIGN_OR_RETURN(std::shared_ptr<LanePool> lanes,
                         LanePool::Create(device, options.stream, std::move(options.log)));
  return std::unique_ptr<Runner>(new Runner(std::move(device), std::move(lanes)));
}

// After this nothing touches the caller's stream, which need not outlive the context: tensors that
// are left have nothing to wait for.
Runner::~Runner() { (void)Synchronize(); }

Result<std::unique_ptr<BackendTensor>> Runner::CreateTensor(const OperandDescriptor& descriptor) {
  return Tensor::Create(lanes_, descriptor);
}

Result<std::unique_ptr<BackendTensor>> Runner::ImportTensor(const OperandDescriptor& descriptor,
                                                            const DeviceMemory& memory,
                                                            std::shared_ptr<void> owner) {
  return Tensor::Import(lanes_, descriptor, memory, std::move(owner));
}

Result<std::unique_ptr<CompiledGraph>> Runner::MakeGraph(std::shared_ptr<Engine> engine,
                                                         const std::vector<std::string>& inputs,
                                                         const std::vector<std::string>& outputs) {
  return EngineGraph::Create(lanes_, std::move(engine), inputs, outputs);
}

Result<void> Runner::Synchronize() {
  const cuda::Scope scope(*device_);
  return lanes_->FinishAll();
}

std::optional<std::string> Runner::lost() const { return device_->lost(); }

}  // namespace webnn::trt
