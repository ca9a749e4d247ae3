#include "cli/bisect.h"

#include "cli/errors.h"
#include "graph/graph_data.h"
#include "graph/subgraph.h"

namespace webnn::cli {
namespace {

// Results that are in memory at once; two of each.
constexpr uint64_t kMaxBatchBytes = uint64_t{256} << 20;
constexpr size_t kMaxBatch = 64;

// A result of an operator on both sides.
struct Step {
  const NodeRecord* node;
  uint32_t got;
  uint32_t expected;
  uint64_t bytes;
};

std::vector<const NodeRecord*> Reachable(const GraphData& graph) {
  std::vector<const NodeRecord*> nodes;
  for (const NodeRecord& node : graph.nodes) {
    if (node.reachable) nodes.push_back(&node);
  }
  return nodes;
}

// The results that the graph's outputs need; of an operator with several, some may be unused.
Result<std::vector<Step>> Align(const GraphData& got, const GraphData& expected) {
  const auto ours = Reachable(got);
  const auto theirs = Reachable(expected);
  std::vector<Step> steps;
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    if (ours[i]->schema != theirs[i]->schema || ours[i]->output_count != theirs[i]->output_count) {
      return TypeError("the graphs differ at operator {}: {}, the reference has {}", i + 1,
                       ours[i]->schema->name, theirs[i]->schema->name);
    }
    for (uint32_t k = 0; k < ours[i]->output_count; ++k) {
      const uint32_t a = ours[i]->first_output + k;
      const uint32_t b = theirs[i]->first_output + k;
      const OperandDescriptor& descriptor = got.operands[a].descriptor;
      if (descriptor != expected.operands[b].descriptor) {
        return TypeError("the graphs differ at operator {}, {}: {}, the reference has {}", i + 1,
                         ours[i]->schema->name, ToString(descriptor),
                         ToString(expected.operands[b].descriptor));
      }
      steps.push_back({ours[i], a, b, descriptor.byte_length()});
    }
  }
  if (ours.size() != theirs.size()) {
    return TypeError("the graphs differ: {} operators, the reference has {}", ours.size(),
                     theirs.size());
  }
  return steps;
}

Result<std::vector<TensorData>> RunPart(const Side& side, std::span<const Step> steps,
                                        uint32_t Step::* id) {
  std::vector<NamedOperand> outputs;
  for (const Step& step : steps) outputs.push_back({fmt::format("result{}", step.*id), step.*id});
  return side.run(WithOutputs(side.definition, std::move(outputs)));
}

}  // namespace

Result<std::optional<Departure>> FindDeparture(const Side& got, const Side& expected,
                                               const Tolerance& tolerance,
                                               const std::function<void(double)>& progress) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<Step> steps,
                         Align(*got.definition.data(), *expected.definition.data()));
  for (size_t begin = 0; begin < steps.size();) {
    size_t end = begin;
    for (uint64_t bytes = 0; end < steps.size() && end - begin < kMaxBatch; ++end) {
      bytes += steps[end].bytes;
      if (end > begin && bytes > kMaxBatchBytes) break;
    }
    const auto batch = std::span(steps).subspan(begin, end - begin);
    WEBNN_ASSIGN_OR_RETURN(const auto ours, RunPart(got, batch, &Step::got));
    WEBNN_ASSIGN_OR_RETURN(const auto theirs, RunPart(expected, batch, &Step::expected));
    for (size_t i = 0; i < batch.size(); ++i) {
      WEBNN_ASSIGN_OR_RETURN(
          Difference difference,
          Compare(FromOperand(ours[i].descriptor, ours[i].bytes),
                  FromOperand(theirs[i].descriptor, theirs[i].bytes), tolerance));
      if (difference.ok()) continue;
      const NodeRecord& node = *batch[i].node;
      return std::optional(Departure{std::string(node.schema->name),
                                     node.schema->label(node.op.get()), batch[i].got,
                                     std::move(difference)});
    }
    begin = end;
    progress(static_cast<double>(end) / static_cast<double>(steps.size()));
  }
  return std::optional<Departure>();
}

}  // namespace webnn::cli
