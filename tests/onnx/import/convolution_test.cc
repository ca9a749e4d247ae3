#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

using Attributes = std::vector<TestAttribute>;

constexpr double kTolerance = 1e-5;

// One node, its inputs by their sizes; all but the first are weights. Results are compared with
// ONNX Runtime's.
struct WeightsCase {
  std::string name;
  std::vector<std::vector<int64_t>> inputs;
  Attributes attributes;
};

class ConvTest : public testing::TestWithParam<WeightsCase> {};
class ConvTransposeTest : public testing::TestWithParam<WeightsCase> {};

std::string CaseName(const testing::TestParamInfo<WeightsCase>& info) { return info.param.name; }

void Check(const std::string& op, const WeightsCase& given, bool weights_known) {
  std::vector<std::pair<std::string, TestTensor>> inputs;
  const char* const names[] = {"x", "w", "b"};
  for (size_t k = 0; k < given.inputs.size(); ++k) {
    const bool known = weights_known && k > 0;
    inputs.emplace_back(known ? "const_" + std::string(names[k]) : names[k],
                        Random(given.inputs[k], TensorProto::FLOAT, -1, 1, 7 + k));
  }
  ExpectNodeSame(op, inputs, given.attributes, kTolerance);
}

TEST_P(ConvTest, WithConstantWeights) { Check("Conv", GetParam(), true); }
TEST_P(ConvTest, WithComputedWeights) { Check("Conv", GetParam(), false); }
TEST_P(ConvTransposeTest, WithConstantWeights) { Check("ConvTranspose", GetParam(), true); }
TEST_P(ConvTransposeTest, WithComputedWeights) { Check("ConvTranspose", GetParam(), false); }

