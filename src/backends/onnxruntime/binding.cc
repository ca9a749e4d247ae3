#include "backends/onnxruntime/binding.h"

#include <utility>

#include "core/try.h"

namespace webnn::ort {

Result<std::unique_ptr<Binding>> Binding::Create(const Library& library, OrtSession* session,
                                                 const Signature& signature) {
  auto binding = std::unique_ptr<Binding>(new Binding(library, signature));
  const OrtApi& api = library.api();
  WEBNN_ASSIGN_OR_RETURN(binding->binding_,
                         Make<OrtIoBinding>(api, "make a binding", api.CreateIoBinding, session));
  return binding;
}

Result<void> Binding::BindSlot(size_t k, std::byte* address) {
  const Slot& slot = signature_.slots[k];
  const OrtApi& api = library_.api();
  WEBNN_ASSIGN_OR_RETURN(
      Handle<OrtValue> value,
      Make<OrtValue>(api, "describe a tensor", api.CreateTensorWithDataAsOrtValue,
                     library_.cpu_memory(), static_cast<void*>(address), slot.byte_length,
                     slot.sizes.data(), slot.sizes.size(), slot.type));
  const auto bind = k < signature_.input_count ? api.BindInput : api.BindOutput;
  return Check(api, bind(binding_.get(), slot.name.c_str(), value.get()), "bind a tensor");
}

Result<void> Binding::Run(OrtSession* session, const OrtRunOptions* options) {
  addresses_.CopyIn(signature_.input_count);
  const OrtApi& api = library_.api();
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.RunWithBinding(session, options, binding_.get()), "run the graph"));
  addresses_.CopyOut(signature_.input_count);
  return {};
}

}  // namespace webnn::ort
