#include "tests/backends/fake_cuda.h"

#include <cuda.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

using webnn::testing_support::FakeCuda;
using webnn::testing_support::PointerTo;

namespace {

using Work = std::function<void()>;

struct EventState {
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t recorded = 0;
  uint64_t completed = 0;

  void Complete(uint64_t number) {
    const std::lock_guard lock(mutex);
    completed = std::max(completed, number);
    changed.notify_all();
  }
  void Wait(uint64_t number) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return completed >= number; });
  }
};

struct Recording {
  std::vector<Work> works;
  bool valid = true;
};

}  // namespace

// The driver's handles.
struct CUctx_st {
  int ordinal;
  int references = 0;
};

struct CUevent_st {
  std::shared_ptr<EventState> state = std::make_shared<EventState>();
};

struct CUgraph_st {
  std::vector<Work> works;
};

struct CUgraphExec_st {
  std::vector<Work> works;
  std::shared_ptr<std::atomic<int>> running = std::make_shared<std::atomic<int>>(0);
};

struct CUstream_st {
  CUcontext context;
  std::unique_ptr<Recording> recording;  // guarded by the driver's mutex
  std::thread::id recorder;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Work> works;
  uint64_t queued = 0;
  uint64_t done = 0;
  bool ends = false;
  std::thread thread;
};

namespace {

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

bool IsSticky(CUresult result) {
  return result == CUDA_ERROR_ILLEGAL_ADDRESS || result == CUDA_ERROR_LAUNCH_FAILED ||
         result == CUDA_ERROR_ECC_UNCORRECTABLE;
}

thread_local std::vector<CUcontext> current;
thread_local CUstream captured_here = nullptr;  // the capture that this thread has begun

class Fake : public FakeCuda {
 public:
  struct Memory {
    uint64_t bytes;
    int ordinal;
    bool pinned;
  };
  struct Fault {
    std::string function;
    int after;
    int count;
    CUresult error;
  };

  static Fake& Get() {
    static Fake fake;  // gone with the library
    return fake;
  }

  Fake() {
    for (int i = 0; i < devices; ++i) contexts.push_back(std::make_unique<CUctx_st>(i));
  }

  // ---- For the driver's functions. ----

  // What a call gives before it does anything.
  CUresult Enter(const char* function, bool needs_context = true) {
    const CUresult result = EnterLocked(function, needs_context);
    if (IsSticky(result)) Drain();
    return result;
  }

  // With the device all that runs on it has ended.
  void Drain() {
    std::set<CUstream> all;
    {
      const std::lock_guard lock(mutex);
      all = streams;
    }
    for (CUstream stream : all) {
      std::unique_lock lock(stream->mutex);
      stream->changed.wait(lock, [&] { return stream->done == stream->queued; });
    }
  }

  CUresult EnterLocked(const char* function, bool needs_context) {
    const std::lock_guard lock(mutex);
    ++calls[function];
    ++total_calls;
    if (sticky != CUDA_SUCCESS) return sticky;
    for (Fault& fault : faults) {
      if (!fault.function.empty() && fault.function != function) continue;
      const bool later = fault.after > 0;
      if (later) --fault.after;
      if (later || fault.count <= 0) continue;
      --fault.count;
      if (IsSticky(fault.error)) sticky = fault.error;
      return fault.error;
    }
    if (needs_context && (current.empty() || current.back() == nullptr)) {
      return CUDA_ERROR_INVALID_CONTEXT;
    }
    return CUDA_SUCCESS;
  }

  // Calls that a thread must not make while it captures.
  CUresult RefuseInCapture() {
    if (captured_here == nullptr) return CUDA_SUCCESS;
    const std::lock_guard lock(mutex);
    if (captured_here->recording) captured_here->recording->valid = false;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }

  CUresult Put(CUstream stream, Work work) {
    {
      const std::lock_guard lock(mutex);
      if (streams.count(stream) == 0) {
        violations += "work for a stream that does not exist\n";
        return CUDA_ERROR_INVALID_HANDLE;
      }
      if (stream->recording) {
        stream->recording->works.push_back(std::move(work));
        return CUDA_SUCCESS;
      }
    }
    const std::lock_guard lock(stream->mutex);
    stream->works.push_back(std::move(work));
    ++stream->queued;
    stream->changed.notify_all();
    return CUDA_SUCCESS;
  }

