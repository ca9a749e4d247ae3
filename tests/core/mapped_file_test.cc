#include "core/mapped_file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

std::string Path(const char* name) { return testing::TempDir() + name; }

TEST(MappedFileTest, HasTheBytesOfTheFile) {
  std::ofstream(Path("mapped_bytes"), std::ios::binary) << "abc";
  const auto file = MappedFile::Open(Path("mapped_bytes"));
  ASSERT_THAT(file, Succeeds());
  const auto bytes = (*file)->bytes();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "abc");
}

TEST(MappedFileTest, AnEmptyFileHasNoBytes) {
  std::ofstream(Path("mapped_empty"), std::ios::binary).flush();
  const auto file = MappedFile::Open(Path("mapped_empty"));
  ASSERT_THAT(file, Succeeds());
  EXPECT_TRUE((*file)->bytes().empty());
}

TEST(MappedFileTest, SaysWhyItCannotBeRead) {
  EXPECT_THAT(MappedFile::Open(Path("mapped_missing")),
              Fails(ErrorCode::kOperation, "No such file"));
  EXPECT_THAT(MappedFile::Open(testing::TempDir()), Fails(ErrorCode::kOperation, "directory"));
  EXPECT_THAT(MappedFile::Open("/dev/null"), Fails(ErrorCode::kOperation, "not a regular file"));
}

}  // namespace
}  // namespace webnn
