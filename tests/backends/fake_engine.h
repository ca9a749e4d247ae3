#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/tensorrt/module.h"
#include "core/errors.h"
#include "tests/backends/fake_cuda.h"

namespace webnn::testing_support {

/// How a `FakeEngine` is made; what it shall fail at may be changed while it lives.
struct FakeEngineOptions {
  size_t inputs = 1;
  size_t outputs = 1;
  int64_t elements = 16;
  uint64_t scratch_bytes = 1024;
  int microseconds = 0;  ///< That the kernel takes.
  bool refuses_capture = false;
  int failing_executions = 0;  ///< So many more `CreateExecution` fail.
  int failing_runs = 0;        ///< So many more `Enqueue` fail.
};

/// What engines and executions are alive, and how they were used.
struct FakeEngineCounts {
  std::atomic<int> engines{0};
  std::atomic<int> executions{0};
  std::atomic<int> plain_runs{0};
  std::atomic<int> captured_runs{0};
};

/// An engine that computes y[j] = x[0] + x[1] + ... + 1 + j on int32, on the fake driver. Like
/// TensorRT it wants an execution to have run before it is captured.
class FakeEngine : public trt::Engine {
 public:
  FakeEngine(FakeCuda& cuda, FakeEngineCounts& counts, FakeEngineOptions options)
      : options(options), cuda_(cuda), counts_(counts) {
    // Outputs first, the last input first: not the definition's order.
    for (size_t j = 0; j < options.outputs; ++j) Add("y" + std::to_string(j), false);
    for (size_t i = options.inputs; i-- > 0;) Add("x" + std::to_string(i), true);
    ++counts_.engines;
  }
  ~FakeEngine() override { --counts_.engines; }

  const std::vector<trt::Binding>& bindings() const override { return bindings_; }
  uint64_t scratch_bytes() const override { return options.scratch_bytes; }
  Result<std::string> Inspect() const override { return std::string("{}"); }
  Result<std::unique_ptr<trt::Execution>> CreateExecution() override {
    if (options.failing_executions > 0) {
      --options.failing_executions;
      return OperationError("fake: there is no room for an execution");
    }
    return std::unique_ptr<trt::Execution>(new FakeExecution(*this));
  }

  std::vector<std::string> InputNames() const { return Names(true); }
  std::vector<std::string> OutputNames() const { return Names(false); }

  FakeEngineOptions options;

 private:
  class FakeExecution : public trt::Execution {
   public:
    explicit FakeExecution(FakeEngine& engine)
        : engine_(engine), addresses_(engine.bindings_.size()) {
      ++engine_.counts_.executions;
    }
    ~FakeExecution() override { --engine_.counts_.executions; }
    Result<void> SetAddress(size_t binding, trt::DeviceAddress address) override {
      addresses_[binding] = address;
      return {};
    }
    Result<void> SetScratch(trt::DeviceAddress address, uint64_t bytes) override {
      if (bytes < engine_.options.scratch_bytes) return OperationError("fake: too little scratch");
      scratch_ = address;
      has_run_ = false;
      return {};
    }
    Result<void> Enqueue(trt::Stream stream) override {
      FakeEngine& engine = engine_;
      if (engine.options.failing_runs > 0) {
        --engine.options.failing_runs;
        return OperationError("fake: it does not run");
      }
      const bool captures = engine.cuda_.IsCapturing(stream);
      if (captures && engine.options.refuses_capture) {
        return OperationError("fake: it cannot be captured");
      }
      if (captures && !has_run_) return OperationError("fake: captured before it has run");
      if (engine.options.scratch_bytes > 0 && scratch_ == 0) {
        return OperationError("fake: it has no scratch memory");
      }
      for (trt::DeviceAddress address : addresses_) {
        if (address == 0) return OperationError("fake: an address is missing");
      }
      ++(captures ? engine.counts_.captured_runs : engine.counts_.plain_runs);
      has_run_ = true;
      Kernel kernel{&engine.cuda_, engine.options, addresses_, scratch_};
      if (const int result = engine.cuda_.Launch(stream, kernel); result != 0) {
        return OperationError("fake: the launch gave {}", result);
      }
      return {};
    }

   private:
    FakeEngine& engine_;
    std::vector<trt::DeviceAddress> addresses_;
    trt::DeviceAddress scratch_ = 0;
    bool has_run_ = false;
  };

  // What runs in a stream: by then engine and execution may be gone, if the back end is wrong.
  struct Kernel {
    void operator()() const {
      const auto elements = static_cast<size_t>(options.elements);
      for (trt::DeviceAddress address : addresses) {
        if (!cuda->IsDevice(address, elements * sizeof(int32_t))) {
          return cuda->AddViolation("a kernel with memory that is not of the device");
        }
      }
      auto* token = PointerTo<trt::DeviceAddress>(scratch);
      if (token != nullptr) {
        if (!cuda->IsDevice(scratch, options.scratch_bytes)) {
          return cuda->AddViolation("a kernel with scratch that is not of the device");
        }
        *token = addresses[0];
      }
      if (options.microseconds > 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(options.microseconds));
      }
      for (size_t k = 0; k < elements; ++k) {
        int32_t sum = 1;
        for (size_t i = options.outputs; i < addresses.size(); ++i) {
          sum += PointerTo<const int32_t>(addresses[i])[k];
        }
        for (size_t j = 0; j < options.outputs; ++j) {
          PointerTo<int32_t>(addresses[j])[k] = sum + static_cast<int32_t>(j);
        }
      }
      if (token != nullptr && *token != addresses[0]) {
        cuda->AddViolation("scratch that another kernel uses");
      }
    }
    FakeCuda* cuda;
    FakeEngineOptions options;
    std::vector<trt::DeviceAddress> addresses;  // outputs, then inputs
    trt::DeviceAddress scratch;
  };

  void Add(std::string name, bool is_input) {
    bindings_.push_back({std::move(name), lowering::Element::kInt32, {options.elements}, is_input});
  }
  std::vector<std::string> Names(bool inputs) const {
    std::vector<std::string> names;
    const size_t count = inputs ? options.inputs : options.outputs;
    for (size_t i = 0; i < count; ++i) names.push_back((inputs ? "x" : "y") + std::to_string(i));
    return names;
  }

  FakeCuda& cuda_;
  FakeEngineCounts& counts_;
  std::vector<trt::Binding> bindings_;
};

}  // namespace webnn::testing_support
