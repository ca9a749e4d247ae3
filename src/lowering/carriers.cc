#include <algorithm>
#include <limits>

#include "core/check.h"
#include "lowering/constants.h"
#include "lowering/writer.h"

/// Types that a target lacks: how their values travel between operators, and to and from it.
namespace webnn::lowering {
namespace {

constexpr int64_t kPairs = 2;  // 4-bit numbers in a byte
constexpr int64_t kTwoTo31 = int64_t{1} << 31;
constexpr int64_t kTwoTo32 = int64_t{1} << 32;

struct Bits {
  int count;
  bool is_signed;
};
Bits IntegerBits(Element element) {
  const bool is_signed = element == Element::kInt4 || element == Element::kInt8 ||
                         element == Element::kInt16 || element == Element::kInt32 ||
                         element == Element::kInt64;
  return {element == Element::kBool ? 1 : BitsOf(element), is_signed};
}

// Whether every value of `from` is one of `to`; both are integers.
bool Holds(Element to, Element from) {
  const Bits wide = IntegerBits(to);
  const Bits narrow = IntegerBits(from);
  if (narrow.is_signed && !wide.is_signed) return false;
  return wide.count - int{wide.is_signed} >= narrow.count - int{narrow.is_signed};
}

size_t CountOf(const std::vector<int64_t>& sizes) {
  size_t count = 1;
  for (int64_t size : sizes) count *= static_cast<size_t>(size);
  return count;
}

bool IsPacked(const Target& target, const OperandDescriptor& descriptor) {
  return BitsPerElement(descriptor.data_type()) < 8 &&
         target.boundaries.Of(ElementOf(descriptor.data_type())) == Element::kUint8;
}

}  // namespace

std::vector<int64_t> BoundarySizes(const Target& target, const OperandDescriptor& descriptor) {
  if (IsPacked(target, descriptor)) return {static_cast<int64_t>(descriptor.byte_length())};
  return {descriptor.shape().begin(), descriptor.shape().end()};
}

const Initializer* Writer::Folding(LoweredValue value) const {
  const auto found = constants_.find(value.id);
  return found == constants_.end() ? nullptr : &model_.initializers[found->second];
}

LoweredValue Writer::AddFolded(std::vector<std::byte> bytes, std::vector<int64_t> sizes,
                               Element element) {
  const LoweredValue result = NewValue(element);
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  constants_.emplace(result.id, model_.initializers.size());
  model_.initializers.push_back({.value = result.id,
                                 .element = element,
                                 .sizes = std::move(sizes),
                                 .own = {},
                                 .reference = *owner,
                                 .owner = owner});
  return result;
}

// One Cast of what the model has, or what stands for it.
LoweredValue Writer::ConvertCarried(LoweredValue value, Element from, Element to) {
  value.element = from;
  if (from == to) return value;
  const auto is_restricted = [&](Element element) { return target_.cast_by_float.Has(element); };
  if ((is_restricted(from) && !IsFloat(to)) || (is_restricted(to) && !IsFloat(from))) {
    value = ConvertCarried(value, from, Element::kFloat);
    from = Element::kFloat;
  }
  if (target_.cast_by_quantization.Has(from) || target_.cast_by_quantization.Has(to)) {
    const LoweredValue one = Scalar(1, Element::kFloat);
    // TensorRT merges the quantisation with a cast beside it, and refuses what comes of it: numbers
    // that are whole are rounded in between.
    if (target_.cast_by_quantization.Has(from)) {
      return Emit("Round", {Emit("DequantizeLinear", {value, one}, {}, Element::kFloat)});
    }
    value = Emit("Round", {value});
    const LoweredValue zero = AddFolded({std::byte{0}}, {}, to);
    model_.elements[zero.id] = to;
    const LoweredValue result = Emit("QuantizeLinear", {value, one, zero}, {}, to);
    model_.elements[result.id] = to;
    return result;
  }
  const LoweredValue result = Emit("Cast", {value}, {{"to", static_cast<int64_t>(to)}}, to);
  model_.elements[result.id] = to;
  return result;
}

LoweredValue Writer::LowBits(LoweredValue value, int bits) {
  const int64_t modulus = int64_t{1} << bits;
  if (target_.Supports("BitwiseAnd", value.element)) {
    return Emit("BitwiseAnd", {value, Scalar(modulus - 1, value.element)});
  }
  // TensorRT's Mod of int64 goes by a quotient in double precision, which may be one too large.
  const LoweredValue divisor = Scalar(modulus, value.element);
  if (BitsOf(value.element) < 64) return Emit("Mod", {value, divisor});
  const LoweredValue quotient = Emit("Div", {value, divisor});
  const LoweredValue rest = Sub(value, Mul(quotient, divisor));
  return Where(Less(rest, Scalar(0, value.element)), Add(rest, divisor), rest);
}

LoweredValue Writer::Barrier(LoweredValue value) {
  if (!target_.reassociates) return value;
  return Where(Less(value, Scalar(0, value.element)), value, Emit("Abs", {value}));
}

LoweredValue Writer::FlipSign(LoweredValue value) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  if (!target_.short_scalars) return Add(value, Scalar(kLeast, Element::kInt64));
  // Fused kernels are C++, whose compiler takes for granted that sums do not overflow: what was
  // added to a negative number would leave it as it is. So half of it, twice, away from the end.
  const LoweredValue half = Scalar(-(kLeast / 2), Element::kInt64);
  return Where(Less(value, Scalar(0, Element::kInt64)), Add(Barrier(Add(value, half)), half),
               Sub(Barrier(Sub(value, half)), half));
}