  CUresult Wait(CUstream stream) {
    {
      const std::lock_guard state(mutex);
      if (streams.count(stream) == 0) {
        violations += "waited for a stream that does not exist\n";
        return CUDA_ERROR_INVALID_HANDLE;
      }
    }
    std::unique_lock lock(stream->mutex);
    const uint64_t queued = stream->queued;
    stream->changed.wait(lock, [&] { return stream->done >= queued; });
    lock.unlock();
    const std::lock_guard state(mutex);
    return sticky;
  }

  // The thread of a stream.
  void Serve(CUstream stream) {
    std::minstd_rand random(static_cast<unsigned>(next_seed++));
    for (;;) {
      Work work;
      {
        std::unique_lock lock(stream->mutex);
        stream->changed.wait(lock, [&] { return stream->ends || !stream->works.empty(); });
        if (stream->works.empty()) return;
        work = std::move(stream->works.front());
        stream->works.pop_front();
      }
      if (const int limit = delay.load(); limit > 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % limit));
      }
      if (Runs()) work();
      work = nullptr;
      const std::lock_guard lock(stream->mutex);
      ++stream->done;
      stream->changed.notify_all();
    }
  }

  // False when the device is lost, now or before.
  bool Runs() {
    const std::lock_guard lock(mutex);
    if (sticky != CUDA_SUCCESS) return false;
    if (fault_after == 0) sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
    if (fault_after >= 0) --fault_after;
    return sticky == CUDA_SUCCESS;
  }

  CUstream MakeStream(CUcontext context) {
    auto* stream = new CUstream_st{.context = context};
    stream->thread = std::thread([this, stream] { Serve(stream); });
    const std::lock_guard lock(mutex);
    streams.insert(stream);
    return stream;
  }

  void EndStream(CUstream stream) {
    {
      const std::lock_guard lock(stream->mutex);
      stream->ends = true;
      stream->changed.notify_all();
    }
    stream->thread.join();
    const std::lock_guard lock(mutex);
    streams.erase(stream);
    delete stream;
  }

  CUresult Allocate(uint64_t bytes, bool pinned, uint64_t* address) {
    const std::lock_guard lock(mutex);
    if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    if (!pinned && device_bytes + bytes > capacity) return CUDA_ERROR_OUT_OF_MEMORY;
    const uint64_t rounded = (bytes + 255) / 256 * 256;
    void* memory = std::aligned_alloc(256, rounded);
    if (memory == nullptr) return CUDA_ERROR_OUT_OF_MEMORY;
    std::memset(memory, 0xAB, rounded);
    *address = reinterpret_cast<uint64_t>(memory);
    allocations[*address] = {bytes, pinned ? -2 : current.back()->ordinal, pinned};
    if (!pinned) device_bytes += bytes;
    return CUDA_SUCCESS;
  }

  CUresult Free(uint64_t address, bool pinned) {
    const std::lock_guard lock(mutex);
    const auto found = allocations.find(address);
    if (found == allocations.end() || found->second.pinned != pinned) {
      violations += "memory freed that was not allocated\n";
      return CUDA_ERROR_INVALID_VALUE;
    }
    if (!pinned) device_bytes -= found->second.bytes;
    std::memset(PointerTo(address), 0xDD, found->second.bytes);
    std::free(PointerTo(address));
    allocations.erase(found);
    return CUDA_SUCCESS;
  }

  // The allocation that holds the range, with the mutex held.
  const std::pair<const uint64_t, Memory>* Find(uint64_t address, uint64_t bytes) const {
    auto after = allocations.upper_bound(address);
    if (after == allocations.begin()) return nullptr;
    --after;
    return address + bytes <= after->first + after->second.bytes ? &*after : nullptr;
  }
  bool IsPinned(const void* address, uint64_t bytes) const {
    const std::lock_guard lock(mutex);
    const auto* found = Find(reinterpret_cast<uint64_t>(address), bytes);
    return found != nullptr && found->second.pinned;
  }

  void CheckDevice(uint64_t address, uint64_t bytes, const char* what) {
    if (!IsDevice(address, bytes)) AddViolation(what);
  }

  // ---- FakeCuda. ----

  void Reset() override {
    const std::lock_guard lock(mutex);
    faults.clear();
    calls.clear();
    total_calls = 0;
    violations.clear();
    capacity = kCapacity;
    delay = 0;
    fault_after = -1;
    sticky = CUDA_SUCCESS;
  }
  void SetDelay(int microseconds) override { delay = microseconds; }
  void SetMemory(uint64_t bytes) override {
    const std::lock_guard lock(mutex);
    capacity = bytes;
  }
  void Fail(const std::string& function, int after, int count, int error) override {
    const std::lock_guard lock(mutex);
    faults.push_back({function, after, count, static_cast<CUresult>(error)});
  }
  int FailuresLeft() const override {
    const std::lock_guard lock(mutex);
    int left = 0;
    for (const Fault& fault : faults) left += fault.count;
    return left;
  }
  void FaultAfter(int after) override {
    const std::lock_guard lock(mutex);
    fault_after = after;
  }
  uint64_t Calls(const std::string& function) const override {
    const std::lock_guard lock(mutex);
    const auto found = calls.find(function);
    return found == calls.end() ? 0 : found->second;
  }
  uint64_t TotalCalls() const override { return Under(total_calls); }
  uint64_t DeviceBytes() const override { return Under(device_bytes); }
  size_t DeviceAllocations() const override { return CountOf(false); }
  size_t PinnedAllocations() const override { return CountOf(true); }
  size_t Streams() const override {
    const std::lock_guard lock(mutex);
    return streams.size();
  }
  size_t Events() const override { return Under(events); }
  size_t Graphs() const override { return Under(graphs); }
  size_t GraphExecs() const override { return Under(graph_execs); }
  int Contexts() const override {
    const std::lock_guard lock(mutex);
    int count = 0;
    for (const auto& context : contexts) count += context->references;
    return count;
  }
  std::string Violations() const override { return Under(violations); }
  void AddViolation(const std::string& text) override {
    const std::lock_guard lock(mutex);
    violations += text + "\n";
  }
  bool IsDevice(uint64_t address, uint64_t bytes) const override {
    const std::lock_guard lock(mutex);
    const auto* found = Find(address, bytes);
    return found != nullptr && !found->second.pinned;
  }
  int Launch(void* stream, std::function<void()> kernel) override {
    if (const CUresult result = Enter("launch", false)) return result;
    return Put(static_cast<CUstream>(stream), std::move(kernel));
  }
  bool IsCapturing(void* stream) const override {
    const std::lock_guard lock(mutex);
    return static_cast<CUstream>(stream)->recording != nullptr;
  }
  void* NewStream(bool primary) override {
    return MakeStream(primary ? contexts[0].get() : &other);
  }
  void DestroyStream(void* stream) override { EndStream(static_cast<CUstream>(stream)); }

  template <class T>
  T Under(const T& value) const {
    const std::lock_guard lock(mutex);
    return value;
  }
  size_t CountOf(bool pinned) const {
    const std::lock_guard lock(mutex);
    return std::count_if(allocations.begin(), allocations.end(),
                         [&](const auto& one) { return one.second.pinned == pinned; });
  }

  static constexpr uint64_t kCapacity = uint64_t{4} << 30;
  const int version = FromEnvironment("FAKE_CUDA_VERSION", 13000);
  const int devices = FromEnvironment("FAKE_CUDA_DEVICES", 2);
  const int init = FromEnvironment("FAKE_CUDA_INIT", 0);
  std::vector<std::unique_ptr<CUctx_st>> contexts;
  CUctx_st other{0};
  std::atomic<int> delay{0};
  std::atomic<int> next_seed{1};

  mutable std::mutex mutex;  // guards what follows
  std::vector<Fault> faults;
  std::map<std::string, uint64_t> calls;
  uint64_t total_calls = 0;
  std::string violations;
  uint64_t capacity = kCapacity;
  uint64_t device_bytes = 0;
  int fault_after = -1;
  CUresult sticky = CUDA_SUCCESS;
  std::map<uint64_t, Memory> allocations;
  std::set<CUstream> streams;
  size_t events = 0;
  size_t graphs = 0;
  size_t graph_execs = 0;
};

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define ENTER(function) \
  Fake& fake = Fake::Get(); \
  if (const CUresult entered = fake.Enter(TEXT(function))) return entered
