#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/onnx/import/node_case.h"

namespace webnn::onnx_test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

void ExpectFolded(const std::vector<NodeCase>& nodes, double tolerance = 1e-6) {
  for (size_t i = 0; i < nodes.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    ExpectFoldedCase(nodes[i], tolerance);
  }
}

// ---- Against ONNX Runtime. ----

TEST(Fold, UnaryFloats) {
  const TestTensor any = Floats({6}, {-2.5f, -0.5f, 0, 0.5f, 1.5f, 3});
  const TestTensor inside = Floats({3}, {-0.75f, 0.25f, 0.5f});
  const TestTensor above = Floats({3}, {1, 1.5f, 30});
  const std::vector<std::pair<std::vector<const char*>, TestTensor>> operators = {
      {{"Abs",     "Neg",  "Sign", "Relu",     "Atan",     "Asinh",      "Ceil",
        "Cos",     "Cosh", "Erf",  "Exp",      "Floor",    "Reciprocal", "Round",
        "Sigmoid", "Sin",  "Sinh", "Softplus", "Softsign", "Tan",        "Tanh"},
       any},
      {{"Acos", "Asin", "Atanh"}, inside},
      {{"Acosh", "Log", "Sqrt"}, above}};
  for (const auto& [ops, x] : operators) {
    for (const char* op : ops) ExpectFolded({{op, {{"x", x}}}});
  }
}

TEST(Fold, UnaryOfOtherTypes) {
  const TestTensor signs = Int64s({3}, {-3, 0, 5});
  ExpectFolded({
      {"Abs", {{"x", signs}}},
      {"Neg", {{"x", signs}}},
      {"Sign", {{"x", signs}}},
      {"Abs", {{"x", TensorOf<int8_t>(TensorProto::INT8, {2}, {-128, 5})}}},
      {"BitwiseNot", {{"x", Int32s({2}, {5, -1})}}},
      {"BitwiseNot", {{"x", TensorOf<uint8_t>(TensorProto::UINT8, {2}, {5, 255})}}},
      {"Not", {{"x", Bools({2}, {0, 1})}}},
      {"IsNaN", {{"x", Floats({3}, {1, kNaN, kInfinity})}}},
      {"IsInf", {{"x", Floats({4}, {1, kNaN, kInfinity, -kInfinity})}}},
      {"IsInf", {{"x", Floats({2}, {kInfinity, -kInfinity})}}, {{"detect_positive", 0}}},
      {"IsInf", {{"x", Floats({2}, {kInfinity, -kInfinity})}}, {{"detect_negative", 0}}},
  });
}

