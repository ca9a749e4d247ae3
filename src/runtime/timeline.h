#pragma once

#include <functional>
#include <memory>

namespace webnn {

/// A thread that runs tasks in the order they came. The destructor lets queued tasks finish; it may
/// run on the thread itself, when a task held the last handle of the context.
class Timeline {
 public:
  Timeline();
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  void Enqueue(std::function<void()> task);
  /// Waits until the tasks enqueued so far are done. Not from the timeline's own thread.
  void Wait();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace webnn
