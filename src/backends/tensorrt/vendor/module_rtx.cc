// TensorRT-RTX 1. CMake renames the vendor's namespaces: see webnn_add_tensorrt_modules.
#define WEBNN_TRT_NAMESPACE rtx
#define WEBNN_TRT_RTX 1
#include "backends/tensorrt/vendor/module_impl.h"

namespace webnn::trt {

std::unique_ptr<const Module> MakeModuleRtx(Library library) {
  return std::make_unique<rtx::VendorModule>(std::move(library));
}

}  // namespace webnn::trt
