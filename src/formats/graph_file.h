#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "formats/safetensors.h"
#include "graph/graph_data.h"
#include "webnn/graph.h"
#include "webnn/model_io.h"
#include "webnn/value.h"

/// What `.webnn` text and JSON both say, as plain data. Readers and writers of either only
/// translate to and from this; names, operators and shapes are checked when it is built.
namespace webnn::formats {

/// Where an item is in its file, as messages have it behind the file's name: ":3:14" (line and
/// column) or ": /nodes/3" (path in JSON).
using Place = std::string;

/// A size; or, under a name that is not empty, one that is open up to this.
struct FileDimension {
  uint32_t size = 0;
  std::string name = {};
};

struct FileInput {
  std::string name;
  DataType type = DataType::kFloat32;
  std::vector<FileDimension> shape;
  Place place;
};

/// The key of a tensor in the weights file.
struct WeightKey {
  std::string key;
};

struct FileConstant {
  std::string name;
  DataType type = DataType::kFloat32;
  Shape shape;
  /// Elsewhere, one number for every element, or the bytes.
  std::variant<WeightKey, Number, ConstantData> init;
  Place place;
};

/// Values are named by strings, also within lists: whether a string is a name or a text is known
/// from the operator's row alone.
struct FileNode {
  std::string op;
  std::vector<Value> arguments;
  std::vector<std::pair<std::string, Value>> options;
  std::vector<std::string> outputs;
  Place place;
};

struct FileOutput {
  std::string name;
  std::string value;
  Place place;
};

struct GraphFile {
  std::string path;  ///< Empty: memory.
  std::string name;
  bool quantized = false;
  std::vector<FileInput> inputs;
  std::vector<FileConstant> constants;
  std::vector<FileNode> nodes;  ///< Each reads what stands before it.
  std::vector<FileOutput> outputs;
};

/// A message about a place in the file: "model.webnn:3:14: ".
std::string Where(const GraphFile& file, const Place& place);

/// Adds the graph to the builder: `LoadModel` of these formats.
Result<LoadedModel> BuildGraphFile(GraphBuilder& builder, const GraphFile& file,
                                   const LoadOptions& options);

/// What `InspectModel` says of the file, whose outputs a trial of building it describes.
ModelSummary SummarizeGraphFile(const GraphFile& file, ModelFormat format,
                                const LoadOptions& options);

/// A definition as a file; with `external`, its constants but scalars become keys of `weights`,
/// else their bytes are in it. Refers to the definition's bytes.
struct DescribedGraph {
  GraphFile file;
  std::vector<TensorToWrite> weights;
};
DescribedGraph DescribeGraph(const GraphDefinition& definition, const std::string& name,
                             bool external);

}  // namespace webnn::formats
