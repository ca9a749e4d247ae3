#include "lowering/writer.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/lowering/targets.h"
#include "webnn/graph_builder.h"

namespace webnn::lowering {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> OpTypes(const Model& model) {
  std::vector<std::string> types;
  for (const ModelNode& node : model.nodes) types.emplace_back(node.op_type);
  return types;
}
int64_t ElementNumber(Element element) { return static_cast<int64_t>(element); }
// What the Cast nodes cast to.
std::vector<int64_t> CastTypes(const Model& model) {
  std::vector<int64_t> types;
  for (const ModelNode& node : model.nodes) {
    if (node.op_type == "Cast") types.push_back(std::get<int64_t>(node.attributes.at(0).value));
  }
  return types;
}
std::set<ValueId> Computed(const Model& model) {
  std::set<ValueId> computed;
  for (const ModelNode& node : model.nodes) {
    computed.insert(node.outputs.begin(), node.outputs.end());
  }
  return computed;
}
Model Lower(const GraphDefinition& graph, const Target& target) {
  return Writer(*graph.data(), target).Finish();
}

// ---- Types. ----

class WideningTest : public testing::Test {
 protected:
  // a + b in the types that the target adds.
  static Model LowerAdd(DataType type, ElementSet added) {
    GraphBuilder builder;
    const Operand a = builder.Input("a", type, {2}).value();
    const Operand b = builder.Input("b", type, {2}).value();
    const Operand sum = builder.Add({.a = a, .b = b}).value();
    return Lower(builder.Finish({{"sum", sum}}).value(), MakeTarget({"Add"}, added));
  }
};

TEST_F(WideningTest, NothingIsCastWhereTheTargetHasTheType) {
  EXPECT_THAT(OpTypes(LowerAdd(DataType::kInt8, {Element::kInt8, Element::kInt32})),
              ElementsAre("Add"));
}

TEST_F(WideningTest, TheNarrowestTypeIsChosen) {
  const Model model =
      LowerAdd(DataType::kInt8, {Element::kFloat, Element::kInt64, Element::kInt32});
  EXPECT_THAT(OpTypes(model), ElementsAre("Cast", "Cast", "Add", "Cast"));
  EXPECT_THAT(CastTypes(model),
              ElementsAre(ElementNumber(Element::kInt32), ElementNumber(Element::kInt32),
                          ElementNumber(Element::kInt8)));
}

TEST_F(WideningTest, ATypeHoldsEveryValueOfTheNarrowOne) {
  const auto widened = [](DataType type, ElementSet added) {
    return CastTypes(LowerAdd(type, added)).at(0);
  };
  constexpr ElementSet kWide = {Element::kInt64, Element::kDouble};
  EXPECT_EQ(widened(DataType::kUint8, {Element::kInt8, Element::kFloat}),
            ElementNumber(Element::kFloat));
  EXPECT_EQ(widened(DataType::kUint32, {Element::kInt32, Element::kFloat, Element::kInt64}),
            ElementNumber(Element::kInt64));
  EXPECT_EQ(widened(DataType::kInt32, {Element::kUint32, Element::kFloat, Element::kDouble}),
            ElementNumber(Element::kDouble));
  EXPECT_EQ(widened(DataType::kFloat16, kWide | ElementSet{Element::kFloat}),
            ElementNumber(Element::kFloat));
  EXPECT_EQ(widened(DataType::kFloat32, kWide), ElementNumber(Element::kDouble));
  // The sum of equal bits has equal bits.
  EXPECT_EQ(widened(DataType::kUint64, kWide), ElementNumber(Element::kInt64));
}

TEST_F(WideningTest, WithoutAWiderTypeNothingIsDone) {
  EXPECT_THAT(OpTypes(LowerAdd(DataType::kInt64, {Element::kDouble})), ElementsAre("Add"));
  EXPECT_THAT(OpTypes(LowerAdd(DataType::kInt8, {})), ElementsAre("Add"));
}

TEST_F(WideningTest, EveryResultIsNarrowedSoThatItWraps) {
  GraphBuilder builder;
  const Operand a = builder.Input("a", DataType::kInt8, {2}).value();
  const Operand twice = builder.Add({.a = a, .b = a}).value();
  const Operand four_times = builder.Add({.a = twice, .b = twice}).value();
  const Model model =
      Lower(builder.Finish({{"y", four_times}}).value(), MakeTarget({"Add"}, {Element::kInt32}));
  // `a` and `twice` are widened once each, although they are read twice.
  EXPECT_THAT(OpTypes(model), ElementsAre("Cast", "Add", "Cast", "Cast", "Add", "Cast"));
  EXPECT_THAT(CastTypes(model),
              ElementsAre(ElementNumber(Element::kInt32), ElementNumber(Element::kInt8),
                          ElementNumber(Element::kInt32), ElementNumber(Element::kInt8)));
}

TEST_F(WideningTest, ComputeTypeSuitsAllOperators) {
  Target target = MakeTarget({"Add"}, {Element::kInt32, Element::kInt64});
  target.kernels["Mul"] = {Element::kInt64, Element::kInt8};
  const GraphData graph;
  const Writer writer(graph, target);
  EXPECT_EQ(writer.ComputeType(Element::kInt8, {"Add"}), Element::kInt32);
  EXPECT_EQ(writer.ComputeType(Element::kInt8, {"Mul"}), Element::kInt8);
  EXPECT_EQ(writer.ComputeType(Element::kInt8, {"Add", "Mul"}), Element::kInt64);
  EXPECT_EQ(writer.ComputeType(Element::kInt8, {"Div"}), Element::kInt8);
  EXPECT_EQ(writer.ComputeType(Element::kInt8, {}), Element::kInt8);
}

TEST(WriterTest, ABooleanRoundTripMakesNoCasts) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand y = builder.Input("y", DataType::kFloat32, {2}).value();
  const Operand greater = builder.Greater({.a = x, .b = y}).value();
  const Operand not_greater = builder.LogicalNot({.a = greater}).value();
  const Operand chosen =
      builder.Where({.condition = not_greater, .true_value = x, .false_value = y}).value();
  const Target target = MakeTarget({"Greater"}, {Element::kFloat});
  const Model model = Lower(builder.Finish({{"chosen", chosen}}).value(), target);
  EXPECT_THAT(OpTypes(model), ElementsAre("Greater", "Not", "Where"));
}

