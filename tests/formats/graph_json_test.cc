// "webnn-graph-json" as other programs write it. The oracle is the same graph as `.webnn` text, or
// the message that is expected.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/formats/definitions.h"
#include "tests/support/result_matchers.h"
#include "webnn/model_io.h"

namespace webnn::formats_test {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

TEST(GraphJson, SaysTheSameAsText) {
  const auto json = LoadGraph(AsBytes(R"({
  "format": "webnn-graph-json", "version": 2, "name": "graph", "quantized": false,
  "inputs": {"x": {"dataType": "float32", "shape": [1, 4, {"name": "h", "maxSize": 512}]}},
  "consts": {
    "c": {"dataType": "float32", "shape": [1], "init": {"kind": "scalar", "value": 1.5}},
    "b": {"dataType": "int8", "shape": [4], "init": {"kind": "inlineBytes", "bytes": [1, 2, 255, 0]}}
  },
  "nodes": [
    {"id": "op_0", "op": "add", "inputs": ["x", "c"], "options": {}, "outputs": ["sum"]},
    {"id": "a", "op": "split", "inputs": ["sum"], "options": {"splits": [1, 3], "axis": 1},
     "outputs": ["a", "b2"]},
    {"id": "n", "op": "abs", "inputs": ["b"], "outputs": null},
    {"id": "w", "op": "clamp", "inputs": ["x"], "options": {"minValue": "-Infinity", "maxValue": null}}
  ],
  "outputs": {"first": "a", "second": "b2", "n": "n", "w": "w"}
})"));
  ASSERT_THAT(json, Succeeds());
  const auto text = LoadGraph(AsBytes(R"(webnn_graph "graph" v2 {
  inputs { x: f32[1, 4, 512]; }
  consts { c: f32[1] @scalar(1.5); b: i8[4] @bytes([1, 2, 255, 0]); }
  nodes { sum = add(x, c); [a, b2] = split(sum, splits=[1, 3], axis=1); n = abs(b);
          w = clamp(x, minValue=-Infinity); }
  outputs { first = a; second = b2; n; w; }
})"));
  ASSERT_THAT(text, Succeeds());
  ExpectSame(*json, *text);
}

TEST(GraphJson, KeepsTheOrderOfInputs) {
  const auto definition = LoadGraph(AsBytes(R"({"inputs": {
    "b": {"dataType": "float32", "shape": [2]}, "a": {"dataType": "float32", "shape": [2]}},
    "nodes": [{"id": "y", "op": "sub", "inputs": ["a", "b"]}], "outputs": {"y": "y"}})"));
  ASSERT_THAT(definition, Succeeds());
  EXPECT_EQ(definition->inputs()[0].name, "b");
}

struct Bad {
  std::string_view text;
  std::string_view message;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.text; }

class BadGraphJson : public testing::TestWithParam<Bad> {};

TEST_P(BadGraphJson, IsRefusedWithThePath) {
  EXPECT_THAT(LoadGraph(AsBytes(GetParam().text), {.format = ModelFormat::kWebnnJson}),
              Fails(ErrorCode::kTypeError, GetParam().message));
}

constexpr Bad kBad[] = {
    {"", "model: parse error at line 1, column 1"},
    {"{\"a\": \n  tru}", "model: parse error at line 2, column"},
    {"[1]", "model: a list is no graph"},
    {"{} x", "parse error"},
    {R"({"format": "other"})", "model: /format: must be \"webnn-graph-json\""},
    {R"({"version": 3})", "model: /version: must be 1 or 2"},
    {R"({"name": 3})", "/name: must be a string, not a number"},
    {R"({"inputs": []})", "/inputs: must be an object, not a list"},
    {R"({"inputs": {"x": {}}})", "/inputs/x: has no \"dataType\""},
    {R"({"inputs": {"x": {"dataType": "f8"}}})",
     "/inputs/x/dataType: there is no data type \"f8\""},
    {R"({"inputs": {"x": {"dataType": "int8"}}})", "/inputs/x: has no \"shape\""},
    {R"({"inputs": {"x": {"dataType": "int8", "shape": [1000, -1]}}})", "/shape/1: -1 is no size"},
    {R"({"inputs": {"x": {"dataType": "int8", "shape": [{"name": "n"}]}}})",
     "/inputs/x/shape/0: has no \"maxSize\""},
    {R"({"inputs": {"x": {"dataType": "int8", "shape": [0]}}})", "/inputs/x: input \"x\""},
    {R"({"inputs": {"x": 1, "x": 2}})", "/inputs/x: the name is there twice"},
    {R"({"consts": {"c": {"dataType": "int8", "shape": [{"name": "n", "maxSize": 2}]}}})",
     "a constant has no open dimension"},
    {R"({"consts": {"c": {"dataType": "int8", "shape": [2], "init": {"kind": "zeros"}}}})",
     "/consts/c/init/kind: must be"},
    {R"({"consts": {"c": {"dataType": "int8", "shape": [2],
         "init": {"kind": "inlineBytes", "bytes": [1, 256]}}}})",
     "/consts/c/init/bytes: must be a list of integers from 0 to 255"},
    {R"({"consts": {"c": {"dataType": "int8", "shape": [2],
         "init": {"kind": "inlineBytes", "bytes": [1]}}}})",
     "/consts/c: constant \"c\": int8[2] takes 2 bytes, given are 1"},
    {R"({"nodes": [1]})", "/nodes/0: is no node"},
    {R"({"nodes": ["a"]})", "/nodes/0: must be an object, not a string"},
    {R"({"nodes": [{"id": "y"}]})", "/nodes/0: has no \"op\""},
    {R"({"nodes": [{"op": "relu"}]})", "/nodes/0: has no \"id\""},
    {R"({"nodes": [{"id": "y", "op": "relu", "inputs": ["x"]}]})",
     "/nodes/0: there is no value \"x\""},
    {R"({"nodes": [{"id": "y", "op": "relu", "inputs": ["z"]},
                   {"id": "z", "op": "relu", "inputs": ["y"]}]})",
     "/nodes/0: \"z\" is computed by a later node"},
    {R"({"nodes": [{"id": "y", "op": "relu", "options": {"input": {"a": 1}}}]})",
     "/nodes/0/options/input: an option holds no objects"},
    {R"({"nodes": [{"id": "y", "op": "relu", "outputs": [1]}]})", "/nodes/0/outputs"},
    {R"({"outputs": {"y": 1}})", "/outputs/y: must be the name of a value, not a number"},
    {R"({"outputs": {"y": "z"}})", "/outputs/y: there is no value \"z\""},
};

INSTANTIATE_TEST_SUITE_P(Files, BadGraphJson, testing::ValuesIn(kBad));

TEST(GraphJson, DeepNestingIsAnError) {
  for (std::string_view open : {"[", "{\"a\":"}) {
    std::string deep = "{\"nodes\":";
    for (int i = 0; i < 100'000; ++i) deep += open;
    EXPECT_THAT(LoadGraph(AsBytes(deep)), Fails(ErrorCode::kTypeError, "nested deeper than"));
  }
}

TEST(GraphJson, NamesMustBeUtf8) {
  GraphBuilder builder;
  const Operand x = builder.Input("\xff", DataType::kFloat32, {1}).value();
  const auto definition = builder.Finish({{"y", builder.Relu({.input = x}).value()}}).value();
  EXPECT_THAT(SaveModelToMemory(definition, {.format = ModelFormat::kWebnnJson}),
              Fails(ErrorCode::kTypeError, "is not UTF-8"));
}

}  // namespace
}  // namespace webnn::formats_test
