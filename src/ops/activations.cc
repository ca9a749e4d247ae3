#include <array>
#include <cmath>
#include <cstring>

#include "ops/common.h"

namespace webnn::ops {

// ---- clamp ----

template <>
const OpSchema& SchemaOf<Clamp>() {
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      ElementwiseSchema<Clamp>(
          "clamp",
          "Limits every element to [minValue, maxValue]; an absent or NaN bound is no bound.", kAny,
          {Option<&Clamp::min_value>("minValue"), Option<&Clamp::max_value>("maxValue")}));
  return kSchema;
}

namespace {

bool IsNan(const Number& number) {
  return number.kind() == Number::Kind::kDouble && std::isnan(number.float64());
}

// Order of two numbers once both have been cast to `type`.
bool LessAs(const Number& a, const Number& b, DataType type) {
  const auto x = a.Encode(type);
  const auto y = b.Encode(type);
  const auto read = [&]<class T>(T) {
    T left;
    T right;
    std::memcpy(&left, x.data(), sizeof(T));
    std::memcpy(&right, y.data(), sizeof(T));
    return left < right;
  };
  switch (type) {
    case DataType::kFloat32:
      return read(float{});
    case DataType::kFloat16:
      // Rounding keeps the order; equal halves may come from different numbers.
      return x != y && a.ToDouble() < b.ToDouble();
    case DataType::kInt32:
      return read(int32_t{});
    case DataType::kUint32:
      return read(uint32_t{});
    case DataType::kInt64:
      return read(int64_t{});
    case DataType::kUint64:
      return read(uint64_t{});
    case DataType::kInt8:
      return read(int8_t{});
    default:
      return read(uint8_t{});
  }
}

}  // namespace

Result<OutputShape> Infer(const InferContext& context, const Clamp& op) {
  const DataType type = context.TypeOf(op.input);
  if (op.min_value && op.max_value && LessAs(*op.max_value, *op.min_value, type)) {
    return context.Reject("min-at-most-max", "minValue {} is greater than maxValue {} as {}",
                          ToString(*op.min_value), ToString(*op.max_value), Name(type));
  }
  return SameAs(context, op.input);
}

namespace {

// Limits the uint64 that the int64 of equal bits stands for: a negative one is 2^63 or more.
LoweredValue ClampUnsigned(Writer& writer, LoweredValue input, const Clamp& op) {
  constexpr int64_t kSign = std::numeric_limits<int64_t>::min();
  const auto bound = [](const Number& value) {
    int64_t number = 0;
    std::memcpy(&number, value.Encode(DataType::kUint64).data(), sizeof number);
    return number;
  };
  const int64_t low = op.min_value ? bound(*op.min_value) : 0;
  const int64_t high = op.max_value ? bound(*op.max_value) : -1;
  if (writer.target().short_scalars && (low == kSign || high == kSign)) {
    // As numbers of the same order 2^63 is 0, and it is the first number that has no short form.
    LoweredValue ordered = writer.ToOrdered(input, "Max");
    if (low != 0) ordered = writer.Max(ordered, writer.Scalar(low ^ kSign, Element::kInt64));
    ordered = writer.Min(ordered, writer.Scalar(high ^ kSign, Element::kInt64));
    return writer.FromOrdered(ordered, input);
  }
  const LoweredValue bits = writer.Cast(input, Element::kInt64);
  const LoweredValue least = writer.Scalar(low, Element::kInt64);
  const LoweredValue most = writer.Scalar(high, Element::kInt64);
  const LoweredValue large = writer.Less(bits, writer.Scalar(0, Element::kInt64));
  if (high >= 0) return writer.Where(large, most, writer.Clip(bits, least, most));
  if (low < 0) return writer.Where(large, writer.Clip(bits, least, most), least);
  return writer.Where(large, writer.Min(bits, most), writer.Max(bits, least));
}

}  // namespace

LoweredValue LowerToOnnx(Writer& writer, const Clamp& op) {
  const LoweredValue input = writer.Get(op.input);
  const bool is_float = IsFloat(input.element);
  const auto is_bound = [&](const std::optional<Number>& value) {
    return value && !(is_float && IsNan(*value));
  };
  // The least int64 is none, and runtimes may not have it.
  const bool has_low = is_bound(op.min_value) && !(input.element == Element::kInt64 &&
                                                   !LessAs(std::numeric_limits<int64_t>::min(),
                                                           *op.min_value, DataType::kInt64));
  const bool has_high = is_bound(op.max_value);
  // Runtimes take an absent bound of Clip for the largest finite number, which infinities are not.
  const std::string_view onnx = has_low && has_high ? "Clip" : has_low ? "Max" : "Min";
  if (input.element == Element::kUint64 && (op.min_value || op.max_value) &&
      !writer.target().Supports(onnx, Element::kUint64)) {
    return ClampUnsigned(writer, input, op);
  }
  Element element = writer.ComputeType(input.element, {onnx});
  if (!writer.target().Supports(onnx, element)) {
    element = writer.ComputeType(input.element, {"Max", "Min"});
  }
  std::vector<LoweredValue> inputs = {writer.Cast(input, element)};
  const auto add = [&](const Number& bound) {
    inputs.push_back(writer.Cast(writer.Scalar(bound, input.element), inputs[0].element));
  };
  if (has_low) add(*op.min_value);
  if (has_high) add(*op.max_value);
  if (inputs.size() == 1) return input;
  // A bound is a result as well: every digit counts.
  const std::vector<int64_t> sizes = writer.OutputSizes();
  const auto exact = [&](size_t i) { return writer.ExactScalar(inputs[i], sizes); };
  if (onnx != "Clip") return writer.Binary(onnx, inputs[0], exact(1));
  const LoweredValue low = exact(1);
  const LoweredValue high = exact(2);
  if (low.id == inputs[1].id && high.id == inputs[2].id) return writer.Clip(inputs[0], low, high);
  return writer.Min(writer.Max(inputs[0], low), high);
}

