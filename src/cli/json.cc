#include "cli/json.h"

#include <algorithm>

#include "cli/terminal.h"

namespace webnn::cli {
namespace {

// What is not UTF-8 in a name must not lose the rest.
std::string OnOneLine(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Pretty(const Json& json, const std::string& margin) {
  const bool plain_list =
      json.is_array() &&
      std::none_of(json.begin(), json.end(), [](const Json& item) { return item.is_structured(); });
  if (!json.is_structured() || json.empty() || plain_list) return OnOneLine(json);
  const std::string inner = margin + "  ";
  std::string text;
  for (const auto& [key, value] : json.items()) {
    text += text.empty() ? "\n" : ",\n";
    text += inner + (json.is_object() ? OnOneLine(key) + ": " : "") + Pretty(value, inner);
  }
  text += "\n" + margin;
  return json.is_object() ? "{" + text + "}" : "[" + text + "]";
}

}  // namespace

void PrintJson(const Json& json) { Print(Pretty(json, "") + "\n"); }

}  // namespace webnn::cli
