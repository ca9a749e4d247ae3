#pragma once

#include <map>
#include <regex>
#include <string>

#include "conformance/case_file.h"
#include "conformance/case_result.h"
#include "webnn/context.h"

namespace webnn::conformance {

/// Makes the builder calls of validation cases. For one thread at a time.
class ValidationRunner {
 public:
  explicit ValidationRunner(Context context) : context_(std::move(context)) {}

  /// Leaves `file` and `seconds` to the caller.
  CaseResult Run(const ValidationCase& test);

 private:
  /// Empty when the answer is the expected one.
  std::string Judge(const ValidationCase& test);
  std::string JudgeRefusal(const ValidationCase& test, const Error& error);

  Context context_;
  std::map<std::string, std::regex, std::less<>> labels_;  ///< Few, each used many times.
};

}  // namespace webnn::conformance
