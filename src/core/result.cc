#include "webnn/result.h"

namespace webnn {

std::string_view Name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTypeError:
      return "TypeError";
    case ErrorCode::kInvalidState:
      return "InvalidStateError";
    case ErrorCode::kNotSupported:
      return "NotSupportedError";
    case ErrorCode::kOperation:
      return "OperationError";
    case ErrorCode::kUnknown:
      return "UnknownError";
    case ErrorCode::kAborted:
      return "AbortError";
  }
  return "UnknownError";
}

std::string ToString(const Error& error) {
  return std::string(Name(error.code)) + ": " + error.message;
}

BadResult::BadResult(Error error) : std::runtime_error(ToString(error)), error_(std::move(error)) {}

}  // namespace webnn
