#include "backends/openvino/exact_integers.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace webnn::ov {
namespace {

using lowering::Attribute;
using lowering::Element;
using lowering::Initializer;
using lowering::Model;
using lowering::ModelInput;
using lowering::ModelNode;
using lowering::ValueId;

static_assert(std::endian::native == std::endian::little, "the low half comes first in memory");

constexpr int32_t kLowest = std::numeric_limits<int32_t>::lowest();
// Integers up to this are exact in float32, and no other integer rounds to one below it.
constexpr int64_t kExactInFloat = (1 << 24) - 1;

constexpr bool Is64(Element element) {
  return element == Element::kInt64 || element == Element::kUint64;
}
constexpr bool Is32(Element element) {
  return element == Element::kInt32 || element == Element::kUint32;
}

// Operators that move elements about, and the inputs that hold them (by bit); the others are
// indices, sizes and conditions.
constexpr uint32_t kAllInputs = ~0u;
struct Mover {
  std::string_view op;
  uint32_t data = 1;
};
constexpr Mover kMovers[] = {
    {"Concat", kAllInputs},
    {"Expand"},
    {"Gather"},
    {"GatherElements"},
    {"GatherND"},
    {"Identity"},
    {"Pad", 0b101},
    {"Reshape"},
    {"ScatterElements", 0b101},
    {"ScatterND", 0b101},
    {"Slice"},
    {"Split"},
    {"Squeeze"},
    {"Tile"},
    {"Transpose"},
    {"Trilu"},
    {"Unsqueeze"},
};

// A 64-bit integer as two of int32: low * 2^0 (its bits unsigned) and high * 2^32.
struct Halves {
  ValueId low = 0;
  ValueId high = 0;
};

class Rewriter {
 public:
  explicit Rewriter(Model model) : in_(std::move(model)) {}

  Model Run() && {
    next_ = in_.value_count;
    halves_.resize(next_);
    whole_.resize(next_, 0);
    elements_ = in_.elements;
    elements_.resize(next_, Element::kNone);
    out_.opset = in_.opset;
    out_.labels = std::move(in_.labels);
    for (ModelInput& input : in_.inputs) AddInput(std::move(input));
    for (Initializer& initializer : in_.initializers) AddInitializer(std::move(initializer));
    for (ModelNode& node : in_.nodes) {
      source_ = node.source;
      Rewrite(std::move(node));
    }
    for (ModelInput& output : in_.outputs) AddOutput(std::move(output));
    out_.value_count = next_;
    elements_.resize(next_, Element::kNone);
    out_.elements = std::move(elements_);
    return std::move(out_);
  }

 private:
  // ---- Values. ----

  Element TypeOf(ValueId id) const {
    return id < in_.elements.size() ? in_.elements[id] : Element::kNone;
  }
  bool Has64(ValueId id) const { return Is64(TypeOf(id)); }
  bool IsWhole(ValueId id) const { return halves_[id].low == 0; }

  ValueId NewValue(Element element) {
    elements_.push_back(element);
    return next_++;
  }

  ValueId Emit(std::string_view op, std::vector<ValueId> inputs, Element element,
               std::vector<Attribute> attributes = {}, ValueId result = 0) {
    if (result == 0) result = NewValue(element);
    elements_[result] = element;
    out_.nodes.push_back({.op_type = op,
                          .inputs = std::move(inputs),
                          .outputs = {result},
                          .attributes = std::move(attributes),
                          .source = source_});
    return result;
  }
  ValueId CastTo(ValueId value, Element element, ValueId result = 0) {
    return Emit("Cast", {value}, element, {{"to", static_cast<int64_t>(element)}}, result);
  }
  ValueId ToFloat(ValueId value) { return CastTo(value, Element::kFloat); }

  template <class T>
  ValueId Scalar(T value, Element element) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    std::vector<std::byte> own(bytes.begin(), bytes.end());
    ValueId& known = scalars_[{element, own}];
    if (known == 0) {
      known = NewValue(element);
      out_.initializers.push_back({.value = known, .element = element, .sizes = {}, .own = own});
    }
    return known;
  }
  ValueId Int(int32_t value) { return Scalar(value, Element::kInt32); }
  ValueId Float(float value) { return Scalar(value, Element::kFloat); }
  ValueId Index(int64_t value) { return Scalar(value, Element::kInt64); }
  ValueId Axes(int64_t value) {
    const ValueId id = NewValue(Element::kInt64);
    std::vector<std::byte> own(sizeof value);
    std::memcpy(own.data(), &value, sizeof value);
    out_.initializers.push_back(
        {.value = id, .element = Element::kInt64, .sizes = {1}, .own = std::move(own)});
    return id;
  }

