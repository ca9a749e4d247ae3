#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "graph/op_schema.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

// `MLOpSupportLimits`: the operators in the specification's order with the members of their entry.
struct Row {
  std::string_view op;
  std::string_view operands;
};
constexpr std::string_view kSingle = "input output";
constexpr std::string_view kBinary = "a b output";
constexpr std::string_view kLogical = "a output";
constexpr std::string_view kQuantize = "input scale zeroPoint output";
constexpr std::string_view kNormalize = "input scale bias output";
constexpr std::string_view kConvolve = "input filter bias output";
constexpr std::string_view kGather = "input indices output";
constexpr std::string_view kScatter = "input indices updates output";
constexpr Row kRows[] = {
    {"argMin", kSingle},
    {"argMax", kSingle},
    {"batchNormalization", "input mean variance scale bias output"},
    {"cast", kSingle},
    {"clamp", kSingle},
    {"concat", "inputs output"},
    {"conv2d", kConvolve},
    {"convTranspose2d", kConvolve},
    {"cumulativeSum", kSingle},
    {"add", kBinary},
    {"sub", kBinary},
    {"mul", kBinary},
    {"div", kBinary},
    {"max", kBinary},
    {"min", kBinary},
    {"pow", kBinary},
    {"equal", kBinary},
    {"notEqual", kBinary},
    {"greater", kBinary},
    {"greaterOrEqual", kBinary},
    {"lesser", kBinary},
    {"lesserOrEqual", kBinary},
    {"logicalNot", kLogical},
    {"logicalAnd", kBinary},
    {"logicalOr", kBinary},
    {"logicalXor", kBinary},
    {"isNaN", kLogical},
    {"isInfinite", kLogical},
    {"abs", kSingle},
    {"ceil", kSingle},
    {"cos", kSingle},
    {"erf", kSingle},
    {"exp", kSingle},
    {"floor", kSingle},
    {"identity", kSingle},
    {"log", kSingle},
    {"neg", kSingle},
    {"reciprocal", kSingle},
    {"roundEven", kSingle},
    {"sin", kSingle},
    {"sign", kSingle},
    {"sqrt", kSingle},
    {"tan", kSingle},
    {"dequantizeLinear", kQuantize},
    {"quantizeLinear", kQuantize},
    {"elu", kSingle},
    {"expand", kSingle},
    {"gather", kGather},
    {"gatherElements", kGather},
    {"gatherND", kGather},
    {"gelu", kSingle},
    {"gemm", "a b c output"},
    {"gru", "input weight recurrentWeight bias recurrentBias initialHiddenState output0 output1"},
    {"gruCell", "input weight recurrentWeight hiddenState bias recurrentBias output"},
    {"hardSigmoid", kSingle},
    {"hardSwish", kSingle},
    {"instanceNormalization", kNormalize},
    {"layerNormalization", kNormalize},
    {"leakyRelu", kSingle},
    {"linear", kSingle},
    {"lstm",
     "input weight recurrentWeight bias recurrentBias peepholeWeight initialHiddenState "
     "initialCellState output0 output1 output2"},
    {"lstmCell",
     "input weight recurrentWeight hiddenState cellState bias recurrentBias peepholeWeight output0 "
     "output1"},
    {"matmul", kBinary},
    {"pad", kSingle},
    {"averagePool2d", kSingle},
    {"l2Pool2d", kSingle},
    {"maxPool2d", kSingle},
    {"prelu", "input slope output"},
    {"reduceL1", kSingle},
    {"reduceL2", kSingle},
    {"reduceLogSum", kSingle},
    {"reduceLogSumExp", kSingle},
    {"reduceMax", kSingle},
    {"reduceMean", kSingle},
    {"reduceMin", kSingle},
    {"reduceProduct", kSingle},
    {"reduceSum", kSingle},
    {"reduceSumSquare", kSingle},
    {"relu", kSingle},
    {"resample2d", kSingle},
    {"reshape", kSingle},
    {"reverse", kSingle},
    {"scatterElements", kScatter},
    {"scatterND", kScatter},
    {"sigmoid", kSingle},
    {"slice", kSingle},
    {"softmax", kSingle},
    {"softplus", kSingle},
    {"softsign", kSingle},
    {"split", "input outputs"},
    {"tanh", kSingle},
    {"tile", kSingle},
    {"transpose", kSingle},
    {"triangular", kSingle},
    {"where", "condition trueValue falseValue output"},
};
static_assert(std::size(kRows) == 95);

