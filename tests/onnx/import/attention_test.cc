#include <gtest/gtest.h>

#include <limits>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

using Inputs = std::vector<std::pair<std::string, TestTensor>>;

TestTensor Numbers(std::vector<int64_t> sizes, uint32_t seed, int element = TensorProto::FLOAT) {
  return Random(std::move(sizes), element, -1, 1, seed);
}
TestTensor RandomBools(std::vector<int64_t> sizes, uint32_t seed) {
  TestTensor tensor = Random(std::move(sizes), TensorProto::UINT8, 0, 2, seed);
  tensor.element = TensorProto::BOOL;
  return tensor;
}

// Sizes of one attention: [batch, heads, length, size].
struct Sizes {
  int64_t batch = 2;
  int64_t heads = 3;
  int64_t key_heads = 3;
  int64_t queries = 4;
  int64_t keys = 6;
  int64_t head_size = 8;
  int64_t value_size = 8;
};

Inputs Apart(const Sizes& s, int element = TensorProto::FLOAT) {
  return {{"q", Numbers({s.batch, s.heads, s.queries, s.head_size}, 1, element)},
          {"k", Numbers({s.batch, s.key_heads, s.keys, s.head_size}, 2, element)},
          {"v", Numbers({s.batch, s.key_heads, s.keys, s.value_size}, 3, element)}};
}
Inputs SideBySide(const Sizes& s) {
  return {{"q", Numbers({s.batch, s.queries, s.heads * s.head_size}, 1)},
          {"k", Numbers({s.batch, s.keys, s.key_heads * s.head_size}, 2)},
          {"v", Numbers({s.batch, s.keys, s.key_heads * s.value_size}, 3)}};
}
Inputs With(Inputs inputs, const Inputs& more) {
  inputs.insert(inputs.end(), more.begin(), more.end());
  return inputs;
}
Inputs WithCache(Inputs inputs, const Sizes& s, int64_t past, const Inputs& mask = {{"", {}}}) {
  return With(With(std::move(inputs), mask),
              {{"past_k", Numbers({s.batch, s.key_heads, past, s.head_size}, 5)},
               {"past_v", Numbers({s.batch, s.key_heads, past, s.value_size}, 6)}});
}

void Expect(const Inputs& inputs, const std::vector<TestAttribute>& attributes = {},
            int outputs = 1, int opset = 23, double tolerance = 1e-5) {
  ExpectNodeSame("Attention", inputs, attributes, tolerance, outputs, opset);
}

const Sizes kShapes[] = {{}, {.heads = 9}, {.heads = 4, .key_heads = 1}, {.value_size = 10}};

TEST(ImportAttention, Shapes) {
  for (const Sizes& s : kShapes) {
    SCOPED_TRACE(&s - kShapes);
    const std::vector<TestAttribute> counts = {{"q_num_heads", static_cast<int>(s.heads)},
                                               {"kv_num_heads", static_cast<int>(s.key_heads)}};
    for (const TestAttribute& attribute : std::vector<TestAttribute>{
             {"is_causal", 0}, {"is_causal", 1}, {"scale", 0.3f}, {"softcap", 2.0f}}) {
      SCOPED_TRACE(attribute.name);
      Expect(Apart(s), {attribute});
      std::vector<TestAttribute> all = counts;
      all.push_back(attribute);
      Expect(SideBySide(s), all);
    }
  }
}
TEST(ImportAttention, Halves) {
  Expect(Apart({}, TensorProto::FLOAT16), {}, 1, 23, 2e-3);
  Expect(Apart({}, TensorProto::FLOAT16), {{"softmax_precision", TensorProto::FLOAT}}, 1, 23, 2e-3);
}

TEST(ImportAttention, Masks) {
  const Sizes s;
  const std::vector<std::vector<int64_t>> shapes = {{4, 6},       {1, 4, 6},    {3, 4, 6},
                                                    {2, 1, 4, 6}, {1, 3, 4, 6}, {2, 3, 4, 6}};
  for (const std::vector<int64_t>& shape : shapes) {
    SCOPED_TRACE(::testing::PrintToString(shape));
    for (int causal : {0, 1}) {
      Expect(With(Apart(s), {{"mask", Numbers(shape, 4)}}), {{"is_causal", causal}});
      // The first key is allowed, so that no query is without any.
      TestTensor mask = RandomBools(shape, 4);
      for (size_t k = 0; k < mask.bytes.size(); k += static_cast<size_t>(shape.back())) {
        mask.bytes[k] = std::byte{1};
      }
      Expect(With(Apart(s), {{"mask", mask}}), {{"is_causal", causal}});
      Expect(With(Apart(s), {{"const_mask", mask}}), {{"is_causal", causal}});
    }
  }
}

