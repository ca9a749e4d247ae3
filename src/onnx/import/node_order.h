#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "onnx/onnx.pb.h"
#include "webnn/result.h"

namespace webnn::onnx_format {

struct NodeOrder {
  std::vector<int> nodes;  ///< Those that the outputs need, each behind what it reads.
  std::unordered_set<std::string_view> read;  ///< Names that these nodes read, and the outputs.
};

/// The order in which nodes can be computed: that of the file wherever it will do. `is_known` tells
/// names that exist outside of the nodes. TypeError for two values of one name, one that nothing
/// computes, and cycles.
Result<NodeOrder> OrderNodes(const google::protobuf::RepeatedPtrField<::onnx::NodeProto>& nodes,
                             std::span<const std::string_view> outputs,
                             const std::function<bool(std::string_view)>& is_local,
                             const std::function<bool(std::string_view)>& is_known);

/// 'node "name" (Op)'; "#12" for one without a name.
std::string DescribeNode(const ::onnx::NodeProto& node, int index);

}  // namespace webnn::onnx_format
