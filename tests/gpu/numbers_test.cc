// Integers of 64 bits near the ends of their range, some of which TensorRT carries in other types,
// and float32 constants that need all of their digits.

#include "gpu_test.h"
#include "tests/support/integer_cases.h"
#include "tests/support/scalar_cases.h"

namespace webnn::gpu_test {
namespace {

class NumbersTest : public GpuTest {};

TEST_F(NumbersTest, IntegersAreExactUpToTheirEnds) {
  const Context context = MakeContext();
  for (const testing_support::IntegerCase& one : testing_support::IntegerCases()) {
    EXPECT_EQ(testing_support::Judge(context, one), "") << one.name;
  }
}

TEST_F(NumbersTest, ScalarsKeepTheirDigits) {
  EXPECT_EQ(testing_support::JudgeScalars(MakeContext()), "");
}

}  // namespace
}  // namespace webnn::gpu_test
