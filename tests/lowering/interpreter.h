#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lowering/model.h"
#include "lowering/target.h"

namespace webnn::lowering {

/// What a model of elementwise integer and boolean operators computes. The independent judge of
/// decompositions: it has the exact semantics of each ONNX operator and no other.
struct Interpreted {
  /// Elements of each output as 64-bit patterns, sign extended where the type has a sign.
  std::vector<std::vector<int64_t>> outputs;
  /// What a real machine would not survive, or the target does not have; empty when all is well.
  std::vector<std::string> faults;
};

/// `inputs` are the elements of the model's inputs; all of one length.
Interpreted Interpret(const Model& model, const Target& target,
                      const std::vector<std::vector<int64_t>>& inputs);

}  // namespace webnn::lowering
