#include "onnx/import/node.h"

namespace webnn::onnx_format {

std::span<const ImportRow> ShapeRows() { return {}; }

}  // namespace webnn::onnx_format
