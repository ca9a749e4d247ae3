#include "webnn/graph_builder.h"

#include <atomic>
#include <unordered_set>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "graph/builder_state.h"
#include "graph/infer_context.h"
#include "graph/op_schema.h"
#include "graph/subgraph.h"

namespace webnn {
namespace {

std::string TypeNames(DataTypeSet types) {
  std::string names;
  for (DataType type : types.List()) {
    if (!names.empty()) names += ", ";
    names += Name(type);
  }
  return names;
}

std::string RankText(RankRange range) {
  if (range.min == range.max) return fmt::format("{}", range.min);
  return fmt::format("{} to {}", range.min, range.max);
}

// Label, operator and rule in front of and beside the text.
Error Reject(const OpSchema& schema, const void* op, std::string rule, const std::string& text) {
  return {ErrorCode::kTypeError,
          fmt::format("{}: {}", MessagePrefix(schema.label(op), schema.name), text),
          std::move(rule)};
}

Result<void> CheckReady(const BuilderState& state) {
  if (state.spent) {
    return InvalidState("the builder has built its graph; make a new builder for another one");
  }
  if (state.host) return state.host->CheckAlive();
  return {};
}

bool Owns(const BuilderState& state, Operand operand) {
  return operand.builder == state.number && operand.id < state.graph.operands.size();
}

Result<void> CheckLimits(const BuilderState& state, const OperandDescriptor& descriptor,
                         const TensorLimits& limits) {
  if (!limits.data_types.Has(descriptor.data_type())) {
    return TypeError("data type {} is not supported here; supported are {}",
                     Name(descriptor.data_type()), TypeNames(limits.data_types));
  }
  if (descriptor.rank() > limits.rank_range.max) {
    return TypeError("the shape {} has rank {}; supported are ranks {}",
                     ToString(descriptor.shape()), descriptor.rank(), RankText(limits.rank_range));
  }
  if (descriptor.byte_length() > state.limits->max_tensor_byte_length) {
    return TypeError("{} takes {} bytes; the limit of this context (maxTensorByteLength) is {}",
                     ToString(descriptor), descriptor.byte_length(),
                     state.limits->max_tensor_byte_length);
  }
  return {};
}

Error Prefixed(std::string_view where, Error error) {
  error.message = fmt::format("{}: {}", where, error.message);
  return error;
}

// Types and ranks of one operand field, by the row and the context's limits.
Result<void> CheckOperandField(const BuilderState& state, const OpSchema& schema, const void* op,
                               const OpField& field, const TensorLimits& limits) {
  const auto operands = OperandsOf(field, op);
  for (size_t i = 0; i < operands.size(); ++i) {
    const auto where = [&] {
      return field.operands != nullptr && field.type.starts_with("sequence")
                 ? fmt::format("{}[{}]", field.name, i)
                 : std::string(field.name);
    };
    if (!Owns(state, operands[i])) {
      return Reject(schema, op, fmt::format("{}-of-this-builder", field.name),
                    fmt::format("{} is {}", where(),
                                operands[i].builder == 0 ? "not an operand"
                                                         : "an operand of another builder"));
    }
    const OperandDescriptor& given = state.graph.operands[operands[i].id].descriptor;
    if (!limits.data_types.Has(given.data_type())) {
      return Reject(schema, op, fmt::format("{}-type", field.name),
                    fmt::format("{} has data type {}; allowed are {}", where(),
                                Name(given.data_type()), TypeNames(limits.data_types)));
    }
    if (given.rank() < limits.rank_range.min || given.rank() > limits.rank_range.max) {
      return Reject(
          schema, op, fmt::format("{}-rank", field.name),
          fmt::format("{} has shape {}, of rank {}; allowed are ranks {}", where(),
                      ToString(given.shape()), given.rank(), RankText(limits.rank_range)));
    }
    if (field.same_type_as.empty()) continue;
    const OpField* other = schema.FindField(field.same_type_as);
    const auto others = OperandsOf(*other, op);
    if (others.empty() || !Owns(state, others[0])) continue;
    const DataType expected = state.graph.operands[others[0].id].descriptor.data_type();
    if (given.data_type() != expected) {
      return Reject(schema, op, fmt::format("{}-type-as-{}", field.name, field.same_type_as),
                    fmt::format("{} has data type {}, but {} has {}; they must be equal", where(),
                                Name(given.data_type()), field.same_type_as, Name(expected)));
    }
  }
  return {};
}

std::vector<NamedOperand> ToNamed(std::span<const GraphBuilder::NamedOutput> outputs) {
  std::vector<NamedOperand> named;
  for (const auto& [name, operand] : outputs) named.push_back({name, operand.id});
  return named;
}

}  // namespace

std::unique_ptr<BuilderState> NewBuilderState(std::shared_ptr<BuilderHost> host,
                                              std::shared_ptr<const ContextLimits> limits) {
  // Numbers tell the operands of builders apart; they mean nothing else.
  static std::atomic<uint32_t> next_number{1};
  auto state = std::make_unique<BuilderState>();
  state->host = std::move(host);
  state->limits = std::move(limits);
  state->number = next_number.fetch_add(1, std::memory_order_relaxed);
  return state;
}

GraphBuilder::GraphBuilder() {
  static const auto kLimits = std::make_shared<const ContextLimits>(SpecificationLimits());
  state_ = NewBuilderState(nullptr, kLimits);
}
GraphBuilder::GraphBuilder(std::unique_ptr<BuilderState> state) : state_(std::move(state)) {}
GraphBuilder::GraphBuilder(GraphBuilder&&) noexcept = default;
GraphBuilder& GraphBuilder::operator=(GraphBuilder&&) noexcept = default;
GraphBuilder::~GraphBuilder() = default;

Result<Operand> GraphBuilder::Input(std::string name, DataType type, Shape shape) {
  auto descriptor = OperandDescriptor::Create(type, std::move(shape));
  if (!descriptor) return Prefixed(fmt::format("input \"{}\"", name), descriptor.error());
  return Input(std::move(name), *descriptor);
}

Result<Operand> GraphBuilder::Input(std::string name, const OperandDescriptor& descriptor) {
  WEBNN_RETURN_IF_ERROR(CheckReady(*state_));
  if (name.empty()) return TypeError("input: the name is empty");
  if (auto fits = CheckLimits(*state_, descriptor, state_->limits->input); !fits) {
    return Prefixed(fmt::format("input \"{}\"", name), fits.error());
  }
  GraphData& graph = state_->graph;
  const auto id = static_cast<uint32_t>(graph.operands.size());
  graph.operands.push_back(
      {descriptor, OperandKind::kInput, static_cast<uint32_t>(graph.inputs.size())});
  graph.inputs.push_back({std::move(name), id});
  return Operand{id, state_->number};
}

Result<Operand> GraphBuilder::Constant(const OperandDescriptor& descriptor,
                                       std::span<const std::byte> bytes) {
  WEBNN_RETURN_IF_ERROR(CheckReady(*state_));
  if (bytes.size() != descriptor.byte_length()) {
    return ConstantView(descriptor, bytes);  // which says what is wrong
  }
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  return ConstantView(descriptor, *copy, copy);
}

Result<Operand> GraphBuilder::ConstantView(const OperandDescriptor& descriptor,
                                           std::span<const std::byte> bytes,
                                           std::shared_ptr<const void> keep_alive) {
  WEBNN_RETURN_IF_ERROR(CheckReady(*state_));
  if (bytes.size() != descriptor.byte_length()) {
    return TypeError("constant: {} needs {} bytes, given are {}", ToString(descriptor),
                     descriptor.byte_length(), bytes.size());
  }
  if (auto fits = CheckLimits(*state_, descriptor, state_->limits->constant); !fits) {
    return Prefixed("constant", fits.error());
  }
  GraphData& graph = state_->graph;
  const auto id = static_cast<uint32_t>(graph.operands.size());
  graph.operands.push_back(
      {descriptor, OperandKind::kConstant, static_cast<uint32_t>(graph.constants.size())});
  graph.constants.push_back({std::move(keep_alive), bytes, std::make_shared<KnownHash>()});
  return Operand{id, state_->number};
}

Result<Operand> GraphBuilder::Constant(DataType type, Number value) {
  WEBNN_ASSIGN_OR_RETURN(const OperandDescriptor descriptor, OperandDescriptor::Create(type, {}));
  if (BitsPerElement(type) < 8) {
    return TypeError("constant: a scalar cannot be {}; give its bytes", Name(type));
  }
  const auto bytes = value.Encode(type);
  return Constant(descriptor, std::span(bytes).first(descriptor.byte_length()));
}

Result<Operand> GraphBuilder::Constant(const Tensor& tensor) {
  if (!state_->host) return TypeError("constant: the builder has no context, so no tensors");
  // The specification looks at the tensor first, at the builder second.
  WEBNN_ASSIGN_OR_RETURN(ConstantTensor constant, state_->host->GetConstant(tensor));
  WEBNN_ASSIGN_OR_RETURN(
      const Operand operand,
      ConstantView(constant.descriptor, constant.data.bytes, constant.data.owner));
  state_->graph.constants.back().hash = std::move(constant.data.hash);
  state_->constant_tensors.push_back(tensor);
  return operand;
}

Result<std::vector<Operand>> GraphBuilder::AddOp(const OpSchema& schema, const void* op) {
  WEBNN_RETURN_IF_ERROR(CheckReady(*state_));
  GraphData& graph = state_->graph;
  const OpLimits& limits = state_->limits->ops[IndexOf(schema)];
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const OpField& field = schema.fields[i];
    if (field.is_operand) {
      WEBNN_RETURN_IF_ERROR(CheckOperandField(*state_, schema, op, field, limits.fields[i]));
    } else if (!field.valid(op)) {
      return Reject(schema, op, fmt::format("{}-value", field.name),
                    fmt::format("{} must be {}", field.name, field.expects));
    }
  }
  WEBNN_ASSIGN_OR_RETURN(std::vector<OutputShape> shapes,
                         schema.infer(InferContext(graph, schema, schema.label(op)), op));

