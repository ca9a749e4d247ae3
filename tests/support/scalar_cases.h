#pragma once

#include <string>
#include <utility>
#include <vector>

#include "webnn/webnn.h"

namespace webnn::testing_support {

/// Operators in float32 with constants of one element and options that need all of their digits:
/// runtimes that write kernels as source code may lose some. What is wrong, a line an output;
/// empty when nothing is. The context computes in float32.
std::string JudgeScalars(const Context& context);

/// The graphs that it looks at, by name.
std::vector<std::pair<std::string, GraphDefinition>> ScalarGraphs();

}  // namespace webnn::testing_support
