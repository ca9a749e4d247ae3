#include "backends/onnxruntime/file_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backends/host_memory.h"
#include "backends/onnxruntime/element.h"
#include "backends/onnxruntime/library.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::ort {
namespace {

using lowering::Element;

constexpr std::string_view kAction = "run the file as it is";

// Types whose elements fill whole bytes.
constexpr std::array kElements = {
    Element::kFloat, Element::kFloat16, Element::kBfloat16, Element::kDouble, Element::kInt8,
    Element::kUint8, Element::kInt16,   Element::kUint16,   Element::kInt32,  Element::kUint32,
    Element::kInt64, Element::kUint64,  Element::kBool};

Result<Element> FromOrt(ONNXTensorElementDataType type, const std::string& name) {
  const auto found = std::find_if(kElements.begin(), kElements.end(),
                                  [&](Element element) { return ToOrt(element) == type; });
  if (found == kElements.end()) {
    return NotSupported("onnxruntime: the elements of \"{}\" are of a type ({}) that is not read",
                        name, static_cast<int>(type));
  }
  return *found;
}

class OpenFileSession final : public FileSession {
 public:
  explicit OpenFileSession(const Library& library) : library_(library) {}

  Result<void> Init(const std::string& path, const std::shared_ptr<const Log>& log,
                    uint32_t threads) {
    log_ = log;
    const OrtApi& api = library_.api();
    WEBNN_ASSIGN_OR_RETURN(const Handle<OrtSessionOptions> options,
                           Make<OrtSessionOptions>(api, kAction, api.CreateSessionOptions));
    auto* param = const_cast<Log*>(log_.get());  // NOLINT: a C API without const
    WEBNN_RETURN_IF_ERROR(
        Check(api, api.SetUserLoggingFunction(options.get(), &Log::Callback, param), kAction));
    WEBNN_RETURN_IF_ERROR(
        Check(api, api.SetIntraOpNumThreads(options.get(), static_cast<int>(threads)), kAction));
    WEBNN_ASSIGN_OR_RETURN(session_, Make<OrtSession>(api, kAction, api.CreateSession,
                                                      library_.env(), path.c_str(), options.get()));
    WEBNN_RETURN_IF_ERROR(Check(api, api.GetAllocatorWithDefaultOptions(&allocator_), kAction));
    return ReadSignature();
  }

  const std::vector<Tensor>& inputs() const override { return inputs_; }

  Result<std::vector<Tensor>> Run(std::span<const Tensor> inputs) override {
    const OrtApi& api = library_.api();
    std::vector<Handle<OrtValue>> values;
    std::vector<const OrtValue*> value_pointers;
    std::vector<const char*> input_names;
    for (const Tensor& input : inputs) {
      WEBNN_ASSIGN_OR_RETURN(
          Handle<OrtValue> value,
          Make<OrtValue>(api, kAction, api.CreateTensorWithDataAsOrtValue, library_.cpu_memory(),
                         static_cast<void*>(const_cast<std::byte*>(input.bytes.data())),  // NOLINT
                         input.bytes.size(), input.sizes.data(), input.sizes.size(),
                         ToOrt(input.element)));
      value_pointers.push_back(value.get());
      values.push_back(std::move(value));
      input_names.push_back(input.name.c_str());
    }
    std::vector<const char*> output_names;
    for (const std::string& name : output_names_) output_names.push_back(name.c_str());
    std::vector<OrtValue*> results(output_names.size(), nullptr);
    const Result<void> ran = Check(
        api,
        api.Run(session_.get(), nullptr, input_names.data(), value_pointers.data(),
                value_pointers.size(), output_names.data(), output_names.size(), results.data()),
        kAction);
    std::vector<Handle<OrtValue>> owned;
    for (OrtValue* result : results) owned.emplace_back(result, Releaser{&api});
    if (!ran.ok()) return ran.error();
    std::vector<Tensor> outputs;
    for (size_t k = 0; k < owned.size(); ++k) {
      WEBNN_ASSIGN_OR_RETURN(Tensor output, ReadOutput(output_names_[k], owned[k].get()));
      outputs.push_back(std::move(output));
    }
    return outputs;
  }

