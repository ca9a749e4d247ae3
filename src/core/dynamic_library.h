#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "webnn/result.h"

namespace webnn {

/// A shared library opened at run time, closed with the object. Symbols of one library never
/// resolve those of another (RTLD_LOCAL), and a missing symbol of it shows at once (RTLD_NOW).
class DynamicLibrary {
 public:
  /// `path` with a slash is a file; without, the loader looks for the name. The error
  /// (NotSupported) is the loader's reason.
  static Result<DynamicLibrary> Open(const std::string& path);

  DynamicLibrary(DynamicLibrary&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  DynamicLibrary& operator=(DynamicLibrary&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~DynamicLibrary();

  /// The address of a function or variable. NotSupported when the library does not export it.
  Result<void*> Symbol(const char* name) const;

  /// Lets the library stay loaded until the process ends, for those that cannot be unloaded safely.
  void Keep() { handle_ = nullptr; }

  /// The file that a function or variable was loaded from; empty when the loader does not know.
  static std::string FileOf(const void* address);

  /// "libonnxruntime", 1 -> "libonnxruntime.so.1" or "libonnxruntime.1.dylib".
  static std::string FileName(std::string_view stem, int version);
  /// "libonnxruntime" -> "libonnxruntime.so" or "libonnxruntime.dylib".
  static std::string FileName(std::string_view stem);
  /// Is `file_name` the library `stem` in some version: "libonnxruntime.so.1.21.0"?
  static bool IsLibrary(std::string_view file_name, std::string_view stem);

 private:
  explicit DynamicLibrary(void* handle) : handle_(handle) {}
  void* handle_;
};

}  // namespace webnn
