#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/mapped_file.h"
#include "onnx/import/host_tensor.h"
#include "onnx/onnx.pb.h"

namespace webnn::onnx_format {

/// The files beside a model that hold its weights, each mapped once.
class ExternalData {
 public:
  /// `folder`: where they lie; empty: there are none (a model in memory).
  explicit ExternalData(std::string folder) : folder_(std::move(folder)) {}

  /// Gives `tensor`, whose type and sizes are set, its `length` bytes. TypeError when the entry is
  /// wrong, leads out of the folder, or does not fit the file.
  Result<void> Load(const ::onnx::TensorProto& proto, uint64_t length, HostTensor& tensor);

 private:
  Result<std::shared_ptr<const MappedFile>> Open(const std::string& location);

  std::string folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace webnn::onnx_format
