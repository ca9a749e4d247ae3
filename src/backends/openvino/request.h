#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backends/address_pool.h"
#include "backends/openvino/library.h"

namespace webnn::ov {

/// What one input or output of a compiled model takes.
struct Slot {
  Handle<ov_output_const_port_t> port;
  ov_element_type_e type = ov_element_type_e::DYNAMIC;
  std::vector<int64_t> sizes;
  size_t byte_length = 0;
  size_t alignment = 1;
};

/// The inputs, then the outputs of a compiled model.
struct Signature {
  std::vector<Slot> slots;
  size_t input_count = 0;

  /// NotSupported for sizes or types that a graph of ours cannot have.
  static Result<Signature> Of(const Api& api, const ov_compiled_model_t* model);
};

/// An infer request with the addresses that it reads and writes. One runs at a time; several of one
/// model run side by side.
class Request {
 public:
  static Result<std::unique_ptr<Request>> Create(const Api& api, const ov_compiled_model_t* model,
                                                 const Signature& signature);

  template <class AddressOf>
  bool Matches(const AddressOf& address_of) const {
    return addresses_.Matches(address_of);
  }

  /// Makes the request use these addresses.
  template <class AddressOf>
  Result<void> Bind(const AddressOf& address_of) {
    return addresses_.Bind(
        address_of, [this](size_t k) -> const Slot& { return signature_.slots[k]; },
        [this](size_t k, std::byte* address) { return BindSlot(k, address); });
  }

  Result<void> Run();

 private:
  Request(const Api& api, const Signature& signature)
      : api_(api), signature_(signature), addresses_(signature.slots.size()) {}
  Result<void> BindSlot(size_t k, std::byte* address);

  const Api& api_;
  const Signature& signature_;
  Handle<ov_infer_request_t> request_;
  BoundAddresses addresses_;
};

}  // namespace webnn::ov
