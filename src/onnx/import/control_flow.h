#pragma once

#include <string_view>

#include "onnx/import/importer.h"

namespace webnn::onnx_format {

/// Imports If, Loop or Scan: WebNN's graphs have none, so that the branch must be known, or the
/// count of turns.
using ControlFlow = Result<void> (*)(ImporterImpl& importer, NodeData& node);

/// Null for any other operator of ai.onnx.
ControlFlow FindControlFlow(std::string_view op);

}  // namespace webnn::onnx_format
