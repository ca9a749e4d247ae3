#include "backends/tensorrt/backend.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/tensorrt/inspect.h"
#include "backends/tensorrt/key.h"
#include "backends/tensorrt/payload.h"
#include "backends/tensorrt/progress.h"
#include "backends/tensorrt/runner.h"
#include "backends/tensorrt/target.h"
#include "cache/store.h"
#include "core/errors.h"
#include "core/try.h"
#include "lowering/writer.h"
#include "onnx/serialize.h"
#include "passes/precision.h"

namespace webnn {
namespace trt {
namespace {

using lowering::Element;

// Volta and older are gone from the libraries; the data-center GPUs between Ada and Blackwell never
// came to TensorRT-RTX.
constexpr Capability kOldest = 75;
constexpr Capability kHopper = 90;
constexpr Capability kDataCenterBlackwell = 100;
// Weights inside an ONNX file end at 2 GiB; so much is left for everything else.
constexpr uint64_t kMaxInlineBytes = uint64_t{2000} << 20;
// Timings are written to the cache at most so often, and when the context ends.
constexpr std::chrono::seconds kBetweenTimings(10);

Capability CapabilityOf(const cuda::DeviceInfo& info) { return info.major * 10 + info.minor; }

std::string MajorOf(const std::string& driver) {
  // "580.159.04"; where only "CUDA 13.0" is known, all of it.
  const size_t dot = driver.find('.');
  return driver.starts_with("CUDA") ? driver : driver.substr(0, dot);
}

Element ElementOf(Precision precision) {
  if (precision == Precision::kFloat16) return Element::kFloat16;
  if (precision == Precision::kBfloat16) return Element::kBfloat16;
  return Element::kFloat;
}

KeyFacts FactsOf(const Module& module, const cuda::Device* device) {
  KeyFacts facts{.backend = std::string(Name(module.flavor())),
                 .version = ToString(module.version()),
                 .device = "none",
                 .capability = "none",
                 .driver = "none"};
  if (device != nullptr) {
    facts.device = device->info().name;
    facts.capability = CapabilityText(CapabilityOf(device->info()));
    if (const Result<cuda::DriverInfo> driver = cuda::Driver()) {
      facts.driver = MajorOf(driver->version);
    }
  }
  return facts;
}

class TensorRtBackend final : public Backend {
 public:
  TensorRtBackend(const Module& module, std::shared_ptr<cuda::Device> device,
                  std::unique_ptr<Runner> runner, const ContextOptions& options)
      : module_(module),
        device_(std::move(device)),
        runner_(std::move(runner)),
        options_(options),
        facts_(FactsOf(module, device_.get())) {}
  ~TensorRtBackend() override {
    const std::lock_guard lock(mutex_);
    WriteTimings();
  }

  std::string_view name() const override { return Name(module_.flavor()); }
  std::string version() const override { return ToString(module_.version()); }
  std::string device() const override { return device_ == nullptr ? "none" : device_->name(); }
  std::string library() const override { return module_.path(); }
  uint32_t max_rank() const override { return 8; }
  bool asynchronous() const override { return true; }

  std::optional<cache::Key> CacheKey(const GraphData& graph,
                                     const CompileOptions& options) const override {
    const Result<Settings> settings = Decide(options);
    if (!options_.cache || !settings) return std::nullopt;
    return MakeKey(graph, *settings, facts_);
  }

