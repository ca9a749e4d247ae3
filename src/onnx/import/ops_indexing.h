#pragma once

#include "onnx/import/movement.h"

/// The import functions of the indexing operators, by file; the rows are in ops_indexing.cc.
namespace webnn::onnx_format {

// ops_gather.cc
Result<void> ImportGather(Node& node);
Result<void> ImportGatherElements(Node& node);
Result<void> ImportGatherND(Node& node);

// ops_scatter.cc
Result<void> ImportScatterElements(Node& node);
Result<void> ImportScatterND(Node& node);
Result<void> ImportTensorScatter(Node& node);

// ops_topk.cc
Result<void> ImportTopK(Node& node);

// ops_select.cc: results whose size depends on values.
Result<void> ImportCompress(Node& node);
Result<void> ImportNonZero(Node& node);
Result<void> ImportUnique(Node& node);

/// Flat places in a tensor of `sizes` of what GatherND and ScatterND find at `indices` after
/// `batch_dims` axes: one for each list of coordinates, each the first element of a slice.
Result<std::vector<int64_t>> FlatPlaces(const Node& node, std::span<const int64_t> sizes,
                                        const HostTensor& indices, int64_t batch_dims);
/// The same for GatherElements and ScatterElements: one for each index.
Result<std::vector<int64_t>> FlatElements(const Node& node, std::span<const int64_t> sizes,
                                          const HostTensor& indices, uint32_t axis);
/// The rank and sizes of `indices` against `sizes`, as GatherElements and ScatterElements need.
Result<void> CheckElementIndices(const Node& node, std::span<const int64_t> sizes,
                                 std::span<const int64_t> indices, uint32_t axis);

}  // namespace webnn::onnx_format
