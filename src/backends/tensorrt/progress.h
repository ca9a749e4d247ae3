#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "webnn/context.h"
#include "webnn/result.h"

namespace webnn::trt {

/// Work in phases within phases, as one fraction. Not thread safe.
class PhaseTree {
 public:
  /// An empty `parent` is none.
  void Start(std::string_view name, std::string_view parent, int steps);
  /// The phase's step `step`, counted from 0, is done.
  void Step(std::string_view name, int step);
  void Finish(std::string_view name);
  /// Of the outermost phases; never falls.
  double Fraction();

 private:
  struct Phase {
    std::string name;
    std::string parent;
    int steps = 1;
    int done = 0;
  };
  double FractionOf(const Phase& phase, size_t depth) const;
  std::vector<Phase> phases_;  // those that run
  double fraction_ = 0;
};

/// Calls the user's function while a graph is compiled: at least once a second, never from two
/// threads at once, and not more often than anyone can read. A thread of its own does so while the
/// compiler is silent; there is none without a function. Thread safe.
class ProgressReporter {
 public:
  explicit ProgressReporter(ProgressCallback callback);
  ~ProgressReporter();
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;

  /// False when the user has cancelled, now or before.
  bool Report(std::string_view phase, double fraction);
  /// The same as the callback of a part of the work.
  ProgressCallback callback();
  /// AbortError when the user has cancelled.
  Result<void> Check();

 private:
  using Clock = std::chrono::steady_clock;
  void Call();
  void Watch();

  const ProgressCallback callback_;
  const Clock::time_point begin_ = Clock::now();
  std::mutex mutex_;
  std::condition_variable end_;
  std::string phase_;
  double fraction_ = 0;
  Clock::time_point called_{};
  bool cancelled_ = false;
  bool ending_ = false;
  std::thread watcher_;
};

}  // namespace webnn::trt
