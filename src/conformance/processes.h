#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/case_result.h"
#include "conformance/options.h"
#include "conformance/worker.h"
#include "webnn/result.h"

namespace webnn::conformance {

/// What a context says of itself.
struct BackendText {
  std::string name;
  std::string explanation;
};

/// Gets the results as they come, with the name of the back end that ran the case.
using DoneCallback = std::function<void(size_t index, CaseResult result, std::string_view backend)>;

/// Runs the cases in `options.processes` processes of `options.jobs` threads each, which take them
/// as they come, and calls `done` in this thread. A process that dies fails the cases that it was
/// at, and another takes its place. Must be called while the process has one thread. An error when
/// a process cannot be made or cannot make a context.
Result<BackendText> RunInProcesses(const std::vector<CaseRef>& cases, const Options& options,
                                   const DoneCallback& done);

}  // namespace webnn::conformance
