#pragma once

#include <memory>
#include <span>

#include "backends/backend.h"
#include "backends/onnxruntime/binding.h"
#include "backends/onnxruntime/library.h"
#include "backends/onnxruntime/weights.h"
#include "lowering/model.h"

namespace webnn::ort {

/// A graph as a session of ONNX Runtime.
class Session final : public CompiledGraph {
 public:
  /// `threads` as in `ContextOptions`. Weights of the model that are not tiny are used in place, by
  /// their owners.
  static Result<std::unique_ptr<Session>> Compile(const Library& library,
                                                  std::shared_ptr<const Log> log, uint32_t threads,
                                                  lowering::Model model);

  Result<void> Run(std::span<BackendTensor* const> inputs,
                   std::span<BackendTensor* const> outputs) override;
  Result<void> Compute(std::span<const std::span<const std::byte>> inputs,
                       std::span<const std::span<std::byte>> outputs) override;

  /// For tests: bindings that are kept.
  size_t idle_binding_count() const { return pool_.idle_count(); }

 private:
  explicit Session(const Library& library) : library_(library) {}
  template <class AddressOf>
  Result<void> RunAt(const AddressOf& address_of);

  // In the order in which they must outlive one another.
  const Library& library_;
  std::shared_ptr<const Log> log_;  // the session writes to it
  WeightMemory weights_;            // the session reads it
  Handle<OrtSession> session_;
  Handle<OrtRunOptions> run_options_;
  Signature signature_;
  AddressPool<Binding> pool_;
};

}  // namespace webnn::ort
