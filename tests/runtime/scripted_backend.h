#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "runtime/impl.h"
#include "webnn/webnn.h"

/// A back end that does what a test says, so that every order of events can be had at will.
namespace webnn {

using ConstBytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// What the test says. Shared with the back end, which may outlive the context's handle.
struct Script {
  /// Runs a graph. The default adds up the inputs and one, byte by byte.
  std::function<Result<void>(std::span<const ConstBytes>, std::span<const MutableBytes>)> run =
      [](std::span<const ConstBytes> inputs,
         std::span<const MutableBytes> outputs) -> Result<void> {
    for (MutableBytes output : outputs) {
      for (size_t i = 0; i < output.size(); ++i) {
        unsigned sum = 1;
        for (ConstBytes input : inputs) sum += static_cast<unsigned>(input[i % input.size()]);
        output[i] = static_cast<std::byte>(sum);
      }
    }
    return {};
  };
  std::function<Result<void>()> on_compile = [] { return Result<void>(); };
  CompileOptions options = {};  ///< Of the last compilation, there when `on_compile` is called.
  std::function<Result<void>()> on_create_tensor = [] { return Result<void>(); };
  std::function<Result<void>()> on_write = [] { return Result<void>(); };
  std::function<Result<void>()> on_read = [] { return Result<void>(); };
  std::function<std::optional<std::string>()> lost = [] { return std::optional<std::string>(); };
  std::string name = "scripted";
  /// Graphs compiled to bytes are this text; null: there are none.
  const char* compiled_as = nullptr;
  bool asynchronous = false;
  std::vector<LimitDelta> deltas = {};
  uint32_t max_rank = 8;

  std::atomic<int> backends{0};  ///< How many are alive.
  std::atomic<int> graphs{0};
  std::atomic<int> tensors{0};
};

/// Counts the living.
class Counted {
 public:
  explicit Counted(std::atomic<int>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<int>& count_;
};

class ScriptedTensor final : public BackendTensor {
 public:
  ScriptedTensor(std::shared_ptr<Script> script, size_t size)
      : bytes(size), script_(std::move(script)), counted_(script_->tensors) {}
  Result<void> Write(ConstBytes source) override {
    if (auto result = script_->on_write(); !result) return result;
    std::memcpy(bytes.data(), source.data(), source.size());
    return {};
  }
  Result<void> Read(MutableBytes target) const override {
    if (auto result = script_->on_read(); !result) return result;
    std::memcpy(target.data(), bytes.data(), target.size());
    return {};
  }
  std::optional<DeviceMemory> memory() const override {
    return DeviceMemory{.address = const_cast<std::byte*>(bytes.data())};
  }
  std::vector<std::byte> bytes;

 private:
  std::shared_ptr<Script> script_;
  Counted counted_;
};

class ScriptedGraph final : public CompiledGraph {
 public:
  explicit ScriptedGraph(std::shared_ptr<Script> script)
      : script_(std::move(script)), counted_(script_->graphs) {}
  Result<void> Run(std::span<BackendTensor* const> inputs,
                   std::span<BackendTensor* const> outputs) override {
    std::vector<ConstBytes> from;
    std::vector<MutableBytes> to;
    for (BackendTensor* tensor : inputs)
      from.push_back(static_cast<ScriptedTensor*>(tensor)->bytes);
    for (BackendTensor* tensor : outputs) to.push_back(static_cast<ScriptedTensor*>(tensor)->bytes);
    return script_->run(from, to);
  }
  Result<void> Compute(std::span<const ConstBytes> inputs,
                       std::span<const MutableBytes> outputs) override {
    return script_->run(inputs, outputs);
  }

