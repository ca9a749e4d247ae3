#pragma once

#include "conformance/options.h"

namespace webnn::conformance {

/// Runs the selected cases, prints and writes what was found, and returns the exit status.
int RunProgram(const Options& options);

}  // namespace webnn::conformance
