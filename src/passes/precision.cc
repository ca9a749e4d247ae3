#include "passes/precision.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/op_schema.h"
#include "lowering/constants.h"

namespace webnn::passes {
namespace {

using lowering::Attribute;
using lowering::Element;
using lowering::Initializer;
using lowering::Model;
using lowering::ModelInput;
using lowering::ModelNode;
using lowering::Target;
using lowering::ValueId;

constexpr bool IsOneOf(std::string_view op, std::initializer_list<std::string_view> ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

class Pass {
 public:
  Pass(Model& model, const GraphData& graph, const Target& target, const PrecisionOptions& options)
      : model_(model), graph_(graph), target_(target), options_(options), half_(options.half) {}

  void Run() && {
    values_.resize(model_.value_count);
    for (ValueId id = 0; id < model_.value_count; ++id) {
      if (IsFlexible(model_.elements[id])) values_[id].At(model_.elements[id] == half_) = id;
    }
    for (size_t i = 0; i < model_.initializers.size(); ++i) {
      values_[model_.initializers[i].value].constant = static_cast<int64_t>(i);
    }
    FindLeavingValues();
    std::vector<ModelNode> nodes = std::exchange(model_.nodes, {});
    for (ModelNode& node : nodes) Rewrite(std::move(node));
    // Values that can be an output: of a node, and of no other name.
    std::vector<bool> nameable(model_.elements.size(), false);
    for (const ModelNode& node : model_.nodes) {
      for (ValueId id : node.outputs) nameable[id] = true;
    }
    for (ModelInput& output : model_.outputs) GiveOutput(output, nameable);
    DropUnused();
    model_.value_count = static_cast<uint32_t>(model_.elements.size());
  }

 private:
  // The forms that a value of the old model has in the new one, and which its readers prefer.
  struct Forms {
    ValueId wide = 0;
    ValueId half = 0;
    ValueId alias_of = 0;  // another value, which has the forms
    bool prefers_half = false;
    bool leaves = false;    // the operator that computes it
    int64_t constant = -1;  // place in `Model::initializers`
    ValueId& At(bool is_half) { return is_half ? half : wide; }
  };
  Forms& FormsOf(ValueId id) {
    return values_[values_[id].alias_of != 0 ? values_[id].alias_of : id];
  }

  // Types that take each other's place.
  bool IsFlexible(Element element) const { return element == Element::kFloat || element == half_; }
  bool IsFlexible(ValueId id) const { return IsFlexible(model_.elements[id]); }

  HalfPrecision ClassOf(const ModelNode& node) const {
    if (node.source >= graph_.nodes.size()) return HalfPrecision::kWide;  // of no operator
    return graph_.nodes[node.source].schema->half_precision;
  }

  // Values that another operator than the one that computes them reads.
  void FindLeavingValues() {
    std::vector<uint32_t> sources(model_.value_count, 0);
    for (const ModelNode& node : model_.nodes) {
      for (ValueId id : node.inputs) {
        if (sources[id] != node.source) values_[id].leaves = true;
      }
      for (ValueId id : node.outputs) sources[id] = node.source;
    }
  }

  // Inputs whose type ONNX fixes.
  static bool IsFixedInput(const ModelNode& node, size_t k) {
    return node.op_type == "Resize" && (k == 1 || k == 2);
  }
  bool IsFlexibleInput(const ModelNode& node, size_t k) const {
    return node.inputs[k] != 0 && IsFlexible(node.inputs[k]) && !IsFixedInput(node, k);
  }

  bool IsHalf(ValueId id) { return values_[id].prefers_half || FormsOf(id).wide == 0; }

  // Whether `half` holds all of a constant but for its last digits: neither a number too large, nor
  // all of them too small.
  bool Holds(const Initializer& constant) const {
    if (half_ != Element::kFloat16) return true;
    constexpr double kLargest = 65519;     // beyond, it is rounded to infinity
    constexpr double kSmallest = 0x1p-14;  // below, digits are lost
    const double largest = lowering::LargestFinite(constant.bytes(), constant.element);
    return largest <= kLargest && (largest == 0 || largest >= kSmallest);
  }

  bool ComputesInHalf(const ModelNode& node) {
    bool reads_half = true;
    bool reads_any = false;
    bool holds = true;
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (!IsFlexibleInput(node, k)) continue;
      const Forms& forms = FormsOf(node.inputs[k]);
      if (forms.constant >= 0) {
        holds = holds && Holds(model_.initializers[forms.constant]);
        reads_any = reads_any || forms.wide == 0;
        continue;
      }
      reads_any = true;
      reads_half = reads_half && IsHalf(node.inputs[k]);
    }
    const bool is_square = node.op_type == "Mul" && node.inputs[0] == node.inputs[1];
    if (!target_.Supports(node.op_type, half_)) return false;
    if (!target_.Supports(node.op_type, Element::kFloat)) return true;
    if (!reads_any || !holds || is_square) return false;
    if (IsOneOf(node.op_type, {"LayerNormalization", "InstanceNormalization"})) {
      return options_.half_normalization && reads_half;
    }
    if (node.op_type == "Softmax") return options_.half_softmax && reads_half;
    // One factor and one term.
    if (node.op_type == "BatchNormalization") return reads_half;
    switch (ClassOf(node)) {
      case HalfPrecision::kHalf:
        return true;
      case HalfPrecision::kFollows:
      case HalfPrecision::kBounded:
        return reads_half;
      case HalfPrecision::kWide:
      case HalfPrecision::kIsland:
        return false;
    }
    return false;
  }

  static bool IsCast(const ModelNode& node) { return node.op_type == "Cast"; }

  void Rewrite(ModelNode node) {
    const bool reads = std::any_of(node.inputs.begin(), node.inputs.end(),
                                   [&](ValueId id) { return id != 0 && IsFlexible(id); });
    const bool writes = std::any_of(node.outputs.begin(), node.outputs.end(),
                                    [&](ValueId id) { return IsFlexible(id); });
    if (IsCast(node) && reads && writes) {
      // Another name for the value: each reader takes the form that it needs.
      const Forms& original = values_[node.inputs[0]];
      Forms& alias = values_[node.outputs[0]];
      alias.alias_of = original.alias_of != 0 ? original.alias_of : node.inputs[0];
      alias.prefers_half = original.prefers_half || model_.elements[node.outputs[0]] == half_;
      return;
    }
    if (!reads) {
      model_.nodes.push_back(std::move(node));
      return;
    }
    const bool to_half = IsCast(node) ? FormsOf(node.inputs[0]).wide == 0 : ComputesInHalf(node);
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (IsFlexibleInput(node, k)) node.inputs[k] = Take(node.inputs[k], to_half, node.source);
    }
    const bool is_bounded =
        ClassOf(node) == HalfPrecision::kIsland || ClassOf(node) == HalfPrecision::kBounded;
    for (ValueId id : node.outputs) {
      if (!IsFlexible(id)) continue;
      model_.elements[id] = to_half ? half_ : Element::kFloat;
      Forms& forms = values_[id];
      forms.wide = to_half ? 0 : id;
      forms.half = to_half ? id : 0;
      forms.prefers_half = to_half || (is_bounded && forms.leaves);
    }
    model_.nodes.push_back(std::move(node));
  }

