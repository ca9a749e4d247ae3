#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "backends/cuda/driver.h"
#include "backends/tensorrt/staging.h"
#include "webnn/context.h"

/// Streams of a context, and the order of what uses one tensor in several of them.
namespace webnn::trt {

/// More threads than this share streams.
inline constexpr size_t kMaxLanes = 16;

/// A stream with what its work needs: scratch memory for engines, staging for copies. Work in it is
/// numbered from 1.
class Lane {
 public:
  /// `borrowed` is the caller's stream, or null for one of the lane's own.
  static Result<std::unique_ptr<Lane>> Create(const cuda::Device& device, size_t index,
                                              void* borrowed);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  size_t index() const { return index_; }
  const cuda::Device& device() const { return device_; }
  const cuda::Stream& stream() const { return stream_; }

  // Order of locking: staging, queue, then those inside the functions below.
  std::mutex staging_mutex;  ///< Guards `staging`.
  std::mutex queue_mutex;  ///< Guards the numbers, the scratch memory and what graphs keep a lane.
  Staging staging;

  /// The number of the work that the holder of `queue_mutex` puts into the stream.
  uint64_t next() const { return queued_.load(std::memory_order_relaxed) + 1; }
  /// It is in the stream; also after a failure, when a part of it may be.
  void Queued() { queued_.store(next(), std::memory_order_release); }
  /// Work put in from now on runs after that of `other`. Costs nothing when that has been waited
  /// for before. The holder of `queue_mutex` calls.
  Result<void> WaitFor(Lane& other, uint64_t number);

  /// The calling thread waits until the work is done.
  Result<void> Finish(uint64_t number);
  Result<void> FinishAll() { return Finish(queued()); }
  /// The number of the last work that is in the stream.
  uint64_t queued() const { return queued_.load(std::memory_order_acquire); }
  bool done(uint64_t number) const { return done_.load(std::memory_order_acquire) >= number; }
  /// Waits for all of the stream, and so for what it waits for: that of `others`, too.
  Result<void> FinishWith(std::span<Lane* const> others);

  /// Scratch memory of at least `bytes`, for one engine at a time in the order of the stream. A
  /// larger one replaces it; who used it holds it until its work is done. Under `queue_mutex`.
  Result<std::shared_ptr<cuda::DeviceBuffer>> Scratch(uint64_t bytes);
  const cuda::DeviceBuffer* scratch() const { return scratch_.get(); }

 private:
  Lane(const cuda::Device& device, size_t index) : device_(device), index_(index) {}
  void Done(uint64_t number);
  const cuda::Device& device_;
  const size_t index_;
  bool borrowed_ = false;
  cuda::Stream stream_;
  std::shared_ptr<cuda::DeviceBuffer> scratch_;
  std::atomic<uint64_t> queued_{0};
  std::atomic<uint64_t> done_{0};
  std::array<uint64_t, kMaxLanes> waited_{};  // for each lane; guarded by queue_mutex

  std::mutex event_mutex_;
  cuda::Event event_;      // recorded at the end of the stream when another lane asks for it
  uint64_t recorded_ = 0;  // guarded by event_mutex_: what the event covers at least
};

/// The lanes of a context. The first thread that runs graphs or reads tensors has lane 0, others
/// get lanes of their own, which they leave when they end.
class LanePool : public std::enable_shared_from_this<LanePool> {
 public:
  static Result<std::shared_ptr<LanePool>> Create(std::shared_ptr<cuda::Device> device,
                                                  void* stream, LogCallback log);
  LanePool(const LanePool&) = delete;
  LanePool& operator=(const LanePool&) = delete;

  const cuda::Device& device() const { return *device_; }
  void Log(LogLevel level, const std::string& message) const {
    if (log_) log_(level, message);
  }

  /// The calling thread's lane.
  Lane& Mine();
  /// A lane for filling a tensor: the thread's, where it has one, else `preferred`, else lane 0. So
  /// a thread that only fills tensors takes no lane from those that run graphs.
  Lane& ForWrite(Lane* preferred);
  /// Null where there is none yet.
  Lane* lane(size_t index) const { return lanes_[index].load(std::memory_order_acquire); }
  /// Waits for what is in any lane now, and not for what others add meanwhile.
  Result<void> FinishAll();
  /// Captures what `body` puts into the stream that it is given: never that of a lane, which others
  /// may be using.
  Result<cuda::GraphExec> Capture(const std::function<Result<void>(const cuda::Stream&)>& body);

 private:
  friend struct LaneClaims;
  LanePool(std::shared_ptr<cuda::Device> device, size_t limit, LogCallback log);
  Lane& Claim();
  void Leave(const Lane& lane);

  const std::shared_ptr<cuda::Device> device_;  // outlives the lanes
  const size_t limit_;
  const LogCallback log_;
  const uint64_t id_;                                   // of this pool alone in the process
  std::array<std::unique_ptr<Lane>, kMaxLanes> owned_;  // guarded by mutex_
  std::array<std::atomic<Lane*>, kMaxLanes> lanes_{};
  std::mutex mutex_;
  std::array<uint32_t, kMaxLanes> threads_{};  // guarded by mutex_
  // One for all lanes, and made before them: streams are spread over the few queues of the device
  // in the order in which they are made, and those of lanes should not share one.
  std::mutex capture_mutex_;
  cuda::Stream capture_stream_;  // guarded by capture_mutex_
};

/// What lanes do with one tensor: who has to wait for whom. Calls for one tensor do not overlap,
/// but for those that read. Before... and After... come under the lane's `queue_mutex`.
class TensorUses {
 public:
  Result<void> BeforeRead(Lane& lane) const {
    return writer_ == nullptr || writer_ == &lane ? Result<void>()
                                                  : lane.WaitFor(*writer_, written_);
  }
  void AfterRead(Lane& lane, uint64_t number) {
    reads_[lane.index()].store(number, std::memory_order_relaxed);
    const uint32_t bit = 1u << lane.index();
    if ((readers_.load(std::memory_order_relaxed) & bit) == 0) {
      readers_.fetch_or(bit, std::memory_order_relaxed);
    }
  }
  Result<void> BeforeWrite(const LanePool& pool, Lane& lane) const;
  void AfterWrite(Lane& lane, uint64_t number) {
    writer_ = &lane;
    written_ = number;
    readers_.store(0, std::memory_order_relaxed);
  }
  Lane* writer() const { return writer_; }
  /// Waits in the calling thread until nothing uses the tensor.
  Result<void> Finish(const LanePool& pool) const;

 private:
  Lane* writer_ = nullptr;
  uint64_t written_ = 0;
  std::atomic<uint32_t> readers_{0};  // one bit for each lane, since the last write
  std::array<std::atomic<uint64_t>, kMaxLanes> reads_{};
};

}  // namespace webnn::trt
