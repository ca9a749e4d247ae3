#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "webnn/types.h"

/// An ONNX model as plain data. What writes it in ONNX's wire format is in src/onnx/.
namespace webnn::lowering {

/// Element types of ONNX, by its numbers (onnx.proto, TensorProto.DataType).
enum class Element : uint8_t {
  kNone = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
  kUint4 = 21,
  kInt4 = 22,
};

Element ElementOf(DataType type);
constexpr bool IsFloat(Element element) {
  return element == Element::kFloat || element == Element::kFloat16 ||
         element == Element::kDouble || element == Element::kBfloat16;
}

/// A value of the model; 0 is an absent optional input.
using ValueId = uint32_t;

using AttributeValue = std::variant<int64_t, float, std::string_view, std::vector<int64_t>,
                                    std::vector<std::string_view>>;
struct Attribute {
  std::string_view name;
  AttributeValue value;
};

struct ModelNode {
  std::string_view op_type;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<Attribute> attributes;
  uint32_t source;  ///< The graph's node that this comes from.
};

/// A constant: bytes of its own, or a reference to the graph's.
struct Initializer {
  ValueId value;
  Element element;
  std::vector<int64_t> sizes;
  std::vector<std::byte> own;
  std::span<const std::byte> reference;
  std::shared_ptr<const void> owner;  ///< Keeps `reference` alive; may be null.

  std::span<const std::byte> bytes() const { return own.empty() ? reference : std::span(own); }
};

/// An input or output.
struct ModelInput {
  /// One that is in the model what it is in the graph.
  ModelInput(ValueId id, std::string given_name, OperandDescriptor given)
      : value(id),
        name(std::move(given_name)),
        descriptor(std::move(given)),
        element(ElementOf(descriptor.data_type())),
        sizes(descriptor.shape().begin(), descriptor.shape().end()) {}

  ValueId value;
  std::string name;
  OperandDescriptor descriptor;  ///< In the graph.
  Element element;               ///< In the model; as many bytes.
  std::vector<int64_t> sizes;
};

/// A value of the graph that the model computes, for checks of inferred shapes.
struct ValueShape {
  ValueId value;
  Element element;
  Shape shape;
};

struct Model {
  int opset = 0;
  std::vector<ModelNode> nodes;
  std::vector<Initializer> initializers;
  std::vector<ModelInput> inputs;   ///< In the graph's order.
  std::vector<ModelInput> outputs;  ///< In the graph's order.
  std::vector<ValueShape> shapes;   ///< Results of the graph's operators.
  std::vector<std::string> labels;  ///< Parallel to the graph's nodes: "softmax" or "my label".
  uint32_t value_count = 0;         ///< Ids are below this.
  std::vector<Element> elements;    ///< Of every value, by id.
};

}  // namespace webnn::lowering
