#include <cuda.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/tensorrt/runner.h"
#include "core/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/backends/allocations.h"
#include "tests/backends/cuda_support.h"
#include "tests/backends/fake_cuda.h"
#include "tests/backends/fake_engine.h"
#include "tests/backends/tensorrt_fixture.h"

namespace webnn::trt {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

// ---- Tensors. ----

TEST_F(TensorRtRunnerTest, ATensorBeginsWithZeros) {
  fake_->SetDelay(2000);
  const TensorPtr tensor = NewTensor();
  EXPECT_THAT(*Values(*tensor), Each(0));
  const auto memory = tensor->memory();
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->kind, MemoryKind::kCuda);
  EXPECT_EQ(memory->device, 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->address) % 256, 0u);
}

TEST_F(TensorRtRunnerTest, WhatIsWrittenIsReadInEverySize) {
  fake_->SetDelay(300);
  for (int64_t elements : {1, 3, 16 << 10, (16 << 10) + 1, 128 << 10, (128 << 10) + 1, 1234567}) {
    const TensorPtr tensor = NewTensor(elements);
    std::vector<int32_t> values(elements);
    for (int32_t round = 0; round < 2; ++round) {
      std::iota(values.begin(), values.end(), round);
      ASSERT_OK(tensor->Write(std::as_bytes(std::span(values))));
      // The bytes are the caller's again.
      const std::vector<int32_t> written = values;
      std::fill(values.begin(), values.end(), -7);
      ASSERT_EQ(*Values(*tensor, elements), written) << elements;
    }
  }
}

TEST_F(TensorRtRunnerTest, PinnedMemoryIsCopiedWithoutStaging) {
  fake_->SetDelay(300);
  constexpr int64_t kMany = 1 << 20;
  auto pinned = cuda::PinnedBuffer::Allocate(*device_, kMany * sizeof(int32_t));
  ASSERT_OK(pinned);
  const std::span bytes(pinned->data(), pinned->bytes());
  const TensorPtr tensor = NewTensor(kMany);
  const size_t before = fake_->PinnedAllocations();
  std::memset(bytes.data(), 3, bytes.size());
  ASSERT_OK(tensor->Write(bytes));
  std::memset(bytes.data(), 4, bytes.size());
  EXPECT_TRUE(AllAre(*Values(*tensor, kMany), 0x03030303));
  const size_t staged = fake_->PinnedAllocations();
  EXPECT_GT(staged, before);  // by the read into ordinary memory
  ASSERT_OK(tensor->Read(bytes));
  EXPECT_EQ(static_cast<int>(bytes.back()), 3);
  EXPECT_EQ(fake_->PinnedAllocations(), staged);
}

TEST_F(TensorRtRunnerTest, ATensorOutlivesTheRunner) {
  TensorPtr tensor = NewTensor();
  ASSERT_OK(Fill(*tensor, 5));
  runner_.reset();
  device_.reset();
  EXPECT_THAT(*Values(*tensor), Each(5));
  EXPECT_EQ(fake_->Contexts(), 1);
}

TEST_F(TensorRtRunnerTest, MemoryOfTheCallersIsUsedInPlace) {
  auto buffer = cuda::DeviceBuffer::Allocate(*device_, 1024);
  ASSERT_OK(buffer);
  const auto import = [&](cuda::Address address, int64_t elements, int device = 0) {
    return runner_->ImportTensor(
        Ints(elements), {MemoryKind::kCuda, device, testing_support::PointerTo(address)}, nullptr);
  };
  auto whole = import(buffer->handle(), 256);
  ASSERT_OK(whole);
  auto second_half = import(buffer->handle() + 512, 128);
  ASSERT_OK(second_half);
  ASSERT_OK(Fill(**whole, 9, 256));
  EXPECT_THAT(*Values(**second_half, 128), Each(9));
  EXPECT_EQ((*second_half)->memory()->address, testing_support::PointerTo(buffer->handle() + 512));

  auto too_small = import(buffer->handle() + 512, 129);
  ASSERT_FALSE(too_small);
  EXPECT_EQ(too_small.error().code, ErrorCode::kTypeError);
  EXPECT_THAT(too_small.error().message, AllOf(HasSubstr("516 bytes"), HasSubstr("has 512")));
  auto misaligned = import(buffer->handle() + 4, 16);
  ASSERT_FALSE(misaligned);
  EXPECT_EQ(misaligned.error().code, ErrorCode::kNotSupported);
  EXPECT_THAT(misaligned.error().message, HasSubstr("256"));
  auto other_device = import(buffer->handle(), 16, 1);
  ASSERT_FALSE(other_device);
  EXPECT_THAT(other_device.error().message, AllOf(HasSubstr("cuda:1"), HasSubstr("cuda:0")));
  EXPECT_FALSE(import(0, 16));
  alignas(256) static std::byte ordinary[1024];
  auto unknown = import(reinterpret_cast<cuda::Address>(&ordinary), 16);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("CUDA knows no memory"));
  auto pinned = cuda::PinnedBuffer::Allocate(*device_, 1024);
  ASSERT_OK(pinned);
  auto host = import(reinterpret_cast<cuda::Address>(pinned->data()), 16);
  ASSERT_FALSE(host);
  EXPECT_THAT(host.error().message, HasSubstr("pinned"));
  auto kind = runner_->ImportTensor(Ints(16), {MemoryKind::kHost, 0, &ordinary}, nullptr);
  ASSERT_FALSE(kind);
  EXPECT_EQ(kind.error().code, ErrorCode::kNotSupported);
}

