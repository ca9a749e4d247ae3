#include "core/check.h"

#include "gtest/gtest.h"

namespace webnn {
namespace {

TEST(CheckTest, EvaluatesItsConditionOnce) {
  int evaluated = 0;
  WEBNN_CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, EndsTheProcessInEveryBuild) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(WEBNN_CHECK(1 + 1 == 3), "check_test.cc:[0-9]+: check failed: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace webnn