// A carrier's number as the one of `element` that is equal modulo 2^bits.
LoweredValue Writer::Wrap(LoweredValue value, Element element) {
  const auto [bits, is_signed] = IntegerBits(element);
  if (bits == 64) return value;
  if (!is_signed) return LowBits(value, bits);
  const LoweredValue half = Scalar(int64_t{1} << (bits - 1), value.element);
  return Sub(LowBits(Add(value, half), bits), half);
}

LoweredValue Writer::Convert(LoweredValue value, Element element) {
  if (const Initializer* constant = Folding(value);
      constant != nullptr && element != Element::kBool) {
    // A copy: adding a constant moves the others.
    const std::vector<int64_t> sizes = constant->sizes;
    return AddFolded(ConvertElements(constant->bytes(), CountOf(sizes), constant->element, element),
                     sizes, element);
  }
  const Element from = target_.carriers.Of(value.element);
  const Element to = target_.carriers.Of(element);
  const auto integer = [&](int64_t number) { return Scalar(number, Element::kInt64); };
  LoweredValue result;
  if (value.element == Element::kUint64 && from == Element::kInt64 && IsFloat(element)) {
    const LoweredValue bits = {value.id, from};
    const LoweredValue number = ConvertCarried(bits, from, Element::kFloat);
    // 2^64 has no short form, 2^63 has.
    const LoweredValue half = Scalar(0x1p63, Element::kFloat);
    const LoweredValue large = target_.short_scalars ? Add(Barrier(Add(number, half)), half)
                                                     : Add(number, Scalar(0x1p64, Element::kFloat));
    result = ConvertCarried(Where(Less(bits, integer(0)), large, number), Element::kFloat, to);
  } else if (element == Element::kUint64 && to == Element::kInt64 && IsFloat(value.element)) {
    const LoweredValue number = ConvertCarried(value, from, Element::kFloat);
    const LoweredValue middle = Scalar(0x1p63, Element::kFloat);
    const LoweredValue below = Less(number, middle);
    const LoweredValue rest = Where(below, number, Sub(number, middle));
    const LoweredValue bits = ConvertCarried(rest, Element::kFloat, Element::kInt64);
    result = Where(below, bits, FlipSign(bits));
  } else if (value.element == Element::kUint32 && from == Element::kInt64 &&
             element == Element::kInt32) {
    const LoweredValue number = {value.id, from};
    result = ConvertCarried(
        Where(Less(number, integer(kTwoTo31)), number, Sub(number, integer(kTwoTo32))), from, to);
  } else {
    const bool fits = to == element || (!IsFloat(value.element) && Holds(element, value.element));
    // Integers in the wider type, so that the cast between carriers has nothing to cut off.
    const bool wraps_first = !fits && !IsFloat(from) && BitsOf(from) >= BitsOf(to);
    result = {value.id, from};
    if (wraps_first) result = Wrap(result, element);
    result = ConvertCarried(result, from, to);
    if (!fits && !wraps_first) result = Wrap(result, element);
  }
  result.element = element;
  return result;
}

LoweredValue Writer::CastInRange(LoweredValue value, Element element) {
  const Element carrier = target_.carriers.Of(element);
  if (carrier == element) return Cast(value, element);
  LoweredValue result = ConvertCarried(value, target_.carriers.Of(value.element), carrier);
  result.element = element;
  return result;
}

LoweredValue Writer::AddInput(const std::string& name, const OperandDescriptor& descriptor) {
  const LoweredValue value = NewValue(Element::kNone);
  const Element element = target_.boundaries.Of(ElementOf(descriptor.data_type()));
  model_.elements[value.id] = element;
  ModelInput& input = model_.inputs.emplace_back(value.id, name, descriptor);
  input.element = element;
  input.sizes = BoundarySizes(target_, descriptor);
  return FromBoundary({value.id, element}, descriptor);
}

