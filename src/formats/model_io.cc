#include "webnn/model_io.h"

#include <memory>
#include <utility>

#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/try.h"
#include "formats/format.h"
#include "formats/graph_json.h"
#include "formats/graph_text.h"
#include "formats/weights.h"
#include "onnx/import/import.h"

namespace webnn {
namespace {

/// The bytes of a model and where they come from.
struct Source {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  ///< Null: the caller's, during the call.
  std::string path;                   ///< Empty: memory.
};

Result<Source> OpenSource(const std::string& path) {
  WEBNN_ASSIGN_OR_RETURN(auto file, MappedFile::Open(path));
  return Source{file->bytes(), file, path};
}

ModelFormat FormatOf(const Source& source, const LoadOptions& options) {
  return options.format == ModelFormat::kAuto ? formats::FormatOfContent(source.bytes)
                                              : options.format;
}

onnx_format::ImportSource ToImportSource(const Source& source) {
  const std::string folder = source.path.empty() ? "" : formats::FolderOf(source.path);
  return {source.bytes, source.owner, source.path, folder};
}

Result<formats::GraphFile> ReadGraphFile(const Source& source, ModelFormat format) {
  const std::string_view text(reinterpret_cast<const char*>(source.bytes.data()),
                              source.bytes.size());
  return format == ModelFormat::kWebnnJson ? formats::ReadGraphJson(text, source.path)
                                           : formats::ReadGraphText(text, source.path);
}

Result<LoadedModel> Load(GraphBuilder& builder, const Source& source, const LoadOptions& options) {
  const ModelFormat format = FormatOf(source, options);
  if (format == ModelFormat::kOnnx) {
    return onnx_format::Import(builder, ToImportSource(source), options);
  }
  WEBNN_ASSIGN_OR_RETURN(const formats::GraphFile file, ReadGraphFile(source, format));
  return formats::BuildGraphFile(builder, file, options);
}

Result<GraphDefinition> LoadWhole(const Source& source, const LoadOptions& options) {
  GraphBuilder builder;
  WEBNN_ASSIGN_OR_RETURN(const LoadedModel model, Load(builder, source, options));
  return builder.Finish(model.outputs);
}

}  // namespace

Result<LoadedModel> LoadModel(GraphBuilder& builder, const std::string& path,
                              const LoadOptions& options) {
  WEBNN_ASSIGN_OR_RETURN(const Source source, OpenSource(path));
  return Load(builder, source, options);
}

Result<LoadedModel> LoadModel(GraphBuilder& builder, std::span<const std::byte> bytes,
                              const LoadOptions& options) {
  return Load(builder, {.bytes = bytes}, options);
}

Result<GraphDefinition> LoadGraph(const std::string& path, const LoadOptions& options) {
  WEBNN_ASSIGN_OR_RETURN(const Source source, OpenSource(path));
  return LoadWhole(source, options);
}

Result<GraphDefinition> LoadGraph(std::span<const std::byte> bytes, const LoadOptions& options) {
  return LoadWhole({.bytes = bytes}, options);
}

Result<ModelSummary> InspectModel(const std::string& path, const LoadOptions& options) {
  WEBNN_ASSIGN_OR_RETURN(const Source source, OpenSource(path));
  const ModelFormat format = FormatOf(source, options);
  if (format == ModelFormat::kOnnx) return onnx_format::Inspect(ToImportSource(source), options);
  WEBNN_ASSIGN_OR_RETURN(const formats::GraphFile file, ReadGraphFile(source, format));
  return formats::SummarizeGraphFile(file, format, options);
}

}  // namespace webnn
