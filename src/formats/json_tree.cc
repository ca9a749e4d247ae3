#include "formats/json_tree.h"

#include <limits>
#include <unordered_set>
#include <utility>

#include "core/errors.h"
#include "graph/infer_context.h"
#include "nlohmann/json.hpp"

namespace webnn::formats {

JsonTree::JsonTree(Variant variant) : variant_(std::move(variant)) {}
JsonTree::JsonTree(JsonTree&&) noexcept = default;
JsonTree& JsonTree::operator=(JsonTree&&) noexcept = default;
JsonTree::~JsonTree() = default;

const JsonTree* JsonTree::Find(std::string_view name) const {
  const auto* object = As<Object>();
  if (object == nullptr) return nullptr;
  for (const JsonMember& member : *object) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

namespace {

// Deeper than any file that we read: lists in options of nodes in the graph.
constexpr size_t kMaxDepth = 32;

JsonTree FromByte(std::byte byte) {
  return JsonTree(Number(static_cast<int64_t>(std::to_integer<uint8_t>(byte))));
}

std::optional<std::byte> ToByte(const JsonTree& json) {
  const auto* number = json.As<Number>();
  if (number == nullptr || number->kind() != Number::Kind::kInt64) return std::nullopt;
  if (number->int64() < 0 || number->int64() > 255) return std::nullopt;
  return static_cast<std::byte>(number->int64());
}

// Builds the tree from the parser's events; a `false` stops the parser.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Add(JsonTree()); }
  bool boolean(bool value) override { return Add(JsonTree(value)); }
  bool number_integer(int64_t value) override { return Add(JsonTree(Number(value))); }
  bool number_unsigned(uint64_t value) override {
    constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    return Add(JsonTree(value <= kMax ? Number(static_cast<int64_t>(value)) : Number(value)));
  }
  bool number_float(double value, const std::string&) override {
    return Add(JsonTree(Number(value)));
  }
  bool string(std::string& value) override { return Add(JsonTree(std::move(value))); }
  bool binary(nlohmann::json::binary_t&) override { return false; }

  bool start_object(size_t) override { return Open(JsonTree(JsonTree::Object())); }
  bool key(std::string& name) override {
    Level& level = open_.back();
    level.name = std::move(name);
    if (level.names.insert(level.name).second) return true;
    error_ = fmt::format("{}: the name is there twice", Path());
    return false;
  }
  bool end_object() override { return Close(); }
  // Bytes until something else turns up.
  bool start_array(size_t) override { return Open(JsonTree(JsonTree::Bytes())); }
  bool end_array() override { return Close(); }

  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    const std::string_view text = error.what();
    const size_t bracket = text.find("] ");
    error_ = EscapeControls(text.substr(bracket == std::string_view::npos ? 0 : bracket + 2));
    return false;
  }

  Result<JsonTree> Finish(bool parsed) {
    if (!parsed) return TypeError("{}", error_);
    return std::move(root_);
  }

 private:
  struct Level {
    JsonTree value;
    std::string name = {};                       // of the member that is being read
    std::unordered_set<std::string> names = {};  // of an object
  };

  std::string Path() const {
    std::string path;
    for (const Level& level : open_) {
      if (const auto* bytes = level.value.As<JsonTree::Bytes>()) {
        path += fmt::format("/{}", bytes->size());
      } else if (const auto* list = level.value.As<JsonTree::List>()) {
        path += fmt::format("/{}", list->size());
      } else {
        path += "/" + EscapeControls(level.name);
      }
    }
    return path;
  }

  bool Open(JsonTree value) {
    if (open_.size() == kMaxDepth) {
      error_ = fmt::format("{}: nested deeper than {} levels", Path(), kMaxDepth);
      return false;
    }
    open_.push_back({.value = std::move(value)});
    return true;
  }

  bool Close() {
    JsonTree value = std::move(open_.back().value);
    open_.pop_back();
    return Add(std::move(value));
  }

  bool Add(JsonTree value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Level& level = open_.back();
    if (auto* object = level.value.As<JsonTree::Object>()) {
      object->push_back({level.name, std::move(value)});
      return true;
    }
    if (auto* bytes = level.value.As<JsonTree::Bytes>()) {
      if (const auto byte = ToByte(value)) {
        bytes->push_back(*byte);
        return true;
      }
      JsonTree::List list;
      for (std::byte byte : *bytes) list.push_back(FromByte(byte));
      level.value = JsonTree(std::move(list));
    }
    level.value.As<JsonTree::List>()->push_back(std::move(value));
    return true;
  }

  JsonTree root_;
  std::vector<Level> open_;
  std::string error_;
};

}  // namespace

Result<JsonTree> ParseJson(std::string_view text) {
  TreeBuilder builder;
  const bool parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.Finish(parsed);
}

std::optional<Value> ToValue(const JsonTree& json) {
  if (json.is_null()) return Value();
  if (const auto* boolean = json.As<bool>()) return Value(*boolean);
  if (const auto* number = json.As<Number>()) return Value(*number);
  if (const auto* text = json.As<std::string>()) return Value(*text);
  Value::List values;
  if (const auto* bytes = json.As<JsonTree::Bytes>()) {
    for (std::byte byte : *bytes) values.emplace_back(std::to_integer<int64_t>(byte));
    return Value(std::move(values));
  }
  const auto* list = json.As<JsonTree::List>();
  if (list == nullptr) return std::nullopt;
  for (const JsonTree& item : *list) {
    auto value = ToValue(item);
    if (!value) return std::nullopt;
    values.push_back(*std::move(value));
  }
  return Value(std::move(values));
}

std::optional<std::vector<uint64_t>> ToSizes(const JsonTree& json) {
  std::vector<uint64_t> sizes;
  if (const auto* bytes = json.As<JsonTree::Bytes>()) {
    for (std::byte byte : *bytes) sizes.push_back(std::to_integer<uint64_t>(byte));
    return sizes;
  }
  const auto* list = json.As<JsonTree::List>();
  if (list == nullptr) return std::nullopt;
  for (const JsonTree& item : *list) {
    const auto* number = item.As<Number>();
    if (number == nullptr || !number->is_integer()) return std::nullopt;
    if (number->kind() == Number::Kind::kInt64 && number->int64() < 0) return std::nullopt;
    sizes.push_back(number->uint64());
  }
  return sizes;
}

std::string_view KindName(const JsonTree& json) {
  if (json.is_null()) return "null";
  if (json.is_list()) return "a list";
  if (json.As<bool>() != nullptr) return "a boolean";
  if (json.As<Number>() != nullptr) return "a number";
  return json.As<std::string>() != nullptr ? "a string" : "an object";
}

}  // namespace webnn::formats
