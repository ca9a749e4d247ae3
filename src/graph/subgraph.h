#pragma once

#include <vector>

#include "graph/graph_data.h"
#include "webnn/graph.h"

namespace webnn {

/// Marks what the outputs need (`NodeRecord::reachable`), drops the other inputs and the other
/// constants' bytes.
void KeepReachable(GraphData& graph);

/// The same graph with other outputs: results of operators that its own outputs reach. Operands
/// keep their ids, constants their bytes.
GraphDefinition WithOutputs(const GraphDefinition& definition, std::vector<NamedOperand> outputs);

}  // namespace webnn
