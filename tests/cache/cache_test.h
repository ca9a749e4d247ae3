#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "cache/key.h"
#include "fmt/format.h"
#include "gtest/gtest.h"

namespace webnn::cache {

inline std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string_view Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void WriteFile(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A key whose weights are `weights`.
inline Key SampleKey(std::string_view weights = "w") {
  Key key;
  key.Add("backend", "sample").Add("driver", "580").Add("weights", HashBytes(weights));
  return key;
}

/// A test with an empty folder of its own (0700).
class CacheTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fmt::format("{}webnn_cache_test_{}", testing::TempDir(), getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(std::string_view name) const { return folder_ + '/' + std::string(name); }
  std::string folder_;
};

}  // namespace webnn::cache
