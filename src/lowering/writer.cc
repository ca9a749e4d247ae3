#include "lowering/writer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "core/check.h"
#include "fmt/format.h"
#include "lowering/constants.h"

namespace webnn::lowering {
namespace {

DataType DataTypeOf(Element element) {
  switch (element) {
    case Element::kFloat:
      return DataType::kFloat32;
    case Element::kFloat16:
      return DataType::kFloat16;
    case Element::kInt32:
      return DataType::kInt32;
    case Element::kUint32:
      return DataType::kUint32;
    case Element::kInt64:
      return DataType::kInt64;
    case Element::kUint64:
      return DataType::kUint64;
    case Element::kInt8:
      return DataType::kInt8;
    case Element::kInt4:
      return DataType::kInt4;
    case Element::kUint4:
      return DataType::kUint4;
    default:
      return DataType::kUint8;
  }
}

// Types that hold every value of `element`, in the order of preference. Integers of 64 bits have
// none: there an operator needs a decomposition of its own.
std::span<const Element> WiderTypes(Element element) {
  using E = Element;
  static constexpr E kFloat16[] = {E::kFloat};
  static constexpr E kFloat[] = {E::kDouble};
  static constexpr E kByte[] = {E::kInt32, E::kInt64, E::kFloat};
  static constexpr E kNibble[] = {E::kInt8, E::kInt32, E::kInt64, E::kFloat};
  static constexpr E kUnsignedNibble[] = {E::kUint8, E::kInt32, E::kInt64, E::kFloat};
  static constexpr E kInt32[] = {E::kInt64, E::kDouble};
  static constexpr E kBool[] = {E::kUint8, E::kInt32};
  static constexpr E kUint64[] = {E::kInt64};  // equal bits: right where sign does not matter
  switch (element) {
    case E::kFloat16:
    case E::kBfloat16:
      return kFloat16;
    case E::kFloat:
      return kFloat;
    case E::kInt8:
    case E::kUint8:
      return kByte;
    case E::kInt4:
      return kNibble;
    case E::kUint4:
      return kUnsignedNibble;
    case E::kInt32:
    case E::kUint32:
      return kInt32;
    case E::kUint64:
      return kUint64;
    case E::kBool:
      return kBool;
    default:
      return {};
  }
}

std::vector<int64_t> ToSizes(const Shape& shape) { return {shape.begin(), shape.end()}; }

}  // namespace

Element ElementOf(DataType type) {
  switch (type) {
    case DataType::kFloat32:
      return Element::kFloat;
    case DataType::kFloat16:
      return Element::kFloat16;
    case DataType::kInt32:
      return Element::kInt32;
    case DataType::kUint32:
      return Element::kUint32;
    case DataType::kInt64:
      return Element::kInt64;
    case DataType::kUint64:
      return Element::kUint64;
    case DataType::kInt8:
      return Element::kInt8;
    case DataType::kUint8:
      return Element::kUint8;
    case DataType::kInt4:
      return Element::kInt4;
    case DataType::kUint4:
      return Element::kUint4;
  }
  return Element::kNone;
}

std::vector<int64_t> Writer::SizesOf(Operand operand) const { return ToSizes(ShapeOf(operand)); }

const OperandDescriptor& Writer::Output(size_t k) const {
  return graph_.operands[graph_.nodes[current_].first_output + k].descriptor;
}

std::vector<int64_t> Writer::OutputSizes(size_t k) const { return ToSizes(Output(k).shape()); }

LoweredValue Writer::GetBool(Operand operand) { return Cast(Get(operand), Element::kBool); }

std::span<const std::byte> Writer::ConstantBytes(Operand operand) const {
  const OperandRecord& record = graph_.operands[operand.id];
  if (record.kind != OperandKind::kConstant) return {};
  return graph_.constants[record.source].bytes;
}

std::optional<std::vector<int64_t>> Writer::ConstantIntegers(Operand operand) const {
  const std::span<const std::byte> bytes = ConstantBytes(operand);
  if (bytes.empty()) return std::nullopt;
  const DataType type = TypeOf(operand);
  const int bits = BitsPerElement(type);
  if (type == DataType::kFloat32 || type == DataType::kFloat16 || bits < 8) return std::nullopt;
  const bool is_signed =
      type == DataType::kInt8 || type == DataType::kInt32 || type == DataType::kInt64;
  std::vector<int64_t> values(Describe(operand).element_count());
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t raw = 0;
    std::memcpy(&raw, bytes.data() + i * bits / 8, bits / 8);
    const int unused = 64 - bits;
    values[i] =
        is_signed ? static_cast<int64_t>(raw << unused) >> unused : static_cast<int64_t>(raw);
  }
  return values;
}

