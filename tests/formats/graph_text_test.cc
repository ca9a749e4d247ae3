// `.webnn` text as other programs write it. The oracle is the graph that the builder makes of the
// same calls.

#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/formats/definitions.h"
#include "tests/support/result_matchers.h"
#include "webnn/model_io.h"

namespace webnn::formats_test {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

// What ToText says of the graph that the text describes.
std::string Loaded(std::string_view text, const LoadOptions& options = {}) {
  const auto definition = LoadGraph(AsBytes(text), options);
  return definition ? Renumbered(*definition) : ToString(definition.error());
}

// The same with one node `y = ...` of float32 inputs.
std::string LoadedNode(std::string_view inputs, std::string_view node) {
  std::string declarations;
  for (size_t at = 0; at < inputs.size();) {
    const size_t end = std::min(inputs.find(';', at), inputs.size());
    declarations += std::string(inputs.substr(at, end - at)) + ";\n";
    at = end + 1;
  }
  return Loaded(
      fmt::format("webnn_graph \"g\" v1 {{ inputs {{ {} }} nodes {{ y = {}; }} "
                  "outputs {{ y; }} }}",
                  declarations, node));
}

TEST(GraphText, EveryKindOfDeclaration) {
  const std::string text = R"(# A comment.
webnn_graph "name" v2 @quantized {  // another
  outputs { y; a, b2; }
  inputs  { x: f32[1, 4, dyn("h", 512)]; }
  consts  { c: f32[1] @scalar(1.5); b: i8[4] @bytes([1,2,255,0]); }
  nodes   {
    y = add(x, c);
    [a, b2] = split(y, splits=[1, 3], axis=1);
  }
  inputs { s: i8[]; }
  nodes { z = max(b, s); }
  outputs { z }
})";
  EXPECT_EQ(Loaded(text),
            "%0 float32[1, 4, 512] = input(\"x\")\n"
            "%1 int8[] = input(\"s\")\n"
            "%2 float32[1] = constant(4 bytes)\n"
            "%3 int8[4] = constant(4 bytes)\n"
            "%4 float32[1, 4, 512] = add(%0, %2)\n"
            "%5 float32[1, 1, 512], %6 float32[1, 3, 512] = split(%4, splits=[1, 3], axis=1)\n"
            "%7 int8[4] = max(%3, %1)\n"
            "output(\"y\") = %4\n"
            "output(\"a\") = %5\n"
            "output(\"b2\") = %6\n"
            "output(\"z\") = %7\n");
}

TEST(GraphText, ConstantsHaveTheirBytes) {
  const auto definition = LoadGraph(AsBytes(R"(webnn_graph "g" v2 {
  consts { c: f32[2] @scalar(-1.5); n: u4[3] @scalar(9); b: i64[1] @bytes([1,0,0,0,0,0,0,128]);
           big: u64[] @scalar(18446744073709551615); }
  nodes { y = neg(c); z = identity(b); w = identity(big);
          s = cast(c, to="float16"); q = dequantizeLinear(n, r, o); r = reshape(c, [2]); }
  outputs { y; z; w; }
})"));
  // q reads what stands behind it.
  EXPECT_THAT(definition, Fails(ErrorCode::kTypeError, "model:5:38: \"r\" is computed by a later"));

  const auto good = LoadGraph(AsBytes(R"(webnn_graph "g" v2 {
  consts { c: f32[2] @scalar(-1.5); n: u4[3] @scalar(9); b: i64[1] @bytes([1,0,0,0,0,0,0,128]);
           big: u64[] @scalar(18446744073709551615); r: f32[1] @scalar(1); o: u4[1] @scalar(0); }
  nodes { y = neg(c); z = identity(b); w = identity(big); q = dequantizeLinear(n, r, o); }
  outputs { y; z; w; q; }
})"));
  ASSERT_THAT(good, Succeeds());
  const auto constants = ConstantsOf(*good);
  ASSERT_EQ(constants.size(), 6u);
  const auto bytes = [](std::initializer_list<int> values) {
    std::vector<std::byte> list;
    for (int value : values) list.push_back(static_cast<std::byte>(value));
    return list;
  };
  EXPECT_EQ(constants[0].bytes, bytes({0, 0, 0xc0, 0xbf, 0, 0, 0xc0, 0xbf}));
  EXPECT_EQ(constants[1].bytes, bytes({0x99, 0x09}));
  EXPECT_EQ(constants[2].bytes, bytes({1, 0, 0, 0, 0, 0, 0, 128}));
  EXPECT_EQ(constants[3].bytes, std::vector<std::byte>(8, std::byte{255}));
}

