#include "webnn/types.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing::ElementsAre;

using testing::IsEmpty;
using testing_support::Fails;
using testing_support::Succeeds;

constexpr uint32_t kMaxSize = 0x7fffffff;

OperandDescriptor Describe(DataType type, Shape shape) {
  return OperandDescriptor::Create(type, std::move(shape)).value();
}

TEST(DataTypeTest, HasTheNamesAndWidthsOfTheSpecification) {
  const struct {
    DataType type;
    std::string_view name;
    int bits;
  } rows[] = {{DataType::kFloat32, "float32", 32}, {DataType::kFloat16, "float16", 16},
              {DataType::kInt32, "int32", 32},     {DataType::kUint32, "uint32", 32},
              {DataType::kInt64, "int64", 64},     {DataType::kUint64, "uint64", 64},
              {DataType::kInt8, "int8", 8},        {DataType::kUint8, "uint8", 8},
              {DataType::kInt4, "int4", 4},        {DataType::kUint4, "uint4", 4}};
  static_assert(std::size(rows) == kDataTypeCount);
  for (const auto& row : rows) {
    EXPECT_EQ(Name(row.type), row.name);
    EXPECT_EQ(ParseDataType(row.name), row.type);
    EXPECT_EQ(BitsPerElement(row.type), row.bits) << row.name;
  }
}

TEST(DataTypeTest, OtherNamesAreNone) {
  for (std::string_view name : {"", "Float32", "float", "float64", "int16", "bool", "float32 "}) {
    EXPECT_EQ(ParseDataType(name), std::nullopt) << name;
  }
}

TEST(DataTypeSetTest, IsASet) {
  constexpr DataTypeSet kFirst = {DataType::kUint8, DataType::kFloat32, DataType::kUint8};
  constexpr DataTypeSet kSecond = {DataType::kUint4, DataType::kUint8};
  static_assert(kFirst.Has(DataType::kUint8) && !kFirst.Has(DataType::kUint4));
  static_assert(kFirst != kSecond && DataTypeSet().empty() && !kFirst.empty());
  EXPECT_THAT(kFirst.List(), ElementsAre(DataType::kFloat32, DataType::kUint8));
  EXPECT_THAT((kFirst & kSecond).List(), ElementsAre(DataType::kUint8));
  EXPECT_THAT((kFirst | kSecond).List(),
              ElementsAre(DataType::kFloat32, DataType::kUint8, DataType::kUint4));
  EXPECT_THAT(DataTypeSet().List(), IsEmpty());
  EXPECT_TRUE((kFirst & DataTypeSet{DataType::kInt4}).empty());
}

TEST(ShapeTest, ListsItsSizes) {
  const Shape shape = {1, 3, 224};
  EXPECT_EQ(shape.rank(), 3u);
  EXPECT_EQ(shape[2], 224u);
  EXPECT_THAT(shape.sizes(), ElementsAre(1, 3, 224));
  EXPECT_EQ(ToString(shape), "[1, 3, 224]");
  EXPECT_EQ(shape, Shape(std::vector<uint32_t>{1, 3, 224}));
  EXPECT_NE(shape, Shape({1, 224, 3}));
}

TEST(ShapeTest, AScalarHasNone) {
  EXPECT_EQ(Shape().rank(), 0u);
  EXPECT_EQ(ToString(Shape()), "[]");
  EXPECT_NE(Shape(), Shape({1}));
}

TEST(OperandDescriptorTest, DescribesAPackedArray) {
  const OperandDescriptor descriptor = Describe(DataType::kFloat16, {2, 3, 5});
  EXPECT_EQ(descriptor.data_type(), DataType::kFloat16);
  EXPECT_EQ(descriptor.shape(), Shape({2, 3, 5}));
  EXPECT_EQ(descriptor.rank(), 3u);
  EXPECT_EQ(descriptor.element_count(), 30u);
  EXPECT_EQ(descriptor.byte_length(), 60u);
  EXPECT_EQ(ToString(descriptor), "float16[2, 3, 5]");
}

TEST(OperandDescriptorTest, AScalarHasOneElement) {
  const OperandDescriptor scalar = OperandDescriptor::Scalar(DataType::kInt64);
  EXPECT_EQ(scalar, Describe(DataType::kInt64, {}));
  EXPECT_EQ(scalar.rank(), 0u);
  EXPECT_EQ(scalar.element_count(), 1u);
  EXPECT_EQ(scalar.byte_length(), 8u);
  EXPECT_EQ(ToString(scalar), "int64[]");
}

TEST(OperandDescriptorTest, DiffersByTypeAndShape) {
  EXPECT_NE(Describe(DataType::kInt32, {2}), Describe(DataType::kUint32, {2}));
  EXPECT_NE(Describe(DataType::kInt32, {2}), Describe(DataType::kInt32, {2, 1}));
  EXPECT_NE(Describe(DataType::kInt32, {2, 3}), Describe(DataType::kInt32, {3, 2}));
}

