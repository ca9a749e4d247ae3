#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/cuda/driver.h"
#include "backends/tensorrt/lane.h"
#include "backends/tensorrt/module.h"

namespace webnn::trt {

/// An engine as a graph: in each lane that uses it an `Execution` of its own and the CUDA graphs
/// that were captured from it.
class EngineGraph : public CompiledGraph {
 public:
  static Result<std::unique_ptr<CompiledGraph>> Create(std::shared_ptr<LanePool> lanes,
                                                       std::shared_ptr<Engine> engine,
                                                       const std::vector<std::string>& inputs,
                                                       const std::vector<std::string>& outputs);
  ~EngineGraph() override;
  EngineGraph(const EngineGraph&) = delete;
  EngineGraph& operator=(const EngineGraph&) = delete;

  Result<void> Run(std::span<BackendTensor* const> inputs,
                   std::span<BackendTensor* const> outputs) override;
  Result<void> Compute(std::span<const std::span<const std::byte>> inputs,
                       std::span<const std::span<std::byte>> outputs) override;

 private:
  /// A binding, in the order of the definition: inputs, then outputs.
  struct Port {
    std::string name;
    size_t binding = 0;
    uint64_t bytes = 0;
    uint64_t offset = 0;  ///< In the memory for `Compute`.
  };
  /// A CUDA graph for one set of addresses. An address stands for a binding of the same size
  /// whoever owns the memory, so a graph stays right when a tensor goes and another takes its
  /// place.
  struct Captured {
    std::vector<cuda::Address> addresses;
    cuda::GraphExec graph;
    uint64_t used = 0;    // by the instance's clock
    uint64_t number = 0;  // of its last work in the lane
  };
  /// What the graph has in one lane; guarded by the lane's `queue_mutex`.
  struct Instance {
    std::shared_ptr<cuda::DeviceBuffer> scratch;  // outlives what uses it
    std::unique_ptr<Execution> execution;
    std::vector<cuda::Address> addresses;  // of the call, in the order of the ports
    std::vector<cuda::Address> bound;      // what the execution has
    bool warm = false;                     // it has run since it or its scratch memory was new
    uint64_t number = 0;                   // of the last work in the lane
    std::vector<Captured> captured;
    uint64_t clock = 0;               // counts the runs
    uint64_t capture_from = 0;        // by the clock: not before
    std::array<uint64_t, 32> seen{};  // hashes of addresses that ran without a CUDA graph
    size_t next_seen = 0;

    // Of `Compute`; used under the lane's `staging_mutex`, too.
    cuda::DeviceBuffer memory;
    cuda::PinnedBuffer host;  // where everything is small
    cuda::GraphExec whole;    // copy, run, copy; from kInGraphBytes on
    std::vector<cuda::Address> places;
  };

  EngineGraph(std::shared_ptr<LanePool> lanes, std::shared_ptr<Engine> engine)
      : lanes_(std::move(lanes)),
        engine_(std::move(engine)),
        scratch_bytes_(engine_->scratch_bytes()) {}
  Result<void> AddPorts(const std::vector<std::string>& names, bool is_input);
  Result<Instance*> Prepare(Lane& lane);
  Result<void> Rescratch(Lane& lane, Instance& instance);
  Result<void> PrepareCompute(Lane& lane, Instance& instance);
  Result<void> Bind(Instance& instance, std::span<const cuda::Address> addresses);
  Result<void> Launch(Lane& lane, Instance& instance, std::span<const cuda::Address> addresses);
  Result<void> LaunchWhole(Lane& lane, Instance& instance);
  /// `run` between the copies of all inputs and of all outputs.
  template <class Function>
  Result<void> CopyAround(const cuda::Stream& stream, Instance& instance, const Function& run);
  Result<void> Capture(Lane& lane, Instance& instance, std::span<const cuda::Address> addresses);
  static std::vector<Captured>::iterator Oldest(std::vector<Captured>& captured);
  bool ShallCapture(Instance& instance, std::span<const cuda::Address> addresses) const;
  /// Keeps a failed capture from being tried again; an error when more than the capture failed.
  Result<void> GiveUpCapture(const Lane& lane, Instance& instance, const Error& why);
  /// Ends the work: it gets its number, and a failure is looked at.
  Result<void> Queued(Lane& lane, Instance& instance, Result<void> result);

  const std::shared_ptr<LanePool> lanes_;
  std::shared_ptr<Engine> engine_;
  const uint64_t scratch_bytes_;
  std::vector<Port> ports_;
  size_t input_count_ = 0;
  uint64_t input_bytes_ = 0;  // of the memory for `Compute`, with gaps; the outputs follow
  uint64_t total_bytes_ = 0;
  std::atomic<bool> capture_{true};
  std::array<std::unique_ptr<Instance>, kMaxLanes> instances_;  // each guarded by its lane
  std::mutex spare_mutex_;
  std::unique_ptr<Execution> spare_;  // made with the graph, for the first lane
};

}  // namespace webnn::trt
