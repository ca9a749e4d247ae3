#include "graph/subgraph.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "webnn/graph_builder.h"

namespace webnn {
namespace {

class SubgraphTest : public testing::Test {
 protected:
  GraphBuilder builder_;
  const Operand x_ = builder_.Input("x", DataType::kFloat32, {2}).value();
  const Operand z_ = builder_.Input("z", DataType::kFloat32, {2}).value();
  const Operand c_ = builder_.Constant<float>({2}, {1, 2}).value();
  const Operand sum_ = builder_.Add({x_, c_}).value();
  const Operand product_ = builder_.Mul({sum_, z_}).value();
  const GraphDefinition whole_ = builder_.Finish({{"y", product_}}).value();
};

TEST_F(SubgraphTest, NeedsOnlyWhatTheOutputsReach) {
  const GraphDefinition part = WithOutputs(whole_, {{"sum", sum_.id}});
  EXPECT_EQ(part.ToText(),
            "%0 float32[2] = input(\"x\")\n"
            "%2 float32[2] = constant(8 bytes)\n"
            "%3 float32[2] = add(%0, %2)\n"
            "output(\"sum\") = %3\n");
  EXPECT_EQ(part.operator_count(), 1u);
  ASSERT_EQ(part.inputs().size(), 1u);
  EXPECT_EQ(part.inputs()[0].name, "x");
}

TEST_F(SubgraphTest, KeepsTheWholeGraphAsItIs) {
  const std::string before = whole_.ToText();
  WithOutputs(whole_, {{"sum", sum_.id}});
  EXPECT_EQ(whole_.ToText(), before);
}

TEST_F(SubgraphTest, TakesSeveralOutputs) {
  const GraphDefinition both = WithOutputs(whole_, {{"sum", sum_.id}, {"y", product_.id}});
  EXPECT_EQ(both.operator_count(), 2u);
  EXPECT_EQ(both.outputs().size(), 2u);
  EXPECT_EQ(both.inputs().size(), 2u);
}

}  // namespace
}  // namespace webnn