void ExpectNear(const TestTensor& actual, const TestTensor& expected) {
  const auto a = actual.Values<float>();
  const auto e = expected.Values<float>();
  ASSERT_EQ(a.size(), e.size());
  for (size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], e[k], 1e-5) << k;
}

// For what ONNX Runtime does not take, the oracle is `whole`: the same attention with a mask that
// has all sizes.
void ExpectSameWithWholeMask(const Inputs& inputs, const std::vector<TestAttribute>& attributes,
                             int opset, TestModel whole) {
  const TestTensors tensors(inputs.begin(), inputs.end());
  const auto expected = RunOnnxRuntime(whole.Serialize(), tensors);
  ASSERT_TRUE(expected.ok()) << ToString(expected.error());
  const auto actual =
      RunImported(OneNode("Attention", inputs, attributes, 1, opset).Serialize(), tensors);
  ASSERT_TRUE(actual.ok()) << ToString(actual.error());
  ExpectNear(actual->at("y0"), expected->at("y0"));
}

TEST(ImportAttention, MasksAreBroadcast) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{1, 6}, {4, 1}, {3, 1, 6}}) {
    SCOPED_TRACE(::testing::PrintToString(shape));
    const Inputs inputs = With(Apart({}), {{"mask", Numbers(shape, 4)}});
    TestModel whole(23);
    for (const auto& [name, tensor] : inputs) whole.Input(name, tensor);
    whole.Weight("sizes", Int64s({4}, {1, 3, 4, 6}));
    whole.Node("Expand", {"mask", "sizes"}, {"whole"});
    whole.Node("Attention", {"q", "k", "v", "whole"}, {"y0"});
    whole.Output("y0", TensorProto::FLOAT);
    ExpectSameWithWholeMask(inputs, {}, 23, std::move(whole));
  }
}

TEST(ImportAttention, Windows) {
  struct Case {
    int left;
    int right;
    int causal;
    int64_t past;
  };
  for (const Case& test : {Case{2, -1, 1, 0}, Case{1, 2, 0, 0}, Case{0, 0, 0, 0}, Case{-1, 1, 0, 0},
                           Case{2, 5, 1, 0}, Case{3, 1, 0, 5}, Case{2, -1, 1, 5}}) {
    SCOPED_TRACE(::testing::Message() << test.left << ", " << test.right);
    const Sizes s;
    Inputs inputs = Apart(s);
    std::vector<std::string> names = {"q", "k", "v", "whole"};
    if (test.past > 0) {
      inputs = WithCache(std::move(inputs), s, test.past);
      names.insert(names.end(), {"past_k", "past_v"});
    }
    const int64_t keys = s.keys + test.past;
    std::vector<uint8_t> allowed;
    for (int64_t i = test.past; i < test.past + s.queries; ++i) {
      for (int64_t j = 0; j < keys; ++j) {
        allowed.push_back((test.left < 0 || j >= i - test.left) &&
                          (test.right < 0 || j <= i + test.right) && (test.causal == 0 || j <= i));
      }
    }
    TestModel whole(23);
    for (const auto& [name, tensor] : inputs) {
      if (!name.empty()) whole.Input(name, tensor);
    }
    whole.Weight("whole", Bools({s.queries, keys}, allowed));
    std::vector<std::string> outputs = {"y0"};
    if (test.past > 0) outputs.insert(outputs.end(), {"present_k", "present_v"});
    whole.Node("Attention", names, outputs);
    whole.Output("y0", TensorProto::FLOAT);
    ExpectSameWithWholeMask(inputs,
                            {{"left_window_size", test.left},
                             {"right_window_size", test.right},
                             {"is_causal", test.causal}},
                            25, std::move(whole));
  }
}