  Result<std::unique_ptr<CompiledGraph>> Compile(const std::shared_ptr<const GraphData>& graph,
                                                 const CompileOptions& options) override {
    if (device_ == nullptr) return NoDevice();
    const cuda::Scope scope(*device_);
    ProgressReporter progress(options.progress);
    WEBNN_ASSIGN_OR_RETURN(const Settings settings, Decide(options));
    const cache::Key key = MakeKey(*graph, settings, facts_);
    WEBNN_ASSIGN_OR_RETURN(Made made, Make(*graph, settings, key, progress));
    if (made.engine == nullptr) {
      Result<Made> loaded = LoadMade(made, settings.version_compatible, progress);
      if (!loaded) {
        WEBNN_RETURN_IF_ERROR(progress.Check());
        WEBNN_RETURN_IF_ERROR(Discard(key, loaded.error()));
        loaded = Make(*graph, settings, key, progress);
        if (loaded && loaded->engine == nullptr) {
          loaded = LoadMade(*loaded, settings.version_compatible, progress);
        }
      }
      if (!loaded) return std::move(loaded.error());
      made = *std::move(loaded);
    }
    WEBNN_ASSIGN_OR_RETURN(const Payload payload, Decode(made.bytes));
    return MakeGraph(std::move(made.engine), payload);
  }

  Result<CompiledBytes> CompileToBytes(const GraphData& graph,
                                       const CompileOptions& options) override {
    std::optional<cuda::Scope> scope;
    if (device_ != nullptr) scope.emplace(*device_);
    ProgressReporter progress(options.progress);
    WEBNN_ASSIGN_OR_RETURN(const Settings settings, Decide(options));
    cache::Key key = MakeKey(graph, settings, facts_);
    WEBNN_ASSIGN_OR_RETURN(Made made, Make(graph, settings, key, progress));
    return CompiledBytes{std::move(key), std::move(made.bytes)};
  }

  Result<std::unique_ptr<CompiledGraph>> Load(CompiledBytes compiled) override {
    if (device_ == nullptr) return NoDevice();
    WEBNN_ASSIGN_OR_RETURN(const bool version_compatible, CheckFits(compiled.key, facts_));
    const cuda::Scope scope(*device_);
    WEBNN_ASSIGN_OR_RETURN(const Payload payload, Decode(compiled.payload));
    WEBNN_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine,
                           module_.Deserialize(payload.plan.bytes, version_compatible));
    return MakeGraph(std::move(engine), payload);
  }

  Result<std::unique_ptr<BackendTensor>> CreateTensor(
      const OperandDescriptor& descriptor) override {
    if (runner_ == nullptr) return NoDevice();
    return runner_->CreateTensor(descriptor);
  }
  Result<std::unique_ptr<BackendTensor>> ImportTensor(const OperandDescriptor& descriptor,
                                                      const DeviceMemory& memory,
                                                      std::shared_ptr<void> owner) override {
    if (runner_ == nullptr) return NoDevice();
    return runner_->ImportTensor(descriptor, memory, std::move(owner));
  }
  Result<void> Synchronize() override { return runner_ ? runner_->Synchronize() : Result<void>(); }
  Result<void> WaitForStream(uintptr_t stream) override {
    if (device_ == nullptr) return NoDevice();
    return device_->WaitForStream(stream);
  }
  std::optional<std::string> lost() const override {
    return runner_ ? runner_->lost() : std::nullopt;
  }

 private:
  // What is kept of a graph; with the engine where it was built just now.
  struct Made {
    cache::Blob bytes;
    std::unique_ptr<Engine> engine;
  };

  Error NoDevice() const {
    return NotSupported("{}: the context was made to compile into files only", name());
  }
  Result<Settings> Decide(const CompileOptions& options) const {
    std::optional<Capability> capability;
    if (device_ != nullptr) capability = CapabilityOf(device_->info());
    return trt::Decide(module_.flavor(), options, capability);
  }

  // Null where nothing is to be kept.
  Result<const cache::Store*> Store() {
    if (!options_.cache) return nullptr;
    const std::lock_guard lock(mutex_);
    if (store_ == nullptr) {
      WEBNN_ASSIGN_OR_RETURN(store_, cache::Store::Open({.folder = options_.cache_dir,
                                                         .log = options_.log,
                                                         .log_level = options_.log_level}));
    }
    return store_.get();
  }