TEST_F(TensorRtRunnerTest, MemoryOnAnotherDeviceIsRefused) {
  auto second = cuda::Device::Open("cuda:1");
  ASSERT_OK(second);
  auto buffer = cuda::DeviceBuffer::Allocate(**second, 1024);
  ASSERT_OK(buffer);
  auto tensor = runner_->ImportTensor(
      Ints(16), {MemoryKind::kCuda, 0, testing_support::PointerTo(buffer->handle())}, nullptr);
  ASSERT_FALSE(tensor);
  EXPECT_THAT(tensor.error().message, AllOf(HasSubstr("cuda:1"), HasSubstr("cuda:0")));
}

TEST_F(TensorRtRunnerTest, TheOwnerOfMemoryGoesAfterTheWorkThatUsesIt) {
  const GraphPtr graph = NewGraph({.microseconds = 20000});
  const TensorPtr x = NewTensor();
  auto buffer = std::make_shared<cuda::DeviceBuffer>();
  auto made = cuda::DeviceBuffer::Allocate(*device_, kElements * sizeof(int32_t));
  ASSERT_OK(made);
  *buffer = *std::move(made);
  auto* const address = testing_support::PointerTo(buffer->handle());
  auto y =
      runner_->ImportTensor(Ints(kElements), {MemoryKind::kCuda, 0, address}, std::move(buffer));
  ASSERT_OK(y);
  ASSERT_OK(RunOn(*graph, *x, **y));
  y->reset();  // frees the buffer; the fake driver notices when the kernel still runs
  ASSERT_OK(runner_->Synchronize());
}

// ---- Run. ----

TEST_F(TensorRtRunnerTest, TensorsAreThoseOfTheDefinitionsOrder) {
  const GraphPtr graph = NewGraph({.inputs = 3, .outputs = 2});
  std::vector<TensorPtr> tensors;
  for (int i = 0; i < 5; ++i) tensors.push_back(NewTensor());
  for (int i = 0; i < 3; ++i) ASSERT_OK(Fill(*tensors[i], 100 * (i + 1)));
  BackendTensor* const inputs[] = {tensors[0].get(), tensors[1].get(), tensors[2].get()};
  BackendTensor* const outputs[] = {tensors[3].get(), tensors[4].get()};
  for (int round = 0; round < 4; ++round) {
    ASSERT_OK(graph->Run(inputs, outputs));
    EXPECT_THAT(*Values(*tensors[3]), Each(601));
    EXPECT_THAT(*Values(*tensors[4]), Each(602));
  }
}

TEST_F(TensorRtRunnerTest, NamesAndSizesMustBeTheEngines) {
  const auto engine = NewEngine({.inputs = 2});
  auto wrong = runner_->MakeGraph(engine, {"x0", "z"}, {"y0"});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("\"z\""));
  EXPECT_FALSE(runner_->MakeGraph(engine, {"x0", "y0"}, {"x1"}));
  auto few = runner_->MakeGraph(engine, {"x0"}, {"y0"});
  ASSERT_FALSE(few);
  EXPECT_THAT(few.error().message, AllOf(HasSubstr("3"), HasSubstr("2")));

  const GraphPtr graph = NewGraph();
  const TensorPtr small = NewTensor(kElements - 1);
  const TensorPtr right = NewTensor();
  auto run = RunOn(*graph, *right, *small);
  ASSERT_FALSE(run);
  EXPECT_THAT(run.error().message,
              AllOf(HasSubstr("64 bytes"), HasSubstr("\"y0\""), HasSubstr("60")));
  std::vector<int32_t> x(kElements), y(kElements + 1);
  EXPECT_FALSE(ComputeOn(*graph, x, y));
}

TEST_F(TensorRtRunnerTest, WorkIsDoneInOrder) {
  fake_->SetDelay(200);
  const GraphPtr graph = NewGraph();
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  int32_t expected = 0;
  for (int round = 0; round < 100; ++round) {
    if (round % 10 == 0) {
      expected = 1000 * round;
      ASSERT_OK(Fill(*a, expected));
    }
    ASSERT_OK(RunOn(*graph, *a, *b));
    ASSERT_OK(RunOn(*graph, *b, *a));
    expected += 2;
    if (round % 7 == 0) {
      ASSERT_THAT(*Values(*b), Each(expected - 1));
      ASSERT_THAT(*Values(*a), Each(expected));
    }
  }
  EXPECT_THAT(*Values(*a), Each(expected));
}

TEST_F(TensorRtRunnerTest, RunReturnsBeforeTheWorkIsDone) {
  const GraphPtr graph = NewGraph({.microseconds = 100000});
  const TensorPtr x = NewTensor();
  const TensorPtr y = NewTensor();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) ASSERT_OK(RunOn(*graph, *x, *y));
  const auto queued = std::chrono::steady_clock::now();
  ASSERT_OK(runner_->Synchronize());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(300));
  EXPECT_LT(queued - begin, std::chrono::milliseconds(200));
}

TEST_F(TensorRtRunnerTest, TheSecondUseOfAddressesIsCaptured) {
  const GraphPtr graph = NewGraph();
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  for (int i = 0; i < 10; ++i) ASSERT_OK(RunOn(*graph, *a, *b));
  EXPECT_EQ(counts_.plain_runs, 1);
  EXPECT_EQ(counts_.captured_runs, 1);
  EXPECT_EQ(fake_->Calls("cuGraphLaunch"), 9u);
  EXPECT_EQ(fake_->GraphExecs(), 1u);
  EXPECT_EQ(fake_->Graphs(), 0u);
  for (int i = 0; i < 10; ++i) ASSERT_OK(RunOn(*graph, *b, *a));
  EXPECT_EQ(counts_.plain_runs, 2);
  EXPECT_EQ(counts_.captured_runs, 2);
  EXPECT_THAT(*Values(*a), Each(2));
}

