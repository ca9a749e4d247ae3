#include "backends/tensorrt/execution.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "backends/tensorrt/tensor.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::trt {
namespace {

constexpr size_t kMaxCaptured = 8;
// A capture costs as much as hundreds of launches. A graph that has run within so many runs keeps
// its place, so that more sets of addresses in turn than there are places do not push each other
// out: the others run plain.
constexpr uint64_t kInUse = 64;
// After a capture that had no room, so many runs go plain.
constexpr uint64_t kWithoutRoom = 1000;
// What `Compute` copies in one piece; more is copied while the processor fills the next piece.
constexpr uint64_t kWholeBytes = uint64_t{1} << 20;
// From here on the copies are part of the CUDA graph, which saves 1 us of 38. Small ones are better
// beside it: inside they take 6 us of 12 more in every other process.
constexpr uint64_t kInGraphBytes = uint64_t{64} << 10;
constexpr uint64_t kAlignment = 256;

uint64_t AlignUp(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

uint64_t BitsOf(lowering::Element element) {
  using lowering::Element;
  switch (element) {
    case Element::kUint4:
    case Element::kInt4:
      return 4;
    case Element::kUint8:
    case Element::kInt8:
    case Element::kBool:
      return 8;
    case Element::kUint16:
    case Element::kInt16:
    case Element::kFloat16:
    case Element::kBfloat16:
      return 16;
    case Element::kFloat:
    case Element::kInt32:
    case Element::kUint32:
      return 32;
    case Element::kInt64:
    case Element::kUint64:
    case Element::kDouble:
      return 64;
    case Element::kNone:
      break;
  }
  return 0;
}

uint64_t BytesOf(const Binding& binding) {
  uint64_t count = 1;
  for (int64_t size : binding.sizes) count *= static_cast<uint64_t>(size);
  return (count * BitsOf(binding.element) + 7) / 8;
}

uint64_t HashOf(std::span<const cuda::Address> addresses) {
  uint64_t hash = 1;
  for (cuda::Address address : addresses) {
    hash = (hash ^ address) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  return hash | 1;  // 0 is an empty place
}

bool Same(std::span<const cuda::Address> a, std::span<const cuda::Address> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// The kind of a failed allocation while a graph runs.
Error AtDispatch(Error error, std::string_view what) {
  if (error.code == ErrorCode::kUnknown) error.code = ErrorCode::kOperation;
  error.message = fmt::format("tensorrt: {}: {}", what, error.message);
  return error;
}

}  // namespace

// ---- Making. ----

Result<void> EngineGraph::AddPorts(const std::vector<std::string>& names, bool is_input) {
  const std::vector<Binding>& bindings = engine_->bindings();
  for (const std::string& name : names) {
    const auto found = std::find_if(bindings.begin(), bindings.end(), [&](const Binding& one) {
      return one.name == name && one.is_input == is_input;
    });
    if (found == bindings.end()) {
      return OperationError("tensorrt: the engine has no {} \"{}\"", is_input ? "input" : "output",
                            name);
    }
    Port port;
    port.name = name;
    port.binding = static_cast<size_t>(found - bindings.begin());
    port.bytes = BytesOf(*found);
    port.offset = total_bytes_;
    total_bytes_ += AlignUp(port.bytes);
    ports_.push_back(std::move(port));
  }
  return {};
}

Result<std::unique_ptr<CompiledGraph>> EngineGraph::Create(
    std::shared_ptr<LanePool> lanes, std::shared_ptr<Engine> engine,
    const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  const cuda::Scope scope(lanes->device());
  std::unique_ptr<EngineGraph> graph(new EngineGraph(std::move(lanes), std::move(engine)));
  WEBNN_RETURN_IF_ERROR(graph->AddPorts(inputs, true));
  graph->input_count_ = inputs.size();
  graph->input_bytes_ = graph->total_bytes_;
  WEBNN_RETURN_IF_ERROR(graph->AddPorts(outputs, false));
  if (graph->ports_.size() != graph->engine_->bindings().size()) {
    return OperationError("tensorrt: the engine has {} inputs and outputs, the graph has {}",
                          graph->engine_->bindings().size(), graph->ports_.size());
  }
  // Made now, so that what it lacks is an error of the compilation.
  WEBNN_ASSIGN_OR_RETURN(graph->spare_, graph->engine_->CreateExecution());
  return std::unique_ptr<CompiledGraph>(std::move(graph));
}

EngineGraph::~EngineGraph() {
  const cuda::Scope scope(lanes_->device());
  for (size_t i = 0; i < instances_.size(); ++i) {
    if (instances_[i] == nullptr) continue;
    // Where this fails the device is lost, and nothing runs.
    (void)lanes_->lane(i)->Finish(instances_[i]->number);
    instances_[i].reset();
  }
  spare_.reset();
  engine_.reset();
}

// ---- What every run needs. ----

Result<EngineGraph::Instance*> EngineGraph::Prepare(Lane& lane) {
  std::unique_ptr<Instance>& place = instances_[lane.index()];
  if (place == nullptr) {
    auto instance = std::make_unique<Instance>();
    {
      const std::lock_guard lock(spare_mutex_);
      instance->execution = std::move(spare_);
    }
    if (instance->execution == nullptr) {
      WEBNN_ASSIGN_OR_RETURN(instance->execution, engine_->CreateExecution());
    }
    instance->addresses.resize(ports_.size());
    instance->bound.resize(ports_.size());
    instance->captured.reserve(kMaxCaptured);
    place = std::move(instance);
  }
  if (scratch_bytes_ != 0 &&
      (place->scratch == nullptr || place->scratch.get() != lane.scratch())) {
    WEBNN_RETURN_IF_ERROR(Rescratch(lane, *place));
  }
  return place.get();
}

Result<void> EngineGraph::Rescratch(Lane& lane, Instance& instance) {
  Result<std::shared_ptr<cuda::DeviceBuffer>> scratch = lane.Scratch(scratch_bytes_);
  if (!scratch) return AtDispatch(scratch.error(), "scratch memory of the engine");
  // What was captured holds the old memory, and so does work under way.
  WEBNN_RETURN_IF_ERROR(lane.Finish(instance.number));
  instance.captured.clear();
  instance.whole = {};
  instance.warm = false;
  instance.scratch = nullptr;
  WEBNN_RETURN_IF_ERROR(instance.execution->SetScratch((*scratch)->handle(), (*scratch)->bytes()));
  instance.scratch = *std::move(scratch);
  return {};
}

Result<void> EngineGraph::Bind(Instance& instance, std::span<const cuda::Address> addresses) {
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (instance.bound[i] == addresses[i]) continue;
    WEBNN_RETURN_IF_ERROR(instance.execution->SetAddress(ports_[i].binding, addresses[i]));
    instance.bound[i] = addresses[i];
  }
  return {};
}

Result<void> EngineGraph::Queued(Lane& lane, Instance& instance, Result<void> result) {
  instance.number = lane.next();
  lane.Queued();
  // The engine's own message says nothing of the device's state.
  if (!result) lanes_->device().Probe(lane.stream());
  return result;
}

// ---- CUDA graphs. ----

std::vector<EngineGraph::Captured>::iterator EngineGraph::Oldest(std::vector<Captured>& captured) {
  return std::min_element(captured.begin(), captured.end(),
                          [](const Captured& a, const Captured& b) { return a.used < b.used; });
}

Result<void> EngineGraph::GiveUpCapture(const Lane& lane, Instance& instance, const Error& why) {
  const cuda::Device& device = lanes_->device();
  device.Probe(lane.stream());
  if (device.lost()) return why;
  if (why.code == ErrorCode::kUnknown) {
    instance.capture_from = instance.clock + kWithoutRoom;  // there may be room by then
    return {};
  }
  if (capture_.exchange(false)) {
    lanes_->Log(LogLevel::kWarning,
                fmt::format("tensorrt: the engine runs without a CUDA graph, which costs time at "
                            "each dispatch; it could not be captured: {}",
                            why.message));
  }
  return {};
}

// At the second use of the same addresses: those that come but once are not worth it. TensorRT
// wants an execution to have run before, which the first use has done.
bool EngineGraph::ShallCapture(Instance& instance, std::span<const cuda::Address> addresses) const {
  const uint64_t hash = HashOf(addresses);
  if (std::find(instance.seen.begin(), instance.seen.end(), hash) == instance.seen.end()) {
    instance.seen[instance.next_seen] = hash;
    instance.next_seen = (instance.next_seen + 1) % instance.seen.size();
    return false;
  }
  if (!capture_.load(std::memory_order_relaxed) || !instance.warm ||
      instance.clock < instance.capture_from) {
    return false;
  }
  return instance.captured.size() < kMaxCaptured ||
         instance.clock - Oldest(instance.captured)->used > kInUse;
}

Result<void> EngineGraph::Capture(Lane& lane, Instance& instance,
                                  std::span<const cuda::Address> addresses) {
  WEBNN_ASSIGN_OR_RETURN(cuda::GraphExec graph, lanes_->Capture([&](const cuda::Stream& stream) {
    return instance.execution->Enqueue(stream.handle());
  }));
  if (instance.captured.size() == kMaxCaptured) {
    const auto oldest = Oldest(instance.captured);
    WEBNN_RETURN_IF_ERROR(lane.Finish(oldest->number));
    instance.captured.erase(oldest);
  }
  Captured captured;
  captured.addresses.assign(addresses.begin(), addresses.end());
  captured.graph = std::move(graph);
  instance.captured.push_back(std::move(captured));
  return {};
}

Result<void> EngineGraph::Launch(Lane& lane, Instance& instance,
                                 std::span<const cuda::Address> addresses) {
  ++instance.clock;
  const auto launch = [&](Captured& captured) {
    captured.used = instance.clock;
    captured.number = lane.next();
    return lane.stream().Launch(captured.graph);
  };
  for (Captured& captured : instance.captured) {
    if (Same(captured.addresses, addresses)) return launch(captured);
  }
  WEBNN_RETURN_IF_ERROR(Bind(instance, addresses));
  if (ShallCapture(instance, addresses)) {
    Result<void> captured = Capture(lane, instance, addresses);
    if (captured) return launch(instance.captured.back());
    WEBNN_RETURN_IF_ERROR(GiveUpCapture(lane, instance, captured.error()));
  }
  WEBNN_RETURN_IF_ERROR(instance.execution->Enqueue(lane.stream().handle()));
  instance.warm = true;
  return {};
}

// ---- Run. ----

Result<void> EngineGraph::Run(std::span<BackendTensor* const> inputs,
                              std::span<BackendTensor* const> outputs) {
  const cuda::Scope scope(lanes_->device());
  Lane& lane = lanes_->Mine();
  const std::lock_guard queue(lane.queue_mutex);
  WEBNN_ASSIGN_OR_RETURN(Instance * instance, Prepare(lane));
  for (size_t i = 0; i < ports_.size(); ++i) {
    // The context has seen to it that they are of this back end.
    auto& tensor = static_cast<Tensor&>(i < input_count_ ? *inputs[i] : *outputs[i - input_count_]);
    if (tensor.bytes() != ports_[i].bytes) {
      return OperationError("tensorrt: the engine takes {} bytes for \"{}\"; the tensor has {}",
                            ports_[i].bytes, ports_[i].name, tensor.bytes());
    }
    instance->addresses[i] = tensor.address();
    WEBNN_RETURN_IF_ERROR(i < input_count_ ? tensor.uses().BeforeRead(lane)
                                           : tensor.uses().BeforeWrite(*lanes_, lane));
  }
  Result<void> result = Launch(lane, *instance, instance->addresses);
  const uint64_t number = lane.next();
  for (BackendTensor* input : inputs) static_cast<Tensor*>(input)->uses().AfterRead(lane, number);
  for (BackendTensor* output : outputs) {
    static_cast<Tensor*>(output)->uses().AfterWrite(lane, number);
  }
  return Queued(lane, *instance, std::move(result));
}

// ---- Compute. ----

Result<void> EngineGraph::PrepareCompute(Lane& lane, Instance& instance) {
  if (!instance.memory) {
    Result<cuda::DeviceBuffer> memory = cuda::DeviceBuffer::Allocate(lane.device(), total_bytes_);
    if (!memory) return AtDispatch(memory.error(), "memory for inputs and outputs");
    instance.memory = *std::move(memory);
    instance.places.clear();
    for (const Port& port : ports_) {
      instance.places.push_back(instance.memory.handle() + port.offset);
    }
  }
  if (total_bytes_ <= kWholeBytes && !instance.host) {
    Result<cuda::PinnedBuffer> host = cuda::PinnedBuffer::Allocate(lane.device(), total_bytes_);
    if (!host) return AtDispatch(host.error(), "staging for inputs and outputs");
    instance.host = *std::move(host);
  }
  return {};
}

// Inputs lie one after another on both sides, and so do outputs: one copy each.
template <class Function>
Result<void> EngineGraph::CopyAround(const cuda::Stream& stream, Instance& instance,
                                     const Function& run) {
  const cuda::Address memory = instance.memory.handle();
  std::byte* const host = instance.host.data();
  if (input_bytes_ > 0) {
    WEBNN_RETURN_IF_ERROR(stream.CopyToDevice(memory, host, input_bytes_));
  }
  WEBNN_RETURN_IF_ERROR(run());
  return stream.CopyToHost(host + input_bytes_, memory + input_bytes_, total_bytes_ - input_bytes_);
}

Result<void> EngineGraph::LaunchWhole(Lane& lane, Instance& instance) {
  if (total_bytes_ < kInGraphBytes) {
    return CopyAround(lane.stream(), instance,
                      [&] { return Launch(lane, instance, instance.places); });
  }
  const auto copy_whole = [&](const cuda::Stream& stream) {
    return CopyAround(stream, instance,
                      [&] { return instance.execution->Enqueue(stream.handle()); });
  };
  ++instance.clock;
  if (!instance.whole) {
    WEBNN_RETURN_IF_ERROR(Bind(instance, instance.places));
    if (!instance.warm || !capture_.load(std::memory_order_relaxed) ||
        instance.clock < instance.capture_from) {
      WEBNN_RETURN_IF_ERROR(copy_whole(lane.stream()));
      instance.warm = true;
      return {};
    }
    Result<cuda::GraphExec> whole = lanes_->Capture(copy_whole);
    if (!whole) {
      WEBNN_RETURN_IF_ERROR(GiveUpCapture(lane, instance, whole.error()));
      return copy_whole(lane.stream());
    }
    instance.whole = *std::move(whole);
  }
  return lane.stream().Launch(instance.whole);
}

Result<void> EngineGraph::Compute(std::span<const std::span<const std::byte>> inputs,
                                  std::span<const std::span<std::byte>> outputs) {
  const cuda::Device& device = lanes_->device();
  const cuda::Scope scope(device);
  for (size_t i = 0; i < ports_.size(); ++i) {
    const uint64_t bytes = i < input_count_ ? inputs[i].size() : outputs[i - input_count_].size();
    if (bytes != ports_[i].bytes) {
      return OperationError("tensorrt: the engine takes {} bytes for \"{}\"; given are {}",
                            ports_[i].bytes, ports_[i].name, bytes);
    }
  }
  Lane& lane = lanes_->Mine();
  const std::lock_guard staging(lane.staging_mutex);
  std::unique_lock queue(lane.queue_mutex);
  WEBNN_ASSIGN_OR_RETURN(Instance * instance, Prepare(lane));
  WEBNN_RETURN_IF_ERROR(PrepareCompute(lane, *instance));
  if (total_bytes_ <= kWholeBytes) {
    std::byte* const host = instance->host.data();
    for (size_t i = 0; i < input_count_; ++i) {
      std::memcpy(host + ports_[i].offset, inputs[i].data(), inputs[i].size());
    }
    WEBNN_RETURN_IF_ERROR(Queued(lane, *instance, LaunchWhole(lane, *instance)));
    queue.unlock();
    WEBNN_RETURN_IF_ERROR(lane.FinishAll());
    for (size_t i = 0; i < outputs.size(); ++i) {
      std::memcpy(outputs[i].data(), host + ports_[input_count_ + i].offset, outputs[i].size());
    }
    return {};
  }
  // Others may put work into the stream while this copies.
  queue.unlock();
  Result<void> result;
  for (size_t i = 0; i < input_count_ && result; ++i) {
    result = lane.staging.Upload(device, lane.stream(), instance->places[i], inputs[i]);
  }
  queue.lock();
  if (result) {
    // Once more: another graph may have taken larger scratch memory.
    Result<Instance*> prepared = Prepare(lane);
    result = prepared ? Launch(lane, *instance, instance->places) : prepared.error();
  }
  WEBNN_RETURN_IF_ERROR(Queued(lane, *instance, std::move(result)));
  queue.unlock();
  for (size_t i = 0; i < outputs.size(); ++i) {
    result = lane.staging.Download(device, lane.stream(), outputs[i],
                                   instance->places[input_count_ + i]);
    if (!result) {
      (void)lane.stream().Synchronize();  // nothing may write to the caller's memory afterwards
      return result;
    }
  }
  return {};
}

}  // namespace webnn::trt