TEST(Fold, BinaryBroadcasts) {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Pow", "Equal", "Greater", "GreaterOrEqual",
                         "Less", "LessOrEqual", "Max", "Min", "Sum", "Mean"}) {
    const bool of_floats = op == std::string("Mean") || op == std::string("Sum");
    ExpectFolded({{op, {{"a", Floats({2, 1}, {3, 5})}, {"b", Floats({3}, {-1, 3, 2})}}},
                  {op, {{"a", Floats({}, {7})}, {"b", Floats({1, 1}, {2})}}}});
    if (of_floats) continue;
    ExpectFolded({{op, {{"a", Int64s({2, 1}, {-7, 7})}, {"b", Int64s({3}, {2, 3, 7})}}},
                  {op, {{"a", Int32s({4}, {-7, 7, 1, 0})}, {"b", Int32s({1}, {3})}}}});
  }
  ExpectFolded({
      {"Max", {{"a", Floats({2}, {kNaN, 1})}, {"b", Floats({2}, {1, kNaN})}}},
      {"Max", {{"a", Int64s({2}, {1, 5})}, {"b", Int64s({}, {3})}, {"c", Int64s({1}, {4})}}},
      {"Mean", {{"a", Floats({2}, {1, 5})}, {"b", Floats({1}, {3})}, {"c", Floats({}, {5})}}},
      {"Sum", {{"a", Floats({2}, {1, 5})}}},
      {"Mod", {{"a", Int64s({4}, {-7, 7, -7, 7})}, {"b", Int64s({4}, {3, -3, -3, 3})}}},
      {"Mod",
       {{"a", Int64s({4}, {-7, 7, -7, 7})}, {"b", Int64s({4}, {3, -3, -3, 3})}},
       {{"fmod", 1}}},
      {"Mod", {{"a", Floats({2}, {-7.5f, 7.5f})}, {"b", Floats({2}, {2, -2})}}, {{"fmod", 1}}},
      {"And", {{"a", Bools({2, 1}, {0, 1})}, {"b", Bools({2}, {0, 1})}}},
      {"Or", {{"a", Bools({2, 1}, {0, 1})}, {"b", Bools({2}, {0, 1})}}},
      {"Xor", {{"a", Bools({2, 1}, {0, 1})}, {"b", Bools({2}, {0, 1})}}},
      {"Equal", {{"a", Bools({2}, {0, 1})}, {"b", Bools({2}, {1, 1})}}},
      {"BitwiseAnd", {{"a", Int64s({2}, {12, -1})}, {"b", Int64s({2}, {10, 7})}}},
      {"BitwiseOr", {{"a", Int64s({2}, {12, -8})}, {"b", Int64s({2}, {10, 7})}}},
      {"BitwiseXor", {{"a", Int64s({2}, {12, -1})}, {"b", Int64s({2}, {10, 7})}}},
      {"Pow", {{"a", Floats({2}, {2, 9})}, {"b", Int64s({2}, {-1, 2})}}},
      {"Pow", {{"a", Int64s({2}, {3, 9})}, {"b", Floats({2}, {2, 0.5f})}}},
  });
}

TEST(Fold, CastWhereClip) {
  const TestTensor x = Floats({5}, {-1.5f, -0.5f, 0, 2.5f, 300});
  for (int to : {TensorProto::FLOAT16, TensorProto::INT32, TensorProto::INT64, TensorProto::BOOL}) {
    ExpectFolded({{"Cast", {{"x", x}}, {{"to", to}}}});
  }
  ExpectFolded({
      {"Cast", {{"x", Int64s({3}, {-1, 255, 256})}}, {{"to", TensorProto::UINT8}}},
      {"Cast", {{"x", Int64s({2}, {-1, int64_t{1} << 40})}}, {{"to", TensorProto::INT32}}},
      {"Cast", {{"x", Int64s({1}, {(int64_t{1} << 53) + 1})}}, {{"to", TensorProto::FLOAT}}},
      {"CastLike", {{"x", x}, {"like", Int64s({1}, {0})}}},
      {"Where",
       {{"c", Bools({2, 1}, {1, 0})}, {"a", Int64s({2}, {1, 2})}, {"b", Int64s({1}, {9})}}},
      {"Clip", {{"x", x}}, {{"min", -1.0f}, {"max", 2.0f}}, 7},
      {"Clip", {{"x", x}, {"lo", Floats({}, {-1})}, {"hi", Floats({}, {2})}}, {}, 11},
      {"Clip", {{"x", Int64s({3}, {-5, 0, 5})}, {"", {}}, {"hi", Int64s({}, {2})}}, {}, 13},
      {"Clip", {{"x", x}}, {}, 13},
  });
}

