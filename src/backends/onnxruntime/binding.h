#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/address_pool.h"
#include "backends/onnxruntime/library.h"

namespace webnn::ort {

/// What one input or output of a session takes; `name` is the one in the model.
struct Slot {
  std::string name;
  ONNXTensorElementDataType type;
  std::vector<int64_t> sizes;
  size_t byte_length;
  size_t alignment;
};

/// The inputs, then the outputs of a session.
struct Signature {
  std::vector<Slot> slots;
  size_t input_count = 0;
};

/// A set of addresses that a session reads and writes, prepared for `RunWithBinding`.
class Binding {
 public:
  static Result<std::unique_ptr<Binding>> Create(const Library& library, OrtSession* session,
                                                 const Signature& signature);

  template <class AddressOf>
  bool Matches(const AddressOf& address_of) const {
    return addresses_.Matches(address_of);
  }

  /// Makes the session use these addresses.
  template <class AddressOf>
  Result<void> Bind(const AddressOf& address_of) {
    return addresses_.Bind(
        address_of, [this](size_t k) -> const Slot& { return signature_.slots[k]; },
        [this](size_t k, std::byte* address) { return BindSlot(k, address); });
  }

  Result<void> Run(OrtSession* session, const OrtRunOptions* options);

 private:
  Binding(const Library& library, const Signature& signature)
      : library_(library), signature_(signature), addresses_(signature.slots.size()) {}
  Result<void> BindSlot(size_t k, std::byte* address);

  const Library& library_;
  const Signature& signature_;
  Handle<OrtIoBinding> binding_;
  BoundAddresses addresses_;
};

}  // namespace webnn::ort
