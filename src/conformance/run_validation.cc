#include "conformance/run_validation.h"

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "fmt/format.h"
#include "graph/op_schema.h"
#include "webnn/graph_builder.h"

namespace webnn::conformance {
namespace {

// ---- What the binding of a browser does before the builder sees a call. ----

// WebIDL's [EnforceRange] unsigned long: the fraction is dropped, then the range is checked.
Result<uint32_t> ReadUnsignedLong(const Json& json) {
  constexpr double kMax = std::numeric_limits<uint32_t>::max();
  WEBNN_ASSIGN_OR_RETURN(const Number number, ReadAnyNumber(json));
  const double whole = std::trunc(number.ToDouble());
  if (!(whole >= 0 && whole <= kMax)) {
    return TypeError("{} is not an integer in [0, 4294967295]", ToString(number));
  }
  return static_cast<uint32_t>(whole);
}

Result<DataType> ReadDataType(const Json& json) {
  const auto type =
      json.is_string() ? ParseDataType(json.get_ref<const std::string&>()) : std::nullopt;
  if (!type) return TypeError("{} is not a data type", json.dump());
  return *type;
}

Result<OperandDescriptor> ReadDescriptor(const Json& json) {
  if (!json.is_object() || !json.contains("dataType") || !json.contains("shape") ||
      !json["shape"].is_array()) {
    return TypeError("{} is not an operand descriptor", json.dump());
  }
  WEBNN_ASSIGN_OR_RETURN(const DataType type, ReadDataType(json["dataType"]));
  std::vector<uint32_t> sizes;
  for (const Json& size : json["shape"]) {
    WEBNN_ASSIGN_OR_RETURN(const uint32_t value, ReadUnsignedLong(size));
    sizes.push_back(value);
  }
  return OperandDescriptor::Create(type, Shape(std::move(sizes)));
}

// Whether an array of this class may hold elements of this type. Plain buffers and bytes always
// may.
bool ViewFits(std::string_view view, DataType type) {
  struct Row {
    std::string_view view;
    DataType type;
  };
  static constexpr std::array<Row, 9> kRows = {{{"Float32Array", DataType::kFloat32},
                                                {"Float16Array", DataType::kFloat16},
                                                {"Uint16Array", DataType::kFloat16},
                                                {"Int32Array", DataType::kInt32},
                                                {"Uint32Array", DataType::kUint32},
                                                {"BigInt64Array", DataType::kInt64},
                                                {"BigUint64Array", DataType::kUint64},
                                                {"Int8Array", DataType::kInt8},
                                                {"Uint8Array", DataType::kUint8}}};
  if (view == "ArrayBuffer" || view == "SharedArrayBuffer" || view == "Uint8Array") return true;
  for (const Row& row : kRows) {
    if (row.view == view && row.type == type) return true;
  }
  return false;
}

// ---- The steps of one case. ----

class Steps {
 public:
  explicit Steps(const Context& context) : context_(context) {}

  Result<std::vector<Operand>> Run(const ValidationStep& step) {
    WEBNN_ASSIGN_OR_RETURN(GraphBuilder* const builder, BuilderOf(step.builder));
    WEBNN_ASSIGN_OR_RETURN(std::vector<Operand> operands, Call(*builder, step));
    results_[step.id] = operands;
    return operands;
  }

  Result<OperandDescriptor> Describe(const ValidationStep& step, Operand operand) {
    return builders_.at(step.builder).Describe(operand);
  }

 private:
  Result<GraphBuilder*> BuilderOf(int64_t number) {
    auto found = builders_.find(number);
    if (found == builders_.end()) {
      WEBNN_ASSIGN_OR_RETURN(GraphBuilder builder, GraphBuilder::Create(context_));
      found = builders_.emplace(number, std::move(builder)).first;
    }
    return &found->second;
  }

  Result<std::vector<Operand>> Call(GraphBuilder& builder, const ValidationStep& step) {
    if (step.method == "input" || step.method == "constant") {
      WEBNN_ASSIGN_OR_RETURN(const Operand operand, step.method == "input"
                                                        ? Input(builder, step.arguments)
                                                        : Constant(builder, step.arguments));
      return std::vector{operand};
    }
    return CallOperator(builder, step);
  }

  static Result<Operand> Input(GraphBuilder& builder, const Json& arguments) {
    if (arguments.size() != 2 || !arguments[0].is_string()) {
      return TypeError("input takes a name and a descriptor");
    }
    WEBNN_ASSIGN_OR_RETURN(const OperandDescriptor descriptor, ReadDescriptor(arguments[1]));
    return builder.Input(arguments[0].get<std::string>(), descriptor);
  }

  static Result<Operand> Constant(GraphBuilder& builder, const Json& arguments) {
    if (arguments.size() != 2) return TypeError("constant takes two arguments");
    if (arguments[0].is_string()) {
      WEBNN_ASSIGN_OR_RETURN(const DataType type, ReadDataType(arguments[0]));
      WEBNN_ASSIGN_OR_RETURN(const Number number, ReadAnyNumber(arguments[1]));
      return builder.Constant(type, number);
    }
    WEBNN_ASSIGN_OR_RETURN(const OperandDescriptor descriptor, ReadDescriptor(arguments[0]));
    const Json& buffer = arguments[1];
    if (!buffer.is_object() || !buffer.contains("$bytes") || !buffer.contains("$view")) {
      return TypeError("{} is not a buffer", buffer.dump());
    }
    const auto view = buffer["$view"].get<std::string>();
    if (!ViewFits(view, descriptor.data_type())) {
      return TypeError("a {} does not hold {}", view, Name(descriptor.data_type()));
    }
    const std::vector<std::byte> zeros(buffer["$bytes"].get<uint32_t>());
    return builder.Constant(descriptor, zeros);
  }

