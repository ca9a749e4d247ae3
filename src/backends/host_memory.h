#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "backends/backend.h"
#include "lowering/model.h"

/// Memory of back ends that run on the CPU.
namespace webnn {

/// Bytes on a cache line boundary, zero at first.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  /// UnknownError when there is no memory for it.
  static Result<AlignedBuffer> Allocate(size_t size);

  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer&& other) noexcept { *this = std::move(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
  ~AlignedBuffer();

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  std::span<std::byte> bytes() const { return {data_, size_}; }

 private:
  void* block_ = nullptr;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// What an address must be a multiple of; packed 4-bit types are bytes.
size_t AlignmentOf(lowering::Element element);

/// A tensor that is plain memory: graphs get its address at each run.
class HostTensor final : public BackendTensor {
 public:
  /// See `Backend::CreateTensor`.
  static Result<std::unique_ptr<BackendTensor>> Create(const OperandDescriptor& descriptor);
  /// See `Backend::ImportTensor`; errors are of the back end `backend`.
  static Result<std::unique_ptr<BackendTensor>> Import(std::string_view backend,
                                                       const OperandDescriptor& descriptor,
                                                       const DeviceMemory& memory,
                                                       std::shared_ptr<void> owner);

  explicit HostTensor(AlignedBuffer buffer) : buffer_(std::move(buffer)), bytes_(buffer_.bytes()) {}
  /// Memory of somebody else, which lives while `owner` does.
  HostTensor(std::span<std::byte> bytes, std::shared_ptr<void> owner)
      : owner_(std::move(owner)), bytes_(bytes) {}
  Result<void> Write(std::span<const std::byte> bytes) override;
  Result<void> Read(std::span<std::byte> bytes) const override;
  std::optional<DeviceMemory> memory() const override {
    return DeviceMemory{.kind = MemoryKind::kHost, .address = data()};
  }

  std::byte* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }

 private:
  AlignedBuffer buffer_;
  std::shared_ptr<void> owner_;
  std::span<std::byte> bytes_;
};

}  // namespace webnn
