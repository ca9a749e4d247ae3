#include "backends/onnxruntime/api.h"

#include "core/errors.h"

namespace webnn::ort {

Error StatusError(const OrtApi& api, OrtStatus* status, std::string_view action) {
  const Handle<OrtStatus> owned(status, Releaser{&api});
  return OperationError("onnxruntime: {}: {}", action, api.GetErrorMessage(status));
}

}  // namespace webnn::ort
