#include "backends/tensorrt/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gpu_test.h"

/// The runner on a real driver with a kernel of our own for an engine: needs no TensorRT.
namespace webnn::gpu_test {
namespace {

using testing::Each;
using TensorPtr = std::unique_ptr<BackendTensor>;
using GraphPtr = std::unique_ptr<CompiledGraph>;

// y = x + 1, after it has waited so many nanoseconds.
constexpr const char* kPlusOne = R"(
    .version 6.0
    .target sm_50
    .address_size 64
    .visible .entry plus_one(.param .u64 p_x, .param .u64 p_y, .param .u32 p_count,
                             .param .u64 p_wait)
    {
      .reg .b64 %d<9>;
      .reg .b32 %r<6>;
      .reg .pred %p<3>;
      ld.param.u64 %d1, [p_x];
      ld.param.u64 %d2, [p_y];
      ld.param.u32 %r1, [p_count];
      ld.param.u64 %d3, [p_wait];
      mov.u64 %d4, %globaltimer;
    $wait:
      mov.u64 %d5, %globaltimer;
      sub.u64 %d5, %d5, %d4;
      setp.lt.u64 %p1, %d5, %d3;
      @%p1 bra $wait;
      mov.u32 %r2, %ctaid.x;
      mov.u32 %r3, %ntid.x;
      mov.u32 %r4, %tid.x;
      mad.lo.u32 %r2, %r2, %r3, %r4;
      setp.ge.u32 %p2, %r2, %r1;
      @%p2 bra $end;
      mul.wide.u32 %d6, %r2, 4;
      add.u64 %d7, %d1, %d6;
      add.u64 %d8, %d2, %d6;
      ld.global.u32 %r5, [%d7];
      add.u32 %r5, %r5, 1;
      st.global.u32 [%d8], %r5;
    $end:
      ret;
    })";

CUfunction Kernel() {
  static const CUfunction kFunction = [] {
    const Cuda& cuda = Cuda::Get();
    CUmodule module = nullptr;
    CUfunction function = nullptr;
    cuda.MakeCurrent();
    cuda.Must(cuda.cuModuleLoadData(&module, kPlusOne));
    cuda.Must(cuda.cuModuleGetFunction(&function, module, "plus_one"));
    return function;
  }();
  return kFunction;
}

CUresult LaunchPlusOne(CUstream stream, CUdeviceptr x, CUdeviceptr y, uint32_t count,
                       uint64_t nanoseconds) {
  void* arguments[] = {&x, &y, &count, &nanoseconds};
  return Cuda::Get().cuLaunchKernel(Kernel(), (count + 255) / 256, 1, 1, 256, 1, 1, 0, stream,
                                    arguments, nullptr);
}

class KernelEngine : public trt::Engine {
 public:
  KernelEngine(uint32_t count, std::chrono::nanoseconds duration)
      : count_(count), duration_(duration) {
    for (const char* name : {"y", "x"}) {
      bindings_.push_back({name, lowering::Element::kInt32, {count}, *name == 'x'});
    }
  }
  const std::vector<trt::Binding>& bindings() const override { return bindings_; }
  uint64_t scratch_bytes() const override { return 1 << 20; }
  Result<std::string> Inspect() const override { return std::string("{}"); }
  Result<std::unique_ptr<trt::Execution>> CreateExecution() override {
    return std::unique_ptr<trt::Execution>(new KernelExecution(*this));
  }
  int enqueued() const { return enqueued_; }

 private:
  class KernelExecution : public trt::Execution {
   public:
    explicit KernelExecution(KernelEngine& engine) : engine_(engine) {}
    Result<void> SetAddress(size_t binding, trt::DeviceAddress address) override {
      addresses_[binding] = address;
      return {};
    }
    Result<void> SetScratch(trt::DeviceAddress, uint64_t) override { return {}; }
    Result<void> Enqueue(trt::Stream stream) override {
      ++engine_.enqueued_;
      const CUresult result =
          LaunchPlusOne(static_cast<CUstream>(stream), addresses_[1], addresses_[0], engine_.count_,
                        static_cast<uint64_t>(engine_.duration_.count()));
      if (result == CUDA_SUCCESS) return {};
      return Error{ErrorCode::kOperation, "cuLaunchKernel: " + Cuda::Get().Text(result)};
    }

