#include "conformance/tensor_data.h"

#include <cstring>

#include "gtest/gtest.h"

namespace webnn::conformance {
namespace {

TensorData Tensor(DataType type, Shape shape, std::vector<Number> elements, bool fill = false) {
  return {.descriptor = OperandDescriptor::Create(type, std::move(shape)).value(),
          .fill = fill,
          .elements = std::move(elements)};
}

TEST(TensorDataTest, PacksTwo4BitElementsAByteLowNibbleFirst) {
  const auto bytes = Tensor(DataType::kInt4, {3}, {-8, 7, -1}).Encode();
  EXPECT_EQ(bytes, (std::vector{std::byte{0x78}, std::byte{0x0f}}));
  EXPECT_EQ(ElementBits(DataType::kInt4, bytes, 0), 0x8u);
  EXPECT_EQ(ElementBits(DataType::kInt4, bytes, 1), 0x7u);
  EXPECT_EQ(ElementBits(DataType::kInt4, bytes, 2), 0xfu);
  EXPECT_EQ(Tensor(DataType::kUint4, {3}, {9}, true).Encode(),
            (std::vector{std::byte{0x99}, std::byte{0x09}}));
}

TEST(TensorDataTest, FillsTheWholeShape) {
  for (const uint32_t count : {1u, 2u, 3u, 7u, 1000u}) {
    const auto bytes = Tensor(DataType::kFloat32, {count}, {2.5}, true).Encode();
    ASSERT_EQ(bytes.size(), count * 4);
    for (uint32_t i = 0; i < count; ++i) {
      float value = 0;
      std::memcpy(&value, &bytes[i * 4], 4);
      EXPECT_EQ(value, 2.5f);
    }
  }
}

TEST(TensorDataTest, KeepsAllBitsOf64BitIntegers) {
  const auto bytes = Tensor(DataType::kInt64, {1}, {int64_t{9007199254740993}}).Encode();
  EXPECT_EQ(ElementBits(DataType::kInt64, bytes, 0), 9007199254740993u);
}

}  // namespace
}  // namespace webnn::conformance
