#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webnn/result.h"

struct CUctx_st;
struct CUstream_st;
struct CUevent_st;
struct CUgraphExec_st;

/// NVIDIA's GPUs through the CUDA driver API, which is opened at run time: libcuda.so.1 of the
/// installed driver, or the file that the environment variable WEBNN_CUDA_LIBRARY names. Shared by
/// the back ends that run on them. Everything may be called from several threads; objects that are
/// not const may not be used from two at once.
namespace webnn::cuda {

/// A `CUdeviceptr`.
using Address = uint64_t;

/// What is known of a GPU without using it.
struct DeviceInfo {
  int ordinal = 0;   ///< In this process, after CUDA_VISIBLE_DEVICES.
  std::string name;  ///< "NVIDIA H200"
  int major = 0;     ///< Compute capability 9.0 is major 9, minor 0.
  int minor = 0;
  uint64_t memory_bytes = 0;
  std::string uuid;  ///< "GPU-8-4-4-4-12"
};

/// "580.159.04" where /proc tells, else CUDA's version of the driver: "CUDA 13.0".
struct DriverInfo {
  std::string version;
  int cuda_version = 0;  ///< 13000 for 13.0
  std::string library;   ///< The file that was opened.
};

/// NotSupported when there is no driver or it is older than CUDA 12: says what was looked for and
/// how to get it.
Result<DriverInfo> Driver();
/// All GPUs that this process may use; makes no context. NotSupported as for `Driver`, and when
/// there is no GPU.
Result<std::vector<DeviceInfo>> ListDevices();
/// "cuda" and "" are the first device, "cuda:1" the second. NotSupported for anything else and for
/// an index without a device; the message lists what there is.
Result<DeviceInfo> FindDevice(std::string_view name);
/// "580.159.04" in the text of /proc/driver/nvidia/version; empty when there is none.
std::string KernelVersionIn(std::string_view text);

/// Where an address points.
struct PointerInfo {
  enum class Kind : uint8_t { kUnknown, kHost, kDevice, kManaged };
  Kind kind = Kind::kUnknown;  ///< Unknown to CUDA: ordinary memory of the process. kHost: pinned.
  int ordinal = -1;
  Address base = 0;  ///< Of the allocation that it lies in; 0: unknown.
  uint64_t bytes = 0;
};

struct MemoryInfo {
  uint64_t free = 0;
  uint64_t total = 0;
};

struct Api;

/// A GPU with its primary context, which every library of the process shares. It is retained while
/// the device is used, and never reset. What belongs to a device must not outlive it.
class Device {
 public:
  /// The same object for all that have it open. NotSupported as for `FindDevice`, and for a device
  /// that this process has lost.
  static Result<std::shared_ptr<Device>> Open(std::string_view name);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DeviceInfo& info() const { return info_; }
  /// "cuda:1"
  const std::string& name() const { return name_; }
  const Api& api() const { return *api_; }
  CUctx_st* context() const { return context_; }

  /// Keeps the context until the process ends, for libraries that hold on to what is in it.
  void Keep();

  /// Why nothing works any more: after some errors (an illegal address, a device that fell off the
  /// bus) every call gives the same error until the process ends.
  std::optional<std::string> lost() const;

  Result<MemoryInfo> Memory() const;
  /// "1.5 of 80.0 GiB are free", or nothing where that cannot be asked.
  std::string MemoryText() const;
  Result<PointerInfo> Describe(Address address) const;
  /// Waits in the calling thread for a stream of anybody's: its handle, or 1 for CUDA's default
  /// stream.
  Result<void> WaitForStream(uintptr_t stream) const;

  /// An error that names this device, the call and the driver's reason; notes whether the device is
  /// lost. `result` is a `CUresult`.
  Result<void> Check(int result, const char* call) const;
  /// Asks whether an earlier failure, of this library or another, has lost the device.
  void Probe(const class Stream& stream) const;

