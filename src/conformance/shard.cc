#include "conformance/shard.h"

#include <charconv>
#include <system_error>

#include "core/errors.h"

namespace webnn::conformance {

Result<Shard> ParseShard(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, shard.index);
  if (index.ec == std::errc() && index.ptr != end && *index.ptr == '/') {
    const auto count = std::from_chars(index.ptr + 1, end, shard.count);
    if (count.ec == std::errc() && count.ptr == end && shard.index >= 1 &&
        shard.index <= shard.count) {
      return shard;
    }
  }
  return TypeError("\"{}\" is not a part I/N with I from 1 to N", text);
}

}  // namespace webnn::conformance
