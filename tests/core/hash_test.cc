#include "core/hash.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/hash_pieces.h"
#include "gtest/gtest.h"

namespace webnn {
namespace {

// The test vectors of xxHash's own documentation: XXH3_128bits of the empty input, and of "a".
TEST(HashTest, IsXxh3) {
  EXPECT_EQ(ToHex(HashBytes("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(ToHex(HashBytes("a")), "a96faf705af16834e6c632b61e964e1f");
}

TEST(HashTest, EveryBitCounts) {
  std::string bytes(1000, 'x');
  const Hash128 before = HashBytes(bytes);
  for (char& byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      byte = static_cast<char>(byte ^ (1 << bit));
      EXPECT_NE(HashBytes(bytes), before);
      byte = static_cast<char>(byte ^ (1 << bit));
    }
  }
}

// Sizes around a chunk, and enough for several threads; the division into parts does not count.
TEST(HashTest, OfParts) {
  constexpr size_t kChunk = size_t{4} << 20;
  std::vector<std::byte> bytes(9 * kChunk + 12345);
  uint32_t state = 1;
  for (std::byte& byte : bytes) byte = static_cast<std::byte>((state = state * 1664525 + 1) >> 24);
  std::vector<std::span<const std::byte>> contents;
  for (const size_t size : {size_t{0}, size_t{1}, kChunk - 1, kChunk, kChunk + 1, 2 * kChunk,
                            bytes.size() - 1, bytes.size()}) {
    const std::span<const std::byte> whole = std::span(bytes).first(size);
    std::string digits;
    for (size_t at = 0; at < size; at += kChunk) {
      digits += ToHex(HashBytes(whole.subspan(at, std::min(kChunk, size - at))));
    }
    const Hash128 hash = HashParts({&whole, 1});
    EXPECT_EQ(hash, size <= kChunk ? HashBytes(whole) : HashBytes(digits)) << size;
    for (const size_t cut : {size_t{0}, size / 3, size / 2, size}) {
      const std::array parts = {whole.first(cut), whole.subspan(cut).first(0), whole.subspan(cut)};
      EXPECT_EQ(HashParts(parts), hash) << size << " cut at " << cut;
    }
    contents.push_back(whole);
  }
  const std::vector<Hash128> each = HashEach(contents);
  ASSERT_EQ(each.size(), contents.size());
  for (size_t i = 0; i < each.size(); ++i) EXPECT_EQ(each[i], HashParts({&contents[i], 1}));
  EXPECT_EQ(std::set(each.begin(), each.end()).size(), each.size());
  EXPECT_TRUE(HashEach({}).empty());
}

// One bit in every chunk, the last byte among them.
TEST(HashTest, EveryChunkCounts) {
  std::vector<std::byte> bytes((size_t{20} << 20) + 1);
  const std::span<const std::byte> whole = bytes;
  const Hash128 before = HashParts({&whole, 1});
  for (size_t at = 0; at < bytes.size(); at += size_t{4} << 20) {
    bytes[at] = std::byte{1};
    EXPECT_NE(HashParts({&whole, 1}), before) << at;
    bytes[at] = std::byte{0};
  }
  EXPECT_EQ(HashParts({&whole, 1}), before);
}

// With wide vectors and without, in one piece and in several.
TEST(HashTest, IsTheSameOnEveryProcessor) {
  std::vector<std::byte> bytes(70001);
  uint32_t state = 1;
  for (std::byte& byte : bytes) byte = static_cast<std::byte>((state = state * 1664525 + 1) >> 24);
  for (size_t size = 0; size <= bytes.size(); size += size < 1100 ? 1 : 977) {
    const Piece whole = {bytes.data(), size};
    const Xxh3Halves plain = HashPiecesHere(&whole, 1);
    const Hash128 hash = {plain.high, plain.low};
    ASSERT_EQ(HashBytes(std::span(bytes).first(size)), hash) << size;
    const std::span<const std::byte> parts[] = {
        std::span(bytes).first(size / 3), std::span(bytes).subspan(size / 3, size - size / 3)};
    ASSERT_EQ(HashParts(parts), hash) << size;
  }
}

TEST(HashTest, IsKeptOnceKnown) {
  KnownHash known;
  EXPECT_EQ(known.Get(), std::nullopt);
  known.Set({.high = 1, .low = 2});
  EXPECT_EQ(known.Get(), (Hash128{.high = 1, .low = 2}));
}

TEST(HashTest, ReadsWhatItWrites) {
  const Hash128 hash = {0x0123456789abcdef, 0x00000000000000f0};
  EXPECT_EQ(ToHex(hash), "0123456789abcdef00000000000000f0");
  EXPECT_EQ(ParseHash(ToHex(hash)), hash);
}

TEST(HashTest, ReadsNothingElse) {
  for (const char* text :
       {"", "0123", "0123456789abcdef00000000000000f", "0123456789abcdeg00000000000000f0",
        "-123456789abcdef00000000000000f0", "0x23456789abcdef00000000000000f0",
        " 123456789abcdef00000000000000f0", "0123456789ABCDEF00000000000000F0",
        "0123456789abcdef00000000000000f00"}) {
    EXPECT_EQ(ParseHash(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace webnn
