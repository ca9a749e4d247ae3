#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lowering/model.h"
#include "webnn/result.h"
#include "webnn/types.h"

namespace webnn::onnx_format {

/// A tensor whose elements are known while a model is imported: a weight, or what shape arithmetic
/// has come to. Of any of ONNX's element types, and unlike an operand it may be empty.
struct HostTensor {
  lowering::Element element = lowering::Element::kNone;
  std::vector<int64_t> sizes;
  /// Row-major, packed; a bool is a byte of 0 or 1. Aligned for the element, or by accident not:
  /// read elements with memcpy.
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  ///< Keeps `bytes` alive.

  /// Zero-filled memory of its own, to be written through the pointer. The byte length must have
  /// been checked (`ByteLength`).
  static HostTensor Allocate(lowering::Element element, std::vector<int64_t> sizes,
                             std::byte** memory);
  /// A 1-D int64 tensor.
  static HostTensor Integers(std::span<const int64_t> values);

  int64_t element_count() const;
  /// All elements as int64; nothing unless the type is an integer or bool. uint64 keeps its bits.
  std::optional<std::vector<int64_t>> ToIntegers() const;
  /// All elements as doubles, exact up to 2^53; nothing for types that are no numbers.
  std::optional<std::vector<double>> ToDoubles() const;
  /// The only element, exact; nothing when there are more or it is no number.
  std::optional<Number> ToNumber() const;
};

/// Bits of one element: 4 to 64; 0 for what has none (kNone, strings).
int BitsOf(lowering::Element element);
/// "float32", "bool", "bfloat16" ...
std::string_view NameOf(lowering::Element element);
/// The WebNN type that holds the element in the graph: bool is uint8. Nothing where there is none.
std::optional<DataType> DataTypeOf(lowering::Element element);
/// Bytes of a packed tensor; nothing for negative sizes and on overflow of 2^63.
std::optional<uint64_t> ByteLength(lowering::Element element, std::span<const int64_t> sizes);

}  // namespace webnn::onnx_format
