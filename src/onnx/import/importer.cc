#include "onnx/import/importer.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "core/errors.h"
#include "core/try.h"
#include "fmt/ranges.h"
#include "onnx/import/control_flow.h"

namespace webnn::onnx_format {
namespace {

using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TypeProto;
using ::onnx::ValueInfoProto;

// What one file may make of itself by calls and loops.
constexpr size_t kMaxInlinedValues = 1'000'000;
constexpr uint64_t kMaxMadeBytes = uint64_t{1} << 29;
constexpr size_t kMaxLabel = 200;

std::string OpName(const NodeProto& node) {
  const std::string_view domain = Canonical(node.domain());
  return domain.empty() ? node.op_type() : fmt::format("{}.{}", domain, node.op_type());
}

// A label is in every operator of the node; a file may not make it as long as it likes.
std::string Shorten(std::string label) {
  if (label.size() <= kMaxLabel) return label;
  return "..." + label.substr(label.size() - kMaxLabel);
}

}  // namespace

Slot* Scope::Find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    if (const auto found = scope->values.find(name); found != scope->values.end()) {
      return found->second;
    }
  }
  return nullptr;
}

bool Scope::Has(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    if (scope->values.contains(name)) return true;
  }
  return false;
}

const AttributeProto* NodeData::Attribute(std::string_view name) const {
  for (const AttributeProto& attribute : proto.attribute()) {
    if (attribute.name() != name) continue;
    if (attribute.ref_attr_name().empty()) return &attribute;
    const auto given = frame.attributes.find(attribute.ref_attr_name());
    return given == frame.attributes.end() ? nullptr : given->second;
  }
  return nullptr;
}

std::string_view Canonical(std::string_view domain) {
  return domain == "ai.onnx" ? std::string_view() : domain;
}

Element ElementOf(const TypeProto& type) {
  const int element = type.tensor_type().elem_type();
  return element > 0 && element < 256 ? static_cast<Element>(element) : Element::kNone;
}

ImporterImpl::ImporterImpl(GraphBuilder& builder, std::shared_ptr<const ParsedModel> model,
                           const std::string& folder, const LoadOptions& options)
    : builder_(builder),
      model_(std::move(model)),
      options_(options),
      loader_(model_, folder, options.narrow) {}

// ---- Constants and descriptors. ----

Result<Operand> ImporterImpl::Materialize(const HostTensor& tensor) {
  const auto type = DataTypeOf(tensor.element);
  if (!type) return NoSuchType(tensor.element);
  std::vector<uint32_t> sizes;
  for (int64_t size : tensor.sizes) {
    if (size == 0) {
      return NotSupported("a tensor of shape [{}] has no elements, which WebNN's tensors must have",
                          fmt::join(tensor.sizes, ", "));
    }
    sizes.push_back(static_cast<uint32_t>(std::clamp<int64_t>(size, 0, UINT32_MAX)));
  }
  // The hash of what is large would cost a read of the whole file.
  constexpr size_t kSmall = size_t{1} << 20;
  const bool small = tensor.bytes.size() <= kSmall;
  const Hash128 hash =
      small ? HashBytes(tensor.bytes)
            : Hash128{.high = 0, .low = reinterpret_cast<uintptr_t>(tensor.bytes.data())};
  const auto key = std::tuple(hash, tensor.element, tensor.sizes);
  const auto found = constants_.find(key);
  if (found != constants_.end() &&
      (found->second.bytes.data() == tensor.bytes.data() ||
       (small && std::ranges::equal(found->second.bytes, tensor.bytes)))) {
    return found->second.operand;
  }
  WEBNN_ASSIGN_OR_RETURN(const OperandDescriptor descriptor,
                         OperandDescriptor::Create(*type, Shape(std::move(sizes))));
  WEBNN_ASSIGN_OR_RETURN(const Operand operand,
                         builder_.ConstantView(descriptor, tensor.bytes, tensor.owner));
  sources_.insert(operand.id);
  if (found == constants_.end()) constants_.emplace(key, Constant{tensor.bytes, operand});
  return operand;
}