// ONNX of today: a query that may attend to nothing gets zeros.
TEST(ImportAttention, QueriesWithoutKeysGetZero) {
  const Sizes s = {.batch = 1,
                   .heads = 1,
                   .key_heads = 1,
                   .queries = 2,
                   .keys = 2,
                   .head_size = 2,
                   .value_size = 2};
  for (const TestTensor& mask :
       {Bools({2, 2}, {1, 0, 0, 0}), Floats({2, 2}, {0, -kInfinity, -kInfinity, -kInfinity})}) {
    const Inputs inputs = With(Apart(s), {{"mask", mask}});
    const TestModel model = OneNode("Attention", inputs, {{"qk_matmul_output_mode", 3}}, 4, 23);
    const auto results = RunImported(model.Serialize(), {inputs.begin(), inputs.end()});
    ASSERT_TRUE(results.ok()) << ToString(results.error());
    const auto v = inputs[2].second.Values<float>();
    EXPECT_EQ(results->at("y0").Values<float>(), (std::vector<float>{v[0], v[1], 0, 0}));
    EXPECT_EQ(results->at("y3").Values<float>(), (std::vector<float>{1, 0, 0, 0}));
  }
}

TEST(ImportAttention, Caches) {
  for (const Sizes& s : kShapes) {
    for (int causal : {0, 1}) {
      Expect(WithCache(Apart(s), s, 5), {{"is_causal", causal}}, 3);
      Expect(WithCache(Apart(s), s, 5, {{"mask", Numbers({4, 11}, 4)}}), {{"is_causal", causal}},
             3);
      Expect(WithCache(SideBySide(s), s, 5),
             {{"q_num_heads", static_cast<int>(s.heads)},
              {"kv_num_heads", static_cast<int>(s.key_heads)},
              {"is_causal", causal}},
             3);
    }
  }
}

TEST(ImportAttention, ScoresAsAnOutput) {
  const Sizes s;
  for (int mode : {0, 1, 2, 3}) {
    SCOPED_TRACE(mode);
    for (const Sizes& sizes : {Sizes{}, Sizes{.heads = 6}}) {
      Expect(WithCache(Apart(sizes), s, 5, {{"mask", Numbers({4, 11}, 4)}}),
             {{"qk_matmul_output_mode", mode}, {"softcap", 2.0f}}, 4);
    }
  }
}

TEST(ImportAttention, ValidKeys) {
  const Sizes s = {.queries = 3};
  for (int causal : {0, 1}) {
    const Inputs rest = {{"", {}}, {"", {}}, {"valid", Int64s({2}, {6, 4})}};
    Expect(With(With(Apart(s), {{"", {}}}), rest), {{"is_causal", causal}}, 1, 24);
    // A mask that is shorter than the keys.
    Expect(With(With(Apart(s), {{"mask", Numbers({2, 3, 3, 6}, 4)}}), rest),
           {{"is_causal", causal}}, 1, 24);
  }
}

TEST(ImportAttention, Rejects) {
  const Sizes s;
  const auto invalid = [](const Inputs& inputs, const std::vector<TestAttribute>& attributes,
                          const char* message) {
    ExpectInvalid(OneNode("Attention", inputs, attributes, 4, 25).Serialize(), message);
  };
  invalid(SideBySide(s), {}, "q_num_heads is 0, which does not divide the hidden size 24");
  invalid(SideBySide(s), {{"q_num_heads", 3}, {"kv_num_heads", 5}}, "kv_num_heads is 5");
  invalid({{"q", Numbers({2, 2}, 1)}, {"k", Numbers({2, 2}, 1)}, {"v", Numbers({2, 2}, 1)}}, {},
          "input 0 has rank 2");
  Inputs unequal = Apart(s);
  unequal[1].second = Numbers({2, 3, 6, 7}, 1);
  invalid(unequal, {}, "do not fit together");
  unequal[1].second = Numbers({2, 2, 6, 8}, 1);
  invalid(unequal, {}, "do not fit together");
  invalid(WithCache(Apart(s), {.head_size = 7}, 5), {}, "past_key has the sizes [2, 3, 5, 7]");
  invalid(Apart(s), {{"left_window_size", -2}}, "left_window_size is -2");
  invalid(Apart(s), {{"softmax_precision", TensorProto::INT32}}, "softmax_precision is 6");
  invalid(Apart(s), {{"qk_matmul_output_mode", 4}}, "qk_matmul_output_mode is 4");
}

