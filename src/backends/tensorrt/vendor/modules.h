#pragma once

#include <memory>

#include "backends/tensorrt/library.h"
#include "backends/tensorrt/module.h"

/// One module for each generation of the vendor's headers, each there if its headers were.
namespace webnn::trt {

std::unique_ptr<const Module> MakeModule10(Library library);
std::unique_ptr<const Module> MakeModule11(Library library);
std::unique_ptr<const Module> MakeModuleRtx(Library library);

}  // namespace webnn::trt