 private:
  std::shared_ptr<Script> script_;
  Counted counted_;
};

class ScriptedBackend final : public Backend {
 public:
  explicit ScriptedBackend(std::shared_ptr<Script> script)
      : script_(std::move(script)), counted_(script_->backends) {}
  std::string_view name() const override { return script_->name; }
  std::string version() const override { return "1"; }
  std::string device() const override { return "none"; }
  uint32_t max_rank() const override { return script_->max_rank; }
  std::vector<LimitDelta> deltas() const override { return script_->deltas; }
  Result<std::unique_ptr<CompiledGraph>> Compile(const std::shared_ptr<const GraphData>&,
                                                 const CompileOptions& options) override {
    script_->options = options;
    if (auto result = script_->on_compile(); !result) return std::move(result.error());
    return std::unique_ptr<CompiledGraph>(new ScriptedGraph(script_));
  }
  Result<CompiledBytes> CompileToBytes(const GraphData& graph,
                                       const CompileOptions& options) override {
    if (script_->compiled_as == nullptr) return Backend::CompileToBytes(graph, options);
    script_->options = options;
    if (auto result = script_->on_compile(); !result) return std::move(result.error());
    cache::Key key;
    key.Add("backend", name()).Add("version", version());
    return CompiledBytes{key,
                         {nullptr, std::as_bytes(std::span(script_->compiled_as,
                                                           std::strlen(script_->compiled_as)))}};
  }
  Result<std::unique_ptr<CompiledGraph>> Load(CompiledBytes compiled) override {
    if (script_->compiled_as == nullptr) return Backend::Load(std::move(compiled));
    const std::string_view text(reinterpret_cast<const char*>(compiled.payload.bytes.data()),
                                compiled.payload.bytes.size());
    if (text != script_->compiled_as) {
      return Error{ErrorCode::kOperation, "the engine was refused"};
    }
    return std::unique_ptr<CompiledGraph>(new ScriptedGraph(script_));
  }
  bool asynchronous() const override { return script_->asynchronous; }
  std::optional<std::string> lost() const override { return script_->lost(); }
  Result<std::unique_ptr<BackendTensor>> CreateTensor(
      const OperandDescriptor& descriptor) override {
    if (auto result = script_->on_create_tensor(); !result) return std::move(result.error());
    return std::unique_ptr<BackendTensor>(new ScriptedTensor(script_, descriptor.byte_length()));
  }

 private:
  std::shared_ptr<Script> script_;
  Counted counted_;
};

inline Context MakeScripted(const std::shared_ptr<Script>& script, ContextOptions options = {}) {
  return Context(
      std::make_shared<ContextImpl>(std::move(options), std::make_unique<ScriptedBackend>(script)));
}

// ---- What most tests of a context need. ----

constexpr uint32_t kLength = 4;

inline OperandDescriptor Bytes(uint32_t length = kLength) {
  return OperandDescriptor::Create(DataType::kUint8, {length}).value();
}
inline std::vector<std::byte> Filled(int value, size_t length = kLength) {
  return std::vector<std::byte>(length, static_cast<std::byte>(value));
}
inline Tensor MakeTensor(const Context& context, const OperandDescriptor& descriptor = Bytes()) {
  return context.CreateTensor(descriptor, {.readable = true, .writable = true}).value();
}
/// The value that all bytes of the tensor have, or -1.
inline int ReadByte(const Context& context, const Tensor& tensor) {
  std::vector<std::byte> bytes(tensor.descriptor().byte_length());
  if (!context.ReadTensor(tensor, bytes)) return -1;
  for (std::byte byte : bytes) {
    if (byte != bytes[0]) return -1;
  }
  return static_cast<int>(bytes[0]);
}
/// Inputs "a" and "b", output "sum"; all of `Bytes()`.
inline Result<Graph> BuildSum(const Context& context) {
  auto builder = GraphBuilder::Create(context);
  if (!builder) return std::move(builder.error());
  const Operand a = builder->Input("a", Bytes()).value();
  const Operand b = builder->Input("b", Bytes()).value();
  return builder->Build({{"sum", *builder->Add({.a = a, .b = b})}});
}
/// Input "x", outputs "y" and "z"; all of `Bytes()`.
inline Result<Graph> BuildTwo(const Context& context) {
  auto builder = GraphBuilder::Create(context);
  if (!builder) return std::move(builder.error());
  const Operand x = builder->Input("x", Bytes()).value();
  const Operand y = builder->Identity({.input = x}).value();
  return builder->Build({{"y", y}, {"z", *builder->Identity({.input = y})}});
}
/// Input "x", output "y"; all of `Bytes()`.
inline Result<Graph> BuildOne(const Context& context) {
  auto builder = GraphBuilder::Create(context);
  if (!builder) return std::move(builder.error());
  const Operand x = builder->Input("x", Bytes()).value();
  return builder->Build({{"y", *builder->Identity({.input = x})}});
}
inline Result<void> DispatchOne(const Context& context, const Graph& graph, const Tensor& x,
                                const Tensor& y) {
  const NamedTensor inputs[] = {{"x", x}};
  const NamedTensor outputs[] = {{"y", y}};
  return context.Dispatch(graph, inputs, outputs);
}

/// Makes every run of a graph wait until it is opened.
class Gate {
 public:
  explicit Gate(Script& script) {
    script.run = [opened = opened_.get_future().share(), run = script.run](auto inputs,
                                                                           auto outputs) {
      opened.wait();
      return run(inputs, outputs);
    };
  }
  ~Gate() { Open(); }
  void Open() {
    if (!std::exchange(is_open_, true)) opened_.set_value();
  }

 private:
  std::promise<void> opened_;
  bool is_open_ = false;
};

}  // namespace webnn
