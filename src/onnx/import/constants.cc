#include "onnx/import/constants.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace webnn::onnx_format {

HostTensor TensorOf(std::span<const double> values, std::vector<int64_t> sizes, DataType type) {
  std::byte* memory = nullptr;
  HostTensor tensor = HostTensor::Allocate(lowering::ElementOf(type), std::move(sizes), &memory);
  const size_t size = static_cast<size_t>(BitsPerElement(type)) / 8;
  for (double value : values) {
    std::memcpy(memory, Number(value).Encode(type).data(), size);
    memory += size;
  }
  return tensor;
}

Operand Filled(Node& node, double value, int64_t count, DataType type) {
  return node.Constant(
      TensorOf(std::vector<double>(static_cast<size_t>(count), value), {count}, type));
}

Operand Indices(Node& node, std::span<const int64_t> values) {
  return node.Constant(HostTensor::Integers(values));
}

Operand GetAs(Node& node, size_t k, std::span<const int64_t> sizes) {
  const HostTensor* known = node.Known(k);
  if (known == nullptr || std::ranges::equal(known->sizes, sizes) ||
      ProductOf(known->sizes) != ProductOf(sizes)) {
    return node.Reshape(node.Get(k), sizes);
  }
  HostTensor tensor = *known;
  tensor.sizes.assign(sizes.begin(), sizes.end());
  return node.Constant(tensor);
}

int64_t ProductOf(std::span<const int64_t> sizes, size_t first, size_t last) {
  int64_t product = 1;
  for (size_t axis = first; axis < last; ++axis) {
    if (__builtin_mul_overflow(product, sizes[axis], &product)) {
      return std::numeric_limits<int64_t>::max();
    }
  }
  return product;
}

}  // namespace webnn::onnx_format
