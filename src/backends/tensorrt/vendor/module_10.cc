// TensorRT 10. CMake renames the vendor's namespaces: see webnn_add_tensorrt_modules.
#define WEBNN_TRT_NAMESPACE v10
#include "backends/tensorrt/vendor/module_impl.h"

namespace webnn::trt {

std::unique_ptr<const Module> MakeModule10(Library library) {
  return std::make_unique<v10::VendorModule>(std::move(library));
}

}  // namespace webnn::trt
