#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "webnn/result.h"

namespace webnn::conformance::onnx_suite {

struct IsolatedOptions {
  size_t count = 0;         ///< Pieces of work.
  unsigned jobs = 1;        ///< Processes at once.
  double max_seconds = 60;  ///< For one piece.
};

/// Runs `work(i)` for every i below `count` in child processes, and hands what it returned, or how
/// its process ended ("killed by signal 11 (Segmentation fault)"), to `done(i, ...)` in this one.
/// A piece that crashes or hangs costs its own result alone. To be called before this process has
/// any thread. OperationError when there can be no children.
Result<void> RunIsolated(const IsolatedOptions& options,
                         const std::function<std::string(size_t)>& work,
                         const std::function<void(size_t, Result<std::string>)>& done);

}  // namespace webnn::conformance::onnx_suite
