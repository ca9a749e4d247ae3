#pragma once

#include <memory>
#include <vector>

#include "backends/backend.h"
#include "backends/onnxruntime/binding.h"
#include "backends/onnxruntime/library.h"

namespace webnn::ort {

/// A graph as a session of ONNX Runtime.
class Session final : public CompiledGraph {
 public:
  static Result<std::unique_ptr<Session>> Compile(const Library& library,
                                                  std::shared_ptr<const Log> log, uint32_t threads,
                                                  const GraphData& graph);

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
  std::shared_ptr<const Log> log_;                       // the session writes to it
  std::vector<std::shared_ptr<const void>> owners_;      // of weights that the session reads in place
  std::vector<AlignedBuffer> aligned_;                   // likewise
  Handle<OrtSession> session_;
  Handle<OrtRunOptions> run_options_;
  Signature signature_;
  BindingPool pool_;
};

}  // namespace webnn::ort
