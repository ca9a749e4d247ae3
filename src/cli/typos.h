#pragma once

#include <span>
#include <string>
#include <string_view>

namespace webnn::cli {

/// " (did you mean \"softmax\"?)": the known word nearest to `word`, or nothing when none is near.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> known);

}  // namespace webnn::cli
