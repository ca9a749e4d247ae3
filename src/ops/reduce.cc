#include "ops/common.h"

namespace webnn::ops {
namespace {

template <class Op>
OpSchema ReduceSchema(std::string_view name, HalfPrecision half, std::string_view doc,
                      DataTypeSet types) {
  return With(half,
              MakeSchema<Op>(name, doc,
                             {In<&Op::input>("input", types, kAnyRank), Option<&Op::axes>("axes"),
                              Option<&Op::keep_dimensions>("keepDimensions")},
                             {Out("output", types, kAnyRank, "input")}));
}

template <class Op>
Result<OutputShape> InferReduce(const InferContext& context, const Op& op) {
  OutputShape output = SameAs(context, op.input);
  const uint32_t rank = context.RankOf(op.input);
  std::vector<bool> reduced(rank, !op.axes.has_value());
  if (op.axes) {
    WEBNN_RETURN_IF_ERROR(CheckAxes(context, *op.axes, rank));
    for (uint32_t axis : *op.axes) reduced[axis] = true;
  }
  for (uint32_t axis = rank; axis-- > 0;) {
    if (!reduced[axis]) continue;
    output.sizes[axis] = 1;
    if (!op.keep_dimensions) output.sizes.erase(output.sizes.begin() + axis);
  }
  return output;
}

// With no axes nothing is reduced, but the function still applies to every element.
template <class Op>
std::vector<int64_t> AxesOf(Writer& writer, const Op& op) {
  return op.axes ? ToInt64(*op.axes) : AllAxes(writer.RankOf(op.input));
}

// Sums and products of integers whose exact result the target has no reduction for: pairs of
// halves, in the logarithm of the count of steps.
template <class Op>
LoweredValue ReduceInPairs(Writer& writer, std::string_view pair_op, LoweredValue value,
                           const Op& op) {
  const Shape& shape = writer.ShapeOf(op.input);
  const std::vector<int64_t> axes = AxesOf(writer, op);
  std::vector<int64_t> order;
  int64_t rows = 1;
  int64_t count = 1;
  for (int64_t axis : AllAxes(shape.rank())) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) {
      order.push_back(axis);
      rows *= shape[axis];
    } else {
      count *= shape[axis];
    }
  }
  order.insert(order.end(), axes.begin(), axes.end());
  LoweredValue rest = writer.Reshape(writer.Transpose(value, order), std::array{rows, count});
  const auto columns = [&](int64_t begin, int64_t end) {
    return writer.Slice(rest, std::array{begin}, std::array{end}, std::array{int64_t{1}});
  };
  while (count > 1) {
    const int64_t half = count / 2;
    LoweredValue paired = writer.Binary(pair_op, columns(0, half), columns(half, 2 * half));
    if (count % 2 == 1) {
      paired = writer.Emit("Concat", {paired, columns(count - 1, count)}, {{"axis", int64_t{1}}});
    }
    rest = paired;
    count = half + count % 2;
  }
  return writer.Reshape(rest, writer.OutputSizes());
}

// A sum, over floats or integers.
template <class Op>
LoweredValue Sum(Writer& writer, LoweredValue value, const Op& op) {
  const Element type = writer.ComputeType(value.element, {"ReduceSum"});
  if (writer.target().Supports("ReduceSum", type)) {
    return writer.Reduce("ReduceSum", writer.Cast(value, type), AxesOf(writer, op),
                         op.keep_dimensions);
  }
  return ReduceInPairs(writer, "Add", writer.Cast(value, Element::kInt64), op);
}

// One ONNX operator over floats, float16 in float32.
template <class Op>
LoweredValue LowerReduce(Writer& writer, std::string_view onnx, const Op& op) {
  return writer.Reduce(onnx, writer.Precise(op.input), AxesOf(writer, op), op.keep_dimensions);
}

// Order matters here: uint64 goes through the int64 of the same order.
template <class Op>
LoweredValue LowerExtreme(Writer& writer, std::string_view onnx, const Op& op) {
  const LoweredValue input = writer.Get(op.input);
  const std::vector<int64_t> axes = AxesOf(writer, op);
  if (axes.empty()) return input;
  const LoweredValue ordered = writer.ToOrdered(input, onnx);
  const LoweredValue extreme =
      writer.target().Supports(onnx, ordered.element)
          ? writer.Reduce(onnx, ordered, axes, op.keep_dimensions)
          : ReduceInPairs(writer, onnx == "ReduceMax" ? "Max" : "Min", ordered, op);
  return writer.FromOrdered(extreme, input);
}

}  // namespace

