#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "webnn/export.h"

namespace webnn {

/// The kinds of error of the specification, by the names that a browser gives them.
enum class ErrorCode {
  kTypeError,     ///< An argument is not valid: a validation rule was broken.
  kInvalidState,  ///< The object is spent, destroyed or lost.
  kNotSupported,  ///< This machine, library or back end cannot do it.
  kOperation,     ///< Building or running a valid graph failed.
  kUnknown,       ///< Allocation or copy of a tensor failed.
  kAborted,       ///< The caller cancelled it.
};

/// "TypeError", "InvalidStateError", "NotSupportedError", "OperationError", "UnknownError" or
/// "AbortError".
WEBNN_EXPORT std::string_view Name(ErrorCode code);

/// What went wrong. `message` names label, operator, operand, what was given and what is allowed;
/// `rule` is the stable name of the validation rule that was broken, or empty.
struct Error {
  ErrorCode code = ErrorCode::kUnknown;
  std::string message;
  std::string rule = {};
};

/// "TypeError: [my conv] conv2d: ..."
WEBNN_EXPORT std::string ToString(const Error& error);

/// Thrown by `Result::value()` when there is none.
class WEBNN_EXPORT BadResult : public std::runtime_error {
 public:
  explicit BadResult(Error error);
  const Error& error() const { return error_; }

 private:
  Error error_;
};

/// A value or an error, in the manner of `std::expected`. Nothing in the library throws except
/// `value()`, which is for programs that want an exception.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// The value; undefined when `!ok()`.
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  /// The value, or a thrown `BadResult`.
  T& value() & { return Checked(), **this; }
  const T& value() const& { return Checked(), **this; }
  T&& value() && { return Checked(), std::move(**this); }

  /// The error; undefined when `ok()`.
  Error& error() { return *std::get_if<1>(&state_); }
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  void Checked() const {
    if (!ok()) throw BadResult(error());
  }
  std::variant<T, Error> state_;
};

/// Success costs no more than a null pointer: every checked step of a dispatch returns one.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}  // NOLINT: implicit
  Result(const Result& other)
      : error_(other.error_ ? std::make_unique<Error>(*other.error_) : nullptr) {}
  Result& operator=(const Result& other) {
    if (this != &other) *this = Result(other);
    return *this;
  }
  Result(Result&&) noexcept = default;
  Result& operator=(Result&&) noexcept = default;
  ~Result() = default;

  bool ok() const { return error_ == nullptr; }
  explicit operator bool() const { return ok(); }
  /// Throws `BadResult` when `!ok()`.
  void value() const {
    if (error_) throw BadResult(*error_);
  }
  Error& error() { return *error_; }
  const Error& error() const { return *error_; }

 private:
  std::unique_ptr<Error> error_;
};

}  // namespace webnn
