#include "ops/common.h"

namespace webnn::ops {
namespace {

template <class Op>
OpSchema BinarySchema(std::string_view name, std::string_view doc, DataTypeSet types) {
  return With(HalfPrecision::kFollows, MakeSchema<Op>(name, doc,
                                                      {In<&Op::a>("a", types, kAnyRank),
                                                       In<&Op::b>("b", types, kAnyRank, "a")},
                                                      {Out("output", kBoolean, kAnyRank)}));
}
template <class Op>
OpSchema UnarySchema(std::string_view name, std::string_view doc, DataTypeSet types) {
  return With(HalfPrecision::kFollows, MakeSchema<Op>(name, doc, {In<&Op::a>("a", types, kAnyRank)},
                                                      {Out("output", kBoolean, kAnyRank)}));
}

Result<OutputShape> InferPredicate(const InferContext& context, Operand a, Operand b) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<uint64_t> sizes, Broadcast(context, {a, b}));
  return OutputShape{DataType::kUint8, std::move(sizes)};
}

LoweredValue Compare(Writer& writer, std::string_view onnx, Operand a, Operand b) {
  // Equality does not care for order: a type that holds the same bits will do.
  const auto operand = [&](Operand x) {
    return writer.ExactScalar(
        onnx == "Equal" ? writer.Widen(x, {onnx}) : writer.ToOrdered(writer.Get(x), onnx),
        writer.OutputSizes());
  };
  return writer.Emit(onnx, {operand(a), operand(b)}, {}, Element::kBool);
}

LoweredValue Not(Writer& writer, LoweredValue value) { return writer.Emit("Not", {value}); }

}  // namespace

#define WEBNN_COMPARISON(Name, name, onnx, doc) \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = BinarySchema<Name>(name, doc, kAny); \
    return kSchema; \
  } \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return InferPredicate(context, op.a, op.b); \
  } \
  LoweredValue LowerToOnnx(Writer& writer, const Name& op) { \
    return Compare(writer, onnx, op.a, op.b); \
  }
#define WEBNN_LOGICAL(Name, name, onnx, doc) \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = BinarySchema<Name>(name, doc, kBoolean); \
    return kSchema; \
  } \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return InferPredicate(context, op.a, op.b); \
  } \
  LoweredValue LowerToOnnx(Writer& writer, const Name& op) { \
    return writer.Emit(onnx, {writer.GetBool(op.a), writer.GetBool(op.b)}); \
  }
#define WEBNN_PREDICATE(Name, name, types, doc) \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = UnarySchema<Name>(name, doc, types); \
    return kSchema; \
  } \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return OutputShape{DataType::kUint8, ToSizes(context.ShapeOf(op.a))}; \
  }

LoweredValue LowerToOnnx(Writer& writer, const LogicalNot& op) {
  return Not(writer, writer.GetBool(op.a));
}
LoweredValue LowerToOnnx(Writer& writer, const IsNaN& op) {
  return writer.Emit("IsNaN", {writer.Widen(op.a, {"IsNaN"})}, {}, Element::kBool);
}
LoweredValue LowerToOnnx(Writer& writer, const IsInfinite& op) {
  return writer.Emit("IsInf", {writer.Widen(op.a, {"IsInf"})}, {}, Element::kBool);
}
LoweredValue LowerToOnnx(Writer& writer, const NotEqual& op) {
  return Not(writer, Compare(writer, "Equal", op.a, op.b));
}

template <>
const OpSchema& SchemaOf<NotEqual>() {
  static const OpSchema kSchema =
      BinarySchema<NotEqual>("notEqual", "1 where a differs from b, else 0.", kAny);
  return kSchema;
}
Result<OutputShape> Infer(const InferContext& context, const NotEqual& op) {
  return InferPredicate(context, op.a, op.b);
}

WEBNN_COMPARISON(Equal, "equal", "Equal", "1 where a = b, else 0.")
WEBNN_COMPARISON(Greater, "greater", "Greater", "1 where a > b, else 0.")
WEBNN_COMPARISON(GreaterOrEqual, "greaterOrEqual", "GreaterOrEqual", "1 where a >= b, else 0.")
WEBNN_COMPARISON(Lesser, "lesser", "Less", "1 where a < b, else 0.")
WEBNN_COMPARISON(LesserOrEqual, "lesserOrEqual", "LessOrEqual", "1 where a <= b, else 0.")
WEBNN_LOGICAL(LogicalAnd, "logicalAnd", "And", "1 where neither is 0, else 0.")
WEBNN_LOGICAL(LogicalOr, "logicalOr", "Or", "1 where either is not 0, else 0.")
WEBNN_LOGICAL(LogicalXor, "logicalXor", "Xor", "1 where exactly one is not 0, else 0.")
WEBNN_PREDICATE(LogicalNot, "logicalNot", kBoolean, "1 where a is 0, else 0.")
WEBNN_PREDICATE(IsNaN, "isNaN", kFloats, "1 where a is not a number, else 0.")
WEBNN_PREDICATE(IsInfinite, "isInfinite", kFloats,
                "1 where a is an infinity of either sign, else 0.")

}  // namespace webnn::ops
