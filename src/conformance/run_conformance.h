#pragma once

#include <filesystem>

#include "conformance/case_file.h"
#include "conformance/case_result.h"
#include "webnn/context.h"
#include "webnn/graph.h"
#include "webnn/model_io.h"

namespace webnn::conformance {

/// How a graph is run: over tensors of the context, or in one call on host memory.
enum class RunMode : uint8_t { kTensors, kCompute };

/// The graph of the case, of no context.
Result<GraphDefinition> DefineGraph(const ConformanceCase& test);

/// Builds the graph of the case, runs it and compares every output. Leaves `file` and `seconds` to
/// the caller. Writes the graph's ONNX to `dump` unless that is empty. With a format in `through`,
/// what runs is the graph that was saved in it and loaded again.
CaseResult RunConformanceCase(const Context& context, const ConformanceCase& test, RunMode mode,
                              const std::filesystem::path& dump = {},
                              ModelFormat through = ModelFormat::kAuto);

}  // namespace webnn::conformance
