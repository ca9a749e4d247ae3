#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "onnx/import/node.h"

/// Operators that WebNN has element by element, with ONNX's differences in types and arguments.
namespace webnn::onnx_format {
namespace {

template <class Op>
Result<void> ImportUnary(Node& node) {
  return node.Set(0, node.Emit(Op{.input = node.Get(0)}));
}

template <class Op>
Result<void> ImportBinary(Node& node) {
  return node.Set(0, node.Emit(Op{.a = node.Get(0), .b = node.Get(1)}));
}

template <class Op>
Result<void> ImportComparison(Node& node) {
  return node.Set(0, node.Emit(Op{.a = node.Get(0), .b = node.Get(1)}), Element::kBool);
}

bool IsUnsigned(Element element) {
  return element == Element::kUint8 || element == Element::kUint32 || element == Element::kUint64;
}

// WebNN has these for signed types alone; of unsigned ones Abs is the input.
Result<void> ImportAbs(Node& node) {
  return IsUnsigned(node.TypeOf(0)) ? node.Forward(0, 0) : ImportUnary<ops::Abs>(node);
}

Result<void> ImportSign(Node& node) {
  if (!IsUnsigned(node.TypeOf(0))) return ImportUnary<ops::Sign>(node);
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  return node.Set(0, node.Emit(ops::Min{.a = node.Get(0), .b = node.Scalar(1, type)}));
}

// Min, Max, Sum: of any count of inputs, one after another.
template <class Op>
Operand Fold(Node& node) {
  Operand result = node.Get(0);
  for (size_t k = 1; k < node.input_count(); ++k) {
    result = node.Emit(Op{.a = result, .b = node.Get(k)});
  }
  return result;
}

template <class Op>
Result<void> ImportVariadic(Node& node) {
  return node.Set(0, Fold<Op>(node), node.TypeOf(0));
}

Result<void> ImportMean(Node& node) {
  const Operand sum = Fold<ops::Add>(node);
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  return node.Set(0, node.Div(sum, node.Scalar(node.input_count(), type)));
}

// The exponent may have a type of its own. A power of integers by a float is computed in float32.
Result<void> ImportPow(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const bool in_float = !lowering::IsFloat(node.TypeOf(0)) && lowering::IsFloat(node.TypeOf(1));
  const DataType compute = in_float ? DataType::kFloat32 : type;
  const Operand base = node.Cast(node.Get(0), compute);
  const Operand exponent = node.Cast(node.Get(1), compute);
  return node.Set(0, node.Cast(node.Emit(ops::Pow{.a = base, .b = exponent}), type));
}

Result<void> ImportNot(Node& node) {
  return node.Set(0, node.Emit(ops::LogicalNot{.a = node.Get(0)}), Element::kBool);
}

Result<void> ImportIsNaN(Node& node) {
  return node.Set(0, node.Emit(ops::IsNaN{.a = node.Get(0)}), Element::kBool);
}

Result<void> ImportIsInf(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t negative, node.Int("detect_negative", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t positive, node.Int("detect_positive", 1));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const Operand x = node.Get(0);
  Operand result = node.Emit(ops::IsInfinite{.a = x});
  for (const auto& [detect, sign] : {std::pair(positive, 1.0), std::pair(negative, -1.0)}) {
    if (detect != 0) continue;
    const double infinity = sign * std::numeric_limits<double>::infinity();
    result = node.Emit(ops::LogicalAnd{
        .a = result, .b = node.Emit(ops::NotEqual{.a = x, .b = node.Scalar(infinity, type)})});
  }
  return node.Set(0, result, Element::kBool);
}

Result<void> ImportWhere(Node& node) {
  const Operand result = node.Emit(
      ops::Where{.condition = node.Get(0), .true_value = node.Get(1), .false_value = node.Get(2)});
  return node.Set(0, result, node.TypeOf(1));
}

bool IsFourBit(Element element) { return element == Element::kInt4 || element == Element::kUint4; }

// Scale 1 and zero point 0 of a 4-bit type, for a tensor of this rank: WebNN only quantises to the
// 4-bit types and from them.
std::pair<Operand, Operand> UnitScale(Node& node, Element four_bit, size_t rank) {
  const std::vector<int64_t> ones(rank, 1);
  std::byte* memory = nullptr;
  return {node.Reshape(node.Scalar(1, DataType::kFloat32), ones),
          node.Constant(HostTensor::Allocate(four_bit, ones, &memory))};
}

Operand FromFourBit(Node& node) {
  const auto [scale, zero_point] = UnitScale(node, node.TypeOf(0), node.SizesOf(0).size());
  return node.Emit(
      ops::DequantizeLinear{.input = node.Get(0), .scale = scale, .zero_point = zero_point});
}

// The lowest four bits of the integer that the fraction is dropped to.
Operand ToFourBit(Node& node, Operand x, Element to) {
  constexpr DataType kFloat = DataType::kFloat32;
  const Operand integer = node.Cast(node.Cast(x, DataType::kInt32), DataType::kUint8);
  const Operand sixteen = node.Scalar(16, DataType::kUint8);
  const Operand others = node.Mul(node.Div(integer, sixteen), sixteen);
  Operand number = node.Cast(node.Sub(integer, others), kFloat);
  if (to == Element::kInt4) {
    const Operand is_negative =
        node.Emit(ops::GreaterOrEqual{.a = number, .b = node.Scalar(8, kFloat)});
    number = node.Sub(number, node.Mul(node.Cast(is_negative, kFloat), node.Scalar(16, kFloat)));
  }
  const auto [scale, zero_point] = UnitScale(node, to, node.SizesOf(0).size());
  return node.Emit(ops::QuantizeLinear{.input = number, .scale = scale, .zero_point = zero_point});
}

Result<void> CastTo(Node& node, Element to) {
  const Element from = node.TypeOf(0);
  if (from == to) return node.Forward(0, 0);
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(to));
  const Operand x = IsFourBit(from) ? FromFourBit(node) : node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  if (IsFourBit(to)) return node.Set(0, ToFourBit(node, x, to));
  if (to != Element::kBool) return node.Set(0, node.Cast(x, type));
  const Operand zero = node.Scalar(0, node.DataTypeOf(x));
  return node.Set(0, node.Emit(ops::NotEqual{.a = x, .b = zero}), Element::kBool);
}

Result<void> ImportCast(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t to, node.Int("to", 0));
  if (to <= 0 || to > 255) return node.Invalid("`to` is {}, which is no element type", to);
  return CastTo(node, static_cast<Element>(to));
}

