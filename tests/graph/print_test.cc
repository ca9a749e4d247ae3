#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "webnn/graph_builder.h"

namespace webnn {
namespace {

using testing::HasSubstr;
using testing::Not;

// Ids count inputs, constants and results in the order of building, also those that are dropped.
GraphDefinition Small() {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2, 3}).value();  // %0
  (void)builder.Input("unused", DataType::kFloat32, {2}).value();            // %1
  const Operand c = builder.Constant<float>({3}, {1, 2, 3}).value();         // %2
  (void)builder.Constant(DataType::kFloat32, 1).value();                     // %3
  const Operand sum = builder.Add({.a = x, .b = c}).value();                 // %4
  const Operand soft =
      builder.Softmax({.input = sum, .axis = 1, .label = "soft \"max\""}).value();         // %5
  (void)builder.Relu({.input = soft}).value();                                             // %6
  const std::vector<Operand> rows = builder.Split({.input = soft, .splits = 2u}).value();  // %7 %8
  const Operand mean =
      builder.ReduceMean({.input = rows[1], .axes = {{1}}, .keep_dimensions = true}).value();
  const Operand scaled =
      builder.Gemm({.a = mean, .b = mean, .c = mean, .alpha = 0.5, .a_transpose = true}).value();
  return builder.Finish({{"scaled", scaled}, {"first", rows[0]}, {"again", rows[0]}}).value();
}

TEST(PrintTest, ToText) {
  EXPECT_EQ(Small().ToText(), R"(%0 float32[2, 3] = input("x")
%2 float32[3] = constant(12 bytes)
%4 float32[2, 3] = add(%0, %2)
%5 float32[2, 3] = softmax(%4, axis=1) "soft \"max\""
%7 float32[1, 3], %8 float32[1, 3] = split(%5, splits=2)
%9 float32[1, 1] = reduceMean(%8, axes=[1], keepDimensions=true)
%10 float32[1, 1] = gemm(%9, %9, c=%9, alpha=0.5, aTranspose=true)
output("scaled") = %10
output("first") = %7
output("again") = %7
)");
}

TEST(PrintTest, ToDot) {
  EXPECT_EQ(Small().ToDot(), R"(digraph webnn {
  node [shape=box, style=rounded, fontname="sans-serif"];
  edge [fontname="sans-serif", fontsize=10];
  v0 [label="x", shape=ellipse];
  n0 [label="add"];
  v0 -> n0 [label="a float32[2, 3]"];
  c2 [label="constant", shape=plain];
  c2 -> n0 [label="b float32[3]"];
  n1 [label="softmax\nsoft \"max\""];
  n0 -> n1 [label="input float32[2, 3]"];
  n3 [label="split"];
  n1 -> n3 [label="input float32[2, 3]"];
  n4 [label="reduceMean"];
  n3 -> n4 [label="input float32[1, 3]"];
  n5 [label="gemm"];
  n4 -> n5 [label="a float32[1, 1]"];
  n4 -> n5 [label="b float32[1, 1]"];
  n4 -> n5 [label="c float32[1, 1]"];
  o0 [label="scaled", shape=ellipse];
  n5 -> o0 [label="float32[1, 1]"];
  o1 [label="first", shape=ellipse];
  n3 -> o1 [label="float32[1, 3]"];
  o2 [label="again", shape=ellipse];
  n3 -> o2 [label="float32[1, 3]"];
}
)");
}

TEST(PrintTest, IdsAreTheBuilders) {
  GraphBuilder builder;
  (void)builder.Input("unused", DataType::kFloat32, {1}).value();
  const Operand x = builder.Input("x", DataType::kFloat32, {1}).value();
  (void)builder.Neg({.input = x}).value();
  const Operand y = builder.Abs({.input = x}).value();
  const std::string text = builder.Finish({{"y", y}})->ToText();
  EXPECT_THAT(text, HasSubstr("%" + std::to_string(y.id) + " float32[1] = abs(%" +
                              std::to_string(x.id) + ")"));
}

TEST(PrintTest, NamesAndLabelsCannotForgeLines) {
  GraphBuilder builder;
  const Operand x = builder.Input("x\n%9 \"\\", DataType::kFloat32, {1}).value();
  const Operand y = builder.Abs({.input = x, .label = "a\r\u202eb\x1b[2J"}).value();
  const GraphDefinition graph = builder.Finish({{"y\u2066", y}}).value();
  EXPECT_EQ(graph.ToText(),
            "%0 float32[1] = input(\"x\\n%9 \\\"\\\\\")\n"
            "%1 float32[1] = abs(%0) \"a\\x0d\\u202eb\\x1b[2J\"\n"
            "output(\"y\\u2066\") = %1\n");
  EXPECT_THAT(graph.ToDot(), HasSubstr("label=\"x\\n%9 \\\"\\\\\""));
  EXPECT_THAT(graph.ToDot(), Not(HasSubstr("\u202e")));
}

}  // namespace
}  // namespace webnn
