#include "webnn/dlpack.h"

#include <dlpack/dlpack.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/try.h"
#include "runtime/impl.h"

namespace webnn {
namespace {

struct TypeName {
  DataType type;
  uint8_t code;
  uint8_t bits;
};
// One for each of our types that has whole bytes.
constexpr TypeName kTypes[] = {
    {DataType::kFloat32, kDLFloat, 32}, {DataType::kFloat16, kDLFloat, 16},
    {DataType::kInt32, kDLInt, 32},     {DataType::kUint32, kDLUInt, 32},
    {DataType::kInt64, kDLInt, 64},     {DataType::kUint64, kDLUInt, 64},
    {DataType::kInt8, kDLInt, 8},       {DataType::kUint8, kDLUInt, 8},
};
// Of DLPack since 0.8: bytes of 0 and 1.
constexpr uint8_t kBool = 6;

std::optional<DataType> TypeOf(DLDataType given) {
  if (given.lanes != 1) return std::nullopt;
  if (given.code == kBool && given.bits == 8) return DataType::kUint8;
  for (const TypeName& name : kTypes) {
    if (name.code == given.code && name.bits == given.bits) return name.type;
  }
  return std::nullopt;
}

std::string Describe(DLDataType type) {
  static constexpr const char* kCodes[] = {"int",    "uint",    "float", "opaque",
                                           "bfloat", "complex", "bool"};
  const std::string code =
      type.code < std::size(kCodes) ? kCodes[type.code] : fmt::format("code {} of ", type.code);
  return fmt::format("{}{}{}", code, type.bits,
                     type.lanes == 1 ? "" : fmt::format("x{}", type.lanes));
}

// ---- To others. ----

struct Exported {
  DLManagedTensor managed = {};
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  std::shared_ptr<TensorImpl> tensor;      // and with it the context
  std::shared_ptr<BackendTensor> storage;  // also when the tensor is destroyed
};

std::vector<int64_t> PackedStrides(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= sizes[i];
  }
  return strides;
}

// ---- From others. ----

struct CallDeleter {
  void operator()(DLManagedTensor* managed) const {
    if (managed->deleter != nullptr) managed->deleter(managed);
  }
};

Result<OperandDescriptor> DescriptorOf(const DLTensor& tensor) {
  const auto type = TypeOf(tensor.dtype);
  if (!type) {
    return TypeError(
        "fromDlpack: the elements are {}; there are float16, float32, int8, uint8, "
        "int32, uint32, int64, uint64 and bool",
        Describe(tensor.dtype));
  }
  if (tensor.ndim < 0 || (tensor.ndim > 0 && tensor.shape == nullptr)) {
    return TypeError("fromDlpack: the number of dimensions is {} and the shape {}", tensor.ndim,
                     tensor.shape == nullptr ? "null" : "given");
  }
  std::vector<uint32_t> sizes;
  for (int i = 0; i < tensor.ndim; ++i) {
    const int64_t size = tensor.shape[i];
    if (size < 1 || size > std::numeric_limits<int32_t>::max()) {
      return TypeError("fromDlpack: size {} is {}; sizes are from 1 to 2147483647", i, size);
    }
    sizes.push_back(static_cast<uint32_t>(size));
  }
  auto descriptor = OperandDescriptor::Create(*type, Shape(std::move(sizes)));
  if (!descriptor) {
    return TypeError("fromDlpack: {}", descriptor.error().message);
  }
  return descriptor;
}

Result<void> CheckPacked(const DLTensor& tensor) {
  if (tensor.strides == nullptr) return {};
  int64_t expected = 1;
  for (int i = tensor.ndim; i-- > 0;) {
    // Where there is one element, its distance to the next means nothing.
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) {
      return TypeError(
          "fromDlpack: stride {} is {}, that of a packed row-major array is {}; "
          "make it contiguous first",
          i, tensor.strides[i], expected);
    }
    expected *= tensor.shape[i];
  }
  return {};
}

Result<DeviceMemory> MemoryOf(const DLTensor& tensor) {
  if (tensor.data == nullptr) return TypeError("fromDlpack: the data is null");
  DeviceMemory memory = {.address = static_cast<std::byte*>(tensor.data) + tensor.byte_offset};
  switch (tensor.device.device_type) {
    case kDLCPU:
    case kDLCUDAHost:
      break;
    case kDLCUDA:
    case kDLCUDAManaged:
      memory.kind = MemoryKind::kCuda;
      memory.device = tensor.device.device_id;
      break;
    default:
      return NotSupported(
          "fromDlpack: the memory is on a device of DLPack's type {}; there are 1 "
          "(CPU), 2 (CUDA), 3 (pinned) and 13 (managed)",
          static_cast<int>(tensor.device.device_type));
  }
  return memory;
}

}  // namespace

Result<DLManagedTensor*> ToDlpack(const Tensor& tensor) {
  TensorImpl& impl = *tensor.impl();
  if (tensor.constant()) {
    return NotSupported(
        "toDlpack: a constant tensor belongs to its graphs; make it with "
        "CreateTensor");
  }
  const OperandDescriptor& descriptor = impl.descriptor;
  auto exported = std::make_unique<Exported>();
  DLTensor& made = exported->managed.dl_tensor;
  for (const TypeName& name : kTypes) {
    if (name.type == descriptor.data_type()) made.dtype = {name.code, name.bits, 1};
  }
  if (made.dtype.lanes == 0) {
    return NotSupported("toDlpack: DLPack has no packed {}", Name(descriptor.data_type()));
  }
  impl.lock.LockShared();
  exported->storage = impl.storage;
  impl.lock.UnlockShared();
  if (!exported->storage || impl.destroyed.load(std::memory_order_acquire)) {
    return InvalidState("toDlpack: the tensor is destroyed");
  }
  const auto memory = exported->storage->memory();
  if (!memory) {
    return NotSupported("toDlpack: the back end {} does not give its memory away",
                        impl.context->backend().name());
  }
  exported->tensor = tensor.impl();
  exported->sizes.assign(descriptor.shape().begin(), descriptor.shape().end());
  exported->strides = PackedStrides(exported->sizes);
  made.data = memory->address;
  made.device = {memory->kind == MemoryKind::kCuda ? kDLCUDA : kDLCPU, memory->device};
  made.ndim = static_cast<int>(exported->sizes.size());
  made.shape = exported->sizes.data();
  made.strides = exported->strides.data();
  exported->managed.manager_ctx = exported.get();
  exported->managed.deleter = [](DLManagedTensor* managed) {
    delete static_cast<Exported*>(managed->manager_ctx);
  };
  return &exported.release()->managed;
}

Result<Tensor> FromDlpack(const Context& context, DLManagedTensor* managed, TensorOptions options) {
  if (managed == nullptr) return TypeError("fromDlpack: the structure is null");
  const std::shared_ptr<DLManagedTensor> owner(managed, CallDeleter());
  const DLTensor& tensor = managed->dl_tensor;
  WEBNN_ASSIGN_OR_RETURN(const OperandDescriptor descriptor, DescriptorOf(tensor));
  WEBNN_RETURN_IF_ERROR(CheckPacked(tensor));
  WEBNN_ASSIGN_OR_RETURN(const DeviceMemory memory, MemoryOf(tensor));
  return context.ImportTensor(descriptor, memory, owner, options);
}

}  // namespace webnn
