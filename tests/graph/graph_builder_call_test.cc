#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/graph_builder.h"

namespace webnn {
namespace {

using testing::SizeIs;
using testing_support::BreaksRule;
using testing_support::Fails;
using testing_support::Succeeds;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class CallTest : public testing::Test {
 protected:
  using Arguments = std::vector<Value>;
  Result<std::vector<Operand>> Call(std::string_view op, const Arguments& arguments,
                                    const NamedValues& options = {}) {
    return builder_.Call(op, arguments, options);
  }
  // The shape of the only result.
  std::string ShapeOf(const Result<std::vector<Operand>>& results) {
    if (!results) return ToString(results.error());
    EXPECT_THAT(*results, SizeIs(1));
    return ToString(builder_.Describe(results->front())->shape());
  }

  GraphBuilder builder_;
  Operand x_ = builder_.Input("x", DataType::kFloat32, {2, 3, 5, 7}).value();
  Operand matrix_ = builder_.Input("matrix", DataType::kFloat32, {2, 3}).value();
};

TEST_F(CallTest, IsTheMethodOfTheSameName) {
  EXPECT_EQ(ShapeOf(Call("transpose", {x_})), "[7, 5, 3, 2]");
  EXPECT_EQ(ShapeOf(Call("transpose", {x_}, {{"permutation", Value::List{1, 0, 2, 3}}})),
            "[3, 2, 5, 7]");
  EXPECT_EQ(
      ShapeOf(Call("reduceSum", {x_}, {{"axes", Value::List{3, 1}}, {"keepDimensions", true}})),
      "[2, 1, 5, 1]");
  EXPECT_EQ(ShapeOf(Call("averagePool2d", {x_}, {{"layout", "nhwc"}})), "[2, 1, 1, 7]");
  EXPECT_EQ(ShapeOf(Call("concat", {Value::List{matrix_, matrix_}, 1})), "[2, 6]");
  EXPECT_EQ(ShapeOf(Call("pad", {matrix_, Value::List{0, 1}, Value::List{1, 0}},
                         {{"mode", "edge"}, {"value", 1.5}})),
            "[3, 4]");
}

TEST_F(CallTest, GivesEveryResult) {
  const auto halves = Call("split", {x_, 2});
  ASSERT_THAT(halves, Succeeds());
  EXPECT_THAT(*halves, SizeIs(2));
  const auto parts = Call("split", {x_, Value::List{1, 2, 2}}, {{"axis", 2}});
  ASSERT_THAT(parts, Succeeds());
  ASSERT_THAT(*parts, SizeIs(3));
  EXPECT_EQ(ToString(builder_.Describe(parts->back())->shape()), "[2, 3, 2, 7]");
}

TEST_F(CallTest, ReadsDataTypesByName) {
  const auto cast = Call("cast", {x_, "int64"});
  ASSERT_THAT(cast, Succeeds());
  EXPECT_EQ(builder_.Describe(cast->front())->data_type(), DataType::kInt64);
  EXPECT_THAT(Call("cast", {x_, "float64"}), BreaksRule("dataType-value"));
  EXPECT_THAT(Call("cast", {x_, 1}), BreaksRule("dataType-value"));
}

TEST_F(CallTest, UnknownOperators) {
  for (std::string_view op : {"", "Relu", "squeeze", "relu ", "build", "input", "constant"}) {
    EXPECT_THAT(Call(op, {x_}), Fails(ErrorCode::kTypeError, op)) << op;
  }
}

TEST_F(CallTest, UnknownOptions) {
  EXPECT_THAT(Call("relu", {x_}, {{"alpha", 1}}), BreaksRule("option-name"));
  EXPECT_THAT(Call("reduceSum", {x_}, {{"keepdimensions", true}}),
              Fails(ErrorCode::kTypeError, "\"keepdimensions\""));
  // A required argument is not an option.
  EXPECT_THAT(Call("softmax", {x_, 1}, {{"axis", 1}}), BreaksRule("option-name"));
  EXPECT_THAT(Call("relu", {x_}, {{"input", x_}}), BreaksRule("option-name"));
}

TEST_F(CallTest, AbsentOptionsHaveTheirDefaults) {
  EXPECT_EQ(ShapeOf(Call("transpose", {x_}, {{"permutation", Value()}, {"label", Value()}})),
            "[7, 5, 3, 2]");
}

TEST_F(CallTest, TakesExactlyTheRequiredArguments) {
  EXPECT_THAT(Call("softmax", {}), BreaksRule("argument-count"));
  EXPECT_THAT(Call("softmax", {x_}), Fails(ErrorCode::kTypeError, "axis"));
  EXPECT_THAT(Call("softmax", {x_, 1, 2}), BreaksRule("argument-count"));
  EXPECT_THAT(Call("relu", {x_, Value()}), BreaksRule("argument-count"));
  EXPECT_THAT(Call("softmax", {x_, Value()}), BreaksRule("axis-value"));
}

TEST_F(CallTest, ArgumentsOfTheWrongKind) {
  for (const Value& wrong : {Value(), Value(true), Value(1), Value("x"), Value(Value::List{x_})}) {
    EXPECT_THAT(Call("relu", {wrong}), BreaksRule("input-value"));
  }
  for (const Value& wrong : {Value(true), Value("1"), Value(x_), Value(Value::List{1})}) {
    EXPECT_THAT(Call("softmax", {x_, wrong}), BreaksRule("axis-value"));
  }
  for (const Value& wrong : {Value(1), Value("true"), Value(x_)}) {
    EXPECT_THAT(Call("reduceSum", {x_}, {{"keepDimensions", wrong}}),
                BreaksRule("keepDimensions-value"));
  }
  for (const Value& wrong : {Value(1), Value("NCHW"), Value(""), Value(true)}) {
    EXPECT_THAT(Call("averagePool2d", {x_}, {{"layout", wrong}}), BreaksRule("layout-value"));
  }
  for (const Value& wrong : {Value(1), Value("1"), Value(Value::List{Value()}),
                             Value(Value::List{"1"}), Value(Value::List{Value(Value::List{1})})}) {
    EXPECT_THAT(Call("reverse", {x_}, {{"axes", wrong}}), BreaksRule("axes-value"));
  }
  EXPECT_THAT(Call("clamp", {x_}, {{"minValue", "0"}}), BreaksRule("minValue-value"));
  EXPECT_THAT(Call("elu", {x_}, {{"alpha", true}}), BreaksRule("alpha-value"));
  EXPECT_THAT(Call("concat", {x_, 0}), BreaksRule("inputs-value"));
  EXPECT_THAT(Call("concat", {Value::List{x_, 1}, 0}), BreaksRule("inputs-value"));
  EXPECT_THAT(Call("split", {x_, "2"}), BreaksRule("splits-value"));
  EXPECT_THAT(Call("gemm", {matrix_, matrix_}, {{"c", 1}}), BreaksRule("c-value"));
  EXPECT_THAT(Call("relu", {x_}, {{"label", 1}}), Fails(ErrorCode::kTypeError, "label"));
}

TEST_F(CallTest, ListsOfAFixedLength) {
  EXPECT_THAT(Call("averagePool2d", {x_}, {{"strides", Value::List{1}}}),
              BreaksRule("strides-value"));
  EXPECT_THAT(Call("averagePool2d", {x_}, {{"strides", Value::List{1, 1, 1}}}),
              BreaksRule("strides-value"));
  EXPECT_THAT(Call("averagePool2d", {x_}, {{"padding", Value::List{0, 0}}}),
              BreaksRule("padding-value"));
  EXPECT_THAT(Call("resample2d", {x_}, {{"axes", Value::List{2}}}), BreaksRule("axes-value"));
}

// [EnforceRange] unsigned long.
TEST_F(CallTest, UnsignedIntegersAreInRange) {
  for (const Number& wrong :
       {Number(-1), Number(-1.0), Number(kNaN), Number(kInfinity), Number(-kInfinity),
        Number(int64_t{1} << 32), Number(uint64_t{1} << 32), Number(0x1p32), Number(1e300),
        Number(std::numeric_limits<int64_t>::min()),
        Number(std::numeric_limits<uint64_t>::max())}) {
    EXPECT_THAT(Call("softmax", {x_, wrong}), BreaksRule("axis-value")) << ToString(wrong);
    EXPECT_THAT(Call("reverse", {x_}, {{"axes", Value::List{0, wrong}}}), BreaksRule("axes-value"))
        << ToString(wrong);
  }
  // These are numbers that an axis may be written as, whether or not there is such an axis.
  for (const Number& right :
       {Number(4), Number(4.9), Number(0xffffffffu), Number(4294967295.0), Number(4294967295.9)}) {
    EXPECT_THAT(Call("softmax", {x_, right}), BreaksRule("axis-in-range")) << ToString(right);
  }
}

TEST_F(CallTest, FractionsAreDropped) {
  EXPECT_EQ(ShapeOf(Call("reduceSum", {x_}, {{"axes", Value::List{1.5}}})), "[2, 5, 7]");
  EXPECT_EQ(ShapeOf(Call("reduceSum", {x_}, {{"axes", Value::List{-0.9}}})), "[3, 5, 7]");
  EXPECT_EQ(ShapeOf(Call("reduceSum", {x_}, {{"axes", Value::List{3.999}}})), "[2, 3, 5]");
}

TEST_F(CallTest, SignedIntegersAreInRange) {
  const auto call = [&](Number diagonal) {
    return Call("triangular", {matrix_}, {{"diagonal", diagonal}});
  };
  for (const Number& right : {Number(-2147483648), Number(-2147483648.9), Number(2147483647.9),
                              Number(-1.5), Number(2147483647u)}) {
    EXPECT_THAT(call(right), Succeeds()) << ToString(right);
  }
  for (const Number& wrong : {Number(-2147483649), Number(2147483648.0), Number(2147483648u),
                              Number(kNaN), Number(-kInfinity)}) {
    EXPECT_THAT(call(wrong), BreaksRule("diagonal-value")) << ToString(wrong);
  }
}

TEST_F(CallTest, FloatsAreFinite) {
  for (double wrong : {kNaN, kInfinity, -kInfinity}) {
    EXPECT_THAT(Call("elu", {x_}, {{"alpha", wrong}}), BreaksRule("alpha-value")) << wrong;
    EXPECT_THAT(Call("resample2d", {x_}, {{"scales", Value::List{1, wrong}}}),
                BreaksRule("scales-value"))
        << wrong;
  }
  EXPECT_THAT(Call("resample2d", {x_}, {{"scales", Value::List{1, 1e39}}}),
              BreaksRule("scales-value"));
  EXPECT_THAT(Call("elu", {x_}, {{"alpha", 1e39}}), Succeeds());
  EXPECT_THAT(Call("elu", {x_}, {{"alpha", 2}}), Succeeds());
  // A number of the kind MLNumber may be anything.
  EXPECT_THAT(Call("clamp", {x_}, {{"maxValue", kInfinity}}), Succeeds());
}

TEST_F(CallTest, TheLabelIsInEveryMessage) {
  const NamedValues labelled = {{"label", "here"}};
  EXPECT_THAT(Call("softmax", {x_}, labelled), Fails(ErrorCode::kTypeError, "[here] softmax: "));
  EXPECT_THAT(Call("softmax", {x_, -1}, labelled), Fails(ErrorCode::kTypeError, "[here] softmax"));
  EXPECT_THAT(Call("softmax", {x_, 9}, labelled), Fails(ErrorCode::kTypeError, "[here] softmax"));
  EXPECT_THAT(Call("softmax", {x_, 1}, {{"label", "here"}, {"alpha", 1}}),
              Fails(ErrorCode::kTypeError, "[here] softmax"));
}

TEST_F(CallTest, OperandsOfAnotherBuilder) {
  GraphBuilder other;
  const Operand foreign = other.Input("x", DataType::kFloat32, {2, 3, 5, 7}).value();
  EXPECT_THAT(Call("relu", {foreign}), BreaksRule("input-of-this-builder"));
  EXPECT_THAT(Call("relu", {Operand()}), BreaksRule("input-of-this-builder"));
}

}  // namespace
}  // namespace webnn