TEST_F(TensorRtRunnerTest, OnlySoManyCudaGraphsAreKept) {
  fake_->SetDelay(50);
  const GraphPtr graph = NewGraph();
  const TensorPtr x = NewTensor();
  ASSERT_OK(Fill(*x, 41));
  std::vector<TensorPtr> outputs;
  for (int i = 0; i < 12; ++i) outputs.push_back(NewTensor());
  // Twelve sets of addresses in turn: the worst for eight places.
  for (int round = 0; round < 50; ++round) {
    for (const TensorPtr& y : outputs) ASSERT_OK(RunOn(*graph, *x, *y));
    ASSERT_LE(fake_->GraphExecs(), 8u);
  }
  for (const TensorPtr& y : outputs) EXPECT_THAT(*Values(*y), Each(42));
  EXPECT_EQ(counts_.captured_runs, 8);
  // A set of addresses that takes over has a place soon.
  const int before = counts_.plain_runs;
  for (int i = 0; i < 500; ++i) ASSERT_OK(RunOn(*graph, *x, *outputs.back()));
  EXPECT_EQ(counts_.captured_runs, 9);
  EXPECT_LE(counts_.plain_runs - before, 100);
  EXPECT_EQ(fake_->GraphExecs(), 8u);
}

TEST_F(TensorRtRunnerTest, ACaptureWithoutRoomIsTriedAgain) {
  fake_->Fail("cuGraphInstantiateWithFlags", 0, 2, CUDA_ERROR_OUT_OF_MEMORY);
  const GraphPtr graph = NewGraph();
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  for (int i = 0; i < 3000; ++i) ASSERT_OK(RunOn(*graph, *a, *b));
  EXPECT_THAT(*Values(*b), Each(1));
  EXPECT_EQ(counts_.captured_runs, 3);
  EXPECT_EQ(fake_->GraphExecs(), 1u);
  EXPECT_TRUE(log_.empty());
}

TEST_F(TensorRtRunnerTest, AnEngineThatCannotBeCapturedRunsPlain) {
  const GraphPtr graph = NewGraph({.refuses_capture = true});
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  for (int i = 0; i < 10; ++i) {
    ASSERT_OK(RunOn(*graph, *a, *b));
    ASSERT_OK(RunOn(*graph, *b, *a));
  }
  EXPECT_THAT(*Values(*a), Each(20));
  EXPECT_EQ(counts_.plain_runs, 20);
  EXPECT_EQ(fake_->Calls("cuStreamBeginCapture_v2"), 1u);
  EXPECT_EQ(fake_->Calls("cuGraphLaunch"), 0u);
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_[0].first, LogLevel::kWarning);
  EXPECT_THAT(log_[0].second, HasSubstr("fake: it cannot be captured"));
  std::vector<int32_t> x(kElements, 5), y(kElements);
  for (int i = 0; i < 3; ++i) ASSERT_OK(ComputeOn(*graph, x, y));
  EXPECT_THAT(y, Each(6));
  EXPECT_EQ(log_.size(), 1u);
}

TEST_F(TensorRtRunnerTest, AFailedCaptureIsNoFailedRun) {
  for (const char* function : {"cuStreamBeginCapture_v2", "cuGraphInstantiateWithFlags"}) {
    log_.clear();
    fake_->Fail(function, 0, 1, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    const GraphPtr graph = NewGraph();
    const TensorPtr a = NewTensor();
    const TensorPtr b = NewTensor();
    for (int i = 0; i < 5; ++i) {
      ASSERT_OK(RunOn(*graph, *a, *b));
      ASSERT_OK(RunOn(*graph, *b, *a));
    }
    EXPECT_THAT(*Values(*a), Each(10));
    ASSERT_EQ(log_.size(), 1u) << function;
    EXPECT_THAT(log_[0].second, HasSubstr("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"));
  }
}

TEST_F(TensorRtRunnerTest, TensorsAndGraphsMayGoWhileTheirWorkIsQueued) {
  for (int captured = 0; captured < 2; ++captured) {
    GraphPtr graph = NewGraph({.microseconds = 5000});
    TensorPtr a = NewTensor();
    TensorPtr b = NewTensor();
    const TensorPtr c = NewTensor();
    for (int i = 0; i < (captured ? 4 : 1); ++i) {
      ASSERT_OK(RunOn(*graph, *a, *b));
      ASSERT_OK(RunOn(*graph, *b, *c));
    }
    b.reset();
    a.reset();
    ASSERT_OK(RunOn(*graph, *c, *NewTensor()));  // the output goes at once
    graph.reset();
    EXPECT_EQ(counts_.engines, 0);
    EXPECT_THAT(*Values(*c), Each(2));
  }
}

TEST_F(TensorRtRunnerTest, MemoryThatComesAgainAtAnAddressIsTheSame) {
  const GraphPtr graph = NewGraph();
  const TensorPtr x = NewTensor();
  ASSERT_OK(Fill(*x, 1));
  for (int i = 0; i < 200; ++i) {
    const TensorPtr y = NewTensor();
    ASSERT_OK(RunOn(*graph, *x, *y));
    ASSERT_THAT(*Values(*y), Each(2));
  }
}

TEST_F(TensorRtRunnerTest, ScratchMemoryIsSharedByTheGraphsOfAStream) {
  constexpr uint64_t kMiB = 1 << 20;
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  const uint64_t before = fake_->DeviceBytes();
  GraphPtr small = NewGraph({.scratch_bytes = kMiB, .microseconds = 500});
  GraphPtr large = NewGraph({.scratch_bytes = 4 * kMiB, .microseconds = 500});
  GraphPtr none = NewGraph({.scratch_bytes = 0});
  EXPECT_EQ(fake_->DeviceBytes(), before);
  for (int i = 0; i < 3; ++i) ASSERT_OK(RunOn(*small, *a, *b));
  EXPECT_EQ(fake_->DeviceBytes(), before + kMiB);
  for (int i = 0; i < 3; ++i) ASSERT_OK(RunOn(*large, *b, *a));
  ASSERT_OK(RunOn(*none, *a, *b));
  // The small graph holds the old one until it runs again.
  EXPECT_EQ(fake_->DeviceBytes(), before + 5 * kMiB);
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(RunOn(*small, *b, *a));
    ASSERT_OK(RunOn(*large, *a, *b));
  }
  EXPECT_EQ(fake_->DeviceBytes(), before + 4 * kMiB);
  small.reset();
  large.reset();
  EXPECT_THAT(*Values(*b), Each(9));
}

