#include <gtest/gtest.h>

#include <cmath>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

constexpr int64_t kBatch = 2;
constexpr int64_t kSteps = 3;
constexpr int64_t kKeySize = 4;
constexpr int64_t kValueSize = 5;

using Inputs = std::vector<std::pair<std::string, TestTensor>>;

struct LinearCase {
  std::string rule;
  int64_t heads = 2;
  int64_t key_heads = 2;
  bool past = false;
  bool decay_by_head = false;
  bool one_beta = false;
  float scale = 0;

  bool decays() const { return rule == "gated" || rule == "gated_delta"; }
  bool corrects() const { return rule == "delta" || rule == "gated_delta"; }
};

void PrintTo(const LinearCase& c, std::ostream* out) {
  *out << c.rule << ", " << c.heads << " heads on " << c.key_heads;
}

Inputs InputsOf(const LinearCase& c) {
  const auto numbers = [](int64_t columns, uint32_t seed, double low = -1, double high = 1) {
    return Random({kBatch, kSteps, columns}, TensorProto::FLOAT, low, high, seed);
  };
  const int64_t decays = c.key_heads * (c.decay_by_head ? 1 : kKeySize);
  return {{"q", numbers(c.heads * kKeySize, 1)},
          {"k", numbers(c.key_heads * kKeySize, 2)},
          {"v", numbers(c.key_heads * kValueSize, 3)},
          {c.past ? "past" : "",
           Random({kBatch, c.key_heads, kKeySize, kValueSize}, TensorProto::FLOAT, -1, 1, 4)},
          {c.decays() ? "decay" : "", numbers(decays, 5, -1, 0)},
          {c.corrects() ? "beta" : "", numbers(c.one_beta ? 1 : c.key_heads, 6, 0, 1)}};
}

std::vector<TestAttribute> AttributesOf(const LinearCase& c) {
  return {{"update_rule", c.rule.c_str()},
          {"q_num_heads", static_cast<int>(c.heads)},
          {"kv_num_heads", static_cast<int>(c.key_heads)},
          {"scale", c.scale}};
}

// ONNX Runtime does not have the operator: the definition, number by number.
struct Expected {
  std::vector<double> output;
  std::vector<double> state;
};
Expected Compute(const LinearCase& c, const Inputs& inputs) {
  const auto values = [&](size_t k) { return inputs[k].second.Values<float>(); };
  const auto q = values(0);
  const auto k = values(1);
  const auto v = values(2);
  const auto past = values(3);
  const auto decay = values(4);
  const auto beta = values(5);
  const double scale = c.scale != 0 ? c.scale : 1 / std::sqrt(static_cast<double>(kKeySize));
  const int64_t group = c.heads / c.key_heads;
  Expected expected;
  expected.output.resize(kBatch * kSteps * c.heads * kValueSize);
  for (int64_t b = 0; b < kBatch; ++b) {
    for (int64_t h = 0; h < c.key_heads; ++h) {
      std::vector<double> state(kKeySize * kValueSize, 0.0);
      for (size_t i = 0; c.past && i < state.size(); ++i) {
        state[i] = past[(b * c.key_heads + h) * kKeySize * kValueSize + i];
      }
      for (int64_t t = 0; t < kSteps; ++t) {
        const int64_t row = (b * kSteps + t) * c.key_heads + h;
        for (int64_t i = 0; c.decays() && i < kKeySize; ++i) {
          const double g = c.decay_by_head ? decay[row] : decay[row * kKeySize + i];
          for (int64_t j = 0; j < kValueSize; ++j) state[i * kValueSize + j] *= std::exp(g);
        }
        for (int64_t j = 0; j < kValueSize; ++j) {
          double value = v[row * kValueSize + j];
          if (c.corrects()) {
            for (int64_t i = 0; i < kKeySize; ++i) {
              value -= state[i * kValueSize + j] * k[row * kKeySize + i];
            }
            value *= beta[c.one_beta ? b * kSteps + t : row];
          }
          for (int64_t i = 0; i < kKeySize; ++i) {
            state[i * kValueSize + j] += k[row * kKeySize + i] * value;
          }
        }
        for (int64_t head = h * group; head < (h + 1) * group; ++head) {
          const int64_t place = (b * kSteps + t) * c.heads + head;
          for (int64_t j = 0; j < kValueSize; ++j) {
            double sum = 0;
            for (int64_t i = 0; i < kKeySize; ++i) {
              sum += q[place * kKeySize + i] * state[i * kValueSize + j];
            }
            expected.output[place * kValueSize + j] = scale * sum;
          }
        }
      }
      expected.state.insert(expected.state.end(), state.begin(), state.end());
    }
  }
  return expected;
}

class ImportLinearAttention : public ::testing::TestWithParam<LinearCase> {};

TEST_P(ImportLinearAttention, FollowsItsDefinition) {
  const LinearCase& c = GetParam();
  const Inputs inputs = InputsOf(c);
  TestTensors tensors(inputs.begin(), inputs.end());
  tensors.erase("");
  const auto results =
      RunImported(OneNode("LinearAttention", inputs, AttributesOf(c), 2, 27).Serialize(), tensors);
  ASSERT_TRUE(results.ok()) << ToString(results.error());
  const Expected expected = Compute(c, inputs);
  const auto compare = [](const TestTensor& actual, const std::vector<double>& wanted) {
    const auto values = actual.Values<float>();
    ASSERT_EQ(values.size(), wanted.size());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], wanted[i], 1e-5) << i;
  };
  EXPECT_EQ(results->at("y0").sizes, (std::vector<int64_t>{kBatch, kSteps, c.heads * kValueSize}));
  compare(results->at("y0"), expected.output);
  compare(results->at("y1"), expected.state);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ImportLinearAttention,
    ::testing::Values(LinearCase{"linear"}, LinearCase{"linear", 4, 2}, LinearCase{"gated"},
                      LinearCase{"gated", 2, 2, true, true}, LinearCase{"delta"},
                      LinearCase{"delta", 2, 2, true, false, true}, LinearCase{"gated_delta"},
                      LinearCase{"gated_delta", 6, 2, true, true, true, 0.3f}));

