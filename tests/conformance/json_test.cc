#include "conformance/json.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace webnn::conformance {
namespace {

TEST(ParseNumberTest, ReadsWhatJsonHasNoNumberFor) {
  EXPECT_TRUE(std::isnan(ParseNumber("NaN").value().float64()));
  EXPECT_EQ(ParseNumber("Infinity").value().float64(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(ParseNumber("-Infinity").value().float64(), -std::numeric_limits<double>::infinity());
  const Number zero = ParseNumber("-0").value();
  EXPECT_EQ(zero.kind(), Number::Kind::kDouble);
  EXPECT_TRUE(std::signbit(zero.float64()));
  EXPECT_EQ(ParseNumber("2.5e3").value().float64(), 2500);
}

TEST(ParseNumberTest, KeepsAllBitsOfIntegers) {
  EXPECT_EQ(ParseNumber("9007199254740993").value().int64(), 9007199254740993);
  EXPECT_EQ(ParseNumber("-9223372036854775808").value().int64(),
            std::numeric_limits<int64_t>::min());
  const Number largest = ParseNumber("18446744073709551615").value();
  EXPECT_EQ(largest.kind(), Number::Kind::kUint64);
  EXPECT_EQ(largest.uint64(), std::numeric_limits<uint64_t>::max());
}

TEST(ParseNumberTest, IntegersBeyond64BitsAreTheNearestDouble) {
  const Number number = ParseNumber("184467440737095511615").value();
  EXPECT_EQ(number.kind(), Number::Kind::kDouble);
  EXPECT_EQ(number.float64(), 184467440737095511615.0);
}

TEST(ParseNumberTest, RefusesOtherText) {
  for (const char* text : {"", " 1", "1 ", "0x10", "nan", "inf", "one", "1.2.3", "--1"}) {
    EXPECT_FALSE(ParseNumber(text).ok()) << text;
  }
}

TEST(ReadAnyNumberTest, JsonIntegersStayIntegers) {
  const Json list = Json::parse("[9007199254740993, 18446744073709551615, -3, 3.0]");
  EXPECT_EQ(ReadAnyNumber(list[0]).value().int64(), 9007199254740993);
  EXPECT_EQ(ReadAnyNumber(list[1]).value().uint64(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(ReadAnyNumber(list[2]).value().int64(), -3);
  EXPECT_EQ(ReadAnyNumber(list[3]).value().kind(), Number::Kind::kDouble);
}

TEST(ReadAnyNumberTest, ReadsMarkedNumbers) {
  EXPECT_EQ(ReadAnyNumber(Json::parse(R"({"$bigint": "-1"})")).value().int64(), -1);
  EXPECT_TRUE(std::isnan(ReadAnyNumber(Json::parse(R"({"$number": "NaN"})")).value().float64()));
  for (const char* text :
       {"null", "true", "{}", R"({"$bigint": 1})", R"({"$other": "1"})", "[1]"}) {
    EXPECT_FALSE(ReadAnyNumber(Json::parse(text)).ok()) << text;
  }
}

}  // namespace
}  // namespace webnn::conformance
