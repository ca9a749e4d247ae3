#pragma once

#include <string>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "graph/op_schema.h"
#include "webnn/types.h"

namespace webnn {

struct GraphData;

/// What `Infer` may look at: the operands' descriptors. `Reject` makes an error that carries label,
/// operator and the name of the rule, which its test has too.
class InferContext {
 public:
  InferContext(const GraphData& graph, const OpSchema& schema, std::string_view label)
      : graph_(graph), schema_(schema), label_(label) {}

  const OperandDescriptor& Describe(Operand operand) const;
  DataType TypeOf(Operand operand) const { return Describe(operand).data_type(); }
  const Shape& ShapeOf(Operand operand) const { return Describe(operand).shape(); }
  uint32_t RankOf(Operand operand) const { return Describe(operand).rank(); }

  template <class... Args>
  Error Reject(std::string_view rule, fmt::format_string<Args...> format, Args&&... args) const {
    return MakeError(rule, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  Error MakeError(std::string_view rule, std::string text) const;
  const GraphData& graph_;
  const OpSchema& schema_;
  std::string_view label_;
};

/// Control and bidirectional characters as "\x07" and "\u202e": they could forge what is shown.
std::string EscapeControls(std::string_view text);

/// "[label] operator" for messages, the label escaped.
std::string MessagePrefix(std::string_view label, std::string_view op);

}  // namespace webnn
