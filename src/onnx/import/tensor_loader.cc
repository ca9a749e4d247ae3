#include "onnx/import/tensor_loader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "core/errors.h"
#include "core/try.h"
#include "fmt/ranges.h"

namespace webnn::onnx_format {
namespace {

using lowering::Element;
using ::onnx::TensorProto;

// A sparse tensor of a few bytes in the file may not take more memory than this.
constexpr uint64_t kMaxSparseBytes = uint64_t{1} << 28;

// A field of numbers whose memory is the tensor's: a view.
template <class Field>
std::span<const std::byte> ViewOf(const Field& field) {
  return std::as_bytes(std::span(field.data(), static_cast<size_t>(field.size())));
}

// int32_data holds each element (or byte of small elements) in 32 bits.
Result<HostTensor> FromInt32Data(const TensorProto& proto, HostTensor tensor, uint64_t length) {
  const size_t width = static_cast<size_t>(std::max(BitsOf(tensor.element), 8)) / 8;
  if (static_cast<uint64_t>(proto.int32_data_size()) * width != length) {
    return TypeError("int32_data has {} numbers, {} are needed", proto.int32_data_size(),
                     length / width);
  }
  std::byte* memory = nullptr;
  tensor = HostTensor::Allocate(tensor.element, std::move(tensor.sizes), &memory);
  for (int i = 0; i < proto.int32_data_size(); ++i) {
    const int32_t value = proto.int32_data(i);
    std::memcpy(memory + static_cast<size_t>(i) * width, &value, width);
  }
  return tensor;
}

Result<HostTensor> FromTypedField(const TensorProto& proto, HostTensor tensor, uint64_t length,
                                  const std::shared_ptr<const ParsedModel>& model) {
  std::string_view field;
  std::span<const std::byte> bytes;
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
    case TensorProto::COMPLEX64:
      field = "float_data";
      bytes = ViewOf(proto.float_data());
      break;
    case TensorProto::DOUBLE:
    case TensorProto::COMPLEX128:
      field = "double_data";
      bytes = ViewOf(proto.double_data());
      break;
    case TensorProto::INT64:
      field = "int64_data";
      bytes = ViewOf(proto.int64_data());
      break;
    case TensorProto::UINT64:
      field = "uint64_data";
      bytes = ViewOf(proto.uint64_data());
      break;
    case TensorProto::INT32:
      field = "int32_data";
      bytes = ViewOf(proto.int32_data());
      break;
    case TensorProto::UINT32: {  // 64 bits each, of which the lower half counts
      if (static_cast<uint64_t>(proto.uint64_data_size()) * sizeof(uint32_t) != length) {
        return TypeError("uint64_data has {} numbers, {} are needed", proto.uint64_data_size(),
                         length / sizeof(uint32_t));
      }
      std::byte* memory = nullptr;
      tensor = HostTensor::Allocate(tensor.element, std::move(tensor.sizes), &memory);
      for (int i = 0; i < proto.uint64_data_size(); ++i) {
        const auto value = static_cast<uint32_t>(proto.uint64_data(i));
        std::memcpy(memory + static_cast<size_t>(i) * sizeof(value), &value, sizeof(value));
      }
      return tensor;
    }
    default:
      return FromInt32Data(proto, std::move(tensor), length);
  }
  if (bytes.size() != length) {
    return TypeError("{} has {} bytes; its type and shape need {}", field, bytes.size(), length);
  }
  tensor.bytes = bytes;
  tensor.owner = model;
  return tensor;
}

Error Named(const std::string& name, Error error) {
  error.message = fmt::format("tensor \"{}\": {}", name, error.message);
  return error;
}

}  // namespace

