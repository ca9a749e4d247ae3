#include <string>

#include "fmt/format.h"
#include "graph/graph_data.h"
#include "graph/infer_context.h"
#include "webnn/graph.h"

namespace webnn {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted;
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted += c;
    }
  }
  return '"' + EscapeControls(quoted) + '"';
}

std::string Show(const Value& value) {
  if (const bool* boolean = value.As<bool>()) return *boolean ? "true" : "false";
  if (const Number* number = value.As<Number>()) return ToString(*number);
  if (const std::string* text = value.As<std::string>()) return Quoted(*text);
  if (const Operand* operand = value.As<Operand>()) return fmt::format("%{}", operand->id);
  if (const Value::List* list = value.As<Value::List>()) {
    std::string shown = "[";
    for (size_t i = 0; i < list->size(); ++i) shown += (i ? ", " : "") + Show((*list)[i]);
    return shown + "]";
  }
  return "null";
}

std::string Arguments(const NodeRecord& node) {
  const std::shared_ptr<void> defaults = node.schema->make();
  std::string text;
  for (const OpField& field : node.schema->fields) {
    if (field.name == "label") continue;
    const std::string value = Show(field.write(node.op.get()));
    if (!field.required && value == Show(field.write(defaults.get()))) continue;
    if (!text.empty()) text += ", ";
    text += field.required && field.is_operand ? value : fmt::format("{}={}", field.name, value);
  }
  return text;
}

std::string Label(const NodeRecord& node) { return node.schema->label(node.op.get()); }

}  // namespace

std::string ToText(const GraphData& graph) {
  std::string text;
  for (const NamedOperand& input : graph.inputs) {
    text += fmt::format("%{} {} = input({})\n", input.id,
                        ToString(graph.operands[input.id].descriptor), Quoted(input.name));
  }
  for (uint32_t id = 0; id < graph.operands.size(); ++id) {
    const OperandRecord& record = graph.operands[id];
    if (record.kind != OperandKind::kConstant) continue;
    const ConstantData& constant = graph.constants[record.source];
    if (constant.bytes.empty()) continue;
    text += fmt::format("%{} {} = constant({} bytes)\n", id, ToString(record.descriptor),
                        constant.bytes.size());
  }
  for (const NodeRecord& node : graph.nodes) {
    if (!node.reachable) continue;
    std::string results;
    for (uint32_t k = 0; k < node.output_count; ++k) {
      const uint32_t id = node.first_output + k;
      results +=
          fmt::format("{}%{} {}", k ? ", " : "", id, ToString(graph.operands[id].descriptor));
    }
    const std::string label = Label(node);
    text += fmt::format("{} = {}({}){}\n", results, node.schema->name, Arguments(node),
                        label.empty() ? "" : " " + Quoted(label));
  }
  for (const NamedOperand& output : graph.outputs) {
    text += fmt::format("output({}) = %{}\n", Quoted(output.name), output.id);
  }
  return text;
}

std::string ToDot(const GraphData& graph) {
  std::string dot =
      "digraph webnn {\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  for (const NamedOperand& input : graph.inputs) {
    dot += fmt::format("  v{} [label={}, shape=ellipse];\n", input.id, Quoted(input.name));
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const NodeRecord& node = graph.nodes[i];
    if (!node.reachable) continue;
    const std::string label = Label(node);
    dot += fmt::format("  n{} [label={}];\n", i,
                       Quoted(label.empty() ? std::string(node.schema->name)
                                            : fmt::format("{}\n{}", node.schema->name, label)));
    ForEachInput(node, [&](const OpField& field, Operand operand) {
      const OperandRecord& record = graph.operands[operand.id];
      const std::string edge =
          Quoted(fmt::format("{} {}", field.name, ToString(record.descriptor)));
      switch (record.kind) {
        case OperandKind::kInput:
          dot += fmt::format("  v{} -> n{} [label={}];\n", operand.id, i, edge);
          break;
        case OperandKind::kResult:
          dot += fmt::format("  n{} -> n{} [label={}];\n", record.source, i, edge);
          break;
        case OperandKind::kConstant:
          dot += fmt::format("  c{} [label=\"constant\", shape=plain];\n  c{} -> n{} [label={}];\n",
                             operand.id, operand.id, i, edge);
          break;
      }
    });
  }
  // By place: one operand may be several outputs.
  for (size_t k = 0; k < graph.outputs.size(); ++k) {
    const OperandRecord& record = graph.operands[graph.outputs[k].id];
    dot += fmt::format("  o{} [label={}, shape=ellipse];\n  n{} -> o{} [label={}];\n", k,
                       Quoted(graph.outputs[k].name), record.source, k,
                       Quoted(ToString(record.descriptor)));
  }
  return dot + "}\n";
}

namespace {

std::vector<NamedDescriptor> DescribeAll(const GraphData& graph,
                                         const std::vector<NamedOperand>& operands) {
  std::vector<NamedDescriptor> described;
  for (const NamedOperand& operand : operands) {
    described.push_back({operand.name, graph.operands[operand.id].descriptor});
  }
  return described;
}

}  // namespace

std::vector<NamedDescriptor> GraphDefinition::inputs() const {
  return DescribeAll(*data_, data_->inputs);
}
std::vector<NamedDescriptor> GraphDefinition::outputs() const {
  return DescribeAll(*data_, data_->outputs);
}
size_t GraphDefinition::operator_count() const {
  size_t count = 0;
  for (const NodeRecord& node : data_->nodes) count += node.reachable ? 1 : 0;
  return count;
}
std::string GraphDefinition::ToText() const { return webnn::ToText(*data_); }
std::string GraphDefinition::ToDot() const { return webnn::ToDot(*data_); }

}  // namespace webnn
