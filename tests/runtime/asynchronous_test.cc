// A back end whose work goes on after the call.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/one_graph_test.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using std::chrono::milliseconds;
using testing_support::Fails;
using testing_support::Succeeds;

class AsynchronousTest : public OneGraphTest {
 protected:
  AsynchronousTest() : OneGraphTest(MakeScript()) {
    script_->on_read = [opened = opened_.get_future().share()] {
      opened.wait();
      return Result<void>();
    };
  }
  ~AsynchronousTest() override { Open(); }
  void Open() {
    if (!std::exchange(is_open_, true)) opened_.set_value();
  }
  static bool IsReady(const std::future<Result<void>>& future) {
    return future.wait_for(milliseconds(20)) == std::future_status::ready;
  }

  static std::shared_ptr<Script> MakeScript() {
    auto script = std::make_shared<Script>();
    script->asynchronous = true;
    return script;
  }

  std::promise<void> opened_;
  bool is_open_ = false;
};
WEBNN_INSTANTIATE(AsynchronousTest);

TEST_P(AsynchronousTest, AReadDoesNotHoldUpTheCaller) {
  ASSERT_THAT(context_.WriteTensor(x_, Filled(7)), Succeeds());
  ASSERT_THAT(DispatchOne(context_, graph_, x_, y_), Succeeds());
  auto read = context_.ReadTensorAsync(y_, room_);
  EXPECT_FALSE(IsReady(read));
  // Nor the work on other tensors, nor other readers of this one.
  const Tensor z = MakeTensor(context_);
  EXPECT_THAT(DispatchOne(context_, graph_, y_, z), Succeeds());
  EXPECT_THAT(context_.WriteTensor(x_, Filled(1)), Succeeds());
  EXPECT_FALSE(IsReady(read));
  Open();
  EXPECT_THAT(read.get(), Succeeds());
  EXPECT_EQ(room_, Filled(8));
  EXPECT_EQ(ReadByte(context_, z), 9);
}

TEST_P(AsynchronousTest, AReadSeesNothingOfWhatComesLater) {
  ASSERT_THAT(context_.WriteTensor(y_, Filled(5)), Succeeds());
  auto read = context_.ReadTensorAsync(y_, room_);
  std::atomic<bool> written{false};
  std::thread writer([&] {
    EXPECT_THAT(context_.WriteTensor(y_, Filled(6)), Succeeds());
    context_.Synchronize();
    written = true;
  });
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_FALSE(written);
  Open();
  writer.join();
  EXPECT_THAT(read.get(), Succeeds());
  EXPECT_EQ(room_, Filled(5));
  EXPECT_EQ(ReadByte(context_, y_), 6);
}

TEST_P(AsynchronousTest, TheEndIsNotHeldUpByReads) {
  auto first = context_.ReadTensorAsync(y_, room_);
  std::vector<std::byte> more = Filled(0);
  auto second = context_.ReadTensorAsync(x_, more);
  EXPECT_FALSE(IsReady(first));
  x_.Destroy();
  y_.Destroy();
  context_.Destroy();
  Open();
  (void)first.get();  // had begun
  EXPECT_THAT(second.get(), Fails(ErrorCode::kInvalidState, "destroyed"));
  context_.Synchronize();
  EXPECT_EQ(script_->tensors, 0);
}

TEST_P(AsynchronousTest, SynchronizeWaitsForReads) {
  auto read = context_.ReadTensorAsync(y_, room_);
  std::thread opener([&] {
    std::this_thread::sleep_for(milliseconds(20));
    Open();
  });
  context_.Synchronize();
  EXPECT_EQ(read.wait_for(milliseconds(0)), std::future_status::ready);
  opener.join();
}

TEST(AsynchronousEndTest, TheLastHandleMayBeTheReads) {
  for (int i = 0; i < 200; ++i) {
    const auto script = std::make_shared<Script>();
    script->asynchronous = true;
    auto room = Filled(0);
    std::future<Result<void>> read;
    {
      const Context context = MakeScripted(script, {.queued = i % 2 == 0});
      read = context.ReadTensorAsync(MakeTensor(context), room);
    }
    EXPECT_THAT(read.get(), Succeeds());
    for (int k = 0; k < 3000 && script->backends > 0; ++k) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_EQ(script->backends, 0);
  }
}

}  // namespace
}  // namespace webnn
