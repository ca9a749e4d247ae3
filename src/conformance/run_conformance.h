#pragma once

#include "conformance/case_file.h"
#include "conformance/case_result.h"
#include "webnn/context.h"

namespace webnn::conformance {

/// How a graph is run: over tensors of the context, or in one call on host memory.
enum class RunMode : uint8_t { kTensors, kCompute };

/// Builds the graph of the case, runs it and compares every output. Leaves `file` and `seconds` to
/// the caller.
CaseResult RunConformanceCase(const Context& context, const ConformanceCase& test, RunMode mode);

}  // namespace webnn::conformance
