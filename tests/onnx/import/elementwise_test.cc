#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct UnaryCase {
  const char* op;
  double low = -3;
  double high = 3;
  double tolerance = 1e-6;
  std::vector<TestAttribute> attributes = {};
};

class ImportUnaryFloat : public testing::TestWithParam<UnaryCase> {};

TEST_P(ImportUnaryFloat, GivesWhatOnnxRuntimeGives) {
  const UnaryCase& row = GetParam();
  ExpectNodeSame(row.op, {{"x", Random({3, 50}, TensorProto::FLOAT, row.low, row.high)}},
                 row.attributes, row.tolerance, 1, 24);
}

INSTANTIATE_TEST_SUITE_P(
    , ImportUnaryFloat,
    testing::Values(
        UnaryCase{"Abs"}, UnaryCase{"Acos", -1, 1}, UnaryCase{"Acosh", 1, 9},
        UnaryCase{"Asin", -1, 1}, UnaryCase{"Asinh"}, UnaryCase{"Atan", -9, 9},
        UnaryCase{"Atanh", -1, 1}, UnaryCase{"Ceil"},
        UnaryCase{"Celu", -3, 3, 1e-6, {{"alpha", 2.f}}}, UnaryCase{"Clip"}, UnaryCase{"Cos"},
        UnaryCase{"Cosh"}, UnaryCase{"Elu"}, UnaryCase{"Elu", -3, 3, 1e-6, {{"alpha", 0.3f}}},
        UnaryCase{"Erf"}, UnaryCase{"Exp"}, UnaryCase{"Floor"}, UnaryCase{"Gelu"},
        UnaryCase{"Gelu", -3, 3, 1e-6, {{"approximate", "tanh"}}}, UnaryCase{"HardSigmoid"},
        UnaryCase{"HardSigmoid", -3, 3, 1e-6, {{"alpha", 0.5f}, {"beta", 0.6f}}},
        UnaryCase{"HardSwish", -5, 5}, UnaryCase{"Identity"}, UnaryCase{"IsInf"},
        UnaryCase{"IsNaN"}, UnaryCase{"LeakyRelu"},
        UnaryCase{"LeakyRelu", -3, 3, 1e-6, {{"alpha", 0.1f}}}, UnaryCase{"Log", 0.1, 9},
        UnaryCase{"Mish"}, UnaryCase{"Neg"}, UnaryCase{"Reciprocal", 0.1, 9}, UnaryCase{"Relu"},
        UnaryCase{"Round", -9, 9}, UnaryCase{"Selu"},
        UnaryCase{"Shrink", -3, 3, 1e-6, {{"lambd", 1.5f}, {"bias", 0.5f}}}, UnaryCase{"Sigmoid"},
        UnaryCase{"Sign"}, UnaryCase{"Sin"}, UnaryCase{"Sinh"}, UnaryCase{"Softplus"},
        UnaryCase{"Softsign"}, UnaryCase{"Sqrt", 0, 9}, UnaryCase{"Tan", -1, 1}, UnaryCase{"Tanh"},
        UnaryCase{"ThresholdedRelu"}, UnaryCase{"ThresholdedRelu", -3, 3, 1e-6, {{"alpha", 2.f}}},
        UnaryCase{"com.microsoft.FastGelu"}, UnaryCase{"com.microsoft.Gelu"},
        UnaryCase{"com.microsoft.QuickGelu"}),
    [](const auto& info) {
      std::string name = info.param.op;
      std::ranges::replace(name, '.', '_');
      return name + std::to_string(info.index);
    });

// Relative, so that small results show what a formula loses to cancellation.
TEST(ImportFormula, IsPreciseNearZero) {
  const std::vector<float> small = {1e-6f, -1e-4f, 3e-3f, -0.02f, 0.3f, -0.9f, 0.f};
  for (const auto& [op, function] : {std::pair("Sinh", static_cast<double (*)(double)>(std::sinh)),
                                     {"Asinh", std::asinh},
                                     {"Atan", std::atan},
                                     {"Atanh", std::atanh},
                                     {"Asin", std::asin}}) {
    const TestModel model = OneNode(op, {{"x", Floats({7}, small)}});
    const auto outputs = RunImported(model.Serialize(), {{"x", Floats({7}, small)}});
    ASSERT_TRUE(outputs.ok()) << ToString(outputs.error());
    const auto values = outputs->at("y0").Values<float>();
    for (size_t i = 0; i < small.size(); ++i) {
      const double expected = function(small[i]);
      EXPECT_NEAR(values[i], expected, 5e-7 * std::fabs(expected)) << op << " of " << small[i];
    }
  }
}

