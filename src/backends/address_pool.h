#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "backends/host_memory.h"
#include "core/check.h"
#include "core/try.h"

/// Runs of one graph in several threads, each with a set of host addresses that the vendor's
/// library was told once.
namespace webnn {

/// The addresses that one running graph reads and writes, the inputs before the outputs. They are
/// known by their number only and own nothing: the caller's tensors may go at any time, and a new
/// one at an old address is the same to it, since type and sizes belong to the place.
class BoundAddresses {
 public:
  explicit BoundAddresses(size_t count) : addresses_(count, nullptr) {}

  template <class AddressOf>
  bool Matches(const AddressOf& address_of) const {
    for (size_t k = 0; k < addresses_.size(); ++k) {
      if (addresses_[k] != address_of(k)) return false;
    }
    return true;
  }

  /// Calls `bind(k, address)` for each place that has another address than before. Memory that is
  /// not aligned for its elements, as a slice of a file may be, goes through copies: `bind` gets
  /// theirs. `place(k)` has `byte_length` and `alignment`.
  template <class AddressOf, class PlaceOf, class BindPlace>
  Result<void> Bind(const AddressOf& address_of, const PlaceOf& place, const BindPlace& bind) {
    for (size_t k = 0; k < addresses_.size(); ++k) {
      std::byte* const address = address_of(k);
      if (addresses_[k] == address) continue;
      addresses_[k] = nullptr;  // until it has worked
      std::erase_if(copies_, [k](const Copy& copy) { return copy.place == k; });
      std::byte* target = address;
      if (reinterpret_cast<uintptr_t>(address) % place(k).alignment != 0) {
        Result<AlignedBuffer> buffer = AlignedBuffer::Allocate(place(k).byte_length);
        if (!buffer.ok()) return std::move(buffer.error());
        target = buffer->data();
        copies_.push_back({k, *std::move(buffer)});
      }
      if (Result<void> bound = bind(k, target); !bound.ok()) return bound;
      addresses_[k] = address;
    }
    return {};
  }

  /// Before a run: fills the copies of the first `inputs` places.
  void CopyIn(size_t inputs) {
    for (const Copy& copy : copies_) {
      if (copy.place < inputs) {
        std::memcpy(copy.buffer.data(), addresses_[copy.place], copy.buffer.size());
      }
    }
  }
  /// After it: empties those of the others.
  void CopyOut(size_t inputs) {
    for (const Copy& copy : copies_) {
      if (copy.place >= inputs) {
        std::memcpy(addresses_[copy.place], copy.buffer.data(), copy.buffer.size());
      }
    }
  }

 private:
  struct Copy {
    size_t place;
    AlignedBuffer buffer;
  };
  std::vector<std::byte*> addresses_;  // the caller's; null before the first
  std::vector<Copy> copies_;
};

/// What a graph's library needs for a run (`Binding`, with `Matches` as above) and that is not
/// running. Each thread takes one for itself, by preference the one that has the same addresses
/// from an earlier run, as in a loop over the same tensors.
template <class Binding>
class AddressPool {
 public:
  AddressPool() = default;
  AddressPool(const AddressPool&) = delete;
  AddressPool& operator=(const AddressPool&) = delete;
  ~AddressPool() { delete last_.load(std::memory_order_acquire); }

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
  void Give(std::unique_ptr<Binding> binding) {
    Binding* none = nullptr;
    if (binding != nullptr &&
        last_.compare_exchange_strong(none, binding.get(), std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
      (void)binding.release();  // NOLINT(bugprone-unused-return-value): `last_` owns it
      return;
    }
    std::unique_ptr<Binding> surplus;  // destroyed after the lock is released
    const std::lock_guard lock(mutex_);
    --running_;
    if (binding == nullptr) return;
    idle_.push_back(std::move(binding));
    if (idle_.size() > kSets + most_running_) surplus = Remove(0);
  }

  /// Runs on these addresses, in this thread: `run` gets a binding that is bound to them. `make`
  /// gives a new one, as a Result.
  template <class AddressOf, class MakeBinding, class RunBinding>
  Result<void> Run(const AddressOf& address_of, const MakeBinding& make, const RunBinding& run) {
    std::unique_ptr<Binding> binding = Take(address_of);
    Result<void> result = [&]() -> Result<void> {
      if (binding == nullptr) {
        WEBNN_ASSIGN_OR_RETURN(binding, make());
      }
      WEBNN_RETURN_IF_ERROR(binding->Bind(address_of));
      return run(*binding);
    }();
    // What state a failure leaves behind is not documented.
    if (!result.ok()) binding.reset();
    Give(std::move(binding));
    return result;
  }

  size_t idle_count() const {
    const std::lock_guard lock(mutex_);
    return idle_.size() + (last_.load(std::memory_order_relaxed) != nullptr ? 1 : 0);
  }

 private:
  // Sets of tensors that a program alternates between, as for double buffers.
  static constexpr size_t kSets = 8;

  std::unique_ptr<Binding> Remove(size_t i) {
    std::unique_ptr<Binding> binding = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    return binding;
  }

  // One that is idle, or null. It makes the usual case, the same tensors as the last time, free of
  // the mutex, and counts as running below.
  std::atomic<Binding*> last_{nullptr};
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Binding>> idle_;  // the last used at the end
  size_t running_ = 0;
  size_t most_running_ = 0;
};

/// `CompiledGraph::Run` on tensors of the host: `run_at` gets the address of every place.
/// `signature` has `input_count` and `slots`.
template <class Signature, class RunAt>
Result<void> RunOnTensors(const Signature& signature, std::span<BackendTensor* const> inputs,
                          std::span<BackendTensor* const> outputs, const RunAt& run_at) {
  WEBNN_CHECK(inputs.size() == signature.input_count);
  WEBNN_CHECK(inputs.size() + outputs.size() == signature.slots.size());
  return run_at([&](size_t k) {
    BackendTensor* tensor = k < inputs.size() ? inputs[k] : outputs[k - inputs.size()];
    return static_cast<const HostTensor*>(tensor)->data();
  });
}

/// `CompiledGraph::Compute`, for libraries that only read their inputs.
template <class Signature, class RunAt>
Result<void> RunOnMemory(const Signature& signature,
                         std::span<const std::span<const std::byte>> inputs,
                         std::span<const std::span<std::byte>> outputs, const RunAt& run_at) {
  WEBNN_CHECK(inputs.size() == signature.input_count);
  WEBNN_CHECK(inputs.size() + outputs.size() == signature.slots.size());
  for (size_t i = 0; i < signature.slots.size(); ++i) {
    const size_t size = i < inputs.size() ? inputs[i].size() : outputs[i - inputs.size()].size();
    WEBNN_CHECK(size == signature.slots[i].byte_length);
  }
  return run_at([&](size_t k) {
    if (k >= inputs.size()) return outputs[k - inputs.size()].data();
    return const_cast<std::byte*>(inputs[k].data());  // NOLINT: see above
  });
}

}  // namespace webnn
