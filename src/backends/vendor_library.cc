#include "backends/vendor_library.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/python_packages.h"

namespace webnn {
namespace {

struct Preferred {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> paths;  ///< By stem.

  static Preferred& Get() {
    static auto* const kPreferred = new Preferred;  // for as long as there are threads
    return *kPreferred;
  }
};

}  // namespace

void PreferLibrary(std::string_view stem, std::string path) {
  Preferred& preferred = Preferred::Get();
  const std::lock_guard lock(preferred.mutex);
  preferred.paths[std::string(stem)] = std::move(path);
}

std::vector<std::string> LibrariesOfPythonPackages(const VendorLibrary& vendor) {
  std::vector<std::string> libraries;
  {
    Preferred& preferred = Preferred::Get();
    const std::lock_guard lock(preferred.mutex);
    const auto path = preferred.paths.find(vendor.stem);
    if (path != preferred.paths.end() && !path->second.empty()) libraries.push_back(path->second);
  }
  for (const std::filesystem::path& packages : PythonPackageFolders()) {
    std::vector<std::string> here;
    std::error_code error;
    std::filesystem::directory_iterator entry(
        packages / vendor.python_package / vendor.python_folder, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      if (DynamicLibrary::IsLibrary(entry->path().filename().string(), vendor.stem)) {
        here.push_back(entry->path().string());
      }
    }
    std::sort(here.begin(), here.end(), std::greater<>());
    libraries.insert(libraries.end(), here.begin(), here.end());
  }
  return libraries;
}

}  // namespace webnn
