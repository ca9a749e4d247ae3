#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/terminal.h"

namespace webnn::cli {

/// A table of text: columns two spaces apart, numbers to the right.
class Table {
 public:
  struct Column {
    std::string_view header;
    bool right = false;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns; control characters in them are escaped.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  /// Columns that are empty in every row are left out; on a terminal the last column is cut where
  /// the line ends.
  std::string ToText(const Terminal& terminal, size_t indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace webnn::cli
