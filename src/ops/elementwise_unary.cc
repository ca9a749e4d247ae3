#include <numbers>

#include "ops/common.h"

namespace webnn::ops {

#define WEBNN_UNARY(Name, name, onnx, types, half, doc) \
  LoweredValue LowerToOnnx(Writer& writer, const Name& op) { \
    return writer.Emit(onnx, {writer.Widen(op.input, {onnx})}); \
  } \
  WEBNN_UNARY_ROW(Name, name, types, half, doc)
#define WEBNN_UNARY_ROW(Name, name, types, half, doc) \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return SameAs(context, op.input); \
  } \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = \
        With(HalfPrecision::half, ElementwiseSchema<Name>(name, doc, types)); \
    return kSchema; \
  }

LoweredValue LowerToOnnx(Writer& writer, const Identity& op) { return writer.Get(op.input); }

LoweredValue LowerToOnnx(Writer& writer, const Relu& op) {
  const LoweredValue input = writer.Get(op.input);
  // Of integers by Max: ONNX Runtime wants to merge an integer Relu with a Clip behind it, and
  // fails.
  if (IsFloat(input.element) && writer.target().Supports("Relu", input.element)) {
    return writer.Emit("Relu", {input});
  }
  const LoweredValue wide = writer.Widen(op.input, {"Max"});
  return writer.Max(wide, writer.Scalar(0, wide.element));
}

LoweredValue LowerToOnnx(Writer& writer, const HardSwish& op) {
  const LoweredValue x = writer.PreciseChain(op.input);
  if (writer.target().Supports("HardSwish", x.element)) return writer.Emit("HardSwish", {x});
  const auto number = [&](double value) { return writer.Scalar(value, x.element); };
  // The quotient first: the product of x and 6 may be beyond float16.
  const LoweredValue gate = writer.Clip(writer.Add(x, number(3)), number(0), number(6));
  return writer.Mul(x, writer.Div(gate, number(6)));
}

LoweredValue LowerToOnnx(Writer& writer, const Gelu& op) {
  const LoweredValue x = writer.PreciseChain(op.input);
  if (writer.target().Supports("Gelu", x.element)) return writer.Emit("Gelu", {x});
  const auto number = [&](double value) { return writer.Scalar(value, x.element); };
  // TensorRT knows this form, with a factor of one element, and is more exact than its parts.
  const LoweredValue erf = writer.Emit("Erf", {writer.Mul(x, number(std::numbers::sqrt2 / 2))});
  return writer.Mul(writer.Mul(x, number(0.5)), writer.Add(erf, number(1)));
}

WEBNN_UNARY(Abs, "abs", "Abs", kSigned, kFollows, "Absolute value.")
WEBNN_UNARY(Ceil, "ceil", "Ceil", kFloats, kFollows, "Rounds up to an integer.")
WEBNN_UNARY(Cos, "cos", "Cos", kFloats, kBounded, "Cosine of radians.")
WEBNN_UNARY(Erf, "erf", "Erf", kFloats, kBounded, "Gauss error function.")
WEBNN_UNARY(Exp, "exp", "Exp", kFloats, kWide, "e to the power of x.")
WEBNN_UNARY(Floor, "floor", "Floor", kFloats, kFollows, "Rounds down to an integer.")
WEBNN_UNARY_ROW(Identity, "identity", kAny, kFollows, "A copy of the input.")
WEBNN_UNARY(Log, "log", "Log", kFloats, kWide, "Natural logarithm.")
WEBNN_UNARY(Neg, "neg", "Neg", kSigned, kFollows, "-x.")
WEBNN_UNARY(Reciprocal, "reciprocal", "Reciprocal", kFloats, kWide, "1 / x.")
WEBNN_UNARY(RoundEven, "roundEven", "Round", kFloats, kFollows,
            "Rounds to the nearest integer, halves to the even one.")
WEBNN_UNARY(Sin, "sin", "Sin", kFloats, kBounded, "Sine of radians.")
WEBNN_UNARY(Sign, "sign", "Sign", kSigned, kFollows, "-1, 0 or 1; 0 for NaN.")
WEBNN_UNARY(Sqrt, "sqrt", "Sqrt", kFloats, kFollows, "Square root.")
WEBNN_UNARY(Tan, "tan", "Tan", kFloats, kWide, "Tangent of radians.")
WEBNN_UNARY_ROW(Gelu, "gelu", kFloats, kFollows, "x / 2 * (1 + erf(x / sqrt(2))).")
WEBNN_UNARY_ROW(HardSwish, "hardSwish", kFloats, kFollows, "x * max(0, min(6, x + 3)) / 6.")
WEBNN_UNARY_ROW(Relu, "relu", kSigned, kFollows, "max(0, x).")
WEBNN_UNARY(Sigmoid, "sigmoid", "Sigmoid", kFloats, kBounded, "1 / (1 + exp(-x)).")
WEBNN_UNARY(Softplus, "softplus", "Softplus", kFloats, kFollows, "log(1 + exp(x)).")
WEBNN_UNARY(Softsign, "softsign", "Softsign", kFloats, kBounded, "x / (1 + |x|).")
WEBNN_UNARY(Tanh, "tanh", "Tanh", kFloats, kBounded, "Hyperbolic tangent.")

}  // namespace webnn::ops
