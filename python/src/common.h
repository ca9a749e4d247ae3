#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webnn/result.h"
#include "webnn/types.h"

/// The extension module `webnn._core`. What is fast or generated from the operator table is here;
/// the rest of the package is Python (`python/webnn`). Everything is called with the GIL held
/// unless it says otherwise.
namespace webnn::python {

namespace nb = nanobind;

/// Raises the error as an exception of `webnn._errors`. `texts` are what programs written for
/// pywebnn look for in messages of this kind.
[[noreturn]] void Raise(const Error& error);
[[noreturn]] void Raise(ErrorCode code, std::string message);

template <class T>
T Unwrap(Result<T> result) {
  if (!result) Raise(result.error());
  return *std::move(result);
}
inline void Unwrap(const Result<void>& result) {
  if (!result) Raise(result.error());
}

/// The new object as Python's.
template <class T>
nb::object Give(std::unique_ptr<T> object) {
  return nb::cast(object.release(), nb::rv_policy::take_ownership);
}

// ---- A process that was forked. ----

/// How often this process has been forked from one that had the module loaded.
extern std::atomic<uint32_t> fork_count;

/// A handle of the library. Vendor libraries do not survive a fork (their threads are gone), so the
/// child neither uses nor destroys what its parent made.
template <class Handle>
class Kept {
 public:
  explicit Kept(Handle handle)
      : handle_(std::make_unique<Handle>(std::move(handle))), forks_(fork_count.load()) {}
  Kept(Kept&&) noexcept = default;
  Kept& operator=(Kept&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(forks_, other.forks_);
    return *this;
  }
  ~Kept() {
    if (forked()) (void)handle_.release();
  }

  bool forked() const { return forks_ != fork_count.load(std::memory_order_relaxed); }
  /// The handle; raises an exception in a forked process.
  Handle& get() const {
    if (forked()) RaiseForked();
    return *handle_;
  }

 private:
  [[noreturn]] static void RaiseForked() {
    Raise(ErrorCode::kInvalidState,
          "this object was made before the process was forked; make a new context in the child "
          "process, or start it by \"spawn\"");
  }
  std::unique_ptr<Handle> handle_;
  uint32_t forks_;
};

// ---- Arrays. ----

/// "float32" as Python's string, numpy's dtype, and a shape as a tuple.
nb::handle DtypeOf(DataType type);
DataType ParseType(std::string_view name);
OperandDescriptor MakeDescriptor(std::string_view data_type, nb::handle shape);
nb::list ShapeList(const Shape& shape);
nb::tuple ShapeTuple(const Shape& shape);

/// The bytes of a Python buffer while this lives. May be destroyed only with the GIL held.
class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() {
    if (view_.obj != nullptr) PyBuffer_Release(&view_);
  }

  /// Takes the object's memory if it is a packed array of just this type and shape.
  bool TakeInPlace(PyObject* object, const OperandDescriptor& descriptor, bool writable);
  /// Takes it in place where that can be, else a converted copy. `what` is for messages: "input x".
  void Take(PyObject* object, const OperandDescriptor& descriptor, std::string_view what);
  /// Any contiguous bytes.
  void TakeRaw(PyObject* object);

  std::span<std::byte> span() const {
    return {static_cast<std::byte*>(view_.buf), static_cast<size_t>(view_.len)};
  }

 private:
  void TakePacked(PyObject* object, const OperandDescriptor& descriptor, std::string_view what);
  Py_buffer view_{};
  // 4-bit elements travel as bytes, one an element.
  std::vector<std::byte> packed_;

 public:
  std::span<std::byte> bytes() { return packed_.empty() ? span() : std::span(packed_); }
};

/// An uninitialised array, and where 4-bit elements go before they are one byte each.
nb::object NewArray(nb::handle shape, DataType type);
bool IsFourBit(DataType type);
/// Writes packed 4-bit elements into an array of int8 or uint8.
void UnpackFourBit(std::span<const std::byte> packed, DataType type, std::span<std::byte> elements);

}  // namespace webnn::python
