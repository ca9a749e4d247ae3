#pragma once

#include "lowering/model.h"
#include "onnx/serialize.h"

namespace webnn::ov {

/// The model's bytes. Large weights are named by their address, so that OpenVINO makes the one copy
/// that it works on (it has no way without) and the model's bytes hold no other. They must stay
/// until the model is read.
Result<onnx_format::SerializedModel> Serialize(const lowering::Model& model);

}  // namespace webnn::ov
