#include "runtime/timeline.h"

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn {
namespace {

using testing::ElementsAre;

TEST(TimelineTest, RunsTasksInTheirOrder) {
  Timeline timeline;
  std::vector<int> done;  // only the timeline's thread writes it
  for (int i = 0; i < 1000; ++i) timeline.Enqueue([&done, i] { done.push_back(i); });
  timeline.Wait();
  ASSERT_EQ(done.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(done[i], i);
}

TEST(TimelineTest, RunsThemInOneThreadOfItsOwn) {
  Timeline timeline;
  std::thread::id first;
  std::thread::id second;
  timeline.Enqueue([&] { first = std::this_thread::get_id(); });
  timeline.Enqueue([&] { second = std::this_thread::get_id(); });
  timeline.Wait();
  EXPECT_EQ(first, second);
  EXPECT_NE(first, std::this_thread::get_id());
}

TEST(TimelineTest, TheDestructorLetsTasksFinish) {
  std::vector<int> done;
  std::promise<void> gate;
  {
    Timeline timeline;
    timeline.Enqueue([opened = gate.get_future().share()] { opened.wait(); });
    timeline.Enqueue([&done] { done.push_back(1); });
    timeline.Enqueue([&done] { done.push_back(2); });
    gate.set_value();
  }
  EXPECT_THAT(done, ElementsAre(1, 2));
}

TEST(TimelineTest, ATaskMayHoldTheLastHandle) {
  std::promise<void> gate;
  std::promise<void> after;
  {
    auto timeline = std::make_shared<Timeline>();
    Timeline& enqueue = *timeline;
    enqueue.Enqueue([opened = gate.get_future().share()] { opened.wait(); });
    // Its end, in the timeline's own thread, is the end of the timeline.
    enqueue.Enqueue([held = std::move(timeline)] {});
    enqueue.Enqueue([&after] { after.set_value(); });
  }
  gate.set_value();
  EXPECT_EQ(after.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST(TimelineTest, TakesTasksFromManyThreads) {
  Timeline timeline;
  int count = 0;  // only the timeline's thread writes it
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) timeline.Enqueue([&count] { ++count; });
      timeline.Wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  timeline.Wait();
  EXPECT_EQ(count, 2000);
}

}  // namespace
}  // namespace webnn
