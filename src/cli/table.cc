#include "cli/table.h"

#include <algorithm>

#include "core/check.h"
#include "graph/infer_context.h"

namespace webnn::cli {

void Table::Add(std::vector<std::string> cells) {
  WEBNN_CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = EscapeControls(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::ToText(const Terminal& terminal, size_t indent) const {
  std::vector<size_t> used;  // columns with something in them
  std::vector<size_t> widths;
  for (size_t k = 0; k < columns_.size(); ++k) {
    size_t widest = 0;
    for (const auto& row : rows_) widest = std::max(widest, DisplayWidth(row[k]));
    if (widest == 0) continue;
    used.push_back(k);
    widths.push_back(std::max(widest, DisplayWidth(columns_[k].header)));
  }

  const auto line_of = [&](const auto& cell_of) {
    std::string line(indent, ' ');
    size_t column = indent;
    for (size_t i = 0; i < used.size(); ++i) {
      const bool last = i + 1 == used.size();
      std::string cell(cell_of(used[i]));
      if (last && terminal.width > column) cell = Truncate(cell, terminal.width - column);
      const std::string padding(widths[i] - std::min(widths[i], DisplayWidth(cell)), ' ');
      if (columns_[used[i]].right) {
        line += padding + cell;
      } else {
        line += last ? cell : cell + padding;
      }
      if (!last) line += "  ";
      column += widths[i] + 2;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };

  std::string text =
      Paint(terminal, Colour::kBold, line_of([&](size_t k) { return columns_[k].header; })) + "\n";
  for (const auto& row : rows_) {
    text += line_of([&](size_t k) -> const std::string& { return row[k]; }) + "\n";
  }
  return text;
}

}  // namespace webnn::cli