TEST(Fold, Reductions) {
  const TestTensor x = Floats({2, 3, 2}, {1, -2, 3, 4, 5.5f, 6, 7, 8, -9, 10, 11, 12});
  const TestTensor n = Int64s({2, 3}, {4, -2, 3, 9, 0, 1});
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax",
                         "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"}) {
    ExpectFolded({{op, {{"x", x}}},
                  {op, {{"x", x}}, {{"axes", {1}}, {"keepdims", 0}}, 11},
                  {op, {{"x", x}, {"axes", Int64s({2}, {-1, 0})}}, {}, 18},
                  {op, {{"x", x}, {"axes", Int64s({1}, {1})}}, {{"keepdims", 0}}, 20}});
  }
  for (const char* op : {"ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum"}) {
    ExpectFolded({{op, {{"x", n}, {"axes", Int64s({1}, {1})}}, {{"keepdims", 0}}, 18}});
  }
  ExpectFolded({
      {"ReduceSum", {{"x", x}, {"axes", Int64s({0}, {})}}, {{"noop_with_empty_axes", 1}}, 13},
      {"ReduceSum", {{"x", x}}, {{"axes", {-1}}}, 11},
      {"ReduceSum", {{"x", Floats({}, {3})}}},
      {"ArgMax", {{"x", Floats({2, 3}, {1, 3, 3, 2, 2, 1})}}, {{"axis", 1}}},
      {"ArgMax",
       {{"x", Floats({2, 3}, {1, 3, 3, 2, 2, 1})}},
       {{"axis", -1}, {"keepdims", 0}, {"select_last_index", 1}}},
      {"ArgMin", {{"x", Int32s({2, 3}, {1, 3, 3, 2, 2, 1})}}, {{"axis", 0}, {"keepdims", 0}}},
      {"CumSum", {{"x", x}, {"axis", Int32s({}, {1})}}},
      {"CumSum", {{"x", n}, {"axis", Int64s({}, {-1})}}, {{"exclusive", 1}}},
      {"CumSum", {{"x", n}, {"axis", Int64s({}, {0})}}, {{"reverse", 1}}},
      {"CumSum", {{"x", n}, {"axis", Int64s({}, {1})}}, {{"reverse", 1}, {"exclusive", 1}}},
  });
}

TEST(Fold, Matrices) {
  const TestTensor a = Random({2, 3});
  ExpectFolded({
      {"MatMul", {{"a", a}, {"b", Random({3, 4})}}},
      {"MatMul", {{"a", Random({3})}, {"b", Random({3, 4})}}},
      {"MatMul", {{"a", Random({2, 1, 2, 3})}, {"b", Random({4, 3, 2})}}},
      {"MatMul", {{"a", Random({2, 2, 3})}, {"b", Random({3})}}},
      {"MatMul", {{"a", Random({3})}, {"b", Random({3})}}},
      {"MatMul", {{"a", Int64s({1, 2}, {3, -4})}, {"b", Int64s({2, 1}, {5, 6})}}},
      {"Gemm", {{"a", a}, {"b", Random({3, 2})}}},
      {"Gemm",
       {{"a", a}, {"b", Random({4, 3})}, {"c", Random({4})}},
       {{"transB", 1}, {"alpha", 0.5f}, {"beta", 2.0f}}},
      {"Gemm",
       {{"a", Random({3, 2})}, {"b", Random({3, 1})}, {"c", Random({2, 1})}},
       {{"transA", 1}}},
  });
}

