#include "conformance/run_conformance.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <span>
#include <utility>

#include "backends/onnxruntime/target.h"
#include "core/errors.h"
#include "core/try.h"
#include "graph/op_schema.h"
#include "lowering/writer.h"
#include "onnx/serialize.h"
#include "webnn/graph_builder.h"

namespace webnn::conformance {
namespace {

using Operands = std::map<std::string, Operand, std::less<>>;
using Bytes = std::vector<std::byte>;

// A string is an operand where the operator takes one, and a plain string everywhere else.
Result<Value> ToValue(const Json& json, bool is_operand, const Operands& operands) {
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    if (!is_operand) return Value(text);
    const auto found = operands.find(text);
    if (found == operands.end()) return TypeError("the case has no operand \"{}\"", text);
    return Value(found->second);
  }
  if (json.is_array()) {
    Value::List list;
    for (const Json& item : json) {
      WEBNN_ASSIGN_OR_RETURN(Value value, ToValue(item, is_operand, operands));
      list.push_back(std::move(value));
    }
    return Value(std::move(list));
  }
  WEBNN_ASSIGN_OR_RETURN(const Number number, ReadAnyNumber(json));
  return Value(number);
}

Result<void> AddOperator(GraphBuilder& builder, const OperatorCall& call, Operands& operands) {
  const OpSchema* schema = FindOp(call.name);
  if (schema == nullptr) return TypeError("there is no operator {}", call.name);
  std::vector<Value> arguments;
  for (const Json& json : call.arguments) {
    const size_t place = arguments.size();
    const bool is_operand = place < schema->fields.size() && schema->fields[place].required &&
                            schema->fields[place].is_operand;
    WEBNN_ASSIGN_OR_RETURN(Value value, ToValue(json, is_operand, operands));
    arguments.push_back(std::move(value));
  }
  NamedValues options;
  for (const auto& [name, json] : call.options.items()) {
    const OpField* field = schema->FindField(name);
    const bool is_operand = field != nullptr && field->is_operand;
    WEBNN_ASSIGN_OR_RETURN(Value value, ToValue(json, is_operand, operands));
    options.emplace(name, std::move(value));
  }
  WEBNN_ASSIGN_OR_RETURN(const auto results, builder.Call(call.name, arguments, options));
  if (results.size() != call.outputs.size()) {
    return TypeError("{} has {} outputs, the case names {}", call.name, results.size(),
                     call.outputs.size());
  }
  for (size_t i = 0; i < results.size(); ++i) operands[call.outputs[i]] = results[i];
  return {};
}

// The graph's ONNX as the CPU back end gets it, weights inside, for `onnx.checker`.
Result<void> DumpOnnx(const GraphDefinition& definition, const std::filesystem::path& path) {
  WEBNN_ASSIGN_OR_RETURN(
      const onnx_format::SerializedModel model,
      onnx_format::Serialize(lowering::Writer(*definition.data(), OnnxRuntimeTarget()).Finish(),
                             {.embed_weights = true, .value_shapes = true}));
  std::ofstream file(path, std::ios::binary);
  file.write(model.proto.data(), static_cast<std::streamsize>(model.proto.size()));
  if (!file.flush()) return OperationError("cannot write {}", path.string());
  return {};
}

// All of the case's graph; gives its outputs.
Result<std::vector<GraphBuilder::NamedOutput>> AddGraph(GraphBuilder& builder,
                                                        const ConformanceCase& test) {
  Operands operands;
  for (const auto& [name, data] : test.inputs) {
    auto operand = data.constant ? builder.Constant(data.descriptor, data.Encode())
                                 : builder.Input(name, data.descriptor);
    if (!operand) return std::move(operand.error());
    operands[name] = *operand;
  }
  for (const OperatorCall& call : test.operators) {
    WEBNN_RETURN_IF_ERROR(AddOperator(builder, call, operands));
  }
  std::vector<GraphBuilder::NamedOutput> outputs;
  for (const auto& [name, data] : test.outputs) {
    const auto found = operands.find(name);
    if (found == operands.end()) return TypeError("no operator makes the output {}", name);
    outputs.emplace_back(name, found->second);
  }
  return outputs;
}

Result<Graph> BuildGraph(const Context& context, const ConformanceCase& test,
                         const std::filesystem::path& dump, ModelFormat through) {
  WEBNN_ASSIGN_OR_RETURN(GraphBuilder builder, GraphBuilder::Create(context));
  WEBNN_ASSIGN_OR_RETURN(const auto outputs, AddGraph(builder, test));
  if (dump.empty() && through == ModelFormat::kAuto) return builder.Build(outputs);
  WEBNN_ASSIGN_OR_RETURN(GraphDefinition definition, builder.Finish(outputs));
  if (through == ModelFormat::kAuto) {
    WEBNN_RETURN_IF_ERROR(DumpOnnx(definition, dump));
    return context.Compile(definition);
  }
  WEBNN_ASSIGN_OR_RETURN(const std::string file,
                         SaveModelToMemory(definition, {.format = through}));
  if (!dump.empty()) WEBNN_RETURN_IF_ERROR(WriteFile(dump, file));
  WEBNN_ASSIGN_OR_RETURN(definition, LoadGraph(std::as_bytes(std::span(file))));
  return context.Compile(definition);
}

// The graph's view of its tensors must be the case's: a wrong shape is an error of its own.
Result<void> CheckDescriptors(const std::vector<NamedDescriptor>& actual, const NamedData& expected,
                              std::string_view kind) {
  for (const NamedDescriptor& tensor : actual) {
    const auto same_name = [&](const auto& entry) { return entry.first == tensor.name; };
    const auto found = std::find_if(expected.begin(), expected.end(), same_name);
    if (found == expected.end()) return TypeError("the case has no {} {}", kind, tensor.name);
    if (found->second.descriptor != tensor.descriptor) {
      return TypeError("{} {} is {}, expected {}", kind, tensor.name, ToString(tensor.descriptor),
                       ToString(found->second.descriptor));
    }
  }
  return {};
}

const TensorData& Find(const NamedData& data, const std::string& name) {
  return std::find_if(data.begin(), data.end(),
                      [&](const auto& entry) { return entry.first == name; })
      ->second;
}

Result<std::vector<Bytes>> RunOnTensors(const Context& context, const Graph& graph,
                                        const NamedData& inputs) {
  std::vector<NamedTensor> bound_inputs;
  for (const NamedDescriptor& input : graph.inputs()) {
    WEBNN_ASSIGN_OR_RETURN(Tensor tensor,
                           context.CreateTensor(input.descriptor, {.writable = true}));
    WEBNN_RETURN_IF_ERROR(context.WriteTensor(tensor, Find(inputs, input.name).Encode()));
    bound_inputs.emplace_back(input.name, std::move(tensor));
  }
  std::vector<NamedTensor> bound_outputs;
  for (const NamedDescriptor& output : graph.outputs()) {
    WEBNN_ASSIGN_OR_RETURN(Tensor tensor,
                           context.CreateTensor(output.descriptor, {.readable = true}));
    bound_outputs.emplace_back(output.name, std::move(tensor));
  }
  WEBNN_RETURN_IF_ERROR(context.Dispatch(graph, bound_inputs, bound_outputs));
  std::vector<Bytes> results;
  for (const auto& [name, tensor] : bound_outputs) {
    Bytes& bytes = results.emplace_back(tensor.descriptor().byte_length());
    WEBNN_RETURN_IF_ERROR(context.ReadTensor(tensor, bytes));
  }
  return results;
}

Result<std::vector<Bytes>> RunOnHostMemory(const Context& context, const Graph& graph,
                                           const NamedData& inputs) {
  std::vector<Bytes> input_bytes;
  std::vector<Bytes> results;
  for (const NamedDescriptor& input : graph.inputs()) {
    input_bytes.push_back(Find(inputs, input.name).Encode());
  }
  for (const NamedDescriptor& output : graph.outputs()) {
    results.emplace_back(output.descriptor.byte_length());
  }
  std::vector<NamedInputBytes> bound_inputs;
  bound_inputs.reserve(input_bytes.size());
  for (size_t i = 0; i < input_bytes.size(); ++i) {
    bound_inputs.emplace_back(graph.inputs()[i].name, input_bytes[i]);
  }
  std::vector<NamedOutputBytes> bound_outputs;
  bound_outputs.reserve(results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    bound_outputs.emplace_back(graph.outputs()[i].name, results[i]);
  }
  WEBNN_RETURN_IF_ERROR(context.Compute(graph, bound_inputs, bound_outputs));
  return results;
}

void Keep(std::optional<WorstOutput>& worst, WorstOutput output, Metric metric) {
  const auto fails = [](const WorstOutput& one) { return !one.comparison.ok(); };
  const bool replace =
      !worst || (fails(output) != fails(*worst)
                     ? fails(output)
                     : Farther(output.comparison.worst, worst->comparison.worst, metric));
  if (replace) worst = std::move(output);
}

// Fills in the result; an error stands for whatever prevented a comparison.
Result<void> Run(const Context& context, const ConformanceCase& test, RunMode mode,
                 const std::filesystem::path& dump, ModelFormat through, CaseResult& result) {
  WEBNN_ASSIGN_OR_RETURN(const Graph graph, BuildGraph(context, test, dump, through));
  WEBNN_RETURN_IF_ERROR(CheckDescriptors(graph.inputs(), test.inputs, "input"));
  WEBNN_RETURN_IF_ERROR(CheckDescriptors(graph.outputs(), test.outputs, "output"));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<Bytes> got,
                         mode == RunMode::kTensors ? RunOnTensors(context, graph, test.inputs)
                                                   : RunOnHostMemory(context, graph, test.inputs));
  if (got.size() != test.outputs.size()) {
    return OperationError("the graph has {} outputs, expected {}", got.size(), test.outputs.size());
  }
  bool ok = true;
  for (size_t i = 0; i < got.size(); ++i) {
    const std::string& name = graph.outputs()[i].name;
    const TensorData& expected = Find(test.outputs, name);
    Comparison comparison = Compare(expected, got[i], test.tolerance);
    ok = ok && comparison.ok();
    result.compared += comparison.compared;
    std::string position = PositionText(expected.descriptor.shape(), comparison.worst_index);
    Keep(result.worst, {name, std::move(position), std::move(comparison)}, test.tolerance.metric);
  }
  if (ok) result.status = Status::kPassed;
  return {};
}

