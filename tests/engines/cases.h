#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "conformance/case_file.h"
#include "lowering/model.h"
#include "webnn/graph.h"

/// The cases of the Web Platform Tests as graphs, for tests of what engines make of them.
namespace webnn::engines {

/// A case and its graph.
struct CaseGraph {
  std::string name;  ///< "conformance/softmax.json/softmax float32 2D tensor"
  const conformance::ConformanceCase* test = nullptr;
  const GraphDefinition* graph = nullptr;
};

/// Every case file of conformance below WEBNN_WPT_CASES, or ../shared/wpt; none where there is
/// none.
const std::vector<conformance::CaseFile>& CaseFiles();

/// Calls `work` for one in `every` cases, from as many threads as there are cores, and gives what
/// it returned where that was not empty: "NAME: TEXT", in the order of the cases. WEBNN_CASES,
/// where set, is a text that their names must have.
std::vector<std::string> ForEachCase(const std::function<std::string(const CaseGraph&)>& work,
                                     size_t every = 1);

/// The bytes of the case's tensor of that name.
std::vector<std::byte> BytesOf(const conformance::NamedData& data, const std::string& name);

/// The nodes of a model, one a line: "%7 float = Add(%3, %5)".
std::string Print(const lowering::Model& model);

}  // namespace webnn::engines
