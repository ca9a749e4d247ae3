#include "cli/limits.h"

#include "gtest/gtest.h"
#include "webnn/graph_builder.h"

namespace webnn::cli {
namespace {

GraphDefinition Model() {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kInt64, {2, 3}).value();
  return builder.Finish({{"y", builder.Abs({x, "mine"}).value()}}).value();
}

TEST(RefusedByTest, NothingIsBeyondTheSpecification) {
  EXPECT_TRUE(RefusedBy(SpecificationLimits(), *Model().data()).empty());
}

TEST(RefusedByTest, NamesTypesAndRanks) {
  ContextLimits limits = SpecificationLimits();
  OpLimits& abs = limits.ops[IndexOf(*FindOp("abs"))];
  abs.fields[0].data_types = {DataType::kFloat32};
  abs.outputs[0].rank_range.max = 1;
  limits.input.rank_range = {3, 4};
  const auto refusals = RefusedBy(limits, *Model().data());
  ASSERT_EQ(refusals.size(), 3u);
  EXPECT_EQ(refusals[0].node, "input \"x\"");
  EXPECT_EQ(refusals[0].reason, "rank 2 is not 3 to 4");
  EXPECT_EQ(refusals[1].node, "abs \"mine\"");
  EXPECT_EQ(refusals[1].operand, "input");
  EXPECT_EQ(refusals[1].reason, "int64 is not among float32");
  EXPECT_EQ(refusals[2].operand, "output");
}

}  // namespace
}  // namespace webnn::cli
