#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/hash.h"
#include "graph/op_schema.h"
#include "webnn/types.h"

namespace webnn {

/// Bytes of a constant, in the packed row-major form; `owner` keeps them alive, or is null where
/// the caller does.
struct ConstantData {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
  /// Of the bytes; null where it is not worth keeping.
  std::shared_ptr<KnownHash> hash = nullptr;
};

enum class OperandKind : uint8_t { kInput, kConstant, kResult };

struct OperandRecord {
  OperandDescriptor descriptor;
  OperandKind kind;
  uint32_t source;  ///< Place in `inputs`, `constants` or `nodes`.
};

struct NodeRecord {
  const OpSchema* schema;
  std::shared_ptr<const void> op;  ///< The operator's structure.
  uint32_t first_output;           ///< Outputs are consecutive operands.
  uint32_t output_count;
  bool reachable = false;  ///< From an output; false while building.
};

struct NamedOperand {
  std::string name;
  uint32_t id;
};

/// The graph's intermediate form. Ids are places in `operands` and never change: a finished graph
/// keeps what its outputs do not reach as records without meaning (`reachable`), without their
/// bytes.
struct GraphData {
  std::vector<OperandRecord> operands;
  std::vector<NodeRecord> nodes;  ///< In the order of building, which is a topological order.
  std::vector<ConstantData> constants;
  std::vector<NamedOperand> inputs;   ///< A finished graph: those that outputs reach.
  std::vector<NamedOperand> outputs;  ///< A finished graph: in the caller's order.
};

/// Every operand that the node reads, in the order of the fields.
template <class Function>
void ForEachInput(const NodeRecord& node, Function function) {
  for (const OpField& field : node.schema->fields) {
    if (!field.is_operand) continue;
    for (Operand operand : OperandsOf(field, node.op.get())) function(field, operand);
  }
}

std::string ToText(const GraphData& graph);
std::string ToDot(const GraphData& graph);

}  // namespace webnn
