// Many threads on one context, with ONNX Runtime behind it; ThreadSanitizer looks on.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing_support::Succeeds;

constexpr auto kTime = std::chrono::milliseconds(400);
constexpr int kThreads = 4;

// Runs `body(thread, round)` over and over in every thread until the time is up.
void Hammer(const std::function<void(int thread, int round)>& body) {
  const auto end = std::chrono::steady_clock::now() + kTime;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&body, end, thread] {
      for (int round = 0; std::chrono::steady_clock::now() < end; ++round) body(thread, round);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A value that threads replace.
template <class T>
class Shared {
 public:
  explicit Shared(T value) : value_(std::move(value)) {}
  T Get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void Set(T value) {
    const std::lock_guard lock(mutex_);
    std::swap(value_, value);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

constexpr uint32_t kCount = 256;

OperandDescriptor Integers() {
  return OperandDescriptor::Create(DataType::kInt32, {kCount}).value();
}
Tensor MakeIntegers(const Context& context) { return MakeTensor(context, Integers()); }
Result<void> Write(const Context& context, const Tensor& tensor, int32_t value) {
  const std::vector<int32_t> values(kCount, value);
  return context.WriteTensor(tensor, std::as_bytes(std::span(values)));
}
// The value of all elements; nothing where they differ.
Result<std::optional<int32_t>> Read(const Context& context, const Tensor& tensor) {
  std::vector<int32_t> values(kCount);
  auto read = context.ReadTensor(tensor, std::as_writable_bytes(std::span(values)));
  if (!read) return std::move(read.error());
  for (int32_t value : values) {
    if (value != values[0]) return std::optional<int32_t>();
  }
  return std::optional<int32_t>(values[0]);
}
// y = 2 x + 1
Result<Graph> Build(const Context& context) {
  auto builder = GraphBuilder::Create(context);
  if (!builder) return std::move(builder.error());
  auto x = builder->Input("x", Integers());
  if (!x) return std::move(x.error());
  auto one = builder->Constant(DataType::kInt32, 1);
  if (!one) return std::move(one.error());
  auto twice = builder->Add({.a = *x, .b = *x});
  if (!twice) return std::move(twice.error());
  auto y = builder->Add({.a = *twice, .b = *one});
  if (!y) return std::move(y.error());
  return builder->Build({{"y", *y}});
}

class ConcurrencyTest : public testing::TestWithParam<bool> {
 protected:
  Context MakeContext() { return Context::Create({.threads = 1, .queued = GetParam()}).value(); }

  // Counts what went wrong, and keeps the first message.
  void Wrong(const std::string& message) {
    if (wrong_.fetch_add(1) == 0) first_wrong_ = message;
  }
  // A call that may find its objects gone, but nothing worse.
  template <class T>
  bool Tolerate(const Result<T>& result) {
    if (!result && result.error().code != ErrorCode::kTypeError &&
        result.error().code != ErrorCode::kInvalidState) {
      Wrong(ToString(result.error()));
    }
    return result.ok();
  }
  template <class T>
  bool Require(const Result<T>& result) {
    if (!result) Wrong(ToString(result.error()));
    return result.ok();
  }
  void TearDown() override { EXPECT_EQ(wrong_, 0) << first_wrong_; }

 private:
  std::atomic<int> wrong_{0};
  std::string first_wrong_;
};
INSTANTIATE_TEST_SUITE_P(, ConcurrencyTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Queued" : "Direct"; });

TEST_P(ConcurrencyTest, OneGraphWithTensorsOfEachThread) {
  const Context context = MakeContext();
  const Graph graph = Build(context).value();
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  for (int i = 0; i < kThreads; ++i) {
    x.push_back(MakeIntegers(context));
    y.push_back(MakeIntegers(context));
  }
  Hammer([&](int thread, int round) {
    const int32_t value = thread * 100000 + round;
    Require(Write(context, x[thread], value));
    Require(DispatchOne(context, graph, x[thread], y[thread]));
    const auto result = Read(context, y[thread]);
    if (Require(result) && *result != 2 * value + 1) Wrong("a wrong result");
  });
}

TEST_P(ConcurrencyTest, OneInputForAllThreads) {
  const Context context = MakeContext();
  const Graph graph = Build(context).value();
  const Tensor x = MakeIntegers(context);
  ASSERT_THAT(Write(context, x, 20), Succeeds());
  std::vector<Tensor> y;
  for (int i = 0; i < kThreads; ++i) y.push_back(MakeIntegers(context));
  Hammer([&](int thread, int) {
    Require(DispatchOne(context, graph, x, y[thread]));
    const auto result = Read(context, y[thread]);
    if (Require(result) && *result != 41) Wrong("a wrong result");
  });
}

TEST_P(ConcurrencyTest, HostMemoryOfEachThread) {
  const Context context = MakeContext();
  const Graph graph = Build(context).value();
  Hammer([&](int thread, int round) {
    const std::vector<int32_t> x(kCount, thread + round);
    std::vector<int32_t> y(kCount);
    const NamedInputBytes inputs[] = {{"x", std::as_bytes(std::span(x))}};
    const NamedOutputBytes outputs[] = {{"y", std::as_writable_bytes(std::span(y))}};
    Require(context.Compute(graph, inputs, outputs));
    if (y != std::vector<int32_t>(kCount, 2 * (thread + round) + 1)) Wrong("a wrong result");
  });
}

TEST_P(ConcurrencyTest, TheSameTensorsInAllThreads) {
  const Context context = MakeContext();
  const Graph graph = Build(context).value();
  const Tensor x = MakeIntegers(context);
  const Tensor y = MakeIntegers(context);
  const auto expect_whole = [&](const Tensor& tensor) {
    const auto value = Read(context, tensor);
    if (Require(value) && !value->has_value()) Wrong("a torn tensor");
  };
  Hammer([&](int thread, int round) {
    switch ((thread + round) % 4) {
      case 0:
        Require(Write(context, x, round));
        break;
      case 1:
        Require(DispatchOne(context, graph, x, y));
        break;
      case 2:
        // The other way round: locks are not taken in the order of the arguments.
        Require(DispatchOne(context, graph, y, x));
        break;
      default:
        expect_whole(x);
        expect_whole(y);
    }
  });
}

TEST_P(ConcurrencyTest, TensorsEndWhileOthersUseThem) {
  const Context context = MakeContext();
  const Graph graph = Build(context).value();
  Shared<Tensor> shared(MakeIntegers(context));
  Hammer([&](int thread, int) {
    Tensor x = shared.Get();
    if (thread == 0) {
      x.Destroy();
      shared.Set(MakeIntegers(context));
      return;
    }
    const Tensor y = MakeIntegers(context);
    Tolerate(Write(context, x, 3));
    // A value that was there when the call began: zeros, or what has been written.
    if (Tolerate(DispatchOne(context, graph, x, y))) {
      const auto result = Read(context, y);
      if (Tolerate(result) && *result != 1 && *result != 7) Wrong("a wrong result");
    }
    Tolerate(Read(context, x));
  });
}

TEST_P(ConcurrencyTest, GraphsEndWhileOthersUseThem) {
  const Context context = MakeContext();
  Shared<Graph> shared(Build(context).value());
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  for (int i = 0; i < kThreads; ++i) {
    x.push_back(MakeIntegers(context));
    y.push_back(MakeIntegers(context));
  }
  Hammer([&](int thread, int) {
    if (thread == 0) {
      shared.Get().Destroy();
      const auto next = Build(context);
      if (Require(next)) shared.Set(*next);
      return;
    }
    const Graph graph = shared.Get();
    Tolerate(DispatchOne(context, graph, x[thread], y[thread]));
    Tolerate(Read(context, y[thread]));
  });
}

TEST_P(ConcurrencyTest, ContextsEndWhileOthersUseThem) {
  struct Place {
    explicit Place(Context made)
        : context(std::move(made)), graph(Build(context).value()), x(MakeIntegers(context)) {}
    Context context;
    Graph graph;
    Tensor x;
  };
  Shared<std::shared_ptr<Place>> shared(std::make_shared<Place>(MakeContext()));
  Hammer([&](int thread, int) {
    const std::shared_ptr<Place> place = shared.Get();
    if (thread == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      place->context.Destroy();
      shared.Set(std::make_shared<Place>(MakeContext()));
      return;
    }
    const Context& context = place->context;
    const auto y = context.CreateTensor(Integers(), {.readable = true});
    if (!Tolerate(y)) return;
    Tolerate(Write(context, place->x, 3));
    Tolerate(DispatchOne(context, place->graph, place->x, *y));
    Tolerate(Read(context, *y));
    if (thread == 1) Tolerate(Build(context));
    context.Synchronize();
  });
}

TEST_P(ConcurrencyTest, ContextsComeAndGoSideBySide) {
  Hammer([&](int thread, int round) {
    const Context context = MakeContext();
    const auto graph = Build(context);
    if (!Require(graph)) return;
    const Tensor x = MakeIntegers(context);
    const Tensor y = MakeIntegers(context);
    Require(Write(context, x, thread + round));
    Require(DispatchOne(context, *graph, x, y));
    if (round % 2 == 0) return;  // with work still queued
    const auto result = Read(context, y);
    if (Require(result) && *result != 2 * (thread + round) + 1) Wrong("a wrong result");
  });
}

TEST_P(ConcurrencyTest, BuildersOfOneContextSideBySide) {
  const Context context = MakeContext();
  Hammer([&](int thread, int) {
    const auto graph = Build(context);
    if (!Require(graph)) return;
    const Tensor x = MakeIntegers(context);
    const Tensor y = MakeIntegers(context);
    Require(Write(context, x, thread));
    Require(DispatchOne(context, *graph, x, y));
    const auto result = Read(context, y);
    if (Require(result) && *result != 2 * thread + 1) Wrong("a wrong result");
  });
}

TEST(ConcurrentDefinitionTest, OneDefinitionInAllThreads) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", Integers()).value();
  const Operand one = builder.Constant(DataType::kInt32, 1).value();
  const GraphDefinition definition =
      builder.Finish({{"y", *builder.Add({.a = x, .b = one})}}).value();
  const std::string text = definition.ToText();
  const Context context = Context::Create({.threads = 1}).value();
  std::atomic<int> wrong = 0;
  Hammer([&](int, int) {
    if (!context.Compile(definition) || definition.ToText() != text) ++wrong;
  });
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace webnn
