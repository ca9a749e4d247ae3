#pragma once

#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "graph/infer_context.h"
#include "graph/op_schema.h"
#include "lowering/writer.h"
#include "webnn/ops.h"

/// Makes the row of an operator from its structure: the only templates over operators.
namespace webnn::ops {

using lowering::LoweredValue;
using lowering::Writer;

/// The row of `Op`; defined in the operator's file, listed in op_list.h.
template <class Op>
const OpSchema& SchemaOf();

inline constexpr DataTypeSet kFloats = {DataType::kFloat32, DataType::kFloat16};
inline constexpr DataTypeSet kAny = {DataType::kFloat32, DataType::kFloat16, DataType::kInt32,
                                     DataType::kUint32,  DataType::kInt64,   DataType::kUint64,
                                     DataType::kInt8,    DataType::kUint8};
inline constexpr DataTypeSet kSigned = {DataType::kFloat32, DataType::kFloat16, DataType::kInt64,
                                        DataType::kInt32, DataType::kInt8};
inline constexpr DataTypeSet kArithmetic = {DataType::kFloat32, DataType::kFloat16,
                                            DataType::kInt32,   DataType::kUint32,
                                            DataType::kInt64,   DataType::kUint64};
inline constexpr DataTypeSet kIndices = {DataType::kInt32, DataType::kUint32, DataType::kInt64};
inline constexpr DataTypeSet kBoolean = {DataType::kUint8};
/// With the 4-bit types, an extension of the specification that browsers share.
inline constexpr DataTypeSet kQuantized = {DataType::kUint8, DataType::kInt8,  DataType::kUint32,
                                           DataType::kInt32, DataType::kUint4, DataType::kInt4};

inline constexpr RankRange kAnyRank = {};
constexpr RankRange RankAtLeast(uint32_t min) { return {.min = min}; }
constexpr RankRange Rank(uint32_t rank) { return {rank, rank}; }

// ---- One codec for each type that a field may have. ----

template <class T>
struct Codec;

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { EnumNames(E{}); };

template <class E>
struct EnumTypeName;
#define WEBNN_ENUM_TYPE(Name) \
  template <> \
  struct EnumTypeName<Name> { \
    static constexpr std::string_view kName = "ML" #Name; \
    static constexpr std::string_view kSequence = "sequence<ML" #Name ">"; \
  }
WEBNN_ENUM_TYPE(InputOperandLayout);
WEBNN_ENUM_TYPE(Conv2dFilterOperandLayout);
WEBNN_ENUM_TYPE(ConvTranspose2dFilterOperandLayout);
WEBNN_ENUM_TYPE(GruWeightLayout);
WEBNN_ENUM_TYPE(LstmWeightLayout);
WEBNN_ENUM_TYPE(RecurrentNetworkActivation);
WEBNN_ENUM_TYPE(RecurrentNetworkDirection);
WEBNN_ENUM_TYPE(PaddingMode);
WEBNN_ENUM_TYPE(RoundingType);
WEBNN_ENUM_TYPE(InterpolationMode);
#undef WEBNN_ENUM_TYPE

// WebIDL's [EnforceRange]: the fraction is dropped, then the range is checked.
template <class Int>
bool ReadInteger(const Value& value, Int& out) {
  const Number* number = value.As<Number>();
  if (number == nullptr) return false;
  constexpr auto kMin = static_cast<int64_t>(std::numeric_limits<Int>::min());
  constexpr auto kMax = static_cast<int64_t>(std::numeric_limits<Int>::max());
  int64_t integer = 0;
  switch (number->kind()) {
    case Number::Kind::kInt64:
      integer = number->int64();
      break;
    case Number::Kind::kUint64:
      if (number->uint64() > static_cast<uint64_t>(kMax)) return false;
      integer = number->int64();
      break;
    case Number::Kind::kDouble: {
      const double whole = std::trunc(number->float64());
      if (!(whole >= static_cast<double>(kMin) && whole <= static_cast<double>(kMax))) return false;
      integer = static_cast<int64_t>(whole);
      break;
    }
  }
  if (integer < kMin || integer > kMax) return false;
  out = static_cast<Int>(integer);
  return true;
}

template <>
struct Codec<bool> {
  static constexpr std::string_view kType = "boolean";
  static constexpr std::string_view kExpects = "true or false";
  static bool Read(const Value& value, bool& out) {
    const bool* read = value.As<bool>();
    if (read != nullptr) out = *read;
    return read != nullptr;
  }
  static Value Write(bool value) { return value; }
  static bool Valid(bool) { return true; }
};
template <>
struct Codec<uint32_t> {
  static constexpr std::string_view kType = "unsigned long";
  static constexpr std::string_view kSequence = "sequence<unsigned long>";
  static constexpr std::string_view kExpects = "an integer in [0, 4294967295]";
  static bool Read(const Value& value, uint32_t& out) { return ReadInteger(value, out); }
  static Value Write(uint32_t value) { return value; }
  static bool Valid(uint32_t) { return true; }
};
template <>
struct Codec<Dimension> {
  static constexpr std::string_view kType = Codec<uint32_t>::kType;
  static constexpr std::string_view kSequence = Codec<uint32_t>::kSequence;
  static constexpr std::string_view kExpects = Codec<uint32_t>::kExpects;
  static bool Read(const Value& value, Dimension& out) { return ReadInteger(value, out.value); }
  static Value Write(Dimension value) { return value.value; }
  static bool Valid(Dimension) { return true; }
};
template <>
struct Codec<int32_t> {
  static constexpr std::string_view kType = "long";
  static constexpr std::string_view kExpects = "an integer in [-2147483648, 2147483647]";
  static bool Read(const Value& value, int32_t& out) { return ReadInteger(value, out); }
  static Value Write(int32_t value) { return value; }
  static bool Valid(int32_t) { return true; }
};
template <>
struct Codec<double> {
  static constexpr std::string_view kType = "double";
  static constexpr std::string_view kExpects = "a finite number";
  static bool Read(const Value& value, double& out) {
    const Number* number = value.As<Number>();
    if (number != nullptr) out = number->ToDouble();
    return number != nullptr && Valid(out);
  }
  static Value Write(double value) { return value; }
  static bool Valid(double value) { return std::isfinite(value); }
};
template <>
struct Codec<float> {
  static constexpr std::string_view kType = "float";
  static constexpr std::string_view kSequence = "sequence<float>";
  static constexpr std::string_view kExpects = "a finite number";
  static bool Read(const Value& value, float& out) {
    const Number* number = value.As<Number>();
    if (number == nullptr ||
        !(std::fabs(number->ToDouble()) <= std::numeric_limits<float>::max())) {
      return false;
    }
    out = static_cast<float>(number->ToDouble());
    return true;
  }
  static Value Write(float value) { return value; }
  static bool Valid(float value) { return std::isfinite(value); }
};
template <>
struct Codec<Number> {
  static constexpr std::string_view kType = "MLNumber";
  static constexpr std::string_view kExpects = "a number";
  static bool Read(const Value& value, Number& out) {
    const Number* number = value.As<Number>();
    if (number != nullptr) out = *number;
    return number != nullptr;
  }
  static Value Write(Number value) { return value; }
  static bool Valid(Number) { return true; }
};
template <>
struct Codec<std::string> {
  static constexpr std::string_view kType = "USVString";
  static constexpr std::string_view kExpects = "a string";
  static bool Read(const Value& value, std::string& out) {
    const std::string* read = value.As<std::string>();
    if (read != nullptr) out = *read;
    return read != nullptr;
  }
  static Value Write(const std::string& value) { return value; }
  static bool Valid(const std::string&) { return true; }
};
template <>
struct Codec<DataType> {
  static constexpr std::string_view kType = "MLOperandDataType";
  static constexpr std::string_view kExpects = "the name of a data type";
  static bool Read(const Value& value, DataType& out) {
    const std::string* name = value.As<std::string>();
    const auto type = name == nullptr ? std::nullopt : ParseDataType(*name);
    if (type) out = *type;
    return type.has_value();
  }
  static Value Write(DataType value) { return Name(value); }
  static bool Valid(DataType value) { return static_cast<size_t>(value) < kDataTypeCount; }
};
template <NamedEnum E>
struct Codec<E> {
  static constexpr std::string_view kType = EnumTypeName<E>::kName;
  static constexpr std::string_view kSequence = EnumTypeName<E>::kSequence;
  static constexpr std::string_view kExpects = "one of the names of its enumeration";
  static bool Read(const Value& value, E& out) {
    const std::string* read = value.As<std::string>();
    if (read == nullptr) return false;
    constexpr auto kNames = EnumNames(E{});
    for (size_t i = 0; i < kNames.size(); ++i) {
      if (kNames[i] == *read) {
        out = static_cast<E>(i);
        return true;
      }
    }
    return false;
  }
  static Value Write(E value) { return EnumNames(E{})[static_cast<size_t>(value)]; }
  static bool Valid(E value) { return static_cast<size_t>(value) < EnumNames(E{}).size(); }
};
template <>
struct Codec<Operand> {
  static constexpr std::string_view kType = "MLOperand";
  static constexpr std::string_view kSequence = "sequence<MLOperand>";
  static constexpr std::string_view kExpects = "an operand";
  static bool Read(const Value& value, Operand& out) {
    const Operand* read = value.As<Operand>();
    if (read != nullptr) out = *read;
    return read != nullptr;
  }
  static Value Write(Operand value) { return value; }
  static bool Valid(Operand) { return true; }
};

template <class List>
Value WriteList(const List& list) {
  Value::List values;
  for (const auto& item : list) {
    values.push_back(Codec<typename List::value_type>::Write(item));
  }
  return values;
}
template <class List>
bool ValidList(const List& list) {
  for (const auto& item : list) {
    if (!Codec<typename List::value_type>::Valid(item)) return false;
  }
  return true;
}
template <class T>
struct Codec<std::vector<T>> {
  static constexpr std::string_view kType = Codec<T>::kSequence;
  static constexpr std::string_view kExpects =
      std::is_same_v<T, Operand> ? "a list of operands" : "a list of integers in [0, 4294967295]";
  static bool Read(const Value& value, std::vector<T>& out) {
    const auto* list = value.As<Value::List>();
    if (list == nullptr) return false;
    out.resize(list->size());
    for (size_t i = 0; i < list->size(); ++i) {
      if (!Codec<T>::Read((*list)[i], out[i])) return false;
    }
    return true;
  }
  static Value Write(const std::vector<T>& value) { return WriteList(value); }
  static bool Valid(const std::vector<T>& value) { return ValidList(value); }
};
template <class T, size_t kSize>
struct Codec<std::array<T, kSize>> {
  static_assert(kSize >= 2 && kSize <= 4);
  static constexpr std::string_view kType = Codec<T>::kSequence;
  static constexpr std::string_view kExpects =
      NamedEnum<T>               ? kSize == 2 ? "a list of 2 names" : "a list of 3 names"
      : std::is_same_v<T, float> ? "a list of 2 finite numbers"
      : kSize == 2               ? "a list of 2 integers in [0, 4294967295]"
                                 : "a list of 4 integers in [0, 4294967295]";
  static bool Read(const Value& value, std::array<T, kSize>& out) {
    const auto* list = value.As<Value::List>();
    if (list == nullptr || list->size() != kSize) return false;
    for (size_t i = 0; i < kSize; ++i) {
      if (!Codec<T>::Read((*list)[i], out[i])) return false;
    }
    return true;
  }
  static Value Write(const std::array<T, kSize>& value) { return WriteList(value); }
  static bool Valid(const std::array<T, kSize>& value) { return ValidList(value); }
};
template <class T>
struct Codec<std::optional<T>> {
  static constexpr std::string_view kType = Codec<T>::kType;
  static constexpr std::string_view kExpects = Codec<T>::kExpects;
  static bool Read(const Value& value, std::optional<T>& out) {
    return Codec<T>::Read(value, out.emplace());
  }
  static Value Write(const std::optional<T>& value) {
    return value ? Codec<T>::Write(*value) : Value();
  }
  static bool Valid(const std::optional<T>& value) { return !value || Codec<T>::Valid(*value); }
};
template <>
struct Codec<std::variant<uint32_t, std::vector<Dimension>>> {
  using T = std::variant<uint32_t, std::vector<Dimension>>;
  static constexpr std::string_view kType = "(unsigned long or sequence<unsigned long>)";
  static constexpr std::string_view kExpects = "a count or a list of sizes in [0, 4294967295]";
  static bool Read(const Value& value, T& out) {
    if (value.As<Value::List>() != nullptr) {
      return Codec<std::vector<Dimension>>::Read(value, out.emplace<1>());
    }
    return Codec<uint32_t>::Read(value, out.emplace<0>());
  }
  static Value Write(const T& value) {
    return value.index() == 0 ? Value(std::get<0>(value))
                              : Codec<std::vector<Dimension>>::Write(std::get<1>(value));
  }
  static bool Valid(const T&) { return true; }
};

// ---- Fields. ----

template <class Member>
struct MemberOf;
template <class Class, class Type>
struct MemberOf<Type Class::*> {
  using Op = Class;
  using T = Type;
};

inline std::span<Operand> AsSpan(Operand& operand) { return {&operand, 1}; }
inline std::span<Operand> AsSpan(std::vector<Operand>& operands) { return operands; }
inline std::span<Operand> AsSpan(std::optional<Operand>& operand) {
  return operand ? std::span<Operand>(&*operand, 1) : std::span<Operand>();
}

template <auto kMember>
OpField MakeField(std::string_view name, bool required) {
  using Op = typename MemberOf<decltype(kMember)>::Op;
  using FieldCodec = Codec<typename MemberOf<decltype(kMember)>::T>;
  OpField field{.name = name, .type = FieldCodec::kType, .required = required};
  field.read = [](void* op, const Value& value) {
    return FieldCodec::Read(value, static_cast<Op*>(op)->*kMember);
  };
  field.write = [](const void* op) {
    return FieldCodec::Write(static_cast<const Op*>(op)->*kMember);
  };
  field.valid = [](const void* op) {
    return FieldCodec::Valid(static_cast<const Op*>(op)->*kMember);
  };
  field.expects = FieldCodec::kExpects;
  return field;
}

/// A required attribute.
template <auto kMember>
OpField Required(std::string_view name) {
  return MakeField<kMember>(name, true);
}
/// An attribute with a default.
template <auto kMember>
OpField Option(std::string_view name) {
  return MakeField<kMember>(name, false);
}
/// An operand, optional where the member is; `same_type_as` names the operand whose type it has.
template <auto kMember>
OpField In(std::string_view name, DataTypeSet types, RankRange ranks,
           std::string_view same_type_as = {}) {
  using Op = typename MemberOf<decltype(kMember)>::Op;
  using T = typename MemberOf<decltype(kMember)>::T;
  OpField field = MakeField<kMember>(name, !std::is_same_v<T, std::optional<Operand>>);
  field.is_operand = true;
  field.limits = {types, ranks};
  field.same_type_as = same_type_as;
  field.operands = [](void* op) { return AsSpan(static_cast<Op*>(op)->*kMember); };
  return field;
}
inline OpOutput Out(std::string_view name, DataTypeSet types, RankRange ranks,
                    std::string_view same_type_as = {}) {
  return {name, {types, ranks}, same_type_as};
}

template <class Op>
concept ReturnsList = requires { typename Op::Outputs; };

/// The row with another `HalfPrecision` than the default.
inline OpSchema With(HalfPrecision half_precision, OpSchema schema) {
  schema.half_precision = half_precision;
  return schema;
}

/// The row. `Infer(const InferContext&, const Op&)` and `LowerToOnnx(Writer&, const Op&)` are found
/// beside it: the first returns a `Result` of one `OutputShape` or a vector of them, the second one
/// `LoweredValue` or a vector.
template <class Op>
OpSchema MakeSchema(std::string_view name, std::string_view doc, std::vector<OpField> fields,
                    std::vector<OpOutput> outputs) {
  fields.push_back(Option<&Op::label>("label"));
  OpSchema schema{.name = name,
                  .doc = doc,
                  .returns_list = ReturnsList<Op>,
                  .half_precision = HalfPrecision::kWide,
                  .fields = std::move(fields),
                  .outputs = std::move(outputs)};
  schema.make = []() -> std::shared_ptr<void> { return std::make_shared<Op>(); };
  schema.copy = [](const void* op) -> std::shared_ptr<void> {
    return std::make_shared<Op>(*static_cast<const Op*>(op));
  };
  schema.label = [](const void* op) -> const std::string& {
    return static_cast<const Op*>(op)->label;
  };
  schema.infer = [](const InferContext& context,
                    const void* op) -> Result<std::vector<OutputShape>> {
    auto inferred = Infer(context, *static_cast<const Op*>(op));
    if constexpr (std::is_same_v<decltype(inferred), Result<OutputShape>>) {
      if (!inferred) return std::move(inferred.error());
      return std::vector<OutputShape>{*std::move(inferred)};
    } else {
      return inferred;
    }
  };
  schema.lower = [](Writer& writer, const void* op) -> std::vector<LoweredValue> {
    auto lowered = LowerToOnnx(writer, *static_cast<const Op*>(op));
    if constexpr (std::is_same_v<decltype(lowered), LoweredValue>) {
      return {lowered};
    } else {
      return lowered;
    }
  };
  return schema;
}

}  // namespace webnn::ops
