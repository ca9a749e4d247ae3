#pragma once

#include "graph/graph_data.h"
#include "lowering/model.h"
#include "lowering/target.h"

/// Rewrites of a whole model, between lowering and the wire format.
namespace webnn::passes {

struct PrecisionOptions {
  /// What takes the place of float32: float16 or bfloat16.
  lowering::Element half = lowering::Element::kFloat16;
  /// ONNX's LayerNormalization and InstanceNormalization take and give `half`: for runtimes whose
  /// kernels add in float32 all the same. Otherwise they lie between casts.
  bool half_normalization = false;
  /// Softmax of `half` gives `half`, for runtimes that fuse attention only then and whose kernels
  /// add in float32 all the same. Otherwise it lies between casts.
  bool half_softmax = true;
};

/// Makes the float32 computations of `model`, which `graph` was lowered to for `target`, those of
/// 16 bits where the operators' rows (`HalfPrecision`) say that it is safe; what is not stays in
/// float32. A value is cast at most once in each direction, weights are converted here, inputs and
/// outputs keep their types. float32 inside an operator on float16 becomes float16 by the same
/// rules when `half` is that.
///
/// float32 also stay: operators that the target lacks in `half`, those with a constant that `half`
/// cannot hold, and squares, whose range is twice that of their root.
void ApplyPrecision(lowering::Model& model, const GraphData& graph, const lowering::Target& target,
                    const PrecisionOptions& options);

}  // namespace webnn::passes