#define ENTER_WITHOUT_CONTEXT(function) \
  Fake& fake = Fake::Get(); \
  if (const CUresult entered = fake.Enter(TEXT(function), false)) return entered
#define REFUSE_IN_CAPTURE() \
  if (const CUresult refused = fake.RefuseInCapture()) return refused

// Whether it can be freed: the sticky error is no reason to keep a host object.
void Count(const char* function) {
  Fake& fake = Fake::Get();
  const std::lock_guard lock(fake.mutex);
  ++fake.calls[function];
  ++fake.total_calls;
}

}  // namespace

FAKE_EXPORT FakeCuda* GetFakeCuda() { return &Fake::Get(); }

// ---- The driver. ----

FAKE_EXPORT CUresult cuInit(unsigned int) { return static_cast<CUresult>(Fake::Get().init); }

FAKE_EXPORT CUresult cuDriverGetVersion(int* version) {
  *version = Fake::Get().version;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuGetErrorName(CUresult error, const char** text) {
  switch (error) {
    case CUDA_ERROR_INVALID_VALUE:
      *text = "CUDA_ERROR_INVALID_VALUE";
      return CUDA_SUCCESS;
    case CUDA_ERROR_OUT_OF_MEMORY:
      *text = "CUDA_ERROR_OUT_OF_MEMORY";
      return CUDA_SUCCESS;
    case CUDA_ERROR_NO_DEVICE:
      *text = "CUDA_ERROR_NO_DEVICE";
      return CUDA_SUCCESS;
    case CUDA_ERROR_ILLEGAL_ADDRESS:
      *text = "CUDA_ERROR_ILLEGAL_ADDRESS";
      return CUDA_SUCCESS;
    case CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED:
      *text = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED";
      return CUDA_SUCCESS;
    default:
      *text = nullptr;
      return CUDA_ERROR_INVALID_VALUE;
  }
}

FAKE_EXPORT CUresult cuGetErrorString(CUresult error, const char** text) {
  *text = error == CUDA_ERROR_ILLEGAL_ADDRESS ? "an illegal memory access was encountered"
                                              : "as the fake driver was told";
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetCount(int* count) {
  ENTER_WITHOUT_CONTEXT(cuDeviceGetCount);
  *count = fake.devices;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  ENTER_WITHOUT_CONTEXT(cuDeviceGet);
  if (ordinal < 0 || ordinal >= fake.devices) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  ENTER_WITHOUT_CONTEXT(cuDeviceGetName);
  const std::string text = "Fake GPU " + std::to_string(device);
  std::strncpy(name, text.c_str(), static_cast<size_t>(length));
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
  ENTER_WITHOUT_CONTEXT(cuDeviceGetAttribute);
  *value = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 9 : 0;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice device) {
  ENTER_WITHOUT_CONTEXT(cuDeviceGetUuid);
  for (int i = 0; i < 16; ++i) uuid->bytes[i] = static_cast<char>(i * 16 + device);
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDeviceTotalMem(size_t* bytes, CUdevice) {
  ENTER_WITHOUT_CONTEXT(cuDeviceTotalMem);
  *bytes = Fake::kCapacity;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  ENTER_WITHOUT_CONTEXT(cuDevicePrimaryCtxRetain);
  const std::lock_guard lock(fake.mutex);
  *context = fake.contexts[device].get();
  ++(*context)->references;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
  Count(TEXT(cuDevicePrimaryCtxRelease));
  Fake& fake = Fake::Get();
  const std::lock_guard lock(fake.mutex);
  --fake.contexts[device]->references;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuCtxGetCurrent(CUcontext* context) {
  *context = current.empty() ? nullptr : current.back();
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuCtxPushCurrent(CUcontext context) {
  current.push_back(context);
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuCtxPopCurrent(CUcontext* context) {
  if (current.empty()) return CUDA_ERROR_INVALID_CONTEXT;
  *context = current.back();
  current.pop_back();
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemGetInfo(size_t* free, size_t* total) {
  ENTER(cuMemGetInfo);
  const std::lock_guard lock(fake.mutex);
  *free = fake.capacity - fake.device_bytes;
  *total = fake.capacity;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuMemAlloc(CUdeviceptr* address, size_t bytes) {
  ENTER(cuMemAlloc);
  REFUSE_IN_CAPTURE();
  uint64_t found = 0;
  const CUresult result = fake.Allocate(bytes, false, &found);
  *address = found;
  return result;
}

// A real driver waits here; the back end must not count on it.
FAKE_EXPORT CUresult cuMemFree(CUdeviceptr address) {
  Count(TEXT(cuMemFree));
  return Fake::Get().Free(address, false);
}

FAKE_EXPORT CUresult cuMemHostAlloc(void** memory, size_t bytes, unsigned int) {
  ENTER(cuMemHostAlloc);
  REFUSE_IN_CAPTURE();
  uint64_t found = 0;
  const CUresult result = fake.Allocate(bytes, true, &found);
  *memory = PointerTo(found);
  return result;
}

FAKE_EXPORT CUresult cuMemFreeHost(void* memory) {
  Count(TEXT(cuMemFreeHost));
  return Fake::Get().Free(reinterpret_cast<uint64_t>(memory), true);
}

// Ordinary memory is copied aside at once, as the driver does; pinned memory is read when the copy
// runs.
FAKE_EXPORT CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t bytes,
                                       CUstream stream) {
  ENTER(cuMemcpyHtoDAsync);
  const bool pinned = fake.IsPinned(from, bytes);
  if (!pinned && fake.IsCapturing(stream)) {
    fake.AddViolation("ordinary memory in a captured copy");
    return CUDA_ERROR_INVALID_VALUE;
  }
  auto aside = std::make_shared<std::vector<std::byte>>();
  if (!pinned) {
    const auto* begin = static_cast<const std::byte*>(from);
    aside->assign(begin, begin + bytes);
  }
  return fake.Put(stream, [&fake, to, from, bytes, pinned, aside] {
    fake.CheckDevice(to, bytes, "a copy to memory that is not of the device");
    if (pinned && !fake.IsPinned(from, bytes)) {
      return fake.AddViolation("a copy from pinned memory that is freed");
    }
    std::memcpy(PointerTo(to), pinned ? from : aside->data(), bytes);
  });
}

FAKE_EXPORT CUresult cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  ENTER(cuMemcpyDtoHAsync);
  const bool pinned = fake.IsPinned(to, bytes);
  const CUresult result = fake.Put(stream, [&fake, to, from, bytes, pinned] {
    fake.CheckDevice(from, bytes, "a copy from memory that is not of the device");
    if (pinned && !fake.IsPinned(to, bytes)) {
      return fake.AddViolation("a copy to pinned memory that is freed");
    }
    std::memcpy(to, PointerTo<const void>(from), bytes);
  });
  return result == CUDA_SUCCESS && !pinned ? fake.Wait(stream) : result;
}

FAKE_EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes,
                                     CUstream stream) {
  ENTER(cuMemsetD8Async);
  return fake.Put(stream, [&fake, to, value, bytes] {
    fake.CheckDevice(to, bytes, "memory filled that is not of the device");
    std::memset(PointerTo(to), value, bytes);
  });
}

FAKE_EXPORT CUresult cuPointerGetAttributes(unsigned int count, CUpointer_attribute* attributes,
                                            void** values, CUdeviceptr address) {
  ENTER(cuPointerGetAttributes);
  const std::lock_guard lock(fake.mutex);
  const auto* found = fake.Find(address, 1);
  for (unsigned int i = 0; i < count; ++i) {
    switch (attributes[i]) {
      case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        *static_cast<CUmemorytype*>(values[i]) = found == nullptr       ? CUmemorytype{}
                                                 : found->second.pinned ? CU_MEMORYTYPE_HOST
                                                                        : CU_MEMORYTYPE_DEVICE;
        break;
      case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        *static_cast<unsigned int*>(values[i]) = 0;
        break;
      case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        *static_cast<int*>(values[i]) = found == nullptr ? -2 : found->second.ordinal;
        break;
      case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
        *static_cast<CUdeviceptr*>(values[i]) = found == nullptr ? 0 : found->first;
        break;
      case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
        *static_cast<size_t*>(values[i]) = found == nullptr ? 0 : found->second.bytes;
        break;
      default:
        return CUDA_ERROR_INVALID_VALUE;
    }
  }
  return CUDA_SUCCESS;
}

// ---- Streams and events. ----

FAKE_EXPORT CUresult cuStreamCreate(CUstream* stream, unsigned int) {
  ENTER(cuStreamCreate);
  REFUSE_IN_CAPTURE();
  *stream = fake.MakeStream(current.back());
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuStreamDestroy(CUstream stream) {
  Count(TEXT(cuStreamDestroy));
  Fake::Get().EndStream(stream);
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuStreamSynchronize(CUstream stream) {
  ENTER(cuStreamSynchronize);
  REFUSE_IN_CAPTURE();
  return fake.Wait(stream);
}

FAKE_EXPORT CUresult cuStreamQuery(CUstream stream) {
  ENTER(cuStreamQuery);
  const std::lock_guard lock(stream->mutex);
  return stream->done == stream->queued ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

FAKE_EXPORT CUresult cuStreamGetCtx(CUstream stream, CUcontext* context) {
  ENTER(cuStreamGetCtx);
  *context = stream->context;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int) {
  ENTER(cuStreamWaitEvent);
  uint64_t number = 0;
  {
    const std::lock_guard lock(event->state->mutex);
    number = event->state->recorded;
  }
  return fake.Put(stream, [state = event->state, number] { state->Wait(number); });
}

FAKE_EXPORT CUresult cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode) {
  ENTER(cuStreamBeginCapture);
  if (mode == CU_STREAM_CAPTURE_MODE_GLOBAL) {
    fake.AddViolation("a capture that disturbs other threads");
  }
  const std::lock_guard lock(fake.mutex);
  if (stream->recording) return CUDA_ERROR_ILLEGAL_STATE;
  stream->recording = std::make_unique<Recording>();
  captured_here = stream;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  Count(TEXT(cuStreamEndCapture));
  Fake& fake = Fake::Get();
  const std::lock_guard lock(fake.mutex);
  *graph = nullptr;
  if (captured_here != stream) return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  captured_here = nullptr;
  const std::unique_ptr<Recording> recording = std::move(stream->recording);
  if (fake.sticky != CUDA_SUCCESS) return fake.sticky;
  if (!recording->valid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  *graph = new CUgraph_st{std::move(recording->works)};
  ++fake.graphs;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuEventCreate(CUevent* event, unsigned int) {
  ENTER(cuEventCreate);
  *event = new CUevent_st;
  const std::lock_guard lock(fake.mutex);
  ++fake.events;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuEventDestroy(CUevent event) {
  Count(TEXT(cuEventDestroy));
  delete event;
  Fake& fake = Fake::Get();
  const std::lock_guard lock(fake.mutex);
  --fake.events;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuEventRecord(CUevent event, CUstream stream) {
  ENTER(cuEventRecord);
  uint64_t number = 0;
  {
    const std::lock_guard lock(event->state->mutex);
    number = ++event->state->recorded;
  }
  struct Completion {  // also when the device is lost and the work does not run
    ~Completion() { state->Complete(number); }
    std::shared_ptr<EventState> state;
    uint64_t number;
  };
  auto completion = std::make_shared<Completion>(event->state, number);
  return fake.Put(stream, [completion] { completion->state->Complete(completion->number); });
}

FAKE_EXPORT CUresult cuEventSynchronize(CUevent event) {
  ENTER(cuEventSynchronize);
  REFUSE_IN_CAPTURE();
  uint64_t number = 0;
  {
    const std::lock_guard lock(event->state->mutex);
    number = event->state->recorded;
  }
  event->state->Wait(number);
  return fake.Under(fake.sticky);
}

// ---- Graphs. ----

FAKE_EXPORT CUresult cuGraphInstantiate(CUgraphExec* exec, CUgraph graph, unsigned long long) {
  ENTER(cuGraphInstantiate);
  *exec = new CUgraphExec_st{graph->works};
  const std::lock_guard lock(fake.mutex);
  ++fake.graph_execs;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuGraphDestroy(CUgraph graph) {
  Count(TEXT(cuGraphDestroy));
  delete graph;
  Fake& fake = Fake::Get();
  const std::lock_guard lock(fake.mutex);
  --fake.graphs;
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuGraphUpload(CUgraphExec, CUstream) {
  ENTER(cuGraphUpload);
  return CUDA_SUCCESS;
}

FAKE_EXPORT CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  ENTER(cuGraphLaunch);
  struct Running {
    explicit Running(std::shared_ptr<std::atomic<int>> count) : count(std::move(count)) {
      ++*this->count;
    }
    ~Running() { --*count; }
    std::shared_ptr<std::atomic<int>> count;
  };
  auto running = std::make_shared<Running>(exec->running);
  return fake.Put(stream, [works = exec->works, running] {
    for (const Work& work : works) work();
  });
}

FAKE_EXPORT CUresult cuGraphExecDestroy(CUgraphExec exec) {
  Count(TEXT(cuGraphExecDestroy));
  Fake& fake = Fake::Get();
  if (*exec->running != 0) fake.AddViolation("a graph destroyed while it runs");
  delete exec;
  const std::lock_guard lock(fake.mutex);
  --fake.graph_execs;
  return CUDA_SUCCESS;
}
