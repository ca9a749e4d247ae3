#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "google/protobuf/arena.h"
#include "onnx/import/import.h"
#include "onnx/onnx.pb.h"

namespace webnn::onnx_format {

/// A parsed ModelProto that keeps what it was parsed from. The weights are not in it: `RawData`
/// finds them where they lie in the file.
class ParsedModel {
 public:
  /// TypeError when the bytes are no ModelProto; nesting is limited to what protobuf allows.
  static Result<std::shared_ptr<const ParsedModel>> Parse(const ImportSource& source);

  const ::onnx::ModelProto& proto() const { return *proto_; }
  /// "model.onnx", or "the model" for one in memory.
  const std::string& name() const { return name_; }
  /// The field `raw_data` of a tensor of this model.
  std::span<const std::byte> RawData(const ::onnx::TensorProto& tensor) const;

 private:
  friend class Splitter;
  ParsedModel() = default;
  std::string name_;
  std::shared_ptr<const void> owner_;  // of the bytes that the views lie in
  google::protobuf::Arena arena_;
  ::onnx::ModelProto* proto_ = nullptr;
  std::unordered_map<const ::onnx::TensorProto*, std::span<const std::byte>> raw_data_;
};

}  // namespace webnn::onnx_format
