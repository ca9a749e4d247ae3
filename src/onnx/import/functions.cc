#include "core/errors.h"
#include "core/try.h"
#include "onnx/import/importer.h"

namespace webnn::onnx_format {
namespace {

using ::onnx::AttributeProto;
using ::onnx::FunctionProto;

// Of calls and subgraphs.
constexpr int kMaxDepth = 64;

std::string FunctionKey(std::string_view domain, std::string_view name, std::string_view overload) {
  return fmt::format("{}\n{}\n{}", Canonical(domain), name, overload);
}

}  // namespace

Result<void> ImporterImpl::AddFunctions() {
  for (const FunctionProto& function : model_->proto().functions()) {
    const auto key = FunctionKey(function.domain(), function.name(), function.overload());
    if (!functions_.emplace(key, &function).second) {
      return TypeError("{}: there are two functions \"{}\"", model_->name(), function.name());
    }
  }
  return {};
}

const FunctionProto* ImporterImpl::FindFunction(const ::onnx::NodeProto& node) const {
  if (functions_.empty()) return nullptr;
  const auto found = functions_.find(FunctionKey(node.domain(), node.op_type(), node.overload()));
  return found == functions_.end() ? nullptr : found->second;
}

Result<void> ImporterImpl::CallFunction(NodeData& node, const FunctionProto& function) {
  if (depth_ >= kMaxDepth) return TypeError("functions call one another without end");
  if (node.inputs.size() > static_cast<size_t>(function.input_size()) ||
      node.outputs.size() > static_cast<size_t>(function.output_size())) {
    return TypeError("the call has {} inputs and {} outputs; the function has {} and {}",
                     node.inputs.size(), node.outputs.size(), function.input_size(),
                     function.output_size());
  }
  WEBNN_ASSIGN_OR_RETURN(Frame frame, FrameOf(function.opset_import(),
                                              fmt::format("the function \"{}\"", function.name())));
  for (const AttributeProto& attribute : function.attribute_proto()) {
    frame.attributes[attribute.name()] = &attribute;
  }
  for (const AttributeProto& attribute : node.proto.attribute()) {
    if (const AttributeProto* given = node.Attribute(attribute.name()); given != nullptr) {
      frame.attributes[attribute.name()] = given;
    }
  }
  Scope scope;
  for (int i = 0; i < function.input_size(); ++i) {
    const auto index = static_cast<size_t>(i);
    Slot* given = index < node.inputs.size() ? node.inputs[index] : nullptr;
    if (given == nullptr) continue;
    WEBNN_RETURN_IF_ERROR(LoadWeight(*given));
    if (!scope.values.emplace(function.input(i), given).second) {
      return TypeError("the function has two inputs \"{}\"", function.input(i));
    }
  }
  // An absent input is the empty name to the nodes of the function.
  for (const std::string& input : function.input()) {
    if (!scope.values.contains(input)) scope.values.emplace(input, nullptr);
  }
  Body body{.nodes = function.node(), .outputs = {}, .place = node.label + "/"};
  for (size_t k = 0; k < node.outputs.size(); ++k) {
    if (node.outputs[k] != nullptr) body.outputs.push_back(function.output(static_cast<int>(k)));
  }
  ++depth_;
  const auto imported = ImportBody(body, frame, scope);
  --depth_;
  WEBNN_RETURN_IF_ERROR(imported);
  for (size_t k = 0; k < node.outputs.size(); ++k) {
    if (node.outputs[k] == nullptr) continue;
    const Slot* result = scope.Find(function.output(static_cast<int>(k)));
    if (result == nullptr) return TypeError("the function's output {} is an absent input", k);
    node.outputs[k]->value = result->value;
    node.outputs[k]->refused = result->refused;
  }
  return CheckDeclared(node);
}

Result<std::vector<Slot*>> ImporterImpl::ImportSubgraph(const NodeData& node,
                                                        const ::onnx::GraphProto& graph,
                                                        std::vector<Slot> inputs,
                                                        std::string place) {
  if (depth_ >= kMaxDepth) return NotSupported("subgraphs are nested deeper than {}", kMaxDepth);
  Scope scope{.outer = &node.scope};
  for (size_t i = 0; i < inputs.size(); ++i) {
    Slot* slot = NewSlot(scope, graph.input(static_cast<int>(i)).name());
    inputs[i].name = slot->name;
    *slot = std::move(inputs[i]);
  }
  WEBNN_RETURN_IF_ERROR(AddWeights(graph, scope));
  const Body body{
      .nodes = graph.node(), .outputs = NamesOf(graph.output()), .place = std::move(place)};
  ++depth_;
  const auto imported = ImportBody(body, node.frame, scope);
  --depth_;
  WEBNN_RETURN_IF_ERROR(imported);
  std::vector<Slot*> outputs;
  for (std::string_view name : body.outputs) {
    outputs.push_back(scope.Find(name));
    if (outputs.back() == nullptr) return TypeError("the output \"{}\" is absent", name);
    WEBNN_RETURN_IF_ERROR(LoadWeight(*outputs.back()));
  }
  return outputs;
}

}  // namespace webnn::onnx_format
