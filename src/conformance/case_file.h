#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/compare.h"
#include "conformance/json.h"
#include "conformance/tensor_data.h"
#include "webnn/result.h"
#include "webnn/types.h"

/// The two kinds of case files: graphs with the outputs they must have (conformance), and builder
/// calls with the answer they must get (validation). What a file is, its content says.
namespace webnn::conformance {

enum class CaseKind : uint8_t { kConformance, kValidation };
std::string_view Name(CaseKind kind);

using NamedData = std::vector<std::pair<std::string, TensorData>>;

struct OperatorCall {
  std::string name;
  std::vector<Json> arguments;  ///< In order, without their names, which vary.
  Json options = Json::object();
  std::vector<std::string> outputs;
};

struct ConformanceCase {
  std::string name;
  std::vector<std::string> ops;
  bool required = false;
  Tolerance tolerance;
  NamedData inputs;
  std::vector<OperatorCall> operators;
  NamedData outputs;
};

struct ValidationStep {
  int64_t id = 0;
  int64_t builder = 0;
  std::string method;
  Json arguments;
};

struct ExpectedOutput {
  std::optional<DataType> data_type;
  std::optional<Shape> shape;
};

struct ValidationCase {
  std::string name;
  std::vector<ValidationStep> steps;
  /// Empty: the last step must be accepted with `outputs`.
  std::string throws;
  std::optional<std::string> label;  ///< ECMAScript regular expression.
  std::vector<ExpectedOutput> outputs;
};

struct CaseFile {
  std::string name;  ///< With its folder: "conformance/softmax.json".
  CaseKind kind = CaseKind::kConformance;
  /// One of them is empty. Names are unique: the second of a name gets " #2".
  std::vector<ConformanceCase> conformance;
  std::vector<ValidationCase> validation;
};

/// "conformance" of "conformance/softmax.json".
std::string FolderOf(const std::string& file);

/// Errors name the file and, where there is one, the case.
Result<CaseFile> LoadCaseFile(const std::filesystem::path& path);
Result<CaseFile> ParseCaseFile(const std::string& name, const std::string& text);

/// `path` itself, or all *.json below it, sorted. An error when there is none.
Result<std::vector<std::filesystem::path>> FindCaseFiles(const std::filesystem::path& path);

}  // namespace webnn::conformance
