#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

using Attributes = std::vector<TestAttribute>;
using Inputs = std::vector<std::pair<std::string, TestTensor>>;

TestTensor Bytes(std::vector<int64_t> sizes, int element, uint32_t seed = 1) {
  const bool is_signed = element == TensorProto::INT8;
  return Random(std::move(sizes), element, is_signed ? -128 : 0, is_signed ? 128 : 256, seed);
}
TestTensor Scales(std::vector<int64_t> sizes, uint32_t seed = 3) {
  return Random(std::move(sizes), TensorProto::FLOAT, 0.01, 0.1, seed);
}
TestTensor Byte(int element, uint8_t value) {
  return {element, {}, {static_cast<std::byte>(value)}};
}
// Two elements to a byte.
TestTensor Nibbles(std::vector<int64_t> sizes, int element, std::vector<uint8_t> bytes) {
  TestTensor tensor = {element, std::move(sizes), {}};
  for (uint8_t byte : bytes) tensor.bytes.push_back(static_cast<std::byte>(byte));
  return tensor;
}

// ---- QuantizeLinear, DequantizeLinear ----

class LinearQuantizationTest : public testing::TestWithParam<int> {};

TEST_P(LinearQuantizationTest, OneScale) {
  const int element = GetParam();
  const TestTensor zero = Byte(element, 5);
  for (int opset : {10, 13, 19, 21}) {
    ExpectNodeSame("DequantizeLinear",
                   {{"x", Bytes({2, 3, 4}, element)}, {"const_s", Scales({})}, {"const_z", zero}},
                   {}, 1e-6, 1, opset);
    ExpectNodeSame("QuantizeLinear",
                   {{"x", Random({2, 3, 4}, TensorProto::FLOAT, -5, 5)},
                    {"const_s", Scales({})},
                    {"const_z", zero}},
                   {}, 1e-6, 1, opset);
  }
  ExpectNodeSame("DequantizeLinear",
                 {{"x", Bytes({2, 3}, element)}, {"s", Scales({1})}, {"z", Bytes({1}, element)}});
  ExpectNodeSame("DequantizeLinear", {{"x", Bytes({2, 3}, element)}, {"const_s", Scales({})}});
  ExpectNodeSame("DequantizeLinear", {{"x", Bytes({}, element)}, {"const_s", Scales({})}});
}

TEST_P(LinearQuantizationTest, AlongAnAxis) {
  const int element = GetParam();
  for (int axis : {0, 1, -1}) {
    const std::vector<int64_t> sizes = {2, 3, 4};
    const std::vector<int64_t> along = {sizes[axis < 0 ? axis + 3 : axis]};
    ExpectNodeSame("DequantizeLinear",
                   {{"x", Bytes(sizes, element)},
                    {"const_s", Scales(along)},
                    {"const_z", Bytes(along, element, 2)}},
                   {{"axis", axis}});
    ExpectNodeSame("QuantizeLinear",
                   {{"x", Random(sizes, TensorProto::FLOAT, -5, 5)},
                    {"s", Scales(along)},
                    {"z", Bytes(along, element, 2)}},
                   {{"axis", axis}});
  }
}

TEST_P(LinearQuantizationTest, Blocks) {
  const int element = GetParam();
  // The second does not fill its last block.
  for (const auto& [size, block] : std::vector<std::pair<int64_t, int>>{{6, 2}, {7, 3}, {6, 4}}) {
    SCOPED_TRACE("blocks of " + std::to_string(block) + " in " + std::to_string(size));
    const std::vector<int64_t> scales = {2, (size + block - 1) / block, 3};
    ExpectNodeSame("DequantizeLinear",
                   {{"x", Bytes({2, size, 3}, element)},
                    {"const_s", Scales(scales)},
                    {"const_z", Bytes(scales, element, 2)}},
                   {{"axis", 1}, {"block_size", block}});
    ExpectNodeSame("QuantizeLinear",
                   {{"x", Random({2, size, 3}, TensorProto::FLOAT, -5, 5)},
                    {"const_s", Scales(scales)},
                    {"const_z", Bytes(scales, element, 2)}},
                   {{"axis", 1}, {"block_size", block}});
  }
}

INSTANTIATE_TEST_SUITE_P(Bytes, LinearQuantizationTest,
                         testing::Values(TensorProto::UINT8, TensorProto::INT8),
                         [](const auto& info) {
                           return info.param == TensorProto::UINT8 ? "Uint8" : "Int8";
                         });

TEST(QuantizeLinearTest, TypeOfTheOutput) {
  const TestTensor x = Random({2, 3}, TensorProto::FLOAT, -5, 5);
  ExpectNodeSame("QuantizeLinear", {{"x", x}, {"const_s", Scales({})}});
  ExpectNodeSame("QuantizeLinear", {{"x", x}, {"const_s", Scales({})}},
                 {{"output_dtype", int{TensorProto::INT8}}});
}

