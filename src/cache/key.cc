#include "cache/key.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "fmt/format.h"

namespace webnn::cache {
namespace {

constexpr size_t kMaxFields = 100;
constexpr size_t kMaxNameLength = 60;
constexpr size_t kMaxTextLength = 500;

bool IsName(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789 -_.";
  return !name.empty() && name.size() <= kMaxNameLength &&
         name.find_first_not_of(kAllowed) == name.npos;
}

bool IsText(std::string_view text) {
  return text.size() <= kMaxTextLength && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

std::string Show(const std::optional<KeyField>& field) {
  if (!field) return "(absent)";
  if (field->hashed) return "hash " + field->value.substr(0, 8);
  return field->value.empty() ? "(empty)" : field->value;
}

}  // namespace

// False where the field is malformed, is one too many, or there is one of that name.
bool Key::Append(KeyField field) {
  if (fields_.size() == kMaxFields) return false;
  const bool well_formed = field.hashed ? ParseHash(field.value).has_value() : IsText(field.value);
  if (!IsName(field.name) || !well_formed || Find(field.name) != nullptr) return false;
  fields_.push_back(std::move(field));
  return true;
}

Key& Key::Add(std::string_view name, std::string_view text) {
  if (!IsText(text)) return Add(name, HashBytes(text));
  WEBNN_CHECK(Append({std::string(name), std::string(text)}));
  return *this;
}

Key& Key::Add(std::string_view name, Hash128 hash) {
  WEBNN_CHECK(Append({std::string(name), ToHex(hash), true}));
  return *this;
}

const KeyField* Key::Find(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const KeyField& field) { return field.name == name; });
  return found == fields_.end() ? nullptr : &*found;
}

std::string Key::Id() const { return ToHex(HashBytes(ToText())); }

std::string Key::ToText() const {
  std::string text;
  for (const KeyField& field : fields_) {
    text += fmt::format("{}{}{}\n", field.name, field.hashed ? ':' : '=', field.value);
  }
  return text;
}

std::optional<Key> Key::Parse(std::string_view text) {
  Key key;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == text.npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const size_t separator = line.find_first_of("=:");
    if (separator == line.npos) return std::nullopt;
    if (!key.Append({std::string(line.substr(0, separator)),
                     std::string(line.substr(separator + 1)), line[separator] == ':'})) {
      return std::nullopt;
    }
  }
  return key;
}

std::vector<KeyDifference> Compare(const Key& wanted, const Key& stored) {
  std::vector<KeyDifference> differences;
  for (const KeyField& field : wanted.fields()) {
    const KeyField* other = stored.Find(field.name);
    if (other == nullptr) {
      differences.push_back({field.name, field, std::nullopt});
    } else if (*other != field) {
      differences.push_back({field.name, field, *other});
    }
  }
  for (const KeyField& field : stored.fields()) {
    if (wanted.Find(field.name) == nullptr) {
      differences.push_back({field.name, std::nullopt, field});
    }
  }
  return differences;
}

std::string ToString(const KeyDifference& difference) {
  const auto& [name, wanted, stored] = difference;
  return fmt::format("{}: wanted {}, stored {}", name, Show(wanted), Show(stored));
}

}  // namespace webnn::cache
