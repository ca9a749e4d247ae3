#include "core/elements.h"
#include "ops/common.h"

namespace webnn::ops {
namespace {

// Rules `scale-rank-as-input`, `scale-divides` and `zero-point-shape`.
Result<void> CheckScale(const InferContext& context, Operand input, Operand scale,
                        Operand zero_point) {
  const Shape& sizes = context.ShapeOf(input);
  const Shape& given = context.ShapeOf(scale);
  if (given.rank() != sizes.rank()) {
    return context.Reject("scale-rank-as-input",
                          "scale has shape {}; the rank must be {}, the input's", ToString(given),
                          sizes.rank());
  }
  for (uint32_t axis = 0; axis < sizes.rank(); ++axis) {
    if (sizes[axis] % given[axis] == 0) continue;
    return context.Reject("scale-divides",
                          "scale has shape {}, input {}; each size of the input must be a multiple",
                          ToString(given), ToString(sizes));
  }
  if (context.ShapeOf(zero_point) != given) {
    return context.Reject("zero-point-shape",
                          "zeroPoint has shape {}, scale {}; they must be equal",
                          ToString(context.ShapeOf(zero_point)), ToString(given));
  }
  return {};
}

constexpr bool IsNarrow(DataType type) {
  return type == DataType::kInt4 || type == DataType::kUint4;
}
constexpr bool IsWide(DataType type) {
  return type == DataType::kInt32 || type == DataType::kUint32;
}

struct Range {
  int64_t lowest;
  int64_t highest;
};
constexpr Range RangeOf(DataType type) {
  switch (type) {
    case DataType::kInt4:
      return {-8, 7};
    case DataType::kUint4:
      return {0, 15};
    case DataType::kInt8:
      return {-128, 127};
    case DataType::kUint8:
      return {0, 255};
    case DataType::kInt32:
      return {std::numeric_limits<int32_t>::lowest(), std::numeric_limits<int32_t>::max()};
    default:
      return {0, std::numeric_limits<uint32_t>::max()};
  }
}

bool IsZeroConstant(const Writer& writer, Operand operand) {
  const std::span<const std::byte> bytes = writer.ConstantBytes(operand);
  return !bytes.empty() && std::all_of(bytes.begin(), bytes.end(),
                                       [](std::byte byte) { return byte == std::byte{}; });
}

// How ONNX's QuantizeLinear and DequantizeLinear can be told about scale and zero point: one for
// all, one for each place on `axis`, or blocks along `axis` and one for each place on the others.
struct Granularity {
  std::vector<int64_t> sizes = {};  // of scale and zero point in ONNX
  int64_t axis = -1;                // -1: one for all
  int64_t block = 0;                // 0: no blocks
  bool repeats = false;             // elements of scale and zero point, to have `sizes`
};

Granularity GranularityOf(const std::vector<int64_t>& input, const std::vector<int64_t>& scale) {
  std::vector<int64_t> varying;
  for (size_t axis = 0; axis < input.size(); ++axis) {
    if (scale[axis] != 1) varying.push_back(static_cast<int64_t>(axis));
  }
  if (varying.empty()) return {};
  int64_t axis = varying.back();
  if (varying.size() == 1 && scale[axis] == input[axis]) {
    return {.sizes = {scale[axis]}, .axis = axis};
  }
  // The largest blocks are kept: they save most.
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] / scale[i] > input[axis] / scale[axis]) axis = static_cast<int64_t>(i);
  }
  Granularity result = {.sizes = input, .axis = axis, .block = input[axis] / scale[axis]};
  result.sizes[axis] = scale[axis];
  result.repeats = result.sizes != scale;
  return result;
}

std::vector<Attribute> AttributesOf(const Granularity& granularity) {
  std::vector<Attribute> attributes;
  if (granularity.axis >= 0) attributes.push_back({"axis", granularity.axis});
  if (granularity.block > 0) attributes.push_back({"block_size", granularity.block});
  return attributes;
}

