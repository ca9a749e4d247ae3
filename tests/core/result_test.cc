#include "webnn/result.h"

#include <memory>
#include <string>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn {
namespace {

TEST(ResultTest, HoldsAValue) {
  Result<std::string> result = std::string("value");
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(*result, "value");
  EXPECT_EQ(result->size(), 5u);
  EXPECT_EQ(result.value(), "value");
}

TEST(ResultTest, HoldsAnError) {
  const Result<int> result = Error{ErrorCode::kOperation, "no engine", "some-rule"};
  EXPECT_FALSE(result.ok());
  EXPECT_FALSE(static_cast<bool>(result));
  EXPECT_EQ(result.error().code, ErrorCode::kOperation);
  EXPECT_EQ(result.error().message, "no engine");
  EXPECT_EQ(result.error().rule, "some-rule");
}

TEST(ResultTest, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
  EXPECT_EQ(*Result<std::unique_ptr<int>>(std::make_unique<int>(8)).value(), 8);
}

TEST(ResultTest, ValueThrowsWhatWentWrong) {
  const Result<int> result = Error{ErrorCode::kInvalidState, "spent", "rule"};
  try {
    (void)result.value();
    FAIL() << "nothing was thrown";
  } catch (const BadResult& thrown) {
    EXPECT_EQ(thrown.error().code, ErrorCode::kInvalidState);
    EXPECT_EQ(thrown.error().rule, "rule");
    EXPECT_STREQ(thrown.what(), "InvalidStateError: spent");
  }
}

TEST(ResultTest, OfNothing) {
  Result<void> good;
  EXPECT_TRUE(good.ok());
  EXPECT_NO_THROW(good.value());
  Result<void> bad = Error{ErrorCode::kTypeError, "wrong"};
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().message, "wrong");
  EXPECT_THROW(bad.value(), BadResult);
}

TEST(ErrorTest, NamesAreThoseOfTheSpecification) {
  EXPECT_EQ(Name(ErrorCode::kTypeError), "TypeError");
  EXPECT_EQ(Name(ErrorCode::kInvalidState), "InvalidStateError");
  EXPECT_EQ(Name(ErrorCode::kNotSupported), "NotSupportedError");
  EXPECT_EQ(Name(ErrorCode::kOperation), "OperationError");
  EXPECT_EQ(Name(ErrorCode::kUnknown), "UnknownError");
}

TEST(ErrorTest, MakersSetTheirCode) {
  EXPECT_EQ(TypeError("{} of {}", 1, "two").message, "1 of two");
  EXPECT_EQ(TypeError("x").code, ErrorCode::kTypeError);
  EXPECT_EQ(InvalidState("x").code, ErrorCode::kInvalidState);
  EXPECT_EQ(NotSupported("x").code, ErrorCode::kNotSupported);
  EXPECT_EQ(OperationError("x").code, ErrorCode::kOperation);
  EXPECT_EQ(UnknownError("x").code, ErrorCode::kUnknown);
}

Result<int> Half(int number) {
  if (number % 2 != 0) return TypeError("{} is odd", number);
  return number / 2;
}
Result<void> CheckPositive(int number) {
  if (number <= 0) return InvalidState("{} is not positive", number);
  return {};
}
Result<int> Quarter(int number) {
  WEBNN_RETURN_IF_ERROR(CheckPositive(number));
  WEBNN_ASSIGN_OR_RETURN(const int half, Half(number));
  WEBNN_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

TEST(TryTest, PassesTheFirstErrorOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).error().message, "3 is odd");
  EXPECT_EQ(Quarter(7).error().message, "7 is odd");
  EXPECT_EQ(Quarter(-8).error().code, ErrorCode::kInvalidState);
}

}  // namespace
}  // namespace webnn
