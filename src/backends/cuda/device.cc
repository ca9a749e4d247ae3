#include <algorithm>
#include <array>
#include <map>

#include "backends/cuda/api.h"
#include "backends/cuda/driver.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::cuda {
namespace {

// After these every further call in the process fails in the same way.
bool LosesTheDevice(CUresult result) {
  switch (result) {
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_DEVICE_UNAVAILABLE:
    case CUDA_ERROR_NVLINK_UNCORRECTABLE:
    case CUDA_ERROR_CONTEXT_IS_DESTROYED:
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED:
    case CUDA_ERROR_EXTERNAL_DEVICE:
    case CUDA_ERROR_SYSTEM_NOT_READY:
    case CUDA_ERROR_MPS_CONNECTION_FAILED:
      return true;
    default:
      // 226 CUDA_ERROR_CONTAINED and 721 CUDA_ERROR_TENSOR_MEMORY_LEAK: not in CUDA 12's header.
      return result == 226 || result == 721;
  }
}

// The devices in use. Those that are kept, and those that are lost, stay.
struct DeviceList {
  std::mutex mutex;
  std::map<std::pair<const Api*, int>, std::weak_ptr<Device>> open;
  std::vector<std::shared_ptr<Device>> kept;

  static DeviceList& Get() {
    static auto* const kList = new DeviceList;
    return *kList;
  }
};

std::string Gibibytes(uint64_t bytes) {
  return fmt::format("{:.2f}", static_cast<double>(bytes) / (1u << 30));
}

}  // namespace

// ---- Device. ----

Device::Device(const Api& api, DeviceInfo info)
    : api_(&api), info_(std::move(info)), name_(fmt::format("cuda:{}", info_.ordinal)) {}

Result<std::shared_ptr<Device>> Device::Open(std::string_view name) {
  WEBNN_ASSIGN_OR_RETURN(DeviceInfo info, FindDevice(name));
  WEBNN_ASSIGN_OR_RETURN(const Api* api, OpenApi());
  DeviceList& list = DeviceList::Get();
  const std::lock_guard lock(list.mutex);
  std::weak_ptr<Device>& known = list.open[{api, info.ordinal}];
  if (std::shared_ptr<Device> device = known.lock()) {
    if (std::optional<std::string> why = device->lost()) {
      return NotSupported(
          "{}: this process has lost the device and must be restarted to use it: {}",
          device->name(), *why);
    }
    return device;
  }
  std::shared_ptr<Device> device(new Device(*api, std::move(info)));
  WEBNN_RETURN_IF_ERROR(
      device->Check(api->cuDeviceGet(&device->handle_, device->info().ordinal), "cuDeviceGet"));
  WEBNN_RETURN_IF_ERROR(
      device->Check(api->cuDevicePrimaryCtxRetain(&device->context_, device->handle_),
                    "cuDevicePrimaryCtxRetain"));
  known = device;
  return device;
}

Device::~Device() {
  if (context_ != nullptr) (void)api_->cuDevicePrimaryCtxRelease(handle_);
}

void Device::Keep() {
  DeviceList& list = DeviceList::Get();
  const std::lock_guard lock(list.mutex);
  for (const std::shared_ptr<Device>& device : list.kept) {
    if (device.get() == this) return;
  }
  if (auto self = list.open[{api_, info_.ordinal}].lock(); self.get() == this) {
    list.kept.push_back(std::move(self));
  }
}

std::optional<std::string> Device::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

Result<void> Device::Check(int result, const char* call) const {
  if (result == CUDA_SUCCESS) return {};
  const auto code = static_cast<CUresult>(result);
  std::string message = fmt::format("{}: {}: {}", name_, call, ErrorText(*api_, code));
  if (LosesTheDevice(code)) {
    const std::lock_guard lock(mutex_);
    if (!lost_) lost_ = message;
    message += "; the device is lost to this process";
  }
  if (code == CUDA_ERROR_OUT_OF_MEMORY) return UnknownError("{}; {}", message, MemoryText());
  return OperationError("{}", message);
}

void Device::Probe(const Stream& stream) const {
  const Scope scope(*this);
  const CUresult result = api_->cuStreamQuery(stream.handle());
  if (result != CUDA_ERROR_NOT_READY) (void)Check(result, "cuStreamQuery");
}

Result<MemoryInfo> Device::Memory() const {
  const Scope scope(*this);
  size_t free = 0;
  size_t total = 0;
  WEBNN_RETURN_IF_ERROR(Check(api_->cuMemGetInfo(&free, &total), "cuMemGetInfo"));
  return MemoryInfo{free, total};
}