  // The value in one piece; of 64 bits only the low half counts.
  ValueId Whole(ValueId id) {
    if (id == 0 || !Has64(id) || IsWhole(id)) return id;
    // Places beyond the end are given as the least or largest number.
    if (auto constant = set_aside_.find(id); constant != set_aside_.end()) {
      out_.initializers.push_back(std::move(constant->second));
      set_aside_.erase(constant);
      whole_[id] = id;
    }
    if (whole_[id] == 0) whole_[id] = CastTo(halves_[id].low, TypeOf(id));
    return whole_[id];
  }
  // -1 of a negative int32, else 0.
  ValueId SignOf(ValueId value) {
    return Emit("Min", {Emit("Max", {value, Int(-1)}, Element::kInt32), Int(0)}, Element::kInt32);
  }
  // As int32.
  ValueId Low(ValueId id) {
    if (!Has64(id)) return id;
    if (!IsWhole(id)) return halves_[id].low;
    return CastTo(id, Element::kInt32);
  }
  Halves Split(ValueId id) {
    if (!IsWhole(id)) return halves_[id];
    // Nothing that is in one piece has more than 31 bits and a sign.
    const ValueId low = CastTo(id, Element::kInt32);
    return {low, TypeOf(id) == Element::kInt64 ? SignOf(low) : Int(0)};
  }

  // ---- Ends of the model. ----

  // The same bytes as int32 with another axis of two.
  static void AsHalves(ModelInput& end) {
    end.element = Element::kInt32;
    end.sizes.push_back(2);
  }

  void AddInput(ModelInput input) {
    const ValueId id = input.value;
    if (TypeOf(id) == Element::kUint32) input.element = elements_[id] = Element::kInt32;
    if (Has64(id)) {
      AsHalves(input);
      elements_[id] = Element::kInt32;
      const auto half = [&](int64_t k) {
        return Emit("Gather", {id, Index(k)}, Element::kInt32, {{"axis", int64_t{-1}}});
      };
      halves_[id] = {half(0), half(1)};
    }
    out_.inputs.push_back(std::move(input));
  }

  void AddInitializer(Initializer initializer) {
    const ValueId id = initializer.value;
    if (initializer.element == Element::kUint32) {
      initializer.element = elements_[id] = Element::kInt32;
    }
    if (Is64(initializer.element)) {
      const std::span<const std::byte> bytes = initializer.bytes();
      const size_t count = bytes.size() / 8;
      const auto half = [&](size_t i, size_t k) {
        int32_t value = 0;
        std::memcpy(&value, bytes.data() + 8 * i + 4 * k, sizeof value);
        return value;
      };
      bool fits = true;
      for (size_t i = 0; i < count && fits; ++i) {
        const int32_t sign = initializer.element == Element::kInt64 && half(i, 0) < 0 ? -1 : 0;
        fits = half(i, 1) == sign && (sign < 0 || half(i, 0) >= 0);
      }
      if (!fits) {
        ValueId ids[2];
        for (size_t k = 0; k < 2; ++k) {
          std::vector<std::byte> own(4 * count);
          for (size_t i = 0; i < count; ++i) {
            std::memcpy(own.data() + 4 * i, bytes.data() + 8 * i + 4 * k, 4);
          }
          ids[k] = NewValue(Element::kInt32);
          out_.initializers.push_back({.value = ids[k],
                                       .element = Element::kInt32,
                                       .sizes = initializer.sizes,
                                       .own = std::move(own)});
        }
        halves_[id] = {ids[0], ids[1]};
        set_aside_.emplace(id, std::move(initializer));
        return;
      }
    }
    out_.initializers.push_back(std::move(initializer));
    constants_[id] = out_.initializers.size() - 1;
  }

  void AddOutput(ModelInput output) {
    const ValueId id = output.value;
    if (TypeOf(id) == Element::kUint32) output.element = Element::kInt32;
    if (Has64(id) && !IsWhole(id)) {
      AsHalves(output);
      const ValueId last = Axes(-1);
      const auto apart = [&](ValueId half) {
        return Emit("Unsqueeze", {half, last}, Element::kInt32);
      };
      const ValueId low = apart(halves_[id].low);
      output.value =
          Emit("Concat", {low, apart(halves_[id].high)}, Element::kInt32, {{"axis", int64_t{-1}}});
    }
    out_.outputs.push_back(std::move(output));
  }

  // ---- Comparisons. ----