TEST_F(TensorRtRunnerTest, TenThousandDispatchesLeaveNothingBehind) {
  const GraphPtr graph = NewGraph();
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  const auto round = [&] {
    ASSERT_OK(RunOn(*graph, *a, *b));
    ASSERT_OK(RunOn(*graph, *b, *a));
  };
  for (int i = 0; i < 10; ++i) round();
  ASSERT_OK(runner_->Synchronize());
  const uint64_t bytes = fake_->DeviceBytes();
  const size_t pinned = fake_->PinnedAllocations();
  const size_t streams = fake_->Streams();
  const uint64_t calls = fake_->TotalCalls();
  for (int i = 0; i < 5000; ++i) round();
  // Nothing but the launch itself.
  EXPECT_EQ(fake_->TotalCalls() - calls, 10000u);
  EXPECT_THAT(*Values(*a), Each(10020));
  for (int i = 0; i < 1000; ++i) ASSERT_OK(Fill(*NewTensor(), i));
  EXPECT_EQ(fake_->DeviceBytes(), bytes);
  EXPECT_EQ(fake_->PinnedAllocations(), pinned + 1);  // one piece of staging, by the read
  EXPECT_EQ(fake_->Streams(), streams);
  EXPECT_EQ(fake_->GraphExecs(), 2u);
}

TEST_F(TensorRtRunnerTest, ADispatchAllocatesNoMoreThanALaunch) {
  const auto engine = NewEngine({.scratch_bytes = 0});
  auto graph = TryGraph(engine);
  ASSERT_OK(graph);
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  for (int i = 0; i < 4; ++i) ASSERT_OK(RunOn(**graph, *a, *b));
  ASSERT_OK(runner_->Synchronize());
  // The same by hand: the fake driver itself allocates at each launch.
  const cuda::Scope scope(*device_);
  auto stream = cuda::Stream::Create(*device_);
  ASSERT_OK(stream);
  auto execution = engine->CreateExecution();
  ASSERT_OK(execution);
  ASSERT_OK((*execution)->SetAddress(0, reinterpret_cast<DeviceAddress>(b->memory()->address)));
  ASSERT_OK((*execution)->SetAddress(1, reinterpret_cast<DeviceAddress>(a->memory()->address)));
  ASSERT_OK((*execution)->Enqueue(stream->handle()));
  ASSERT_OK(stream->Synchronize());
  auto launch = stream->Capture([&] { return (*execution)->Enqueue(stream->handle()); });
  ASSERT_OK(launch);

  const auto allocations = [](auto body) {
    const size_t before = testing_support::AllocationCount();
    for (int i = 0; i < 1000; ++i) body();
    return testing_support::AllocationCount() - before;
  };
  const size_t by_hand = allocations([&] { (void)stream->Launch(*launch); });
  ASSERT_OK(stream->Synchronize());
  const size_t ours = allocations([&] { (void)RunOn(**graph, *a, *b); });
  ASSERT_OK(runner_->Synchronize());
  EXPECT_GE(by_hand, 1000u);
  EXPECT_LT(ours, by_hand + 500);  // the fake driver's queue grows in steps
}

// ---- Compute. ----

TEST_F(TensorRtRunnerTest, ComputeReadsAndWritesTheCallersMemory) {
  fake_->SetDelay(100);
  for (int64_t elements :
       {int64_t{1}, int64_t{1000}, int64_t{1} << 17, int64_t{300000}, int64_t{1500001}}) {
    const GraphPtr graph = NewGraph({.elements = elements});
    std::vector<int32_t> x(elements), y(elements);
    for (int round = 0; round < 5; ++round) {
      std::iota(x.begin(), x.end(), round);
      ASSERT_OK(ComputeOn(*graph, x, y));
      for (int64_t i = 0; i < elements; ++i) ASSERT_EQ(y[i], x[i] + 1) << elements << " " << round;
    }
  }
}

