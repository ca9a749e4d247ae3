#include "core/file_mappings.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn {
namespace {

constexpr size_t kPage = 4096;

// A file of three pages, mapped.
class FileMappingsTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::canonical(testing::TempDir()) / "mapped file";
    std::ofstream(path_, std::ios::binary) << std::string(3 * kPage, 'x');
  }
  void TearDown() override {
    munmap(address_, 2 * kPage);
    std::filesystem::remove(path_);
  }
  // The second and third page.
  std::span<const std::byte> Map(int rights) {
    const int file = open(path_.c_str(), O_RDONLY);
    address_ = mmap(nullptr, 2 * kPage, rights, MAP_PRIVATE, file, kPage);
    close(file);
    return {static_cast<const std::byte*>(address_), 2 * kPage};
  }
  std::string path_;
  void* address_ = nullptr;
};

TEST_F(FileMappingsTest, FindsTheFileAndThePlace) {
  const auto bytes = Map(PROT_READ);
  const auto found = FileMappings::Read().Find(bytes.subspan(100, 5000));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->path, path_);
  EXPECT_EQ(found->offset, kPage + 100);
}

TEST_F(FileMappingsTest, BytesThatAreNotAllInTheFileAreNone) {
  const auto bytes = Map(PROT_READ);
  std::filesystem::resize_file(path_, kPage + 10);
  const FileMappings files = FileMappings::Read();
  EXPECT_TRUE(files.Find(bytes.first(10)).has_value());
  EXPECT_FALSE(files.Find(bytes.first(11)).has_value());
}

TEST_F(FileMappingsTest, MemoryThatMayBeWrittenIsNone) {
  const auto bytes = Map(PROT_READ | PROT_WRITE);
  EXPECT_FALSE(FileMappings::Read().Find(bytes).has_value());
}

TEST_F(FileMappingsTest, AFileThatWasReplacedIsNone) {
  const auto bytes = Map(PROT_READ);
  const std::string renamed = path_ + " renamed";
  std::filesystem::rename(path_, renamed);
  std::ofstream(path_, std::ios::binary) << std::string(3 * kPage, 'y');
  const auto found = FileMappings::Read().Find(bytes);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->path, renamed);
  std::filesystem::rename(path_, renamed);
  EXPECT_FALSE(FileMappings::Read().Find(bytes).has_value());
  std::filesystem::rename(renamed, path_);
}

TEST_F(FileMappingsTest, TheHeapIsNone) {
  const std::vector<std::byte> bytes(100000);
  EXPECT_FALSE(FileMappings::Read().Find(bytes).has_value());
  EXPECT_FALSE(FileMappings::Read().Find({}).has_value());
}

}  // namespace
}  // namespace webnn
