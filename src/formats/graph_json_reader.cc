#include <functional>
#include <limits>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "formats/element_types.h"
#include "formats/graph_json.h"
#include "formats/json_tree.h"
#include "formats/weight_bytes.h"
#include "graph/infer_context.h"

namespace webnn::formats {
namespace {

constexpr std::string_view kFormat = "webnn-graph-json";
constexpr int64_t kMaxVersion = 2;

class JsonReader {
 public:
  explicit JsonReader(GraphFile& file) : file_(file) {}

  Result<void> Read(JsonTree& root) {
    if (root.As<JsonTree::Object>() == nullptr) {
      return Fail("", fmt::format("{} is no graph", KindName(root)));
    }
    WEBNN_RETURN_IF_ERROR(ReadHead(root));
    WEBNN_RETURN_IF_ERROR(ForEachMember(
        root, "inputs",
        [&](JsonMember& member, const std::string& path) { return ReadInput(member, path); }));
    WEBNN_RETURN_IF_ERROR(ForEachMember(
        root, "consts",
        [&](JsonMember& member, const std::string& path) { return ReadConstant(member, path); }));
    WEBNN_RETURN_IF_ERROR(ReadNodes(root));
    return ForEachMember(root, "outputs",
                         [&](JsonMember& member, const std::string& path) -> Result<void> {
                           const auto* value = member.value.As<std::string>();
                           if (value == nullptr)
                             return Wrong(path, member.value, "the name of a value");
                           file_.outputs.push_back({member.name, *value, PlaceOf(path)});
                           return {};
                         });
  }

 private:
  static Place PlaceOf(const std::string& path) { return ": " + path; }
  Error Fail(const std::string& path, std::string_view text) const {
    return TypeError("{}{}", Where(file_, path.empty() ? "" : PlaceOf(path)), text);
  }
  Error Wrong(const std::string& path, const JsonTree& json, std::string_view expected) const {
    return Fail(path, fmt::format("must be {}, not {}", expected, KindName(json)));
  }
  Error Lacks(const std::string& path, std::string_view member) const {
    return Fail(path, fmt::format("has no \"{}\"", member));
  }

  Result<void> ReadHead(const JsonTree& root) {
    if (const JsonTree* format = root.Find("format")) {
      const auto* text = format->As<std::string>();
      if (text == nullptr || *text != kFormat) {
        return Fail("/format", fmt::format("must be \"{}\"", kFormat));
      }
    }
    if (const JsonTree* version = root.Find("version")) {
      const auto* number = version->As<Number>();
      if (number == nullptr || number->kind() != Number::Kind::kInt64 || number->int64() < 1 ||
          number->int64() > kMaxVersion) {
        return Fail("/version", "must be 1 or 2");
      }
    }
    if (const JsonTree* name = root.Find("name"); name != nullptr && !name->is_null()) {
      if (name->As<std::string>() == nullptr) return Wrong("/name", *name, "a string");
      file_.name = *name->As<std::string>();
    }
    if (const JsonTree* quantized = root.Find("quantized")) {
      if (quantized->As<bool>() == nullptr) return Wrong("/quantized", *quantized, "a boolean");
      file_.quantized = *quantized->As<bool>();
    }
    return {};
  }

  Result<void> ForEachMember(
      JsonTree& root, std::string_view name,
      const std::function<Result<void>(JsonMember&, const std::string&)>& read) {
    JsonTree* section = root.Find(name);
    if (section == nullptr) return {};
    const std::string path = fmt::format("/{}", name);
    auto* object = section->As<JsonTree::Object>();
    if (object == nullptr) return Wrong(path, *section, "an object");
    for (JsonMember& member : *object) {
      WEBNN_RETURN_IF_ERROR(read(member, fmt::format("{}/{}", path, EscapeControls(member.name))));
    }
    return {};
  }

  Result<DataType> ReadType(const JsonTree& declaration, const std::string& path) const {
    const JsonTree* type = declaration.Find("dataType");
    if (type == nullptr) return Lacks(path, "dataType");
    const auto* name = type->As<std::string>();
    if (name == nullptr) return Wrong(path + "/dataType", *type, "the name of a data type");
    const auto parsed = ParseTypeName(*name);
    if (parsed) return *parsed;
    return Fail(path + "/dataType",
                fmt::format("there is no data type \"{}\"", EscapeControls(*name)));
  }

