#include "backends/tensorrt/lane.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/try.h"

namespace webnn::trt {

// ---- Lane. ----

Result<std::unique_ptr<Lane>> Lane::Create(const cuda::Device& device, size_t index,
                                           void* borrowed) {
  std::unique_ptr<Lane> lane(new Lane(device, index));
  lane->borrowed_ = borrowed != nullptr;
  if (lane->borrowed_) {
    WEBNN_ASSIGN_OR_RETURN(lane->stream_, cuda::Stream::Borrow(device, borrowed));
  } else {
    WEBNN_ASSIGN_OR_RETURN(lane->stream_, cuda::Stream::Create(device));
  }
  WEBNN_ASSIGN_OR_RETURN(lane->event_, cuda::Event::Create(device));
  return lane;
}

Lane::~Lane() {
  // The caller's stream may have gone; all that was put into it was waited for (`~Runner`).
  if (borrowed_ || stream_.handle() == nullptr) return;
  const cuda::Scope scope(device_);
  (void)stream_.Synchronize();
}

Result<void> Lane::WaitFor(Lane& other, uint64_t number) {
  if (waited_[other.index_] >= number || other.done_.load(std::memory_order_acquire) >= number) {
    return {};
  }
  const std::lock_guard lock(other.event_mutex_);
  if (other.recorded_ < number) {
    // Looked at first: the event covers at least that.
    const uint64_t queued = other.queued_.load(std::memory_order_acquire);
    WEBNN_RETURN_IF_ERROR(other.stream_.Record(other.event_));
    other.recorded_ = queued;
  }
  WEBNN_RETURN_IF_ERROR(stream_.WaitFor(other.event_));
  waited_[other.index_] = other.recorded_;
  return {};
}

void Lane::Done(uint64_t number) {
  uint64_t done = done_.load(std::memory_order_relaxed);
  while (done < number && !done_.compare_exchange_weak(done, number, std::memory_order_acq_rel)) {
  }
}

Result<void> Lane::Finish(uint64_t number) {
  if (done(number)) return {};
  const uint64_t in_stream = queued();
  WEBNN_RETURN_IF_ERROR(stream_.Synchronize());
  Done(in_stream);
  return {};
}

Result<void> Lane::FinishWith(std::span<Lane* const> others) {
  std::array<uint64_t, kMaxLanes> numbers{};
  {
    const std::lock_guard lock(queue_mutex);
    for (Lane* other : others) {
      if (other != this) WEBNN_RETURN_IF_ERROR(WaitFor(*other, other->queued()));
    }
    numbers = waited_;
    numbers[index_] = queued();
  }
  WEBNN_RETURN_IF_ERROR(stream_.Synchronize());
  for (Lane* lane : others) lane->Done(numbers[lane->index_]);
  return {};
}

Result<std::shared_ptr<cuda::DeviceBuffer>> Lane::Scratch(uint64_t bytes) {
  if (scratch_ == nullptr || scratch_->bytes() < bytes) {
    WEBNN_ASSIGN_OR_RETURN(cuda::DeviceBuffer buffer, cuda::DeviceBuffer::Allocate(device_, bytes));
    scratch_ = std::make_shared<cuda::DeviceBuffer>(std::move(buffer));
  }
  return scratch_;
}

// ---- LanePool. ----

// The lanes that the thread has in the pools of the process, the last one at hand.
struct LaneClaims {
  struct Of {
    uint64_t id;
    std::weak_ptr<LanePool> pool;
    Lane* lane;
  };

  Lane* Find(uint64_t id) {
    if (last_id == id) return last;
    for (const Of& claim : claims) {
      if (claim.id != id) continue;
      last_id = id;
      return last = claim.lane;
    }
    return nullptr;
  }
  void Add(LanePool& pool, Lane& lane) {
    std::erase_if(claims, [](const Of& claim) { return claim.pool.expired(); });
    claims.push_back({pool.id_, pool.weak_from_this(), &lane});
    last_id = pool.id_;
    last = &lane;
  }
  ~LaneClaims() {
    for (const Of& claim : claims) {
      if (std::shared_ptr<LanePool> pool = claim.pool.lock()) pool->Leave(*claim.lane);
    }
  }
  static LaneClaims& OfThread() {
    thread_local LaneClaims claims;
    return claims;
  }

