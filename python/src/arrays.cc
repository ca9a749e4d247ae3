#include <algorithm>
#include <cstring>

#include "common.h"

namespace webnn::python {
namespace {

// numpy's objects that every call needs. Never released: module state lives as long as the process.
struct Numpy {
  nb::object empty;
  std::array<nb::object, kDataTypeCount> dtypes;
};
const Numpy& GetNumpy() {
  static const Numpy* const kNumpy = [] {
    auto* numpy = new Numpy;
    const nb::object module = nb::module_::import_("numpy");
    numpy->empty = module.attr("empty");
    for (size_t i = 0; i < kDataTypeCount; ++i) {
      const auto type = static_cast<DataType>(i);
      std::string name(Name(type));
      // One element a byte: numpy has no smaller ones.
      if (type == DataType::kInt4) name = "int8";
      if (type == DataType::kUint4) name = "uint8";
      numpy->dtypes[i] = module.attr("dtype")(name);
    }
    return numpy;
  }();
  return *kNumpy;
}

// Whether a buffer's format is the native element of the data type: 'l' and 'q' are both int64.
bool IsFormat(const char* format, Py_ssize_t item_size, DataType type) {
  if (format == nullptr || item_size * 8 != BitsPerElement(type)) return false;
  if (*format == '=' || *format == '@') ++format;
  if (format[0] == '\0' || format[1] != '\0') return false;
  switch (type) {
    case DataType::kFloat32:
      return format[0] == 'f';
    case DataType::kFloat16:
      return format[0] == 'e';
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kInt8:
      return std::strchr("bhilq", format[0]) != nullptr;
    case DataType::kUint32:
    case DataType::kUint64:
    case DataType::kUint8:
      return std::strchr("BHILQ", format[0]) != nullptr;
    case DataType::kInt4:
    case DataType::kUint4:
      return false;
  }
  return false;
}

bool IsShape(const Py_buffer& view, const Shape& shape) {
  if (view.ndim != static_cast<int>(shape.rank())) return false;
  for (int i = 0; i < view.ndim; ++i) {
    if (view.shape[i] != static_cast<Py_ssize_t>(shape[i])) return false;
  }
  return true;
}

}  // namespace

bool IsFourBit(DataType type) { return BitsPerElement(type) < 8; }

nb::handle DtypeOf(DataType type) { return GetNumpy().dtypes[static_cast<size_t>(type)]; }

DataType ParseType(std::string_view name) {
  const auto type = ParseDataType(name);
  if (!type) {
    std::string known;
    for (size_t i = 0; i < kDataTypeCount; ++i) {
      known += std::string(i ? ", " : "") + std::string(Name(static_cast<DataType>(i)));
    }
    Raise(ErrorCode::kTypeError,
          "there is no data type \"" + std::string(name) + "\"; there are " + known);
  }
  return *type;
}

OperandDescriptor MakeDescriptor(std::string_view data_type, nb::handle shape) {
  const DataType type = ParseType(data_type);
  std::vector<uint32_t> sizes;
  const auto wrong = [&](const std::string& why) {
    Raise(ErrorCode::kTypeError, "the shape " + std::string(nb::repr(shape).c_str()) + " " + why +
                                     "; it must be a list of integers in [1, 2147483647]");
  };
  if (!nb::isinstance<nb::sequence>(shape) || nb::isinstance<nb::str>(shape))
    wrong("is not a list");
  for (nb::handle size : shape) {
    nb::object index = nb::steal(PyNumber_Index(size.ptr()));
    if (!index.is_valid()) {
      PyErr_Clear();
      wrong("has a size that is not an integer");
    }
    const long long value = PyLong_AsLongLong(index.ptr());
    if (value < 0 || value > 0xffffffffll) {
      PyErr_Clear();
      wrong("has a size that is out of range");
    }
    sizes.push_back(static_cast<uint32_t>(value));
  }
  return Unwrap(OperandDescriptor::Create(type, Shape(std::move(sizes))));
}

nb::list ShapeList(const Shape& shape) {
  nb::list list;
  for (const uint32_t size : shape) list.append(size);
  return list;
}
nb::tuple ShapeTuple(const Shape& shape) { return nb::tuple(ShapeList(shape)); }

bool Bytes::TakeInPlace(PyObject* object, const OperandDescriptor& descriptor, bool writable) {
  if (!PyObject_CheckBuffer(object)) return false;
  const int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0);
  if (PyObject_GetBuffer(object, &view_, flags) != 0) {
    PyErr_Clear();
    view_.obj = nullptr;
    return false;
  }
  if (IsFormat(view_.format, view_.itemsize, descriptor.data_type()) &&
      IsShape(view_, descriptor.shape()) &&
      reinterpret_cast<uintptr_t>(view_.buf) % static_cast<uintptr_t>(view_.itemsize) == 0) {
    return true;
  }
  PyBuffer_Release(&view_);
  view_.obj = nullptr;
  return false;
}

void Bytes::TakeRaw(PyObject* object) {
  if (PyObject_GetBuffer(object, &view_, PyBUF_SIMPLE) != 0) {
    view_.obj = nullptr;
    throw nb::python_error();
  }
}

void Bytes::Take(PyObject* object, const OperandDescriptor& descriptor, std::string_view what) {
  if (!TakeInPlace(object, descriptor, false)) TakePacked(object, descriptor, what);
}

void Bytes::TakePacked(PyObject* object, const OperandDescriptor& descriptor,
                       std::string_view what) {
  static PyObject* const kConvert =
      nb::object(nb::module_::import_("webnn._arrays").attr("as_declared")).release().ptr();
  const std::string_view type = Name(descriptor.data_type());
  const nb::object array =
      nb::handle(kConvert)(nb::handle(object), nb::str(type.data(), type.size()),
                           ShapeTuple(descriptor.shape()), nb::str(what.data(), what.size()));
  TakeRaw(array.ptr());
  if (!IsFourBit(descriptor.data_type())) return;
  const std::span<const std::byte> elements = span();
  packed_.assign(descriptor.byte_length(), std::byte{0});
  for (size_t i = 0; i < elements.size(); ++i) {
    packed_[i / 2] |= (elements[i] & std::byte{15}) << (i % 2 * 4);
  }
}

nb::object NewArray(nb::handle shape, DataType type) {
  const Numpy& numpy = GetNumpy();
  PyObject* arguments[] = {nullptr, shape.ptr(), numpy.dtypes[static_cast<size_t>(type)].ptr()};
  PyObject* array = PyObject_Vectorcall(numpy.empty.ptr(), arguments + 1,
                                        2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
  if (array == nullptr) throw nb::python_error();
  return nb::steal(array);
}

void UnpackFourBit(std::span<const std::byte> packed, DataType type,
                   std::span<std::byte> elements) {
  for (size_t i = 0; i < elements.size(); ++i) {
    auto bits = static_cast<uint8_t>((packed[i / 2] >> (i % 2 * 4)) & std::byte{15});
    if (type == DataType::kInt4 && bits > 7) bits |= 0xf0;
    elements[i] = std::byte{bits};
  }
}

}  // namespace webnn::python