TEST(QuantizeLinearTest, Integers) {
  ExpectNodeSame("DequantizeLinear",
                 {{"x", Random({2, 3}, TensorProto::INT32, -5000, 5000)}, {"const_s", Scales({})}});
}

TEST(QuantizeLinearTest, FourBits) {
  for (int element : {TensorProto::INT4, TensorProto::UINT4}) {
    ExpectNodeSame("DequantizeLinear", {{"const_x", Nibbles({2, 3}, element, {0x21, 0x73, 0x9F})},
                                        {"s", Scales({})},
                                        {"const_z", Nibbles({}, element, {0x03})}});
    ExpectNodeSame("DequantizeLinear",
                   {{"const_x", Nibbles({2, 4}, element, {0x21, 0x73, 0x9F, 0x85})},
                    {"s", Scales({2, 2})},
                    {"const_z", Nibbles({2, 2}, element, {0x31, 0x42})}},
                   {{"axis", 1}, {"block_size", 2}});
  }
}

TEST(QuantizeLinearTest, Float16) {
  const TestTensor scale = TensorOf<uint16_t>(TensorProto::FLOAT16, {}, {0x2E66});
  ExpectNodeSame("DequantizeLinear", {{"x", Bytes({2, 3}, TensorProto::UINT8)}, {"const_s", scale}},
                 {}, 2e-3);
  ExpectNodeSame("QuantizeLinear", {{"x", Random({2, 3}, TensorProto::FLOAT16, 0, 9)},
                                    {"const_s", scale},
                                    {"const_z", Byte(TensorProto::UINT8, 3)}});
}

TEST(QuantizeLinearTest, OtherTypesAreRefused) {
  ExpectRefused(OneNode("QuantizeLinear", {{"x", Random({2, 3})},
                                           {"const_s", Scales({})},
                                           {"const_z", Random({}, TensorProto::UINT16, 0, 1)}}),
                "QuantizeLinear", "uint16");
  ExpectRefused(OneNode("QuantizeLinear", {{"x", Random({2, 3})}, {"const_s", Scales({})}},
                        {{"output_dtype", int{TensorProto::FLOAT8E4M3FN}}}),
                "QuantizeLinear", "output_dtype 17");
}

TEST(QuantizeLinearTest, InvalidNodesAreTypeErrors) {
  const auto quantize = [](const TestTensor& scale, const Attributes& attributes) {
    return OneNode("QuantizeLinear", {{"x", Random({2, 3})}, {"const_s", scale}}, attributes)
        .Serialize();
  };
  ExpectInvalid(quantize(Scales({2}), {}), "of shape [2] does not fit [2, 3] along axis 1");
  ExpectInvalid(quantize(Scales({3}), {{"axis", 2}}), "axis");
  ExpectInvalid(quantize(Scales({2, 3}), {{"block_size", 2}}), "in blocks of 2");
  ExpectInvalid(quantize(Scales({}), {{"block_size", -1}}), "block_size is -1");
}

TEST(DynamicQuantizeLinearTest, Ranges) {
  for (const auto& [low, high] :
       std::vector<std::pair<double, double>>{{-1, 3}, {1, 3}, {-3, -1}, {0, 0}}) {
    ExpectNodeSame("DynamicQuantizeLinear", {{"x", Random({3, 4}, TensorProto::FLOAT, low, high)}},
                   {}, 1e-6, 3);
  }
}

// ---- Integer products. ----

class IntegerProductTest : public testing::TestWithParam<std::tuple<int, int>> {
 protected:
  int a() const { return std::get<0>(GetParam()); }
  int b() const { return std::get<1>(GetParam()); }
};

TEST_P(IntegerProductTest, Matrices) {
  ExpectNodeSame("MatMulInteger", {{"a", Bytes({3, 4}, a())}, {"const_b", Bytes({4, 5}, b(), 2)}});
  ExpectNodeSame("MatMulInteger", {{"a", Bytes({2, 3, 4}, a())},
                                   {"const_b", Bytes({4, 5}, b(), 2)},
                                   {"const_za", Byte(a(), 7)},
                                   {"const_zb", Byte(b(), 9)}});
  ExpectNodeSame("MatMulInteger", {{"a", Bytes({3, 4}, a())},
                                   {"b", Bytes({4, 5}, b(), 2)},
                                   {"za", Bytes({}, a(), 3)},
                                   {"zb", Bytes({5}, b(), 4)}});
}

