// Weights beside a graph file: where they are looked for, and what is wrong with them.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/formats/definitions.h"
#include "tests/support/result_matchers.h"
#include "webnn/model_io.h"

namespace webnn::formats_test {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

constexpr std::string_view kGraph =
    "webnn_graph \"g\" v2 { consts { w: i8[2] @weights(\"layer.0.w\"); } "
    "nodes { y = neg(w); } outputs { y; } }";

// A safetensors file with one int8[2].
std::string OneTensor(std::string_view name, std::string_view data) {
  return Safetensors(
      "{\"" + std::string(name) + R"(": {"dtype": "I8", "shape": [2], "data_offsets": [0, 2]}})",
      data);
}

// The bytes of the one constant as text.
std::string Weight(const Result<GraphDefinition>& definition) {
  if (!definition) return ToString(definition.error());
  const auto constants = ConstantsOf(*definition);
  if (constants.size() != 1) return "several constants";
  return {reinterpret_cast<const char*>(constants[0].bytes.data()), constants[0].bytes.size()};
}

TEST(Weights, AreFoundBesideTheModel) {
  const TemporaryFolder folder;
  const std::string model = folder.Write("net.webnn", kGraph);
  EXPECT_THAT(Weight(LoadGraph(model)), testing::HasSubstr("holds neither net.safetensors"));
  folder.Write("model.weights", "12345678dd");
  EXPECT_THAT(Weight(LoadGraph(model)), testing::HasSubstr("model.manifest.json nor manifest"));
  folder.Write("manifest.json",
               R"({"format": "wg-weights-manifest", "version": 1, "endianness": "little", "tensors":
                   {"layer.0.w": {"dataType": "int8", "shape": [2], "byteOffset": 8,
                                  "byteLength": 2, "layout": "row-major"}}})");
  EXPECT_EQ(Weight(LoadGraph(model)), "dd");
  folder.Write("model.safetensors", OneTensor("layer.0.w", "bb"));
  EXPECT_EQ(Weight(LoadGraph(model)), "bb");
  // What has the model's own name is nearer.
  folder.Write("net.safetensors", OneTensor("layer.0.w", "aa"));
  EXPECT_EQ(Weight(LoadGraph(model)), "aa");
  // Named files: relative to the model, and absolute.
  EXPECT_EQ(Weight(LoadGraph(model, {.weights = "model.safetensors"})), "bb");
  EXPECT_EQ(Weight(LoadGraph(model, {.weights = "model.weights"})), "dd");
  EXPECT_EQ(Weight(LoadGraph(AsBytes(kGraph), {.weights = folder / "model.safetensors"})), "bb");
  EXPECT_THAT(Weight(LoadGraph(AsBytes(kGraph))), testing::HasSubstr("name it"));
}

TEST(Weights, KeysMayBeSanitized) {
  const TemporaryFolder folder;
  const std::string model = folder.Write("net.webnn", kGraph);
  folder.Write("net.safetensors", OneTensor("layer_0_w", "aa"));
  EXPECT_EQ(Weight(LoadGraph(model)), "aa");

  folder.Write("net.webnn",
               "webnn_graph \"g\" v2 { consts { w: i8[2] @weights(\"layer_0_w\"); } "
               "nodes { y = neg(w); } outputs { y; } }");
  folder.Write("net.safetensors", OneTensor("layer.0.w", "bb"));
  EXPECT_EQ(Weight(LoadGraph(model)), "bb");

  folder.Write("net.safetensors",
               Safetensors(R"({"layer.0.w": {"dtype": "I8", "shape": [2], "data_offsets": [0, 2]},
                               "layer_0.w": {"dtype": "I8", "shape": [2], "data_offsets": [2, 4]}})",
                           "aabb"));
  EXPECT_THAT(Weight(LoadGraph(model)), testing::HasSubstr("several tensors"));
}

