#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "openvino/c/openvino.h"
#include "webnn/result.h"

/// OpenVINO's C API with owners for its objects and errors as `Result`. The library is opened at
/// run time: what is called of it stands in one list.
namespace webnn::ov {

/// What older versions number otherwise: element types, and properties that the back end sets.
inline constexpr int kMinimumYear = 2026;

#define WEBNN_OPENVINO_FUNCTIONS(X) \
  X(ov_get_openvino_version) \
  X(ov_version_free) \
  X(ov_get_error_info) \
  X(ov_get_last_err_msg) \
  X(ov_free) \
  X(ov_core_create) \
  X(ov_core_free) \
  X(ov_core_get_available_devices) \
  X(ov_available_devices_free) \
  X(ov_core_get_property) \
  X(ov_core_set_property) \
  X(ov_core_read_model_from_memory_buffer) \
  X(ov_core_compile_model) \
  X(ov_core_import_model) \
  X(ov_model_free) \
  X(ov_compiled_model_free) \
  X(ov_compiled_model_inputs_size) \
  X(ov_compiled_model_outputs_size) \
  X(ov_compiled_model_input_by_index) \
  X(ov_compiled_model_output_by_index) \
  X(ov_compiled_model_get_property) \
  X(ov_compiled_model_export_model) \
  X(ov_compiled_model_create_infer_request) \
  X(ov_output_const_port_free) \
  X(ov_port_get_element_type) \
  X(ov_const_port_get_shape) \
  X(ov_shape_free) \
  X(ov_tensor_create_from_host_ptr) \
  X(ov_tensor_free) \
  X(ov_infer_request_set_tensor_by_const_port) \
  X(ov_infer_request_infer) \
  X(ov_infer_request_free)

/// `api.ov_core_create(...)`: the library's functions by their own names.
struct Api {
#define WEBNN_OPENVINO_MEMBER(name) decltype(&::name) name = nullptr;
  WEBNN_OPENVINO_FUNCTIONS(WEBNN_OPENVINO_MEMBER)
#undef WEBNN_OPENVINO_MEMBER
};

/// Called when the library is opened: from here on a fork counts.
void WatchForks();
/// Whether this process was forked from one that had the library open. Its threads are gone then,
/// and whatever is called may wait for them without end.
bool IsForked();
/// Why nothing is called in such a process, and what to do.
std::string_view ForkedMessage();

struct Releaser {
  const Api* api = nullptr;
  void operator()(ov_model_t* object) const { Free(api->ov_model_free, object); }
  void operator()(ov_compiled_model_t* object) const { Free(api->ov_compiled_model_free, object); }
  void operator()(ov_infer_request_t* object) const { Free(api->ov_infer_request_free, object); }
  void operator()(ov_tensor_t* object) const { Free(api->ov_tensor_free, object); }
  void operator()(ov_output_const_port_t* object) const {
    Free(api->ov_output_const_port_free, object);
  }
  void operator()(char* text) const { api->ov_free(text); }

 private:
  template <class Function, class T>
  static void Free(Function function, T* object) {
    if (!IsForked()) function(object);
  }
};
template <class T>
using Handle = std::unique_ptr<T, Releaser>;

/// OperationError "openvino: <action>: <reason>", the reason being that of this thread's last call.
Error StatusError(const Api& api, ov_status_e status, std::string_view action);

inline Result<void> Check(const Api& api, ov_status_e status, std::string_view action) {
  if (status == ov_status_e::OK) return {};
  return StatusError(api, status, action);
}

/// `Make<ov_tensor_t>(api, "describe a tensor", api.ov_tensor_create_from_host_ptr, type, ...)`:
/// calls `function(arguments..., &object)` and owns the object.
template <class T, class Function, class... Args>
Result<Handle<T>> Make(const Api& api, std::string_view action, Function function, Args&&... args) {
  T* object = nullptr;
  if (ov_status_e status = function(std::forward<Args>(args)..., &object);
      status != ov_status_e::OK) {
    return StatusError(api, status, action);
  }
  return Handle<T>(object, Releaser{&api});
}

}  // namespace webnn::ov