  Result<Made> Make(const GraphData& graph, const Settings& settings, const cache::Key& key,
                    ProgressReporter& progress) {
    WEBNN_ASSIGN_OR_RETURN(const cache::Store* const store, Store());
    Made made;
    const auto build = [&]() -> Result<cache::Blob> {
      return Build(graph, settings, store, progress, &made.engine);
    };
    if (store == nullptr) {
      WEBNN_ASSIGN_OR_RETURN(made.bytes, build());
      return made;
    }
    const auto wait = [&](std::chrono::milliseconds) { return progress.Report(kWaitPhase, 0); };
    Result<cache::BuiltOrFound> found = store->FindOrBuild(key, build, wait);
    WEBNN_RETURN_IF_ERROR(progress.Check());
    if (!found) return std::move(found.error());
    made.bytes = std::move(found->payload);
    return made;
  }

  Result<cache::Blob> Build(const GraphData& graph, const Settings& settings,
                            const cache::Store* store, ProgressReporter& progress,
                            std::unique_ptr<Engine>* engine) {
    progress.Report("lower", 0);
    const Element element = ElementOf(settings.precision);
    const lowering::Target& target = TensorRtTarget(element != Element::kFloat);
    lowering::Model model = lowering::Writer(graph, target).Finish();
    if (element != Element::kFloat) {
      passes::ApplyPrecision(model, graph, target, {.half = element});
    }
    WEBNN_ASSIGN_OR_RETURN(const onnx_format::SerializedModel serialized, Serialize(model));
    progress.Report("lower", 1);
    WEBNN_RETURN_IF_ERROR(progress.Check());

    BuildOptions options{.device = -1,
                         .tf32 = settings.precision == Precision::kTf32,
                         .optimization_level = settings.optimization_level,
                         .workspace_bytes = settings.workspace_bytes,
                         .hardware_compatible = settings.hardware_compatible,
                         .version_compatible = settings.version_compatible,
                         .timings = [this, store] { return Timings(store); }};
    if (device_ != nullptr) {
      options.device = device_->info().ordinal;
      options.with_device = [device = device_](const std::function<void()>& function) {
        const cuda::Scope scope(*device);
        function();
      };
    }
    if (module_.flavor() == Flavor::kTensorRtRtx) options.compute_capabilities = settings.targets;
    WEBNN_ASSIGN_OR_RETURN(BuiltPlan built,
                           module_.Build(serialized, options, progress.callback()));
    KeepTimings(std::move(built.timing_cache), store);
    // A plan for other GPUs than this one cannot be looked into.
    if (device_ != nullptr && RunsHere(settings)) {
      progress.Report("load", 0);
      WEBNN_ASSIGN_OR_RETURN(*engine,
                             module_.Deserialize(built.plan.bytes, settings.version_compatible));
      if (element != Element::kFloat) {
        WEBNN_ASSIGN_OR_RETURN(const std::string description, (*engine)->Inspect());
        WEBNN_RETURN_IF_ERROR(CheckPrecision(model, description, element));
      }
      progress.Report("load", 1);
      WEBNN_RETURN_IF_ERROR(progress.Check());
    }
    return Encode({serialized.input_names, serialized.output_names, std::move(built.plan)});
  }

  Result<onnx_format::SerializedModel> Serialize(const lowering::Model& model) const {
    onnx_format::SerializeOptions options;
    if (!module_.takes_weights()) {
      uint64_t bytes = 0;
      for (const lowering::Initializer& one : model.initializers) bytes += one.bytes().size();
      if (bytes < kMaxInlineBytes) {
        options.append_weights = true;
      } else {
        options.weights_file = "weights.bin";
      }
    }
    return onnx_format::Serialize(model, options);
  }

  bool RunsHere(const Settings& settings) const {
    const Capability here = CapabilityOf(device_->info());
    return settings.targets.empty() || std::find(settings.targets.begin(), settings.targets.end(),
                                                 here) != settings.targets.end();
  }

