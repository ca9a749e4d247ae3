#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

using Attributes = std::vector<TestAttribute>;

constexpr double kTolerance = 1e-5;

class GridSampleTest : public testing::TestWithParam<std::tuple<std::string, std::string, int>> {};

TEST_P(GridSampleTest, Planes) {
  const auto& [mode, padding, align] = GetParam();
  const Attributes attributes = {
      {"mode", mode.c_str()}, {"padding_mode", padding.c_str()}, {"align_corners", align}};
  const TestTensor x = Random({2, 3, 5, 6});
  // Beyond the image, too.
  const TestTensor grid = Random({2, 4, 7, 2}, TensorProto::FLOAT, -2.5, 2.5, 2);
  const TestModel model = OneNode("GridSample", {{"x", x}, {"grid", grid}}, attributes, 1, 20);
  if (mode == "cubic" && padding == "border") {
    ExpectRefused(model, "GridSample", "padding_mode border");
  } else {
    ExpectSameAsOnnxRuntime(model, {{"x", x}, {"grid", grid}}, kTolerance);
  }
}

TEST_P(GridSampleTest, Volumes) {
  const auto& [mode, padding, align] = GetParam();
  const TestTensor x = Random({1, 2, 3, 4, 5});
  const TestTensor grid = Random({1, 2, 3, 4, 3}, TensorProto::FLOAT, -2.5, 2.5, 2);
  const TestModel model = OneNode(
      "GridSample", {{"x", x}, {"grid", grid}},
      {{"mode", mode.c_str()}, {"padding_mode", padding.c_str()}, {"align_corners", align}}, 1, 20);
  if (mode == "cubic") {
    ExpectRefused(model, "GridSample", "cubic over 3 axes");
  } else {
    ExpectSameAsOnnxRuntime(model, {{"x", x}, {"grid", grid}}, kTolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(All, GridSampleTest,
                         testing::Combine(testing::Values("nearest", "linear", "cubic"),
                                          testing::Values("zeros", "border", "reflection"),
                                          testing::Values(0, 1)),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::get<1>(info.param) +
                                  (std::get<2>(info.param) != 0 ? "_aligned" : "");
                         });

TEST(GridSampleVersionTest, Version16) {
  for (const char* mode : {"nearest", "bilinear", "bicubic"}) {
    ExpectNodeSame("GridSample",
                   {{"x", Random({1, 2, 4, 5})},
                    {"grid", Random({1, 3, 3, 2}, TensorProto::FLOAT, -1.5, 1.5, 2)}},
                   {{"mode", mode}}, kTolerance, 1, 16);
  }
}

TEST(GridSampleVersionTest, InvalidNodesAreTypeErrors) {
  const auto sample = [](const std::vector<int64_t>& grid, const Attributes& attributes) {
    return OneNode("GridSample", {{"x", Random({1, 2, 4, 5})}, {"grid", Random(grid)}}, attributes)
        .Serialize();
  };
  ExpectInvalid(sample({1, 3, 3, 3}, {}), "does not fit");
  ExpectInvalid(sample({1, 3, 3, 2}, {{"mode", "best"}}), "mode is \"best\"");
  ExpectInvalid(sample({1, 3, 3, 2}, {{"padding_mode", "wrap"}}), "padding_mode is \"wrap\"");
}

TEST(AffineGridTest, PlanesAndVolumes) {
  for (int align : {0, 1}) {
    ExpectNodeSame("AffineGrid",
                   {{"theta", Random({2, 2, 3})}, {"const_size", Int64s({4}, {2, 3, 4, 5})}},
                   {{"align_corners", align}}, kTolerance, 1, 20);
    ExpectNodeSame("AffineGrid",
                   {{"theta", Random({1, 3, 4})}, {"const_size", Int64s({5}, {1, 2, 3, 4, 5})}},
                   {{"align_corners", align}}, kTolerance, 1, 20);
  }
  ExpectInvalid(OneNode("AffineGrid",
                        {{"theta", Random({2, 2, 3})}, {"const_size", Int64s({4}, {1, 3, 4, 5})}})
                    .Serialize(),
                "does not fit theta");
  ExpectRefused(
      OneNode("AffineGrid", {{"theta", Random({1, 2, 3})}, {"size", Int64s({4}, {1, 3, 4, 5})}}),
      "AffineGrid", "size");
}

TEST(MaxUnpoolTest, PutsElementsBack) {
  const TestTensor x = Floats({1, 1, 2, 2}, {1, 2, 3, 4});
  const TestTensor indices = Int64s({1, 1, 2, 2}, {5, 7, 13, 15});
  const Attributes attributes = {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}};
  ExpectNodeSame("MaxUnpool", {{"x", x}, {"const_i", indices}}, attributes);
  ExpectNodeSame("MaxUnpool", {{"x", x}, {"i", indices}}, attributes);
  ExpectNodeSame("MaxUnpool",
                 {{"x", x}, {"i", indices}, {"const_shape", Int64s({4}, {1, 1, 4, 4})}},
                 attributes);
  ExpectRefused(
      OneNode("MaxUnpool", {{"x", x}, {"i", indices}, {"const_shape", Int64s({4}, {1, 1, 5, 5})}},
              attributes),
      "MaxUnpool", "another shape");
}

}  // namespace
}  // namespace webnn::onnx_test