// Repeats elements over their blocks, so that `value` of sizes `from` gets sizes `to`.
LoweredValue ExpandBlocks(Writer& writer, LoweredValue value, const std::vector<int64_t>& from,
                          const std::vector<int64_t>& to) {
  if (from == to) return value;
  if (writer.target().max_rank != 0 && 2 * from.size() > writer.target().max_rank) {
    for (size_t axis = 0; axis < from.size(); ++axis) {
      if (from[axis] == to[axis]) continue;
      std::vector<int64_t> places(to[axis]);
      for (int64_t i = 0; i < to[axis]; ++i) places[i] = i / (to[axis] / from[axis]);
      value = writer.Emit("Gather", {value, writer.Integers(places)},
                          {{"axis", static_cast<int64_t>(axis)}});
    }
    return value;
  }
  std::vector<int64_t> apart;
  std::vector<int64_t> repeated;
  for (size_t axis = 0; axis < from.size(); ++axis) {
    apart.insert(apart.end(), {from[axis], 1});
    repeated.insert(repeated.end(), {from[axis], to[axis] / from[axis]});
  }
  value = writer.Emit("Expand", {writer.Reshape(value, apart), writer.Integers(repeated)});
  return writer.Reshape(value, to);
}

// Scale or zero point in the sizes that ONNX wants.
LoweredValue ToGranularity(Writer& writer, Operand operand, const Granularity& granularity,
                           Element element) {
  const LoweredValue value = writer.Cast(writer.Get(operand), element);
  const std::vector<int64_t> sizes = writer.SizesOf(operand);
  if (granularity.repeats) return ExpandBlocks(writer, value, sizes, granularity.sizes);
  if (sizes == granularity.sizes) return value;
  // A constant gets other sizes as it is, so that the runtime still sees a constant.
  const std::span<const std::byte> bytes = writer.ConstantBytes(operand);
  if (bytes.empty() || value.id != writer.Get(operand).id) {
    return writer.Reshape(value, granularity.sizes);
  }
  return writer.Constant<std::byte>(bytes, granularity.sizes, value.element);
}

// The type in which ONNX's `op` quantises `type`: where a zero point of 4 bits has to be moved
// about, for which there are no kernels, that of 8 bits. None when the target has neither.
Element QuantizedElement(const Writer& writer, std::string_view op, Operand zero_point,
                         const Granularity& granularity) {
  const DataType type = writer.TypeOf(zero_point);
  Element element = lowering::ElementOf(type);
  if (IsNarrow(type)) {
    const bool stays = !granularity.repeats && (writer.SizesOf(zero_point) == granularity.sizes ||
                                                !writer.ConstantBytes(zero_point).empty());
    if (!stays || !writer.target().Supports(op, element)) {
      element = type == DataType::kInt4 ? Element::kInt8 : Element::kUint8;
    }
  }
  return writer.target().Supports(op, element) ? element : Element::kNone;
}

// Scale or zero point for arithmetic with the input: blocks are repeated, single ones broadcast.
LoweredValue ToBroadcastable(Writer& writer, Operand operand, LoweredValue value, Operand input) {
  const std::vector<int64_t> from = writer.SizesOf(operand);
  std::vector<int64_t> to = writer.SizesOf(input);
  for (size_t axis = 0; axis < to.size(); ++axis) {
    if (from[axis] == 1) to[axis] = 1;
  }
  return ExpandBlocks(writer, value, from, to);
}

// Differences and sums with a zero point are exact in this type.
constexpr Element ExactElement(DataType type) {
  return IsWide(type) ? Element::kInt64 : Element::kInt32;
}

