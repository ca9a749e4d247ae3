#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/container.h"
#include "cache/key.h"
#include "graph/graph_data.h"
#include "webnn/context.h"
#include "webnn/devices.h"
#include "webnn/types.h"

/// The boundary to what runs graphs. A back end is one folder and one line in `AllBackends`.
namespace webnn {

/// What a back end lacks of an operator: the row of the operator, narrowed.
struct LimitDelta {
  std::string_view op;       ///< "conv2d"; empty: every operator.
  std::string_view operand;  ///< "filter"; empty: every operand.
  TensorLimits limits;       ///< What is left.
};

/// Memory for one tensor, where the back end's graphs can use it. Calls for one tensor do not
/// overlap, but for reads.
class BackendTensor {
 public:
  virtual ~BackendTensor() = default;
  /// `bytes` has exactly the tensor's length and may go when the call has returned.
  virtual Result<void> Write(std::span<const std::byte> bytes) = 0;
  /// Waits for the work that was begun before on this tensor.
  virtual Result<void> Read(std::span<std::byte> bytes) const = 0;
  /// What others may use until the tensor's end.
  virtual std::optional<DeviceMemory> memory() const { return std::nullopt; }
};

/// A graph ready to run. Both calls may come from several threads at once; arguments are in the
/// order of the definition's inputs and outputs.
class CompiledGraph {
 public:
  virtual ~CompiledGraph() = default;
  /// Returns when the outputs are complete, or when the work is in a queue of the device's: then
  /// the back end keeps the order of everything that uses the same tensors, and the graph and the
  /// tensors may go as soon as the call has returned.
  virtual Result<void> Run(std::span<BackendTensor* const> inputs,
                           std::span<BackendTensor* const> outputs) = 0;
  /// Returns when the outputs are complete.
  virtual Result<void> Compute(std::span<const std::span<const std::byte>> inputs,
                               std::span<const std::span<std::byte>> outputs) = 0;
};

/// A compiled graph as bytes, with all that they were made from and for.
struct CompiledBytes {
  cache::Key key;
  cache::Blob payload;
};

/// A back end opened for one context.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  ///< "onnxruntime"
  virtual std::string version() const = 0;    ///< "1.32.0"
  virtual std::string device() const = 0;     ///< "cpu"
  /// The file of the vendor's library; empty where there is none.
  virtual std::string library() const { return {}; }
  virtual uint32_t max_rank() const = 0;  ///< Of any operand.
  virtual std::vector<LimitDelta> deltas() const { return {}; }
  /// Whether `CompiledGraph::Run` may return before its work is done, so that a read may wait long.
  virtual bool asynchronous() const { return false; }
  /// What the compiled graph is kept under (`docs/cache.md`); nothing where the back end keeps
  /// none. Its field "backend" is the name, "version" that of the library.
  virtual std::optional<cache::Key> CacheKey(const GraphData& graph,
                                             const CompileOptions& options) const {
    (void)graph, (void)options;
    return std::nullopt;
  }
  virtual Result<std::unique_ptr<CompiledGraph>> Compile(
      const std::shared_ptr<const GraphData>& graph, const CompileOptions& options) = 0;
  /// The same as bytes for `Load`, in this process or another one.
  virtual Result<CompiledBytes> CompileToBytes(const GraphData& graph,
                                               const CompileOptions& options);
  /// Takes what `CompileToBytes` gave, after it has compared the key with this library and device.
  virtual Result<std::unique_ptr<CompiledGraph>> Load(CompiledBytes compiled);

  virtual Result<std::unique_ptr<BackendTensor>> CreateTensor(
      const OperandDescriptor& descriptor) = 0;
  /// See `Context::ImportTensor`.
  virtual Result<std::unique_ptr<BackendTensor>> ImportTensor(const OperandDescriptor& descriptor,
                                                              const DeviceMemory& memory,
                                                              std::shared_ptr<void> owner);
  /// Waits for the device's queues.
  virtual Result<void> Synchronize() { return {}; }
  /// Waits for what others have put into a stream of the device's: its handle, or 1 for CUDA's
  /// default stream.
  virtual Result<void> WaitForStream(uintptr_t stream) {
    (void)stream;
    return {};
  }
  /// Asked after a call has failed: why the device can do nothing more, if that is so. The context
  /// is then lost.
  virtual std::optional<std::string> lost() const { return std::nullopt; }
};

/// How to open a back end. NotSupported says which library is missing and where it was looked for.
struct BackendEntry {
  std::string_view name;
  Result<std::unique_ptr<Backend>> (*open)(const ContextOptions& options);
  /// Whether `open` would work, found out without a context on a GPU, and without opening a large
  /// library where there is no device for it, unless `open_library` asks for that (the version is
  /// known then). Null: `open` itself costs little.
  BackendStatus (*probe)(const ContextOptions& options, bool open_library) = nullptr;
  /// Its devices are NVIDIA's GPUs: "cuda:0" ... Otherwise it has none of these.
  bool cuda = false;
};

/// Every back end, the preferred one first.
std::span<const BackendEntry> AllBackends();

}  // namespace webnn
