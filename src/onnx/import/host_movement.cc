#include "onnx/import/host_movement.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace webnn::onnx_format {
namespace {

// `count` runs of bytes, `stride` bytes apart. A size that the compiler knows makes it a move.
template <size_t kRun>
std::byte* CopyRow(const std::byte* from, int64_t stride, int64_t count, size_t run,
                   std::byte* to) {
  if constexpr (kRun != 0) run = kRun;
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(to, from, run);
    from += stride;
    to += run;
  }
  return to;
}
auto CopyRowOf(size_t run) {
  switch (run) {
    case 1:
      return CopyRow<1>;
    case 2:
      return CopyRow<2>;
    case 4:
      return CopyRow<4>;
    case 8:
      return CopyRow<8>;
    default:
      return CopyRow<0>;
  }
}

// Runs of `run` bytes at strides, in the order of the result: the last axis in one go, the others
// counted up. There is one axis at least.
void CopyRuns(const std::byte* from, std::span<const int64_t> byte_strides,
              std::span<const int64_t> sizes, size_t run, std::byte* to) {
  const size_t last = sizes.size() - 1;
  const auto copy_row = CopyRowOf(run);
  std::vector<int64_t> position(last);
  while (true) {
    to = copy_row(from, byte_strides[last], sizes[last], run, to);
    size_t axis = last;
    while (axis-- > 0) {
      from += byte_strides[axis];
      if (++position[axis] < sizes[axis]) break;
      from -= byte_strides[axis] * sizes[axis];
      position[axis] = 0;
    }
    if (axis >= last) return;  // wrapped around: every axis is done
  }
}

}  // namespace

// Beside a size of 0 the product of the others may be too large: it wraps, and is of no interest.
std::vector<int64_t> PackedStrides(std::span<const int64_t> sizes) {
  std::vector<int64_t> strides(sizes.size());
  uint64_t stride = 1;
  for (size_t axis = sizes.size(); axis-- > 0;) {
    strides[axis] = static_cast<int64_t>(stride);
    stride *= static_cast<uint64_t>(sizes[axis]);
  }
  return strides;
}

int64_t ElementCount(std::span<const int64_t> sizes) {
  uint64_t count = 1;
  for (int64_t size : sizes) count *= static_cast<uint64_t>(size);
  return static_cast<int64_t>(count);
}

HostTensor HostReshape(const HostTensor& x, std::vector<int64_t> sizes) {
  return {x.element, std::move(sizes), x.bytes, x.owner};
}

HostTensor HostStrided(const HostTensor& x, int64_t offset, std::span<const int64_t> strides,
                       std::vector<int64_t> sizes) {
  const auto width = static_cast<int64_t>(BytesOf(x.element));
  std::byte* memory = nullptr;
  HostTensor result = HostTensor::Allocate(x.element, std::move(sizes), &memory);
  if (ElementCount(result.sizes) == 0) return result;
  // Inner axes that lie together are copied at once.
  size_t outer = strides.size();
  int64_t run = 1;
  while (outer > 0 && (strides[outer - 1] == run || result.sizes[outer - 1] == 1)) {
    run *= result.sizes[--outer];
  }
  if (outer == 0) {
    std::memcpy(memory, x.bytes.data() + offset * width, static_cast<size_t>(run * width));
    return result;
  }
  std::vector<int64_t> byte_strides;
  for (int64_t stride : strides.first(outer)) byte_strides.push_back(stride * width);
  CopyRuns(x.bytes.data() + offset * width, byte_strides, std::span(result.sizes).first(outer),
           static_cast<size_t>(run * width), memory);
  return result;
}

HostTensor HostTranspose(const HostTensor& x, std::span<const uint32_t> permutation) {
  const std::vector<int64_t> packed = PackedStrides(x.sizes);
  std::vector<int64_t> strides;
  std::vector<int64_t> sizes;
  for (uint32_t axis : permutation) {
    strides.push_back(packed[axis]);
    sizes.push_back(x.sizes[axis]);
  }
  return HostStrided(x, 0, strides, std::move(sizes));
}

HostTensor HostExpand(const HostTensor& x, std::vector<int64_t> sizes) {
  if (sizes == x.sizes) return x;
  std::vector<int64_t> strides(sizes.size());
  const std::vector<int64_t> packed = PackedStrides(x.sizes);
  const size_t added = sizes.size() - x.sizes.size();
  for (size_t axis = 0; axis < x.sizes.size(); ++axis) {
    if (x.sizes[axis] != 1) strides[added + axis] = packed[axis];
  }
  return HostStrided(x, 0, strides, std::move(sizes));
}

HostTensor HostTake(const HostTensor& x, size_t axis, std::span<const int64_t> indices) {
  std::vector<int64_t> sizes = x.sizes;
  sizes[axis] = static_cast<int64_t>(indices.size());
  const size_t row = BytesOf(x.element) * static_cast<size_t>(PackedStrides(x.sizes)[axis]);
  const int64_t outer = ElementCount(std::span(x.sizes).first(axis));
  std::byte* memory = nullptr;
  HostTensor result = HostTensor::Allocate(x.element, std::move(sizes), &memory);
  if (result.bytes.empty()) return result;
  const std::byte* from = x.bytes.data();
  for (int64_t i = 0; i < outer; ++i) {
    for (int64_t index : indices) {
      std::memcpy(memory, from + static_cast<size_t>(index) * row, row);
      memory += row;
    }
    from += static_cast<size_t>(x.sizes[axis]) * row;
  }
  return result;
}

HostTensor HostConcat(std::span<const HostTensor> parts, size_t axis) {
  std::vector<int64_t> sizes = parts[0].sizes;
  for (const HostTensor& part : parts.subspan(1)) sizes[axis] += part.sizes[axis];
  const int64_t outer = ElementCount(std::span(sizes).first(axis));
  std::byte* memory = nullptr;
  HostTensor result = HostTensor::Allocate(parts[0].element, std::move(sizes), &memory);
  if (result.bytes.empty()) return result;
  for (int64_t i = 0; i < outer; ++i) {
    for (const HostTensor& part : parts) {
      const size_t rows = part.bytes.size() / static_cast<size_t>(outer);
      if (rows == 0) continue;
      std::memcpy(memory, part.bytes.data() + static_cast<size_t>(i) * rows, rows);
      memory += rows;
    }
  }
  return result;
}

bool BroadcastSizes(std::span<const int64_t> a, std::span<const int64_t> b,
                    std::vector<int64_t>& sizes) {
  const size_t rank = std::max(a.size(), b.size());
  sizes.assign(rank, 1);
  for (size_t i = 0; i < rank; ++i) {  // from the last axis
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) return false;
    sizes[rank - 1 - i] = x == 1 ? y : x;
  }
  return true;
}

}  // namespace webnn::onnx_format
