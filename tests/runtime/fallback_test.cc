#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/selection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

// A build that fails makes the context go on to the next back end, as a whole.
namespace webnn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Fails;
using testing_support::Succeeds;

struct Scripts {
  std::shared_ptr<Script> first = std::make_shared<Script>();
  std::shared_ptr<Script> second = std::make_shared<Script>();
  std::shared_ptr<Script> third = std::make_shared<Script>();
};
Scripts* scripts = nullptr;

template <std::shared_ptr<Script> Scripts::* kScript>
Result<std::unique_ptr<Backend>> OpenScripted(const ContextOptions&) {
  return std::unique_ptr<Backend>(new ScriptedBackend(scripts->*kScript));
}
constexpr BackendEntry kEntries[] = {
    {"first", &OpenScripted<&Scripts::first>},
    {"second", &OpenScripted<&Scripts::second>},
    {"third", &OpenScripted<&Scripts::third>},
};

Result<void> NoRoom() { return Error{ErrorCode::kUnknown, "first: no room on the device"}; }

class FallbackTest : public testing::Test {
 protected:
  FallbackTest() {
    scripts = &scripts_;
    scripts_.first->name = "first";
    scripts_.second->name = "second";
    scripts_.third->name = "third";
  }
  ~FallbackTest() override { scripts = nullptr; }

  Context Make(ContextOptions options = {.fallback = Fallback::kBackend}) {
    options.log = [this](LogLevel level, std::string_view text) {
      if (level == LogLevel::kWarning) warnings_.emplace_back(text);
    };
    Selection selection = Selection::Make(kEntries, options).value();
    auto backend = selection.Next().value();
    auto impl = std::make_shared<ContextImpl>(options, std::move(backend));
    impl->Follow(std::move(selection));
    return Context(std::move(impl));
  }

  Scripts scripts_;
  std::vector<std::string> warnings_;
};

TEST_F(FallbackTest, ABuildThatFailsGoesToTheNextAndSaysSoOnce) {
  scripts_.first->on_compile = &NoRoom;
  const Context context = Make();
  EXPECT_EQ(context.backend(), "first");
  for (int i = 0; i < 2; ++i) {
    const Graph graph = BuildOne(context).value();
    const Tensor x = MakeTensor(context);
    const Tensor y = MakeTensor(context);
    ASSERT_THAT(context.WriteTensor(x, Filled(6)), Succeeds());
    ASSERT_THAT(DispatchOne(context, graph, x, y), Succeeds());
    EXPECT_EQ(ReadByte(context, y), 7);
  }
  EXPECT_EQ(context.backend(), "second");
  EXPECT_THAT(warnings_, ElementsAre("first failed: no room on the device\n"
                                     "The context uses second 1, device none instead."));
  EXPECT_EQ(context.Fallbacks(), warnings_);
  EXPECT_EQ(context.Explain(),
            "first 1, device none: taken, but failed: no room on the device\n"
            "second 1, device none: chosen, the first that works here\n"
            "not tried: third\n");
  EXPECT_EQ(scripts_.third->backends, 0);
}

TEST_F(FallbackTest, WithoutItTheErrorIsTheFirstOnes) {
  scripts_.first->on_compile = &NoRoom;
  const Context context = Make({});
  const auto graph = BuildOne(context);
  ASSERT_THAT(graph, Fails(ErrorCode::kUnknown));
  EXPECT_EQ(graph.error().message, "first: no room on the device");
  EXPECT_EQ(context.backend(), "first");
  EXPECT_EQ(scripts_.second->backends, 0);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(FallbackTest, SeveralFailuresAreOneWarning) {
  scripts_.first->on_compile = &NoRoom;
  scripts_.second->on_compile = [] {
    return Result<void>(Error{ErrorCode::kNotSupported, "second: no such operator"});
  };
  const Context context = Make();
  ASSERT_THAT(BuildOne(context), Succeeds());
  EXPECT_EQ(context.backend(), "third");
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_[0], AllOf(HasSubstr("no room on the device"), HasSubstr("third 1")));
  EXPECT_THAT(context.Explain(), HasSubstr("second 1, device none: taken, but failed: no such"));
}

TEST_F(FallbackTest, WhereNoneCanTheContextStaysAndAllReasonsAreTold) {
  for (const auto& script : {scripts_.first, scripts_.second, scripts_.third}) {
    script->on_compile = [&script = *script] {
      return Result<void>(Error{ErrorCode::kOperation, script.name + ": too hard"});
    };
  }
  const Context context = Make();
  const auto graph = BuildOne(context);
  EXPECT_THAT(graph, Fails(ErrorCode::kOperation, "first: too hard"));
  EXPECT_THAT(graph, Fails(ErrorCode::kOperation, "third 1, device none: taken, but failed"));
  EXPECT_EQ(context.backend(), "first");
  EXPECT_THAT(warnings_, IsEmpty());
  // Another graph may fare better, on the first, too.
  scripts_.first->on_compile = [] { return Result<void>(); };
  ASSERT_THAT(BuildOne(context), Succeeds());
  EXPECT_EQ(context.backend(), "first");
  scripts_.third->on_compile = scripts_.first->on_compile;
  scripts_.first->on_compile = &NoRoom;
  const Context other = Make();
  EXPECT_THAT(BuildOne(other), Succeeds());
  EXPECT_EQ(other.backend(), "third");
}

