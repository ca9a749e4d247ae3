#include "graph/op_text.h"

#include "fmt/format.h"

namespace webnn {
namespace {

constexpr DataTypeSet kAny = {DataType::kFloat32, DataType::kFloat16, DataType::kInt32,
                              DataType::kUint32,  DataType::kInt64,   DataType::kUint64,
                              DataType::kInt8,    DataType::kUint8};

std::string Show(const Value& value) {
  if (const bool* boolean = value.As<bool>()) return *boolean ? "true" : "false";
  if (const Number* number = value.As<Number>()) return ToString(*number);
  if (const std::string* text = value.As<std::string>()) return '"' + *text + '"';
  std::string shown = "[";
  for (const Value& item : *value.As<Value::List>()) {
    shown += (shown.size() > 1 ? ", " : "") + Show(item);
  }
  return shown + "]";
}

}  // namespace

std::string TypesText(DataTypeSet types) {
  if (types == kAny) return "any";
  std::string names;
  for (DataType type : types.List()) {
    if (!names.empty()) names += ", ";
    names += Name(type);
  }
  return names;
}

std::string RanksText(RankRange ranks) {
  if (ranks == RankRange{}) return "any";
  if (ranks.min == ranks.max) return fmt::format("{}", ranks.min);
  if (ranks.max == RankRange{}.max) return fmt::format("{} or more", ranks.min);
  return fmt::format("{} to {}", ranks.min, ranks.max);
}

std::string DefaultText(const OpField& field, const void* op) {
  if (field.required) return "required";
  const Value value = field.write(op);
  return value.absent() ? "absent" : Show(value);
}

}  // namespace webnn
