#include "ops/common.h"

namespace webnn::ops {
namespace {

constexpr DataTypeSet kIndexTypes = {DataType::kInt32, DataType::kInt64};

template <class Op>
OpSchema ArgSchema(std::string_view name, std::string_view doc) {
  return MakeSchema<Op>(name, doc,
                        {In<&Op::input>("input", kAny, RankAtLeast(1)), Required<&Op::axis>("axis"),
                         Option<&Op::keep_dimensions>("keepDimensions"),
                         Option<&Op::output_data_type>("outputDataType")},
                        {Out("output", kIndexTypes, kAnyRank)});
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

template <class Op>
LoweredValue LowerArg(Writer& writer, std::string_view onnx, const Op& op) {
  return writer.Emit(onnx, {writer.ToOrdered(writer.Get(op.input), onnx)},
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
