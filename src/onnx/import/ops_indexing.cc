#include "onnx/import/node.h"

namespace webnn::onnx_format {

std::span<const ImportRow> IndexingRows() { return {}; }

}  // namespace webnn::onnx_format