   private:
    KernelEngine& engine_;
    std::array<trt::DeviceAddress, 2> addresses_{};
  };

  const uint32_t count_;
  const std::chrono::nanoseconds duration_;
  std::vector<trt::Binding> bindings_;
  std::atomic<int> enqueued_{0};
};

constexpr uint32_t kCount = 1000;

class RunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (Cuda::Find() == nullptr) GTEST_SKIP() << "no NVIDIA GPU, or no driver for it";
    Cuda::Get().MakeCurrent();
    (void)Kernel();
    Open();
  }
  void Open(void* stream = nullptr) {
    device_ = cuda::Device::Open("cuda").value();
    runner_ = trt::Runner::Open(device_, {.stream = stream}).value();
  }
  GraphPtr NewGraph(uint32_t count = kCount, std::chrono::nanoseconds duration = {}) {
    engine_ = std::make_shared<KernelEngine>(count, duration);
    return runner_->MakeGraph(engine_, {"x"}, {"y"}).value();
  }
  TensorPtr NewTensor(uint32_t count = kCount) {
    return runner_->CreateTensor(OperandDescriptor::Create(DataType::kInt32, {count}).value())
        .value();
  }
  static void Run(CompiledGraph& graph, BackendTensor& x, BackendTensor& y) {
    BackendTensor* const inputs[] = {&x};
    BackendTensor* const outputs[] = {&y};
    graph.Run(inputs, outputs).value();
  }
  static void Compute(CompiledGraph& graph, std::span<const int32_t> x, std::span<int32_t> y) {
    const std::span<const std::byte> inputs[] = {std::as_bytes(x)};
    const std::span<std::byte> outputs[] = {std::as_writable_bytes(y)};
    graph.Compute(inputs, outputs).value();
  }
  static void Fill(BackendTensor& tensor, int32_t value, uint32_t count = kCount) {
    const std::vector<int32_t> values(count, value);
    tensor.Write(std::as_bytes(std::span(values))).value();
  }
  static std::vector<int32_t> Values(const BackendTensor& tensor, uint32_t count = kCount) {
    std::vector<int32_t> values(count, -1);
    tensor.Read(std::as_writable_bytes(std::span(values))).value();
    return values;
  }
  template <class Body>
  static void InThreads(int count, Body body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([i, &body] { body(i); });
    for (std::thread& thread : threads) thread.join();
  }

  std::shared_ptr<cuda::Device> device_;
  std::unique_ptr<trt::Runner> runner_;
  std::shared_ptr<KernelEngine> engine_;
};

TEST_F(RunnerTest, CopiesEverySizeBothWays) {
  for (uint32_t count : {1u, 16384u, 16385u, 131072u, 131073u, 5000001u}) {
    const TensorPtr tensor = NewTensor(count);
    EXPECT_EQ(Values(*tensor, count), std::vector<int32_t>(count, 0)) << count;
    for (int round = 0; round < 3; ++round) {
      std::vector<int32_t> values(count);
      std::iota(values.begin(), values.end(), round);
      const std::vector<int32_t> written = values;
      tensor->Write(std::as_bytes(std::span(values))).value();
      std::fill(values.begin(), values.end(), -7);
      ASSERT_EQ(Values(*tensor, count), written) << count;
    }
  }
}

TEST_F(RunnerTest, RunsInOrderAndCapturesOnce) {
  const GraphPtr graph = NewGraph();
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  for (int i = 0; i < 1000; ++i) {
    Run(*graph, *a, *b);
    Run(*graph, *b, *a);
  }
  EXPECT_THAT(Values(*a), Each(2000));
  EXPECT_EQ(engine_->enqueued(), 4);  // for each direction: plain, and captured
}

