#include "onnx/import/node.h"

namespace webnn::onnx_format {

std::span<const ImportRow> ReductionRows() { return {}; }

}  // namespace webnn::onnx_format
