#include "cli/compilation.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cli/errors.h"
#include "cli/model_arguments.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn::cli {
namespace {

using testing::HasSubstr;
using testing_support::Fails;
using testing_support::Succeeds;

GraphDefinition Definition() {
  GraphBuilder builder;
  const Operand x = builder.Input("x", Bytes()).value();
  return builder.Finish({{"y", *builder.Identity({.input = x})}}).value();
}

class CompilationTest : public testing::Test {
 protected:
  CompilationTest() { script_->compiled_as = "the engine"; }
  // As a back end that looks after its options does.
  void CompileInSteps(std::function<void(int step)> on_step) {
    script_->on_compile = [this, on_step]() -> Result<void> {
      for (int step = 0; step < 10; ++step) {
        on_step(step);
        ++steps_;
        if (!script_->options.progress({.phase = "build", .fraction = step / 10.0})) {
          return Error{ErrorCode::kAborted, "cancelled"};
        }
      }
      return {};
    };
  }
  int steps_ = 0;
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
};

TEST_F(CompilationTest, CompilesWithTheOptionsOfTheContext) {
  CompileInSteps([](int) {});
  ContextOptions options;
  options.compile.precision = Precision::kBfloat16;
  EXPECT_THAT(CompileGraph("run", MakeScripted(script_, options), Definition()), Succeeds());
  EXPECT_EQ(script_->options.precision, Precision::kBfloat16);
  EXPECT_EQ(steps_, 10);
}

TEST_F(CompilationTest, CtrlCEndsIt) {
  CompileInSteps([](int step) {
    if (step == 3) (void)std::raise(SIGINT);
  });
  const auto graph = CompileGraph("run", MakeScripted(script_), Definition());
  ASSERT_THAT(graph, Fails(ErrorCode::kAborted, "interrupted"));
  EXPECT_EQ(graph.error().rule, kInterruptedRule);
  EXPECT_EQ(steps_, 4);
  // The next one is not interrupted, and the signal does again what it did.
  CompileInSteps([](int) {});
  EXPECT_THAT(CompileGraph("run", MakeScripted(script_), Definition()), Succeeds());
  struct sigaction action = {};
  sigaction(SIGINT, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST_F(CompilationTest, CtrlCWhileNobodyLooksEndsItAfterwards) {
  script_->on_compile = [] {
    (void)std::raise(SIGINT);
    return Result<void>();
  };
  const auto graph = CompileGraph("run", MakeScripted(script_), Definition());
  ASSERT_THAT(graph, Fails(ErrorCode::kAborted));
  EXPECT_EQ(graph.error().rule, kInterruptedRule);
}

TEST_F(CompilationTest, ASecondCtrlCEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  CompileInSteps([](int) {
    (void)std::raise(SIGINT);
    (void)std::raise(SIGINT);
  });
  EXPECT_EXIT((void)CompileGraph("run", MakeScripted(script_), Definition()),
              testing::KilledBySignal(SIGINT), "");
}

TEST_F(CompilationTest, WhoIgnoresCtrlCIsNotInterrupted) {
  std::signal(SIGINT, SIG_IGN);
  CompileInSteps([](int) { (void)std::raise(SIGINT); });
  EXPECT_THAT(CompileGraph("run", MakeScripted(script_), Definition()), Succeeds());
  EXPECT_NE(std::signal(SIGINT, SIG_DFL), SIG_DFL);
}

TEST_F(CompilationTest, AnInterruptedFileLeavesNothing) {
  CompileInSteps([](int step) {
    if (step == 3) (void)std::raise(SIGINT);
  });
  const std::string path = testing::TempDir() + "/interrupted.engine";
  const auto written = CompileFile("compile", MakeScripted(script_), Definition(), path);
  ASSERT_THAT(written, Fails(ErrorCode::kAborted));
  EXPECT_EQ(written.error().rule, kInterruptedRule);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(CompilationTest, FailuresAreTheirOwn) {
  script_->on_compile = [] { return Result<void>(Error{ErrorCode::kOperation, "no memory"}); };
  EXPECT_THAT(CompileGraph("run", MakeScripted(script_), Definition()),
              Fails(ErrorCode::kOperation, "no memory"));
}

// Nothing about the terminal: standard error is a file here.
TEST_F(CompilationTest, DetailsAreLinesWhereThereIsNoTerminal) {
  CompileInSteps([](int) {});
  testing::internal::CaptureStderr();
  EXPECT_THAT(CompileGraph("run", MakeScripted(script_), Definition()), Succeeds());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  EXPECT_THAT(
      CompileGraph("run", MakeScripted(script_, {.log_level = LogLevel::kInfo}), Definition()),
      Succeeds());
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("webnn run: compiling: build 0 %, 0.0 s\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << "one a phase and second";
}

TEST(ParseBytesTest, UnitsAreOf1024) {
  EXPECT_EQ(ParseBytes("--workspace", "0").value(), 0u);
  EXPECT_EQ(ParseBytes("--workspace", "1000").value(), 1000u);
  EXPECT_EQ(ParseBytes("--workspace", "3K").value(), 3072u);
  EXPECT_EQ(ParseBytes("--workspace", "2G").value(), uint64_t{2} << 30);
  EXPECT_EQ(ParseBytes("--workspace", "1T").value(), uint64_t{1} << 40);
  for (const char* text :
       {"", "G", "1g", "1GB", "-1", "1.5G", "18446744073709551616", "16777216T"}) {
    EXPECT_THAT(ParseBytes("--workspace", text), Fails(ErrorCode::kTypeError, "--workspace"))
        << text;
  }
}

}  // namespace
}  // namespace webnn::cli