TEST_F(RunnerTest, StreamsWaitForEachOther) {
  const GraphPtr slow = NewGraph(kCount, std::chrono::milliseconds(1));
  const GraphPtr fast = NewGraph();
  constexpr int kThreads = 4;
  constexpr int kRounds = 100;
  std::vector<TensorPtr> ring;
  for (int i = 0; i < kThreads; ++i) ring.push_back(NewTensor());
  std::atomic<int> turn{0};
  InThreads(kThreads, [&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      const int mine = round * kThreads + thread;
      for (int now = turn.load(); now != mine; now = turn.load()) turn.wait(now);
      Run(mine % 3 == 0 ? *slow : *fast, *ring[thread], *ring[(thread + 1) % kThreads]);
      turn.store(mine + 1);
      turn.notify_all();
    }
  });
  EXPECT_THAT(Values(*ring[0]), Each(kThreads * kRounds));
}

TEST_F(RunnerTest, AWriteWaitsForReadersInOtherStreams) {
  const GraphPtr slow = NewGraph(kCount, std::chrono::milliseconds(50));
  const GraphPtr fast = NewGraph();
  const TensorPtr shared = NewTensor();
  const TensorPtr source = NewTensor();
  const TensorPtr result = NewTensor();
  Fill(*source, 100);
  Run(*fast, *source, *result);
  InThreads(1, [&](int) { Run(*slow, *shared, *result); });
  Run(*fast, *source, *shared);
  EXPECT_THAT(Values(*result), Each(1));
  EXPECT_THAT(Values(*shared), Each(101));
  InThreads(1, [&](int) { Run(*slow, *shared, *result); });
  Fill(*shared, 7);
  EXPECT_THAT(Values(*result), Each(102));
  EXPECT_THAT(Values(*shared), Each(7));
}

TEST_F(RunnerTest, ThreadsRunSideBySide) {
  constexpr auto kDuration = std::chrono::milliseconds(2);
  const GraphPtr graph = NewGraph(kCount, kDuration);
  const auto measure = [&](int threads) {
    const auto start = std::chrono::steady_clock::now();
    InThreads(threads, [&](int) {
      const TensorPtr x = NewTensor();
      const TensorPtr y = NewTensor();
      for (int i = 0; i < 50; ++i) {
        Fill(*x, i);
        Run(*graph, *x, *y);
        ASSERT_THAT(Values(*y), Each(i + 1));
      }
    });
    return SecondsSince(start);
  };
  (void)measure(8);
  const double one = measure(1);
  const double eight = measure(8);
  std::printf("50 kernels of 2 ms: %.1f ms in one thread, %.1f ms in each of eight\n", one * 1e3,
              eight * 1e3);
  EXPECT_LT(eight, 1.5 * one);
}

TEST_F(RunnerTest, ComputesOnTheCallersMemory) {
  for (uint32_t count : {1u, 1000u, 131072u, 300001u, 5000001u}) {
    const GraphPtr graph = NewGraph(count);
    std::vector<int32_t> x(count);
    std::vector<int32_t> y(count);
    for (int round = 0; round < 4; ++round) {
      std::iota(x.begin(), x.end(), round);
      Compute(*graph, x, y);
      for (uint32_t i = 0; i < count; ++i) ASSERT_EQ(y[i], x[i] + 1) << count;
    }
    auto pinned = cuda::PinnedBuffer::Allocate(*device_, 2 * sizeof(int32_t) * count).value();
    const std::span both(reinterpret_cast<int32_t*>(pinned.data()), 2 * size_t{count});
    std::fill(both.begin(), both.end(), 5);
    Compute(*graph, both.first(count), both.last(count));
    EXPECT_EQ(both.back(), 6);
  }
}

TEST_F(RunnerTest, WorksInTheCallersStream) {
  const RawStream stream;
  runner_.reset();
  Open(stream.get());
  {
    const GraphPtr graph = NewGraph(kCount, std::chrono::microseconds(300));
    const TensorPtr a = NewTensor();
    const TensorPtr b = NewTensor();
    const auto address = reinterpret_cast<CUdeviceptr>(a->memory()->address);
    for (int i = 0; i < 50; ++i) {
      // The caller's own kernel adds one in between.
      Cuda::Get().Must(LaunchPlusOne(stream.get(), address, address, kCount, 100000));
      Run(*graph, *a, *b);
      Run(*graph, *b, *a);
    }
    EXPECT_THAT(Values(*a), Each(150));
  }
  runner_.reset();
}

