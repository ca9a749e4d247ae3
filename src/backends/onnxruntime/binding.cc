#include "backends/onnxruntime/binding.h"

#include <cstring>
#include <utility>

#include "core/try.h"

namespace webnn::ort {

Result<std::unique_ptr<Binding>> Binding::Create(const Library& library, OrtSession* session,
                                                 const Signature& signature) {
  auto binding = std::unique_ptr<Binding>(new Binding(library, signature));
  const OrtApi& api = library.api();
  WEBNN_ASSIGN_OR_RETURN(binding->binding_,
                         Make<OrtIoBinding>(api, "make a binding", api.CreateIoBinding, session));
  return binding;
}

Result<void> Binding::BindSlot(size_t k, std::byte* address) {
  const Slot& slot = signature_.slots[k];
  std::erase_if(copies_, [k](const Copy& copy) { return copy.slot == k; });
  addresses_[k] = nullptr;  // until it has worked
  std::byte* target = address;
  if (reinterpret_cast<uintptr_t>(address) % slot.alignment != 0) {
    WEBNN_ASSIGN_OR_RETURN(AlignedBuffer buffer, AlignedBuffer::Allocate(slot.byte_length));
    target = buffer.data();
    copies_.push_back({k, std::move(buffer)});
  }
  const OrtApi& api = library_.api();
  WEBNN_ASSIGN_OR_RETURN(
      Handle<OrtValue> value,
      Make<OrtValue>(api, "describe a tensor", api.CreateTensorWithDataAsOrtValue,
                     library_.cpu_memory(), static_cast<void*>(target), slot.byte_length,
                     slot.sizes.data(), slot.sizes.size(), slot.type));
  const auto bind = IsInput(k) ? api.BindInput : api.BindOutput;
  WEBNN_RETURN_IF_ERROR(
      Check(api, bind(binding_.get(), slot.name.c_str(), value.get()), "bind a tensor"));
  addresses_[k] = address;
  return {};
}

Result<void> Binding::Run(OrtSession* session, const OrtRunOptions* options) {
  for (const Copy& copy : copies_) {
    if (IsInput(copy.slot)) {
      std::memcpy(copy.buffer.data(), addresses_[copy.slot], copy.buffer.size());
    }
  }
  const OrtApi& api = library_.api();
  WEBNN_RETURN_IF_ERROR(
      Check(api, api.RunWithBinding(session, options, binding_.get()), "run the graph"));
  for (const Copy& copy : copies_) {
    if (!IsInput(copy.slot)) {
      std::memcpy(addresses_[copy.slot], copy.buffer.data(), copy.buffer.size());
    }
  }
  return {};
}

void BindingPool::Give(std::unique_ptr<Binding> binding) {
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

size_t BindingPool::idle_count() const {
  const std::lock_guard lock(mutex_);
  return idle_.size() + (last_.load(std::memory_order_relaxed) != nullptr ? 1 : 0);
}

std::unique_ptr<Binding> BindingPool::Remove(size_t i) {
  std::unique_ptr<Binding> binding = std::move(idle_[i]);
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
  return binding;
}

}  // namespace webnn::ort
