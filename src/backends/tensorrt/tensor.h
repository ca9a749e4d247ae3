#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "backends/backend.h"
#include "backends/cuda/driver.h"
#include "backends/tensorrt/lane.h"

namespace webnn::trt {

/// Memory of the device, the tensor's own or the caller's.
class Tensor : public BackendTensor {
 public:
  static Result<std::unique_ptr<BackendTensor>> Create(std::shared_ptr<LanePool> lanes,
                                                       const OperandDescriptor& descriptor);
  static Result<std::unique_ptr<BackendTensor>> Import(std::shared_ptr<LanePool> lanes,
                                                       const OperandDescriptor& descriptor,
                                                       const DeviceMemory& memory,
                                                       std::shared_ptr<void> owner);
  ~Tensor() override;
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  Result<void> Write(std::span<const std::byte> bytes) override;
  Result<void> Read(std::span<std::byte> bytes) const override;
  std::optional<DeviceMemory> memory() const override;

  cuda::Address address() const { return address_; }
  uint64_t bytes() const { return bytes_; }
  TensorUses& uses() { return uses_; }

 private:
  Tensor(std::shared_ptr<LanePool> lanes, cuda::Address address, uint64_t bytes)
      : lanes_(std::move(lanes)), address_(address), bytes_(bytes) {}
  /// Puts `work(lane)` into a lane, after all that uses the tensor.
  template <class Work>
  Result<void> WriteBy(Work work);

  const std::shared_ptr<LanePool> lanes_;
  const cuda::Address address_;
  const uint64_t bytes_;
  cuda::DeviceBuffer own_;
  std::shared_ptr<void> owner_;
  TensorUses uses_;
};

}  // namespace webnn::trt
