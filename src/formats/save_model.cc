#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/try.h"
#include "formats/format.h"
#include "formats/graph_json.h"
#include "formats/graph_text.h"
#include "formats/onnx_target.h"
#include "formats/safetensors.h"
#include "lowering/writer.h"
#include "onnx/serialize.h"
#include "webnn/model_io.h"

namespace webnn {
namespace {

using formats::DescribedGraph;
using onnx_format::ExternalWeight;
using onnx_format::SerializedModel;

// Beyond this ONNX files get their weights beside them: the format ends at 2 GiB.
constexpr uint64_t kMaxEmbeddedBytes = uint64_t{1} << 30;

uint64_t WeightBytes(const GraphData& graph) {
  uint64_t size = 0;
  for (const ConstantData& constant : graph.constants) size += constant.bytes.size();
  return size;
}

bool StoresExternally(const GraphDefinition& definition, ModelFormat format,
                      WeightStorage storage) {
  if (storage != WeightStorage::kAuto) return storage == WeightStorage::kExternal;
  if (format == ModelFormat::kOnnx) return WeightBytes(*definition.data()) > kMaxEmbeddedBytes;
  return format == ModelFormat::kWebnnText;
}

// An empty `weights_file` embeds the weights.
Result<SerializedModel> ToOnnx(const GraphDefinition& definition, const std::string& name,
                               const std::string& weights_file) {
  return onnx_format::Serialize(
      lowering::Writer(*definition.data(), formats::OnnxTarget()).Finish(),
      {.embed_weights = weights_file.empty(),
       .value_shapes = true,
       .weights_file = weights_file,
       .name = name});
}

Result<std::string> ToGraphFile(const DescribedGraph& graph, ModelFormat format) {
  if (format == ModelFormat::kWebnnJson) return formats::WriteGraphJson(graph.file);
  return formats::WriteGraphText(graph.file);
}

Result<void> WriteOnnxWeights(AtomicFile& file, const std::vector<ExternalWeight>& weights) {
  uint64_t position = 0;
  for (const ExternalWeight& weight : weights) {
    const std::vector<std::byte> gap(weight.offset - position);
    WEBNN_RETURN_IF_ERROR(file.Write(gap));
    WEBNN_RETURN_IF_ERROR(file.Write(weight.bytes));
    position = weight.offset + weight.bytes.size();
  }
  return {};
}

// Both files are written before either gets its name.
Result<void> CommitBoth(std::optional<AtomicFile> weights, const std::string& path,
                        std::string_view model) {
  WEBNN_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  WEBNN_RETURN_IF_ERROR(file.Write(model));
  if (weights) WEBNN_RETURN_IF_ERROR(weights->Commit());
  return file.Commit();
}

Result<void> SaveOnnx(const GraphDefinition& definition, const std::filesystem::path& path,
                      const std::string& name, bool external) {
  const std::string weights_file = path.stem().string() + ".onnx.data";
  WEBNN_ASSIGN_OR_RETURN(const SerializedModel model,
                         ToOnnx(definition, name, external ? weights_file : ""));
  std::optional<AtomicFile> weights;
  if (!model.weights.empty()) {
    WEBNN_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path.parent_path() / weights_file));
    WEBNN_RETURN_IF_ERROR(WriteOnnxWeights(weights.emplace(std::move(file)), model.weights));
  }
  return CommitBoth(std::move(weights), path, model.proto);
}

Result<void> SaveGraphFile(const GraphDefinition& definition, const std::filesystem::path& path,
                           const std::string& name, ModelFormat format, bool external) {
  const DescribedGraph graph = formats::DescribeGraph(definition, name, external);
  WEBNN_ASSIGN_OR_RETURN(const std::string model, ToGraphFile(graph, format));
  std::optional<AtomicFile> weights;
  if (!graph.weights.empty()) {
    WEBNN_ASSIGN_OR_RETURN(
        AtomicFile file,
        AtomicFile::Create(path.parent_path() / (path.stem().string() + ".safetensors")));
    WEBNN_RETURN_IF_ERROR(
        formats::WriteSafetensors(weights.emplace(std::move(file)), graph.weights));
  }
  return CommitBoth(std::move(weights), path, model);
}

}  // namespace

Result<void> SaveModel(const GraphDefinition& definition, const std::string& path,
                       const SaveOptions& options) {
  ModelFormat format = options.format;
  if (format == ModelFormat::kAuto) {
    WEBNN_ASSIGN_OR_RETURN(format, formats::FormatOfName(path));
  }
  const bool external = StoresExternally(definition, format, options.weights);
  return format == ModelFormat::kOnnx
             ? SaveOnnx(definition, path, options.name, external)
             : SaveGraphFile(definition, path, options.name, format, external);
}

Result<std::string> SaveModelToMemory(const GraphDefinition& definition,
                                      const SaveOptions& options) {
  if (options.format == ModelFormat::kAuto) {
    return TypeError("a model in memory has no name that says its format: give one");
  }
  if (options.weights == WeightStorage::kExternal) {
    return TypeError("a model in memory has its weights in it: they cannot be external");
  }
  if (options.format == ModelFormat::kOnnx) {
    WEBNN_ASSIGN_OR_RETURN(SerializedModel model, ToOnnx(definition, options.name, ""));
    return std::move(model.proto);
  }
  return ToGraphFile(formats::DescribeGraph(definition, options.name, /*external=*/false),
                     options.format);
}

}  // namespace webnn
