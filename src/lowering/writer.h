#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/graph_data.h"
#include "lowering/model.h"
#include "lowering/target.h"
#include "webnn/types.h"

namespace webnn::lowering {

/// A value of the model under construction and its element type. Absent when `id` is 0.
struct LoweredValue {
  ValueId id = 0;
  Element element = Element::kNone;
  explicit operator bool() const { return id != 0; }
};

/// The sizes that an operand has as an input or output of the model.
std::vector<int64_t> BoundarySizes(const Target& target, const OperandDescriptor& descriptor);

/// Writes the ONNX of one graph. An operator's `LowerToOnnx` gets its operands here, adds nodes and
/// returns its results in whatever type it computed them in: the writer narrows them to the
/// declared one. Helpers below cost nothing where there is nothing to do.
class Writer {
 public:
  Writer(const GraphData& graph, const Target& target) : graph_(graph), target_(target) {}

  // ---- What the operator is given. ----

  const Target& target() const { return target_; }
  const OperandDescriptor& Describe(Operand operand) const {
    return graph_.operands[operand.id].descriptor;
  }
  DataType TypeOf(Operand operand) const { return Describe(operand).data_type(); }
  const Shape& ShapeOf(Operand operand) const { return Describe(operand).shape(); }
  uint32_t RankOf(Operand operand) const { return Describe(operand).rank(); }
  std::vector<int64_t> SizesOf(Operand operand) const;
  /// Descriptor of the operator's k-th output.
  const OperandDescriptor& Output(size_t k = 0) const;
  std::vector<int64_t> OutputSizes(size_t k = 0) const;

  /// The operand in its declared type.
  LoweredValue Get(Operand operand) const { return values_[operand.id]; }
  LoweredValue Get(const std::optional<Operand>& operand) const {
    return operand ? Get(*operand) : LoweredValue{};
  }
  /// The operand, true where it is not 0.
  LoweredValue GetBool(Operand operand);
  /// Bytes of the operand where it is a constant, else empty.
  std::span<const std::byte> ConstantBytes(Operand operand) const;
  /// The operand as int64 numbers where it is a constant of an integer type.
  std::optional<std::vector<int64_t>> ConstantIntegers(Operand operand) const;

  // ---- Types. ----

  /// The narrowest type at least as wide as `element` that the target computes all `ops` in.
  Element ComputeType(Element element, std::initializer_list<std::string_view> ops) const;
  /// The operand in the type that `ops` are computed in.
  LoweredValue Widen(Operand operand, std::initializer_list<std::string_view> ops) {
    const LoweredValue value = Get(operand);
    return Cast(value, ComputeType(value.element, ops));
  }
  /// The operand for a chain of float operations: float16 is computed in float32, so that it is
  /// rounded once, at the end.
  LoweredValue Precise(Operand operand) { return Precise(Get(operand)); }
  LoweredValue Precise(LoweredValue value) {
    return value.element == Element::kFloat16 ? Cast(value, Element::kFloat) : value;
  }
  LoweredValue Precise(const std::optional<Operand>& operand) {
    return operand ? Precise(*operand) : LoweredValue{};
  }
  /// The same for products and pointwise operators, which some targets compute well enough in
  /// float16.
  template <class Value>
  LoweredValue PreciseChain(const Value& value) {
    if constexpr (std::is_same_v<Value, LoweredValue>) {
      return target_.float16_chains ? value : Precise(value);
    } else {
      return target_.float16_chains ? Get(value) : Precise(value);
    }
  }
  /// ONNX's Cast. Repeated casts of a value are one; a cast back from a wider type is undone.
  LoweredValue Cast(LoweredValue value, Element element);
  /// The same where every element is known to be one of `element`'s: nothing has to wrap.
  LoweredValue CastInRange(LoweredValue value, Element element);
  /// A uint64 as an int64 of the same order, where the target cannot compare it as it is in `op`;
  /// every other type as wide as `op` needs it. `FromOrdered` maps a result back.
  LoweredValue ToOrdered(LoweredValue value, std::string_view op);
  LoweredValue FromOrdered(LoweredValue value, LoweredValue original);

  // ---- Nodes. ----

  /// One node with one output, of `element` or the first input's type; the same value when the same
  /// node has been emitted before.
  LoweredValue Emit(std::string_view op, std::vector<LoweredValue> inputs,
                    std::vector<Attribute> attributes = {}, Element element = Element::kNone);
  std::vector<LoweredValue> EmitMany(std::string_view op, std::vector<LoweredValue> inputs,
                                     size_t outputs, std::vector<Attribute> attributes = {},
                                     Element element = Element::kNone);

