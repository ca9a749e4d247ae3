#include "cli/difference.h"

#include <cmath>
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
Array Of(ArrayType type, const std::vector<T>& values) {
  Array array{type, {values.size()}, std::vector<std::byte>(values.size() * sizeof(T))};
  std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}
Array Floats(const std::vector<float>& values) { return Of(ArrayType::kFloat32, values); }

Difference Between(const std::vector<float>& got, const std::vector<float>& expected,
                   const Tolerance& tolerance) {
  return Compare(Floats(got), Floats(expected), tolerance).value();
}

TEST(CompareTest, FindsTheLargestOfEachKind) {
  const Difference difference = Between({1, 102, 3}, {1, 100, 2.5f}, {.absolute = 1});
  EXPECT_EQ(difference.compared, 3u);
  EXPECT_EQ(difference.max_absolute, 2);
  EXPECT_DOUBLE_EQ(difference.max_relative, 0.2);
  EXPECT_EQ(difference.beyond, 1u);
  EXPECT_EQ(difference.position, "[1]");
  EXPECT_EQ(difference.got, "102");
  EXPECT_EQ(difference.expected, "100");
  EXPECT_FALSE(difference.ok());
}

TEST(CompareTest, AddsBothTolerances) {
  EXPECT_TRUE(Between({102}, {100}, {.absolute = 1, .relative = 0.01}).ok());
  EXPECT_FALSE(Between({102.5f}, {100}, {.absolute = 1, .relative = 0.01}).ok());
}

TEST(CompareTest, CountsUlp) {
  const float next = std::nextafter(1.0f, 2.0f);
  EXPECT_EQ(Between({next}, {1}, {}).max_ulp, 1u);
  EXPECT_TRUE(Between({next}, {1}, {.ulp = 1}).ok());
  EXPECT_FALSE(Between({next}, {1}, {.ulp = 0}).ok());
  // A new float32 by default may differ a little, an integer may not.
  EXPECT_TRUE(Between({next}, {1}, {}).ok());
  EXPECT_FALSE(Compare(Of<int32_t>(ArrayType::kInt32, {5}), Of<int32_t>(ArrayType::kInt32, {6}), {})
                   .value()
                   .ok());
}

TEST(CompareTest, NanEqualsOnlyNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(Between({nan, infinity}, {nan, infinity}, {}).ok());
  const Difference difference = Between({nan, infinity, 1}, {1, -infinity, nan}, {.absolute = 1e9});
  EXPECT_EQ(difference.unequal, 3u);
  EXPECT_EQ(difference.beyond, 3u);
}

TEST(CompareTest, TellsTheCosine) {
  EXPECT_DOUBLE_EQ(Between({1, 0}, {1, 1}, {}).cosine, 1 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(Between({0, 0}, {0, 0}, {}).cosine, 1);
  EXPECT_DOUBLE_EQ(Between({0, 0}, {0, 1}, {}).cosine, 0);
}

TEST(CompareTest, ComparesNumbersOfDifferentTypes) {
  const auto difference = Compare(Floats({0.5f, 2}), Of<double>(ArrayType::kFloat64, {0.5, 2}), {});
  ASSERT_THAT(difference, Succeeds());
  EXPECT_TRUE(difference->ok());
  EXPECT_FALSE(difference->max_ulp.has_value());
}

TEST(CompareTest, ShapesMustBeEqual) {
  EXPECT_THAT(Compare(Floats({1}), Floats({1, 2}), {}),
              Fails(ErrorCode::kTypeError, "the reference has [2]"));
}

}  // namespace
}  // namespace webnn::cli
