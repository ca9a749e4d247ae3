#include "backends/onnxruntime/library.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/python_packages.h"
#include "core/try.h"

namespace webnn::ort {
namespace {

constexpr std::string_view kStem = "libonnxruntime";
constexpr const char* kVariable = "WEBNN_ONNXRUNTIME_LIBRARY";
constexpr std::string_view kHowToGetIt =
    "Install it with `pip install onnxruntime`, or set the environment variable "
    "WEBNN_ONNXRUNTIME_LIBRARY to the path of libonnxruntime.";

// "1.21.0" -> 21; -1 when the major version is not 1 or the text is no version.
int MinorVersion(std::string_view version) {
  if (!version.starts_with("1.")) return -1;
  int minor = -1;
  std::from_chars(version.data() + 2, version.data() + version.size(), minor);
  return minor;
}

// Libraries of the Python package `onnxruntime` (`onnxruntime-gpu` and others install the same
// folder), in the order in which Python would find them.
std::vector<std::string> LibrariesOfPythonPackages() {
  std::vector<std::string> libraries;
  for (const std::filesystem::path& packages : PythonPackageFolders()) {
    std::vector<std::string> here;
    std::error_code error;
    std::filesystem::directory_iterator entry(packages / "onnxruntime" / "capi", error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      if (DynamicLibrary::IsLibrary(entry->path().filename().string(), kStem)) {
        here.push_back(entry->path().string());
      }
    }
    std::sort(here.begin(), here.end(), std::greater<>());
    libraries.insert(libraries.end(), here.begin(), here.end());
  }
  return libraries;
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
    if (!options.library_path.empty()) {
      return OpenNamed(options.library_path, "ContextOptions::library_path", log);
    }
    if (const char* path = std::getenv(kVariable); path != nullptr && *path != '\0') {
      return OpenNamed(path, kVariable, log);
    }
    // What a search has found stays what it finds, so that a second context costs no search.
    if (found_ != nullptr) {
      found_->log_->Add(log);
      return found_;
    }
    std::vector<std::string> paths = LibrariesOfPythonPackages();
    paths.push_back(DynamicLibrary::FileName(kStem, 1));
    paths.push_back(DynamicLibrary::FileName(kStem));
    Result<const Library*> library = OpenFirstOf(paths, log);
    if (library.ok()) found_ = *library;
    return library;
  }

  Result<const Library*> OpenFirst(std::span<const std::string> paths,
                                   const std::shared_ptr<const Log>& log) {
    const std::lock_guard lock(mutex_);
    return OpenFirstOf(paths, log);
  }

 private:
  Result<const Library*> OpenNamed(const std::string& path, std::string_view source,
                                   const std::shared_ptr<const Log>& log) {
    Result<const Library*> library = OpenPath(path, log);
    if (library.ok()) return library;
    return NotSupported("onnxruntime: {} names '{}', which cannot be used: {}", source, path,
                        library.error().message);
  }

  Result<const Library*> OpenFirstOf(std::span<const std::string> paths,
                                     const std::shared_ptr<const Log>& log) {
    std::string tried;
    for (const std::string& path : paths) {
      Result<const Library*> library = OpenPath(path, log);
      if (library.ok()) return library;
      tried += fmt::format("\n  {}: {}", path, library.error().message);
    }
    return NotSupported(
        "onnxruntime: no usable {} (version 1.{} or newer) was found. {}\nTried the package "
        "'onnxruntime' of every Python found, then the loader's own path:{}",
        DynamicLibrary::FileName(kStem), kMinimumMinor, kHowToGetIt, tried);
  }

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