LoweredValue LowerToOnnx(Writer& writer, const ReduceSum& op) {
  return Sum(writer, writer.Precise(op.input), op);
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceMean& op) {
  return LowerReduce(writer, "ReduceMean", op);
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceProduct& op) {
  if (IsFloat(writer.Get(op.input).element)) return LowerReduce(writer, "ReduceProd", op);
  // Runtimes multiply integers in floating point, where a zero may meet an infinity.
  return ReduceInPairs(writer, "Mul", writer.Cast(writer.Get(op.input), Element::kInt64), op);
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceMax& op) {
  return LowerExtreme(writer, "ReduceMax", op);
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceMin& op) {
  return LowerExtreme(writer, "ReduceMin", op);
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceL1& op) {
  const DataType type = writer.TypeOf(op.input);
  const LoweredValue x = writer.Precise(op.input);
  const bool is_unsigned = type == DataType::kUint32 || type == DataType::kUint64;
  return Sum(writer, is_unsigned ? x : writer.Emit("Abs", {x}), op);
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceSumSquare& op) {
  const LoweredValue x = writer.Precise(writer.Widen(op.input, {"Mul"}));
  return Sum(writer, writer.Mul(x, x), op);
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceL2& op) {
  const LoweredValue x = writer.Precise(op.input);
  const std::vector<int64_t> axes = AxesOf(writer, op);
  if (axes.empty()) return writer.Emit("Abs", {x});
  if (!writer.target().Supports("ReduceL2", x.element)) {
    return writer.Emit("Sqrt", {Sum(writer, writer.Mul(x, x), op)});
  }
  return writer.Reduce("ReduceL2", x, axes, op.keep_dimensions);
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceLogSum& op) {
  const LoweredValue x = writer.Precise(op.input);
  return writer.Emit("Log", {Sum(writer, x, op)});
}
LoweredValue LowerToOnnx(Writer& writer, const ReduceLogSumExp& op) {
  // ln(exp(x)) is x, and runtimes subtract the largest element before they sum.
  const LoweredValue x = writer.Precise(op.input);
  const std::vector<int64_t> axes = AxesOf(writer, op);
  if (axes.empty() || writer.target().Supports("ReduceLogSumExp", x.element)) {
    return LowerReduce(writer, "ReduceLogSumExp", op);
  }
  // A finite number in place of an infinite one: what differs from it is infinite all the same.
  constexpr double kMost = std::numeric_limits<float>::max();
  const LoweredValue largest =
      writer.Clip(writer.Reduce("ReduceMax", x, axes, true), writer.Scalar(-kMost, x.element),
                  writer.Scalar(kMost, x.element));
  const LoweredValue sum =
      writer.Reduce("ReduceSum", writer.Emit("Exp", {writer.Sub(x, largest)}), axes, true);
  return writer.Reshape(writer.Add(writer.Emit("Log", {sum}), largest), writer.OutputSizes());
}

#define WEBNN_REDUCE(Name, name, types, half, doc) \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = ReduceSchema<Name>(name, HalfPrecision::half, doc, types); \
    return kSchema; \
  } \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return InferReduce(context, op); \
  }

WEBNN_REDUCE(ReduceL1, "reduceL1", kArithmetic, kWide,
             "Sum of absolute values over `axes` (all when absent).")
WEBNN_REDUCE(ReduceL2, "reduceL2", kFloats, kWide,
             "Square root of the sum of squares over `axes` (all when absent).")
WEBNN_REDUCE(ReduceLogSum, "reduceLogSum", kFloats, kWide,
             "Logarithm of the sum over `axes` (all when absent).")
WEBNN_REDUCE(ReduceLogSumExp, "reduceLogSumExp", kFloats, kWide,
             "Logarithm of the sum of exponentials over `axes` (all when absent).")
WEBNN_REDUCE(ReduceMax, "reduceMax", kAny, kFollows,
             "Largest element over `axes` (all when absent).")
WEBNN_REDUCE(ReduceMean, "reduceMean", kFloats, kWide, "Mean over `axes` (all when absent).")
WEBNN_REDUCE(ReduceMin, "reduceMin", kAny, kFollows,
             "Smallest element over `axes` (all when absent).")
WEBNN_REDUCE(ReduceProduct, "reduceProduct", kArithmetic, kWide,
             "Product over `axes` (all when absent).")
WEBNN_REDUCE(ReduceSum, "reduceSum", kArithmetic, kWide, "Sum over `axes` (all when absent).")
WEBNN_REDUCE(ReduceSumSquare, "reduceSumSquare", kArithmetic, kWide,
             "Sum of squares over `axes` (all when absent).")

}  // namespace webnn::ops