TEST(WriterTest, ABooleanThatIsSeenIsCastOnce) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand greater = builder.Greater({.a = x, .b = x}).value();
  const Operand both = builder.LogicalAnd({.a = greater, .b = greater}).value();
  const Target target = MakeTarget({"Greater"}, {Element::kFloat});
  const Model model = Lower(builder.Finish({{"g", greater}, {"both", both}}).value(), target);
  EXPECT_THAT(OpTypes(model), ElementsAre("Greater", "Cast", "And", "Cast"));
}

TEST(WriterTest, AnyByteButZeroIsTrue) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kUint8, {2}).value();
  const Operand y = builder.LogicalNot({.a = x}).value();
  const Model model = Lower(builder.Finish({{"y", y}}).value(), MakeTarget({}, {}));
  EXPECT_THAT(OpTypes(model), ElementsAre("Cast", "Not", "Cast"));
  EXPECT_THAT(CastTypes(model),
              ElementsAre(ElementNumber(Element::kBool), ElementNumber(Element::kUint8)));
}

TEST(WriterTest, CastsAreMadeOnce) {
  const GraphData graph;
  const Target target = MakeTarget({}, {});
  Writer writer(graph, target);
  const LoweredValue one = writer.Scalar(1, Element::kInt32);
  EXPECT_EQ(writer.Cast(one, Element::kInt32).id, one.id);
  const LoweredValue wide = writer.Cast(one, Element::kInt64);
  EXPECT_EQ(wide.element, Element::kInt64);
  EXPECT_EQ(writer.Cast(one, Element::kInt64).id, wide.id);
  EXPECT_NE(writer.Cast(one, Element::kFloat).id, wide.id);
  EXPECT_EQ(writer.Cast(LoweredValue(), Element::kInt64).id, 0u);
  const LoweredValue flag = writer.Cast(one, Element::kBool);
  EXPECT_EQ(writer.Cast(writer.Cast(flag, Element::kUint8), Element::kBool).id, flag.id);
  // A number is not what its truth was made from.
  EXPECT_NE(writer.Cast(flag, Element::kInt32).id, one.id);
}

