#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "NvInfer.h"
#include "cuda_raw.h"
#include "fmt/format.h"

/// TensorRT by its own headers, as a program without webnn.cpp would use it: a plan, an execution
/// context and a stream a caller, everything captured in one CUDA graph. Failures end the program.
namespace webnn::bench {

template <class T>
T* MustHave(T* object, const char* what) {
  if (object == nullptr) {
    fmt::print(stderr, "TensorRT: {} failed\n", what);
    std::exit(2);
  }
  return object;
}
inline void MustBe(bool done, const char* what) {
  if (!done) MustHave<void>(nullptr, what);
}

class RawLogger : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const char* text) noexcept override {
    if (severity <= Severity::kERROR) fmt::print(stderr, "TensorRT: {}\n", text);
  }
};

/// The library `path`, the same file that the context has opened.
class RawRuntime {
 public:
  explicit RawRuntime(const std::string& path) {
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      fmt::print(stderr, "{}\n", dlerror());
      std::exit(2);
    }
    const auto symbol = [&](const char* name) { return MustHave(dlsym(library, name), name); };
    const auto version = reinterpret_cast<int32_t (*)()>(symbol("getInferLibVersion"));
    const auto create =
        reinterpret_cast<void* (*)(void*, int32_t)>(symbol("createInferRuntime_INTERNAL"));
    // The library's own version: what of the headers it does not have, we do not call.
    runtime_.reset(static_cast<nvinfer1::IRuntime*>(
        MustHave(create(&logger_, version()), "createInferRuntime")));
    runtime_->setEngineHostCodeAllowed(true);
  }
  nvinfer1::IRuntime& get() const { return *runtime_; }

 private:
  RawLogger logger_;
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
};

class RawEngine {
 public:
  struct Binding {
    std::string name;
    size_t bytes;
    bool is_input;
  };

  RawEngine(const RawRuntime& runtime, std::span<const std::byte> plan)
      : engine_(MustHave(runtime.get().deserializeCudaEngine(plan.data(), plan.size()),
                         "deserializeCudaEngine")) {
    for (int32_t i = 0; i < engine_->getNbIOTensors(); ++i) {
      const char* const name = engine_->getIOTensorName(i);
      const nvinfer1::Dims sizes = engine_->getTensorShape(name);
      size_t bytes = ElementBytes(engine_->getTensorDataType(name));
      for (int32_t axis = 0; axis < sizes.nbDims; ++axis) {
        bytes *= static_cast<size_t>(sizes.d[axis]);
      }
      const bool is_input = engine_->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
      bindings_.push_back({name, bytes, is_input});
    }
  }
  nvinfer1::ICudaEngine& get() const { return *engine_; }
  const std::vector<Binding>& bindings() const { return bindings_; }

 private:
  static size_t ElementBytes(nvinfer1::DataType type) {
    switch (type) {
      case nvinfer1::DataType::kINT64:
        return 8;
      case nvinfer1::DataType::kFLOAT:
      case nvinfer1::DataType::kINT32:
        return 4;
      case nvinfer1::DataType::kHALF:
      case nvinfer1::DataType::kBF16:
        return 2;
      default:
        return 1;
    }
  }
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  std::vector<Binding> bindings_;
};

/// One caller of an engine.
class RawCaller {
 public:
  explicit RawCaller(const RawEngine& engine)
      : engine_(engine),
        execution_(MustHave(engine.get().createExecutionContext(), "createExecutionContext")) {
    for (const RawEngine::Binding& binding : engine.bindings()) {
      memory_.emplace_back(binding.bytes);
      MustBe(
          execution_->setTensorAddress(binding.name.c_str(), AsPointer(memory_.back().address())),
          "setTensorAddress");
    }
  }

  /// Without a graph, as the first run has to be.
  void Enqueue() { MustBe(execution_->enqueueV3(stream_.get()), "enqueueV3"); }
  /// From here on `Launch` and `Run` work. What the engine sets up at its first run is not
  /// captured.
  void Capture() {
    Enqueue();
    stream_.Wait();
    graph_.emplace(stream_, [this] { Enqueue(); });
    stream_.Wait();
  }
  void Launch() const { graph_->Launch(); }
  void Wait() const { stream_.Wait(); }
  void Run() const {
    graph_->Launch();
    stream_.Wait();
  }

  void Write(size_t input, std::span<const std::byte> bytes) {
    const RawMemory& memory = memory_[Place(true, input)];
    const Cuda& cuda = Cuda::Get();
    cuda.Must(cuda.cuMemcpyHtoD(memory.address(), bytes.data(), memory.bytes()));
  }
  std::vector<std::byte> Read(size_t output) {
    const RawMemory& memory = memory_[Place(false, output)];
    std::vector<std::byte> bytes(memory.bytes());
    const Cuda& cuda = Cuda::Get();
    cuda.Must(cuda.cuMemcpyDtoH(bytes.data(), memory.address(), bytes.size()));
    return bytes;
  }

  /// Memory of the host for `RunOnHost`: ordinary arrays as callers have them, and pinned ones.
  void PrepareHost() {
    for (const RawMemory& memory : memory_) {
      host_.emplace_back(memory.bytes());
      pinned_.emplace_back(memory.bytes());
    }
  }
  std::span<std::byte> host(bool is_input, size_t i) { return host_[Place(is_input, i)]; }
  /// Ordinary arrays in, ordinary arrays out, by way of pinned memory.
  void RunOnHost() {
    const Cuda& cuda = Cuda::Get();
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (!engine_.bindings()[i].is_input) continue;
      std::memcpy(pinned_[i].address(), host_[i].data(), host_[i].size());
      cuda.Must(cuda.cuMemcpyHtoDAsync(memory_[i].address(), pinned_[i].address(), host_[i].size(),
                                       stream_.get()));
    }
    graph_->Launch();
    CopyOutputs();
    stream_.Wait();
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (engine_.bindings()[i].is_input) continue;
      std::memcpy(host_[i].data(), pinned_[i].address(), host_[i].size());
    }
  }
  /// Inputs stay on the device, outputs come to ordinary arrays.
  void RunAndRead() {
    graph_->Launch();
    CopyOutputs();
    stream_.Wait();
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (engine_.bindings()[i].is_input) continue;
      std::memcpy(host_[i].data(), pinned_[i].address(), host_[i].size());
    }
  }

 private:
  size_t Place(bool is_input, size_t index) const {
    for (size_t i = 0; i < engine_.bindings().size(); ++i) {
      if (engine_.bindings()[i].is_input == is_input && index-- == 0) return i;
    }
    MustBe(false, "finding a binding");
    return 0;
  }
  void CopyOutputs() {
    const Cuda& cuda = Cuda::Get();
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (engine_.bindings()[i].is_input) continue;
      cuda.Must(cuda.cuMemcpyDtoHAsync(pinned_[i].address(), memory_[i].address(), host_[i].size(),
                                       stream_.get()));
    }
  }

  const RawEngine& engine_;
  RawStream stream_;
  std::deque<RawMemory> memory_;  ///< By binding.
  std::deque<RawPinned> pinned_;
  std::vector<std::vector<std::byte>> host_;
  std::unique_ptr<nvinfer1::IExecutionContext> execution_;
  std::optional<RawGraph> graph_;
};

}  // namespace webnn::bench
