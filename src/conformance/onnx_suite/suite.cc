#include "conformance/onnx_suite/suite.h"

#include "conformance/json.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::conformance::onnx_suite {
namespace {

using Path = std::filesystem::path;

std::vector<SuiteTensor> ParseTensors(const Json& list, const Path& folder) {
  std::vector<SuiteTensor> tensors;
  for (const Json& one : list) {
    SuiteTensor& tensor = tensors.emplace_back(SuiteTensor{one.at("name").get<std::string>(), {}});
    if (one.contains("file")) tensor.file = folder / one["file"].get<std::string>();
  }
  return tensors;
}

SuiteCase ParseCase(const Json& json, const Path& folder) {
  SuiteCase parsed{.kind = json.at("kind").get<std::string>(),
                   .name = json.at("name").get<std::string>(),
                   .op = json.at("operator").get<std::string>(),
                   .model = folder / json.at("model").get<std::string>(),
                   .rtol = json.at("rtol").get<double>(),
                   .atol = json.at("atol").get<double>()};
  for (const Json& data : json.at("data")) {
    parsed.data.push_back({.inputs = ParseTensors(data.at("inputs"), folder),
                           .outputs = ParseTensors(data.at("outputs"), folder)});
  }
  return parsed;
}

}  // namespace

Result<Suite> LoadSuite(const Path& folder) {
  const Path path = folder / "cases.json";
  WEBNN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  try {
    const Json json = Json::parse(text);
    Suite suite{.version = json.at("onnx").get<std::string>()};
    for (const Json& one : json.at("cases")) suite.cases.push_back(ParseCase(one, folder));
    return suite;
  } catch (const Json::exception& error) {
    return TypeError("{}: {}", path.string(), error.what());
  }
}

}  // namespace webnn::conformance::onnx_suite
