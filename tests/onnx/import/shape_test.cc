#include <cstdint>
#include <limits>

#include "tests/onnx/import/node_case.h"

namespace webnn::onnx_test {
namespace {

using Attributes = std::vector<TestAttribute>;

TEST(ImportShape, ShapeAndSize) {
  const TestTensor x = Random({2, 3, 4});
  ExpectCases({
      {"Shape", {{"x", x}}, {}, 13},
      {"Shape", {{"x", x}}, {{"start", 1}}},
      {"Shape", {{"x", x}}, {{"start", -2}, {"end", -1}}},
      {"Shape", {{"x", x}}, {{"start", -9}, {"end", 9}}},
      {"Size", {{"x", x}}},
      {"Size", {{"x", Random({})}}},
  });
}

TEST(ImportShape, Reshape) {
  const TestTensor x = Random({2, 3, 4});
  ExpectCases({
      {"Reshape", {{"x", x}, {"const_s", Int64s({2}, {6, 4})}}},
      {"Reshape", {{"x", x}, {"const_s", Int64s({3}, {0, -1, 2})}}},
      {"Reshape", {{"x", x}, {"const_s", Int64s({2}, {-1, 1})}}, {}, 7},
      {"Reshape", {{"x", x}, {"const_s", Int64s({2}, {4, 6})}}, {{"allowzero", 1}}},
      {"Reshape", {{"x", Random({1})}, {"const_s", Int64s({0}, {})}}},
      {"Reshape", {{"x", Bools({4}, {1, 0, 0, 1})}, {"const_s", Int64s({2}, {2, 2})}}},
      {"Flatten", {{"x", x}}},
      {"Flatten", {{"x", x}}, {{"axis", 0}}},
      {"Flatten", {{"x", x}}, {{"axis", -1}}},
      {"Flatten", {{"x", x}}, {{"axis", 3}}},
      {"Squeeze", {{"x", Random({1, 3, 1})}}, {{"axes", {0}}}, 11},
      {"Squeeze", {{"x", Random({1, 3, 1})}}, {}, 7},
      {"Squeeze", {{"x", Random({1, 3, 1})}, {"const_axes", Int64s({1}, {-1})}}},
      {"Squeeze", {{"x", Random({1, 3, 1})}}},
      {"Squeeze", {{"x", Random({1, 3, 1})}, {"const_axes", Int64s({0}, {})}}},
      {"Unsqueeze", {{"x", x}}, {{"axes", {0, 2}}}, 11},
      {"Unsqueeze", {{"x", x}, {"const_axes", Int64s({2}, {-1, 0})}}},
      {"Unsqueeze", {{"x", Random({})}, {"const_axes", Int64s({1}, {0})}}},
  });
}

TEST(ImportShape, TransposeExpandTileConcat) {
  const TestTensor x = Random({2, 3, 4});
  ExpectCases({
      {"Transpose", {{"x", x}}},
      {"Transpose", {{"x", x}}, {{"perm", {1, 2, 0}}}},
      {"Transpose", {{"x", x}}, {{"perm", {0, 1, 2}}}},
      {"Expand", {{"x", Random({3, 1})}, {"const_s", Int64s({3}, {2, 1, 4})}}},
      {"Expand", {{"x", Random({3, 4})}, {"const_s", Int64s({1}, {1})}}},
      {"Expand", {{"x", Random({})}, {"const_s", Int64s({2}, {2, 2})}}},
      {"Tile", {{"x", x}, {"const_r", Int64s({3}, {1, 2, 3})}}},
      {"Tile", {{"x", Int64s({2}, {3, 4})}, {"const_r", Int64s({1}, {3})}}},
      {"Concat", {{"a", x}, {"b", Random({2, 1, 4})}}, {{"axis", 1}}},
      {"Concat", {{"a", x}, {"const_b", Random({2, 3, 1})}, {"c", x}}, {{"axis", -1}}},
      {"Concat", {{"a", x}}, {{"axis", 0}}},
  });
}

TEST(ImportShape, Split) {
  const TestTensor x = Random({7, 4});
  ExpectCases({
      {"Split", {{"x", x}}, {{"axis", 1}}, 11, 2},
      {"Split", {{"x", x}}, {{"axis", 0}, {"split", {3, 4}}}, 11, 2},
      {"Split", {{"x", x}, {"const_s", Int64s({3}, {1, 2, 4})}}, {}, 13, 3},
      {"Split", {{"x", x}}, {{"axis", -1}}, 13, 4},
      {"Split", {{"x", x}}, {{"num_outputs", 3}}, 21, 3},
  });
}

TEST(ImportShape, Slice) {
  const TestTensor x = Random({5, 6});
  const auto bounds = [&](std::vector<int64_t> starts, std::vector<int64_t> ends,
                          std::vector<int64_t> axes, std::vector<int64_t> steps) {
    const auto list = [](const std::vector<int64_t>& values) {
      return Int64s({static_cast<int64_t>(values.size())}, values);
    };
    return NodeCase{"Slice",
                    {{"x", x},
                     {"const_starts", list(starts)},
                     {"const_ends", list(ends)},
                     {"const_axes", list(axes)},
                     {"const_steps", list(steps)}}};
  };
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  constexpr int64_t kBegin = std::numeric_limits<int64_t>::min();
  ExpectCases({
      {"Slice", {{"x", x}}, {{"starts", {1, 0}}, {"ends", {3, 100}}}, 9},
      {"Slice", {{"x", x}}, {{"starts", {-2}}, {"ends", {1000}}, {"axes", {1}}}, 7},
      bounds({1}, {4}, {0}, {1}),
      bounds({0, 1}, {kEnd, -1}, {0, 1}, {2, 3}),
      bounds({-1}, {kBegin}, {1}, {-1}),
      bounds({-1, 4}, {0, kBegin}, {1, 0}, {-2, -3}),
      bounds({100}, {1}, {1}, {-1}),
      bounds({2}, {3}, {0}, {kEnd}),
      bounds({4}, {kBegin}, {-2}, {kBegin + 1}),
      {"Slice",
       {{"x", x}, {"const_starts", Int32s({1}, {1})}, {"const_ends", Int32s({1}, {2})}},
       {},
       10},
  });
}

TEST(ImportShape, Pad) {
  const TestTensor x = Random({3, 4});
  const TestTensor pads = Int64s({4}, {1, 0, 2, 1});
  ExpectCases({
      {"Pad", {{"x", x}}, {{"pads", {1, 0, 2, 1}}, {"value", 0.5f}}, 7},
      {"Pad", {{"x", x}}, {{"pads", {1, 0, 2, 1}}, {"mode", "edge"}}, 7},
      {"Pad", {{"x", x}, {"const_pads", pads}}, {}, 11},
      {"Pad", {{"x", x}, {"const_pads", pads}, {"const_v", Floats({}, {2})}}, {}, 13},
      {"Pad", {{"x", x}, {"const_pads", pads}, {"v", Floats({}, {2})}}, {}, 13},
      {"Pad", {{"x", x}, {"const_pads", pads}}, {{"mode", "reflect"}}},
      {"Pad", {{"x", x}, {"const_pads", pads}}, {{"mode", "edge"}}},
      {"Pad", {{"x", x}, {"const_pads", pads}}, {{"mode", "wrap"}}},
      {"Pad", {{"x", x}, {"const_pads", Int64s({4}, {-1, 0, 2, -1})}}},
      {"Pad",
       {{"x", x}, {"const_pads", Int64s({2}, {1, 2})}, {"", {}}, {"const_a", Int64s({1}, {-1})}},
       {{"mode", "edge"}}},
      {"Pad", {{"x", Int64s({2}, {3, 4})}, {"const_pads", Int64s({2}, {1, 1})}}},
  });
}

TEST(ImportShape, CenterCropPad) {
  const TestTensor x = Random({5, 8, 3});
  ExpectCases({
      {"CenterCropPad", {{"x", x}, {"const_s", Int64s({3}, {2, 11, 3})}}},
      {"CenterCropPad", {{"x", x}, {"const_s", Int64s({2}, {8, 5})}}, {{"axes", {-3, 1}}}},
  });
}

TEST(ImportShape, Blocks) {
  ExpectCases({
      {"DepthToSpace", {{"x", Random({1, 8, 2, 3})}}, {{"blocksize", 2}}},
      {"DepthToSpace", {{"x", Random({2, 8, 2, 3})}}, {{"blocksize", 2}, {"mode", "CRD"}}},
      {"SpaceToDepth", {{"x", Random({1, 2, 4, 6})}}, {{"blocksize", 2}}},
      {"ReverseSequence",
       {{"x", Random({4, 3, 2})}, {"const_n", Int64s({3}, {1, 4, 2})}},
       {{"time_axis", 0}, {"batch_axis", 1}}},
      {"ReverseSequence",
       {{"x", Random({3, 4})}, {"n", Int64s({3}, {1, 4, 2})}},
       {{"time_axis", 1}, {"batch_axis", 0}}},
      {"ReverseSequence", {{"x", Random({4, 3})}, {"n", Int64s({3}, {4, 3, 0})}}},
  });
}

// Newer than ONNX Runtime: the block before or behind the channel.
TEST(ImportShape, SpaceToDepthModes) {
  const TestTensor x = Floats({1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const std::vector<std::pair<const char*, std::vector<float>>> modes = {
      {"DCR", {1, 5, 2, 6, 3, 7, 4, 8}}, {"CRD", {1, 2, 3, 4, 5, 6, 7, 8}}};
  for (const auto& [mode, expected] : modes) {
    const TestModel model =
        OneNode("SpaceToDepth", {{"x", x}}, {{"blocksize", 2}, {"mode", mode}}, 1, 28);
    const auto outputs = RunImported(model.Serialize(), {{"x", x}});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    EXPECT_EQ(outputs->at("y0").sizes, (std::vector<int64_t>{1, 8, 1, 1}));
    EXPECT_EQ(outputs->at("y0").Values<float>(), expected) << mode;
  }
}

TEST(ImportShape, Col2Im) {
  const std::vector<NodeCase> nodes = {
      {"Col2Im",
       {{"x", Random({1, 5, 5})},
        {"const_image", Int64s({2}, {5, 5})},
        {"const_block", Int64s({2}, {1, 5})}}},
      {"Col2Im",
       {{"x", Random({1, 9, 4})},
        {"const_image", Int64s({2}, {5, 5})},
        {"const_block", Int64s({2}, {3, 3})}},
       {{"strides", {2, 2}}}},
      {"Col2Im",
       {{"x", Random({2, 8, 6})},
        {"const_image", Int64s({2}, {6, 6})},
        {"const_block", Int64s({2}, {2, 2})}},
       {{"strides", {3, 2}}, {"dilations", {2, 3}}, {"pads", {1, 0, 2, 1}}}},
      {"Col2Im",
       {{"x", Random({1, 10, 12})},
        {"const_image", Int64s({3}, {3, 4, 5})},
        {"const_block", Int64s({3}, {1, 1, 5})}}},
  };
  for (const NodeCase& node : nodes) ExpectCase(node);
}

TEST(ImportShape, Constants) {
  const std::vector<int64_t> ints = {1, -2, 3};
  ExpectCases({
      {"Constant", {}, {{"value", TestAttribute::Value(Floats({2}, {1, 2}))}}},
      {"Constant", {}, {{"value_int", 7}}},
      {"Constant", {}, {{"value_ints", TestAttribute::Value(ints)}}},
      {"Constant", {}, {{"value_float", 0.5f}}},
      {"Constant", {}, {{"value_floats", TestAttribute::Value(std::vector<float>{1, 2})}}},
      {"ConstantOfShape", {{"const_s", Int64s({2}, {2, 3})}}},
      {"ConstantOfShape", {{"const_s", Int64s({0}, {})}}},
      {"EyeLike", {{"x", Random({3, 4})}}},
      {"EyeLike", {{"x", Random({3, 4})}}, {{"k", -1}, {"dtype", TensorProto::INT32}}},
      {"EyeLike", {{"x", Random({3, 4})}}, {{"k", 9}, {"dtype", TensorProto::INT64}}},
      {"Range",
       {{"const_a", Int64s({}, {1})}, {"const_b", Int64s({}, {10})}, {"const_c", Int64s({}, {3})}}},
      {"Range",
       {{"const_a", Int32s({}, {5})},
        {"const_b", Int32s({}, {-6})},
        {"const_c", Int32s({}, {-2})}}},
      {"Range",
       {{"const_a", Floats({}, {0})},
        {"const_b", Floats({}, {1})},
        {"const_c", Floats({}, {0.1f})}}},
  });
}

// What is made with a type that WebNN lacks is narrowed like a weight.
TEST(ImportShape, NarrowConstants) {
  TestModel model;
  model.Input("x", Random({3, 4})).Output("y");
  model.Node("EyeLike", {"x"}, {"y"}, {{"dtype", TensorProto::DOUBLE}});
  ExpectSameAsOnnxRuntime(model, {{"x", Random({3, 4})}}, 0, {.narrow = true});
}

// A large constant of one number stays a number, and a large weight is moved by the graph.
TEST(ImportShape, LargeConstantsAreLeftToTheGraph) {
  const NodeCase filled = {"ConstantOfShape",
                           {{"const_s", Int64s({2}, {600, 700})}},
                           {{"value", TestAttribute::Value(Int64s({1}, {-4}))}}};
  const NodeCase turned = {"Transpose", {{"const_x", Random({600, 700})}}};
  for (const auto& [node, op] : {std::pair(filled, "expand("), std::pair(turned, "transpose(")}) {
    ExpectCase(node);
    const auto graph = GraphOf(OneNode(node.op, node.inputs, node.attributes));
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_NE(graph->ToText().find(op), std::string::npos) << graph->ToText();
  }
}

// Shape arithmetic that leads through a tensor without elements.
TEST(ImportShape, EmptyTensors) {
  TestModel model;
  model.Input("x", Random({2, 3}));
  model.Weight("none", Int64s({1}, {0})).Weight("one", Int64s({1}, {1}));
  model.Weight("two", Int64s({1}, {2})).Weight("repeats", Int64s({2}, {0, 4}));
  model.Node("Slice", {"x", "one", "one", "none"}, {"empty"});               // [0, 3]
  model.Node("Concat", {"empty", "x", "empty"}, {"joined"}, {{"axis", 0}});  // x
  model.Node("Tile", {"x", "repeats"}, {"tiled"});                           // [0, 12]
  model.Node("Shape", {"tiled"}, {"shape"});                                 // [0, 12]
  model.Node("Shape", {"empty"}, {"empty_shape"});                           // [0, 3]
  model.Node("ConstantOfShape", {"empty_shape"}, {"zeros"});                 // [0, 3]
  model.Node("ReduceSum", {"zeros", "none"}, {"sum"}, {{"keepdims", 0}});    // [3]
  model.Node("Gather", {"shape", "one"}, {"twelve"});
  model.Node("Transpose", {"empty"}, {"turned"});                       // [3, 0]
  model.Node("Concat", {"turned", "turned"}, {"wide"}, {{"axis", 1}});  // [3, 0]
  model.Node("Size", {"wide"}, {"nothing"});
  for (const char* name : {"joined", "shape", "sum", "twelve", "nothing"}) model.Output(name);
  ExpectSameAsOnnxRuntime(model, {{"x", Random({2, 3})}});
}

TEST(ImportShape, Refusals) {
  const TestTensor x = Random({2, 3});
  const TestTensor two = Int64s({2}, {3, 2});
  ExpectRefused(OneNode("Reshape", {{"x", x}, {"shape", two}}), "Reshape",
                "`shape` is computed at run time");
  ExpectRefused(OneNode("Tile", {{"x", x}, {"r", two}}), "Tile", "`repeats`");
  ExpectRefused(
      OneNode("Range",
              {{"a", Int64s({}, {1})}, {"const_b", Int64s({}, {3})}, {"const_c", Int64s({}, {1})}}),
      "Range", "`start`");
  ExpectRefused(OneNode("Constant", {}, {{"value_string", "text"}}), "Constant", "strings");
}

TEST(ImportShape, Invalid) {
  const TestTensor x = Random({2, 3});
  const auto invalid = [&](const std::string& op,
                           std::vector<std::pair<std::string, TestTensor>> more,
                           Attributes attributes, std::string_view part, int opset = 21) {
    SCOPED_TRACE(op);
    more.insert(more.begin(), {"x", x});
    ExpectInvalid(OneNode(op, more, attributes, 1, opset).Serialize(), part);
  };
  invalid("Reshape", {{"const_s", Int64s({2}, {4, 2})}}, {}, "cannot be reshaped to [4, 2]");
  invalid("Reshape", {{"const_s", Int64s({2}, {-1, -1})}}, {}, "cannot be reshaped to [-1, -1]");
  invalid("Reshape", {{"const_s", Int64s({2}, {-2, 3})}}, {}, "cannot be reshaped");
  invalid("Reshape", {{"const_s", Int64s({3}, {2, 3, 0})}}, {}, "cannot be reshaped");
  invalid("Flatten", {}, {{"axis", 3}}, "`axis` is 3");
  invalid("Squeeze", {{"const_axes", Int64s({1}, {1})}}, {}, "axis 1 has size 3");
  invalid("Unsqueeze", {{"const_axes", Int64s({1}, {5})}}, {}, "axis 5 is not in");
  invalid("Transpose", {}, {{"perm", {0, 0}}}, "axis 0 is listed twice");
  invalid("Transpose", {}, {{"perm", {0}}}, "no permutation");
  invalid("Expand", {{"const_s", Int64s({2}, {2, 2})}}, {}, "cannot be broadcast");
  invalid("Expand", {{"const_s", Int64s({2}, {2, -3})}}, {}, "cannot be broadcast");
  invalid("Tile", {{"const_r", Int64s({2}, {1, -1})}}, {}, "`repeats` is [1, -1]");
  invalid("Tile", {{"const_r", Int64s({2}, {1, int64_t{1} << 62})}}, {}, "repeated");
  invalid("Concat", {{"b", Random({2, 3, 1})}}, {{"axis", 0}}, "does not go with");
  invalid("Concat", {}, {}, "`axis` is missing");
  invalid("Split", {{"const_s", Int64s({1}, {1})}}, {}, "`split` is [1]");
  invalid("Split", {{"const_s", Int64s({2}, {-1, 3})}}, {}, "`split` is [-1, 3]");
  invalid("Split", {{"const_s", Int64s({2}, {3, std::numeric_limits<int64_t>::max()})}}, {},
          "for 1 outputs and axis 0 of size 2");
  invalid("Slice", {}, {{"starts", {0, 0}}, {"ends", {1}}}, "differ in their lengths", 9);
  invalid("Pad", {{"const_p", Int64s({1}, {1})}}, {}, "`pads` has 1 elements");
  invalid("Pad", {{"const_p", Int64s({4}, {-2, 0, -1, 0})}}, {}, "are dropped from axis 0");
  invalid("Pad", {{"const_p", Int64s({4}, {0, 0, 0, 0})}}, {{"mode", "odd"}}, "`mode` is \"odd\"");
  invalid("DepthToSpace", {}, {{"blocksize", 2}}, "rank");
  invalid("EyeLike", {}, {{"k", 1.0f}}, "attribute \"k\"");
}

// Results far larger than any machine's memory are errors, not allocations.
TEST(ImportShape, HugeResults) {
  const TestTensor x = Floats({}, {1});
  const int64_t huge = int64_t{1} << 40;
  const auto one = [](int64_t value) { return Int64s({}, {value}); };
  ExpectRefused(OneNode("Expand", {{"x", x}, {"const_s", Int64s({1}, {huge})}}), "Expand",
                "more elements than WebNN's limit");
  ExpectRefused(OneNode("ConstantOfShape", {{"const_s", Int64s({2}, {huge, 2})}}),
                "ConstantOfShape", "more elements than WebNN's limit");
  ExpectInvalid(OneNode("ConstantOfShape", {{"const_s", Int64s({2}, {huge, huge})}}).Serialize(),
                "the result would have the shape");
  ExpectInvalid(OneNode("ConstantOfShape", {{"const_s", Int64s({1}, {-1})}}).Serialize(),
                "the result would have the shape");
  ExpectRefused(
      OneNode("Range", {{"const_a", one(0)}, {"const_b", one(huge)}, {"const_c", one(1)}}), "Range",
      "is larger than 64 MiB");
  ExpectRefused(OneNode("Tile", {{"const_x", Floats({1}, {1})}, {"const_r", Int64s({1}, {huge})}}),
                "Tile", "more elements");
  ExpectRefused(OneNode("Pad", {{"x", Random({2})}, {"const_p", Int64s({2}, {0, huge})}}), "Pad",
                "more elements");
  ExpectInvalid(
      OneNode("Pad", {{"x", Random({2})}, {"const_p", Int64s({2}, {0, huge})}}, {{"mode", "wrap"}})
          .Serialize(),
      "axis 0 would be too large");
}

// Many small nodes cannot make more together than one may.
TEST(ImportShape, ManyLargeResults) {
  TestModel model;
  model.Weight("sizes", Int64s({1}, {1 << 20}));
  std::vector<std::string> results;
  for (int i = 0; i < 520; ++i) {
    results.push_back("r" + std::to_string(i));
    model.Node("ConstantOfShape", {"sizes"}, {results.back()},
               {{"value", TestAttribute::Value(Bools({1}, {1}))}});
  }
  model.Node("Concat", results, {"y"}, {{"axis", 0}});
  model.Output("y");
  ExpectRefused(model, "ConstantOfShape", "what is computed at import comes to more than");
}

}  // namespace
}  // namespace webnn::onnx_test
