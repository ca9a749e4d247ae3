#include "webnn/graph_builder.h"

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "graph/graph_data.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing::SizeIs;
using testing_support::BreaksRule;
using testing_support::Fails;
using testing_support::Succeeds;

OperandDescriptor Describe(DataType type, Shape shape) {
  return OperandDescriptor::Create(type, std::move(shape)).value();
}

// ---- Inputs. ----

TEST(GraphBuilderTest, AnInputHasItsDescriptor) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kInt8, {2, 3}).value();
  EXPECT_EQ(builder.Describe(x).value(), Describe(DataType::kInt8, {2, 3}));
  const Operand scalar =
      builder.Input("scalar", OperandDescriptor::Scalar(DataType::kUint64)).value();
  EXPECT_EQ(builder.Describe(scalar)->rank(), 0u);
  EXPECT_NE(x, scalar);
}

TEST(GraphBuilderTest, NamesOfInputsAreNotEmpty) {
  GraphBuilder builder;
  EXPECT_THAT(builder.Input("", DataType::kFloat32, {1}), Fails(ErrorCode::kTypeError, "empty"));
  EXPECT_THAT(builder.Input(" ", DataType::kFloat32, {1}), Succeeds());
}

TEST(GraphBuilderTest, InputsAreChecked) {
  GraphBuilder builder;
  EXPECT_THAT(builder.Input("x", DataType::kFloat32, {0}), Fails(ErrorCode::kTypeError, "\"x\""));
  EXPECT_THAT(builder.Input("x", DataType::kFloat32, Shape(std::vector<uint32_t>(9, 1))),
              Fails(ErrorCode::kTypeError, "rank 9"));
  // A refused input leaves nothing behind, not even its name.
  const Operand x =
      builder.Input("x", DataType::kFloat32, Shape(std::vector<uint32_t>(8, 1))).value();
  EXPECT_EQ(x.id, 0u);
  EXPECT_THAT(builder.Finish({{"y", *builder.Neg({.input = x})}}), Succeeds());
}

TEST(GraphBuilderTest, TakesThousandsOfInputs) {
  constexpr uint32_t kCount = 8193;
  GraphBuilder builder;
  std::vector<Operand> inputs;
  for (uint32_t i = 0; i < kCount; ++i) {
    auto input = builder.Input("input " + std::to_string(i), DataType::kUint8, {1});
    ASSERT_THAT(input, Succeeds());
    inputs.push_back(*input);
  }
  EXPECT_THAT(builder.Concat({.inputs = inputs, .axis = 0}), BreaksRule("inputs-count"));
  const std::vector<Operand> fewer(inputs.begin(), inputs.end() - 1);
  const Operand joined = builder.Concat({.inputs = fewer, .axis = 0}).value();
  EXPECT_EQ(builder.Describe(joined)->shape(), Shape({kCount - 1}));
  const GraphDefinition graph = builder.Finish({{"y", joined}}).value();
  EXPECT_THAT(graph.inputs(), SizeIs(kCount - 1));
  EXPECT_EQ(graph.inputs().back().name, "input 8191");
}

// ---- Constants. ----

TEST(GraphBuilderTest, AConstantHasExactlyItsBytes) {
  GraphBuilder builder;
  const OperandDescriptor descriptor = Describe(DataType::kFloat16, {3});
  const std::vector<std::byte> bytes(7);
  for (size_t length : {0, 3, 5, 7}) {
    const auto some = std::span(bytes).first(length);
    EXPECT_THAT(builder.Constant(descriptor, some), Fails(ErrorCode::kTypeError, "6 bytes"));
    EXPECT_THAT(builder.ConstantView(descriptor, some), Fails(ErrorCode::kTypeError, "6 bytes"));
  }
  EXPECT_THAT(builder.Constant(descriptor, std::span(bytes).first(6)), Succeeds());
  EXPECT_THAT(builder.ConstantView(descriptor, std::span(bytes).first(6)), Succeeds());
}

