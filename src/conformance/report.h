#pragma once

#include <string>
#include <vector>

#include "conformance/case_result.h"
#include "conformance/json.h"

namespace webnn::conformance {

/// All that a run has found.
struct RunReport {
  std::vector<CaseResult> results;
  std::vector<std::string> stale;  ///< Rows of the list of known cases that name no case.
  std::string backend;
  std::string explanation;  ///< `Context::Explain()`
  double seconds = 0;

  size_t Count(Status status) const;
  /// Failed cases and stale rows.
  size_t failed() const { return Count(Status::kFailed) + stale.size(); }
};

/// "FAIL conformance/softmax.json: the name: output y: ..."
std::string FailureLine(const CaseResult& result);
std::string ToJson(const RunReport& report);
/// One case of that, and the way back.
Json ToJson(const CaseResult& result);
CaseResult CaseFromJson(const Json& json);
std::string ToJunit(const RunReport& report);

}  // namespace webnn::conformance
