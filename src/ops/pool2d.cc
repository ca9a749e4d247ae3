#include "ops/conv2d.h"

namespace webnn::ops {
namespace {

template <class Op>
OpSchema PoolSchema(std::string_view name, HalfPrecision half, std::string_view doc,
                    DataTypeSet types) {
  return With(half,
              MakeSchema<Op>(name, doc,
                             {In<&Op::input>("input", types, Rank(4)),
                              Option<&Op::window_dimensions>("windowDimensions"),
                              Option<&Op::padding>("padding"), Option<&Op::strides>("strides"),
                              Option<&Op::dilations>("dilations"), Option<&Op::layout>("layout"),
                              Option<&Op::output_shape_rounding>("outputShapeRounding"),
                              Option<&Op::output_sizes>("outputSizes")},
                             {Out("output", types, Rank(4), "input")}));
}

// The window along height (0) and width (1).
template <class Op>
Window WindowOf(const Op& op, const Shape& input, int i) {
  const uint32_t size = input[ToNchw(op.layout)[2 + i]];
  return {.input = size,
          .size = op.window_dimensions ? (*op.window_dimensions)[i] : size,
          .begin = op.padding[2 * i],
          .end = op.padding[2 * i + 1],
          .stride = op.strides[i],
          .dilation = op.dilations[i]};
}

template <class Op>
Result<OutputShape> InferPool(const InferContext& context, const Op& op) {
  if (op.window_dimensions &&
      ((*op.window_dimensions)[0] == 0 || (*op.window_dimensions)[1] == 0)) {
    return context.Reject("window-positive", "windowDimensions [{}] must not be 0",
                          fmt::join(*op.window_dimensions, ", "));
  }
  WEBNN_RETURN_IF_ERROR(CheckConvOptions(context, op.strides, op.dilations, 1));
  const auto nchw = ToNchw(op.layout);
  const Shape& input = context.ShapeOf(op.input);
  OutputShape output = SameAs(context, op.input);
  std::array<uint64_t, 2> floor;
  std::array<uint64_t, 2> ceil;
  for (int i : {0, 1}) {
    const Window window = WindowOf(op, input, i);
    WEBNN_ASSIGN_OR_RETURN(ceil[i], WindowOutputSize(context, window, RoundingType::kCeil));
    auto lower = WindowOutputSize(context, window, RoundingType::kFloor);
    // A window a little larger than the input has a place only when rounding up.
    if (!lower && !op.output_sizes && op.output_shape_rounding == RoundingType::kFloor) {
      return std::move(lower.error());
    }
    floor[i] = lower ? *lower : 0;
  }
  std::array<uint64_t, 2> sizes = op.output_shape_rounding == RoundingType::kFloor ? floor : ceil;
  if (op.output_sizes) {
    sizes = {(*op.output_sizes)[0], (*op.output_sizes)[1]};
    if (sizes != floor && sizes != ceil) {
      return context.Reject("output-sizes-fit", "outputSizes is [{}]; it can be [{}] or [{}]",
                            fmt::join(sizes, ", "), fmt::join(floor, ", "), fmt::join(ceil, ", "));
    }
  }
  for (int i : {0, 1}) output.sizes[nchw[2 + i]] = sizes[i];
  return output;
}

// One axis, as lowering sees it: `end` is the padding that the last window needs.
struct PoolAxis {
  int64_t input;
  int64_t window;
  int64_t begin;
  int64_t end;
  int64_t stride;
  int64_t dilation;
  int64_t output;

