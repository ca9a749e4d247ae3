#include <algorithm>
#include <limits>

#include "onnx/import/node.h"

/// Remainders and bits, by WebNN's arithmetic: its integers wrap and their division truncates.
namespace webnn::onnx_format {
namespace {

bool IsUnsigned(DataType type) {
  return type == DataType::kUint8 || type == DataType::kUint32 || type == DataType::kUint64;
}

Operand Select(Node& node, Operand condition, Operand a, Operand b) {
  return node.Emit(ops::Where{.condition = condition, .true_value = a, .false_value = b});
}

// The remainder of division towards zero with the sign of the divisor: where the signs differ, the
// divisor is added once.
Operand WithSignOfDivisor(Node& node, Operand remainder, Operand b, Operand zero) {
  const auto is_negative = [&](Operand x) { return node.Emit(ops::Lesser{.a = x, .b = zero}); };
  const Operand differs =
      node.Emit(ops::LogicalXor{.a = is_negative(remainder), .b = is_negative(b)});
  const Operand wrong = node.Emit(
      ops::LogicalAnd{.a = differs, .b = node.Emit(ops::NotEqual{.a = remainder, .b = zero})});
  return Select(node, wrong, node.Add(remainder, b), remainder);
}

// Of float32 towards zero, by magnitudes. An infinite divisor leaves a finite dividend as it is.
Operand FloatRemainder(Node& node, Operand a, Operand b, Operand zero) {
  const Operand x = node.Emit(ops::Abs{.input = a});
  const Operand y = node.Emit(ops::Abs{.input = b});
  const Operand quotient = node.Emit(ops::Floor{.input = node.Div(x, y)});
  Operand rest = node.Sub(x, node.Mul(quotient, y));
  // A quotient that was rounded up to the next integer.
  rest = Select(node, node.Emit(ops::Lesser{.a = rest, .b = zero}), node.Add(rest, y), rest);
  const Operand finite = node.Add(x, node.Sub(x, x));  // no number when it is infinite
  rest = Select(node, node.Emit(ops::IsInfinite{.a = y}), finite, rest);
  return Select(node, node.Emit(ops::Lesser{.a = a, .b = zero}), node.Emit(ops::Neg{.input = rest}),
                rest);
}

// The remainder has the sign of the dividend with `fmod`, else that of the divisor.
Result<void> ImportMod(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t fmod, node.Int("fmod", 0));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const bool is_float = lowering::IsFloat(node.TypeOf(0));
  if (is_float && fmod == 0 && node.opset() < 28) {
    return node.Invalid("Mod of floats needs `fmod` = 1 before opset 28");
  }
  const DataType compute = is_float ? DataType::kFloat32 : type;
  const Operand a = node.Cast(node.Get(0), compute);
  const Operand b = node.Cast(node.Get(1), compute);
  const Operand zero = node.Scalar(0, compute);
  Operand remainder =
      is_float ? FloatRemainder(node, a, b, zero) : node.Sub(a, node.Mul(node.Div(a, b), b));
  if (fmod == 0 && !IsUnsigned(type)) remainder = WithSignOfDivisor(node, remainder, b, zero);
  return node.Set(0, node.Cast(remainder, type));
}

// ~x = -1 - x, in an unsigned type the largest number less x.
Result<void> ImportBitwiseNot(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const Number ones = IsUnsigned(type) ? Number(std::numeric_limits<uint64_t>::max()) : Number(-1);
  return node.Set(0, node.Sub(node.Scalar(ones, type), node.Get(0)));
}

// A shift is a product with a power of two, or a quotient: of a negative number that of its
// complement, which rounds down. A count that is no place in the type shifts all bits out.
Result<void> ImportBitShift(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string direction, node.String("direction", ""));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  if (direction != "LEFT" && direction != "RIGHT") {
    return node.Invalid("`direction` is \"{}\"; it must be LEFT or RIGHT", direction);
  }
  const Operand x = node.Get(0);
  const Operand count = node.Get(1);
  const Operand zero = node.Scalar(0, type);
  const Operand valid = node.Emit(ops::LogicalAnd{
      .a = node.Emit(ops::Lesser{.a = count, .b = node.Scalar(BitsPerElement(type), type)}),
      .b = node.Emit(ops::GreaterOrEqual{.a = count, .b = zero})});
  const Operand power =
      node.Emit(ops::Pow{.a = node.Scalar(2, type), .b = Select(node, valid, count, zero)});
  if (direction == "LEFT") return node.Set(0, Select(node, valid, node.Mul(x, power), zero));
  if (IsUnsigned(type)) return node.Set(0, Select(node, valid, node.Div(x, power), zero));
  const Operand negative = node.Emit(ops::Lesser{.a = x, .b = zero});
  const auto complement_if_negative = [&](Operand value) {
    return Select(node, negative, node.Sub(node.Scalar(-1, type), value), value);
  };
  const Operand quotient = node.Div(complement_if_negative(x), power);
  return node.Set(0, complement_if_negative(Select(node, valid, quotient, zero)));
}