TEST(WriterTest, OrderedOnlyMovesUnsigned64BitValues) {
  const GraphData graph;
  const Target target = MakeTarget({"Max"}, {Element::kInt64, Element::kFloat});
  Writer writer(graph, target);
  const LoweredValue number = writer.Scalar(1, Element::kInt64);
  EXPECT_EQ(writer.ToOrdered(number, "Max").id, number.id);
  EXPECT_EQ(writer.FromOrdered(number, number).id, number.id);
  const LoweredValue small = writer.Scalar(1, Element::kUint32);
  EXPECT_EQ(writer.ToOrdered(small, "Max").id, writer.Cast(small, Element::kInt64).id);
  const LoweredValue large = writer.Scalar(1, Element::kUint64);
  const LoweredValue moved = writer.ToOrdered(large, "Max");
  EXPECT_EQ(moved.element, Element::kInt64);
  EXPECT_NE(moved.id, writer.Cast(large, Element::kInt64).id);
  EXPECT_EQ(writer.FromOrdered(moved, large).element, Element::kUint64);

  const Target unsigned_target = MakeTarget({"Max"}, {Element::kInt64, Element::kUint64});
  Writer unsigned_writer(graph, unsigned_target);
  const LoweredValue same = unsigned_writer.Scalar(1, Element::kUint64);
  EXPECT_EQ(unsigned_writer.ToOrdered(same, "Max").id, same.id);
}

// ---- What is left out. ----

TEST(WriterTest, NodesThatNobodyReadsAreDropped) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand y = builder.Neg({.input = x}).value();
  const GraphDefinition graph = builder.Finish({{"y", y}}).value();
  const Target target = MakeTarget({"Neg"}, {Element::kFloat});
  Writer writer(*graph.data(), target);
  const LoweredValue unused = writer.Scalar(3, Element::kFloat);
  (void)writer.Add(unused, writer.Mul(unused, unused));
  const Model model = std::move(writer).Finish();
  EXPECT_THAT(OpTypes(model), ElementsAre("Neg"));
  EXPECT_THAT(model.initializers, IsEmpty());
}

TEST(WriterTest, UnreachableOperatorsAreNotLowered) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  (void)builder.Abs({.input = x}).value();
  const Operand y = builder.Neg({.input = x, .label = "mine"}).value();
  const Model model =
      Lower(builder.Finish({{"y", y}}).value(), MakeTarget({"Neg", "Abs"}, {Element::kFloat}));
  ASSERT_THAT(OpTypes(model), ElementsAre("Neg"));
  EXPECT_EQ(model.nodes[0].source, 1u);
  EXPECT_EQ(model.labels.at(1), "mine");
}

TEST(WriterTest, ANodeStaysForOneOfItsOutputs) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const std::vector<Operand> parts = builder.Split({.input = x, .splits = 2u}).value();
  const Model model =
      Lower(builder.Finish({{"y", parts[1]}}).value(), MakeTarget({"Split"}, {Element::kFloat}));
  ASSERT_THAT(OpTypes(model), ElementsAre("Split"));
  ASSERT_THAT(model.nodes[0].outputs, SizeIs(2));
  EXPECT_EQ(model.outputs[0].value, model.nodes[0].outputs[1]);
}

TEST(WriterTest, HelpersDoNothingWhereThereIsNothingToDo) {
  const GraphData graph;
  const Target target = MakeTarget({}, {});
  Writer writer(graph, target);
  const LoweredValue value = writer.Scalar(1, Element::kFloat);
  EXPECT_EQ(writer.Transpose(value, std::vector<int64_t>{0, 1, 2}).id, value.id);
  EXPECT_NE(writer.Transpose(value, std::vector<int64_t>{0, 2, 1}).id, value.id);
  EXPECT_EQ(writer.Transpose(LoweredValue(), std::vector<int64_t>{1, 0}).id, 0u);
  EXPECT_EQ(writer.Reduce("ReduceSum", value, {}, true).id, value.id);
  EXPECT_NE(writer.Copy(value).id, value.id);
}