LoweredValue QuantizeByArithmetic(Writer& writer, const QuantizeLinear& op) {
  const DataType type = writer.TypeOf(op.zero_point);
  const Element exact = ExactElement(type);
  const LoweredValue input = writer.Precise(op.input);
  const LoweredValue scale =
      writer.ExactScalar(ToBroadcastable(writer, op.scale, writer.Precise(op.scale), op.input),
                         writer.SizesOf(op.input));
  LoweredValue value = writer.Emit("Round", {writer.Div(input, scale)});
  // Within what the sum with a zero point holds, and far beyond what it saturates to.
  const double limit = IsWide(type) ? 0x1p40 : 0x1p20;
  value =
      writer.Clip(value, writer.Scalar(-limit, value.element), writer.Scalar(limit, value.element));
  value = writer.Cast(value, exact);
  if (!IsZeroConstant(writer, op.zero_point)) {
    const LoweredValue zero_point = writer.Cast(writer.Get(op.zero_point), exact);
    value = writer.Add(value, ToBroadcastable(writer, op.zero_point, zero_point, op.input));
  }
  const Range range = RangeOf(type);
  return writer.CastInRange(
      writer.Clip(value, writer.Scalar(range.lowest, exact), writer.Scalar(range.highest, exact)),
      lowering::ElementOf(type));
}

// Places of the scale's elements, one for each element of the input.
std::vector<size_t> ScalePlaces(const std::vector<int64_t>& sizes,
                                const std::vector<int64_t>& scale) {
  std::vector<size_t> places = {0};
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    std::vector<size_t> finer;
    finer.reserve(places.size() * static_cast<size_t>(sizes[axis]));
    for (size_t place : places) {
      for (int64_t i = 0; i < sizes[axis]; ++i) {
        finer.push_back(place * scale[axis] + i / (sizes[axis] / scale[axis]));
      }
    }
    places = std::move(finer);
  }
  return places;
}

// Numbers that are known, as the floats that they stand for; absent where they are not known. The
// difference is exact, and the product is rounded once.
std::optional<LoweredValue> DequantizedConstant(Writer& writer, const DequantizeLinear& op) {
  const auto input = writer.ConstantBytes(op.input);
  const auto scale = writer.ConstantBytes(op.scale);
  const auto zero_point = writer.ConstantBytes(op.zero_point);
  if (!writer.target().folds_constants || input.empty() || scale.empty() || zero_point.empty()) {
    return std::nullopt;
  }
  const DataType type = writer.TypeOf(op.input);
  const DataType scale_type = writer.TypeOf(op.scale);
  const std::vector<size_t> places =
      ScalePlaces(writer.SizesOf(op.input), writer.SizesOf(op.scale));
  std::vector<float> values(places.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const double difference =
        ElementOf(type, input, i).ToDouble() - ElementOf(type, zero_point, places[i]).ToDouble();
    const auto factor = static_cast<float>(ElementOf(scale_type, scale, places[i]).ToDouble());
    values[i] = static_cast<float>(difference) * factor;
  }
  return writer.Constant<float>(values, writer.SizesOf(op.input), Element::kFloat);
}

LoweredValue DequantizeByArithmetic(Writer& writer, const DequantizeLinear& op) {
  if (const auto known = DequantizedConstant(writer, op)) return *known;
  LoweredValue value = writer.Get(op.input);
  if (!IsZeroConstant(writer, op.zero_point)) {
    const Element exact = ExactElement(writer.TypeOf(op.input));
    const LoweredValue zero_point = writer.Cast(writer.Get(op.zero_point), exact);
    value = writer.Sub(writer.Cast(value, exact),
                       ToBroadcastable(writer, op.zero_point, zero_point, op.input));
    value = writer.Barrier(value);
  }
  const LoweredValue scale = writer.Precise(op.scale);
  return writer.Mul(writer.Cast(value, scale.element),
                    writer.ExactScalar(ToBroadcastable(writer, op.scale, scale, op.input),
                                       writer.SizesOf(op.input)));
}

}  // namespace

// ---- quantizeLinear ----

