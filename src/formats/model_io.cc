#include "webnn/model_io.h"

#include <memory>
#include <utility>

#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/try.h"
#include "formats/format.h"
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

std::string FolderOf(const std::string& path) {
  if (path.empty()) return {};
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, slash == 0 ? 1 : slash);
}

ModelFormat FormatOf(const Source& source, const LoadOptions& options) {
  return options.format == ModelFormat::kAuto ? formats::FormatOfContent(source.bytes)
                                              : options.format;
}

onnx_format::ImportSource ToImportSource(const Source& source) {
  return {source.bytes, source.owner, source.path, FolderOf(source.path)};
}

Result<LoadedModel> Load(GraphBuilder& builder, const Source& source, const LoadOptions& options) {
  if (FormatOf(source, options) == ModelFormat::kOnnx) {
    return onnx_format::Import(builder, ToImportSource(source), options);
  }
  return NotSupported("{}: graph files are not read yet", source.path);
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
  if (FormatOf(source, options) == ModelFormat::kOnnx) {
    return onnx_format::Inspect(ToImportSource(source), options);
  }
  return NotSupported("{}: graph files are not read yet", source.path);
}

Result<void> SaveModel(const GraphDefinition&, const std::string& path,
                       const SaveOptions& options) {
  ModelFormat format = options.format;
  if (format == ModelFormat::kAuto) {
    WEBNN_ASSIGN_OR_RETURN(format, formats::FormatOfName(path));
  }
  return NotSupported("{}: {} files are not written yet", path,
                      EnumNames(format)[static_cast<size_t>(format)]);
}

Result<std::string> SaveModelToMemory(const GraphDefinition&, const SaveOptions& options) {
  return NotSupported("{} files are not written yet",
                      EnumNames(options.format)[static_cast<size_t>(options.format)]);
}

}  // namespace webnn
