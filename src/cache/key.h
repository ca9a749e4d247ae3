#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/hash.h"

namespace webnn::cache {

/// One thing that an entry depends on.
struct KeyField {
  std::string name;   ///< "weights", "driver" ...
  std::string value;  ///< The text, or 32 hexadecimal digits where it is a hash.
  bool hashed = false;
  friend bool operator==(const KeyField&, const KeyField&) = default;
};

/// All that the content of an entry depends on, as named fields in a fixed order. Entries are found
/// by the hash of the fields and taken only when every field is equal.
class Key {
 public:
  /// Adds a field. Names are of lower-case letters, digits, spaces, '-', '_' and '.', and there is
  /// one of each. Text is kept as it is, so that it can be shown; long text, or text with control
  /// characters, is kept as its hash.
  Key& Add(std::string_view name, std::string_view text);
  Key& Add(std::string_view name, Hash128 hash);

  std::span<const KeyField> fields() const { return fields_; }
  /// Null where there is none.
  const KeyField* Find(std::string_view name) const;
  /// What names the entry: 32 hexadecimal digits.
  std::string Id() const;

  /// One line a field: "name=text" or "name:hash".
  std::string ToText() const;
  /// Nothing for what `ToText` cannot have written.
  static std::optional<Key> Parse(std::string_view text);
  friend bool operator==(const Key&, const Key&) = default;

 private:
  bool Append(KeyField field);
  std::vector<KeyField> fields_;
};

/// A field that two keys do not share; null where a key has no such field.
struct KeyDifference {
  std::string name;
  std::optional<KeyField> wanted;
  std::optional<KeyField> stored;
};

/// In the order of `wanted`, then what only `stored` has.
std::vector<KeyDifference> Compare(const Key& wanted, const Key& stored);
/// "driver: wanted 580, stored 570"; of hashes the first digits are shown.
std::string ToString(const KeyDifference& difference);

}  // namespace webnn::cache