TEST(GraphBuilderTest, FourBitConstantsArePacked) {
  GraphBuilder builder;
  const OperandDescriptor descriptor = Describe(DataType::kUint4, {3, 3});
  const std::vector<std::byte> bytes(9);
  EXPECT_THAT(builder.Constant(descriptor, std::span(bytes).first(5)), Succeeds());
  EXPECT_THAT(builder.Constant(descriptor, std::span(bytes).first(4)),
              Fails(ErrorCode::kTypeError));
  EXPECT_THAT(builder.Constant(descriptor, bytes), Fails(ErrorCode::kTypeError));
}

// The bytes of the only constant of the graph.
std::span<const std::byte> OnlyConstant(const GraphDefinition& graph) {
  EXPECT_THAT(graph.data()->constants, SizeIs(1));
  return graph.data()->constants.front().bytes;
}
template <class T>
std::vector<T> As(std::span<const std::byte> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

TEST(GraphBuilderTest, ACopiedConstantDoesNotChange) {
  GraphBuilder builder;
  std::vector<float> numbers = {1, 2};
  const Operand c =
      builder.Constant(Describe(DataType::kFloat32, {2}), std::as_bytes(std::span(numbers)))
          .value();
  numbers = {8, 9};
  const GraphDefinition graph = builder.Finish({{"y", *builder.Neg({.input = c})}}).value();
  EXPECT_EQ(As<float>(OnlyConstant(graph)), (std::vector<float>{1, 2}));
}

TEST(GraphBuilderTest, AViewedConstantIsNotCopied) {
  GraphBuilder builder;
  const std::vector<float> numbers = {1, 2};
  const Operand c =
      builder.ConstantView(Describe(DataType::kFloat32, {2}), std::as_bytes(std::span(numbers)))
          .value();
  const GraphDefinition graph = builder.Finish({{"y", *builder.Neg({.input = c})}}).value();
  EXPECT_EQ(static_cast<const void*>(OnlyConstant(graph).data()), numbers.data());
}

TEST(GraphBuilderTest, ConstantsFromNumbers) {
  GraphBuilder builder;
  const Operand floats = builder.Constant<float>({2, 1}, {1.5f, -2}).value();
  EXPECT_EQ(builder.Describe(floats).value(), Describe(DataType::kFloat32, {2, 1}));
  EXPECT_EQ(builder.Describe(*builder.Constant<int64_t>({1}, {1}))->data_type(), DataType::kInt64);
  EXPECT_EQ(builder.Describe(*builder.Constant<uint8_t>({}, {1}))->data_type(), DataType::kUint8);
  EXPECT_THAT(builder.Constant<int32_t>({2}, {1, 2, 3}), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(builder.Constant<int32_t>({0}, {}), Fails(ErrorCode::kTypeError));
}

TEST(GraphBuilderTest, AScalarIsCastToItsType) {
  const auto bytes_of = [](DataType type, Number number) {
    GraphBuilder builder;
    const Operand c = builder.Constant(type, number).value();
    EXPECT_EQ(builder.Describe(c).value(), OperandDescriptor::Scalar(type));
    const Operand y = builder.Identity({.input = c}).value();
    const GraphDefinition graph = builder.Finish({{"y", y}}).value();
    const auto bytes = OnlyConstant(graph);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(As<float>(bytes_of(DataType::kFloat32, 0.1)), std::vector<float>{0.1f});
  EXPECT_EQ(As<int8_t>(bytes_of(DataType::kInt8, -1000)), std::vector<int8_t>{-128});
  EXPECT_EQ(As<int64_t>(bytes_of(DataType::kInt64, (int64_t{1} << 53) + 1)),
            std::vector<int64_t>{(int64_t{1} << 53) + 1});
  EXPECT_EQ(As<uint16_t>(bytes_of(DataType::kFloat16, 1)), std::vector<uint16_t>{0x3c00});
}

TEST(GraphBuilderTest, AScalarHasAtLeastAByte) {
  GraphBuilder builder;
  EXPECT_THAT(builder.Constant(DataType::kInt4, 1), Fails(ErrorCode::kTypeError, "int4"));
  EXPECT_THAT(builder.Constant(DataType::kUint4, 1), Fails(ErrorCode::kTypeError, "uint4"));
}

TEST(GraphBuilderTest, AScalarHasATypeThatExists) {
  GraphBuilder builder;
  EXPECT_THAT(builder.Constant(static_cast<DataType>(kDataTypeCount), 1),
              Fails(ErrorCode::kTypeError, "data type 10 does not exist"));
}

TEST(GraphBuilderTest, AConstantTensorNeedsAContext) {
  GraphBuilder builder;
  EXPECT_THAT(builder.Constant(Tensor(nullptr)), Fails(ErrorCode::kTypeError, "no context"));
}

// ---- How long the bytes of a view are kept. ----

struct Kept {
  std::shared_ptr<std::vector<float>> numbers = std::make_shared<std::vector<float>>(2, 1.f);
  std::weak_ptr<std::vector<float>> watch = numbers;

  Result<Operand> AddTo(GraphBuilder& builder) {
    const auto bytes = std::as_bytes(std::span(*numbers));
    return builder.ConstantView(Describe(DataType::kFloat32, {2}), bytes, std::move(numbers));
  }
  bool alive() const { return !watch.expired(); }
};

TEST(ConstantLifetimeTest, EndsWithTheBuilderWhenNoGraphWasMade) {
  Kept kept;
  {
    GraphBuilder builder;
    ASSERT_THAT(kept.AddTo(builder), Succeeds());
    EXPECT_TRUE(kept.alive());
    GraphBuilder moved = std::move(builder);
    EXPECT_TRUE(kept.alive());
  }
  EXPECT_FALSE(kept.alive());
}

TEST(ConstantLifetimeTest, EndsWithTheLastGraph) {
  Kept kept;
  std::optional<GraphDefinition> second;
  {
    std::optional<GraphDefinition> first;
    {
      GraphBuilder builder;
      const Operand c = kept.AddTo(builder).value();
      first = builder.Finish({{"y", *builder.Neg({.input = c})}}).value();
    }
    EXPECT_TRUE(kept.alive());
    second = first;
  }
  EXPECT_TRUE(kept.alive());
  second.reset();
  EXPECT_FALSE(kept.alive());
}

TEST(ConstantLifetimeTest, ASpentBuilderKeepsNothing) {
  Kept kept;
  GraphBuilder builder;
  const Operand c = kept.AddTo(builder).value();
  const Operand y = builder.Neg({.input = c}).value();
  (void)builder.Finish({{"y", y}}).value();
  EXPECT_FALSE(kept.alive());
}

TEST(ConstantLifetimeTest, AnUnreachableConstantEndsWithTheBuild) {
  Kept used;
  Kept unused;
  Kept hidden;  // used, but by an operator that no output needs
  GraphBuilder builder;
  const Operand c = used.AddTo(builder).value();
  ASSERT_THAT(unused.AddTo(builder), Succeeds());
  ASSERT_THAT(builder.Neg({.input = *hidden.AddTo(builder)}), Succeeds());
  const Operand y = builder.Neg({.input = c}).value();
  ASSERT_THAT(builder.Finish({}), Fails(ErrorCode::kTypeError));
  EXPECT_TRUE(unused.alive());
  const GraphDefinition graph = builder.Finish({{"y", y}}).value();
  EXPECT_TRUE(used.alive());
  EXPECT_FALSE(unused.alive());
  EXPECT_FALSE(hidden.alive());
}

TEST(ConstantLifetimeTest, ARefusedConstantIsNotKept) {
  GraphBuilder builder;
  auto numbers = std::make_shared<std::vector<float>>(3);
  const std::weak_ptr<std::vector<float>> watch = numbers;
  const auto bytes = std::as_bytes(std::span(*numbers));
  EXPECT_THAT(builder.ConstantView(Describe(DataType::kFloat32, {2}), bytes, std::move(numbers)),
              Fails(ErrorCode::kTypeError));
  EXPECT_TRUE(watch.expired());
}

// ---- Operands. ----

TEST(GraphBuilderTest, DescribesOnlyItsOwnOperands) {
  GraphBuilder builder;
  GraphBuilder other;
  const Operand x = builder.Input("x", DataType::kFloat32, {1}).value();
  EXPECT_THAT(other.Describe(x), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(builder.Describe(Operand()), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(builder.Describe({.id = x.id + 1, .builder = x.builder}),
              Fails(ErrorCode::kTypeError));
  EXPECT_THAT(builder.Describe({.id = x.id, .builder = 0}), Fails(ErrorCode::kTypeError));
}

TEST(GraphBuilderTest, OperatorsTakeOnlyOperandsOfTheirBuilder) {
  GraphBuilder builder;
  GraphBuilder other;
  const Operand x = builder.Input("x", DataType::kFloat32, {1}).value();
  const Operand foreign = other.Input("x", DataType::kFloat32, {1}).value();
  EXPECT_THAT(builder.Add({.a = foreign, .b = x}), BreaksRule("a-of-this-builder"));
  EXPECT_THAT(builder.Add({.a = x, .b = foreign}), BreaksRule("b-of-this-builder"));
  EXPECT_THAT(builder.Add({.a = x}), Fails(ErrorCode::kTypeError, "b is not an operand"));
  EXPECT_THAT(builder.Concat({.inputs = {x, foreign}}), Fails(ErrorCode::kTypeError, "inputs[1]"));
  EXPECT_THAT(builder.Gemm({.a = x, .b = x, .c = foreign}), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(builder.Add({.a = x, .b = x}), Succeeds());
}

TEST(GraphBuilderTest, AMovedBuilderOwnsTheSameOperands) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {1}).value();
  GraphBuilder moved = std::move(builder);
  const Operand y = moved.Neg({.input = x}).value();
  GraphBuilder assigned;
  assigned = std::move(moved);
  EXPECT_THAT(assigned.Finish({{"y", y}}), Succeeds());
}

TEST(GraphBuilderTest, MessagesStartWithTheLabel) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kInt32, {2}).value();
  EXPECT_THAT(builder.Softmax({.input = x, .axis = 0, .label = "my head"}),
              Fails(ErrorCode::kTypeError, "[my head] softmax: input has data type int32"));
  EXPECT_THAT(builder.Softmax({.input = x, .axis = 0}), Fails(ErrorCode::kTypeError, "softmax: "));
  EXPECT_THAT(builder.Reverse({.input = x, .axes = {{2}}, .label = "a\nb\u202ec"}),
              Fails(ErrorCode::kTypeError, "[a\\x0ab\\u202ec] reverse: "));
}

TEST(GraphBuilderTest, ARefusedOperatorLeavesNoTrace) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  EXPECT_THAT(builder.Softmax({.input = x, .axis = 1}), BreaksRule("axis-in-range"));
  const Operand y = builder.Softmax({.input = x, .axis = 0}).value();
  EXPECT_EQ(y.id, x.id + 1);
  EXPECT_EQ(builder.Finish({{"y", y}})->operator_count(), 1u);
}

TEST(GraphBuilderTest, EnumerationsMustHoldOneOfTheirValues) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {1, 1, 2, 2}).value();
  EXPECT_THAT(builder.AveragePool2d({.input = x, .layout = static_cast<InputOperandLayout>(2)}),
              BreaksRule("layout-value"));
  EXPECT_THAT(builder.Cast({.input = x, .data_type = static_cast<DataType>(10)}),
              BreaksRule("dataType-value"));
}

TEST(GraphBuilderTest, ResultsMayNotBeTooLarge) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kUint8, {0x10000}).value();
  EXPECT_THAT(builder.Tile({.input = x, .repetitions = {0x8000}}), BreaksRule("output-size"));
  EXPECT_THAT(builder.Tile({.input = x, .repetitions = {0xffffffff}}), BreaksRule("output-size"));
  EXPECT_THAT(builder.Tile({.input = x, .repetitions = {0x7fff}}), Succeeds());
  const Operand row = builder.Input("row", DataType::kUint8, {1, 0x10000}).value();
  const Operand column = builder.Input("column", DataType::kUint8, {0x8000, 1}).value();
  EXPECT_THAT(builder.Add({.a = row, .b = column}), BreaksRule("output-size"));
}

}  // namespace
}  // namespace webnn