TEST_F(RunnerTest, TensorsAndGraphsMayGoWhileTheyAreUsed) {
  for (int i = 0; i < 20; ++i) {
    const TensorPtr last = NewTensor();
    {
      const GraphPtr graph = NewGraph(kCount, std::chrono::milliseconds(1));
      const TensorPtr a = NewTensor();
      const TensorPtr b = NewTensor();
      for (int k = 0; k < 3; ++k) Run(*graph, *a, *b);
      Run(*graph, *b, *last);
    }
    const TensorPtr other = NewTensor();  // perhaps at an address that was freed
    Fill(*other, 99);
    EXPECT_THAT(Values(*last), Each(2));
  }
}

TEST_F(RunnerTest, NothingGrows) {
  const GraphPtr graph = NewGraph();
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  const auto churn = [&](int dispatches, int tensors) {
    for (int i = 0; i < dispatches / 2; ++i) {
      Run(*graph, *a, *b);
      Run(*graph, *b, *a);
    }
    for (int i = 0; i < tensors; ++i) Fill(*NewTensor(1 << 20), i, 1 << 20);
    runner_->Synchronize().value();
  };
  churn(100, 10);
  const uint64_t before = FreeMemory();
  churn(10000, 1000);
  EXPECT_EQ(FreeMemory(), before);
}

// What a dispatch costs the host above a launch by hand of the same captured kernel.
TEST_F(RunnerTest, ADispatchCostsLittleMoreThanALaunch) {
  const GraphPtr graph = NewGraph();
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  const RawStream stream;
  const RawMemory x(kCount * 4);
  const RawMemory y(kCount * 4);
  const bench::RawGraph raw(stream, [&] {
    Cuda::Get().Must(LaunchPlusOne(stream.get(), x.address(), y.address(), kCount, 0));
  });
  constexpr int kRuns = 100;  // fewer than what a stream queues before a launch has to wait
  const auto time = [&](auto launch) {
    std::vector<double> times;
    for (int round = 0; round < 60; ++round) {
      runner_->Synchronize().value();
      stream.Wait();
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < kRuns; ++i) launch();
      times.push_back(SecondsSince(start) / kRuns * 1e6);
    }
    std::nth_element(times.begin(), times.begin() + 30, times.end());
    return times[30];
  };
  const double by_hand = time([&] { raw.Launch(); });
  const double ours = time([&] { Run(*graph, *a, *b); });
  std::printf("host time: %.2f us a launch, %.2f us a dispatch\n", by_hand, ours);
  EXPECT_LT(ours - by_hand, 3.0);

  const auto round_trip = [&](auto launch, auto wait) {
    std::vector<double> times;
    for (int i = 0; i < 2000; ++i) {
      const auto start = std::chrono::steady_clock::now();
      launch();
      wait();
      times.push_back(SecondsSince(start) * 1e6);
    }
    std::nth_element(times.begin(), times.begin() + 1000, times.end());
    return times[1000];
  };
  const double raw_trip = round_trip([&] { raw.Launch(); }, [&] { stream.Wait(); });
  const double our_trip =
      round_trip([&] { Run(*graph, *a, *b); }, [&] { runner_->Synchronize().value(); });
  std::printf("launch and wait: %.2f us by hand, %.2f us here\n", raw_trip, our_trip);
  EXPECT_LT(our_trip - raw_trip, 5.0);
}

// ---- Host arrays in and out. ----

/// One way to add one to the elements of a host array.
struct CopyVariant {
  std::string name;
  std::function<void(std::span<const int32_t> from, std::span<int32_t> to)> run;
};