// The bits of x, as numbers 0 and 1 along a new last axis.
Operand BitsOf(Node& node, Operand x, Operand powers, DataType type) {
  std::vector<int64_t> sizes = node.Sizes(x);
  sizes.push_back(1);
  const Operand shifted = node.Div(node.Reshape(x, sizes), powers);
  const Operand two = node.Scalar(2, type);
  return node.Sub(shifted, node.Mul(node.Div(shifted, two), two));
}

// Bit by bit in the unsigned type that is as wide: from(a, b) of two bits.
Result<void> ImportBits(Node& node,
                        Operand (*from)(Node& node, Operand a, Operand b, DataType type)) {
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const bool is_wide = BitsPerElement(type) == 64;
  const DataType compute = is_wide ? DataType::kUint64 : DataType::kUint32;
  // A cast of a negative number wraps, so that its bits come along.
  const Operand a = node.Cast(node.Get(0), compute);
  const Operand b = node.Cast(node.Get(1), compute);
  WEBNN_RETURN_IF_ERROR(node.status());
  const int64_t width = BitsPerElement(type);
  std::byte* memory = nullptr;
  const HostTensor table = HostTensor::Allocate(lowering::ElementOf(compute), {width}, &memory);
  for (int64_t bit = 0; bit < width; ++bit) {
    const auto power = Number(uint64_t{1} << bit).Encode(compute);
    const size_t size = is_wide ? 8 : 4;
    std::copy_n(power.begin(), size, memory + static_cast<size_t>(bit) * size);
  }
  const Operand powers = node.Constant(table);
  const Operand bits =
      from(node, BitsOf(node, a, powers, compute), BitsOf(node, b, powers, compute), compute);
  const Operand placed = node.Mul(bits, powers);
  WEBNN_RETURN_IF_ERROR(node.status());
  const auto last = static_cast<uint32_t>(node.Sizes(placed).size() - 1);
  const Operand sum =
      node.Emit(ops::ReduceSum{.input = placed, .axes = std::vector<uint32_t>{last}});
  return node.Set(0, node.Cast(sum, type));
}

Result<void> ImportBitwiseAnd(Node& node) {
  return ImportBits(node, [](Node& n, Operand a, Operand b, DataType) { return n.Mul(a, b); });
}
Result<void> ImportBitwiseOr(Node& node) {
  return ImportBits(node, [](Node& n, Operand a, Operand b, DataType) {
    return n.Emit(ops::Max{.a = a, .b = b});
  });
}
Result<void> ImportBitwiseXor(Node& node) {
  return ImportBits(node, [](Node& n, Operand a, Operand b, DataType type) {
    return n.Cast(n.Emit(ops::NotEqual{.a = a, .b = b}), type);
  });
}

constexpr ImportRow kRows[] = {
    {"BitShift", 11, 2, ImportBitShift},     {"BitwiseAnd", 18, 2, ImportBitwiseAnd},
    {"BitwiseNot", 18, 1, ImportBitwiseNot}, {"BitwiseOr", 18, 2, ImportBitwiseOr},
    {"BitwiseXor", 18, 2, ImportBitwiseXor}, {"Mod", 10, 2, ImportMod},
};

}  // namespace

std::span<const ImportRow> BitwiseRows() { return kRows; }

}  // namespace webnn::onnx_format
