#pragma once

#include <cstddef>

namespace webnn::testing_support {

/// Calls of `operator new` so far in this thread, in any library of the process.
size_t AllocationCount();

}  // namespace webnn::testing_support