TEST(Fold, Quantisation) {
  const TestTensor bytes =
      TensorOf<uint8_t>(TensorProto::UINT8, {2, 3}, {0, 1, 127, 128, 200, 255});
  const TestTensor signed_bytes =
      TensorOf<int8_t>(TensorProto::INT8, {2, 3}, {-128, -1, 0, 1, 100, 127});
  const auto zero_points = [](std::vector<int8_t> values) {
    const auto count = static_cast<int64_t>(values.size());
    return TensorOf<int8_t>(TensorProto::INT8, {count}, values);
  };
  const TestTensor scale = Floats({}, {0.25f});
  const TestTensor x = Floats({2, 3}, {-1, -0.375f, 0.125f, 0.625f, 30, 1000});
  ExpectFolded({
      {"DequantizeLinear", {{"x", bytes}, {"s", scale}}},
      {"DequantizeLinear",
       {{"x", bytes}, {"s", scale}, {"z", TensorOf<uint8_t>(TensorProto::UINT8, {}, {128})}}},
      {"DequantizeLinear",
       {{"x", signed_bytes}, {"s", Floats({3}, {1, 2, 3})}, {"z", zero_points({1, 2, 3})}},
       {{"axis", 1}}},
      {"DequantizeLinear",
       {{"x", signed_bytes}, {"s", Floats({2}, {1, 2})}, {"z", zero_points({1, 2})}},
       {{"axis", -2}},
       13},
      {"DequantizeLinear",
       {{"x", signed_bytes}, {"s", Floats({2, 2}, {1, 2, 3, 4})}},
       {{"axis", 1}, {"block_size", 2}}},
      {"DequantizeLinear", {{"x", Int32s({2}, {-7, 70000})}, {"s", scale}}},
      {"QuantizeLinear", {{"x", x}, {"s", scale}}},
      {"QuantizeLinear", {{"x", x}, {"s", Floats({3}, {1, 2, 3})}, {"z", zero_points({1, 2, 3})}}},
      {"QuantizeLinear", {{"x", x}, {"s", scale}}, {{"output_dtype", TensorProto::INT8}}},
  });
}

// ---- Types that WebNN or ONNX Runtime's kernels lack, against numbers worked out by hand. ----

struct TypedCase {
  const char* op;
  std::vector<TestTensor> inputs;
  std::vector<int64_t> expected;
  std::vector<TestAttribute> attributes = {};
};

// The result as int64, through a Cast: both are computed by the import.
void ExpectIntegers(const TypedCase& typed) {
  SCOPED_TRACE(typed.op);
  TestModel model;
  std::vector<std::string> names;
  for (const TestTensor& input : typed.inputs) {
    names.push_back("w" + std::to_string(names.size()));
    model.Weight(names.back(), input);
  }
  model.Node(typed.op, names, {"y"}, typed.attributes);
  model.Node("Cast", {"y"}, {"wide"}, {{"to", TensorProto::INT64}});
  model.Output("wide");
  const auto outputs = RunImported(model.Serialize(), {});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_EQ(outputs->at("wide").Values<int64_t>(), typed.expected);
}

template <class T>
TestTensor List(int element, const std::vector<T>& values) {
  return TensorOf(element, {static_cast<int64_t>(values.size())}, values);
}