// ONNX Runtime does not have it; without its subgraphs it is Attention.
TEST(ImportFlexAttention, IsAttention) {
  for (const Sizes& s : kShapes) {
    const Inputs inputs = Apart(s);
    for (const std::vector<TestAttribute>& attributes :
         std::vector<std::vector<TestAttribute>>{{}, {{"scale", 0.3f}}}) {
      const TestTensors tensors(inputs.begin(), inputs.end());
      const auto expected =
          RunOnnxRuntime(OneNode("Attention", inputs, attributes, 1, 23).Serialize(), tensors);
      ASSERT_TRUE(expected.ok()) << ToString(expected.error());
      const auto actual = RunImported(
          OneNode("ai.onnx.preview.FlexAttention", inputs, attributes).Serialize(), tensors);
      ASSERT_TRUE(actual.ok()) << ToString(actual.error());
      EXPECT_EQ(actual->at("y0").sizes, expected->at("y0").sizes);
      ExpectNear(actual->at("y0"), expected->at("y0"));
    }
  }
}
TEST(ImportFlexAttention, RefusesSubgraphs) {
  TestGraph subgraph;
  subgraph.Node("Identity", {"scores"}, {"out"});
  subgraph.Output("out");
  ExpectRefused(OneNode("ai.onnx.preview.FlexAttention", Apart({}),
                        {{"score_mod", TestAttribute::Value(subgraph.graph())}}),
                "FlexAttention", "score_mod is a subgraph");
  ExpectInvalid(OneNode("ai.onnx.preview.FlexAttention", SideBySide({})).Serialize(),
                "input 0 has rank 3");
}

// ---- com.microsoft ----

TEST(ImportMicrosoftAttention, Options) {
  // [batch, length, size] = [2, 4, 6], 2 heads, of 4 for q and k and of 6 for v.
  const Inputs plain = {{"x", Numbers({2, 4, 6}, 1)},
                        {"const_w", Numbers({6, 24}, 2)},
                        {"const_b", Numbers({24}, 3)}};
  const TestTensor mask = Int32s({2, 4}, {1, 1, 1, 0, 1, 1, 0, 0});
  const auto expect = [](const Inputs& inputs, std::vector<TestAttribute> attributes) {
    attributes.emplace_back("num_heads", 2);
    ExpectNodeSame("com.microsoft.Attention", inputs, attributes, 1e-5);
  };
  expect(plain, {});
  expect(plain, {{"unidirectional", 1}});
  expect(plain, {{"scale", 0.3f}});
  expect(With(plain, {{"mask", mask}}), {});
  expect(With(plain, {{"mask", mask}}), {{"unidirectional", 1}});
  expect(With(plain, {{"", {}}, {"", {}}, {"bias", Numbers({2, 2, 4, 4}, 5)}}), {});
  expect({{"x", Numbers({2, 4, 6}, 1)},
          {"const_w", Numbers({6, 28}, 2)},
          {"const_b", Numbers({28}, 3)}},
         {{"qkv_hidden_sizes", std::vector<int64_t>{8, 8, 12}}});
}
TEST(ImportMicrosoftAttention, Refuses) {
  const Inputs plain = {{"x", Numbers({2, 4, 6}, 1)},
                        {"const_w", Numbers({6, 24}, 2)},
                        {"const_b", Numbers({24}, 3)}};
  const auto refused = [](const Inputs& inputs, std::vector<TestAttribute> attributes,
                          const char* reason, int outputs = 1) {
    attributes.emplace_back("num_heads", 2);
    ExpectRefused(OneNode("com.microsoft.Attention", inputs, attributes, outputs), "Attention",
                  reason);
  };
  refused(plain, {{"do_rotary", 1}}, "do_rotary");
  refused(plain, {}, "present", 2);
  refused(With(plain, {{"", {}}, {"past", Numbers({2, 2, 2, 3, 4}, 4)}}), {}, "past");
  refused(With(plain, {{"mask", Int32s({2}, {4, 2})}}), {}, "the mask has the sizes [2]");
}

TEST(ImportMultiHeadAttention, Options) {
  const Sizes s = {.heads = 2, .key_heads = 2};
  const auto expect = [](const Inputs& inputs, std::vector<TestAttribute> attributes = {},
                         int outputs = 1) {
    attributes.emplace_back("num_heads", 2);
    ExpectNodeSame("com.microsoft.MultiHeadAttention", inputs, attributes, 1e-5, outputs);
  };
  const Inputs plain = SideBySide(s);
  expect(plain);
  expect(plain, {{"scale", 0.3f}});
  const std::pair<std::string, TestTensor> bias = {"const_b", Numbers({48}, 4)};
  const std::pair<std::string, TestTensor> mask = {
      "mask", Int32s({2, 6}, {1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0})};
  expect(With(plain, {bias}));
  expect(With(plain, {bias, mask}));
  expect(With(plain, {{"", {}}, mask}));
  expect(With(plain, {{"", {}}, {"", {}}, {"bias", Numbers({1, 2, 4, 6}, 5)}}));
  expect(SideBySide({.heads = 2, .key_heads = 2, .queries = 6}), {{"unidirectional", 1}});
  Inputs apart = Apart(s);
  apart[0] = plain[0];
  expect(apart);
}
TEST(ImportMultiHeadAttention, Refuses) {
  ExpectRefused(OneNode("com.microsoft.MultiHeadAttention", {{"qkv", Numbers({2, 4, 2, 3, 8}, 1)}},
                        {{"num_heads", 2}}),
                "MultiHeadAttention", "packed");
}

