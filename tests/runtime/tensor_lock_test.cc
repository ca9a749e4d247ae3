#include "runtime/tensor_lock.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace webnn {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TensorLockTest, ReadersShareIt) {
  TensorLock lock;
  lock.LockShared();
  auto second = std::async(std::launch::async, [&] {
    lock.LockShared();
    lock.UnlockShared();
  });
  EXPECT_EQ(second.wait_for(seconds(30)), std::future_status::ready);
  lock.UnlockShared();
}

TEST(TensorLockTest, AWriterWaitsForAllReaders) {
  TensorLock lock;
  std::atomic<bool> written = false;
  lock.LockShared();
  lock.LockShared();
  auto writer = std::async(std::launch::async, [&] {
    lock.Lock();
    written = true;
    lock.Unlock();
  });
  EXPECT_EQ(writer.wait_for(milliseconds(20)), std::future_status::timeout);
  lock.UnlockShared();
  EXPECT_EQ(writer.wait_for(milliseconds(20)), std::future_status::timeout);
  EXPECT_FALSE(written);
  lock.UnlockShared();
  EXPECT_EQ(writer.wait_for(seconds(30)), std::future_status::ready);
  EXPECT_TRUE(written);
}

TEST(TensorLockTest, EverybodyWaitsForAWriter) {
  TensorLock lock;
  lock.Lock();
  auto reader = std::async(std::launch::async, [&] {
    lock.LockShared();
    lock.UnlockShared();
  });
  auto writer = std::async(std::launch::async, [&] {
    lock.Lock();
    lock.Unlock();
  });
  EXPECT_EQ(reader.wait_for(milliseconds(20)), std::future_status::timeout);
  EXPECT_EQ(writer.wait_for(milliseconds(20)), std::future_status::timeout);
  lock.Unlock();
  EXPECT_EQ(reader.wait_for(seconds(30)), std::future_status::ready);
  EXPECT_EQ(writer.wait_for(seconds(30)), std::future_status::ready);
}

TEST(TensorLockTest, KeepsReadersAndWritersApart) {
  TensorLock lock;
  int first = 0;
  int second = 0;
  std::atomic<int> torn = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20000; ++k) {
        lock.Lock();
        ++first;
        ++second;
        lock.Unlock();
      }
    });
    threads.emplace_back([&] {
      for (int k = 0; k < 20000; ++k) {
        lock.LockShared();
        if (first != second) ++torn;
        lock.UnlockShared();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(first, 40000);
}

}  // namespace
}  // namespace webnn
