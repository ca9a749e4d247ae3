#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "conformance/onnx_suite/isolated.h"
#include "conformance/onnx_suite/outcome.h"
#include "conformance/onnx_suite/refusals.h"
#include "conformance/onnx_suite/run_case.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn::conformance::onnx_suite {
namespace {

using lowering::Element;
using onnx_format::HostTensor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing_support::Fails;
using testing_support::Succeeds;

HostTensor Floats(const std::vector<float>& values) {
  std::byte* memory = nullptr;
  HostTensor tensor =
      HostTensor::Allocate(Element::kFloat, {static_cast<int64_t>(values.size())}, &memory);
  std::memcpy(memory, values.data(), values.size() * sizeof(float));
  return tensor;
}

TEST(OnnxSuiteDifference, FollowsTheSuitesRule) {
  // |got - expected| <= atol + rtol * |expected|
  EXPECT_THAT(Difference(Floats({100.0f}), Floats({100.09f}), 1e-3, 0), IsEmpty());
  EXPECT_THAT(Difference(Floats({100.0f}), Floats({100.11f}), 1e-3, 0), HasSubstr("1 of 1"));
  EXPECT_THAT(Difference(Floats({0.0f}), Floats({1e-8f}), 0, 1e-7), IsEmpty());
  EXPECT_THAT(Difference(Floats({0.0f}), Floats({1e-6f}), 0, 1e-7), HasSubstr("1 of 1"));
}

TEST(OnnxSuiteDifference, OnlyEqualInfinitiesAndNaNsAgree) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(Difference(Floats({nan, infinity}), Floats({nan, infinity}), 0, 0), IsEmpty());
  for (const auto& [got, expected] : std::vector<std::pair<float, float>>{
           {1, nan}, {nan, 1}, {-infinity, infinity}, {1, infinity}, {infinity, 1}}) {
    EXPECT_THAT(Difference(Floats({got}), Floats({expected}), 1e-3, 1e-7), HasSubstr("1 of 1"));
  }
}

TEST(OnnxSuiteDifference, NamesTheWorstElement) {
  EXPECT_EQ(Difference(Floats({1, 2, 30, 5}), Floats({1, 3, 4, 5}), 1e-3, 0),
            "2 of 4 elements differ, element 2 is 30 instead of 4");
}

TEST(OnnxSuiteDifference, ComparesShapesAndTypes) {
  EXPECT_EQ(Difference(Floats({1, 2}), Floats({1}), 1, 1), "the shape is [2] instead of [1]");
  EXPECT_EQ(Difference(HostTensor::Integers(std::vector<int64_t>{1}), Floats({1}), 1, 1),
            "the type is int64 instead of float32");
  std::byte* memory = nullptr;
  const HostTensor wide = HostTensor::Allocate(Element::kDouble, {1}, &memory);
  EXPECT_THAT(Difference(Floats({0}), wide, 0, 0), IsEmpty());
}

TEST(OnnxSuiteOutcome, SurvivesTheWayThroughText) {
  const Outcome outcome{.verdict = Verdict::kRefused,
                        .fixed = Fixed::kSmall,
                        .narrowed = true,
                        .error = "\xff is no text",
                        .unsupported = {{"NonZero", "#3", "why", "how"}}};
  const Outcome back = ParseOutcome(ToText(outcome));
  EXPECT_EQ(back.verdict, outcome.verdict);
  EXPECT_EQ(back.fixed, outcome.fixed);
  EXPECT_EQ(back.narrowed, outcome.narrowed);
  EXPECT_THAT(back.error, HasSubstr("is no text"));
  ASSERT_EQ(back.unsupported.size(), 1u);
  EXPECT_EQ(back.unsupported[0].op, "NonZero");
  EXPECT_EQ(back.unsupported[0].reason, "why");
}

TEST(OnnxSuiteIsolated, ACrashAHangAndAnExitCostTheirPieceAlone) {
  const auto work = [](size_t i) -> std::string {
    if (i == 1) std::raise(SIGKILL);
    if (i == 3) _exit(5);
    if (i == 4) std::this_thread::sleep_for(std::chrono::minutes(5));
    return std::to_string(i * i);
  };
  for (const unsigned jobs : {1u, 3u}) {
    std::map<size_t, std::string> done;
    ASSERT_THAT(RunIsolated({.count = 7, .jobs = jobs, .max_seconds = 1}, work,
                            [&](size_t i, Result<std::string> text) {
                              done[i] = text ? *text : text.error().message;
                            }),
                Succeeds());
    EXPECT_THAT(done, ElementsAre(std::pair(0, "0"), std::pair(1, "killed by signal 9 (Killed)"),
                                  std::pair(2, "4"), std::pair(3, "ended with status 5"),
                                  std::pair(4, "not done after 1 seconds"), std::pair(5, "25"),
                                  std::pair(6, "36")));
  }
}

class OnnxSuiteRefusals : public ::testing::Test {
 protected:
  Result<ReviewedList> Load(const std::string& text) {
    std::ofstream(path_) << text;
    return LoadReviewedList(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / "webnn-onnx-suite-refusals.json";
};

TEST_F(OnnxSuiteRefusals, ExplainEachNodeByOperatorAndReason) {
  const auto list = Load(R"({"at_least": {"node": 3}, "refusals": [
    {"operators": ["NonZero", "Unique"], "why": "The shape depends on the values."},
    {"operators": ["input"], "reason": "a sequence", "why": "There are only tensors."}]})");
  ASSERT_THAT(list, Succeeds());
  EXPECT_EQ(list->at_least.at("node"), 3u);
  Outcome outcome{
      .unsupported = {{"input", "x", "it is a sequence", ""}, {"Unique", "#1", "", ""}}};
  const auto explained = list->Explain(outcome);
  ASSERT_THAT(explained, Succeeds());
  EXPECT_THAT(*explained, ElementsAre(1, 0));
  outcome.unsupported.push_back({"input", "y", "it is a map", ""});
  EXPECT_THAT(list->Explain(outcome), Fails(ErrorCode::kTypeError, "it is a map"));
}

TEST_F(OnnxSuiteRefusals, InexactCasesHaveATolerance) {
  const auto list = Load(R"({"at_least": {}, "refusals": [],
    "inexact": [{"cases": ["test_a", "test_b"], "atol": 0.5, "why": "They are rounded."}]})");
  ASSERT_THAT(list, Succeeds());
  EXPECT_EQ(list->AtolOf("test_b", 1e-7), 0.5);
  EXPECT_EQ(list->AtolOf("test_c", 1e-7), 1e-7);
}

TEST_F(OnnxSuiteRefusals, MustSayWhy) {
  EXPECT_THAT(Load(R"({"at_least": {}, "refusals": [{"operators": ["If"], "why": ""}]})"),
              Fails(ErrorCode::kTypeError, "refusal 1 does not say why"));
  EXPECT_THAT(Load("{"), Fails(ErrorCode::kTypeError, path_.string()));
}

}  // namespace
}  // namespace webnn::conformance::onnx_suite