TEST(ImportFormula, HasTheLimitsOfTheFunctions) {
  const std::vector<float> x = {1e20f, -1e20f, kInf, -kInf, kNan, 88.9f};
  for (const char* op : {"Asinh", "Atan", "Sinh", "Cosh", "Acosh"}) {
    ExpectNodeSame(op, {{"x", Floats({6}, x)}}, {}, 2e-6);
  }
  for (const char* op : {"Asin", "Acos", "Atanh"}) {
    ExpectNodeSame(op, {{"x", Floats({6}, {1, -1, 2, -2, kNan, 0})}});
  }
}

TEST(ImportElementwise, BinaryOperatorsBroadcast) {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "Equal",
                         "Greater", "GreaterOrEqual", "Less", "LessOrEqual"}) {
    ExpectNodeSame(op, {{"a", Random({2, 1, 3})}, {"const_b", Random({4, 1}, 1, -1, 1, 2)}});
  }
  ExpectNodeSame("Pow", {{"a", Random({2, 3}, 1, 0.1, 2)}, {"b", Random({3}, 1, -2, 2)}});
  ExpectNodeSame("PRelu", {{"a", Random({2, 4, 3})}, {"const_slope", Random({4, 1})}});
  ExpectNodeSame("com.microsoft.BiasGelu", {{"a", Random({2, 4})}, {"const_b", Random({4})}});
}

TEST(ImportElementwise, IntegersOfEachType) {
  for (int type : {TensorProto::INT8, TensorProto::UINT8, TensorProto::INT32, TensorProto::UINT32,
                   TensorProto::INT64, TensorProto::UINT64}) {
    const bool is_signed =
        type == TensorProto::INT8 || type == TensorProto::INT32 || type == TensorProto::INT64;
    const TestTensor a = Random({4, 9}, type, is_signed ? -99 : 0, 99, 1);
    const TestTensor b = Random({9}, type, 1, 9, 2);
    for (const char* op : {"Add", "Sub", "Mul", "Div", "Max", "Min", "Equal", "Less", "Greater"}) {
      ExpectNodeSame(op, {{"a", a}, {"b", b}});
    }
    for (const char* op : {"Abs", "Sign", "BitwiseNot"}) ExpectNodeSame(op, {{"a", a}});
    for (const char* op : {"BitwiseAnd", "BitwiseOr", "BitwiseXor"}) {
      ExpectNodeSame(op, {{"a", a}, {"b", b}});
    }
    ExpectNodeSame("Mod", {{"a", a}, {"b", b}});
    ExpectNodeSame("Mod", {{"a", a}, {"b", b}}, {{"fmod", 1}});
    ExpectNodeSame(
        "Clip",
        {{"a", a}, {"const_min", Random({}, type, 3, 3)}, {"const_max", Random({}, type, 40, 40)}});
  }
}

TEST(ImportElementwise, ModTakesTheSignOfTheDivisor) {
  const TestTensor a = Int32s({6}, {7, -7, 7, -7, 6, -6});
  const TestTensor b = Int32s({6}, {3, 3, -3, -3, 3, -3});
  ExpectNodeSame("Mod", {{"a", a}, {"b", b}});
  ExpectNodeSame("Mod", {{"a", a}, {"b", b}}, {{"fmod", 1}});
  ExpectNodeSame("Mod", {{"a", Random({99}, 1, -50, 50)}, {"b", Random({99}, 1, 1, 7, 2)}},
                 {{"fmod", 1}}, 1e-5);
}

TEST(ImportElementwise, Shifts) {
  const TestTensor x = TensorOf<uint32_t>(TensorProto::UINT32, {4}, {1, 0x80000001u, 12345, 7});
  const TestTensor by = TensorOf<uint32_t>(TensorProto::UINT32, {4}, {3, 31, 0, 1});
  ExpectNodeSame("BitShift", {{"x", x}, {"by", by}}, {{"direction", "LEFT"}});
  ExpectNodeSame("BitShift", {{"x", x}, {"by", by}}, {{"direction", "RIGHT"}});
}