  LoweredValue Add(LoweredValue a, LoweredValue b) { return Emit("Add", {a, b}); }
  LoweredValue Sub(LoweredValue a, LoweredValue b) { return Emit("Sub", {a, b}); }
  LoweredValue Mul(LoweredValue a, LoweredValue b) { return Emit("Mul", {a, b}); }
  LoweredValue Div(LoweredValue a, LoweredValue b) { return Emit("Div", {a, b}); }
  LoweredValue Max(LoweredValue a, LoweredValue b) { return Binary("Max", a, b); }
  LoweredValue Min(LoweredValue a, LoweredValue b) { return Binary("Min", a, b); }
  /// `op` of two values of one type; Max and Min by comparison where the target lacks them.
  LoweredValue Binary(std::string_view op, LoweredValue a, LoweredValue b);
  /// `value` limited to [min, max].
  LoweredValue Clip(LoweredValue value, LoweredValue min, LoweredValue max);
  LoweredValue Less(LoweredValue a, LoweredValue b) {
    return Emit("Less", {a, b}, {}, Element::kBool);
  }
  LoweredValue Equal(LoweredValue a, LoweredValue b) {
    return Emit("Equal", {a, b}, {}, Element::kBool);
  }
  LoweredValue Where(LoweredValue condition, LoweredValue a, LoweredValue b) {
    return Emit("Where", {condition, a, b}, {}, a.element);
  }
  /// The same elements as a new value.
  LoweredValue Copy(LoweredValue value);
  LoweredValue Reshape(LoweredValue value, std::span<const int64_t> sizes);
  /// Nothing when `permutation` is the identity.
  LoweredValue Transpose(LoweredValue value, std::span<const int64_t> permutation);
  LoweredValue Slice(LoweredValue value, std::span<const int64_t> starts,
                     std::span<const int64_t> ends, std::span<const int64_t> axes,
                     std::span<const int64_t> steps = {});
  /// value modulo 2^bits of an integer, not negative.
  LoweredValue LowBits(LoweredValue value, int bits);
  /// `value` in a form in which no runtime recognises it, so that what makes it is not combined
  /// with what it is used for; nothing where the target does not reassociate.
  LoweredValue Barrier(LoweredValue value);
  /// The int64 with its sign bit the other way round: value + 2^63.
  LoweredValue FlipSign(LoweredValue value);
  /// Nothing when `axes` are empty (the operator would reduce all).
  LoweredValue Reduce(std::string_view op, LoweredValue value, std::span<const int64_t> axes,
                      bool keep_dimensions);

  // ---- Constants. ----

  /// A scalar of `element`; floats as a number, integers exactly.
  LoweredValue Scalar(Number value, Element element);
  /// A scalar for what gives a result of `sizes`, where every digit counts: spread along an axis
  /// where the target would lose some.
  LoweredValue ExactScalar(Number value, Element element, std::span<const int64_t> sizes);
  /// The same for an operand: unchanged unless it is a constant of one element.
  LoweredValue ExactScalar(LoweredValue value, std::span<const int64_t> sizes);
  /// The same for a term or factor: unchanged where most is computed in 16 bits, since constants
  /// that are spread may stand in the way of the runtime's fusions (attention's factor, say).
  LoweredValue Term(LoweredValue value, std::span<const int64_t> sizes);
  /// A 1-D int64 tensor, equal ones shared.
  LoweredValue Integers(std::span<const int64_t> values);
  LoweredValue Integers(std::initializer_list<int64_t> values) {
    return Integers(std::span(values.begin(), values.size()));
  }
  template <class T>
  LoweredValue Constant(std::span<const T> values, std::vector<int64_t> sizes, Element element) {
    return AddConstant({reinterpret_cast<const std::byte*>(values.data()), values.size_bytes()},
                       std::move(sizes), element);
  }

  /// Lowers every node and gives the model. Nodes whose results nobody uses are left out.
  Model Finish() &&;

 private:
  static uint64_t CastKey(LoweredValue value, Element element) {
    return (uint64_t{value.id} << 16) | (static_cast<uint64_t>(value.element) << 8) |
           static_cast<uint64_t>(element);
  }
  LoweredValue NewValue(Element element);
  LoweredValue AddConstant(std::span<const std::byte> bytes, std::vector<int64_t> sizes,
                           Element element);
  LoweredValue AddFolded(std::vector<std::byte> bytes, std::vector<int64_t> sizes, Element element);
  /// The constant that a value is; null when it is none or is not to be folded.
  const Initializer* Folding(LoweredValue value) const;

  // Types with carriers. A value's `element` is what it stands for, `Model::elements` has what it
  // is in the model.
  LoweredValue Convert(LoweredValue value, Element element);
  LoweredValue ConvertCarried(LoweredValue value, Element from, Element to);
  LoweredValue Wrap(LoweredValue value, Element element);
  LoweredValue AddInput(const std::string& name, const OperandDescriptor& descriptor);
  LoweredValue FromBoundary(LoweredValue value, const OperandDescriptor& descriptor);
  LoweredValue ToBoundary(LoweredValue value, const OperandDescriptor& descriptor);
  void EncodeConstants();

  void LowerNode(uint32_t index);
  void DropDeadNodes();

  const GraphData& graph_;
  const Target& target_;
  Model model_;
  std::vector<LoweredValue> values_;  // by operand id
  uint32_t current_ = 0;
  ValueId next_ = 1;
  // (value, its element, element) -> value; and a narrowed value -> what it was narrowed from.
  std::unordered_map<uint64_t, LoweredValue> casts_;
  std::unordered_map<ValueId, LoweredValue> narrowed_from_;
  std::unordered_map<std::string, LoweredValue> shared_constants_;
  std::unordered_map<ValueId, size_t> constants_;      // -> place in `Model::initializers`
  std::unordered_map<std::string, ValueId> computed_;  // what a node computes -> its first output
};

}  // namespace webnn::lowering
