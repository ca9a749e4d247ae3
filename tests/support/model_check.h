#pragma once

#include <string>
#include <vector>

#include "lowering/model.h"
#include "lowering/target.h"

namespace webnn::testing_support {

/// What is wrong with a model as data: values that are read before they are made or made twice,
/// operands whose types ONNX does not take together, constants whose bytes are of another type,
/// operators that the target does not take. Empty when all is well.
std::vector<std::string> ProblemsOf(const lowering::Model& model, const lowering::Target& target);

}  // namespace webnn::testing_support
