#include "tests/lowering/interpreter.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "fmt/format.h"

namespace webnn::lowering {
namespace {

int BitsOf(Element element) {
  switch (element) {
    case Element::kInt8:
    case Element::kUint8:
      return 8;
    case Element::kInt32:
    case Element::kUint32:
      return 32;
    case Element::kBool:
      return 1;
    default:
      return 64;
  }
}
bool IsSigned(Element element) {
  return element == Element::kInt8 || element == Element::kInt32 || element == Element::kInt64;
}

// The pattern of the low bits, extended to 64.
int64_t Wrap(uint64_t bits, Element element) {
  const int unused = 64 - BitsOf(element);
  return IsSigned(element) ? static_cast<int64_t>(bits << unused) >> unused
                           : static_cast<int64_t>((bits << unused) >> unused);
}

struct Tensor {
  Element element = Element::kNone;
  std::vector<int64_t> values;
  int64_t At(size_t i) const { return values.size() == 1 ? values[0] : values[i]; }
};

bool Less(int64_t a, int64_t b, Element element) {
  return IsSigned(element) ? a < b : static_cast<uint64_t>(a) < static_cast<uint64_t>(b);
}

class Machine {
 public:
  Machine(const Target& target, Interpreted& result) : target_(target), result_(result) {}

  std::unordered_map<ValueId, Tensor> values;

  void Run(const ModelNode& node) {
    std::vector<Tensor> in;
    for (ValueId id : node.inputs) {
      if (!values.contains(id)) return Fault("{} reads a value that is not there", node.op_type);
      in.push_back(values[id]);
    }
    const bool is_where = node.op_type == "Where";
    const Element element = in[is_where ? 1 : 0].element;
    if (node.op_type == "DequantizeLinear" || node.op_type == "QuantizeLinear") {
      return Quantize(node, in);
    }
    if (!target_.Supports(node.op_type, element)) {
      Fault("the target has no {} of type {}", node.op_type, static_cast<int>(element));
    }
    for (size_t k = is_where ? 2 : 1; k < in.size(); ++k) {
      if (in[k].element != element) Fault("{} has operands of two types", node.op_type);
    }
    if (is_where && in[0].element != Element::kBool) Fault("the condition is not bool");

    size_t count = 1;
    for (const Tensor& tensor : in) count = std::max(count, tensor.values.size());
    Tensor out = {ResultType(node, element), {}};
    for (size_t i = 0; i < count; ++i) {
      const auto at = [&](size_t k) { return k < in.size() ? in[k].At(i) : 0; };
      const int64_t value = Apply(node, element, at(0), at(1), at(2));
      out.values.push_back(Wrap(static_cast<uint64_t>(value), out.element));
    }
    values[node.outputs.at(0)] = std::move(out);
  }

