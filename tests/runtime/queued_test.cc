// `ContextOptions::queued`: calls return before their work is done.

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::Fails;
using testing_support::Succeeds;

class QueuedTest : public testing::Test {
 protected:
  static bool IsReady(const std::future<Result<void>>& future) {
    return future.wait_for(milliseconds(20)) == std::future_status::ready;
  }

  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  Context context_ = MakeScripted(script_, {.queued = true});
  Graph graph_ = BuildOne(context_).value();
  Tensor x_ = MakeTensor(context_);
  Tensor y_ = MakeTensor(context_);
  Tensor z_ = MakeTensor(context_);
  std::vector<std::byte> room_ = Filled(99);
  Gate gate_{*script_};  // last: opened before the context goes
};

TEST_F(QueuedTest, ADispatchIsNotWaitedFor) {
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  std::future<Result<void>> read = context_.ReadTensorAsync(y_, room_);
  EXPECT_FALSE(IsReady(read));
  EXPECT_EQ(room_, Filled(99));
  gate_.Open();
  EXPECT_THAT(read.get(), Succeeds());
  EXPECT_EQ(room_, Filled(1));
}

TEST_F(QueuedTest, WorkTakesEffectInTheOrderOfTheCalls) {
  ASSERT_THAT(context_.WriteTensor(x_, Filled(10)), Succeeds());
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  auto first = Filled(0);
  std::future<Result<void>> first_read = context_.ReadTensorAsync(y_, first);
  ASSERT_THAT(context_.WriteTensor(x_, Filled(20)), Succeeds());
  ASSERT_THAT(DispatchOne(context_, graph_, y_, z_), Succeeds());
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  auto second = Filled(0);
  std::future<Result<void>> second_read = context_.ReadTensorAsync(y_, second);
  ASSERT_THAT(context_.WriteTensor(y_, Filled(77)), Succeeds());
  gate_.Open();
  EXPECT_EQ(ReadByte(context_, z_), 12);
  ASSERT_THAT(first_read.get(), Succeeds());
  ASSERT_THAT(second_read.get(), Succeeds());
  EXPECT_EQ(first, Filled(11));
  EXPECT_EQ(second, Filled(21));
  EXPECT_EQ(ReadByte(context_, y_), 77);
}

TEST_F(QueuedTest, WrittenBytesAreThoseOfTheCall) {
  ASSERT_THAT(DispatchOne(context_, graph_, y_, z_), Succeeds());  // keeps the queue busy
  {
    auto bytes = Filled(5);
    ASSERT_THAT(context_.WriteTensor(x_, bytes), Succeeds());
    bytes.assign(bytes.size(), std::byte{6});
  }
  gate_.Open();
  EXPECT_EQ(ReadByte(context_, x_), 5);
}

TEST_F(QueuedTest, SynchronizeWaitsForAllWork) {
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  std::future<Result<void>> read = context_.ReadTensorAsync(y_, room_);
  auto synchronized = std::async(std::launch::async, [&] { context_.Synchronize(); });
  EXPECT_EQ(synchronized.wait_for(milliseconds(20)), std::future_status::timeout);
  gate_.Open();
  synchronized.get();
  EXPECT_EQ(read.wait_for(seconds(0)), std::future_status::ready);
}