 private:
  Device(const Api& api, DeviceInfo info);
  const Api* const api_;
  const DeviceInfo info_;
  const std::string name_;
  int handle_ = 0;  // a CUdevice
  CUctx_st* context_ = nullptr;
  mutable std::mutex mutex_;
  mutable std::optional<std::string> lost_;  // guarded by mutex_
};

/// Makes the device's context current in this thread while it lives.
class Scope {
 public:
  explicit Scope(const Device& device);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  const Device* pushed_ = nullptr;
};

/// A handle of the driver's that is given back with the object. The functions below that use the
/// device make its context current themselves where the driver needs it, but for those of `Stream`:
/// there the caller has a `Scope`.
template <class Handle>
class Owned {
 public:
  Owned() = default;
  Owned(Owned&& other) noexcept
      : device_(other.device_), handle_(std::exchange(other.handle_, Handle{})) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  Handle handle() const { return handle_; }
  explicit operator bool() const { return handle_ != Handle{}; }

 protected:
  ~Owned() = default;
  Owned(const Device& device, Handle handle) : device_(&device), handle_(handle) {}
  const Device* device_ = nullptr;
  Handle handle_{};
};

/// Without timing: for order alone.
class Event : public Owned<CUevent_st*> {
 public:
  static Result<Event> Create(const Device& device);
  Event() = default;
  Event(Event&&) = default;
  Event& operator=(Event&&) = default;
  ~Event();
  /// Waits in the calling thread.
  Result<void> Synchronize() const;

 private:
  using Owned::Owned;
};

/// A graph, captured and made ready to run.
class GraphExec : public Owned<CUgraphExec_st*> {
 public:
  GraphExec() = default;
  GraphExec(GraphExec&&) = default;
  GraphExec& operator=(GraphExec&&) = default;
  ~GraphExec();

 private:
  friend class Stream;
  using Owned::Owned;
};

class Stream {
 public:
  /// Does not wait for the legacy default stream.
  static Result<Stream> Create(const Device& device);
  /// The caller's, which stays its own. NotSupported when it is of another context or is the
  /// default stream of each thread.
  static Result<Stream> Borrow(const Device& device, void* handle);
  Stream() = default;
  Stream(Stream&& other) noexcept { *this = std::move(other); }
  Stream& operator=(Stream&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(handle_, other.handle_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  ~Stream();
  CUstream_st* handle() const { return handle_; }

  Result<void> Synchronize() const;
  Result<void> Record(const Event& event) const;
  Result<void> WaitFor(const Event& event) const;
  /// Asynchronous only where the host's memory is pinned.
  Result<void> CopyToDevice(Address to, const void* from, size_t bytes) const;
  Result<void> CopyToHost(void* to, Address from, size_t bytes) const;
  Result<void> Clear(Address address, size_t bytes) const;
  Result<void> Launch(const GraphExec& graph) const;
  /// What `body` puts into this stream, as a graph; nothing of it runs. Other threads are not
  /// disturbed. The stream is as before whether it succeeds or not.
  Result<GraphExec> Capture(const std::function<Result<void>()>& body) const;

 private:
  const Device* device_ = nullptr;
  CUstream_st* handle_ = nullptr;
  bool owned_ = false;
};

/// Memory of the device, aligned to 256 or more; never empty. Freeing waits for the device, as
/// cuMemFree does: owners see to it that the work that uses the memory is done.
class DeviceBuffer : public Owned<Address> {
 public:
  /// UnknownError, with the bytes that are free, when there is no room.
  static Result<DeviceBuffer> Allocate(const Device& device, uint64_t bytes);
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer&&) = default;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    Owned::operator=(std::move(other));
    return *this;
  }
  ~DeviceBuffer();
  uint64_t bytes() const { return bytes_; }

 private:
  DeviceBuffer(const Device& device, Address address, uint64_t bytes)
      : Owned(device, address), bytes_(bytes) {}
  uint64_t bytes_ = 0;
};

/// Memory of the host that the device copies from and to by itself.
class PinnedBuffer : public Owned<std::byte*> {
 public:
  static Result<PinnedBuffer> Allocate(const Device& device, size_t bytes);
  PinnedBuffer() = default;
  PinnedBuffer(PinnedBuffer&&) = default;
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    Owned::operator=(std::move(other));
    return *this;
  }
  ~PinnedBuffer();
  std::byte* data() const { return handle_; }
  size_t bytes() const { return bytes_; }

 private:
  PinnedBuffer(const Device& device, std::byte* data, size_t bytes)
      : Owned(device, data), bytes_(bytes) {}
  size_t bytes_ = 0;
};

}  // namespace webnn::cuda
