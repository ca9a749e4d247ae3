#include "backends/openvino/backend.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "backends/host_memory.h"
#include "backends/openvino/compiled_model.h"
#include "backends/openvino/compiler.h"
#include "backends/openvino/device.h"
#include "backends/openvino/exact_integers.h"
#include "backends/openvino/library.h"
#include "backends/openvino/target.h"
#include "backends/openvino/weights.h"
#include "cache/store.h"
#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/try.h"
#include "graph/fingerprint.h"
#include "lowering/writer.h"

namespace webnn {
namespace {

using ov::Handle;

// Raised whenever an equal graph is lowered or compiled otherwise than before.
constexpr std::string_view kLowering = "4";

std::string_view NameOf(Precision precision) {
  return EnumNames(precision)[static_cast<size_t>(precision)];
}

// Weights that the CPU's plug-in keeps in 8 or 4 bits and multiplies with their scale as it goes.
// Compiled for two streams at once, one time in four it takes another constant for that scale
// (2026.4.1, both streams, until the graph is compiled again). So such graphs have one stream.
bool HasNarrowWeights(const GraphData& graph) {
  return std::any_of(graph.operands.begin(), graph.operands.end(), [](const OperandRecord& one) {
    return one.kind == OperandKind::kConstant && one.descriptor.element_count() > 1 &&
           BitsPerElement(one.descriptor.data_type()) <= 8;
  });
}
constexpr std::string_view kStreams = "streams";
constexpr std::string_view kOneStream = "one";

class OpenVinoBackend final : public Backend {
 public:
  OpenVinoBackend(const ov::Library& library, ov::Device device, const ContextOptions& options,
                  const OpenVinoCaching& caching)
      : library_(library),
        device_(std::move(device)),
        options_(options),
        caching_(caching),
        compiler_(library) {}

  std::string_view name() const override { return "openvino"; }
  std::string version() const override { return library_.version(); }
  std::string device() const override { return device_.name; }
  std::string library() const override {
    return DynamicLibrary::FileOf(reinterpret_cast<const void*>(library_.api().ov_core_create));
  }
  uint32_t max_rank() const override { return 8; }

  std::optional<cache::Key> CacheKey(const GraphData& graph,
                                     const CompileOptions& options) const override {
    cache::Key key = DeviceKey();
    // float32 is what auto means here.
    const bool automatic = options.precision == Precision::kAuto;
    key.Add("precision", NameOf(automatic ? Precision::kFloat32 : options.precision));
    key.Add(kStreams, HasNarrowWeights(graph) ? kOneStream : "any");
    AddFingerprint(graph, key);
    return key;
  }

  Result<std::unique_ptr<CompiledGraph>> Compile(const std::shared_ptr<const GraphData>& graph,
                                                 const CompileOptions& options) override {
    WEBNN_RETURN_IF_ERROR(CheckNotForked());
    WEBNN_ASSIGN_OR_RETURN(const auto properties,
                           Properties(options.precision, HasNarrowWeights(*graph)));
    const ov::Progress progress(options.progress);
    if (!options_.cache || graph->nodes.size() < caching_.few_operators) {
      WEBNN_ASSIGN_OR_RETURN(auto compiled, Build(*graph, properties, progress));
      return Finish(std::move(compiled));
    }
    WEBNN_ASSIGN_OR_RETURN(const cache::Store* store, Store());
    const cache::Key key = *CacheKey(*graph, options);
    Handle<ov_compiled_model_t> compiled;
    std::shared_ptr<const void> imported;
    const auto build = [&]() -> Result<cache::Blob> {
      const auto start = std::chrono::steady_clock::now();
      WEBNN_ASSIGN_OR_RETURN(compiled, Build(*graph, properties, progress));
      if (std::chrono::steady_clock::now() - start < caching_.worth_keeping) {
        return cache::Blob{};
      }
      Result<cache::Blob> bytes = ov::Export(library_, compiled.get());
      if (!bytes.ok()) {
        Log(LogLevel::kWarning, bytes.error().message + "; the graph is not kept");
        return cache::Blob{};
      }
      return bytes;
    };
    Result<void> waited;
    const auto wait = [&](std::chrono::milliseconds) {
      waited = progress.Report("wait for another build", 0);
      return waited.ok();
    };
    Result<cache::BuiltOrFound> found_or_built = store->FindOrBuild(key, build, wait);
    WEBNN_RETURN_IF_ERROR(waited);
    WEBNN_ASSIGN_OR_RETURN(const cache::BuiltOrFound found, std::move(found_or_built));
    if (!found.built) {
      WEBNN_RETURN_IF_ERROR(progress.Report("load", 0));
      Result<Handle<ov_compiled_model_t>> loaded =
          library_.Import(found.payload.bytes, device_.ov_name, properties);
      if (loaded.ok()) {
        WEBNN_RETURN_IF_ERROR(progress.Report("load", 1));
        compiled = *std::move(loaded);
        imported = found.payload.owner;
      } else {
        Log(LogLevel::kWarning, loaded.error().message + "; it is removed and compiled anew");
        (void)store->Remove(key.Id());
        WEBNN_ASSIGN_OR_RETURN(compiled, Build(*graph, properties, progress));
      }
    }
    return Finish(std::move(compiled), std::move(imported));
  }

