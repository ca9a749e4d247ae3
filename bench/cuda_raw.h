#pragma once

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cuda.h"
#include "fmt/format.h"

/// CUDA's driver API, opened by hand: what a program without webnn.cpp would use. Failures end the
/// program.
namespace webnn::bench {

class Cuda {
 public:
#define WEBNN_BENCH_CUDA_FUNCTIONS(X) \
  X(cuInit) \
  X(cuDeviceGet) \
  X(cuDevicePrimaryCtxRetain) \
  X(cuDevicePrimaryCtxRelease) \
  X(cuCtxSetCurrent) \
  X(cuCtxSynchronize) \
  X(cuMemGetInfo) \
  X(cuMemAlloc) \
  X(cuMemFree) \
  X(cuMemHostAlloc) \
  X(cuMemFreeHost) \
  X(cuMemcpyHtoD) \
  X(cuMemcpyDtoH) \
  X(cuMemcpyHtoDAsync) \
  X(cuMemcpyDtoHAsync) \
  X(cuMemsetD8) \
  X(cuStreamCreate) \
  X(cuStreamDestroy) \
  X(cuStreamSynchronize) \
  X(cuStreamQuery) \
  X(cuStreamBeginCapture) \
  X(cuStreamEndCapture) \
  X(cuGraphInstantiateWithFlags) \
  X(cuGraphUpload) \
  X(cuGraphLaunch) \
  X(cuGraphExecDestroy) \
  X(cuGraphDestroy) \
  X(cuModuleLoadData) \
  X(cuModuleGetFunction) \
  X(cuLaunchKernel) \
  X(cuGetErrorString)

#define WEBNN_BENCH_CUDA_MEMBER(name) decltype(&::name) name = nullptr;
  // NOLINTNEXTLINE(readability-identifier-naming): the driver's own names
  WEBNN_BENCH_CUDA_FUNCTIONS(WEBNN_BENCH_CUDA_MEMBER)
#undef WEBNN_BENCH_CUDA_MEMBER

  /// Null where there is no driver or no GPU.
  static const Cuda* Find() {
    static const Cuda kCuda;
    return kCuda.context_ == nullptr ? nullptr : &kCuda;
  }
  static const Cuda& Get() {
    if (Find() == nullptr) {
      fmt::print(stderr, "no NVIDIA GPU: libcuda.so.1 cannot be opened or finds none\n");
      std::exit(2);
    }
    return *Find();
  }

  /// For the thread that calls; device 0's primary context, which TensorRT uses, too.
  void MakeCurrent() const { Must(cuCtxSetCurrent(context_)); }
  void Must(CUresult result) const {
    if (result == CUDA_SUCCESS) return;
    fmt::print(stderr, "CUDA: {}\n", Text(result));
    std::exit(2);
  }
  std::string Text(CUresult result) const {
    const char* text = nullptr;
    cuGetErrorString(result, &text);
    return text == nullptr ? fmt::format("error {}", static_cast<int>(result)) : text;
  }
  uint64_t FreeMemory() const {
    size_t free = 0;
    size_t total = 0;
    Must(cuMemGetInfo(&free, &total));
    return free;
  }

 private:
  Cuda() {
    const char* const name = std::getenv("WEBNN_CUDA_LIBRARY");
    void* const library = dlopen(name != nullptr ? name : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    const auto open = [&]<class Function>(Function& function, const char* symbol) {
      function = reinterpret_cast<Function>(dlsym(library, symbol));
    };
    // cuda.h renames some functions by macros; the strings must have the names behind them.
#define WEBNN_BENCH_CUDA_TEXT(name) #name
#define WEBNN_BENCH_CUDA_OPEN(name) open(this->name, WEBNN_BENCH_CUDA_TEXT(name));
    WEBNN_BENCH_CUDA_FUNCTIONS(WEBNN_BENCH_CUDA_OPEN)
#undef WEBNN_BENCH_CUDA_OPEN
#undef WEBNN_BENCH_CUDA_TEXT
    CUdevice device = 0;
    CUcontext context = nullptr;
    if (cuInit != nullptr && cuInit(0) == CUDA_SUCCESS && cuDeviceGet(&device, 0) == CUDA_SUCCESS &&
        cuDevicePrimaryCtxRetain(&context, device) == CUDA_SUCCESS &&
        cuCtxSetCurrent(context) == CUDA_SUCCESS) {
      context_ = context;
    }
  }

  CUcontext context_ = nullptr;
};

/// A `CUdeviceptr` as others take it.
inline void* AsPointer(CUdeviceptr address) {
  return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

/// Device memory.
class RawMemory {
 public:
  explicit RawMemory(size_t bytes) : bytes_(bytes) {
    const Cuda& cuda = Cuda::Get();
    cuda.Must(cuda.cuMemAlloc(&address_, bytes == 0 ? 1 : bytes));
  }
  RawMemory(const RawMemory&) = delete;
  RawMemory& operator=(const RawMemory&) = delete;
  ~RawMemory() { Cuda::Get().cuMemFree(address_); }
  CUdeviceptr address() const { return address_; }
  size_t bytes() const { return bytes_; }

 private:
  CUdeviceptr address_ = 0;
  size_t bytes_;
};

/// Pinned host memory.
class RawPinned {
 public:
  explicit RawPinned(size_t bytes, unsigned flags = 0) {
    const Cuda& cuda = Cuda::Get();
    cuda.Must(cuda.cuMemHostAlloc(&address_, bytes == 0 ? 1 : bytes, flags));
  }
  RawPinned(const RawPinned&) = delete;
  RawPinned& operator=(const RawPinned&) = delete;
  ~RawPinned() { Cuda::Get().cuMemFreeHost(address_); }
  void* address() const { return address_; }

 private:
  void* address_ = nullptr;
};

class RawStream {
 public:
  RawStream() {
    const Cuda& cuda = Cuda::Get();
    cuda.Must(cuda.cuStreamCreate(&stream_, CU_STREAM_NON_BLOCKING));
  }
  RawStream(const RawStream&) = delete;
  RawStream& operator=(const RawStream&) = delete;
  ~RawStream() { Cuda::Get().cuStreamDestroy(stream_); }
  CUstream get() const { return stream_; }
  void Wait() const { Cuda::Get().Must(Cuda::Get().cuStreamSynchronize(stream_)); }

 private:
  CUstream stream_ = nullptr;
};

/// What a stream does between `begin` and the end of `record`, as a graph that can be launched.
class RawGraph {
 public:
  template <class Function>
  RawGraph(const RawStream& stream, const Function& record) : stream_(stream.get()) {
    const Cuda& cuda = Cuda::Get();
    CUgraph graph = nullptr;
    cuda.Must(cuda.cuStreamBeginCapture(stream_, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    record();
    cuda.Must(cuda.cuStreamEndCapture(stream_, &graph));
    cuda.Must(cuda.cuGraphInstantiateWithFlags(&graph_, graph, 0));
    cuda.Must(cuda.cuGraphDestroy(graph));
    cuda.Must(cuda.cuGraphUpload(graph_, stream_));
  }
  RawGraph(const RawGraph&) = delete;
  RawGraph& operator=(const RawGraph&) = delete;
  ~RawGraph() { Cuda::Get().cuGraphExecDestroy(graph_); }
  void Launch() const { Cuda::Get().Must(Cuda::Get().cuGraphLaunch(graph_, stream_)); }

 private:
  CUstream stream_;
  CUgraphExec graph_ = nullptr;
};

}  // namespace webnn::bench
