#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace webnn::trt {

/// What a library has said during one call. Thread safe.
class Messages {
 public:
  void Error(std::string_view text) { Add(errors_, text); }
  void Warning(std::string_view text) { Add(warnings_, text); }
  void Clear();
  /// The errors (where there are none, the warnings), without repetitions and places in the
  /// vendor's sources, shortened to what helps; "no reason given" where nothing was said. Where
  /// device memory has run out, what can be done about it is added.
  std::string Text() const;

 private:
  void Add(std::vector<std::string>& list, std::string_view text);

  mutable std::mutex mutex_;
  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
};

/// A message without the place in the vendor's sources and line breaks, and not longer than
/// `limit`.
std::string Shorten(std::string_view message, size_t limit = 600);

}  // namespace webnn::trt
