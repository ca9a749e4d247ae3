#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/key.h"
#include "graph/graph_data.h"
#include "webnn/context.h"
#include "webnn/types.h"

/// The boundary to what runs graphs. A back end is one folder and one line in `AllBackends`.
namespace webnn {

/// What a back end lacks of an operator: the row of the operator, narrowed.
struct LimitDelta {
  std::string_view op;       ///< "conv2d"; empty: every operator.
  std::string_view operand;  ///< "filter"; empty: every operand.
  TensorLimits limits;       ///< What is left.
};

/// Memory for one tensor, where the back end's graphs can use it. Calls for one tensor do not
/// overlap, but for reads.
class BackendTensor {
 public:
  virtual ~BackendTensor() = default;
  /// `bytes` has exactly the tensor's length.
  virtual Result<void> Write(std::span<const std::byte> bytes) = 0;
  virtual Result<void> Read(std::span<std::byte> bytes) const = 0;
};

/// A graph ready to run. Both calls may come from several threads at once and return when the
/// outputs are complete; arguments are in the order of the definition's inputs and outputs.
class CompiledGraph {
 public:
  virtual ~CompiledGraph() = default;
  virtual Result<void> Run(std::span<BackendTensor* const> inputs,
                           std::span<BackendTensor* const> outputs) = 0;
  virtual Result<void> Compute(std::span<const std::span<const std::byte>> inputs,
                               std::span<const std::span<std::byte>> outputs) = 0;
};

/// A back end opened for one context.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  ///< "onnxruntime"
  virtual std::string version() const = 0;    ///< "1.32.0"
  virtual std::string device() const = 0;     ///< "cpu"
  /// The file of the vendor's library; empty where there is none.
  virtual std::string library() const { return {}; }
  virtual uint32_t max_rank() const = 0;  ///< Of any operand.
  virtual std::vector<LimitDelta> deltas() const { return {}; }
  /// What the compiled graph is kept under (`docs/cache.md`); nothing where the back end keeps
  /// none.
  virtual std::optional<cache::Key> CacheKey(const GraphData& graph) const {
    (void)graph;
    return std::nullopt;
  }
  virtual Result<std::unique_ptr<CompiledGraph>> Compile(
      const std::shared_ptr<const GraphData>& graph) = 0;
  virtual Result<std::unique_ptr<BackendTensor>> CreateTensor(
      const OperandDescriptor& descriptor) = 0;
};

/// How to open a back end. NotSupported says which library is missing and where it was looked for.
struct BackendEntry {
  std::string_view name;
  Result<std::unique_ptr<Backend>> (*open)(const ContextOptions& options);
};

/// Every back end, the preferred one first.
std::span<const BackendEntry> AllBackends();

}  // namespace webnn
