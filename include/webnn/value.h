#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "webnn/types.h"

namespace webnn {

/// An argument of an operator in a form that programs can make up at run time: what JSON, Python
/// and the command line know before they know the operator. `monostate` is an absent option.
class Value {
 public:
  using List = std::vector<Value>;
  using Variant = std::variant<std::monostate, bool, Number, std::string, Operand, List>;

  Value() = default;
  Value(bool value) : variant_(value) {}                           // NOLINT: implicit
  Value(Number value) : variant_(value) {}                         // NOLINT: implicit
  Value(std::string value) : variant_(std::move(value)) {}         // NOLINT: implicit
  Value(std::string_view value) : variant_(std::string(value)) {}  // NOLINT: implicit
  Value(const char* value) : variant_(std::string(value)) {}       // NOLINT: implicit
  Value(Operand value) : variant_(value) {}                        // NOLINT: implicit
  Value(List value) : variant_(std::move(value)) {}                // NOLINT: implicit
  template <class T>
    requires(std::integral<T> || std::floating_point<T>) && (!std::same_as<T, bool>)
  Value(T value) : variant_(Number(value)) {}  // NOLINT: implicit

  template <class T>
  const T* As() const {
    return std::get_if<T>(&variant_);
  }
  bool absent() const { return std::holds_alternative<std::monostate>(variant_); }
  const Variant& variant() const { return variant_; }

 private:
  Variant variant_;
};

/// Options by their names in the specification.
using NamedValues = std::map<std::string, Value, std::less<>>;

}  // namespace webnn
