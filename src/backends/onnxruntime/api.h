#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "onnxruntime_c_api.h"
#include "webnn/result.h"

/// ONNX Runtime's C API with owners for its objects and errors as `Result`. Only functions of API
/// 20 may be called: it is what the headers that distributions package know at least, and every
/// newer library offers it.
namespace webnn::ort {

inline constexpr uint32_t kApiVersion = 20;
inline constexpr int kMinimumMinor = 30;  // ONNX Runtime 1.30: what kernels.inc was probed with
static_assert(ORT_API_VERSION >= kApiVersion);

struct Releaser {
  const OrtApi* api = nullptr;
  void operator()(OrtSession* object) const { api->ReleaseSession(object); }
  void operator()(OrtSessionOptions* object) const { api->ReleaseSessionOptions(object); }
  void operator()(OrtRunOptions* object) const { api->ReleaseRunOptions(object); }
  void operator()(OrtIoBinding* object) const { api->ReleaseIoBinding(object); }
  void operator()(OrtValue* object) const { api->ReleaseValue(object); }
  void operator()(OrtTypeInfo* object) const { api->ReleaseTypeInfo(object); }
  void operator()(OrtTensorTypeAndShapeInfo* object) const {
    api->ReleaseTensorTypeAndShapeInfo(object);
  }
  void operator()(OrtStatus* object) const { api->ReleaseStatus(object); }
};
template <class T>
using Handle = std::unique_ptr<T, Releaser>;

/// Takes over `status`, which is an error: OperationError "onnxruntime: <action>: <reason>".
Error StatusError(const OrtApi& api, OrtStatus* status, std::string_view action);

/// Takes over `status`, which is null when the call did what it should.
inline Result<void> Check(const OrtApi& api, OrtStatus* status, std::string_view action) {
  if (status == nullptr) return {};
  return StatusError(api, status, action);
}

/// `Make<OrtRunOptions>(api, "make run options", api.CreateRunOptions)`: calls
/// `function(arguments..., &object)` and owns the object.
template <class T, class Function, class... Args>
Result<Handle<T>> Make(const OrtApi& api, std::string_view action, Function function,
                       Args&&... args) {
  T* object = nullptr;
  if (OrtStatus* status = function(std::forward<Args>(args)..., &object); status != nullptr) {
    return StatusError(api, status, action);
  }
  return Handle<T>(object, Releaser{&api});
}

}  // namespace webnn::ort
