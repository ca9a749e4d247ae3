#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "webnn/export.h"
#include "webnn/graph.h"
#include "webnn/graph_builder.h"
#include "webnn/types.h"

/// Models in files: ONNX, `.webnn` text, JSON. Everything here may be called from several threads,
/// on different builders.
namespace webnn {

enum class ModelFormat : uint8_t {
  kAuto,       ///< Loading: by content. Saving: by the file's name.
  kOnnx,       ///< ONNX, with embedded or external weights: `.onnx`
  kWebnnText,  ///< `webnn_graph "name" v2 { ... }`, weights beside it: `.webnn`
  kWebnnJson,  ///< "webnn-graph-json": `.json`
};
constexpr std::array<std::string_view, 4> EnumNames(ModelFormat) {
  return {"auto", "onnx", "webnn", "json"};
}

struct LoadOptions {
  ModelFormat format = ModelFormat::kAuto;
  /// Shapes of inputs by name, for inputs whose shape the file leaves open (or declares
  /// differently in an open dimension).
  std::vector<std::pair<std::string, Shape>> shapes = {};
  /// Sizes of named dimensions: {"batch", 1}.
  std::vector<std::pair<std::string, uint32_t>> dimensions = {};
  /// ONNX: inputs that always have this value, and are constants of the graph instead: {"sr",
  /// 16000}. For what the graph must know when it is made, and for branches that are never taken.
  std::vector<std::pair<std::string, Number>> values = {};
  /// float64 and bfloat16, which WebNN lacks, become float32: weights, inputs, outputs and what
  /// lies between. Without it such a model is NotSupported.
  bool narrow = false;
  /// `.webnn` and JSON: the file with the weights (safetensors, or raw bytes with a manifest) and
  /// its manifest. Empty: looked for beside the model. Relative paths are relative to the model.
  std::string weights = {};
  std::string manifest = {};
};

/// A model that was loaded into a builder. Every output is the result of an operator, so that it
/// can be an output of the graph.
struct LoadedModel {
  std::vector<std::pair<std::string, Operand>> inputs;
  std::vector<std::pair<std::string, Operand>> outputs;
  /// What the file says of itself: "producer", and ONNX's metadata_props under their own names.
  std::map<std::string, std::string> metadata;
};

/// Adds the model's operators to `builder`, so that a caller can add others around them. Weights
/// stay in the file, mapped, where its format allows that: it must not be changed while a graph
/// made from it lives. TypeError: the file is damaged or contradicts itself (the message names file
/// and place). NotSupported: something in it cannot be expressed; the message lists all of it:
/// operator, node, reason, and what would help. After an error the builder may hold part of the
/// model.
WEBNN_EXPORT Result<LoadedModel> LoadModel(GraphBuilder& builder, const std::string& path,
                                           const LoadOptions& options = {});
/// The same from memory, which may go after the call. Files beside the model are not looked for.
WEBNN_EXPORT Result<LoadedModel> LoadModel(GraphBuilder& builder, std::span<const std::byte> bytes,
                                           const LoadOptions& options = {});

/// A whole model as a definition, with all of the file's outputs.
WEBNN_EXPORT Result<GraphDefinition> LoadGraph(const std::string& path,
                                               const LoadOptions& options = {});
WEBNN_EXPORT Result<GraphDefinition> LoadGraph(std::span<const std::byte> bytes,
                                               const LoadOptions& options = {});

enum class WeightStorage : uint8_t {
  kAuto,      ///< ONNX: embedded up to 1 GiB, else external. `.webnn`: external. JSON: embedded.
  kEmbedded,  ///< In the model's file.
  kExternal,  ///< Beside it: `<stem>.onnx.data` for ONNX, `<stem>.safetensors` for the others.
};
constexpr std::array<std::string_view, 3> EnumNames(WeightStorage) {
  return {"auto", "embedded", "external"};
}

struct SaveOptions {
  ModelFormat format = ModelFormat::kAuto;
  WeightStorage weights = WeightStorage::kAuto;
  /// The graph's name in the file.
  std::string name = "graph";
};

/// Writes the model, its weights first, each under a temporary name that is then renamed: what is
/// there under `path` is whole. OperationError when a file cannot be written.
WEBNN_EXPORT Result<void> SaveModel(const GraphDefinition& definition, const std::string& path,
                                    const SaveOptions& options = {});
/// The same as bytes, with the weights embedded.
WEBNN_EXPORT Result<std::string> SaveModelToMemory(const GraphDefinition& definition,
                                                   const SaveOptions& options);

/// An input or output as a file declares it. `data_type` is the file's name for it: "float32",
/// "bool", "float64" ... A dimension is a size, or the name of one that is open ("" for no name).
struct DeclaredTensor {
  std::string name;
  std::string data_type;
  std::vector<std::variant<uint64_t, std::string>> dimensions;
};

/// Something in a model that cannot be expressed with WebNN's operators.
struct UnsupportedNode {
  std::string op;    ///< "NonZero", "com.microsoft.MoE"
  std::string node;  ///< Its name in the file, or "#12", its place.
  std::string reason;
  std::string help;  ///< What would help; may be empty.
};

/// What is in a file, for people.
struct ModelSummary {
  ModelFormat format = ModelFormat::kAuto;
  std::string name;
  std::map<std::string, std::string> metadata;
  std::vector<DeclaredTensor> inputs;
  std::vector<DeclaredTensor> outputs;
  std::vector<std::pair<std::string, uint64_t>> operators;  ///< Of the file, with their counts.
  uint64_t weight_count = 0;
  uint64_t weight_bytes = 0;
  std::vector<UnsupportedNode> unsupported;
};
/// Reads the file and tries to load it: `unsupported` is what `LoadModel` would refuse with these
/// options.
WEBNN_EXPORT Result<ModelSummary> InspectModel(const std::string& path,
                                               const LoadOptions& options = {});

/// A tensor in a safetensors file.
struct SafetensorsEntry {
  std::string name;
  std::string data_type;  ///< The file's name: "F32", "BF16", "I64" ...
  std::vector<uint64_t> sizes;
  std::span<const std::byte> bytes;  ///< In the mapped file.
};

/// A safetensors file, mapped: opening reads its header alone. A handle; copies share the mapping.
/// The whole header is checked when the file is opened.
class WEBNN_EXPORT SafetensorsFile {
 public:
  /// TypeError when the file is damaged (offsets, sizes, overlaps); OperationError when it cannot
  /// be read.
  static Result<SafetensorsFile> Open(const std::string& path);

  /// In the order of the file.
  const std::vector<SafetensorsEntry>& entries() const;
  /// Null when there is none of this name.
  const SafetensorsEntry* Find(std::string_view name) const;
  const std::map<std::string, std::string>& metadata() const;
  /// The tensor as a constant of `builder`, not copied. BF16 becomes float32, BOOL uint8 (BF16 is
  /// copied). TypeError when there is no such tensor or its type is none of WebNN's.
  Result<Operand> Constant(GraphBuilder& builder, std::string_view name) const;

 private:
  struct Data;
  explicit SafetensorsFile(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

}  // namespace webnn