TEST(OperandDescriptorTest, SizesAreFromOneTo2147483647) {
  EXPECT_THAT(OperandDescriptor::Create(DataType::kUint8, {kMaxSize}), Succeeds());
  EXPECT_THAT(OperandDescriptor::Create(DataType::kUint8, {1, kMaxSize, 1}), Succeeds());
  for (uint32_t size : {0u, 0x80000000u, 0xffffffffu}) {
    EXPECT_THAT(OperandDescriptor::Create(DataType::kUint8, {2, size, 3}),
                Fails(ErrorCode::kTypeError, "axis 1"))
        << size;
  }
  // 0 is refused even where it would hide an overflow.
  EXPECT_THAT(OperandDescriptor::Create(DataType::kUint8, {kMaxSize, kMaxSize, 0}),
              Fails(ErrorCode::kTypeError));
}

TEST(OperandDescriptorTest, SoIsTheElementCount) {
  // 2^31-1 is a prime; 2^31-2 = 2 * 3^2 * 7 * 11 * 31 * 151 * 331.
  const auto most = OperandDescriptor::Create(DataType::kInt64, {2 * 9 * 7 * 11, 31 * 151, 331});
  ASSERT_THAT(most, Succeeds());
  EXPECT_EQ(most->element_count(), 0x7ffffffeu);
  EXPECT_EQ(most->byte_length(), uint64_t{0x7ffffffe} * 8);
  EXPECT_EQ(Describe(DataType::kUint8, {kMaxSize}).element_count(), 0x7fffffffu);
  for (const Shape& shape : {Shape({0x8000, 0x10000}),  // 2^31
                             Shape({2, kMaxSize}), Shape({kMaxSize, 2}),
                             Shape({0x10000, 0x10000}),                    // 2^32: 0 in 32 bits
                             Shape({0x10000, 0x10000, 0x10000, 0x10000}),  // 2^64: 0 in 64 bits
                             Shape({0x10000, 0x10000, 0x10000, 0x10000, 0x100}),  // 2^72
                             Shape({kMaxSize, kMaxSize, kMaxSize})}) {
    EXPECT_THAT(OperandDescriptor::Create(DataType::kUint8, shape), Fails(ErrorCode::kTypeError))
        << ToString(shape);
  }
}

TEST(OperandDescriptorTest, ManyAxesOfSizeOneAreFine) {
  EXPECT_THAT(OperandDescriptor::Create(DataType::kUint8, Shape(std::vector<uint32_t>(1000, 1))),
              Succeeds());
}

TEST(OperandDescriptorTest, FourBitElementsRoundUpToBytes) {
  for (DataType type : {DataType::kInt4, DataType::kUint4}) {
    EXPECT_EQ(Describe(type, {}).byte_length(), 1u);
    EXPECT_EQ(Describe(type, {2}).byte_length(), 1u);
    EXPECT_EQ(Describe(type, {3}).byte_length(), 2u);
    EXPECT_EQ(Describe(type, {3, 3}).byte_length(), 5u);  // rows are not padded
    EXPECT_EQ(Describe(type, {kMaxSize}).byte_length(), 0x40000000u);
  }
}

TEST(OperandDescriptorTest, ADataTypeMustExist) {
  EXPECT_THAT(OperandDescriptor::Create(static_cast<DataType>(10), {1}),
              Fails(ErrorCode::kTypeError, "10"));
}

TEST(EnumTest, NamesAreInTheOrderOfTheValues) {
  EXPECT_EQ(EnumNames(InputOperandLayout{})[static_cast<size_t>(InputOperandLayout::kNhwc)],
            "nhwc");
  EXPECT_EQ(
      EnumNames(Conv2dFilterOperandLayout{})[static_cast<size_t>(Conv2dFilterOperandLayout::kIhwo)],
      "ihwo");
  EXPECT_EQ(EnumNames(ConvTranspose2dFilterOperandLayout{})[static_cast<size_t>(
                ConvTranspose2dFilterOperandLayout::kOhwi)],
            "ohwi");
  EXPECT_EQ(EnumNames(GruWeightLayout{})[static_cast<size_t>(GruWeightLayout::kRzn)], "rzn");
  EXPECT_EQ(EnumNames(LstmWeightLayout{})[static_cast<size_t>(LstmWeightLayout::kIfgo)], "ifgo");
  EXPECT_EQ(
      EnumNames(
          RecurrentNetworkActivation{})[static_cast<size_t>(RecurrentNetworkActivation::kTanh)],
      "tanh");
  EXPECT_EQ(
      EnumNames(RecurrentNetworkDirection{})[static_cast<size_t>(RecurrentNetworkDirection::kBoth)],
      "both");
  EXPECT_EQ(EnumNames(PaddingMode{})[static_cast<size_t>(PaddingMode::kReflection)], "reflection");
  EXPECT_EQ(EnumNames(RoundingType{})[static_cast<size_t>(RoundingType::kCeil)], "ceil");
  EXPECT_EQ(EnumNames(InterpolationMode{})[static_cast<size_t>(InterpolationMode::kLinear)],
            "linear");
  EXPECT_EQ(EnumNames(PowerPreference{})[static_cast<size_t>(PowerPreference::kLowPower)],
            "low-power");
}

}  // namespace
}  // namespace webnn
