// A graph that is written and read again is the same graph, in every format of ours.

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "graph/graph_data.h"
#include "graph/op_schema.h"
#include "gtest/gtest.h"
#include "tests/formats/definitions.h"
#include "tests/ops/calls.h"
#include "tests/support/result_matchers.h"
#include "webnn/model_io.h"

namespace webnn::formats_test {
namespace {

using ops_test::CallCase;
using testing_support::Succeeds;

constexpr ModelFormat kGraphFormats[] = {ModelFormat::kWebnnText, ModelFormat::kWebnnJson};

std::string FormatName(ModelFormat format) {
  return std::string(EnumNames(format)[static_cast<size_t>(format)]);
}

void ExpectRoundTrip(const GraphDefinition& definition, ModelFormat format) {
  const auto bytes = SaveModelToMemory(definition, {.format = format});
  ASSERT_THAT(bytes, Succeeds());
  const auto loaded = LoadGraph(AsBytes(*bytes));
  ASSERT_THAT(loaded, Succeeds()) << *bytes;
  ExpectSame(*loaded, definition);
}

void ExpectRoundTripWithWeightsBeside(const GraphDefinition& definition, ModelFormat format) {
  const TemporaryFolder folder;
  const std::string path = folder / ("model." + FormatName(format));
  ASSERT_THAT(SaveModel(definition, path, {.weights = WeightStorage::kExternal}), Succeeds());
  const auto from_file = LoadGraph(path);
  ASSERT_THAT(from_file, Succeeds());
  ExpectSame(*from_file, definition);
}

class GraphFileRoundTrip : public testing::TestWithParam<ModelFormat> {
 protected:
  static void Check(const GraphDefinition& definition) {
    ExpectRoundTrip(definition, GetParam());
    ExpectRoundTripWithWeightsBeside(definition, GetParam());
  }
};

// ---- Every operator. ----

class OperatorRoundTrip : public testing::TestWithParam<std::tuple<ModelFormat, CallCase>> {};

TEST_P(OperatorRoundTrip, IsExact) {
  const auto& [format, call] = GetParam();
  GraphBuilder builder;
  const OpSchema& schema = *FindOp(call.op);
  const auto results = ops_test::Call(builder, schema, ops_test::MakeFields(builder, call));
  ASSERT_THAT(results, Succeeds());
  std::vector<GraphBuilder::NamedOutput> outputs;
  for (size_t i = 0; i < results->size(); ++i) {
    outputs.emplace_back(fmt::format("output{}", i), (*results)[i]);
  }
  const auto definition = builder.Finish(outputs);
  ASSERT_THAT(definition, Succeeds());
  ExpectRoundTrip(*definition, format);
}

INSTANTIATE_TEST_SUITE_P(Examples, OperatorRoundTrip,
                         testing::Combine(testing::ValuesIn(kGraphFormats),
                                          testing::ValuesIn(ops_test::Examples())),
                         [](const auto& info) {
                           const CallCase& call = std::get<1>(info.param);
                           return FormatName(std::get<0>(info.param)) + "_" +
                                  ops_test::TestName(call.op, call.name);
                         });

// ---- Constants. ----

TEST_P(GraphFileRoundTrip, ConstantsOfEveryTypeAndRank) {
  GraphBuilder builder;
  std::vector<GraphBuilder::NamedOutput> outputs;
  for (size_t t = 0; t < kDataTypeCount; ++t) {
    const auto type = static_cast<DataType>(t);
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{3}, Shape{3, 1, 5}}) {
      const auto descriptor = OperandDescriptor::Create(type, shape).value();
      std::vector<std::byte> bytes(descriptor.byte_length());
      for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 + 11);
      const Operand constant = builder.Constant(descriptor, bytes).value();
      // 4-bit types go through no other operator.
      Operand result;
      if (BitsPerElement(type) < 8) {
        const Operand scale = builder.Constant(DataType::kFloat32, 0.5).value();
        std::vector<uint32_t> ones(shape.rank(), 1);
        const Operand scales =
            builder.Reshape({.input = scale, .new_shape = {ones.begin(), ones.end()}}).value();
        const auto zero_descriptor = OperandDescriptor::Create(type, Shape(ones)).value();
        const std::byte zero{0};
        const Operand zero_point = builder.Constant(zero_descriptor, {&zero, 1}).value();
        result =
            builder.DequantizeLinear({.input = constant, .scale = scales, .zero_point = zero_point})
                .value();
      } else {
        result = builder.Identity({.input = constant}).value();
      }
      outputs.emplace_back(fmt::format("y{}", outputs.size()), result);
    }
  }
  Check(builder.Finish(outputs).value());
}

