#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/tensorrt/runner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/backends/cuda_support.h"
#include "tests/backends/fake_cuda.h"
#include "tests/backends/fake_engine.h"

namespace webnn::trt {

using testing_support::FakeCuda;
using testing_support::FakeEngine;
using testing_support::FakeEngineCounts;
using testing_support::FakeEngineOptions;
using testing_support::OpenFakeCuda;
using testing_support::ScopedVariable;

using TensorPtr = std::unique_ptr<BackendTensor>;
using GraphPtr = std::unique_ptr<CompiledGraph>;

inline constexpr int64_t kElements = 16;

inline OperandDescriptor Ints(int64_t elements) {
  return OperandDescriptor::Create(DataType::kInt32, {static_cast<uint32_t>(elements)}).value();
}

inline Result<void> Fill(BackendTensor& tensor, int32_t value, int64_t elements = kElements) {
  const std::vector<int32_t> values(elements, value);
  return tensor.Write(std::as_bytes(std::span(values)));
}

inline Result<std::vector<int32_t>> Values(const BackendTensor& tensor,
                                           int64_t elements = kElements) {
  std::vector<int32_t> values(elements, -1);
  Result<void> read = tensor.Read(std::as_writable_bytes(std::span(values)));
  if (!read) return read.error();
  return values;
}

// Of many values `Each` takes long.
inline bool AllAre(std::span<const int32_t> values, int32_t expected) {
  return std::all_of(values.begin(), values.end(),
                     [&](int32_t value) { return value == expected; });
}

inline Result<void> RunOn(CompiledGraph& graph, BackendTensor& x, BackendTensor& y) {
  BackendTensor* const inputs[] = {&x};
  BackendTensor* const outputs[] = {&y};
  return graph.Run(inputs, outputs);
}

inline Result<void> ComputeOn(CompiledGraph& graph, std::span<const int32_t> x,
                              std::span<int32_t> y) {
  const std::span<const std::byte> inputs[] = {std::as_bytes(x)};
  const std::span<std::byte> outputs[] = {std::as_writable_bytes(y)};
  return graph.Compute(inputs, outputs);
}

#define ASSERT_OK(expression) \
  do { \
    const auto& ok_result = (expression); \
    ASSERT_TRUE(ok_result.ok()) << ok_result.error().message; \
  } while (false)
#define EXPECT_OK(expression) \
  do { \
    const auto& ok_result = (expression); \
    EXPECT_TRUE(ok_result.ok()) << ok_result.error().message; \
  } while (false)

/// A runner on the fake driver; afterwards nothing of it may be left.
class TensorRtRunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(fake_, nullptr);
    fake_->Reset();
    Open();
  }
  void TearDown() override {
    runner_.reset();
    device_.reset();
    ExpectNothingLeft();
    EXPECT_EQ(fake_->Violations(), "");
  }

  void Open(void* stream = nullptr) {
    auto device = cuda::Device::Open("cuda");
    ASSERT_OK(device);
    device_ = *device;
    auto runner =
        Runner::Open(device_, {.stream = stream, .log = [this](LogLevel level, auto text) {
                                 const std::lock_guard lock(log_mutex_);
                                 log_.emplace_back(level, std::string(text));
                               }});
    ASSERT_OK(runner);
    runner_ = *std::move(runner);
  }

  void ExpectNothingLeft() const {
    EXPECT_EQ(fake_->DeviceBytes(), 0u);
    EXPECT_EQ(fake_->DeviceAllocations(), 0u);
    EXPECT_EQ(fake_->PinnedAllocations(), 0u);
    EXPECT_EQ(fake_->Streams(), 0u);
    EXPECT_EQ(fake_->Events(), 0u);
    EXPECT_EQ(fake_->Graphs(), 0u);
    EXPECT_EQ(fake_->GraphExecs(), 0u);
    EXPECT_EQ(fake_->Contexts(), 0);
    EXPECT_EQ(counts_.engines, 0);
    EXPECT_EQ(counts_.executions, 0);
  }

  TensorPtr NewTensor(int64_t elements = kElements) {
    auto tensor = runner_->CreateTensor(Ints(elements));
    EXPECT_OK(tensor);
    return tensor ? *std::move(tensor) : nullptr;
  }
  std::shared_ptr<FakeEngine> NewEngine(FakeEngineOptions options = {}) {
    return std::make_shared<FakeEngine>(*fake_, counts_, options);
  }
  Result<GraphPtr> TryGraph(const std::shared_ptr<FakeEngine>& engine) {
    return runner_->MakeGraph(engine, engine->InputNames(), engine->OutputNames());
  }
  GraphPtr NewGraph(FakeEngineOptions options = {}) {
    auto graph = TryGraph(NewEngine(options));
    EXPECT_OK(graph);
    return graph ? *std::move(graph) : nullptr;
  }

  ScopedVariable library_{"WEBNN_CUDA_LIBRARY", WEBNN_FAKE_CUDA};
  FakeCuda* fake_ = OpenFakeCuda(WEBNN_FAKE_CUDA);
  FakeEngineCounts counts_;
  std::shared_ptr<cuda::Device> device_;
  std::unique_ptr<Runner> runner_;
  std::mutex log_mutex_;
  std::vector<std::pair<LogLevel, std::string>> log_;
};

/// Runs `body(i)` in so many threads at once.
template <class Body>
void InThreads(int count, Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([i, &body] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace webnn::trt
