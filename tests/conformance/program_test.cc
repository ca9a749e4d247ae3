#include "conformance/program.h"

#include <sys/resource.h>

#include <filesystem>
#include <string>

#include "conformance/json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn::conformance {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

std::string ConformanceText(const std::string& expected, const std::string& outputs = "") {
  return R"({"group": "relu", "cases": [{"name": "small relu", "ops": ["relu"], "required": true,
      "tolerance": {"metric": "ULP", "value": 0},
      "inputs": {"x": {"shape": [2, 2], "dataType": "float32", "data": [-1, 0.5, "-0", 3]}},
      "operators": [{"name": "relu", "arguments": [{"in": "x"}], "outputs": "y"}],
      "outputs": {)" +
         (outputs.empty()
              ? R"("y": {"shape": [2, 2], "dataType": "float32", "data": )" + expected + "}"
              : outputs) +
         "}}]}";
}

std::string ValidationText(const std::string& size, const std::string& expect) {
  return R"({"file": "softmax", "cases": [{"name": "softmax of something", "steps": [
      {"id": 0, "builder": 0, "method": "input",
       "arguments": ["x", {"dataType": "float32", "shape": [2, )" +
         size + R"(]}]},
      {"id": 1, "builder": 0, "method": "softmax",
       "arguments": [{"operand": 0}, 2, {"label": "the_label", "noSuchOption": 1}]}],
      "expect": )" +
         expect + "}]}";
}

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / "webnn_conformance" / test->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "cases");
    options_.cases = {folder_ / "cases"};
    options_.known = folder_ / "known.md";
    // Some of these tests make processes after others have run graphs here, and the threads of a
    // back end like OpenVINO do not come along.
    options_.backend = "onnxruntime";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFile(folder_ / name, text).ok());
  }
  void WriteKnown(const std::string& row) {
    Write("known.md", "## Known failures\n" + row);
    options_.known_required = true;
  }
  int Run() {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = RunProgram(options_);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return status;
  }

  std::filesystem::path folder_;
  Options options_;
  std::string out_;
  std::string err_;
};

TEST_F(ProgramTest, PassesARightGraphOnTensorsAndOnHostMemory) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 3]"));
  for (const RunMode mode : {RunMode::kTensors, RunMode::kCompute}) {
    options_.mode = mode;
    EXPECT_EQ(Run(), kExitOk) << err_;
    EXPECT_EQ(out_, "1 passed, 0 failed\n");
  }
}

TEST_F(ProgramTest, FailsAWrongExpectedValue) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 3.0000002384185791015625]"));
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_EQ(out_,
            "FAIL cases/relu.json: small relu: output y: worst 1 ULP at [1,1] (allowed 0): got 3, "
            "expected 3.0000002\n0 passed, 1 failed\n");
}

TEST_F(ProgramTest, FailsAnotherShape) {
  Write("cases/relu.json",
        ConformanceText("", R"("y": {"shape": [4], "dataType": "float32", "data": [0, 0, 0, 3]})"));
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("output y is float32[2, 2], expected float32[4]"));
}

TEST_F(ProgramTest, FailsACaseWithoutOutputs) {
  Write("cases/relu.json", ConformanceText("", " "));
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, EndsWith("0 passed, 1 failed\n"));
}

TEST_F(ProgramTest, FailsAnUnknownOperator) {
  std::string text = ConformanceText("[0, 0.5, 0, 3]");
  text.replace(text.find("\"name\": \"relu\""), 14, "\"name\": \"nope\"");
  Write("cases/relu.json", text);
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("there is no operator nope"));
}

TEST_F(ProgramTest, JudgesValidationCases) {
  const std::string refused = R"({"throws": "TypeError", "label": "the_label"})";
  Write("cases/1.json", ValidationText("3", refused));
  EXPECT_EQ(Run(), kExitOk) << out_ << err_;
  // Accepted, though it is expected to be refused, and the reverse.
  Write("cases/1.json", ValidationText("3, 4", refused));
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("accepted, expected TypeError"));
  Write("cases/1.json", ValidationText("3", R"({"outputs": [{"shape": [2, 3]}]})"));
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("refused: TypeError"));
  // The right answer for another reason.
  Write("cases/1.json", ValidationText("3", R"({"throws": "TypeError", "label": "other"})"));
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("does not match /other/"));
  Write("cases/1.json", ValidationText("3", R"({"throws": "OperationError"})"));
  EXPECT_EQ(Run(), kExitFailed);
}