/// By hand: pinned memory, a captured kernel, and copies before and after it or in the same graph.
CopyVariant ByHand(std::string name, uint32_t count, bool copies_in_graph,
                   bool one_allocation = false, unsigned upload_flags = 0) {
  struct Parts {
    Parts(size_t bytes, bool one_allocation, unsigned upload_flags)
        : x(one_allocation ? 2 * AlignUp(bytes) : bytes),
          y(one_allocation ? 1 : bytes),
          in(one_allocation ? 2 * AlignUp(bytes) : bytes, upload_flags),
          out(one_allocation ? 1 : bytes),
          input(x.address()),
          output(one_allocation ? x.address() + AlignUp(bytes) : y.address()),
          from(in.address()),
          to(one_allocation ? static_cast<std::byte*>(in.address()) + AlignUp(bytes)
                            : out.address()) {}
    static size_t AlignUp(size_t bytes) { return (bytes + 255) / 256 * 256; }
    RawStream stream;
    RawMemory x;
    RawMemory y;
    bench::RawPinned in;
    bench::RawPinned out;
    CUdeviceptr input;
    CUdeviceptr output;
    void* from;
    void* to;
    std::optional<bench::RawGraph> graph;
  };
  const size_t bytes = size_t{count} * 4;
  const Cuda& cuda = Cuda::Get();
  const auto parts = std::make_shared<Parts>(bytes, one_allocation, upload_flags);
  const auto upload = [&cuda, bytes](const Parts& p) {
    cuda.Must(cuda.cuMemcpyHtoDAsync(p.input, p.from, bytes, p.stream.get()));
  };
  const auto download = [&cuda, bytes](const Parts& p) {
    cuda.Must(cuda.cuMemcpyDtoHAsync(p.to, p.output, bytes, p.stream.get()));
  };
  parts->graph.emplace(parts->stream, [&] {
    if (copies_in_graph) upload(*parts);
    cuda.Must(LaunchPlusOne(parts->stream.get(), parts->input, parts->output, count, 0));
    if (copies_in_graph) download(*parts);
  });
  return {std::move(name), [=](std::span<const int32_t> from, std::span<int32_t> to) {
            std::memcpy(parts->from, from.data(), bytes);
            if (!copies_in_graph) upload(*parts);
            parts->graph->Launch();
            if (!copies_in_graph) download(*parts);
            parts->stream.Wait();
            std::memcpy(to.data(), parts->to, bytes);
          }};
}

/// The back end's: a runner, and with it a stream and memory, of its own.
CopyVariant Ours(const std::shared_ptr<cuda::Device>& device, uint32_t count) {
  std::shared_ptr<trt::Runner> runner = trt::Runner::Open(device, {}).value();
  std::shared_ptr<CompiledGraph> graph =
      runner
          ->MakeGraph(std::make_shared<KernelEngine>(count, std::chrono::nanoseconds()), {"x"},
                      {"y"})
          .value();
  return {"here", [runner, graph](std::span<const int32_t> from, std::span<int32_t> to) {
            const std::span<const std::byte> inputs[] = {std::as_bytes(from)};
            const std::span<std::byte> outputs[] = {std::as_writable_bytes(to)};
            graph->Compute(inputs, outputs).value();
          }};
}

/// Times in microseconds of each variant: a block of each in turn, so that what disturbs one
/// disturbs all. The first runs of a block count for nothing: caches hold the other's memory.
std::vector<std::vector<double>> TimesInTurn(std::span<const CopyVariant> variants, uint32_t count,
                                             int blocks) {
  constexpr int kWarm = 3;
  constexpr int kRuns = 12;
  const std::vector<int32_t> from(count, 1);
  std::vector<int32_t> to(count);
  std::vector<std::vector<double>> times(variants.size());
  for (int block = 0; block < blocks; ++block) {
    for (size_t k = 0; k < variants.size(); ++k) {
      for (int i = 0; i < kWarm + kRuns; ++i) {
        const auto start = std::chrono::steady_clock::now();
        variants[k].run(from, to);
        if (i >= kWarm) times[k].push_back(SecondsSince(start) * 1e6);
      }
      if (block == 0) {
        EXPECT_THAT(to, AllAre(2)) << variants[k].name;
      }
    }
  }
  return times;
}

