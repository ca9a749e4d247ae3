#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "onnx/import/node.h"

namespace webnn::onnx_format {
namespace {

// The versions of an operator, the newest first.
using Versions = std::vector<const ImportRow*>;
using RowTable = std::unordered_map<std::string_view, Versions>;

const RowTable& Table() {
  static const RowTable kTable = [] {
    RowTable table;
    for (const auto rows :
         {ElementwiseRows(), ActivationRows(), FormulaRows(), BitwiseRows(), ReductionRows(),
          ShapeRows(), IndexingRows(), ConvolutionRows(), NormalizationRows(), MatrixRows(),
          RecurrentRows(), LossRows(), QuantizationRows()}) {
      for (const ImportRow& row : rows) table[row.name].push_back(&row);
    }
    for (auto& [name, versions] : table) {
      std::ranges::sort(versions, std::greater(), &ImportRow::since);
    }
    return table;
  }();
  return kTable;
}

}  // namespace

std::vector<const ImportRow*> AllImportRows() {
  std::vector<const ImportRow*> rows;
  for (const auto& [name, versions] : Table()) {
    rows.insert(rows.end(), versions.begin(), versions.end());
  }
  std::ranges::sort(rows, [](const ImportRow* a, const ImportRow* b) {
    return a->name != b->name ? a->name < b->name : a->since > b->since;
  });
  return rows;
}

const ImportRow* FindImportRow(std::string_view domain, std::string_view op, int opset) {
  const std::string name = domain.empty() ? std::string(op) : fmt::format("{}.{}", domain, op);
  const auto found = Table().find(name);
  if (found == Table().end()) return nullptr;
  const Versions& versions = found->second;
  const auto row = std::ranges::find_if(
      versions, [&](const ImportRow* version) { return version->since <= opset; });
  return row == versions.end() ? nullptr : *row;
}

}  // namespace webnn::onnx_format
