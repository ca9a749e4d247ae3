#pragma once

#include <string>
#include <utility>

#include "fmt/format.h"
#include "webnn/result.h"

namespace webnn {

template <class... Args>
Error TypeError(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kTypeError, fmt::format(format, std::forward<Args>(args)...)};
}
template <class... Args>
Error InvalidState(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kInvalidState, fmt::format(format, std::forward<Args>(args)...)};
}
template <class... Args>
Error NotSupported(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kNotSupported, fmt::format(format, std::forward<Args>(args)...)};
}
template <class... Args>
Error OperationError(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kOperation, fmt::format(format, std::forward<Args>(args)...)};
}
template <class... Args>
Error UnknownError(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kUnknown, fmt::format(format, std::forward<Args>(args)...)};
}
template <class... Args>
Error AbortError(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kAborted, fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace webnn