TEST_P(IntegerProductTest, LongSumsAreExact) {
  // Each sum is odd and beyond 2^24.
  const auto filled = [](std::vector<int64_t> sizes, int element) {
    const int64_t count = sizes[0] * sizes[1];
    const std::vector<uint8_t> values(static_cast<size_t>(count),
                                      element == TensorProto::INT8 ? 0x81 : 0xFF);
    return TensorOf(element, std::move(sizes), values);
  };
  ExpectNodeSame("MatMulInteger",
                 {{"a", filled({2, 1201}, a())}, {"const_b", filled({1201, 3}, b())}});
  ExpectNodeSame("MatMulInteger",
                 {{"a", Bytes({3, 700}, a())}, {"const_b", Bytes({700, 5}, b(), 2)}});
}

INSTANTIATE_TEST_SUITE_P(Types, IntegerProductTest,
                         testing::Values(std::tuple{TensorProto::UINT8, TensorProto::UINT8},
                                         std::tuple{TensorProto::UINT8, TensorProto::INT8},
                                         std::tuple{TensorProto::INT8, TensorProto::INT8}),
                         [](const auto& info) {
                           const auto name = [](int element) {
                             return element == TensorProto::UINT8 ? "Uint8" : "Int8";
                           };
                           return std::string(name(std::get<0>(info.param))) +
                                  name(std::get<1>(info.param));
                         });

TEST(MatMulIntegerTest, Vectors) {
  const TestTensor row = Bytes({4}, TensorProto::UINT8);
  const TestTensor column = Bytes({4}, TensorProto::UINT8, 2);
  const TestTensor matrix = Bytes({4, 4}, TensorProto::UINT8, 3);
  ExpectNodeSame("MatMulInteger", {{"a", row}, {"b", matrix}});
  ExpectNodeSame("MatMulInteger", {{"a", matrix}, {"b", column}});
  ExpectNodeSame("MatMulInteger", {{"a", row}, {"b", column}});
}

TEST(MatMulIntegerTest, ShapesThatDoNotFitAreTypeErrors) {
  ExpectInvalid(OneNode("MatMulInteger", {{"a", Bytes({2, 3}, TensorProto::UINT8)},
                                          {"b", Bytes({4, 2}, TensorProto::UINT8)}})
                    .Serialize(),
                "[2, 3] and [4, 2]");
}

TEST(ConvIntegerTest, Options) {
  const TestTensor x = Bytes({1, 4, 6, 7}, TensorProto::UINT8);
  const TestTensor w = Bytes({6, 2, 3, 3}, TensorProto::UINT8, 2);
  ExpectNodeSame("ConvInteger", {{"x", x}, {"const_w", w}}, {{"group", 2}});
  ExpectNodeSame("ConvInteger",
                 {{"x", x},
                  {"const_w", w},
                  {"const_zx", Byte(TensorProto::UINT8, 7)},
                  {"const_zw", Byte(TensorProto::UINT8, 100)}},
                 {{"group", 2}, {"pads", {1, 0, 1, 2}}, {"strides", {2, 1}}});
  // Sums of 1200 products, in groups.
  ExpectNodeSame("ConvInteger",
                 {{"x", Bytes({1, 96, 6, 5}, TensorProto::UINT8)},
                  {"const_w", Bytes({2, 48, 5, 5}, TensorProto::UINT8, 2)}},
                 {{"group", 2}});
}

TEST(ConvIntegerTest, LargeKernelsAreRefused) {
  ExpectRefused(OneNode("ConvInteger", {{"x", Bytes({1, 1, 20, 20}, TensorProto::UINT8)},
                                        {"const_w", Bytes({1, 1, 17, 17}, TensorProto::UINT8)}}),
                "ConvInteger", "a kernel of 289");
}

// ---- QLinear*. ----

