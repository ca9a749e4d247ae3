#include "onnx/serialize.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/check.h"
#include "core/errors.h"
#include "core/try.h"
#include "google/protobuf/arena.h"
#include "onnx/names.h"
#include "onnx/onnx.pb.h"
#include "webnn/version.h"

namespace webnn::onnx_format {
namespace {

using lowering::Attribute;
using lowering::Element;
using lowering::Initializer;
using lowering::Model;
using lowering::ModelInput;
using lowering::ModelNode;
using lowering::ValueId;

// Below this a weight costs more as a tensor of its own than as a copy in the file, and inside the
// file it may take part in the runtime's shape inference.
constexpr size_t kInlineBytes = 1024;
// Below this a file costs more to open than its pages are worth.
constexpr size_t kFileBytes = 64 << 10;
constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kMaxFileBytes = std::numeric_limits<int32_t>::max();

// The version of the file format that came with the opset.
int IrVersion(int opset) {
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  return 8;
}

template <class Sizes>
void SetType(::onnx::ValueInfoProto* info, Element element, const Sizes& sizes) {
  ::onnx::TypeProto::Tensor* tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(static_cast<int32_t>(element));
  ::onnx::TensorShapeProto* shape = tensor->mutable_shape();
  for (auto size : sizes) shape->add_dim()->set_dim_value(size);
}

void SetAttribute(::onnx::AttributeProto* proto, const Attribute& attribute) {
  proto->set_name(attribute.name.data(), attribute.name.size());
  if (const auto* integer = std::get_if<int64_t>(&attribute.value)) {
    proto->set_type(::onnx::AttributeProto::INT);
    proto->set_i(*integer);
  } else if (const auto* number = std::get_if<float>(&attribute.value)) {
    proto->set_type(::onnx::AttributeProto::FLOAT);
    proto->set_f(*number);
  } else if (const auto* text = std::get_if<std::string_view>(&attribute.value)) {
    proto->set_type(::onnx::AttributeProto::STRING);
    proto->set_s(text->data(), text->size());
  } else if (const auto* integers = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    proto->set_type(::onnx::AttributeProto::INTS);
    proto->mutable_ints()->Add(integers->begin(), integers->end());
  } else if (const auto* texts = std::get_if<std::vector<std::string_view>>(&attribute.value)) {
    proto->set_type(::onnx::AttributeProto::STRINGS);
    proto->mutable_strings()->Reserve(static_cast<int>(texts->size()));
    for (std::string_view text : *texts) proto->add_strings(text.data(), text.size());
  }
}

class Serializer {
 public:
  Serializer(const Model& model, const SerializeOptions& options)
      : model_(model), options_(options), names_(model.value_count) {}

  Result<SerializedModel> Run() && {
    WEBNN_RETURN_IF_ERROR(CheckInlineBytes());
    // One arena for the whole message: its many small parts are freed at once.
    google::protobuf::ArenaOptions arena_options;
    arena_options.start_block_size = 1 << 14;
    arena_options.max_block_size = 1 << 20;
    google::protobuf::Arena arena(arena_options);
    auto* proto = google::protobuf::Arena::CreateMessage<::onnx::ModelProto>(&arena);
    proto->set_ir_version(IrVersion(model_.opset));
    proto->set_producer_name("webnn.cpp");
    const std::string_view version = Version();
    proto->set_producer_version(version.data(), version.size());
    proto->add_opset_import()->set_version(model_.opset);
    WriteGraph(proto->mutable_graph());

    const uint64_t size = proto->ByteSizeLong();
    uint64_t whole = size;
    for (const Appended& one : appended_) whole += one.header.size() + one.bytes.size();
    if (whole > kMaxFileBytes) return TooLarge(whole);
    result_.proto.reserve(whole);
    result_.proto.resize(size);
    proto->SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(result_.proto.data()));
    for (const Appended& one : appended_) {
      result_.proto.append(one.header);
      result_.proto.append(reinterpret_cast<const char*>(one.bytes.data()), one.bytes.size());
    }
    return std::move(result_);
  }

 private:
  // A weight behind the rest of the model: what comes before its bytes, which end it.
  struct Appended {
    std::string header;
    std::span<const std::byte> bytes;
  };

  bool IsExternal(const Initializer& initializer) const {
    return !options_.embed_weights && initializer.own.empty() &&
           initializer.reference.size() > kInlineBytes;
  }

