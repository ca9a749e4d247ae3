#pragma once

#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/dynamic_library.h"
#include "core/errors.h"
#include "fmt/ranges.h"
#include "webnn/result.h"

/// Where a back end finds its vendor's library.
namespace webnn {

struct VendorLibrary {
  std::string_view backend;         ///< "onnxruntime": begins the messages.
  std::string_view stem;            ///< "libonnxruntime"
  const char* variable;             ///< Environment variable that may hold its path.
  std::string_view python_package;  ///< "onnxruntime"
  std::string_view python_folder;   ///< Of the library, in that package: "capi".
  std::vector<std::string> names;   ///< For the loader to find, the preferred one first.
  std::string needed;               ///< "version 1.30 or newer"
};

/// A library of the stem to try before those that are searched for; "" forgets it. Unlike what the
/// caller names explicitly it is passed over where it cannot be used.
void PreferLibrary(std::string_view stem, std::string path);

/// Libraries of the Python package, after the preferred one, in the order in which Python would
/// find the packages.
std::vector<std::string> LibrariesOfPythonPackages(const VendorLibrary& vendor);

/// The first of `paths` that `open` (a path to a `Result`, whose message is the reason alone) can
/// use.
template <class Open>
auto OpenFirst(const VendorLibrary& vendor, std::span<const std::string> paths, const Open& open)
    -> decltype(open(std::string())) {
  std::string tried;
  std::vector<std::string_view> absent;  // names that the loader does not know
  for (const std::string& path : paths) {
    auto library = open(path);
    if (library.ok()) return library;
    const std::string& reason = library.error().message;
    if (path.find('/') == std::string::npos && reason.ends_with(": No such file or directory")) {
      absent.push_back(path);
    } else {
      tried += fmt::format("\n  {}: {}", path, reason);
    }
  }
  // The versions of a library can be many: the first names and the last.
  if (absent.size() > 3) {
    tried += fmt::format("\n  {}, {} ... {}: not there", absent[0], absent[1], absent.back());
  } else if (!absent.empty()) {
    tried += fmt::format("\n  {}: not there", fmt::join(absent, ", "));
  }
  return decltype(open(std::string()))(NotSupported(
      "{}: no usable {} ({}) was found. Install it with `pip install {}`, or set the environment "
      "variable {} to the path of {}.\nTried the package '{}' of every Python found, then the "
      "loader's own path:{}",
      vendor.backend, DynamicLibrary::FileName(vendor.stem), vendor.needed, vendor.python_package,
      vendor.variable, vendor.stem, vendor.python_package, tried));
}

/// In this order: `named_path` (of `ContextOptions::library_path`), the variable, Python packages,
/// the loader's own path. What was named explicitly is never passed over. `found` (null at first)
/// keeps what a search has found, so that a second context costs no search.
template <class T, class Open>
Result<T> OpenVendorLibrary(const VendorLibrary& vendor, const std::string& named_path, T& found,
                            const Open& open) {
  const auto named = [&](const std::string& path, std::string_view source) -> Result<T> {
    Result<T> library = open(path);
    if (library.ok()) return library;
    return NotSupported("{}: {} names '{}', which cannot be used: {}", vendor.backend, source, path,
                        library.error().message);
  };
  if (!named_path.empty()) return named(named_path, "ContextOptions::library_path");
  if (const char* path = std::getenv(vendor.variable); path != nullptr && *path != '\0') {
    return named(path, vendor.variable);
  }
  if (found != T{}) return found;
  std::vector<std::string> paths = LibrariesOfPythonPackages(vendor);
  paths.insert(paths.end(), vendor.names.begin(), vendor.names.end());
  Result<T> library = OpenFirst(vendor, std::span<const std::string>(paths), open);
  if (library.ok()) found = *library;
  return library;
}

}  // namespace webnn
