#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "webnn/export.h"
#include "webnn/types.h"

namespace webnn {

class TensorImpl;

/// How a tensor may be used (`MLTensorDescriptor`).
struct TensorOptions {
  bool readable = false;  ///< `Context::ReadTensor` is allowed.
  bool writable = false;  ///< `Context::WriteTensor` is allowed.
};

/// Where memory lies.
enum class MemoryKind : uint8_t { kHost, kCuda };

/// An address with the device that it is on. For kCuda a `CUdeviceptr`.
struct DeviceMemory {
  MemoryKind kind = MemoryKind::kHost;
  int device = 0;  ///< CUDA's ordinal in this process (after CUDA_VISIBLE_DEVICES).
  void* address = nullptr;
};

/// Memory of a context that graphs read and write (`MLTensor`). A handle: copies share the tensor.
/// Belongs to its context and ends with it.
class WEBNN_EXPORT Tensor {
 public:
  const OperandDescriptor& descriptor() const;
  bool readable() const;
  bool writable() const;
  bool constant() const;
  /// The memory itself, for work outside the context; nothing for a constant or destroyed tensor.
  /// It is valid while the tensor is; see `Context::Synchronize` and `ContextOptions::cuda_stream`
  /// for the order of such work.
  std::optional<DeviceMemory> memory() const;
  /// Frees the memory once work already begun has ended. May be called twice and while work that
  /// uses the tensor runs.
  void Destroy();

  explicit Tensor(std::shared_ptr<TensorImpl> impl) : impl_(std::move(impl)) {}
  const std::shared_ptr<TensorImpl>& impl() const { return impl_; }  ///< Internal.

 private:
  std::shared_ptr<TensorImpl> impl_;
};

}  // namespace webnn
