#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/float16.h"
#include "fmt/format.h"
#include "formats/graph_file.h"
#include "graph/op_schema.h"

namespace webnn::formats {
namespace {

// Does the operator take the value as its default?
bool Same(const Value& a, const Value& b) {
  if (a.variant().index() != b.variant().index()) return false;
  if (const auto* boolean = a.As<bool>()) return *boolean == *b.As<bool>();
  if (const auto* text = a.As<std::string>()) return *text == *b.As<std::string>();
  if (const auto* operand = a.As<Operand>()) return *operand == *b.As<Operand>();
  // By the text, which tells 0 from -0.
  if (const auto* number = a.As<Number>()) return ToString(*number) == ToString(*b.As<Number>());
  const auto* list = a.As<Value::List>();
  return list == nullptr || std::equal(list->begin(), list->end(), b.As<Value::List>()->begin(),
                                       b.As<Value::List>()->end(), Same);
}

// The number, where a reader that computes in float32 gets the same bytes from it, too.
std::optional<Number> ScalarOf(const OperandDescriptor& descriptor,
                               std::span<const std::byte> bytes) {
  const DataType type = descriptor.data_type();
  const int bits = BitsPerElement(type);
  if (descriptor.rank() != 0 || bits < 8) return std::nullopt;
  uint64_t raw = 0;
  std::memcpy(&raw, bytes.data(), bytes.size());
  Number number;
  if (type == DataType::kFloat32) {
    float value = 0;
    std::memcpy(&value, bytes.data(), sizeof(value));
    number = value;
  } else if (type == DataType::kFloat16) {
    number = Float16ToFloat(static_cast<uint16_t>(raw));
  } else if (Number(-1).Encode(type)[0] == std::byte{0}) {
    number = raw;  // unsigned
  } else {
    number = static_cast<int64_t>(raw << (64 - bits)) >> (64 - bits);
  }
  const double value = number.ToDouble();
  if (!std::isfinite(value)) return std::nullopt;
  const auto rounded = Number(static_cast<float>(value)).Encode(type);
  if (std::memcmp(rounded.data(), bytes.data(), bytes.size()) != 0) return std::nullopt;
  return number;
}

/// Names of all values: the users' where they name one value, else "operand_7".
class Names {
 public:
  explicit Names(const GraphData& graph) {
    for (const NamedOperand& input : graph.inputs) {
      names_.emplace(input.id, input.name);
      taken_.insert(input.name);
    }
    // A value has the name of the first output that it is, unless an input has that.
    for (const NamedOperand& output : graph.outputs) {
      if (!names_.contains(output.id) && taken_.insert(output.name).second) {
        names_.emplace(output.id, output.name);
      }
    }
    for (const NamedOperand& output : graph.outputs) taken_.insert(output.name);
  }

  const std::string& Of(uint32_t id) {
    auto& name = names_[id];
    if (!name.empty()) return name;
    name = fmt::format("operand_{}", id);
    while (!taken_.insert(name).second) name += "_";
    return name;
  }

 private:
  std::unordered_map<uint32_t, std::string> names_;
  std::unordered_set<std::string> taken_;
};

class Describer {
 public:
  Describer(const GraphData& graph, bool external)
      : graph_(graph), external_(external), names_(graph) {}

  DescribedGraph Run(const std::string& name) && {
    GraphFile& file = described_.file;
    file.name = name;
    for (const NamedOperand& input : graph_.inputs) {
      const OperandDescriptor& descriptor = graph_.operands[input.id].descriptor;
      FileInput& written = file.inputs.emplace_back();
      written.name = input.name;
      written.type = descriptor.data_type();
      for (uint32_t size : descriptor.shape()) written.shape.push_back({.size = size});
    }
    for (uint32_t id = 0; id < graph_.operands.size(); ++id) {
      const OperandRecord& record = graph_.operands[id];
      if (record.kind != OperandKind::kConstant) continue;
      const ConstantData& data = graph_.constants[record.source];
      if (!data.bytes.empty()) AddConstant(names_.Of(id), record.descriptor, data);
    }
    for (const NodeRecord& node : graph_.nodes) {
      if (node.reachable) AddNode(node);
    }
    for (const NamedOperand& output : graph_.outputs) {
      file.outputs.push_back({output.name, names_.Of(output.id), {}});
    }
    return std::move(described_);
  }

 private:
  void AddConstant(const std::string& name, const OperandDescriptor& descriptor,
                   const ConstantData& data) {
    FileConstant& constant = described_.file.constants.emplace_back();
    constant.name = name;
    constant.type = descriptor.data_type();
    constant.shape = descriptor.shape();
    if (const auto scalar = ScalarOf(descriptor, data.bytes)) {
      constant.init = *scalar;
    } else if (external_ && descriptor.rank() > 0) {
      constant.init = WeightKey{name};
      described_.weights.push_back({name, descriptor, data.bytes});
    } else {
      constant.init = data;
    }
  }

  // Operands by their names, and numbers that JSON lacks as texts.
  Value ToFileValue(const Value& value) {
    if (const auto* operand = value.As<Operand>()) return names_.Of(operand->id);
    if (const auto* number = value.As<Number>()) {
      return std::isfinite(number->ToDouble()) ? value : Value(ToString(*number));
    }
    const auto* list = value.As<Value::List>();
    if (list == nullptr) return value;
    Value::List items;
    for (const Value& item : *list) items.push_back(ToFileValue(item));
    return items;
  }

  void AddNode(const NodeRecord& node) {
    FileNode& written = described_.file.nodes.emplace_back();
    written.op = node.schema->name;
    const std::shared_ptr<void> defaults = node.schema->make();
    for (const OpField& field : node.schema->fields) {
      const Value value = field.write(node.op.get());
      if (!field.required && Same(value, field.write(defaults.get()))) continue;
      Value translated = ToFileValue(value);
      if (!field.required || !field.is_operand) {
        written.options.emplace_back(field.name, std::move(translated));
      } else if (const auto* list = translated.As<Value::List>()) {
        written.arguments.insert(written.arguments.end(), list->begin(), list->end());
      } else {
        written.arguments.push_back(std::move(translated));
      }
    }
    for (uint32_t k = 0; k < node.output_count; ++k) {
      written.outputs.push_back(names_.Of(node.first_output + k));
    }
  }

  const GraphData& graph_;
  const bool external_;
  Names names_;
  DescribedGraph described_;
};

}  // namespace

DescribedGraph DescribeGraph(const GraphDefinition& definition, const std::string& name,
                             bool external) {
  return Describer(*definition.data(), external).Run(name);
}

}  // namespace webnn::formats