std::string Device::MemoryText() const {
  const Scope scope(*this);
  size_t free = 0;
  size_t total = 0;
  // Not through Check, which asks for this text.
  if (api_->cuMemGetInfo(&free, &total) != CUDA_SUCCESS) return "how much is free is not known";
  return fmt::format("{} of {} GiB are free", Gibibytes(free), Gibibytes(total));
}

Result<PointerInfo> Device::Describe(Address address) const {
  const Scope scope(*this);
  CUmemorytype type{};
  unsigned int managed = 0;
  int ordinal = -1;
  CUdeviceptr base = 0;
  size_t bytes = 0;
  std::array attributes = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_IS_MANAGED,
                           CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
                           CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, CU_POINTER_ATTRIBUTE_RANGE_SIZE};
  std::array<void*, 5> values = {&type, &managed, &ordinal, &base, &bytes};
  // Gives zeros, not an error, for what CUDA knows nothing of.
  WEBNN_RETURN_IF_ERROR(Check(
      api_->cuPointerGetAttributes(attributes.size(), attributes.data(), values.data(), address),
      "cuPointerGetAttributes"));
  PointerInfo info;
  if (managed != 0) {
    info.kind = PointerInfo::Kind::kManaged;
  } else if (type == CU_MEMORYTYPE_DEVICE) {
    info.kind = PointerInfo::Kind::kDevice;
  } else if (type == CU_MEMORYTYPE_HOST) {
    info.kind = PointerInfo::Kind::kHost;
  }
  info.ordinal = ordinal;
  info.base = base;
  info.bytes = bytes;
  return info;
}

// ---- Scope. ----

Scope::Scope(const Device& device) {
  CUcontext current = nullptr;
  if (device.api().cuCtxGetCurrent(&current) == CUDA_SUCCESS && current == device.context()) return;
  if (device.api().cuCtxPushCurrent(device.context()) == CUDA_SUCCESS) pushed_ = &device;
}

Scope::~Scope() {
  CUcontext popped = nullptr;
  if (pushed_ != nullptr) (void)pushed_->api().cuCtxPopCurrent(&popped);
}

// ---- Event. ----

Result<Event> Event::Create(const Device& device) {
  const Scope scope(device);
  CUevent event = nullptr;
  WEBNN_RETURN_IF_ERROR(
      device.Check(device.api().cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), "cuEventCreate"));
  return Event(device, event);
}

Event::~Event() {
  if (handle_ == nullptr) return;
  const Scope scope(*device_);
  (void)device_->api().cuEventDestroy(handle_);
}

Result<void> Event::Synchronize() const {
  return device_->Check(device_->api().cuEventSynchronize(handle_), "cuEventSynchronize");
}

// ---- GraphExec. ----

GraphExec::~GraphExec() {
  if (handle_ == nullptr) return;
  const Scope scope(*device_);
  (void)device_->api().cuGraphExecDestroy(handle_);
}

// ---- Stream. ----

Result<Stream> Stream::Create(const Device& device) {
  const Scope scope(device);
  Stream stream;
  stream.device_ = &device;
  WEBNN_RETURN_IF_ERROR(device.Check(
      device.api().cuStreamCreate(&stream.handle_, CU_STREAM_NON_BLOCKING), "cuStreamCreate"));
  stream.owned_ = true;
  return stream;
}

Result<Stream> Stream::Borrow(const Device& device, void* handle) {
  const Scope scope(device);
  Stream stream;
  stream.device_ = &device;
  stream.handle_ = static_cast<CUstream>(handle);
  if (stream.handle_ == CU_STREAM_PER_THREAD) {
    return NotSupported(
        "{}: the given stream is the default stream of each thread (CU_STREAM_PER_THREAD), which "
        "is "
        "another one in every thread; give one that was created",
        device.name());
  }
  CUcontext context = nullptr;
  WEBNN_RETURN_IF_ERROR(
      device.Check(device.api().cuStreamGetCtx(stream.handle_, &context), "cuStreamGetCtx"));
  if (context != device.context()) {
    return NotSupported(
        "{}: the given stream does not belong to this device's primary context, which the CUDA "
        "runtime uses; create it there",
        device.name());
  }
  return stream;
}

Result<void> Device::WaitForStream(uintptr_t stream) const {
  const Scope scope(*this);
  auto* const handle = reinterpret_cast<CUstream>(stream);  // NOLINT: others give it as a number
  return Check(api_->cuStreamSynchronize(handle), "cuStreamSynchronize");
}

