#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "conformance/onnx_suite/outcome.h"
#include "webnn/result.h"

namespace webnn::conformance::onnx_suite {

/// A reviewed reason for refusing cases.
struct Refusal {
  std::vector<std::string> operators;
  std::string reason;  ///< Part of what the import says; empty: whatever it says.
  std::string why;     ///< The sentence that was reviewed.

  bool Explains(const UnsupportedNode& node) const;
};

/// Cases whose expected outputs are less exact than the suite's tolerance.
struct InexactCases {
  std::vector<std::string> names;
  double atol = 0;  ///< How far they are from the exact results.
  std::string why;
};

/// tests/onnx/suite_refusals.json:
///
///     {"at_least": {"node": 1050},
///      "inexact": [{"cases": ["test_dft_inverse"], "atol": 2e-7, "why": "..."}],
///      "refusals": [{"operators": ["NonZero"], "reason": "", "why": "..."}]}
struct ReviewedList {
  std::map<std::string, size_t> at_least;  ///< Cases of a kind that must pass.
  std::vector<InexactCases> inexact;
  std::vector<Refusal> refusals;

  /// The tolerance that counts for a case.
  double AtolOf(const std::string& name, double atol) const;
  /// The first refusal for each node that the import could not express; an error that names the
  /// first without one.
  Result<std::vector<size_t>> Explain(const Outcome& outcome) const;
};
Result<ReviewedList> LoadReviewedList(const std::filesystem::path& path);

}  // namespace webnn::conformance::onnx_suite