  // Before anything is copied: a model that is too large is often larger than the memory, too.
  Result<void> CheckInlineBytes() const {
    uint64_t size = 0;
    for (const Initializer& initializer : model_.initializers) {
      if (options_.append_weights || !IsExternal(initializer)) size += initializer.bytes().size();
    }
    if (size > kMaxFileBytes) return TooLarge(size);
    return {};
  }

  Error TooLarge(uint64_t size) const {
    return OperationError(
        "the ONNX model takes {} bytes{}, and the file format ends at {} bytes", size,
        options_.embed_weights || options_.append_weights ? " with its weights embedded"
                                                          : " without its external weights",
        kMaxFileBytes);
  }

  void WriteGraph(::onnx::GraphProto* graph) {
    graph->set_name(options_.name);
    NameValues();
    for (size_t i = 0; i < model_.inputs.size(); ++i) {
      WriteValue(graph->add_input(), model_.inputs[i]);
      result_.input_names.push_back(names_[model_.inputs[i].value]);
    }
    for (size_t i = 0; i < model_.outputs.size(); ++i) {
      WriteValue(graph->add_output(), model_.outputs[i]);
      result_.output_names.push_back(names_[model_.outputs[i].value]);
    }
    graph->mutable_initializer()->Reserve(static_cast<int>(model_.initializers.size()));
    for (const Initializer& initializer : model_.initializers) {
      if (options_.append_weights && IsExternal(initializer)) {
        Append(initializer);
      } else {
        WriteInitializer(graph->add_initializer(), initializer);
      }
    }
    graph->mutable_node()->Reserve(static_cast<int>(model_.nodes.size()));
    for (size_t i = 0; i < model_.nodes.size(); ++i) {
      WriteNode(graph->add_node(), model_.nodes[i], i);
    }
    if (options_.value_shapes) WriteShapes(graph);
  }

  void NameValues() {
    ValueNames unique;
    for (const ModelInput& input : model_.inputs) {
      names_[input.value] = unique.Unique(input.name, "input");
    }
    for (const ModelInput& output : model_.outputs) {
      WEBNN_CHECK(names_[output.value].empty());  // one value, one name
      names_[output.value] = unique.Unique(output.name, "output");
    }
    // Id 0 is no value: its empty name is ONNX's absent optional input.
    for (ValueId id = 1; id < names_.size(); ++id) {
      if (names_[id].empty()) names_[id] = ValueNames::Internal(id);
    }
  }

  void WriteValue(::onnx::ValueInfoProto* info, const ModelInput& value) const {
    info->set_name(names_[value.value]);
    SetType(info, value.element, value.sizes);
  }

  void Describe(::onnx::TensorProto* tensor, const Initializer& initializer) const {
    tensor->set_name(names_[initializer.value]);
    tensor->set_data_type(static_cast<int32_t>(initializer.element));
    tensor->mutable_dims()->Add(initializer.sizes.begin(), initializer.sizes.end());
  }

  // A model that has only a graph, which has only this initializer; its last field are the bytes.
  void Append(const Initializer& initializer) {
    const std::span<const std::byte> bytes = initializer.bytes();
    ::onnx::TensorProto proto;
    Describe(&proto, initializer);
    std::string tensor;
    proto.AppendToString(&tensor);
    AppendTag(tensor, ::onnx::TensorProto::kRawDataFieldNumber, bytes.size());
    std::string graph;
    AppendTag(graph, ::onnx::GraphProto::kInitializerFieldNumber, tensor.size() + bytes.size());
    std::string header;
    AppendTag(header, ::onnx::ModelProto::kGraphFieldNumber,
              graph.size() + tensor.size() + bytes.size());
    appended_.push_back({header + graph + tensor, bytes});
  }

  // The beginning of a field of the kind that has a length.
  static void AppendTag(std::string& text, int field, uint64_t length) {
    constexpr uint64_t kLengthDelimited = 2;
    for (uint64_t number : {static_cast<uint64_t>(field) << 3U | kLengthDelimited, length}) {
      for (; number >= 0x80; number >>= 7U) text += static_cast<char>(number | 0x80U);
      text += static_cast<char>(number);
    }
  }

