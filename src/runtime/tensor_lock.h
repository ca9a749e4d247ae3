#pragma once

#include <atomic>
#include <cstdint>

namespace webnn {

/// Many readers or one writer, in one word: a dispatch takes one for each of its tensors, so an
/// uncontended pair of calls must cost nanoseconds. Not recursive, not fair. Another thread may
/// unlock than has locked.
class TensorLock {
 public:
  void LockShared() {
    int32_t readers = state_.load(std::memory_order_relaxed);
    for (;;) {
      if (readers == kWriter) {
        state_.wait(readers, std::memory_order_relaxed);
        readers = state_.load(std::memory_order_relaxed);
      } else if (state_.compare_exchange_weak(readers, readers + 1, std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
        return;
      }
    }
  }
  void UnlockShared() {
    if (state_.fetch_sub(1, std::memory_order_release) == 1) state_.notify_all();
  }
  void Lock() {
    int32_t expected = 0;
    while (!state_.compare_exchange_weak(expected, kWriter, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
      if (expected != 0) state_.wait(expected, std::memory_order_relaxed);
      expected = 0;
    }
  }
  /// False where that would have to wait.
  bool TryLock() {
    int32_t expected = 0;
    return state_.compare_exchange_strong(expected, kWriter, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void Unlock() {
    state_.store(0, std::memory_order_release);
    state_.notify_all();
  }

 private:
  static constexpr int32_t kWriter = -1;
  std::atomic<int32_t> state_{0};
};

}  // namespace webnn
