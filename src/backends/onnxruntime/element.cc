#include "backends/onnxruntime/element.h"

namespace webnn::ort {

using lowering::Element;

ONNXTensorElementDataType ToOrt(Element element) {
  switch (element) {
    case Element::kFloat:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    case Element::kFloat16:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
    case Element::kBfloat16:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16;
    case Element::kDouble:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE;
    case Element::kInt8:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8;
    case Element::kUint8:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
    case Element::kInt16:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16;
    case Element::kUint16:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16;
    case Element::kInt32:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
    case Element::kUint32:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32;
    case Element::kInt64:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
    case Element::kUint64:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64;
    case Element::kBool:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL;
    case Element::kInt4:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4;
    case Element::kUint4:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT4;
    case Element::kNone:
      break;
  }
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

}  // namespace webnn::ort