template <>
const OpSchema& SchemaOf<QuantizeLinear>() {
  using Op = QuantizeLinear;
  static const OpSchema kSchema = MakeSchema<Op>(
      "quantizeLinear",
      "roundEven(input / scale) + zeroPoint, saturated to the type of zeroPoint. Blocks as in "
      "dequantizeLinear.",
      {In<&Op::input>("input", kFloats, kAnyRank),
       In<&Op::scale>("scale", kFloats, kAnyRank, "input"),
       In<&Op::zero_point>("zeroPoint", kQuantized, kAnyRank)},
      {Out("output", kQuantized, kAnyRank, "zeroPoint")});
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const QuantizeLinear& op) {
  WEBNN_RETURN_IF_ERROR(CheckScale(context, op.input, op.scale, op.zero_point));
  return OutputShape{context.TypeOf(op.zero_point), ToSizes(context.ShapeOf(op.input))};
}

LoweredValue LowerToOnnx(Writer& writer, const QuantizeLinear& op) {
  constexpr std::string_view kOnnx = "QuantizeLinear";
  const DataType type = writer.TypeOf(op.zero_point);
  const Granularity granularity = GranularityOf(writer.SizesOf(op.input), writer.SizesOf(op.scale));
  const Element element = QuantizedElement(writer, kOnnx, op.zero_point, granularity);
  if (IsWide(type) || element == Element::kNone) return QuantizeByArithmetic(writer, op);
  const LoweredValue input = writer.Precise(op.input);
  const LoweredValue output =
      writer.Emit(kOnnx,
                  {input, ToGranularity(writer, op.scale, granularity, input.element),
                   ToGranularity(writer, op.zero_point, granularity, element)},
                  AttributesOf(granularity), element);
  if (output.element == lowering::ElementOf(type)) return output;
  // Saturated to 8 bits, and here to the 4 bits within them.
  const Range range = RangeOf(type);
  return writer.Clip(output, writer.Scalar(range.lowest, element),
                     writer.Scalar(range.highest, element));
}

// ---- dequantizeLinear ----

template <>
const OpSchema& SchemaOf<DequantizeLinear>() {
  using Op = DequantizeLinear;
  static const OpSchema kSchema = MakeSchema<Op>(
      "dequantizeLinear",
      "(input - zeroPoint) * scale. Each size of scale and zeroPoint divides that of the input: "
      "every axis may be in blocks.",
      {In<&Op::input>("input", kQuantized, kAnyRank), In<&Op::scale>("scale", kFloats, kAnyRank),
       In<&Op::zero_point>("zeroPoint", kQuantized, kAnyRank, "input")},
      {Out("output", kFloats, kAnyRank, "scale")});
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const DequantizeLinear& op) {
  WEBNN_RETURN_IF_ERROR(CheckScale(context, op.input, op.scale, op.zero_point));
  return OutputShape{context.TypeOf(op.scale), ToSizes(context.ShapeOf(op.input))};
}

LoweredValue LowerToOnnx(Writer& writer, const DequantizeLinear& op) {
  constexpr std::string_view kOnnx = "DequantizeLinear";
  const DataType type = writer.TypeOf(op.input);
  const Granularity granularity = GranularityOf(writer.SizesOf(op.input), writer.SizesOf(op.scale));
  const Element element = QuantizedElement(writer, kOnnx, op.zero_point, granularity);
  // Runtimes subtract in 32 bits, where 32-bit numbers wrap.
  const bool wraps = IsWide(type) && !IsZeroConstant(writer, op.zero_point);
  if (wraps || element == Element::kNone) return DequantizeByArithmetic(writer, op);
  const LoweredValue scale = writer.Get(op.scale);
  const Element output = writer.ComputeType(scale.element, {kOnnx});
  return writer.Emit(
      kOnnx,
      {writer.Cast(writer.Get(op.input), element),
       ToGranularity(writer, op.scale, granularity, output),
       IsWide(type) ? LoweredValue{} : ToGranularity(writer, op.zero_point, granularity, element)},
      AttributesOf(granularity), output);
}

}  // namespace webnn::ops
