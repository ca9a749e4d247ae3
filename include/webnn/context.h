#pragma once

#include <array>
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

#include "webnn/devices.h"
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

/// What float32 operations are computed in. Inputs and outputs keep their declared types whatever
/// it is. A precision that a back end or its device does not have is NotSupported, never another.
enum class Precision : uint8_t {
  kAuto,      ///< By the context's hints and what its device is fast at (`docs/precision.md`).
  kFloat32,   ///< Single precision; TF32 is off.
  kTf32,      ///< Single precision, products of matrices and convolutions rounded to TF32.
  kBfloat16,  ///< bfloat16, but for what needs float32: norms, sums, exponentials.
  kFloat16,   ///< float16, with the same exceptions.
};
constexpr std::array<std::string_view, 5> EnumNames(Precision) {
  return {"auto", "float32", "tf32", "bfloat16", "float16"};
}

/// How far a compilation is.
struct CompileProgress {
  std::string_view phase;  ///< "lower", "parse", "build", "load" ...
  double fraction = 0;     ///< Of the phase's work, 0 to 1; never falls within a phase.
  double seconds = 0;      ///< Since the compilation began.
};

/// Called at least once a second while a graph is compiled, from any thread but never from two at
/// once; must not call into the context. False cancels: the compilation ends with an AbortError,
/// within two seconds.
using ProgressCallback = std::function<bool(const CompileProgress& progress)>;

/// How to compile a graph. What a back end has no use for, it ignores.
struct CompileOptions {
  Precision precision = Precision::kAuto;
  /// How hard to look for fast kernels: TensorRT's 0 (quick to build) to 5; nothing is its default.
  std::optional<uint32_t> optimization_level = {};
  /// Device memory that one kernel may use beside its operands, in bytes; 0: all there is.
  uint64_t workspace_bytes = 0;
  /// Files compiled ahead of time: the GPUs they are for ("sm86", "sm120"); empty is the one here.
  std::vector<std::string> targets = {};
  /// TensorRT: the result also runs on GPUs of later generations, and with later versions of the
  /// library; both cost speed.
  bool hardware_compatible = false;
  bool version_compatible = false;
  ProgressCallback progress = nullptr;
};

/// What happens when the back end that was chosen or named fails.
enum class Fallback : uint8_t {
  kNone,     ///< Its error is the error of the call.
  kBackend,  ///< The context goes on to the next back end, with one warning (`docs/back-ends.md`).
};
constexpr std::array<std::string_view, 2> EnumNames(Fallback) { return {"none", "backend"}; }

struct ContextOptions {
  /// `MLContextOptions`: hints, as in the specification.
  PowerPreference power_preference = PowerPreference::kDefault;
  bool accelerated = true;

  /// Back end by name ("onnxruntime"); empty chooses the best that works here.
  std::string backend = {};
  /// Device of the back end ("cpu", "cuda:1"); empty chooses.
  std::string device = {};
  /// With `kBackend`, a back end that cannot be opened, or a graph that cannot be built on it,
  /// makes the context go on to the next candidate. A device and a precision that were named stay
  /// as they are. A context moves as a whole, so only while it has no tensor and no graph.
  Fallback fallback = Fallback::kNone;
  /// Path of the back end's shared library; empty looks for it (see `docs/back-ends.md`). That of
  /// the back end that is named; a fallback looks for its own.
  std::string library_path = {};
  /// Threads inside one operator; 0 lets the back end choose (usually one a core).
  uint32_t threads = 0;
  /// How graphs are compiled where a call does not say otherwise.
  CompileOptions compile = {};
  /// The context compiles into files (`CompileToFile`) and does nothing else; it needs no device
  /// where the back end's compiler needs none.
  bool compile_only = false;
  /// CUDA: all work goes to this `CUstream`, in order with the caller's own. It must belong to the
  /// device's primary context and outlive this one. Null: streams of the context's own.
  void* cuda_stream = nullptr;
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
  /// NotSupported when no back end fits; the message lists what was tried. With no back end named
  /// the first candidate that is there is taken; what fails after that is the call's error unless
  /// `ContextOptions::fallback` says otherwise.
  static Result<Context> Create(ContextOptions options = {});

  const ContextOptions& options() const;
  bool accelerated() const;
  /// "onnxruntime". After a fallback, that of now.
  std::string_view backend() const;
  /// "cpu", "cuda:0"
  std::string device() const;
  /// What was tried, in order, up to what the context runs on.
  std::vector<Candidate> Candidates() const;
  /// The same as text: "onnxruntime 1.32.0, device cpu: chosen, the first that works here".
  std::string Explain() const;
  /// Why the context went on to another back end, one text each time; what `log` was told.
  std::vector<std::string> Fallbacks() const;
  OpSupportLimits GetOpSupportLimits() const;

  /// Compiles a finished definition; may be called again for another copy. OperationError when the
  /// back end fails, AbortError when `CompileOptions::progress` said so. Without `options` those of
  /// the context hold. With `Fallback::kBackend` a failure moves the context to the next back end
  /// that can build the graph, unless the context has tensors or graphs: then the error says so.
  Result<Graph> Compile(const GraphDefinition& definition) const;
  Result<Graph> Compile(const GraphDefinition& definition, const CompileOptions& options) const;

  /// Compiles into a file that `LoadCompiled` reads, with no model at hand, on the device that it
  /// was compiled for. NotSupported where the back end cannot.
  Result<void> CompileToFile(const GraphDefinition& definition, const std::string& path,
                             const CompileOptions& options) const;
  /// A graph from such a file. NotSupported for another back end, version or device than the file
  /// was made for (the message says which); OperationError for a damaged file. A compiled graph is
  /// code: load only files that you trust.
  Result<Graph> LoadCompiled(const std::string& path) const;

  /// A tensor filled with zeros. UnknownError when there is no memory for it.
  Result<Tensor> CreateTensor(const OperandDescriptor& descriptor,
                              TensorOptions options = {}) const;
  /// A tensor in memory of the caller's on the context's device, used in place. The memory must
  /// hold the descriptor's bytes, packed; it lives while `owner` does (null: the caller sees to it
  /// that it outlives the tensor and all work on it). Work on it that the context knows nothing of
  /// must be done, or be in `ContextOptions::cuda_stream`. NotSupported for memory that the back
  /// end cannot use.
  Result<Tensor> ImportTensor(const OperandDescriptor& descriptor, const DeviceMemory& memory,
                              std::shared_ptr<void> owner, TensorOptions options = {}) const;
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
  /// declared. Outputs may then be inputs of the next dispatch without waiting. On a GPU the call
  /// returns when the work is queued; failures that come later are those of the tensors.
  Result<void> Dispatch(const Graph& graph, std::span<const NamedTensor> inputs,
                        std::span<const NamedTensor> outputs) const;
  /// Runs the graph on host memory, read and written in place, and returns when it is done. Outputs
  /// must not overlap inputs or one another.
  Result<void> Compute(const Graph& graph, std::span<const NamedInputBytes> inputs,
                       std::span<const NamedOutputBytes> outputs) const;

  /// Waits until all work begun so far is done, on the device, too.
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
