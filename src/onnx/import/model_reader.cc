#include "onnx/import/model_reader.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::onnx_format {

using google::protobuf::MessageLite;

// Protobuf copies every string that it parses, weights too. So the messages on the way to them
// (model, graph, node, attribute, tensor) are taken apart here: large parts one by one, what lies
// between them by protobuf, whose parts of a message add up when they are merged.
class Splitter {
 public:
  explicit Splitter(ParsedModel& model) : model_(model) {}

  bool Model(std::span<const std::byte> bytes, ::onnx::ModelProto& model) {
    return Split(bytes, model, [&](uint32_t field, std::span<const std::byte> part) {
      return field == ::onnx::ModelProto::kGraphFieldNumber
                 ? std::optional(Graph(part, *model.mutable_graph()))
                 : std::nullopt;
    });
  }

 private:
  // What is smaller is left to protobuf.
  static constexpr size_t kSmall = 2048;
  // Nested graphs deeper than this are left to protobuf, which allows them a hundred levels.
  static constexpr int kMaxGraphs = 8;

  bool Graph(std::span<const std::byte> bytes, ::onnx::GraphProto& graph) {
    ++graphs_;
    const bool good = Split(
        bytes, graph, [&](uint32_t field, std::span<const std::byte> part) -> std::optional<bool> {
          if (field == ::onnx::GraphProto::kInitializerFieldNumber) {
            return Tensor(part, *graph.add_initializer());
          }
          if (field == ::onnx::GraphProto::kNodeFieldNumber) {
            return Node(part, *graph.add_node());
          }
          return std::nullopt;
        });
    --graphs_;
    return good;
  }

  bool Node(std::span<const std::byte> bytes, ::onnx::NodeProto& node) {
    return Split(bytes, node, [&](uint32_t field, std::span<const std::byte> part) {
      return field == ::onnx::NodeProto::kAttributeFieldNumber
                 ? std::optional(Attribute(part, *node.add_attribute()))
                 : std::nullopt;
    });
  }

  bool Attribute(std::span<const std::byte> bytes, ::onnx::AttributeProto& attribute) {
    return Split(bytes, attribute,
                 [&](uint32_t field, std::span<const std::byte> part) -> std::optional<bool> {
                   if (field == ::onnx::AttributeProto::kTFieldNumber) {
                     return Tensor(part, *attribute.mutable_t());
                   }
                   if (field == ::onnx::AttributeProto::kGFieldNumber && graphs_ < kMaxGraphs) {
                     return Graph(part, *attribute.mutable_g());
                   }
                   return std::nullopt;
                 });
  }

  bool Tensor(std::span<const std::byte> bytes, ::onnx::TensorProto& tensor) {
    return Split(bytes, tensor,
                 [&](uint32_t field, std::span<const std::byte> part) -> std::optional<bool> {
                   if (field != ::onnx::TensorProto::kRawDataFieldNumber) return std::nullopt;
                   model_.raw_data_[&tensor] = part;
                   tensor.set_raw_data("");  // so that it counts as given
                   return true;
                 });
  }

  static std::optional<uint64_t> Varint(std::span<const std::byte> bytes, size_t& at) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
      const auto byte = static_cast<uint8_t>(bytes[at++]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  static bool Merge(std::span<const std::byte> bytes, MessageLite& message) {
    if (bytes.empty()) return true;
    if (bytes.size() > INT32_MAX) return false;
    google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                  static_cast<int>(bytes.size()));
    return message.MergePartialFromCodedStream(&stream) && stream.ConsumedEntireMessage();
  }

  // Walks the fields of one message. `take(field, bytes)` may consume a large field with a length
  // (true or false: it was well-formed or not); protobuf gets all others.
  template <class Take>
  bool Split(std::span<const std::byte> bytes, MessageLite& message, Take take) {
    size_t begin = 0;  // of what protobuf has not seen
    size_t at = 0;
    while (at < bytes.size()) {
      const size_t field_begin = at;
      const auto tag = Varint(bytes, at);
      if (!tag) return false;
      size_t skip = 0;
      switch (*tag & 7) {
        case 0:
          if (!Varint(bytes, at)) return false;
          continue;
        case 1:
          skip = 8;
          break;
        case 2: {
          const auto length = Varint(bytes, at);
          if (!length || *length > bytes.size() - at) return false;
          skip = static_cast<size_t>(*length);
          if (skip < kSmall) break;
          // Before the part is taken: fields must be merged in the order of the file.
          if (!Merge(bytes.subspan(begin, field_begin - begin), message)) return false;
          begin = field_begin;
          const auto taken = take(static_cast<uint32_t>(*tag >> 3), bytes.subspan(at, skip));
          if (!taken) break;
          if (!*taken) return false;
          at += skip;
          begin = at;
          continue;
        }
        case 5:
          skip = 4;
          break;
        default:  // groups, which ONNX does not use
          return false;
      }
      if (skip > bytes.size() - at) return false;
      at += skip;
    }
    return Merge(bytes.subspan(begin), message);
  }

  ParsedModel& model_;
  int graphs_ = 0;
};

Result<std::shared_ptr<const ParsedModel>> ParsedModel::Parse(const ImportSource& source) {
  auto model = std::shared_ptr<ParsedModel>(new ParsedModel);
  model->name_ = source.path.empty() ? "the model" : source.path;
  std::span<const std::byte> bytes = source.bytes;
  model->owner_ = source.owner;
  if (source.owner == nullptr) {
    auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
    bytes = *copy;
    model->owner_ = std::move(copy);
  }
  model->proto_ = google::protobuf::Arena::CreateMessage<::onnx::ModelProto>(&model->arena_);
  if (!Splitter(*model).Model(bytes, *model->proto_)) {
    return TypeError(
        "{}: not an ONNX model of {} bytes: it is damaged, cut off, or nested too deeply",
        model->name_, bytes.size());
  }
  if (!model->proto_->has_graph()) {
    return TypeError("{}: not an ONNX model of {} bytes: it has no graph", model->name_,
                     bytes.size());
  }
  return std::shared_ptr<const ParsedModel>(std::move(model));
}

std::span<const std::byte> ParsedModel::RawData(const ::onnx::TensorProto& tensor) const {
  if (const auto found = raw_data_.find(&tensor); found != raw_data_.end()) return found->second;
  return std::as_bytes(std::span(tensor.raw_data()));
}

}  // namespace webnn::onnx_format