// ---- Rotary embeddings. ----

struct RotaryCase {
  int64_t rotated;  ///< 0: all 8.
  int interleaved;
  bool apart;
  bool positions;
};

class ImportRotaryEmbedding : public ::testing::TestWithParam<RotaryCase> {};

TEST_P(ImportRotaryEmbedding, Onnx) {
  const RotaryCase& test = GetParam();
  const int64_t half = (test.rotated == 0 ? 8 : test.rotated) / 2;
  const std::vector<int64_t> cache =
      test.positions ? std::vector<int64_t>{10, half} : std::vector<int64_t>{2, 4, half};
  Inputs inputs = {{"x", test.apart ? Numbers({2, 3, 4, 8}, 1) : Numbers({2, 4, 24}, 1)},
                   {"const_cos", Numbers(cache, 2)},
                   {"const_sin", Numbers(cache, 3)}};
  if (test.positions) inputs.emplace_back("at", Int64s({2, 4}, {0, 1, 2, 3, 9, 8, 2, 5}));
  ExpectNodeSame("RotaryEmbedding", inputs,
                 {{"rotary_embedding_dim", static_cast<int>(test.rotated)},
                  {"interleaved", test.interleaved},
                  {"num_heads", 3}},
                 1e-6, 1, 23);
}
TEST_P(ImportRotaryEmbedding, Microsoft) {
  const RotaryCase& test = GetParam();
  const int64_t half = (test.rotated == 0 ? 8 : test.rotated) / 2;
  const TestTensor at =
      test.positions ? Int64s({2, 4}, {0, 1, 2, 3, 9, 8, 2, 5}) : Int64s({1}, {3});
  ExpectNodeSame("com.microsoft.RotaryEmbedding",
                 {{"x", test.apart ? Numbers({2, 3, 4, 8}, 1) : Numbers({2, 4, 24}, 1)},
                  {"at", at},
                  {"const_cos", Numbers({10, half}, 2)},
                  {"const_sin", Numbers({10, half}, 3)}},
                 {{"rotary_embedding_dim", static_cast<int>(test.rotated)},
                  {"interleaved", test.interleaved},
                  {"num_heads", test.rotated == 0 ? 0 : 3}});
}

std::vector<RotaryCase> AllRotaryCases() {
  std::vector<RotaryCase> cases;
  for (int64_t rotated : {0, 4}) {
    for (int interleaved : {0, 1}) {
      for (bool apart : {false, true}) {
        for (bool positions : {false, true}) {
          cases.push_back({rotated, interleaved, apart, positions});
        }
      }
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Options, ImportRotaryEmbedding, ::testing::ValuesIn(AllRotaryCases()));

TEST(ImportRotaryEmbedding, Rejects) {
  const auto invalid = [](std::vector<int64_t> x, std::vector<int64_t> cache,
                          const std::vector<TestAttribute>& attributes, const char* message) {
    ExpectInvalid(OneNode("RotaryEmbedding",
                          {{"x", Numbers(std::move(x), 1)},
                           {"cos", Numbers(cache, 2)},
                           {"sin", Numbers(cache, 3)}},
                          attributes, 1, 23)
                      .Serialize(),
                  message);
  };
  invalid({2, 4}, {2, 4, 4}, {}, "the input has rank 2");
  invalid({2, 4, 24}, {2, 4, 4}, {{"num_heads", 5}}, "num_heads is 5");
  invalid({2, 3, 4, 8}, {2, 4, 3}, {}, "a cache has the sizes [2, 4, 3]");
  invalid({2, 3, 4, 8}, {2, 4, 4}, {{"rotary_embedding_dim", 3}}, "3 of the 8 elements");
}

}  // namespace
}  // namespace webnn::onnx_test
