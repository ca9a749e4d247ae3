#include "onnx/import/node.h"

namespace webnn::onnx_format {

Result<std::optional<std::vector<HostTensor>>> Fold(const Node& node) {
  if (node.op() != "Constant") return std::optional<std::vector<HostTensor>>();
  WEBNN_ASSIGN_OR_RETURN(auto value, node.TensorAttribute("value"));
  if (!value) return std::optional<std::vector<HostTensor>>();
  return std::optional(std::vector{*std::move(value)});
}

}  // namespace webnn::onnx_format
