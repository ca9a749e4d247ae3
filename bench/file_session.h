#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "model_files.h"
#include "onnx/import/host_tensor.h"
#include "raw_session.h"

namespace webnn::bench {

/// ONNX Runtime on a model file as it is, with its own options but for the threads. Inputs and
/// outputs are bound once.
class FileSession {
 public:
  FileSession(const FileRun& run, uint32_t threads, OrtSessionOptions* given = nullptr) {
    const ort::Library& library = OrtLibrary();
    const OrtApi& api = library.api();
    ort::Handle<OrtSessionOptions> own;
    if (given == nullptr) {
      own = Must(ort::Make<OrtSessionOptions>(api, "benchmark", api.CreateSessionOptions));
      given = own.get();
    }
    MustOrt(api.SetIntraOpNumThreads(given, static_cast<int>(threads)));
    session_ = Must(ort::Make<OrtSession>(api, "benchmark", api.CreateSession, library.env(),
                                          run.file.c_str(), given));
    binding_ = Must(ort::Make<OrtIoBinding>(api, "benchmark", api.CreateIoBinding, session_.get()));
    run_options_ = Must(ort::Make<OrtRunOptions>(api, "benchmark", api.CreateRunOptions));
    for (const FileInput& input : run.inputs) BindInput(input);
    BindOutputs();
  }

  void Run() {
    MustOrt(OrtLibrary().api().RunWithBinding(session_.get(), run_options_.get(), binding_.get()));
  }

  size_t output_count() const { return outputs_.size(); }
  const std::string& output_name(size_t k) const { return output_names_[k]; }
  /// A view of an output.
  onnx_format::HostTensor Output(size_t k) const {
    const OrtApi& api = OrtLibrary().api();
    OrtTensorTypeAndShapeInfo* info = nullptr;
    MustOrt(api.GetTensorTypeAndShape(outputs_[k].get(), &info));
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    size_t rank = 0;
    MustOrt(api.GetTensorElementType(info, &type));
    MustOrt(api.GetDimensionsCount(info, &rank));
    // For the types that models have as outputs, ONNX Runtime's numbers are ONNX's.
    onnx_format::HostTensor tensor{.element = static_cast<lowering::Element>(type)};
    tensor.sizes.resize(rank);
    MustOrt(api.GetDimensions(info, tensor.sizes.data(), rank));
    api.ReleaseTensorTypeAndShapeInfo(info);
    void* data = nullptr;
    MustOrt(api.GetTensorMutableData(outputs_[k].get(), &data));
    const auto length = onnx_format::ByteLength(tensor.element, tensor.sizes);
    tensor.bytes = {static_cast<const std::byte*>(data), length.value_or(0)};
    return tensor;
  }

 private:
  void BindInput(const FileInput& input) {
    const OrtApi& api = OrtLibrary().api();
    buffers_.push_back(Must(AlignedBuffer::Allocate(input.bytes.size())));
    std::copy(input.bytes.begin(), input.bytes.end(), buffers_.back().data());
    inputs_.push_back(Must(ort::Make<OrtValue>(
        api, "benchmark", api.CreateTensorWithDataAsOrtValue, OrtLibrary().cpu_memory(),
        static_cast<void*>(buffers_.back().data()), buffers_.back().size(), input.sizes.data(),
        input.sizes.size(), static_cast<ONNXTensorElementDataType>(input.element))));
    MustOrt(api.BindInput(binding_.get(), input.name.c_str(), inputs_.back().get()));
  }

  // The first run says how large the outputs are; from then on they stay where they are.
  void BindOutputs() {
    const OrtApi& api = OrtLibrary().api();
    OrtAllocator* allocator = nullptr;
    MustOrt(api.GetAllocatorWithDefaultOptions(&allocator));
    size_t count = 0;
    MustOrt(api.SessionGetOutputCount(session_.get(), &count));
    for (size_t k = 0; k < count; ++k) {
      char* name = nullptr;
      MustOrt(api.SessionGetOutputName(session_.get(), k, allocator, &name));
      output_names_.emplace_back(name);
      MustOrt(api.AllocatorFree(allocator, name));
      MustOrt(api.BindOutputToDevice(binding_.get(), output_names_[k].c_str(),
                                     OrtLibrary().cpu_memory()));
    }
    Run();
    OrtValue** values = nullptr;
    MustOrt(api.GetBoundOutputValues(binding_.get(), allocator, &values, &count));
    for (size_t k = 0; k < count; ++k) {
      outputs_.emplace_back(values[k], ort::Releaser{&api});
      MustOrt(api.BindOutput(binding_.get(), output_names_[k].c_str(), outputs_[k].get()));
    }
    MustOrt(api.AllocatorFree(allocator, static_cast<void*>(values)));
  }

  ort::Handle<OrtSession> session_;
  ort::Handle<OrtIoBinding> binding_;
  ort::Handle<OrtRunOptions> run_options_;
  std::vector<AlignedBuffer> buffers_;
  std::vector<ort::Handle<OrtValue>> inputs_;
  std::vector<ort::Handle<OrtValue>> outputs_;
  std::vector<std::string> output_names_;
};

}  // namespace webnn::bench
