// A back end whose device ends, and one whose work goes on after the call.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing_support::Fails;
using testing_support::Succeeds;

Result<void> Gone() { return Error{ErrorCode::kOperation, "an illegal address was used"}; }

class DeviceLostTest : public testing::TestWithParam<bool> {
 protected:
  void LoseDevice() {
    script_->lost = [] { return std::optional<std::string>("cuda:0 is gone"); };
    script_->run = [](auto, auto) { return Gone(); };
    script_->on_compile = script_->on_create_tensor = script_->on_write = script_->on_read = &Gone;
  }
  void ExpectLost() {
    context_.Synchronize();
    ASSERT_NE(context_.lost(), std::nullopt);
    EXPECT_EQ(context_.lost()->message, "cuda:0 is gone");
    EXPECT_THAT(DispatchOne(context_, graph_, x_, y_),
                Fails(ErrorCode::kInvalidState, "cuda:0 is gone"));
    EXPECT_THAT(context_.ReadTensor(y_, room_), Fails(ErrorCode::kTypeError, "cuda:0 is gone"));
    EXPECT_THAT(BuildOne(context_), Fails(ErrorCode::kInvalidState, "cuda:0 is gone"));
    context_.Synchronize();  // the queue of the tensors' ends
    EXPECT_EQ(script_->graphs, 0);
    EXPECT_EQ(script_->tensors, 0);
  }

  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  Context context_ = MakeScripted(script_, {.queued = GetParam()});
  Graph graph_ = BuildOne(context_).value();
  Tensor x_ = MakeTensor(context_);
  Tensor y_ = MakeTensor(context_);
  std::vector<std::byte> room_ = Filled(0);
};
INSTANTIATE_TEST_SUITE_P(, DeviceLostTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Queued" : "Direct"; });

TEST_P(DeviceLostTest, AtADispatch) {
  LoseDevice();
  (void)DispatchOne(context_, graph_, x_, y_);
  ExpectLost();
}
TEST_P(DeviceLostTest, AtAWrite) {
  LoseDevice();
  (void)context_.WriteTensor(x_, Filled(1));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtARead) {
  LoseDevice();
  EXPECT_THAT(context_.ReadTensor(y_, room_), Fails(ErrorCode::kOperation, "illegal address"));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtAReadThatIsNotWaitedFor) {
  LoseDevice();
  EXPECT_THAT(context_.ReadTensorAsync(y_, room_).get(), Fails(ErrorCode::kOperation));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtACompute) {
  LoseDevice();
  const auto x = Filled(1);
  const NamedInputBytes inputs[] = {{"x", x}};
  const NamedOutputBytes outputs[] = {{"y", room_}};
  EXPECT_THAT(context_.Compute(graph_, inputs, outputs), Fails(ErrorCode::kOperation));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtACompilation) {
  LoseDevice();
  EXPECT_THAT(BuildOne(context_), Fails(ErrorCode::kOperation));
  ExpectLost();
}
TEST_P(DeviceLostTest, AtANewTensor) {
  LoseDevice();
  EXPECT_THAT(context_.CreateTensor(Bytes()), Fails(ErrorCode::kOperation));
  ExpectLost();
}
TEST_P(DeviceLostTest, AFailureIsNoLoss) {
  script_->run = [](auto, auto) { return Gone(); };
  (void)DispatchOne(context_, graph_, x_, y_);
  EXPECT_THAT(context_.ReadTensor(y_, room_), Fails(ErrorCode::kOperation));
  EXPECT_EQ(context_.lost(), std::nullopt);
}

// ---- Work that goes on after the call. ----

class AsynchronousTest : public testing::TestWithParam<bool> {
 protected:
  AsynchronousTest() {
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

  std::promise<void> opened_;
  bool is_open_ = false;
  std::shared_ptr<Script> script_ = [] {
    auto script = std::make_shared<Script>();
    script->asynchronous = true;
    return script;
  }();
  Context context_ = MakeScripted(script_, {.queued = GetParam()});
  Graph graph_ = BuildOne(context_).value();
  Tensor x_ = MakeTensor(context_);
  Tensor y_ = MakeTensor(context_);
  std::vector<std::byte> room_ = Filled(99);
};
INSTANTIATE_TEST_SUITE_P(, AsynchronousTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Queued" : "Direct"; });

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
