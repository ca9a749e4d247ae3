// Reads the input, after its first byte, as a cache entry. The key of what is accepted must stand
// in it as it was read, and the payload must be its end.
//
// Nothing made up has hashes that are right: where the first byte is odd, they are put right first,
// so that what lies behind them is reached.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "cache/container.h"
#include "core/hash.h"

using webnn::Hash128;
using webnn::HashBytes;

namespace {

void PutHash(std::string& bytes, size_t offset, Hash128 hash) {
  std::memcpy(bytes.data() + offset, &hash.low, 8);
  std::memcpy(bytes.data() + offset + 8, &hash.high, 8);
}

void PutHashesRight(std::string& bytes) {
  if (bytes.size() < 56) return;
  uint32_t key_length = 0;
  std::memcpy(&key_length, bytes.data() + 28, sizeof(key_length));
  const uint64_t offset = (uint64_t{56} + key_length + 63) / 64 * 64;
  if (offset > bytes.size()) return;
  PutHash(bytes, 40, HashBytes(std::string_view(bytes).substr(offset)));
  PutHash(bytes, 8, HashBytes(std::string_view(bytes).substr(24, offset - 24)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) != 0) PutHashesRight(bytes);
  const auto span = std::as_bytes(std::span(bytes));

  const auto key = webnn::cache::ParseKey(span);
  const auto entry = webnn::cache::ParseEntry(span);
  if (!entry.ok()) return 0;
  if (!key.ok() || *key != entry->key) std::abort();
  const std::string text = entry->key.ToText();
  if (bytes.compare(56, text.size(), text) != 0) std::abort();
  if (entry->payload.bytes.data() + entry->payload.bytes.size() != span.data() + span.size()) {
    std::abort();
  }
  return 0;
}
