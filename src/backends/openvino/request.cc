#include "backends/openvino/request.h"

#include <utility>

#include "backends/openvino/element.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::ov {
namespace {

constexpr std::string_view kDescribe = "describe the compiled graph";

Result<Slot> DescribePort(const Api& api, Handle<ov_output_const_port_t> port) {
  Slot slot;
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.ov_port_get_element_type(port.get(), &slot.type), kDescribe));
  ov_shape_t shape{};
  WEBNN_RETURN_IF_ERROR(Check(api, api.ov_const_port_get_shape(port.get(), &shape), kDescribe));
  slot.sizes.assign(shape.dims, shape.dims + shape.rank);
  WEBNN_RETURN_IF_ERROR(Check(api, api.ov_shape_free(&shape), kDescribe));
  const size_t bits = BitsOf(slot.type);
  if (bits == 0) {
    return NotSupported("openvino: the compiled graph has an operand of an unknown type ({})",
                        static_cast<int>(slot.type));
  }
  size_t count = 1;
  for (int64_t size : slot.sizes) count *= static_cast<size_t>(size);
  slot.byte_length = (count * bits + 7) / 8;
  slot.alignment = bits < 8 ? 1 : bits / 8;
  slot.port = std::move(port);
  return slot;
}

}  // namespace

Result<Signature> Signature::Of(const Api& api, const ov_compiled_model_t* model) {
  Signature signature;
  size_t outputs = 0;
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.ov_compiled_model_inputs_size(model, &signature.input_count), kDescribe));
  WEBNN_RETURN_IF_ERROR(Check(api, api.ov_compiled_model_outputs_size(model, &outputs), kDescribe));
  signature.slots.reserve(signature.input_count + outputs);
  for (size_t k = 0; k < signature.input_count + outputs; ++k) {
    const bool input = k < signature.input_count;
    WEBNN_ASSIGN_OR_RETURN(
        Handle<ov_output_const_port_t> port,
        Make<ov_output_const_port_t>(
            api, kDescribe,
            input ? api.ov_compiled_model_input_by_index : api.ov_compiled_model_output_by_index,
            model, input ? k : k - signature.input_count));
    WEBNN_ASSIGN_OR_RETURN(Slot slot, DescribePort(api, std::move(port)));
    signature.slots.push_back(std::move(slot));
  }
  return signature;
}

Result<std::unique_ptr<Request>> Request::Create(const Api& api, const ov_compiled_model_t* model,
                                                 const Signature& signature) {
  auto request = std::unique_ptr<Request>(new Request(api, signature));
  WEBNN_ASSIGN_OR_RETURN(request->request_, Make<ov_infer_request_t>(
                                                api, "make an infer request",
                                                api.ov_compiled_model_create_infer_request, model));
  return request;
}

Result<void> Request::BindSlot(size_t k, std::byte* address) {
  constexpr std::string_view kAction = "bind a tensor";
  const Slot& slot = signature_.slots[k];
  const ov_shape_t shape = {static_cast<int64_t>(slot.sizes.size()),
                            const_cast<int64_t*>(slot.sizes.data())};  // NOLINT: only read
  WEBNN_ASSIGN_OR_RETURN(const Handle<ov_tensor_t> tensor,
                         Make<ov_tensor_t>(api_, kAction, api_.ov_tensor_create_from_host_ptr,
                                           slot.type, shape, static_cast<void*>(address)));
  return Check(
      api_,
      api_.ov_infer_request_set_tensor_by_const_port(request_.get(), slot.port.get(), tensor.get()),
      kAction);
}

Result<void> Request::Run() {
  addresses_.CopyIn(signature_.input_count);
  WEBNN_RETURN_IF_ERROR(Check(api_, api_.ov_infer_request_infer(request_.get()), "run the graph"));
  addresses_.CopyOut(signature_.input_count);
  return {};
}

}  // namespace webnn::ov