// ---- Outputs. ----

TEST(WriterTest, EveryOutputIsAValueOfItsOwn) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand c = builder.Constant<float>({2}, {1, 2}).value();
  const Operand y = builder.Neg({.input = x}).value();
  const Operand same_as_input = builder.Identity({.input = x}).value();
  const Operand same_as_constant = builder.Identity({.input = c}).value();
  const Operand same_as_output = builder.Identity({.input = y}).value();
  const GraphDefinition graph = builder
                                    .Finish({{"y", y},
                                             {"again", y},
                                             {"output", same_as_output},
                                             {"input", same_as_input},
                                             {"input again", same_as_input},
                                             {"constant", same_as_constant}})
                                    .value();
  const Model model = Lower(graph, MakeTarget({"Neg"}, {Element::kFloat}));
  const std::set<ValueId> computed = Computed(model);
  std::set<ValueId> outputs;
  std::vector<std::string> names;
  for (const ModelInput& output : model.outputs) {
    EXPECT_TRUE(outputs.insert(output.value).second) << output.name << " shares its value";
    EXPECT_TRUE(computed.contains(output.value)) << output.name << " is not computed";
    names.push_back(output.name);
  }
  EXPECT_THAT(names, ElementsAre("y", "again", "output", "input", "input again", "constant"));
  EXPECT_THAT(model.nodes, SizeIs(6));
}

TEST(WriterTest, ACopyIsMadeInATypeThatCanBeCopied) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kInt8, {2}).value();
  const Operand y = builder.Identity({.input = x}).value();
  Target target = MakeTarget({}, {});
  target.kernels["Identity"] = {Element::kInt32};
  const Model model = Lower(builder.Finish({{"y", y}}).value(), target);
  EXPECT_THAT(OpTypes(model), ElementsAre("Cast", "Identity", "Cast"));
  EXPECT_EQ(model.outputs[0].value, model.nodes[2].outputs[0]);
}

TEST(WriterTest, InputsAndOutputsKeepNamesOrderAndTypes) {
  GraphBuilder builder;
  const Operand b = builder.Input("b", DataType::kFloat32, {3, 2}).value();
  const Operand a = builder.Input("a", DataType::kFloat32, {2}).value();
  const Operand sum = builder.Add({.a = a, .b = b}).value();
  const Operand greater = builder.Greater({.a = a, .b = b}).value();
  const Model model = Lower(builder.Finish({{"z", sum}, {"g", greater}}).value(),
                            MakeTarget({"Add", "Greater"}, {Element::kFloat}));
  ASSERT_THAT(model.inputs, SizeIs(2));
  EXPECT_EQ(model.inputs[0].name, "b");
  EXPECT_EQ(ToString(model.inputs[0].descriptor), "float32[3, 2]");
  EXPECT_EQ(model.inputs[1].name, "a");
  ASSERT_THAT(model.outputs, SizeIs(2));
  EXPECT_EQ(model.outputs[0].name, "z");
  EXPECT_EQ(ToString(model.outputs[1].descriptor), "uint8[3, 2]");
  ASSERT_THAT(model.shapes, SizeIs(2));
  EXPECT_EQ(model.shapes[1].element, Element::kUint8);
  EXPECT_EQ(model.shapes[1].shape, Shape({3, 2}));
  EXPECT_EQ(model.opset, 21);
  for (ValueId id : Computed(model)) EXPECT_LT(id, model.value_count);
}

// ---- Constants. ----

TEST(WriterTest, SmallConstantsAreShared) {
  const GraphData graph;
  const Target target = MakeTarget({}, {});
  Writer writer(graph, target);
  const LoweredValue one = writer.Scalar(1, Element::kFloat);
  EXPECT_EQ(writer.Scalar(1.0, Element::kFloat).id, one.id);
  EXPECT_NE(writer.Scalar(2, Element::kFloat).id, one.id);
  EXPECT_NE(writer.Scalar(0x3f800000, Element::kInt32).id, one.id);  // equal bytes
  const LoweredValue list = writer.Integers({1, 2});
  EXPECT_EQ(writer.Integers({1, 2}).id, list.id);
  EXPECT_NE(writer.Integers({2, 1}).id, list.id);
  // A list of one is not a scalar.
  EXPECT_NE(writer.Integers({7}).id, writer.Scalar(7, Element::kInt64).id);
  const std::vector<float> numbers = {1, 2, 3, 4};
  EXPECT_NE(writer.Constant<float>(numbers, {2, 2}, Element::kFloat).id,
            writer.Constant<float>(numbers, {4}, Element::kFloat).id);
  EXPECT_NE(writer.Constant<float>(numbers, {2, 2}, Element::kFloat).id,
            writer.Constant<float>(numbers, {4, 1}, Element::kFloat).id);
}

