#include "formats/onnx_target.h"

namespace webnn::formats {
namespace {

lowering::Target MakeTarget() {
  using lowering::Element;
  using lowering::ElementSet;
  // The short names of onnx_kernels.inc. NOLINTBEGIN(readability-identifier-naming)
  constexpr ElementSet F16{Element::kFloat16}, F32{Element::kFloat}, F64{Element::kDouble},
      I4{Element::kInt4}, U4{Element::kUint4}, I8{Element::kInt8}, U8{Element::kUint8},
      I32{Element::kInt32}, U32{Element::kUint32}, I64{Element::kInt64}, U64{Element::kUint64},
      BOOL{Element::kBool};
  // NOLINTEND(readability-identifier-naming)
  lowering::Target target;
  target.name = "onnx";
  target.opset = 21;
#define WEBNN_KERNEL(op, elements) target.kernels.emplace(#op, elements);
#include "formats/onnx_kernels.inc"
#undef WEBNN_KERNEL
  return target;
}

}  // namespace

const lowering::Target& OnnxTarget() {
  static const lowering::Target kTarget = MakeTarget();
  return kTarget;
}

}  // namespace webnn::formats
