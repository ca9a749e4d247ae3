#pragma once

#include <memory>
#include <string>
#include <utility>

#include "onnx/import/external_data.h"
#include "onnx/import/host_tensor.h"
#include "onnx/import/model_reader.h"

namespace webnn::onnx_format {

/// Makes host tensors of a model's TensorProtos, as views wherever the layout allows that.
class TensorLoader {
 public:
  TensorLoader(std::shared_ptr<const ParsedModel> model, std::string folder, bool narrow)
      : model_(std::move(model)), external_(std::move(folder)), narrow_(narrow) {}

  /// TypeError when the tensor contradicts itself. float64 and bfloat16 are narrowed on request.
  Result<HostTensor> Load(const ::onnx::TensorProto& proto);
  /// A copy filled with zeros where the tensor lists nothing.
  Result<HostTensor> Load(const ::onnx::SparseTensorProto& proto);

  /// float64 and bfloat16 as float32 if that is asked for; others as they are.
  Result<HostTensor> Narrow(HostTensor tensor) const;
  lowering::Element Narrow(lowering::Element element) const {
    const bool wide =
        element == lowering::Element::kDouble || element == lowering::Element::kBfloat16;
    return narrow_ && wide ? lowering::Element::kFloat : element;
  }

 private:
  std::shared_ptr<const ParsedModel> model_;
  ExternalData external_;
  bool narrow_;
};

}  // namespace webnn::onnx_format
