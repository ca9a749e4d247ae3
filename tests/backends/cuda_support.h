#pragma once

#include <dlfcn.h>

#include <string>

#include "tests/backends/fake_cuda.h"
#include "tests/support/scoped_variable.h"

namespace webnn::testing_support {

/// The fake driver in `path`, which stays loaded; null when it is none.
inline FakeCuda* OpenFakeCuda(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  const auto get = reinterpret_cast<GetFakeCudaFunction>(dlsym(library, "GetFakeCuda"));
  return get == nullptr ? nullptr : get();
}

}  // namespace webnn::testing_support