  Result<std::vector<Operand>> CallOperator(GraphBuilder& builder, const ValidationStep& step) {
    const OpSchema* schema = FindOp(step.method);
    if (schema == nullptr) return NotSupported("there is no operator {}", step.method);
    size_t required = 0;
    while (required < schema->fields.size() && schema->fields[required].required) ++required;
    if (step.arguments.size() > required + 1) {
      return NotSupported("{} has {} arguments, not {}", step.method, required + 1,
                          step.arguments.size());
    }
    std::vector<Value> arguments;
    NamedValues options;
    for (size_t i = 0; i < step.arguments.size(); ++i) {
      if (i == required) {
        WEBNN_ASSIGN_OR_RETURN(options, ReadOptions(*schema, step.arguments[i]));
      } else {
        WEBNN_ASSIGN_OR_RETURN(Value value, ToValue(step.arguments[i]));
        arguments.push_back(std::move(value));
      }
    }
    return builder.Call(step.method, arguments, options);
  }

  // A dictionary's members that the specification does not have are ignored, as browsers do.
  Result<NamedValues> ReadOptions(const OpSchema& schema, const Json& json) {
    if (!json.is_object()) return TypeError("{} is not a dictionary of options", json.dump());
    NamedValues options;
    for (const auto& [name, member] : json.items()) {
      const OpField* field = schema.FindField(name);
      if (field == nullptr || field->required) continue;
      WEBNN_ASSIGN_OR_RETURN(Value value, ToValue(member));
      options.emplace(name, std::move(value));
    }
    return options;
  }

  Result<Value> ToValue(const Json& json) {
    if (json.is_boolean()) return Value(json.get<bool>());
    if (json.is_string()) return Value(json.get_ref<const std::string&>());
    if (json.is_array()) {
      Value::List list;
      for (const Json& item : json) {
        WEBNN_ASSIGN_OR_RETURN(Value value, ToValue(item));
        list.push_back(std::move(value));
      }
      return Value(std::move(list));
    }
    if (json.is_object() && json.contains("operand")) {
      const auto found = results_.find(json["operand"].get<int64_t>());
      const size_t output = json.value("output", size_t{0});
      if (found == results_.end() || output >= found->second.size()) {
        return NotSupported("{} is no earlier result", json.dump());
      }
      return Value(found->second[output]);
    }
    WEBNN_ASSIGN_OR_RETURN(const Number number, ReadAnyNumber(json));
    return Value(number);
  }

  const Context& context_;
  std::map<int64_t, GraphBuilder> builders_;
  std::map<int64_t, std::vector<Operand>> results_;
};

std::string JudgeOutput(size_t index, const ExpectedOutput& expected,
                        const OperandDescriptor& got) {
  if ((expected.data_type && *expected.data_type != got.data_type()) ||
      (expected.shape && *expected.shape != got.shape())) {
    return fmt::format("output {} is {}, expected {}{}", index, ToString(got),
                       expected.data_type ? Name(*expected.data_type) : "",
                       expected.shape ? ToString(*expected.shape) : "");
  }
  return "";
}

}  // namespace

std::string ValidationRunner::JudgeRefusal(const ValidationCase& test, const Error& error) {
  if (test.throws.empty()) return fmt::format("refused: {}", ToString(error));
  if (test.throws != Name(error.code)) {
    return fmt::format("expected {}, got {}", test.throws, ToString(error));
  }
  if (!test.label) return "";
  auto label = labels_.find(*test.label);
  if (label == labels_.end()) {
    label = labels_.emplace(*test.label, std::regex(*test.label, std::regex::ECMAScript)).first;
  }
  if (std::regex_search(error.message, label->second)) return "";
  return fmt::format("the message does not match /{}/: {}", *test.label, error.message);
}

std::string ValidationRunner::Judge(const ValidationCase& test) {
  Steps steps(context_);
  const ValidationStep& last = test.steps.back();
  for (const ValidationStep& step : test.steps) {
    const auto operands = steps.Run(step);
    if (&step != &last) {
      if (!operands) {
        return fmt::format("step {} ({}) failed: {}", step.id, step.method,
                           ToString(operands.error()));
      }
      continue;
    }
    if (!operands) return JudgeRefusal(test, operands.error());
    if (!test.throws.empty()) return fmt::format("accepted, expected {}", test.throws);
    if (operands->size() != test.outputs.size()) {
      return fmt::format("has {} outputs, expected {}", operands->size(), test.outputs.size());
    }
    for (size_t i = 0; i < operands->size(); ++i) {
      const auto descriptor = steps.Describe(step, (*operands)[i]);
      if (!descriptor) return ToString(descriptor.error());
      if (auto wrong = JudgeOutput(i, test.outputs[i], *descriptor); !wrong.empty()) return wrong;
    }
  }
  return "";
}

CaseResult ValidationRunner::Run(const ValidationCase& test) {
  CaseResult result{
      .name = test.name, .kind = CaseKind::kValidation, .ops = {test.steps.back().method}};
  try {
    result.error = Judge(test);
    result.compared = 1;
  } catch (const std::exception& error) {  // A malformed argument or regular expression.
    result.error = fmt::format("malformed case: {}", error.what());
  }
  result.status = result.error.empty() ? Status::kPassed : Status::kFailed;
  return result;
}

}  // namespace webnn::conformance
