#pragma once

#include <string>
#include <vector>

#include "onnx/serialize.h"
#include "webnn/result.h"

namespace webnn::trt {

/// A private temporary folder with the files that a model names as external data; it goes with the
/// object.
class WeightsFolder {
 public:
  WeightsFolder() = default;
  ~WeightsFolder();
  WeightsFolder(const WeightsFolder&) = delete;
  WeightsFolder& operator=(const WeightsFolder&) = delete;

  /// OperationError names the folder and the reason, for a full disk, say.
  Result<void> Write(const std::vector<onnx_format::ExternalWeight>& weights);
  /// Where the model would lie that names the files; empty before `Write`.
  std::string model_path() const { return folder_.empty() ? "" : folder_ + "/model.onnx"; }

 private:
  std::string folder_;
};

}  // namespace webnn::trt
