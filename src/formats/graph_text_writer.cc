#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "formats/element_types.h"
#include "formats/graph_text.h"
#include "formats/number_text.h"
#include "formats/text_lexer.h"
#include "graph/op_schema.h"

namespace webnn::formats {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// A name that is no identifier is written as a string: our reader takes both everywhere.
std::string NameText(std::string_view name) {
  return IsIdentifier(name) ? std::string(name) : Quoted(name);
}

std::string ValueText(const Value& value, bool is_reference) {
  if (const auto* text = value.As<std::string>()) {
    return is_reference ? NameText(*text) : Quoted(*text);
  }
  if (const auto* boolean = value.As<bool>()) return *boolean ? "true" : "false";
  if (const auto* number = value.As<Number>()) return NumberText(*number);
  const auto* list = value.As<Value::List>();
  if (list == nullptr) return "null";
  std::string text = "[";
  for (size_t i = 0; i < list->size(); ++i) {
    text += (i > 0 ? ", " : "") + ValueText((*list)[i], is_reference);
  }
  return text + "]";
}

void AddInput(std::string& text, const FileInput& input) {
  text += fmt::format("    {}: {}[", NameText(input.name), ShortName(input.type));
  for (size_t i = 0; i < input.shape.size(); ++i) {
    const FileDimension& dimension = input.shape[i];
    if (i > 0) text += ", ";
    text += dimension.name.empty()
                ? fmt::format("{}", dimension.size)
                : fmt::format("dyn({}, {})", Quoted(dimension.name), dimension.size);
  }
  text += "];\n";
}

void AddConstant(std::string& text, const FileConstant& constant) {
  text += fmt::format("    {}: {}{} ", NameText(constant.name), ShortName(constant.type),
                      ToString(constant.shape));
  if (const auto* key = std::get_if<WeightKey>(&constant.init)) {
    text += fmt::format("@weights({})", Quoted(key->key));
  } else if (const auto* number = std::get_if<Number>(&constant.init)) {
    text += fmt::format("@scalar({})", NumberText(*number));
  } else {
    text += "@bytes([";
    AddByteList(text, std::get<ConstantData>(constant.init).bytes);
    text += "])";
  }
  text += ";\n";
}

void AddNode(std::string& text, const FileNode& node) {
  std::string outputs;
  for (const std::string& output : node.outputs) {
    outputs += (outputs.empty() ? "" : ", ") + NameText(output);
  }
  text += node.outputs.size() == 1 ? fmt::format("    {} = ", outputs)
                                   : fmt::format("    [{}] = ", outputs);
  text += node.op + "(";
  const OpSchema* schema = FindOp(node.op);
  std::string arguments;
  for (const Value& argument : node.arguments) {
    arguments += (arguments.empty() ? "" : ", ") + ValueText(argument, true);
  }
  for (const auto& [key, value] : node.options) {
    const OpField* field = schema == nullptr ? nullptr : schema->FindField(key);
    arguments += fmt::format("{}{}={}", arguments.empty() ? "" : ", ", key,
                             ValueText(value, field != nullptr && field->is_operand));
  }
  text += arguments + ");\n";
}

// An output has the name of a value; another name is our extension of the format.
void AddOutput(std::string& text, const FileOutput& output) {
  text += "    " + NameText(output.name);
  if (output.name != output.value) text += " = " + NameText(output.value);
  text += ";\n";
}

template <class Item>
void AddBlock(std::string& text, std::string_view name, const std::vector<Item>& items,
              void (*add)(std::string&, const Item&)) {
  if (items.empty()) return;
  text += fmt::format("  {} {{\n", name);
  for (const Item& item : items) add(text, item);
  text += "  }\n";
}

}  // namespace

std::string WriteGraphText(const GraphFile& file) {
  std::string text = fmt::format("webnn_graph {} v2 {}{{\n", Quoted(file.name),
                                 file.quantized ? "@quantized " : "");
  AddBlock(text, "inputs", file.inputs, AddInput);
  AddBlock(text, "consts", file.constants, AddConstant);
  AddBlock(text, "nodes", file.nodes, AddNode);
  AddBlock(text, "outputs", file.outputs, AddOutput);
  return text + "}\n";
}

}  // namespace webnn::formats