double Quantile(std::vector<double> values, double part) {
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

/// Medians of each variant, one a round; each round has new streams and new memory, which the
/// driver may put elsewhere, and its variants in another order.
struct Rounds {
  std::vector<std::string> names;
  std::vector<std::vector<double>> medians;  // [variant][round]
  std::vector<std::vector<double>> all;      // [variant], the times of all rounds

  std::string Text(size_t variant) const {
    std::string text =
        fmt::format("{:>34}: {:8.1f} us;", names[variant], Quantile(medians[variant], 0.5));
    for (const double part : {0.1, 0.25, 0.5, 0.75, 0.9}) {
      text += fmt::format(" p{:.0f} {:.1f}", part * 100, Quantile(all[variant], part));
    }
    text += "; rounds";
    for (const double median : medians[variant]) text += fmt::format(" {:.1f}", median);
    return text;
  }
};

using MakeVariant = std::function<CopyVariant()>;

Rounds MeasureRounds(const std::vector<MakeVariant>& makers, uint32_t count, int rounds,
                     int blocks) {
  Rounds result;
  result.names.resize(makers.size());
  result.medians.resize(makers.size());
  result.all.resize(makers.size());
  for (int round = 0; round < rounds; ++round) {
    std::thread([&] {  // of its own, for streams belong to threads here
      Cuda::Get().MakeCurrent();
      const size_t first = static_cast<size_t>(round) % makers.size();
      std::vector<CopyVariant> variants;
      for (size_t k = 0; k < makers.size(); ++k) {
        variants.push_back(makers[(first + k) % makers.size()]());
      }
      const std::vector<std::vector<double>> times = TimesInTurn(variants, count, blocks);
      for (size_t k = 0; k < makers.size(); ++k) {
        const size_t variant = (first + k) % makers.size();
        result.names[variant] = variants[k].name;
        result.medians[variant].push_back(Quantile(times[k], 0.5));
        result.all[variant].insert(result.all[variant].end(), times[k].begin(), times[k].end());
      }
    })
        .join();
  }
  return result;
}

// With next to no work in between. Both ways to do it by hand are honest ones, and which is the
// faster depends on the size; where memory and streams come to lie moves all of them.
TEST_F(RunnerTest, ComputeIsAsFastAsPinnedCopiesByHand) {
  constexpr int kRounds = 9;
  for (uint32_t count : {1000u, 38000u, 75000u, 150000u, 262144u, 600000u, 2400000u, 4800000u}) {
    const std::vector<MakeVariant> makers = {
        [=] { return ByHand("by hand, copies beside the graph", count, false); },
        [=] { return ByHand("by hand, copies in the graph", count, true); },
        [&] { return Ours(device_, count); }};
    const Rounds rounds = MeasureRounds(makers, count, kRounds, count < 1000000 ? 8 : 3);
    std::printf("%.1f KiB in and out\n", static_cast<double>(count) * 4 / 1024);
    for (size_t k = 0; k < makers.size(); ++k) std::printf("%s\n", rounds.Text(k).c_str());
    const double by_hand =
        std::min(Quantile(rounds.medians[0], 0.5), Quantile(rounds.medians[1], 0.5));
    EXPECT_LT(Quantile(rounds.medians[2], 0.5), 1.05 * by_hand + 2) << count;
  }
}

}  // namespace

// An experiment: [KiB ...]. What makes copies fast or slow.
int ChildCopyVariants(ChildArguments arguments) {
  if (Cuda::Find() == nullptr) {
    fmt::print("no NVIDIA GPU\n");
    return 1;
  }
  Cuda::Get().MakeCurrent();
  (void)Kernel();
  const std::shared_ptr<cuda::Device> device = cuda::Device::Open("cuda").value();
  std::vector<uint32_t> sizes;
  for (const char* argument : arguments) {
    sizes.push_back(static_cast<uint32_t>(std::atof(argument) * 256));
  }
  if (sizes.empty()) sizes = {16384, 38000, 75000, 150000};
  for (const uint32_t count : sizes) {
    fmt::print("{:.1f} KiB in and out; times of {} rounds\n", count / 256.0, 15);
    const std::vector<MakeVariant> makers = {
        [=] { return ByHand("copies beside the graph", count, false); },
        [=] { return ByHand("the same, one allocation", count, false, true); },
        [=] {
          return ByHand("the same, write-combined upload", count, false, false,
                        CU_MEMHOSTALLOC_WRITECOMBINED);
        },
        [=] { return ByHand("copies in the graph", count, true); },
        [=] { return ByHand("the same, one allocation", count, true, true); },
        [&] { return Ours(device, count); }};
    const Rounds rounds = MeasureRounds(makers, count, 15, 8);
    for (size_t k = 0; k < makers.size(); ++k) fmt::print("{}\n", rounds.Text(k));
  }
  return 0;
}

}  // namespace webnn::gpu_test
