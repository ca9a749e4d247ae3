#include "onnx/import/host_tensor.h"

#include <array>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "core/float16.h"

namespace webnn::onnx_format {
namespace {

using lowering::Element;

enum class Kind : uint8_t { kNone, kFloat, kSigned, kUnsigned, kOther };

struct ElementRow {
  std::string_view name = "undefined";
  int bits = 0;
  Kind kind = Kind::kNone;
  std::optional<DataType> type = {};
};

// In the order of TensorProto.DataType. Those that `lowering::Element` does not list are known by
// name and size all the same, for messages and for weights that nothing reads.
constexpr std::array<ElementRow, 29> kElements = {{
    {},
    {"float32", 32, Kind::kFloat, DataType::kFloat32},
    {"uint8", 8, Kind::kUnsigned, DataType::kUint8},
    {"int8", 8, Kind::kSigned, DataType::kInt8},
    {"uint16", 16, Kind::kUnsigned},
    {"int16", 16, Kind::kSigned},
    {"int32", 32, Kind::kSigned, DataType::kInt32},
    {"int64", 64, Kind::kSigned, DataType::kInt64},
    {"string", 0, Kind::kOther},
    {"bool", 8, Kind::kUnsigned, DataType::kUint8},
    {"float16", 16, Kind::kFloat, DataType::kFloat16},
    {"float64", 64, Kind::kFloat},
    {"uint32", 32, Kind::kUnsigned, DataType::kUint32},
    {"uint64", 64, Kind::kUnsigned, DataType::kUint64},
    {"complex64", 64, Kind::kOther},
    {"complex128", 128, Kind::kOther},
    {"bfloat16", 16, Kind::kFloat},
    {"float8e4m3fn", 8, Kind::kOther},
    {"float8e4m3fnuz", 8, Kind::kOther},
    {"float8e5m2", 8, Kind::kOther},
    {"float8e5m2fnuz", 8, Kind::kOther},
    {"uint4", 4, Kind::kUnsigned, DataType::kUint4},
    {"int4", 4, Kind::kSigned, DataType::kInt4},
    {"float4e2m1", 4, Kind::kOther},
    {"float8e8m0", 8, Kind::kOther},
    {"uint2", 2, Kind::kUnsigned},
    {"int2", 2, Kind::kSigned},
    {"float6e2m3", 6, Kind::kOther},
    {"float6e3m2", 6, Kind::kOther},
}};

const ElementRow& RowOf(Element element) {
  const auto index = static_cast<size_t>(element);
  return kElements[index < kElements.size() ? index : 0];
}

// The integer at `index` of a packed array, its bits extended by the sign where there is one.
int64_t IntegerAt(const std::byte* bytes, int bits, bool is_signed, uint64_t index) {
  uint64_t raw = 0;
  if (bits >= 8) {
    std::memcpy(&raw, bytes + index * static_cast<uint64_t>(bits) / 8,
                static_cast<size_t>(bits) / 8);
  } else {
    const uint64_t bit = index * static_cast<uint64_t>(bits);
    raw = static_cast<uint64_t>(bytes[bit / 8]) >> (bit % 8);
  }
  const int unused = 64 - bits;
  raw <<= unused;
  return is_signed ? static_cast<int64_t>(raw) >> unused : static_cast<int64_t>(raw >> unused);
}

double FloatAt(const std::byte* bytes, Element element, uint64_t index) {
  const auto read = [&]<class T>(T value) {
    std::memcpy(&value, bytes + index * sizeof(T), sizeof(T));
    return value;
  };
  switch (element) {
    case Element::kFloat:
      return read(float{});
    case Element::kDouble:
      return read(double{});
    case Element::kFloat16:
      return Float16ToFloat(read(uint16_t{}));
    default: {  // bfloat16: the upper half of a float32
      const uint32_t bits = static_cast<uint32_t>(read(uint16_t{})) << 16;
      float value = 0;
      std::memcpy(&value, &bits, sizeof(value));
      return value;
    }
  }
}

}  // namespace

int BitsOf(Element element) { return RowOf(element).bits; }
std::string_view NameOf(Element element) { return RowOf(element).name; }
std::optional<DataType> DataTypeOf(Element element) { return RowOf(element).type; }

std::optional<uint64_t> ByteLength(Element element, std::span<const int64_t> sizes) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  // The product without the zeros first: [0, 2^40, 2^40] is no tensor that anybody has.
  uint64_t count = 1;
  bool empty = false;
  for (int64_t size : sizes) {
    if (size < 0) return std::nullopt;
    if (size == 0) {
      empty = true;
      continue;
    }
    if (count > kMax / static_cast<uint64_t>(size)) return std::nullopt;
    count *= static_cast<uint64_t>(size);
  }
  if (empty) return 0;
  const auto bits = static_cast<uint64_t>(BitsOf(element));
  if (bits != 0 && count > (kMax - 7) / bits) return std::nullopt;
  return (count * bits + 7) / 8;
}

HostTensor HostTensor::Allocate(Element element, std::vector<int64_t> sizes, std::byte** memory) {
  HostTensor tensor{.element = element, .sizes = std::move(sizes)};
  const uint64_t length = ByteLength(element, tensor.sizes).value_or(0);
  auto bytes = std::make_shared<std::vector<std::byte>>(length);
  *memory = bytes->data();
  tensor.bytes = *bytes;
  tensor.owner = std::move(bytes);
  return tensor;
}

HostTensor HostTensor::Integers(std::span<const int64_t> values) {
  std::byte* memory = nullptr;
  HostTensor tensor = Allocate(Element::kInt64, {static_cast<int64_t>(values.size())}, &memory);
  if (!values.empty()) std::memcpy(memory, values.data(), values.size_bytes());
  return tensor;
}

int64_t HostTensor::element_count() const {
  int64_t count = 1;
  for (int64_t size : sizes) {
    if (size == 0) return 0;
    count *= size;
  }
  return count;
}

std::optional<std::vector<int64_t>> HostTensor::ToIntegers() const {
  const ElementRow& row = RowOf(element);
  if (row.kind != Kind::kSigned && row.kind != Kind::kUnsigned) return std::nullopt;
  std::vector<int64_t> values(static_cast<size_t>(element_count()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = IntegerAt(bytes.data(), row.bits, row.kind == Kind::kSigned, i);
  }
  return values;
}

std::optional<std::vector<double>> HostTensor::ToDoubles() const {
  const ElementRow& row = RowOf(element);
  if (row.kind == Kind::kNone || row.kind == Kind::kOther) return std::nullopt;
  std::vector<double> values(static_cast<size_t>(element_count()));
  for (size_t i = 0; i < values.size(); ++i) {
    if (row.kind == Kind::kFloat) {
      values[i] = FloatAt(bytes.data(), element, i);
      continue;
    }
    const int64_t value = IntegerAt(bytes.data(), row.bits, row.kind == Kind::kSigned, i);
    values[i] = element == Element::kUint64 ? static_cast<double>(static_cast<uint64_t>(value))
                                            : static_cast<double>(value);
  }
  return values;
}

std::optional<Number> HostTensor::ToNumber() const {
  if (element_count() != 1) return std::nullopt;
  if (const auto integers = ToIntegers(); integers) {
    const int64_t value = integers->front();
    return element == Element::kUint64 ? Number(static_cast<uint64_t>(value)) : Number(value);
  }
  const auto doubles = ToDoubles();
  return doubles ? std::optional(Number(doubles->front())) : std::nullopt;
}

}  // namespace webnn::onnx_format
