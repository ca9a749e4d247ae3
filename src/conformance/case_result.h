#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conformance/case_file.h"
#include "conformance/compare.h"

namespace webnn::conformance {

/// Nothing is ever skipped. `kKnown` is a failure that the list of known cases explains; `kDiffers`
/// a graph that ran, where `Options::any_result` asks for no more.
enum class Status : uint8_t { kPassed, kFailed, kKnown, kDiffers };
std::string_view Name(Status status);

/// The output that is farthest off, among those that fail if one does.
struct WorstOutput {
  std::string name;
  std::string position;  ///< "[0,2]"
  Comparison comparison;
};

struct CaseResult {
  std::string file;
  std::string name;
  CaseKind kind = CaseKind::kConformance;
  Status status = Status::kFailed;
  bool required = false;  ///< Conformance only: the specification obliges everyone to do it.
  std::vector<std::string> ops;
  std::optional<Tolerance> tolerance;  ///< Conformance only.
  std::optional<WorstOutput> worst;
  uint64_t compared = 0;  ///< Elements, or answers of the builder.
  std::string error;      ///< Why it failed, or passed though it should not; empty otherwise.
  double seconds = 0;

  bool ok() const { return status == Status::kPassed; }
};

}  // namespace webnn::conformance
