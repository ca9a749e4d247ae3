#include "conformance/case_file.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <system_error>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::conformance {
namespace {

// Inside this file a malformed case is an exception, as the JSON library throws them anyway;
// ParseCaseFile makes an Error of it.
[[noreturn]] void Fail(const std::string& message) { throw std::runtime_error(message); }

template <class T>
T Must(Result<T> result, const std::string& what) {
  if (!result) Fail(what + ": " + result.error().message);
  return *std::move(result);
}

DataType ParseType(const Json& json) {
  const auto type = ParseDataType(json.get<std::string>());
  if (!type) Fail(fmt::format("data type {} does not exist", json.dump()));
  return *type;
}

Shape ParseShape(const Json& json) { return Shape(json.get<std::vector<uint32_t>>()); }

TensorData ParseTensor(const std::string& name, const Json& json) {
  TensorData data{.descriptor = Must(OperandDescriptor::Create(ParseType(json.at("dataType")),
                                                               ParseShape(json.at("shape"))),
                                     name),
                  .constant = json.value("constant", false),
                  .fill = json.value("fill", false),
                  .elements = {}};
  const Json& elements = json.at("data");
  data.elements.reserve(elements.size());
  for (const Json& element : elements) {
    data.elements.push_back(Must(ReadAnyNumber(element), name));
  }
  const uint64_t count = data.fill ? 1 : data.descriptor.element_count();
  if (data.elements.size() != count) {
    Fail(fmt::format("{} has {} elements of data where {} belong", name, data.elements.size(),
                     count));
  }
  return data;
}

NamedData ParseTensors(const Json& json) {
  NamedData tensors;
  for (const auto& [name, tensor] : json.items()) {
    tensors.emplace_back(name, ParseTensor(name, tensor));
  }
  return tensors;
}

OperatorCall ParseOperator(const Json& json) {
  OperatorCall call{.name = json.at("name").get<std::string>()};
  for (const Json& argument : json.at("arguments")) {
    // Usually one member an object, sometimes several.
    for (const auto& [name, value] : argument.items()) {
      if (name == "options") {
        if (!value.is_object()) Fail(fmt::format("options of {} are not an object", call.name));
        call.options = value;
      } else {
        call.arguments.push_back(value);
      }
    }
  }
  const Json& outputs = json.at("outputs");
  if (outputs.is_string()) {
    call.outputs = {outputs.get<std::string>()};
  } else {
    call.outputs = outputs.get<std::vector<std::string>>();
  }
  return call;
}

Tolerance ParseTolerance(const Json& json) {
  const auto metric = json.at("metric").get<std::string>();
  if (metric != "ULP" && metric != "ATOL") Fail(fmt::format("metric {} does not exist", metric));
  const Number value = Must(ReadAnyNumber(json.at("value")), "tolerance");
  if (!(value.ToDouble() >= 0)) Fail("the tolerance is negative");
  return {metric == "ULP" ? Metric::kUlp : Metric::kAtol, value.ToDouble()};
}

void ParseCase(const Json& json, ConformanceCase& parsed) {
  parsed.ops = json.value("ops", std::vector<std::string>());
  parsed.required = json.value("required", false);
  parsed.tolerance = ParseTolerance(json.at("tolerance"));
  parsed.inputs = ParseTensors(json.at("inputs"));
  for (const Json& call : json.at("operators")) parsed.operators.push_back(ParseOperator(call));
  parsed.outputs = ParseTensors(json.at("outputs"));
}

void ParseCase(const Json& json, ValidationCase& parsed) {
  for (const Json& step : json.at("steps")) {
    parsed.steps.push_back({.id = step.at("id").get<int64_t>(),
                            .builder = step.at("builder").get<int64_t>(),
                            .method = step.at("method").get<std::string>(),
                            .arguments = step.at("arguments")});
    if (!parsed.steps.back().arguments.is_array()) Fail("the arguments are not an array");
  }
  if (parsed.steps.empty()) Fail("there are no steps");
  const Json& expect = json.at("expect");
  if (expect.contains("throws") == expect.contains("outputs")) {
    Fail("a case expects either an error or outputs");
  }
  if (expect.contains("throws")) {
    parsed.throws = expect["throws"].get<std::string>();
    if (expect.contains("label")) parsed.label = expect["label"].get<std::string>();
    return;
  }
  for (const Json& output : expect["outputs"]) {
    ExpectedOutput& expected = parsed.outputs.emplace_back();
    if (output.contains("dataType")) expected.data_type = ParseType(output["dataType"]);
    if (output.contains("shape")) expected.shape = ParseShape(output["shape"]);
  }
}

template <class Case>
std::vector<Case> ParseCases(const Json& list, const std::string& file) {
  std::vector<Case> cases;
  cases.reserve(list.size());
  std::map<std::string, int> seen;
  for (const Json& json : list) {
    Case& parsed = cases.emplace_back();
    try {
      parsed.name = json.at("name").get<std::string>();
      ParseCase(json, parsed);
    } catch (const std::exception& error) {
      Fail(fmt::format("{}: case {} \"{}\": {}", file, cases.size(), parsed.name, error.what()));
    }
    if (const int count = ++seen[parsed.name]; count > 1) {
      parsed.name += fmt::format(" #{}", count);
    }
  }
  return cases;
}

}  // namespace

