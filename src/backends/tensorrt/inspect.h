#pragma once

#include <string_view>

#include "lowering/model.h"
#include "webnn/result.h"

namespace webnn::trt {

/// Whether the engine inspector's description of the layers, JSON, names the element type (float16
/// or bfloat16) for any value.
bool ComputesIn(std::string_view description, lowering::Element element);

/// OperationError when the model has values of the type between its operators and the engine has
/// none: then it computes in another precision than was asked for.
Result<void> CheckPrecision(const lowering::Model& model, std::string_view description,
                            lowering::Element element);

}  // namespace webnn::trt
