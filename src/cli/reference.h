#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/model.h"
#include "cli/npy.h"

namespace webnn::cli {

/// What `compare --against` names.
enum class ReferenceKind : uint8_t { kBackend, kStored, kModel, kOriginal };

inline constexpr std::string_view kOriginal = "onnxruntime-original";

/// The results to compare with.
struct Reference {
  ReferenceKind kind;
  std::string what;     ///< For people: "onnxruntime 1.32.0, cpu".
  NamedArrays outputs;  ///< In the order of the model's outputs, except for stored ones.
  /// Where the reference is a graph as well: what `--bisect` looks into.
  std::optional<GraphDefinition> definition;
  std::optional<Context> context;
  std::vector<TensorData> inputs;
};

/// Which kind the text means, by its form: a back end's name, `kOriginal`, a file `.npz` or `.npy`,
/// or else a model.
ReferenceKind KindOf(const std::string& against);

/// What was asked for.
struct ReferenceChoice {
  std::string against;
  std::string backend;  ///< That runs it; empty: that of the model.
};

/// Runs or reads it, with the inputs of `model`. A back end of its own computes in float32.
Result<Reference> MakeReference(const ReferenceChoice& choice, const PreparedModel& model,
                                const ContextOptions& options);

}  // namespace webnn::cli
