#include "graph/fingerprint.h"

#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/ops/calls.h"

namespace webnn {
namespace {

using cache::Key;
using ops_test::CallCase;
using ops_test::Examples;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

Key KeyOf(const GraphData& graph) {
  Key key;
  AddFingerprint(graph, key);
  return key;
}
Key KeyOf(const GraphDefinition& definition) { return KeyOf(*definition.data()); }

/// The names of the fields in which the keys differ. Equal ids are equal fields, too.
std::vector<std::string> Changed(const Key& a, const Key& b) {
  std::vector<std::string> names;
  for (const auto& difference : Compare(a, b)) names.push_back(difference.name);
  EXPECT_EQ(names.empty(), a.Id() == b.Id());
  return names;
}

// ---- Every operator of the table, changed in one place. ----

/// An example's graph with inputs "x0", "x1" ... and outputs "y0", "y1" ... The last input, which
/// nothing reads, is there to be read after a change.
GraphData GraphOf(const CallCase& call) {
  GraphBuilder builder;
  const auto outputs =
      ops_test::Call(builder, *FindOp(call.op), ops_test::MakeFields(builder, call)).value();
  std::vector<GraphBuilder::NamedOutput> named;
  for (Operand output : outputs) named.emplace_back(fmt::format("y{}", named.size()), output);
  GraphData graph = *builder.Finish(named)->data();
  graph.inputs.push_back({"", static_cast<uint32_t>(graph.operands.size())});
  graph.operands.push_back({OperandDescriptor::Scalar(DataType::kInt8), OperandKind::kInput,
                            static_cast<uint32_t>(graph.inputs.size() - 1)});
  for (size_t i = 0; i < graph.inputs.size(); ++i) graph.inputs[i].name = fmt::format("x{}", i);
  return graph;
}

/// The graph with another structure in the place of its one operator.
Key KeyWith(GraphData graph, const std::shared_ptr<void>& op) {
  graph.nodes[0].op = op;
  return KeyOf(graph);
}

const std::vector<Value>& Candidates() {
  static const auto kCandidates = [] {
    std::vector<Value> candidates = {1, 2, 0.5, true, false, Value::List{1}, Value::List{1, 1}};
    const auto add = [&](auto names) {
      candidates.insert(candidates.end(), names.begin(), names.end());
    };
    for (size_t i = 0; i < kDataTypeCount; ++i)
      candidates.emplace_back(Name(static_cast<DataType>(i)));
    add(EnumNames(InputOperandLayout{}));
    add(EnumNames(Conv2dFilterOperandLayout{}));
    add(EnumNames(ConvTranspose2dFilterOperandLayout{}));
    add(EnumNames(GruWeightLayout{}));
    add(EnumNames(LstmWeightLayout{}));
    add(EnumNames(RecurrentNetworkActivation{}));
    add(EnumNames(RecurrentNetworkDirection{}));
    add(EnumNames(PaddingMode{}));
    add(EnumNames(RoundingType{}));
    add(EnumNames(InterpolationMode{}));
    return candidates;
  }();
  return kCandidates;
}

/// What a value may be changed to; not all of it is of the field's type.
std::vector<Value> Changes(const Value& value) {
  if (const bool* boolean = value.As<bool>()) return {!*boolean};
  if (const Number* number = value.As<Number>()) {
    if (number->kind() == Number::Kind::kInt64) return {number->int64() + 1, -number->int64() - 1};
    if (number->kind() == Number::Kind::kUint64) return {number->uint64() ^ 1};
    return {number->float64() + 1, -number->float64() - 1};
  }
  const auto* list = value.As<Value::List>();
  if (list == nullptr) return Candidates();
  std::vector<Value> changes;
  for (size_t i = 0; i < list->size(); ++i) {
    for (const Value& item : Changes((*list)[i])) {
      Value::List changed = *list;
      changed[i] = item;
      changes.emplace_back(std::move(changed));
    }
  }
  Value::List longer = *list;
  longer.push_back(list->empty() ? Value(1) : list->back());
  changes.emplace_back(std::move(longer));
  changes.emplace_back(Value::List(list->begin(), list->empty() ? list->end() : list->end() - 1));
  return changes;
}

class FingerprintOf : public testing::TestWithParam<CallCase> {};

TEST_P(FingerprintOf, EveryAttributeCounts) {
  const GraphData graph = GraphOf(GetParam());
  const Key before = KeyOf(graph);
  const OpSchema& schema = *graph.nodes[0].schema;
  std::map<std::string, std::string> seen = {{before.Id(), "unchanged"}};
  for (const OpField& field : schema.fields) {
    if (field.is_operand || field.name == "label") continue;
    const Value value = field.write(graph.nodes[0].op.get());
    int changes = 0;
    for (const Value& change : Changes(value)) {
      const auto op = schema.copy(graph.nodes[0].op.get());
      if (!field.read(op.get(), change)) continue;
      const auto now = ops_test::ToJson(field.write(op.get()));
      if (now == ops_test::ToJson(value)) continue;
      const Key after = KeyWith(graph, op);
      EXPECT_THAT(Changed(after, before), ElementsAre("operators")) << field.name << " " << now;
      const std::string text = fmt::format("{} {}", field.name, now.dump());
      EXPECT_EQ(seen.emplace(after.Id(), text).first->second, text);
      ++changes;
    }
    EXPECT_GT(changes, 0) << field.name;
  }
}

TEST_P(FingerprintOf, EveryOperandCounts) {
  const GraphData graph = GraphOf(GetParam());
  const Key before = KeyOf(graph);
  const OpSchema& schema = *graph.nodes[0].schema;
  for (const OpField& field : schema.fields) {
    if (!field.is_operand) continue;
    const size_t count = OperandsOf(field, graph.nodes[0].op.get()).size();
    for (size_t i = 0; i < count; ++i) {
      const auto op = schema.copy(graph.nodes[0].op.get());
      field.operands(op.get())[i].id = graph.inputs.back().id;
      EXPECT_THAT(Changed(KeyWith(graph, op), before), ElementsAre("operators")) << field.name;
    }
    if (count == 0 || field.required) continue;
    // Without an optional one.
    const auto op = schema.make();
    for (const OpField& other : schema.fields) {
      const Value value = other.write(graph.nodes[0].op.get());
      if (&other == &field || value.absent()) continue;
      ASSERT_TRUE(other.read(op.get(), value)) << other.name;
    }
    EXPECT_THAT(Changed(KeyWith(graph, op), before), ElementsAre("operators")) << field.name;
  }
}

TEST_P(FingerprintOf, EveryInputAndOutputCounts) {
  const GraphData graph = GraphOf(GetParam());
  const Key before = KeyOf(graph);
  const auto expect = [&](auto list, const char* field) {
    for (size_t i = 0; i < (graph.*list).size(); ++i) {
      GraphData renamed = graph;
      (renamed.*list)[i].name += "'";
      EXPECT_THAT(Changed(KeyOf(renamed), before), ElementsAre(field));
      GraphData retyped = graph;
      auto& descriptor = retyped.operands[(graph.*list)[i].id].descriptor;
      const auto type =
          descriptor.data_type() == DataType::kInt8 ? DataType::kUint8 : DataType::kInt8;
      descriptor = OperandDescriptor::Create(type, descriptor.shape()).value();
      EXPECT_THAT(Changed(KeyOf(retyped), before), ElementsAre(field));
      GraphData reshaped = graph;
      auto& reshaped_descriptor = reshaped.operands[(graph.*list)[i].id].descriptor;
      const auto old_sizes = reshaped_descriptor.shape().sizes();
      std::vector<uint32_t> sizes(old_sizes.begin(), old_sizes.end());
      sizes.push_back(1);
      reshaped_descriptor =
          OperandDescriptor::Create(reshaped_descriptor.data_type(), Shape(sizes)).value();
      EXPECT_THAT(Changed(KeyOf(reshaped), before), ElementsAre(field));
    }
  };
  expect(&GraphData::inputs, "inputs");
  expect(&GraphData::outputs, "outputs");
}

TEST_P(FingerprintOf, IsTheSameForTheSameGraph) {
  const GraphData graph = GraphOf(GetParam());
  GraphData other = GraphOf(GetParam());
  const OpSchema& schema = *other.nodes[0].schema;
  const auto op = schema.copy(other.nodes[0].op.get());
  ASSERT_TRUE(schema.FindField("label")->read(op.get(), "another label"));
  other.nodes[0].op = op;
  EXPECT_THAT(Changed(KeyOf(other), KeyOf(graph)), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Examples, FingerprintOf, testing::ValuesIn(Examples()),
                         [](const auto& info) {
                           return ops_test::TestName(info.param.op, info.param.name);
                         });

TEST(FingerprintTest, NoTwoExamplesHaveOne) {
  std::map<std::string, std::string> seen;
  for (const CallCase& call : Examples()) {
    const auto [place, is_new] =
        seen.emplace(KeyOf(GraphOf(call)).Id(), ops_test::TestName(call.op, call.name));
    EXPECT_TRUE(is_new) << call.op << " " << call.name << " has the key of " << place->second;
  }
}

// ---- Whole graphs. ----

struct Variant {
  std::vector<float> bias = {1, 2, 3};
  std::string label = {};
  bool mirrored = false;  ///< Other places in the order of building.
  bool with_unused = false;
};

GraphDefinition Small(const Variant& variant = {}) {
  GraphBuilder builder;
  Operand bias;
  if (variant.mirrored) bias = builder.Constant<float>({3}, variant.bias).value();
  const Operand x = builder.Input("x", DataType::kFloat32, {2, 3}).value();
  if (variant.with_unused) {
    (void)builder.Input("unused", DataType::kFloat32, {2}).value();
    (void)builder.Constant(DataType::kFloat32, 1).value();
    (void)builder.Tanh({.input = x}).value();
  }
  const auto relu = [&] { return builder.Relu({.input = x, .label = variant.label}).value(); };
  const auto sigmoid = [&] { return builder.Sigmoid({.input = x}).value(); };
  Operand a;
  Operand b;
  if (variant.mirrored) {
    b = sigmoid();
    a = relu();
  } else {
    a = relu();
    b = sigmoid();
    bias = builder.Constant<float>({3}, variant.bias).value();
  }
  const Operand sum = builder.Add({.a = a, .b = b}).value();
  const Operand scaled = builder.Mul({.a = sum, .b = bias}).value();
  return builder.Finish({{"scaled", scaled}, {"b", b}}).value();
}

TEST(FingerprintTest, HasFourFields) {
  const Key key = KeyOf(Small());
  ASSERT_EQ(key.fields().size(), 4u);
  EXPECT_EQ(key.Find("inputs")->value, "\"x\" float32[2, 3]");
  EXPECT_EQ(key.Find("outputs")->value, "\"scaled\" float32[2, 3], \"b\" float32[2, 3]");
  EXPECT_TRUE(key.Find("operators")->hashed);
  EXPECT_TRUE(key.Find("weights")->hashed);
}

TEST(FingerprintTest, HowItWasBuiltDoesNotCount) {
  const Key key = KeyOf(Small());
  EXPECT_THAT(Changed(KeyOf(Small()), key), IsEmpty());
  EXPECT_THAT(Changed(KeyOf(Small({.label = "first"})), key), IsEmpty());
  EXPECT_THAT(Changed(KeyOf(Small({.mirrored = true})), key), IsEmpty());
  EXPECT_THAT(Changed(KeyOf(Small({.with_unused = true})), key), IsEmpty());
}

TEST(FingerprintTest, EveryBitOfTheWeightsCounts) {
  const Key before = KeyOf(Small());
  for (int bit = 0; bit < 3 * 32; ++bit) {
    Variant variant;
    uint32_t words[3];
    std::memcpy(words, variant.bias.data(), sizeof(words));
    words[bit / 32] ^= 1u << (bit % 32);
    std::memcpy(variant.bias.data(), words, sizeof(words));
    EXPECT_THAT(Changed(KeyOf(Small(variant)), before), ElementsAre("weights")) << bit;
  }
}

/// x * c1 + c2, where c1 and c2 are of one size.
Key Affine(const OperandDescriptor& descriptor, std::vector<std::byte> c1,
           std::vector<std::byte> c2, bool shared = false) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", descriptor).value();
  const Operand a = builder.Constant(descriptor, c1).value();
  const Operand b = shared ? a : builder.Constant(descriptor, c2).value();
  const Operand product = builder.Mul({.a = x, .b = a}).value();
  const Operand sum = builder.Add({.a = product, .b = b}).value();
  return KeyOf(builder.Finish({{"y", sum}}).value());
}

// They are large, and promised to stay as they are.
TEST(FingerprintTest, TheWeightsAreReadOnce) {
  std::vector<float> weights(1000, 1.0f);
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, Shape{1000}).value();
  const auto build = [&] {
    GraphBuilder builder;
    const Operand x = builder.Input("x", descriptor).value();
    const Operand w = builder.ConstantView(descriptor, std::as_bytes(std::span(weights))).value();
    return builder.Finish({{"y", builder.Add({.a = x, .b = w}).value()}}).value();
  };
  const GraphDefinition definition = build();
  std::vector<Key> keys(4);
  std::vector<std::thread> threads;
  for (Key& key : keys) threads.emplace_back([&] { key = KeyOf(definition); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(keys, Each(KeyOf(build())));
  weights[500] = 2.0f;  // against the promise: only who reads again can tell
  EXPECT_EQ(KeyOf(definition), keys[0]);
  EXPECT_THAT(Changed(KeyOf(build()), keys[0]), ElementsAre("weights"));
}

TEST(FingerprintTest, WeightsCountInTheirPlaces) {
  const auto row = OperandDescriptor::Create(DataType::kInt32, {1, 2}).value();
  const std::vector<std::byte> c1(8, std::byte{1});
  const std::vector<std::byte> c2(8, std::byte{2});
  const Key key = Affine(row, c1, c2);
  EXPECT_THAT(Changed(Affine(row, c2, c1), key), ElementsAre("weights"));
  EXPECT_THAT(Changed(Affine(row, c1, c1), key), ElementsAre("weights"));
  EXPECT_THAT(Changed(Affine(row, c1, c1, true), key), ElementsAre("operators", "weights"));
  // The same bytes under another type or shape.
  const auto floats = OperandDescriptor::Create(DataType::kFloat32, {1, 2}).value();
  const auto column = OperandDescriptor::Create(DataType::kInt32, {2, 1}).value();
  for (const auto& descriptor : {floats, column}) {
    EXPECT_THAT(Changed(Affine(descriptor, c1, c2), key),
                ElementsAre("inputs", "outputs", "operators"));
  }
}

TEST(FingerprintTest, TheOrderOfInputsAndOutputsCounts) {
  const auto build = [](bool inputs, bool outputs) {
    GraphBuilder builder;
    Operand x;
    Operand y;
    const auto make_x = [&] { x = builder.Input("x", DataType::kFloat32, {2}).value(); };
    const auto make_y = [&] { y = builder.Input("y", DataType::kFloat32, {2}).value(); };
    inputs ? make_y() : make_x();
    inputs ? make_x() : make_y();
    const Operand sub = builder.Sub({.a = x, .b = y}).value();
    const Operand div = builder.Div({.a = x, .b = y}).value();
    std::vector<GraphBuilder::NamedOutput> named = {{"sub", sub}, {"div", div}};
    if (outputs) std::swap(named[0], named[1]);
    return KeyOf(builder.Finish(named).value());
  };
  const Key key = build(false, false);
  EXPECT_THAT(Changed(build(false, false), key), IsEmpty());
  EXPECT_THAT(Changed(build(true, false), key), testing::Contains("inputs"));
  EXPECT_THAT(Changed(build(false, true), key), testing::Contains("outputs"));
}

TEST(FingerprintTest, WhichResultIsAnOutputCounts) {
  const auto build = [](uint32_t first, uint32_t second) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", DataType::kFloat32, {6}).value();
    const auto parts = builder.Split({.input = x, .splits = 3u}).value();
    return KeyOf(builder.Finish({{"a", parts[first]}, {"b", parts[second]}}).value());
  };
  EXPECT_THAT(Changed(build(0, 1), build(1, 0)), ElementsAre("operators"));
  EXPECT_THAT(Changed(build(0, 1), build(0, 2)), ElementsAre("operators"));
  EXPECT_THAT(Changed(build(0, 0), build(0, 1)), ElementsAre("operators"));
}

// Names are quoted: one strange name is not two.
TEST(FingerprintTest, NamesCannotImitateOthers) {
  const auto build = [](std::vector<std::string> names) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
    std::vector<GraphBuilder::NamedOutput> named;
    for (std::string& name : names) {
      named.emplace_back(std::move(name), builder.Relu({.input = x}).value());
    }
    return KeyOf(builder.Finish(named).value()).Find("outputs")->value;
  };
  EXPECT_NE(build({"a", "b"}), build({"a\" float32[2], \"b"}));
  EXPECT_NE(build({"\n"}), build({"\\n"}));
  EXPECT_NE(build({"\xff"}), build({"\\x{ff}"}));
}

// An attribute's number is a value: how it was written does not count, but every bit of it does.
TEST(FingerprintTest, NumbersCountExactly) {
  const auto build = [](Number bound) {
    GraphBuilder builder;
    const Operand x = builder.Input("x", DataType::kInt64, {2}).value();
    const Operand y = builder.Clamp({.input = x, .max_value = bound}).value();
    return KeyOf(builder.Finish({{"y", y}}).value());
  };
  EXPECT_EQ(build(int64_t{5}), build(uint64_t{5}));
  const int64_t large = int64_t{1} << 60;
  EXPECT_NE(build(large), build(large + 1));
  EXPECT_NE(build(int64_t{-1}), build(~uint64_t{0}));
  EXPECT_NE(build(0.0), build(-0.0));
  // Both print as 1152921504606847000.
  EXPECT_NE(build(1152921504606847000), build(0x1p60));
}

TEST(FingerprintTest, ADeepGraphNeedsNoDeepStack) {
  GraphBuilder builder;
  Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  for (int i = 0; i < 200000; ++i) x = builder.Relu({.input = x}).value();
  const Key deep = KeyOf(builder.Finish({{"y", x}}).value());
  EXPECT_EQ(deep.fields().size(), 4u);
}

}  // namespace
}  // namespace webnn