// ---- One option or two, float only. ----

#define WEBNN_ACTIVATION(Name, name, half, doc, ...) \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = \
        With(HalfPrecision::half, ElementwiseSchema<Name>(name, doc, kFloats, {__VA_ARGS__})); \
    return kSchema; \
  } \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return SameAs(context, op.input); \
  }

namespace {

// Attributes are floats; a number beyond them is the last one, since infinity times 0 is none.
float ToFiniteFloat(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -kMost, kMost));
}

}  // namespace

LoweredValue LowerToOnnx(Writer& writer, const Elu& op) {
  return writer.Emit("Elu", {writer.PreciseChain(op.input)}, {{"alpha", ToFiniteFloat(op.alpha)}});
}
LoweredValue LowerToOnnx(Writer& writer, const HardSigmoid& op) {
  return writer.Emit("HardSigmoid", {writer.PreciseChain(op.input)},
                     {{"alpha", ToFiniteFloat(op.alpha)}, {"beta", ToFiniteFloat(op.beta)}});
}
LoweredValue LowerToOnnx(Writer& writer, const LeakyRelu& op) {
  const LoweredValue input = writer.PreciseChain(op.input);
  if (writer.target().Supports("LeakyRelu", input.element)) {
    return writer.Emit("LeakyRelu", {input}, {{"alpha", ToFiniteFloat(op.alpha)}});
  }
  // One of the terms is 0: nothing is rounded but the product.
  const LoweredValue zero = writer.Scalar(0, input.element);
  const LoweredValue alpha = writer.ExactScalar(op.alpha, input.element, writer.SizesOf(op.input));
  return writer.Add(writer.Max(input, zero), writer.Mul(writer.Min(input, zero), alpha));
}
LoweredValue LowerToOnnx(Writer& writer, const Linear& op) {
  const LoweredValue input = writer.PreciseChain(op.input);
  const auto term = [&](double value) {
    return writer.Term(writer.Scalar(value, input.element), writer.OutputSizes());
  };
  return writer.Add(writer.Mul(input, term(op.alpha)), term(op.beta));
}

WEBNN_ACTIVATION(Elu, "elu", kFollows, "max(0, x) + alpha * (exp(min(0, x)) - 1).",
                 Option<&Elu::alpha>("alpha"))
WEBNN_ACTIVATION(HardSigmoid, "hardSigmoid", kBounded, "max(0, min(1, alpha * x + beta)).",
                 Option<&HardSigmoid::alpha>("alpha"), Option<&HardSigmoid::beta>("beta"))
WEBNN_ACTIVATION(LeakyRelu, "leakyRelu", kFollows, "x where x >= 0, else alpha * x.",
                 Option<&LeakyRelu::alpha>("alpha"))
WEBNN_ACTIVATION(Linear, "linear", kFollows, "alpha * x + beta.", Option<&Linear::alpha>("alpha"),
                 Option<&Linear::beta>("beta"))

// ---- prelu ----

template <>
const OpSchema& SchemaOf<Prelu>() {
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      MakeSchema<Prelu>("prelu", "x where x >= 0, else slope * x, broadcast in both directions.",
                        {In<&Prelu::input>("input", kSigned, kAnyRank),
                         In<&Prelu::slope>("slope", kSigned, kAnyRank, "input")},
                        {Out("output", kSigned, kAnyRank, "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Prelu& op) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<uint64_t> sizes, Broadcast(context, {op.input, op.slope}));
  return OutputShape{context.TypeOf(op.input), std::move(sizes)};
}

LoweredValue LowerToOnnx(Writer& writer, const Prelu& op) {
  const LoweredValue input = writer.Get(op.input);
  // ONNX broadcasts the slope only.
  if (IsFloat(input.element) && writer.target().Supports("PRelu", input.element) &&
      BroadcastsTo(writer.ShapeOf(op.slope).sizes(), writer.ShapeOf(op.input).sizes())) {
    return writer.Emit("PRelu", {input, writer.Get(op.slope)});
  }
  const LoweredValue x = writer.PreciseChain(writer.Widen(op.input, {"Less", "Mul", "Where"}));
  const LoweredValue slope =
      writer.Term(writer.Cast(writer.Get(op.slope), x.element), writer.OutputSizes());
  return writer.Where(writer.Less(x, writer.Scalar(0, x.element)), writer.Mul(x, slope), x);
}

// ---- softmax ----

template <>
const OpSchema& SchemaOf<Softmax>() {
  static const OpSchema kSchema = With(
      HalfPrecision::kBounded,
      MakeSchema<Softmax>(
          "softmax", "exp(x) divided by its sum along `axis`.",
          {In<&Softmax::input>("input", kFloats, RankAtLeast(1)), Required<&Softmax::axis>("axis")},
          {Out("output", kFloats, RankAtLeast(1), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Softmax& op) {
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.input)));
  return SameAs(context, op.input);
}

LoweredValue LowerToOnnx(Writer& writer, const Softmax& op) {
  const LoweredValue input = writer.Get(op.input);
  if (writer.RankOf(op.input) < writer.target().softmax_rank) {
    const std::array<int64_t, 2> row = {1, writer.ShapeOf(op.input)[0]};
    const LoweredValue rows =
        writer.Emit("Softmax", {writer.Reshape(input, row)}, {{"axis", int64_t{1}}});
    return writer.Reshape(rows, writer.OutputSizes());
  }
  return writer.Emit("Softmax", {input}, {{"axis", int64_t{op.axis}}});
}

}  // namespace webnn::ops
