#include <map>
#include <memory>
#include <string>
#include <utility>

#include "fmt/ranges.h"
#include "onnx/import/import.h"
#include "onnx/import/importer.h"

namespace webnn::onnx_format {
namespace {

using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

DeclaredTensor Declared(const ::onnx::ValueInfoProto& value) {
  DeclaredTensor declared{.name = value.name()};
  const auto& type = value.type().tensor_type();
  declared.data_type = value.type().has_tensor_type()
                           ? std::string(NameOf(static_cast<Element>(type.elem_type())))
                           : "no tensor";
  for (const auto& dim : type.shape().dim()) {
    if (IsFixed(dim)) {
      declared.dimensions.emplace_back(
          static_cast<uint64_t>(std::max<int64_t>(dim.dim_value(), 0)));
    } else {
      declared.dimensions.emplace_back(std::string(NameOf(dim)));
    }
  }
  return declared;
}

// Counts what is in the file, subgraphs and functions included. Protobuf has limited the nesting.
class Census {
 public:
  explicit Census(ModelSummary& summary) : summary_(summary) {}

  void Add(const ::onnx::ModelProto& model) {
    Add(model.graph());
    for (const auto& function : model.functions()) {
      for (const NodeProto& node : function.node()) Add(node);
    }
    summary_.operators.assign(operators_.begin(), operators_.end());
  }

 private:
  void Add(const GraphProto& graph) {
    for (const TensorProto& weight : graph.initializer()) Add(weight);
    for (const auto& weight : graph.sparse_initializer()) Add(weight.values());
    for (const NodeProto& node : graph.node()) Add(node);
  }
  void Add(const NodeProto& node) {
    const bool is_onnx = node.domain().empty() || node.domain() == "ai.onnx";
    ++operators_[is_onnx ? node.op_type() : fmt::format("{}.{}", node.domain(), node.op_type())];
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) Add(attribute.g());
      if (attribute.has_t() && node.op_type() == "Constant") Add(attribute.t());
    }
  }
  void Add(const TensorProto& weight) {
    const std::vector<int64_t> sizes(weight.dims().begin(), weight.dims().end());
    ++summary_.weight_count;
    summary_.weight_bytes +=
        ByteLength(static_cast<Element>(weight.data_type()), sizes).value_or(0);
  }

  ModelSummary& summary_;
  std::map<std::string, uint64_t> operators_;
};

}  // namespace

std::map<std::string, std::string> MetadataOf(const ::onnx::ModelProto& model) {
  std::map<std::string, std::string> metadata;
  for (const auto& entry : model.metadata_props()) metadata.emplace(entry.key(), entry.value());
  std::vector<std::string> opsets;
  for (const auto& set : model.opset_import()) {
    opsets.push_back(
        fmt::format("{} {}", set.domain().empty() ? "ai.onnx" : set.domain(), set.version()));
  }
  const auto add = [&](const char* key, std::string text) {
    if (!text.empty()) metadata.emplace(key, std::move(text));
  };
  add("producer", model.producer_version().empty()
                      ? model.producer_name()
                      : fmt::format("{} {}", model.producer_name(), model.producer_version()));
  add("domain", model.domain());
  add("opset", fmt::format("{}", fmt::join(opsets, ", ")));
  return metadata;
}

Result<LoadedModel> Import(GraphBuilder& builder, const ImportSource& source,
                           const LoadOptions& options) {
  WEBNN_ASSIGN_OR_RETURN(auto model, ParsedModel::Parse(source));
  return ImporterImpl(builder, std::move(model), source.folder, options).Run();
}

Result<ModelSummary> Inspect(const ImportSource& source, const LoadOptions& options) {
  WEBNN_ASSIGN_OR_RETURN(const auto model, ParsedModel::Parse(source));
  const GraphProto& graph = model->proto().graph();
  ModelSummary summary{.format = ModelFormat::kOnnx, .name = graph.name()};
  summary.metadata = MetadataOf(model->proto());
  std::unordered_set<std::string_view> weights;
  for (const TensorProto& weight : graph.initializer()) weights.insert(weight.name());
  for (const auto& input : graph.input()) {
    if (!weights.contains(input.name())) summary.inputs.push_back(Declared(input));
  }
  for (const auto& output : graph.output()) summary.outputs.push_back(Declared(output));
  Census(summary).Add(model->proto());

  GraphBuilder builder;
  ImporterImpl importer(builder, model, source.folder, options);
  const auto loaded = importer.Run();
  summary.unsupported = importer.unsupported();
  if (!loaded && summary.unsupported.empty()) return loaded.error();
  return summary;
}

}  // namespace webnn::onnx_format
