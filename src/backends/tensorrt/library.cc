#include "backends/tensorrt/library.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/python_packages.h"
#include "core/try.h"

namespace webnn::trt {
namespace {

namespace fs = std::filesystem;

// What differs between the two products outside of their interface.
struct Product {
  std::string_view name;
  std::string_view library;
  std::string_view parser;
  std::string_view package;  // the folder of the Python package that holds the libraries
  const char* variable;
  std::array<int, 2> majors;  // the preferred one first; 0: none
  LibraryVersion oldest;
  std::string_view range;
};

const Product& ProductOf(Flavor flavor) {
  // The tables of virtual functions changed between TensorRT-RTX 1.4 and 1.5.
  static constexpr Product kTensorRt = {"TensorRT",      "libnvinfer",    "libnvonnxparser",
                                        "tensorrt_libs", "TENSORRT_ROOT", {11, 10},
                                        {10, 3, 0, 0},   "10.3 to 11.x"};
  static constexpr Product kRtx = {
      "TensorRT-RTX",      "libtensorrt_rtx",   "libtensorrt_onnxparser_rtx",
      "tensorrt_rtx_libs", "TENSORRT_RTX_ROOT", {1, 0},
      {1, 5, 0, 0},        "1.5 to 1.x"};
  return flavor == Flavor::kTensorRt ? kTensorRt : kRtx;
}

// Files of the library in a folder: of supported major versions first, those without a version
// last.
std::vector<std::string> LibrariesIn(const Product& product, const fs::path& folder) {
  std::vector<std::string> exact;
  std::vector<std::string> others;
  std::error_code error;
  for (int major : product.majors) {
    if (major == 0) continue;
    const fs::path file = folder / DynamicLibrary::FileName(product.library, major);
    if (fs::exists(file, error)) exact.push_back(file.string());
  }
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string file = entry->path().string();
    if (DynamicLibrary::IsLibrary(entry->path().filename().string(), product.library) &&
        std::find(exact.begin(), exact.end(), file) == exact.end()) {
      others.push_back(file);
    }
  }
  if (!exact.empty()) return exact;
  std::sort(others.begin(), others.end(), std::greater<>());
  return others;
}

// The folders of an installation's root that may hold libraries.
std::vector<std::string> LibrariesUnder(const Product& product, const fs::path& root) {
  std::vector<std::string> found;
  for (const char* folder : {"lib", "lib64", "targets/x86_64-linux-gnu/lib", ""}) {
    for (std::string& file : LibrariesIn(product, root / folder)) found.push_back(std::move(file));
  }
  return found;
}

// A function of the library, by its type.
template <class Function>
Result<void> Get(const DynamicLibrary& library, const char* name, Function** function) {
  WEBNN_ASSIGN_OR_RETURN(void* const symbol, library.Symbol(name));
  *function = reinterpret_cast<Function*>(symbol);
  return {};
}

// The build number is not part of what `getInferLibVersion` gives; old libraries do not tell it.
int BuildNumber(const DynamicLibrary& library) {
  int32_t (*get)() = nullptr;
  return Get(library, "getInferLibBuildVersion", &get).ok() ? get() : 0;
}

}  // namespace

LibraryVersion DecodeVersion(int32_t version) {
  // Until version 9 the major version stood in the thousands.
  if (version < 10000) return {version / 1000, version / 100 % 10, version % 100, 0};
  return {version / 10000, version / 100 % 100, version % 100, 0};
}

std::optional<std::string> WhyUnsupported(Flavor flavor, const LibraryVersion& version) {
  const Product& product = ProductOf(flavor);
  const bool known_major = std::find(product.majors.begin(), product.majors.end(), version.major) !=
                           product.majors.end();
  if (known_major && version >= product.oldest) return std::nullopt;
  return fmt::format("its version is {}; {} {} can be used", ToString(version), product.name,
                     product.range);
}

