#include "conformance/case_file.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn::conformance {
namespace {

using testing::HasSubstr;

std::string Refusal(const std::string& text) {
  const auto file = ParseCaseFile("some/file.json", text);
  EXPECT_FALSE(file.ok()) << text;
  return file.ok() ? "" : file.error().message;
}

std::string ConformanceText(const std::string& data = "[1, \"NaN\"]") {
  return R"({"group": "x", "cases": [{"name": "a case", "ops": ["relu"], "required": true,
      "tolerance": {"metric": "ATOL", "value": 0.5},
      "inputs": {"x": {"shape": [2], "dataType": "float32", "constant": true, "data": )" +
         data + R"(}},
      "operators": [{"name": "dequantizeLinear", "arguments":
          [{"in": "x"}, {"scale": "s", "zeroPoint": "z"}, {"options": {"label": "l"}}],
          "outputs": ["y"]}],
      "outputs": {"y": {"shape": [], "dataType": "float16", "data": [1]}}}]})";
}

TEST(ParseCaseFileTest, ReadsConformanceCases) {
  const CaseFile file = ParseCaseFile("c/f.json", ConformanceText()).value();
  EXPECT_EQ(file.kind, CaseKind::kConformance);
  ASSERT_EQ(file.conformance.size(), 1u);
  const ConformanceCase& test = file.conformance[0];
  EXPECT_EQ(test.name, "a case");
  EXPECT_TRUE(test.required);
  EXPECT_EQ(test.tolerance.metric, Metric::kAtol);
  EXPECT_EQ(test.tolerance.value, 0.5);
  EXPECT_TRUE(test.inputs.at(0).second.constant);
  EXPECT_EQ(test.inputs.at(0).second.elements.size(), 2u);
  EXPECT_EQ(ToString(test.outputs.at(0).second.descriptor), "float16[]");
  const OperatorCall& call = test.operators.at(0);
  EXPECT_EQ(call.arguments, (std::vector<Json>{"x", "s", "z"}));
  EXPECT_EQ(call.options, Json::parse(R"({"label": "l"})"));
}

TEST(ParseCaseFileTest, ReadsValidationCases) {
  const CaseFile file = ParseCaseFile("v/f.json", R"({"file": "x", "cases": [
        {"name": "same", "steps": [{"id": 0, "builder": 1, "method": "input", "arguments": ["x"]}],
         "expect": {"throws": "TypeError", "label": "\\[l\\]"}},
        {"name": "same", "steps": [{"id": 0, "builder": 0, "method": "relu", "arguments": []}],
         "expect": {"outputs": [{"dataType": "int8", "shape": [2, 3]}, {}]}}]})")
                            .value();
  EXPECT_EQ(file.kind, CaseKind::kValidation);
  ASSERT_EQ(file.validation.size(), 2u);
  EXPECT_EQ(file.validation[0].throws, "TypeError");
  EXPECT_EQ(file.validation[0].label, "\\[l\\]");
  EXPECT_EQ(file.validation[0].steps.at(0).builder, 1);
  EXPECT_EQ(file.validation[1].name, "same #2");
  EXPECT_EQ(file.validation[1].outputs.at(0).data_type, DataType::kInt8);
  EXPECT_EQ(file.validation[1].outputs.at(0).shape, Shape({2, 3}));
  EXPECT_EQ(file.validation[1].outputs.at(1).shape, std::nullopt);
}

TEST(ParseCaseFileTest, NamesAFileOfNeitherKind) {
  for (const char* text : {"", "{", "[]", "3", "{}", R"({"cases": 3})", R"({"cases": []})",
                           R"({"cases": [3]})", R"({"cases": [{"name": "x"}]})"}) {
    EXPECT_THAT(Refusal(text), HasSubstr("some/file.json")) << text;
  }
}

TEST(ParseCaseFileTest, NamesTheMalformedCase) {
  EXPECT_THAT(Refusal(ConformanceText("[1]")), HasSubstr("\"a case\""));
  EXPECT_THAT(Refusal(ConformanceText("[1]")), HasSubstr("x has 1 elements of data"));
  EXPECT_THAT(Refusal(ConformanceText("[1, \"two\"]")), HasSubstr("\"two\" is not a number"));
  EXPECT_THAT(Refusal(R"({"cases": [{"name": "both", "steps": [], "expect": {}}]})"),
              HasSubstr("no steps"));
}

TEST(FindCaseFilesTest, AMissingPathIsAnError) {
  EXPECT_FALSE(FindCaseFiles("/there/is/no/such/path").ok());
}

}  // namespace
}  // namespace webnn::conformance
