#include "ops/common.h"

namespace webnn::ops {
namespace {

constexpr DataTypeSet kIndexTypes = {DataType::kInt32, DataType::kInt64};

template <class Op>
OpSchema ArgSchema(std::string_view name, std::string_view doc) {
  return With(
      HalfPrecision::kFollows,
      MakeSchema<Op>(name, doc,
                     {In<&Op::input>("input", kAny, RankAtLeast(1)), Required<&Op::axis>("axis"),
                      Option<&Op::keep_dimensions>("keepDimensions"),
                      Option<&Op::output_data_type>("outputDataType")},
                     {Out("output", kIndexTypes, kAnyRank)}));
}

// A size is at most 2^31 - 1, so every index fits in both output types.
template <class Op>
Result<OutputShape> InferArg(const InferContext& context, const Op& op) {
  if (!kIndexTypes.Has(op.output_data_type)) {
    return context.Reject("output-data-type", "outputDataType is {}; allowed are int32 and int64",
                          Name(op.output_data_type));
  }
  WEBNN_RETURN_IF_ERROR(CheckAxis(context, op.axis, context.RankOf(op.input)));
  OutputShape output = SameAs(context, op.input);
  output.data_type = op.output_data_type;
  output.sizes[op.axis] = 1;
  if (!op.keep_dimensions) output.sizes.erase(output.sizes.begin() + op.axis);
  return output;
}

// The first place of the largest or smallest integer, for targets that look at a part of its bits:
// it is found in pairs of halves, and compared with all.
template <class Op>
LoweredValue LowerArgExactly(Writer& writer, std::string_view onnx, const Op& op) {
  const std::string_view pair_op = onnx == "ArgMax" ? "Max" : "Min";
  const int64_t axis = op.axis;
  const LoweredValue input = writer.ToOrdered(writer.Get(op.input), pair_op);
  LoweredValue extreme = input;
  const auto part = [&](int64_t begin, int64_t end) {
    return writer.Emit(
        "Slice", {extreme, writer.Integers(std::array{begin}), writer.Integers(std::array{end}),
                  writer.Integers(std::array{axis})});
  };
  for (int64_t count = writer.ShapeOf(op.input)[op.axis]; count > 1;) {
    const int64_t half = count / 2;
    LoweredValue paired = writer.Binary(pair_op, part(0, half), part(half, 2 * half));
    if (count % 2 == 1) {
      paired = writer.Emit("Concat", {paired, part(count - 1, count)}, {{"axis", axis}});
    }
    extreme = paired;
    count = half + count % 2;
  }
  const LoweredValue found = writer.Cast(writer.Equal(input, extreme), Element::kInt32);
  return writer.Emit("ArgMax", {found}, {{"axis", axis}, {"keepdims", int64_t{op.keep_dimensions}}},
                     Element::kInt64);
}

template <class Op>
LoweredValue LowerArg(Writer& writer, std::string_view onnx, const Op& op) {
  const Element type = lowering::ElementOf(writer.TypeOf(op.input));
  const bool is_long =
      type == Element::kInt64 || type == Element::kUint64 || type == Element::kUint32;
  if (is_long && !writer.target().Supports(onnx, Element::kInt64)) {
    return LowerArgExactly(writer, onnx, op);
  }
  const LoweredValue input = writer.ToOrdered(writer.Get(op.input), onnx);
  if (writer.target().flat_arg_reductions) {
    std::array<int64_t, 3> sizes = {1, writer.ShapeOf(op.input)[op.axis], 1};
    for (uint32_t axis = 0; axis < writer.RankOf(op.input); ++axis) {
      if (axis != op.axis) sizes[axis < op.axis ? 0 : 2] *= writer.ShapeOf(op.input)[axis];
    }
    const std::span<const int64_t> flat(sizes.data(), sizes[2] == 1 ? 2 : 3);
    const LoweredValue places =
        writer.Emit(onnx, {writer.Reshape(input, flat)},
                    {{"axis", int64_t{1}}, {"keepdims", int64_t{1}}}, Element::kInt64);
    return writer.Reshape(places, writer.OutputSizes());
  }
  return writer.Emit(onnx, {input},
                     {{"axis", int64_t{op.axis}}, {"keepdims", int64_t{op.keep_dimensions}}},
                     Element::kInt64);
}

}  // namespace

#define WEBNN_ARG(Name, name, doc) \
  template <> \
  const OpSchema& SchemaOf<Name>() { \
    static const OpSchema kSchema = ArgSchema<Name>(name, doc); \
    return kSchema; \
  } \
  Result<OutputShape> Infer(const InferContext& context, const Name& op) { \
    return InferArg(context, op); \
  } \
  LoweredValue LowerToOnnx(Writer& writer, const Name& op) { return LowerArg(writer, #Name, op); }

WEBNN_ARG(ArgMin, "argMin",
          "Index of the smallest element along `axis`. Which of equal elements is found is not "
          "defined.")
WEBNN_ARG(ArgMax, "argMax",
          "Index of the largest element along `axis`. Which of equal elements is found is not "
          "defined.")

}  // namespace webnn::ops