Result<void> ImportCastLike(Node& node) { return CastTo(node, node.TypeOf(1)); }

// The same bits as another type: between integers of one width a cast keeps them.
Result<void> ImportBitCast(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t to, node.Int("to", 0));
  const auto element = static_cast<Element>(std::clamp<int64_t>(to, 0, 255));
  const Element from = node.TypeOf(0);
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(element));
  if (lowering::IsFloat(from) || lowering::IsFloat(element) || BitsOf(from) != BitsOf(element) ||
      element == Element::kBool) {
    return node.Refuse(
        fmt::format("the bits of {} cannot be read as {}", NameOf(from), NameOf(element)));
  }
  return node.Set(0, node.Cast(node.Get(0), type));
}

// Bounds that are known become the operator's own; ONNX has the upper one win when they cross.
Result<void> ClipTo(Node& node, std::optional<Number> min, std::optional<Number> max) {
  const Operand x = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);
  if (min && max && min->ToDouble() > max->ToDouble()) {
    const Operand raised = node.Emit(ops::Max{.a = x, .b = node.Scalar(*min, type)});
    return node.Set(0, node.Emit(ops::Min{.a = raised, .b = node.Scalar(*max, type)}));
  }
  return node.Set(0, node.Emit(ops::Clamp{.input = x, .min_value = min, .max_value = max}));
}

Result<void> ImportClip6(Node& node) {
  constexpr float kMax = std::numeric_limits<float>::max();
  WEBNN_ASSIGN_OR_RETURN(const float min, node.Float("min", -kMax));
  WEBNN_ASSIGN_OR_RETURN(const float max, node.Float("max", kMax));
  return ClipTo(node, min, max);
}

