#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "webnn/result.h"
#include "webnn/value.h"

namespace webnn::formats {

struct JsonMember;

/// A JSON value. Members keep the order of the file, their names are unique, integers keep all 64
/// bits. A list of integers in [0, 255] takes one byte an element: weights are written like this.
class JsonTree {
 public:
  using Bytes = std::vector<std::byte>;
  using List = std::vector<JsonTree>;
  using Object = std::vector<JsonMember>;
  using Variant = std::variant<std::monostate, bool, Number, std::string, Bytes, List, Object>;

  JsonTree() = default;
  explicit JsonTree(Variant variant);
  JsonTree(JsonTree&&) noexcept;
  JsonTree& operator=(JsonTree&&) noexcept;
  ~JsonTree();

  template <class T>
  const T* As() const {
    return std::get_if<T>(&variant_);
  }
  template <class T>
  T* As() {
    return std::get_if<T>(&variant_);
  }
  bool is_null() const { return variant_.index() == 0; }
  bool is_list() const { return As<Bytes>() != nullptr || As<List>() != nullptr; }
  /// The member of an object; null where there is none, or where this is no object.
  const JsonTree* Find(std::string_view name) const;
  JsonTree* Find(std::string_view name) {
    return const_cast<JsonTree*>(std::as_const(*this).Find(name));
  }

 private:
  Variant variant_;
};

struct JsonMember {
  std::string name;
  JsonTree value;
};

/// The whole text as one value. TypeError with the line and column, or with the path of what is
/// nested deeper than any file of ours, or of a name that an object has twice.
Result<JsonTree> ParseJson(std::string_view text);

/// Nothing for an object, or for a list that holds one.
std::optional<Value> ToValue(const JsonTree& json);
/// A list of integers that are not negative.
std::optional<std::vector<uint64_t>> ToSizes(const JsonTree& json);

/// "a string", "null", "a list" ... for messages.
std::string_view KindName(const JsonTree& json);

}  // namespace webnn::formats