 private:
  template <class... Args>
  void Fault(fmt::format_string<Args...> format, Args&&... args) {
    result_.faults.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  // With scale 1, a cast between 8 bits and float.
  void Quantize(const ModelNode& node, const std::vector<Tensor>& in) {
    const bool to_float = node.op_type == "DequantizeLinear";
    if (!target_.cast_by_quantization.Has(in[to_float ? 0 : 2].element)) {
      Fault("{} of a type that is not cast so", node.op_type);
    }
    Tensor out = {to_float ? Element::kFloat : in[2].element, in[0].values};
    for (int64_t value : out.values) {
      if (value < -128 || value > 127) Fault("{} does not fit 8 bits", value);
    }
    values[node.outputs.at(0)] = std::move(out);
  }

  static Element ResultType(const ModelNode& node, Element element) {
    if (node.op_type == "Cast") {
      return static_cast<Element>(std::get<int64_t>(node.attributes.at(0).value));
    }
    for (std::string_view op : {"Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"}) {
      if (node.op_type == op) return Element::kBool;
    }
    return element;
  }

  int64_t Apply(const ModelNode& node, Element element, int64_t a, int64_t b, int64_t c) {
    const std::string_view op = node.op_type;
    const auto ua = static_cast<uint64_t>(a);
    const auto ub = static_cast<uint64_t>(b);
    if (op == "Cast") {
      const Element to = ResultType(node, element);
      const auto is_restricted = [&](Element one) { return target_.cast_by_float.Has(one); };
      if ((is_restricted(element) && to != Element::kFloat) ||
          (is_restricted(to) && element != Element::kFloat)) {
        Fault("a cast of 8 bits that does not go by float");
      }
      if (is_restricted(to) && Wrap(static_cast<uint64_t>(a), to) != a) {
        Fault("{} does not fit 8 bits", a);
      }
      return to == Element::kBool ? a != 0 : a;
    }
    if (op == "Abs") return a < 0 ? static_cast<int64_t>(-ua) : a;
    if (op == "Mod") return Divide(element, a, b) * 0 + ((a % b) + b) % b;
    if (op == "Identity" || op == "Round") return a;
    if (op == "Add") return static_cast<int64_t>(ua + ub);
    if (op == "Sub") return static_cast<int64_t>(ua - ub);
    if (op == "Mul") return static_cast<int64_t>(ua * ub);
    if (op == "Max") return Less(a, b, element) ? b : a;
    if (op == "Min") return Less(b, a, element) ? b : a;
    if (op == "Less") return Less(a, b, element);
    if (op == "LessOrEqual") return !Less(b, a, element);
    if (op == "Greater") return Less(b, a, element);
    if (op == "GreaterOrEqual") return !Less(a, b, element);
    if (op == "Equal") return a == b;
    if (op == "Where") return a != 0 ? b : c;
    if (op == "Not") return a == 0;
    if (op == "And" || op == "BitwiseAnd") return a & b;
    if (op == "Or") return a | b;
    if (op == "Xor") return a ^ b;
    if (op == "Div") return Divide(element, a, b);
    Fault("{} is not known here", op);
    return 0;
  }

  int64_t Divide(Element element, int64_t a, int64_t b) {
    const int64_t least = Wrap(uint64_t{1} << (BitsOf(element) - 1), element);
    if (b == 0 || (IsSigned(element) && a == least && b == -1)) {
      Fault("{} / {} stops the process", a, b);
      return 0;
    }
    if (IsSigned(element)) return a / b;
    return static_cast<int64_t>(static_cast<uint64_t>(a) / static_cast<uint64_t>(b));
  }

  const Target& target_;
  Interpreted& result_;
};

}  // namespace

Interpreted Interpret(const Model& model, const Target& target,
                      const std::vector<std::vector<int64_t>>& inputs) {
  Interpreted result;
  Machine machine(target, result);
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    // The same bits in the type that the model declares.
    Tensor tensor = {model.inputs[i].element, {}};
    for (int64_t value : inputs.at(i)) {
      tensor.values.push_back(Wrap(static_cast<uint64_t>(value), tensor.element));
    }
    machine.values[model.inputs[i].value] = std::move(tensor);
  }
  for (const Initializer& initializer : model.initializers) {
    Tensor tensor = {initializer.element, {}};
    const size_t size = (BitsOf(initializer.element) + 7) / 8;
    for (size_t i = 0; i < initializer.bytes().size(); i += size) {
      uint64_t bits = 0;
      std::memcpy(&bits, initializer.bytes().data() + i, size);
      tensor.values.push_back(Wrap(bits, initializer.element));
    }
    // What becomes of it in the kernels of such a target.
    if (target.short_scalars && tensor.values.size() == 1 &&
        initializer.element == Element::kInt64 &&
        tensor.values[0] == std::numeric_limits<int64_t>::min()) {
      tensor.values[0] = 0;
    }
    machine.values[initializer.value] = std::move(tensor);
  }
  for (const ModelNode& node : model.nodes) machine.Run(node);
  for (const ModelInput& output : model.outputs) {
    Tensor& tensor = machine.values[output.value];
    if (tensor.element != output.element) {
      result.faults.push_back(fmt::format("output \"{}\" has another type", output.name));
    }
    for (int64_t& value : tensor.values) {
      value = Wrap(static_cast<uint64_t>(value), ElementOf(output.descriptor.data_type()));
    }
    result.outputs.push_back(tensor.values);
  }
  return result;
}

}  // namespace webnn::lowering
