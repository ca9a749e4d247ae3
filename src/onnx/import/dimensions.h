#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "onnx/onnx.pb.h"
#include "webnn/model_io.h"

namespace webnn::onnx_format {

/// Whether the file gives the size; exporters write an open one as -1, too.
bool IsFixed(const ::onnx::TensorShapeProto::Dimension& dim);
/// The name of an open size; empty for "?" as well, which exporters give to sizes that differ.
std::string_view NameOf(const ::onnx::TensorShapeProto::Dimension& dim);

/// The sizes of a model's inputs once the caller's options have fixed the open ones.
class Dimensions {
 public:
  /// TypeError when options name what the inputs do not have, or contradict them or one another.
  static Result<Dimensions> Fix(std::span<const ::onnx::ValueInfoProto* const> inputs,
                                const LoadOptions& options);

  /// NotSupported (help in `rule`) while one is open; TypeError for a size that none can have.
  Result<std::vector<int64_t>> SizesOf(const ::onnx::ValueInfoProto& input) const;
  /// Sizes of a declared type where all of them are fixed.
  std::optional<std::vector<int64_t>> TryFix(const ::onnx::TypeProto::Tensor& type) const;

 private:
  struct Size {
    uint32_t value;
    std::string by;  // 'dimension option', 'the shape of input "x"'
  };
  Result<void> Bind(std::string_view name, uint32_t value, std::string by);
  Result<void> ApplyShape(const ::onnx::ValueInfoProto& input, const Shape& shape);

  std::map<std::string, Size, std::less<>> named_;
  std::map<std::string, Shape, std::less<>> shapes_;
};

}  // namespace webnn::onnx_format