  // A constant whose every element is exact in float32: whatever is compared with it may be
  // rounded.
  bool IsSmallConstant(ValueId id) const {
    const auto found = constants_.find(id);
    if (found == constants_.end()) return false;
    const Initializer& initializer = out_.initializers[found->second];
    const std::span<const std::byte> bytes = initializer.bytes();
    constexpr size_t kMost = 64;
    if (initializer.element != Element::kInt32 || bytes.size() > 4 * kMost) return false;
    for (size_t i = 0; i < bytes.size(); i += 4) {
      int32_t value = 0;
      std::memcpy(&value, bytes.data() + i, sizeof value);
      if (value > kExactInFloat || value < -kExactInFloat) return false;
    }
    return true;
  }
  ValueId Not(ValueId value, ValueId result = 0) {
    return Emit("Not", {value}, Element::kBool, {}, result);
  }
  // Whether all bits of an int32 are 0, which float32 shows.
  ValueId IsZero(ValueId value, ValueId result = 0) {
    return Emit("Equal", {value, Int(0)}, Element::kBool, {}, result);
  }
  ValueId Same(ValueId a, ValueId b, ValueId result = 0) {
    return IsZero(Emit("BitwiseXor", {a, b}, Element::kInt32), result);
  }
  // The int32 whose order is that of the unsigned number with these bits.
  ValueId Flip(ValueId value) { return Emit("BitwiseXor", {value, Int(kLowest)}, Element::kInt32); }
  ValueId Less32(ValueId a, ValueId b, ValueId result = 0) {
    return Not(Same(Emit("Max", {a, b}, Element::kInt32), a), result);
  }
  ValueId Less64(Halves a, Halves b, bool is_signed, ValueId result = 0) {
    const ValueId high = is_signed ? Less32(a.high, b.high) : Less32(Flip(a.high), Flip(b.high));
    const ValueId low =
        Emit("And", {Same(a.high, b.high), Less32(Flip(a.low), Flip(b.low))}, Element::kBool);
    return Emit("Or", {high, low}, Element::kBool, {}, result);
  }

  void Compare(const ModelNode& node) {
    const Element type = TypeOf(node.inputs[0]);
    const ValueId result = node.outputs[0];
    ValueId a = node.inputs[0];
    ValueId b = node.inputs[1];
    const bool equal = node.op_type == "Equal";
    if (Is64(type) && !(IsWhole(a) && IsWhole(b))) {
      const Halves x = Split(a);
      const Halves y = Split(b);
      const bool is_signed = type == Element::kInt64;
      if (equal) {
        Emit("And", {Same(x.low, y.low), Same(x.high, y.high)}, Element::kBool, {}, result);
      } else if (node.op_type == "Less") {
        Less64(x, y, is_signed, result);
      } else if (node.op_type == "Greater") {
        Less64(y, x, is_signed, result);
      } else if (node.op_type == "LessOrEqual") {
        Not(Less64(y, x, is_signed), result);
      } else {
        Not(Less64(x, y, is_signed), result);
      }
      return;
    }
    if (type == Element::kInt32 && (IsSmallConstant(a) || IsSmallConstant(b))) {
      out_.nodes.push_back(node);
      return;
    }
    a = Low(a);
    b = Low(b);
    if (equal) {
      Same(a, b, result);
      return;
    }
    if (type == Element::kUint32) {
      a = Flip(a);
      b = Flip(b);
    }
    if (node.op_type == "Less") {
      Less32(a, b, result);
    } else if (node.op_type == "Greater") {
      Less32(b, a, result);
    } else if (node.op_type == "LessOrEqual") {
      Not(Less32(b, a), result);
    } else {
      Not(Less32(a, b), result);
    }
  }

  void Extreme(const ModelNode& node) {
    const Element type = TypeOf(node.inputs[0]);
    const bool max = node.op_type == "Max";
    if (Is64(type)) {
      const Halves a = Split(node.inputs[0]);
      const Halves b = Split(node.inputs[1]);
      const ValueId less = Less64(a, b, type == Element::kInt64);
      const auto choose = [&](ValueId x, ValueId y) {
        return Emit("Where", {less, max ? y : x, max ? x : y}, Element::kInt32);
      };
      halves_[node.outputs[0]] = {choose(a.low, b.low), choose(a.high, b.high)};
      return;
    }
    const ValueId flipped =
        Emit(node.op_type, {Flip(node.inputs[0]), Flip(node.inputs[1])}, Element::kInt32);
    Emit("BitwiseXor", {flipped, Int(kLowest)}, Element::kInt32, {}, node.outputs[0]);
  }

