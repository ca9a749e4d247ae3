#include "onnx/import/fold.h"

#include <algorithm>
#include <array>

#include "onnx/import/movement.h"

namespace webnn::onnx_format {
namespace {

const FoldRow* FindFold(std::string_view name) {
  for (const std::span<const FoldRow> rows :
       {ElementwiseFolds(), ReductionFolds(), MatrixFolds()}) {
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [name](const FoldRow& fold) { return fold.name == name; });
    if (row != rows.end()) return &*row;
  }
  return nullptr;
}

// What the graph cannot do instead may become larger.
uint64_t MaxBytes(const Node& node, size_t inputs) {
  bool in_graph = FindImportRow("", node.op(), node.opset()) != nullptr;
  for (size_t k = 0; k < inputs; ++k) {
    if (node.Has(k)) in_graph = in_graph && DataTypeOf(node.TypeOf(k)).has_value();
  }
  return in_graph ? kMaxFoldedBytes : kMaxHostBytes;
}

}  // namespace

Result<std::optional<std::vector<HostTensor>>> Fold(const Node& node) {
  using Results = std::optional<std::vector<HostTensor>>;
  const FoldRow* row = FindFold(node.op());
  if (!row || node.output_count() != 1) return Results();
  const size_t count = std::min(row->inputs, node.input_count());
  const size_t required =
      row->required == kAllInputs ? std::max<size_t>(1, node.input_count()) : row->required;
  if (count < required) return Results();
  const uint64_t max_bytes = MaxBytes(node, count);
  for (size_t k = 0; k < count; ++k) {
    if (!node.Has(k)) {
      if (k < required) return Results();
      continue;
    }
    const HostTensor* known = node.Known(k);
    // Results are smaller than inputs at times, but then these are read in full.
    constexpr uint64_t kInputsPerResult = 16;
    if (!known || !KindOf(known->element)) return Results();
    if (known->bytes.size() > kInputsPerResult * max_bytes) return Results();
  }
  WEBNN_ASSIGN_OR_RETURN(std::optional<HostTensor> result, row->fold({node, max_bytes}));
  if (!result) return Results();
  Results results;
  results.emplace().push_back(*std::move(result));
  return results;
}

}  // namespace webnn::onnx_format