TEST(WriterTest, ScalarsAreExact) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kInt64, {1}).value();
  const Operand y = builder.Clamp({.input = x, .min_value = (int64_t{1} << 53) + 1}).value();
  const Model model = Lower(builder.Finish({{"y", y}}).value(),
                            MakeTarget({"Clip", "Max", "Min"}, {Element::kInt64}));
  bool found = false;
  for (const Initializer& initializer : model.initializers) {
    int64_t value = 0;
    ASSERT_EQ(initializer.bytes().size(), sizeof(value));
    std::memcpy(&value, initializer.bytes().data(), sizeof(value));
    found = found || value == (int64_t{1} << 53) + 1;
  }
  EXPECT_TRUE(found);
}

// ---- Constants of one element, where the target writes them in decimal. ----

class ShortScalarsTest : public testing::Test {
 protected:
  ShortScalarsTest() {
    target_.folds_constants = true;
    target_.short_scalars = true;
  }
  // The sizes of the constant that is added to an input of these sizes.
  std::vector<int64_t> SpreadTo(DataType type, Number number, Shape input, Shape constant = {}) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", type, std::move(input)).value();
    const auto descriptor = OperandDescriptor::Create(type, std::move(constant)).value();
    const auto encoded = number.Encode(type);
    const std::span<const std::byte> bytes =
        std::span(encoded).first(static_cast<size_t>(descriptor.byte_length()));
    const Operand c = builder.Constant(descriptor, bytes).value();
    const Operand sum = builder.Add({.a = x, .b = c}).value();
    const Model model = Lower(builder.Finish({{"sum", sum}}).value(), target_);
    EXPECT_THAT(model.initializers, SizeIs(1));
    const Initializer& initializer = model.initializers.at(0);
    EXPECT_EQ(initializer.bytes().size() % bytes.size(), 0u);
    for (size_t i = 0; i < initializer.bytes().size(); ++i) {
      EXPECT_EQ(initializer.bytes()[i], bytes[i % bytes.size()]);
    }
    return initializer.sizes;
  }

  Target target_ = MakeTarget({"Add"}, {Element::kFloat, Element::kFloat16, Element::kInt64});
  const float long_ = 1.0f / 3;
  static constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
};

TEST_F(ShortScalarsTest, LongOnesAreSpreadAlongTheLastAxisThatHasSeveralElements) {
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {4, 5}), ElementsAre(5));
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {4, 5, 1}), ElementsAre(5, 1));
  EXPECT_THAT(SpreadTo(DataType::kInt64, kLeast, {3}), ElementsAre(3));
  // An axis that is too long is passed over.
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {7, 1 << 17}), ElementsAre(7, 1));
}

TEST_F(ShortScalarsTest, TheRankOfTheResultStays) {
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {5}, {1, 1, 1}), ElementsAre(1, 1, 5));
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {4, 1}, {1}), ElementsAre(4, 1));
}

TEST_F(ShortScalarsTest, WhatIsShortStays) {
  for (const double number : {0.0, 0.5, -0.1, 1e-5, 3e38, 65504.0, 1.0 / 0.0, std::nan("")}) {
    EXPECT_THAT(SpreadTo(DataType::kFloat32, number, {4, 5}), IsEmpty()) << number;
  }
  EXPECT_THAT(SpreadTo(DataType::kFloat16, long_, {4, 5}), IsEmpty());
  for (const int64_t number : {int64_t{0}, kLeast + 1, -(kLeast + 1)}) {
    EXPECT_THAT(SpreadTo(DataType::kInt64, number, {4, 5}), IsEmpty()) << number;
  }
}

