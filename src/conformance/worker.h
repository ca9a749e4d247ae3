#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "conformance/case_file.h"
#include "conformance/case_result.h"
#include "conformance/options.h"
#include "conformance/run_validation.h"
#include "webnn/context.h"

namespace webnn::conformance {

/// One case of a file.
struct CaseRef {
  const CaseFile* file;
  size_t index;
  const std::string& name() const {
    return file->kind == CaseKind::kConformance ? file->conformance[index].name
                                                : file->validation[index].name;
  }
};

/// What runs the cases of one thread: its contexts, made when the first case needs them.
class Worker {
 public:
  explicit Worker(const Options& options) : options_(options) {}

  /// An error when there is no context, so that no case can run.
  Result<CaseResult> Run(const CaseRef& ref);

  /// Of the kind that has run, for the report.
  const Context& context() const { return conformance_ ? *conformance_ : *validation_; }

 private:
  Result<CaseResult> RunCaught(const CaseRef& ref);
  Result<CaseResult> RunConformance(const CaseRef& ref);
  Result<CaseResult> RunValidation(const CaseRef& ref);
  ContextOptions ContextOptionsFor() const;

  const Options& options_;
  std::optional<Context> conformance_;
  std::optional<Context> validation_;
  std::optional<ValidationRunner> runner_;
};

}  // namespace webnn::conformance