Result<Operand> ImporterImpl::Scalar(Number value, DataType type) {
  const auto bytes = value.Encode(type);
  uint64_t bits = 0;
  std::memcpy(&bits, bytes.data(), bytes.size());
  const auto key = std::pair(type, bits);
  if (const auto found = scalars_.find(key); found != scalars_.end()) return found->second;
  WEBNN_ASSIGN_OR_RETURN(const Operand operand, builder_.Constant(type, value));
  sources_.insert(operand.id);
  scalars_.emplace(key, operand);
  return operand;
}

const OperandDescriptor& ImporterImpl::Describe(Operand operand) {
  const auto found = descriptors_.find(operand.id);
  if (found != descriptors_.end()) return found->second;
  auto descriptor = builder_.Describe(operand);
  static const OperandDescriptor kNone = OperandDescriptor::Scalar(DataType::kFloat32);
  if (!descriptor) return kNone;
  return descriptors_.emplace(operand.id, *std::move(descriptor)).first->second;
}

// ---- Errors. ----

Error ImporterImpl::NoSuchType(Element element) {
  const bool narrow = element == Element::kDouble || element == Element::kBfloat16;
  return {ErrorCode::kNotSupported, fmt::format("WebNN has no tensors of {}", NameOf(element)),
          narrow ? "LoadOptions::narrow (--narrow) makes it float32" : ""};
}

Error ImporterImpl::Place(const NodeData& node, Error error) {
  if (placed_) return error;
  placed_ = true;
  error.message =
      fmt::format("{}: node \"{}\" ({}): {}", model_->name(), node.label, node.op, error.message);
  error.rule.clear();
  return error;
}

void ImporterImpl::ReportUnsupported(const NodeData& node, const Error& error) {
  unsupported_.push_back({node.op, node.label, error.message, error.rule});
}

Error ImporterImpl::UnsupportedError() const {
  std::string text = fmt::format("{} cannot be imported:", model_->name());
  for (const UnsupportedNode& one : unsupported_) {
    text += one.op == "input" || one.op == "output"
                ? fmt::format("\n  {} \"{}\"", one.op, one.node)
                : fmt::format("\n  node \"{}\" ({})", one.node, one.op);
    text += fmt::format(": {}{}{}", one.reason, one.help.empty() ? "" : "; ", one.help);
  }
  return NotSupported("{}", text);
}

// ---- Values. ----

Slot* ImporterImpl::NewSlot(Scope& scope, std::string_view name) {
  Slot* slot = &slots_.emplace_back(Slot{.name = name});
  if (!name.empty()) scope.values.insert_or_assign(name, slot);
  return slot;
}

Result<void> ImporterImpl::AddWeights(const GraphProto& graph, Scope& scope) {
  const auto add = [&](const std::string& name) -> Result<Slot*> {
    if (name.empty()) return TypeError("{}: a weight has no name", model_->name());
    if (scope.values.contains(name)) {
      return TypeError("{}: two values are named \"{}\"", model_->name(), name);
    }
    return NewSlot(scope, name);
  };
  for (const auto& weight : graph.initializer()) {
    WEBNN_ASSIGN_OR_RETURN(Slot* const slot, add(weight.name()));
    slot->weight = &weight;
  }
  for (const auto& weight : graph.sparse_initializer()) {
    WEBNN_ASSIGN_OR_RETURN(Slot* const slot, add(weight.values().name()));
    slot->sparse_weight = &weight;
  }
  return {};
}

Result<void> ImporterImpl::LoadWeight(Slot& slot) {
  if (slot.weight == nullptr && slot.sparse_weight == nullptr) return {};
  WEBNN_ASSIGN_OR_RETURN(HostTensor tensor, slot.weight != nullptr
                                                ? loader_.Load(*slot.weight)
                                                : loader_.Load(*slot.sparse_weight));
  slot.weight = nullptr;
  slot.sparse_weight = nullptr;
  slot.value.element = tensor.element;
  slot.value.sizes = tensor.sizes;
  slot.value.what = std::move(tensor);
  return {};
}