  Result<uint32_t> ReadSize(const JsonTree& json, const std::string& path) const {
    const auto* number = json.As<Number>();
    if (number == nullptr) return Wrong(path, json, "a size");
    constexpr int64_t kMax = std::numeric_limits<uint32_t>::max();
    if (number->kind() != Number::Kind::kInt64 || number->int64() < 0 || number->int64() > kMax) {
      return Fail(path, fmt::format("{} is no size", ToString(*number)));
    }
    return static_cast<uint32_t>(number->int64());
  }

  Result<FileDimension> ReadDimension(const JsonTree& json, const std::string& path) const {
    if (json.As<JsonTree::Object>() == nullptr) {
      WEBNN_ASSIGN_OR_RETURN(const uint32_t size, ReadSize(json, path));
      return FileDimension{.size = size};
    }
    const JsonTree* name = json.Find("name");
    const JsonTree* size = json.Find("maxSize");
    if (name == nullptr) return Lacks(path, "name");
    if (size == nullptr) return Lacks(path, "maxSize");
    if (name->As<std::string>() == nullptr || name->As<std::string>()->empty()) {
      return Wrong(path + "/name", *name, "a name");
    }
    WEBNN_ASSIGN_OR_RETURN(const uint32_t max_size, ReadSize(*size, path + "/maxSize"));
    return FileDimension{.size = max_size, .name = *name->As<std::string>()};
  }

  Result<std::vector<FileDimension>> ReadShape(const JsonTree& declaration,
                                               const std::string& path) const {
    const JsonTree* shape = declaration.Find("shape");
    if (shape == nullptr) return Lacks(path, "shape");
    std::vector<FileDimension> dimensions;
    if (const auto sizes = shape->As<JsonTree::Bytes>()) {
      for (std::byte size : *sizes) dimensions.push_back({.size = std::to_integer<uint32_t>(size)});
      return dimensions;
    }
    const auto* list = shape->As<JsonTree::List>();
    if (list == nullptr) return Wrong(path + "/shape", *shape, "a list of sizes");
    for (size_t i = 0; i < list->size(); ++i) {
      WEBNN_ASSIGN_OR_RETURN(FileDimension dimension,
                             ReadDimension((*list)[i], fmt::format("{}/shape/{}", path, i)));
      dimensions.push_back(std::move(dimension));
    }
    return dimensions;
  }

  Result<void> ReadInput(const JsonMember& member, const std::string& path) {
    WEBNN_ASSIGN_OR_RETURN(const DataType type, ReadType(member.value, path));
    WEBNN_ASSIGN_OR_RETURN(auto shape, ReadShape(member.value, path));
    file_.inputs.push_back({member.name, type, std::move(shape), PlaceOf(path)});
    return {};
  }

  Result<void> ReadConstant(JsonMember& member, const std::string& path) {
    FileConstant constant{.name = member.name, .place = PlaceOf(path)};
    WEBNN_ASSIGN_OR_RETURN(constant.type, ReadType(member.value, path));
    WEBNN_ASSIGN_OR_RETURN(const auto shape, ReadShape(member.value, path));
    std::vector<uint32_t> sizes;
    for (const FileDimension& dimension : shape) {
      if (!dimension.name.empty()) return Fail(path + "/shape", "a constant has no open dimension");
      sizes.push_back(dimension.size);
    }
    constant.shape = Shape(std::move(sizes));
    constant.init = WeightKey{member.name};
    if (JsonTree* init = member.value.Find("init"); init != nullptr && !init->is_null()) {
      WEBNN_RETURN_IF_ERROR(ReadInit(*init, path + "/init", constant));
    }
    file_.constants.push_back(std::move(constant));
    return {};
  }

  Result<void> ReadInit(JsonTree& init, const std::string& path, FileConstant& constant) {
    const JsonTree* kind = init.Find("kind");
    if (kind == nullptr) return Lacks(path, "kind");
    const auto* name = kind->As<std::string>();
    const auto member = [&](std::string_view key) { return init.Find(key); };
    if (name != nullptr && *name == "weights") {
      JsonTree* key = member("ref");
      if (key == nullptr) return Lacks(path, "ref");
      if (key->As<std::string>() == nullptr) return Wrong(path + "/ref", *key, "a string");
      constant.init = WeightKey{*key->As<std::string>()};
    } else if (name != nullptr && *name == "scalar") {
      JsonTree* value = member("value");
      if (value == nullptr) return Lacks(path, "value");
      if (value->As<Number>() == nullptr) return Wrong(path + "/value", *value, "a number");
      constant.init = *value->As<Number>();
    } else if (name != nullptr && *name == "inlineBytes") {
      JsonTree* bytes = member("bytes");
      if (bytes == nullptr) return Lacks(path, "bytes");
      if (bytes->As<JsonTree::Bytes>() == nullptr) {
        return Fail(path + "/bytes", "must be a list of integers from 0 to 255");
      }
      constant.init = Own(std::move(*bytes->As<JsonTree::Bytes>()));
    } else {
      return Fail(path + "/kind", "must be \"weights\", \"scalar\" or \"inlineBytes\"");
    }
    return {};
  }

