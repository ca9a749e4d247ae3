#include "backends/onnxruntime/backend.h"

#include <utility>

#include "backends/host_memory.h"
#include "backends/onnxruntime/library.h"
#include "backends/onnxruntime/log.h"
#include "backends/onnxruntime/session.h"
#include "backends/onnxruntime/target.h"
#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/try.h"
#include "lowering/writer.h"

namespace webnn {
namespace {

// Its kernels on the CPU compute float32 in float32.
Result<void> CheckPrecision(Precision precision) {
  if (precision == Precision::kAuto || precision == Precision::kFloat32) return {};
  return NotSupported(
      "onnxruntime: precision {} is not available on the CPU; there are auto and "
      "float32",
      EnumNames(precision)[static_cast<size_t>(precision)]);
}

class OnnxRuntimeBackend final : public Backend {
 public:
  OnnxRuntimeBackend(const ort::Library& library, std::shared_ptr<const ort::Log> log,
                     uint32_t threads)
      : library_(library), log_(std::move(log)), threads_(threads) {}

  std::string_view name() const override { return "onnxruntime"; }
  std::string version() const override { return library_.version(); }
  std::string device() const override { return "cpu"; }
  std::string library() const override {
    return DynamicLibrary::FileOf(reinterpret_cast<const void*>(library_.api().CreateEnv));
  }
  // The kernels have no common limit; this is what others that stand on ONNX Runtime promise.
  uint32_t max_rank() const override { return 8; }

  Result<std::unique_ptr<CompiledGraph>> Compile(const std::shared_ptr<const GraphData>& graph,
                                                 const CompileOptions& options) override {
    WEBNN_RETURN_IF_ERROR(CheckPrecision(options.precision));
    WEBNN_ASSIGN_OR_RETURN(
        std::unique_ptr<CompiledGraph> session,
        ort::Session::Compile(library_, log_, threads_,
                              lowering::Writer(*graph, OnnxRuntimeTarget()).Finish()));
    return session;
  }

  Result<std::unique_ptr<BackendTensor>> CreateTensor(
      const OperandDescriptor& descriptor) override {
    return HostTensor::Create(descriptor);
  }
  Result<std::unique_ptr<BackendTensor>> ImportTensor(const OperandDescriptor& descriptor,
                                                      const DeviceMemory& memory,
                                                      std::shared_ptr<void> owner) override {
    return HostTensor::Import(name(), descriptor, memory, std::move(owner));
  }

 private:
  const ort::Library& library_;
  std::shared_ptr<const ort::Log> log_;
  uint32_t threads_;
};

}  // namespace

Result<std::unique_ptr<Backend>> OpenOnnxRuntime(const ContextOptions& options) {
  if (!options.device.empty() && options.device != "cpu") {
    return NotSupported("onnxruntime: there is no device '{}'; the devices are: cpu",
                        options.device);
  }
  if (options.compile_only) {
    return NotSupported("onnxruntime: its compiled graphs cannot be saved");
  }
  WEBNN_RETURN_IF_ERROR(CheckPrecision(options.compile.precision));
  auto log = std::make_shared<const ort::Log>(options);
  WEBNN_ASSIGN_OR_RETURN(const ort::Library* library, ort::Library::Open(options, log));
  return std::unique_ptr<Backend>(
      new OnnxRuntimeBackend(*library, std::move(log), options.threads));
}

}  // namespace webnn
