#include "cli/limits.h"

#include <algorithm>

#include "fmt/format.h"
#include "graph/op_text.h"

namespace webnn::cli {
namespace {

// Empty when the operand is within the limits.
std::string Reason(const OperandDescriptor& descriptor, const TensorLimits& limits,
                   uint64_t max_bytes) {
  if (!limits.data_types.Has(descriptor.data_type())) {
    return fmt::format("{} is not among {}", Name(descriptor.data_type()),
                       TypesText(limits.data_types));
  }
  if (descriptor.rank() < limits.rank_range.min || descriptor.rank() > limits.rank_range.max) {
    return fmt::format("rank {} is not {}", descriptor.rank(), RanksText(limits.rank_range));
  }
  if (descriptor.byte_length() > max_bytes) {
    return fmt::format("{} bytes are more than {}", descriptor.byte_length(), max_bytes);
  }
  return {};
}

}  // namespace

std::vector<Refusal> RefusedBy(const ContextLimits& limits, const GraphData& graph) {
  std::vector<Refusal> refusals;
  const auto check = [&](const std::string& node, std::string_view operand, uint32_t id,
                         const TensorLimits& allowed) {
    std::string reason =
        Reason(graph.operands[id].descriptor, allowed, limits.max_tensor_byte_length);
    if (!reason.empty()) refusals.push_back({node, std::string(operand), std::move(reason)});
  };
  for (const NamedOperand& input : graph.inputs) {
    check(fmt::format("input \"{}\"", input.name), "", input.id, limits.input);
  }
  for (const NodeRecord& node : graph.nodes) {
    if (!node.reachable) continue;
    const OpSchema& schema = *node.schema;
    const OpLimits& op = limits.ops[IndexOf(schema)];
    const std::string& label = schema.label(node.op.get());
    const std::string name =
        label.empty() ? std::string(schema.name) : fmt::format("{} \"{}\"", schema.name, label);
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      const OpField& field = schema.fields[i];
      if (!field.is_operand) continue;
      for (const Operand operand : OperandsOf(field, node.op.get())) {
        check(name, field.name, operand.id, op.fields[i]);
      }
    }
    for (uint32_t k = 0; k < node.output_count; ++k) {
      const size_t row = std::min<size_t>(k, schema.outputs.size() - 1);
      check(name, schema.outputs[row].name, node.first_output + k, op.outputs[row]);
    }
  }
  for (const NamedOperand& output : graph.outputs) {
    check(fmt::format("output \"{}\"", output.name), "", output.id, limits.output);
  }
  return refusals;
}

}  // namespace webnn::cli
