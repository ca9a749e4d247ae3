#include "core/hash.h"

#include <string>

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
