#include "cache/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "cache/store.h"
#include "gtest/gtest.h"
#include "tests/cache/cache_test.h"
#include "tests/support/result_matchers.h"
#include "tests/support/scoped_variable.h"

namespace webnn::cache {
namespace {

using testing_support::Fails;
using testing_support::ScopedVariable;
using testing_support::Succeeds;

class FolderTest : public CacheTest {};

TEST_F(FolderTest, TheDefaultComesFromTheEnvironment) {
  const ScopedVariable home("HOME", "/home/someone");
  const ScopedVariable cache("XDG_CACHE_HOME", std::nullopt);
  const ScopedVariable own("WEBNN_CACHE_DIR", std::nullopt);
  EXPECT_EQ(*DefaultFolder(), "/home/someone/.cache/webnn");
  const ScopedVariable relative("XDG_CACHE_HOME", "relative");
  EXPECT_EQ(*DefaultFolder(), "/home/someone/.cache/webnn");
  const ScopedVariable absolute("XDG_CACHE_HOME", "/var/cache/someone");
  EXPECT_EQ(*DefaultFolder(), "/var/cache/someone/webnn");
  const ScopedVariable named("WEBNN_CACHE_DIR", Path("named"));
  EXPECT_EQ(*DefaultFolder(), Path("named"));
  EXPECT_EQ(Store::Open().value()->folder(), Path("named"));
}

TEST_F(FolderTest, WithoutAHomeItIsTheUsers) {
  const ScopedVariable home("HOME", std::nullopt);
  const ScopedVariable cache("XDG_CACHE_HOME", std::nullopt);
  const ScopedVariable own("WEBNN_CACHE_DIR", "");
  const auto folder = DefaultFolder();
  ASSERT_THAT(folder, Succeeds());
  EXPECT_TRUE(folder->starts_with("/") && folder->ends_with("/.cache/webnn")) << *folder;
}

TEST_F(FolderTest, APathIsMadeAbsolute) {
  const std::string here = std::filesystem::current_path();
  EXPECT_EQ(Store::Open({.folder = "some/./cache/"}).value()->folder(), here + "/some/cache");
  EXPECT_FALSE(std::filesystem::exists("some"));
}

TEST_F(FolderTest, IsMadeWithThoseAboveIt) {
  EXPECT_FALSE(*CheckFolder(Path("a/b/c")));
  ASSERT_THAT(PrepareFolder(Path("a/b/c")), Succeeds());
  EXPECT_TRUE(*CheckFolder(Path("a/b/c")));
  for (const char* folder : {"a", "a/b", "a/b/c"}) {
    struct stat status = {};
    ASSERT_EQ(stat(Path(folder).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
  }
  EXPECT_THAT(PrepareFolder(Path("a/b/c")), Succeeds());
}

TEST_F(FolderTest, OthersMustNotWriteToIt) {
  for (const mode_t mode : {0770, 0702, 01777}) {
    ASSERT_EQ(chmod(folder_.c_str(), mode), 0);
    for (const char* text : {"others may write to it", "chmod 700", "WEBNN_CACHE_DIR"}) {
      EXPECT_THAT(CheckFolder(folder_), Fails(ErrorCode::kOperation, text));
      EXPECT_THAT(Store::Open({.folder = folder_}), Fails(ErrorCode::kOperation, text));
    }
  }
  for (const mode_t mode : {0700, 0755, 0500}) {
    ASSERT_EQ(chmod(folder_.c_str(), mode), 0);
    EXPECT_THAT(CheckFolder(folder_), Succeeds());
  }
}

TEST_F(FolderTest, AnotherUsersIsRefused) {
  std::string foreign = "/";  // root's
  std::string owner = "belongs to user 0";
  if (geteuid() == 0) {
    foreign = Path("foreign");
    owner = "belongs to user 12345";
    std::filesystem::create_directory(foreign);
    ASSERT_EQ(chown(foreign.c_str(), 12345, 12345), 0);
  }
  EXPECT_THAT(Store::Open({.folder = foreign}), Fails(ErrorCode::kOperation, owner));
}

TEST_F(FolderTest, ALinkOrAFileIsRefused) {
  std::filesystem::create_directory(Path("real"));
  std::filesystem::create_symlink(Path("real"), Path("link"));
  WriteFile(Path("file"), "");
  EXPECT_THAT(Store::Open({.folder = Path("link")}),
              Fails(ErrorCode::kOperation, "is a symbolic link"));
  EXPECT_THAT(Store::Open({.folder = Path("link/")}),
              Fails(ErrorCode::kOperation, "is a symbolic link"));
  EXPECT_THAT(Store::Open({.folder = Path("file")}),
              Fails(ErrorCode::kOperation, "is not a folder"));
  EXPECT_THAT(PrepareFolder(Path("file/below")), Fails(ErrorCode::kOperation, "Not a directory"));
}

}  // namespace
}  // namespace webnn::cache