TEST_F(TensorRtRunnerTest, AComputeIsFewCalls) {
  struct Size {
    int64_t elements;  // of each of two inputs and two outputs
    uint64_t calls;
  };
  // Copies lie beside the CUDA graph or in it; then one call waits.
  for (const auto& [elements, calls] : {Size{kElements, 4}, Size{20000, 2}}) {
    const GraphPtr graph = NewGraph({.inputs = 2, .outputs = 2, .elements = elements});
    std::vector<int32_t> x0(elements, 10), x1(elements, 20), y0(elements), y1(elements);
    const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(x0)),
                                                 std::as_bytes(std::span(x1))};
    const std::span<std::byte> outputs[] = {std::as_writable_bytes(std::span(y0)),
                                            std::as_writable_bytes(std::span(y1))};
    for (int i = 0; i < 2; ++i) ASSERT_OK(graph->Compute(inputs, outputs));
    const uint64_t before = fake_->TotalCalls();
    x0[3] = 11;
    ASSERT_OK(graph->Compute(inputs, outputs));
    EXPECT_EQ(fake_->TotalCalls() - before, calls) << elements;
    EXPECT_EQ(y0[3], 32);
    EXPECT_EQ(y1[4], 32);
  }
}

TEST_F(TensorRtRunnerTest, ComputeAndRunMix) {
  fake_->SetDelay(100);
  const GraphPtr graph = NewGraph({.scratch_bytes = 4096});
  const GraphPtr other = NewGraph({.scratch_bytes = 8192});
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  std::vector<int32_t> x(kElements), y(kElements);
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(RunOn(*graph, *a, *b));
    std::fill(x.begin(), x.end(), i);
    ASSERT_OK(ComputeOn(*graph, x, y));
    ASSERT_THAT(y, Each(i + 1));
    ASSERT_OK(RunOn(i == 10 ? *other : *graph, *b, *a));
  }
  EXPECT_THAT(*Values(*a), Each(40));
}

TEST_F(TensorRtRunnerTest, PinnedMemoryIsComputedOn) {
  constexpr int64_t kMany = 1 << 19;
  auto pinned = cuda::PinnedBuffer::Allocate(*device_, 2 * kMany * sizeof(int32_t));
  ASSERT_OK(pinned);
  const std::span all(reinterpret_cast<int32_t*>(pinned->data()), 2 * kMany);
  const size_t before = fake_->PinnedAllocations();
  const GraphPtr graph = NewGraph({.elements = kMany});
  std::fill(all.begin(), all.end(), 6);
  for (int i = 0; i < 3; ++i) ASSERT_OK(ComputeOn(*graph, all.first(kMany), all.last(kMany)));
  EXPECT_EQ(all.back(), 7);
  EXPECT_EQ(fake_->PinnedAllocations(), before);
}

// ---- Threads. ----

TEST_F(TensorRtRunnerTest, SeveralThreadsRunOneGraph) {
  fake_->SetDelay(50);
  const GraphPtr graph = NewGraph({.microseconds = 100});
  std::barrier all(8);
  InThreads(8, [&](int thread) {
    const TensorPtr a = NewTensor();
    const TensorPtr b = NewTensor();
    EXPECT_OK(Fill(*a, 1000 * thread));
    EXPECT_OK(RunOn(*graph, *a, *b));
    all.arrive_and_wait();
    for (int i = 0; i < 25; ++i) {
      EXPECT_OK(RunOn(*graph, *a, *b));
      EXPECT_OK(RunOn(*graph, *b, *a));
    }
    EXPECT_THAT(*Values(*a), Each(1000 * thread + 50));
    all.arrive_and_wait();
  });
  EXPECT_EQ(counts_.executions, 8);
}

TEST_F(TensorRtRunnerTest, MoreThreadsThanStreamsShareThem) {
  const GraphPtr graph = NewGraph();
  constexpr int kThreads = 24;
  std::barrier all(kThreads);
  InThreads(kThreads, [&](int thread) {
    const TensorPtr a = NewTensor();
    const TensorPtr b = NewTensor();
    EXPECT_OK(Fill(*a, thread));
    EXPECT_OK(RunOn(*graph, *a, *b));
    all.arrive_and_wait();
    std::vector<int32_t> x(kElements, thread), y(kElements);
    for (int i = 0; i < 10; ++i) {
      EXPECT_OK(RunOn(*graph, *b, *a));
      EXPECT_OK(RunOn(*graph, *a, *b));
      EXPECT_OK(ComputeOn(*graph, x, y));
      EXPECT_THAT(y, Each(thread + 1));
    }
    EXPECT_THAT(*Values(*b), Each(thread + 21));
    all.arrive_and_wait();
  });
  EXPECT_EQ(counts_.executions, 16);
  EXPECT_EQ(fake_->Streams(), 17u);  // with one for capturing
}

TEST_F(TensorRtRunnerTest, ThreadsThatEndLeaveTheirStreams) {
  const GraphPtr graph = NewGraph();
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  for (int i = 0; i < 40; ++i) {
    InThreads(1, [&](int) {
      EXPECT_OK(RunOn(*graph, *a, *b));
      EXPECT_OK(RunOn(*graph, *b, *a));
    });
  }
  EXPECT_THAT(*Values(*a), Each(80));
  EXPECT_EQ(counts_.executions, 1);
}

TEST_F(TensorRtRunnerTest, AThreadMayUseSeveralRunners) {
  auto made = Runner::Open(device_, {});
  ASSERT_OK(made);
  std::unique_ptr<Runner> second = *std::move(made);
  const auto engine = NewEngine();
  auto other = second->MakeGraph(engine, engine->InputNames(), engine->OutputNames());
  ASSERT_OK(other);
  const GraphPtr graph = NewGraph();
  {
    const TensorPtr a = NewTensor();
    const TensorPtr b = NewTensor();
    auto c = second->CreateTensor(Ints(kElements));
    auto d = second->CreateTensor(Ints(kElements));
    ASSERT_OK(c);
    ASSERT_OK(d);
    for (int i = 0; i < 5; ++i) {
      ASSERT_OK(RunOn(*graph, *a, *b));
      ASSERT_OK(RunOn(**other, **c, **d));
      ASSERT_OK(RunOn(*graph, *b, *a));
      ASSERT_OK(RunOn(**other, **d, **c));
    }
    EXPECT_THAT(*Values(*a), Each(10));
    EXPECT_THAT(*Values(**c), Each(10));
  }
  other->reset();
  second.reset();
  const TensorPtr a = NewTensor();
  ASSERT_OK(RunOn(*graph, *a, *a));
}

