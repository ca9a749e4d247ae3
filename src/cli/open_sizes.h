#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/inputs.h"
#include "webnn/model_io.h"

namespace webnn::cli {

/// Bad use when sizes or constants are given for what the file does not declare, or that contradict
/// it.
Result<void> CheckSizes(const ModelSummary& summary, const LoadOptions& options);

/// Shapes for the inputs whose sizes the file and the options leave open: from the arrays and
/// pictures that are given, and from dimensions of the same name elsewhere. A first size that is
/// left, a batch, becomes 1, with a note. Bad use when others are left; the error says what to
/// give.
Result<std::vector<std::pair<std::string, Shape>>> SettleShapes(
    std::string_view command, const ModelSummary& summary, const LoadOptions& options,
    const std::vector<GivenInput>& given, const ImageOptions& image_options);

}  // namespace webnn::cli
