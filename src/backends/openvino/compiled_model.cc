#include "backends/openvino/compiled_model.h"

#include <utility>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::ov {

Result<std::unique_ptr<CompiledModel>> CompiledModel::Create(const Library& library,
                                                             Handle<ov_compiled_model_t> model,
                                                             std::shared_ptr<const void> imported) {
  auto compiled = std::unique_ptr<CompiledModel>(new CompiledModel(library));
  compiled->imported_ = std::move(imported);
  compiled->model_ = std::move(model);
  WEBNN_ASSIGN_OR_RETURN(compiled->signature_,
                         Signature::Of(library.api(), compiled->model_.get()));
  return compiled;
}

template <class AddressOf>
Result<void> CompiledModel::RunAt(const AddressOf& address_of) {
  if (IsForked()) return InvalidState("openvino: {}", ForkedMessage());
  return pool_.Run(
      address_of, [&] { return Request::Create(library_.api(), model_.get(), signature_); },
      [](Request& request) { return request.Run(); });
}

Result<void> CompiledModel::Run(std::span<BackendTensor* const> inputs,
                                std::span<BackendTensor* const> outputs) {
  return RunOnTensors(signature_, inputs, outputs,
                      [&](const auto& address_of) { return RunAt(address_of); });
}

Result<void> CompiledModel::Compute(std::span<const std::span<const std::byte>> inputs,
                                    std::span<const std::span<std::byte>> outputs) {
  return RunOnMemory(signature_, inputs, outputs,
                     [&](const auto& address_of) { return RunAt(address_of); });
}

}  // namespace webnn::ov