TEST_F(FallbackTest, AContextWithTensorsOrGraphsStaysAndSaysSo) {
  const Context context = Make();
  auto tensor = std::make_unique<Tensor>(MakeTensor(context));
  auto graph = std::make_unique<Graph>(BuildOne(context).value());
  scripts_.first->on_compile = &NoRoom;
  EXPECT_THAT(BuildOne(context), Fails(ErrorCode::kUnknown,
                                       "first: no room on the device\nThe context cannot go on "
                                       "to another back end, since it has 1 graph and 1 tensor"));
  graph.reset();
  EXPECT_THAT(BuildOne(context), Fails(ErrorCode::kUnknown, "0 graphs and 1 tensor"));
  EXPECT_EQ(context.backend(), "first");
  EXPECT_THAT(warnings_, IsEmpty());
  tensor->Destroy();
  EXPECT_THAT(BuildOne(context), Succeeds());
  EXPECT_EQ(context.backend(), "second");
}

TEST_F(FallbackTest, ConstantTensorsMoveAlong) {
  const Context context = Make();
  const auto bytes = Filled(3);
  const Tensor constant = context.CreateConstantTensor(Bytes(), bytes).value();
  scripts_.first->on_compile = &NoRoom;
  GraphBuilder builder = GraphBuilder::Create(context).value();
  const Operand x = builder.Input("x", Bytes()).value();
  const Operand c = builder.Constant(constant).value();
  EXPECT_THAT(builder.Build({{"y", *builder.Add({.a = x, .b = c})}}), Succeeds());
  EXPECT_EQ(context.backend(), "second");
}

TEST_F(FallbackTest, TheCallersOwnErrorsMoveNothing) {
  for (const ErrorCode code : {ErrorCode::kTypeError, ErrorCode::kAborted}) {
    scripts_.first->on_compile = [code] { return Result<void>(Error{code, "the caller's"}); };
    const Context context = Make();
    EXPECT_THAT(BuildOne(context), Fails(code, "the caller's"));
    EXPECT_EQ(context.backend(), "first");
  }
  scripts_.first->on_compile = &NoRoom;
  scripts_.second->on_compile = [] {
    return Result<void>(Error{ErrorCode::kAborted, "cancelled"});
  };
  const Context context = Make();
  EXPECT_THAT(BuildOne(context), Fails(ErrorCode::kAborted, "cancelled"));
  EXPECT_EQ(context.backend(), "first");
}

TEST_F(FallbackTest, ADeviceLostInABuildIsLeft) {
  scripts_.first->on_compile = &NoRoom;
  scripts_.first->lost = [] { return std::optional<std::string>("the GPU fell off the bus"); };
  const Context context = Make();
  EXPECT_THAT(BuildOne(context), Succeeds());
  EXPECT_EQ(context.lost(), std::nullopt);
  // Without a way out the context is lost.
  const Context other = Make({});
  EXPECT_THAT(BuildOne(other), Fails(ErrorCode::kUnknown));
  EXPECT_TRUE(other.lost());
}

TEST_F(FallbackTest, LimitsAreThoseOfTheNewBackEnd) {
  scripts_.first->on_compile = &NoRoom;
  scripts_.second->max_rank = 5;
  const Context context = Make();
  EXPECT_EQ(context.GetOpSupportLimits().input.rank_range.max, 8u);
  ASSERT_THAT(BuildOne(context), Succeeds());
  EXPECT_EQ(context.GetOpSupportLimits().input.rank_range.max, 5u);
}

TEST_F(FallbackTest, BuildsOfManyThreadsMoveTheContextOnce) {
  for (int round = 0; round < 20; ++round) {
    scripts_.first->on_compile = &NoRoom;
    warnings_.clear();
    const Context context = Make();
    std::atomic<int> built{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto graph = BuildOne(context);
        if (graph) ++built;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(built, 4);
    EXPECT_EQ(context.backend(), "second");
    EXPECT_THAT(warnings_, SizeIs(1));
  }
}

TEST_F(FallbackTest, ATensorMadeMeanwhileIsOfOneBackEnd) {
  for (int round = 0; round < 50; ++round) {
    scripts_.first->on_compile = &NoRoom;
    const Context context = Make();
    std::thread maker([&] {
      const Tensor x = MakeTensor(context);
      const Tensor y = MakeTensor(context);
      const auto graph = BuildOne(context);
      if (graph) {
        EXPECT_THAT(DispatchOne(context, *graph, x, y), Succeeds());
      }
    });
    const auto graph = BuildOne(context);
    maker.join();
    // Which of the two came first is open: the context has moved, or its tensors have kept it.
    EXPECT_EQ(graph.ok(), context.backend() == "second");
  }
}

}  // namespace
}  // namespace webnn
