#include "backends/tensorrt/device_time.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace webnn::trt {
namespace {

constexpr std::chrono::milliseconds kBetweenQuestions(200);

template <class Function>
class AtEnd {
 public:
  explicit AtEnd(Function function) : function_(std::move(function)) {}
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;
  ~AtEnd() { function_(); }

 private:
  Function function_;
};

}  // namespace

DeviceTime::Turn& DeviceTime::Turn::operator=(Turn&& other) noexcept {
  std::swap(time_, other.time_);
  return *this;
}

DeviceTime::Turn::~Turn() {
  if (time_ == nullptr) return;
  {
    const std::lock_guard lock(time_->mutex_);
    --time_->running_;
    time_->alone_ = false;
  }
  time_->changed_.notify_all();
}

bool DeviceTime::MayBegin(Waiter waiter) const {
  return queue_.front() == waiter && !alone_ && (!*waiter || running_ == 0);
}

// With the mutex held.
void DeviceTime::Leave(Waiter waiter) {
  queue_.erase(std::find(queue_.begin(), queue_.end(), waiter));
  changed_.notify_all();  // the next one may share what runs
}

DeviceTime::Turn DeviceTime::Take(bool alone, const std::function<bool()>& go_on) {
  std::unique_lock lock(mutex_);
  queue_.push_back(&alone);
  // Both also where `go_on` throws.
  const AtEnd leave([&] { Leave(&alone); });
  while (!MayBegin(&alone)) {
    {
      lock.unlock();
      const AtEnd relock([&] { lock.lock(); });
      if (!go_on()) return {};
    }
    changed_.wait_for(lock, kBetweenQuestions, [&] { return MayBegin(&alone); });
  }
  ++running_;
  alone_ = alone;
  return Turn(*this);
}

}  // namespace webnn::trt