TEST(SupportLimitsTest, ListsTheOperatorsOfTheSpecification) {
  const OpSupportLimits limits = Context::Create()->GetOpSupportLimits();
  ASSERT_EQ(limits.ops.size(), std::size(kRows));
  for (size_t i = 0; i < std::size(kRows); ++i) {
    EXPECT_EQ(limits.ops[i].op, kRows[i].op);
    std::string operands;
    for (const auto& [name, operand] : limits.ops[i].operands) {
      operands += fmt::format("{}{}", operands.empty() ? "" : " ", name);
      EXPECT_FALSE(operand.data_types.empty()) << kRows[i].op << " " << name;
      EXPECT_LE(operand.rank_range.min, operand.rank_range.max) << kRows[i].op << " " << name;
    }
    EXPECT_EQ(operands, kRows[i].operands) << kRows[i].op;
  }
}

TEST(SupportLimitsTest, RanksReachWhatTheSpecificationAsksFor) {
  const OpSupportLimits limits = Context::Create()->GetOpSupportLimits();
  EXPECT_EQ(limits.preferred_input_layout, InputOperandLayout::kNchw);
  for (const TensorLimits& tensor : {limits.input, limits.constant, limits.output}) {
    EXPECT_EQ(tensor.rank_range.min, 0u);
    EXPECT_GE(tensor.rank_range.max, 5u);
    for (const DataType type :
         {DataType::kFloat32, DataType::kFloat16, DataType::kInt32, DataType::kUint32,
          DataType::kInt64, DataType::kUint64, DataType::kInt8, DataType::kUint8}) {
      EXPECT_TRUE(tensor.data_types.Has(type)) << Name(type);
    }
  }
}

// ---- What the limits say and what the builder does. ----

// Calls operators with operands of chosen types and ranks, all of size 1. The builder looks at its
// operands one by one before it looks at anything else.
class Prober {
 public:
  explicit Prober(const Context& context) : context_(context) {}

  struct Choice {
    DataType type;
    uint32_t rank;
  };
  // Calls `schema` with operand `tested` as chosen, and those before it so that they pass.
  Result<std::vector<Operand>> Call(const OpSchema& schema, const OpLimits& limits, size_t tested,
                                    Choice choice) {
    GraphBuilder builder = GraphBuilder::Create(context_).value();
    const auto op = schema.make();
    std::vector<Value> arguments;
    NamedValues options;
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      const OpField& field = schema.fields[i];
      Value value = field.write(op.get());
      if (field.is_operand) {
        if (!field.required && i != tested) continue;
        const Choice chosen = i == tested ? choice : Fitting(schema, limits, i, tested, choice);
        const Operand operand = builder
                                    .Input(std::string(field.name), chosen.type,
                                           Shape(std::vector<uint32_t>(chosen.rank, 1)))
                                    .value();
        value = operand;
        if (field.type.starts_with("sequence")) value = Value::List{operand};
      }
      if (field.required) {
        arguments.push_back(std::move(value));
      } else if (field.is_operand) {
        options.emplace(field.name, std::move(value));
      }
    }
    return builder.Call(schema.name, arguments, options);
  }

 private:
  static Choice Fitting(const OpSchema& schema, const OpLimits& limits, size_t i, size_t tested,
                        Choice choice) {
    const std::string_view like = schema.fields[i].same_type_as;
    const size_t other =
        like.empty() ? i : static_cast<size_t>(schema.FindField(like) - schema.fields.data());
    const DataType type =
        other == tested ? choice.type : limits.fields[other].data_types.List().front();
    return {type, limits.fields[i].rank_range.min};
  }

  const Context& context_;
};

// Whether the operand was refused for what the limits say, not for its relation to another.
bool IsOutside(const Result<std::vector<Operand>>& result, const std::string& rule) {
  return !result && result.error().code == ErrorCode::kTypeError && result.error().rule == rule &&
         result.error().message.find("; allowed are ") != std::string::npos;
}

