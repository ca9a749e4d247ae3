#include "core/hash.h"

#include <charconv>

#include "fmt/format.h"
#include "xxhash.h"

namespace webnn {

Hash128 HashBytes(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

Hash128 HashParts(std::span<const std::span<const std::byte>> parts) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (const auto& part : parts) XXH3_128bits_update(&state, part.data(), part.size());
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return {hash.high64, hash.low64};
}

std::string ToHex(Hash128 hash) { return fmt::format("{:016x}{:016x}", hash.high, hash.low); }

std::optional<Hash128> ParseHash(std::string_view hex) {
  constexpr size_t kDigits = 16;
  Hash128 hash;
  if (hex.size() != 2 * kDigits) return std::nullopt;
  if (hex.find_first_of("ABCDEF") != hex.npos) return std::nullopt;
  for (uint64_t* half : {&hash.high, &hash.low}) {
    const std::string_view digits = hex.substr(0, kDigits);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), *half, 16);
    if (read.ptr != digits.data() + digits.size()) return std::nullopt;
    hex.remove_prefix(kDigits);
  }
  return hash;
}

}  // namespace webnn
