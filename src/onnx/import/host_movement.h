#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "onnx/import/host_tensor.h"

/// Movement of the elements of known tensors, of whatever type of whole bytes. Arguments have been
/// checked, and so has the size of the result.
namespace webnn::onnx_format {

/// Elements of a shape's axes lie this far apart in a packed tensor.
std::vector<int64_t> PackedStrides(std::span<const int64_t> sizes);
/// 1 for no sizes. The product must fit, as it does once `ByteLength` has been asked.
int64_t ElementCount(std::span<const int64_t> sizes);

/// The same elements under other sizes; nothing is copied.
HostTensor HostReshape(const HostTensor& x, std::vector<int64_t> sizes);
/// The element at [i, j ...] is the one at `offset + i * strides[0] + j * strides[1] ...` of `x`.
HostTensor HostStrided(const HostTensor& x, int64_t offset, std::span<const int64_t> strides,
                       std::vector<int64_t> sizes);
HostTensor HostTranspose(const HostTensor& x, std::span<const uint32_t> permutation);
/// Repeats axes of size 1, and adds axes in front.
HostTensor HostExpand(const HostTensor& x, std::vector<int64_t> sizes);
/// Slices along `axis` at `indices`, which are in [0, size).
HostTensor HostTake(const HostTensor& x, size_t axis, std::span<const int64_t> indices);
HostTensor HostConcat(std::span<const HostTensor> parts, size_t axis);
/// The sizes that both broadcast to; false when they do not go together.
bool BroadcastSizes(std::span<const int64_t> a, std::span<const int64_t> b,
                    std::vector<int64_t>& sizes);

/// Of an element of whole bytes.
inline size_t BytesOf(lowering::Element element) {
  return static_cast<size_t>(BitsOf(element)) / 8;
}

}  // namespace webnn::onnx_format
