#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/onnxruntime/library.h"
#include "backends/onnxruntime/memory.h"

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

/// A set of addresses that a session reads and writes, prepared for `RunWithBinding`. It refers to
/// memory by address only and owns none: the caller's tensors may go at any time. A new tensor at
/// an old address is the same to it, since type and sizes belong to the slot.
class Binding {
 public:
  static Result<std::unique_ptr<Binding>> Create(const Library& library, OrtSession* session,
                                                 const Signature& signature);

  template <class AddressOf>
  bool Matches(const AddressOf& address_of) const {
    for (size_t k = 0; k < addresses_.size(); ++k) {
      if (addresses_[k] != address_of(k)) return false;
    }
    return true;
  }

  /// Makes the session use these addresses.
  template <class AddressOf>
  Result<void> Bind(const AddressOf& address_of) {
    for (size_t k = 0; k < addresses_.size(); ++k) {
      std::byte* const address = address_of(k);
      if (addresses_[k] == address) continue;
      if (Result<void> bound = BindSlot(k, address); !bound.ok()) return bound;
    }
    return {};
  }

  Result<void> Run(OrtSession* session, const OrtRunOptions* options);

 private:
  Binding(const Library& library, const Signature& signature)
      : library_(library), signature_(signature), addresses_(signature.slots.size(), nullptr) {}
  Result<void> BindSlot(size_t k, std::byte* address);
  bool IsInput(size_t k) const { return k < signature_.input_count; }

  const Library& library_;
  const Signature& signature_;
  Handle<OrtIoBinding> binding_;
  std::vector<std::byte*> addresses_;  // the caller's; null before the first
  // Memory that is not aligned for its elements, as a slice of a file may be, goes through copies.
  struct Copy {
    size_t slot;
    AlignedBuffer buffer;
  };
  std::vector<Copy> copies_;
};

/// The bindings of a session that are not running. Each thread takes one for itself, by preference
/// the one that has the same addresses from an earlier run, as in a loop over the same tensors.
class BindingPool {
 public:
  BindingPool() = default;
  BindingPool(const BindingPool&) = delete;
  BindingPool& operator=(const BindingPool&) = delete;
  ~BindingPool() { delete last_.load(std::memory_order_acquire); }

  /// One with these addresses, or else the one used longest ago, or null: then make one.
  template <class AddressOf>
  std::unique_ptr<Binding> Take(const AddressOf& address_of) {
    std::unique_ptr<Binding> last(last_.exchange(nullptr, std::memory_order_acq_rel));
    if (last != nullptr && last->Matches(address_of)) return last;
    const std::lock_guard lock(mutex_);
    if (last != nullptr) {
      idle_.push_back(std::move(last));
    } else if (++running_ > most_running_) {
      most_running_ = running_;
    }
    for (size_t i = idle_.size(); i-- > 0;) {
      if (idle_[i]->Matches(address_of)) return Remove(i);
    }
    return idle_.size() >= kSets ? Remove(0) : nullptr;
  }

  /// Ends what `Take` began; null when the binding is not to be used again.
  void Give(std::unique_ptr<Binding> binding);

  size_t idle_count() const;

 private:
  // Sets of tensors that a program alternates between, as for double buffers.
  static constexpr size_t kSets = 8;

  std::unique_ptr<Binding> Remove(size_t i);

  // One that is idle, or null. It makes the usual case, the same tensors as the last time, free of
  // the mutex, and counts as running below.
  std::atomic<Binding*> last_{nullptr};
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Binding>> idle_;  // the last used at the end
  size_t running_ = 0;
  size_t most_running_ = 0;
};

}  // namespace webnn::ort
