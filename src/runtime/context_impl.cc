#include <algorithm>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "runtime/impl.h"

namespace webnn {
namespace {

// The limits of the specification, narrowed to what the back end can do.
std::shared_ptr<const ContextLimits> MakeLimits(const ContextOptions& options,
                                                const Backend& backend) {
  auto limits = std::make_shared<ContextLimits>(SpecificationLimits(backend.max_rank()));
  limits->max_tensor_byte_length = options.max_tensor_byte_length;
  const auto narrow = [](TensorLimits& ours, const TensorLimits& delta) {
    ours.data_types = ours.data_types & delta.data_types;
    ours.rank_range.min = std::max(ours.rank_range.min, delta.rank_range.min);
    ours.rank_range.max = std::min(ours.rank_range.max, delta.rank_range.max);
  };
  for (const LimitDelta& delta : backend.deltas()) {
    for (size_t i = 0; i < limits->ops.size(); ++i) {
      const OpSchema& schema = *AllOps()[i];
      if (!delta.op.empty() && delta.op != schema.name) continue;
      for (size_t k = 0; k < schema.fields.size(); ++k) {
        if (delta.operand.empty() || delta.operand == schema.fields[k].name) {
          narrow(limits->ops[i].fields[k], delta.limits);
        }
      }
      for (size_t k = 0; k < schema.outputs.size(); ++k) {
        if (delta.operand.empty() || delta.operand == schema.outputs[k].name) {
          narrow(limits->ops[i].outputs[k], delta.limits);
        }
      }
    }
  }
  return limits;
}

// A list of plain values without allocation for the usual sizes, which a dispatch makes several of:
// only what is used is initialised.
template <class T>
class SmallList {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit SmallList(size_t size) : size_(size) {
    if (size > kSmall) {
      large_.resize(size);
    } else {
      std::uninitialized_value_construct_n(small, size);
    }
  }
  SmallList(const SmallList&) = delete;
  SmallList& operator=(const SmallList&) = delete;

  T* data() { return size_ > kSmall ? large_.data() : small; }
  T& operator[](size_t i) { return data()[i]; }
  size_t size() const { return size_; }
  std::span<T> span() { return {data(), size_}; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }

