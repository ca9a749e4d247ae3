#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/ops/calls.h"

/// Types and shapes of outputs: those of examples.json, and the few that need more than a line.
namespace webnn::ops_test {
namespace {

class Example : public testing::TestWithParam<CallCase> {};

TEST_P(Example, HasTheOutputs) {
  const CallCase& call = GetParam();
  const OpSchema* schema = FindOp(call.op);
  ASSERT_NE(schema, nullptr);
  GraphBuilder builder;
  const auto outputs = Call(builder, *schema, MakeFields(builder, call));
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  Json found = Json::array();
  for (Operand output : *outputs) found.push_back(Describe(*builder.Describe(output)));
  EXPECT_EQ(found, call.outputs);
}

INSTANTIATE_TEST_SUITE_P(Ops, Example, testing::ValuesIn(Examples()),
                         [](const auto& info) { return TestName(info.param.op, info.param.name); });

TEST(Examples, EveryOperatorHasOneWithAllOperands) {
  for (const OpSchema* schema : AllOps()) {
    const CallCase& call = FirstExample(schema->name);
    for (const OpField& field : schema->fields) {
      EXPECT_EQ(call.operands.contains(std::string(field.name)), field.is_operand)
          << schema->name << " " << field.name;
    }
  }
}

OperandDescriptor Descriptor(DataType type, Shape shape) {
  return OperandDescriptor::Create(type, std::move(shape)).value();
}

TEST(InferConcat, TakesUpTo8192Inputs) {
  GraphBuilder builder;
  const Operand input = MakeInput(builder, Descriptor(DataType::kInt8, {2, 3}));
  const auto most = builder.Concat({.inputs = std::vector<Operand>(8192, input), .axis = 1});
  ASSERT_TRUE(most.ok()) << most.error().message;
  EXPECT_EQ(builder.Describe(*most)->shape(), (Shape{2, 3 * 8192}));
  const auto more = builder.Concat({.inputs = std::vector<Operand>(8193, input), .axis = 1});
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().rule, "inputs-count");
}

TEST(InferSplit, GivesUpTo8192Outputs) {
  GraphBuilder builder;
  const Operand input = MakeInput(builder, Descriptor(DataType::kInt8, {2, 8192}));
  const auto most = builder.Split({.input = input, .splits = 8192u, .axis = 1});
  ASSERT_TRUE(most.ok()) << most.error().message;
  ASSERT_EQ(most->size(), 8192u);
  EXPECT_EQ(builder.Describe(most->back())->shape(), (Shape{2, 1}));
  const Operand larger = MakeInput(builder, Descriptor(DataType::kInt8, {8193}));
  const auto more = builder.Split({.input = larger, .splits = 8193u});
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().rule, "splits-count");
  const auto sizes =
      builder.Split({.input = larger, .splits = std::vector<Dimension>(8193, Dimension(1))});
  ASSERT_FALSE(sizes.ok());
  EXPECT_EQ(sizes.error().rule, "splits-count");
}

// Around the limits of 32 bits: sizes are exact before they are checked, never wrapped.
TEST(InferSizes, NeverWrap) {
  GraphBuilder builder;
  const Operand pixel = MakeInput(builder, Descriptor(DataType::kFloat32, {1, 1, 1, 1}));
  const Operand half = MakeInput(builder, Descriptor(DataType::kUint8, {1u << 30, 1, 1}));
  const Operand one = MakeInput(builder, Descriptor(DataType::kUint8, {1}));
  // 2^31, 2^32 and 2^32 + 1 columns.
  for (std::array<uint32_t, 4> padding :
       {std::array{0u, 0u, 0x7fffffffu, 0u}, std::array{0u, 0u, 0xffffffffu, 0u},
        std::array{0u, 0u, 0xffffffffu, 1u}}) {
    const auto result = builder.Conv2d({.input = pixel, .filter = pixel, .padding = padding});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().rule, "output-size");
  }
  // 1 - 2 * (2^32 - 1) rows.
  const auto transposed = builder.ConvTranspose2d(
      {.input = pixel, .filter = pixel, .padding = {0xffffffffu, 0xffffffffu, 0, 0}});
  ASSERT_FALSE(transposed.ok());
  EXPECT_EQ(transposed.error().rule, "output-positive");
  for (uint32_t repetition : {2u, 4u, 0x80000000u, 0xffffffffu}) {
    const auto tile = builder.Tile({.input = half, .repetitions = {1, 1, repetition}});
    ASSERT_FALSE(tile.ok()) << repetition;
    EXPECT_EQ(tile.error().rule, "output-size");
  }
  // 2^32 and 2^64 elements, which are none in as many bits.
  for (const std::vector<Dimension>& shape :
       {std::vector<Dimension>{65536, 65536}, std::vector<Dimension>{65536, 65536, 65536, 65536}}) {
    EXPECT_EQ(builder.Reshape({.input = one, .new_shape = shape}).error().rule, "element-count");
    EXPECT_EQ(builder.Expand({.input = one, .new_shape = shape}).error().rule, "output-size");
  }
  const auto zero = builder.Reshape({.input = one, .new_shape = {0, 0xffffffffu}});
  EXPECT_EQ(zero.error().rule, "element-count");
  EXPECT_EQ(builder.Expand({.input = one, .new_shape = {0}}).error().rule, "output-size");
}

}  // namespace
}  // namespace webnn::ops_test
