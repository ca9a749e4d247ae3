#include "cache/file_lock.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/cache/cache_test.h"
#include "tests/support/result_matchers.h"

namespace webnn::cache {
namespace {

using testing_support::Fails;

class FileLockTest : public CacheTest {
 protected:
  std::optional<FileLock> Try() { return FileLock::Try(Path("lock")).value(); }
};

TEST_F(FileLockTest, OneHoldsIt) {
  {
    const auto held = Try();
    ASSERT_TRUE(held);
    EXPECT_FALSE(Try());
    EXPECT_TRUE(FileLock::Try(Path("other")).value());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_TRUE(Try());
}

TEST_F(FileLockTest, MovingItKeepsIt) {
  std::optional<FileLock> moved;
  {
    auto held = Try();
    ASSERT_TRUE(held);
    moved.emplace(*std::move(held));
  }
  EXPECT_FALSE(Try());
}

TEST_F(FileLockTest, AFileThatNobodyHoldsIsTakenOver) {
  WriteFile(Path("lock"), "");
  EXPECT_TRUE(Try());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

// The file is removed on each release: two must never hold two files of one name.
TEST_F(FileLockTest, ManyThreadsNeverHoldItTogether) {
  std::atomic<int> holders = 0;
  std::atomic<int> taken = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::atomic<bool> together = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      while (std::chrono::steady_clock::now() < end) {
        if (const auto lock = Try()) {
          if (++holders > 1) together = true;
          ++taken;
          std::this_thread::yield();
          --holders;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(together);
  EXPECT_GT(taken, 0);
}

TEST_F(FileLockTest, SaysWhyItCannotBeMade) {
  EXPECT_THAT(FileLock::Try(Path("missing/lock")), Fails(ErrorCode::kOperation, "No such file"));
  std::filesystem::create_symlink(Path("elsewhere"), Path("lock"));
  EXPECT_THAT(FileLock::Try(Path("lock")), Fails(ErrorCode::kOperation, "cannot make"));
  EXPECT_FALSE(std::filesystem::exists(Path("elsewhere")));
}

}  // namespace
}  // namespace webnn::cache
