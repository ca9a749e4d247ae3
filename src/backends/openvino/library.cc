#include "backends/openvino/library.h"

#include <charconv>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>

#include "backends/vendor_library.h"
#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::ov {
namespace {

constexpr std::string_view kStem = "libopenvino_c";

// "2026.4.1-22982-e213a147257-releases/2026/4" -> 2026; 0 when it does not begin with a number.
int YearOf(std::string_view build) {
  int year = 0;
  std::from_chars(build.data(), build.data() + build.size(), year);
  return year;
}

// Files are named by the version without its dots: 2026.4.1 has libopenvino_c.so.2641. Only
// packages for developers have the plain name, too.
std::vector<std::string> NamesForLoader() {
  std::vector<std::string> names = {DynamicLibrary::FileName(kStem)};
  for (int year = kMinimumYear % 100 + 1; year >= kMinimumYear % 100; --year) {
    for (int minor = 5; minor >= 0; --minor) {
      for (int patch = 2; patch >= 0; --patch) {
        names.push_back(DynamicLibrary::FileName(kStem, year * 100 + minor * 10 + patch));
      }
    }
  }
  return names;
}

const VendorLibrary& Vendor() {
  static const VendorLibrary kVendor = {.backend = "openvino",
                                        .stem = kStem,
                                        .variable = "WEBNN_OPENVINO_LIBRARY",
                                        .python_package = "openvino",
                                        .python_folder = "libs",
                                        .names = NamesForLoader(),
                                        .needed = fmt::format("version {} or newer", kMinimumYear)};
  return kVendor;
}

// The readers of model files and the devices are libraries of their own, opened when they are
// first needed. Without that of ONNX no graph could be compiled: better known now.
Result<void> CheckParts(const std::string& file) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  bool in_parts = false;  // a static build is one file
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (DynamicLibrary::IsLibrary(name, "libopenvino_onnx_frontend")) return {};
    in_parts = in_parts || DynamicLibrary::IsLibrary(name, "libopenvino");
  }
  if (!in_parts) return {};
  return NotSupported(
      "the installation is not complete: there is no libopenvino_onnx_frontend in {}; install "
      "OpenVINO anew",
      folder.string());
}

}  // namespace

// Every library that this process has opened, by path.
class LibraryList {
 public:
  static LibraryList& Get() {
    static auto* const kList = new LibraryList;  // lives as long as the libraries
    return *kList;
  }

  Result<const Library*> Open(const ContextOptions& options) {
    // Before the mutex, which may have been locked at the fork.
    if (IsForked()) return NotSupported("openvino: {}", ForkedMessage());
    const std::lock_guard lock(mutex_);
    return OpenVendorLibrary(Vendor(), options.library_path, found_,
                             [&](const std::string& path) { return OpenPath(path); });
  }

  Result<const Library*> OpenFirst(std::span<const std::string> paths) {
    const std::lock_guard lock(mutex_);
    return webnn::OpenFirst(Vendor(), paths,
                            [&](const std::string& path) { return OpenPath(path); });
  }

 private:
  // The message of the error is the reason alone.
  Result<const Library*> OpenPath(const std::string& path) {
    auto known = libraries_.find(path);
    if (known == libraries_.end()) {
      WEBNN_ASSIGN_OR_RETURN(std::unique_ptr<Library> library, Load(path));
      known = libraries_.emplace(path, std::move(library)).first;
    }
    return known->second.get();
  }