Result<void> ImportClip(Node& node) {
  const auto is_known = [&](size_t k) { return !node.Has(k) || node.Known(k) != nullptr; };
  if (is_known(1) && is_known(2)) {
    std::optional<Number> bounds[2];
    for (size_t k = 1; k <= 2; ++k) {
      if (!node.Has(k)) continue;
      WEBNN_ASSIGN_OR_RETURN(bounds[k - 1], node.KnownScalar(k, k == 1 ? "min" : "max"));
    }
    return ClipTo(node, bounds[0], bounds[1]);
  }
  Operand x = node.Get(0);
  if (node.Has(1)) x = node.Emit(ops::Max{.a = x, .b = node.Get(1)});
  if (node.Has(2)) x = node.Emit(ops::Min{.a = x, .b = node.Get(2)});
  return node.Set(0, x);
}

Result<void> ImportIdentity(Node& node) { return node.Forward(0, 0); }

constexpr ImportRow kRows[] = {
    {"Abs", 1, 1, ImportAbs},
    {"Add", 7, 2, ImportBinary<ops::Add>},
    {"And", 7, 2, ImportComparison<ops::LogicalAnd>},
    {"BitCast", 26, 1, ImportBitCast},
    {"Cast", 6, 1, ImportCast},
    {"CastLike", 15, 2, ImportCastLike},
    {"Ceil", 1, 1, ImportUnary<ops::Ceil>},
    {"Clip", 6, 1, ImportClip6},
    {"Clip", 11, 1, ImportClip},
    {"Cos", 7, 1, ImportUnary<ops::Cos>},
    {"Div", 7, 2, ImportBinary<ops::Div>},
    {"Equal", 7, 2, ImportComparison<ops::Equal>},
    {"Erf", 9, 1, ImportUnary<ops::Erf>},
    {"Exp", 6, 1, ImportUnary<ops::Exp>},
    {"Floor", 6, 1, ImportUnary<ops::Floor>},
    {"Greater", 7, 2, ImportComparison<ops::Greater>},
    {"GreaterOrEqual", 12, 2, ImportComparison<ops::GreaterOrEqual>},
    {"Identity", 1, 1, ImportIdentity},
    {"IsInf", 10, 1, ImportIsInf},
    {"IsNaN", 9, 1, ImportIsNaN},
    {"Less", 7, 2, ImportComparison<ops::Lesser>},
    {"LessOrEqual", 12, 2, ImportComparison<ops::LesserOrEqual>},
    {"Log", 6, 1, ImportUnary<ops::Log>},
    {"Max", 6, 1, ImportVariadic<ops::Max>},
    {"Mean", 6, 1, ImportMean},
    {"Min", 6, 1, ImportVariadic<ops::Min>},
    {"Mul", 7, 2, ImportBinary<ops::Mul>},
    {"Neg", 6, 1, ImportUnary<ops::Neg>},
    {"Not", 1, 1, ImportNot},
    {"Or", 7, 2, ImportComparison<ops::LogicalOr>},
    {"Pow", 7, 2, ImportPow},
    {"Reciprocal", 6, 1, ImportUnary<ops::Reciprocal>},
    {"Round", 11, 1, ImportUnary<ops::RoundEven>},
    {"Sign", 9, 1, ImportSign},
    {"Sin", 7, 1, ImportUnary<ops::Sin>},
    {"Sqrt", 6, 1, ImportUnary<ops::Sqrt>},
    {"Sub", 7, 2, ImportBinary<ops::Sub>},
    {"Sum", 6, 1, ImportVariadic<ops::Add>},
    {"Tan", 7, 1, ImportUnary<ops::Tan>},
    {"Where", 9, 3, ImportWhere},
    {"Xor", 7, 2, ImportComparison<ops::LogicalXor>},
};

}  // namespace

std::span<const ImportRow> ElementwiseRows() { return kRows; }

}  // namespace webnn::onnx_format