  // OpenVINO makes a Clamp of a Min on a Max, and computes that in float32. Of complements the
  // larger one is the smaller number's.
  void Extreme32(const ModelNode& node) {
    extremes_.insert(node.outputs[0]);
    if (!extremes_.contains(node.inputs[0]) && !extremes_.contains(node.inputs[1])) {
      out_.nodes.push_back(node);
      return;
    }
    const auto complement = [&](ValueId value, ValueId result = 0) {
      return Emit("BitwiseNot", {value}, Element::kInt32, {}, result);
    };
    const ValueId other =
        Emit(node.op_type == "Max" ? "Min" : "Max",
             {complement(node.inputs[0]), complement(node.inputs[1])}, Element::kInt32);
    complement(other, node.outputs[0]);
  }

  // ---- Arithmetic of halves. ----

  Halves Subtract(Halves a, Halves b) {
    const ValueId low = Emit("Sub", {a.low, b.low}, Element::kInt32);
    const ValueId borrow = CastTo(Less32(Flip(a.low), Flip(b.low)), Element::kInt32);
    const ValueId high = Emit("Sub", {a.high, b.high}, Element::kInt32);
    return {low, Emit("Sub", {high, borrow}, Element::kInt32)};
  }
  Halves Plus(Halves a, Halves b) {
    const ValueId low = Emit("Add", {a.low, b.low}, Element::kInt32);
    const ValueId carry = CastTo(Less32(Flip(low), Flip(a.low)), Element::kInt32);
    const ValueId high = Emit("Add", {a.high, b.high}, Element::kInt32);
    return {low, Emit("Add", {high, carry}, Element::kInt32)};
  }
  // The upper half of an int32 as an unsigned number.
  ValueId Upper16(ValueId value) {
    const ValueId low = Lower16(value);
    const ValueId rest = Emit("Sub", {value, low}, Element::kInt32);
    return Lower16(Emit("Div", {rest, Int(1 << 16)}, Element::kInt32));
  }
  ValueId Lower16(ValueId value) {
    return Emit("BitwiseAnd", {value, Int(0xffff)}, Element::kInt32);
  }
  ValueId Add32(ValueId a, ValueId b) { return Emit("Add", {a, b}, Element::kInt32); }
  ValueId Mul32(ValueId a, ValueId b) { return Emit("Mul", {a, b}, Element::kInt32); }
  // By hand in digits of 16 bits; the products of upper halves go beyond 64 bits.
  Halves Product(Halves a, Halves b) {
    const ValueId a0 = Lower16(a.low);
    const ValueId a1 = Upper16(a.low);
    const ValueId b0 = Lower16(b.low);
    const ValueId b1 = Upper16(b.low);
    const ValueId first = Add32(Mul32(a1, b0), Upper16(Mul32(a0, b0)));
    const ValueId second = Add32(Mul32(a0, b1), Lower16(first));
    const ValueId carried = Add32(Add32(Mul32(a1, b1), Upper16(first)), Upper16(second));
    const ValueId crossed = Add32(Mul32(a.low, b.high), Mul32(a.high, b.low));
    return {Mul32(a.low, b.low), Add32(carried, crossed)};
  }
  Halves Negative(Halves a) { return Subtract({Int(0), Int(0)}, a); }
  ValueId IsNegative(Halves a) { return IsNegative(a.high); }

  void Arithmetic64(const ModelNode& node) {
    const std::string_view op = node.op_type;
    Halves& result = halves_[node.outputs[0]];
    const Halves a = Split(node.inputs[0]);
    if (op == "Neg") {
      result = Negative(a);
    } else if (op == "Abs") {
      result = NegativeIf(SignOf(a.high), a);
    } else if (op == "BitwiseNot") {
      result = {Emit(op, {a.low}, Element::kInt32), Emit(op, {a.high}, Element::kInt32)};
    } else {
      const Halves b = Split(node.inputs[1]);
      if (op == "Add") {
        result = Plus(a, b);
      } else if (op == "Sub") {
        result = Subtract(a, b);
      } else if (op == "Mul") {
        result = Product(a, b);
      } else {
        result = {Emit(op, {a.low, b.low}, Element::kInt32),
                  Emit(op, {a.high, b.high}, Element::kInt32)};
      }
    }
  }

