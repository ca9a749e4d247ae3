#include "cache/container.h"

#include <cstring>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cache/cache_test.h"
#include "tests/support/result_matchers.h"

namespace webnn::cache {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

class ContainerTest : public CacheTest {
 protected:
  std::string Encode(const Key& key, std::string_view payload) {
    auto file = AtomicFile::Create(Path("entry"));
    EXPECT_THAT(WriteEntry(*file, key, Bytes(payload)), Succeeds());
    EXPECT_THAT(file->Commit(), Succeeds());
    return ReadFile(Path("entry"));
  }
};

TEST_F(ContainerTest, HasKeyAndPayload) {
  for (const std::string& payload : {std::string(), std::string("x"), std::string(100000, 'p')}) {
    const std::string file = Encode(SampleKey(), payload);
    const auto entry = ParseEntry(Bytes(file));
    ASSERT_THAT(entry, Succeeds());
    EXPECT_EQ(entry->key, SampleKey());
    EXPECT_EQ(Text(entry->payload.bytes), payload);
    // Inside the file, where vector instructions like it.
    EXPECT_EQ((Text(entry->payload.bytes).data() - file.data()) % 64, 0);
    EXPECT_EQ(*ParseKey(Bytes(file)), SampleKey());
  }
}

// The layout that container.h states, written down by hand.
TEST_F(ContainerTest, IsWrittenAsDocumented) {
  const std::string file = Encode(Key().Add("a", "b"), "payload");
  ASSERT_EQ(file.size(), 64u + 7u);
  EXPECT_EQ(file.substr(0, 8), "WEBNNBLB");
  const auto hash_at = [&](size_t offset) {
    Hash128 hash;
    std::memcpy(&hash.low, file.data() + offset, 8);
    std::memcpy(&hash.high, file.data() + offset + 8, 8);
    return hash;
  };
  EXPECT_EQ(hash_at(8), HashBytes(std::string_view(file).substr(24, 40)));
  EXPECT_EQ(file.substr(24, 16), std::string("\1\0\0\0\4\0\0\0\7\0\0\0\0\0\0\0", 16));
  EXPECT_EQ(hash_at(40), HashBytes("payload"));
  EXPECT_EQ(file.substr(56), std::string("a=b\n\0\0\0\0payload", 15));
}

TEST_F(ContainerTest, AFlippedBitAnywhereIsSeen) {
  std::string file = Encode(SampleKey(), "some payload");
  ASSERT_THAT(ParseEntry(Bytes(file)), Succeeds());
  for (char& byte : file) {
    for (int bit = 0; bit < 8; ++bit) {
      byte = static_cast<char>(byte ^ (1 << bit));
      EXPECT_THAT(ParseEntry(Bytes(file)), Fails(ErrorCode::kOperation));
      byte = static_cast<char>(byte ^ (1 << bit));
    }
  }
}

TEST_F(ContainerTest, ALengthThatIsNotItsOwnIsSeen) {
  const std::string file = Encode(SampleKey(), "some payload");
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_THAT(ParseEntry(Bytes(file.substr(0, length))), Fails(ErrorCode::kOperation));
    EXPECT_THAT(ParseKey(Bytes(file.substr(0, length))), Fails(ErrorCode::kOperation));
  }
  EXPECT_THAT(ParseEntry(Bytes(file + '\0')), Fails(ErrorCode::kOperation, "asks for"));
}

TEST_F(ContainerTest, SaysWhatIsWrong) {
  const std::string file = Encode(SampleKey(), "some payload");
  const auto changed = [&](size_t offset, char value) {
    std::string copy = file;
    copy[offset] = value;
    return copy;
  };
  EXPECT_THAT(ParseEntry(Bytes("WEB")), Fails(ErrorCode::kOperation, "3 bytes are too few"));
  EXPECT_THAT(ParseEntry(Bytes(changed(0, 'w'))),
              Fails(ErrorCode::kOperation, "not a cache entry"));
  EXPECT_THAT(ParseEntry(Bytes(changed(24, 2))), Fails(ErrorCode::kOperation, "of format 2"));
  EXPECT_THAT(ParseEntry(Bytes(changed(31, 1))), Fails(ErrorCode::kOperation, "too long"));
  EXPECT_THAT(ParseEntry(Bytes(changed(60, 'X'))),
              Fails(ErrorCode::kOperation, "header is damaged"));
  EXPECT_THAT(ParseEntry(Bytes(changed(file.size() - 1, 'X'))),
              Fails(ErrorCode::kOperation, "payload is damaged"));
}

// Hashes that are right do not make a key.
TEST_F(ContainerTest, AMalformedKeyIsRefused) {
  std::string file = Encode(Key().Add("a", "b"), "");
  file[57] = '?';
  const Hash128 hash = HashBytes(std::string_view(file).substr(24));
  std::memcpy(file.data() + 8, &hash.low, 8);
  std::memcpy(file.data() + 16, &hash.high, 8);
  EXPECT_THAT(ParseEntry(Bytes(file)), Fails(ErrorCode::kOperation, "key is malformed"));
}

}  // namespace
}  // namespace webnn::cache