Element Writer::ComputeType(Element element, std::initializer_list<std::string_view> ops) const {
  auto supported = [&](Element candidate) {
    return std::all_of(ops.begin(), ops.end(),
                       [&](std::string_view op) { return target_.Supports(op, candidate); });
  };
  if (supported(element)) return element;
  for (Element wider : WiderTypes(element)) {
    if (supported(wider)) return wider;
  }
  return element;
}

LoweredValue Writer::Cast(LoweredValue value, Element element) {
  if (!value || value.element == element) return value;
  // Back to what this value was narrowed from, or from there to the new type where it loses less.
  if (auto wide = narrowed_from_.find(value.id); wide != narrowed_from_.end()) {
    if (wide->second.element == element && element == Element::kBool) return wide->second;
  }
  const uint64_t key = CastKey(value, element);
  if (auto known = casts_.find(key); known != casts_.end()) return known->second;
  const LoweredValue result = Convert(value, element);
  casts_.emplace(key, result);
  if (value.element == Element::kBool) narrowed_from_.emplace(result.id, value);
  return result;
}

LoweredValue Writer::ToOrdered(LoweredValue value, std::string_view op) {
  if (value.element != Element::kUint64 || target_.Supports(op, Element::kUint64)) {
    return Cast(value, ComputeType(value.element, {op}));
  }
  constexpr int64_t kSign = std::numeric_limits<int64_t>::min();
  if (const Initializer* constant = Folding(value)) {
    std::vector<int64_t> ordered(constant->bytes().size() / sizeof(int64_t));
    std::memcpy(ordered.data(), constant->bytes().data(), constant->bytes().size());
    for (int64_t& number : ordered) number ^= kSign;
    const auto bytes = std::as_bytes(std::span(ordered));
    return AddFolded({bytes.begin(), bytes.end()}, constant->sizes, Element::kInt64);
  }
  return Barrier(FlipSign(Cast(value, Element::kInt64)));
}

LoweredValue Writer::FromOrdered(LoweredValue value, LoweredValue original) {
  if (original.element != Element::kUint64 || value.element == Element::kUint64) {
    return Cast(value, original.element);
  }
  return Cast(FlipSign(Barrier(value)), Element::kUint64);
}

