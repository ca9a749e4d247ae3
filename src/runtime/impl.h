#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "backends/backend.h"
#include "backends/selection.h"
#include "graph/builder_state.h"
#include "runtime/compiled_file.h"
#include "runtime/tensor_lock.h"
#include "runtime/timeline.h"
#include "webnn/context.h"

/// What stands behind the public handles. Handles, and queued work, keep these alive; a context
/// knows its graphs and tensors weakly, to end them when it is lost.
namespace webnn {

class TensorImpl {
 public:
  TensorImpl(std::shared_ptr<ContextImpl> context, const OperandDescriptor& descriptor,
             TensorOptions options, std::shared_ptr<BackendTensor> storage)
      : context(std::move(context)),
        descriptor(descriptor),
        options(options),
        storage(std::move(storage)) {}
  /// A constant: bytes that graphs refer to.
  TensorImpl(std::shared_ptr<ContextImpl> context, const OperandDescriptor& descriptor,
             ConstantData constant)
      : context(std::move(context)), descriptor(descriptor), constant(std::move(constant)) {}

  const std::shared_ptr<ContextImpl> context;
  const OperandDescriptor descriptor;
  const TensorOptions options;
  std::atomic<bool> destroyed{false};  ///< For new calls; work begun before goes on.

  TensorLock lock;  ///< Guards what follows.
  /// Null for a constant and after the end. Shared with those to whom it was exported.
  std::shared_ptr<BackendTensor> storage;
  std::optional<ConstantData> constant;
  std::optional<Error> failure;  ///< The work that should have written this tensor failed.
};

class GraphImpl {
 public:
  GraphImpl(std::shared_ptr<ContextImpl> context, std::shared_ptr<CompiledGraph> compiled,
            GraphSignature signature)
      : context(std::move(context)),
        inputs(std::move(signature.inputs)),
        outputs(std::move(signature.outputs)),
        owner_(std::move(compiled)),
        compiled_(owner_) {}

  /// Null once destroyed. A dispatch calls this, so it takes no lock.
  std::shared_ptr<CompiledGraph> compiled() const {
    if (destroyed_.load(std::memory_order_acquire)) return nullptr;
    return compiled_.lock();
  }
  void Destroy() {
    if (!destroyed_.exchange(true, std::memory_order_acq_rel)) owner_.reset();
  }

  const std::shared_ptr<ContextImpl> context;
  const std::vector<NamedDescriptor> inputs;
  const std::vector<NamedDescriptor> outputs;

 private:
  std::atomic<bool> destroyed_{false};
  std::shared_ptr<CompiledGraph> owner_;  // touched by the one call that destroys
  const std::weak_ptr<CompiledGraph> compiled_;
};

class ContextImpl : public BuilderHost, public std::enable_shared_from_this<ContextImpl> {
 public:
  ContextImpl(ContextOptions options, std::unique_ptr<Backend> backend);
  /// The walk that has led to the back end, which a fallback goes on with. Tells of what was passed
  /// over. Call once, before anybody else has the context.
  void Follow(Selection selection);

  Result<void> CheckAlive() const override;
  Result<Graph> Compile(const GraphDefinition& definition) override {
    return Compile(definition, options_.compile);
  }
  Result<Graph> Compile(const GraphDefinition& definition, const CompileOptions& options);
  Result<void> CompileToFile(const GraphDefinition& definition, const std::string& path,
                             const CompileOptions& options);
  Result<Graph> LoadCompiled(const std::string& path);
  Result<ConstantTensor> GetConstant(const Tensor& tensor) const override;

  Result<Tensor> CreateTensor(const OperandDescriptor& descriptor, TensorOptions options);
  Result<Tensor> ImportTensor(const OperandDescriptor& descriptor, const DeviceMemory& memory,
                              std::shared_ptr<void> owner, TensorOptions options);
  Result<Tensor> CreateConstantTensor(const OperandDescriptor& descriptor,
                                      std::span<const std::byte> bytes);
  Result<void> WriteTensor(const Tensor& tensor, std::span<const std::byte> bytes);
  Result<void> ReadTensor(const Tensor& tensor, std::span<std::byte> bytes);
  std::future<Result<void>> ReadTensorAsync(const Tensor& tensor, std::span<std::byte> bytes);
  Result<void> Dispatch(const Graph& graph, std::span<const NamedTensor> inputs,
                        std::span<const NamedTensor> outputs);
  Result<void> Compute(const Graph& graph, std::span<const NamedInputBytes> inputs,
                       std::span<const NamedOutputBytes> outputs);
  void Synchronize();
  /// See `Backend::WaitForStream`.
  Result<void> WaitForStream(uintptr_t stream);
  void Lose(std::string message);
  void DestroyTensor(const std::shared_ptr<TensorImpl>& tensor);

