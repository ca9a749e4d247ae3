#include "backends/tensorrt/target.h"

namespace webnn::trt {
namespace {

lowering::Target MakeTarget() {
  using lowering::Element;
  using lowering::ElementSet;
  // The short names of kernels.inc. NOLINTBEGIN(readability-identifier-naming)
  constexpr ElementSet F32{Element::kFloat}, F16{Element::kFloat16}, BOOL{Element::kBool};
  constexpr ElementSet FLOATS{Element::kFloat, Element::kFloat16, Element::kBfloat16};
  constexpr ElementSet INTS{Element::kInt32, Element::kInt64};
  constexpr ElementSet CARRIED{Element::kInt4,  Element::kUint4,  Element::kInt8,
                               Element::kUint8, Element::kUint32, Element::kUint64};
  constexpr ElementSet ORDERED{Element::kInt4, Element::kUint4, Element::kInt8, Element::kUint8,
                               Element::kUint32};
  // NOLINTEND(readability-identifier-naming)
  lowering::Target target;
  target.name = "tensorrt";
  target.opset = 19;
#define WEBNN_KERNEL(op, elements) target.kernels.emplace(#op, elements);
#include "backends/tensorrt/kernels.inc"
#undef WEBNN_KERNEL

  for (Element narrow : {Element::kInt4, Element::kUint4, Element::kInt8, Element::kUint8}) {
    target.carriers[narrow] = Element::kInt32;
  }
  for (Element wide : {Element::kUint32, Element::kUint64}) target.carriers[wide] = Element::kInt64;
  target.boundaries[Element::kInt4] = Element::kUint8;
  target.boundaries[Element::kUint4] = Element::kUint8;
  target.boundaries[Element::kUint32] = Element::kInt32;
  target.boundaries[Element::kUint64] = Element::kInt64;
  target.cast_by_float = {Element::kUint8, Element::kInt8};
  target.cast_by_quantization = {Element::kInt8};

  target.max_rank = 8;
  target.flat_arg_reductions = true;
  target.softmax_rank = 2;
  target.positive_indices = true;
  target.large_planes = true;
  target.few_scatter_indices = true;
  target.dense_strided_transposed = true;
  target.dense_pools = true;
  target.unrolled_steps = 64;
  target.float16_chains = true;
  target.folds_constants = true;
  target.reassociates = true;
  target.short_scalars = true;
  target.plain_gemm = true;
  return target;
}

}  // namespace

const lowering::Target& TensorRtTarget(bool half) {
  static const lowering::Target kTarget = MakeTarget();
  static const lowering::Target kHalfTarget = [] {
    lowering::Target target = MakeTarget();
    target.half = true;
    return target;
  }();
  return half ? kHalfTarget : kTarget;
}

}  // namespace webnn::trt
