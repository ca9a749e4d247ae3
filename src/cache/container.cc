#include "cache/container.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/check.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/try.h"

namespace webnn::cache {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint32_t kVersion = 1;
constexpr size_t kAlignment = 64;
constexpr uint32_t kMaxKeyLength = 1 << 16;

struct Header {
  std::array<char, 8> magic = {};
  uint64_t header_hash[2] = {};
  uint32_t version = kVersion;
  uint32_t key_length = 0;
  uint64_t payload_length = 0;
  uint64_t payload_hash[2] = {};

  size_t payload_offset() const {
    return (sizeof(Header) + key_length + kAlignment - 1) / kAlignment * kAlignment;
  }
};
static_assert(sizeof(Header) == 56 && kEntryMagic.size() == 8);
constexpr size_t kHashedFrom = 24;

void Store(uint64_t (&halves)[2], Hash128 hash) {
  halves[0] = hash.low;
  halves[1] = hash.high;
}
bool Holds(const uint64_t (&halves)[2], Hash128 hash) {
  return Hash128{.high = halves[1], .low = halves[0]} == hash;
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Parsed {
  Header header;
  Key key;
};

// Everything up to the payload, and the payload's length.
Result<Parsed> ParseHeader(std::span<const std::byte> bytes) {
  Header header;
  if (bytes.size() < sizeof(header)) {
    return OperationError("{} bytes are too few for a cache entry", bytes.size());
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (!AsText(bytes).starts_with(kEntryMagic)) return OperationError("not a cache entry");
  if (header.version != kVersion) {
    return OperationError("a cache entry of format {}; this library reads format {}",
                          header.version, kVersion);
  }
  if (header.key_length > kMaxKeyLength) return OperationError("the key is too long");
  const size_t offset = header.payload_offset();
  if (bytes.size() < offset || bytes.size() - offset != header.payload_length) {
    return OperationError("the file has {} bytes; its header asks for {} and {} of payload",
                          bytes.size(), offset, header.payload_length);
  }
  if (!Holds(header.header_hash, HashBytes(bytes.subspan(kHashedFrom, offset - kHashedFrom)))) {
    return OperationError("the header is damaged");
  }
  auto key = Key::Parse(AsText(bytes.subspan(sizeof(header), header.key_length)));
  if (!key) return OperationError("the key is malformed");
  return Parsed{header, *std::move(key)};
}

}  // namespace

Result<Entry> ParseEntry(std::span<const std::byte> bytes) {
  WEBNN_ASSIGN_OR_RETURN(Parsed parsed, ParseHeader(bytes));
  const auto payload = bytes.subspan(parsed.header.payload_offset());
  if (!Holds(parsed.header.payload_hash, HashParts({&payload, 1}))) {
    return OperationError("the payload is damaged");
  }
  return Entry{std::move(parsed.key), {nullptr, payload}};
}

Result<Key> ParseKey(std::span<const std::byte> bytes) {
  WEBNN_ASSIGN_OR_RETURN(Parsed parsed, ParseHeader(bytes));
  return std::move(parsed.key);
}

Result<void> WriteEntry(AtomicFile& file, const Key& key,
                        std::span<const std::span<const std::byte>> payload) {
  const std::string text = key.ToText();
  WEBNN_CHECK(text.size() <= kMaxKeyLength);
  Header header;
  std::copy(kEntryMagic.begin(), kEntryMagic.end(), header.magic.begin());
  header.key_length = static_cast<uint32_t>(text.size());
  for (const auto& part : payload) header.payload_length += part.size();
  Store(header.payload_hash, HashParts(payload));

  std::string bytes(header.payload_offset(), '\0');
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::copy(text.begin(), text.end(), bytes.begin() + sizeof(header));
  Store(header.header_hash, HashBytes(std::string_view(bytes).substr(kHashedFrom)));
  std::memcpy(bytes.data(), &header, sizeof(header));

  WEBNN_RETURN_IF_ERROR(file.Write(bytes));
  for (const auto& part : payload) WEBNN_RETURN_IF_ERROR(file.Write(part));
  return {};
}

}  // namespace webnn::cache
