#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "webnn/result.h"

/// ONNX's own backend tests, as tools/prepare_onnx_suite.py writes them.
namespace webnn::conformance::onnx_suite {

struct SuiteTensor {
  std::string name;
  std::filesystem::path file;  ///< A TensorProto; empty for a sequence, an optional or a map.
};

/// Inputs and the outputs that they must give.
struct SuiteData {
  std::vector<SuiteTensor> inputs;
  std::vector<SuiteTensor> outputs;
};

struct SuiteCase {
  std::string kind;  ///< "node", "simple", "pytorch-operator", "pytorch-converted", "light"
  std::string name;
  std::string op;  ///< The operator, or the network, that it is about.
  std::filesystem::path model;
  double rtol = 0;
  double atol = 0;
  std::vector<SuiteData> data;
};

struct Suite {
  std::string version;  ///< Of the package `onnx`.
  std::vector<SuiteCase> cases;
};

/// Reads cases.json of the folder.
Result<Suite> LoadSuite(const std::filesystem::path& folder);

}  // namespace webnn::conformance::onnx_suite
