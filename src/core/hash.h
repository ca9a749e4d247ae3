#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webnn {

/// A 128-bit content hash (XXH3): it tells contents apart that were not made to collide. No proof
/// against someone who makes them so.
struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
};

Hash128 HashBytes(std::span<const std::byte> bytes);
/// Of the parts one behind the other, however they are divided. Up to 4 MiB as `HashBytes`; more is
/// the hash of the hashes of chunks of 4 MiB, which are read in several threads.
Hash128 HashParts(std::span<const std::span<const std::byte>> parts);
/// `HashParts` of each content alone.
std::vector<Hash128> HashEach(std::span<const std::span<const std::byte>> contents);
inline Hash128 HashBytes(std::string_view text) {
  return HashBytes(std::as_bytes(std::span(text)));
}

/// Keeps the hash of bytes that never change once somebody has computed it. For several threads.
class KnownHash {
 public:
  std::optional<Hash128> Get() const {
    if (!known_.load(std::memory_order_acquire)) return std::nullopt;
    return Hash128{.high = high_.load(std::memory_order_relaxed),
                   .low = low_.load(std::memory_order_relaxed)};
  }
  /// All callers have the same hash.
  void Set(Hash128 hash) {
    high_.store(hash.high, std::memory_order_relaxed);
    low_.store(hash.low, std::memory_order_relaxed);
    known_.store(true, std::memory_order_release);
  }

 private:
  std::atomic<bool> known_ = false;
  std::atomic<uint64_t> high_ = 0;
  std::atomic<uint64_t> low_ = 0;
};

/// 32 hexadecimal digits in lower case, and back.
std::string ToHex(Hash128 hash);
std::optional<Hash128> ParseHash(std::string_view hex);

}  // namespace webnn