TEST(Fold, IntegersWrapToTheirWidth) {
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  constexpr uint64_t kHighest = std::numeric_limits<uint64_t>::max();
  const auto i8 = [](std::vector<int8_t> v) { return List(TensorProto::INT8, v); };
  const auto i16 = [](std::vector<int16_t> v) { return List(TensorProto::INT16, v); };
  const auto i64 = [](std::vector<int64_t> v) { return List(TensorProto::INT64, v); };
  const auto u8 = [](std::vector<uint8_t> v) { return List(TensorProto::UINT8, v); };
  const auto u16 = [](std::vector<uint16_t> v) { return List(TensorProto::UINT16, v); };
  const auto u32 = [](std::vector<uint32_t> v) { return List(TensorProto::UINT32, v); };
  const auto u64 = [](std::vector<uint64_t> v) { return List(TensorProto::UINT64, v); };
  const std::vector<TypedCase> cases = {
      {"Add", {i8({100, -100}), i8({100, -100})}, {-56, 56}},
      {"Add", {u8({200}), u8({100})}, {44}},
      {"Add", {i16({32767}), i16({1})}, {-32768}},
      {"Add", {i64({kLowest}), i64({-1})}, {std::numeric_limits<int64_t>::max()}},
      {"Sub", {u16({1}), u16({2})}, {65535}},
      {"Sub", {u32({1}), u32({2})}, {4294967295}},
      {"Mul", {u64({kHighest}), u64({2})}, {-2}},
      {"Mul", {i16({300}), i16({300})}, {24464}},
      {"Div", {i8({-128, -7, 7}), i8({-1, 2, -2})}, {-128, -3, -3}},
      {"Div", {i64({kLowest}), i64({-1})}, {kLowest}},
      {"Div", {u64({kHighest}), u64({kHighest - 1})}, {1}},
      {"Mod", {i8({-7, 7, -128}), i8({3, -3, -1})}, {2, -2, 0}},
      {"Mod", {i64({kLowest}), i64({-1})}, {0}},
      {"Mod", {i16({-7}), i16({3})}, {-1}, {{"fmod", 1}}},
      {"Neg", {i8({-128, 5})}, {-128, -5}},
      {"Abs", {i64({kLowest, -5})}, {kLowest, 5}},
      {"Abs", {u64({kHighest})}, {-1}},
      {"Pow", {i16({3, -2, 2}), i16({2, 3, -1})}, {9, -8, 0}},
      {"Pow", {i64({3}), i64({39})}, {4052555153018976267}},
      {"Greater", {u64({kHighest}), u64({1})}, {1}},
      {"Less", {i8({-1, 1}), i8({1, -1})}, {1, 0}},
      {"Max", {u64({kHighest, 3}), u64({1, 4})}, {-1, 4}},
      {"Min", {i16({-3, 3}), i16({1, 1})}, {-3, 1}},
      {"Clip", {u8({1, 5, 250}), TensorOf<uint8_t>(TensorProto::UINT8, {}, {2})}, {2, 5, 250}},
      {"BitShift", {u8({129}), u8({1})}, {2}, {{"direction", "LEFT"}}},
      {"BitShift", {u32({256, 1}), u32({4, 64})}, {16, 0}, {{"direction", "RIGHT"}}},
      {"BitShift",
       {i8({-4, 4, -4, -4}), i8({1, 1, -1, 9})},
       {-2, 2, -1, -1},
       {{"direction", "RIGHT"}}},
      {"BitShift", {i8({-4, 65, 1}), i8({1, 1, 8})}, {-8, -126, 0}, {{"direction", "LEFT"}}},
      {"Sign", {u16({0, 9})}, {0, 1}},
      {"ReduceSum", {i16({30000, 30000})}, {-5536}},
      {"ReduceProd", {u8({16, 17})}, {16}},
      {"ReduceMax", {u64({1, kHighest, 5})}, {-1}},
      {"ReduceL1", {i8({-100, 100})}, {-56}},
      {"CumSum", {u32({1, 2, 3}), Int64s({}, {0})}, {1, 3, 6}},
      {"CumProd", {i16({2, 300, 300}), Int64s({}, {0})}, {2, 600, -16608}},
      {"ArgMax", {i16({-5, 7, 7})}, {1}},
      {"MatMul", {u16({300, 2}), u16({300, 3})}, {24470}},
      {"Where", {Bools({2}, {1, 0}), i16({-1, -2}), i16({7, 8})}, {-1, 8}},
      {"Where", {Bools({2}, {1, 0}), Bools({}, {1}), Bools({1}, {0})}, {1, 0}},
      {"QuantizeLinear",
       {Floats({2}, {1, 1e9f}), Floats({}, {0.5f})},
       {2, 65535},
       {{"output_dtype", TensorProto::UINT16}}},
      // Movement.
      {"Transpose", {TensorOf<int16_t>(TensorProto::INT16, {2, 2}, {1, 2, 3, 4})}, {1, 3, 2, 4}},
      {"Gather", {u16({7, 8, 9}), i64({-1, 0})}, {9, 7}},
      {"Concat", {u64({1}), u64({kHighest})}, {1, -1}, {{"axis", 0}}},
      {"Tile", {i16({1, 2}), i64({2})}, {1, 2, 1, 2}},
      {"Slice", {u16({1, 2, 3}), i64({2}), i64({-9}), i64({0}), i64({-2})}, {3, 1}},
      {"Pad",
       {i16({5}), i64({1, 1}), TensorOf<int16_t>(TensorProto::INT16, {}, {-9})},
       {-9, 5, -9}},
  };
  for (const TypedCase& typed : cases) ExpectIntegers(typed);
}