LoweredValue Writer::FromBoundary(LoweredValue value, const OperandDescriptor& descriptor) {
  const Element declared = ElementOf(descriptor.data_type());
  const Element carrier = target_.carriers.Of(declared);
  if (value.element == carrier) return {value.id, declared};
  current_ = static_cast<uint32_t>(graph_.nodes.size());  // of no operator
  LoweredValue result;
  if (IsPacked(target_, descriptor)) {
    const auto count = static_cast<int64_t>(descriptor.element_count());
    const auto bytes = static_cast<int64_t>(descriptor.byte_length());
    const auto integer = [&](int64_t number) { return Scalar(number, carrier); };
    const LoweredValue pairs =
        Reshape(ConvertCarried(value, value.element, carrier), std::array{bytes, int64_t{1}});
    const LoweredValue high = Div(pairs, integer(16));
    const LoweredValue low = Sub(pairs, Mul(high, integer(16)));
    result =
        Reshape(Emit("Concat", {low, high}, {{"axis", int64_t{1}}}), std::array{bytes * kPairs});
    if (count != bytes * kPairs) {
      result = Slice(result, std::array{int64_t{0}}, std::array{count}, std::array{int64_t{0}});
    }
    result =
        Reshape(result, std::vector<int64_t>(descriptor.shape().begin(), descriptor.shape().end()));
    if (declared == Element::kInt4) {
      result = Where(Less(result, integer(8)), result, Sub(result, integer(16)));
    }
  } else if (declared == Element::kUint32) {
    const LoweredValue number = ConvertCarried(value, value.element, Element::kInt64);
    result = Where(Less(number, Scalar(0, Element::kInt64)),
                   Add(number, Scalar(kTwoTo32, Element::kInt64)), number);
  } else {
    result = ConvertCarried(value, value.element, carrier);
    if (target_.cast_by_float.Has(value.element)) {
      // Readers of floats and truth values take it from where it passes.
      const LoweredValue number = ConvertCarried(value, value.element, Element::kFloat);
      const LoweredValue original = {result.id, declared};
      casts_.emplace(CastKey(original, Element::kFloat), number);
      casts_.emplace(CastKey(original, Element::kBool),
                     ConvertCarried(number, Element::kFloat, Element::kBool));
    }
  }
  result.element = declared;
  return result;
}

LoweredValue Writer::ToBoundary(LoweredValue value, const OperandDescriptor& descriptor) {
  const Element declared = ElementOf(descriptor.data_type());
  const Element boundary = target_.boundaries.Of(declared);
  const Element carrier = target_.carriers.Of(declared);
  if (boundary == carrier) return {value.id, boundary};
  const uint32_t current = current_;
  current_ = static_cast<uint32_t>(graph_.nodes.size());
  LoweredValue result = {value.id, carrier};
  if (IsPacked(target_, descriptor)) {
    const auto count = static_cast<int64_t>(descriptor.element_count());
    const auto bytes = static_cast<int64_t>(descriptor.byte_length());
    const auto integer = [&](int64_t number) { return Scalar(number, carrier); };
    result = Reshape(result, std::array{count});
    if (declared == Element::kInt4) {
      result = Where(Less(result, integer(0)), Add(result, integer(16)), result);
    }
    if (count != bytes * kPairs) {
      const LoweredValue zero = Reshape(integer(0), std::array{int64_t{1}});
      result = Emit("Concat", {result, zero}, {{"axis", int64_t{0}}});
    }
    const std::vector<LoweredValue> halves =
        EmitMany("Split", {Reshape(result, std::array{bytes, kPairs}), Integers({1, 1})}, 2,
                 {{"axis", int64_t{1}}});
    result = Reshape(Add(halves[0], Mul(halves[1], integer(16))), std::array{bytes});
    result = ConvertCarried(result, carrier, boundary);
  } else if (declared == Element::kUint32) {
    const LoweredValue wrapped = Where(Less(result, Scalar(kTwoTo31, carrier)), result,
                                       Sub(result, Scalar(kTwoTo32, carrier)));
    result = ConvertCarried(wrapped, carrier, boundary);
  } else if (const auto wide = narrowed_from_.find(value.id);
             wide != narrowed_from_.end() && wide->second.element == Element::kBool) {
    result = ConvertCarried(wide->second, Element::kBool, boundary);
  } else {
    result = ConvertCarried(result, carrier, boundary);
  }
  current_ = current;
  return result;
}

// Constants keep their own type until it is known which of them are left.
void Writer::EncodeConstants() {
  for (Initializer& initializer : model_.initializers) {
    const Element carrier = model_.elements[initializer.value];
    if (carrier == initializer.element) continue;
    if (BitsOf(carrier) != BitsOf(initializer.element)) {
      const auto owner = std::make_shared<const std::vector<std::byte>>(ConvertElements(
          initializer.bytes(), CountOf(initializer.sizes), initializer.element, carrier));
      const bool small = !initializer.own.empty();
      initializer.own = small ? *owner : std::vector<std::byte>();
      initializer.reference = small ? std::span<const std::byte>() : std::span(*owner);
      initializer.owner = small ? nullptr : owner;
    }
    initializer.element = carrier;
  }
}

}  // namespace webnn::lowering
