#include "core/dynamic_library.h"

#include <dlfcn.h>

#include "core/errors.h"

namespace webnn {
namespace {

#ifdef __APPLE__
constexpr std::string_view kSuffix = ".dylib";
#else
constexpr std::string_view kSuffix = ".so";
#endif

std::string LoaderError() {
  const char* text = dlerror();
  return text == nullptr ? "no reason given by the loader" : text;
}

}  // namespace

Result<DynamicLibrary> DynamicLibrary::Open(const std::string& path) {
  if (path.empty()) return NotSupported("the path of the library is empty");
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Error{ErrorCode::kNotSupported, LoaderError()};
  return DynamicLibrary(handle);
}

DynamicLibrary::~DynamicLibrary() {
  if (handle_ != nullptr) dlclose(handle_);
}

Result<void*> DynamicLibrary::Symbol(const char* name) const {
  dlerror();  // so that what it says next is of this call
  void* address = dlsym(handle_, name);
  if (address == nullptr) return NotSupported("the library exports no {}: {}", name, LoaderError());
  return address;
}

std::string DynamicLibrary::FileOf(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  return info.dli_fname;
}

std::string DynamicLibrary::FileName(std::string_view stem, int version) {
#ifdef __APPLE__
  return fmt::format("{}.{}{}", stem, version, kSuffix);
#else
  return fmt::format("{}{}.{}", stem, kSuffix, version);
#endif
}

std::string DynamicLibrary::FileName(std::string_view stem) {
  return fmt::format("{}{}", stem, kSuffix);
}

bool DynamicLibrary::IsLibrary(std::string_view file_name, std::string_view stem) {
  if (!file_name.starts_with(stem)) return false;
  const std::string_view rest = file_name.substr(stem.size());
#ifdef __APPLE__
  return rest.starts_with('.') && rest.ends_with(kSuffix);
#else
  return rest == kSuffix || (rest.starts_with(kSuffix) && rest[kSuffix.size()] == '.');
#endif
}

}  // namespace webnn
