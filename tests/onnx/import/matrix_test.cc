#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

// Small whole numbers, so that sums are exact in every order.
TestTensor Whole(std::vector<int64_t> sizes, int element, uint32_t seed) {
  return Random(std::move(sizes), element, -4, 5, seed);
}

struct MatMulCase {
  std::vector<int64_t> a;
  std::vector<int64_t> b;
};

class ImportMatMul : public ::testing::TestWithParam<MatMulCase> {};

TEST_P(ImportMatMul, Floats) {
  const auto& [a, b] = GetParam();
  ExpectNodeSame("MatMul", {{"a", Random(a)}, {"b", Random(b, TensorProto::FLOAT, -1, 1, 2)}});
}
TEST_P(ImportMatMul, ConstantWeights) {
  const auto& [a, b] = GetParam();
  ExpectNodeSame("MatMul",
                 {{"a", Random(a)}, {"const_b", Random(b, TensorProto::FLOAT, -1, 1, 2)}});
}
TEST_P(ImportMatMul, Integers) {
  const auto& [a, b] = GetParam();
  for (int element :
       {TensorProto::INT32, TensorProto::INT64, TensorProto::UINT32, TensorProto::UINT64}) {
    SCOPED_TRACE(element);
    ExpectNodeSame("MatMul",
                   {{"a", Random(a, element, 0, 100, 1)}, {"b", Random(b, element, 0, 100, 2)}});
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, ImportMatMul,
                         ::testing::Values(MatMulCase{{3, 4}, {4, 5}},           //
                                           MatMulCase{{4}, {4}},                 // dot product
                                           MatMulCase{{4}, {4, 5}},              // a row
                                           MatMulCase{{3, 4}, {4}},              // a column
                                           MatMulCase{{4}, {2, 4, 5}},           //
                                           MatMulCase{{2, 3, 4}, {4}},           //
                                           MatMulCase{{2, 3, 4}, {4, 5}},        //
                                           MatMulCase{{2, 1, 3, 4}, {6, 4, 5}},  // broadcast
                                           MatMulCase{{1, 2, 1, 2, 3}, {2, 1, 2, 3, 1}}));

TEST(ImportMatMul, Halves) {
  ExpectNodeSame("MatMul",
                 {{"a", Random({3, 4}, TensorProto::FLOAT16)},
                  {"b", Random({4, 5}, TensorProto::FLOAT16, -1, 1, 2)}},
                 {}, 2e-3);
}
TEST(ImportMatMul, NegativeIntegersWrap) {
  ExpectNodeSame("MatMul",
                 {{"a", Int32s({1, 2}, {2147483647, -5})}, {"b", Int32s({2, 1}, {3, 2147483647})}});
}
TEST(ImportMatMul, RefusesTooManyIntegers) {
  const TestTensor a = Random({512, 512}, TensorProto::INT32, 0, 2);
  ExpectRefused(OneNode("MatMul", {{"a", a}, {"b", a}}), "MatMul", "16777216 products");
}
TEST(ImportMatMul, RejectsOperandsThatDoNotFit) {
  ExpectInvalid(OneNode("MatMul", {{"a", Random({2, 3})}, {"b", Random({4, 5})}}).Serialize(),
                "A has 3 columns and B has 4 rows");
  ExpectInvalid(OneNode("MatMul", {{"a", Random({})}, {"b", Random({4, 5})}}).Serialize(),
                "a scalar is no operand");
}

struct GemmCase {
  std::string name;
  std::vector<int64_t> a;
  std::vector<int64_t> b;
  std::vector<TestAttribute> attributes;
};
const GemmCase kGemmCases[] = {
    {"Plain", {3, 4}, {4, 5}, {}},
    {"TransA", {4, 3}, {4, 5}, {{"transA", 1}}},
    {"TransB", {3, 4}, {5, 4}, {{"transB", 1}}},
    {"TransBoth", {4, 3}, {5, 4}, {{"transA", 1}, {"transB", 1}}},
    {"Factors", {3, 4}, {4, 5}, {{"alpha", 0.5f}, {"beta", -2.0f}}},
    {"All", {4, 3}, {5, 4}, {{"alpha", 0.3f}, {"beta", 0.1f}, {"transA", 1}, {"transB", 1}}},
};

class ImportGemm : public ::testing::TestWithParam<GemmCase> {};

TEST_P(ImportGemm, WithEveryShapeOfC) {
  const GemmCase& test = GetParam();
  const std::pair<std::string, TestTensor> a = {"a", Random(test.a)};
  const std::pair<std::string, TestTensor> b = {"b", Random(test.b, TensorProto::FLOAT, -1, 1, 2)};
  const std::vector<std::vector<int64_t>> shapes = {{}, {1}, {5}, {1, 5}, {3, 1}, {1, 1}, {3, 5}};
  for (const std::vector<int64_t>& c : shapes) {
    for (int opset : {7, 9, 11, 13}) {
      SCOPED_TRACE(::testing::Message() << "rank " << c.size() << ", opset " << opset);
      ExpectNodeSame("Gemm", {a, b, {"c", Random(c, TensorProto::FLOAT, -1, 1, 3)}},
                     test.attributes, 1e-6, 1, opset);
    }
  }
}
TEST_P(ImportGemm, WithoutC) {
  const GemmCase& test = GetParam();
  ExpectNodeSame("Gemm",
                 {{"a", Random(test.a)}, {"b", Random(test.b, TensorProto::FLOAT, -1, 1, 2)}},
                 test.attributes, 1e-6, 1, 11);
}
INSTANTIATE_TEST_SUITE_P(Attributes, ImportGemm, ::testing::ValuesIn(kGemmCases),
                         [](const auto& test) { return test.param.name; });

// ONNX Runtime has no Gemm of integers; worked out by hand.
TEST(ImportGemm, Integers) {
  const TestModel model = OneNode("Gemm",
                                  {{"a", Int32s({2, 2}, {1, 2, 3, 4})},
                                   {"b", Int32s({2, 2}, {5, 6, 7, 8})},
                                   {"c", Int32s({2}, {100, 200})}},
                                  {{"transB", 1}});
  const auto results = RunImported(model.Serialize(), {{"a", Int32s({2, 2}, {1, 2, 3, 4})},
                                                       {"b", Int32s({2, 2}, {5, 6, 7, 8})},
                                                       {"c", Int32s({2}, {100, 200})}});
  ASSERT_TRUE(results.ok()) << ToString(results.error());
  EXPECT_EQ(results->at("y0").Values<int32_t>(), (std::vector<int32_t>{117, 223, 139, 253}));
}
TEST(ImportGemm, RefusesFractionsOfIntegers) {
  const TestTensor a = Whole({2, 2}, TensorProto::INT32, 1);
  ExpectRefused(OneNode("Gemm", {{"a", a}, {"b", a}}, {{"alpha", 0.5f}}), "Gemm", "alpha = 0.5");
}
TEST(ImportGemm, RejectsOperandsThatDoNotFit) {
  ExpectInvalid(OneNode("Gemm", {{"a", Random({2, 3})}, {"b", Random({4, 5})}}).Serialize(),
                "A has 3 columns and B has 4 rows");
  ExpectInvalid(OneNode("Gemm", {{"a", Random({1, 2, 3})}, {"b", Random({3, 5})}}).Serialize(),
                "ranks 3 and 2");
}

// ---- com.microsoft ----

TEST(ImportFusedMatMul, TransposesAndScales) {
  struct Case {
    std::vector<int64_t> a;
    std::vector<int64_t> b;
    std::vector<TestAttribute> attributes;
  };
  const Case cases[] = {
      {{2, 3, 4}, {2, 4, 5}, {{"alpha", 0.25f}}},
      {{2, 4, 3}, {2, 4, 5}, {{"transA", 1}}},
      {{2, 3, 4}, {5, 4}, {{"transB", 1}, {"alpha", 2.0f}}},
      {{2, 4, 3}, {2, 5, 4}, {{"transA", 1}, {"transB", 1}}},
      {{3, 2, 4}, {2, 4, 5}, {{"transBatchA", 1}}},
      {{2, 3, 4}, {4, 2, 5}, {{"transBatchB", 1}}},
      {{4, 2, 3}, {2, 4, 5}, {{"transBatchA", 1}, {"transA", 1}}},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(&test - cases);
    ExpectNodeSame("com.microsoft.FusedMatMul",
                   {{"a", Random(test.a)}, {"b", Random(test.b, TensorProto::FLOAT, -1, 1, 2)}},
                   test.attributes);
  }
}
TEST(ImportFusedMatMul, RefusesVectors) {
  ExpectRefused(OneNode("com.microsoft.FusedMatMul", {{"a", Random({4})}, {"b", Random({4, 5})}}),
                "FusedMatMul", "vector");
}

TEST(ImportFusedGemm, Activations) {
  for (const char* activation : {"Relu", "Sigmoid", "Tanh", "LeakyRelu"}) {
    SCOPED_TRACE(activation);
    ExpectNodeSame("com.microsoft.FusedGemm",
                   {{"a", Random({3, 4})},
                    {"b", Random({4, 5}, TensorProto::FLOAT, -1, 1, 2)},
                    {"c", Random({5}, TensorProto::FLOAT, -1, 1, 3)}},
                   {{"activation", activation}, {"activation_alpha", 0.2f}});
  }
  ExpectRefused(OneNode("com.microsoft.FusedGemm", {{"a", Random({3, 4})}, {"b", Random({4, 5})}},
                        {{"activation", "Softplus"}}),
                "FusedGemm", "Softplus");
}

TEST(ImportGelu, FusedForms) {
  const TestTensor x = Random({3, 8}, TensorProto::FLOAT, -4, 4);
  const TestTensor bias = Random({8}, TensorProto::FLOAT, -1, 1, 2);
  ExpectNodeSame("com.microsoft.Gelu", {{"x", x}});
  ExpectNodeSame("com.microsoft.BiasGelu", {{"x", x}, {"const_bias", bias}});
  ExpectNodeSame("com.microsoft.FastGelu", {{"x", x}});
  ExpectNodeSame("com.microsoft.FastGelu", {{"x", x}, {"const_bias", bias}});
  ExpectNodeSame("com.microsoft.QuickGelu", {{"x", x}});
  ExpectNodeSame("com.microsoft.QuickGelu", {{"x", x}}, {{"alpha", 1.0f}});
}

// ONNX Runtime does not have it; the oracle is its definition.
TEST(ImportSwiGlu, IsSwishTimesTheOther) {
  const TestTensor a = Random({3, 8}, TensorProto::FLOAT, -4, 4);
  const TestTensor b = Random({3, 8}, TensorProto::FLOAT, -1, 1, 2);
  TestModel oracle;
  oracle.Input("a", a).Input("b", b).Weight("alpha", Floats({}, {0.5f}));
  oracle.Node("Mul", {"a", "alpha"}, {"scaled"});
  oracle.Node("Sigmoid", {"scaled"}, {"gate"});
  oracle.Node("Mul", {"a", "gate"}, {"swish"});
  oracle.Node("Mul", {"swish", "b"}, {"y"});
  oracle.Output("y", TensorProto::FLOAT);
  const auto expected = RunOnnxRuntime(oracle.Serialize(), {{"a", a}, {"b", b}});
  ASSERT_TRUE(expected.ok()) << ToString(expected.error());
  const auto actual =
      RunImported(OneNode("SwiGLU", {{"a", a}, {"b", b}}, {{"alpha", 0.5f}}, 1, 28).Serialize(),
                  {{"a", a}, {"b", b}});
  ASSERT_TRUE(actual.ok()) << ToString(actual.error());
  const auto values = actual->at("y0").Values<float>();
  const auto wanted = expected->at("y").Values<float>();
  ASSERT_EQ(values.size(), wanted.size());
  for (size_t k = 0; k < values.size(); ++k) EXPECT_NEAR(values[k], wanted[k], 1e-6) << k;
}

}  // namespace
}  // namespace webnn::onnx_test