  Result<Made> LoadMade(const Made& found, bool version_compatible, ProgressReporter& progress) {
    progress.Report("load", 0);
    WEBNN_ASSIGN_OR_RETURN(const Payload payload, Decode(found.bytes));
    Made made{found.bytes, nullptr};
    WEBNN_ASSIGN_OR_RETURN(made.engine,
                           module_.Deserialize(payload.plan.bytes, version_compatible));
    progress.Report("load", 1);
    WEBNN_RETURN_IF_ERROR(progress.Check());
    return made;
  }

  // An entry is whole, but the library does not take it.
  Result<void> Discard(const cache::Key& key, const Error& error) {
    if (options_.log && options_.log_level <= LogLevel::kWarning) {
      options_.log(LogLevel::kWarning,
                   fmt::format("{}: the compiled graph {} in the cache cannot be used and is made "
                               "anew: {}",
                               name(), key.Id(), error.message));
    }
    WEBNN_ASSIGN_OR_RETURN(const cache::Store* const store, Store());
    return store == nullptr ? Result<void>() : store->Remove(key.Id());
  }

  Result<std::unique_ptr<CompiledGraph>> MakeGraph(std::unique_ptr<Engine> engine,
                                                   const Payload& payload) {
    // An engine has memory on the device.
    std::shared_ptr<Engine> shared(engine.release(), [device = device_](Engine* last) {
      const cuda::Scope scope(*device);
      delete last;
    });
    return runner_->MakeGraph(std::move(shared), payload.inputs, payload.outputs);
  }

  // Those of this context or, before its first build, of earlier ones.
  cache::Blob Timings(const cache::Store* store) {
    const std::lock_guard lock(mutex_);
    if (timings_.bytes.empty() && store != nullptr && module_.flavor() == Flavor::kTensorRt) {
      if (std::optional<cache::Blob> kept = store->Find(TimingKey(facts_))) timings_ = *kept;
    }
    return timings_;
  }
  void KeepTimings(cache::Blob timings, const cache::Store* store) {
    const std::lock_guard lock(mutex_);
    if (store == nullptr || timings.bytes.empty() ||
        std::equal(timings.bytes.begin(), timings.bytes.end(), timings_.bytes.begin(),
                   timings_.bytes.end())) {
      return;
    }
    timings_ = std::move(timings);
    timings_changed_ = true;
    if (std::chrono::steady_clock::now() - timings_written_ >= kBetweenTimings) WriteTimings();
  }
  void WriteTimings() {
    if (!timings_changed_ || store_ == nullptr) return;
    timings_changed_ = false;
    timings_written_ = std::chrono::steady_clock::now();
    // They save time and nothing else: where they cannot be kept, the entries have said so.
    (void)store_->Put(TimingKey(facts_), timings_.bytes).ok();
  }

  const Module& module_;
  const std::shared_ptr<cuda::Device> device_;  // null: compiles into files
  const std::unique_ptr<Runner> runner_;        // null without a device
  const ContextOptions options_;
  const KeyFacts facts_;

