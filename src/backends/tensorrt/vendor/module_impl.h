#pragma once

// The one source of all modules. What it defines stands in a namespace of the module's own, since
// it means something else with each set of vendor headers.

#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "backends/tensorrt/device_time.h"
#include "backends/tensorrt/library.h"
#include "backends/tensorrt/messages.h"
#include "backends/tensorrt/module.h"
#include "backends/tensorrt/plan.h"
#include "backends/tensorrt/preload.h"
#include "backends/tensorrt/progress.h"
#include "backends/tensorrt/vendor/modules.h"
#include "backends/tensorrt/weights_folder.h"
#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::trt::WEBNN_TRT_NAMESPACE {

namespace nv = nvinfer1;
namespace nv_onnx = nvonnxparser;

#ifdef WEBNN_TRT_RTX
constexpr bool kIsRtx = true;
#else
constexpr bool kIsRtx = false;
#endif

// Later versions know no other networks.
constexpr nv::NetworkDefinitionCreationFlags kNetworkFlags =
#if !defined(WEBNN_TRT_RTX) && NV_TENSORRT_MAJOR == 10
    1U << static_cast<uint32_t>(nv::NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#else
    0;
#endif

inline lowering::Element ElementOf(nv::DataType type) {
  switch (type) {
    case nv::DataType::kFLOAT:
      return lowering::Element::kFloat;
    case nv::DataType::kHALF:
      return lowering::Element::kFloat16;
    case nv::DataType::kBF16:
      return lowering::Element::kBfloat16;
    case nv::DataType::kINT8:
      return lowering::Element::kInt8;
    case nv::DataType::kUINT8:
      return lowering::Element::kUint8;
    case nv::DataType::kINT32:
      return lowering::Element::kInt32;
    case nv::DataType::kINT64:
      return lowering::Element::kInt64;
    case nv::DataType::kBOOL:
      return lowering::Element::kBool;
    case nv::DataType::kINT4:
      return lowering::Element::kInt4;
    default:
      return lowering::Element::kNone;
  }
}

// Null where the library has none; what it throws, against its own promise, is a message.
template <class Function, class... Arguments>
void* Call(Messages& messages, Function* function, Arguments... arguments) {
  try {
    return function(arguments...);
  } catch (const std::exception& error) {
    messages.Error(error.what());
  } catch (...) {
    messages.Error("an exception of an unknown type");
  }
  return nullptr;
}

// Bytes of the library's, which go back to it.
inline cache::Blob ToBlob(nv::IHostMemory* memory) {
  const std::shared_ptr<nv::IHostMemory> owner(memory);
  return {owner, {static_cast<const std::byte*>(memory->data()), memory->size()}};
}

// The library wants one logger a process and writes whatever no one call can be told of to it; a
// call that wants the messages of its thread puts a scope around itself.
class Logger final : public nv::ILogger {
 public:
  explicit Logger(Messages* messages = nullptr) : messages_(messages) {}
  void log(Severity severity, const char* text) noexcept override {
    Messages* const messages = messages_ != nullptr ? messages_ : Current();
    if (messages == nullptr || text == nullptr) return;
    if (severity <= Severity::kERROR) {
      messages->Error(text);
    } else if (severity == Severity::kWARNING) {
      messages->Warning(text);
    }
  }

  static Messages*& Current() {
    thread_local Messages* current = nullptr;
    return current;
  }

 private:
  Messages* const messages_;
};

class MessageScope {
 public:
  explicit MessageScope(Messages& messages)
      : before_(std::exchange(Logger::Current(), &messages)) {}
  ~MessageScope() { Logger::Current() = before_; }
  MessageScope(const MessageScope&) = delete;
  MessageScope& operator=(const MessageScope&) = delete;

 private:
  Messages* const before_;
};

// Errors of all threads that work for one object of the library.
class Recorder final : public nv::IErrorRecorder {
 public:
  explicit Recorder(Messages& messages) : messages_(messages) {}
  int32_t getNbErrors() const noexcept override { return 0; }
  nv::ErrorCode getErrorCode(int32_t /*index*/) const noexcept override {
    return nv::ErrorCode::kSUCCESS;
  }
  ErrorDesc getErrorDesc(int32_t /*index*/) const noexcept override { return ""; }
  bool hasOverflowed() const noexcept override { return false; }
  void clear() noexcept override {}
  bool reportError(nv::ErrorCode /*code*/, ErrorDesc text) noexcept override {
    if (text != nullptr) messages_.Error(text);
    return true;
  }
  RefCount incRefCount() noexcept override { return ++references_; }
  RefCount decRefCount() noexcept override { return --references_; }

 private:
  Messages& messages_;
  std::atomic<RefCount> references_{0};
};

// The caller's callback for one build: calls follow one another, and "cancel" is remembered.
class BuildProgress {
 public:
  explicit BuildProgress(const ProgressCallback& callback) : callback_(callback) {}
  bool Report(std::string_view phase, double fraction) {
    const std::lock_guard lock(mutex_);
    if (cancelled_ || !callback_) return !cancelled_;
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin_;
    if (!callback_({phase, fraction, time.count()})) cancelled_ = true;
    return !cancelled_;
  }
  bool cancelled() {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

 private:
  const ProgressCallback& callback_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  bool cancelled_ = false;
};

// Called from any of the builder's threads.
class Monitor final : public nv::IProgressMonitor {
 public:
  explicit Monitor(BuildProgress& progress) : progress_(progress) {}
  void phaseStart(const char* name, const char* parent, int32_t steps) noexcept override {
    Change([&] { phases_.Start(name, parent == nullptr ? "" : parent, steps); });
  }
  bool stepComplete(const char* name, int32_t step) noexcept override {
    return Change([&] { phases_.Step(name, step); });
  }
  void phaseFinish(const char* name) noexcept override {
    Change([&] { phases_.Finish(name); });
  }

 private:
  template <class Function>
  bool Change(Function change) {
    const std::lock_guard lock(mutex_);
    change();
    return progress_.Report("build", phases_.Fraction());
  }
  BuildProgress& progress_;
  std::mutex mutex_;
  PhaseTree phases_;
};

// Builders live as long as the process: making one takes seconds. They are made in a thread of the
// pool's, so that whoever waits for one can give up; it is there for the next one then.
class BuilderPool {
 public:
  BuilderPool(const Library& library, Logger& logger) : library_(library), logger_(logger) {}
  BuilderPool(const BuilderPool&) = delete;
  BuilderPool& operator=(const BuilderPool&) = delete;

  // At the end of the process. The builders are left to it: the driver may be gone before.
  void Join() {
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(mutex_);
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
  }

  DeviceTime& TimeOf(int device) {
    const std::lock_guard lock(mutex_);
    return shelves_[device].time;
  }

  // One that is free, or the one that is being made: only one is made at a time for a device, since
  // the second is often not needed any more when the first is there.
  Result<std::unique_ptr<nv::IBuilder>> Take(const BuildOptions& options, BuildProgress& progress) {
    constexpr std::chrono::milliseconds kBetweenReports(100);
    constexpr double kUsualSeconds = 6;
    const auto begin = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    Shelf& shelf = shelves_[options.device];
    for (;;) {
      if (!shelf.free.empty()) {
        std::unique_ptr<nv::IBuilder> builder = std::move(shelf.free.back());
        shelf.free.pop_back();
        return builder;
      }
      if (shelf.attempt == nullptr) {
        shelf.attempt = std::make_shared<Attempt>();
        threads_.emplace_back(
            [this, &shelf, with_device = options.with_device] { Make(shelf, with_device); });
      }
      const std::shared_ptr<Attempt> attempt = shelf.attempt;
      while (!attempt->done && shelf.free.empty()) {
        changed_.wait_for(lock, kBetweenReports);
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
        lock.unlock();
        const bool go_on = progress.Report("start", std::min(time.count() / kUsualSeconds, 0.95));
        lock.lock();
        if (!go_on) return AbortError("the compilation was cancelled");
      }
      if (attempt->done && !attempt->error.empty() && shelf.free.empty()) {
        return OperationError("{} {}: there is no builder: {}", Name(library_.flavor),
                              ToString(library_.version), attempt->error);
      }
    }
  }

  void GiveBack(int device, std::unique_ptr<nv::IBuilder> builder) {
    {
      const std::lock_guard lock(mutex_);
      shelves_[device].free.push_back(std::move(builder));
    }
    changed_.notify_all();
  }

 private:
  struct Attempt {
    bool done = false;
    std::string error;
  };
  struct Shelf {
    DeviceTime time;
    std::vector<std::unique_ptr<nv::IBuilder>> free;
    std::shared_ptr<Attempt> attempt;  // null: none is being made
  };

  void Make(Shelf& shelf, const std::function<void(const std::function<void()>&)>& with_device) {
    Messages messages;
    std::unique_ptr<nv::IBuilder> builder;
    const auto make = [&] {
      const MessageScope scope(messages);
      LoadResource(messages);
      builder.reset(static_cast<nv::IBuilder*>(
          Call(messages, library_.create_builder, &logger_, library_.interface_version)));
    };
    if (with_device) {
      with_device(make);
    } else {
      make();
    }
    {
      const std::lock_guard lock(mutex_);
      shelf.attempt->done = true;
      if (builder != nullptr) {
        shelf.free.push_back(std::move(builder));
      } else {
        shelf.attempt->error = Explain(messages.Text());
      }
      shelf.attempt.reset();
    }
    changed_.notify_all();
  }

  void LoadResource(Messages& messages) const {
    const std::string& name = library_.builder_resource;
    if (name.empty()) return;
    if (Result<DynamicLibrary> found = DynamicLibrary::Open(name)) {
      found->Keep();
      return;
    }
    const size_t slash = library_.path.rfind('/');
    const Result<void> loaded = LoadForBareName(library_.path.substr(0, slash), name);
    if (!loaded) messages.Warning(loaded.error().message);
  }

  // An installation without the builder's own libraries can run plans, but not build any.
  std::string Explain(std::string text) const {
    if (text.find("Unable to load library") == std::string::npos) return text;
    return text + fmt::format(
                      " This installation ({}) lacks the builder's resources, or the loader does "
                      "not find them: install all of TensorRT, or add its folder to "
                      "LD_LIBRARY_PATH.",
                      library_.path);
  }

  const Library& library_;
  Logger& logger_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, Shelf> shelves_;
  std::vector<std::thread> threads_;  // all that were started; most have ended
};

// A builder for one build, which goes back to the pool.
class BuilderLoan {
 public:
  BuilderLoan(BuilderPool& pool, int device, std::unique_ptr<nv::IBuilder> builder)
      : pool_(pool), device_(device), builder_(std::move(builder)) {}
  ~BuilderLoan() {
    builder_->setErrorRecorder(nullptr);
    pool_.GiveBack(device_, std::move(builder_));
  }
  BuilderLoan(const BuilderLoan&) = delete;
  BuilderLoan& operator=(const BuilderLoan&) = delete;
  nv::IBuilder* operator->() const { return builder_.get(); }

 private:
  BuilderPool& pool_;
  const int device_;
  std::unique_ptr<nv::IBuilder> builder_;
};

// "node 3 "conv/Conv_3" (Conv): ..."
inline std::string Describe(const nv_onnx::IParser& parser) {
  constexpr int kShown = 3;
  std::string text;
  const int count = parser.getNbErrors();
  for (int i = 0; i < std::min(count, kShown); ++i) {
    const nv_onnx::IParserError& error = *parser.getError(i);
    const auto or_empty = [](const char* part) { return part == nullptr ? "" : part; };
    text += i == 0 ? "" : "; ";
    if (error.node() >= 0) {
      text += fmt::format("node {} \"{}\" ({}): ", error.node(), or_empty(error.nodeName()),
                          or_empty(error.nodeOperator()));
    }
    text += Shorten(or_empty(error.desc()));
  }
  if (count > kShown) text += fmt::format(" (and {} more)", count - kShown);
  return text;
}

class VendorExecution final : public Execution {
 public:
  VendorExecution(std::unique_ptr<nv::IExecutionContext> context,
                  const std::vector<Binding>& bindings, Flavor flavor)
      : context_(std::move(context)), bindings_(bindings), flavor_(flavor) {
    context_->setErrorRecorder(&recorder_);
  }

  Result<void> SetAddress(size_t binding, DeviceAddress address) override {
    if (context_->setTensorAddress(bindings_[binding].name.c_str(), Pointer(address))) return {};
    return Fail(fmt::format("the address {:#x} for \"{}\"", address, bindings_[binding].name));
  }
  Result<void> SetScratch(DeviceAddress address, uint64_t bytes) override {
    context_->setDeviceMemoryV2(Pointer(address), static_cast<int64_t>(bytes));
    return {};
  }
  Result<void> Enqueue(Stream stream) override {
    if (context_->enqueueV3(static_cast<cudaStream_t>(stream))) return {};
    return Fail("the graph");
  }

 private:
  static void* Pointer(DeviceAddress address) {
    return reinterpret_cast<void*>(address);  // NOLINT: an address on the device
  }
  Error Fail(std::string_view what) {
    Error error = OperationError("{}: {} was not taken: {}", Name(flavor_), what, messages_.Text());
    messages_.Clear();
    return error;
  }

  Messages messages_;
  Recorder recorder_{messages_};
  std::unique_ptr<nv::IExecutionContext> context_;
  const std::vector<Binding>& bindings_;
  const Flavor flavor_;
};

class VendorEngine final : public Engine {
 public:
  VendorEngine(std::unique_ptr<nv::ICudaEngine> engine, Flavor flavor)
      : engine_(std::move(engine)), flavor_(flavor) {
    for (int32_t i = 0; i < engine_->getNbIOTensors(); ++i) {
      const char* const name = engine_->getIOTensorName(i);
      const nv::Dims shape = engine_->getTensorShape(name);
      bindings_.push_back({name, ElementOf(engine_->getTensorDataType(name)),
                           std::vector<int64_t>(shape.d, shape.d + std::max(shape.nbDims, 0)),
                           engine_->getTensorIOMode(name) == nv::TensorIOMode::kINPUT});
    }
  }

  const std::vector<Binding>& bindings() const override { return bindings_; }
  uint64_t scratch_bytes() const override {
    return static_cast<uint64_t>(std::max<int64_t>(engine_->getDeviceMemorySizeV2(), 0));
  }

  Result<std::string> Inspect() const override {
    const std::unique_ptr<nv::IEngineInspector> inspector(engine_->createEngineInspector());
    const char* const text =
        inspector == nullptr ? nullptr
                             : inspector->getEngineInformation(nv::LayerInformationFormat::kJSON);
    if (text == nullptr) {
      return OperationError("{}: the engine does not tell its layers", Name(flavor_));
    }
    return std::string(text);
  }

  Result<std::unique_ptr<Execution>> CreateExecution() override {
    Messages messages;
    const MessageScope scope(messages);
    std::unique_ptr<nv::IExecutionContext> context(
        engine_->createExecutionContext(nv::ExecutionContextAllocationStrategy::kUSER_MANAGED));
    if (context == nullptr) {
      return OperationError("{}: the engine cannot be made ready to run: {}", Name(flavor_),
                            messages.Text());
    }
    return std::unique_ptr<Execution>(
        std::make_unique<VendorExecution>(std::move(context), bindings_, flavor_));
  }

 private:
  const std::unique_ptr<nv::ICudaEngine> engine_;
  const Flavor flavor_;
  std::vector<Binding> bindings_;
  std::mutex mutex_;
};

// The timing cache of one build. TensorRT-RTX times nothing.
class TimingCache {
 public:
  TimingCache([[maybe_unused]] nv::IBuilderConfig& config,
              [[maybe_unused]] std::span<const std::byte> bytes) {
#ifndef WEBNN_TRT_RTX
    cache_.reset(config.createTimingCache(bytes.data(), bytes.size()));
    if (cache_ == nullptr || !config.setTimingCache(*cache_, false)) {
      // One of another GPU or version: begin anew.
      cache_.reset(config.createTimingCache(nullptr, 0));
      if (cache_ != nullptr && !config.setTimingCache(*cache_, false)) cache_.reset();
    }
#endif
  }
  cache::Blob Bytes() const {
#ifndef WEBNN_TRT_RTX
    nv::IHostMemory* const bytes = cache_ == nullptr ? nullptr : cache_->serialize();
    if (bytes != nullptr) return ToBlob(bytes);
#endif
    return {};
  }

#ifndef WEBNN_TRT_RTX
 private:
  std::unique_ptr<nv::ITimingCache> cache_;
#endif
};

class VendorModule final : public Module {
 public:
  explicit VendorModule(Library library) : library_(std::move(library)) {}

  Flavor flavor() const override { return library_.flavor; }
  LibraryVersion version() const override { return library_.version; }
  const std::string& path() const override { return library_.path; }
  bool takes_weights() const override {
    return kIsRtx || library_.version >= LibraryVersion{10, 13, 0, 0};
  }

  Result<BuiltPlan> Build(const onnx_format::SerializedModel& model, const BuildOptions& options,
                          const ProgressCallback& callback) const override {
    // Without a GPU, TensorRT 10 does not refuse: it ends the process.
    if (!kIsRtx && options.device < 0) {
      return NotSupported("{}: it builds on a GPU alone", Name(library_.flavor));
    }
    BuildProgress progress(callback);
    // Before a builder is taken: those that wait for each other then take turns with one.
    DeviceTime::Turn turn;
    if (!kIsRtx) {
      const bool measures = options.optimization_level > 0;
      turn = Pool().TimeOf(options.device).Take(measures, [&] {
        return progress.Report(kWaitPhase, 0);
      });
      if (!turn) return Cancelled();
    }
    if (!progress.Report("start", 0)) return Cancelled();
    WEBNN_ASSIGN_OR_RETURN(std::unique_ptr<nv::IBuilder> taken, Pool().Take(options, progress));
    Messages messages;
    const MessageScope scope(messages);
    Recorder recorder(messages);
    const BuilderLoan builder(Pool(), options.device, std::move(taken));
    builder->setErrorRecorder(&recorder);

    if (!progress.Report("parse", 0)) return Cancelled();
    const std::unique_ptr<nv::INetworkDefinition> network(builder->createNetworkV2(kNetworkFlags));
    const std::unique_ptr<nv::IBuilderConfig> config(builder->createBuilderConfig());
    if (network == nullptr || config == nullptr) {
      return Fail("the builder makes no network", messages);
    }
    WEBNN_ASSIGN_OR_RETURN(const Parser opened, GetParser());
    Logger logger(&messages);
    const std::unique_ptr<nv_onnx::IParser> parser(static_cast<nv_onnx::IParser*>(
        Call(messages, opened.create, network.get(), &logger, opened.version)));
    if (parser == nullptr) return Fail("there is no parser", messages);
    WEBNN_RETURN_IF_ERROR(Parse(*parser, model, messages));
    if (!progress.Report("parse", 1)) return Cancelled();

    Monitor monitor(progress);
    Configure(*config, options, &monitor);
    WEBNN_RETURN_IF_ERROR(SetTargets(*config, options));
    // Only now, so that what it has waited for is in it.
    const cache::Blob timings = options.timings ? options.timings() : cache::Blob();
    const TimingCache timing_cache(*config, timings.bytes);
    if (!progress.Report("build", 0)) return Cancelled();
    nv::IHostMemory* const plan = builder->buildSerializedNetwork(*network, *config);
    if (plan == nullptr) {
      if (progress.cancelled()) return Cancelled();
      return Fail("the graph cannot be built", messages);
    }
    BuiltPlan built;
    built.plan = ToBlob(plan);
    built.timing_cache = timing_cache.Bytes();
    if (!progress.Report("build", 1)) return Cancelled();
    return built;
  }

  Result<void> Prepare() const override {
    Messages messages;
    const MessageScope scope(messages);
    const std::lock_guard lock(mutex_);
    WEBNN_RETURN_IF_ERROR(GetRuntime(false, messages));
    return {};
  }

  Result<std::unique_ptr<Engine>> Deserialize(std::span<const std::byte> plan,
                                              bool version_compatible) const override {
    WEBNN_RETURN_IF_ERROR(CheckPlan(library_.flavor, library_.version, plan, version_compatible));
    Messages messages;
    const MessageScope scope(messages);
    const std::lock_guard lock(mutex_);  // the library's objects are for one thread at a time
    WEBNN_ASSIGN_OR_RETURN(nv::IRuntime* const runtime, GetRuntime(version_compatible, messages));
    WEBNN_RETURN_IF_ERROR(CheckValidity(*runtime, plan));
    std::unique_ptr<nv::ICudaEngine> engine(
        runtime->deserializeCudaEngine(plan.data(), plan.size()));
    if (engine == nullptr) return Fail("the plan is refused", messages);
    return std::unique_ptr<Engine>(
        std::make_unique<VendorEngine>(std::move(engine), library_.flavor));
  }

 private:
  // With the mutex held.
  Result<nv::IRuntime*> GetRuntime(bool version_compatible, Messages& messages) const {
    std::unique_ptr<nv::IRuntime>& runtime = version_compatible ? host_code_runtime_ : runtime_;
    if (runtime == nullptr) {
      runtime.reset(static_cast<nv::IRuntime*>(
          Call(messages, library_.create_runtime, &logger_, library_.interface_version)));
      if (runtime == nullptr) return Fail("there is no runtime", messages);
      // Without this such a plan gives no engine, and not a word.
      if (version_compatible) runtime->setEngineHostCodeAllowed(true);
    }
    return runtime.get();
  }

  Result<Parser> GetParser() const {
    const std::lock_guard lock(parser_mutex_);
    if (parser_.create == nullptr) {
      WEBNN_ASSIGN_OR_RETURN(parser_, OpenParser(library_));
    }
    return parser_;
  }

  Error Fail(std::string_view what, const Messages& messages) const {
    return OperationError("{} {}: {}: {}", Name(library_.flavor), ToString(library_.version), what,
                          messages.Text());
  }
  static Error Cancelled() { return AbortError("the compilation was cancelled"); }

  // Of all libraries of this generation in the process. Never destroyed.
  struct BuilderPools {
    std::mutex mutex;
    std::map<std::string, std::unique_ptr<BuilderPool>> pools;
    BuilderPool& Get(const Library& library, Logger& logger) {
      const std::lock_guard lock(mutex);
      std::unique_ptr<BuilderPool>& pool = pools[library.path];
      if (pool == nullptr) pool = std::make_unique<BuilderPool>(library, logger);
      return *pool;
    }
  };
  // Made when the first build asks: after the library's own static objects, so that at the end of
  // the process it waits for the pools' threads before those go.
  struct JoinAtEnd {
    BuilderPools& pools;
    ~JoinAtEnd() {
      for (auto& [path, pool] : pools.pools) pool->Join();
    }
  };
  BuilderPool& Pool() const {
    static auto* const kPools = new BuilderPools;
    static const JoinAtEnd kJoin{*kPools};
    return kPools->Get(library_, logger_);
  }

  Result<void> Parse(nv_onnx::IParser& parser, const onnx_format::SerializedModel& model,
                     const Messages& messages) const {
    bool parsed = false;
    if (takes_weights() && !model.weights.empty()) {
      parsed = parser.loadModelProto(model.proto.data(), model.proto.size());
      for (const onnx_format::ExternalWeight& weight : model.weights) {
        parsed = parsed && parser.loadInitializer(weight.name.c_str(), weight.bytes.data(),
                                                  weight.bytes.size());
      }
      parsed = parsed && parser.parseModelProto();
    } else {
      WeightsFolder folder;
      if (!model.weights.empty()) WEBNN_RETURN_IF_ERROR(folder.Write(model.weights));
      const std::string path = folder.model_path();
      parsed = parser.parse(model.proto.data(), model.proto.size(),
                            path.empty() ? nullptr : path.c_str());
    }
    if (parsed) return {};
    std::string text = Describe(parser);
    return OperationError("{} {}: the parser refuses the graph: {}", Name(library_.flavor),
                          ToString(library_.version), text.empty() ? messages.Text() : text);
  }

  static void Configure(nv::IBuilderConfig& config, const BuildOptions& options,
                        nv::IProgressMonitor* monitor) {
    if (options.tf32) {
      config.setFlag(nv::BuilderFlag::kTF32);
    } else {
      config.clearFlag(nv::BuilderFlag::kTF32);
    }
    config.setBuilderOptimizationLevel(options.optimization_level);
    if (options.workspace_bytes != 0) {
      config.setMemoryPoolLimit(nv::MemoryPoolType::kWORKSPACE, options.workspace_bytes);
    }
    if (options.hardware_compatible) {
      config.setHardwareCompatibilityLevel(nv::HardwareCompatibilityLevel::kAMPERE_PLUS);
    }
    if (options.version_compatible) config.setFlag(nv::BuilderFlag::kVERSION_COMPATIBLE);
    // Streams beside the caller's cannot be captured into its graph as cheaply as one.
    config.setMaxAuxStreams(0);
    // What the inspector tells of the layers is how we know in which precision they compute.
    config.setProfilingVerbosity(nv::ProfilingVerbosity::kDETAILED);
    config.setProgressMonitor(monitor);
  }

  Result<void> SetTargets([[maybe_unused]] nv::IBuilderConfig& config,
                          const BuildOptions& options) const {
    if (options.compute_capabilities.empty()) return {};
#ifdef WEBNN_TRT_RTX
    const auto count = static_cast<int32_t>(options.compute_capabilities.size());
    bool set = config.setNbComputeCapabilities(count);
    for (int32_t i = 0; i < count && set; ++i) {
      const int capability = options.compute_capabilities[static_cast<size_t>(i)];
      set = config.setComputeCapability(static_cast<nv::ComputeCapability>(capability), i);
    }
    if (set) return {};
    std::string list;
    for (int capability : options.compute_capabilities) {
      list += fmt::format("{}sm{}", list.empty() ? "" : ", ", capability);
    }
    return NotSupported(
        "{} {}: it cannot build for {}; it builds for sm75, sm80, sm86, sm89, sm120 and sm121",
        Name(library_.flavor), ToString(library_.version), list);
#else
    return NotSupported("{}: it builds for the GPU that is here; targets are for tensorrt-rtx",
                        Name(library_.flavor));
#endif
  }

  Result<void> CheckValidity([[maybe_unused]] nv::IRuntime& runtime,
                             [[maybe_unused]] std::span<const std::byte> plan) const {
#ifdef WEBNN_TRT_RTX
    if (static_cast<int64_t>(plan.size()) < runtime.getEngineHeaderSize()) {
      return OperationError("{}: these {} bytes are no plan", Name(library_.flavor), plan.size());
    }
    uint64_t reasons = 0;
    if (runtime.getEngineValidity(plan.data(), static_cast<int64_t>(plan.size()), &reasons) ==
        nv::EngineValidity::kINVALID) {
      struct Reason {
        nv::EngineInvalidityDiagnostics bit;
        std::string_view text;
      };
      static constexpr Reason kReasons[] = {
          {nv::EngineInvalidityDiagnostics::kVERSION_MISMATCH, "another version made it"},
          {nv::EngineInvalidityDiagnostics::kUNSUPPORTED_CC, "it is for other GPUs"},
          {nv::EngineInvalidityDiagnostics::kOLD_CUDA_DRIVER, "the driver is older"},
          {nv::EngineInvalidityDiagnostics::kOLD_CUDA_RUNTIME, "the CUDA runtime is older"},
          {nv::EngineInvalidityDiagnostics::kINSUFFICIENT_GPU_MEMORY,
           "the device's memory cannot hold its weights"},
      };
      std::string text;
      for (const Reason& reason : kReasons) {
        if ((reasons & static_cast<uint64_t>(reason.bit)) != 0) {
          text += fmt::format("{}{}", text.empty() ? "" : ", ", reason.text);
        }
      }
      return OperationError("{} {}: the plan does not run here: {}", Name(library_.flavor),
                            ToString(library_.version),
                            text.empty() ? "the library gives no reason; is there a GPU?" : text);
    }
#endif
    return {};
  }

  const Library library_;
  mutable Logger logger_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<nv::IRuntime> runtime_;
  mutable std::unique_ptr<nv::IRuntime> host_code_runtime_;
  mutable std::mutex parser_mutex_;
  mutable Parser parser_;
};

}  // namespace webnn::trt::WEBNN_TRT_NAMESPACE