  // Runtimes take no padding that could hold a whole window of theirs; with that excluded, a window
  // misses the input only by stepping over all of it.
  bool IsNative(bool dense) const {
    return begin < window && end < window && (window == 1 || dilation <= input) &&
           (!dense || window == 1 || dilation == 1);
  }
};
using PoolAxes = std::array<PoolAxis, 2>;

template <class Op>
PoolAxes AxesOf(const Writer& writer, const Op& op) {
  PoolAxes axes;
  for (int i : {0, 1}) {
    const Window window = WindowOf(op, writer.ShapeOf(op.input), i);
    const int64_t output = writer.Output().shape()[ToNchw(op.layout)[2 + i]];
    const int64_t reach =
        (output - 1) * window.stride + (int64_t{window.size} - 1) * window.dilation + 1;
    axes[i] = {.input = window.input,
               .window = window.size,
               .begin = window.begin,
               .end = std::max<int64_t>(0, reach - window.input - window.begin),
               .stride = window.stride,
               .dilation = window.dilation,
               .output = output};
  }
  return axes;
}

bool IsNative(const Writer& writer, const PoolAxes& axes) {
  const bool dense = writer.target().dense_pools;
  return axes[0].IsNative(dense) && axes[1].IsNative(dense);
}

std::vector<Attribute> NativeAttributes(const PoolAxes& axes) {
  const auto& [h, w] = axes;
  std::vector<Attribute> attributes = {
      {"kernel_shape", std::vector<int64_t>{h.window, w.window}},
      {"pads", std::vector<int64_t>{h.begin, w.begin, h.end, w.end}},
      {"strides", std::vector<int64_t>{h.stride, w.stride}}};
  if ((h.dilation != 1 && h.window != 1) || (w.dilation != 1 && w.window != 1)) {
    attributes.push_back({"dilations", std::vector<int64_t>{h.dilation, w.dilation}});
  }
  return attributes;
}

// Each window is a whole plane. Runtimes compute that many times faster under a name of its own.
bool IsGlobal(const Writer& writer, std::string_view onnx, const PoolAxes& axes, Element element) {
  if (element != Element::kFloat && !writer.target().Supports(onnx, element)) return false;
  return std::ranges::all_of(axes, [](const PoolAxis& axis) {
    return axis.window == axis.input && axis.output == 1 && axis.begin == 0 && axis.end == 0 &&
           axis.dilation == 1;
  });
}

LoweredValue SliceAxis(Writer& writer, LoweredValue value, int64_t axis, int64_t start, int64_t end,
                       int64_t step = 1) {
  const std::array starts = {start}, ends = {end}, axes = {axis}, steps = {step};
  return writer.Slice(value, starts, ends, axes, steps);
}

// One axis of an NCHW value, padded with `fill`.
LoweredValue PadAxis(Writer& writer, LoweredValue value, int64_t axis, int64_t begin, int64_t end,
                     LoweredValue fill) {
  if (begin == 0 && end == 0) return value;
  std::array<int64_t, 8> pads{};
  pads[axis] = begin;
  pads[4 + axis] = end;
  return writer.Emit("Pad", {value, writer.Integers(pads), fill});
}

// `combine` of the elements in each window along one axis. Pieces of 1, 2, 4 ... elements are
// combined, so that a window of n elements takes log(n) steps.
LoweredValue CombineDense(Writer& writer, std::string_view combine, LoweredValue value,
                          int64_t axis, const PoolAxis& window, LoweredValue fill) {
  value = PadAxis(writer, value, axis, window.begin, window.end, fill);
  LoweredValue result;
  int64_t length = window.begin + window.input + window.end;
  int64_t done = 0;
  for (int64_t piece = 1;; piece *= 2) {
    if ((window.window & piece) != 0) {
      const int64_t start = done * window.dilation;
      const LoweredValue part =
          SliceAxis(writer, value, axis, start, start + (window.output - 1) * window.stride + 1,
                    window.stride);
      result = result ? writer.Binary(combine, result, part) : part;
      done += piece;
    }
    if (done == window.window) return result;
    const int64_t shift = piece * window.dilation;
    length -= shift;
    value = writer.Binary(combine, SliceAxis(writer, value, axis, 0, length),
                          SliceAxis(writer, value, axis, shift, shift + length));
  }
}

// The same by listing, for each window, the elements that are not padding.
LoweredValue CombineSparse(Writer& writer, std::string_view combine, LoweredValue value,
                           int64_t axis, const PoolAxis& window, LoweredValue fill) {
  std::vector<std::vector<int64_t>> rounds;  // in each, one element or the fill for every window
  for (int64_t place = 0; place < window.output; ++place) {
    const int64_t start = place * window.stride - window.begin;
    int64_t k = start < 0 ? (-start + window.dilation - 1) / window.dilation : 0;
    for (size_t round = 0; k < window.window; ++k, ++round) {
      const int64_t element = start + k * window.dilation;
      if (element >= window.input) break;
      if (round == rounds.size()) rounds.emplace_back(window.output, window.input);
      rounds[round][place] = element;
    }
  }
  if (rounds.empty()) rounds.emplace_back(window.output, window.input);
  value = PadAxis(writer, value, axis, 0, 1, fill);
  LoweredValue result;
  for (const std::vector<int64_t>& elements : rounds) {
    const LoweredValue part =
        writer.Emit("Gather", {value, writer.Integers(elements)}, {{"axis", axis}});
    result = result ? writer.Binary(combine, result, part) : part;
  }
  return result;
}

LoweredValue CombineAlong(Writer& writer, std::string_view combine, LoweredValue value,
                          int64_t axis, const PoolAxis& window, LoweredValue fill) {
  // Options near 2^32 make much padding around few elements: there is no memory for it.
  const int64_t length = window.begin + window.input + window.end;
  const bool sparse = length > 64 + 16 * (window.input + window.output);
  return (sparse ? CombineSparse : CombineDense)(writer, combine, value, axis, window, fill);
}

// The same over both axes of an NCHW value.
LoweredValue CombineWindows(Writer& writer, std::string_view combine, LoweredValue value,
                            const PoolAxes& axes, LoweredValue fill) {
  value = CombineAlong(writer, combine, value, 2, axes[0], fill);
  return CombineAlong(writer, combine, value, 3, axes[1], fill);
}

// What no element is below.
Number LowestOf(DataType type, Element computed) {
  switch (type) {
    case DataType::kInt8:
      return std::numeric_limits<int8_t>::lowest();
    case DataType::kInt32:
      return std::numeric_limits<int32_t>::lowest();
    case DataType::kInt64:
      return std::numeric_limits<int64_t>::lowest();
    case DataType::kUint64:
      return computed == Element::kInt64 ? Number(std::numeric_limits<int64_t>::lowest())
                                         : Number(0);
    case DataType::kUint8:
    case DataType::kUint32:
      return 0;
    default:
      return -std::numeric_limits<double>::infinity();
  }
}

// How many elements of the input each window along one axis covers.
std::vector<float> CoveredElements(const PoolAxis& axis) {
  std::vector<float> counts;
  for (int64_t place = 0; place < axis.output; ++place) {
    int64_t count = 0;
    for (int64_t k = 0; k < axis.window; ++k) {
      const int64_t element = place * axis.stride - axis.begin + k * axis.dilation;
      count += static_cast<int64_t>(element >= 0 && element < axis.input);
    }
    counts.push_back(static_cast<float>(count));
  }
  return counts;
}

bool IsFasterByConvolution(const Writer& writer, const PoolAxes& axes, int64_t channels,
                           Element element) {
  constexpr int64_t kMostWeights = 1 << 16;
  const int64_t block = writer.target().pooled_channels;
  return block > 0 && channels % block != 0 && element == Element::kFloat &&
         axes[0].window * axes[1].window <= kMostWeights / channels;
}

// Sums of the windows by a convolution of each channel with ones, over the counts.
LoweredValue AverageByConvolution(Writer& writer, LoweredValue input, const PoolAxes& axes,
                                  int64_t channels) {
  const auto& [h, w] = axes;
  const std::vector<float> ones(static_cast<size_t>(channels * h.window * w.window), 1);
  std::vector<Attribute> attributes = NativeAttributes(axes);
  attributes.push_back({"group", channels});
  const LoweredValue sums = writer.Emit(
      "Conv",
      {input, writer.Constant<float>(ones, {channels, 1, h.window, w.window}, Element::kFloat)},
      std::move(attributes));
  std::vector<float> counts;
  for (float rows : CoveredElements(h)) {
    for (float columns : CoveredElements(w)) counts.push_back(rows * columns);
  }
  if (std::ranges::all_of(counts, [&](float count) { return count == counts[0]; })) {
    return writer.Div(sums, writer.Scalar(counts[0], Element::kFloat));
  }
  return writer.Div(sums,
                    writer.Constant<float>(counts, {1, 1, h.output, w.output}, Element::kFloat));
}

}  // namespace

// ---- averagePool2d ----

template <>
const OpSchema& SchemaOf<AveragePool2d>() {
  static const OpSchema kSchema = PoolSchema<AveragePool2d>(
      "averagePool2d", HalfPrecision::kFollows,
      "Mean of each window, padding not counted. Absent `windowDimensions` means the whole plane.",
      kFloats);
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const AveragePool2d& op) {
  return InferPool(context, op);
}

LoweredValue LowerToOnnx(Writer& writer, const AveragePool2d& op) {
  const PoolAxes axes = AxesOf(writer, op);
  const LoweredValue input = writer.Transpose(writer.PreciseChain(op.input), ToNchw(op.layout));
  const int64_t channels = writer.ShapeOf(op.input)[ToNchw(op.layout)[1]];
  LoweredValue output;
  if (IsGlobal(writer, "GlobalAveragePool", axes, input.element)) {
    output = writer.Emit("GlobalAveragePool", {input});
  } else if (IsNative(writer, axes) &&
             IsFasterByConvolution(writer, axes, channels, input.element)) {
    output = AverageByConvolution(writer, input, axes, channels);
  } else if (IsNative(writer, axes)) {
    std::vector<Attribute> attributes = NativeAttributes(axes);
    attributes.push_back({"count_include_pad", int64_t{0}});
    output = writer.Emit("AveragePool", {input}, std::move(attributes));
  } else {
    const LoweredValue zero = writer.Scalar(0, input.element);
    const LoweredValue one = writer.Scalar(1, input.element);
    const LoweredValue ones =
        writer.Emit("Expand", {one, writer.Integers({1, 1, axes[0].input, axes[1].input})});
    // A window of padding alone has the mean 0.
    const LoweredValue count = writer.Max(CombineWindows(writer, "Add", ones, axes, zero), one);
    output = writer.Div(CombineWindows(writer, "Add", input, axes, zero), count);
  }
  return writer.Transpose(output, FromNchw(op.layout));
}

// ---- l2Pool2d ----

template <>
const OpSchema& SchemaOf<L2Pool2d>() {
  static const OpSchema kSchema =
      PoolSchema<L2Pool2d>("l2Pool2d", HalfPrecision::kWide,
                           "Square root of the sum of squares of each window.", kFloats);
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const L2Pool2d& op) {
  return InferPool(context, op);
}

LoweredValue LowerToOnnx(Writer& writer, const L2Pool2d& op) {
  const PoolAxes axes = AxesOf(writer, op);
  const LoweredValue input = writer.Transpose(writer.Precise(op.input), ToNchw(op.layout));
  LoweredValue output;
  if (IsGlobal(writer, "GlobalLpPool", axes, input.element)) {
    output = writer.Emit("GlobalLpPool", {input}, {{"p", int64_t{2}}});
  } else if (IsNative(writer, axes)) {
    std::vector<Attribute> attributes = NativeAttributes(axes);
    attributes.push_back({"p", int64_t{2}});
    output = writer.Emit("LpPool", {input}, std::move(attributes));
  } else {
    const LoweredValue zero = writer.Scalar(0, input.element);
    output =
        writer.Emit("Sqrt", {CombineWindows(writer, "Add", writer.Mul(input, input), axes, zero)});
  }
  return writer.Transpose(output, FromNchw(op.layout));
}

// ---- maxPool2d ----

template <>
const OpSchema& SchemaOf<MaxPool2d>() {
  static const OpSchema kSchema = PoolSchema<MaxPool2d>("maxPool2d", HalfPrecision::kFollows,
                                                        "Largest element of each window.", kAny);
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const MaxPool2d& op) {
  return InferPool(context, op);
}

LoweredValue LowerToOnnx(Writer& writer, const MaxPool2d& op) {
  const PoolAxes axes = AxesOf(writer, op);
  const LoweredValue input = writer.Transpose(writer.Get(op.input), ToNchw(op.layout));
  const Element native = writer.ComputeType(input.element, {"MaxPool"});
  LoweredValue output;
  if (IsGlobal(writer, "GlobalMaxPool", axes, input.element)) {
    output = writer.Emit("GlobalMaxPool", {input});
  } else if (IsNative(writer, axes) && writer.target().Supports("MaxPool", native)) {
    output = writer.Emit("MaxPool", {writer.Cast(input, native)}, NativeAttributes(axes));
  } else {
    const LoweredValue ordered = writer.ToOrdered(input, "Max");
    const LoweredValue lowest =
        writer.Scalar(LowestOf(writer.TypeOf(op.input), ordered.element), ordered.element);
    output = writer.FromOrdered(CombineWindows(writer, "Max", ordered, axes, lowest), input);
  }
  return writer.Transpose(output, FromNchw(op.layout));
}

}  // namespace webnn::ops