  const ContextOptions& options() const { return options_; }
  /// That of now; it lives as long as the context, also when another one takes its place.
  const Backend& backend() const { return engine().backend(); }
  std::vector<Candidate> candidates() const;
  std::vector<std::string> fallbacks() const;
  const std::shared_ptr<const ContextLimits>& limits() const { return engine().limits; }
  std::optional<ContextLostInfo> lost() const;

 private:
  /// A back end with what follows from it.
  struct Engine {
    std::unique_ptr<Backend> owner;
    std::shared_ptr<const ContextLimits> limits;
    Backend& backend() const { return *owner; }
  };
  const Engine& engine() const { return *engine_.load(std::memory_order_acquire); }
  std::unique_ptr<Engine> MakeEngine(std::unique_ptr<Backend> backend) const;
  /// Builds the graph on a later candidate and moves the context there; nothing when it has moved
  /// meanwhile, so that the build is to be tried again. `error` is what the back end `from` said,
  /// and what is returned, with more, when there is no other.
  Result<std::optional<Graph>> FallBack(const Engine& from, Error error,
                                        const GraphDefinition& definition,
                                        const CompileOptions& options);
  /// Why the context cannot leave its back end, with the mutex held; empty when it can.
  std::string WhyItStays() const;
  /// The same; if it can, and there is an engine, it does.
  std::string Move(std::unique_ptr<const Engine> engine, const Selection& selection);
  void Warn(const Selection& selection);

  /// Alive, and not there to compile into files alone.
  Result<void> CheckRuns(std::string_view call) const;
  /// What to say behind "is destroyed" where the context's loss is the reason.
  std::string Because() const;
  Result<void> CheckTensor(const Tensor& tensor, std::string_view call) const;
  Result<void> CheckRead(const Tensor& tensor, std::span<std::byte> bytes) const;
  Result<void> CheckDescriptor(const OperandDescriptor& descriptor, std::string_view call) const;
  /// The tensors of a dispatch in the graph's order, or what is wrong with them.
  Result<void> MatchTensors(const GraphImpl& graph, std::span<const NamedTensor> inputs,
                            std::span<const NamedTensor> outputs, std::span<TensorImpl*> from,
                            std::span<TensorImpl*> to) const;
  /// The graph from what the engine's back end gave for it; nothing when the context has moved to
  /// another one meanwhile; InvalidState when it is lost.
  Result<std::optional<Graph>> Adopt(const Engine& engine, std::shared_ptr<CompiledGraph> compiled,
                                     GraphSignature signature);
  /// False when the context has moved away from the engine that the tensor is of (null: of none).
  bool Own(const std::shared_ptr<TensorImpl>& tensor, const Engine* engine);
  /// The tensor from what `make` (a `Backend&` to its storage) gives.
  template <class Make>
  Result<Tensor> MakeTensor(const OperandDescriptor& descriptor, TensorOptions options,
                            const Make& make);
  using ReadPromise = std::shared_ptr<std::promise<Result<void>>>;
  /// Reads where that may wait without anybody's waiting for it; the promise gets the result.
  void BeginRead(const Tensor& tensor, std::span<std::byte> bytes, const ReadPromise& promise);
  /// Loses the context when the failure was the device's end.
  template <class T>
  Result<T> Noting(Result<T> result);

  const ContextOptions options_;
  std::atomic<const Engine*> engine_;

  std::atomic<bool> is_lost_{false};
  mutable std::mutex mutex_;  // guards what follows
  std::optional<ContextLostInfo> lost_;
  std::vector<std::weak_ptr<TensorImpl>> tensors_;
  std::vector<std::weak_ptr<GraphImpl>> graphs_;
  // That of now is the last. Calls may still be in an earlier one.
  std::vector<std::unique_ptr<const Engine>> engines_;
  std::vector<Candidate> candidates_;
  std::vector<std::string> fallbacks_;

  std::mutex fallback_mutex_;  // one build at a time looks for another back end; guards:
  std::optional<Selection> selection_;

  std::unique_ptr<Timeline> timeline_;  // null: work runs in the caller's thread
  std::once_flag reader_once_;
  // Waits for the device in the place of those who read; made by the first of them.
  std::atomic<Timeline*> reader_{nullptr};
  std::unique_ptr<Timeline> reader_owner_;
};

template <class T>
Result<T> ContextImpl::Noting(Result<T> result) {
  if (!result) {
    if (std::optional<std::string> why = engine().backend().lost()) Lose(*std::move(why));
  }
  return result;
}

}  // namespace webnn