  // The value in the form that is asked for, which is made where it is missing.
  ValueId Take(ValueId id, bool is_half, uint32_t source) {
    Forms& forms = FormsOf(id);
    if (const ValueId known = forms.At(is_half); known != 0) return known;
    const Element element = is_half ? half_ : Element::kFloat;
    const ValueId from = forms.At(!is_half);
    const auto made = static_cast<ValueId>(model_.elements.size());
    model_.elements.push_back(element);
    if (forms.constant >= 0) {
      AddConverted(forms.constant, made, element);
    } else {
      model_.nodes.push_back({.op_type = "Cast",
                              .inputs = {from},
                              .outputs = {made},
                              .attributes = {{"to", static_cast<int64_t>(element)}},
                              .source = source});
    }
    forms.At(is_half) = made;
    return made;
  }

  void AddConverted(int64_t place, ValueId value, Element element) {
    const Initializer& constant = model_.initializers[place];
    const size_t count = constant.bytes().size() * 8 / lowering::BitsOf(constant.element);
    Initializer converted{.value = value, .element = element, .sizes = constant.sizes};
    auto bytes = lowering::ConvertElements(constant.bytes(), count, constant.element, element);
    if (!constant.own.empty()) {
      converted.own = std::move(bytes);
    } else {
      const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
      converted.reference = *owner;
      converted.owner = owner;
    }
    model_.initializers.push_back(std::move(converted));
  }

  // An output has its declared type.
  void GiveOutput(ModelInput& output, std::vector<bool>& nameable) {
    const auto source = static_cast<uint32_t>(graph_.nodes.size());  // no operator
    const size_t nodes = model_.nodes.size();
    if (IsFlexible(output.element)) {
      output.value = Take(output.value, output.element == half_, source);
    }
    nameable.resize(model_.elements.size(), model_.nodes.size() > nodes);
    if (!nameable[output.value]) {
      const auto copy = static_cast<ValueId>(model_.elements.size());
      model_.elements.push_back(output.element);
      model_.nodes.push_back({.op_type = "Identity",
                              .inputs = {output.value},
                              .outputs = {copy},
                              .attributes = {},
                              .source = source});
      output.value = copy;
      nameable.push_back(true);
    }
    nameable[output.value] = false;
  }

  void DropUnused() {
    std::vector<bool> used(model_.elements.size(), false);
    std::vector<bool> computed(model_.elements.size(), false);
    for (const ModelInput& output : model_.outputs) used[output.value] = true;
    for (const ModelNode& node : model_.nodes) {
      for (ValueId id : node.inputs) used[id] = true;
      for (ValueId id : node.outputs) computed[id] = true;
    }
    std::erase_if(model_.initializers,
                  [&](const Initializer& constant) { return !used[constant.value]; });
    std::erase_if(model_.shapes,
                  [&](const lowering::ValueShape& shape) { return !computed[shape.value]; });
    for (lowering::ValueShape& shape : model_.shapes) {
      shape.element = model_.elements[shape.value];
    }
  }

  Model& model_;
  const GraphData& graph_;
  const Target& target_;
  const PrecisionOptions& options_;
  const Element half_;
  std::vector<Forms> values_;  // by id in the old model
};

}  // namespace

void ApplyPrecision(Model& model, const GraphData& graph, const Target& target,
                    const PrecisionOptions& options) {
  Pass(model, graph, target, options).Run();
}

}  // namespace webnn::passes
