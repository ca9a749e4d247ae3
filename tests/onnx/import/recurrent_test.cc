#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/float16.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

constexpr int64_t kSteps = 4;
constexpr int64_t kBatch = 2;
constexpr int64_t kColumns = 3;
constexpr int64_t kHidden = 5;

int64_t GatesOf(const std::string& op) { return op == "LSTM" ? 4 : op == "GRU" ? 3 : 1; }
int OutputsOf(const std::string& op) { return op == "LSTM" ? 3 : 2; }

struct Case {
  std::string name;
  std::vector<TestAttribute> attributes;
  std::vector<size_t> optional;  ///< Optional inputs that are there: 3 B, 4 sequence_lens ...
  bool bidirectional = false;
};

std::vector<std::pair<std::string, TestTensor>> Inputs(const std::string& op, const Case& test) {
  const int64_t d = test.bidirectional ? 2 : 1;
  const int64_t rows = GatesOf(op) * kHidden;
  const std::vector<std::pair<std::string, std::vector<int64_t>>> all = {
      {"x", {kSteps, kBatch, kColumns}},
      {"const_w", {d, rows, kColumns}},
      {"const_r", {d, rows, kHidden}},
      {"const_b", {d, 2 * rows}},
      {"lengths", {kBatch}},
      {"h0", {d, kBatch, kHidden}},
      {"c0", {d, kBatch, kHidden}},
      {"const_p", {d, 3 * kHidden}}};
  size_t count = 3;
  for (size_t k : test.optional) count = std::max(count, k + 1);
  std::vector<std::pair<std::string, TestTensor>> inputs;
  for (size_t k = 0; k < count; ++k) {
    const bool has = k < 3 || std::count(test.optional.begin(), test.optional.end(), k) > 0;
    inputs.emplace_back(
        has ? all[k].first : "",
        k == 4 ? Int32s({kBatch}, {2, 4})
               : Random(all[k].second, TensorProto::FLOAT, -1, 1, static_cast<uint32_t>(k) + 1));
  }
  return inputs;
}

std::vector<TestAttribute> AttributesOf(const Case& test) {
  std::vector<TestAttribute> attributes = test.attributes;
  attributes.emplace_back("hidden_size", static_cast<int>(kHidden));
  if (test.bidirectional) attributes.emplace_back("direction", "bidirectional");
  return attributes;
}

void Expect(const std::string& op, const Case& test, int opset = 21) {
  SCOPED_TRACE(test.name);
  ExpectNodeSame(op, Inputs(op, test), AttributesOf(test), 1e-5, OutputsOf(op), opset);
}

using Names = std::vector<std::string>;
using Numbers = std::vector<float>;

const TestAttribute kReverse("direction", "reverse");

class ImportRecurrent : public ::testing::TestWithParam<std::string> {};

TEST_P(ImportRecurrent, OptionsOfAll) {
  const std::string& op = GetParam();
  const Case cases[] = {
      {"Plain", {}, {}},
      {"Bias", {}, {3}},
      {"Initial", {}, {3, 5}},
      {"Reverse", {kReverse}, {3, 5}},
      {"Both", {}, {3, 5}, true},
      {"BothPlain", {}, {}, true},
      {"Lengths", {}, {3, 4, 5}},
      {"LengthsReverse", {kReverse}, {3, 4}},
      {"LengthsBoth", {}, {3, 4, 5}, true},
      {"Clip", {{"clip", 0.3f}}, {3, 5}},
      {"ClipBoth", {{"clip", 0.2f}}, {3}, true},
  };
  for (const Case& test : cases) {
    Expect(op, test);
    Expect(op, test, 7);
  }
}

TEST_P(ImportRecurrent, OutputsOneByOne) {
  const std::string& op = GetParam();
  const Case test = {"", {}, {3}};
  const auto inputs = Inputs(op, test);
  for (int wanted = 0; wanted < OutputsOf(op); ++wanted) {
    SCOPED_TRACE(wanted);
    TestModel model = OneNode(op, inputs, AttributesOf(test), OutputsOf(op));
    auto& graph = model.graph();
    const std::string name = graph.output(wanted).name();
    graph.clear_output();
    model.Output(name);
    graph.mutable_node(0)->clear_output();
    for (int k = 0; k <= wanted; ++k) graph.mutable_node(0)->add_output(k == wanted ? name : "");
    ExpectSameAsOnnxRuntime(model, {{"x", inputs[0].second}}, 1e-5);
  }
}

// Known lengths of whole sequences are as good as none.
TEST_P(ImportRecurrent, KnownLengths) {
  const std::string& op = GetParam();
  for (const std::vector<int32_t>& lengths : {std::vector<int32_t>{4, 4}, {1, 3}}) {
    auto inputs = Inputs(op, {"", {}, {3, 4}});
    inputs[4] = {"const_lengths", Int32s({kBatch}, lengths)};
    ExpectNodeSame(op, inputs, AttributesOf({}), 1e-5, OutputsOf(op));
  }
}