TEST_F(ShortScalarsTest, NothingIsSpreadWhereThereIsNoAxisOrNoNeed) {
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {}), IsEmpty());
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {1, 1}), IsEmpty());
  // In 16 bits the digits of a term do not count, but integers do.
  target_.half = true;
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {4, 5}), IsEmpty());
  EXPECT_THAT(SpreadTo(DataType::kInt64, kLeast, {4, 5}), ElementsAre(5));
  target_.half = false;
  target_.short_scalars = false;
  EXPECT_THAT(SpreadTo(DataType::kFloat32, long_, {4, 5}), IsEmpty());
}

TEST(WriterTest, WeightsAreReferredTo) {
  const auto weights = std::make_shared<std::vector<float>>(1000, 1.f);
  GraphBuilder builder;
  const OperandDescriptor descriptor =
      OperandDescriptor::Create(DataType::kFloat32, {1000}).value();
  const Operand x = builder.Input("x", descriptor).value();
  const Operand c =
      builder.ConstantView(descriptor, std::as_bytes(std::span(*weights)), weights).value();
  const Operand y = builder.Add({.a = x, .b = c}).value();
  std::optional<GraphDefinition> graph = builder.Finish({{"y", y}}).value();
  Model model = Lower(*graph, MakeTarget({"Add"}, {Element::kFloat}));
  ASSERT_THAT(model.initializers, SizeIs(1));
  const Initializer& initializer = model.initializers[0];
  EXPECT_EQ(static_cast<const void*>(initializer.bytes().data()), weights->data());
  EXPECT_THAT(initializer.own, IsEmpty());
  EXPECT_EQ(initializer.bytes().size(), 4000u);
  EXPECT_THAT(initializer.sizes, ElementsAre(1000));
  EXPECT_EQ(initializer.element, Element::kFloat);
  // The model keeps them, too.
  graph.reset();
  EXPECT_EQ(initializer.owner, weights);
}

TEST(WriterTest, UnreachableWeightsAreNotInTheModel) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand c = builder.Constant<float>({2}, {1, 2}).value();
  (void)builder.Mul({.a = x, .b = c}).value();
  const Operand y = builder.Neg({.input = x}).value();
  EXPECT_THAT(Lower(builder.Finish({{"y", y}}).value(), MakeTarget({"Neg"}, {Element::kFloat}))
                  .initializers,
              IsEmpty());
}

TEST(WriterTest, ReadsConstantIntegers) {
  GraphBuilder builder;
  const auto add = [&](Operand c) { return builder.Identity({.input = c}).value(); };
  const Operand int8 = builder.Constant<int8_t>({3}, {-128, -1, 127}).value();
  const Operand uint32 = builder.Constant<uint32_t>({2}, {0, 0xffffffff}).value();
  const Operand int64 =
      builder.Constant<int64_t>({1}, {std::numeric_limits<int64_t>::min()}).value();
  const Operand floats = builder.Constant<float>({1}, {1}).value();
  const Operand x = builder.Input("x", DataType::kInt8, {1}).value();
  const GraphDefinition graph = builder
                                    .Finish({{"a", add(int8)},
                                             {"b", add(uint32)},
                                             {"c", add(int64)},
                                             {"d", add(floats)},
                                             {"e", add(x)}})
                                    .value();
  const Target target = MakeTarget({}, {});
  const Writer writer(*graph.data(), target);
  EXPECT_EQ(writer.ConstantIntegers(int8), (std::vector<int64_t>{-128, -1, 127}));
  EXPECT_EQ(writer.ConstantIntegers(uint32), (std::vector<int64_t>{0, 0xffffffff}));
  EXPECT_EQ(writer.ConstantIntegers(int64),
            std::vector<int64_t>{std::numeric_limits<int64_t>::min()});
  EXPECT_EQ(writer.ConstantIntegers(floats), std::nullopt);
  EXPECT_EQ(writer.ConstantIntegers(x), std::nullopt);
  EXPECT_THAT(writer.ConstantBytes(x), IsEmpty());
  EXPECT_THAT(writer.ConstantBytes(floats), SizeIs(4));
}

}  // namespace
}  // namespace webnn::lowering
