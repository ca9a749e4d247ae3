#include "ops/conv2d.h"

namespace webnn::ops {
namespace {

// Axes of the filter that give [input channels, output channels / groups, height, width].
std::array<int64_t, 4> ToIohw(ConvTranspose2dFilterOperandLayout layout) {
  switch (layout) {
    case ConvTranspose2dFilterOperandLayout::kIohw:
      return {0, 1, 2, 3};
    case ConvTranspose2dFilterOperandLayout::kHwoi:
      return {3, 2, 0, 1};
    case ConvTranspose2dFilterOperandLayout::kOhwi:
      return {3, 0, 1, 2};
  }
  return {};
}

// 128 bits hold every product of the 32-bit options.
using Wide = __int128;

// Size of the output along the i-th of height and width, before any output padding.
Wide TransposedSize(const ConvTranspose2d& op, const Shape& input, const Shape& filter, int i) {
  return (Wide{input[ToNchw(op.input_layout)[2 + i]]} - 1) * op.strides[i] +
         (Wide{filter[ToIohw(op.filter_layout)[2 + i]]} - 1) * op.dilations[i] + 1 -
         op.padding[2 * i] - op.padding[2 * i + 1];
}

}  // namespace

template <>
const OpSchema& SchemaOf<ConvTranspose2d>() {
  using Op = ConvTranspose2d;
  static const OpSchema kSchema = With(
      HalfPrecision::kHalf,
      MakeSchema<Op>(
          "convTranspose2d",
          "2-D transposed convolution, the gradient of `conv2d`. `outputSizes` overrides "
          "`outputPadding`.",
          {In<&Op::input>("input", kFloats, Rank(4)),
           In<&Op::filter>("filter", kFloats, Rank(4), "input"), Option<&Op::padding>("padding"),
           Option<&Op::strides>("strides"), Option<&Op::dilations>("dilations"),
           Option<&Op::output_padding>("outputPadding"), Option<&Op::output_sizes>("outputSizes"),
           Option<&Op::groups>("groups"), Option<&Op::input_layout>("inputLayout"),
           Option<&Op::filter_layout>("filterLayout"),
           In<&Op::bias>("bias", kFloats, Rank(1), "input")},
          {Out("output", kFloats, Rank(4), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const ConvTranspose2d& op) {
  WEBNN_RETURN_IF_ERROR(CheckConvOptions(context, op.strides, op.dilations, op.groups));
  const auto nchw = ToNchw(op.input_layout);
  const auto iohw = ToIohw(op.filter_layout);
  const Shape& input = context.ShapeOf(op.input);
  const Shape& filter = context.ShapeOf(op.filter);
  if (filter[iohw[0]] != input[nchw[1]]) {
    return context.Reject("channels-match", "filter has {} input channels, input has {}",
                          filter[iohw[0]], input[nchw[1]]);
  }
  const uint64_t output_channels = uint64_t{filter[iohw[1]]} * op.groups;
  WEBNN_RETURN_IF_ERROR(CheckConvBias(context, op.bias, output_channels));
  OutputShape output = {context.TypeOf(op.input), {0, 0, 0, 0}};
  output.sizes[nchw[0]] = input[nchw[0]];
  output.sizes[nchw[1]] = output_channels;
  for (int i : {0, 1}) {
    const Wide least = TransposedSize(op, input, filter, i);
    Wide size = least + op.output_padding[i];
    if (op.output_sizes) {
      const std::array<uint32_t, 2> sizes = {(*op.output_sizes)[0], (*op.output_sizes)[1]};
      size = sizes[i];
      if (size < least || size >= least + op.strides[i]) {
        return context.Reject(
            "output-sizes-fit", "outputSizes [{}] is out of range: {} of stride {} gives {} to {}",
            fmt::join(sizes, ", "), i == 0 ? "the height" : "the width", op.strides[i],
            static_cast<int64_t>(least), static_cast<int64_t>(least + op.strides[i] - 1));
      }
    } else if (op.output_padding[i] >= op.strides[i]) {
      return context.Reject("output-padding-below-stride",
                            "outputPadding [{}] must be less than strides [{}]",
                            fmt::join(op.output_padding, ", "), fmt::join(op.strides, ", "));
    }
    if (size < 1) {
      return context.Reject("output-positive", "padding [{}] leaves nothing of the output's {}",
                            fmt::join(op.padding, ", "), i == 0 ? "height" : "width");
    }
    // What is too large is refused where all outputs are checked.
    output.sizes[nchw[2 + i]] =
        static_cast<uint64_t>(std::min<Wide>(size, std::numeric_limits<int64_t>::max()));
  }
  return output;
}

namespace {

// The filter [input channels, output channels, height, width] with zeros between its elements,
// which is what a dilation means.
LoweredValue Spread(Writer& writer, LoweredValue filter, std::array<int64_t, 4> sizes,
                    const std::array<uint32_t, 2>& dilations) {
  const int64_t rows = dilations[0];
  const int64_t columns = dilations[1];
  const std::array apart = {sizes[0], sizes[1], sizes[2], int64_t{1}, sizes[3], int64_t{1}};
  std::array<int64_t, 12> pads{};
  pads[9] = rows - 1;
  pads[11] = columns - 1;
  const LoweredValue padded = writer.Emit(
      "Pad",
      {writer.Reshape(filter, apart), writer.Integers(pads), writer.Scalar(0, filter.element)});
  const std::array joined = {sizes[0], sizes[1], sizes[2] * rows, sizes[3] * columns};
  const std::array ends = {(sizes[2] - 1) * rows + 1, (sizes[3] - 1) * columns + 1};
  return writer.Slice(writer.Reshape(padded, joined), std::array{int64_t{0}, int64_t{0}}, ends,
                      std::array{int64_t{2}, int64_t{3}});
}

}  // namespace

LoweredValue LowerToOnnx(Writer& writer, const ConvTranspose2d& op) {
  const auto& p = op.padding;
  const auto nchw = ToNchw(op.input_layout);
  const auto iohw = ToIohw(op.filter_layout);
  const Shape& input = writer.ShapeOf(op.input);
  const Shape& filter = writer.ShapeOf(op.filter);
  std::vector<int64_t> output_padding;
  for (int i : {0, 1}) {
    output_padding.push_back(writer.Output().shape()[nchw[2 + i]] -
                             static_cast<int64_t>(TransposedSize(op, input, filter, i)));
  }
  LoweredValue weights = writer.Transpose(writer.Widen(op.filter, {"ConvTranspose"}), iohw);
  std::vector<int64_t> dilations = ToInt64(op.dilations);
  std::vector<int64_t> kernel = {filter[iohw[2]], filter[iohw[3]]};
  const bool is_strided = op.strides[0] > 1 || op.strides[1] > 1;
  const bool is_dilated =
      (op.dilations[0] > 1 && kernel[0] > 1) || (op.dilations[1] > 1 && kernel[1] > 1);
  if (writer.target().dense_strided_transposed) {
    // Between one element there is nothing.
    for (int i : {0, 1}) dilations[i] = kernel[i] == 1 ? 1 : dilations[i];
  }
  if (writer.target().dense_strided_transposed && is_strided && is_dilated) {
    weights =
        Spread(writer, weights,
               {filter[iohw[0]], filter[iohw[1]], filter[iohw[2]], filter[iohw[3]]}, op.dilations);
    for (int i : {0, 1}) kernel[i] = (kernel[i] - 1) * dilations[i] + 1;
    dilations = {1, 1};
  }
  const LoweredValue output =
      writer.Emit("ConvTranspose",
                  {writer.Transpose(writer.Widen(op.input, {"ConvTranspose"}), nchw), weights,
                   op.bias ? writer.Widen(*op.bias, {"ConvTranspose"}) : LoweredValue{}},
                  {{"pads", std::vector<int64_t>{p[0], p[2], p[1], p[3]}},
                   {"strides", ToInt64(op.strides)},
                   {"dilations", dilations},
                   {"group", int64_t{op.groups}},
                   {"kernel_shape", kernel},
                   {"output_padding", output_padding}});
  return writer.Transpose(output, FromNchw(op.input_layout));
}

}  // namespace webnn::ops