Inputs Triple(const std::string& name, const TestTensor& tensor, float scale, uint8_t zero) {
  return {{name, tensor},
          {"const_s" + name, Floats({}, {scale})},
          {"const_z" + name, Byte(tensor.element, zero)}};
}
Inputs OutputPair(int element, float scale, uint8_t zero) {
  return {{"const_sy", Floats({}, {scale})}, {"const_zy", Byte(element, zero)}};
}
Inputs Joined(std::initializer_list<Inputs> lists) {
  Inputs all;
  for (const Inputs& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

class QLinearTest : public testing::TestWithParam<int> {};

TEST_P(QLinearTest, Conv) {
  const int element = GetParam();
  const Inputs x = Triple("x", Bytes({1, 4, 6, 7}, element), 0.02F, 12);
  const Inputs y = OutputPair(element, 0.7F, 30);
  const Inputs one = Triple("const_w", Bytes({6, 2, 3, 3}, element, 2), 0.03F, 12);
  const Inputs per_filter = {
      {"const_w", Bytes({6, 2, 3, 3}, TensorProto::INT8, 2)},
      {"const_sw", Scales({6})},
      {"const_zw", TensorOf<int8_t>(TensorProto::INT8, {6}, {0, 0, 0, 0, 0, 0})}};
  const Inputs bias = {{"const_b", Random({6}, TensorProto::INT32, -500, 500)}};
  const Attributes attributes = {{"group", 2}, {"pads", {1, 1, 1, 1}}};
  ExpectNodeSame("QLinearConv", Joined({x, one, y}), attributes);
  ExpectNodeSame("QLinearConv", Joined({x, one, y, bias}), attributes);
  ExpectNodeSame("QLinearConv", Joined({x, per_filter, y, bias}), attributes);
}

TEST_P(QLinearTest, MatMul) {
  const int element = GetParam();
  const Inputs a = Triple("a", Bytes({2, 3, 8}, element), 0.02F, 12);
  const Inputs b = Triple("const_b", Bytes({8, 4}, element, 2), 0.03F, 9);
  ExpectNodeSame("QLinearMatMul", Joined({a, b, OutputPair(element, 0.4F, 30)}));
  const Inputs columns = {{"const_b", Bytes({8, 4}, element, 2)},
                          {"const_sb", Scales({4})},
                          {"const_zb", Bytes({4}, element, 5)}};
  ExpectNodeSame("QLinearMatMul", Joined({a, columns, OutputPair(element, 0.4F, 30)}));
}

void ExpectMicrosoftSame(const std::string& op, const Inputs& inputs,
                         const Attributes& attributes = {}) {
  TestModel model = OneNode(op, inputs, attributes);
  model.Import("com.microsoft", 1);
  model.graph().mutable_node(0)->set_domain("com.microsoft");
  TestTensors given;
  for (const auto& [name, tensor] : inputs) {
    if (!name.starts_with("const")) given[name] = tensor;
  }
  ExpectSameAsOnnxRuntime(model, given);
}

TEST_P(QLinearTest, Microsoft) {
  const int element = GetParam();
  const Inputs a = Triple("a", Bytes({1, 3, 4, 5}, element), 0.02F, 12);
  const Inputs b = Triple("b", Bytes({1, 3, 4, 5}, element, 2), 0.03F, 9);
  ExpectMicrosoftSame("QLinearAdd", Joined({a, b, OutputPair(element, 0.06F, 30)}));
  ExpectMicrosoftSame("QLinearMul", Joined({a, b, OutputPair(element, 0.2F, 30)}));
  ExpectMicrosoftSame("QLinearSigmoid", Joined({a, OutputPair(element, 0.004F, 0)}));
  ExpectMicrosoftSame("QLinearLeakyRelu", Joined({a, OutputPair(element, 0.02F, 40)}),
                      {{"alpha", TestAttribute::Value(0.2F)}});
  ExpectMicrosoftSame("QLinearGlobalAveragePool", Joined({a, OutputPair(element, 0.02F, 40)}),
                      {{"channels_last", 0}});
  ExpectMicrosoftSame("QLinearConcat", Joined({OutputPair(element, 0.04F, 20), a, b}),
                      {{"axis", 1}});
}

INSTANTIATE_TEST_SUITE_P(Bytes, QLinearTest, testing::Values(TensorProto::UINT8, TensorProto::INT8),
                         [](const auto& info) {
                           return info.param == TensorProto::UINT8 ? "Uint8" : "Int8";
                         });

TEST(MicrosoftQuantizationTest, MatMulIntegerToFloat) {
  const Inputs inputs = {{"a", Bytes({3, 8}, TensorProto::UINT8)},
                         {"const_b", Bytes({8, 4}, TensorProto::INT8, 2)},
                         {"const_sa", Scales({1})},
                         {"const_sb", Scales({4})},
                         {"const_za", TensorOf<uint8_t>(TensorProto::UINT8, {1}, {7})},
                         {"", {}},
                         {"const_bias", Random({4})}};
  ExpectMicrosoftSame("MatMulIntegerToFloat", inputs);
}

TEST(MicrosoftQuantizationTest, QuantizeAndDequantize) {
  ExpectMicrosoftSame("QuantizeLinear", {{"x", Random({2, 3}, TensorProto::FLOAT, -5, 5)},
                                         {"const_s", Scales({})},
                                         {"const_z", Byte(TensorProto::INT8, 3)}});
  ExpectMicrosoftSame("DequantizeLinear", {{"x", Bytes({2, 3}, TensorProto::UINT8)},
                                           {"const_s", Scales({})},
                                           {"const_z", Byte(TensorProto::UINT8, 3)}});
}

}  // namespace
}  // namespace webnn::onnx_test