TEST(ImportLinearAttention, Rejects) {
  const auto invalid = [](const Inputs& inputs, const LinearCase& attributes, const char* message) {
    ExpectInvalid(OneNode("LinearAttention", inputs, AttributesOf(attributes), 2, 27).Serialize(),
                  message);
  };
  const LinearCase gated = {"gated"};
  Inputs inputs = InputsOf(gated);
  inputs[4].first = "";
  invalid(inputs, gated, "\"gated\" goes with decay and without beta");
  invalid(InputsOf(gated), {"linear"}, "goes without decay");
  invalid(InputsOf(gated), {"other"}, "update_rule is \"other\"");
  invalid(InputsOf(gated), {"gated", 3}, "q_num_heads is 3");
  inputs = InputsOf(gated);
  inputs[1].second = Random({kBatch, kSteps + 1, 8});
  invalid(inputs, gated, "input 1 has the sizes [2, 4, 8]");
}
TEST(ImportLinearAttention, RefusesLongSequences) {
  const TestTensor x = Random({1, 4096, 4});
  ExpectRefused(
      OneNode("LinearAttention", {{"q", x}, {"k", x}, {"v", x}},
              {{"update_rule", "linear"}, {"q_num_heads", 1}, {"kv_num_heads", 1}}, 2, 27),
      "LinearAttention", "4096 steps");
}

// ONNX Runtime does not have the operator; the oracle is the same by Concat, Conv and Slice.
TEST(ImportCausalConv, IsConvolutionOfAllThatCameBefore) {
  struct Case {
    bool bias;
    bool past;
    const char* activation;
    int64_t length;
  };
  for (const Case& test : {Case{false, false, "none", 6}, Case{true, false, "none", 6},
                           Case{true, true, "none", 6}, Case{true, true, "silu", 6},
                           Case{false, true, "swish", 1}, Case{false, false, "none", 1}}) {
    const TestTensor x = Random({2, 3, test.length});
    const TestTensor weight = Random({3, 1, 4}, TensorProto::FLOAT, -1, 1, 2);
    const TestTensor bias = Random({3}, TensorProto::FLOAT, -1, 1, 3);
    const TestTensor past = test.past ? Random({2, 3, 3}, TensorProto::FLOAT, -1, 1, 4)
                                      : Floats({2, 3, 3}, std::vector<float>(18, 0.0f));
    TestModel oracle(21);
    oracle.Input("x", x).Weight("w", weight).Weight("past", past);
    oracle.Weight("b", test.bias ? bias : Floats({3}, {0, 0, 0}));
    oracle.Weight("start", Int64s({1}, {-3})).Weight("end", Int64s({1}, {100}));
    oracle.Weight("axis", Int64s({1}, {2}));
    oracle.Node("Concat", {"past", "x"}, {"all"}, {{"axis", 2}});
    oracle.Node("Conv", {"all", "w", "b"}, {"conv"}, {{"group", 3}});
    oracle.Node("Sigmoid", {"conv"}, {"sigmoid"});
    oracle.Node("Mul", {"conv", "sigmoid"}, {"swish"});
    oracle.Node("Slice", {"all", "start", "end", "axis"}, {"state"});
    const std::string output = test.activation == std::string("none") ? "conv" : "swish";
    oracle.Output(output, TensorProto::FLOAT).Output("state", TensorProto::FLOAT);
    const auto expected = RunOnnxRuntime(oracle.Serialize(), {{"x", x}});
    ASSERT_TRUE(expected.ok()) << ToString(expected.error());

    const Inputs inputs = {{"x", x},
                           {"const_w", weight},
                           {test.bias ? "const_b" : "", bias},
                           {test.past ? "const_past" : "", past}};
    const auto actual =
        RunImported(OneNode("CausalConvWithState", inputs, {{"activation", test.activation}}, 2, 27)
                        .Serialize(),
                    {{"x", x}});
    ASSERT_TRUE(actual.ok()) << ToString(actual.error());
    for (const auto& [name, wanted] : {std::pair{"y0", output}, {"y1", std::string("state")}}) {
      SCOPED_TRACE(::testing::Message() << test.activation << ", " << name);
      EXPECT_EQ(actual->at(name).sizes, expected->at(wanted).sizes);
      const auto a = actual->at(name).Values<float>();
      const auto e = expected->at(wanted).Values<float>();
      ASSERT_EQ(a.size(), e.size());
      for (size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], e[k], 1e-6) << k;
    }
  }
}
TEST(ImportCausalConv, Rejects) {
  const auto invalid = [](std::vector<int64_t> x, std::vector<int64_t> weight,
                          const char* activation, const char* message) {
    ExpectInvalid(OneNode("CausalConvWithState",
                          {{"x", Random(std::move(x))}, {"w", Random(std::move(weight))}},
                          {{"activation", activation}}, 2, 27)
                      .Serialize(),
                  message);
  };
  invalid({2, 3}, {3, 1, 4}, "none", "input and weight have the sizes [2, 3]");
  invalid({2, 3, 6}, {2, 1, 4}, "none", "and [2, 1, 4]");
  invalid({2, 3, 6}, {3, 1, 4}, "relu", "activation is \"relu\"");
}

}  // namespace
}  // namespace webnn::onnx_test
