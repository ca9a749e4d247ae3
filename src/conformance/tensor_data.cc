#include "conformance/tensor_data.h"

#include <algorithm>
#include <cstring>

namespace webnn::conformance {

std::vector<std::byte> TensorData::Encode() const {
  const DataType type = descriptor.data_type();
  const size_t count = descriptor.element_count();
  std::vector<std::byte> bytes(descriptor.byte_length());
  if (BitsPerElement(type) == 4) {
    for (size_t i = 0; i < count; ++i) {
      bytes[i / 2] |= element(i).Encode(type)[0] << (i % 2 * 4);
    }
    return bytes;
  }
  const size_t size = static_cast<size_t>(BitsPerElement(type)) / 8;
  const size_t given = fill ? 1 : count;
  for (size_t i = 0; i < given; ++i) {
    std::memcpy(&bytes[i * size], element(i).Encode(type).data(), size);
  }
  // A fill is spread by doubling: what is written so far is copied behind itself.
  for (size_t done = given * size; done < bytes.size();) {
    const size_t length = std::min(done, bytes.size() - done);
    std::memcpy(&bytes[done], bytes.data(), length);
    done += length;
  }
  return bytes;
}

uint64_t ElementBits(DataType type, const Number& number) {
  return ElementBits(type, number.Encode(type), 0);
}

}  // namespace webnn::conformance
