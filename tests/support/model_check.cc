#include "tests/support/model_check.h"

#include <string_view>
#include <unordered_map>

#include "fmt/format.h"
#include "lowering/constants.h"

namespace webnn::testing_support {
namespace {

using lowering::Element;
using lowering::Model;
using lowering::ModelNode;
using lowering::ValueId;

// Types of an operator's operands: "T" is the type of the data, "I" int32 or int64, "L" int64, "B"
// bool, "F" float32, "*" anything. The last letter of the inputs repeats. After the colon the
// outputs'.
std::string_view SignatureOf(std::string_view op) {
  static const std::unordered_map<std::string_view, std::string_view> kSignatures = {
      {"And", "BB:B"},
      {"Or", "BB:B"},
      {"Xor", "BB:B"},
      {"Not", "B:B"},
      {"Less", "TT:B"},
      {"LessOrEqual", "TT:B"},
      {"Greater", "TT:B"},
      {"GreaterOrEqual", "TT:B"},
      {"Equal", "TT:B"},
      {"IsNaN", "T:B"},
      {"IsInf", "T:B"},
      {"Where", "BTT:T"},
      {"ArgMax", "T:L"},
      {"ArgMin", "T:L"},
      {"Cast", "T:*"},
      {"Gather", "TI:T"},
      {"GatherElements", "TI:T"},
      {"GatherND", "TL:T"},
      {"ScatterElements", "TIT:T"},
      {"ScatterND", "TLT:T"},
      {"Reshape", "TL:T"},
      {"Expand", "TL:T"},
      {"Tile", "TL:T"},
      {"Slice", "TL:T"},
      {"Split", "TL:T"},
      {"Squeeze", "TL:T"},
      {"Unsqueeze", "TL:T"},
      {"Pad", "TLT:T"},
      {"CumSum", "TI:T"},
      {"Trilu", "TL:T"},
      {"Resize", "TFFL:T"},
      {"ReduceSum", "TL:T"},
      {"ReduceMean", "TL:T"},
      {"ReduceMax", "TL:T"},
      {"ReduceMin", "TL:T"},
      {"ReduceProd", "TL:T"},
      {"ReduceL1", "TL:T"},
      {"ReduceL2", "TL:T"},
      {"ReduceLogSum", "TL:T"},
      {"ReduceLogSumExp", "TL:T"},
      {"ReduceSumSquare", "TL:T"},
      {"LSTM", "TTTTITT:T"},
      {"GRU", "TTTTIT:T"},
      {"QuantizeLinear", "F**:*"},
      {"DequantizeLinear", "*F*:F"},
  };
  const auto found = kSignatures.find(op);
  return found == kSignatures.end() ? "T:T" : found->second;
}

bool Fits(char letter, Element element, Element data) {
  switch (letter) {
    case 'T':
      return element == data;
    case 'B':
      return element == Element::kBool;
    case 'I':
      return element == Element::kInt32 || element == Element::kInt64;
    case 'L':
      return element == Element::kInt64;
    case 'F':
      return element == Element::kFloat;
    default:
      return true;
  }
}

class Checker {
 public:
  Checker(const Model& model, const lowering::Target& target)
      : model_(model), target_(target), made_(model.value_count, false) {}

  std::vector<std::string> Run() && {
    if (model_.elements.size() < model_.value_count) return {"values without a type"};
    for (const lowering::ModelInput& input : model_.inputs) {
      Make(input.value, "input");
      if (model_.elements[input.value] != input.element)
        Report("input {} of two types", input.name);
    }
    for (const lowering::Initializer& constant : model_.initializers) Check(constant);
    for (const ModelNode& node : model_.nodes) Check(node);
    std::vector<bool> named(model_.value_count, false);
    for (const lowering::ModelInput& output : model_.outputs) {
      if (!made_[output.value]) Report("output {} is not computed", output.name);
      if (named[output.value]) Report("output {} has another's value", output.name);
      named[output.value] = true;
      if (model_.elements[output.value] != output.element) {
        Report("output {} of two types", output.name);
      }
    }
    for (const lowering::ValueShape& shape : model_.shapes) {
      if (shape.element != model_.elements[shape.value] &&
          target_.carriers.Of(shape.element) != model_.elements[shape.value]) {
        Report("value {} is described with another type", shape.value);
      }
    }
    return std::move(problems_);
  }

 private:
  template <class... Args>
  void Report(fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void Make(ValueId id, std::string_view by) {
    if (id == 0 || id >= model_.value_count) return Report("{} makes the value {}", by, id);
    if (made_[id]) Report("{} makes the value {} again", by, id);
    made_[id] = true;
  }

  void Check(const lowering::Initializer& constant) {
    Make(constant.value, "constant");
    if (model_.elements[constant.value] != constant.element) {
      Report("constant {} of two types", constant.value);
    }
    size_t count = 1;
    for (int64_t size : constant.sizes) count *= static_cast<size_t>(size);
    if (constant.bytes().size() != (count * lowering::BitsOf(constant.element) + 7) / 8) {
      Report("constant {} has {} bytes", constant.value, constant.bytes().size());
    }
  }

  void Check(const ModelNode& node) {
    const std::string_view signature = SignatureOf(node.op_type);
    const size_t colon = signature.find(':');
    Element data = Element::kNone;
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const ValueId id = node.inputs[k];
      if (id == 0) continue;
      if (id >= model_.value_count || !made_[id]) {
        Report("{} reads the value {}, which is not there", node.op_type, id);
        return;
      }
      const char letter = signature[std::min(k, colon - 1)];
      const Element element = model_.elements[id];
      if (letter == 'T' && data == Element::kNone) data = element;
      if (!Fits(letter, element, data)) {
        Report("input {} of {} has the type {}, data {}", k, node.op_type,
               static_cast<int>(element), static_cast<int>(data));
      }
    }
    for (ValueId id : node.outputs) {
      Make(id, node.op_type);
      if (id < model_.value_count && !Fits(signature[colon + 1], model_.elements[id], data)) {
        Report("{} gives the type {}, data {}", node.op_type, static_cast<int>(model_.elements[id]),
               static_cast<int>(data));
      }
    }
    if (node.op_type == "Cast") {
      const auto to = std::get<int64_t>(node.attributes.at(0).value);
      if (static_cast<int64_t>(model_.elements[node.outputs.at(0)]) != to) {
        Report("a cast to {} gives another type", to);
      }
      const Element given = model_.elements[node.outputs.at(0)];
      for (const auto& [one, other] : {std::pair(data, given), std::pair(given, data)}) {
        if (target_.cast_by_float.Has(one) && !lowering::IsFloat(other)) {
          Report("a cast between {} and {}", static_cast<int>(one), static_cast<int>(other));
        }
      }
    } else if (data != Element::kNone && !target_.Supports(node.op_type, data)) {
      Report("the target takes no {} of type {}", node.op_type, static_cast<int>(data));
    }
  }

  const Model& model_;
  const lowering::Target& target_;
  std::vector<bool> made_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> ProblemsOf(const Model& model, const lowering::Target& target) {
  return Checker(model, target).Run();
}

}  // namespace webnn::testing_support
