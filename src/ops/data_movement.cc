#include "ops/common.h"

/// Operators that move elements and do not compute: expand, reshape, reverse,
/// slice, tile, transpose; and the two that choose between elements: triangular, where.
namespace webnn::ops {

// ---- expand ----

template <>
const OpSchema& SchemaOf<Expand>() {
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      MakeSchema<Expand>(
          "expand", "Repeats axes of size 1 to reach `newShape`.",
          {In<&Expand::input>("input", kAny, kAnyRank), Required<&Expand::new_shape>("newShape")},
          {Out("output", kAny, kAnyRank, "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Expand& op) {
  const std::vector<uint32_t> new_shape(op.new_shape.begin(), op.new_shape.end());
  if (!BroadcastsTo(context.ShapeOf(op.input).sizes(), new_shape)) {
    return context.Reject("broadcastable", "the shape {} cannot be broadcast to [{}]",
                          ToString(context.ShapeOf(op.input)), fmt::join(new_shape, ", "));
  }
  return OutputShape{context.TypeOf(op.input), {new_shape.begin(), new_shape.end()}};
}

LoweredValue LowerToOnnx(Writer& writer, const Expand& op) {
  return writer.Emit("Expand",
                     {writer.Widen(op.input, {"Expand"}), writer.Integers(writer.OutputSizes())});
}

// ---- reshape ----

template <>
const OpSchema& SchemaOf<Reshape>() {
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      MakeSchema<Reshape>(
          "reshape", "The same elements in another shape of the same count.",
          {In<&Reshape::input>("input", kAny, kAnyRank), Required<&Reshape::new_shape>("newShape")},
          {Out("output", kAny, kAnyRank, "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Reshape& op) {
  const OperandDescriptor& input = context.Describe(op.input);
  OutputShape output = {input.data_type(), {}};
  uint64_t count = 1;
  for (Dimension size : op.new_shape) {
    output.sizes.push_back(size);
    // Above the input's count the product is wrong whatever follows, and must not overflow.
    count = count > input.element_count() ? count : count * size;
    if (size == 0) count = 0;
    if (count == 0) break;
  }
  if (count != input.element_count()) {
    const std::vector<uint32_t> sizes(op.new_shape.begin(), op.new_shape.end());
    return context.Reject("element-count",
                          "the shape {} has {} elements, newShape [{}] has another number",
                          ToString(input.shape()), input.element_count(), fmt::join(sizes, ", "));
  }
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Reshape& op) {
  return writer.Reshape(writer.Widen(op.input, {"Reshape"}), writer.OutputSizes());
}

// ---- reverse ----

template <>
const OpSchema& SchemaOf<Reverse>() {
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows,
      ElementwiseSchema<Reverse>("reverse", "Reverses the order along `axes` (all when absent).",
                                 kAny, {Option<&Reverse::axes>("axes")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Reverse& op) {
  if (op.axes) WEBNN_RETURN_IF_ERROR(CheckAxes(context, *op.axes, context.RankOf(op.input)));
  return SameAs(context, op.input);
}

LoweredValue LowerToOnnx(Writer& writer, const Reverse& op) {
  const std::vector<int64_t> axes = op.axes ? ToInt64(*op.axes) : AllAxes(writer.RankOf(op.input));
  if (axes.empty()) return writer.Get(op.input);
  // From the last element to before the first one.
  const std::vector<int64_t> starts(axes.size(), -1);
  const std::vector<int64_t> ends(axes.size(), std::numeric_limits<int64_t>::min());
  const std::vector<int64_t> steps(axes.size(), -1);
  return writer.Slice(writer.Widen(op.input, {"Slice"}), starts, ends, axes, steps);
}

// ---- slice ----

template <>
const OpSchema& SchemaOf<Slice>() {
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Slice>(
               "slice", "A window of `sizes` at `starts`, every `strides`-th element of it.",
               {In<&Slice::input>("input", kAny, kAnyRank), Required<&Slice::starts>("starts"),
                Required<&Slice::sizes>("sizes"), Option<&Slice::strides>("strides")},
               {Out("output", kAny, kAnyRank, "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Slice& op) {
  const Shape& input = context.ShapeOf(op.input);
  WEBNN_RETURN_IF_ERROR(CheckLength(context, "starts", op.starts.size(), input.rank()));
  WEBNN_RETURN_IF_ERROR(CheckLength(context, "sizes", op.sizes.size(), input.rank()));
  if (op.strides) {
    WEBNN_RETURN_IF_ERROR(CheckLength(context, "strides", op.strides->size(), input.rank()));
  }
  OutputShape output = {context.TypeOf(op.input), {}};
  for (uint32_t axis = 0; axis < input.rank(); ++axis) {
    const uint64_t start = op.starts[axis];
    const uint64_t size = op.sizes[axis];
    const uint64_t stride = op.strides ? (*op.strides)[axis] : 1;
    if (size == 0) return context.Reject("sizes-positive", "sizes[{}] is 0", axis);
    if (stride == 0) return context.Reject("strides-positive", "strides[{}] is 0", axis);
    if (start + size > input[axis]) {
      return context.Reject("window-inside",
                            "the window [{}, {}) is not inside axis {}, which has size {}", start,
                            start + size, axis, input[axis]);
    }
    output.sizes.push_back((size + stride - 1) / stride);
  }
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Slice& op) {
  const uint32_t rank = writer.RankOf(op.input);
  if (rank == 0) return writer.Get(op.input);
  std::vector<int64_t> ends;
  for (uint32_t axis = 0; axis < rank; ++axis) {
    ends.push_back(int64_t{op.starts[axis]} + op.sizes[axis]);
  }
  const std::vector<int64_t> steps = op.strides ? ToInt64(*op.strides) : std::vector<int64_t>();
  return writer.Slice(writer.Widen(op.input, {"Slice"}), ToInt64(op.starts), ends, AllAxes(rank),
                      steps);
}

// ---- tile ----

template <>
const OpSchema& SchemaOf<Tile>() {
  static const OpSchema kSchema = With(
      HalfPrecision::kFollows, MakeSchema<Tile>("tile", "Repeats the whole tensor along each axis.",
                                                {In<&Tile::input>("input", kAny, kAnyRank),
                                                 Required<&Tile::repetitions>("repetitions")},
                                                {Out("output", kAny, kAnyRank, "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Tile& op) {
  OutputShape output = SameAs(context, op.input);
  WEBNN_RETURN_IF_ERROR(
      CheckLength(context, "repetitions", op.repetitions.size(), context.RankOf(op.input)));
  for (size_t axis = 0; axis < output.sizes.size(); ++axis) {
    if (op.repetitions[axis] == 0) {
      return context.Reject("repetitions-positive", "repetitions[{}] is 0", axis);
    }
    output.sizes[axis] *= op.repetitions[axis];
  }
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Tile& op) {
  if (op.repetitions.empty()) return writer.Get(op.input);
  return writer.Emit("Tile",
                     {writer.Widen(op.input, {"Tile"}), writer.Integers(ToInt64(op.repetitions))});
}

// ---- transpose ----

template <>
const OpSchema& SchemaOf<Transpose>() {
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Transpose>("transpose",
                                 "Permutes the axes; reverses them when `permutation` is absent.",
                                 {In<&Transpose::input>("input", kAny, kAnyRank),
                                  Option<&Transpose::permutation>("permutation")},
                                 {Out("output", kAny, kAnyRank, "input")}));
  return kSchema;
}

namespace {

std::vector<uint32_t> PermutationOf(const Transpose& op, uint32_t rank) {
  if (op.permutation) return *op.permutation;
  std::vector<uint32_t> reversed(rank);
  for (uint32_t axis = 0; axis < rank; ++axis) reversed[axis] = rank - 1 - axis;
  return reversed;
}

}  // namespace

Result<OutputShape> Infer(const InferContext& context, const Transpose& op) {
  const Shape& input = context.ShapeOf(op.input);
  const std::vector<uint32_t> permutation = PermutationOf(op, input.rank());
  WEBNN_RETURN_IF_ERROR(CheckLength(context, "permutation", permutation.size(), input.rank()));
  WEBNN_RETURN_IF_ERROR(CheckAxes(context, permutation, input.rank()));
  OutputShape output = {context.TypeOf(op.input), {}};
  for (uint32_t axis : permutation) output.sizes.push_back(input[axis]);
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Transpose& op) {
  return writer.Transpose(writer.Widen(op.input, {"Transpose"}),
                          ToInt64(PermutationOf(op, writer.RankOf(op.input))));
}

// ---- triangular ----

template <>
const OpSchema& SchemaOf<Triangular>() {
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Triangular>(
               "triangular",
               "Keeps the upper or lower triangle of the last two axes, counted from `diagonal`, "
               "and zeros "
               "the rest.",
               {In<&Triangular::input>("input", kAny, RankAtLeast(2)),
                Option<&Triangular::upper>("upper"), Option<&Triangular::diagonal>("diagonal")},
               {Out("output", kAny, RankAtLeast(2), "input")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Triangular& op) {
  return SameAs(context, op.input);
}

LoweredValue LowerToOnnx(Writer& writer, const Triangular& op) {
  const Shape& shape = writer.ShapeOf(op.input);
  // Beyond the corners every diagonal gives the same.
  const int64_t diagonal = std::clamp<int64_t>(op.diagonal, -int64_t{shape[shape.rank() - 2]},
                                               int64_t{shape[shape.rank() - 1]});
  if (const LoweredValue input = writer.Get(op.input);
      !writer.target().Supports("Trilu", writer.ComputeType(input.element, {"Trilu"}))) {
    const int64_t rows = shape[shape.rank() - 2];
    const int64_t columns = shape[shape.rank() - 1];
    std::vector<uint8_t> kept(static_cast<size_t>(rows * columns));
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        const int64_t place = column - row;
        kept[row * columns + column] = op.upper ? place >= diagonal : place <= diagonal;
      }
    }
    return writer.Where(writer.Constant<uint8_t>(kept, {rows, columns}, Element::kBool), input,
                        writer.Scalar(0, input.element));
  }
  return writer.Emit("Trilu",
                     {writer.Widen(op.input, {"Trilu"}), writer.Scalar(diagonal, Element::kInt64)},
                     {{"upper", int64_t{op.upper}}});
}

// ---- where ----

template <>
const OpSchema& SchemaOf<Where>() {
  static const OpSchema kSchema =
      With(HalfPrecision::kFollows,
           MakeSchema<Where>(
               "where", "trueValue where the condition is not 0, else falseValue; all broadcast.",
               {In<&Where::condition>("condition", kBoolean, kAnyRank),
                In<&Where::true_value>("trueValue", kAny, kAnyRank),
                In<&Where::false_value>("falseValue", kAny, kAnyRank, "trueValue")},
               {Out("output", kAny, kAnyRank, "trueValue")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Where& op) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<uint64_t> sizes,
                         Broadcast(context, {op.condition, op.true_value, op.false_value}));
  return OutputShape{context.TypeOf(op.true_value), std::move(sizes)};
}

LoweredValue LowerToOnnx(Writer& writer, const Where& op) {
  // No choice: TensorRT fails on one between a constant and itself.
  if (writer.target().folds_constants &&
      writer.Get(op.true_value).id == writer.Get(op.false_value).id) {
    const LoweredValue value = writer.Get(op.true_value);
    if (writer.SizesOf(op.true_value) == writer.OutputSizes()) return value;
    return writer.Emit("Expand", {value, writer.Integers(writer.OutputSizes())});
  }
  const auto value = [&](Operand operand) {
    return writer.Term(writer.Widen(operand, {"Where"}), writer.OutputSizes());
  };
  return writer.Where(writer.GetBool(op.condition), value(op.true_value), value(op.false_value));
}

}  // namespace webnn::ops
