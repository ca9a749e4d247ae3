#include "ops/common.h"

namespace webnn::ops {
namespace {

template <class Op>
OpSchema ArithmeticSchema(std::string_view name, HalfPrecision half, std::string_view doc) {
  return With(
      half, MakeSchema<Op>(name, doc,
                           {In<&Op::a>("a", kAny, kAnyRank), In<&Op::b>("b", kAny, kAnyRank, "a")},
                           {Out("output", kAny, kAnyRank, "a")}));
}

Result<OutputShape> InferBroadcast(const InferContext& context, Operand a, Operand b) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<uint64_t> sizes, Broadcast(context, {a, b}));
  return OutputShape{context.TypeOf(a), std::move(sizes)};
}

// Division by 0 and of the lowest value by -1 is not defined by the specification, but stops the
// process on some runtimes: such divisors are replaced. Below 64 bits the second cannot happen,
// because the division is made in 64 bits.
LoweredValue DivideIntegers(Writer& writer, const Div& op) {
  const Element type = lowering::ElementOf(writer.TypeOf(op.a));
  const LoweredValue a = writer.ExactScalar(writer.Get(op.a), writer.OutputSizes());
  const LoweredValue b = writer.ExactScalar(writer.Get(op.b), writer.OutputSizes());
  if (const auto divisor = writer.ConstantIntegers(op.b);
      divisor && writer.target().Supports("Div", type) &&
      std::none_of(divisor->begin(), divisor->end(), [](int64_t d) { return d == 0 || d == -1; })) {
    return writer.Div(a, b);
  }
  const bool is_unsigned_64 = type == Element::kUint64 && writer.target().Supports("Div", type);
  const Element compute = is_unsigned_64 ? Element::kUint64 : Element::kInt64;
  const auto constant = [&](int64_t value) { return writer.Scalar(value, compute); };
  const LoweredValue dividend = writer.Cast(a, compute);
  LoweredValue divisor = writer.Cast(b, compute);
  if (type == Element::kInt64) {
    const LoweredValue minus_one = writer.Equal(divisor, constant(-1));
    divisor = writer.Where(minus_one, constant(1), divisor);
    divisor = writer.Where(writer.Equal(divisor, constant(0)), constant(1), divisor);
    return writer.Where(minus_one, writer.Sub(constant(0), dividend),
                        writer.Div(dividend, divisor));
  }
  // By addition: runtimes have no Where of unsigned numbers.
  const Element compared = writer.ComputeType(compute, {"Equal"});
  const LoweredValue is_zero =
      writer.Equal(writer.Cast(divisor, compared), writer.Scalar(0, compared));
  divisor = writer.Add(divisor, writer.Cast(is_zero, compute));
  if (type != Element::kUint64 || is_unsigned_64) return writer.Div(dividend, divisor);

  // Unsigned by signed arithmetic. A divisor of 2^63 or more goes in once or not at all; else the
  // quotient of half the dividend, doubled, is at most one too small.
  const auto ordered = [&](LoweredValue value) { return writer.Barrier(writer.FlipSign(value)); };
  const auto at_least = [&](LoweredValue x, LoweredValue y) {  // x >= y, unsigned
    return writer.Cast(writer.Emit("Not", {writer.Less(ordered(x), ordered(y))}), Element::kInt64);
  };
  const LoweredValue small = writer.Where(writer.Less(divisor, constant(0)), constant(1), divisor);
  // A logical shift right by one: the arithmetic half, without the sign's copy.
  const LoweredValue low_bit = writer.LowBits(dividend, 1);
  const LoweredValue signed_half = writer.Div(writer.Sub(dividend, low_bit), constant(2));
  const LoweredValue half =
      writer.target().Supports("BitwiseAnd", compute)
          ? writer.Emit("BitwiseAnd", {signed_half, constant(std::numeric_limits<int64_t>::max())})
          : writer.Where(writer.Less(signed_half, constant(0)), ordered(signed_half), signed_half);
  const LoweredValue quotient = writer.Mul(writer.Div(half, small), constant(2));
  const LoweredValue rest = writer.Sub(dividend, writer.Mul(quotient, small));
  return writer.Where(writer.Less(divisor, constant(0)), at_least(dividend, divisor),
                      writer.Add(quotient, at_least(rest, small)));
}

