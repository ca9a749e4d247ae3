#include "backends/onnxruntime/memory.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "core/check.h"
#include "core/errors.h"

namespace webnn::ort {

Result<AlignedBuffer> AlignedBuffer::Allocate(size_t size) {
  AlignedBuffer buffer;
  if (size <= std::numeric_limits<size_t>::max() - kAlignment) {
    // calloc, unlike aligned_alloc and memset, gets large blocks as zero pages that cost nothing
    // until they are touched.
    buffer.block_ = std::calloc(size + kAlignment, 1);
  }
  if (buffer.block_ == nullptr) {
    return UnknownError("onnxruntime: no memory for a tensor of {} bytes", size);
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

Result<void> Tensor::Write(std::span<const std::byte> bytes) {
  WEBNN_CHECK(bytes.size() == size());
  std::memcpy(data(), bytes.data(), bytes.size());
  return {};
}

Result<void> Tensor::Read(std::span<std::byte> bytes) const {
  WEBNN_CHECK(bytes.size() == size());
  std::memcpy(bytes.data(), data(), bytes.size());
  return {};
}

}  // namespace webnn::ort