TEST(Fold, FloatsOfOtherWidths) {
  const auto doubles = [](std::vector<double> v) { return List(TensorProto::DOUBLE, v); };
  const auto brains = [](const std::vector<float>& values) {
    std::vector<uint16_t> bits;
    for (float value : values) {
      bits.push_back(static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
    }
    return List(TensorProto::BFLOAT16, bits);
  };
  const std::vector<TypedCase> cases = {
      // 2^53 + 1 is no double, but 2^53 + 2 is; neither is a float32.
      {"Add", {doubles({0x1p53}), doubles({2})}, {9007199254740994}},
      {"Sqrt", {doubles({1e18})}, {1000000000}},
      {"Floor", {doubles({-2.5, 2.5})}, {-3, 2}},
      {"Round", {doubles({-2.5, 2.5, 3.5})}, {-2, 2, 4}},
      // bfloat16 has 8 bits of mantissa: 256 + 1 rounds to even.
      {"Add", {brains({256, 256}), brains({1, 3})}, {256, 260}},
      {"Mul", {brains({-3}), brains({5})}, {-15}},
      {"Div", {doubles({7}), doubles({2})}, {3}},
      {"ReduceMean", {doubles({1, 2, 6})}, {3}},
      {"Mod", {doubles({-7, 7, -3}), doubles({4, -4, 5})}, {1, -1, 2}},
      {"Greater", {doubles({1.0 + 0x1p-50}), doubles({1})}, {1}},
  };
  for (const TypedCase& typed : cases) ExpectIntegers(typed);
}

TEST(Fold, CastBetweenAllTypes) {
  const std::vector<std::pair<int, int64_t>> types = {
      {TensorProto::FLOAT, -3},     {TensorProto::FLOAT16, -3},        {TensorProto::DOUBLE, -3},
      {TensorProto::BFLOAT16, -3},  {TensorProto::INT8, -3},           {TensorProto::INT16, -3},
      {TensorProto::INT32, -3},     {TensorProto::INT64, -3},          {TensorProto::UINT8, 253},
      {TensorProto::UINT16, 65533}, {TensorProto::UINT32, 4294967293}, {TensorProto::UINT64, -3},
      {TensorProto::BOOL, 1}};
  for (const auto& [type, expected] : types) {
    ExpectIntegers(
        {"Cast", {List<double>(TensorProto::DOUBLE, {-3.75})}, {expected}, {{"to", type}}});
    ExpectIntegers({"Cast", {Int64s({1}, {-3})}, {expected}, {{"to", type}}});
  }
}

// ---- Chains as models have them. ----

TEST(Fold, ShapeArithmetic) {
  TestModel model;
  const TestTensor x = Random({2, 12, 5});
  model.Input("x", x);
  model.Weight("zero", Int64s({1}, {0})).Weight("one", Int64s({}, {1}));
  model.Weight("three", Int64s({1}, {3})).Weight("minus", Int64s({1}, {-1}));
  model.Weight("axis", Int64s({1}, {0}));
  model.Node("Shape", {"x"}, {"shape"});
  model.Node("Gather", {"shape", "one"}, {"channels"});              // 12
  model.Node("Unsqueeze", {"channels", "axis"}, {"channels_list"});  // [12]
  model.Node("Div", {"channels_list", "three"}, {"group"});          // [4]
  model.Node("Slice", {"shape", "zero", "axis_end"}, {"batch"});     // [2]
  model.Weight("axis_end", Int64s({1}, {1}));
  model.Node("Concat", {"batch", "three", "group", "minus"}, {"target"}, {{"axis", 0}});
  model.Node("Equal", {"target", "minus"}, {"open"});
  model.Node("Cast", {"open"}, {"number"}, {{"to", TensorProto::INT64}});
  model.Node("ReduceSum", {"number", "axis"}, {"count"}, {{"keepdims", 0}});
  model.Node("Add", {"count", "one"}, {"two"});
  model.Node("Mul", {"two", "three"}, {"six"});
  model.Node("Where", {"open", "six", "target"}, {"other"});
  model.Node("Reshape", {"x", "target"}, {"y"});
  model.Node("Identity", {"other"}, {"z"});
  model.Output("y").Output("z");
  ExpectSameAsOnnxRuntime(model, {{"x", x}});
  const auto graph = GraphOf(model);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->operator_count(), 2u) << graph->ToText();  // the Reshape, and z's identity
}

