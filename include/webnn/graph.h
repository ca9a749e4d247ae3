#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "webnn/export.h"
#include "webnn/types.h"

namespace webnn {

struct GraphData;
class GraphImpl;

/// A named input or output of a graph.
struct NamedDescriptor {
  std::string name;
  OperandDescriptor descriptor;
};

/// What a builder has described: operators, constants, inputs and outputs, checked, bound to no
/// back end. Immutable and cheap to copy; may be used from several threads.
class WEBNN_EXPORT GraphDefinition {
 public:
  /// Inputs that the outputs depend on, in the order of their declaration.
  std::vector<NamedDescriptor> inputs() const;
  /// Outputs in the order given to the builder.
  std::vector<NamedDescriptor> outputs() const;
  /// Operators that the outputs depend on.
  size_t operator_count() const;

  /// One line a value: `%7 float32[2, 3] = softmax(%5, axis=1) "label"`. Ids are stable: an operand
  /// keeps the id that the builder gave it.
  std::string ToText() const;
  /// The same as a picture for Graphviz: `dot -Tsvg`.
  std::string ToDot() const;

  explicit GraphDefinition(std::shared_ptr<const GraphData> data) : data_(std::move(data)) {}
  const std::shared_ptr<const GraphData>& data() const { return data_; }  ///< Internal.

 private:
  std::shared_ptr<const GraphData> data_;
};

/// A graph that a context has compiled (`MLGraph`). A handle: copies share the graph. Belongs to
/// its context and ends with it. May be dispatched from several threads.
class WEBNN_EXPORT Graph {
 public:
  const std::vector<NamedDescriptor>& inputs() const;
  const std::vector<NamedDescriptor>& outputs() const;
  /// Frees the graph once work already begun has ended; later dispatches give InvalidState. May be
  /// called twice and while a dispatch runs.
  void Destroy();

  explicit Graph(std::shared_ptr<GraphImpl> impl) : impl_(std::move(impl)) {}
  const std::shared_ptr<GraphImpl>& impl() const { return impl_; }  ///< Internal.

 private:
  std::shared_ptr<GraphImpl> impl_;
};

}  // namespace webnn
