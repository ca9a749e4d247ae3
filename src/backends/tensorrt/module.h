#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/container.h"
#include "lowering/model.h"
#include "onnx/serialize.h"
#include "webnn/context.h"
#include "webnn/result.h"

/// TensorRT as plain functions: the only form in which the rest of the back end sees it. Each set
/// of vendor headers (TensorRT 10, 11, TensorRT-RTX 1) is compiled once, against this interface.
namespace webnn::trt {

enum class Flavor : uint8_t { kTensorRt, kTensorRtRtx };
/// "tensorrt", "tensorrt-rtx"
std::string_view Name(Flavor flavor);

/// Of a loaded library: 10.6.0.26.
struct LibraryVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  int build = 0;
  friend auto operator<=>(const LibraryVersion&, const LibraryVersion&) = default;
};
std::string ToString(const LibraryVersion& version);

struct BuildOptions {
  /// Ordinal of the device that is current; builders are kept by it. -1: there is none, which is
  /// for TensorRT-RTX alone.
  int device = -1;
  /// Runs a function with the device's CUDA context current: for what the build does in a thread of
  /// its own. Null: there is none.
  std::function<void(const std::function<void()>& function)> with_device = nullptr;
  bool tf32 = false;
  int optimization_level = 3;
  uint64_t workspace_bytes = 0;  ///< 0: no limit.
  bool hardware_compatible = false;
  bool version_compatible = false;
  /// TensorRT-RTX: compute capabilities (86, 120) to build for; empty is the GPU here, or, where
  /// there is none, all that it knows.
  std::vector<int> compute_capabilities = {};
  /// Gives what `BuiltPlan::timing_cache` of an earlier build was, when the build begins to
  /// measure; what does not fit is ignored. May be empty.
  std::function<cache::Blob()> timings = {};
};

struct BuiltPlan {
  cache::Blob plan;
  cache::Blob timing_cache;  ///< The one given and what this build has added; may be empty.
};

/// An input or output of an engine.
struct Binding {
  std::string name;
  lowering::Element element = lowering::Element::kNone;
  std::vector<int64_t> sizes;
  bool is_input = false;
};

/// A CUDA stream, `CUstream`; an address on the device, `CUdeviceptr`.
using Stream = void*;
using DeviceAddress = uint64_t;

/// What runs an engine in one stream at a time. Not thread safe.
class Execution {
 public:
  virtual ~Execution() = default;
  virtual Result<void> SetAddress(size_t binding, DeviceAddress address) = 0;
  /// Memory for what lies between the operators: at least `Engine::scratch_bytes()`, aligned to
  /// 256, used by nothing else while the execution runs.
  virtual Result<void> SetScratch(DeviceAddress address, uint64_t bytes) = 0;
  /// Begins to run; every address and the scratch memory have been set.
  virtual Result<void> Enqueue(Stream stream) = 0;
};

/// A plan, deserialised. Thread safe.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const std::vector<Binding>& bindings() const = 0;
  virtual uint64_t scratch_bytes() const = 0;
  /// The engine inspector's description of all layers, JSON.
  virtual Result<std::string> Inspect() const = 0;
  virtual Result<std::unique_ptr<Execution>> CreateExecution() = 0;
};

/// What progress is told while another build is at work, here or in another process.
inline constexpr std::string_view kWaitPhase = "wait for another build";

/// An opened library. Thread safe. Unless stated otherwise the CUDA context of the device must be
/// current in the calling thread. Lives until the process ends.
class Module {
 public:
  virtual ~Module() = default;
  virtual Flavor flavor() const = 0;
  virtual LibraryVersion version() const = 0;
  /// Path of the library.
  virtual const std::string& path() const = 0;

  /// Whether the parser takes weights where they lie. Otherwise a model whose weights are inside
  /// the file builds fastest; weights beside it are written to a temporary file.
  virtual bool takes_weights() const = 0;
  /// Parses and builds, each call with a builder of a pool that lives as long as the process. On
  /// one device builds of level 0 run side by side; others, which measure kernels, one after the
  /// other (`kWaitPhase`). `progress` is told `kWaitPhase`, "start", "parse" and "build", from any
  /// thread but never from two at once, more often than a user needs; AbortError when it gave
  /// false. TensorRT-RTX needs no CUDA.
  virtual Result<BuiltPlan> Build(const onnx_format::SerializedModel& model,
                                  const BuildOptions& options,
                                  const ProgressCallback& progress) const = 0;
  /// Makes what the first `Deserialize` needs, so that it takes no longer than the others.
  virtual Result<void> Prepare() const { return {}; }
  /// Takes a plan that this library version made for this GPU; the bytes are looked at before the
  /// library sees them. `version_compatible`: the plan was built so, may come from an earlier
  /// version, and holds host code that is run. OperationError when it refuses.
  virtual Result<std::unique_ptr<Engine>> Deserialize(std::span<const std::byte> plan,
                                                      bool version_compatible = false) const = 0;
};

/// Where the library comes from, in this order: `ContextOptions::library_path` (the library's file
/// or a folder with it), TENSORRT_ROOT or TENSORRT_RTX_ROOT, the Python packages tensorrt_libs or
/// tensorrt_rtx_libs, the loader's path. NotSupported lists every place. The parser is opened by
/// the first build, from the library's folder first. Opening needs no GPU and no CUDA; it is done
/// once a path and process.
Result<const Module*> OpenModule(Flavor flavor, const ContextOptions& options);

}  // namespace webnn::trt