// Runtimes compute integer powers in floating point, which is not exact: square and multiply. From
// an exponent of 64 on only 0, 1 and -1 have a result, which depends on its parity alone; a
// negative exponent leaves 0 but for 1 and -1.
LoweredValue IntegerPower(Writer& writer, const Pow& op) {
  constexpr Element kInt = Element::kInt64;
  const auto constant = [&](int64_t value) { return writer.Scalar(value, kInt); };
  const bool is_unsigned_64 = writer.TypeOf(op.b) == DataType::kUint64;
  const LoweredValue base = writer.Cast(writer.Get(op.a), kInt);
  LoweredValue exponent = writer.Cast(writer.Get(op.b), kInt);
  const LoweredValue parity = writer.LowBits(exponent, 1);
  const LoweredValue negative = writer.Less(exponent, constant(0));
  LoweredValue large = writer.Less(constant(63), exponent);
  if (is_unsigned_64) large = writer.Emit("Or", {large, negative}, {}, Element::kBool);
  exponent = writer.Where(large, writer.Add(parity, constant(62)), exponent);
  LoweredValue result;
  LoweredValue square = base;
  const bool has_bits = writer.target().Supports("BitwiseAnd", kInt);
  for (int bit = 0; bit < 6; ++bit) {
    const LoweredValue power =
        has_bits ? writer.Emit("BitwiseAnd", {exponent, constant(int64_t{1} << bit)})
                 : writer.LowBits(writer.Div(exponent, constant(int64_t{1} << bit)), 1);
    const LoweredValue set = writer.Less(constant(0), power);
    const LoweredValue factor = writer.Where(set, square, constant(1));
    result = result ? writer.Mul(result, factor) : factor;
    square = writer.Mul(square, square);
  }
  if (is_unsigned_64) return result;
  const LoweredValue unit_base =
      writer.Emit("Or", {writer.Equal(base, constant(1)), writer.Equal(base, constant(-1))});
  const LoweredValue odd = writer.Less(constant(0), parity);
  const LoweredValue unit = writer.Where(odd, base, constant(1));
  return writer.Where(negative, writer.Where(unit_base, unit, constant(0)), result);
}

LoweredValue Arithmetic(Writer& writer, std::string_view onnx, Operand a, Operand b) {
  const auto term = [&](Operand x) {
    return writer.Term(writer.Widen(x, {onnx}), writer.OutputSizes());
  };
  return writer.Emit(onnx, {term(a), term(b)});
}

// Of the largest or smallest, which is one of the two as it is.
LoweredValue Choice(Writer& writer, std::string_view onnx, Operand a, Operand b) {
  const auto ordered = [&](Operand x) {
    return writer.ExactScalar(writer.ToOrdered(writer.Get(x), onnx), writer.OutputSizes());
  };
  return writer.FromOrdered(writer.Binary(onnx, ordered(a), ordered(b)), writer.Get(a));
}

bool IsInteger(Writer& writer, Operand operand) { return !IsFloat(writer.Get(operand).element); }

}  // namespace

#define WEBNN_ARITHMETIC(Name, name, half, doc) \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = ArithmeticSchema<Name>(name, HalfPrecision::half, doc); \
    return kSchema; \
  } \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return InferBroadcast(context, op.a, op.b); \
  }
#define WEBNN_LOWER_TO(Name, onnx) \
  LoweredValue LowerToOnnx(Writer& writer, const Name& op) { \
    return Arithmetic(writer, onnx, op.a, op.b); \
  }
#define WEBNN_LOWER_ORDERED(Name, onnx) \
  LoweredValue LowerToOnnx(Writer& writer, const Name& op) { \
    return Choice(writer, onnx, op.a, op.b); \
  }

WEBNN_LOWER_TO(Add, "Add")
WEBNN_LOWER_TO(Sub, "Sub")
WEBNN_LOWER_TO(Mul, "Mul")
WEBNN_LOWER_ORDERED(Max, "Max")
WEBNN_LOWER_ORDERED(Min, "Min")

LoweredValue LowerToOnnx(Writer& writer, const Div& op) {
  return IsInteger(writer, op.a) ? DivideIntegers(writer, op)
                                 : Arithmetic(writer, "Div", op.a, op.b);
}

LoweredValue LowerToOnnx(Writer& writer, const Pow& op) {
  return IsInteger(writer, op.a) ? IntegerPower(writer, op) : Arithmetic(writer, "Pow", op.a, op.b);
}

WEBNN_ARITHMETIC(Add, "add", kFollows, "a + b, broadcast in both directions.")
WEBNN_ARITHMETIC(Sub, "sub", kFollows, "a - b, broadcast in both directions.")
WEBNN_ARITHMETIC(Mul, "mul", kFollows, "a * b, broadcast in both directions.")
WEBNN_ARITHMETIC(Div, "div", kFollows,
                 "a / b, broadcast in both directions; integers truncate toward zero.")
WEBNN_ARITHMETIC(Max, "max", kFollows, "The larger of a and b, broadcast in both directions.")
WEBNN_ARITHMETIC(Min, "min", kFollows, "The smaller of a and b, broadcast in both directions.")
WEBNN_ARITHMETIC(Pow, "pow", kWide, "a to the power of b, broadcast in both directions.")

}  // namespace webnn::ops
