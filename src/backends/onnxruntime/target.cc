#include "backends/onnxruntime/target.h"

namespace webnn {
namespace {

lowering::Target MakeTarget() {
  using lowering::Element;
  using lowering::ElementSet;
  // The short names of kernels.inc. NOLINTBEGIN(readability-identifier-naming)
  [[maybe_unused]] constexpr ElementSet F16{Element::kFloat16}, F32{Element::kFloat},
      F64{Element::kDouble}, BF16{Element::kBfloat16}, I4{Element::kInt4}, U4{Element::kUint4},
      I8{Element::kInt8}, U8{Element::kUint8}, I32{Element::kInt32}, U32{Element::kUint32},
      I64{Element::kInt64}, U64{Element::kUint64}, BOOL{Element::kBool};
  // NOLINTEND(readability-identifier-naming)
  lowering::Target target;
  target.name = "onnxruntime";
  target.opset = 21;
  // Its kernel of AveragePool changed with opset 19. Whole blocks of channels go another way.
  target.pooled_channels = 16;
#define WEBNN_KERNEL(op, elements) target.kernels.emplace(#op, elements);
#include "backends/onnxruntime/kernels.inc"
#undef WEBNN_KERNEL
  return target;
}

}  // namespace

const lowering::Target& OnnxRuntimeTarget() {
  static const lowering::Target kTarget = MakeTarget();
  return kTarget;
}

}  // namespace webnn