  std::vector<OperandDescriptor> descriptors;
  for (size_t k = 0; k < shapes.size(); ++k) {
    std::vector<uint32_t> sizes;
    for (uint64_t size : shapes[k].sizes) {
      if (size > 0xffffffffu) {
        return Reject(schema, op, "output-size",
                      fmt::format("output {} would have shape [{}], which is too large", k,
                                  fmt::join(shapes[k].sizes, ", ")));
      }
      sizes.push_back(static_cast<uint32_t>(size));
    }
    auto descriptor = OperandDescriptor::Create(shapes[k].data_type, Shape(std::move(sizes)));
    if (!descriptor) {
      return Reject(schema, op, "output-size",
                    fmt::format("output {}: {}", k, descriptor.error().message));
    }
    const TensorLimits& output_limits = limits.outputs[std::min(k, limits.outputs.size() - 1)];
    if (auto fits = CheckLimits(*state_, *descriptor, output_limits); !fits) {
      return Reject(schema, op, "output-limits",
                    fmt::format("output {}: {}", k, fits.error().message));
    }
    descriptors.push_back(*std::move(descriptor));
  }

  const auto node = static_cast<uint32_t>(graph.nodes.size());
  const auto first = static_cast<uint32_t>(graph.operands.size());
  std::vector<Operand> outputs;
  for (OperandDescriptor& descriptor : descriptors) {
    outputs.push_back({static_cast<uint32_t>(graph.operands.size()), state_->number});
    graph.operands.push_back({std::move(descriptor), OperandKind::kResult, node});
  }
  graph.nodes.push_back({&schema, schema.copy(op), first, static_cast<uint32_t>(outputs.size())});
  return outputs;
}

