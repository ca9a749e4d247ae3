#include "backends/onnxruntime/library.h"

#include <charconv>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "backends/vendor_library.h"
#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::ort {
namespace {

constexpr std::string_view kStem = "libonnxruntime";

// "1.21.0" -> 21; -1 when the major version is not 1 or the text is no version.
int MinorVersion(std::string_view version) {
  if (!version.starts_with("1.")) return -1;
  int minor = -1;
  std::from_chars(version.data() + 2, version.data() + version.size(), minor);
  return minor;
}

const VendorLibrary& Vendor() {
  static const VendorLibrary kVendor = {
      .backend = "onnxruntime",
      .stem = kStem,
      .variable = "WEBNN_ONNXRUNTIME_LIBRARY",
      .python_package = "onnxruntime",  // `onnxruntime-gpu` and others install the same folder
      .python_folder = "capi",
      .names = {DynamicLibrary::FileName(kStem, 1), DynamicLibrary::FileName(kStem)},
      .needed = fmt::format("version 1.{} or newer", kMinimumMinor)};
  return kVendor;
}

}  // namespace

// Every library that this process has opened, by path.
class LibraryList {
 public:
  static LibraryList& Get() {
    static auto* const kList = new LibraryList;  // lives as long as the libraries
    return *kList;
  }

  Result<const Library*> Open(const ContextOptions& options,
                              const std::shared_ptr<const Log>& log) {
    const std::lock_guard lock(mutex_);
    WEBNN_ASSIGN_OR_RETURN(
        const Library* library,
        OpenVendorLibrary(Vendor(), options.library_path, found_,
                          [&](const std::string& path) { return OpenPath(path, log); }));
    library->log_->Add(log);
    return library;
  }

  Result<const Library*> OpenFirst(std::span<const std::string> paths,
                                   const std::shared_ptr<const Log>& log) {
    const std::lock_guard lock(mutex_);
    return webnn::OpenFirst(Vendor(), paths,
                            [&](const std::string& path) { return OpenPath(path, log); });
  }

 private:
  // The message of the error is the reason alone.
  Result<const Library*> OpenPath(const std::string& path, const std::shared_ptr<const Log>& log) {
    auto known = libraries_.find(path);
    if (known == libraries_.end()) {
      WEBNN_ASSIGN_OR_RETURN(std::unique_ptr<Library> library, Load(path, log));
      known = libraries_.emplace(path, std::move(library)).first;
    } else {
      known->second->log_->Add(log);
    }
    return known->second.get();
  }

  static Result<std::unique_ptr<Library>> Load(const std::string& path,
                                               const std::shared_ptr<const Log>& log) {
    WEBNN_ASSIGN_OR_RETURN(DynamicLibrary file, DynamicLibrary::Open(path));
    WEBNN_ASSIGN_OR_RETURN(void* symbol, file.Symbol("OrtGetApiBase"));
    const auto get_base = reinterpret_cast<const OrtApiBase*(ORT_API_CALL*)()>(symbol);
    const OrtApiBase* base = get_base();
    const char* version = base == nullptr ? nullptr : base->GetVersionString();
    // Asked first: `GetApi` of a version that is too old complains on standard error.
    const int minor = version == nullptr ? -1 : MinorVersion(version);
    if (minor < kMinimumMinor) {
      return NotSupported("its version is {}, version 1.{} or newer is needed",
                          version == nullptr ? "unknown" : version, kMinimumMinor);
    }
    auto library = std::unique_ptr<Library>(new Library);
    library->version_ = version;
    library->minor_version_ = minor;
    library->path_ = path;
    library->log_ = new ProcessLog;  // the environment uses it until the process ends
    library->log_->Add(log);
    library->api_ = base->GetApi(kApiVersion);
    if (library->api_ == nullptr) {
      return NotSupported("its version is {}, but it does not offer version {} of the C API",
                          version, kApiVersion);
    }
    // From here on there may be threads and objects of the library.
    file.Keep();
    const OrtApi& api = *library->api_;
    // Another user of the library in this process may have made the environment already; then it
    // keeps that one's log.
    WEBNN_RETURN_IF_ERROR(
        Check(api,
              api.CreateEnvWithCustomLogger(&ProcessLog::Callback, library->log_,
                                            ORT_LOGGING_LEVEL_WARNING, "webnn", &library->env_),
              "create the environment"));
    // Who uses this library has not been asked whether ONNX Runtime may report on it.
    WEBNN_RETURN_IF_ERROR(
        Check(api, api.DisableTelemetryEvents(library->env_), "turn its telemetry off"));
    WEBNN_RETURN_IF_ERROR(Check(
        api, api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &library->cpu_memory_),
        "describe the CPU's memory"));
    return library;
  }

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Library>> libraries_;
  const Library* found_ = nullptr;
};

Result<const Library*> Library::OpenFirst(std::span<const std::string> paths,
                                          const std::shared_ptr<const Log>& log) {
  return LibraryList::Get().OpenFirst(paths, log);
}

Result<const Library*> Library::Open(const ContextOptions& options,
                                     const std::shared_ptr<const Log>& log) {
  return LibraryList::Get().Open(options, log);
}

}  // namespace webnn::ort
