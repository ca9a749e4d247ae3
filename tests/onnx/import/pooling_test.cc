#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

using Attributes = std::vector<TestAttribute>;

constexpr double kTolerance = 1e-5;

// Run with each of the pooling operators and compared with ONNX Runtime's result.
struct PoolingCase {
  std::string name;
  std::vector<int64_t> sizes;
  Attributes attributes;
};

class PoolingTest : public testing::TestWithParam<PoolingCase> {
 protected:
  void Check(const std::string& op, const Attributes& more = {}) {
    Attributes attributes = GetParam().attributes;
    attributes.insert(attributes.end(), more.begin(), more.end());
    ExpectNodeSame(op, {{"x", Random(GetParam().sizes)}}, attributes, kTolerance, 1, 22);
  }
};

TEST_P(PoolingTest, MaxPool) { Check("MaxPool"); }
TEST_P(PoolingTest, AveragePool) { Check("AveragePool"); }
TEST_P(PoolingTest, AveragePoolWithPadding) { Check("AveragePool", {{"count_include_pad", 1}}); }
TEST_P(PoolingTest, LpPool) { Check("LpPool"); }

INSTANTIATE_TEST_SUITE_P(
    All, PoolingTest,
    testing::Values(
        PoolingCase{"Plain", {2, 3, 6, 7}, {{"kernel_shape", {2, 3}}}},
        PoolingCase{"Strides", {1, 2, 7, 8}, {{"kernel_shape", {2, 3}}, {"strides", {2, 3}}}},
        PoolingCase{"Pads",
                    {1, 2, 6, 7},
                    {{"kernel_shape", {3, 3}}, {"pads", {1, 2, 2, 1}}, {"strides", {2, 2}}}},
        PoolingCase{"Ceil",
                    {1, 2, 6, 8},
                    {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"ceil_mode", 1}}},
        PoolingCase{"CeilOneAxis",
                    {1, 2, 7, 8},
                    {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"ceil_mode", 1}}},
        PoolingCase{"CeilWithPads",
                    {1, 2, 7, 8},
                    {{"kernel_shape", {3, 3}},
                     {"strides", {3, 3}},
                     {"pads", {1, 1, 1, 1}},
                     {"ceil_mode", 1}}},
        PoolingCase{"CeilWindowInPadding",
                    {1, 1, 4, 4},
                    {{"kernel_shape", {2, 2}},
                     {"strides", {3, 3}},
                     {"pads", {0, 0, 1, 1}},
                     {"ceil_mode", 1}}},
        PoolingCase{"SameUpper",
                    {1, 2, 6, 7},
                    {{"kernel_shape", {3, 2}}, {"strides", {2, 2}}, {"auto_pad", "SAME_UPPER"}}},
        PoolingCase{"SameLower",
                    {1, 2, 6, 7},
                    {{"kernel_shape", {2, 2}}, {"strides", {1, 1}}, {"auto_pad", "SAME_LOWER"}}},
        PoolingCase{"Valid",
                    {1, 2, 6, 7},
                    {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"auto_pad", "VALID"}}},
        PoolingCase{"Dilations", {1, 2, 8, 9}, {{"kernel_shape", {3, 2}}, {"dilations", {2, 3}}}},
        PoolingCase{"ManyChannels",
                    {1, 32, 6, 7},
                    {{"kernel_shape", {3, 3}}, {"pads", {1, 1, 1, 1}}, {"strides", {2, 2}}}},
        PoolingCase{"OneAxis", {2, 3, 9}, {{"kernel_shape", {3}}, {"strides", {2}}}},
        PoolingCase{"OneAxisPads", {1, 3, 9}, {{"kernel_shape", {3}}, {"pads", {2, 1}}}},
        PoolingCase{"ThreeAxes", {2, 2, 5, 6, 7}, {{"kernel_shape", {2, 3, 2}}}},
        PoolingCase{
            "ThreeAxesPads",
            {1, 2, 5, 6, 7},
            {{"kernel_shape", {3, 2, 3}}, {"strides", {2, 1, 2}}, {"pads", {1, 1, 0, 2, 0, 1}}}}),
    [](const auto& info) { return info.param.name; });

TEST(PoolingOptionsTest, BytesHaveAMaximum) {
  for (int element : {TensorProto::UINT8, TensorProto::INT8}) {
    ExpectNodeSame("MaxPool", {{"x", Random({1, 2, 5, 5}, element, -100, 100)}},
                   {{"kernel_shape", {2, 2}}, {"pads", {1, 1, 1, 1}}});
  }
}

TEST(PoolingOptionsTest, StorageOrderIsOfIndicesAlone) {
  ExpectNodeSame("MaxPool", {{"x", Random({1, 2, 5, 5})}},
                 {{"kernel_shape", {2, 2}}, {"storage_order", 1}});
}

TEST(PoolingOptionsTest, OtherNormsThanTwo) {
  for (int p : {1, 3, 4}) {
    ExpectNodeSame("LpPool", {{"x", Random({1, 2, 5, 6})}},
                   {{"kernel_shape", {2, 3}}, {"p", p}, {"pads", {1, 0, 0, 1}}}, kTolerance);
    ExpectNodeSame("GlobalLpPool", {{"x", Random({1, 2, 5, 6})}}, {{"p", p}}, kTolerance);
  }
}

TEST(PoolingOptionsTest, Float16) {
  ExpectNodeSame("AveragePool", {{"x", Random({1, 2, 5, 6}, TensorProto::FLOAT16)}},
                 {{"kernel_shape", {2, 2}}}, 2e-3);
}

TEST(GlobalPoolingTest, AllRanks) {
  for (const char* op : {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"}) {
    for (const auto& sizes :
         std::vector<std::vector<int64_t>>{{2, 3, 7}, {2, 3, 4, 5}, {2, 3, 3, 4, 2}}) {
      SCOPED_TRACE(op);
      ExpectNodeSame(op, {{"x", Random(sizes)}}, {}, kTolerance);
    }
  }
}

TEST(PoolingRefusalTest, IndicesAreRefused) {
  ExpectRefused(OneNode("MaxPool", {{"x", Random({1, 1, 4, 4})}}, {{"kernel_shape", {2, 2}}}, 2),
                "MaxPool", "Indices");
}

TEST(PoolingRefusalTest, InvalidNodesAreTypeErrors) {
  const auto pool = [](const Attributes& attributes) {
    return OneNode("MaxPool", {{"x", Random({1, 2, 5, 5})}}, attributes).Serialize();
  };
  ExpectInvalid(pool({}), "kernel_shape is missing");
  ExpectInvalid(pool({{"kernel_shape", {6, 1}}}), "does not fit");
  ExpectInvalid(pool({{"kernel_shape", {2, 2, 2}}}), "must have 2 elements");
  ExpectInvalid(OneNode("GlobalMaxPool", {{"x", Random({2, 3})}}).Serialize(), "rank 2");
}

}  // namespace
}  // namespace webnn::onnx_test