  void Sign64(const ModelNode& node) {
    const Halves a = Split(node.inputs[0]);
    const ValueId bits = Emit("BitwiseOr", {a.low, a.high}, Element::kInt32);
    const ValueId sign = Emit("Where", {IsZero(bits), Int(0), Int(1)}, Element::kInt32);
    const ValueId negative = TypeOf(node.inputs[0]) == Element::kInt64
                                 ? Emit("Where", {IsNegative(a), Int(-1), sign}, Element::kInt32)
                                 : sign;
    CastTo(negative, TypeOf(node.outputs[0]), node.outputs[0]);
  }

  // ---- Casts. ----

  // An int32's bits as an unsigned number.
  ValueId UnsignedToFloat(ValueId value) {
    const ValueId number = ToFloat(value);
    return Emit("Where",
                {Emit("Less", {value, Int(0)}, Element::kBool),
                 Emit("Add", {number, Float(0x1p32f)}, Element::kFloat), number},
                Element::kFloat);
  }
  // A whole float below 2^32 and not below -2^31, as the int32 with its bits.
  ValueId FloatToBits(ValueId value) {
    const ValueId above =
        Emit("Not", {Emit("Less", {value, Float(0x1p31f)}, Element::kBool)}, Element::kBool);
    const ValueId moved =
        CastTo(Emit("Sub", {value, Float(0x1p32f)}, Element::kFloat), Element::kInt32);
    return Emit("Where", {above, moved, CastTo(value, Element::kInt32)}, Element::kInt32);
  }
  ValueId Truncate(ValueId value) {
    const ValueId number = ToFloat(value);
    return Emit("Where",
                {Emit("Less", {number, Float(0)}, Element::kBool),
                 Emit("Ceil", {number}, Element::kFloat), Emit("Floor", {number}, Element::kFloat)},
                Element::kFloat);
  }

  void CastFrom64(const ModelNode& node, Element to) {
    const ValueId input = node.inputs[0];
    const ValueId result = node.outputs[0];
    if (Is64(to)) {
      // An int64 in one piece may be negative, which a uint64 in one piece is not.
      if (IsWhole(input) && to == TypeOf(input)) {
        Emit("Identity", {input}, to, {}, result);
      } else {
        halves_[result] = Split(input);
      }
      return;
    }
    if (IsWhole(input)) {
      CastTo(input, to == Element::kUint32 ? Element::kInt32 : to, result);
      return;
    }
    const auto [low, high] = halves_[input];
    if (to == Element::kBool) {
      Not(IsZero(Emit("BitwiseOr", {low, high}, Element::kInt32)), result);
    } else if (Is32(to)) {
      Emit("Identity", {low}, Element::kInt32, {}, result);
    } else if (IsFloat(to)) {
      const bool is_signed = TypeOf(input) == Element::kInt64;
      // What fits one half is rounded once.
      const ValueId fits = is_signed ? Same(high, SignOf(low)) : IsZero(high);
      const ValueId top = is_signed ? Emit("Mul", {ToFloat(high), Float(0x1p32f)}, Element::kFloat)
                                    : HighToFloat(high);
      const ValueId both = Emit("Add", {top, UnsignedToFloat(low)}, Element::kFloat);
      const ValueId number = Emit(
          "Where", {fits, is_signed ? ToFloat(low) : UnsignedToFloat(low), both}, Element::kFloat);
      CastTo(number, to, result);
    } else {
      CastTo(low, to, result);
    }
  }

  // A whole float as the 64-bit integer with its value.
  Halves FloatToHalves(ValueId number, bool is_signed) {
    const ValueId high =
        Emit("Floor", {Emit("Mul", {number, Float(0x1p-32f)}, Element::kFloat)}, Element::kFloat);
    const ValueId rest = Emit("Sub", {number, Emit("Mul", {high, Float(0x1p32f)}, Element::kFloat)},
                              Element::kFloat);
    // Only what is beyond 31 bits has no bits that the difference loses.
    const ValueId small =
        Emit("Less", {Emit("Abs", {number}, Element::kFloat), Float(0x1p31f)}, Element::kBool);
    const ValueId low =
        Emit("Where", {small, CastTo(number, Element::kInt32), FloatToBits(rest)}, Element::kInt32);
    return {low, is_signed ? CastTo(high, Element::kInt32) : FloatToBits(high)};
  }
  ValueId HighToFloat(ValueId high) {
    return Emit("Mul", {UnsignedToFloat(high), Float(0x1p32f)}, Element::kFloat);
  }
  ValueId UnsignedToFloat(Halves a) {
    return Emit("Add", {HighToFloat(a.high), UnsignedToFloat(a.low)}, Element::kFloat);
  }