std::string_view Name(CaseKind kind) {
  return kind == CaseKind::kConformance ? "conformance" : "validation";
}

std::string FolderOf(const std::string& file) { return file.substr(0, file.find('/')); }

Result<CaseFile> ParseCaseFile(const std::string& name, const std::string& text) {
  try {
    const Json json = Json::parse(text);
    CaseFile file{.name = name};
    const bool has_cases = json.is_object() && json.contains("cases") && json["cases"].is_array();
    if (!has_cases) return TypeError("{} is no case file: it has no list \"cases\"", name);
    const Json& cases = json["cases"];
    if (cases.empty()) return TypeError("{} holds no case", name);
    const Json& first = cases.front();
    if (first.is_object() && first.contains("operators")) {
      file.kind = CaseKind::kConformance;
      file.conformance = ParseCases<ConformanceCase>(cases, name);
    } else if (first.is_object() && first.contains("steps")) {
      file.kind = CaseKind::kValidation;
      file.validation = ParseCases<ValidationCase>(cases, name);
    } else {
      return TypeError(
          "{} is no case file: its cases have neither \"operators\" (conformance) nor \"steps\" "
          "(validation)",
          name);
    }
    return file;
  } catch (const Json::parse_error& error) {
    return TypeError("{} is no case file: {}", name, error.what());
  } catch (const std::exception& error) {
    return TypeError("{}", error.what());
  }
}

Result<CaseFile> LoadCaseFile(const std::filesystem::path& path) {
  WEBNN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::error_code ignored;
  std::filesystem::path whole = std::filesystem::weakly_canonical(path, ignored);
  if (whole.empty()) whole = path;
  auto file =
      ParseCaseFile((whole.parent_path().filename() / whole.filename()).generic_string(), text);
  if (!file) file.error().message += fmt::format(" (read from {})", path.string());
  return file;
}

Result<std::vector<std::filesystem::path>> FindCaseFiles(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return TypeError("{} does not exist", path.string());
  }
  if (!std::filesystem::is_directory(path, error)) return std::vector{path};
  std::vector<std::filesystem::path> files;
  std::filesystem::recursive_directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(error)) {
    if (entry->path().extension() == ".json" && entry->is_regular_file()) {
      files.push_back(entry->path());
    }
  }
  if (error) return UnknownError("cannot list {}: {}", path.string(), error.message());
  if (files.empty()) return TypeError("there is no case (*.json) under {}", path.string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace webnn::conformance
