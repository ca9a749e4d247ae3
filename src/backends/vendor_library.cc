#include "backends/vendor_library.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>

#include "core/python_packages.h"

namespace webnn {

std::vector<std::string> LibrariesOfPythonPackages(const VendorLibrary& vendor) {
  std::vector<std::string> libraries;
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