  void CastNode(const ModelNode& node) {
    const ValueId input = node.inputs[0];
    const ValueId result = node.outputs[0];
    const Element from = TypeOf(input);
    const Element to = TypeOf(result);
    if (Is64(from)) {
      CastFrom64(node, to);
    } else if (Is64(to)) {
      if (IsFloat(from)) {
        halves_[result] = FloatToHalves(Truncate(input), to == Element::kInt64);
      } else if (from == Element::kUint32) {
        halves_[result] = {input, Int(0)};
      } else if (from == Element::kInt8 && to == Element::kUint64) {
        const ValueId low = CastTo(input, Element::kInt32);
        halves_[result] = {low, SignOf(low)};
      } else if (from == Element::kInt32 && to == Element::kUint64) {
        halves_[result] = {input, SignOf(input)};
      } else {
        CastTo(input, to, result);
      }
    } else if (from == Element::kUint32 && IsFloat(to)) {
      CastTo(UnsignedToFloat(input), to, result);
    } else if (to == Element::kUint32) {
      if (IsFloat(from)) {
        Emit("Identity", {FloatToBits(Truncate(input))}, Element::kInt32, {}, result);
      } else {
        CastTo(input, Element::kInt32, result);
      }
    } else {
      out_.nodes.push_back(node);
    }
  }

  // ---- Quotients. ----

  // The plug-in divides integers as float32. How often the divisor goes into the rest is estimated
  // in float32, never too often: 2^-20 is more than all that is rounded. Each estimate gains 20
  // bits; at last the rest may hold the divisor once more.
  ValueId Estimate(ValueId rest, ValueId divisor) {
    const ValueId quotient = Emit("Div", {rest, divisor}, Element::kFloat);
    return Emit("Floor", {Emit("Mul", {quotient, Float(1 - 0x1p-20f)}, Element::kFloat)},
                Element::kFloat);
  }
  // Of unsigned numbers.
  ValueId Quotient(ValueId a, ValueId b) {
    const ValueId divisor = UnsignedToFloat(b);
    ValueId quotient = Int(0);
    for (int i = 0; i < 2; ++i) {
      const ValueId times = FloatToBits(Estimate(UnsignedToFloat(a), divisor));
      quotient = Add32(quotient, times);
      a = Emit("Sub", {a, Mul32(times, b)}, Element::kInt32);
    }
    return Add32(quotient, CastTo(Not(Less32(Flip(a), Flip(b))), Element::kInt32));
  }
  Halves Quotient(Halves a, Halves b) {
    const ValueId divisor = UnsignedToFloat(b);
    Halves quotient = {Int(0), Int(0)};
    for (int i = 0; i < 4; ++i) {
      const Halves times = FloatToHalves(Estimate(UnsignedToFloat(a), divisor), false);
      quotient = Plus(quotient, times);
      a = Subtract(a, Product(times, b));
    }
    return Plus(quotient, {CastTo(Not(Less64(a, b, false)), Element::kInt32), Int(0)});
  }
  ValueId IsNegative(ValueId a) { return Emit("Less", {a, Int(0)}, Element::kBool); }
  // -a where the sign is -1, a where it is 0. By bits: a Where of such operators is one kernel,
  // which computes in float32.
  ValueId NegativeIf(ValueId sign, ValueId a, ValueId result = 0) {
    const ValueId bits = Emit("BitwiseXor", {a, sign}, Element::kInt32);
    return Emit("Sub", {bits, sign}, Element::kInt32, {}, result);
  }
  // Of the lowest number, the unsigned number with its bits.
  ValueId Magnitude(ValueId a) { return NegativeIf(SignOf(a), a); }
  Halves NegativeIf(ValueId sign, Halves a) {
    const auto bits = [&](ValueId half) {
      return Emit("BitwiseXor", {half, sign}, Element::kInt32);
    };
    return Subtract({bits(a.low), bits(a.high)}, {sign, sign});
  }

  void Divide32(const ModelNode& node) {
    const ValueId a = node.inputs[0];
    const ValueId b = node.inputs[1];
    if (TypeOf(a) == Element::kUint32) {
      Emit("Identity", {Quotient(a, b)}, Element::kInt32, {}, node.outputs[0]);
      return;
    }
    const ValueId quotient = Quotient(Magnitude(a), Magnitude(b));
    NegativeIf(SignOf(Emit("BitwiseXor", {a, b}, Element::kInt32)), quotient, node.outputs[0]);
  }
  void Divide64(const ModelNode& node) {
    Halves& result = halves_[node.outputs[0]];
    const bool is_signed = TypeOf(node.inputs[0]) == Element::kInt64;
    const bool narrow = IsWhole(node.inputs[0]) && IsWhole(node.inputs[1]);
    const Halves a = Split(node.inputs[0]);
    const Halves b = Split(node.inputs[1]);
    if (!is_signed) {
      result = narrow ? Halves{Quotient(a.low, b.low), Int(0)} : Quotient(a, b);
      return;
    }
    const Halves quotient =
        narrow ? Halves{Quotient(Magnitude(a.low), Magnitude(b.low)), Int(0)}
               : Quotient(NegativeIf(SignOf(a.high), a), NegativeIf(SignOf(b.high), b));
    const ValueId apart = Emit("BitwiseXor", {a.high, b.high}, Element::kInt32);
    result = NegativeIf(SignOf(apart), quotient);
  }