Result<HostTensor> TensorLoader::Load(const TensorProto& proto) {
  HostTensor tensor{.element = static_cast<Element>(proto.data_type()),
                    .sizes = {proto.dims().begin(), proto.dims().end()}};
  const auto fail = [&](Error error) { return Named(proto.name(), std::move(error)); };
  if (proto.data_type() <= 0 || proto.data_type() > 255 ||
      NameOf(tensor.element) == NameOf(Element::kNone)) {
    return fail(TypeError("there is no element type {}", proto.data_type()));
  }
  if (proto.has_segment()) return fail(NotSupported("it is one segment of a tensor"));
  const auto length = ByteLength(tensor.element, tensor.sizes);
  if (!length) {
    return fail(
        TypeError("the sizes [{}] are negative or too large", fmt::join(proto.dims(), ", ")));
  }
  if (proto.data_type() == TensorProto::STRING) {
    tensor.owner = model_;
    return tensor;  // its elements are of no use here
  }
  if (proto.data_location() == TensorProto::EXTERNAL) {
    if (auto loaded = external_.Load(proto, *length, tensor); !loaded) return fail(loaded.error());
  } else if (proto.has_raw_data()) {
    tensor.bytes = model_->RawData(proto);
    tensor.owner = model_;
    if (tensor.bytes.size() != *length) {
      return fail(TypeError("raw_data has {} bytes; {}[{}] needs {}", tensor.bytes.size(),
                            NameOf(tensor.element), fmt::join(proto.dims(), ", "), *length));
    }
  } else {
    auto loaded = FromTypedField(proto, std::move(tensor), *length, model_);
    if (!loaded) return fail(loaded.error());
    tensor = *std::move(loaded);
  }
  return Narrow(std::move(tensor));
}

Result<HostTensor> TensorLoader::Load(const ::onnx::SparseTensorProto& proto) {
  const std::string& name = proto.values().name();
  WEBNN_ASSIGN_OR_RETURN(const HostTensor values, Load(proto.values()));
  WEBNN_ASSIGN_OR_RETURN(const HostTensor indices, Load(proto.indices()));
  const auto fail = [&](Error error) { return Named(name, std::move(error)); };
  std::vector<int64_t> sizes(proto.dims().begin(), proto.dims().end());
  const auto length = ByteLength(values.element, sizes);
  const auto places = indices.ToIntegers();
  const size_t width = static_cast<size_t>(BitsOf(values.element)) / 8;
  if (!length || *length > kMaxSparseBytes) {
    return fail(TypeError("the sizes [{}] are negative or too large", fmt::join(sizes, ", ")));
  }
  const int64_t count = values.element_count();
  const auto rank = static_cast<int64_t>(sizes.size());
  const bool linear = indices.sizes == std::vector{count};
  if (!places || width == 0 || (!linear && indices.sizes != std::vector{count, rank})) {
    return fail(TypeError("a sparse tensor needs one index for each of its {} values", count));
  }
  std::byte* memory = nullptr;
  HostTensor dense = HostTensor::Allocate(values.element, sizes, &memory);
  const int64_t limit = dense.element_count();
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = linear ? (*places)[static_cast<size_t>(i)] : 0;
    for (int64_t axis = 0; !linear && axis < rank; ++axis) {
      const int64_t place = (*places)[static_cast<size_t>(i * rank + axis)];
      const int64_t size = sizes[static_cast<size_t>(axis)];
      if (place < 0 || place >= size) {
        return fail(TypeError("index {} of a sparse tensor is not in [0, {})", place, size));
      }
      at = at * size + place;
    }
    if (at < 0 || at >= limit) {
      return fail(TypeError("index {} of a sparse tensor is not in [0, {})", at, limit));
    }
    std::memcpy(memory + static_cast<size_t>(at) * width,
                values.bytes.data() + static_cast<size_t>(i) * width, width);
  }
  return dense;
}

Result<HostTensor> TensorLoader::Narrow(HostTensor tensor) const {
  if (Narrow(tensor.element) == tensor.element) return tensor;
  const std::vector<double> values = *tensor.ToDoubles();
  std::byte* memory = nullptr;
  HostTensor narrow = HostTensor::Allocate(Element::kFloat, std::move(tensor.sizes), &memory);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto value = Number(values[i]).Encode(DataType::kFloat32);
    std::memcpy(memory + i * sizeof(float), value.data(), sizeof(float));
  }
  return narrow;
}

}  // namespace webnn::onnx_format