class LimitsAgreementTest : public testing::Test {
 protected:
  template <class Probe>
  void ForEachOperand(Probe probe) {
    for (size_t i = 0; i < AllOps().size(); ++i) {
      const OpSchema& schema = *AllOps()[i];
      for (size_t k = 0; k < schema.fields.size(); ++k) {
        if (!schema.fields[k].is_operand) continue;
        SCOPED_TRACE(fmt::format("{} {}", schema.name, schema.fields[k].name));
        const auto& reported = limits_.ops[i].operands;
        const auto found = std::find_if(reported.begin(), reported.end(), [&](const auto& operand) {
          return operand.first == schema.fields[k].name;
        });
        ASSERT_NE(found, reported.end());
        probe(schema, k, found->second);
      }
    }
  }
  Result<std::vector<Operand>> Call(const OpSchema& schema, size_t k, DataType type,
                                    uint32_t rank) {
    return Prober(context_).Call(schema, context_.impl()->limits()->ops[IndexOf(schema)], k,
                                 {type, rank});
  }

  Context context_ = Context::Create().value();
  OpSupportLimits limits_ = context_.GetOpSupportLimits();
};

TEST_F(LimitsAgreementTest, OtherDataTypesAreRefused) {
  int refused = 0;
  ForEachOperand([&](const OpSchema& schema, size_t k, const TensorLimits& reported) {
    for (const DataType type : limits_.input.data_types.List()) {
      const std::string rule = fmt::format("{}-type", schema.fields[k].name);
      const auto result = Call(schema, k, type, reported.rank_range.min);
      if (reported.data_types.Has(type)) {
        EXPECT_FALSE(IsOutside(result, rule)) << Name(type) << " is promised";
      } else {
        EXPECT_TRUE(IsOutside(result, rule)) << Name(type) << " is not promised";
        ++refused;
      }
    }
  });
  EXPECT_GT(refused, 300);
}

TEST_F(LimitsAgreementTest, OtherRanksAreRefused) {
  int refused = 0;
  ForEachOperand([&](const OpSchema& schema, size_t k, const TensorLimits& reported) {
    const DataType type = reported.data_types.List().front();
    for (uint32_t rank = 0; rank <= limits_.input.rank_range.max; ++rank) {
      const std::string rule = fmt::format("{}-rank", schema.fields[k].name);
      const auto result = Call(schema, k, type, rank);
      if (rank < reported.rank_range.min || rank > reported.rank_range.max) {
        EXPECT_TRUE(IsOutside(result, rule)) << "rank " << rank << " is not promised";
        ++refused;
      } else {
        EXPECT_FALSE(IsOutside(result, rule)) << "rank " << rank << " is promised";
      }
    }
  });
  EXPECT_GT(refused, 300);
}

TEST_F(LimitsAgreementTest, InputsAndConstantsOfThePromisedTypes) {
  GraphBuilder builder = GraphBuilder::Create(context_).value();
  const Shape deep(std::vector<uint32_t>(limits_.input.rank_range.max, 1));
  const Shape too_deep(std::vector<uint32_t>(limits_.input.rank_range.max + 1, 1));
  for (const DataType type : limits_.input.data_types.List()) {
    EXPECT_THAT(builder.Input(std::string(Name(type)), type, deep), Succeeds());
    EXPECT_THAT(builder.Input("deeper", type, too_deep), Fails(ErrorCode::kTypeError, "rank"));
  }
  for (const DataType type : limits_.constant.data_types.List()) {
    const auto descriptor = OperandDescriptor::Create(type, deep).value();
    EXPECT_THAT(builder.Constant(descriptor, Filled(0, descriptor.byte_length())), Succeeds());
  }
}

// ---- The length of tensors. ----

TEST(MaxTensorByteLengthTest, IsTheOption) {
  const auto limit = [](const ContextOptions& options) {
    return Context::Create(options)->GetOpSupportLimits().max_tensor_byte_length;
  };
  EXPECT_EQ(limit({.max_tensor_byte_length = 1000}), 1000u);
  EXPECT_EQ(limit({.max_tensor_byte_length = ~uint64_t{0}}), ~uint64_t{0});
  EXPECT_EQ(limit({}), uint64_t{1} << 34);
}

