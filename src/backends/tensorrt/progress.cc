#include "backends/tensorrt/progress.h"

#include <algorithm>
#include <utility>

#include "core/errors.h"

namespace webnn::trt {
namespace {

using std::chrono::milliseconds;

// Silence that is broken; a second is promised.
constexpr milliseconds kSilence(800);
constexpr milliseconds kBetweenLooks(100);
constexpr milliseconds kBetweenCalls(50);
// More are not shown, and a monitor that names a phase its own parent must not lead us astray.
constexpr size_t kMaxDepth = 8;

}  // namespace

void PhaseTree::Start(std::string_view name, std::string_view parent, int steps) {
  phases_.push_back({std::string(name), std::string(parent), std::max(steps, 1), 0});
}

void PhaseTree::Step(std::string_view name, int step) {
  for (Phase& phase : phases_) {
    if (phase.name == name) phase.done = std::clamp(step + 1, phase.done, phase.steps);
  }
}

void PhaseTree::Finish(std::string_view name) {
  const auto last = std::find_if(phases_.rbegin(), phases_.rend(),
                                 [&](const Phase& phase) { return phase.name == name; });
  if (last != phases_.rend()) phases_.erase(std::next(last).base());
}

double PhaseTree::FractionOf(const Phase& phase, size_t depth) const {
  double inside = 0;
  if (depth < kMaxDepth) {
    for (const Phase& child : phases_) {
      if (child.parent == phase.name) inside = std::max(inside, FractionOf(child, depth + 1));
    }
  }
  return std::min(1.0, (phase.done + inside) / phase.steps);
}

double PhaseTree::Fraction() {
  for (const Phase& phase : phases_) {
    if (phase.parent.empty()) fraction_ = std::max(fraction_, FractionOf(phase, 0));
  }
  return fraction_;
}

ProgressReporter::ProgressReporter(ProgressCallback callback) : callback_(std::move(callback)) {
  if (callback_) watcher_ = std::thread([this] { Watch(); });
}

ProgressReporter::~ProgressReporter() {
  if (!watcher_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  end_.notify_all();
  watcher_.join();
}

// With the mutex held: that keeps two calls apart.
void ProgressReporter::Call() {
  called_ = Clock::now();
  const double seconds = std::chrono::duration<double>(called_ - begin_).count();
  if (!callback_({phase_, fraction_, seconds})) cancelled_ = true;
}

bool ProgressReporter::Report(std::string_view phase, double fraction) {
  if (!callback_) return true;
  const std::lock_guard lock(mutex_);
  if (cancelled_) return false;
  fraction = std::clamp(fraction, 0.0, 1.0);
  const bool changed = phase != phase_;
  if (changed) {
    phase_ = phase;
    fraction_ = fraction;
  } else {
    fraction_ = std::max(fraction_, fraction);
  }
  if (changed || Clock::now() - called_ >= kBetweenCalls) Call();
  return !cancelled_;
}

ProgressCallback ProgressReporter::callback() {
  return
      [this](const CompileProgress& progress) { return Report(progress.phase, progress.fraction); };
}

Result<void> ProgressReporter::Check() {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return AbortError("the compilation was cancelled");
  return {};
}

void ProgressReporter::Watch() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    end_.wait_for(lock, kBetweenLooks);
    if (!ending_ && !cancelled_ && !phase_.empty() && Clock::now() - called_ >= kSilence) Call();
  }
}

}  // namespace webnn::trt
