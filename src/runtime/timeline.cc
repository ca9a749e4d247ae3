#include "runtime/timeline.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace webnn {

// Shared with the thread, which may outlive the timeline when it is detached.
struct Timeline::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> tasks;
  bool stop = false;
  std::thread thread;

  void Run() {
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || !tasks.empty(); });
        if (tasks.empty()) return;
        task = std::move(tasks.front());
        tasks.pop_front();
      }
      task();
    }
  }
};

Timeline::Timeline() : state_(std::make_shared<State>()) {
  state_->thread = std::thread([state = state_] { state->Run(); });
}

Timeline::~Timeline() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_one();
  if (state_->thread.get_id() == std::this_thread::get_id()) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

void Timeline::Enqueue(std::function<void()> task) {
  {
    std::lock_guard lock(state_->mutex);
    state_->tasks.push_back(std::move(task));
  }
  state_->wake.notify_one();
}

void Timeline::Wait() {
  std::promise<void> done;
  Enqueue([&] { done.set_value(); });
  done.get_future().wait();
}

}  // namespace webnn
