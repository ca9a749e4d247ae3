#include "onnx/import/constants.h"
#include "onnx/import/spatial.h"

namespace webnn::onnx_format {

std::span<const ImportRow> SamplingRows() { return {}; }

}  // namespace webnn::onnx_format
