#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "webnn/model_io.h"

namespace webnn::formats {

/// The format by the first characters behind white space: `{` is JSON, `webnn_graph` or a comment
/// is `.webnn` text, everything else is taken for ONNX.
ModelFormat FormatOfContent(std::span<const std::byte> bytes);

/// The format by the file's name; TypeError where it says nothing.
Result<ModelFormat> FormatOfName(const std::string& path);

}  // namespace webnn::formats
