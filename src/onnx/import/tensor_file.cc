#include "onnx/import/tensor_file.h"

#include <algorithm>
#include <memory>

#include "core/errors.h"
#include "core/try.h"
#include "onnx/import/tensor_loader.h"
#include "onnx/onnx.pb.h"

namespace webnn::onnx_format {
namespace {

bool Parse(google::protobuf::MessageLite& message, std::span<const std::byte> bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

Result<HostTensor> ParseTensor(std::span<const std::byte> bytes) {
  // Weights of models are read well; so it becomes the weight of one.
  ::onnx::ModelProto wrapper;
  if (!Parse(*wrapper.mutable_graph()->add_initializer(), bytes)) {
    return TypeError("the file is no TensorProto");
  }
  const auto text = std::make_shared<const std::string>(wrapper.SerializeAsString());
  WEBNN_ASSIGN_OR_RETURN(
      const auto model,
      ParsedModel::Parse({.bytes = std::as_bytes(std::span(*text)), .owner = text}));
  return TensorLoader(model, "", false).Load(model->proto().graph().initializer(0));
}

Result<std::string> FixInputs(std::span<const std::byte> model,
                              std::span<const FixedInput> inputs) {
  ::onnx::ModelProto proto;
  if (!Parse(proto, model)) return TypeError("the file is no ModelProto");
  auto& declared = *proto.mutable_graph()->mutable_input();
  for (const auto& [name, bytes] : inputs) {
    ::onnx::TensorProto& constant = *proto.mutable_graph()->add_initializer();
    if (!Parse(constant, std::as_bytes(std::span(bytes)))) {
      return TypeError("what is given for \"{}\" is no TensorProto", name);
    }
    constant.set_name(name);
    const auto first = std::remove_if(declared.begin(), declared.end(),
                                      [&](const auto& input) { return input.name() == name; });
    declared.erase(first, declared.end());
  }
  return proto.SerializeAsString();
}

}  // namespace webnn::onnx_format
