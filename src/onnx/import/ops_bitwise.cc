#include <algorithm>
#include <limits>

#include "onnx/import/node.h"

/// Remainders and bits, by WebNN's arithmetic: its integers wrap and their division truncates.
namespace webnn::onnx_format {
namespace {

bool IsUnsigned(DataType type) {
  return type == DataType::kUint8 || type == DataType::kUint32 || type == DataType::kUint64;
}

// The remainder has the sign of the dividend with `fmod`, else that of the divisor.
Result<void> ImportMod(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t fmod, node.Int("fmod", 0));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const Operand a = node.Get(0);
  const Operand b = node.Get(1);
  Operand remainder;
  if (lowering::IsFloat(node.TypeOf(0))) {
    if (fmod == 0) return node.Invalid("Mod of floats needs `fmod` = 1");
    // Computed in float32: the quotient towards zero is the floor of magnitudes.
    const Operand x = node.Emit(ops::Abs{.input = node.Cast(a, DataType::kFloat32)});
    const Operand y = node.Emit(ops::Abs{.input = node.Cast(b, DataType::kFloat32)});
    const Operand quotient = node.Emit(ops::Floor{.input = node.Div(x, y)});
    Operand rest = node.Sub(x, node.Mul(quotient, y));
    // A quotient that was rounded up to the next integer.
    const Operand zero = node.Scalar(0, DataType::kFloat32);
    rest = node.Emit(ops::Where{.condition = node.Emit(ops::Lesser{.a = rest, .b = zero}),
                                .true_value = node.Add(rest, y),
                                .false_value = rest});
    const Operand negative =
        node.Emit(ops::Lesser{.a = node.Cast(a, DataType::kFloat32), .b = zero});
    rest = node.Emit(ops::Where{.condition = negative,
                                .true_value = node.Emit(ops::Neg{.input = rest}),
                                .false_value = rest});
    return node.Set(0, node.Cast(rest, type));
  }
  remainder = node.Sub(a, node.Mul(node.Div(a, b), b));
  if (fmod == 0 && !IsUnsigned(type)) {
    const Operand zero = node.Scalar(0, type);
    const auto is_negative = [&](Operand x) { return node.Emit(ops::Lesser{.a = x, .b = zero}); };
    const Operand differs =
        node.Emit(ops::LogicalXor{.a = is_negative(remainder), .b = is_negative(b)});
    const Operand wrong = node.Emit(
        ops::LogicalAnd{.a = differs, .b = node.Emit(ops::NotEqual{.a = remainder, .b = zero})});
    remainder = node.Emit(ops::Where{
        .condition = wrong, .true_value = node.Add(remainder, b), .false_value = remainder});
  }
  return node.Set(0, remainder);
}

// ~x = -1 - x, in an unsigned type the largest number less x.
Result<void> ImportBitwiseNot(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const Number ones = IsUnsigned(type) ? Number(std::numeric_limits<uint64_t>::max()) : Number(-1);
  return node.Set(0, node.Sub(node.Scalar(ones, type), node.Get(0)));
}

// A shift is a product with a power of two, or a quotient. From the width of the type on there is
// nothing left.
Result<void> ImportBitShift(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string direction, node.String("direction", ""));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  if (direction != "LEFT" && direction != "RIGHT") {
    return node.Invalid("`direction` is \"{}\"; it must be LEFT or RIGHT", direction);
  }
  const Operand x = node.Get(0);
  const Operand count = node.Get(1);
  const Operand power = node.Emit(ops::Pow{.a = node.Scalar(2, type), .b = count});
  if (direction == "LEFT") return node.Set(0, node.Mul(x, power));
  const Operand all =
      node.Emit(ops::GreaterOrEqual{.a = count, .b = node.Scalar(BitsPerElement(type), type)});
  const Operand one = node.Scalar(1, type);
  const Operand divisor =
      node.Emit(ops::Where{.condition = all, .true_value = one, .false_value = power});
  return node.Set(0, node.Emit(ops::Where{.condition = all,
                                          .true_value = node.Scalar(0, type),
                                          .false_value = node.Div(x, divisor)}));
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
