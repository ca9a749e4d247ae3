#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conformance/onnx_suite/outcome.h"
#include "conformance/onnx_suite/refusals.h"
#include "conformance/onnx_suite/suite.h"

namespace webnn::conformance::onnx_suite {

/// All that a run has found. `cases` and `outcomes` are parallel.
struct RunReport {
  std::string version;
  std::vector<const SuiteCase*> cases;
  std::vector<Outcome> outcomes;
  std::vector<size_t> refused;          ///< Nodes by the reviewed refusal that explains them.
  std::vector<std::string> complaints;  ///< Rows that no case needs, kinds with too few passes.
  double seconds = 0;

  size_t Count(Verdict verdict) const;
  size_t failed() const { return Count(Verdict::kFailed) + complaints.size(); }
};

/// A table with a row for each operator of `node`, and one with a row for each kind.
std::string Tables(const RunReport& report);
/// The reviewed reasons with how many nodes each has refused.
std::string Reasons(const RunReport& report, const ReviewedList& list);
std::string ToJson(const RunReport& report);

}  // namespace webnn::conformance::onnx_suite
