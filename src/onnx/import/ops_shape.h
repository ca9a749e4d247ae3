#pragma once

#include "onnx/import/movement.h"

/// The import functions of the shape and movement operators, by file; the rows are in ops_shape.cc.
namespace webnn::onnx_format {

// ops_shape_window.cc: parts of a tensor, and a tensor with more around it.
Result<void> ImportSlice(Node& node);
Result<void> ImportSplit(Node& node);
Result<void> ImportPad(Node& node);
Result<void> ImportCenterCropPad(Node& node);

// ops_shape_blocks.cc: elements in another order.
Result<void> ImportDepthToSpace(Node& node);
Result<void> ImportSpaceToDepth(Node& node);
Result<void> ImportReverseSequence(Node& node);
Result<void> ImportCol2Im(Node& node);

// ops_shape_fill.cc: tensors made from little or nothing.
Result<void> ImportConstant(Node& node);
Result<void> ImportConstantOfShape(Node& node);
Result<void> ImportEyeLike(Node& node);
Result<void> ImportRange(Node& node);

/// A `dtype` attribute, or `fallback` where it is absent; refused where the graph and folding have
/// no such type.
Result<Element> ElementAttribute(const Node& node, std::string_view name, Element fallback);

}  // namespace webnn::onnx_format
