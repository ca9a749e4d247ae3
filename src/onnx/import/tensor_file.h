#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "onnx/import/host_tensor.h"
#include "webnn/result.h"

/// What ONNX's own tests are stored as: a TensorProto a file, beside the model.
namespace webnn::onnx_format {

/// TypeError when the bytes are no TensorProto.
Result<HostTensor> ParseTensor(std::span<const std::byte> bytes);

/// The name of an input and the TensorProto that takes its place.
using FixedInput = std::pair<std::string, std::string>;
/// The ModelProto with constants for inputs.
Result<std::string> FixInputs(std::span<const std::byte> model, std::span<const FixedInput> inputs);

}  // namespace webnn::onnx_format
