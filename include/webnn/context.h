#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webnn/export.h"
#include "webnn/graph.h"
#include "webnn/tensor.h"
#include "webnn/types.h"

namespace webnn {

class ContextImpl;

enum class LogLevel : uint8_t { kVerbose, kInfo, kWarning, kError };

/// Gets the messages of the library and of the vendor's library under it. Called from any thread,
/// also from several at once; must not call into the context.
using LogCallback = std::function<void(LogLevel level, std::string_view message)>;

struct ContextOptions {
  /// `MLContextOptions`: hints, as in the specification.
  PowerPreference power_preference = PowerPreference::kDefault;
  bool accelerated = true;

  /// Back end by name ("onnxruntime"); empty chooses the best that works here.
  std::string backend = {};
  /// Device of the back end ("cpu"); empty chooses.
  std::string device = {};
  /// Path of the back end's shared library; empty looks for it (see `docs/back-ends.md`).
  std::string library_path = {};
  /// Threads inside one operator; 0 lets the back end choose (usually one a core).
  uint32_t threads = 0;
  /// False (the default): a dispatch on the CPU runs in the caller's thread and is done when the
  /// call returns. True: it is queued, and a thread of the context runs the queue in order.
  bool queued = false;
  /// Larger tensors are refused. The default is no limit beyond the specification's 2^31-1
  /// elements.
  uint64_t max_tensor_byte_length = uint64_t{1} << 34;
  /// Whether back ends whose compiled graphs can be kept do keep them, and take up those that were
  /// kept for the same graph, options, library and device (see `docs/cache.md`).
  bool cache = true;
  /// The folder for that; empty is the environment variable WEBNN_CACHE_DIR, else
  /// XDG_CACHE_HOME/webnn, else ~/.cache/webnn. It is made when it is missing. One that belongs to
  /// another user or that others may write to is an OperationError of `Compile`; one that cannot be
  /// written to is a warning.
  std::string cache_dir = {};
  LogCallback log = nullptr;
  LogLevel log_level = LogLevel::kWarning;
};

/// Why a context was lost (`MLContextLostInfo`).
struct ContextLostInfo {
  std::string message;
};

/// What the operands of one operator may be on a context.
struct OpSupport {
  std::string_view op;
  std::vector<std::pair<std::string_view, TensorLimits>> operands;  ///< Inputs, then outputs.
};

/// `MLOpSupportLimits`
struct OpSupportLimits {
  InputOperandLayout preferred_input_layout = InputOperandLayout::kNchw;
  uint64_t max_tensor_byte_length = 0;
  TensorLimits input;
  TensorLimits constant;
  TensorLimits output;
  std::vector<OpSupport> ops;  ///< All 95, in the specification's order.
};

using NamedTensor = std::pair<std::string_view, Tensor>;
using NamedInputBytes = std::pair<std::string_view, std::span<const std::byte>>;
using NamedOutputBytes = std::pair<std::string_view, std::span<std::byte>>;

/// A device with its queue (`MLContext`). A handle: copies share the context. All methods may be
/// called from several threads. Work takes effect in the order of the calls that begin it; graphs
/// dispatched from several threads run side by side unless they share a tensor.
class WEBNN_EXPORT Context {
 public:
  /// NotSupported when no back end fits; the message lists what was tried.
  static Result<Context> Create(ContextOptions options = {});

  const ContextOptions& options() const;
  bool accelerated() const;
  /// "onnxruntime"
  std::string_view backend() const;
  /// "onnxruntime 1.32.0, cpu" and, line by line, what was tried before it.
  std::string Explain() const;
  OpSupportLimits GetOpSupportLimits() const;

  /// Compiles a finished definition; may be called again for another copy. OperationError when the
  /// back end fails.
  Result<Graph> Compile(const GraphDefinition& definition) const;

  /// A tensor filled with zeros. UnknownError when there is no memory for it.
  Result<Tensor> CreateTensor(const OperandDescriptor& descriptor,
                              TensorOptions options = {}) const;
  /// An immutable tensor for `GraphBuilder::Constant`; the bytes are copied.
  Result<Tensor> CreateConstantTensor(const OperandDescriptor& descriptor,
                                      std::span<const std::byte> bytes) const;

  /// Copies `bytes` (of exactly the tensor's length) now; later work sees them.
  Result<void> WriteTensor(const Tensor& tensor, std::span<const std::byte> bytes) const;
  /// Waits for earlier work on the tensor and copies its bytes to `bytes`, of exactly its length.
  /// Work that failed after its `Dispatch` had returned gives its error here.
  Result<void> ReadTensor(const Tensor& tensor, std::span<std::byte> bytes) const;
  /// The same without waiting; `bytes` must live until the future is ready.
  std::future<Result<void>> ReadTensorAsync(const Tensor& tensor, std::span<std::byte> bytes) const;

  /// Runs the graph: every input and output by name, each tensor once, types and shapes exactly as
  /// declared. Outputs may then be inputs of the next dispatch without waiting.
  Result<void> Dispatch(const Graph& graph, std::span<const NamedTensor> inputs,
                        std::span<const NamedTensor> outputs) const;
  /// Runs the graph on host memory, read and written in place, and returns when it is done. Outputs
  /// must not overlap inputs or one another.
  Result<void> Compute(const Graph& graph, std::span<const NamedInputBytes> inputs,
                       std::span<const NamedOutputBytes> outputs) const;

  /// Waits until all work begun so far is done.
  void Synchronize() const;
  /// Loses the context: its graphs and tensors are destroyed, pending reads fail. May be called
  /// twice and while work runs.
  void Destroy();
  /// Why the context was lost, or nothing.
  std::optional<ContextLostInfo> lost() const;

  explicit Context(std::shared_ptr<ContextImpl> impl) : impl_(std::move(impl)) {}
  const std::shared_ptr<ContextImpl>& impl() const { return impl_; }  ///< Internal.

 private:
  std::shared_ptr<ContextImpl> impl_;
};

}  // namespace webnn