// ONNX Runtime does not know these yet: numbers by the operator's description.
TEST(ImportElementwise, ShiftsOfSignedNumbersKeepTheSign) {
  const auto run = [](const char* direction) {
    const TestTensor x = Int32s({5}, {-8, -8, -1, 7, -2147483647});
    const TestTensor by = Int32s({5}, {1, -1, 32, 31, 31});
    const TestModel model =
        OneNode("BitShift", {{"x", x}, {"by", by}}, {{"direction", direction}}, 1, 28);
    const auto outputs = RunImported(model.Serialize(), {{"x", x}, {"by", by}});
    return outputs.ok() ? outputs->at("y0").Values<int32_t>() : std::vector<int32_t>();
  };
  EXPECT_EQ(run("RIGHT"), (std::vector<int32_t>{-4, -1, -1, 0, -1}));
  EXPECT_EQ(run("LEFT"), (std::vector<int32_t>{-16, 0, 0, INT32_MIN, INT32_MIN}));
}

TEST(ImportElementwise, ModOfFloatsRoundsEitherWay) {
  const std::vector<float> a = {7.5f, -7.5f, 7.5f, -7.5f, 2, -2, kInf, 1, 3};
  const std::vector<float> b = {2, 2, -2, -2, kInf, kInf, 3, 0, -kInf};
  const auto run = [&](int fmod) {
    const TestModel model =
        OneNode("Mod", {{"a", Floats({9}, a)}, {"b", Floats({9}, b)}}, {{"fmod", fmod}}, 1, 28);
    const auto outputs =
        RunImported(model.Serialize(), {{"a", Floats({9}, a)}, {"b", Floats({9}, b)}});
    return outputs.ok() ? outputs->at("y0").Values<float>() : std::vector<float>(9);
  };
  const auto is_nan = testing::Truly([](float x) { return std::isnan(x); });
  EXPECT_THAT(run(0),
              testing::ElementsAre(1.5f, 0.5f, -0.5f, -1.5f, 2, kInf, is_nan, is_nan, -kInf));
  EXPECT_THAT(run(1), testing::ElementsAre(1.5f, -1.5f, 1.5f, -1.5f, 2, -2, is_nan, is_nan, 3));
}

TEST(ImportElementwise, LogicOfBooleans) {
  const TestTensor a = Bools({4}, {0, 0, 1, 1});
  const TestTensor b = Bools({4}, {0, 1, 0, 1});
  for (const char* op : {"And", "Or", "Xor", "Equal"}) {
    ExpectNodeSame(op, {{"a", a}, {"b", b}});
  }
  ExpectNodeSame("Not", {{"a", a}});
  ExpectNodeSame("Where", {{"a", a}, {"x", Random({4})}, {"const_y", Random({1})}});
}

TEST(ImportElementwise, InfinitiesOfOneSign) {
  const TestTensor x = Floats({4}, {kInf, -kInf, kNan, 1});
  ExpectNodeSame("IsInf", {{"x", x}});
  ExpectNodeSame("IsInf", {{"x", x}}, {{"detect_negative", 0}});
  ExpectNodeSame("IsInf", {{"x", x}}, {{"detect_positive", 0}});
  ExpectNodeSame("IsNaN", {{"x", x}});
}

TEST(ImportElementwise, CastsBetweenTypes) {
  const std::vector<int> types = {TensorProto::FLOAT, TensorProto::FLOAT16, TensorProto::INT32,
                                  TensorProto::INT64, TensorProto::UINT8,   TensorProto::INT8,
                                  TensorProto::BOOL};
  for (int from : types) {
    for (int to : types) {
      const TestTensor x =
          from == TensorProto::BOOL ? Bools({3}, {0, 1, 1}) : Random({3, 3}, from, 0, 5);
      ExpectNodeSame("Cast", {{"x", x}}, {{"to", to}});
      ExpectNodeSame("CastLike", {{"x", x}, {"const_like", Random({1}, to, 0, 1)}});
    }
  }
}