TEST_F(ProgramTest, JudgesTypeAndShapeOfAcceptedCalls) {
  const auto expect = [](const std::string& type, const std::string& shape) {
    return R"({"outputs": [{"dataType": ")" + type + R"(", "shape": )" + shape + "}]}";
  };
  Write("cases/1.json", ValidationText("3, 4", expect("float32", "[2, 3, 4]")));
  EXPECT_EQ(Run(), kExitOk) << out_ << err_;
  Write("cases/1.json", ValidationText("3, 4", expect("float16", "[2, 3, 4]")));
  EXPECT_EQ(Run(), kExitFailed);
  Write("cases/1.json", ValidationText("3, 4", expect("float32", "[2, 3]")));
  EXPECT_EQ(Run(), kExitFailed);
  Write("cases/1.json", ValidationText("3, 4", R"({"outputs": []})"));
  EXPECT_EQ(Run(), kExitFailed);
}

TEST_F(ProgramTest, AnEarlierStepMustSucceed) {
  for (const char* size : {"0", "-1", "4294967296", "\"NaN\""}) {
    Write("cases/1.json", ValidationText(size, R"({"throws": "TypeError"})"));
    EXPECT_EQ(Run(), kExitFailed) << size;
    EXPECT_THAT(out_, HasSubstr("step 0 (input) failed")) << size;
  }
}

TEST_F(ProgramTest, ChecksTheViewOfAConstant) {
  const auto text = [](const std::string& view, const std::string& expect) {
    return R"({"cases": [{"name": "c", "steps": [{"id": 0, "builder": 0, "method": "constant",
        "arguments": [{"dataType": "int32", "shape": [2]}, {"$bytes": 8, "$view": ")" +
           view + R"("}]}], "expect": )" + expect + "}]}";
  };
  const std::string accepted = R"({"outputs": [{"dataType": "int32", "shape": [2]}]})";
  for (const char* view : {"ArrayBuffer", "SharedArrayBuffer", "Uint8Array", "Int32Array"}) {
    Write("cases/1.json", text(view, accepted));
    EXPECT_EQ(Run(), kExitOk) << view << out_;
  }
  for (const char* view : {"Uint32Array", "Float32Array", "Int8Array", "DataView"}) {
    Write("cases/1.json", text(view, R"({"throws": "TypeError"})"));
    EXPECT_EQ(Run(), kExitOk) << view << out_;
  }
}

TEST_F(ProgramTest, CountsKnownFailuresApart) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 4]"));
  WriteKnown("| cases/relu.json | small relu | all | a reason |\n");
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_EQ(out_, "known: 1 (" + options_.known.string() + ")\n0 passed, 0 failed\n");
}

TEST_F(ProgramTest, CountsWhatRanApartWhereAnyResultWillDo) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 4]"));
  Write("cases/right.json", ConformanceText("[0, 0.5, 0, 3]"));
  // It passes, but what is known is known of the tolerances.
  WriteKnown("| cases/right.json | small relu | all | a reason |\n");
  options_.any_result = true;
  options_.report = folder_ / "report.json";
  options_.junit = folder_ / "junit.xml";
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_EQ(out_, "ran, beyond the tolerance: 1\n1 passed, 0 failed\n");
  const Json report = Json::parse(ReadFile(options_.report).value());
  EXPECT_EQ(report["totals"]["differs"], 1);
  EXPECT_EQ(report["cases"][0]["status"], "differs");
  EXPECT_THAT(ReadFile(options_.junit).value(), HasSubstr("skipped=\"1\""));
  // The same from other processes, and what cannot run fails.
  Write("cases/other.json", ConformanceText("", R"("y": {"shape": [4], "dataType": "float32",
                                                       "data": [0, 0, 0, 3]})"));
  options_.processes = 2;
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("FAIL cases/other.json: small relu: "));
  EXPECT_THAT(out_, EndsWith("ran, beyond the tolerance: 1\n1 passed, 1 failed\n"));
}

TEST_F(ProgramTest, FailsAListedCaseThatPasses) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 3]"));
  WriteKnown("| cases/relu.json | small relu | all | a reason |\n");
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("remove line 2"));
  EXPECT_THAT(out_, EndsWith("0 passed, 1 failed\n"));
}

TEST_F(ProgramTest, FailsARowThatNamesNoCase) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 3]"));
  WriteKnown("| cases/relu.json | large relu | all | a reason |\n");
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("there is no conformance case \"large relu\""));
  EXPECT_THAT(out_, EndsWith("1 passed, 1 failed\n"));
}

TEST_F(ProgramTest, AMalformedOrMissingListIsAnError) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 3]"));
  WriteKnown("| cases/relu.json |\n");
  EXPECT_EQ(Run(), kExitUsage);
  options_.known = folder_ / "none.md";
  EXPECT_EQ(Run(), kExitUsage);
}

