#include <cmath>

#include "core/elements.h"
#include "ops/conv2d.h"

namespace webnn::ops {
namespace {

// A 1-D operand of `count` equal numbers, where ONNX insists on one.
LoweredValue Filled(Writer& writer, float value, uint32_t count) {
  const std::vector<float> values(count, value);
  return writer.Constant<float>(values, {count}, Element::kFloat);
}

Result<void> CheckChannels(const InferContext& context, std::string_view name,
                           const std::optional<Operand>& operand, uint32_t channels) {
  if (!operand || context.ShapeOf(*operand)[0] == channels) return {};
  return context.Reject(fmt::format("{}-shape", name), "{} has shape {}; it must be [{}]", name,
                        ToString(context.ShapeOf(*operand)), channels);
}

// centred / sqrt(variance + epsilon) * scale + bias, in operators that every runtime has; `centred`
// is the input less the mean.
LoweredValue Normalize(Writer& writer, LoweredValue centred, LoweredValue variance,
                       LoweredValue scale, LoweredValue bias, double epsilon) {
  const LoweredValue deviation =
      writer.Emit("Sqrt", {writer.Add(variance, writer.Scalar(epsilon, variance.element))});
  LoweredValue output = writer.Div(centred, deviation);
  if (scale) output = writer.Mul(output, scale);
  return bias ? writer.Add(output, bias) : output;
}

// The same with the mean and variance over `axes`.
LoweredValue NormalizeOver(Writer& writer, LoweredValue input, std::span<const int64_t> axes,
                           LoweredValue scale, LoweredValue bias, double epsilon) {
  const LoweredValue mean = writer.Reduce("ReduceMean", input, axes, true);
  const LoweredValue centred = writer.Sub(input, mean);
  const LoweredValue variance =
      writer.Reduce("ReduceMean", writer.Mul(centred, centred), axes, true);
  return Normalize(writer, centred, variance, scale, bias, epsilon);
}

}  // namespace

// ---- batchNormalization ----

template <>
const OpSchema& SchemaOf<BatchNormalization>() {
  using Op = BatchNormalization;
  static const OpSchema kSchema = With(
      HalfPrecision::kIsland,
      MakeSchema<Op>(
          "batchNormalization",
          "(input - mean) / sqrt(variance + epsilon) * scale + bias; the 1-D operands lie along "
          "`axis`.",
          {In<&Op::input>("input", kFloats, RankAtLeast(1)),
           In<&Op::mean>("mean", kFloats, Rank(1), "input"),
           In<&Op::variance>("variance", kFloats, Rank(1), "input"),
           In<&Op::scale>("scale", kFloats, Rank(1), "input"),
           In<&Op::bias>("bias", kFloats, Rank(1), "input"), Option<&Op::axis>("axis"),
           Option<&Op::epsilon>("epsilon")},
          {Out("output", kFloats, RankAtLeast(1), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const BatchNormalization& op) {
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.input)));
  const uint32_t channels = context.ShapeOf(op.input)[op.axis];
  WEBNN_RETURN_IF_ERROR(CheckChannels(context, "mean", op.mean, channels));
  WEBNN_RETURN_IF_ERROR(CheckChannels(context, "variance", op.variance, channels));
  WEBNN_RETURN_IF_ERROR(CheckChannels(context, "scale", op.scale, channels));
  WEBNN_RETURN_IF_ERROR(CheckChannels(context, "bias", op.bias, channels));
  return SameAs(context, op.input);
}

namespace {

bool AreConstant(const Writer& writer, const BatchNormalization& op) {
  for (const std::optional<Operand>& operand :
       {std::optional(op.mean), std::optional(op.variance), op.scale, op.bias}) {
    if (operand && writer.ConstantBytes(*operand).empty()) return false;
  }
  return true;
}

// One factor and one term a channel, for the runtime to fold into a convolution. They are rounded
// once.
LoweredValue Folded(Writer& writer, const BatchNormalization& op) {
  const uint32_t channels = writer.ShapeOf(op.input)[1];
  const DataType type = writer.TypeOf(op.input);
  const auto at = [&](const std::optional<Operand>& operand, size_t i, double absent) {
    if (!operand) return absent;
    return ElementOf(type, writer.ConstantBytes(*operand), i).ToDouble();
  };
  std::vector<float> factors;
  std::vector<float> terms;
  for (size_t i = 0; i < channels; ++i) {
    const double factor =
        at(op.scale, i, 1) / std::sqrt(at(op.variance, i, 0) + static_cast<double>(op.epsilon));
    factors.push_back(static_cast<float>(factor));
    terms.push_back(static_cast<float>(at(op.bias, i, 0) - at(op.mean, i, 0) * factor));
  }
  const LoweredValue input = writer.PreciseChain(op.input);
  const auto parameter = [&](const std::vector<float>& values) {
    return writer.Cast(
        writer.Constant<float>(values, {static_cast<int64_t>(channels)}, Element::kFloat),
        input.element);
  };
  const std::vector<float> zeros(channels, 0);
  const std::vector<float> ones(channels, 1);
  return writer.Emit(
      "BatchNormalization",
      {input, parameter(factors), parameter(terms), parameter(zeros), parameter(ones)},
      {{"epsilon", 0.0f}});
}

}  // namespace

LoweredValue LowerToOnnx(Writer& writer, const BatchNormalization& op) {
  const uint32_t channels = writer.ShapeOf(op.input)[op.axis];
  const LoweredValue precise = writer.Precise(op.input);
  // Runtimes fold the four operands into one factor and one term, which loses digits where the two
  // cancel, and fuse the result with convolutions: worth it for planes, as in ONNX models.
  if (op.axis == 1 && writer.RankOf(op.input) == 4 &&
      writer.target().Supports("BatchNormalization", precise.element)) {
    if (writer.target().folds_constants && AreConstant(writer, op)) return Folded(writer, op);
    const LoweredValue scale = op.scale ? writer.Precise(*op.scale) : Filled(writer, 1, channels);
    const LoweredValue bias = op.bias ? writer.Precise(*op.bias) : Filled(writer, 0, channels);
    return writer.Emit("BatchNormalization",
                       {writer.Precise(op.input), scale, bias, writer.Precise(op.mean),
                        writer.Precise(op.variance)},
                       {{"epsilon", static_cast<float>(op.epsilon)}});
  }
  std::vector<int64_t> sizes(writer.RankOf(op.input), 1);
  sizes[op.axis] = channels;
  const auto along_axis = [&](const std::optional<Operand>& operand) {
    return operand ? writer.Reshape(writer.Precise(*operand), sizes) : LoweredValue{};
  };
  LoweredValue centred = writer.Sub(precise, along_axis(op.mean));
  // A known mean would become part of a term that is added last, far from where it cancels.
  if (!writer.ConstantBytes(op.mean).empty()) centred = writer.Barrier(centred);
  return Normalize(writer, centred, along_axis(op.variance), along_axis(op.scale),
                   along_axis(op.bias), op.epsilon);
}

// ---- instanceNormalization ----

template <>
const OpSchema& SchemaOf<InstanceNormalization>() {
  using Op = InstanceNormalization;
  static const OpSchema kSchema =
      With(HalfPrecision::kIsland,
           MakeSchema<Op>("instanceNormalization",
                          "Normalises rows and columns of every sample and channel, then scale and "
                          "bias by channel.",
                          {In<&Op::input>("input", kFloats, Rank(4)),
                           In<&Op::scale>("scale", kFloats, Rank(1), "input"),
                           In<&Op::bias>("bias", kFloats, Rank(1), "input"),
                           Option<&Op::epsilon>("epsilon"), Option<&Op::layout>("layout")},
                          {Out("output", kFloats, Rank(4), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const InstanceNormalization& op) {
  const uint32_t channels = context.ShapeOf(op.input)[ToNchw(op.layout)[1]];
  WEBNN_RETURN_IF_ERROR(CheckChannels(context, "scale", op.scale, channels));
  WEBNN_RETURN_IF_ERROR(CheckChannels(context, "bias", op.bias, channels));
  return SameAs(context, op.input);
}

LoweredValue LowerToOnnx(Writer& writer, const InstanceNormalization& op) {
  const uint32_t channels = writer.ShapeOf(op.input)[ToNchw(op.layout)[1]];
  const auto nchw = ToNchw(op.layout);
  const Shape& shape = writer.ShapeOf(op.input);
  const bool is_small = shape[nchw[2]] == 1 && shape[nchw[3]] == 1;
  if (const LoweredValue input = writer.Precise(op.input);
      !writer.target().Supports("InstanceNormalization", input.element) ||
      (is_small && writer.target().large_planes)) {
    std::array<int64_t, 4> sizes = {1, 1, 1, 1};
    sizes[nchw[1]] = channels;
    const auto along_axis = [&](const std::optional<Operand>& operand) {
      return operand ? writer.Reshape(writer.Precise(*operand), sizes) : LoweredValue{};
    };
    return NormalizeOver(writer, input, std::array{nchw[2], nchw[3]}, along_axis(op.scale),
                         along_axis(op.bias), op.epsilon);
  }
  const LoweredValue output =
      writer.Emit("InstanceNormalization",
                  {writer.Transpose(writer.Precise(op.input), ToNchw(op.layout)),
                   op.scale ? writer.Precise(*op.scale) : Filled(writer, 1, channels),
                   op.bias ? writer.Precise(*op.bias) : Filled(writer, 0, channels)},
                  {{"epsilon", static_cast<float>(op.epsilon)}});
  return writer.Transpose(output, FromNchw(op.layout));
}

// ---- layerNormalization ----

template <>
const OpSchema& SchemaOf<LayerNormalization>() {
  using Op = LayerNormalization;
  static const OpSchema kSchema =
      With(HalfPrecision::kIsland,
           MakeSchema<Op>("layerNormalization",
                          "Normalises over `axes` (all but the first when absent), then scale and "
                          "bias whose axes are "
                          "`axes` in their order.",
                          {In<&Op::input>("input", kFloats, kAnyRank),
                           In<&Op::scale>("scale", kFloats, kAnyRank, "input"),
                           In<&Op::bias>("bias", kFloats, kAnyRank, "input"),
                           Option<&Op::axes>("axes"), Option<&Op::epsilon>("epsilon")},
                          {Out("output", kFloats, kAnyRank, "input")}));
  return kSchema;
}

namespace {

std::vector<uint32_t> NormalizedAxes(const LayerNormalization& op, uint32_t rank) {
  if (op.axes) return *op.axes;
  std::vector<uint32_t> axes;
  for (uint32_t axis = 1; axis < rank; ++axis) axes.push_back(axis);
  return axes;
}

}  // namespace

Result<OutputShape> Infer(const InferContext& context, const LayerNormalization& op) {
  const Shape& input = context.ShapeOf(op.input);
  const std::vector<uint32_t> axes = NormalizedAxes(op, input.rank());
  WEBNN_RETURN_IF_ERROR(CheckAxes(context, axes, input.rank()));
  std::vector<uint32_t> sizes;
  for (uint32_t axis : axes) sizes.push_back(input[axis]);
  const Shape expected(std::move(sizes));
  if (op.scale && context.ShapeOf(*op.scale) != expected) {
    return context.Reject("scale-shape", "scale has shape {}; by axes [{}] it must be {}",
                          ToString(context.ShapeOf(*op.scale)), fmt::join(axes, ", "),
                          ToString(expected));
  }
  if (op.bias && context.ShapeOf(*op.bias) != expected) {
    return context.Reject("bias-shape", "bias has shape {}; by axes [{}] it must be {}",
                          ToString(context.ShapeOf(*op.bias)), fmt::join(axes, ", "),
                          ToString(expected));
  }
  return SameAs(context, op.input);
}

LoweredValue LowerToOnnx(Writer& writer, const LayerNormalization& op) {
  const Shape& shape = writer.ShapeOf(op.input);
  const uint32_t rank = shape.rank();
  const std::vector<uint32_t> axes = NormalizedAxes(op, rank);
  const LoweredValue input = writer.Precise(op.input);

  // ONNX has it for the last axes in their order, with a scale.
  bool trailing = !axes.empty();
  for (size_t i = 0; i < axes.size(); ++i) {
    trailing = trailing && axes[i] == rank - axes.size() + i;
  }
  if (trailing && op.scale && writer.target().Supports("LayerNormalization", input.element)) {
    return writer.Emit("LayerNormalization",
                       {input, writer.Precise(*op.scale), writer.Precise(op.bias)},
                       {{"axis", static_cast<int64_t>(rank - axes.size())},
                        {"epsilon", static_cast<float>(op.epsilon)}});
  }

  // Scale and bias have their axes in the order of `axes`: sort them, then give them the rank.
  std::vector<int64_t> order(axes.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return axes[a] < axes[b]; });
  std::vector<int64_t> sizes(rank, 1);
  for (uint32_t axis : axes) sizes[axis] = shape[axis];
  const auto aligned = [&](const std::optional<Operand>& operand) {
    if (!operand) return LoweredValue{};
    return writer.Reshape(writer.Transpose(writer.Precise(*operand), order), sizes);
  };
  const std::vector<int64_t> reduced = ToInt64(axes);
  return NormalizeOver(writer, input, reduced, aligned(op.scale), aligned(op.bias), op.epsilon);
}

}  // namespace webnn::ops