  // ---- Cumulative sums. ----

  // In digits of 8 bits, whose sums an int32 holds for 2^23 elements.
  void CumSum64(const ModelNode& node) {
    constexpr int32_t kBase = 256;
    const Halves input = Split(node.inputs[0]);
    Halves sum;
    ValueId carry = 0;
    for (const bool upper : {false, true}) {
      ValueId half = 0;
      for (int k = 0; k < 4; ++k) {
        const auto unit = int32_t{1} << (8 * k);
        const auto mask = std::bit_cast<int32_t>(uint32_t{0xff} << (8 * k));
        // Division of what has eight digits in float32 is exact.
        const ValueId bits =
            Emit("BitwiseAnd", {upper ? input.high : input.low, Int(mask)}, Element::kInt32);
        const ValueId digit =
            k == 0 ? bits
                   : Emit("BitwiseAnd",
                          {Emit("Div", {bits, Int(unit)}, Element::kInt32), Int(kBase - 1)},
                          Element::kInt32);
        ValueId total =
            Emit("CumSum", {digit, Whole(node.inputs[1])}, Element::kInt32, node.attributes);
        if (carry != 0) total = Add32(total, carry);
        const ValueId last = Emit("BitwiseAnd", {total, Int(kBase - 1)}, Element::kInt32);
        carry =
            Emit("Div", {Emit("Sub", {total, last}, Element::kInt32), Int(kBase)}, Element::kInt32);
        const ValueId place = k == 0 ? last : Mul32(last, Int(unit));
        half = k == 0 ? place : Add32(half, place);
      }
      (upper ? sum.high : sum.low) = half;
    }
    halves_[node.outputs[0]] = sum;
  }

  // ---- Where. ----

  // By bits: one kernel of a product and a Where computes both in float32.
  ValueId Select(ValueId mask, ValueId a, ValueId b, ValueId result = 0) {
    const ValueId bits =
        Emit("BitwiseAnd", {Emit("BitwiseXor", {a, b}, Element::kInt32), mask}, Element::kInt32);
    return Emit("BitwiseXor", {b, bits}, Element::kInt32, {}, result);
  }
  void Where(const ModelNode& node) {
    const ValueId result = node.outputs[0];
    const ValueId mask =
        Emit("Sub", {Int(0), CastTo(node.inputs[0], Element::kInt32)}, Element::kInt32);
    const ValueId a = node.inputs[1];
    const ValueId b = node.inputs[2];
    if (!Has64(result)) {
      Select(mask, a, b, result);
    } else if (IsWhole(a) && IsWhole(b)) {
      CastTo(Select(mask, Low(a), Low(b)), TypeOf(result), result);
    } else {
      const Halves x = Split(a);
      const Halves y = Split(b);
      halves_[result] = {Select(mask, x.low, y.low), Select(mask, x.high, y.high)};
    }
  }

  // ---- Softplus. ----

  // ln(1 + e^x) as max(x, 0) + 2 artanh(s), s = e^-|x| / (2 + e^-|x|): the plug-in's own is off by
  // 2e-6 and negative where the result is near 0.
  void Softplus(const ModelNode& node) {
    const Element type = TypeOf(node.inputs[0]);
    const auto emit = [&](std::string_view op, std::vector<ValueId> inputs) {
      return Emit(op, std::move(inputs), Element::kFloat);
    };
    const ValueId x = type == Element::kFloat ? node.inputs[0] : ToFloat(node.inputs[0]);
    const ValueId t = emit("Exp", {emit("Neg", {emit("Abs", {x})})});
    const ValueId s = emit("Div", {t, emit("Add", {t, Float(2)})});
    const ValueId square = emit("Mul", {s, s});
    // s is at most 1/3: what follows is below the last bit.
    constexpr int kLast = 17;
    ValueId sum = Float(1.0f / kLast);
    for (int power = kLast - 2; power >= 1; power -= 2) {
      sum = emit("Add", {emit("Mul", {sum, square}), Float(1.0f / static_cast<float>(power))});
    }
    const ValueId logarithm = emit("Mul", {emit("Mul", {s, Float(2)}), sum});
    const ValueId positive = emit("Max", {x, Float(0)});
    const ValueId result = type == Element::kFloat ? node.outputs[0] : 0;
    const ValueId value = Emit("Add", {positive, logarithm}, Element::kFloat, {}, result);
    if (result == 0) CastTo(value, type, node.outputs[0]);
  }

