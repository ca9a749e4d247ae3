#include "tests/backends/allocations.h"

#include <cstdlib>
#include <new>

namespace {
thread_local size_t allocation_count = 0;

void* Allocate(size_t size) {
  ++allocation_count;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

namespace webnn::testing_support {
size_t AllocationCount() { return allocation_count; }
}  // namespace webnn::testing_support

// Replaced in this program; the arrays' forms call these.
void* operator new(size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