// ---- Nodes. ----

Result<void> ImporterImpl::ImportBody(const Body& body, const Frame& frame, Scope& scope) {
  if (depth_ > 0) {
    for (const NodeProto& node : body.nodes) {
      inlined_values_ += 1 + static_cast<size_t>(node.input_size() + node.output_size());
    }
    if (inlined_values_ > kMaxInlinedValues) {
      return NotSupported("calls and loops come to more than {} nodes and values",
                          kMaxInlinedValues);
    }
  }
  auto order = OrderNodes(
      body.nodes, body.outputs, [&](std::string_view name) { return scope.values.contains(name); },
      [&](std::string_view name) { return scope.Has(name); });
  if (!order) {
    if (!placed_) {
      order.error().message =
          fmt::format("{}: {}{}", model_->name(), body.place, order.error().message);
    }
    placed_ = true;
    return order.error();
  }
  for (int index : order->nodes) {
    const NodeProto& proto = body.nodes[index];
    NodeData node{.proto = proto,
                  .op = OpName(proto),
                  .label = Shorten(body.place + (proto.name().empty() ? fmt::format("#{}", index)
                                                                      : proto.name())),
                  .opset = 0,
                  .frame = frame,
                  .scope = scope};
    for (const std::string& input : proto.input()) {
      node.inputs.push_back(input.empty() ? nullptr : scope.Find(input));
      if (node.inputs.back() != nullptr) node.inputs.back()->wanted = true;
    }
    for (const std::string& output : proto.output()) {
      node.outputs.push_back(output.empty() ? nullptr : NewSlot(scope, output));
      if (!output.empty()) node.outputs.back()->wanted = order->read.contains(output);
    }
    if (auto imported = ImportNode(node); !imported) return Place(node, imported.error());
  }
  return {};
}

// An error is what ends the import; what cannot be expressed is reported and passed over.
Result<void> ImporterImpl::ImportNode(NodeData& node) {
  const std::string_view domain = Canonical(node.proto.domain());
  const auto opset = node.frame.opsets.find(domain);
  if (opset != node.frame.opsets.end()) node.opset = opset->second;
  const FunctionProto* function = FindFunction(node.proto);
  if (function == nullptr && opset == node.frame.opsets.end()) {
    return TypeError("the model imports no version of the operators of \"{}\"",
                     node.proto.domain());
  }
  auto computed = function != nullptr ? CallFunction(node, *function) : Compute(node);
  if (computed.ok()) return CheckDeclared(node);
  if (placed_ || computed.error().code != ErrorCode::kNotSupported) return computed;
  ReportUnsupported(node, computed.error());
  RefuseOutputs(node);
  return {};
}

Result<void> ImporterImpl::Compute(NodeData& node) {
  const std::string_view domain = Canonical(node.proto.domain());
  bool is_judged = true;
  for (Slot* input : node.inputs) {
    if (input == nullptr) continue;
    WEBNN_RETURN_IF_ERROR(LoadWeight(*input));
    is_judged = is_judged && !input->refused;
  }
  const ControlFlow control_flow = domain.empty() ? FindControlFlow(node.proto.op_type()) : nullptr;
  if (is_judged && control_flow == nullptr) {
    WEBNN_ASSIGN_OR_RETURN(const bool folded, FoldNode(node));
    if (folded) return {};
  }
  const ImportRow* row = FindImportRow(domain, node.proto.op_type(), node.opset);
  if (row == nullptr && control_flow == nullptr) {
    return NotSupported("there is no such operator in WebNN, nor a way to compose it");
  }
  if (!is_judged) {
    for (Slot* output : node.outputs) {
      if (output != nullptr) output->refused = true;
    }
    return {};
  }
  if (control_flow != nullptr) return control_flow(*this, node);

  Node handle(*this, node);
  for (int k = 0; k < row->min_inputs; ++k) {
    if (!handle.Has(static_cast<size_t>(k))) {
      return TypeError("input {} is missing; the operator needs {}", k, row->min_inputs);
    }
  }
  WEBNN_RETURN_IF_ERROR(row->import(handle));
  WEBNN_RETURN_IF_ERROR(handle.status());
  for (size_t k = 0; k < node.outputs.size(); ++k) {
    const Slot* output = node.outputs[k];
    if (output != nullptr && output->wanted && !output->value.present() && !output->refused) {
      return NotSupported("its output {} (\"{}\") cannot be computed", k, output->name);
    }
  }
  return {};
}

