#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "backends/host_memory.h"
#include "harness.h"
#include "webnn/webnn.h"

namespace webnn::bench {

/// One caller of a compiled graph, with tensors and host memory of its own.
class WebnnSession {
 public:
  enum class Memory : uint8_t { kBoth, kDevice };  ///< Without kBoth there is no `Compute`.

  WebnnSession(const Context& context, const Graph& graph, Memory memory = Memory::kBoth)
      : context_(context), graph_(graph) {
    for (const NamedDescriptor& one : graph_.inputs()) {
      inputs_.emplace_back(one.name, NewTensor(one.descriptor));
      if (memory == Memory::kBoth) input_bytes_.emplace_back(one.name, NewHost(one.descriptor));
    }
    for (const NamedDescriptor& one : graph_.outputs()) {
      outputs_.emplace_back(one.name, NewTensor(one.descriptor));
      if (memory == Memory::kBoth) output_bytes_.emplace_back(one.name, NewHost(one.descriptor));
    }
  }

  void Write(size_t input, std::span<const std::byte> bytes) {
    Must(context_.WriteTensor(inputs_[input].second, bytes));
    if (!host_.empty()) std::copy(bytes.begin(), bytes.end(), host_[input].data());
  }
  void Write(size_t input, std::span<const float> values) { Write(input, std::as_bytes(values)); }
  std::vector<float> Read(size_t output) {
    const Tensor& tensor = outputs_[output].second;
    std::vector<float> values(tensor.descriptor().element_count());
    Must(context_.ReadTensor(tensor, std::as_writable_bytes(std::span(values))));
    return values;
  }

  void Read(size_t output, std::span<float> values) {
    Must(context_.ReadTensor(outputs_[output].second, std::as_writable_bytes(values)));
  }
  std::vector<std::byte> ReadBytes(size_t output) {
    const Tensor& tensor = outputs_[output].second;
    std::vector<std::byte> bytes(tensor.descriptor().byte_length());
    Must(context_.ReadTensor(tensor, bytes));
    return bytes;
  }
  /// What `Compute` has made.
  std::span<const float> host_output(size_t output) const {
    const AlignedBuffer& buffer = host_[inputs_.size() + output];
    return {reinterpret_cast<const float*>(buffer.data()), buffer.size() / sizeof(float)};
  }

  void Dispatch() { Must(context_.Dispatch(graph_, inputs_, outputs_)); }
  void DispatchAndWait() {
    Dispatch();
    context_.Synchronize();
  }
  void Compute() { Must(context_.Compute(graph_, input_bytes_, output_bytes_)); }

 private:
  Tensor NewTensor(const OperandDescriptor& descriptor) {
    return Must(context_.CreateTensor(descriptor, {.readable = true, .writable = true}));
  }
  std::span<std::byte> NewHost(const OperandDescriptor& descriptor) {
    host_.push_back(Must(AlignedBuffer::Allocate(descriptor.byte_length())));
    return host_.back().bytes();
  }

  const Context context_;
  const Graph graph_;
  std::vector<NamedTensor> inputs_;
  std::vector<NamedTensor> outputs_;
  std::vector<AlignedBuffer> host_;
  std::vector<NamedInputBytes> input_bytes_;
  std::vector<NamedOutputBytes> output_bytes_;
};

}  // namespace webnn::bench
