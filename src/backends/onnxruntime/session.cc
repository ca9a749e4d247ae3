#include "backends/onnxruntime/session.h"

#include <cstring>
#include <string>
#include <utility>

#include "backends/onnxruntime/target.h"
#include "core/check.h"
#include "core/errors.h"
#include "core/try.h"
#include "lowering/writer.h"
#include "onnx/serialize.h"
#include "onnxruntime_session_options_config_keys.h"

namespace webnn::ort {
namespace {

using lowering::Element;
using onnx_format::ExternalWeight;
using onnx_format::SerializedModel;

// Both enumerations are of ONNX's numbers; ONNX Runtime left a gap for types it had given its own.
ONNXTensorElementDataType ToOrt(Element element) {
  switch (element) {
    case Element::kFloat:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    case Element::kFloat16:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16;
    case Element::kBfloat16:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16;
    case Element::kDouble:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE;
    case Element::kInt8:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8;
    case Element::kUint8:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
    case Element::kInt32:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32;
    case Element::kUint32:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32;
    case Element::kInt64:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;
    case Element::kUint64:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64;
    case Element::kBool:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL;
    case Element::kInt4:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4;
    case Element::kUint4:
      return ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT4;
    case Element::kNone:
      break;
  }
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

size_t AlignmentOf(Element element) {
  switch (element) {
    case Element::kFloat:
    case Element::kInt32:
    case Element::kUint32:
      return 4;
    case Element::kFloat16:
    case Element::kBfloat16:
      return 2;
    case Element::kDouble:
    case Element::kInt64:
    case Element::kUint64:
      return 8;
    default:
      return 1;
  }
}

Slot SlotOf(const std::string& name, const OperandDescriptor& descriptor) {
  const Element element = lowering::ElementOf(descriptor.data_type());
  return {name,
          ToOrt(element),
          {descriptor.shape().begin(), descriptor.shape().end()},
          static_cast<size_t>(descriptor.byte_length()),
          AlignmentOf(element)};
}

Signature SignatureOf(const lowering::Model& model, const SerializedModel& serialized) {
  Signature signature;
  signature.input_count = model.inputs.size();
  signature.slots.reserve(model.inputs.size() + model.outputs.size());
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    signature.slots.push_back(SlotOf(serialized.input_names[i], model.inputs[i].descriptor));
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    signature.slots.push_back(SlotOf(serialized.output_names[i], model.outputs[i].descriptor));
  }
  return signature;
}

Result<Handle<OrtSessionOptions>> MakeOptions(const OrtApi& api, const Log& log,
                                              uint32_t threads) {
  WEBNN_ASSIGN_OR_RETURN(Handle<OrtSessionOptions> owned,
                         Make<OrtSessionOptions>(api, "make session options",
                                                 api.CreateSessionOptions));
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
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.SetSessionExecutionMode(options, ORT_SEQUENTIAL), kAction));
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL), kAction));
  // On x64 processors without VNNI the default multiplies int8 by uint8 in 16 bits that overflow.
  WEBNN_RETURN_IF_ERROR(Check(
      api, api.AddSessionConfigEntry(options, kOrtSessionOptionsAvx2PrecisionMode, "1"), kAction));
  return owned;
}

// The weights as ONNX Runtime's values on our memory.
class Weights {
 public:
  Result<void> Add(const Library& library, std::vector<AlignedBuffer>& aligned,
                   const ExternalWeight& weight) {
    const OrtApi& api = library.api();
    const std::byte* data = weight.bytes.data();
    if (reinterpret_cast<uintptr_t>(data) % AlignmentOf(weight.element) != 0) {
      WEBNN_ASSIGN_OR_RETURN(AlignedBuffer buffer, AlignedBuffer::Allocate(weight.bytes.size()));
      std::memcpy(buffer.data(), data, weight.bytes.size());
      data = buffer.data();
      aligned.push_back(std::move(buffer));
    }
    WEBNN_ASSIGN_OR_RETURN(
        Handle<OrtValue> value,
        Make<OrtValue>(api, "describe a weight", api.CreateTensorWithDataAsOrtValue,
                       library.cpu_memory(),
                       static_cast<void*>(const_cast<std::byte*>(data)),  // NOLINT: only read
                       weight.bytes.size(), weight.sizes.data(), weight.sizes.size(),
                       ToOrt(weight.element)));
    names_.push_back(weight.name.c_str());
    values_.push_back(value.get());
    owned_.push_back(std::move(value));
    return {};
  }

