#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "backends/backend.h"
#include "backends/openvino/request.h"

namespace webnn::ov {

/// A graph as OpenVINO has compiled it. Runs go in the caller's thread; those of several threads go
/// side by side, each on an infer request of its own.
class CompiledModel final : public CompiledGraph {
 public:
  /// `imported`: what the bytes live in that the model was imported from. The library goes on to
  /// use them.
  static Result<std::unique_ptr<CompiledModel>> Create(
      const Library& library, Handle<ov_compiled_model_t> model,
      std::shared_ptr<const void> imported = nullptr);

  Result<void> Run(std::span<BackendTensor* const> inputs,
                   std::span<BackendTensor* const> outputs) override;
  Result<void> Compute(std::span<const std::span<const std::byte>> inputs,
                       std::span<const std::span<std::byte>> outputs) override;

  const ov_compiled_model_t* model() const { return model_.get(); }
  /// For tests: requests that are kept.
  size_t idle_request_count() const { return pool_.idle_count(); }

 private:
  explicit CompiledModel(const Library& library) : library_(library) {}
  template <class AddressOf>
  Result<void> RunAt(const AddressOf& address_of);

  // In the order in which they must outlive one another.
  const Library& library_;
  std::shared_ptr<const void> imported_;
  Handle<ov_compiled_model_t> model_;
  Signature signature_;
  AddressPool<Request> pool_;
};

}  // namespace webnn::ov