// Tensors go from thread to thread, so from stream to stream; the locks are the runtime's.
TEST_F(TensorRtRunnerTest, TensorsKeepTheirOrderAcrossStreams) {
  fake_->SetDelay(300);
  const GraphPtr graph = NewGraph({.microseconds = 50});
  constexpr int kThreads = 4;
  constexpr int kRounds = 40;
  std::vector<TensorPtr> ring;
  for (int i = 0; i < kThreads; ++i) ring.push_back(NewTensor());
  std::atomic<int> turn{0};
  InThreads(kThreads, [&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      const int mine = round * kThreads + thread;
      for (int now = turn.load(); now != mine; now = turn.load()) turn.wait(now);
      EXPECT_OK(RunOn(*graph, *ring[thread], *ring[(thread + 1) % kThreads]));
      turn.store(mine + 1);
      turn.notify_all();
    }
  });
  EXPECT_THAT(*Values(*ring[0]), Each(kThreads * kRounds));
}

TEST_F(TensorRtRunnerTest, ReadersInSeveralStreamsAreWaitedFor) {
  fake_->SetDelay(300);
  const GraphPtr slow = NewGraph({.microseconds = 500});
  const GraphPtr fast = NewGraph();
  const TensorPtr shared = NewTensor();
  constexpr int kThreads = 4;
  constexpr int kRounds = 20;
  std::barrier all(kThreads);
  InThreads(kThreads, [&](int thread) {
    const TensorPtr source = NewTensor();
    std::vector<TensorPtr> results;
    for (int round = 0; round < kRounds; ++round) {
      // One writes, in turn, by a graph or from the host, while the readers of the round before are
      // still under way; then all read side by side.
      if (thread == round % kThreads) {
        if (round % 2 == 0) {
          EXPECT_OK(Fill(*shared, 10 * round));
        } else {
          EXPECT_OK(Fill(*source, 10 * round - 1));
          EXPECT_OK(RunOn(*fast, *source, *shared));
        }
      }
      all.arrive_and_wait();
      results.push_back(NewTensor());
      EXPECT_OK(RunOn(*slow, *shared, *results.back()));
      if (round % 5 == thread) {
        EXPECT_THAT(*Values(*shared), Each(10 * round));
      }
      all.arrive_and_wait();
    }
    for (int round = 0; round < kRounds; ++round) {
      EXPECT_THAT(*Values(*results[round]), Each(10 * round + 1)) << round;
    }
  });
}

TEST_F(TensorRtRunnerTest, AGraphWritesAfterThoseThatStillRead) {
  const GraphPtr slow = NewGraph({.microseconds = 30000});
  const GraphPtr fast = NewGraph();
  const TensorPtr shared = NewTensor();
  const TensorPtr source = NewTensor();
  const TensorPtr result = NewTensor();
  ASSERT_OK(Fill(*source, 100));
  ASSERT_OK(RunOn(*fast, *source, *result));  // takes the first stream
  InThreads(1, [&](int) { EXPECT_OK(RunOn(*slow, *shared, *result)); });
  ASSERT_OK(RunOn(*fast, *source, *shared));
  EXPECT_THAT(*Values(*result), Each(1));
  EXPECT_THAT(*Values(*shared), Each(101));
}

TEST_F(TensorRtRunnerTest, SynchronizeWaitsForTheWorkOfAllThreads) {
  const GraphPtr graph = NewGraph({.microseconds = 3000});
  for (const bool also_here : {false, true}) {
    std::vector<TensorPtr> sources;  // outlive the threads: tensors that go wait by themselves
    std::vector<TensorPtr> results;
    for (int i = 0; i < 4; ++i) {
      sources.push_back(NewTensor());
      results.push_back(NewTensor());
    }
    std::barrier all(3);
    InThreads(3, [&](int thread) {
      EXPECT_OK(Fill(*sources[thread], thread));
      for (int i = 0; i < 4; ++i) EXPECT_OK(RunOn(*graph, *sources[thread], *results[thread]));
      all.arrive_and_wait();  // so that each has a stream of its own
    });
    if (also_here) {
      ASSERT_OK(RunOn(*graph, *sources[3], *results[3]));
    }
    ASSERT_OK(runner_->Synchronize());
    // Looked at where it lies: a read would wait by itself.
    for (int i = 0; i < (also_here ? 4 : 3); ++i) {
      EXPECT_EQ(*static_cast<const int32_t*>(results[i]->memory()->address), i < 3 ? i + 1 : 1);
    }
    const uint64_t calls = fake_->TotalCalls();
    ASSERT_OK(runner_->Synchronize());
    EXPECT_EQ(fake_->TotalCalls(), calls);  // known to be done
  }
}

TEST_F(TensorRtRunnerTest, ThreadsComputeSideBySide) {
  fake_->SetDelay(50);
  const GraphPtr small = NewGraph();
  const GraphPtr large = NewGraph({.elements = 200000, .scratch_bytes = 2048});
  InThreads(6, [&](int thread) {
    for (int round = 0; round < 10; ++round) {
      std::vector<int32_t> x(thread % 2 == 0 ? kElements : 200000, 100 * thread + round),
          y(x.size());
      EXPECT_OK(ComputeOn(thread % 2 == 0 ? *small : *large, x, y));
      EXPECT_TRUE(AllAre(y, x[0] + 1));
    }
  });
}

