#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "webnn/graph_builder.h"
#include "webnn/model_io.h"

namespace webnn::onnx_format {

struct ImportSource {
  std::span<const std::byte> bytes;   ///< A ModelProto.
  std::shared_ptr<const void> owner;  ///< Keeps `bytes` alive; null: only during the call.
  std::string path;                   ///< For messages; empty: memory.
  std::string folder;  ///< Where external data lies, and nowhere else; empty: not allowed.
};

/// Adds the model to the builder. Errors as `LoadModel` documents them.
Result<LoadedModel> Import(GraphBuilder& builder, const ImportSource& source,
                           const LoadOptions& options);

/// What is in the model; tries an import for `unsupported`.
Result<ModelSummary> Inspect(const ImportSource& source, const LoadOptions& options);

}  // namespace webnn::onnx_format