Result<std::vector<Operand>> GraphBuilder::Call(std::string_view name,
                                                std::span<const Value> arguments,
                                                const NamedValues& options) {
  const OpSchema* schema = FindOp(name);
  if (schema == nullptr) return TypeError("there is no operator \"{}\"", name);
  const std::shared_ptr<void> op = schema->make();
  // The label first, so that it is in every message.
  if (auto label = options.find("label"); label != options.end() && !label->second.absent()) {
    if (!schema->fields.back().read(op.get(), label->second)) {
      return Reject(*schema, op.get(), "label-value", "label must be a string");
    }
  }
  auto read = [&](const OpField& field, const Value& value) -> Result<void> {
    if (field.read(op.get(), value)) return {};
    return Reject(*schema, op.get(), fmt::format("{}-value", field.name),
                  fmt::format("{} must be {}", field.name, field.expects));
  };
  size_t required = 0;
  for (const OpField& field : schema->fields) {
    if (!field.required) break;
    if (required == arguments.size()) {
      return Reject(*schema, op.get(), "argument-count",
                    fmt::format("argument {} ({}) is missing", required + 1, field.name));
    }
    WEBNN_RETURN_IF_ERROR(read(field, arguments[required++]));
  }
  if (arguments.size() > required) {
    return Reject(*schema, op.get(), "argument-count",
                  fmt::format("takes {} arguments, {} are given", required, arguments.size()));
  }
  for (const auto& [key, value] : options) {
    const OpField* field = schema->FindField(key);
    if (field == nullptr || field->required) {
      return Reject(*schema, op.get(), "option-name",
                    fmt::format("there is no option \"{}\"", key));
    }
    if (!value.absent()) WEBNN_RETURN_IF_ERROR(read(*field, value));
  }
  return AddOp(*schema, op.get());
}

