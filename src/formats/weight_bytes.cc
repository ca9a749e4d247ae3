#include "formats/weight_bytes.h"

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/check.h"

namespace webnn::formats {

ConstantData Own(std::vector<std::byte> bytes) {
  auto owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return {owned, *owned};
}

ConstantData Aligned(ConstantData data, DataType type) {
  const auto address = reinterpret_cast<uintptr_t>(data.bytes.data());
  if (BitsPerElement(type) < 8 || address % (BitsPerElement(type) / 8) == 0) return data;
  return Own({data.bytes.begin(), data.bytes.end()});
}

ConstantData ToFloat32(const ElementType& type, std::span<const std::byte> bytes) {
  const bool is_bfloat16 = type.name == "bfloat16";
  WEBNN_CHECK(is_bfloat16 || type.name == "float64");
  const size_t width = is_bfloat16 ? 2 : 8;
  std::vector<std::byte> converted(bytes.size() / width * 4);
  for (size_t i = 0; i < bytes.size() / width; ++i) {
    const std::byte* element = bytes.data() + i * width;
    std::byte* out = converted.data() + i * 4;
    if (is_bfloat16) {
      // The upper half of a float32.
      std::memcpy(out + 2, element, 2);
    } else {
      double value = 0;
      std::memcpy(&value, element, sizeof(value));
      std::memcpy(out, Number(value).Encode(DataType::kFloat32).data(), 4);
    }
  }
  return Own(std::move(converted));
}

}  // namespace webnn::formats
