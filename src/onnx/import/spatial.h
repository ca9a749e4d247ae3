#pragma once

#include <span>

#include "onnx/import/node.h"

/// The files that `ConvolutionRows` joins.
namespace webnn::onnx_format {

std::span<const ImportRow> PoolingRows();
std::span<const ImportRow> ResizeRows();
std::span<const ImportRow> SamplingRows();

}  // namespace webnn::onnx_format
