#include "backends/tensorrt/messages.h"

#include <algorithm>
#include <cstddef>

#include "fmt/format.h"

namespace webnn::trt {
namespace {

// Of each kind: a failed build says a lot, and the first of it is the cause.
constexpr size_t kKept = 16;
constexpr size_t kShown = 3;

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool SaysOutOfMemory(std::string_view text) {
  return Contains(text, "out of memory") || Contains(text, "OutOfMemory") ||
         Contains(text, "Out of memory") || Contains(text, "insufficient memory");
}

}  // namespace

std::string Shorten(std::string_view message, size_t limit) {
  // "[optimizer.cpp::computeCosts::4242] Error Code 10: ..."
  while (message.starts_with('[')) {
    const size_t end = message.find("] ");
    if (end == std::string_view::npos || !Contains(message.substr(0, end), "::")) break;
    message.remove_prefix(end + 2);
  }
  std::string text;
  for (char letter : message) {
    const bool blank = letter == '\n' || letter == '\r' || letter == '\t' || letter == ' ';
    if (!blank) {
      text += letter;
    } else if (!text.empty() && text.back() != ' ') {
      text += ' ';
    }
  }
  // "(the cause. In operator() at /_src/optimizer/api/builder.cpp:1569)"
  for (size_t at = 0; (at = text.find(" at /_src/", at)) != std::string::npos;) {
    size_t begin = text.rfind("In ", at);
    const size_t end = std::min(text.find_first_of(" )", at + 10), text.size());
    if (begin == std::string::npos ||
        (begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != '(')) {
      begin = at;
    }
    text.erase(begin, end - begin);
    if (begin > 0 && text[begin - 1] == ' ') text.erase(--begin, 1);
    if (begin < text.size() && text[begin] == ' ' && begin > 0 && text[begin - 1] == '(') {
      text.erase(begin, 1);
    }
    at = begin;
  }
  while (text.ends_with(' ')) text.pop_back();
  if (text.size() > limit) {
    size_t end = limit;
    // Not in the middle of a character of several bytes.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
    text.resize(end);
    text += " ...";
  }
  return text;
}

void Messages::Add(std::vector<std::string>& list, std::string_view text) {
  std::string shortened = Shorten(text);
  if (shortened.empty()) return;
  const std::lock_guard lock(mutex_);
  for (std::string& other : list) {
    // The same comes through the log and the error recorder, there cut off.
    if (other.find(shortened) != std::string::npos) return;
    if (shortened.find(other) != std::string::npos) {
      other = std::move(shortened);
      return;
    }
  }
  if (list.size() < kKept) list.push_back(std::move(shortened));
}

void Messages::Clear() {
  const std::lock_guard lock(mutex_);
  errors_.clear();
  warnings_.clear();
}

std::string Messages::Text() const {
  const std::lock_guard lock(mutex_);
  const std::vector<std::string>& list = errors_.empty() ? warnings_ : errors_;
  if (list.empty()) return "no reason given";
  std::string text;
  for (size_t i = 0; i < std::min(list.size(), kShown); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : "; ", list[i]);
  }
  if (list.size() > kShown) text += fmt::format(" (and {} more)", list.size() - kShown);
  if (std::any_of(list.begin(), list.end(), SaysOutOfMemory)) {
    text +=
        " The device's memory is used up: free graphs and tensors, or limit "
        "CompileOptions::workspace_bytes.";
  }
  return text;
}

}  // namespace webnn::trt
