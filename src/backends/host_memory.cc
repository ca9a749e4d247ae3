#include "backends/host_memory.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "core/check.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn {

Result<AlignedBuffer> AlignedBuffer::Allocate(size_t size) {
  AlignedBuffer buffer;
  if (size <= std::numeric_limits<size_t>::max() - kAlignment) {
    // calloc, unlike aligned_alloc and memset, gets large blocks as zero pages that cost nothing
    // until they are touched.
    buffer.block_ = std::calloc(size + kAlignment, 1);
  }
  if (buffer.block_ == nullptr) {
    return UnknownError("there is no memory for a tensor of {} bytes", size);
  }
  const auto address = reinterpret_cast<uintptr_t>(buffer.block_);
  const size_t offset = (kAlignment - address % kAlignment) % kAlignment;
  buffer.data_ = static_cast<std::byte*>(buffer.block_) + offset;
  buffer.size_ = size;
  return buffer;
}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AlignedBuffer::~AlignedBuffer() { std::free(block_); }

size_t AlignmentOf(lowering::Element element) {
  using lowering::Element;
  switch (element) {
    case Element::kFloat:
    case Element::kInt32:
    case Element::kUint32:
      return 4;
    case Element::kFloat16:
    case Element::kBfloat16:
    case Element::kInt16:
    case Element::kUint16:
      return 2;
    case Element::kDouble:
    case Element::kInt64:
    case Element::kUint64:
      return 8;
    default:
      return 1;
  }
}

Result<std::unique_ptr<BackendTensor>> HostTensor::Create(const OperandDescriptor& descriptor) {
  WEBNN_ASSIGN_OR_RETURN(AlignedBuffer buffer, AlignedBuffer::Allocate(descriptor.byte_length()));
  return std::unique_ptr<BackendTensor>(new HostTensor(std::move(buffer)));
}

Result<std::unique_ptr<BackendTensor>> HostTensor::Import(std::string_view backend,
                                                          const OperandDescriptor& descriptor,
                                                          const DeviceMemory& memory,
                                                          std::shared_ptr<void> owner) {
  if (memory.kind != MemoryKind::kHost) {
    return NotSupported("{}: it runs on host memory and cannot use a GPU's; copy it", backend);
  }
  if (memory.address == nullptr) return TypeError("importTensor: the address is null");
  const size_t alignment = AlignmentOf(lowering::ElementOf(descriptor.data_type()));
  if (reinterpret_cast<uintptr_t>(memory.address) % alignment != 0) {
    return TypeError("importTensor: the address {} is not aligned to {} bytes, as {} has to be",
                     memory.address, alignment, Name(descriptor.data_type()));
  }
  const std::span bytes(static_cast<std::byte*>(memory.address), descriptor.byte_length());
  return std::unique_ptr<BackendTensor>(new HostTensor(bytes, std::move(owner)));
}

Result<void> HostTensor::Write(std::span<const std::byte> bytes) {
  WEBNN_CHECK(bytes.size() == size());
  std::memcpy(data(), bytes.data(), bytes.size());
  return {};
}

Result<void> HostTensor::Read(std::span<std::byte> bytes) const {
  WEBNN_CHECK(bytes.size() == size());
  std::memcpy(bytes.data(), data(), bytes.size());
  return {};
}

}  // namespace webnn