  Result<void> ReadNodes(JsonTree& root) {
    JsonTree* nodes = root.Find("nodes");
    if (nodes == nullptr) return {};
    if (!nodes->is_list()) return Wrong("/nodes", *nodes, "a list");
    auto* list = nodes->As<JsonTree::List>();
    if (list == nullptr) {  // of numbers
      return nodes->As<JsonTree::Bytes>()->empty() ? Result<void>()
                                                   : Fail("/nodes/0", "is no node");
    }
    for (size_t i = 0; i < list->size(); ++i) {
      WEBNN_RETURN_IF_ERROR(ReadNode((*list)[i], fmt::format("/nodes/{}", i)));
    }
    return {};
  }

  Result<Value> ReadValue(const JsonTree& json, const std::string& path) const {
    auto value = ToValue(json);
    if (!value) return Fail(path, "an option holds no objects");
    return *std::move(value);
  }

  Result<void> ReadNode(const JsonTree& json, const std::string& path) {
    FileNode node{.place = PlaceOf(path)};
    if (json.As<JsonTree::Object>() == nullptr) return Wrong(path, json, "an object");
    const JsonTree* op = json.Find("op");
    if (op == nullptr) return Lacks(path, "op");
    if (op->As<std::string>() == nullptr) return Wrong(path + "/op", *op, "a string");
    node.op = *op->As<std::string>();
    if (const JsonTree* inputs = json.Find("inputs")) {
      WEBNN_ASSIGN_OR_RETURN(const Value value, ReadValue(*inputs, path + "/inputs"));
      const auto* list = value.As<Value::List>();
      if (list == nullptr) return Wrong(path + "/inputs", *inputs, "a list of names");
      node.arguments = *list;
    }
    if (const JsonTree* options = json.Find("options"); options != nullptr && !options->is_null()) {
      const auto* object = options->As<JsonTree::Object>();
      if (object == nullptr) return Wrong(path + "/options", *options, "an object");
      for (const JsonMember& member : *object) {
        WEBNN_ASSIGN_OR_RETURN(Value value,
                               ReadValue(member.value, fmt::format("{}/options/{}", path,
                                                                   EscapeControls(member.name))));
        node.options.emplace_back(member.name, std::move(value));
      }
    }
    WEBNN_RETURN_IF_ERROR(ReadOutputs(json, path, node));
    file_.nodes.push_back(std::move(node));
    return {};
  }

  // A node without "outputs" has one, of its own name.
  Result<void> ReadOutputs(const JsonTree& json, const std::string& path, FileNode& node) const {
    const JsonTree* outputs = json.Find("outputs");
    if (outputs == nullptr || outputs->is_null()) {
      const JsonTree* id = json.Find("id");
      if (id == nullptr) return Lacks(path, "id");
      if (id->As<std::string>() == nullptr) return Wrong(path + "/id", *id, "a string");
      node.outputs = {*id->As<std::string>()};
      return {};
    }
    const auto* list = outputs->As<JsonTree::List>();
    if (list == nullptr) return Wrong(path + "/outputs", *outputs, "a list of names");
    for (size_t i = 0; i < list->size(); ++i) {
      const auto* name = (*list)[i].As<std::string>();
      if (name == nullptr)
        return Wrong(fmt::format("{}/outputs/{}", path, i), (*list)[i], "a name");
      node.outputs.push_back(*name);
    }
    return {};
  }

  GraphFile& file_;
};

}  // namespace

Result<GraphFile> ReadGraphJson(std::string_view text, const std::string& path) {
  GraphFile file{.path = path};
  auto root = ParseJson(text);
  if (!root) return TypeError("{}{}", Where(file, ""), root.error().message);
  WEBNN_RETURN_IF_ERROR(JsonReader(file).Read(*root));
  return file;
}

}  // namespace webnn::formats