// Scalars are written as numbers where a number says the bits.
TEST_P(GraphFileRoundTrip, ScalarsKeepTheirBits) {
  GraphBuilder builder;
  std::vector<GraphBuilder::NamedOutput> outputs;
  const auto add = [&](Operand constant) {
    outputs.emplace_back(fmt::format("y{}", outputs.size()),
                         builder.Identity({.input = constant}).value());
  };
  for (DataType type : {DataType::kFloat32, DataType::kFloat16}) {
    for (double value :
         {0.0, -0.0, 0.1, 1e-45, 65504.0, 3.4028234663852886e38,
          std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
      add(builder.Constant(type, value).value());
    }
  }
  for (DataType type : {DataType::kInt64, DataType::kUint64, DataType::kInt32, DataType::kUint32,
                        DataType::kInt8, DataType::kUint8}) {
    for (Number value : {Number(0), Number(-1), Number(7), Number((int64_t{1} << 53) + 1),
                         Number(std::numeric_limits<int64_t>::min()),
                         Number(std::numeric_limits<uint64_t>::max())}) {
      add(builder.Constant(type, value).value());
    }
  }
  // A NaN with a payload is no number.
  const uint32_t nan = 0xffc12345;
  add(builder
          .Constant(OperandDescriptor::Scalar(DataType::kFloat32),
                    std::as_bytes(std::span(&nan, 1)))
          .value());
  Check(builder.Finish(outputs).value());
}

// ---- Numbers in options. ----

TEST_P(GraphFileRoundTrip, ClampBounds) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  GraphBuilder builder;
  std::vector<GraphBuilder::NamedOutput> outputs;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand n = builder.Input("n", DataType::kInt64, {2}).value();
  const auto add = [&](Operand input, Number min, Number max) {
    outputs.emplace_back(
        fmt::format("y{}", outputs.size()),
        builder.Clamp({.input = input, .min_value = min, .max_value = max}).value());
  };
  add(x, -kInfinity, kInfinity);
  add(x, std::numeric_limits<double>::quiet_NaN(), 1);
  add(x, -0.0, 0.0);
  add(x, 0.1, 1e300);
  add(x, 5e-324, 1);
  add(n, std::numeric_limits<int64_t>::min(), std::numeric_limits<uint64_t>::max());
  add(n, (int64_t{1} << 53) + 1, std::numeric_limits<int64_t>::max());
  Check(builder.Finish(outputs).value());
}

TEST_P(GraphFileRoundTrip, NumbersKeepTheirKind) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand y = builder.Clamp({.input = x, .min_value = 1, .max_value = 2.0}).value();
  const auto definition = builder.Finish({{"y", y}}).value();
  const auto bytes = SaveModelToMemory(definition, {.format = GetParam()});
  ASSERT_THAT(bytes, Succeeds());
  const auto loaded = LoadGraph(AsBytes(*bytes));
  ASSERT_THAT(loaded, Succeeds());
  const auto& clamp = *static_cast<const ops::Clamp*>(loaded->data()->nodes[0].op.get());
  EXPECT_EQ(clamp.min_value->kind(), Number::Kind::kInt64);
  EXPECT_EQ(clamp.max_value->kind(), Number::Kind::kDouble);
}

// ---- Names. ----

TEST_P(GraphFileRoundTrip, NamesThatAreNoIdentifiers) {
  const std::vector<std::string> names = {
      "x",     "with space", "a.b::c",    "//comment", "true",   "\"quoted\\", "7",
      "größe", "null",       "#1",        "a/b",       "%3",     "dyn",        "Infinity",
      "\n\t",  "operand_0",  "operand_1", "operand_2", "inputs", "$ref"};
  GraphBuilder builder;
  std::vector<GraphBuilder::NamedOutput> outputs;
  for (const std::string& name : names) {
    const Operand input = builder.Input(name, DataType::kFloat32, {1}).value();
    // An output may have the name of an input.
    outputs.emplace_back(name, builder.Relu({.input = input, .label = name}).value());
  }
  Check(builder.Finish(outputs).value());
}

TEST_P(GraphFileRoundTrip, OneValueMayBeSeveralOutputs) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {1}).value();
  const Operand y = builder.Relu({.input = x}).value();
  const Operand z = builder.Neg({.input = y}).value();
  Check(builder.Finish({{"b", y}, {"z", z}, {"a", y}, {"x", z}}).value());
}

TEST_P(GraphFileRoundTrip, InputsKeepTheirOrder) {
  GraphBuilder builder;
  const Operand b = builder.Input("b", DataType::kFloat32, {1}).value();
  const Operand a = builder.Input("a", DataType::kFloat32, {1}).value();
  const auto definition = builder
                              .Finish({{"z", builder.Sub({.a = a, .b = b}).value()},
                                       {"y", builder.Neg({.input = a}).value()}})
                              .value();
  ASSERT_EQ(definition.inputs()[0].name, "b");
  Check(definition);
}

INSTANTIATE_TEST_SUITE_P(Formats, GraphFileRoundTrip, testing::ValuesIn(kGraphFormats),
                         [](const auto& info) { return FormatName(info.param); });

}  // namespace
}  // namespace webnn::formats_test