// Weights that are inputs of the graph.
TEST_P(ImportRecurrent, ComputedWeights) {
  const std::string& op = GetParam();
  auto inputs = Inputs(op, {"", {}, {3}});
  for (auto& [name, tensor] : inputs) name = name.substr(name.rfind('_') + 1);
  ExpectNodeSame(op, inputs, AttributesOf({}), 1e-5, OutputsOf(op));
}

TEST_P(ImportRecurrent, Rejects) {
  const std::string& op = GetParam();
  const auto invalid = [&](size_t input, std::vector<int64_t> sizes, const char* message) {
    auto inputs = Inputs(op, {"", {}, {3, 5}});
    inputs[input].second = Random(std::move(sizes));
    ExpectInvalid(OneNode(op, inputs, AttributesOf({}), OutputsOf(op)).Serialize(), message);
  };
  invalid(0, {kSteps, kBatch}, "ranks 2, 3 and 3");
  invalid(1, {1, 7, kColumns}, "W has the sizes [1, 7, 3]");
  invalid(2, {2, GatesOf(op) * kHidden, kHidden}, "R has the sizes [2, ");
  invalid(3, {1, 7}, "B has the sizes [1, 7]");
  invalid(5, {1, kBatch, 6}, "initial_h has the sizes [1, 2, 6]");
  const auto invalid_attribute = [&](TestAttribute attribute, const char* message) {
    ExpectInvalid(OneNode(op, Inputs(op, {}), {std::move(attribute)}, OutputsOf(op)).Serialize(),
                  message);
  };
  invalid_attribute({"direction", "sideways"}, "direction is \"sideways\"");
  invalid_attribute({"clip", -1.0f}, "clip is -1");
  invalid_attribute({"hidden_size", 0}, "hidden_size is 0");
  invalid_attribute({"activations", Names{"Relu", "Relu", "Relu", "Relu", "Relu"}},
                    "there are 5 activations");
}

TEST_P(ImportRecurrent, RefusesToWriteOutLongSequences) {
  const std::string& op = GetParam();
  auto inputs = Inputs(op, {});
  inputs[0].second = Random({4096, 1, kColumns});
  ExpectRefused(OneNode(op, inputs, {{"clip", 1.0f}}, OutputsOf(op)), op, "4096 steps");
}

