#include "onnx/import/control_flow.h"

namespace webnn::onnx_format {

ControlFlow FindControlFlow(std::string_view) { return nullptr; }

}  // namespace webnn::onnx_format
