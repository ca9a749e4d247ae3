// Numbers that runtimes like to lose, on every back end that works here; tests/gpu has the same for
// GPUs.

#include <string>

#include "gtest/gtest.h"
#include "tests/support/integer_cases.h"
#include "tests/support/scalar_cases.h"
#include "webnn/webnn.h"

namespace webnn {
namespace {

class NumbersTest : public testing::TestWithParam<const char*> {};

TEST_P(NumbersTest, IntegersAreExactUpToTheirEnds) {
  const auto context = Context::Create({.backend = GetParam(), .cache = false});
  if (!context) GTEST_SKIP() << ToString(context.error());
  for (const testing_support::IntegerCase& one : testing_support::IntegerCases()) {
    const std::string wrong = testing_support::Judge(*context, one);
    EXPECT_EQ(wrong, "") << one.name;
  }
}

TEST_P(NumbersTest, ScalarsKeepTheirDigits) {
  ContextOptions options{.backend = GetParam(), .cache = false};
  options.compile.precision = Precision::kFloat32;
  const auto context = Context::Create(options);
  if (!context) GTEST_SKIP() << ToString(context.error());
  EXPECT_EQ(testing_support::JudgeScalars(*context), "");
}

INSTANTIATE_TEST_SUITE_P(BackEnds, NumbersTest, testing::Values("onnxruntime", "openvino"));

}  // namespace
}  // namespace webnn