  Result<void> AddTo(const OrtApi& api, OrtSessionOptions* options) const {
    if (names_.empty()) return {};
    return Check(api,
                 api.AddExternalInitializers(options, names_.data(), values_.data(), names_.size()),
                 "hand over the weights");
  }

 private:
  std::vector<const char*> names_;
  std::vector<const OrtValue*> values_;
  std::vector<Handle<OrtValue>> owned_;
};

}  // namespace

Result<std::unique_ptr<Session>> Session::Compile(const Library& library,
                                                  std::shared_ptr<const Log> log, uint32_t threads,
                                                  const GraphData& graph) {
  const OrtApi& api = library.api();
  auto session = std::unique_ptr<Session>(new Session(library));
  session->log_ = std::move(log);

  SerializedModel serialized;
  {
    const lowering::Model model = lowering::Writer(graph, OnnxRuntimeTarget()).Finish();
    WEBNN_ASSIGN_OR_RETURN(serialized, onnx_format::Serialize(model));
    session->signature_ = SignatureOf(model, serialized);
  }
  WEBNN_ASSIGN_OR_RETURN(Handle<OrtSessionOptions> options,
                         MakeOptions(api, *session->log_, threads));
  Weights weights;
  for (const ExternalWeight& weight : serialized.weights) {
    WEBNN_RETURN_IF_ERROR(weights.Add(library, session->aligned_, weight));
    if (weight.owner != nullptr) session->owners_.push_back(weight.owner);
  }
  WEBNN_RETURN_IF_ERROR(weights.AddTo(api, options.get()));

  WEBNN_ASSIGN_OR_RETURN(
      session->session_,
      Make<OrtSession>(api, "compile the graph", api.CreateSessionFromArray, library.env(),
                       serialized.proto.data(), serialized.proto.size(), options.get()));
  WEBNN_ASSIGN_OR_RETURN(session->run_options_,
                         Make<OrtRunOptions>(api, "make run options", api.CreateRunOptions));
  return session;
}

template <class AddressOf>
Result<void> Session::RunAt(const AddressOf& address_of) {
  std::unique_ptr<Binding> binding = pool_.Take(address_of);
  Result<void> result = [&]() -> Result<void> {
    if (binding == nullptr) {
      WEBNN_ASSIGN_OR_RETURN(binding, Binding::Create(library_, session_.get(), signature_));
    }
    WEBNN_RETURN_IF_ERROR(binding->Bind(address_of));
    return binding->Run(session_.get(), run_options_.get());
  }();
  // What state a failure leaves behind is not documented.
  if (!result.ok()) binding.reset();
  pool_.Give(std::move(binding));
  return result;
}

Result<void> Session::Run(std::span<BackendTensor* const> inputs,
                          std::span<BackendTensor* const> outputs) {
  WEBNN_CHECK(inputs.size() == signature_.input_count);
  WEBNN_CHECK(inputs.size() + outputs.size() == signature_.slots.size());
  return RunAt([&](size_t k) {
    BackendTensor* tensor = k < inputs.size() ? inputs[k] : outputs[k - inputs.size()];
    return static_cast<const Tensor*>(tensor)->data();
  });
}

Result<void> Session::Compute(std::span<const std::span<const std::byte>> inputs,
                              std::span<const std::span<std::byte>> outputs) {
  WEBNN_CHECK(inputs.size() == signature_.input_count);
  WEBNN_CHECK(inputs.size() + outputs.size() == signature_.slots.size());
  for (size_t i = 0; i < signature_.slots.size(); ++i) {
    const size_t size = i < inputs.size() ? inputs[i].size() : outputs[i - inputs.size()].size();
    WEBNN_CHECK(size == signature_.slots[i].byte_length);
  }
  return RunAt([&](size_t k) {
    if (k >= inputs.size()) return outputs[k - inputs.size()].data();
    return const_cast<std::byte*>(inputs[k].data());  // NOLINT: ONNX Runtime only reads inputs
  });
}

}  // namespace webnn::ort