Result<OperandDescriptor> GraphBuilder::Describe(Operand operand) const {
  if (!Owns(*state_, operand)) return TypeError("the operand does not belong to this builder");
  return state_->graph.operands[operand.id].descriptor;
}

Result<void> GraphBuilder::CheckOutputs(std::span<const NamedOutput> outputs) const {
  WEBNN_RETURN_IF_ERROR(CheckReady(*state_));
  if (outputs.empty()) return TypeError("build: there are no outputs");
  std::unordered_set<std::string_view> names;
  for (const auto& [name, operand] : outputs) {
    if (name.empty()) return TypeError("build: the name of an output is empty");
    if (!names.insert(name).second) return TypeError("build: two outputs are named \"{}\"", name);
    if (!Owns(*state_, operand)) {
      return TypeError("build: output \"{}\" is not an operand of this builder", name);
    }
    const OperandRecord& record = state_->graph.operands[operand.id];
    if (record.kind != OperandKind::kResult) {
      return TypeError("build: output \"{}\" is an input or a constant; pass it through `identity`",
                       name);
    }
    if (auto fits = CheckLimits(*state_, record.descriptor, state_->limits->output); !fits) {
      return Prefixed(fmt::format("build: output \"{}\"", name), fits.error());
    }
  }
  // Upstream's tests want two inputs of one name accepted until they meet in a graph.
  names.clear();
  for (const NamedOperand& input : state_->graph.inputs) {
    if (!names.insert(input.name).second) {
      return TypeError("build: two inputs are named \"{}\"", input.name);
    }
  }
  for (const Tensor& tensor : state_->constant_tensors) {
    if (auto constant = state_->host->GetConstant(tensor); !constant) {
      return Prefixed("build", constant.error());
    }
  }
  return {};
}

Result<GraphDefinition> GraphBuilder::Snapshot(std::span<const NamedOutput> outputs) const {
  WEBNN_RETURN_IF_ERROR(CheckOutputs(outputs));
  auto graph = std::make_shared<GraphData>(state_->graph);
  graph->outputs = ToNamed(outputs);
  KeepReachable(*graph);
  return GraphDefinition(std::move(graph));
}

Result<GraphDefinition> GraphBuilder::Finish(std::span<const NamedOutput> outputs) {
  WEBNN_RETURN_IF_ERROR(CheckOutputs(outputs));
  state_->spent = true;
  auto graph = std::make_shared<GraphData>(std::move(state_->graph));
  state_->graph = {};
  state_->constant_tensors.clear();
  graph->outputs = ToNamed(outputs);
  KeepReachable(*graph);
  return GraphDefinition(std::move(graph));
}

Result<Graph> GraphBuilder::Build(std::span<const NamedOutput> outputs) {
  if (!state_->host) {
    return InvalidState(
        "build: the builder has no context; use Finish, or make it with GraphBuilder::Create");
  }
  WEBNN_ASSIGN_OR_RETURN(GraphDefinition definition, Finish(outputs));
  return state_->host->Compile(definition);
}

}  // namespace webnn
