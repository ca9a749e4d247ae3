#include <cmath>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

using Attributes = std::vector<TestAttribute>;

constexpr double kTolerance = 1e-5;

Attributes Joined(Attributes a, const Attributes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Resize from version 11 on: with scales or with sizes.
TestModel ByScales(const TestTensor& x, const std::vector<float>& scales,
                   const Attributes& attributes, int opset = 19) {
  return OneNode("Resize",
                 {{"x", x}, {"", {}}, {"const_scales", Floats({std::ssize(scales)}, scales)}},
                 attributes, 1, opset);
}
TestModel BySizes(const TestTensor& x, const std::vector<int64_t>& sizes,
                  const Attributes& attributes, int opset = 19) {
  return OneNode(
      "Resize", {{"x", x}, {"", {}}, {"", {}}, {"const_sizes", Int64s({std::ssize(sizes)}, sizes)}},
      attributes, 1, opset);
}

// Every coordinate transformation with every interpolation.
class ResizeModesTest : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(ResizeModesTest, Planes) {
  const auto& [coordinates, mode] = GetParam();
  const Attributes attributes = {{"coordinate_transformation_mode", coordinates.c_str()},
                                 {"mode", mode.c_str()}};
  const TestTensor x = Random({1, 2, 5, 6});
  for (const auto& [height, width] : std::vector<std::pair<int64_t, int64_t>>{
           {10, 12}, {3, 4}, {7, 13}, {5, 9}, {1, 2}, {4, 6}, {15, 3}}) {
    SCOPED_TRACE(fmt::format("{} {} to {} x {}", coordinates, mode, height, width));
    ExpectSameAsOnnxRuntime(BySizes(x, {1, 2, height, width}, attributes), {{"x", x}}, kTolerance);
  }
  for (const auto& [height, width] :
       std::vector<std::pair<float, float>>{{2, 2}, {0.6F, 0.6F}, {1.3F, 2.7F}, {1, 0.5F}}) {
    SCOPED_TRACE(fmt::format("{} {} by {} x {}", coordinates, mode, height, width));
    const TestModel model = ByScales(x, {1, 1, height, width}, attributes);
    const bool is_whole = std::fmod(5 * height, 1.0F) == 0 && std::fmod(6 * width, 1.0F) == 0;
    if (coordinates == "align_corners" && !is_whole) {
      ExpectRefused(model, "Resize", "align_corners");
    } else {
      ExpectSameAsOnnxRuntime(model, {{"x", x}}, kTolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ResizeModesTest,
    testing::Combine(testing::Values("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                                     "align_corners", "asymmetric"),
                     testing::Values("nearest", "linear", "cubic")),
    [](const auto& info) { return std::get<0>(info.param) + "_" + std::get<1>(info.param); });

TEST(ResizeTest, NearestModes) {
  const TestTensor x = Random({1, 1, 6, 5});
  for (const char* nearest : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
    for (const char* coordinates : {"half_pixel", "align_corners", "asymmetric"}) {
      SCOPED_TRACE(std::string(nearest) + " " + coordinates);
      const Attributes attributes = {{"nearest_mode", nearest},
                                     {"coordinate_transformation_mode", coordinates}};
      ExpectSameAsOnnxRuntime(BySizes(x, {1, 1, 9, 8}, attributes), {{"x", x}});
      ExpectSameAsOnnxRuntime(BySizes(x, {1, 1, 3, 2}, attributes), {{"x", x}});
      ExpectSameAsOnnxRuntime(ByScales(x, {1, 1, 2, 3}, attributes), {{"x", x}});
    }
  }
}

TEST(ResizeTest, HalfPixelForNearestOfVersion11) {
  const TestTensor x = Random({1, 1, 6, 5});
  const Attributes attributes = {{"coordinate_transformation_mode", "tf_half_pixel_for_nn"},
                                 {"nearest_mode", "floor"}};
  const TestModel model = OneNode("Resize",
                                  {{"x", x},
                                   {"const_roi", Floats({0}, {})},
                                   {"const_scales", Floats({0}, {})},
                                   {"const_sizes", Int64s({4}, {1, 1, 9, 3})}},
                                  attributes, 1, 11);
  ExpectSameAsOnnxRuntime(model, {{"x", x}});
}

TEST(ResizeTest, OtherRanksAndAxes) {
  const std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>> cases = {
      {{5}, {8}},
      {{3, 5}, {4, 7}},
      {{2, 3, 5}, {2, 3, 8}},
      {{2, 1, 3, 4, 5}, {2, 1, 5, 6, 7}},
  };
  for (const auto& [from, to] : cases) {
    const TestTensor x = Random(from);
    ExpectSameAsOnnxRuntime(BySizes(x, to, {}), {{"x", x}});
    if (from.size() == 1) continue;
    ExpectSameAsOnnxRuntime(BySizes(x, to, {{"mode", "linear"}}), {{"x", x}}, kTolerance);
  }
  const TestTensor x = Random({1, 3, 4, 5});
  ExpectSameAsOnnxRuntime(BySizes(x, {2, 5, 6, 7}, {}), {{"x", x}});
}

TEST(ResizeTest, AxesAttribute) {
  const TestTensor x = Random({1, 2, 5, 6});
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    ExpectSameAsOnnxRuntime(BySizes(x, {7, 9}, {{"axes", {2, 3}}, {"mode", mode}}), {{"x", x}},
                            kTolerance);
    ExpectSameAsOnnxRuntime(ByScales(x, {1.5F, 0.7F}, {{"axes", {-1, -2}}, {"mode", mode}}),
                            {{"x", x}}, kTolerance);
  }
}

TEST(ResizeTest, KeepsAspectRatio) {
  const TestTensor x = Random({1, 2, 5, 6});
  for (const char* policy : {"not_larger", "not_smaller"}) {
    for (const char* mode : {"nearest", "linear"}) {
      SCOPED_TRACE(std::string(policy) + " " + mode);
      const Attributes attributes = {
          {"axes", {2, 3}}, {"keep_aspect_ratio_policy", policy}, {"mode", mode}};
      ExpectSameAsOnnxRuntime(BySizes(x, {8, 8}, attributes), {{"x", x}}, kTolerance);
      ExpectSameAsOnnxRuntime(BySizes(x, {3, 4}, attributes), {{"x", x}}, kTolerance);
    }
  }
}

TEST(ResizeTest, CubicOptions) {
  const TestTensor x = Random({1, 1, 5, 6});
  for (const Attributes& more :
       {Attributes{{"cubic_coeff_a", TestAttribute::Value(-0.5F)}},
        Attributes{{"exclude_outside", 1}},
        Attributes{{"cubic_coeff_a", TestAttribute::Value(-0.5F)}, {"exclude_outside", 1}}}) {
    const Attributes attributes = Joined({{"mode", "cubic"}}, more);
    ExpectSameAsOnnxRuntime(BySizes(x, {1, 1, 9, 4}, attributes), {{"x", x}}, kTolerance);
    ExpectSameAsOnnxRuntime(ByScales(x, {1, 1, 0.8F, 2}, attributes), {{"x", x}}, kTolerance);
  }
}

TEST(ResizeTest, CropsAndExtrapolates) {
  const TestTensor x = Random({1, 2, 5, 6});
  const std::vector<std::vector<float>> regions = {
      {0, 0, 0.2F, 0.1F, 1, 1, 0.7F, 0.9F},
      {0, 0, -0.4F, 0.3F, 1, 1, 1.3F, 1.6F},
      {0, 0, 0, 0, 1, 1, 1, 1},
  };
  for (const auto& roi : regions) {
    for (const char* mode : {"nearest", "linear", "cubic"}) {
      SCOPED_TRACE(mode);
      const TestModel model = OneNode("Resize",
                                      {{"x", x},
                                       {"const_roi", Floats({8}, roi)},
                                       {"", {}},
                                       {"const_sizes", Int64s({4}, {1, 2, 4, 7})}},
                                      {{"coordinate_transformation_mode", "tf_crop_and_resize"},
                                       {"mode", mode},
                                       {"extrapolation_value", TestAttribute::Value(10.0F)}},
                                      1, 19);
      ExpectSameAsOnnxRuntime(model, {{"x", x}}, kTolerance);
    }
  }
}

TEST(ResizeTest, Antialias) {
  const TestTensor x = Random({1, 2, 11, 23});
  for (const char* mode : {"linear", "cubic"}) {
    SCOPED_TRACE(mode);
    const Attributes attributes = {{"mode", mode}, {"antialias", 1}};
    ExpectSameAsOnnxRuntime(BySizes(x, {1, 2, 6, 9}, attributes), {{"x", x}}, kTolerance);
    ExpectSameAsOnnxRuntime(BySizes(x, {1, 2, 2, 3}, attributes), {{"x", x}}, kTolerance);
    ExpectSameAsOnnxRuntime(BySizes(x, {1, 2, 17, 23}, attributes), {{"x", x}}, kTolerance);
    ExpectSameAsOnnxRuntime(ByScales(x, {1, 1, 0.6F, 0.6F}, attributes), {{"x", x}}, kTolerance);
    ExpectSameAsOnnxRuntime(BySizes(x, {1, 2, 6, 9}, Joined(attributes, {{"exclude_outside", 1}})),
                            {{"x", x}}, kTolerance);
  }
}

TEST(ResizeTest, Float16) {
  const TestTensor x = Random({1, 2, 5, 6}, TensorProto::FLOAT16);
  for (const char* mode : {"nearest", "linear"}) {
    for (const char* coordinates : {"half_pixel", "align_corners"}) {
      ExpectSameAsOnnxRuntime(
          BySizes(x, {1, 2, 7, 9},
                  {{"mode", mode}, {"coordinate_transformation_mode", coordinates}}),
          {{"x", x}}, 2e-3);
    }
  }
}

TEST(ResizeTest, IntegersHaveANearestElement) {
  for (int element : {TensorProto::UINT8, TensorProto::INT8, TensorProto::INT32}) {
    const TestTensor x = Random({1, 1, 5, 6}, element, 0, 100);
    ExpectSameAsOnnxRuntime(BySizes(x, {1, 1, 7, 9}, {}), {{"x", x}});
    ExpectSameAsOnnxRuntime(
        BySizes(x, {1, 1, 7, 9}, {{"coordinate_transformation_mode", "align_corners"}}),
        {{"x", x}});
    ExpectRefused(BySizes(x, {1, 1, 7, 9}, {{"mode", "linear"}}), "Resize", "interpolation of ");
  }
}

TEST(ResizeTest, Version10) {
  const TestTensor x = Random({1, 2, 5, 6});
  for (const char* mode : {"nearest", "linear"}) {
    for (const auto& scales :
         std::vector<std::vector<float>>{{1, 1, 2, 2}, {1, 1, 0.6F, 0.6F}, {1, 1, 1.5F, 2.3F}}) {
      ExpectNodeSame("Resize", {{"x", x}, {"const_scales", Floats({4}, scales)}}, {{"mode", mode}},
                     kTolerance, 1, 10);
    }
  }
}

TEST(ResizeTest, Upsample) {
  const TestTensor x = Random({1, 2, 3, 4});
  for (const char* mode : {"nearest", "linear"}) {
    ExpectNodeSame("Upsample", {{"x", x}},
                   {{"mode", mode}, {"scales", std::vector<float>{1, 1, 2, 3}}}, kTolerance, 1, 7);
    ExpectNodeSame("Upsample", {{"x", x}, {"const_scales", Floats({4}, {1, 1, 2, 2.5F})}},
                   {{"mode", mode}}, kTolerance, 1, 9);
  }
}

TEST(ResizeTest, ComputedScalesAreRefused) {
  const TestTensor x = Random({1, 2, 3, 4});
  ExpectRefused(OneNode("Resize", {{"x", x}, {"", {}}, {"scales", Floats({4}, {1, 1, 2, 2})}}, {}),
                "Resize", "scales");
}

TEST(ResizeTest, InvalidNodesAreTypeErrors) {
  const TestTensor x = Random({1, 2, 3, 4});
  ExpectInvalid(ByScales(x, {1, 1, 2}, {}).Serialize(), "scales has 3 elements");
  ExpectInvalid(ByScales(x, {1, 1, 0, 1}, {}).Serialize(), "scale 0");
  ExpectInvalid(BySizes(x, {1, 2, 0, 1}, {}).Serialize(), "sizes");
  ExpectInvalid(BySizes(x, {1, 2, 3, 1}, {{"mode", "quintic"}}).Serialize(), "mode is \"quintic\"");
  ExpectInvalid(OneNode("Resize", {{"x", x}}).Serialize(), "one of scales and sizes");
}

}  // namespace
}  // namespace webnn::onnx_test
