#include <array>
#include <cmath>

#include "ops/common.h"

namespace webnn::ops {

template <>
const OpSchema& SchemaOf<Resample2d>() {
  using Op = Resample2d;
  constexpr DataTypeSet kTypes = {DataType::kFloat32, DataType::kFloat16, DataType::kUint8,
                                  DataType::kInt8};
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      MakeSchema<Op>(
          "resample2d", "Resizes two `axes` to `sizes`, or by `scales`; pixel centres at one half.",
          {In<&Op::input>("input", kTypes, Rank(4)), Option<&Op::mode>("mode"),
           Option<&Op::scales>("scales"), Option<&Op::sizes>("sizes"), Option<&Op::axes>("axes")},
          {Out("output", kTypes, Rank(4), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Resample2d& op) {
  WEBNN_RETURN_IF_ERROR(CheckAxes(context, op.axes, 4));
  OutputShape output = SameAs(context, op.input);
  for (int i : {0, 1}) {
    uint64_t& size = output.sizes[op.axes[i]];
    if (op.sizes) {
      size = (*op.sizes)[i];
      if (size == 0) {
        return context.Reject(
            "sizes-positive", "sizes [{}] must not be 0",
            fmt::join(std::array<uint32_t, 2>{(*op.sizes)[0], (*op.sizes)[1]}, ", "));
      }
      continue;
    }
    if (!(op.scales[i] > 0)) {
      return context.Reject("scales-positive", "scales [{}] must be greater than 0",
                            fmt::join(op.scales, ", "));
    }
    const double scaled = std::floor(static_cast<double>(size) * static_cast<double>(op.scales[i]));
    if (scaled < 1) {
      return context.Reject("scales-too-small", "scale {} leaves nothing of axis {} of size {}",
                            op.scales[i], op.axes[i], size);
    }
    // What is too large is refused where all outputs are checked.
    size = static_cast<uint64_t>(std::min(scaled, 0x1p62));
  }
  return output;
}

namespace {

// Runtimes find the nearest element with floats, whose error can tip an exact half. It never does
// where one size is a multiple of the other.
bool NearestIsExact(int64_t input, int64_t output) {
  constexpr int64_t kLargestTable = 1 << 20;
  return input % output == 0 || output % input == 0 || output > kLargestTable;
}

// For each output the nearest input at (output + 1/2) * ratio - 1/2, halves down.
LoweredValue NearestIndices(Writer& writer, int64_t input, int64_t output) {
  std::vector<int64_t> indices(output);
  for (int64_t i = 0; i < output; ++i) {
    const int64_t above = (2 * i + 1) * input - 2 * output;
    indices[i] = above <= 0 ? 0 : std::min((above + 2 * output - 1) / (2 * output), input - 1);
  }
  return writer.Integers(indices);
}

LoweredValue LowerNearest(Writer& writer, const Resample2d& op) {
  std::vector<int64_t> sizes = writer.SizesOf(op.input);
  const std::vector<int64_t> output_sizes = writer.OutputSizes();
  LoweredValue value = writer.Get(op.input);
  for (uint32_t axis : op.axes) {
    if (NearestIsExact(sizes[axis], output_sizes[axis])) continue;
    value = writer.Cast(value, writer.ComputeType(value.element, {"Gather"}));
    value = writer.Emit("Gather", {value, NearestIndices(writer, sizes[axis], output_sizes[axis])},
                        {{"axis", int64_t{axis}}});
    sizes[axis] = output_sizes[axis];
  }
  if (sizes == output_sizes) return value;
  const Element declared = value.element;
  value = writer.Cast(value, writer.ComputeType(value.element, {"Resize"}));
  // Elements that are repeated: runtimes are fastest at this form. They multiply sizes as floats.
  constexpr int64_t kLargestExact = 1 << 24;
  std::vector<float> repetitions;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (output_sizes[axis] % sizes[axis] != 0 || output_sizes[axis] > kLargestExact) break;
    const int64_t times = output_sizes[axis] / sizes[axis];
    repetitions.push_back(static_cast<float>(times));
  }
  if (repetitions.size() == sizes.size()) {
    const LoweredValue scales = writer.Constant<float>(
        repetitions, {static_cast<int64_t>(repetitions.size())}, Element::kFloat);
    value = writer.Emit("Resize", {value, {}, scales},
                        {{"mode", std::string_view("nearest")},
                         {"coordinate_transformation_mode", std::string_view("asymmetric")},
                         {"nearest_mode", std::string_view("floor")}});
  } else {
    value = writer.Emit("Resize", {value, {}, {}, writer.Integers(output_sizes)},
                        {{"mode", std::string_view("nearest")},
                         {"coordinate_transformation_mode", std::string_view("half_pixel")},
                         {"nearest_mode", std::string_view("round_prefer_floor")}});
  }
  return writer.CastInRange(value, declared);
}

// Runtimes interpolate along the last two axes, and round integers toward zero: those are resized
// as floats and rounded to the nearest.
LoweredValue LowerLinear(Writer& writer, const Resample2d& op) {
  const std::array last = {std::min(op.axes[0], op.axes[1]), std::max(op.axes[0], op.axes[1])};
  std::array<int64_t, 4> permutation;
  std::array<int64_t, 4> inverse;
  std::vector<int64_t> sizes;
  size_t place = 0;
  for (uint32_t axis = 0; axis < 4; ++axis) {
    if (axis != last[0] && axis != last[1]) permutation[place++] = axis;
  }
  permutation[2] = last[0];
  permutation[3] = last[1];
  for (int64_t i = 0; i < 4; ++i) {
    inverse[permutation[i]] = i;
    sizes.push_back(writer.Output().shape()[permutation[i]]);
  }
  const bool is_float = IsFloat(writer.Get(op.input).element);
  const LoweredValue input =
      is_float ? writer.PreciseChain(op.input) : writer.Cast(writer.Get(op.input), Element::kFloat);
  LoweredValue output =
      writer.Emit("Resize", {writer.Transpose(input, permutation), {}, {}, writer.Integers(sizes)},
                  {{"mode", std::string_view("linear")},
                   {"coordinate_transformation_mode", std::string_view("half_pixel")}});
  if (!is_float) {
    output = writer.CastInRange(writer.Emit("Round", {output}),
                                lowering::ElementOf(writer.TypeOf(op.input)));
  }
  return writer.Transpose(output, inverse);
}

}  // namespace

LoweredValue LowerToOnnx(Writer& writer, const Resample2d& op) {
  if (writer.SizesOf(op.input) == writer.OutputSizes()) return writer.Get(op.input);
  return op.mode == InterpolationMode::kLinear ? LowerLinear(writer, op) : LowerNearest(writer, op);
}

}  // namespace webnn::ops
