#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/openvino/backend.h"
#include "backends/openvino/library.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/webnn.h"

namespace webnn {
namespace {

using testing::HasSubstr;
using testing_support::Succeeds;

// What `run` says in a process that is a fork of this one; its end, where it came to none within
// 30 s or ended otherwise.
std::string InFork(const std::function<std::string()>& run) {
  int ends[2];
  if (pipe(ends) != 0) return "pipe failed";
  const pid_t child = fork();
  if (child < 0) return "fork failed";
  if (child == 0) {
    alarm(30);
    close(ends[0]);
    const std::string text = run();
    const bool written = write(ends[1], text.data(), text.size()) == ssize_t(text.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::string text;
  char buffer[1024];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) text += " [killed by signal " + std::to_string(WTERMSIG(status)) + "]";
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) text += " [failed]";
  return text;
}

class OpenVinoForkTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto opened = ov::Library::Open({}); !opened.ok()) {
      GTEST_SKIP() << opened.error().message;
    }
    context_.emplace(Context::Create({.backend = "openvino", .cache = false}).value());
    graph_.emplace(Builder().Build({{"y", Double()}}).value());
    EXPECT_THAT(Compute(), Succeeds());  // its threads run from here on
    EXPECT_EQ(y_[0], 2.0f);
  }
  GraphBuilder& Builder() {
    if (!builder_) builder_.emplace(GraphBuilder::Create(*context_).value());
    return *builder_;
  }
  Operand Double() {
    const Operand x = Builder().Input("x", DataType::kFloat32, Shape{1000}).value();
    return Builder().Add({.a = x, .b = x}).value();
  }
  Result<void> Compute() {
    const NamedInputBytes inputs[] = {{"x", std::as_bytes(std::span(x_))}};
    const NamedOutputBytes outputs[] = {{"y", std::as_writable_bytes(std::span(y_))}};
    return context_->Compute(*graph_, inputs, outputs);
  }

  std::optional<Context> context_;
  std::optional<GraphBuilder> builder_;
  std::optional<Graph> graph_;
  std::vector<float> x_ = std::vector<float>(1000, 1.0f);
  std::vector<float> y_ = std::vector<float>(1000);
};

TEST_F(OpenVinoForkTest, AContextIsRefusedAndSaysWhatToDo) {
  const std::string text = InFork([] {
    const auto context = Context::Create({.backend = "openvino"});
    return context.ok() ? std::string("a context") : ToString(context.error());
  });
  EXPECT_THAT(text, HasSubstr("NotSupportedError"));
  EXPECT_THAT(text, HasSubstr("openvino: this process was forked"));
  EXPECT_THAT(text, HasSubstr("by spawn or exec"));
  EXPECT_THAT(text, HasSubstr("\"onnxruntime\""));
}

TEST_F(OpenVinoForkTest, WhereNoneIsNamedAnotherOneIsTaken) {
  const std::string text = InFork([] {
    const auto context = Context::Create({.device = "cpu"});
    return context.ok() ? std::string(context->backend()) + "\n" + context->Explain()
                        : ToString(context.error());
  });
  EXPECT_THAT(text, testing::StartsWith("onnxruntime\n"));
  EXPECT_THAT(text, HasSubstr("openvino: not taken: this process was forked"));
}

TEST_F(OpenVinoForkTest, WhatTheParentMadeIsRefusedToo) {
  const Tensor x =
      context_->CreateTensor(graph_->inputs()[0].descriptor, {.writable = true}).value();
  const Tensor y =
      context_->CreateTensor(graph_->outputs()[0].descriptor, {.readable = true}).value();
  const auto say = [](const auto& result) {
    return result.ok() ? std::string("it worked") : ToString(result.error());
  };
  EXPECT_THAT(InFork([&] { return say(Compute()); }), HasSubstr("this process was forked"));
  EXPECT_THAT(InFork([&] { return say(context_->Dispatch(*graph_, {{{"x", x}}}, {{{"y", y}}})); }),
              HasSubstr("this process was forked"));
  EXPECT_THAT(InFork([&] {
                GraphBuilder builder = GraphBuilder::Create(*context_).value();
                const Operand a = builder.Input("a", DataType::kFloat32, Shape{2}).value();
                return say(builder.Build({{"b", builder.Neg({.input = a}).value()}}));
              }),
              HasSubstr("this process was forked"));
  EXPECT_THAT(InFork([&] {
                (void)Compute();
                return context_->lost() ? context_->lost()->message : std::string("not lost");
              }),
              HasSubstr("this process was forked"));
  // The parent goes on.
  EXPECT_THAT(Compute(), Succeeds());
  EXPECT_THAT(context_->Dispatch(*graph_, {{{"x", x}}}, {{{"y", y}}}), Succeeds());
}

TEST_F(OpenVinoForkTest, WhatTheParentMadeCanBeLeft) {
  EXPECT_EQ(InFork([&] {
              builder_.reset();
              graph_.reset();
              context_.reset();
              return std::string("done");
            }),
            "done");
  EXPECT_THAT(Compute(), Succeeds());
}

}  // namespace
}  // namespace webnn
