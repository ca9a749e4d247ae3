#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/op_schema.h"
#include "nlohmann/json.hpp"
#include "webnn/graph_builder.h"

/// Calls of operators as the JSON files beside this one write them.
namespace webnn::ops_test {

using Json = nlohmann::ordered_json;

/// One line of a file. `operands` and `attributes` are by the field's name; an operand is written
/// "float32[2,3]".
struct CallCase {
  std::string op;
  std::string name;  ///< The case of an example, the rule of a rejection.
  Json operands;
  Json attributes;
  Json outputs;  ///< Of examples.
};
void PrintTo(const CallCase& call, std::ostream* stream);

/// Valid calls; the first one of an operator has every operand that the operator can have.
const std::vector<CallCase>& Examples();
/// Calls that break exactly one rule of the operator's own.
const std::vector<CallCase>& Rejections();
const CallCase& FirstExample(std::string_view op);

/// "conv2d_window_fits"
std::string TestName(std::string_view op, std::string_view name);

/// "float32[2,3]"
OperandDescriptor ParseDescriptor(std::string_view text);
std::string Describe(const OperandDescriptor& descriptor);

/// The fields of a call.
using Fields = std::map<std::string, Value, std::less<>>;

/// An input of a name that is new.
Operand MakeInput(GraphBuilder& builder, const OperandDescriptor& descriptor);
Value ToValue(const Json& json);
Json ToJson(const Value& value);
Fields MakeFields(GraphBuilder& builder, const CallCase& call);

/// Calls with the required fields as arguments, in order, and the rest as options. The label is
/// "my_label".
Result<std::vector<Operand>> Call(GraphBuilder& builder, const OpSchema& schema,
                                  const Fields& fields);

/// Expects a TypeError of this rule whose message names the label and the operator, and that the
/// builder can still make a graph.
void ExpectRefused(GraphBuilder& builder, const OpSchema& schema, std::string_view rule,
                   const Result<std::vector<Operand>>& result);

}  // namespace webnn::ops_test