TEST(Fold, EmptyTensors) {
  const TestTensor none = Floats({0, 2}, {});
  const TestTensor axis = Int64s({1}, {0});
  ExpectFolded({
      {"ReduceSum", {{"x", none}, {"axes", axis}}},
      {"ReduceProd", {{"x", none}, {"axes", axis}}},
      {"ReduceMax", {{"x", none}, {"axes", axis}}, {}, 20},
      {"ReduceMin", {{"x", none}, {"axes", axis}}, {}, 20},
      {"ReduceL2", {{"x", none}, {"axes", axis}}},
      {"MatMul", {{"a", Floats({2, 0}, {})}, {"b", none}}},
      {"ReduceSum", {{"x", Int64s({0}, {})}, {"axes", axis}}, {{"keepdims", 0}}},
  });
}

// Inputs that are missing are an error whoever finds it.
TEST(Fold, MissingInputs) {
  const TestTensor x = Floats({2}, {1, 2});
  for (const char* op : {"Add", "Where", "MatMul", "Gemm", "Pow", "CumSum", "QuantizeLinear", "Mod",
                         "BitShift", "Equal"}) {
    EXPECT_FALSE(GraphOf(OneNode(op, {{"const_x", x}})).ok()) << op;
    EXPECT_FALSE(GraphOf(OneNode(op, {{"", {}}, {"const_x", x}})).ok()) << op;
  }
  for (const char* op : {"Sum", "Max", "Mean", "Cast", "ReduceSum", "ArgMax"}) {
    EXPECT_FALSE(GraphOf(OneNode(op, {})).ok()) << op;
    EXPECT_FALSE(GraphOf(OneNode(op, {{"", {}}, {"const_x", x}})).ok()) << op;
  }
}

TEST(Fold, InvalidNodes) {
  const auto invalid = [](const std::string& op,
                          const std::vector<std::pair<std::string, TestTensor>>& inputs,
                          const std::vector<TestAttribute>& attributes, std::string_view part) {
    SCOPED_TRACE(op);
    ExpectInvalid(OneNode(op, inputs, attributes).Serialize(), part);
  };
  const TestTensor two = Int64s({2}, {1, 0});
  invalid("Div", {{"const_a", two}, {"const_b", two}}, {}, "an integer is divided by 0");
  invalid("Mod", {{"const_a", two}, {"const_b", two}}, {}, "an integer is divided by 0");
  invalid("Add", {{"const_a", two}, {"const_b", Int64s({3}, {1, 2, 3})}}, {},
          "[2] and [3] cannot be broadcast");
  invalid("Add", {{"const_a", two}, {"const_b", Floats({2}, {1, 2})}}, {},
          "the inputs are int64 and float32");
  invalid("MatMul", {{"const_a", two}, {"const_b", Int64s({3}, {1, 2, 3})}}, {},
          "int64[2] and int64[3] cannot be multiplied");
  invalid("ReduceSum", {{"const_x", two}, {"const_a", Int64s({1}, {1})}}, {}, "axis 1 is not in");
  invalid("BitShift",
          {{"const_a", List<uint8_t>(TensorProto::UINT8, {1})},
           {"const_b", List<uint8_t>(TensorProto::UINT8, {1})}},
          {{"direction", "UP"}}, "`direction` is \"UP\"");
}

}  // namespace
}  // namespace webnn::onnx_test