// ---- Spellings of older files. ----

TEST(GraphText, OptionsInSnakeCase) {
  EXPECT_EQ(LoadedNode("x: f32[2]", "clamp(x, min_value=0, max_value=6.0)"),
            LoadedNode("x: f32[2]", "clamp(x, minValue=0, maxValue=6.0)"));
  EXPECT_EQ(LoadedNode("a: f32[2, 3]; b: f32[2, 3]", "gemm(a, b, a_transpose=true)"),
            LoadedNode("a: f32[2, 3]; b: f32[2, 3]", "gemm(a, b, aTranspose=true)"));
  EXPECT_EQ(LoadedNode("x: f32[2]", "reduce_sum(x, keep_dimensions=true)"),
            LoadedNode("x: f32[2]", "reduceSum(x, keepDimensions=true)"));
}

TEST(GraphText, PadsBeginsThenEnds) {
  EXPECT_EQ(
      LoadedNode("x: f32[1, 1, 5, 5]; w: f32[1, 1, 2, 2]", "conv2d(x, w, pads=[1, 2, 3, 4])"),
      LoadedNode("x: f32[1, 1, 5, 5]; w: f32[1, 1, 2, 2]", "conv2d(x, w, padding=[1, 3, 2, 4])"));
  EXPECT_EQ(LoadedNode("x: f32[3, 4]", "pad(x, padding=[1, 2, 3, 4])"),
            LoadedNode("x: f32[3, 4]", "pad(x, beginningPadding=[1, 2], endingPadding=[3, 4])"));
}

TEST(GraphText, OptionalOperandsBehindTheOthers) {
  const std::string inputs = "x: f32[1, 2, 3, 4]; m: f32[2]; v: f32[2]; s: f32[2]; b: f32[2]";
  EXPECT_EQ(LoadedNode(inputs, "batchNormalization(x, m, v, s, b, has_scale=true, has_bias=true)"),
            LoadedNode(inputs, "batchNormalization(x, m, v, scale=s, bias=b)"));
  EXPECT_EQ(LoadedNode(inputs, "batchNormalization(x, m, v, b, has_scale=false, has_bias=true)"),
            LoadedNode(inputs, "batchNormalization(x, m, v, bias=b)"));
  EXPECT_EQ(
      LoadedNode("x: f32[1, 1, 5, 5]; w: f32[2, 1, 2, 2]; b: f32[2]", "conv2d(x, w, b)"),
      LoadedNode("x: f32[1, 1, 5, 5]; w: f32[2, 1, 2, 2]; b: f32[2]", "conv2d(x, w, bias=b)"));
  EXPECT_EQ(LoadedNode("a: f32[2, 2]; b: f32[2, 2]; c: f32[2]", "gemm(a, b, c, alpha=2.0)"),
            LoadedNode("a: f32[2, 2]; b: f32[2, 2]; c: f32[2]", "gemm(a, b, c=c, alpha=2.0)"));
}

TEST(GraphText, ListsOfOperands) {
  const std::string expected = LoadedNode("a: f32[2]; b: f32[2]", "concat(a, b, axis=0)");
  EXPECT_THAT(expected, testing::HasSubstr("concat([%0, %1], axis=0)"));
  EXPECT_EQ(LoadedNode("a: f32[2]; b: f32[2]", "concat([a, b], axis=0)"), expected);
  EXPECT_EQ(LoadedNode("a: f32[2]; b: f32[2]", "concat(\"a\", %b, axis=0)"), expected);
  EXPECT_EQ(LoadedNode("a: f32[2]; b: f32[2]", "concat(inputs=[a, b], axis=0)"), expected);
}

