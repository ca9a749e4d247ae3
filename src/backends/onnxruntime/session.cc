#include "backends/onnxruntime/session.h"

#include <string>
#include <utility>

#include "backends/onnxruntime/element.h"
#include "core/errors.h"
#include "core/try.h"
#include "onnx/serialize.h"
#include "onnxruntime_session_options_config_keys.h"

namespace webnn::ort {
namespace {

using onnx_format::SerializedModel;

Slot SlotOf(const std::string& name, const lowering::ModelInput& value) {
  return {name, ToOrt(value.element), value.sizes,
          static_cast<size_t>(value.descriptor.byte_length()), AlignmentOf(value.element)};
}

Signature SignatureOf(const lowering::Model& model, const SerializedModel& serialized) {
  Signature signature;
  signature.input_count = model.inputs.size();
  signature.slots.reserve(model.inputs.size() + model.outputs.size());
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    signature.slots.push_back(SlotOf(serialized.input_names[i], model.inputs[i]));
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    signature.slots.push_back(SlotOf(serialized.output_names[i], model.outputs[i]));
  }
  return signature;
}

Result<Handle<OrtSessionOptions>> MakeOptions(const OrtApi& api, const Log& log, uint32_t threads,
                                              bool weights_as_uint8) {
  WEBNN_ASSIGN_OR_RETURN(
      Handle<OrtSessionOptions> owned,
      Make<OrtSessionOptions>(api, "make session options", api.CreateSessionOptions));
  OrtSessionOptions* options = owned.get();
  constexpr std::string_view kAction = "set session options";
  auto* param = const_cast<Log*>(&log);  // NOLINT: a C API without const; the log is only read
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.SetUserLoggingFunction(options, &Log::Callback, param), kAction));
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.SetSessionLogSeverityLevel(options, log.severity()), kAction));
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.SetIntraOpNumThreads(options, static_cast<int>(threads)), kAction));
  WEBNN_RETURN_IF_ERROR(Check(api, api.SetInterOpNumThreads(options, 1), kAction));
  WEBNN_RETURN_IF_ERROR(Check(api, api.SetSessionExecutionMode(options, ORT_SEQUENTIAL), kAction));
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL), kAction));
  // ONNX Runtime's memory patterns add one block for a whole run to what its arena already holds
  // from the first run: up to 1.6 times the memory, and no time saved where every shape is static.
  WEBNN_RETURN_IF_ERROR(Check(api, api.DisableMemPattern(options), kAction));
  WEBNN_RETURN_IF_ERROR(
      Check(api,
            api.AddSessionConfigEntry(
                options, kOrtSessionOptionsModelExternalInitializersFileFolderPath, "/"),
            kAction));
  // On x64 processors without VNNI the default multiplies int8 by uint8 in 16 bits that overflow.
  WEBNN_RETURN_IF_ERROR(
      Check(api,
            api.AddSessionConfigEntry(options, kOrtSessionOptionsAvx2PrecisionMode,
                                      weights_as_uint8 ? "1" : "0"),
            kAction));
  // Otherwise it turns int8 quantisation into uint8 on x64, and fails on the nodes that it adds
  // itself.
  WEBNN_RETURN_IF_ERROR(Check(
      api, api.AddSessionConfigEntry(options, kOrtSessionOptionsQDQIsInt8Allowed, "1"), kAction));
  // By default a product with weights of 4 or 8 bits rounds its other operand to 8 bits, too.
  WEBNN_RETURN_IF_ERROR(Check(
      api, api.AddSessionConfigEntry(options, kOrtSessionOptionsQDQMatMulNBitsAccuracyLevel, "0"),
      kAction));
  return owned;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::Compile(const Library& library,
                                                  std::shared_ptr<const Log> log, uint32_t threads,
                                                  lowering::Model model) {
  const OrtApi& api = library.api();
  auto session = std::unique_ptr<Session>(new Session(library));
  session->log_ = std::move(log);

  WEBNN_ASSIGN_OR_RETURN(SerializedModel serialized, SerializeForSession(library, model));
  session->signature_ = SignatureOf(model, serialized);
  model = {};  // the session about to be made needs the memory more
  const auto create = [&](bool weights_as_uint8) -> Result<void> {
    WEBNN_ASSIGN_OR_RETURN(Handle<OrtSessionOptions> options,
                           MakeOptions(api, *session->log_, threads, weights_as_uint8));
    WEBNN_ASSIGN_OR_RETURN(session->weights_, HandOverWeights(library, options.get(), serialized));
    WEBNN_ASSIGN_OR_RETURN(
        session->session_,
        Make<OrtSession>(api, "compile the graph", api.CreateSessionFromArray, library.env(),
                         serialized.proto.data(), serialized.proto.size(), options.get()));
    return {};
  };
  if (Result<void> created = create(true); !created.ok()) {
    // ONNX Runtime gives the weights of an int8 convolution another type than it has a kernel for.
    if (!create(false).ok()) return std::move(created.error());
  }
  WEBNN_ASSIGN_OR_RETURN(session->run_options_,
                         Make<OrtRunOptions>(api, "make run options", api.CreateRunOptions));
  return session;
}

template <class AddressOf>
Result<void> Session::RunAt(const AddressOf& address_of) {
  return pool_.Run(
      address_of, [&] { return Binding::Create(library_, session_.get(), signature_); },
      [&](Binding& binding) { return binding.Run(session_.get(), run_options_.get()); });
}

Result<void> Session::Run(std::span<BackendTensor* const> inputs,
                          std::span<BackendTensor* const> outputs) {
  return RunOnTensors(signature_, inputs, outputs,
                      [&](const auto& address_of) { return RunAt(address_of); });
}

Result<void> Session::Compute(std::span<const std::span<const std::byte>> inputs,
                              std::span<const std::span<std::byte>> outputs) {
  return RunOnMemory(signature_, inputs, outputs,
                     [&](const auto& address_of) { return RunAt(address_of); });
}

}  // namespace webnn::ort
