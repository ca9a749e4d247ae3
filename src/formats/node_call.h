#pragma once

#include <functional>
#include <string>
#include <vector>

#include "formats/graph_file.h"
#include "graph/op_schema.h"
#include "webnn/value.h"

namespace webnn::formats {

/// What a node of a file asks `GraphBuilder::Call` for.
struct NodeCall {
  const OpSchema* schema = nullptr;
  std::vector<Value> arguments;
  NamedValues options;
};

/// Finds an operand by its name in the file; an error where there is none.
using OperandFinder = std::function<Result<Operand>(const std::string& name)>;

/// Reads the node by the operator's row, in any spelling that files have had: names in snake_case,
/// optional operands behind the required ones, `pads` in another order than `padding` ...
Result<NodeCall> ReadNode(const FileNode& node, const OperandFinder& find);

}  // namespace webnn::formats