INSTANTIATE_TEST_SUITE_P(
    Conv, ConvTest,
    testing::Values(
        WeightsCase{"Plain", {{1, 2, 6, 7}, {3, 2, 3, 3}}, {}},
        WeightsCase{"Bias", {{2, 2, 6, 7}, {3, 2, 3, 2}, {3}}, {{"kernel_shape", {3, 2}}}},
        WeightsCase{"Pads", {{1, 2, 6, 7}, {3, 2, 3, 3}}, {{"pads", {0, 1, 2, 3}}}},
        WeightsCase{"Strides", {{1, 2, 6, 7}, {3, 2, 3, 3}}, {{"strides", {2, 3}}}},
        WeightsCase{"Dilations", {{1, 2, 8, 9}, {3, 2, 3, 2}}, {{"dilations", {3, 2}}}},
        WeightsCase{"Groups", {{1, 4, 5, 5}, {6, 2, 3, 3}, {6}}, {{"group", 2}}},
        WeightsCase{"Depthwise", {{1, 4, 5, 5}, {8, 1, 3, 3}, {8}}, {{"group", 4}}},
        WeightsCase{"SameUpper",
                    {{1, 2, 6, 7}, {3, 2, 3, 2}},
                    {{"auto_pad", "SAME_UPPER"}, {"strides", {2, 2}}}},
        WeightsCase{"SameLower",
                    {{1, 2, 6, 7}, {3, 2, 4, 2}},
                    {{"auto_pad", "SAME_LOWER"}, {"strides", {2, 1}}}},
        WeightsCase{"SameWithStrideBeyondKernel",
                    {{1, 2, 7, 7}, {3, 2, 1, 2}},
                    {{"auto_pad", "SAME_UPPER"}, {"strides", {3, 3}}}},
        WeightsCase{"Valid", {{1, 2, 6, 7}, {3, 2, 3, 3}}, {{"auto_pad", "VALID"}}},
        WeightsCase{"OneAxis", {{2, 3, 9}, {4, 3, 3}, {4}}, {{"pads", {1, 2}}, {"strides", {2}}}},
        WeightsCase{"OneAxisGroups", {{1, 4, 9}, {4, 1, 3}}, {{"group", 4}, {"dilations", {2}}}},
        WeightsCase{
            "OneAxisSame", {{1, 2, 9}, {2, 2, 4}}, {{"auto_pad", "SAME_LOWER"}, {"strides", {2}}}},
        WeightsCase{"ThreeAxes", {{2, 2, 5, 6, 7}, {3, 2, 2, 3, 3}, {3}}, {}},
        WeightsCase{"ThreeAxesAll",
                    {{1, 4, 7, 6, 7}, {6, 2, 2, 3, 2}, {6}},
                    {{"group", 2},
                     {"pads", {1, 0, 1, 2, 1, 0}},
                     {"strides", {2, 1, 2}},
                     {"dilations", {3, 2, 1}}}},
        WeightsCase{"ThreeAxesSame",
                    {{1, 2, 5, 5, 5}, {2, 2, 2, 3, 2}},
                    {{"auto_pad", "SAME_UPPER"}, {"strides", {2, 2, 2}}}}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    ConvTranspose, ConvTransposeTest,
    testing::Values(
        WeightsCase{"Plain", {{1, 2, 4, 5}, {2, 3, 3, 3}}, {}},
        WeightsCase{"Bias", {{2, 2, 4, 5}, {2, 3, 3, 2}, {3}}, {{"kernel_shape", {3, 2}}}},
        WeightsCase{"StridesAndPads",
                    {{1, 2, 4, 5}, {2, 3, 3, 3}},
                    {{"strides", {3, 2}}, {"pads", {1, 0, 2, 1}}}},
        WeightsCase{"Dilations", {{1, 2, 4, 5}, {2, 3, 3, 2}}, {{"dilations", {2, 3}}}},
        WeightsCase{"Groups", {{1, 4, 4, 5}, {4, 3, 3, 3}, {6}}, {{"group", 2}}},
        WeightsCase{"Depthwise", {{1, 4, 4, 5}, {4, 1, 2, 2}}, {{"group", 4}, {"strides", {2, 2}}}},
        WeightsCase{"OutputPadding",
                    {{1, 2, 4, 5}, {2, 3, 3, 3}, {3}},
                    {{"strides", {3, 2}}, {"output_padding", {2, 1}}}},
        WeightsCase{"OutputPaddingLessThanPads",
                    {{1, 2, 4, 5}, {2, 3, 3, 3}},
                    {{"strides", {2, 2}}, {"pads", {1, 1, 2, 1}}, {"output_padding", {1, 1}}}},
        WeightsCase{"OutputShape",
                    {{1, 2, 4, 5}, {2, 3, 3, 3}, {3}},
                    {{"strides", {3, 2}}, {"output_shape", {10, 8}}}},
        WeightsCase{"OutputShapeSameUpper",
                    {{1, 2, 4, 5}, {2, 3, 4, 3}},
                    {{"strides", {3, 2}}, {"output_shape", {10, 8}}, {"auto_pad", "SAME_UPPER"}}},
        WeightsCase{"LargeOutputShape",
                    {{1, 2, 3, 3}, {2, 2, 3, 3}, {2}},
                    {{"strides", {3, 2}}, {"output_shape", {10, 8}}}},
        WeightsCase{"SameUpper",
                    {{1, 2, 4, 5}, {2, 3, 3, 4}},
                    {{"strides", {2, 3}}, {"auto_pad", "SAME_UPPER"}}},
        WeightsCase{"SameLower",
                    {{1, 2, 4, 5}, {2, 3, 3, 4}},
                    {{"strides", {2, 1}}, {"auto_pad", "SAME_LOWER"}}},
        WeightsCase{"OneAxis", {{2, 3, 5}, {3, 4, 3}, {4}}, {{"strides", {2}}, {"pads", {1, 0}}}},
        WeightsCase{"ThreeAxes", {{2, 2, 3, 3, 4}, {2, 3, 2, 3, 2}, {3}}, {}},
        WeightsCase{"ThreeAxesAll",
                    {{1, 4, 3, 3, 4}, {4, 2, 2, 3, 2}, {4}},
                    {{"group", 2},
                     {"strides", {2, 1, 2}},
                     {"pads", {1, 0, 1, 0, 1, 0}},
                     {"dilations", {2, 1, 1}},
                     {"output_padding", {1, 0, 1}}}}),
    CaseName);

TEST(ConvolutionTest, ComputesFloat16) {
  ExpectNodeSame("Conv",
                 {{"x", Random({1, 2, 5, 5}, TensorProto::FLOAT16)},
                  {"const_w", Random({3, 2, 3, 3}, TensorProto::FLOAT16, -1, 1, 2)}},
                 {}, 2e-3);
}

TEST(ConvolutionTest, InvalidNodesAreTypeErrors) {
  const TestTensor x = Random({1, 2, 5, 5});
  const TestTensor w = Random({3, 2, 3, 3});
  const auto conv = [&](const Attributes& attributes) {
    return OneNode("Conv", {{"x", x}, {"const_w", w}}, attributes).Serialize();
  };
  ExpectInvalid(conv({{"kernel_shape", {2, 2}}}), "kernel_shape is [2, 2]");
  ExpectInvalid(conv({{"strides", {1}}}), "strides [1] must have 2 elements");
  ExpectInvalid(conv({{"strides", {0, 1}}}), "strides [0, 1] must be from 1");
  ExpectInvalid(conv({{"pads", {0, 0, -1, 0}}}), "pads [0, 0, -1, 0] must be from 0");
  ExpectInvalid(conv({{"auto_pad", "SOME"}}), "auto_pad is \"SOME\"");
  ExpectInvalid(conv({{"group", 3}}), "group is 3");
  ExpectInvalid(conv({{"dilations", {3, 1}}}), "does not fit");
  ExpectInvalid(OneNode("Conv", {{"x", x}, {"const_w", Random({3, 2, 3})}}).Serialize(),
                "W has rank 3");
  const auto transposed = [&](const Attributes& attributes) {
    return OneNode("ConvTranspose", {{"x", x}, {"const_w", Random({2, 3, 3, 3})}}, attributes)
        .Serialize();
  };
  ExpectInvalid(transposed({{"output_padding", {1, 0}}}), "1 elements more than");
  ExpectInvalid(transposed({{"output_shape", {20, 7}}}), "elements more than");
  ExpectInvalid(transposed({{"output_shape", {7}}}), "output_shape [7] must have 2");
  ExpectInvalid(transposed({{"pads", {4, 0, 4, 0}}}), "leave nothing");
}

TEST(ConvolutionTest, RefusesFourAxes) {
  ExpectRefused(
      OneNode("Conv", {{"x", Random({1, 1, 3, 3, 3, 3})}, {"const_w", Random({1, 1, 2, 2, 2, 2})}}),
      "Conv", "4 axes");
}

}  // namespace
}  // namespace webnn::onnx_test