// ONNX Runtime has none of them in float16 on the CPU; in float32 the same numbers are the oracle.
TEST_P(ImportRecurrent, Halves) {
  const std::string& op = GetParam();
  for (const Case& test :
       {Case{"Native", {}, {3, 5}, true}, Case{"Unrolled", {{"clip", 0.5f}}, {3, 4, 5}}}) {
    SCOPED_TRACE(test.name);
    const auto wide = Inputs(op, test);
    auto narrow = wide;
    TestTensors wide_tensors;
    TestTensors narrow_tensors;
    for (size_t k = 0; k < wide.size(); ++k) {
      if (wide[k].first.empty()) continue;
      if (wide[k].second.element == TensorProto::FLOAT) {
        narrow[k].second =
            Random(wide[k].second.sizes, TensorProto::FLOAT16, -1, 1, static_cast<uint32_t>(k) + 1);
      }
      wide_tensors.insert(wide[k]);
      narrow_tensors.insert(narrow[k]);
    }
    const int outputs = OutputsOf(op);
    const auto expected =
        RunOnnxRuntime(OneNode(op, wide, AttributesOf(test), outputs).Serialize(), wide_tensors);
    ASSERT_TRUE(expected.ok()) << ToString(expected.error());
    const auto actual =
        RunImported(OneNode(op, narrow, AttributesOf(test), outputs).Serialize(), narrow_tensors);
    ASSERT_TRUE(actual.ok()) << ToString(actual.error());
    for (const auto& [name, tensor] : *expected) {
      EXPECT_EQ(actual->at(name).sizes, tensor.sizes);
      EXPECT_EQ(actual->at(name).element, TensorProto::FLOAT16);
      const auto halves = actual->at(name).Values<uint16_t>();
      const auto floats = tensor.Values<float>();
      ASSERT_EQ(halves.size(), floats.size());
      for (size_t k = 0; k < floats.size(); ++k) {
        EXPECT_NEAR(Float16ToFloat(halves[k]), floats[k], 5e-3) << name << " " << k;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, ImportRecurrent, ::testing::Values("LSTM", "GRU", "RNN"),
                         [](const auto& test) { return test.param; });

TEST(ImportLstm, Options) {
  const Case cases[] = {
      {"InitialCell", {}, {3, 5, 6}},
      {"Peepholes", {}, {3, 5, 6, 7}},
      {"PeepholesReverse", {kReverse}, {3, 7}},
      {"PeepholesBoth", {}, {3, 7}, true},
      {"InputForget", {{"input_forget", 1}}, {3}},
      {"PeepholesClip", {{"clip", 0.3f}}, {3, 5, 6, 7}},
      {"Activations", {{"activations", Names{"Sigmoid", "Relu", "Tanh"}}}, {3}},
      {"ActivationsBoth",
       {{"activations", Names{"Sigmoid", "Relu", "Tanh", "Sigmoid", "Relu", "Tanh"}}},
       {3},
       true},
      {"ActivationsByDirection",
       {{"activations", Names{"Sigmoid", "Relu", "Tanh", "Tanh", "Tanh", "Relu"}}},
       {3},
       true},
      {"Decomposed",
       {{"activations", Names{"HardSigmoid", "Softsign", "LeakyRelu"}},
        {"activation_alpha", Numbers{0.3f, 0.2f}},
        {"activation_beta", Numbers{0.4f}}},
       {3}},
      {"LengthsWithState", {}, {3, 4, 5, 6}},
  };
  for (const Case& test : cases) Expect("LSTM", test);
}

TEST(ImportGru, Options) {
  const TestAttribute after("linear_before_reset", 1);
  const Case cases[] = {
      {"ResetAfter", {after}, {}},
      {"ResetAfterBias", {after}, {3, 5}},
      {"ResetAfterReverse", {after, kReverse}, {3}},
      {"ResetAfterBoth", {after}, {3, 5}, true},
      {"ResetAfterLengths", {after}, {3, 4, 5}},
      {"ResetAfterClip", {after, {"clip", 0.3f}}, {3}},
      {"ResetAfterClipNoBias", {after, {"clip", 0.3f}}, {}},
      {"Activations", {{"activations", Names{"Tanh", "Relu"}}}, {3}},
      {"Decomposed", {{"activations", Names{"HardSigmoid", "Softsign"}}}, {3}},
  };
  for (const Case& test : cases) Expect("GRU", test);
}

TEST(ImportRnn, Activations) {
  for (const char* name : {"Relu", "Tanh", "Sigmoid", "Softsign", "Softplus", "LeakyRelu",
                           "ThresholdedRelu", "Elu", "Affine", "HardSigmoid", "ScaledTanh"}) {
    Expect("RNN", {name,
                   {{"activations", Names{name}},
                    {"activation_alpha", Numbers{0.4f}},
                    {"activation_beta", Numbers{0.6f}}},
                   {3, 5}});
  }
  // Defaults of ONNX's operators; ONNX Runtime has another for ThresholdedRelu.
  for (const char* name : {"LeakyRelu", "Elu", "HardSigmoid"}) {
    Expect("RNN", {name, {{"activations", Names{name}}}, {3, 5}});
  }
  ExpectInvalid(OneNode("RNN", Inputs("RNN", {}), {{"activations", Names{"Sinus"}}}, 2).Serialize(),
                "\"Sinus\" is no activation");
}

// ONNX Runtime has no layout 1 on the CPU: the same weights with the time in front are the oracle.
TEST_P(ImportRecurrent, BatchFirst) {
  const std::string& op = GetParam();
  const Case test = {"", {}, {3, 5}};
  const auto time_first = Inputs(op, test);
  const TestModel oracle = OneNode(op, time_first, AttributesOf(test), OutputsOf(op));
  const auto expected = RunOnnxRuntime(oracle.Serialize(),
                                       {{"x", time_first[0].second}, {"h0", time_first[5].second}});
  ASSERT_TRUE(expected.ok()) << ToString(expected.error());

  // Element [i][j][k] moves to [j][i][k].
  const auto swapped = [](const TestTensor& tensor) {
    const auto values = tensor.Values<float>();
    const int64_t a = tensor.sizes[0];
    const int64_t b = tensor.sizes[1];
    const int64_t c = tensor.sizes[2];
    std::vector<float> result;
    for (int64_t j = 0; j < b; ++j) {
      for (int64_t i = 0; i < a; ++i) {
        for (int64_t k = 0; k < c; ++k) result.push_back(values[(i * b + j) * c + k]);
      }
    }
    return Floats({b, a, c}, result);
  };
  auto inputs = time_first;
  inputs[0].second = swapped(inputs[0].second);
  inputs[5].second = swapped(inputs[5].second);
  auto attributes = AttributesOf(test);
  attributes.emplace_back("layout", 1);
  const auto results = RunImported(OneNode(op, inputs, attributes, OutputsOf(op)).Serialize(),
                                   {{"x", inputs[0].second}, {"h0", inputs[5].second}});
  ASSERT_TRUE(results.ok()) << ToString(results.error());
  const auto expect_near = [](const TestTensor& actual, const TestTensor& wanted) {
    EXPECT_EQ(actual.sizes, wanted.sizes);
    const auto a = actual.Values<float>();
    const auto b = wanted.Values<float>();
    ASSERT_EQ(a.size(), b.size());
    for (size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 1e-5) << k;
  };
  // Y is [steps, 1, batch, hidden], and [batch, steps, 1, hidden] here.
  TestTensor y = expected->at("y0");
  y.sizes = {kSteps, kBatch, kHidden};
  y = swapped(y);
  y.sizes = {kBatch, kSteps, 1, kHidden};
  expect_near(results->at("y0"), y);
  expect_near(results->at("y1"), swapped(expected->at("y1")));
  if (op == "LSTM") expect_near(results->at("y2"), swapped(expected->at("y2")));
}

}  // namespace
}  // namespace webnn::onnx_test
