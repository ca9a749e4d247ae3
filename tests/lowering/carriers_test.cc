// Types that a target does not have: what their values travel in, and what inputs and outputs are.

#include <cstring>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lowering/constants.h"
#include "lowering/writer.h"
#include "tests/lowering/targets.h"
#include "tests/support/model_check.h"
#include "webnn/graph_builder.h"

namespace webnn::lowering {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr ElementSet kNarrow = {Element::kInt4, Element::kUint4, Element::kInt8, Element::kUint8};
constexpr ElementSet kComputed = {Element::kFloat, Element::kFloat16, Element::kInt32,
                                  Element::kInt64};
constexpr ElementSet kMoved =
    kComputed | kNarrow | ElementSet{Element::kUint32, Element::kUint64, Element::kBool};

Target MakeCarryingTarget() {
  Target target = MakeTarget({"Reshape", "Transpose", "Concat", "Slice", "Split", "Gather",
                              "Identity", "Cast", "Where", "Equal"},
                             kMoved);
  for (std::string_view op : {"Add", "Sub", "Mul", "Div", "Max", "Min", "Less", "Mod", "Abs"}) {
    target.kernels[op] = kComputed;
  }
  for (Element narrow : {Element::kInt4, Element::kUint4, Element::kInt8, Element::kUint8}) {
    target.carriers[narrow] = Element::kInt32;
  }
  target.carriers[Element::kUint32] = target.carriers[Element::kUint64] = Element::kInt64;
  target.boundaries[Element::kInt4] = target.boundaries[Element::kUint4] = Element::kUint8;
  target.boundaries[Element::kUint32] = Element::kInt32;
  target.boundaries[Element::kUint64] = Element::kInt64;
  target.cast_by_float = {Element::kInt8, Element::kUint8};
  target.cast_by_quantization = {Element::kInt8};
  target.kernels["Round"] = {Element::kFloat};
  target.folds_constants = true;
  return target;
}

std::vector<std::string> OpTypes(const Model& model) {
  std::vector<std::string> types;
  for (const ModelNode& node : model.nodes) types.emplace_back(node.op_type);
  return types;
}

class CarriersTest : public testing::Test {
 protected:
  Model Lower(const GraphDefinition& graph) {
    Model model = Writer(*graph.data(), target_).Finish();
    EXPECT_THAT(testing_support::ProblemsOf(model, target_), IsEmpty());
    return model;
  }
  // y = transpose of x.
  Model LowerTransposed(DataType type, Shape shape) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", type, std::move(shape)).value();
    return Lower(builder.Finish({{"y", *builder.Transpose({.input = x})}}).value());
  }
  Target target_ = MakeCarryingTarget();
};

TEST_F(CarriersTest, InputsAndOutputsHaveTheBytesOfTheirTensors) {
  const std::pair<DataType, Element> boundaries[] = {
      {DataType::kFloat32, Element::kFloat}, {DataType::kFloat16, Element::kFloat16},
      {DataType::kInt32, Element::kInt32},   {DataType::kUint32, Element::kInt32},
      {DataType::kInt64, Element::kInt64},   {DataType::kUint64, Element::kInt64},
      {DataType::kInt8, Element::kInt8},     {DataType::kUint8, Element::kUint8},
  };
  for (const auto& [type, element] : boundaries) {
    SCOPED_TRACE(Name(type));
    const Model model = LowerTransposed(type, {2, 3});
    EXPECT_EQ(model.inputs[0].element, element);
    EXPECT_THAT(model.inputs[0].sizes, ElementsAre(2, 3));
    EXPECT_EQ(model.outputs[0].element, element);
    EXPECT_THAT(model.outputs[0].sizes, ElementsAre(3, 2));
    EXPECT_EQ(BitsOf(element), BitsPerElement(type));
  }
}

TEST_F(CarriersTest, WhatIsMovedIsNotWrapped) {
  EXPECT_THAT(OpTypes(LowerTransposed(DataType::kUint8, {2, 3})),
              ElementsAre("Cast", "Cast", "Transpose", "Cast", "Cast"));
  EXPECT_THAT(OpTypes(LowerTransposed(DataType::kInt8, {2, 3})),
              ElementsAre("DequantizeLinear", "Round", "Cast", "Transpose", "Cast", "Round",
                          "QuantizeLinear"));
  EXPECT_THAT(OpTypes(LowerTransposed(DataType::kUint64, {2, 3})), ElementsAre("Transpose"));
}

TEST_F(CarriersTest, AReaderOfFloatsTakesThemOnTheirWay) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kUint8, {2}).value();
  const Operand y = builder.Cast({.input = x, .data_type = DataType::kFloat32}).value();
  const Operand twice = builder.Add({.a = y, .b = y}).value();
  EXPECT_THAT(OpTypes(Lower(builder.Finish({{"y", twice}}).value())), ElementsAre("Cast", "Add"));
}

TEST_F(CarriersTest, ATruthValueGoesOutByFloatAlone) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand y = builder.Equal({.a = x, .b = x}).value();
  EXPECT_THAT(OpTypes(Lower(builder.Finish({{"y", y}}).value())),
              ElementsAre("Equal", "Cast", "Cast"));
}

