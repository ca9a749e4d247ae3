#include "backends/tensorrt/tensor.h"

#include <mutex>
#include <utility>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::trt {
namespace {

// What TensorRT asks of every address.
constexpr uint64_t kAlignment = 256;

}  // namespace

template <class Work>
Result<void> Tensor::WriteBy(Work work) {
  const cuda::Scope scope(lanes_->device());
  Lane& lane = lanes_->ForWrite(uses_.writer());
  const std::lock_guard staging(lane.staging_mutex);
  {
    const std::lock_guard queue(lane.queue_mutex);
    WEBNN_RETURN_IF_ERROR(uses_.BeforeWrite(*lanes_, lane));
  }
  Result<void> result = work(lane);
  // Counted after a failure, too: a part of it may be under way.
  const std::lock_guard queue(lane.queue_mutex);
  uses_.AfterWrite(lane, lane.next());
  lane.Queued();
  return result;
}

Result<std::unique_ptr<BackendTensor>> Tensor::Create(std::shared_ptr<LanePool> lanes,
                                                      const OperandDescriptor& descriptor) {
  const uint64_t bytes = descriptor.byte_length();
  WEBNN_ASSIGN_OR_RETURN(cuda::DeviceBuffer buffer,
                         cuda::DeviceBuffer::Allocate(lanes->device(), bytes));
  std::unique_ptr<Tensor> tensor(new Tensor(std::move(lanes), buffer.handle(), bytes));
  tensor->own_ = std::move(buffer);
  WEBNN_RETURN_IF_ERROR(tensor->WriteBy(
      [&](Lane& lane) { return lane.stream().Clear(tensor->address_, tensor->bytes_); }));
  return std::unique_ptr<BackendTensor>(std::move(tensor));
}

Result<std::unique_ptr<BackendTensor>> Tensor::Import(std::shared_ptr<LanePool> lanes,
                                                      const OperandDescriptor& descriptor,
                                                      const DeviceMemory& memory,
                                                      std::shared_ptr<void> owner) {
  const cuda::Device& device = lanes->device();
  const auto address = reinterpret_cast<cuda::Address>(memory.address);
  const uint64_t bytes = descriptor.byte_length();
  if (memory.kind != MemoryKind::kCuda) {
    return NotSupported(
        "importTensor: the memory is the host's; {} uses memory of its own alone. Make a tensor "
        "and "
        "write to it.",
        device.name());
  }
  if (memory.device != device.info().ordinal) {
    return NotSupported("importTensor: the memory is on cuda:{}; this context is on {}",
                        memory.device, device.name());
  }
  if (address == 0) return NotSupported("importTensor: the address is null");
  if (address % kAlignment != 0) {
    return NotSupported(
        "importTensor: the address {:#x} is not a multiple of {} bytes, which TensorRT needs; copy "
        "the data to the beginning of an allocation",
        address, kAlignment);
  }
  WEBNN_ASSIGN_OR_RETURN(cuda::PointerInfo info, device.Describe(address));
  switch (info.kind) {
    case cuda::PointerInfo::Kind::kDevice:
    case cuda::PointerInfo::Kind::kManaged:
      break;
    case cuda::PointerInfo::Kind::kHost:
      return NotSupported(
          "importTensor: the address {:#x} is pinned memory of the host, which would be read over "
          "the bus at each use. Make a tensor and write to it.",
          address);
    case cuda::PointerInfo::Kind::kUnknown:
      return NotSupported("importTensor: CUDA knows no memory at the address {:#x}", address);
  }
  if (info.kind == cuda::PointerInfo::Kind::kDevice && info.ordinal != device.info().ordinal) {
    return NotSupported("importTensor: the address {:#x} is on cuda:{}, not on {}", address,
                        info.ordinal, device.name());
  }
  if (info.base != 0 && info.base + info.bytes < address + bytes) {
    return TypeError(
        "importTensor: {} needs {} bytes; from the address {:#x} on, its allocation has {}",
        ToString(descriptor), bytes, address, info.base + info.bytes - address);
  }
  std::unique_ptr<Tensor> tensor(new Tensor(std::move(lanes), address, bytes));
  tensor->owner_ = std::move(owner);
  return std::unique_ptr<BackendTensor>(std::move(tensor));
}

Tensor::~Tensor() {
  const cuda::Scope scope(lanes_->device());
  // Memory that queued work uses must not be given to others. Where waiting fails the device is
  // lost, and nothing uses anything.
  (void)uses_.Finish(*lanes_);
}

Result<void> Tensor::Write(std::span<const std::byte> bytes) {
  return WriteBy([&](Lane& lane) {
    return lane.staging.Upload(lane.device(), lane.stream(), address_, bytes);
  });
}

Result<void> Tensor::Read(std::span<std::byte> bytes) const {
  const cuda::Scope scope(lanes_->device());
  // A lane of the thread's own: it keeps the staging memory while it waits for the device.
  Lane& lane = lanes_->Mine();
  const std::lock_guard staging(lane.staging_mutex);
  {
    const std::lock_guard queue(lane.queue_mutex);
    WEBNN_RETURN_IF_ERROR(uses_.BeforeRead(lane));
  }
  Result<void> result = lane.staging.Download(lane.device(), lane.stream(), bytes, address_);
  // The tensor may be written or freed when this returns: nothing of the copy may be left.
  if (!result) (void)lane.stream().Synchronize();
  return result;
}

std::optional<DeviceMemory> Tensor::memory() const {
  return DeviceMemory{MemoryKind::kCuda, lanes_->device().info().ordinal,
                      reinterpret_cast<void*>(address_)};  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace webnn::trt