 private:
  Result<void> ReadSignature() {
    const OrtApi& api = library_.api();
    size_t count = 0;
    WEBNN_RETURN_IF_ERROR(Check(api, api.SessionGetInputCount(session_.get(), &count), kAction));
    for (size_t k = 0; k < count; ++k) {
      char* name = nullptr;
      WEBNN_RETURN_IF_ERROR(
          Check(api, api.SessionGetInputName(session_.get(), k, allocator_, &name), kAction));
      Tensor input{.name = TakeName(name)};
      WEBNN_ASSIGN_OR_RETURN(
          const Handle<OrtTypeInfo> type,
          Make<OrtTypeInfo>(api, kAction, api.SessionGetInputTypeInfo, session_.get(), k));
      const OrtTensorTypeAndShapeInfo* tensor = nullptr;
      WEBNN_RETURN_IF_ERROR(Check(api, api.CastTypeInfoToTensorInfo(type.get(), &tensor), kAction));
      ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
      if (tensor != nullptr) {
        WEBNN_RETURN_IF_ERROR(Check(api, api.GetTensorElementType(tensor, &element), kAction));
      }
      WEBNN_ASSIGN_OR_RETURN(input.element, FromOrt(element, input.name));
      inputs_.push_back(std::move(input));
    }
    WEBNN_RETURN_IF_ERROR(Check(api, api.SessionGetOutputCount(session_.get(), &count), kAction));
    for (size_t k = 0; k < count; ++k) {
      char* name = nullptr;
      WEBNN_RETURN_IF_ERROR(
          Check(api, api.SessionGetOutputName(session_.get(), k, allocator_, &name), kAction));
      output_names_.push_back(TakeName(name));
    }
    return {};
  }

  std::string TakeName(char* name) {
    std::string taken = name;
    static_cast<void>(
        Check(library_.api(), library_.api().AllocatorFree(allocator_, name), kAction));
    return taken;
  }

  Result<Tensor> ReadOutput(const std::string& name, OrtValue* value) const {
    const OrtApi& api = library_.api();
    int is_tensor = 0;
    WEBNN_RETURN_IF_ERROR(Check(api, api.IsTensor(value, &is_tensor), kAction));
    if (is_tensor == 0) return NotSupported("onnxruntime: the output \"{}\" is no tensor", name);
    WEBNN_ASSIGN_OR_RETURN(
        const Handle<OrtTensorTypeAndShapeInfo> info,
        Make<OrtTensorTypeAndShapeInfo>(api, kAction, api.GetTensorTypeAndShape, value));
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    size_t rank = 0;
    size_t count = 0;
    WEBNN_RETURN_IF_ERROR(Check(api, api.GetTensorElementType(info.get(), &type), kAction));
    WEBNN_RETURN_IF_ERROR(Check(api, api.GetDimensionsCount(info.get(), &rank), kAction));
    WEBNN_RETURN_IF_ERROR(Check(api, api.GetTensorShapeElementCount(info.get(), &count), kAction));
    Tensor output{.name = name, .sizes = std::vector<int64_t>(rank)};
    WEBNN_RETURN_IF_ERROR(
        Check(api, api.GetDimensions(info.get(), output.sizes.data(), rank), kAction));
    WEBNN_ASSIGN_OR_RETURN(output.element, FromOrt(type, name));
    void* address = nullptr;
    WEBNN_RETURN_IF_ERROR(Check(api, api.GetTensorMutableData(value, &address), kAction));
    // Elements of these types are as long as they are aligned.
    const auto* data = static_cast<const std::byte*>(address);
    output.bytes.assign(data, data + count * AlignmentOf(output.element));
    return output;
  }

  const Library& library_;
  std::shared_ptr<const Log> log_;  // the session writes to it
  Handle<OrtSession> session_;
  OrtAllocator* allocator_ = nullptr;  // the library's
  std::vector<Tensor> inputs_;
  std::vector<std::string> output_names_;
};

}  // namespace

Result<std::unique_ptr<FileSession>> FileSession::Open(const std::string& path,
                                                       const ContextOptions& options) {
  auto log = std::make_shared<const Log>(options);
  WEBNN_ASSIGN_OR_RETURN(const Library* library, Library::Open(options, log));
  auto session = std::make_unique<OpenFileSession>(*library);
  WEBNN_RETURN_IF_ERROR(session->Init(path, log, options.threads));
  return std::unique_ptr<FileSession>(std::move(session));
}

}  // namespace webnn::ort