TEST_F(ProgramTest, WhatCannotBeReadIsAnErrorThatNamesIt) {
  EXPECT_EQ(Run(), kExitUsage);  // No case.
  EXPECT_THAT(err_, HasSubstr("no case"));
  Write("cases/other.json", R"({"something": "else"})");
  EXPECT_EQ(Run(), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("cases/other.json"));
  EXPECT_THAT(out_, IsEmpty());
}

TEST_F(ProgramTest, AnUnknownBackEndIsAnError) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 3]"));
  options_.backend = "no such back end";
  EXPECT_EQ(Run(), kExitUsage);
  EXPECT_THAT(out_, IsEmpty());
}

TEST_F(ProgramTest, SelectsByFilterAndPart) {
  for (int i = 0; i < 7; ++i) {
    Write("cases/relu" + std::to_string(i) + ".json", ConformanceText("[0, 0.5, 0, 3]"));
  }
  options_.list = true;
  options_.filter = "relu3.json/small";
  EXPECT_EQ(Run(), kExitOk);
  EXPECT_EQ(out_, "cases/relu3.json/small relu\n");
  options_.filter = "nothing";
  EXPECT_EQ(Run(), kExitUsage);
  options_.filter = "";
  EXPECT_EQ(Run(), kExitOk);
  const std::string all = out_;
  size_t length = 0;
  for (size_t part = 1; part <= 3; ++part) {
    options_.shard = {part, 3};
    EXPECT_EQ(Run(), kExitOk);
    length += out_.size();
  }
  EXPECT_EQ(length, all.size());
}

TEST_F(ProgramTest, WritesReportsThatDoNotDependOnThreads) {
  for (int i = 0; i < 20; ++i) {
    Write("cases/relu" + std::to_string(i) + ".json",
          ConformanceText(i % 3 == 0 ? "[0, 0.5, 0, 3]" : "[0, 0.5, 0, 2]"));
  }
  EXPECT_EQ(Run(), kExitFailed);
  const std::string alone = out_;
  options_.jobs = 4;
  options_.report = folder_ / "report.json";
  options_.junit = folder_ / "junit.xml";
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_EQ(out_, alone);
  const Json report = Json::parse(ReadFile(options_.report).value());
  EXPECT_EQ(report["totals"]["passed"], 7);
  EXPECT_EQ(report["totals"]["compared"], 80);
  EXPECT_EQ(report["cases"].size(), 20u);
  EXPECT_THAT(ReadFile(options_.junit).value(), HasSubstr("failures=\"13\""));

  options_.processes = 3;
  options_.jobs = 2;
  EXPECT_EQ(Run(), kExitFailed);
  EXPECT_EQ(out_, alone);
  Json again = Json::parse(ReadFile(options_.report).value());
  for (size_t i = 0; i < 20; ++i) {
    again["cases"][i]["seconds"] = report["cases"][i]["seconds"];
    EXPECT_EQ(again["cases"][i], report["cases"][i]);
  }
  EXPECT_EQ(again["explain"], report["explain"]);
}

TEST_F(ProgramTest, AProcessThatDiesFailsItsCaseAlone) {
  std::string large = ConformanceText("[0, 0.5, 0, 3]");
  const std::string small =
      R"({"shape": [2, 2], "dataType": "float32", "data": [-1, 0.5, "-0", 3]})";
  large.replace(large.find(small), small.size(),
                R"({"shape": [9000], "dataType": "float32", "data": [1], "fill": true,
                     "constant": true})");
  for (int i = 0; i < 9; ++i) {
    Write("cases/relu" + std::to_string(i) + ".json",
          i % 3 == 1 ? large : ConformanceText("[0, 0.5, 0, 3]"));
  }
  // Whoever writes a large file gets a signal, and the model of the large case is one.
  options_.dump_onnx = folder_ / "models";
  options_.processes = 2;
  rlimit unlimited{};
  getrlimit(RLIMIT_FSIZE, &unlimited);
  rlimit limit = unlimited;
  limit.rlim_cur = 16384;
  setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_EQ(Run(), kExitFailed);
  setrlimit(RLIMIT_FSIZE, &unlimited);
  EXPECT_EQ(err_, "");
  EXPECT_THAT(out_, HasSubstr("FAIL cases/relu1.json: small relu: the process that ran it ended by "
                              "signal"));
  EXPECT_THAT(out_, EndsWith("6 passed, 3 failed\n"));
}

TEST_F(ProgramTest, ProcessesWithoutAContextAreAnError) {
  Write("cases/relu.json", ConformanceText("[0, 0.5, 0, 3]"));
  options_.backend = "no such back end";
  options_.processes = 2;
  EXPECT_EQ(Run(), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("no such back end"));
}

}  // namespace
}  // namespace webnn::conformance