// ---- The caller's stream. ----

TEST_F(TensorRtRunnerTest, AllWorkGoesToTheCallersStream) {
  runner_.reset();
  void* stream = fake_->NewStream(true);
  ASSERT_NO_FATAL_FAILURE(Open(stream));
  const size_t streams = fake_->Streams();
  {
    const GraphPtr graph = NewGraph({.microseconds = 200});
    const TensorPtr a = NewTensor();
    const TensorPtr b = NewTensor();
    auto* const values = static_cast<int32_t*>(a->memory()->address);
    for (int i = 0; i < 10; ++i) {
      // The caller's own work, in order with ours.
      ASSERT_EQ(fake_->Launch(stream, [values, i] { values[0] = 100 * i; }), 0);
      ASSERT_OK(RunOn(*graph, *a, *b));
      ASSERT_EQ(fake_->Launch(stream, [values] { values[0] = -1; }), 0);
      if (i % 3 == 0) {
        EXPECT_EQ((*Values(*b))[0], 100 * i + 1);
      }
    }
    InThreads(4, [&](int thread) {
      std::vector<int32_t> x(kElements, thread), y(kElements);
      const TensorPtr mine = NewTensor();
      for (int i = 0; i < 5; ++i) {
        EXPECT_OK(ComputeOn(*graph, x, y));
        EXPECT_THAT(y, Each(thread + 1));
        EXPECT_OK(RunOn(*graph, *a, *mine));
      }
    });
    EXPECT_EQ(counts_.executions, 1);
    EXPECT_EQ(fake_->Streams(), streams);
  }
  // Tensors may outlive the context, which the stream need not.
  const TensorPtr late = NewTensor();
  runner_.reset();
  fake_->DestroyStream(stream);
}

TEST_F(TensorRtRunnerTest, AStreamOfAnotherContextIsRefused) {
  void* stream = fake_->NewStream(false);
  auto runner = Runner::Open(device_, {.stream = stream});
  ASSERT_FALSE(runner);
  EXPECT_EQ(runner.error().code, ErrorCode::kNotSupported);
  EXPECT_THAT(runner.error().message, HasSubstr("primary context"));
  fake_->DestroyStream(stream);
  auto of_thread = Runner::Open(device_, {.stream = CU_STREAM_PER_THREAD});
  ASSERT_FALSE(of_thread);
  EXPECT_THAT(of_thread.error().message, HasSubstr("CU_STREAM_PER_THREAD"));
}

// ---- Failures. ----

TEST_F(TensorRtRunnerTest, WithoutMemoryEverythingElseGoesOn) {
  constexpr uint64_t kMiB = 1 << 20;
  fake_->SetMemory(8 * kMiB);
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  auto large = runner_->CreateTensor(Ints(4 * kMiB));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kUnknown);
  EXPECT_THAT(large.error().message,
              AllOf(HasSubstr("16777216 bytes"), HasSubstr("of 0.01 GiB are free")));

  const GraphPtr graph = NewGraph({.scratch_bytes = 16 * kMiB});
  for (int i = 0; i < 2; ++i) {
    auto run = RunOn(*graph, *a, *b);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, ErrorCode::kOperation);
    EXPECT_THAT(run.error().message, AllOf(HasSubstr("scratch"), HasSubstr("16777216 bytes")));
  }
  const GraphPtr wide = NewGraph({.elements = kMiB});
  std::vector<int32_t> x(kMiB, 1), y(kMiB);
  auto computed = ComputeOn(*wide, x, y);
  ASSERT_FALSE(computed);
  EXPECT_EQ(computed.error().code, ErrorCode::kOperation);
  EXPECT_THAT(computed.error().message, HasSubstr("8388608 bytes"));
  EXPECT_EQ(runner_->lost(), std::nullopt);

  const GraphPtr fits = NewGraph();
  ASSERT_OK(RunOn(*fits, *a, *b));
  fake_->SetMemory(64 * kMiB);
  ASSERT_OK(RunOn(*graph, *b, *a));
  ASSERT_OK(ComputeOn(*wide, x, y));
  EXPECT_EQ(y.back(), 2);
  EXPECT_THAT(*Values(*a), Each(2));
}

TEST_F(TensorRtRunnerTest, AnEngineThatFailsIsAnErrorOfTheCall) {
  const auto engine = NewEngine({.failing_executions = 1});
  auto none = TryGraph(engine);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("no room for an execution"));
  auto graph = TryGraph(engine);
  ASSERT_OK(graph);
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  engine->options.failing_runs = 1;
  auto run = RunOn(**graph, *a, *b);
  ASSERT_FALSE(run);
  EXPECT_THAT(run.error().message, HasSubstr("does not run"));
  EXPECT_EQ(runner_->lost(), std::nullopt);
  ASSERT_OK(RunOn(**graph, *a, *b));
  // Another thread needs an execution of its own.
  engine->options.failing_executions = 1;
  InThreads(1, [&](int) {
    EXPECT_FALSE(RunOn(**graph, *a, *b));
    EXPECT_OK(RunOn(**graph, *a, *b));
  });
  EXPECT_THAT(*Values(*b), Each(1));
}

