#pragma once

#include <string>
#include <vector>

#include "graph/graph_data.h"
#include "graph/op_schema.h"

namespace webnn::cli {

/// An operand that a context does not take.
struct Refusal {
  std::string node;  ///< "conv2d \"label\"", or "input \"x\"".
  std::string operand;
  std::string reason;
};
/// What of a graph is beyond the limits of a context.
std::vector<Refusal> RefusedBy(const ContextLimits& limits, const GraphData& graph);

}  // namespace webnn::cli