TEST(Weights, Bfloat16BecomesFloat32) {
  const TemporaryFolder folder;
  const std::string model =
      folder.Write("net.webnn",
                   "webnn_graph \"g\" v2 { consts { w: f32[2]; } nodes { y = neg(w); } "
                   "outputs { y; } }");
  folder.Write("net.safetensors",
               Safetensors(R"({"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}})",
                           std::string_view("\x80\x3f\x20\xc0", 4)));
  EXPECT_EQ(Weight(LoadGraph(model)), std::string("\0\0\x80\x3f\0\0\x20\xc0", 8));
}

TEST(Weights, Float64IsNarrowedOnRequest) {
  const TemporaryFolder folder;
  const std::string model =
      folder.Write("net.webnn",
                   "webnn_graph \"g\" v2 { consts { w: f32[1]; } nodes { y = neg(w); } "
                   "outputs { y; } }");
  folder.Write("net.safetensors",
               Safetensors(R"({"w": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}})",
                           std::string_view("\0\0\0\0\0\0\xf8\xbf", 8)));
  EXPECT_THAT(Weight(LoadGraph(model)), testing::HasSubstr("can be narrowed"));
  EXPECT_EQ(Weight(LoadGraph(model, {.narrow = true})), std::string("\0\0\xc0\xbf", 4));
}

TEST(Weights, OfAnotherTypeOrShapeAreRefused) {
  const TemporaryFolder folder;
  const std::string model = folder.Write("net.webnn", kGraph);
  const auto error_with = [&](std::string_view header, std::string_view data) {
    folder.Write("net.safetensors", Safetensors(header, data));
    return Weight(LoadGraph(model));
  };
  const std::string place = "net.webnn:1:31: constant \"w\": tensor \"layer.0.w\" of ";
  EXPECT_THAT(
      error_with(R"({"layer.0.w": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}})", "aa"),
      testing::AllOf(testing::HasSubstr(place), testing::HasSubstr("is uint8[2]")));
  EXPECT_THAT(
      error_with(R"({"layer.0.w": {"dtype": "I8", "shape": [3], "data_offsets": [0, 3]}})", "aaa"),
      testing::HasSubstr("is int8[3] and takes 3 bytes; declared is int8[2], of 2"));
  EXPECT_THAT(
      error_with(R"({"other": {"dtype": "I8", "shape": [2], "data_offsets": [0, 2]}})", "aa"),
      testing::HasSubstr("has no tensor \"layer.0.w\""));
}

TEST(Weights, BadManifests) {
  const TemporaryFolder folder;
  const std::string model = folder.Write("net.webnn", kGraph);
  folder.Write("net.weights", "aa");
  const auto error_with = [&](std::string_view manifest) {
    folder.Write("net.manifest.json", manifest);
    return Weight(LoadGraph(model));
  };
  EXPECT_THAT(error_with("{"), testing::HasSubstr("net.manifest.json\": parse error"));
  EXPECT_THAT(error_with("{}"), testing::HasSubstr("no object \"tensors\""));
  EXPECT_THAT(error_with(R"({"endianness": "big", "tensors": {}})"),
              testing::HasSubstr("endianness"));
  EXPECT_THAT(error_with(R"({"tensors": {"layer.0.w": {"byteOffset": 0}}})"),
              testing::HasSubstr("/tensors/layer.0.w: byteOffset and byteLength"));
  EXPECT_THAT(error_with(R"({"tensors": {"layer.0.w": {"byteOffset": 1, "byteLength": 2}}})"),
              testing::HasSubstr("are not within the 2 bytes"));
  EXPECT_THAT(error_with(R"({"tensors": {"layer.0.w":
                  {"byteOffset": 2, "byteLength": 18446744073709551615}}})"),
              testing::HasSubstr("are not within the 2 bytes"));
  EXPECT_EQ(error_with(R"({"tensors": {"layer.0.w": {"byteOffset": 0, "byteLength": 2}}})"), "aa");
}

}  // namespace
}  // namespace webnn::formats_test