TEST_F(TensorRtRunnerTest, ADeviceLostByItsWorkIsNoticed) {
  GraphPtr graph = NewGraph({.microseconds = 100});
  TensorPtr a = NewTensor();
  TensorPtr b = NewTensor();
  for (int i = 0; i < 3; ++i) ASSERT_OK(RunOn(*graph, *a, *b));
  ASSERT_OK(runner_->Synchronize());
  EXPECT_EQ(runner_->lost(), std::nullopt);
  fake_->FaultAfter(0);
  (void)RunOn(*graph, *a, *b);  // the fault comes after it, or in it
  auto read = Values(*b);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS"));
  ASSERT_TRUE(runner_->lost());
  EXPECT_THAT(*runner_->lost(), HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS"));
  EXPECT_FALSE(RunOn(*graph, *a, *b));
  EXPECT_FALSE(Fill(*a, 1));
  EXPECT_FALSE(runner_->CreateTensor(Ints(4)));
  EXPECT_FALSE(runner_->Synchronize());
  std::vector<int32_t> x(kElements), y(kElements);
  EXPECT_FALSE(ComputeOn(*graph, x, y));
}

TEST_F(TensorRtRunnerTest, ADeviceThatAnEngineFindsLostIsNoticed) {
  const GraphPtr graph = NewGraph({.refuses_capture = true});
  const TensorPtr a = NewTensor();
  const TensorPtr b = NewTensor();
  for (int i = 0; i < 3; ++i) ASSERT_OK(RunOn(*graph, *a, *b));
  ASSERT_OK(runner_->Synchronize());
  fake_->FaultAfter(0);
  // The engine's error, which says nothing of CUDA, is the first sign.
  Result<void> run;
  for (int i = 0; run && i < 1000; ++i) {
    run = RunOn(*graph, *a, *b);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_FALSE(run);
  EXPECT_THAT(run.error().message, HasSubstr("fake: the launch gave 700"));
  EXPECT_TRUE(runner_->lost());
}

// All kinds of calls, with what must hold of those that succeed. True: all of them did.
bool Scenario(Runner& runner, FakeCuda& fake, FakeEngineCounts& counts) {
  constexpr int64_t kMany = 150000;
  auto a = runner.CreateTensor(Ints(kMany));
  auto b = runner.CreateTensor(Ints(kMany));
  if (!a || !b) return false;
  auto engine = std::make_shared<FakeEngine>(
      fake, counts, FakeEngineOptions{.elements = kMany, .scratch_bytes = 512});
  auto graph = runner.MakeGraph(engine, engine->InputNames(), engine->OutputNames());
  auto small_engine = std::make_shared<FakeEngine>(fake, counts, FakeEngineOptions{});
  auto small =
      runner.MakeGraph(small_engine, small_engine->InputNames(), small_engine->OutputNames());
  if (!graph || !small) return false;
  bool all = Fill(**a, 5, kMany).ok();
  for (int i = 0; i < 2; ++i) {
    all = RunOn(**graph, **a, **b).ok() && all;
    all = RunOn(**graph, **b, **a).ok() && all;
  }
  std::thread([&] { all = RunOn(**graph, **a, **b).ok() && all; }).join();
  auto values = Values(**b, kMany);
  if (all && values) {
    EXPECT_TRUE(AllAre(*values, 10));
  }
  all = values.ok() && all;
  std::vector<int32_t> x(kMany, 1), y(kMany);
  for (int i = 0; i < 2; ++i) {
    const bool computed = ComputeOn(**graph, x, y).ok();
    if (computed) {
      EXPECT_TRUE(AllAre(y, 2));
    }
    const std::span few = std::span(y).first(kElements);
    const bool also = ComputeOn(**small, std::span(x).first(kElements), few).ok();
    if (also) {
      EXPECT_TRUE(AllAre(few, 2));
    }
    all = computed && also && all;
  }
  return runner.Synchronize().ok() && all;
}

class TensorRtFaultTest : public TensorRtRunnerTest, public testing::WithParamInterface<int> {};

// Every call in turn fails once, or fails and loses the device.
TEST_P(TensorRtFaultTest, AFailureAtAnyCallLeavesNothingBehind) {
  const auto error = static_cast<CUresult>(GetParam());
  const bool loses = error == CUDA_ERROR_ILLEGAL_ADDRESS;
  runner_.reset();
  device_.reset();
  int failed = 0;
  for (int call = 0;; ++call) {
    SCOPED_TRACE(call);
    fake_->Reset();
    {
      auto device = cuda::Device::Open("cuda");
      ASSERT_OK(device);
      fake_->Fail("", call, 1, error);
      auto runner = Runner::Open(*device, {});
      bool all = runner.ok();
      if (runner) all = Scenario(**runner, *fake_, counts_);
      if (fake_->FailuresLeft() > 0) {
        EXPECT_TRUE(all);
        break;  // there are no more calls
      }
      // A capture that failed is no failure; otherwise someone must have been told.
      failed += !all;
      if (runner && loses && !all) {
        EXPECT_TRUE((*runner)->lost());
      } else if (runner && !loses) {
        EXPECT_EQ((*runner)->lost(), std::nullopt);
        EXPECT_TRUE(Scenario(**runner, *fake_, counts_));
      }
      runner = Error{};
    }
    ExpectNothingLeft();
    ASSERT_EQ(fake_->Violations(), "");
    if (HasFailure()) break;
  }
  EXPECT_GT(failed, 20);
}

INSTANTIATE_TEST_SUITE_P(Errors, TensorRtFaultTest,
                         testing::Values(CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_OUT_OF_MEMORY,
                                         CUDA_ERROR_ILLEGAL_ADDRESS));

}  // namespace
}  // namespace webnn::trt
