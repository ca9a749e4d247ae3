#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/onnxruntime/library.h"
#include "backends/onnxruntime/target.h"
#include "backends/onnxruntime/weights.h"
#include "harness.h"
#include "lowering/writer.h"
#include "onnx/serialize.h"
#include "onnxruntime_c_api.h"
#include "onnxruntime_session_options_config_keys.h"

/// ONNX Runtime by its C API, as a program without webnn.cpp would use it.
namespace webnn::bench {

/// The library that contexts use.
inline const ort::Library& OrtLibrary() {
  static const ort::Library* const kLibrary = Must(
      ort::Library::Open(ContextOptions{}, std::make_shared<const ort::Log>(ContextOptions{})));
  return *kLibrary;
}

inline void MustOrt(OrtStatus* status) {
  Must(ort::Check(OrtLibrary().api(), status, "benchmark"));
}

/// The model that the back end makes of a definition.
inline onnx_format::SerializedModel SerializeForOrt(const GraphDefinition& definition) {
  return Must(
      onnx_format::Serialize(lowering::Writer(*definition.data(), OnnxRuntimeTarget()).Finish()));
}

/// Session options as the back end sets them.
inline ort::Handle<OrtSessionOptions> SameOptions(uint32_t threads) {
  const OrtApi& api = OrtLibrary().api();
  auto owned = Must(ort::Make<OrtSessionOptions>(api, "benchmark", api.CreateSessionOptions));
  OrtSessionOptions* options = owned.get();
  MustOrt(api.SetIntraOpNumThreads(options, static_cast<int>(threads)));
  MustOrt(api.SetInterOpNumThreads(options, 1));
  MustOrt(api.SetSessionExecutionMode(options, ORT_SEQUENTIAL));
  MustOrt(api.SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL));
  MustOrt(api.DisableMemPattern(options));
  MustOrt(api.AddSessionConfigEntry(options, kOrtSessionOptionsAvx2PrecisionMode, "1"));
  MustOrt(api.AddSessionConfigEntry(options, kOrtSessionOptionsQDQIsInt8Allowed, "1"));
  return owned;
}

/// A session with its inputs and outputs, all float32, bound once.
class RawSession {
 public:
  RawSession(const GraphDefinition& definition, uint32_t threads)
      : model_(SerializeForOrt(definition)) {
    const ort::Library& library = OrtLibrary();
    const OrtApi& api = library.api();
    const auto options = SameOptions(threads);
    weights_ = Must(ort::HandOverWeights(library, options.get(), model_));
    session_ =
        Must(ort::Make<OrtSession>(api, "benchmark", api.CreateSessionFromArray, library.env(),
                                   model_.proto.data(), model_.proto.size(), options.get()));
    binding_ = Must(ort::Make<OrtIoBinding>(api, "benchmark", api.CreateIoBinding, session_.get()));
    run_options_ = Must(ort::Make<OrtRunOptions>(api, "benchmark", api.CreateRunOptions));
    const auto inputs = definition.inputs();
    const auto outputs = definition.outputs();
    for (size_t i = 0; i < inputs.size(); ++i) {
      MustOrt(api.BindInput(binding_.get(), model_.input_names[i].c_str(),
                            NewValue(inputs[i].descriptor)));
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      MustOrt(api.BindOutput(binding_.get(), model_.output_names[i].c_str(),
                             NewValue(outputs[i].descriptor)));
    }
  }

  void Run() {
    MustOrt(OrtLibrary().api().RunWithBinding(session_.get(), run_options_.get(), binding_.get()));
  }
  /// Inputs, then outputs.
  std::span<float> memory(size_t i) {
    return {reinterpret_cast<float*>(buffers_[i].data()), buffers_[i].size() / sizeof(float)};
  }

 private:
  OrtValue* NewValue(const OperandDescriptor& descriptor) {
    const OrtApi& api = OrtLibrary().api();
    buffers_.push_back(Must(AlignedBuffer::Allocate(descriptor.byte_length())));
    const std::vector<int64_t> sizes(descriptor.shape().begin(), descriptor.shape().end());
    values_.push_back(Must(ort::Make<OrtValue>(
        api, "benchmark", api.CreateTensorWithDataAsOrtValue, OrtLibrary().cpu_memory(),
        static_cast<void*>(buffers_.back().data()), buffers_.back().size(), sizes.data(),
        sizes.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT)));
    return values_.back().get();
  }

  onnx_format::SerializedModel model_;
  ort::WeightMemory weights_;
  ort::Handle<OrtSession> session_;
  ort::Handle<OrtIoBinding> binding_;
  ort::Handle<OrtRunOptions> run_options_;
  std::vector<AlignedBuffer> buffers_;
  std::vector<ort::Handle<OrtValue>> values_;
};

}  // namespace webnn::bench