  static Result<std::unique_ptr<Library>> Load(const std::string& path) {
    WEBNN_ASSIGN_OR_RETURN(DynamicLibrary file, DynamicLibrary::Open(path));
    auto library = std::unique_ptr<Library>(new Library);
    library->path_ = path;
    Api& api = library->api_;
    // The version first: an old library lacks some of the functions.
    WEBNN_ASSIGN_OR_RETURN(void* get_version, file.Symbol("ov_get_openvino_version"));
    WEBNN_ASSIGN_OR_RETURN(void* free_version, file.Symbol("ov_version_free"));
    ov_version_t version{};
    const auto status = reinterpret_cast<decltype(&ov_get_openvino_version)>(get_version)(&version);
    if (status == ov_status_e::OK && version.buildNumber != nullptr) {
      library->build_ = version.buildNumber;
      reinterpret_cast<decltype(&ov_version_free)>(free_version)(&version);
    }
    library->version_ = library->build_.substr(0, library->build_.find('-'));
    if (YearOf(library->version_) < kMinimumYear) {
      return NotSupported("its version is {}, version {} or newer is needed",
                          library->version_.empty() ? "unknown" : library->version_, kMinimumYear);
    }
#define WEBNN_OPENVINO_LOAD(name) \
  { \
    WEBNN_ASSIGN_OR_RETURN(void* symbol, file.Symbol(#name)); \
    api.name = reinterpret_cast<decltype(api.name)>(symbol); \
  }
    WEBNN_OPENVINO_FUNCTIONS(WEBNN_OPENVINO_LOAD)
#undef WEBNN_OPENVINO_LOAD
    WEBNN_RETURN_IF_ERROR(CheckParts(DynamicLibrary::FileOf(get_version)));
    // From here on there may be threads and objects of the library.
    file.Keep();
    WatchForks();
    WEBNN_RETURN_IF_ERROR(Check(api, api.ov_core_create(&library->core_), "create the core"));
    return library;
  }

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Library>> libraries_;
  const Library* found_ = nullptr;
};

Result<const Library*> Library::Open(const ContextOptions& options) {
  return LibraryList::Get().Open(options);
}

Result<const Library*> Library::OpenFirst(std::span<const std::string> paths) {
  return LibraryList::Get().OpenFirst(paths);
}

Result<std::vector<std::string>> Library::Devices() const {
  ov_available_devices_t list{};
  WEBNN_RETURN_IF_ERROR(
      Check(api_, api_.ov_core_get_available_devices(core_, &list), "list the devices"));
  std::vector<std::string> devices(list.devices, list.devices + list.size);
  api_.ov_available_devices_free(&list);
  return devices;
}

Result<std::string> Library::DeviceProperty(const std::string& device, const char* key) const {
  WEBNN_ASSIGN_OR_RETURN(
      const Handle<char> text,
      Make<char>(api_, "ask the device", api_.ov_core_get_property, core_, device.c_str(), key));
  return std::string(text.get());
}

Result<Handle<ov_model_t>> Library::ReadModel(const std::string& onnx) const {
  return Make<ov_model_t>(api_, "read the graph", api_.ov_core_read_model_from_memory_buffer, core_,
                          onnx.data(), onnx.size(), nullptr);
}

Result<Handle<ov_compiled_model_t>> Library::Compile(
    const ov_model_t* model, const std::string& device,
    const std::vector<Property>& properties) const {
  // The call takes its properties one by one: as many as there may be, the first one again where
  // there are fewer.
  constexpr size_t kMost = 6;
  if (properties.empty() || properties.size() > kMost) {
    return OperationError("openvino: {} properties, there may be 1 to {}", properties.size(),
                          kMost);
  }
  const auto key = [&](size_t i) {
    return properties[i < properties.size() ? i : 0].first.c_str();
  };
  const auto value = [&](size_t i) {
    return properties[i < properties.size() ? i : 0].second.c_str();
  };
  ov_compiled_model_t* compiled = nullptr;
  WEBNN_RETURN_IF_ERROR(
      Check(api_,
            api_.ov_core_compile_model(core_, model, device.c_str(), 2 * kMost, &compiled, key(0),
                                       value(0), key(1), value(1), key(2), value(2), key(3),
                                       value(3), key(4), value(4), key(5), value(5)),
            "compile the graph"));
  return Handle<ov_compiled_model_t>(compiled, Releaser{&api_});
}

Result<Handle<ov_compiled_model_t>> Library::Import(std::span<const std::byte> bytes,
                                                    const std::string& device,
                                                    const std::vector<Property>& properties) const {
  constexpr std::string_view kAction = "load the compiled graph";
  const std::lock_guard lock(import_mutex_);
  for (const auto& [key, value] : properties) {
    WEBNN_RETURN_IF_ERROR(
        Check(api_, api_.ov_core_set_property(core_, device.c_str(), key.c_str(), value.c_str()),
              kAction));
  }
  return Make<ov_compiled_model_t>(api_, kAction, api_.ov_core_import_model, core_,
                                   reinterpret_cast<const char*>(bytes.data()), bytes.size(),
                                   device.c_str());
}

}  // namespace webnn::ov
