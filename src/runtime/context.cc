#include "webnn/context.h"

#include <utility>

#include "backends/selection.h"
#include "core/try.h"
#include "runtime/impl.h"
#include "webnn/graph_builder.h"
#include "webnn/version.h"

namespace webnn {

std::string_view Version() {
#define WEBNN_TEXT_OF(x) #x
#define WEBNN_TEXT(x) WEBNN_TEXT_OF(x)
  return WEBNN_TEXT(WEBNN_VERSION_MAJOR) "." WEBNN_TEXT(WEBNN_VERSION_MINOR) "." WEBNN_TEXT(
      WEBNN_VERSION_PATCH);
#undef WEBNN_TEXT
#undef WEBNN_TEXT_OF
}

Result<Context> Context::Create(ContextOptions options) {
  WEBNN_ASSIGN_OR_RETURN(Selection selection, Selection::Make(AllBackends(), options));
  WEBNN_ASSIGN_OR_RETURN(std::unique_ptr<Backend> backend, selection.Next());
  auto impl = std::make_shared<ContextImpl>(std::move(options), std::move(backend));
  impl->Follow(std::move(selection));
  return Context(std::move(impl));
}

const ContextOptions& Context::options() const { return impl_->options(); }
bool Context::accelerated() const { return impl_->options().accelerated; }
std::string_view Context::backend() const { return impl_->backend().name(); }
std::string Context::device() const { return impl_->backend().device(); }
std::vector<Candidate> Context::Candidates() const { return impl_->candidates(); }
std::string Context::Explain() const { return ToString(impl_->candidates()); }
std::vector<std::string> Context::Fallbacks() const { return impl_->fallbacks(); }

OpSupportLimits Context::GetOpSupportLimits() const {
  const ContextLimits& limits = *impl_->limits();
  OpSupportLimits support;
  support.max_tensor_byte_length = limits.max_tensor_byte_length;
  support.input = limits.input;
  support.constant = limits.constant;
  support.output = limits.output;
  for (size_t i = 0; i < limits.ops.size(); ++i) {
    const OpSchema& schema = *AllOps()[i];
    OpSupport& op = support.ops.emplace_back();
    op.op = schema.name;
    for (size_t k = 0; k < schema.fields.size(); ++k) {
      if (!schema.fields[k].is_operand) continue;
      op.operands.emplace_back(schema.fields[k].name, limits.ops[i].fields[k]);
    }
    for (size_t k = 0; k < schema.outputs.size(); ++k) {
      op.operands.emplace_back(schema.outputs[k].name, limits.ops[i].outputs[k]);
    }
  }
  return support;
}

Result<Graph> Context::Compile(const GraphDefinition& definition) const {
  return impl_->Compile(definition);
}
Result<Graph> Context::Compile(const GraphDefinition& definition,
                               const CompileOptions& options) const {
  return impl_->Compile(definition, options);
}
Result<void> Context::CompileToFile(const GraphDefinition& definition, const std::string& path,
                                    const CompileOptions& options) const {
  return impl_->CompileToFile(definition, path, options);
}
Result<Graph> Context::LoadCompiled(const std::string& path) const {
  return impl_->LoadCompiled(path);
}
Result<Tensor> Context::ImportTensor(const OperandDescriptor& descriptor,
                                     const DeviceMemory& memory, std::shared_ptr<void> owner,
                                     TensorOptions options) const {
  return impl_->ImportTensor(descriptor, memory, std::move(owner), options);
}
Result<Tensor> Context::CreateTensor(const OperandDescriptor& descriptor,
                                     TensorOptions options) const {
  return impl_->CreateTensor(descriptor, options);
}
Result<Tensor> Context::CreateConstantTensor(const OperandDescriptor& descriptor,
                                             std::span<const std::byte> bytes) const {
  return impl_->CreateConstantTensor(descriptor, bytes);
}
Result<void> Context::WriteTensor(const Tensor& tensor, std::span<const std::byte> bytes) const {
  return impl_->WriteTensor(tensor, bytes);
}
Result<void> Context::ReadTensor(const Tensor& tensor, std::span<std::byte> bytes) const {
  return impl_->ReadTensor(tensor, bytes);
}
std::future<Result<void>> Context::ReadTensorAsync(const Tensor& tensor,
                                                   std::span<std::byte> bytes) const {
  return impl_->ReadTensorAsync(tensor, bytes);
}
Result<void> Context::Dispatch(const Graph& graph, std::span<const NamedTensor> inputs,
                               std::span<const NamedTensor> outputs) const {
  return impl_->Dispatch(graph, inputs, outputs);
}
Result<void> Context::Compute(const Graph& graph, std::span<const NamedInputBytes> inputs,
                              std::span<const NamedOutputBytes> outputs) const {
  return impl_->Compute(graph, inputs, outputs);
}
void Context::Synchronize() const { impl_->Synchronize(); }
void Context::Destroy() { impl_->Lose("the context was destroyed by its owner"); }
std::optional<ContextLostInfo> Context::lost() const { return impl_->lost(); }

const std::vector<NamedDescriptor>& Graph::inputs() const { return impl_->inputs; }
const std::vector<NamedDescriptor>& Graph::outputs() const { return impl_->outputs; }
void Graph::Destroy() { impl_->Destroy(); }

const OperandDescriptor& Tensor::descriptor() const { return impl_->descriptor; }
bool Tensor::readable() const { return impl_->options.readable; }
bool Tensor::writable() const { return impl_->options.writable; }
bool Tensor::constant() const { return impl_->constant.has_value(); }
std::optional<DeviceMemory> Tensor::memory() const {
  TensorImpl& impl = *impl_;
  impl.lock.LockShared();
  std::optional<DeviceMemory> memory;
  if (impl.storage) memory = impl.storage->memory();
  impl.lock.UnlockShared();
  return memory;
}
void Tensor::Destroy() { impl_->context->DestroyTensor(impl_); }

Result<GraphBuilder> GraphBuilder::Create(const Context& context) {
  WEBNN_RETURN_IF_ERROR(context.impl()->CheckAlive());
  return GraphBuilder(NewBuilderState(context.impl(), context.impl()->limits()));
}

}  // namespace webnn
