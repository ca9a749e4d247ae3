#include "cli/statistics.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn::cli {
namespace {

using testing::ElementsAre;

TensorData Floats(Shape shape, const std::vector<float>& values) {
  TensorData tensor{"x", OperandDescriptor::Create(DataType::kFloat32, std::move(shape)).value(),
                    std::vector<std::byte>(values.size() * 4), ""};
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

TEST(StatisticsTest, CountsNanApart) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Statistics statistics = StatisticsOf(Floats({4}, {nan, 3, -1, 1}), 2);
  EXPECT_EQ(statistics.nan, 1u);
  EXPECT_EQ(statistics.numbers, 3u);
  EXPECT_EQ(statistics.min.ToDouble(), -1);
  EXPECT_EQ(statistics.max.ToDouble(), 3);
  EXPECT_EQ(statistics.mean, 1);
  EXPECT_EQ(statistics.first.size(), 2u);
}

TEST(TopTest, SortsEachRow) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto rows = TopOf(Floats({2, 1, 3}, {1, 5, 5, nan, -1, 2}), 2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].position, "[0, 0]");
  EXPECT_THAT(rows[0].indices, ElementsAre(1, 2));
  EXPECT_THAT(rows[1].indices, ElementsAre(2, 1));
  EXPECT_EQ(rows[1].values[0].ToDouble(), 2);
}

TEST(TopTest, ThereAreNoMoreThanTheAxisHas) {
  EXPECT_THAT(TopOf(Floats({2}, {1, 2}), 5)[0].indices, ElementsAre(1, 0));
  EXPECT_TRUE(TopOf(Floats({}, {1}), 5).empty());
}

TEST(ShortTextTest, IsShort) {
  EXPECT_EQ(ShortText(0.123456789), "0.12346");
  EXPECT_EQ(ShortText(-7), "-7");
  EXPECT_EQ(ShortText(std::nan("")), "NaN");
  EXPECT_EQ(DurationText(1.5), "1.5 s");
  EXPECT_EQ(DurationText(0.0123), "12.3 ms");
  EXPECT_EQ(DurationText(45e-6), "45 µs");
  EXPECT_EQ(BytesText(100), "100 bytes");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(uint64_t{100} << 20), "100 MiB");
}

}  // namespace
}  // namespace webnn::cli