TEST_F(QueuedTest, RefusalsComeAtOnce) {
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  EXPECT_THAT(DispatchOne(context_, graph_, x_, x_), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(context_.WriteTensor(x_, Filled(0, 3)), Fails(ErrorCode::kTypeError));
  std::future<Result<void>> read = context_.ReadTensorAsync(x_, std::span(room_).first(3));
  EXPECT_TRUE(IsReady(read));
  EXPECT_THAT(read.get(), Fails(ErrorCode::kTypeError));
}

TEST_F(QueuedTest, DestroyingATensorAbortsItsReads) {
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  std::future<Result<void>> aborted = context_.ReadTensorAsync(y_, room_);
  auto other = Filled(0);
  std::future<Result<void>> kept = context_.ReadTensorAsync(x_, other);
  y_.Destroy();
  gate_.Open();
  EXPECT_THAT(aborted.get(), Fails(ErrorCode::kInvalidState));
  EXPECT_EQ(room_, Filled(99));
  EXPECT_THAT(kept.get(), Succeeds());
}

TEST_F(QueuedTest, LosingTheContextAbortsAllReads) {
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  std::future<Result<void>> first = context_.ReadTensorAsync(x_, room_);
  auto other = Filled(99);
  std::future<Result<void>> second = context_.ReadTensorAsync(y_, other);
  context_.Destroy();
  gate_.Open();
  EXPECT_THAT(first.get(), Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(second.get(), Fails(ErrorCode::kInvalidState));
  EXPECT_EQ(room_, Filled(99));
  EXPECT_EQ(other, Filled(99));
}

TEST_F(QueuedTest, WorkBegunBeforeTheEndOfATensorIsDone) {
  // x is needed by queued work only.
  ASSERT_THAT(context_.WriteTensor(x_, Filled(3)), Succeeds());
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  x_.Destroy();
  EXPECT_THAT(DispatchOne(context_, graph_, x_, z_), Fails(ErrorCode::kTypeError, "destroyed"));
  EXPECT_EQ(script_->tensors, 3);
  gate_.Open();
  EXPECT_EQ(ReadByte(context_, y_), 4);
  EXPECT_EQ(script_->tensors, 2);
}

TEST_F(QueuedTest, WorkBegunBeforeTheEndOfAGraphIsDone) {
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  graph_.Destroy();
  EXPECT_THAT(DispatchOne(context_, graph_, x_, z_), Fails(ErrorCode::kInvalidState));
  gate_.Open();
  EXPECT_EQ(ReadByte(context_, y_), 1);
  context_.Synchronize();
  EXPECT_EQ(script_->graphs, 0);
}

TEST_F(QueuedTest, HandlesOfTensorsMayGoBeforeTheirWork) {
  std::optional<Tensor> between = MakeTensor(context_);
  ASSERT_THAT(DispatchOne(context_, graph_, x_, *between), Succeeds());
  ASSERT_THAT(DispatchOne(context_, graph_, *between, y_), Succeeds());
  between.reset();
  gate_.Open();
  EXPECT_EQ(ReadByte(context_, y_), 2);
}

TEST_F(QueuedTest, AFailureIsFoundByThoseWhoRead) {
  ASSERT_THAT(context_.WriteTensor(x_, Filled(200)), Succeeds());
  script_->run = [run = script_->run](auto inputs, auto outputs) {
    if (inputs[0][0] == std::byte{200}) {
      return Result<void>(Error{ErrorCode::kOperation, "the engine stopped"});
    }
    return run(inputs, outputs);
  };
  gate_.Open();
  EXPECT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  EXPECT_THAT(DispatchOne(context_, graph_, y_, z_), Succeeds());
  EXPECT_THAT(context_.ReadTensor(y_, room_), Fails(ErrorCode::kOperation, "engine stopped"));
  EXPECT_THAT(context_.ReadTensor(z_, room_), Fails(ErrorCode::kOperation, "engine stopped"));
  EXPECT_EQ(ReadByte(context_, x_), 200);
  ASSERT_THAT(context_.WriteTensor(x_, Filled(2)), Succeeds());
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  EXPECT_EQ(ReadByte(context_, y_), 3);
}

TEST_F(QueuedTest, ATensorThatEndedOnTheWayIsAFailure) {
  x_.Destroy();
  x_.impl()->destroyed = false;  // as if the dispatch had been checked just before that
  EXPECT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  gate_.Open();
  EXPECT_THAT(context_.ReadTensor(y_, room_), Fails(ErrorCode::kTypeError, "destroyed"));
}

// ---- The end of the context. ----

TEST(QueuedEndTest, QueuedWorkOutlivesTheHandles) {
  const auto script = std::make_shared<Script>();
  auto room = Filled(0);
  std::future<Result<void>> read;
  Gate gate(*script);
  {
    const Context context = MakeScripted(script, {.queued = true});
    const Graph graph = BuildOne(context).value();
    const Tensor x = MakeTensor(context);
    const Tensor y = MakeTensor(context);
    ASSERT_THAT(context.WriteTensor(x, Filled(7)), Succeeds());
    ASSERT_THAT(DispatchOne(context, graph, x, y), Succeeds());
    read = context.ReadTensorAsync(y, room);
  }
  gate.Open();
  EXPECT_THAT(read.get(), Succeeds());
  EXPECT_EQ(room, Filled(8));
  // The last handle was the queue's: the context ends in its own thread, some time.
  for (int i = 0; i < 3000 && script->backends > 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(script->backends, 0);
  EXPECT_EQ(script->graphs, 0);
  EXPECT_EQ(script->tensors, 0);
}

TEST(QueuedEndTest, EndsFromEitherSideAtAnyTime) {
  const auto script = std::make_shared<Script>();
  for (int i = 0; i < 300; ++i) {
    const Context context = MakeScripted(script, {.queued = true});
    const Graph graph = BuildOne(context).value();
    const Tensor x = MakeTensor(context);
    for (int k = 0; k < i % 4; ++k) {
      ASSERT_THAT(DispatchOne(context, graph, x, MakeTensor(context)), Succeeds());
    }
  }
  for (int i = 0; i < 3000 && script->backends > 0; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(script->backends, 0);
  EXPECT_EQ(script->tensors, 0);
}

TEST(QueuedEndTest, RealGraphsEndInTheirQueue) {
  auto room = Filled(0);
  std::future<Result<void>> read;
  {
    const Context context = Context::Create({.queued = true}).value();
    const Graph graph = BuildSum(context).value();
    const Tensor a = MakeTensor(context);
    const Tensor b = MakeTensor(context);
    const Tensor sum = MakeTensor(context);
    ASSERT_THAT(context.WriteTensor(a, Filled(7)), Succeeds());
    ASSERT_THAT(context.WriteTensor(b, Filled(8)), Succeeds());
    const NamedTensor inputs[] = {{"a", a}, {"b", b}};
    const NamedTensor outputs[] = {{"sum", sum}};
    ASSERT_THAT(context.Dispatch(graph, inputs, outputs), Succeeds());
    read = context.ReadTensorAsync(sum, room);
  }
  ASSERT_THAT(read.get(), Succeeds());
  EXPECT_EQ(room, Filled(15));
}

}  // namespace
}  // namespace webnn
