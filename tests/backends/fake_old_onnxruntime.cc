// A library as ONNX Runtime 1.10 looks to who opens it: built on its own, for the loader's test.
#include "onnxruntime_c_api.h"

namespace {

const OrtApi* ORT_API_CALL GetApi(uint32_t /*version*/) noexcept { return nullptr; }
const char* ORT_API_CALL GetVersionString() noexcept { return "1.10.0"; }
const OrtApiBase kBase = {&GetApi, &GetVersionString};

}  // namespace

extern "C" __attribute__((visibility("default"))) const OrtApiBase* ORT_API_CALL
OrtGetApiBase() noexcept {
  return &kBase;
}
