#include "backends/backend.h"

#include "core/errors.h"

namespace webnn {

Result<CompiledBytes> Backend::CompileToBytes(const GraphData& graph,
                                              const CompileOptions& options) {
  (void)graph, (void)options;
  return NotSupported("{}: its compiled graphs cannot be saved", name());
}

Result<std::unique_ptr<CompiledGraph>> Backend::Load(CompiledBytes compiled) {
  (void)compiled;
  return NotSupported("{}: it has no compiled graphs that can be loaded", name());
}

Result<std::unique_ptr<BackendTensor>> Backend::ImportTensor(const OperandDescriptor& descriptor,
                                                             const DeviceMemory& memory,
                                                             std::shared_ptr<void> owner) {
  (void)descriptor, (void)memory, (void)owner;
  return NotSupported("{}: it cannot use memory that it has not allocated", name());
}

}  // namespace webnn
