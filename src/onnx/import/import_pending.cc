// Stands in for the importer until its sources are here; goes with them.
#include "core/errors.h"
#include "onnx/import/import.h"

namespace webnn::onnx_format {

Result<LoadedModel> Import(GraphBuilder&, const ImportSource& source, const LoadOptions&) {
  return NotSupported("{}: ONNX files are not read yet", source.path);
}

Result<ModelSummary> Inspect(const ImportSource& source, const LoadOptions&) {
  return NotSupported("{}: ONNX files are not read yet", source.path);
}

}  // namespace webnn::onnx_format