TEST(MaxTensorByteLengthTest, HoldsForEveryOperand) {
  const Context context = MakeScripted(std::make_shared<Script>(), {.max_tensor_byte_length = 100});
  GraphBuilder builder = GraphBuilder::Create(context).value();
  const Operand x = builder.Input("x", DataType::kFloat32, {25}).value();
  EXPECT_THAT(builder.Input("y", DataType::kFloat32, {26}),
              Fails(ErrorCode::kTypeError, "maxTensorByteLength) is 100"));
  EXPECT_THAT(builder.Constant<float>({26}, std::vector<float>(26)),
              Fails(ErrorCode::kTypeError, "maxTensorByteLength"));
  EXPECT_THAT(builder.Constant<float>({25}, std::vector<float>(25)), Succeeds());
  // Results, too.
  EXPECT_THAT(builder.Concat({.inputs = {x, x}}),
              Fails(ErrorCode::kTypeError, "maxTensorByteLength"));
  EXPECT_THAT(builder.Cast({.input = x, .data_type = DataType::kInt64}),
              Fails(ErrorCode::kTypeError, "maxTensorByteLength"));
  EXPECT_THAT(builder.Cast({.input = x, .data_type = DataType::kInt32}), Succeeds());
  EXPECT_THAT(builder.Split({.input = x, .splits = 5u}), Succeeds());
}

// ---- What a back end lacks. ----

std::optional<TensorLimits> Find(const OpSupportLimits& limits, std::string_view op,
                                 std::string_view operand) {
  for (const OpSupport& support : limits.ops) {
    for (const auto& [name, tensor] : support.operands) {
      if (support.op == op && name == operand) return tensor;
    }
  }
  return std::nullopt;
}

TEST(LimitDeltaTest, NarrowsTheRowsOfTheOperators) {
  const auto script = std::make_shared<Script>();
  const DataTypeSet floats = {DataType::kFloat32, DataType::kFloat16};
  script->max_rank = 6;
  script->deltas = {
      {"softmax", "input", {{DataType::kFloat32, DataType::kInt32}, {2, 4}}},
      {"concat", "", {floats, {}}},
      {"", "bias", {{DataType::kFloat32}, {}}},
  };
  const Context context = MakeScripted(script);
  const OpSupportLimits limits = context.GetOpSupportLimits();
  // The common part, never more than the specification allows.
  EXPECT_EQ(Find(limits, "softmax", "input"), (TensorLimits{{DataType::kFloat32}, {2, 4}}));
  EXPECT_EQ(Find(limits, "softmax", "output"), (TensorLimits{floats, {1, 6}}));
  EXPECT_EQ(Find(limits, "concat", "inputs"), (TensorLimits{floats, {1, 6}}));
  EXPECT_EQ(Find(limits, "concat", "output"), (TensorLimits{floats, {1, 6}}));
  EXPECT_EQ(Find(limits, "conv2d", "bias"), (TensorLimits{{DataType::kFloat32}, {1, 1}}));
  EXPECT_EQ(Find(limits, "conv2d", "filter"), (TensorLimits{floats, {4, 4}}));
  EXPECT_EQ(limits.input.rank_range, (RankRange{0, 6}));

  GraphBuilder builder = GraphBuilder::Create(context).value();
  const Operand half = builder.Input("half", DataType::kFloat16, {2, 2}).value();
  const Operand line = builder.Input("line", DataType::kFloat32, {2}).value();
  EXPECT_EQ(builder.Softmax({.input = half, .axis = 1}).error().rule, "input-type");
  EXPECT_EQ(builder.Softmax({.input = line, .axis = 0}).error().rule, "input-rank");
  // A builder without a context has the limits of the specification.
  GraphBuilder free;
  const Operand free_half = free.Input("half", DataType::kFloat16, {2}).value();
  EXPECT_THAT(free.Softmax({.input = free_half, .axis = 0}), Succeeds());
}

TEST(LimitDeltaTest, HoldsForResults) {
  const auto script = std::make_shared<Script>();
  script->deltas = {{"cast", "output", {{DataType::kFloat32}, {}}},
                    {"split", "outputs", {{DataType::kFloat32}, {1, 1}}}};
  const Context context = MakeScripted(script);
  GraphBuilder builder = GraphBuilder::Create(context).value();
  const Operand x = builder.Input("x", DataType::kInt32, {2, 2}).value();
  EXPECT_THAT(builder.Cast({.input = x, .data_type = DataType::kFloat32}), Succeeds());
  EXPECT_EQ(builder.Cast({.input = x, .data_type = DataType::kInt8}).error().rule, "output-limits");
  const Operand y = builder.Input("y", DataType::kFloat32, {2, 2}).value();
  EXPECT_EQ(builder.Split({.input = y, .splits = 2u}).error().rule, "output-limits");
}

}  // namespace
}  // namespace webnn
