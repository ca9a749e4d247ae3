#include "onnx/import/control_flow.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "fmt/ranges.h"

namespace webnn::onnx_format {
namespace {

using ::onnx::GraphProto;

// As many as one concat takes.
constexpr int64_t kMaxTurns = 8192;

Result<const GraphProto*> Subgraph(const NodeData& node, std::string_view name) {
  const ::onnx::AttributeProto* attribute = node.Attribute(name);
  if (attribute == nullptr || !attribute->has_g()) {
    return TypeError("the graph \"{}\" is missing", name);
  }
  return &attribute->g();
}

Slot* InputOf(const NodeData& node, size_t k) {
  return k < node.inputs.size() ? node.inputs[k] : nullptr;
}

// A known number; nothing when it is computed at run time. The value is present.
Result<std::optional<Number>> KnownNumber(const Slot& slot) {
  const HostTensor* known = slot.value.known();
  if (known == nullptr) return std::optional<Number>();
  const auto number = known->ToNumber();
  if (!number) {
    return TypeError("\"{}\" is {}[{}], not one number", slot.name, NameOf(known->element),
                     fmt::join(known->sizes, ", "));
  }
  return number;
}

Operand ToOperand(Node& handle, const ImportedValue& value) {
  const HostTensor* known = value.known();
  return known != nullptr ? handle.Constant(*known) : std::get<Operand>(value.what);
}

void Assign(NodeData& node, size_t k, const Slot& result) {
  if (k >= node.outputs.size() || node.outputs[k] == nullptr) return;
  node.outputs[k]->value = result.value;
  node.outputs[k]->refused = result.refused;
}

void RefuseAll(NodeData& node) {
  for (Slot* output : node.outputs) {
    if (output != nullptr) output->refused = true;
  }
}

Slot KnownSlot(HostTensor tensor) {
  Slot slot;
  slot.value.element = tensor.element;
  slot.value.sizes = tensor.sizes;
  slot.value.what = std::move(tensor);
  return slot;
}

// ---- If. ----

// Both branches are free of effects: what one of them gives can be chosen afterwards.
Result<void> Select(ImporterImpl& importer, NodeData& node, const std::vector<Slot*>& yes,
                    const std::vector<Slot*>& no) {
  Node handle(importer, node);
  const Operand condition = handle.Reshape(handle.Get(0), std::vector<int64_t>());
  for (size_t k = 0; k < node.outputs.size(); ++k) {
    if (node.outputs[k] == nullptr) continue;
    const ImportedValue& a = yes[k]->value;
    const ImportedValue& b = no[k]->value;
    if (yes[k]->refused || no[k]->refused) {
      node.outputs[k]->refused = true;
      continue;
    }
    if (a.element != b.element || a.sizes != b.sizes) {
      return handle.Refuse(
          fmt::format("its condition is computed at run time, and the branches give {}[{}] and "
                      "{}[{}]",
                      NameOf(a.element), fmt::join(a.sizes, ", "), NameOf(b.element),
                      fmt::join(b.sizes, ", ")),
          "make the condition depend on shapes and constants alone");
    }
    const Operand chosen = handle.Emit(ops::Where{.condition = condition,
                                                  .true_value = ToOperand(handle, a),
                                                  .false_value = ToOperand(handle, b)});
    WEBNN_RETURN_IF_ERROR(handle.Set(k, chosen, a.element));
  }
  return {};
}

Result<void> ImportIf(ImporterImpl& importer, NodeData& node) {
  const Slot* condition = InputOf(node, 0);
  if (condition == nullptr) return TypeError("the condition is missing");
  WEBNN_ASSIGN_OR_RETURN(const GraphProto* const yes, Subgraph(node, "then_branch"));
  WEBNN_ASSIGN_OR_RETURN(const GraphProto* const no, Subgraph(node, "else_branch"));
  for (const GraphProto* branch : {yes, no}) {
    if (static_cast<size_t>(branch->output_size()) < node.outputs.size()) {
      return TypeError("a branch has {} outputs, {} are needed", branch->output_size(),
                       node.outputs.size());
    }
  }
  const auto import = [&](const GraphProto* branch) {
    return importer.ImportSubgraph(node, *branch, {},
                                   node.label + (branch == yes ? "/then/" : "/else/"));
  };
  WEBNN_ASSIGN_OR_RETURN(const auto known, KnownNumber(*condition));
  if (!known) {
    WEBNN_ASSIGN_OR_RETURN(const auto yes_outputs, import(yes));
    WEBNN_ASSIGN_OR_RETURN(const auto no_outputs, import(no));
    return Select(importer, node, yes_outputs, no_outputs);
  }
  WEBNN_ASSIGN_OR_RETURN(const auto outputs, import(known->ToDouble() != 0 ? yes : no));
  for (size_t k = 0; k < node.outputs.size(); ++k) Assign(node, k, *outputs[k]);
  return {};
}

// ---- What the turns of a loop give, stacked along a new axis. ----

bool AllKnown(const std::vector<ImportedValue>& values) {
  return std::ranges::all_of(values, [](const auto& value) {
    return value.known() != nullptr && BitsOf(value.element) >= 8;
  });
}

HostTensor StackKnown(const std::vector<ImportedValue>& values) {
  std::vector<int64_t> sizes = values[0].sizes;
  sizes.insert(sizes.begin(), static_cast<int64_t>(values.size()));
  std::byte* memory = nullptr;
  HostTensor stacked = HostTensor::Allocate(values[0].element, std::move(sizes), &memory);
  for (const ImportedValue& value : values) {
    const auto& bytes = value.known()->bytes;
    if (!bytes.empty()) std::memcpy(memory, bytes.data(), bytes.size());
    memory += bytes.size();
  }
  return stacked;
}

Result<void> SetStacked(ImporterImpl& importer, NodeData& node, size_t k,
                        const std::vector<ImportedValue>& values, int64_t axis_attribute) {
  Node handle(importer, node);
  if (k >= node.outputs.size() || !handle.Wants(k)) return {};
  if (values.empty()) {
    return handle.Refuse("it makes no turn, so that its output has no elements");
  }
  const ImportedValue& first = values[0];
  for (const ImportedValue& value : values) {
    if (value.element != first.element || value.sizes != first.sizes) {
      return handle.Refuse(fmt::format("its turns give different shapes, [{}] and [{}]",
                                       fmt::join(first.sizes, ", "), fmt::join(value.sizes, ", ")));
    }
  }
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis,
                         handle.Axis(axis_attribute, static_cast<int64_t>(first.sizes.size()) + 1));
  if (axis == 0 && AllKnown(values)) return handle.Set(k, StackKnown(values));
  std::vector<int64_t> sizes = first.sizes;
  sizes.insert(sizes.begin() + axis, 1);
  std::vector<Operand> rows;
  for (const ImportedValue& value : values) {
    rows.push_back(handle.Reshape(ToOperand(handle, value), sizes));
  }
  return handle.Set(k, handle.Emit(ops::Concat{.inputs = std::move(rows), .axis = axis}),
                    first.element);
}

// ---- Loop. ----

struct Turns {
  std::vector<Slot> carried;
  std::vector<std::vector<ImportedValue>> stacked;
  bool refused = false;
};

// Takes over what one turn has computed: values for the next one, then values to be stacked.
void EndTurn(Turns& turns, const std::vector<Slot*>& outputs, size_t first) {
  for (const Slot* output : outputs) turns.refused = turns.refused || output->refused;
  for (size_t k = 0; k < turns.carried.size(); ++k) {
    turns.carried[k] = Slot{.value = outputs[first + k]->value};
  }
  for (size_t k = 0; k < turns.stacked.size(); ++k) {
    turns.stacked[k].push_back(outputs[first + turns.carried.size() + k]->value);
  }
}

Result<void> ImportLoop(ImporterImpl& importer, NodeData& node) {
  WEBNN_ASSIGN_OR_RETURN(const GraphProto* const body, Subgraph(node, "body"));
  const size_t carried = std::max<size_t>(node.inputs.size(), 2) - 2;
  const auto outputs = static_cast<size_t>(body->output_size());
  if (static_cast<size_t>(body->input_size()) != carried + 2 || outputs < carried + 1 ||
      outputs - 1 < node.outputs.size()) {
    return TypeError("the body has {} inputs and {} outputs, which do not fit the node's {} and {}",
                     body->input_size(), outputs, node.inputs.size(), node.outputs.size());
  }
  int64_t trip_count = std::numeric_limits<int64_t>::max();
  bool goes_on = true;
  const auto computed = [](std::string_view what) {
    return Error{ErrorCode::kNotSupported,
                 fmt::format("its {} is computed at run time; WebNN's graphs have no loops", what),
                 "make it depend on shapes and constants alone"};
  };
  if (const Slot* count = InputOf(node, 0); count != nullptr) {
    WEBNN_ASSIGN_OR_RETURN(const auto known, KnownNumber(*count));
    if (!known) return computed("trip count");
    if (!known->is_integer()) return TypeError("the trip count is no integer");
    trip_count = known->int64();
  }
  if (const Slot* condition = InputOf(node, 1); condition != nullptr) {
    WEBNN_ASSIGN_OR_RETURN(const auto known, KnownNumber(*condition));
    if (!known) return computed("condition");
    goes_on = known->ToDouble() != 0;
  }
  Turns turns;
  for (size_t k = 0; k < carried; ++k) {
    const Slot* initial = InputOf(node, k + 2);
    if (initial == nullptr) return TypeError("input {} is missing", k + 2);
    turns.carried.push_back(Slot{.value = initial->value});
  }
  turns.stacked.resize(outputs - 1 - carried);

  for (int64_t turn = 0; turn < trip_count && goes_on; ++turn) {
    if (turn == kMaxTurns) {
      return Error{
          ErrorCode::kNotSupported, fmt::format("it makes more than {} turns", kMaxTurns), {}};
    }
    HostTensor number = HostTensor::Integers(std::array{turn});
    number.sizes.clear();
    std::byte* memory = nullptr;
    HostTensor condition = HostTensor::Allocate(Element::kBool, {}, &memory);
    *memory = std::byte{1};
    std::vector<Slot> inputs = {KnownSlot(std::move(number)), KnownSlot(std::move(condition))};
    inputs.insert(inputs.end(), turns.carried.begin(), turns.carried.end());
    WEBNN_ASSIGN_OR_RETURN(const auto results,
                           importer.ImportSubgraph(node, *body, std::move(inputs),
                                                   fmt::format("{}/turn {}/", node.label, turn)));
    EndTurn(turns, results, 1);
    if (turns.refused) {
      RefuseAll(node);
      return {};
    }
    WEBNN_ASSIGN_OR_RETURN(const auto next, KnownNumber(*results[0]));
    if (!next && turn + 1 < trip_count) return computed("condition");
    goes_on = next && next->ToDouble() != 0;
  }
  for (size_t k = 0; k < carried; ++k) Assign(node, k, turns.carried[k]);
  for (size_t k = 0; k < turns.stacked.size(); ++k) {
    WEBNN_RETURN_IF_ERROR(SetStacked(importer, node, carried + k, turns.stacked[k], 0));
  }
  return {};
}

// ---- Scan. ----

// One attribute of Scan with a number for each of `count` values; zeros when it is absent.
Result<std::vector<int64_t>> PerValue(const Node& handle, std::string_view name, size_t count) {
  WEBNN_ASSIGN_OR_RETURN(auto given, handle.Ints(name));
  if (!given) return std::vector<int64_t>(count, 0);
  if (given->size() != count) {
    return handle.Invalid("`{}` has {} numbers, {} are needed", name, given->size(), count);
  }
  return *std::move(given);
}

Operand SliceAt(Node& handle, Operand x, uint32_t axis, int64_t place) {
  std::vector<int64_t> sizes = handle.Sizes(x);
  std::vector<Dimension> starts(sizes.size());
  starts[axis] = static_cast<uint32_t>(place);
  sizes[axis] = 1;
  const Operand slice =
      handle.Emit(ops::Slice{.input = x, .starts = starts, .sizes = {sizes.begin(), sizes.end()}});
  sizes.erase(sizes.begin() + axis);
  return handle.Reshape(slice, sizes);
}

Result<void> ImportScan(ImporterImpl& importer, NodeData& node) {
  Node handle(importer, node);
  if (node.opset < 9) return handle.Refuse("Scan of opset 8 is not known", "export a newer opset");
  WEBNN_ASSIGN_OR_RETURN(const GraphProto* const body, Subgraph(node, "body"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t scanned_attribute, handle.Int("num_scan_inputs", 0));
  const size_t inputs = node.inputs.size();
  const auto outputs = static_cast<size_t>(body->output_size());
  const auto scanned = static_cast<size_t>(std::max<int64_t>(scanned_attribute, 0));
  if (scanned == 0 || scanned > inputs || static_cast<size_t>(body->input_size()) != inputs ||
      outputs < inputs - scanned || outputs < node.outputs.size() ||
      std::ranges::find(node.inputs, nullptr) != node.inputs.end()) {
    return TypeError("the body has {} inputs and {} outputs, which do not fit the node's {} and {}",
                     body->input_size(), outputs, inputs, node.outputs.size());
  }
  const size_t carried = inputs - scanned;
  const size_t stacked = outputs - carried;
  WEBNN_ASSIGN_OR_RETURN(const auto input_axes, PerValue(handle, "scan_input_axes", scanned));
  WEBNN_ASSIGN_OR_RETURN(const auto backward, PerValue(handle, "scan_input_directions", scanned));
  WEBNN_ASSIGN_OR_RETURN(const auto output_axes, PerValue(handle, "scan_output_axes", stacked));
  WEBNN_ASSIGN_OR_RETURN(const auto reversed, PerValue(handle, "scan_output_directions", stacked));
  std::vector<uint32_t> axes;
  int64_t length = 0;
  for (size_t k = 0; k < scanned; ++k) {
    WEBNN_ASSIGN_OR_RETURN(const uint32_t axis,
                           handle.Axis(input_axes[k], handle.RankOf(carried + k)));
    const int64_t size = handle.SizesOf(carried + k)[axis];
    if (k > 0 && size != length)
      return TypeError("the scanned axes have sizes {}, {}", length, size);
    length = size;
    axes.push_back(axis);
  }
  if (length > kMaxTurns) {
    return handle.Refuse(fmt::format("it makes more than {} turns", kMaxTurns));
  }
  Turns turns;
  for (size_t k = 0; k < carried; ++k) turns.carried.push_back(Slot{.value = handle.In(k)});
  turns.stacked.resize(stacked);
  for (int64_t turn = 0; turn < length; ++turn) {
    std::vector<Slot> given = turns.carried;
    for (size_t k = 0; k < scanned; ++k) {
      const int64_t place = backward[k] != 0 ? length - 1 - turn : turn;
      const Operand slice = SliceAt(handle, handle.Get(carried + k), axes[k], place);
      WEBNN_RETURN_IF_ERROR(handle.status());
      given.push_back(Slot{.value = {.what = slice,
                                     .element = handle.TypeOf(carried + k),
                                     .sizes = handle.Sizes(slice)}});
    }
    WEBNN_ASSIGN_OR_RETURN(const auto results,
                           importer.ImportSubgraph(node, *body, std::move(given),
                                                   fmt::format("{}/turn {}/", node.label, turn)));
    EndTurn(turns, results, 0);
    if (turns.refused) {
      RefuseAll(node);
      return {};
    }
  }
  for (size_t k = 0; k < carried; ++k) Assign(node, k, turns.carried[k]);
  for (size_t k = 0; k < stacked; ++k) {
    if (reversed[k] != 0) std::ranges::reverse(turns.stacked[k]);
    WEBNN_RETURN_IF_ERROR(
        SetStacked(importer, node, carried + k, turns.stacked[k], output_axes[k]));
  }
  return {};
}

}  // namespace

ControlFlow FindControlFlow(std::string_view op) {
  if (op == "If") return ImportIf;
  if (op == "Loop") return ImportLoop;
  if (op == "Scan") return ImportScan;
  return nullptr;
}

}  // namespace webnn::onnx_format
