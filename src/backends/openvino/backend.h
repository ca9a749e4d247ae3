#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "backends/backend.h"

namespace webnn {

/// Which graphs are kept in the cache: others compile fast enough each time, and their entries
/// would fill the folder for nothing.
struct OpenVinoCaching {
  std::chrono::milliseconds worth_keeping{200};  ///< That took this long.
  size_t few_operators = 32;                     ///< With fewer one is not even looked for.
};

/// OpenVINO on the devices that it has here. Its library is opened at run time; NotSupported says
/// where it was looked for.
Result<std::unique_ptr<Backend>> OpenOpenVino(const ContextOptions& options);
Result<std::unique_ptr<Backend>> OpenOpenVino(const ContextOptions& options,
                                              const OpenVinoCaching& caching);

}  // namespace webnn
