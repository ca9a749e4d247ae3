#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {

/// An operator with its inputs, to be run as it is and with all of its inputs as weights, where
/// the import computes the result: ONNX Runtime's on the same bytes both times.
struct NodeCase {
  std::string op;
  std::vector<std::pair<std::string, TestTensor>> inputs;
  std::vector<TestAttribute> attributes = {};
  int opset = 21;
  int outputs = 1;
};

inline void ExpectCase(const NodeCase& node, double tolerance = 1e-6) {
  ExpectNodeSame(node.op, node.inputs, node.attributes, tolerance, node.outputs, node.opset);
}

/// What the import makes of a model.
inline Result<GraphDefinition> GraphOf(const TestModel& model) {
  const std::string bytes = model.Serialize();
  return LoadGraph(std::as_bytes(std::span(bytes)));
}

/// Nothing is left of it but an identity for each output.
inline void ExpectFoldedCase(const NodeCase& node, double tolerance = 1e-6) {
  SCOPED_TRACE("folded");
  NodeCase known = node;
  for (auto& [name, tensor] : known.inputs) {
    if (!name.empty() && !name.starts_with("const")) name.insert(0, "const_");
  }
  ExpectCase(known, tolerance);
  const auto graph =
      GraphOf(OneNode(known.op, known.inputs, known.attributes, known.outputs, known.opset));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->operator_count(), static_cast<size_t>(known.outputs)) << graph->ToText();
}

inline void ExpectCases(const std::vector<NodeCase>& nodes) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    ExpectCase(nodes[i]);
    ExpectFoldedCase(nodes[i]);
  }
}

}  // namespace webnn::onnx_test
