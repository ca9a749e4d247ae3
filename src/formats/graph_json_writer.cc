#include <utility>

#include "core/try.h"
#include "fmt/format.h"
#include "formats/graph_json.h"
#include "formats/json_text.h"
#include "formats/number_text.h"

namespace webnn::formats {
namespace {

/// One line an input, constant, node and output.
class JsonWriter {
 public:
  Result<std::string> Write(const GraphFile& file) && {
    WEBNN_ASSIGN_OR_RETURN(const std::string name, JsonString(file.name));
    text_ = fmt::format(
        "{{\n  \"format\": \"webnn-graph-json\",\n  \"version\": 2,\n  \"name\": {},\n"
        "  \"quantized\": {},\n",
        name, file.quantized);
    WEBNN_RETURN_IF_ERROR(Section("inputs", '{', file.inputs, &JsonWriter::AddInput));
    WEBNN_RETURN_IF_ERROR(Section("consts", '{', file.constants, &JsonWriter::AddConstant));
    WEBNN_RETURN_IF_ERROR(Section("nodes", '[', file.nodes, &JsonWriter::AddNode));
    WEBNN_RETURN_IF_ERROR(Section("outputs", '{', file.outputs, &JsonWriter::AddOutput));
    text_.resize(text_.size() - 2);  // the last comma
    return std::move(text_) + "\n}\n";
  }

 private:
  template <class Item>
  Result<void> Section(std::string_view name, char open, const std::vector<Item>& items,
                       Result<void> (JsonWriter::*add)(const Item&)) {
    text_ += fmt::format("  \"{}\": {}", name, open);
    for (size_t i = 0; i < items.size(); ++i) {
      text_ += i == 0 ? "\n    " : ",\n    ";
      WEBNN_RETURN_IF_ERROR((this->*add)(items[i]));
    }
    text_ += fmt::format("{}{},\n", items.empty() ? "" : "\n  ", open == '{' ? '}' : ']');
    return {};
  }

  Result<void> AddString(std::string_view text) {
    WEBNN_ASSIGN_OR_RETURN(const std::string quoted, JsonString(text));
    text_ += quoted;
    return {};
  }

  Result<void> AddStrings(const std::vector<std::string>& texts) {
    text_ += '[';
    for (size_t i = 0; i < texts.size(); ++i) {
      if (i > 0) text_ += ", ";
      WEBNN_RETURN_IF_ERROR(AddString(texts[i]));
    }
    text_ += ']';
    return {};
  }

  Result<void> AddValue(const Value& value) {
    if (const auto* text = value.As<std::string>()) return AddString(*text);
    if (const auto* boolean = value.As<bool>()) {
      text_ += *boolean ? "true" : "false";
    } else if (const auto* number = value.As<Number>()) {
      text_ += NumberText(*number);
    } else if (const auto* list = value.As<Value::List>()) {
      text_ += '[';
      for (size_t i = 0; i < list->size(); ++i) {
        if (i > 0) text_ += ", ";
        WEBNN_RETURN_IF_ERROR(AddValue((*list)[i]));
      }
      text_ += ']';
    } else {
      text_ += "null";
    }
    return {};
  }

  Result<void> AddInput(const FileInput& input) {
    WEBNN_RETURN_IF_ERROR(AddString(input.name));
    text_ += fmt::format(": {{\"dataType\": \"{}\", \"shape\": [", Name(input.type));
    for (size_t i = 0; i < input.shape.size(); ++i) {
      const FileDimension& dimension = input.shape[i];
      if (i > 0) text_ += ", ";
      if (dimension.name.empty()) {
        text_ += fmt::format("{}", dimension.size);
        continue;
      }
      text_ += "{\"name\": ";
      WEBNN_RETURN_IF_ERROR(AddString(dimension.name));
      text_ += fmt::format(", \"maxSize\": {}}}", dimension.size);
    }
    text_ += "]}";
    return {};
  }

  Result<void> AddConstant(const FileConstant& constant) {
    WEBNN_RETURN_IF_ERROR(AddString(constant.name));
    text_ += fmt::format(": {{\"dataType\": \"{}\", \"shape\": {}, \"init\": {{\"kind\": ",
                         Name(constant.type), ToString(constant.shape));
    if (const auto* key = std::get_if<WeightKey>(&constant.init)) {
      text_ += "\"weights\", \"ref\": ";
      WEBNN_RETURN_IF_ERROR(AddString(key->key));
    } else if (const auto* number = std::get_if<Number>(&constant.init)) {
      text_ += fmt::format("\"scalar\", \"value\": {}", NumberText(*number));
    } else {
      text_ += "\"inlineBytes\", \"bytes\": [";
      AddByteList(text_, std::get<ConstantData>(constant.init).bytes);
      text_ += ']';
    }
    text_ += "}}";
    return {};
  }

  Result<void> AddNode(const FileNode& node) {
    text_ += "{\"id\": ";
    WEBNN_RETURN_IF_ERROR(AddString(node.outputs.front()));
    text_ += fmt::format(", \"op\": \"{}\", \"inputs\": ", node.op);
    WEBNN_RETURN_IF_ERROR(AddValue(Value(Value::List(node.arguments))));
    text_ += ", \"options\": {";
    for (size_t i = 0; i < node.options.size(); ++i) {
      text_ += fmt::format("{}\"{}\": ", i > 0 ? ", " : "", node.options[i].first);
      WEBNN_RETURN_IF_ERROR(AddValue(node.options[i].second));
    }
    text_ += "}, \"outputs\": ";
    if (node.outputs.size() == 1) {
      text_ += "null";
    } else {
      WEBNN_RETURN_IF_ERROR(AddStrings(node.outputs));
    }
    text_ += '}';
    return {};
  }

  Result<void> AddOutput(const FileOutput& output) {
    WEBNN_RETURN_IF_ERROR(AddString(output.name));
    text_ += ": ";
    return AddString(output.value);
  }

  std::string text_;
};

}  // namespace

Result<std::string> WriteGraphJson(const GraphFile& file) { return JsonWriter().Write(file); }

}  // namespace webnn::formats