  std::mutex mutex_;  // guards what follows
  std::unique_ptr<cache::Store> store_;
  cache::Blob timings_;
  bool timings_changed_ = false;
  std::chrono::steady_clock::time_point timings_written_{};
};

// The GPU for a context, before anything large is opened.
Result<cuda::DeviceInfo> FindGpu(Flavor flavor, const ContextOptions& options) {
  if (!options.accelerated && options.backend.empty()) {
    return NotSupported("{}: the context is not to use a GPU (accelerated = false)", Name(flavor));
  }
  Result<cuda::DeviceInfo> info = cuda::FindDevice(options.device);
  if (!info) return NotSupported("{}: {}", Name(flavor), info.error().message);
  const Capability capability = CapabilityOf(*info);
  const bool too_old = capability < kOldest;
  const bool data_center =
      flavor == Flavor::kTensorRtRtx &&
      (capability / 10 * 10 == kHopper || capability / 10 * 10 == kDataCenterBlackwell);
  if (!too_old && !data_center) return info;
  return NotSupported("{}: it does not run on {} (compute capability {}){}", Name(flavor),
                      info->name, CapabilityText(capability),
                      too_old ? "; 7.5 and later can be used" : ", which has tensorrt");
}

// TensorRT-RTX compiles for GPUs that are elsewhere.
bool NeedsDevice(Flavor flavor, const ContextOptions& options) {
  return flavor == Flavor::kTensorRt || !options.compile_only;
}

Result<std::unique_ptr<Backend>> Open(Flavor flavor, const ContextOptions& options) {
  std::optional<cuda::DeviceInfo> info;
  if (NeedsDevice(flavor, options)) {
    WEBNN_ASSIGN_OR_RETURN(info, FindGpu(flavor, options));
    WEBNN_RETURN_IF_ERROR(Decide(flavor, options.compile, CapabilityOf(*info)));
  } else {
    WEBNN_RETURN_IF_ERROR(Decide(flavor, options.compile, std::nullopt));
  }
  WEBNN_ASSIGN_OR_RETURN(const Module* const module, OpenModule(flavor, options));
  std::shared_ptr<cuda::Device> device;
  if (info) {
    WEBNN_ASSIGN_OR_RETURN(device, cuda::Device::Open(options.device));
    // Builders, and what the library has of its own on the device, stay until the process ends.
    device->Keep();
    const cuda::Scope scope(*device);
    WEBNN_RETURN_IF_ERROR(module->Prepare());
  }
  return MakeBackend(*module, std::move(device), options);
}

BackendStatus Probe(Flavor flavor, const ContextOptions& options, bool open_library) {
  BackendStatus status;
  status.name = Name(flavor);
  std::optional<Capability> capability;
  bool fits = !NeedsDevice(flavor, options);
  if (!fits) {
    const Result<cuda::DeviceInfo> info = FindGpu(flavor, options);
    if (info) {
      status.device = fmt::format("cuda:{}", info->ordinal);
      capability = CapabilityOf(*info);
      fits = true;
    } else {
      status.reason = info.error().message;
    }
  }
  if (fits) {
    if (const Result<Settings> settings = Decide(flavor, options.compile, capability); !settings) {
      status.reason = settings.error().message;
      fits = false;
    }
  }
  if (!fits && !open_library) return status;
  const Result<const Module*> module = OpenModule(flavor, options);
  if (!module) {
    status.reason += fmt::format("{}{}", status.reason.empty() ? "" : "\n", module.error().message);
    return status;
  }
  status.version = ToString((*module)->version());
  status.library = (*module)->path();
  status.available = fits;
  return status;
}

}  // namespace

Result<std::unique_ptr<Backend>> MakeBackend(const Module& module,
                                             std::shared_ptr<cuda::Device> device,
                                             const ContextOptions& options) {
  std::unique_ptr<Runner> runner;
  if (device != nullptr) {
    WEBNN_ASSIGN_OR_RETURN(
        runner, Runner::Open(device, {.stream = options.cuda_stream, .log = options.log}));
  }
  return std::unique_ptr<Backend>(
      std::make_unique<TensorRtBackend>(module, std::move(device), std::move(runner), options));
}

}  // namespace trt

Result<std::unique_ptr<Backend>> OpenTensorRt(const ContextOptions& options) {
  return trt::Open(trt::Flavor::kTensorRt, options);
}
Result<std::unique_ptr<Backend>> OpenTensorRtRtx(const ContextOptions& options) {
  return trt::Open(trt::Flavor::kTensorRtRtx, options);
}
BackendStatus ProbeTensorRt(const ContextOptions& options, bool open_library) {
  return trt::Probe(trt::Flavor::kTensorRt, options, open_library);
}
BackendStatus ProbeTensorRtRtx(const ContextOptions& options, bool open_library) {
  return trt::Probe(trt::Flavor::kTensorRtRtx, options, open_library);
}

}  // namespace webnn