  // ---- Nodes. ----

  bool Move(const ModelNode& node) {
    const auto* mover = std::find_if(std::begin(kMovers), std::end(kMovers),
                                     [&](const Mover& one) { return one.op == node.op_type; });
    if (mover == std::end(kMovers) || !Has64(node.outputs[0])) return false;
    const auto is_data = [&](size_t i) { return i >= 32 || ((mover->data >> i) & 1u) != 0; };
    bool whole = true;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (is_data(i) && node.inputs[i] != 0 && !IsWhole(node.inputs[i])) whole = false;
    }
    if (whole) return false;
    ModelNode parts[2];
    for (ModelNode& part : parts) {
      part = {.op_type = node.op_type,
              .inputs = {},
              .outputs = {},
              .attributes = node.attributes,
              .source = node.source};
    }
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == 0 || !is_data(i)) {
        for (ModelNode& part : parts) part.inputs.push_back(Whole(input));
      } else {
        const auto [low, high] = Split(input);
        parts[0].inputs.push_back(low);
        parts[1].inputs.push_back(high);
      }
    }
    for (ValueId output : node.outputs) {
      halves_[output] = {NewValue(Element::kInt32), NewValue(Element::kInt32)};
      parts[0].outputs.push_back(halves_[output].low);
      parts[1].outputs.push_back(halves_[output].high);
    }
    for (ModelNode& part : parts) out_.nodes.push_back(std::move(part));
    return true;
  }

  void Rewrite(ModelNode node) {
    for (ValueId output : node.outputs) {
      if (output != 0 && TypeOf(output) == Element::kUint32) elements_[output] = Element::kInt32;
    }
    const std::string_view op = node.op_type;
    const Element type = node.inputs.empty() ? Element::kNone : TypeOf(node.inputs[0]);
    const auto is = [&](std::initializer_list<std::string_view> names) {
      return std::find(names.begin(), names.end(), op) != names.end();
    };
    if (op == "Cast") return CastNode(node);
    if (op == "Softplus") return Softplus(node);
    if (op == "Where" && (Is32(TypeOf(node.outputs[0])) || Has64(node.outputs[0]))) {
      return Where(node);
    }
    if (Is32(type) || Is64(type)) {
      if (is({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"})) return Compare(node);
    }
    if (is({"Max", "Min"}) && node.inputs.size() == 2 && (type == Element::kUint32 || Is64(type))) {
      return Extreme(node);
    }
    if (is({"Max", "Min"}) && type == Element::kInt32 && node.inputs.size() == 2) {
      return Extreme32(node);
    }
    if (op == "Div" && Is32(type)) return Divide32(node);
    if (Is64(type)) {
      if (is({"Add", "Sub", "Mul", "Neg", "Abs", "BitwiseAnd", "BitwiseOr", "BitwiseXor",
              "BitwiseNot"})) {
        return Arithmetic64(node);
      }
      if (op == "Div") return Divide64(node);
      if (op == "CumSum") return CumSum64(node);
      if (op == "Sign") return Sign64(node);
    }
    if (Move(node)) return;
    for (ValueId& input : node.inputs) input = Whole(input);
    out_.nodes.push_back(std::move(node));
  }

  Model in_;
  Model out_;
  ValueId next_ = 0;
  uint32_t source_ = 0;
  std::vector<Element> elements_;  // of the new model
  std::vector<Halves> halves_;     // by old id; none for what is in one piece
  std::vector<ValueId> whole_;     // the low halves as 64-bit numbers, once made
  std::map<ValueId, size_t> constants_;
  std::map<ValueId, Initializer> set_aside_;  // constants that are halves, for indices
  std::set<ValueId> extremes_;                // results of int32 Max and Min
  std::map<std::pair<Element, std::vector<std::byte>>, ValueId> scalars_;
};

}  // namespace

lowering::Model ExactIntegers(lowering::Model model) { return Rewriter(std::move(model)).Run(); }

}  // namespace webnn::ov