std::string Describe(const WorstOutput& worst, const Tolerance& tolerance) {
  const Comparison& comparison = worst.comparison;
  return fmt::format("output {}: worst {} at {} (allowed {}): got {}, expected {}", worst.name,
                     ToText(comparison.worst, tolerance.metric), worst.position, tolerance.value,
                     comparison.got, comparison.expected);
}

}  // namespace

Result<GraphDefinition> DefineGraph(const ConformanceCase& test) {
  GraphBuilder builder;
  WEBNN_ASSIGN_OR_RETURN(const auto outputs, AddGraph(builder, test));
  return builder.Finish(outputs);
}

CaseResult RunConformanceCase(const Context& context, const ConformanceCase& test, RunMode mode,
                              const std::filesystem::path& dump, ModelFormat through) {
  CaseResult result{.name = test.name,
                    .kind = CaseKind::kConformance,
                    .required = test.required,
                    .ops = test.ops,
                    .tolerance = test.tolerance};
  if (const auto run = Run(context, test, mode, dump, through, result); !run) {
    result.error = ToString(run.error());
  } else if (result.compared == 0) {
    result.status = Status::kFailed;
    result.error = "nothing was compared";
  } else if (!result.ok()) {
    result.error = Describe(*result.worst, test.tolerance);
  }
  return result;
}

}  // namespace webnn::conformance