  Result<CompiledBytes> CompileToBytes(const GraphData& graph,
                                       const CompileOptions& options) override {
    WEBNN_RETURN_IF_ERROR(CheckNotForked());
    WEBNN_ASSIGN_OR_RETURN(const auto properties,
                           Properties(options.precision, HasNarrowWeights(graph)));
    WEBNN_ASSIGN_OR_RETURN(const auto compiled,
                           Build(graph, properties, ov::Progress(options.progress)));
    WEBNN_ASSIGN_OR_RETURN(cache::Blob payload, ov::Export(library_, compiled.get()));
    return CompiledBytes{*CacheKey(graph, options), std::move(payload)};
  }

  Result<std::unique_ptr<CompiledGraph>> Load(CompiledBytes compiled) override {
    WEBNN_RETURN_IF_ERROR(CheckNotForked());
    const cache::Key here = DeviceKey();
    for (const cache::KeyField& field : here.fields()) {
      const cache::KeyField* stored = compiled.key.Find(field.name);
      if (stored != nullptr && *stored == field) continue;
      return NotSupported(
          "openvino: the graph was compiled for something else: {}; compile it here",
          cache::ToString(cache::KeyDifference{field.name, field,
                                               stored ? std::optional(*stored) : std::nullopt}));
    }
    const cache::KeyField* precision = compiled.key.Find("precision");
    const cache::KeyField* streams = compiled.key.Find(kStreams);
    const bool one_stream = streams != nullptr && streams->value == kOneStream;
    for (Precision one : {Precision::kFloat32, Precision::kBfloat16, Precision::kFloat16}) {
      if (precision == nullptr || precision->value != NameOf(one)) continue;
      WEBNN_ASSIGN_OR_RETURN(const auto properties, Properties(one, one_stream));
      WEBNN_ASSIGN_OR_RETURN(auto model,
                             library_.Import(compiled.payload.bytes, device_.ov_name, properties));
      return Finish(std::move(model), std::move(compiled.payload.owner));
    }
    return OperationError("openvino: the compiled graph names no precision of this back end");
  }

  std::optional<std::string> lost() const override {
    if (!ov::IsForked()) return std::nullopt;
    return std::string(ov::ForkedMessage());
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
  static Result<void> CheckNotForked() {
    if (!ov::IsForked()) return {};
    return InvalidState("openvino: {}", ov::ForkedMessage());
  }

  Result<std::vector<ov::Property>> Properties(Precision precision, bool one_stream) const {
    return ov::PropertiesFor(device_, precision, options_.threads, one_stream);
  }

  // What the code of a compiled graph depends on beside the graph and its precision.
  cache::Key DeviceKey() const {
    cache::Key key;
    key.Add("backend", name());
    key.Add("version", library_.build());
    key.Add("device", device_.ov_name + ", " + device_.full_name);
    key.Add("capabilities", device_.capabilities);
    key.Add("lowering", kLowering);
    return key;
  }

  Result<Handle<ov_compiled_model_t>> Build(const GraphData& graph,
                                            const std::vector<ov::Property>& properties,
                                            const ov::Progress& progress) {
    WEBNN_RETURN_IF_ERROR(progress.Report("lower", 0));
    Handle<ov_model_t> model;
    {
      const lowering::Model lowered =
          ov::ExactIntegers(lowering::Writer(graph, OpenVinoTarget()).Finish());
      WEBNN_ASSIGN_OR_RETURN(const auto serialized, ov::Serialize(lowered));
      WEBNN_RETURN_IF_ERROR(progress.Report("lower", 1));
      WEBNN_RETURN_IF_ERROR(progress.Report("parse", 0));
      WEBNN_ASSIGN_OR_RETURN(model, library_.ReadModel(serialized.proto));
    }
    WEBNN_RETURN_IF_ERROR(progress.Report("parse", 1));
    return compiler_.Compile(std::move(model), device_.ov_name, properties, progress);
  }

  Result<std::unique_ptr<CompiledGraph>> Finish(
      Handle<ov_compiled_model_t> compiled, std::shared_ptr<const void> imported = nullptr) const {
    WEBNN_ASSIGN_OR_RETURN(
        std::unique_ptr<CompiledGraph> graph,
        ov::CompiledModel::Create(library_, std::move(compiled), std::move(imported)));
    return graph;
  }

  Result<const cache::Store*> Store() {
    const std::lock_guard lock(mutex_);
    if (store_ == nullptr) {
      WEBNN_ASSIGN_OR_RETURN(store_, cache::Store::Open({.folder = options_.cache_dir,
                                                         .log = options_.log,
                                                         .log_level = options_.log_level}));
    }
    return store_.get();
  }

  void Log(LogLevel level, std::string_view message) const {
    if (options_.log && level >= options_.log_level) options_.log(level, message);
  }

  const ov::Library& library_;
  const ov::Device device_;
  const ContextOptions options_;
  const OpenVinoCaching caching_;
  ov::Compiler compiler_;
  std::mutex mutex_;
  std::unique_ptr<cache::Store> store_;
};

}  // namespace

Result<std::unique_ptr<Backend>> OpenOpenVino(const ContextOptions& options) {
  return OpenOpenVino(options, OpenVinoCaching{});
}

Result<std::unique_ptr<Backend>> OpenOpenVino(const ContextOptions& options,
                                              const OpenVinoCaching& caching) {
  WEBNN_ASSIGN_OR_RETURN(const ov::Library* library, ov::Library::Open(options));
  WEBNN_ASSIGN_OR_RETURN(ov::Device device, ov::FindDevice(*library, options.device));
  WEBNN_RETURN_IF_ERROR(ov::PropertiesFor(device, options.compile.precision, options.threads));
  return std::unique_ptr<Backend>(
      new OpenVinoBackend(*library, std::move(device), options, caching));
}

}  // namespace webnn
