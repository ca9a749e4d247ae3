#include "core/atomic_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

class AtomicFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / "atomic_file_test";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(const char* name) const { return folder_ / name; }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t FileCount() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::filesystem::path folder_;
};

TEST_F(AtomicFileTest, IsThereOnceCommitted) {
  auto file = AtomicFile::Create(Path("a"));
  ASSERT_THAT(file, Succeeds());
  ASSERT_THAT(file->Write("one "), Succeeds());
  EXPECT_FALSE(std::filesystem::exists(Path("a")));
  ASSERT_THAT(file->Write("two"), Succeeds());
  ASSERT_THAT(file->Commit(), Succeeds());
  EXPECT_EQ(Read(Path("a")), "one two");
  EXPECT_EQ(FileCount(), 1u);
}

TEST_F(AtomicFileTest, HasTheRightsAskedFor) {
  auto file = AtomicFile::Create(Path("a"), 0600);
  ASSERT_THAT(file, Succeeds());
  ASSERT_THAT(file->Commit(), Succeeds());
  EXPECT_EQ(std::filesystem::status(Path("a")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(AtomicFileTest, ReplacesAnOlderFile) {
  ASSERT_THAT(WriteFileAtomically(Path("a"), "a longer text"), Succeeds());
  ASSERT_THAT(WriteFileAtomically(Path("a"), "new"), Succeeds());
  EXPECT_EQ(Read(Path("a")), "new");
  EXPECT_EQ(FileCount(), 1u);
}

TEST_F(AtomicFileTest, LeavesNothingWhenItIsNotCommitted) {
  ASSERT_THAT(WriteFileAtomically(Path("a"), "old"), Succeeds());
  {
    auto file = AtomicFile::Create(Path("a"));
    ASSERT_THAT(file, Succeeds());
    const AtomicFile moved = *std::move(file);
    EXPECT_EQ(FileCount(), 2u);
  }
  EXPECT_EQ(Read(Path("a")), "old");
  EXPECT_EQ(FileCount(), 1u);
}

TEST_F(AtomicFileTest, SaysWhyItCannotBeWritten) {
  EXPECT_THAT(WriteFileAtomically(Path("missing/a"), "x"),
              Fails(ErrorCode::kOperation, "No such file"));
  std::filesystem::create_directory(Path("folder"));
  EXPECT_THAT(WriteFileAtomically(Path("folder"), "x"), Fails(ErrorCode::kOperation, "directory"));
  EXPECT_EQ(FileCount(), 1u);
}

}  // namespace
}  // namespace webnn
