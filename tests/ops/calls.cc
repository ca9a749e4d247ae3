#include "tests/ops/calls.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn::ops_test {
namespace {

constexpr std::string_view kLabel = "my_label";

std::vector<CallCase> ReadCases(const std::filesystem::path& path, const char* name_member) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::vector<CallCase> cases;
  for (const Json& entry : Json::parse(file)) {
    cases.push_back({.op = entry.at("op"),
                     .name = entry.at(name_member),
                     .operands = entry.at("operands"),
                     .attributes = entry.at("attributes"),
                     .outputs = entry.value("outputs", Json::array())});
  }
  return cases;
}

std::filesystem::path Folder() { return std::filesystem::path(WEBNN_SOURCE_DIR) / "tests" / "ops"; }

}  // namespace

void PrintTo(const CallCase& call, std::ostream* stream) {
  *stream << call.op << " " << call.name << " " << call.operands.dump() << " "
          << call.attributes.dump();
}

const std::vector<CallCase>& Examples() {
  static const auto kExamples = ReadCases(Folder() / "examples.json", "case");
  return kExamples;
}

const std::vector<CallCase>& Rejections() {
  static const auto kRejections = ReadCases(Folder() / "rejections.json", "rule");
  return kRejections;
}

const CallCase& FirstExample(std::string_view op) {
  const auto& examples = Examples();
  const auto found = std::find_if(examples.begin(), examples.end(),
                                  [&](const CallCase& call) { return call.op == op; });
  if (found == examples.end()) throw std::runtime_error("no example of " + std::string(op));
  return *found;
}

std::string TestName(std::string_view op, std::string_view name) {
  std::string test_name = fmt::format("{}_{}", op, name);
  std::replace(test_name.begin(), test_name.end(), '-', '_');
  return test_name;
}

OperandDescriptor ParseDescriptor(std::string_view text) {
  const size_t bracket = text.find('[');
  const auto type = ParseDataType(text.substr(0, bracket));
  if (!type || !text.ends_with(']')) throw std::runtime_error("not a type: " + std::string(text));
  std::vector<uint32_t> sizes;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data() + bracket + 1; *at != ']';) {
    const auto [next, error] = std::from_chars(at, end, sizes.emplace_back());
    if (error != std::errc()) throw std::runtime_error("not a shape: " + std::string(text));
    at = next + (*next == ',' ? 1 : 0);
  }
  return OperandDescriptor::Create(*type, Shape(std::move(sizes))).value();
}

std::string Describe(const OperandDescriptor& descriptor) {
  return fmt::format("{}[{}]", Name(descriptor.data_type()),
                     fmt::join(descriptor.shape().sizes(), ","));
}

Operand MakeInput(GraphBuilder& builder, const OperandDescriptor& descriptor) {
  static int count = 0;
  return builder.Input(fmt::format("input{}", ++count), descriptor).value();
}

Value ToValue(const Json& json) {
  if (json.is_null()) return {};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_unsigned()) return json.get<uint64_t>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  Value::List list;
  for (const Json& item : json) list.push_back(ToValue(item));
  return list;
}

Json ToJson(const Value& value) {
  if (const bool* boolean = value.As<bool>()) return *boolean;
  if (const std::string* text = value.As<std::string>()) return *text;
  if (const Number* number = value.As<Number>()) {
    if (number->kind() == Number::Kind::kInt64) return number->int64();
    if (number->kind() == Number::Kind::kUint64) return number->uint64();
    return number->float64();
  }
  if (const auto* items = value.As<Value::List>()) {
    Json list = Json::array();
    for (const Value& item : *items) list.push_back(ToJson(item));
    return list;
  }
  return nullptr;
}

Fields MakeFields(GraphBuilder& builder, const CallCase& call) {
  Fields fields;
  for (const auto& [name, written] : call.operands.items()) {
    if (written.is_string()) {
      fields[name] = MakeInput(builder, ParseDescriptor(written.get<std::string>()));
    } else {
      Value::List operands;
      for (const Json& one : written) {
        operands.emplace_back(MakeInput(builder, ParseDescriptor(one.get<std::string>())));
      }
      fields[name] = std::move(operands);
    }
  }
  for (const auto& [name, value] : call.attributes.items()) fields[name] = ToValue(value);
  return fields;
}

Result<std::vector<Operand>> Call(GraphBuilder& builder, const OpSchema& schema,
                                  const Fields& fields) {
  std::vector<Value> arguments;
  NamedValues options;
  options.emplace("label", kLabel);
  for (const OpField& field : schema.fields) {
    if (!field.required) break;
    Value& argument = arguments.emplace_back();
    if (const auto given = fields.find(field.name); given != fields.end()) argument = given->second;
  }
  for (const auto& [name, value] : fields) {
    const OpField* field = schema.FindField(name);
    if (field == nullptr || !field->required) options[name] = value;
  }
  return builder.Call(schema.name, arguments, options);
}

void ExpectRefused(GraphBuilder& builder, const OpSchema& schema, std::string_view rule,
                   const Result<std::vector<Operand>>& result) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().rule, rule) << result.error().message;
  EXPECT_EQ(result.error().code, ErrorCode::kTypeError);
  EXPECT_THAT(result.error().message,
              testing::StartsWith(fmt::format("[{}] {}: ", kLabel, schema.name)));

  const Operand input = MakeInput(builder, OperandDescriptor::Scalar(DataType::kFloat32));
  const auto output = builder.Identity({.input = input});
  ASSERT_TRUE(output.ok()) << output.error().message;
  const auto graph = builder.Finish({{"output", *output}});
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->operator_count(), 1u);
}

}  // namespace webnn::ops_test