Result<bool> ImporterImpl::FoldNode(NodeData& node) {
  const bool all_known = std::all_of(node.inputs.begin(), node.inputs.end(), [](const Slot* input) {
    return input == nullptr || input->value.known() != nullptr;
  });
  const std::string& op = node.proto.op_type();
  if (!all_known && op != "Shape" && op != "Size") return false;
  Node handle(*this, node);
  WEBNN_ASSIGN_OR_RETURN(auto results, Fold(handle));
  if (!results) return false;
  for (size_t k = 0; k < results->size(); ++k) {
    if (!handle.Wants(k)) continue;
    WEBNN_RETURN_IF_ERROR(handle.Set(k, std::move((*results)[k])));
  }
  return true;
}

Result<void> ImporterImpl::CountMade(const NodeData& node, const HostTensor& tensor) {
  // Not what is a view of an input, and not what lies in the file.
  const bool is_view = std::ranges::any_of(node.inputs, [&](const Slot* input) {
    const HostTensor* known = input == nullptr ? nullptr : input->value.known();
    return known != nullptr && known->owner == tensor.owner;
  });
  if (!is_view && node.op != "Constant") made_bytes_ += tensor.bytes.size();
  if (made_bytes_ <= kMaxMadeBytes) return {};
  return NotSupported("what is computed at import comes to more than {} bytes", kMaxMadeBytes);
}

// The outputs of a node that was refused: placeholders where the file says what they are, so that
// what reads them is judged, too.
void ImporterImpl::RefuseOutputs(NodeData& node) {
  for (Slot* output : node.outputs) {
    if (output == nullptr) continue;
    output->refused = true;
    const auto declared = declared_.find(output->name);
    if (&node.scope != main_scope_ || declared == declared_.end()) continue;
    const Element element = loader_.Narrow(ElementOf(*declared->second));
    const auto type = DataTypeOf(element);
    const auto sizes = dimensions_.TryFix(declared->second->tensor_type());
    if (!type || !sizes) continue;
    std::vector<uint32_t> shape;
    for (int64_t size : *sizes) {
      shape.push_back(size < 1 || size > INT32_MAX ? 0 : static_cast<uint32_t>(size));
    }
    // A name that no input of a file is likely to have; the builder is of no more use anyway.
    const auto operand = builder_.Input(fmt::format("placeholder for {}", output->name), *type,
                                        Shape(std::move(shape)));
    if (!operand) continue;
    output->refused = false;
    output->value = {.what = *operand, .element = element, .sizes = *sizes};
  }
}

Result<void> ImporterImpl::CheckDeclared(const NodeData& node) {
  if (&node.scope != main_scope_) return {};
  for (const Slot* output : node.outputs) {
    if (output == nullptr || !output->value.present()) continue;
    const auto declared = declared_.find(output->name);
    if (declared == declared_.end()) continue;
    const Element element = loader_.Narrow(ElementOf(*declared->second));
    const auto type = DataTypeOf(element);
    if (type && type != DataTypeOf(output->value.element)) {
      return TypeError("its output \"{}\" is declared as {}, but is {}", output->name,
                       NameOf(element), NameOf(output->value.element));
    }
  }
  return {};
}

}  // namespace webnn::onnx_format