  uint64_t last_id = 0;
  Lane* last = nullptr;
  std::vector<Of> claims;
};

namespace {
std::atomic<uint64_t> next_pool_id{1};
}  // namespace

LanePool::LanePool(std::shared_ptr<cuda::Device> device, size_t limit, LogCallback log)
    : device_(std::move(device)),
      limit_(limit),
      log_(std::move(log)),
      id_(next_pool_id.fetch_add(1, std::memory_order_relaxed)) {}

Result<std::shared_ptr<LanePool>> LanePool::Create(std::shared_ptr<cuda::Device> device,
                                                   void* stream, LogCallback log) {
  // The caller's stream is the only one, whoever calls.
  std::shared_ptr<LanePool> pool(
      new LanePool(std::move(device), stream == nullptr ? kMaxLanes : 1, std::move(log)));
  WEBNN_ASSIGN_OR_RETURN(pool->capture_stream_, cuda::Stream::Create(*pool->device_));
  WEBNN_ASSIGN_OR_RETURN(pool->owned_[0], Lane::Create(*pool->device_, 0, stream));
  pool->lanes_[0].store(pool->owned_[0].get(), std::memory_order_release);
  return pool;
}

Lane& LanePool::Mine() {
  Lane* lane = LaneClaims::OfThread().Find(id_);
  return lane != nullptr ? *lane : Claim();
}

Lane& LanePool::ForWrite(Lane* preferred) {
  Lane* lane = LaneClaims::OfThread().Find(id_);
  if (lane != nullptr) return *lane;
  return preferred != nullptr ? *preferred : *this->lane(0);
}

// The first lane with the fewest threads.
Lane& LanePool::Claim() {
  const std::lock_guard lock(mutex_);
  size_t index = std::min_element(threads_.begin(), threads_.begin() + limit_) - threads_.begin();
  if (owned_[index] == nullptr) {
    Result<std::unique_ptr<Lane>> made = Lane::Create(*device_, index, nullptr);
    if (made) {
      owned_[index] = *std::move(made);
      lanes_[index].store(owned_[index].get(), std::memory_order_release);
    } else {
      // No room for another stream: those that there are do.
      index = 0;
    }
  }
  ++threads_[index];
  LaneClaims::OfThread().Add(*this, *owned_[index]);
  return *owned_[index];
}

void LanePool::Leave(const Lane& lane) {
  const std::lock_guard lock(mutex_);
  --threads_[lane.index()];
}

Result<void> LanePool::FinishAll() {
  std::array<Lane*, kMaxLanes> busy{};
  size_t count = 0;
  for (size_t i = 0; i < limit_; ++i) {
    Lane* one = lane(i);
    if (one != nullptr && !one->done(one->queued())) busy[count++] = one;
  }
  if (count == 0) return {};
  if (count == 1) return busy[0]->FinishAll();
  // Waiting for one stream after another would be waiting for what comes into the later ones
  // meanwhile; so this thread's stream waits for where the others are now.
  return Mine().FinishWith({busy.data(), count});
}

Result<cuda::GraphExec> LanePool::Capture(
    const std::function<Result<void>(const cuda::Stream&)>& body) {
  const std::lock_guard lock(capture_mutex_);
  return capture_stream_.Capture([&] { return body(capture_stream_); });
}

// ---- TensorUses. ----

Result<void> TensorUses::BeforeWrite(const LanePool& pool, Lane& lane) const {
  WEBNN_RETURN_IF_ERROR(BeforeRead(lane));
  const uint32_t own = 1u << lane.index();
  uint32_t readers = readers_.load(std::memory_order_relaxed) & ~own;
  for (size_t i = 0; readers != 0; ++i, readers >>= 1) {
    if ((readers & 1) == 0) continue;
    WEBNN_RETURN_IF_ERROR(lane.WaitFor(*pool.lane(i), reads_[i].load(std::memory_order_relaxed)));
  }
  return {};
}

Result<void> TensorUses::Finish(const LanePool& pool) const {
  if (writer_ != nullptr) WEBNN_RETURN_IF_ERROR(writer_->Finish(written_));
  uint32_t readers = readers_.load(std::memory_order_relaxed);
  for (size_t i = 0; readers != 0; ++i, readers >>= 1) {
    if ((readers & 1) == 0) continue;
    WEBNN_RETURN_IF_ERROR(pool.lane(i)->Finish(reads_[i].load(std::memory_order_relaxed)));
  }
  return {};
}

}  // namespace webnn::trt
