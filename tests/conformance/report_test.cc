#include "conformance/report.h"

#include "conformance/json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn::conformance {
namespace {

using testing::HasSubstr;

RunReport SomeReport() {
  CaseResult passed{.file = "c/a.json", .name = "p", .status = Status::kPassed, .ops = {"add"}};
  passed.tolerance = Tolerance{Metric::kUlp, 2};
  passed.worst = WorstOutput{"y", "[0,2]", {.compared = 6, .worst = {.ulp = 1}, .got = "1"}};
  passed.compared = 6;
  const CaseResult failed{
      .file = "c/a.json", .name = "<f>", .ops = {"add", "mul"}, .error = "two\nlines"};
  const CaseResult known{.file = "v/b.json",
                         .name = "k",
                         .kind = CaseKind::kValidation,
                         .status = Status::kKnown,
                         .ops = {"add"},
                         .compared = 1,
                         .error = "accepted"};
  return {.results = {passed, failed, known}, .stale = {"old row"}, .backend = "b"};
}

TEST(ReportTest, AFailureIsOneLine) {
  EXPECT_EQ(FailureLine(SomeReport().results[1]), "FAIL c/a.json: <f>: two lines");
}

TEST(ReportTest, JsonHoldsCasesAndCounts) {
  const Json json = Json::parse(ToJson(SomeReport()));
  EXPECT_EQ(json["totals"], Json::parse(R"({"cases": 3, "passed": 1, "failed": 2, "known": 1,
                                            "differs": 0, "compared": 7})"));
  EXPECT_EQ(json["ops"]["add"],
            Json::parse(R"({"passed": 1, "failed": 1, "known": 1, "differs": 0})"));
  EXPECT_EQ(json["kinds"]["validation"]["known"], 1);
  const Json& first = json["cases"][0];
  EXPECT_EQ(first["status"], "passed");
  EXPECT_EQ(first["worst"], 1);
  EXPECT_EQ(first["allowed"], 2);
  EXPECT_EQ(first["metric"], "ULP");
  EXPECT_EQ(first["index"], "[0,2]");
  EXPECT_EQ(json["cases"][1]["error"], "two\nlines");
}

TEST(ReportTest, ACaseComesBackFromItsJson) {
  RunReport report = SomeReport();
  CaseResult far = report.results[0];
  far.tolerance->metric = Metric::kAtol;
  far.worst->comparison.worst = {.absolute = 0.25};
  far.required = true;
  report.results.push_back(far);
  far.worst->comparison.worst = {.unequal = true};
  report.results.push_back(far);
  for (const CaseResult& result : report.results) {
    const Json json = ToJson(result);
    EXPECT_EQ(ToJson(CaseFromJson(json)), json);
    EXPECT_EQ(CaseFromJson(json).status, result.status);
  }
  EXPECT_EQ(CaseFromJson(ToJson(report.results[3])).worst->comparison.worst.absolute, 0.25);
}

TEST(ReportTest, JunitIsEscaped) {
  const std::string xml = ToJunit(SomeReport());
  EXPECT_THAT(xml, HasSubstr("tests=\"4\" failures=\"2\" skipped=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"&lt;f&gt;\""));
  EXPECT_THAT(xml, HasSubstr("message=\"two lines\""));
}

}  // namespace
}  // namespace webnn::conformance