TEST(GraphText, TypesByEitherName) {
  EXPECT_EQ(LoadedNode("x: float32[2]", "cast(x, dataType=\"f16\")"),
            LoadedNode("x: f32[2]", "cast(x, to=\"float16\")"));
  EXPECT_EQ(LoadedNode("x: f32[2]", "cast(x, type=int8)"),
            LoadedNode("x: f32[2]", "cast(x, dataType=\"int8\")"));
}

TEST(GraphText, ArgumentsByPlace) {
  EXPECT_EQ(LoadedNode("x: f32[2, 3]", "reshape(x, [3, 2])"),
            LoadedNode("x: f32[2, 3]", "reshape(x, newShape=[3, 2])"));
  EXPECT_EQ(LoadedNode("x: f32[2, 3]", "softmax(x, 1)"),
            LoadedNode("x: f32[2, 3]", "softmax(x, axis=1)"));
}

TEST(GraphText, NamesThatWereSanitized) {
  EXPECT_EQ(Loaded("webnn_graph \"g\" v2 { inputs { layer.0::x: f32[2]; } "
                   "nodes { a.b = relu(layer_0__x); y = neg(%a.b); } outputs { y; } }"),
            "%0 float32[2] = input(\"layer.0::x\")\n"
            "%1 float32[2] = relu(%0)\n"
            "%2 float32[2] = neg(%1)\n"
            "output(\"y\") = %2\n");
}

// ---- Open dimensions. ----

constexpr std::string_view kOpen =
    "webnn_graph \"g\" v2 { inputs { x: f32[dyn(\"n\", 8), 2]; m: f32[dyn(\"n\", 8), 1]; } "
    "nodes { y = mul(x, m); } outputs { y; } }";

TEST(GraphText, OpenDimensionsAreFixedByTheCaller) {
  const auto output_of = [](const LoadOptions& options) {
    return ToString(LoadGraph(AsBytes(kOpen), options).value().outputs()[0].descriptor);
  };
  EXPECT_EQ(output_of({}), "float32[8, 2]");
  EXPECT_EQ(output_of({.dimensions = {{"n", 3}}}), "float32[3, 2]");
  EXPECT_EQ(output_of({.shapes = {{"x", {5, 2}}}}), "float32[5, 2]");
}

TEST(GraphText, WrongSizesOfDimensions) {
  const auto load = [](const LoadOptions& options) { return LoadGraph(AsBytes(kOpen), options); };
  EXPECT_THAT(load({.dimensions = {{"n", 9}}}), Fails(ErrorCode::kTypeError, "at most 8"));
  EXPECT_THAT(load({.dimensions = {{"k", 1}}}), Fails(ErrorCode::kTypeError, "\"k\""));
  EXPECT_THAT(load({.dimensions = {{"n", 0}}}), Fails(ErrorCode::kTypeError, "input \"x\""));
  EXPECT_THAT(load({.shapes = {{"z", {1}}}}), Fails(ErrorCode::kTypeError, "no input \"z\""));
  EXPECT_THAT(load({.shapes = {{"x", {1}}}}), Fails(ErrorCode::kTypeError, "rank 2"));
  EXPECT_THAT(load({.shapes = {{"x", {1, 3}}}}), Fails(ErrorCode::kTypeError, "is 2 and not open"));
  EXPECT_THAT(load({.shapes = {{"x", {1, 2}}, {"m", {2, 1}}}}),
              Fails(ErrorCode::kTypeError, "two sizes"));
}

TEST(GraphText, AnOutputThatIsNoResult) {
  EXPECT_EQ(Loaded("webnn_graph \"g\" v2 { inputs { x: f32[2]; } outputs { x; } }"),
            "%0 float32[2] = input(\"x\")\n%1 float32[2] = identity(%0)\noutput(\"x\") = %1\n");
}

// ---- What is wrong, and where. ----

struct Bad {
  std::string_view text;
  std::string_view message;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.text; }

class BadGraphText : public testing::TestWithParam<Bad> {};

TEST_P(BadGraphText, IsRefusedWithThePlace) {
  const auto loaded = LoadGraph(AsBytes(GetParam().text), {.format = ModelFormat::kWebnnText});
  EXPECT_THAT(loaded, Fails(ErrorCode::kTypeError, GetParam().message));
}

