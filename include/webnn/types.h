#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webnn/export.h"
#include "webnn/result.h"

namespace webnn {

/// `MLOperandDataType`, and the 4-bit types that quantised models need (packed two in a byte, low
/// nibble first, without padding between rows; the last byte of an odd count is half used).
enum class DataType : uint8_t {
  kFloat32,
  kFloat16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kInt8,
  kUint8,
  kInt4,
  kUint4,
};
inline constexpr size_t kDataTypeCount = 10;

/// The specification's name: "float32", "uint8", "int4" ...
WEBNN_EXPORT std::string_view Name(DataType type);
WEBNN_EXPORT std::optional<DataType> ParseDataType(std::string_view name);
/// 4, 8, 16, 32 or 64.
WEBNN_EXPORT int BitsPerElement(DataType type);

/// A small set of data types.
class DataTypeSet {
 public:
  constexpr DataTypeSet() = default;
  constexpr DataTypeSet(std::initializer_list<DataType> types) {
    for (DataType type : types) bits_ |= Bit(type);
  }
  constexpr bool Has(DataType type) const { return (bits_ & Bit(type)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr DataTypeSet operator&(DataTypeSet a, DataTypeSet b) {
    a.bits_ &= b.bits_;
    return a;
  }
  friend constexpr DataTypeSet operator|(DataTypeSet a, DataTypeSet b) {
    a.bits_ |= b.bits_;
    return a;
  }
  friend constexpr bool operator==(DataTypeSet, DataTypeSet) = default;
  /// In the order of the enumeration.
  WEBNN_EXPORT std::vector<DataType> List() const;

 private:
  static constexpr uint16_t Bit(DataType type) {
    return static_cast<uint16_t>(1u << static_cast<unsigned>(type));
  }
  uint16_t bits_ = 0;
};

/// A size or position along an axis where an operator takes it as an option (`newShape`, `sizes`,
/// `starts` ...). A type of its own, so that named dimensions can join it later.
struct Dimension {
  uint32_t value = 0;
  constexpr Dimension() = default;
  constexpr Dimension(uint32_t size) : value(size) {}    // NOLINT: implicit
  constexpr operator uint32_t() const { return value; }  // NOLINT: implicit
};

/// The sizes of a tensor, outermost first; a scalar has none. Any list of sizes is a `Shape`;
/// whether an operand may have it is checked by `OperandDescriptor::Create`.
class WEBNN_EXPORT Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<uint32_t> sizes) : sizes_(sizes) {}
  explicit Shape(std::vector<uint32_t> sizes) : sizes_(std::move(sizes)) {}

  uint32_t rank() const { return static_cast<uint32_t>(sizes_.size()); }
  uint32_t operator[](size_t axis) const { return sizes_[axis]; }
  std::span<const uint32_t> sizes() const { return sizes_; }
  auto begin() const { return sizes_.begin(); }
  auto end() const { return sizes_.end(); }
  /// A loop: a dispatch compares many short shapes, for which a call costs more.
  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank() != b.rank()) return false;
    for (size_t i = 0; i < a.sizes_.size(); ++i) {
      if (a.sizes_[i] != b.sizes_[i]) return false;
    }
    return true;
  }

 private:
  std::vector<uint32_t> sizes_;
};

/// "[1, 3, 224, 224]"
WEBNN_EXPORT std::string ToString(const Shape& shape);

/// `MLOperandDescriptor`: a data type and a shape that an operand may have. Cannot be built
/// invalid: every size is in [1, 2^31-1], so is their product, and `byte_length` is exact.
class WEBNN_EXPORT OperandDescriptor {
 public:
  /// TypeError when a size or the element count is out of range.
  static Result<OperandDescriptor> Create(DataType type, Shape shape);
  static OperandDescriptor Scalar(DataType type);

  DataType data_type() const { return type_; }
  const Shape& shape() const { return shape_; }
  uint32_t rank() const { return shape_.rank(); }
  uint64_t element_count() const { return element_count_; }
  /// Bytes of the packed row-major array.
  uint64_t byte_length() const;
  friend bool operator==(const OperandDescriptor&, const OperandDescriptor&) = default;

 private:
  OperandDescriptor(DataType type, Shape shape, uint64_t element_count)
      : type_(type), element_count_(element_count), shape_(std::move(shape)) {}
  DataType type_;
  uint64_t element_count_;
  Shape shape_;
};

/// "float32[2, 3]"
WEBNN_EXPORT std::string ToString(const OperandDescriptor& descriptor);

/// `MLNumber`: a number as the caller wrote it, exact for every 64-bit integer and every double.
class WEBNN_EXPORT Number {
 public:
  enum class Kind : uint8_t { kInt64, kUint64, kDouble };

