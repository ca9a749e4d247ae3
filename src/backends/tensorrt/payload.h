#pragma once

#include <string>
#include <vector>

#include "cache/container.h"
#include "webnn/result.h"

namespace webnn::trt {

/// A plan with the names of its bindings in the order of the graph's inputs and outputs, as they
/// are kept: whoever finds a plan needs nothing of the graph to run it.
struct Payload {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  cache::Blob plan;
};

cache::Blob Encode(const Payload& payload);
/// The plan points into `bytes` and shares their owner. OperationError for what `Encode` did not
/// write.
Result<Payload> Decode(const cache::Blob& bytes);

}  // namespace webnn::trt
