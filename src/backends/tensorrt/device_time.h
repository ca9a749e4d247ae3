#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace webnn::trt {

/// The right to a device's time. A build that compares kernels by their times has the device for
/// itself: beside five others ResNet-50 came out half again as slow. Builds that compare nothing
/// share it, so they only keep out of the others' way. Whoever comes first is served first, so that
/// none waits for ever. Thread safe.
class DeviceTime {
 public:
  /// Holds the right until it is destroyed, in any thread; empty where the wait was given up.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept { *this = std::move(other); }
    Turn& operator=(Turn&& other) noexcept;
    ~Turn();
    explicit operator bool() const { return time_ != nullptr; }

   private:
    friend class DeviceTime;
    explicit Turn(DeviceTime& time) : time_(&time) {}
    DeviceTime* time_ = nullptr;
  };

  DeviceTime() = default;
  DeviceTime(const DeviceTime&) = delete;
  DeviceTime& operator=(const DeviceTime&) = delete;

  /// Waits for the right, `alone` or with others that share it. `go_on` is asked at once where it
  /// has to wait, and then several times a second without any lock held; false gives up.
  Turn Take(bool alone, const std::function<bool()>& go_on);

 private:
  // Those that wait, each named by the address of its `alone`.
  using Waiter = const bool*;
  bool MayBegin(Waiter waiter) const;
  void Leave(Waiter waiter);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiter> queue_;
  size_t running_ = 0;
  bool alone_ = false;  // the one that runs
};

}  // namespace webnn::trt