std::vector<Candidate> FindLibraries(Flavor flavor, const ContextOptions& options,
                                     std::vector<std::string>* missing) {
  const Product& product = ProductOf(flavor);
  std::vector<Candidate> candidates;
  if (!options.library_path.empty()) {
    const std::string place = "ContextOptions::library_path";
    std::error_code error;
    if (!fs::is_directory(options.library_path, error)) {
      candidates.push_back({options.library_path, place, true});
      return candidates;
    }
    for (std::string& file : LibrariesUnder(product, options.library_path)) {
      candidates.push_back({std::move(file), place, true});
    }
    if (candidates.empty()) {
      missing->push_back(fmt::format("{} '{}': the folder holds no {}", place, options.library_path,
                                     DynamicLibrary::FileName(product.library)));
    }
    return candidates;
  }
  const char* root = std::getenv(product.variable);
  if (root != nullptr && *root != '\0') {
    for (std::string& file : LibrariesUnder(product, root)) {
      candidates.push_back({std::move(file), product.variable, true});
    }
    if (candidates.empty()) {
      missing->push_back(fmt::format("{} '{}': there is no {} in it or in its lib",
                                     product.variable, root,
                                     DynamicLibrary::FileName(product.library)));
    }
    return candidates;
  }
  missing->push_back(fmt::format("{}: not set", product.variable));
  size_t packages = 0;
  for (const fs::path& folder : PythonPackageFolders()) {
    for (std::string& file : LibrariesIn(product, folder / product.package)) {
      candidates.push_back({std::move(file), "Python package", false});
      ++packages;
    }
  }
  if (packages == 0) {
    missing->push_back(
        fmt::format("Python package {}: not in any Python that was found", product.package));
  }
  for (int major : product.majors) {
    if (major == 0) continue;
    candidates.push_back(
        {DynamicLibrary::FileName(product.library, major), "the loader's path", false});
  }
  return candidates;
}

Result<Library> OpenLibrary(Flavor flavor, const std::string& path) {
  WEBNN_ASSIGN_OR_RETURN(DynamicLibrary file, DynamicLibrary::Open(path));
  // Asked before anything else: no other function is safe to call in a version that is not known.
  int32_t (*get_version)() = nullptr;
  WEBNN_RETURN_IF_ERROR(Get(file, "getInferLibVersion", &get_version));
  Library library;
  library.flavor = flavor;
  library.interface_version = get_version();
  library.version = DecodeVersion(library.interface_version);
  library.version.build = BuildNumber(file);
  if (std::optional<std::string> why = WhyUnsupported(flavor, library.version)) {
    return NotSupported("{}", *why);
  }
  WEBNN_RETURN_IF_ERROR(Get(file, "createInferBuilder_INTERNAL", &library.create_builder));
  WEBNN_RETURN_IF_ERROR(Get(file, "createInferRuntime_INTERNAL", &library.create_runtime));
  library.path = DynamicLibrary::FileOf(reinterpret_cast<const void*>(library.create_builder));
  if (library.path.empty()) library.path = path;

  // The library looks for its own parts where the loader does, unless it can be told otherwise.
  bool (*set_path)(const char*) = nullptr;
  const fs::path folder = fs::path(library.path).parent_path();
  if (!folder.empty() && Get(file, "setInternalLibraryPath", &set_path).ok()) {
    set_path(folder.c_str());
  } else {
    const std::string resource =
        fmt::format("libnvinfer_builder_resource.so.{}.{}.{}", library.version.major,
                    library.version.minor, library.version.patch);
    std::error_code error;
    if (fs::exists(folder / resource, error)) library.builder_resource = resource;
  }
  file.Keep();
  return library;
}

Result<Parser> OpenParser(const Library& library) {
  const Product& product = ProductOf(library.flavor);
  const std::string name = DynamicLibrary::FileName(product.parser, library.version.major);
  std::vector<std::string> paths;
  const fs::path folder = fs::path(library.path).parent_path();
  if (!folder.empty()) paths.push_back((folder / name).string());
  paths.push_back(name);
  std::string tried;
  for (const std::string& path : paths) {
    Result<DynamicLibrary> file = DynamicLibrary::Open(path);
    if (!file) {
      tried += fmt::format("{}{}", tried.empty() ? "" : "; ", file.error().message);
      continue;
    }
    Parser parser;
    int (*get_version)() = nullptr;
    WEBNN_RETURN_IF_ERROR(Get(*file, "getNvOnnxParserVersion", &get_version));
    WEBNN_RETURN_IF_ERROR(Get(*file, "createNvOnnxParser_INTERNAL", &parser.create));
    parser.version = get_version();
    file->Keep();
    return parser;
  }
  return NotSupported(
      "{} {} is there ({}), but its ONNX parser {} is not, without which nothing can "
      "be built: {}",
      product.name, ToString(library.version), library.path, name, tried);
}

}  // namespace webnn::trt