constexpr Bad kBad[] = {
    {"", "model:1:1: `webnn_graph` is expected, not the end of the file"},
    {"webnn_graph \"g\" v3 {}", "model:1:17: the version `v1` or `v2`"},
    {"webnn_graph \"g\" v2 @x {}", "model:1:21: `quantized`"},
    {"webnn_graph \"g\" v2 {", "1:21: `inputs`, `consts`"},
    {"webnn_graph \"g\" v2 {} x", "1:23: the end of the file is expected, not `x`"},
    {"webnn_graph \"g", "1:13: the string does not end"},
    {"webnn_graph \"g\" v2 { inputs { x: f33[1]; } }", "1:34: a data type"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[1.5]; } }", "1:38: a size"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[-1]; } }", "1:38: a size"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[4294967296]; } }", "1:38: a size"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[0]; } }", "1:31: input \"x\""},
    {"webnn_graph \"g\" v2 { inputs { x: f32[1] y: f32[1]; } }", "1:41: `;` is expected, not `y`"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[dyn(\"\", 1)]; } }", "the name of a dimension"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; x: f32[2]; } }", "two values are named \"x\""},
    {"webnn_graph \"g\" v2 { consts { x: f32[dyn(\"n\", 1)]; } }", "no open dimension"},
    {"webnn_graph \"g\" v2 { consts { x: f32[2] @bytes([1, 2]); } }",
     "constant \"x\": float32[2] takes 8 bytes, given are 2"},
    {"webnn_graph \"g\" v2 { consts { x: f32[2] @bytes([1, 256]); } }", "256 is no byte"},
    {"webnn_graph \"g\" v2 { consts { x: f32[2] @scalar(1e999); } }", "\"1e999\" is no number"},
    {"webnn_graph \"g\" v2 { consts { x: f32[2] @what(1); } }", "`weights`, `scalar` or `bytes`"},
    {"webnn_graph \"g\" v2 { consts { x: f32[2147483647] @scalar(0); } }", "fill more than"},
    {"webnn_graph \"g\" v2 { consts { x: f32[2]; } }", "the weights are in another file"},
    {"webnn_graph \"g\" v2 { nodes { y = relu(x); } }", "1:30: there is no value \"x\""},
    {"webnn_graph \"g\" v2 { nodes { y = what(); } }", "1:30: there is no operator \"what\""},
    {"webnn_graph \"g\" v2 { nodes { y = relu(); } }", "relu: missing: input"},
    {"webnn_graph \"g\" v2 { nodes { y = relu(y); } }", "\"y\" is computed by a later node"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { y = relu(x, x); } }",
     "relu: there is nothing that argument 2 could be"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { y = relu(x, input=x); } }",
     "relu: there is nothing that argument 1 could be"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { y = elu(x, alpha=1, alpha=2); } }",
     "alpha is given twice"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { y = relu(x, beta=2); } }",
     "there is no option \"beta\""},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { y = softmax(x, axis=7); } }",
     "1:52: softmax"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { [a, b] = relu(x); } }",
     "relu has 1 outputs; 2 are named"},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { x = relu(x); } }",
     "two values are named \"x\""},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { y = pad(x, padding=[1]); } }",
     "padding must be a list of beginnings and as many ends"},
    {"webnn_graph \"g\" v2 { outputs { y; } }", "1:32: there is no value \"y\""},
    {"webnn_graph \"g\" v2 { inputs { x: f32[2]; } outputs { x; x; } }", "two outputs are named"},
    {"webnn_graph \"g\" v2 { nodes { y = relu(\x01); } }", "no word begins with '\\x01'"},
};

INSTANTIATE_TEST_SUITE_P(Files, BadGraphText, testing::ValuesIn(kBad));

TEST(GraphText, DeepNestingIsAnError) {
  const std::string deep = "webnn_graph \"g\" v2 { inputs { x: f32[2]; } nodes { y = relu(x, a=" +
                           std::string(100'000, '[');
  EXPECT_THAT(LoadGraph(AsBytes(deep)), Fails(ErrorCode::kTypeError, "nested too deep"));
}

}  // namespace
}  // namespace webnn::formats_test
