#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "onnx/import/fold_tables.h"
#include "onnx/import/host_movement.h"
#include "onnx/import/node.h"

/// Evaluation of operators that compute, on known tensors. Operators that move elements do that in
/// their import functions (movement.h), for known and other values alike.
namespace webnn::onnx_format {

/// The operator's first result, the only one; nothing where it is left to the graph.
using Folded = Result<std::optional<HostTensor>>;

/// A node whose inputs are known, and how large a result may be.
struct FoldNode {
  const Node& node;
  uint64_t max_bytes;

  const HostTensor& In(size_t k) const { return *node.Known(k); }
  bool Has(size_t k) const { return node.Has(k); }
  bool Fits(lowering::Element element, std::span<const int64_t> sizes) const {
    const std::optional<uint64_t> bytes = ByteLength(element, sizes);
    return bytes && *bytes <= max_bytes;
  }
};

struct FoldRow {
  std::string_view name;
  size_t required;  ///< Inputs that must be there, from the first.
  size_t inputs;    ///< Inputs that it reads.
  Folded (*fold)(const FoldNode& node);
};
/// All that there are, one at least.
inline constexpr size_t kAllInputs = ~size_t{0};

std::span<const FoldRow> ElementwiseFolds();  // fold_elementwise.cc
std::span<const FoldRow> ReductionFolds();    // fold_reductions.cc
std::span<const FoldRow> MatrixFolds();       // fold_matrices.cc, with the quantisation operators

/// `row` on two tensors of one type; nothing for a type that it is not defined for.
Folded Combine(const FoldNode& node, const HostTensor& a, const HostTensor& b,
               const BinaryFold& row);
/// Reads a tensor that is known to have numbers of this kind.
template <NumberKind T>
std::vector<T> Read(const HostTensor& x) {
  return std::get<std::vector<T>>(*ReadNumbers(x));
}

}  // namespace webnn::onnx_format
