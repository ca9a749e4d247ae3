#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

/// A CUDA driver on the host's memory, as a library that stands in for libcuda.so.1. Streams are
/// threads, so that work is late and out of order wherever nothing orders it; what real hardware
/// would take amiss (memory used after it was freed, a graph destroyed while it runs) is counted.
///
/// The environment, read when the library starts: FAKE_CUDA_VERSION (13000), FAKE_CUDA_DEVICES (2),
/// FAKE_CUDA_INIT (what cuInit gives, 0).
namespace webnn::testing_support {

/// What lies at an address of the device.
template <class T = void>
T* PointerTo(uint64_t address) {
  return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr)
}

class FakeCuda {
 public:
  virtual ~FakeCuda() = default;

  /// As at the beginning; nothing may be alive.
  virtual void Reset() = 0;

  /// Each piece of work takes up to so long.
  virtual void SetDelay(int microseconds) = 0;
  virtual void SetMemory(uint64_t bytes) = 0;
  /// The calls of `function` ("cuMemAlloc_v2"; "" is any) after the next `after` ones give `error`,
  /// `count` of them. An error that loses a device is given by every call from then on.
  virtual void Fail(const std::string& function, int after, int count, int error) = 0;
  /// Of those that `Fail` asked for, how many have not come yet.
  virtual int FailuresLeft() const = 0;
  /// The piece of work after the next `after` ones loses the device.
  virtual void FaultAfter(int after) = 0;

  virtual uint64_t Calls(const std::string& function) const = 0;
  virtual uint64_t TotalCalls() const = 0;
  virtual uint64_t DeviceBytes() const = 0;
  virtual size_t DeviceAllocations() const = 0;
  virtual size_t PinnedAllocations() const = 0;
  virtual size_t Streams() const = 0;
  virtual size_t Events() const = 0;
  virtual size_t GraphExecs() const = 0;
  virtual size_t Graphs() const = 0;
  virtual int Contexts() const = 0;  ///< Retained and not released.

  /// What must not happen, as lines of text; empty is right.
  virtual std::string Violations() const = 0;
  virtual void AddViolation(const std::string& text) = 0;
  /// Does the whole range lie in memory of the device that has not been freed?
  virtual bool IsDevice(uint64_t address, uint64_t bytes) const = 0;

  /// Puts a function into the stream, or into the graph that is captured from it: a kernel. Gives a
  /// `CUresult`.
  virtual int Launch(void* stream, std::function<void()> kernel) = 0;
  virtual bool IsCapturing(void* stream) const = 0;
  /// A stream as a program would make it, in the primary context of the first device or in another.
  virtual void* NewStream(bool primary) = 0;
  virtual void DestroyStream(void* stream) = 0;
};

}  // namespace webnn::testing_support

/// Exported by the library.
extern "C" webnn::testing_support::FakeCuda* GetFakeCuda();
using GetFakeCudaFunction = webnn::testing_support::FakeCuda* (*)();
