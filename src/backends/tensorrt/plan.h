#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "backends/tensorrt/module.h"
#include "webnn/result.h"

namespace webnn::trt {

/// Who wrote a plan; nothing where the bytes are none.
std::optional<LibraryVersion> PlanVersion(std::span<const std::byte> plan);

/// OperationError for bytes that the library must not see: no plan, or one of another version. A
/// version-compatible plan may come from an earlier version of the same major.
Result<void> CheckPlan(Flavor flavor, const LibraryVersion& library,
                       std::span<const std::byte> plan, bool version_compatible);

}  // namespace webnn::trt