  constexpr Number() = default;
  template <std::signed_integral T>
  constexpr Number(T value) : kind_(Kind::kInt64), int_(value) {}  // NOLINT: implicit
  template <std::unsigned_integral T>
  constexpr Number(T value)  // NOLINT: implicit
      : kind_(Kind::kUint64), int_(static_cast<int64_t>(static_cast<uint64_t>(value))) {}
  template <std::floating_point T>
  constexpr Number(T value)  // NOLINT: implicit
      : kind_(Kind::kDouble), double_(static_cast<double>(value)) {}

  constexpr Kind kind() const { return kind_; }
  constexpr int64_t int64() const { return int_; }
  constexpr uint64_t uint64() const { return static_cast<uint64_t>(int_); }
  constexpr double float64() const { return double_; }
  constexpr bool is_integer() const { return kind_ != Kind::kDouble; }
  /// The nearest double.
  double ToDouble() const;
  /// The specification's cast of a number to a data type, as the little-endian element: integers
  /// saturate and drop the fraction, NaN becomes 0; floats round to nearest even, and overflow to
  /// infinity. A 4-bit element is in the low nibble.
  std::array<std::byte, 8> Encode(DataType type) const;

 private:
  Kind kind_ = Kind::kInt64;
  int64_t int_ = 0;
  double double_ = 0;
};

/// Shortest text that reads back as the same number; "NaN", "Infinity", "-Infinity".
WEBNN_EXPORT std::string ToString(const Number& number);

/// What a tensor may be: data types and ranks, both ends included.
struct RankRange {
  uint32_t min = 0;
  uint32_t max = std::numeric_limits<uint32_t>::max();
  friend constexpr bool operator==(RankRange, RankRange) = default;
};
struct TensorLimits {
  DataTypeSet data_types;
  RankRange rank_range;
  friend constexpr bool operator==(TensorLimits, TensorLimits) = default;
};

/// The enumerations of the specification. `EnumNames(E{})` lists the names in the order of the
/// values; it is what JSON, Python and the command line read and write.
enum class InputOperandLayout : uint8_t { kNchw, kNhwc };
constexpr std::array<std::string_view, 2> EnumNames(InputOperandLayout) { return {"nchw", "nhwc"}; }

enum class Conv2dFilterOperandLayout : uint8_t { kOihw, kHwio, kOhwi, kIhwo };
constexpr std::array<std::string_view, 4> EnumNames(Conv2dFilterOperandLayout) {
  return {"oihw", "hwio", "ohwi", "ihwo"};
}

enum class ConvTranspose2dFilterOperandLayout : uint8_t { kIohw, kHwoi, kOhwi };
constexpr std::array<std::string_view, 3> EnumNames(ConvTranspose2dFilterOperandLayout) {
  return {"iohw", "hwoi", "ohwi"};
}

enum class GruWeightLayout : uint8_t { kZrn, kRzn };
constexpr std::array<std::string_view, 2> EnumNames(GruWeightLayout) { return {"zrn", "rzn"}; }

enum class LstmWeightLayout : uint8_t { kIofg, kIfgo };
constexpr std::array<std::string_view, 2> EnumNames(LstmWeightLayout) { return {"iofg", "ifgo"}; }

enum class RecurrentNetworkActivation : uint8_t { kRelu, kSigmoid, kTanh };
constexpr std::array<std::string_view, 3> EnumNames(RecurrentNetworkActivation) {
  return {"relu", "sigmoid", "tanh"};
}

enum class RecurrentNetworkDirection : uint8_t { kForward, kBackward, kBoth };
constexpr std::array<std::string_view, 3> EnumNames(RecurrentNetworkDirection) {
  return {"forward", "backward", "both"};
}

enum class PaddingMode : uint8_t { kConstant, kEdge, kReflection };
constexpr std::array<std::string_view, 3> EnumNames(PaddingMode) {
  return {"constant", "edge", "reflection"};
}

enum class RoundingType : uint8_t { kFloor, kCeil };
constexpr std::array<std::string_view, 2> EnumNames(RoundingType) { return {"floor", "ceil"}; }

enum class InterpolationMode : uint8_t { kNearestNeighbor, kLinear };
constexpr std::array<std::string_view, 2> EnumNames(InterpolationMode) {
  return {"nearest-neighbor", "linear"};
}

enum class PowerPreference : uint8_t { kDefault, kHighPerformance, kLowPower };
constexpr std::array<std::string_view, 3> EnumNames(PowerPreference) {
  return {"default", "high-performance", "low-power"};
}

/// A value in a graph under construction (`MLOperand`): a handle that belongs to the builder that
/// made it, cheap to copy. Ask the builder for its data type and shape.
struct Operand {
  uint32_t id = std::numeric_limits<uint32_t>::max();
  uint32_t builder = 0;  ///< Number of the builder; 0 is none.
  friend constexpr bool operator==(Operand, Operand) = default;
};

}  // namespace webnn