  void WriteInitializer(::onnx::TensorProto* tensor, const Initializer& initializer) {
    const std::string& name = names_[initializer.value];
    const std::span<const std::byte> bytes = initializer.bytes();
    Describe(tensor, initializer);
    if (!IsExternal(initializer)) {
      tensor->set_raw_data(bytes.data(), bytes.size());
      return;
    }
    tensor->set_data_location(::onnx::TensorProto::EXTERNAL);
    SetExternal(tensor, "length", std::to_string(bytes.size()));
    if (options_.place) {
      if (const std::optional<WeightPlace> place = options_.place(bytes)) {
        SetExternal(tensor, "location", place->location);
        SetExternal(tensor, "offset", std::to_string(place->offset));
        return;
      }
    }
    if (std::optional<FileRange> file = FindFile(initializer)) {
      SetExternal(tensor, "location", file->path.substr(1));
      SetExternal(tensor, "offset", std::to_string(file->offset));
      result_.bytes_in_files += bytes.size();
      return;
    }
    const bool in_one_file = !options_.weights_file.empty();
    std::string location =
        in_one_file ? options_.weights_file : "webnn-weight-" + std::to_string(initializer.value);
    const uint64_t offset = in_one_file ? NextOffset() : 0;
    SetExternal(tensor, "location", location);
    SetExternal(tensor, "offset", std::to_string(offset));
    result_.weights.push_back({name, std::move(location), offset, initializer.element,
                               initializer.sizes, bytes, initializer.owner});
  }

  // Behind the weights handed over so far, at a page, so that readers can map each.
  uint64_t NextOffset() const {
    if (result_.weights.empty()) return 0;
    const ExternalWeight& last = result_.weights.back();
    return (last.offset + last.bytes.size() + kPageBytes - 1) / kPageBytes * kPageBytes;
  }

  // At any offset: ONNX asks for no alignment of external data, and files with embedded weights
  // have none.
  std::optional<FileRange> FindFile(const Initializer& initializer) const {
    const std::span<const std::byte> bytes = initializer.bytes();
    if (options_.files == nullptr || bytes.size() < kFileBytes) return std::nullopt;
    return options_.files->Find(bytes);
  }

  static void SetExternal(::onnx::TensorProto* tensor, const char* key, std::string value) {
    ::onnx::StringStringEntryProto* entry = tensor->add_external_data();
    entry->set_key(key);
    entry->set_value(std::move(value));
  }

  void WriteNode(::onnx::NodeProto* proto, const ModelNode& node, size_t index) const {
    proto->set_op_type(node.op_type.data(), node.op_type.size());
    const fmt::format_int number(index);
    const std::string_view label =
        node.source < model_.labels.size() ? model_.labels[node.source] : std::string_view();
    std::string* name = proto->mutable_name();
    name->reserve(label.size() + node.op_type.size() + number.size() + 2);
    name->append(label).append("/").append(node.op_type).append("_");
    name->append(number.data(), number.size());
    proto->mutable_input()->Reserve(static_cast<int>(node.inputs.size()));
    for (ValueId input : node.inputs) proto->add_input(names_[input]);
    proto->mutable_output()->Reserve(static_cast<int>(node.outputs.size()));
    for (ValueId output : node.outputs) proto->add_output(names_[output]);
    proto->mutable_attribute()->Reserve(static_cast<int>(node.attributes.size()));
    for (const Attribute& attribute : node.attributes) {
      SetAttribute(proto->add_attribute(), attribute);
    }
  }

  void WriteShapes(::onnx::GraphProto* graph) const {
    // A value may be listed twice (an operator that returns its operand), and ONNX wants what is an
    // input or output described only there.
    std::vector<bool> described(names_.size(), false);
    for (const ModelInput& input : model_.inputs) described[input.value] = true;
    for (const ModelInput& output : model_.outputs) described[output.value] = true;
    for (const lowering::ValueShape& value : model_.shapes) {
      if (described[value.value]) continue;
      described[value.value] = true;
      ::onnx::ValueInfoProto* info = graph->add_value_info();
      info->set_name(names_[value.value]);
      SetType(info, value.element, value.shape.sizes());
    }
  }

  const Model& model_;
  const SerializeOptions& options_;
  std::vector<std::string> names_;  // by value id
  std::vector<Appended> appended_;
  SerializedModel result_;
};

}  // namespace

Result<SerializedModel> Serialize(const lowering::Model& model, const SerializeOptions& options) {
  return Serializer(model, options).Run();
}

}  // namespace webnn::onnx_format
