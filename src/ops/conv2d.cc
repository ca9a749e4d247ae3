#include "ops/conv2d.h"

namespace webnn::ops {

Result<uint64_t> WindowOutputSize(const InferContext& context, const Window& window,
                                  RoundingType rounding) {
  // 128 bits hold every product of the 32-bit options.
  using Wide = __int128;
  const Wide effective = (Wide{window.size} - 1) * window.dilation + 1;
  const Wide span = Wide{window.input} + window.begin + window.end - effective;
  // Floor and ceiling of a negative quotient, which C++ would truncate to zero.
  Wide steps = span / window.stride;
  const Wide rest = span % window.stride;
  if (rest != 0 && span < 0) --steps;
  if (rest != 0 && rounding == RoundingType::kCeil) ++steps;
  if (steps + 1 < 1) {
    return context.Reject("window-fits",
                          "a window of {} (dilation {}) does not fit an input of {} with padding "
                          "{} and {}",
                          window.size, window.dilation, window.input, window.begin, window.end);
  }
  return static_cast<uint64_t>(steps + 1);
}

std::array<int64_t, 4> ToNchw(InputOperandLayout layout) {
  return layout == InputOperandLayout::kNchw ? std::array<int64_t, 4>{0, 1, 2, 3}
                                             : std::array<int64_t, 4>{0, 3, 1, 2};
}
std::array<int64_t, 4> FromNchw(InputOperandLayout layout) {
  return layout == InputOperandLayout::kNchw ? std::array<int64_t, 4>{0, 1, 2, 3}
                                             : std::array<int64_t, 4>{0, 2, 3, 1};
}

template <>
const OpSchema& SchemaOf<Conv2d>() {
  using Op = Conv2d;
  static const OpSchema kSchema =
      With(HalfPrecision::kHalf,
           MakeSchema<Op>("conv2d",
                          "2-D convolution. `padding` is [top, bottom, left, right] in rows and "
                          "columns of the input.",
                          {In<&Op::input>("input", kFloats, Rank(4)),
                           In<&Op::filter>("filter", kFloats, Rank(4), "input"),
                           Option<&Op::padding>("padding"), Option<&Op::strides>("strides"),
                           Option<&Op::dilations>("dilations"), Option<&Op::groups>("groups"),
                           Option<&Op::input_layout>("inputLayout"),
                           Option<&Op::filter_layout>("filterLayout"),
                           In<&Op::bias>("bias", kFloats, Rank(1), "input")},
                          {Out("output", kFloats, Rank(4), "input")}));
  return kSchema;
}

namespace {

// Axes of the filter that give [output channels, input channels / groups, height, width].
std::array<int64_t, 4> ToOihw(Conv2dFilterOperandLayout layout) {
  switch (layout) {
    case Conv2dFilterOperandLayout::kOihw:
      return {0, 1, 2, 3};
    case Conv2dFilterOperandLayout::kHwio:
      return {3, 2, 0, 1};
    case Conv2dFilterOperandLayout::kOhwi:
      return {0, 3, 1, 2};
    case Conv2dFilterOperandLayout::kIhwo:
      return {3, 0, 1, 2};
  }
  return {};
}

}  // namespace

Result<void> CheckConvOptions(const InferContext& context, std::span<const uint32_t> strides,
                              std::span<const uint32_t> dilations, uint32_t groups) {
  if (strides[0] == 0 || strides[1] == 0) {
    return context.Reject("strides-positive", "strides [{}] must not be 0",
                          fmt::join(strides, ", "));
  }
  if (dilations[0] == 0 || dilations[1] == 0) {
    return context.Reject("dilations-positive", "dilations [{}] must not be 0",
                          fmt::join(dilations, ", "));
  }
  if (groups == 0) return context.Reject("groups-positive", "groups must not be 0");
  return {};
}

Result<void> CheckConvBias(const InferContext& context, std::optional<Operand> bias,
                           uint64_t channels) {
  if (!bias || context.ShapeOf(*bias)[0] == channels) return {};
  return context.Reject("bias-shape", "bias has shape {}; there are {} output channels",
                        ToString(context.ShapeOf(*bias)), channels);
}

Result<OutputShape> Infer(const InferContext& context, const Conv2d& op) {
  WEBNN_RETURN_IF_ERROR(CheckConvOptions(context, op.strides, op.dilations, op.groups));
  const auto nchw = ToNchw(op.input_layout);
  const auto oihw = ToOihw(op.filter_layout);
  const Shape& input = context.ShapeOf(op.input);
  const Shape& filter = context.ShapeOf(op.filter);
  const uint32_t input_channels = input[nchw[1]];
  const uint32_t output_channels = filter[oihw[0]];
  if (input_channels % op.groups != 0 || filter[oihw[1]] != input_channels / op.groups) {
    return context.Reject("channels-match",
                          "filter has {} input channels, input has {} in {} group{}",
                          filter[oihw[1]], input_channels, op.groups, op.groups == 1 ? "" : "s");
  }
  if (output_channels % op.groups != 0) {
    return context.Reject("groups-divide", "{} output channels are not a multiple of {} groups",
                          output_channels, op.groups);
  }
  WEBNN_RETURN_IF_ERROR(CheckConvBias(context, op.bias, output_channels));
  OutputShape output = {context.TypeOf(op.input), {0, 0, 0, 0}};
  output.sizes[nchw[0]] = input[nchw[0]];
  output.sizes[nchw[1]] = output_channels;
  for (int i : {0, 1}) {
    WEBNN_ASSIGN_OR_RETURN(output.sizes[nchw[2 + i]],
                           WindowOutputSize(context,
                                            {.input = input[nchw[2 + i]],
                                             .size = filter[oihw[2 + i]],
                                             .begin = op.padding[2 * i],
                                             .end = op.padding[2 * i + 1],
                                             .stride = op.strides[i],
                                             .dilation = op.dilations[i]},
                                            RoundingType::kFloor));
  }
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Conv2d& op) {
  const auto& p = op.padding;
  const auto oihw = ToOihw(op.filter_layout);
  const Shape& filter = writer.ShapeOf(op.filter);
  LoweredValue output =
      writer.Emit("Conv",
                  {writer.Transpose(writer.Widen(op.input, {"Conv"}), ToNchw(op.input_layout)),
                   writer.Transpose(writer.Widen(op.filter, {"Conv"}), oihw),
                   op.bias ? writer.Widen(*op.bias, {"Conv"}) : LoweredValue{}},
                  {{"pads", std::vector<int64_t>{p[0], p[2], p[1], p[3]}},
                   {"strides", ToInt64(op.strides)},
                   {"dilations", ToInt64(op.dilations)},
                   {"group", int64_t{op.groups}},
                   {"kernel_shape", std::vector<int64_t>{filter[oihw[2]], filter[oihw[3]]}}});
  return writer.Transpose(output, FromNchw(op.input_layout));
}

}  // namespace webnn::ops
