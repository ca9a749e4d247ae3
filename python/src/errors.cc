#include <pthread.h>

#include "common.h"

namespace webnn::python {

std::atomic<uint32_t> fork_count{0};

namespace {

// What programs written for pywebnn 0.5 look for in messages: by the rule that was broken.
struct LegacyText {
  std::string_view op;    // as the message begins, or empty for all
  std::string_view rule;  // begins so
  std::string_view text;
};
constexpr LegacyText kLegacyTexts[] = {
#include "legacy_texts.inc"
};

// The first number after `word`, or empty.
std::string NumberAfter(const std::string& message, std::string_view word) {
  size_t begin = message.find(word);
  if (begin == std::string::npos) return "";
  begin += word.size();
  const size_t end = message.find_first_not_of("0123456789", begin);
  return message.substr(begin, end - begin);
}

std::string WithLegacyText(const Error& error) {
  if (error.rule == "axis-in-range" || error.rule == "axes-in-range") {
    const std::string axis = NumberAfter(error.message, "axis ");
    const std::string rank = NumberAfter(error.message, "is not below ");
    if (!axis.empty() && !rank.empty()) {
      return "Axis " + axis + " out of bounds for rank " + rank + ": " + error.message;
    }
  }
  for (const LegacyText& legacy : kLegacyTexts) {
    if (!error.rule.starts_with(legacy.rule)) continue;
    if (!legacy.op.empty() && error.message.find(std::string(legacy.op) + ":") == std::string::npos)
      continue;
    return std::string(legacy.text) + ": " + error.message;
  }
  return error.message;
}

}  // namespace

void Raise(const Error& error) {
  const nb::object module = nb::module_::import_("webnn._errors");
  const std::string_view code = Name(error.code);
  const nb::object type = module.attr("by_code")[nb::str(code.data(), code.size())];
  const std::string message = WithLegacyText(error);
  nb::object instance = type(nb::str(message.data(), message.size()));
  instance.attr("rule") = nb::str(error.rule.data(), error.rule.size());
  PyErr_SetObject(type.ptr(), instance.ptr());
  throw nb::python_error();
}

void Raise(ErrorCode code, std::string message) {
  Raise(Error{.code = code, .message = std::move(message)});
}

}  // namespace webnn::python
