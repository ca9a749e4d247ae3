#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "onnx/import/host_movement.h"
#include "onnx/import/node.h"

namespace webnn::onnx_format {

/// Where to read along one axis: element i of the result is element `start + i * step`.
struct AxisRange {
  int64_t start = 0;
  int64_t step = 1;
  int64_t count = 0;
};
/// All of an axis.
inline AxisRange Whole(int64_t size) { return {0, 1, size}; }

/// Movement of elements that are known or not. What is known and gives a small result, or one of a
/// type that the graph lacks, is moved here; so is what gives no elements at all. The rest becomes
/// operators of the graph. So an ONNX operator that moves elements is written once for shape
/// arithmetic and for tensors. As with `Node::Emit`, a failure surfaces in `Set`.
class Movement {
 public:
  explicit Movement(Node& node) : node_(node) {}

  ImportedValue Reshape(const ImportedValue& x, std::vector<int64_t> sizes);
  ImportedValue Transpose(const ImportedValue& x, std::span<const uint32_t> permutation);
  /// One range an axis, each inside it.
  ImportedValue Slice(const ImportedValue& x, std::span<const AxisRange> ranges);
  /// `x` can be broadcast to `sizes`.
  ImportedValue Expand(const ImportedValue& x, std::vector<int64_t> sizes);
  /// The whole repeated along each axis, 0 times or more often.
  ImportedValue Tile(const ImportedValue& x, std::span<const int64_t> repeats);
  ImportedValue Concat(std::vector<ImportedValue> parts, uint32_t axis);
  /// Adds `value`, a single element, before and after; the counts are not negative.
  ImportedValue Pad(const ImportedValue& x, std::span<const int64_t> before,
                    std::span<const int64_t> after, const ImportedValue& value);
  /// Slices along `axis` at `indices`, which are in [0, size).
  ImportedValue Take(const ImportedValue& x, uint32_t axis, std::span<const int64_t> indices);

  /// As an operand, for operators of other kinds.
  Operand Get(const ImportedValue& x);
  /// What `Emit` gave.
  static ImportedValue Computed(Operand operand, Element element, std::vector<int64_t> sizes) {
    return {operand, element, std::move(sizes)};
  }
  static ImportedValue Known(HostTensor tensor);
  /// No elements: one of the sizes is 0.
  static ImportedValue Empty(Element element, std::vector<int64_t> sizes);
  Result<void> Set(size_t k, const ImportedValue& value);

  /// The result is made here: `known` operands, or no elements.
  bool OnHost(bool known, Element element, std::span<const int64_t> sizes);
  /// A failure of our own.
  void Fail(Error error);
  bool failed() const { return failure_.has_value(); }

 private:
  Node& node_;
  std::optional<Error> failure_;
};

/// Results of types that the graph lacks are made here up to this size.
inline constexpr uint64_t kMaxHostBytes = uint64_t{1} << 26;
/// WebNN's limit of the elements of an operand.
inline constexpr int64_t kMaxElements = 0x7fffffff;

/// An attribute of older versions that has become input `k` in version `input_since`.
Result<std::optional<std::vector<int64_t>>> AttributeOrInput(const Node& node,
                                                             std::string_view name, size_t k,
                                                             int input_since);
/// A known tensor with one element, as an integer.
Result<int64_t> KnownInteger(const Node& node, size_t k, std::string_view name);
/// A NotSupported error when a tensor has more bytes than may be made here.
Result<void> CheckHostSize(const Node& node, Element element, std::span<const int64_t> sizes);
/// 0, 1, 2 ...; NotSupported when there are more than may be made here.
Result<std::vector<int64_t>> Iota(const Node& node, int64_t count);
/// Indices counted from the start, checked against [-size, size).
Result<std::vector<int64_t>> CheckIndices(const Node& node, std::vector<int64_t> indices,
                                          int64_t size);

template <class List>
std::vector<Dimension> ToDimensions(const List& sizes) {
  std::vector<Dimension> dimensions;
  for (auto size : sizes) dimensions.emplace_back(static_cast<uint32_t>(size));
  return dimensions;
}

}  // namespace webnn::onnx_format
