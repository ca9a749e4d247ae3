#include "backends/openvino/weights.h"

#include <cstdint>
#include <optional>
#include <span>

namespace webnn::ov {

Result<onnx_format::SerializedModel> Serialize(const lowering::Model& model) {
  // OpenVINO's reader of ONNX takes the offset at this location for an address. Files by their
  // path it takes only from below the working directory.
  constexpr const char* kMemory = "*/_ORT_MEM_ADDR_/*";
  const auto place = [](std::span<const std::byte> bytes) {
    return std::optional(
        onnx_format::WeightPlace{kMemory, reinterpret_cast<uintptr_t>(bytes.data())});
  };
  return onnx_format::Serialize(model, {.place = place});
}

}  // namespace webnn::ov
