#include "ops/common.h"

namespace webnn::ops {

#define WEBNN_UNARY(Name, name, onnx, types, doc) \
  LoweredValue LowerToOnnx(Writer& writer, const Name& op) { \
    return writer.Emit(onnx, {writer.Widen(op.input, {onnx})}); \
  } \
  WEBNN_UNARY_ROW(Name, name, types, doc)
#define WEBNN_UNARY_ROW(Name, name, types, doc) \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return SameAs(context, op.input); \
  } \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = ElementwiseSchema<Name>(name, doc, types); \
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
  return writer.Emit("HardSwish", {writer.Precise(op.input)});
}

LoweredValue LowerToOnnx(Writer& writer, const Gelu& op) {
  return writer.Emit("Gelu", {writer.Precise(op.input)});
}

WEBNN_UNARY(Abs, "abs", "Abs", kSigned, "Absolute value.")
WEBNN_UNARY(Ceil, "ceil", "Ceil", kFloats, "Rounds up to an integer.")
WEBNN_UNARY(Cos, "cos", "Cos", kFloats, "Cosine of radians.")
WEBNN_UNARY(Erf, "erf", "Erf", kFloats, "Gauss error function.")
WEBNN_UNARY(Exp, "exp", "Exp", kFloats, "e to the power of x.")
WEBNN_UNARY(Floor, "floor", "Floor", kFloats, "Rounds down to an integer.")
WEBNN_UNARY_ROW(Identity, "identity", kAny, "A copy of the input.")
WEBNN_UNARY(Log, "log", "Log", kFloats, "Natural logarithm.")
WEBNN_UNARY(Neg, "neg", "Neg", kSigned, "-x.")
WEBNN_UNARY(Reciprocal, "reciprocal", "Reciprocal", kFloats, "1 / x.")
WEBNN_UNARY(RoundEven, "roundEven", "Round", kFloats,
            "Rounds to the nearest integer, halves to the even one.")
WEBNN_UNARY(Sin, "sin", "Sin", kFloats, "Sine of radians.")
WEBNN_UNARY(Sign, "sign", "Sign", kSigned, "-1, 0 or 1; 0 for NaN.")
WEBNN_UNARY(Sqrt, "sqrt", "Sqrt", kFloats, "Square root.")
WEBNN_UNARY(Tan, "tan", "Tan", kFloats, "Tangent of radians.")
WEBNN_UNARY_ROW(Gelu, "gelu", kFloats, "x / 2 * (1 + erf(x / sqrt(2))).")
WEBNN_UNARY_ROW(HardSwish, "hardSwish", kFloats, "x * max(0, min(6, x + 3)) / 6.")
WEBNN_UNARY_ROW(Relu, "relu", kSigned, "max(0, x).")
WEBNN_UNARY(Sigmoid, "sigmoid", "Sigmoid", kFloats, "1 / (1 + exp(-x)).")
WEBNN_UNARY(Softplus, "softplus", "Softplus", kFloats, "log(1 + exp(x)).")
WEBNN_UNARY(Softsign, "softsign", "Softsign", kFloats, "x / (1 + |x|).")
WEBNN_UNARY(Tanh, "tanh", "Tanh", kFloats, "Hyperbolic tangent.")

}  // namespace webnn::ops
