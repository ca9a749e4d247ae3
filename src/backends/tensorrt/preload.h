#pragma once

#include <string>

#include "webnn/result.h"

namespace webnn::trt {

/// Loads the library `name` from `folder` so that whoever opens it by its bare name afterwards gets
/// it, wherever the loader would look: until version 10.9 or so, TensorRT opens its builder's
/// resources like that. It stays loaded. NotSupported gives the loader's reason.
Result<void> LoadForBareName(const std::string& folder, const std::string& name);

}  // namespace webnn::trt