TEST_F(CarriersTest, ConstantsAreConvertedInPlaceOfNodes) {
  GraphBuilder builder;
  const auto descriptor = OperandDescriptor::Create(DataType::kUint32, {2, 1}).value();
  const std::vector<uint32_t> values = {1, 0xffffffff};
  const Operand constant = builder.Constant(descriptor, std::as_bytes(std::span(values))).value();
  const Operand x = builder.Input("x", DataType::kUint32, {2, 2}).value();
  const Operand transposed = builder.Transpose({.input = constant}).value();
  const Operand equal = builder.Equal({.a = x, .b = transposed}).value();
  const Model model = Lower(builder.Finish({{"y", equal}}).value());
  const Initializer* found = nullptr;
  for (const Initializer& one : model.initializers) {
    if (one.sizes == std::vector<int64_t>{1, 2}) found = &one;
  }
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->element, Element::kInt64);
  std::vector<int64_t> wide(2);
  ASSERT_EQ(found->bytes().size(), 16u);
  std::memcpy(wide.data(), found->bytes().data(), 16);
  EXPECT_THAT(wide, ElementsAre(1, 0xffffffff));
}

TEST_F(CarriersTest, PairsOfFourBitsTravelAsBytes) {
  for (const uint32_t count : {1u, 2u, 5u, 6u}) {
    for (const DataType type : {DataType::kInt4, DataType::kUint4}) {
      GraphBuilder builder;
      const Operand x = builder.Input("x", type, {count}).value();
      const Operand scale = builder.Input("s", DataType::kFloat32, {1}).value();
      const Operand zero = builder.Input("z", type, {1}).value();
      const Operand y =
          builder.DequantizeLinear({.input = x, .scale = scale, .zero_point = zero}).value();
      const Operand q =
          builder.QuantizeLinear({.input = y, .scale = scale, .zero_point = zero}).value();
      target_.kernels["Expand"] = kMoved;
      const Model model = Lower(builder.Finish({{"q", q}}).value());
      EXPECT_EQ(model.inputs[0].element, Element::kUint8);
      EXPECT_THAT(model.inputs[0].sizes, ElementsAre((count + 1) / 2));
      EXPECT_EQ(model.outputs[0].element, Element::kUint8);
      EXPECT_THAT(model.outputs[0].sizes, ElementsAre((count + 1) / 2));
    }
  }
}

TEST_F(CarriersTest, OneOperandCanBeSeveralOutputs) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kUint8, {2}).value();
  const Operand y = builder.Identity({.input = x}).value();
  const Model model = Lower(
      builder.Finish({{"a", y}, {"b", y}, {"c", builder.Identity({.input = y}).value()}}).value());
  EXPECT_EQ(model.outputs.size(), 3u);
}

// ---- Constants. ----

template <class T>
std::vector<std::byte> Bytes(std::vector<T> values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

TEST(ConstantsTest, AreConvertedAsCastDoes) {
  EXPECT_EQ(ConvertElements(Bytes<int8_t>({-1, 127}), 2, Element::kInt8, Element::kInt32),
            Bytes<int32_t>({-1, 127}));
  EXPECT_EQ(ConvertElements(Bytes<int32_t>({-1, 300}), 2, Element::kInt32, Element::kUint8),
            Bytes<uint8_t>({255, 44}));
  EXPECT_EQ(ConvertElements(Bytes<uint32_t>({0xffffffff}), 1, Element::kUint32, Element::kInt64),
            Bytes<int64_t>({0xffffffff}));
  EXPECT_EQ(ConvertElements(Bytes<uint8_t>({0xf8}), 2, Element::kInt4, Element::kInt32),
            Bytes<int32_t>({-8, -1}));
  EXPECT_EQ(ConvertElements(Bytes<uint8_t>({0xf8, 0x03}), 3, Element::kUint4, Element::kInt32),
            Bytes<int32_t>({8, 15, 3}));
  EXPECT_EQ(ConvertElements(Bytes<float>({-1.9f, 2.5f}), 2, Element::kFloat, Element::kInt32),
            Bytes<int32_t>({-1, 2}));
  // One rounding: half way between two floats, and a bit.
  EXPECT_EQ(ConvertElements(Bytes<uint64_t>({(uint64_t{1} << 63) + (uint64_t{1} << 39) + 1}), 1,
                            Element::kUint64, Element::kFloat),
            Bytes<float>({0x1.000002p63f}));
  EXPECT_EQ(ConvertElements(Bytes<float>({65519, 65520}), 2, Element::kFloat, Element::kFloat16),
            Bytes<uint16_t>({0x7bff, 0x7c00}));
}

TEST(ConstantsTest, AreTransposed) {
  const std::vector<int64_t> sizes = {2, 3};
  const std::vector<int64_t> permutation = {1, 0};
  EXPECT_EQ(
      TransposeElements(Bytes<int32_t>({1, 2, 3, 4, 5, 6}), Element::kInt32, sizes, permutation),
      Bytes<int32_t>({1, 4, 2, 5, 3, 6}));
  const std::vector<int64_t> cube = {2, 1, 2};
  const std::vector<int64_t> turn = {2, 0, 1};
  EXPECT_EQ(TransposeElements(Bytes<int8_t>({1, 2, 3, 4}), Element::kInt8, cube, turn),
            Bytes<int8_t>({1, 3, 2, 4}));
}

}  // namespace
}  // namespace webnn::lowering
