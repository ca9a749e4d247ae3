#include "graph/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "fmt/format.h"

namespace webnn {
namespace {

// Bytes from which what was added could be read back, so that no two contents give the same.
class Encoder {
 public:
  void Add(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(number >> shift);
  }
  void Add(std::string_view text) {
    Add(uint64_t{text.size()});
    bytes_ += text;
  }
  void Add(Hash128 hash) {
    Add(hash.high);
    Add(hash.low);
  }
  void Add(const OperandDescriptor& descriptor) {
    Add(Name(descriptor.data_type()));
    Add(uint64_t{descriptor.rank()});
    for (uint32_t size : descriptor.shape()) Add(uint64_t{size});
  }
  // An integer is the same number whether or not it was written as an unsigned one.
  void AddNumber(const Number& number) {
    const bool is_double = number.kind() == Number::Kind::kDouble;
    const bool is_large = number.kind() == Number::Kind::kUint64 && number.int64() < 0;
    bytes_ += is_double ? 'd' : is_large ? 'u' : 'i';
    Add(is_double ? std::bit_cast<uint64_t>(number.float64()) : number.uint64());
  }
  // The value of an attribute; operands are no attributes.
  void AddValue(const Value& value) {
    if (const bool* boolean = value.As<bool>()) {
      bytes_ += *boolean ? 't' : 'f';
    } else if (const Number* number = value.As<Number>()) {
      AddNumber(*number);
    } else if (const std::string* text = value.As<std::string>()) {
      bytes_ += 's';
      Add(std::string_view(*text));
    } else if (const Value::List* list = value.As<Value::List>()) {
      bytes_ += 'l';
      Add(uint64_t{list->size()});
      for (const Value& item : *list) AddValue(item);
    } else {
      bytes_ += '-';
    }
  }
  Hash128 Hash() const { return HashBytes(bytes_); }

 private:
  std::string bytes_;
};

// Numbers operands in the order in which a walk from the outputs meets them, and writes the
// operators and weights down in that order.
class Walk {
 public:
  explicit Walk(const GraphData& graph)
      : graph_(graph), numbers_(graph.operands.size(), kNone), open_(graph.nodes.size(), false) {
    for (const NamedOperand& input : graph.inputs) numbers_[input.id] = next_++;
    for (const NamedOperand& output : graph.outputs) Visit(output.id);
    operators_.Add("outputs");
    for (const NamedOperand& output : graph.outputs) operators_.Add(numbers_[output.id]);
  }
  Hash128 operators() const { return operators_.Hash(); }
  Hash128 weights() const {
    // Only what nobody has read yet: a graph may be compiled several times.
    std::vector<std::optional<Hash128>> hashes;
    std::vector<std::span<const std::byte>> unread;
    for (const ConstantData* weight : weights_) {
      hashes.push_back(weight->hash != nullptr ? weight->hash->Get() : std::nullopt);
      if (!hashes.back()) unread.push_back(weight->bytes);
    }
    const std::vector<Hash128> read = HashEach(unread);
    auto next = read.begin();
    Encoder encoder;
    for (size_t i = 0; i < weights_.size(); ++i) {
      if (!hashes[i]) {
        hashes[i] = *next++;
        if (weights_[i]->hash != nullptr) weights_[i]->hash->Set(*hashes[i]);
      }
      encoder.Add(*hashes[i]);
    }
    return encoder.Hash();
  }

 private:
  static constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();

  // Depth first, without recursion: a graph may be as deep as it is large.
  void Visit(uint32_t id) {
    std::vector<uint32_t> pending = {id};
    while (!pending.empty()) {
      const uint32_t current = pending.back();
      if (numbers_[current] != kNone) {
        pending.pop_back();
      } else if (graph_.operands[current].kind == OperandKind::kConstant) {
        WriteConstant(current);
      } else if (const uint32_t node = graph_.operands[current].source; open_[node]) {
        WriteNode(graph_.nodes[node]);
      } else {
        open_[node] = true;
        // The last one pushed is visited first.
        const size_t begin = pending.size();
        ForEachInput(graph_.nodes[node],
                     [&](const OpField&, Operand operand) { pending.push_back(operand.id); });
        std::reverse(pending.begin() + static_cast<ptrdiff_t>(begin), pending.end());
      }
    }
  }

  void WriteConstant(uint32_t id) {
    numbers_[id] = next_++;
    const OperandRecord& record = graph_.operands[id];
    operators_.Add("constant");
    operators_.Add(record.descriptor);
    weights_.push_back(&graph_.constants[record.source]);
  }

  void WriteNode(const NodeRecord& node) {
    for (uint32_t k = 0; k < node.output_count; ++k) numbers_[node.first_output + k] = next_++;
    operators_.Add(node.schema->name);
    for (const OpField& field : node.schema->fields) {
      if (field.name == "label") continue;
      operators_.Add(field.name);
      if (!field.is_operand) {
        operators_.AddValue(field.write(node.op.get()));
        continue;
      }
      const auto operands = OperandsOf(field, node.op.get());
      operators_.Add(uint64_t{operands.size()});
      for (Operand operand : operands) operators_.Add(numbers_[operand.id]);
    }
    operators_.Add(uint64_t{node.output_count});
  }

  const GraphData& graph_;
  std::vector<uint64_t> numbers_;  ///< By the operand's id.
  std::vector<bool> open_;         ///< By the node's place: its inputs are pending or numbered.
  uint64_t next_ = 0;
  Encoder operators_;
  std::vector<const ConstantData*> weights_;
};

std::string Describe(const GraphData& graph, const std::vector<NamedOperand>& operands) {
  std::string text;
  for (const auto& [name, id] : operands) {
    // Quoted and escaped, so that no name can be taken for two operands.
    text += fmt::format("{}{:?} {}", text.empty() ? "" : ", ", name,
                        ToString(graph.operands[id].descriptor));
  }
  return text;
}

}  // namespace

void AddFingerprint(const GraphData& graph, cache::Key& key) {
  const Walk walk(graph);
  key.Add("inputs", Describe(graph, graph.inputs))
      .Add("outputs", Describe(graph, graph.outputs))
      .Add("operators", walk.operators())
      .Add("weights", walk.weights());
}

}  // namespace webnn