 private:
  static constexpr size_t kSmall = 16;
  size_t size_;
  union {
    T small[kSmall];
  };
  std::vector<T> large_;
};

// Place of `name`; the hint is where it is when the caller keeps the declared order.
size_t FindName(const std::vector<NamedDescriptor>& declared, std::string_view name, size_t hint) {
  if (hint < declared.size() && declared[hint].name == name) return hint;
  for (size_t i = 0; i < declared.size(); ++i) {
    if (declared[i].name == name) return i;
  }
  return declared.size();
}

std::string Names(const std::vector<NamedDescriptor>& declared) {
  std::string names;
  for (const NamedDescriptor& one : declared) {
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", one.name);
  }
  return names.empty() ? "none" : names;
}

// The records of a call in the graph's order: every declared name once, each value checked.
template <class Record, class Item, class Check>
Result<void> MatchNames(std::string_view call, std::string_view kind,
                        const std::vector<NamedDescriptor>& declared, std::span<const Record> given,
                        std::span<Item> matched, Check check) {
  if (given.size() != declared.size()) {
    return TypeError("{}: {} {} given; the graph has {}: {}", call, given.size(),
                     given.size() == 1 ? fmt::format("{} is", kind) : fmt::format("{}s are", kind),
                     declared.size(), Names(declared));
  }
  SmallList<char> seen(declared.size());
  for (size_t i = 0; i < given.size(); ++i) {
    const size_t place = FindName(declared, given[i].first, i);
    if (place == declared.size()) {
      return TypeError("{}: the graph has no {} \"{}\"; it has {}", call, kind, given[i].first,
                       Names(declared));
    }
    if (seen[place]) {
      return TypeError("{}: {} \"{}\" is given twice", call, kind, given[i].first);
    }
    seen[place] = 1;
    WEBNN_RETURN_IF_ERROR(check(declared[place], given[i].second, matched[place]));
  }
  return {};
}

// A tensor that a dispatch reads or writes.
struct TensorUse {
  TensorImpl* tensor = nullptr;
  bool write = false;
};

// As ==, without a call for the short names that most graphs have.
bool SameName(std::string_view a, std::string_view b) {
  constexpr size_t kShort = 8;
  if (a.size() != b.size()) return false;
  if (a.size() > kShort) return a == b;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

// The usual dispatch, checked in one pass: all names in the declared order, all tensors of this
// context, alive and as declared. False means that the general checks have to decide.
bool MatchAtOnce(const ContextImpl& context, const std::vector<NamedDescriptor>& declared,
                 std::span<const NamedTensor> given, SmallList<TensorImpl*>& matched) {
  if (given.size() != declared.size()) return false;
  for (size_t i = 0; i < given.size(); ++i) {
    TensorImpl& tensor = *given[i].second.impl();
    if (!SameName(declared[i].name, given[i].first) || tensor.context.get() != &context ||
        tensor.destroyed.load(std::memory_order_acquire) || tensor.constant ||
        tensor.descriptor != declared[i].descriptor) {
      return false;
    }
    matched[i] = &tensor;
  }
  return true;
}

// The locks of one dispatch, taken in the order of addresses so that two dispatches cannot wait for
// each other. Outputs are written, inputs read.
class DispatchLocks {
 public:
  /// `uses` are sorted by address.
  explicit DispatchLocks(std::span<const TensorUse> uses) : uses_(uses) {
    for (const TensorUse& use : uses_) {
      use.write ? use.tensor->lock.Lock() : use.tensor->lock.LockShared();
    }
  }
  ~DispatchLocks() {
    for (const TensorUse& use : uses_) {
      use.write ? use.tensor->lock.Unlock() : use.tensor->lock.UnlockShared();
    }
  }
  DispatchLocks(const DispatchLocks&) = delete;
  DispatchLocks& operator=(const DispatchLocks&) = delete;

 private:
  const std::span<const TensorUse> uses_;
};

// Runs with the tensors locked for its whole length. A tensor that ended since the call was checked
// is an error; work that failed leaves its error in the outputs, for those who read them.
Result<void> RunLocked(CompiledGraph& compiled, std::span<const TensorUse> uses,
                       std::span<TensorImpl* const> inputs, std::span<TensorImpl* const> outputs) {
  const DispatchLocks locks(uses);
  SmallList<BackendTensor*> from(inputs.size());
  SmallList<BackendTensor*> to(outputs.size());
  const Error* failure = nullptr;
  for (size_t i = 0; i < inputs.size(); ++i) {
    from[i] = inputs[i]->storage.get();
    if (inputs[i]->failure) failure = &*inputs[i]->failure;
  }
  for (size_t i = 0; i < outputs.size(); ++i) to[i] = outputs[i]->storage.get();
  Result<void> result;
  if (std::count(from.begin(), from.end(), nullptr) + std::count(to.begin(), to.end(), nullptr)) {
    result = TypeError("dispatch: a tensor was destroyed");
  } else if (failure) {
    result = *failure;
  } else {
    result = compiled.Run(from.span(), to.span());
  }
  for (TensorImpl* output : outputs) {
    if (!result) {
      output->failure = result.error();
    } else if (output->failure) {
      output->failure.reset();
    }
  }
  return result;
}

// With the tensor's lock shared.
Result<void> ReadLocked(TensorImpl& tensor, std::span<std::byte> bytes) {
  Result<void> result;
  if (tensor.failure) {
    result = *tensor.failure;
  } else if (!tensor.storage || tensor.destroyed.load(std::memory_order_acquire)) {
    // A read that waited while the tensor was destroyed is aborted.
    result = InvalidState("readTensor: the tensor was destroyed");
  } else {
    result = tensor.storage->Read(bytes);
  }
  return result;
}

Result<void> ReadNow(TensorImpl& tensor, std::span<std::byte> bytes) {
  tensor.lock.LockShared();
  Result<void> result = ReadLocked(tensor, bytes);
  tensor.lock.UnlockShared();
  return result;
}

bool Overlap(std::span<const std::byte> a, std::span<const std::byte> b) {
  const std::less<> before;
  return before(a.data(), b.data() + b.size()) && before(b.data(), a.data() + a.size());
}

}  // namespace

ContextImpl::ContextImpl(ContextOptions options, std::unique_ptr<Backend> backend)
    : options_(std::move(options)) {
  candidates_.push_back({.backend = std::string(backend->name()),
                         .state = CandidateState::kChosen,
                         .device = backend->device(),
                         .version = backend->version(),
                         .reason = "given"});
  engines_.push_back(MakeEngine(std::move(backend)));
  engine_.store(engines_.back().get(), std::memory_order_release);
  if (options_.queued) timeline_ = std::make_unique<Timeline>();
}

std::unique_ptr<ContextImpl::Engine> ContextImpl::MakeEngine(
    std::unique_ptr<Backend> backend) const {
  auto limits = MakeLimits(options_, *backend);
  return std::make_unique<Engine>(Engine{std::move(backend), std::move(limits)});
}

std::optional<ContextLostInfo> ContextImpl::lost() const {
  std::lock_guard lock(mutex_);
  return lost_;
}

std::vector<Candidate> ContextImpl::candidates() const {
  std::lock_guard lock(mutex_);
  return candidates_;
}

std::vector<std::string> ContextImpl::fallbacks() const {
  std::lock_guard lock(mutex_);
  return fallbacks_;
}

Result<void> ContextImpl::CheckAlive() const {
  if (!is_lost_.load(std::memory_order_acquire)) return {};
  return InvalidState("the context is lost: {}", lost()->message);
}

Result<void> ContextImpl::CheckRuns(std::string_view call) const {
  WEBNN_RETURN_IF_ERROR(CheckAlive());
  if (!options_.compile_only) return {};
  return NotSupported(
      "{}: this context compiles into files and does nothing else (ContextOptions::compile_only); "
      "make one without that on the device that is to run the graph",
      call);
}

std::string ContextImpl::Because() const {
  if (!is_lost_.load(std::memory_order_acquire)) return {};
  return fmt::format(", since the context is lost: {}", lost()->message);
}

Result<void> ContextImpl::CheckDescriptor(const OperandDescriptor& descriptor,
                                          std::string_view call) const {
  const Engine& engine = this->engine();
  if (descriptor.rank() > engine.backend().max_rank()) {
    return TypeError("{}: {} has rank {}; supported are ranks up to {}", call, ToString(descriptor),
                     descriptor.rank(), engine.backend().max_rank());
  }
  if (descriptor.byte_length() > engine.limits->max_tensor_byte_length) {
    return TypeError("{}: {} takes {} bytes; the limit of this context (maxTensorByteLength) is {}",
                     call, ToString(descriptor), descriptor.byte_length(),
                     engine.limits->max_tensor_byte_length);
  }
  return {};
}

Result<void> ContextImpl::CheckTensor(const Tensor& tensor, std::string_view call) const {
  if (tensor.impl()->context.get() != this) {
    return TypeError("{}: the tensor belongs to another context", call);
  }
  if (tensor.impl()->destroyed.load(std::memory_order_acquire)) {
    return TypeError("{}: the tensor is destroyed{}", call, Because());
  }
  return {};
}

// ---- Graphs. ----

Result<Graph> ContextImpl::Compile(const GraphDefinition& definition,
                                   const CompileOptions& options) {
  WEBNN_RETURN_IF_ERROR(CheckRuns("compile"));
  for (;;) {
    const Engine& engine = this->engine();
    auto compiled = engine.backend().Compile(definition.data(), options);
    Result<std::optional<Graph>> graph =
        compiled ? Adopt(engine, *std::move(compiled), {definition.inputs(), definition.outputs()})
                 : FallBack(engine, std::move(compiled.error()), definition, options);
    if (!graph) return std::move(graph.error());
    if (*graph) return **std::move(graph);
  }
}

Result<std::optional<Graph>> ContextImpl::Adopt(const Engine& engine,
                                                std::shared_ptr<CompiledGraph> compiled,
                                                GraphSignature signature) {
  auto graph =
      std::make_shared<GraphImpl>(shared_from_this(), std::move(compiled), std::move(signature));
  std::lock_guard lock(mutex_);
  if (lost_)
    return InvalidState("the context was lost while the graph was built: {}", lost_->message);
  if (&engine != engines_.back().get()) return std::optional<Graph>();
  std::erase_if(graphs_, [](const auto& known) { return known.expired(); });
  graphs_.push_back(graph);
  return std::optional<Graph>(Graph(std::move(graph)));
}

Result<void> ContextImpl::CompileToFile(const GraphDefinition& definition, const std::string& path,
                                        const CompileOptions& options) {
  WEBNN_RETURN_IF_ERROR(CheckAlive());
  // First: nobody wants to compile for minutes into a file that cannot be written.
  WEBNN_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  WEBNN_ASSIGN_OR_RETURN(const CompiledBytes compiled,
                         Noting(engine().backend().CompileToBytes(*definition.data(), options)));
  WEBNN_RETURN_IF_ERROR(
      WriteCompiledFile(file, {definition.inputs(), definition.outputs()}, compiled));
  return file.Commit();
}

Result<Graph> ContextImpl::LoadCompiled(const std::string& path) {
  WEBNN_RETURN_IF_ERROR(CheckRuns("loadCompiled"));
  WEBNN_ASSIGN_OR_RETURN(CompiledFile file, ReadCompiledFile(path));
  const std::string maker = file.compiled.key.Find("backend")->value;
  const Engine& engine = this->engine();
  if (maker != engine.backend().name()) {
    return NotSupported(
        "\"{}\" was compiled by {}, and this context is of {}; load it with a context of the back "
        "end \"{}\", or compile the model for \"{}\"",
        path, MakerOf(file.compiled.key), engine.backend().name(), maker, engine.backend().name());
  }
  for (const auto* list : {&file.signature.inputs, &file.signature.outputs}) {
    for (const auto& [name, descriptor] : *list) {
      WEBNN_RETURN_IF_ERROR(CheckDescriptor(descriptor, "loadCompiled"));
    }
  }
  auto compiled = Noting(engine.backend().Load(std::move(file.compiled)));
  if (!compiled) {
    compiled.error().message = fmt::format("\"{}\": {}", path, compiled.error().message);
    return std::move(compiled.error());
  }
  WEBNN_ASSIGN_OR_RETURN(std::optional<Graph> graph,
                         Adopt(engine, *std::move(compiled), std::move(file.signature)));
  if (graph) return *std::move(graph);
  return InvalidState(
      "loadCompiled: the context went on to another back end while \"{}\" was loaded", path);
}

Result<void> ContextImpl::MatchTensors(const GraphImpl& graph, std::span<const NamedTensor> inputs,
                                       std::span<const NamedTensor> outputs,
                                       std::span<TensorImpl*> from,
                                       std::span<TensorImpl*> to) const {
  for (std::span<const NamedTensor> records : {inputs, outputs}) {
    for (const NamedTensor& record : records) {
      WEBNN_RETURN_IF_ERROR(CheckTensor(record.second, "dispatch"));
    }
  }
  const auto check = [](const NamedDescriptor& declared, const Tensor& tensor,
                        TensorImpl*& matched) -> Result<void> {
    if (tensor.constant()) {
      return TypeError("dispatch: \"{}\" is a constant tensor", declared.name);
    }
    if (tensor.descriptor() != declared.descriptor) {
      return TypeError("dispatch: the tensor for \"{}\" is {}; the graph needs {}", declared.name,
                       ToString(tensor.descriptor()), ToString(declared.descriptor));
    }
    matched = tensor.impl().get();
    return {};
  };
  WEBNN_RETURN_IF_ERROR(MatchNames("dispatch", "input", graph.inputs, inputs, from, check));
  return MatchNames("dispatch", "output", graph.outputs, outputs, to, check);
}

Result<void> ContextImpl::Dispatch(const Graph& graph, std::span<const NamedTensor> inputs,
                                   std::span<const NamedTensor> outputs) {
  GraphImpl& impl = *graph.impl();
  if (impl.context.get() != this) {
    return TypeError("dispatch: the graph belongs to another context");
  }
  std::shared_ptr<CompiledGraph> compiled = impl.compiled();
  if (!compiled) return InvalidState("dispatch: the graph is destroyed{}", Because());

  SmallList<TensorUse> uses(inputs.size() + outputs.size());
  size_t count = 0;
  for (const NamedTensor& input : inputs) uses[count++] = {input.second.impl().get(), false};
  for (const NamedTensor& output : outputs) uses[count++] = {output.second.impl().get(), true};
  std::sort(uses.begin(), uses.end(), [](const TensorUse& a, const TensorUse& b) {
    return std::less<>()(a.tensor, b.tensor);
  });
  const auto same = [](const TensorUse& a, const TensorUse& b) { return a.tensor == b.tensor; };
  if (std::adjacent_find(uses.begin(), uses.end(), same) != uses.end()) {
    return TypeError("dispatch: a tensor is given twice");
  }
  SmallList<TensorImpl*> from(impl.inputs.size());
  SmallList<TensorImpl*> to(impl.outputs.size());
  if (!MatchAtOnce(*this, impl.inputs, inputs, from) ||
      !MatchAtOnce(*this, impl.outputs, outputs, to)) {
    WEBNN_RETURN_IF_ERROR(MatchTensors(impl, inputs, outputs, from.span(), to.span()));
  }
  if (!timeline_) return Noting(RunLocked(*compiled, uses.span(), from.span(), to.span()));

  // Queued work keeps what it uses; it leaves its errors in the outputs.
  std::vector<Tensor> kept;
  for (std::span<const NamedTensor> records : {inputs, outputs}) {
    for (const NamedTensor& record : records) kept.push_back(record.second);
  }
  std::vector<TensorUse> queued_uses(uses.begin(), uses.end());
  std::vector<TensorImpl*> queued_from(from.begin(), from.end());
  std::vector<TensorImpl*> queued_to(to.begin(), to.end());
  timeline_->Enqueue([this, compiled = std::move(compiled), kept = std::move(kept),
                      queued_uses = std::move(queued_uses), queued_from = std::move(queued_from),
                      queued_to = std::move(queued_to)] {
    (void)Noting(RunLocked(*compiled, queued_uses, queued_from, queued_to));
  });
  return {};
}

Result<void> ContextImpl::Compute(const Graph& graph, std::span<const NamedInputBytes> inputs,
                                  std::span<const NamedOutputBytes> outputs) {
  GraphImpl& impl = *graph.impl();
  if (impl.context.get() != this) {
    return TypeError("compute: the graph belongs to another context");
  }
  const std::shared_ptr<CompiledGraph> compiled = impl.compiled();
  if (!compiled) return InvalidState("compute: the graph is destroyed{}", Because());
  const auto check = [](const NamedDescriptor& declared, auto bytes,
                        auto& matched) -> Result<void> {
    if (bytes.size() != declared.descriptor.byte_length()) {
      return TypeError("compute: \"{}\" has {} bytes; {} needs {}", declared.name, bytes.size(),
                       ToString(declared.descriptor), declared.descriptor.byte_length());
    }
    matched = bytes;
    return {};
  };
  SmallList<std::span<const std::byte>> from(impl.inputs.size());
  SmallList<std::span<std::byte>> to(impl.outputs.size());
  WEBNN_RETURN_IF_ERROR(MatchNames("compute", "input", impl.inputs, inputs, from.span(), check));
  WEBNN_RETURN_IF_ERROR(MatchNames("compute", "output", impl.outputs, outputs, to.span(), check));
  for (size_t i = 0; i < to.size(); ++i) {
    for (size_t k = 0; k < from.size(); ++k) {
      if (Overlap(to[i], from[k])) {
        return TypeError("compute: the memory of output \"{}\" overlaps that of input \"{}\"",
                         impl.outputs[i].name, impl.inputs[k].name);
      }
    }
    for (size_t k = 0; k < i; ++k) {
      if (Overlap(to[i], to[k])) {
        return TypeError("compute: the memory of outputs \"{}\" and \"{}\" overlaps",
                         impl.outputs[k].name, impl.outputs[i].name);
      }
    }
  }
  if (!timeline_) return Noting(compiled->Compute(from.span(), to.span()));
  std::promise<Result<void>> promise;
  timeline_->Enqueue([&] { promise.set_value(compiled->Compute(from.span(), to.span())); });
  return Noting(promise.get_future().get());
}

// ---- Tensors. ----

bool ContextImpl::Own(const std::shared_ptr<TensorImpl>& tensor, const Engine* engine) {
  bool lost = false;
  {
    std::lock_guard lock(mutex_);
    if (engine != nullptr && engine != engines_.back().get()) return false;
    lost = lost_.has_value();
    // Swept when it has doubled, so that creating many costs little.
    if (tensors_.size() == tensors_.capacity()) {
      std::erase_if(tensors_, [](const auto& known) { return known.expired(); });
    }
    tensors_.push_back(tensor);
  }
  if (lost) DestroyTensor(tensor);
  return true;
}

template <class Make>
Result<Tensor> ContextImpl::MakeTensor(const OperandDescriptor& descriptor, TensorOptions options,
                                       const Make& make) {
  for (;;) {
    const Engine& engine = this->engine();
    WEBNN_ASSIGN_OR_RETURN(std::unique_ptr<BackendTensor> storage, Noting(make(engine.backend())));
    auto tensor =
        std::make_shared<TensorImpl>(shared_from_this(), descriptor, options, std::move(storage));
    if (Own(tensor, &engine)) return Tensor(std::move(tensor));
  }
}

Result<Tensor> ContextImpl::CreateTensor(const OperandDescriptor& descriptor,
                                         TensorOptions options) {
  WEBNN_RETURN_IF_ERROR(CheckRuns("createTensor"));
  WEBNN_RETURN_IF_ERROR(CheckDescriptor(descriptor, "createTensor"));
  return MakeTensor(descriptor, options,
                    [&](Backend& backend) { return backend.CreateTensor(descriptor); });
}

Result<Tensor> ContextImpl::ImportTensor(const OperandDescriptor& descriptor,
                                         const DeviceMemory& memory, std::shared_ptr<void> owner,
                                         TensorOptions options) {
  WEBNN_RETURN_IF_ERROR(CheckRuns("importTensor"));
  WEBNN_RETURN_IF_ERROR(CheckDescriptor(descriptor, "importTensor"));
  return MakeTensor(descriptor, options, [&](Backend& backend) {
    return backend.ImportTensor(descriptor, memory, owner);
  });
}

Result<Tensor> ContextImpl::CreateConstantTensor(const OperandDescriptor& descriptor,
                                                 std::span<const std::byte> bytes) {
  WEBNN_RETURN_IF_ERROR(CheckAlive());
  WEBNN_RETURN_IF_ERROR(CheckDescriptor(descriptor, "createConstantTensor"));
  if (bytes.size() != descriptor.byte_length()) {
    return TypeError("createConstantTensor: {} needs {} bytes, given are {}", ToString(descriptor),
                     descriptor.byte_length(), bytes.size());
  }
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  const std::span<const std::byte> view = *copy;
  auto tensor = std::make_shared<TensorImpl>(
      shared_from_this(), descriptor,
      ConstantData{std::move(copy), view, std::make_shared<KnownHash>()});
  Own(tensor, nullptr);
  return Tensor(std::move(tensor));
}

Result<ConstantTensor> ContextImpl::GetConstant(const Tensor& tensor) const {
  WEBNN_RETURN_IF_ERROR(CheckTensor(tensor, "constant"));
  TensorImpl& impl = *tensor.impl();
  if (!tensor.constant()) {
    return TypeError("constant: the tensor is not constant; make it with CreateConstantTensor");
  }
  impl.lock.LockShared();
  const std::optional<ConstantData> data = impl.constant;
  impl.lock.UnlockShared();
  if (!data || data->bytes.empty()) return TypeError("constant: the tensor is destroyed");
  return ConstantTensor{impl.descriptor, *data};
}

Result<void> ContextImpl::WriteTensor(const Tensor& tensor, std::span<const std::byte> bytes) {
  WEBNN_RETURN_IF_ERROR(CheckTensor(tensor, "writeTensor"));
  if (!tensor.writable()) {
    return TypeError("writeTensor: the tensor is not writable; create it with writable = true");
  }
  if (bytes.size() != tensor.descriptor().byte_length()) {
    return TypeError("writeTensor: {} needs {} bytes, given are {}", ToString(tensor.descriptor()),
                     tensor.descriptor().byte_length(), bytes.size());
  }
  const auto write = [](TensorImpl& impl, std::span<const std::byte> source) -> Result<void> {
    impl.lock.Lock();
    Result<void> result = impl.storage ? impl.storage->Write(source)
                                       : TypeError("writeTensor: the tensor is destroyed");
    impl.failure.reset();
    if (!result) impl.failure = result.error();
    impl.lock.Unlock();
    return result;
  };
  if (!timeline_) return Noting(write(*tensor.impl(), bytes));
  timeline_->Enqueue([this, tensor, write, copy = std::vector(bytes.begin(), bytes.end())] {
    (void)Noting(write(*tensor.impl(), copy));
  });
  return {};
}

Result<void> ContextImpl::CheckRead(const Tensor& tensor, std::span<std::byte> bytes) const {
  WEBNN_RETURN_IF_ERROR(CheckTensor(tensor, "readTensor"));
  if (!tensor.readable()) {
    return TypeError("readTensor: the tensor is not readable; create it with readable = true");
  }
  if (bytes.size() != tensor.descriptor().byte_length()) {
    return TypeError("readTensor: {} has {} bytes, given is room for {}",
                     ToString(tensor.descriptor()), tensor.descriptor().byte_length(),
                     bytes.size());
  }
  return {};
}

Result<void> ContextImpl::ReadTensor(const Tensor& tensor, std::span<std::byte> bytes) {
  if (timeline_) return ReadTensorAsync(tensor, bytes).get();
  WEBNN_RETURN_IF_ERROR(CheckRead(tensor, bytes));
  return Noting(ReadNow(*tensor.impl(), bytes));
}

std::future<Result<void>> ContextImpl::ReadTensorAsync(const Tensor& tensor,
                                                       std::span<std::byte> bytes) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  std::future<Result<void>> future = promise->get_future();
  if (auto checked = CheckRead(tensor, bytes); !checked) {
    promise->set_value(std::move(checked));
  } else if (timeline_) {
    timeline_->Enqueue([this, promise, tensor, bytes] { BeginRead(tensor, bytes, promise); });
  } else {
    BeginRead(tensor, bytes, promise);
  }
  return future;
}

void ContextImpl::BeginRead(const Tensor& tensor, std::span<std::byte> bytes,
                            const ReadPromise& promise) {
  if (!engine().backend().asynchronous()) {
    promise->set_value(Noting(ReadNow(*tensor.impl(), bytes)));
    return;
  }
  std::call_once(reader_once_, [this] {
    reader_owner_ = std::make_unique<Timeline>();
    reader_.store(reader_owner_.get(), std::memory_order_release);
  });
  // From here on, so that what is written by later calls is not read.
  tensor.impl()->lock.LockShared();
  reader_.load(std::memory_order_acquire)->Enqueue([this, tensor, bytes, promise] {
    Result<void> result = ReadLocked(*tensor.impl(), bytes);
    tensor.impl()->lock.UnlockShared();
    promise->set_value(Noting(std::move(result)));
  });
}

void ContextImpl::DestroyTensor(const std::shared_ptr<TensorImpl>& tensor) {
  if (tensor->destroyed.exchange(true, std::memory_order_acq_rel)) return;
  // The lock is held; the storage is freed outside it.
  const auto release_locked = [](TensorImpl& impl) {
    std::shared_ptr<BackendTensor> storage;
    storage.swap(impl.storage);
    if (impl.constant) impl.constant->owner.reset(), impl.constant->bytes = {};
    impl.lock.Unlock();
  };
  const auto release = [this, release_locked, tensor] {
    if (tensor->lock.TryLock()) return release_locked(*tensor);
    // Perhaps a read that waits for the device: behind it nobody waits.
    Timeline* const reader = reader_.load(std::memory_order_acquire);
    const auto wait = [release_locked, tensor] {
      tensor->lock.Lock();
      release_locked(*tensor);
    };
    reader != nullptr ? reader->Enqueue(wait) : wait();
  };
  if (timeline_) {
    timeline_->Enqueue(release);
  } else {
    release();
  }
}

// ---- The context. ----

void ContextImpl::Synchronize() {
  if (timeline_) timeline_->Wait();
  if (Timeline* const reader = reader_.load(std::memory_order_acquire)) reader->Wait();
  (void)Noting(engine().backend().Synchronize());
}

Result<void> ContextImpl::WaitForStream(uintptr_t stream) {
  WEBNN_RETURN_IF_ERROR(CheckAlive());
  return Noting(engine().backend().WaitForStream(stream));
}

void ContextImpl::Lose(std::string message) {
  std::vector<std::weak_ptr<TensorImpl>> tensors;
  std::vector<std::weak_ptr<GraphImpl>> graphs;
  {
    std::lock_guard lock(mutex_);
    if (lost_) return;
    lost_ = ContextLostInfo{std::move(message)};
    is_lost_.store(true, std::memory_order_release);
    tensors.swap(tensors_);
    graphs.swap(graphs_);
  }
  for (const auto& graph : graphs) {
    if (auto alive = graph.lock()) alive->Destroy();
  }
  for (const auto& tensor : tensors) {
    if (auto alive = tensor.lock()) DestroyTensor(alive);
  }
}

}  // namespace webnn
