#pragma once

#include <memory>
#include <string>

#include "graph/graph_data.h"
#include "webnn/graph_builder.h"

namespace webnn {

/// A constant tensor as the builder sees it.
struct ConstantTensor {
  OperandDescriptor descriptor;
  ConstantData data;
};

/// What a builder needs of its context; a builder without one has only the limits.
class BuilderHost {
 public:
  virtual ~BuilderHost() = default;
  /// An InvalidState error when the context is lost.
  virtual Result<void> CheckAlive() const = 0;
  virtual Result<Graph> Compile(const GraphDefinition& definition) = 0;
  /// A TypeError when it is not a constant tensor of this context, or destroyed.
  virtual Result<ConstantTensor> GetConstant(const Tensor& tensor) const = 0;
};

struct BuilderState {
  std::shared_ptr<BuilderHost> host;  ///< Null: without a context.
  std::shared_ptr<const ContextLimits> limits;
  uint32_t number = 0;
  bool spent = false;
  GraphData graph;
  /// Constants made from tensors: checked again at build.
  std::vector<Tensor> constant_tensors;
};

/// The state of a new builder, with a number of its own.
std::unique_ptr<BuilderState> NewBuilderState(std::shared_ptr<BuilderHost> host,
                                              std::shared_ptr<const ContextLimits> limits);

}  // namespace webnn