namespace {

template <class T>
void Append(std::string& key, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void Append(std::string& key, std::string_view text) {
  Append(key, text.size());
  key.append(text);
}
template <class T>
void Append(std::string& key, const std::vector<T>& list) {
  Append(key, list.size());
  for (const T& item : list) Append(key, item);
}

// All that a node computes.
std::string KeyOf(const ModelNode& node, Element element, size_t outputs) {
  std::string key;
  key.reserve(64);
  Append(key, node.op_type);
  Append(key, element);
  Append(key, outputs);
  Append(key, node.inputs);
  for (const Attribute& attribute : node.attributes) {
    Append(key, attribute.name);
    Append(key, attribute.value.index());
    std::visit([&](const auto& value) { Append(key, value); }, attribute.value);
  }
  return key;
}

}  // namespace

LoweredValue Writer::NewValue(Element element) {
  model_.elements.resize(next_ + 1, Element::kNone);
  model_.elements[next_] = target_.carriers.Of(element);
  return {next_++, element};
}

LoweredValue Writer::Emit(std::string_view op, std::vector<LoweredValue> inputs,
                          std::vector<Attribute> attributes, Element element) {
  return EmitMany(op, std::move(inputs), 1, std::move(attributes), element).front();
}

std::vector<LoweredValue> Writer::EmitMany(std::string_view op, std::vector<LoweredValue> inputs,
                                           size_t outputs, std::vector<Attribute> attributes,
                                           Element element) {
  if (element == Element::kNone) element = inputs.front().element;
  ModelNode node{.op_type = op,
                 .inputs = {},
                 .outputs = {},
                 .attributes = std::move(attributes),
                 .source = current_};
  node.inputs.reserve(inputs.size());
  for (LoweredValue input : inputs) node.inputs.push_back(input.id);
  while (!node.inputs.empty() && node.inputs.back() == 0) node.inputs.pop_back();
  // What was computed before is not computed again.
  const auto [known, is_new] = computed_.try_emplace(KeyOf(node, element, outputs), next_);
  std::vector<LoweredValue> results;
  results.reserve(outputs);
  for (size_t k = 0; k < outputs; ++k) {
    results.push_back(is_new ? NewValue(element)
                             : LoweredValue{known->second + static_cast<ValueId>(k), element});
  }
  if (!is_new) return results;
  for (LoweredValue result : results) node.outputs.push_back(result.id);
  model_.nodes.push_back(std::move(node));
  return results;
}

LoweredValue Writer::Binary(std::string_view op, LoweredValue a, LoweredValue b) {
  if ((op != "Max" && op != "Min") || target_.Supports(op, a.element)) return Emit(op, {a, b});
  return op == "Max" ? Where(Less(a, b), b, a) : Where(Less(b, a), b, a);
}

LoweredValue Writer::Clip(LoweredValue value, LoweredValue min, LoweredValue max) {
  if (target_.Supports("Clip", value.element)) return Emit("Clip", {value, min, max});
  return Min(Max(value, min), max);
}

LoweredValue Writer::Copy(LoweredValue value) {
  const Element element = ComputeType(value.element, {"Identity"});
  computed_.clear();  // a new value, although there may be one like it
  const LoweredValue copy = Emit("Identity", {Cast(value, element)});
  return element == value.element
             ? copy
             : Emit("Cast", {copy}, {{"to", static_cast<int64_t>(value.element)}}, value.element);
}

LoweredValue Writer::Reshape(LoweredValue value, std::span<const int64_t> sizes) {
  if (const Initializer* constant = Folding(value)) {
    Initializer reshaped = *constant;
    const LoweredValue result = NewValue(value.element);
    reshaped.value = result.id;
    reshaped.sizes.assign(sizes.begin(), sizes.end());
    constants_.emplace(result.id, model_.initializers.size());
    model_.initializers.push_back(std::move(reshaped));
    return result;
  }
  return Emit("Reshape", {value, Integers(sizes)});
}

LoweredValue Writer::Transpose(LoweredValue value, std::span<const int64_t> permutation) {
  bool identity = true;
  for (size_t i = 0; i < permutation.size(); ++i) {
    identity = identity && permutation[i] == static_cast<int64_t>(i);
  }
  if (identity || !value) return value;
  if (const Initializer* constant = Folding(value);
      constant != nullptr && BitsOf(constant->element) >= 8) {
    std::vector<int64_t> sizes;
    for (int64_t axis : permutation) sizes.push_back(constant->sizes[axis]);
    return AddFolded(
        TransposeElements(constant->bytes(), constant->element, constant->sizes, permutation),
        std::move(sizes), constant->element);
  }
  return Emit("Transpose", {value},
              {{"perm", std::vector<int64_t>(permutation.begin(), permutation.end())}});
}

LoweredValue Writer::Slice(LoweredValue value, std::span<const int64_t> starts,
                           std::span<const int64_t> ends, std::span<const int64_t> axes,
                           std::span<const int64_t> steps) {
  std::vector<LoweredValue> inputs = {value, Integers(starts), Integers(ends), Integers(axes)};
  if (!steps.empty()) inputs.push_back(Integers(steps));
  return Emit("Slice", std::move(inputs));
}

LoweredValue Writer::Reduce(std::string_view op, LoweredValue value, std::span<const int64_t> axes,
                            bool keep_dimensions) {
  if (axes.empty()) return value;
  return Emit(op, {value, Integers(axes)}, {{"keepdims", int64_t{keep_dimensions}}});
}

LoweredValue Writer::Scalar(Number value, Element element) {
  if (element == Element::kDouble) {
    const double number = value.ToDouble();
    return AddConstant(std::as_bytes(std::span(&number, 1)), {}, element);
  }
  const DataType type = DataTypeOf(element);
  const auto bytes = value.Encode(type);
  return AddConstant(std::span(bytes).first((BitsPerElement(type) + 7) / 8), {}, element);
}

LoweredValue Writer::ExactScalar(Number value, Element element, std::span<const int64_t> sizes) {
  const LoweredValue scalar = Scalar(value, element);
  return target_.short_scalars ? ExactScalar(scalar, sizes) : scalar;
}

namespace {

// Whether decimal source code with seven digits holds the one element.
bool IsShort(Element element, std::span<const std::byte> bytes) {
  if (element == Element::kFloat && bytes.size() == sizeof(float)) {
    float number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    return std::isnan(number) ||
           std::strtof(fmt::format("{:.7g}", number).c_str(), nullptr) == number;
  }
  if ((element == Element::kInt64 || element == Element::kUint64) &&
      bytes.size() == sizeof(int64_t)) {
    int64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number != std::numeric_limits<int64_t>::min();
  }
  return true;
}

}  // namespace

LoweredValue Writer::ExactScalar(LoweredValue value, std::span<const int64_t> sizes) {
  constexpr int64_t kMostCopies = 1 << 16;
  const Initializer* constant = target_.short_scalars ? Folding(value) : nullptr;
  if (constant == nullptr || IsShort(constant->element, constant->bytes())) return value;
  for (size_t axis = sizes.size(); axis-- > 0;) {
    if (sizes[axis] < 2 || sizes[axis] > kMostCopies) continue;
    std::vector<int64_t> shape(std::max(sizes.size() - axis, constant->sizes.size()), 1);
    shape[shape.size() - (sizes.size() - axis)] = sizes[axis];
    std::vector<std::byte> copies;
    for (int64_t i = 0; i < sizes[axis]; ++i) {
      copies.insert(copies.end(), constant->bytes().begin(), constant->bytes().end());
    }
    return AddConstant(copies, std::move(shape), value.element);
  }
  return value;  // of one element altogether
}

LoweredValue Writer::Term(LoweredValue value, std::span<const int64_t> sizes) {
  return target_.half && IsFloat(value.element) ? value : ExactScalar(value, sizes);
}

LoweredValue Writer::Integers(std::span<const int64_t> values) {
  return Constant(values, {static_cast<int64_t>(values.size())}, Element::kInt64);
}

LoweredValue Writer::AddConstant(std::span<const std::byte> bytes, std::vector<int64_t> sizes,
                                 Element element) {
  std::string key;
  constexpr size_t kSharedBytes = 64;
  const bool shared = bytes.size() <= kSharedBytes && sizes.size() <= 1;
  if (shared) {
    key.reserve(bytes.size() + 2);
    key.push_back(static_cast<char>(element));
    key.push_back(static_cast<char>(sizes.size()));
    key.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (auto known = shared_constants_.find(key); known != shared_constants_.end()) {
      return known->second;
    }
  }
  LoweredValue result = NewValue(element);
  Initializer& initializer = model_.initializers.emplace_back();
  initializer.value = result.id;
  initializer.element = element;
  initializer.sizes = std::move(sizes);
  initializer.own.assign(bytes.begin(), bytes.end());
  if (target_.folds_constants) constants_.emplace(result.id, model_.initializers.size() - 1);
  if (shared) shared_constants_.emplace(std::move(key), result);
  return result;
}

void Writer::LowerNode(uint32_t index) {
  const NodeRecord& node = graph_.nodes[index];
  current_ = index;
  const std::string& label = node.schema->label(node.op.get());
  model_.labels[index] = label.empty() ? std::string(node.schema->name) : label;
  const ValueId first_new = next_;
  std::vector<LoweredValue> results = node.schema->lower(*this, node.op.get());
  WEBNN_CHECK(results.size() == node.output_count);
  for (uint32_t k = 0; k < node.output_count; ++k) {
    const OperandDescriptor& descriptor = Output(k);
    const LoweredValue value = Cast(results[k], ElementOf(descriptor.data_type()));
    values_[node.first_output + k] = value;
    if (value.id >= first_new) {
      model_.shapes.push_back({value.id, value.element, descriptor.shape()});
    }
  }
}

// Backwards: a node stays when one of its outputs is read by a node that stays or is the graph's.
void Writer::DropDeadNodes() {
  std::vector<bool> used(next_, false);
  for (const ModelInput& output : model_.outputs) used[output.value] = true;
  auto dead = [&](const ModelNode& node) {
    return std::none_of(node.outputs.begin(), node.outputs.end(),
                        [&](ValueId id) { return used[id]; });
  };
  for (size_t i = model_.nodes.size(); i-- > 0;) {
    ModelNode& node = model_.nodes[i];
    if (dead(node)) {
      node.outputs.clear();
      continue;
    }
    for (ValueId input : node.inputs) used[input] = true;
  }
  std::erase_if(model_.nodes, [](const ModelNode& node) { return node.outputs.empty(); });
  std::erase_if(model_.initializers,
                [&](const Initializer& initializer) { return !used[initializer.value]; });
  std::vector<bool> computed(next_, false);
  for (const ModelNode& node : model_.nodes) {
    for (ValueId output : node.outputs) computed[output] = true;
  }
  std::erase_if(model_.shapes, [&](const ValueShape& shape) { return !computed[shape.value]; });
}

Model Writer::Finish() && {
  model_.opset = target_.opset;
  model_.labels.resize(graph_.nodes.size());
  values_.resize(graph_.operands.size());
  for (const NamedOperand& input : graph_.inputs) {
    const OperandDescriptor& descriptor = graph_.operands[input.id].descriptor;
    values_[input.id] = AddInput(input.name, descriptor);
  }
  for (uint32_t id = 0; id < graph_.operands.size(); ++id) {
    const OperandRecord& record = graph_.operands[id];
    if (record.kind != OperandKind::kConstant) continue;
    const ConstantData& constant = graph_.constants[record.source];
    if (constant.bytes.empty()) continue;  // not reachable
    values_[id] = NewValue(ElementOf(record.descriptor.data_type()));
    Initializer& initializer = model_.initializers.emplace_back();
    initializer.value = values_[id].id;
    initializer.element = values_[id].element;
    initializer.sizes = ToSizes(record.descriptor.shape());
    initializer.reference = constant.bytes;
    initializer.owner = constant.owner;
    if (target_.folds_constants) {
      constants_.emplace(values_[id].id, model_.initializers.size() - 1);
    }
  }
  for (uint32_t i = 0; i < graph_.nodes.size(); ++i) {
    if (graph_.nodes[i].reachable) LowerNode(i);
  }
  // An output needs a value that a node computes and that is no other output: ONNX gives a value
  // one name.
  std::vector<bool> taken(next_, true);
  for (const ModelNode& node : model_.nodes) {
    for (ValueId id : node.outputs) taken[id] = false;
  }
  for (const NamedOperand& output : graph_.outputs) {
    const OperandDescriptor& descriptor = graph_.operands[output.id].descriptor;
    LoweredValue value = ToBoundary(values_[output.id], descriptor);
    taken.resize(next_, false);
    if (taken[value.id]) value = ToBoundary(Copy(values_[output.id]), descriptor);
    taken.resize(next_, false);
    taken[value.id] = true;
    ModelInput& given = model_.outputs.emplace_back(value.id, output.name, descriptor);
    given.element = model_.elements[value.id];
    given.sizes = BoundarySizes(target_, descriptor);
  }
  DropDeadNodes();
  EncodeConstants();
  model_.value_count = next_;
  return std::move(model_);
}

}  // namespace webnn::lowering
