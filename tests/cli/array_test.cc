#include "cli/array.h"

#include <cstring>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn::cli {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

template <class T>
Array MakeArray(ArrayType type, std::vector<uint64_t> sizes, const std::vector<T>& values) {
  Array array{type, std::move(sizes), std::vector<std::byte>(values.size() * sizeof(T))};
  std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}

OperandDescriptor Descriptor(DataType type, Shape shape) {
  return OperandDescriptor::Create(type, std::move(shape)).value();
}

template <class T>
std::vector<T> Values(const std::vector<std::byte>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST(ToOperandTest, TakesEqualTypesAsTheyAre) {
  const auto bytes = ToOperand(MakeArray<float>(ArrayType::kFloat32, {2}, {1, 2}),
                               Descriptor(DataType::kFloat32, {2}), false);
  ASSERT_THAT(bytes, Succeeds());
  EXPECT_THAT(Values<float>(*bytes), testing::ElementsAre(1, 2));
  EXPECT_THAT(ToOperand(MakeArray<uint8_t>(ArrayType::kBool, {1}, {1}),
                        Descriptor(DataType::kUint8, {1}), false),
              Succeeds());
}

TEST(ToOperandTest, ConvertsOnlyWhenAskedTo) {
  const Array array = MakeArray<double>(ArrayType::kFloat64, {2}, {0.1, 3});
  const auto descriptor = Descriptor(DataType::kFloat32, {2});
  EXPECT_THAT(ToOperand(array, descriptor, false), Fails(ErrorCode::kTypeError, "--cast"));
  const auto bytes = ToOperand(array, descriptor, true);
  ASSERT_THAT(bytes, Succeeds());
  EXPECT_THAT(Values<float>(*bytes), testing::ElementsAre(0.1f, 3));
}

TEST(ToOperandTest, RefusesValuesThatDoNotFit) {
  const auto cast = [](double value, DataType type) {
    return ToOperand(MakeArray<double>(ArrayType::kFloat64, {1}, {value}), Descriptor(type, {1}),
                     true);
  };
  EXPECT_THAT(cast(255, DataType::kUint8), Succeeds());
  EXPECT_THAT(cast(256, DataType::kUint8), Fails(ErrorCode::kTypeError, "element [0] is 256"));
  EXPECT_THAT(cast(0.5, DataType::kInt32), Fails(ErrorCode::kTypeError, "0.5"));
  EXPECT_THAT(cast(-1, DataType::kUint64), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(cast(std::numeric_limits<double>::quiet_NaN(), DataType::kInt32),
              Fails(ErrorCode::kTypeError, "NaN"));
  const Array large = MakeArray<uint64_t>(ArrayType::kUint64, {1}, {~uint64_t{0}});
  EXPECT_THAT(ToOperand(large, Descriptor(DataType::kInt64, {1}), true),
              Fails(ErrorCode::kTypeError));
  const Array negative = MakeArray<int64_t>(ArrayType::kInt64, {1}, {-1});
  EXPECT_THAT(ToOperand(negative, Descriptor(DataType::kUint64, {1}), true),
              Fails(ErrorCode::kTypeError));
}

TEST(ToOperandTest, RefusesOtherShapes) {
  EXPECT_THAT(ToOperand(MakeArray<float>(ArrayType::kFloat32, {2}, {1, 2}),
                        Descriptor(DataType::kFloat32, {1, 2}), false),
              Fails(ErrorCode::kTypeError, "shape [2], the model takes [1, 2]"));
}

TEST(ToOperandTest, PacksFourBitsAndUnpacksThem) {
  const Array array = MakeArray<int8_t>(ArrayType::kInt8, {3}, {-8, 7, -1});
  const auto descriptor = Descriptor(DataType::kInt4, {3});
  const auto bytes = ToOperand(array, descriptor, false);
  ASSERT_THAT(bytes, Succeeds());
  EXPECT_THAT(*bytes, testing::ElementsAre(std::byte{0x78}, std::byte{0x0f}));
  const Array back = FromOperand(descriptor, *bytes);
  EXPECT_EQ(back.type, ArrayType::kInt8);
  EXPECT_EQ(back.bytes, array.bytes);
  EXPECT_THAT(ToOperand(MakeArray<int8_t>(ArrayType::kInt8, {1}, {8}),
                        Descriptor(DataType::kInt4, {1}), false),
              Fails(ErrorCode::kTypeError, "int4 cannot hold"));
}

TEST(FillOperandTest, FillsAllElements) {
  const auto bytes = FillOperand(Descriptor(DataType::kInt32, {3}), -5);
  ASSERT_THAT(bytes, Succeeds());
  EXPECT_THAT(Values<int32_t>(*bytes), testing::Each(-5));
  EXPECT_THAT(FillOperand(Descriptor(DataType::kUint8, {3}), -5), Fails(ErrorCode::kTypeError));
}

}  // namespace
}  // namespace webnn::cli