Stream::~Stream() {
  if (!owned_) return;
  const Scope scope(*device_);
  (void)device_->api().cuStreamDestroy(handle_);
}

Result<void> Stream::Synchronize() const {
  return device_->Check(device_->api().cuStreamSynchronize(handle_), "cuStreamSynchronize");
}

Result<void> Stream::Record(const Event& event) const {
  return device_->Check(device_->api().cuEventRecord(event.handle(), handle_), "cuEventRecord");
}

Result<void> Stream::WaitFor(const Event& event) const {
  return device_->Check(device_->api().cuStreamWaitEvent(handle_, event.handle(), 0),
                        "cuStreamWaitEvent");
}

Result<void> Stream::CopyToDevice(Address to, const void* from, size_t bytes) const {
  return device_->Check(device_->api().cuMemcpyHtoDAsync(to, from, bytes, handle_),
                        "cuMemcpyHtoDAsync");
}

Result<void> Stream::CopyToHost(void* to, Address from, size_t bytes) const {
  return device_->Check(device_->api().cuMemcpyDtoHAsync(to, from, bytes, handle_),
                        "cuMemcpyDtoHAsync");
}

Result<void> Stream::Clear(Address address, size_t bytes) const {
  return device_->Check(device_->api().cuMemsetD8Async(address, 0, bytes, handle_),
                        "cuMemsetD8Async");
}

Result<void> Stream::Launch(const GraphExec& graph) const {
  return device_->Check(device_->api().cuGraphLaunch(graph.handle(), handle_), "cuGraphLaunch");
}

Result<GraphExec> Stream::Capture(const std::function<Result<void>()>& body) const {
  const Api& api = device_->api();
  WEBNN_RETURN_IF_ERROR(
      device_->Check(api.cuStreamBeginCapture(handle_, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                     "cuStreamBeginCapture"));
  Result<void> result = body();
  // Also after a failure: it ends the capture.
  CUgraph graph = nullptr;
  Result<void> ended =
      device_->Check(api.cuStreamEndCapture(handle_, &graph), "cuStreamEndCapture");
  CUgraphExec exec = nullptr;
  if (result && !ended) result = std::move(ended);
  if (result) {
    result = device_->Check(api.cuGraphInstantiate(&exec, graph, 0), "cuGraphInstantiate");
  }
  if (graph != nullptr) (void)api.cuGraphDestroy(graph);
  WEBNN_RETURN_IF_ERROR(std::move(result));
  GraphExec ready(*device_, exec);
  // So that the first launch does not pay for it, and done before one in another stream; nothing is
  // lost where it fails.
  if (api.cuGraphUpload(exec, handle_) == CUDA_SUCCESS) (void)api.cuStreamSynchronize(handle_);
  return ready;
}

// ---- Memory. ----

Result<DeviceBuffer> DeviceBuffer::Allocate(const Device& device, uint64_t bytes) {
  const Scope scope(device);
  CUdeviceptr address = 0;
  const uint64_t size = std::max<uint64_t>(bytes, 1);
  const CUresult result = device.api().cuMemAlloc(&address, size);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    return UnknownError("{}: there is no room for {} bytes in the device's memory; {}",
                        device.name(), bytes, device.MemoryText());
  }
  WEBNN_RETURN_IF_ERROR(device.Check(result, "cuMemAlloc"));
  return DeviceBuffer(device, address, size);
}

DeviceBuffer::~DeviceBuffer() {
  if (handle_ == 0) return;
  const Scope scope(*device_);
  (void)device_->api().cuMemFree(handle_);
}

Result<PinnedBuffer> PinnedBuffer::Allocate(const Device& device, size_t bytes) {
  const Scope scope(device);
  void* data = nullptr;
  const size_t size = std::max<size_t>(bytes, 1);
  const CUresult result = device.api().cuMemHostAlloc(&data, size, 0);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    return UnknownError("{}: there is no room for {} bytes of pinned memory of the host",
                        device.name(), bytes);
  }
  WEBNN_RETURN_IF_ERROR(device.Check(result, "cuMemHostAlloc"));
  return PinnedBuffer(device, static_cast<std::byte*>(data), size);
}

PinnedBuffer::~PinnedBuffer() {
  if (handle_ == nullptr) return;
  const Scope scope(*device_);
  (void)device_->api().cuMemFreeHost(handle_);
}

}  // namespace webnn::cuda
