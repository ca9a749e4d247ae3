#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/onnx/import/node_case.h"

namespace webnn::onnx_test {
namespace {

TEST(ImportIndexing, Gather) {
  const TestTensor x = Random({4, 5, 3});
  ExpectCases({
      {"Gather", {{"x", x}, {"i", Int64s({2}, {3, -1})}}, {}, 12},
      {"Gather", {{"x", x}, {"const_i", Int64s({}, {-2})}}, {{"axis", 1}}},
      {"Gather", {{"x", x}, {"const_i", Int32s({2, 2}, {0, 2, 4, 1})}}, {{"axis", -2}}},
      {"Gather", {{"x", x}, {"const_i", Int64s({3}, {0, 1, 2})}}, {{"axis", 0}}},
      {"Gather", {{"x", Bools({3}, {1, 0, 1})}, {"i", Int32s({2}, {2, 1})}}},
      {"GatherElements", {{"x", x}, {"i", Int64s({1, 1, 2}, {2, -1})}}, {{"axis", 2}}},
      {"GatherElements",
       {{"x", Random({2, 3})}, {"i", Int32s({2, 3}, {0, 1, -1, 1, 0, 0})}},
       {{"axis", 0}}},
      {"GatherND", {{"x", x}, {"i", Int64s({2, 2}, {0, 1, -1, 4})}}},
      {"GatherND", {{"x", x}, {"i", Int64s({1, 2, 3}, {0, 1, 2, 3, -5, 0})}}},
      {"GatherND", {{"x", x}, {"i", Int64s({4, 1}, {0, 1, -1, 4})}}, {{"batch_dims", 1}}},
      {"GatherND",
       {{"x", Random({2, 2, 3, 2})}, {"i", Int64s({2, 2, 2, 1}, {0, 1, 2, 1, 0, 0, -1, -2})}},
       {{"batch_dims", 2}}},
  });
}

TEST(ImportIndexing, Scatter) {
  const TestTensor x = Random({4, 3});
  const TestTensor i = Int64s({2, 3}, {1, 0, 2, 0, -1, 1});
  const TestTensor u = Random({2, 3}, TensorProto::FLOAT, 2, 3);
  ExpectCases({
      {"Scatter", {{"x", x}, {"i", i}, {"u", u}}, {}, 10},
      {"ScatterElements", {{"x", x}, {"i", i}, {"u", u}}},
      {"ScatterElements",
       {{"x", x}, {"i", Int64s({1, 2}, {1, 0})}, {"u", Random({1, 2})}},
       {{"axis", 1}}},
      {"ScatterElements",
       {{"x", x}, {"const_i", Int32s({1, 2}, {-3, 2})}, {"u", Random({1, 2})}},
       {{"axis", 0}}},
      {"ScatterND", {{"x", x}, {"i", Int64s({2, 1}, {3, -3})}, {"u", u}}},
      {"ScatterND", {{"x", x}, {"i", Int64s({1, 2, 2}, {3, -3, 0, 1})}, {"u", Random({1, 2})}}},
      {"ScatterND",
       {{"x", Bools({3}, {0, 0, 0})}, {"i", Int64s({1, 1}, {1})}, {"u", Bools({1}, {1})}}},
  });
}

TEST(ImportIndexing, ScatterReductionsOfBool) {
  const TestTensor x = Bools({4}, {0, 1, 1, 0});
  const TestTensor i = Int64s({3}, {1, 1, 3});
  const TestTensor u = Bools({3}, {1, 0, 1});
  for (const char* reduction : {"add", "mul"}) {
    ExpectCases(
        {{"ScatterElements", {{"x", x}, {"i", i}, {"u", u}}, {{"reduction", reduction}}, 18}});
  }
}

// Several updates may come to one element.
TEST(ImportIndexing, ScatterReductions) {
  const TestTensor x = Random({4, 3});
  for (const char* reduction : {"add", "mul", "max", "min"}) {
    SCOPED_TRACE(reduction);
    const TestTensor u = Random({2, 3}, TensorProto::FLOAT, -2, 2, 7);
    ExpectCases({
        {"ScatterElements",
         {{"x", x}, {"i", Int64s({2, 3}, {1, 0, 2, 1, -4, 1})}, {"u", u}},
         {{"reduction", reduction}},
         18},
        {"ScatterElements",
         {{"x", x}, {"const_i", Int64s({2, 3}, {1, 0, 2, 1, -4, 1})}, {"u", u}},
         {{"reduction", reduction}},
         18},
        {"ScatterND",
         {{"x", x}, {"i", Int64s({2, 1}, {1, -3})}, {"u", u}},
         {{"reduction", reduction}},
         18},
        {"ScatterND",
         {{"x", x}, {"const_i", Int64s({2, 1}, {1, -3})}, {"u", u}},
         {{"reduction", reduction}},
         18},
        {"ScatterND",
         {{"x", x}, {"i", Int64s({2, 2}, {1, 2, -3, -1})}, {"u", Random({2})}},
         {{"reduction", reduction}},
         18},
    });
  }
}

// A cache of [2, 4, 1], from whose places 3 and 1 on two steps are written.
TEST(ImportIndexing, TensorScatter) {
  const TestTensor cache = Floats({2, 4, 1}, {1, 2, 3, 4, 5, 6, 7, 8});
  const TestTensor update = Floats({2, 2, 1}, {-1, -2, -3, -4});
  const auto run = [&](std::vector<std::pair<std::string, TestTensor>> inputs, const char* mode) {
    const TestModel model = OneNode("TensorScatter", inputs, {{"mode", mode}}, 1, 24);
    auto outputs = RunImported(model.Serialize(), TestTensors(inputs.begin(), inputs.end()));
    EXPECT_TRUE(outputs.ok()) << outputs.error().message;
    return outputs.ok() ? outputs->at("y0").Values<float>() : std::vector<float>();
  };
  EXPECT_EQ(run({{"c", cache}, {"u", update}, {"i", Int64s({2}, {3, 1})}}, "circular"),
            (std::vector<float>{-2, 2, 3, -1, 5, -3, -4, 8}));
  EXPECT_EQ(run({{"c", cache}, {"u", update}, {"i", Int64s({2}, {2, 0})}}, "linear"),
            (std::vector<float>{1, 2, -1, -2, -3, -4, 7, 8}));
  EXPECT_EQ(run({{"c", cache}, {"u", update}}, "linear"),
            (std::vector<float>{-1, -2, 3, 4, -3, -4, 7, 8}));
}

TEST(ImportIndexing, OneHot) {
  const TestTensor values = Floats({2}, {-1, 5});
  const TestTensor depth = Int64s({1}, {4});
  const TestTensor i = Int64s({2, 3}, {0, 3, -1, 7, -4, -5});
  ExpectCases({
      {"OneHot", {{"i", i}, {"const_d", depth}, {"const_v", values}}},
      {"OneHot", {{"i", i}, {"const_d", depth}, {"v", values}}, {{"axis", 0}}},
      {"OneHot",
       {{"i", i}, {"const_d", Int64s({}, {4})}, {"const_v", Int64s({2}, {0, 1})}},
       {{"axis", 1}}},
      {"OneHot", {{"i", Floats({2}, {1, 2})}, {"const_d", Floats({}, {3})}, {"const_v", values}}},
  });
}

TEST(ImportIndexing, Trilu) {
  const TestTensor x = Random({2, 4, 3});
  const auto k = [](int64_t diagonal) { return Int64s({}, {diagonal}); };
  ExpectCases({
      {"Trilu", {{"x", x}}},
      {"Trilu", {{"x", x}}, {{"upper", 0}}},
      {"Trilu", {{"x", x}, {"const_k", k(1)}}},
      {"Trilu", {{"x", x}, {"const_k", k(-1)}}, {{"upper", 0}}},
      {"Trilu", {{"x", x}, {"const_k", k(std::numeric_limits<int64_t>::max())}}},
      {"Trilu", {{"x", x}, {"const_k", k(-9)}}, {{"upper", 0}}},
      {"Trilu", {{"x", Random({3, 3}, TensorProto::INT64, -9, 9)}}},
  });
}

TEST(ImportIndexing, TopK) {
  const TestTensor x = Random({3, 5, 4});
  const TestTensor ties = Int64s({2, 6}, {1, 3, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0});
  const TestTensor infinite = Floats({5}, {-INFINITY, 1, -INFINITY, INFINITY, -INFINITY});
  const auto k = [](int64_t count) { return Int64s({1}, {count}); };
  ExpectCases({
      {"TopK", {{"x", x}}, {{"k", 2}}, 9, 2},
      {"TopK", {{"x", x}, {"const_k", k(3)}}, {{"axis", 1}}, 10, 2},
      {"TopK", {{"x", x}, {"const_k", k(3)}}, {{"axis", 0}, {"largest", 0}}, 21, 2},
      {"TopK", {{"x", ties}, {"const_k", k(4)}}, {}, 21, 2},
      {"TopK", {{"x", ties}, {"const_k", k(4)}}, {{"largest", 0}}, 21, 2},
      {"TopK", {{"x", infinite}, {"const_k", k(5)}}, {}, 21, 2},
      // Too long to compare every pair.
      {"TopK", {{"x", Random({3000})}, {"const_k", k(7)}}, {}, 21, 2},
      {"TopK",
       {{"x", Random({2, 3000}, TensorProto::INT32, 0, 9)}, {"const_k", k(9)}},
       {{"largest", 0}},
       21,
       2},
      {"TopK", {{"x", Random({2, 3000}, TensorProto::UINT8, 0, 3)}, {"const_k", k(5)}}, {}, 21, 2},
  });
}

TEST(ImportIndexing, Select) {
  const TestTensor x = Random({3, 4});
  ExpectCases({
      {"Compress", {{"x", x}, {"const_c", Bools({3}, {1, 0, 1})}}, {{"axis", 0}}},
      {"Compress", {{"x", x}, {"const_c", Bools({2}, {0, 1})}}, {{"axis", -1}}},
      {"Compress", {{"x", x}, {"const_c", Bools({5}, {0, 1, 1, 1, 1})}}, {{"axis", 0}}},
      {"Compress", {{"x", x}, {"const_c", Bools({7}, {0, 1, 1, 0, 0, 0, 1})}}},
      {"NonZero", {{"const_x", Int64s({2, 3}, {0, 1, 2, 0, 0, -1})}}},
      {"NonZero", {{"const_x", Floats({3}, {0, 1, 2})}}},
      {"NonZero", {{"const_x", Bools({}, {1})}}},
      {"Unique", {{"const_x", Floats({6}, {2, 1, 1, 3, 4, 3})}}, {}, 21, 4},
      {"Unique", {{"const_x", Floats({6}, {2, 1, 1, 3, 4, 3})}}, {{"sorted", 0}}, 21, 4},
      {"Unique",
       {{"const_x", Int64s({4, 3}, {1, 0, 0, 1, 0, 0, 2, 3, 4, 0, 0, 1})}},
       {{"axis", 0}},
       21,
       4},
      {"Unique",
       {{"const_x", Int64s({2, 4}, {1, 0, 1, 0, 5, 2, 5, 3})}},
       {{"axis", 1}, {"sorted", 0}},
       21,
       4},
  });
}

TEST(ImportIndexing, Refusals) {
  const TestTensor x = Random({3, 4});
  ExpectRefused(OneNode("NonZero", {{"x", x}}), "NonZero", "depends on `X`");
  ExpectRefused(OneNode("Unique", {{"x", x}}), "Unique", "depends on `X`");
  ExpectRefused(OneNode("Compress", {{"x", x}, {"c", Bools({2}, {1, 0})}}), "Compress",
                "depends on `condition`");
  ExpectRefused(OneNode("TopK", {{"x", x}, {"k", Int64s({1}, {1})}}, {}, 2), "TopK",
                "`K` is computed at run time");
  ExpectRefused(OneNode("TopK", {{"x", Random({100'000})}, {"const_k", Int64s({1}, {600})}}, {}, 2),
                "TopK", "WebNN has no sorting");
  ExpectRefused(
      OneNode("OneHot",
              {{"i", Int64s({1}, {1})}, {"d", Int64s({1}, {3})}, {"const_v", Floats({2}, {0, 1})}}),
      "OneHot", "`depth` is computed at run time");
  ExpectRefused(
      OneNode("ScatterND",
              {{"x", x}, {"i", Random({100, 2}, TensorProto::INT64, 0, 2)}, {"u", Random({100})}},
              {{"reduction", "add"}}),
      "ScatterND", "the 100 updates, whose indices are computed at run time");
}

// Lists of all places of an axis are limited, whatever sizes a file declares.
TEST(ImportIndexing, HugeAxes) {
  constexpr int64_t kHuge = 0x7fffffff;
  const auto refused = [&](const std::string& op, const std::vector<std::string>& inputs,
                           const std::vector<TestAttribute>& attributes) {
    TestModel model;
    model.Input("x", TensorProto::FLOAT, {kHuge});
    model.Input("i", TensorProto::INT64, {1}).Input("lists", TensorProto::INT64, {kHuge / 8});
    model.Input("u", TensorProto::FLOAT, {kHuge / 8});
    model.Weight("one", Int64s({1}, {1})).Weight("depth", Int64s({}, {kHuge}));
    model.Weight("values", Floats({2}, {0, 1}));
    model.Node(op, inputs, {"y"}, attributes);
    model.Output("y");
    ExpectRefused(model, op, "is larger than 64 MiB");
  };
  refused("TopK", {"x", "one"}, {});
  refused("OneHot", {"i", "depth", "values"}, {});
  refused("ScatterElements", {"x", "lists", "u"}, {{"reduction", "add"}});
}

TEST(ImportIndexing, Invalid) {
  const TestTensor x = Random({3, 4});
  const auto invalid = [&](const std::string& op,
                           std::vector<std::pair<std::string, TestTensor>> more,
                           const std::vector<TestAttribute>& attributes, std::string_view part) {
    SCOPED_TRACE(op);
    more.insert(more.begin(), {"x", x});
    ExpectInvalid(OneNode(op, more, attributes).Serialize(), part);
  };
  invalid("Gather", {{"const_i", Int64s({1}, {3})}}, {}, "the index 3 is not in [-3, 3)");
  invalid("Gather", {{"const_i", Int64s({1}, {0})}}, {{"axis", 2}}, "axis 2 is not in");
  invalid("GatherElements", {{"const_i", Int64s({1}, {0})}}, {}, "indices of shape [1]");
  invalid("GatherElements", {{"const_i", Int64s({1, 1}, {-4})}}, {}, "the index -4");
  invalid("GatherND", {{"const_i", Int64s({1, 2}, {0, 4})}}, {}, "the index 4");
  invalid("GatherND", {{"const_i", Int64s({1, 3}, {0, 0, 0})}}, {}, "indices of shape [1, 3]");
  invalid("GatherND", {{"i", Int64s({1, 1}, {0})}}, {{"batch_dims", 1}}, "`batch_dims` 1");
  invalid("ScatterND", {{"i", Int64s({1, 1}, {0})}, {"u", Random({4})}}, {}, "`updates`");
  invalid("ScatterElements", {{"i", Int64s({1, 1}, {0})}, {"u", Random({1})}}, {}, "`updates`");
  invalid("ScatterElements", {{"i", Int64s({1, 1}, {0})}, {"u", Random({1, 1})}},
          {{"reduction", "sum"}}, "`reduction` is \"sum\"");
  invalid("TopK", {{"const_k", Int64s({1}, {5})}}, {}, "`K` is 5; axis 1 has size 4");
}

}  // namespace
}  // namespace webnn::onnx_test
