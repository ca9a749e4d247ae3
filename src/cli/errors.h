#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::cli {

/// The rule of errors that are the caller's bad use: exit status 2. All others are failures.
inline constexpr std::string_view kBadUseRule = "usage";

/// The rule of what the user ended with Ctrl-C: exit status 130.
inline constexpr std::string_view kInterruptedRule = "interrupted";

template <class... Args>
Error BadUse(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kTypeError, fmt::format(format, std::forward<Args>(args)...),
          std::string(kBadUseRule)};
}

/// Adds a line that tells what to do.
inline Error WithHint(Error error, std::string_view hint) {
  error.message += fmt::format("\nhint: {}", hint);
  return error;
}

}  // namespace webnn::cli
