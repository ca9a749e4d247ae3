#include "backends/onnxruntime/weights.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "backends/onnxruntime/element.h"
#include "core/try.h"

namespace webnn::ort {
namespace {

using onnx_format::ExternalWeight;
using onnx_format::SerializedModel;

constexpr std::string_view kAction = "hand over the weights";
// The first version with the option below; older ones ignore it.
constexpr int kBorrowsSinceMinor = 31;
constexpr const char* kBorrowOption = "session.use_external_initializer_file_buffers_directly";

bool Borrows(const Library& library) { return library.minor_version() >= kBorrowsSinceMinor; }

// Each weight as a file in memory that ONNX Runtime reads in place, without writing to it.
Result<void> Borrow(const OrtApi& api, OrtSessionOptions* options,
                    const std::vector<ExternalWeight>& weights,
                    const std::vector<const std::byte*>& addresses) {
  std::vector<const ORTCHAR_T*> names;
  std::vector<char*> buffers;
  std::vector<size_t> lengths;
  for (size_t i = 0; i < weights.size(); ++i) {
    names.push_back(weights[i].location.c_str());
    buffers.push_back(reinterpret_cast<char*>(const_cast<std::byte*>(addresses[i])));  // NOLINT
    lengths.push_back(weights[i].bytes.size());
  }
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.AddSessionConfigEntry(options, kBorrowOption, "1"), kAction));
  return Check(api,
               api.AddExternalInitializersFromFilesInMemory(options, names.data(), buffers.data(),
                                                            lengths.data(), names.size()),
               kAction);
}

// Each weight as a value, which costs one copy where files in memory would cost two for a while.
// `AddInitializer` would avoid it, but does not follow when an optimiser changes the weight.
Result<void> Copy(const Library& library, OrtSessionOptions* options,
                  const std::vector<ExternalWeight>& weights,
                  const std::vector<const std::byte*>& addresses) {
  const OrtApi& api = library.api();
  std::vector<Handle<OrtValue>> owned;
  std::vector<const char*> names;
  std::vector<const OrtValue*> values;
  for (size_t i = 0; i < weights.size(); ++i) {
    const ExternalWeight& weight = weights[i];
    WEBNN_ASSIGN_OR_RETURN(
        Handle<OrtValue> value,
        Make<OrtValue>(api, kAction, api.CreateTensorWithDataAsOrtValue, library.cpu_memory(),
                       static_cast<void*>(const_cast<std::byte*>(addresses[i])),  // NOLINT
                       weight.bytes.size(), weight.sizes.data(), weight.sizes.size(),
                       ToOrt(weight.element)));
    names.push_back(weight.name.c_str());
    values.push_back(value.get());
    owned.push_back(std::move(value));
  }
  return Check(api, api.AddExternalInitializers(options, names.data(), values.data(), names.size()),
               kAction);
}

}  // namespace

Result<SerializedModel> SerializeForSession(const Library& library, const lowering::Model& model) {
  const FileMappings files = FileMappings::Read();
  WEBNN_ASSIGN_OR_RETURN(SerializedModel serialized,
                         onnx_format::Serialize(model, {.files = &files}));
  uint64_t in_memory = 0;
  for (const ExternalWeight& weight : serialized.weights) in_memory += weight.bytes.size();
  // Beside files, ONNX Runtime copies what is in memory.
  if (in_memory <= serialized.bytes_in_files || !Borrows(library)) return serialized;
  return onnx_format::Serialize(model);
}

Result<WeightMemory> HandOverWeights(const Library& library, OrtSessionOptions* options,
                                     const SerializedModel& model) {
  const std::vector<ExternalWeight>& weights = model.weights;
  WeightMemory memory;
  if (weights.empty()) return memory;
  // With one file in memory, ONNX Runtime looks for no file anywhere else.
  const bool borrow = Borrows(library) && model.bytes_in_files == 0;
  std::vector<const std::byte*> addresses;
  for (const ExternalWeight& weight : weights) {
    const std::byte* address = weight.bytes.data();
    // What ONNX Runtime copies itself may lie anywhere.
    if (borrow && reinterpret_cast<uintptr_t>(address) % AlignmentOf(weight.element) != 0) {
      WEBNN_ASSIGN_OR_RETURN(AlignedBuffer copy, AlignedBuffer::Allocate(weight.bytes.size()));
      std::memcpy(copy.data(), address, weight.bytes.size());
      address = copy.data();
      memory.copies.push_back(std::move(copy));
    } else if (weight.owner != nullptr) {
      memory.owners.push_back(weight.owner);
    }
    addresses.push_back(address);
  }
  WEBNN_RETURN_IF_ERROR(borrow ? Borrow(library.api(), options, weights, addresses)
                               : Copy(library, options, weights, addresses));
  return memory;
}

}  // namespace webnn::ort
