// Several threads, several contexts.

#include <atomic>
#include <mutex>
#include <thread>

#include "gpu_test.h"

namespace webnn::gpu_test {
namespace {

class ThreadsTest : public GpuTest {};

template <class Function>
void InThreads(size_t count, const Function& work) {
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
}

TEST_F(ThreadsTest, RunOneGraphSideBySide) {
  const Context context = MakeContext();
  constexpr uint32_t kSize = 128;
  const Graph graph = context.Compile(Product(kSize, kSize, kSize)).value();
  const auto x_descriptor = graph.inputs()[0].descriptor;
  std::vector<float> expected[8];
  for (uint32_t i = 0; i < 8; ++i) {
    expected[i] = Compute(context, graph, Pseudo(kSize * kSize, i + 10));
  }
  std::atomic<int> wrong = 0;
  InThreads(8, [&](size_t i) {
    const Tensor x = MakeTensor(context, x_descriptor);
    const Tensor y = MakeTensor(context, graph.outputs()[0].descriptor);
    const std::vector<float> input = Pseudo(kSize * kSize, static_cast<uint32_t>(i) + 10);
    Write(context, x, input);
    for (int k = 0; k < 200; ++k) {
      if (!context.Dispatch(graph, std::array{NamedTensor{"x", x}},
                            std::array{NamedTensor{"y", y}})) {
        ++wrong;
      }
      if (k % 10 == 9 && Read(context, y) != expected[i]) ++wrong;
      if (k % 25 == 24 && Compute(context, graph, input) != expected[i]) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(ThreadsTest, BuildAndRunGraphsOfTheirOwn) {
  const Context context = MakeContext();
  std::atomic<int> wrong = 0;
  InThreads(6, [&](size_t i) {
    const auto seed = static_cast<uint32_t>(i) + 1;
    const Graph graph = context.Compile(Product(32, 64, 48, seed)).value();
    const std::vector<float> x = Pseudo(32 * 64, seed + 50);
    for (int k = 0; k < 20; ++k) {
      if (ProductError(x, 32, 64, 48, Compute(context, graph, x), seed) > 1e-6) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(ThreadsTest, ShareATensorInTheOrderOfTheirCalls) {
  const Context context = MakeContext();
  const Graph graph = context.Compile(PlusOne(1024)).value();
  const std::array<Tensor, 2> tensors = {MakeTensor(context, 1024), MakeTensor(context, 1024)};
  std::mutex mutex;
  size_t turn = 0;
  std::atomic<int> wrong = 0;
  InThreads(6, [&](size_t) {
    for (int k = 0; k < 100; ++k) {
      const std::lock_guard lock(mutex);
      const size_t i = turn++;
      if (!context.Dispatch(graph, std::array{NamedTensor{"x", tensors[i % 2]}},
                            std::array{NamedTensor{"y", tensors[1 - i % 2]}})) {
        ++wrong;
      }
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(Read(context, tensors[0]), AllAre(600.0f));
}

TEST_F(ThreadsTest, ReadOneInputAtOnce) {
  const Context context = MakeContext();
  const Graph graph = context.Compile(PlusOne(1024)).value();
  const Tensor x = MakeTensor(context, Constants(1024, 5));
  std::atomic<int> wrong = 0;
  InThreads(8, [&](size_t) {
    const Tensor y = MakeTensor(context, 1024);
    for (int k = 0; k < 50; ++k) {
      if (!context.Dispatch(graph, std::array{NamedTensor{"x", x}},
                            std::array{NamedTensor{"y", y}})) {
        ++wrong;
      }
      if (Read(context, y) != Constants(1024, 6)) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(ThreadsTest, ContextsAreIndependent) {
  Context first = MakeContext();
  const Context second = MakeContext();
  const Graph graph = second.Compile(PlusOne(256)).value();
  const Graph doomed = first.Compile(PlusOne(256)).value();
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::jthread work([&] {
    const Tensor x = MakeTensor(second, Constants(256, 1));
    const Tensor y = MakeTensor(second, 256);
    while (!stop) {
      if (!second.Dispatch(graph, std::array{NamedTensor{"x", x}},
                           std::array{NamedTensor{"y", y}})) {
        ++wrong;
      }
      if (Read(second, y) != Constants(256, 2)) ++wrong;
    }
  });
  const Tensor x = MakeTensor(first, 256);
  const Tensor y = MakeTensor(first, 256);
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(
        first.Dispatch(doomed, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", y}}),
        Succeeds());
  }
  first.Destroy();
  EXPECT_FALSE(first.CreateTensor(x.descriptor()).ok());
  stop = true;
  work.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ThreadsTest, AContextMayEndWhileOthersUseIt) {
  for (int round = 0; round < 5; ++round) {
    Context context = MakeContext();
    const Graph graph = context.Compile(PlusOne(4096)).value();
    std::atomic<int> running = 0;
    std::atomic<bool> ended = false;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const Tensor x = MakeTensor(context, Constants(4096, 1));
        const Tensor y = MakeTensor(context, 4096);
        ++running;
        // Until the context is gone: an error then, and no crash.
        while (
            context
                .Dispatch(graph, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", y}})
                .ok()) {
        }
        // While Destroy runs, tensors that it has not come to can still be read.
        while (!ended) std::this_thread::yield();
        std::vector<std::byte> bytes(4096 * 4);
        EXPECT_FALSE(context.ReadTensor(y, bytes).ok());
      });
    }
    while (running < 4) std::this_thread::yield();
    context.Destroy();
    ended = true;
  }
}

}  // namespace
}  // namespace webnn::gpu_test
