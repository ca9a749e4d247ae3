#include "graph/subgraph.h"

#include <memory>
#include <utility>

#include "core/check.h"

namespace webnn {

void KeepReachable(GraphData& graph) {
  std::vector<bool> used(graph.operands.size(), false);
  for (const NamedOperand& output : graph.outputs) used[output.id] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    NodeRecord& node = graph.nodes[i];
    for (uint32_t k = 0; k < node.output_count; ++k) {
      node.reachable = node.reachable || used[node.first_output + k];
    }
    if (!node.reachable) continue;
    ForEachInput(node, [&](const OpField&, Operand operand) { used[operand.id] = true; });
  }
  std::erase_if(graph.inputs, [&](const NamedOperand& input) { return !used[input.id]; });
  for (size_t id = 0; id < graph.operands.size(); ++id) {
    const OperandRecord& record = graph.operands[id];
    if (record.kind == OperandKind::kConstant && !used[id]) graph.constants[record.source] = {};
  }
}

GraphDefinition WithOutputs(const GraphDefinition& definition, std::vector<NamedOperand> outputs) {
  const GraphData& whole = *definition.data();
  for (const NamedOperand& output : outputs) {
    const OperandRecord& record = whole.operands[output.id];
    WEBNN_CHECK(record.kind == OperandKind::kResult && whole.nodes[record.source].reachable);
  }
  auto graph = std::make_shared<GraphData>(whole);
  graph->outputs = std::move(outputs);
  for (NodeRecord& node : graph->nodes) node.reachable = false;
  KeepReachable(*graph);
  return GraphDefinition(std::move(graph));
}

}  // namespace webnn