TEST(ImportElementwise, BitsOfIntegersAsAnotherInteger) {
  const TestTensor x = Int32s({3}, {-1, 5, INT32_MIN});
  const TestModel model = OneNode("BitCast", {{"x", x}}, {{"to", TensorProto::UINT32}}, 1, 26);
  const auto outputs = RunImported(model.Serialize(), {{"x", x}});
  ASSERT_TRUE(outputs.ok()) << ToString(outputs.error());
  EXPECT_EQ(outputs->at("y0").Values<uint32_t>(),
            (std::vector<uint32_t>{0xffffffffu, 5, 0x80000000u}));
  ExpectRefused(OneNode("BitCast", {{"x", x}}, {{"to", TensorProto::FLOAT}}, 1, 26), "BitCast",
                "the bits of int32 cannot be read as float32");
}

// The expected numbers are those of the same slope with its axes written out.
TEST(ImportElementwise, ASlopeForEachChannel) {
  const TestTensor x = Random({2, 3, 4});
  const auto run = [&](std::vector<int64_t> sizes) {
    const TestModel model =
        OneNode("PRelu", {{"x", x}, {"const_slope", Floats(std::move(sizes), {0.1f, 0.2f, 0.3f})}});
    const auto outputs = RunImported(model.Serialize(), {{"x", x}});
    return outputs.ok() ? outputs->at("y0").Values<float>() : std::vector<float>();
  };
  const auto expected = run({3, 1});
  EXPECT_EQ(expected.size(), 24);
  EXPECT_EQ(run({3}), expected);
}

TEST(ImportElementwise, ClipTakesBoundsInEveryForm) {
  const TestTensor x = Random({20}, 1, -5, 5);
  ExpectNodeSame("Clip", {{"x", x}}, {{"min", -1.f}, {"max", 2.f}}, 0, 1, 7);
  ExpectNodeSame("Clip", {{"x", x}}, {{"max", 2.f}}, 0, 1, 7);
  ExpectNodeSame("Clip", {{"x", x}, {"const_min", Floats({}, {-1})}});
  ExpectNodeSame("Clip", {{"x", x}, {"", {}}, {"const_max", Floats({}, {1})}});
  ExpectNodeSame("Clip", {{"x", x}, {"min", Floats({}, {-1})}, {"max", Floats({}, {1})}});
  ExpectNodeSame("Clip",
                 {{"x", x}, {"const_min", Floats({}, {2})}, {"const_max", Floats({}, {1})}});
}

TEST(ImportElementwise, VariadicOperatorsTakeAnyCount) {
  for (const char* op : {"Max", "Min", "Sum", "Mean"}) {
    ExpectNodeSame(op, {{"a", Random({2, 3})}});
    ExpectNodeSame(op, {{"a", Random({2, 3})},
                        {"b", Random({3}, 1, -1, 1, 2)},
                        {"const_c", Random({2, 1}, 1, -1, 1, 3)}});
  }
}

TEST(ImportElementwise, PowersOfMixedTypes) {
  const TestTensor base = Int32s({3}, {1, 2, 3});
  ExpectNodeSame("Pow", {{"a", base}, {"b", Floats({3}, {4, 5, 6})}});
  ExpectNodeSame("Pow", {{"a", base}, {"b", Int64s({3}, {4, 5, 6})}});
  ExpectNodeSame("Pow", {{"a", Floats({3}, {1, 2.5f, 3})}, {"const_b", Int64s({}, {2})}});
}

TEST(ImportElementwise, DropoutDoesNothingInInference) {
  ExpectNodeSame("Dropout", {{"x", Random({2, 3})}}, {{"ratio", 0.5f}}, 0, 1, 7);
  ExpectNodeSame("Dropout", {{"x", Random({2, 3})}, {"const_ratio", Floats({}, {0.5f})}}, {}, 0, 2);
  ExpectRefused(OneNode("Dropout", {{"x", Random({2})},
                                    {"const_ratio", Floats({}, {0.5f})},
                                    {"const_training", Bools({}, {1})}}),
                "Dropout", "training mode");
}

TEST(ImportElementwise, HalvesAreComputedAsHalves) {
  for (const char* op : {"Acos", "Sinh", "Mish", "Gelu", "Relu", "Sqrt", "Selu"}) {
    ExpectNodeSame(op, {{"x", Random({50}, TensorProto::FLOAT16, 0, 1)}}, {}, 2e-3);
  }
}

}  // namespace
}  // namespace webnn::onnx_test
