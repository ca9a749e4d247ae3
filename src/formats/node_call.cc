#include "formats/node_call.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "formats/element_types.h"
#include "graph/infer_context.h"

namespace webnn::formats {
namespace {

// ---- What older files call operators and options. ----

struct OldOperator {
  std::string_view old;
  std::string_view name;
};
constexpr OldOperator kOldOperators[] = {{"globalAveragePool", "averagePool2d"},
                                         {"globalMaxPool", "maxPool2d"}};

// Counts for operators that have the option `name`.
struct OldOption {
  std::string_view old;
  std::string_view name;
  std::string_view second = {};   // of the later half of a list that had both
  bool begins_then_ends = false;  // [top, left, bottom, right] for [top, bottom, left, right]
};
constexpr OldOption kOldOptions[] = {
    {.old = "to", .name = "dataType"},
    {.old = "type", .name = "dataType"},
    {.old = "roundingType", .name = "outputShapeRounding"},
    {.old = "pads", .name = "padding", .begins_then_ends = true},
    {.old = "padding", .name = "beginningPadding", .second = "endingPadding"},
};

// "keep_dimensions" -> "keepDimensions"
std::string ToCamelCase(std::string_view snake) {
  std::string camel;
  bool upper = false;
  for (char c : snake) {
    if (c == '_' && !camel.empty()) {
      upper = true;
    } else {
      camel += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      upper = false;
    }
  }
  return camel;
}

const OpSchema* FindOperator(const std::string& name) {
  if (const OpSchema* schema = FindOp(name)) return schema;
  const std::string camel = ToCamelCase(name);
  if (const OpSchema* schema = FindOp(camel)) return schema;
  for (const OldOperator& row : kOldOperators) {
    if (row.old == camel) return FindOp(row.name);
  }
  return nullptr;
}

bool IsList(const OpField& field) { return field.type.starts_with("sequence"); }

// Is this a name of an operand, or a list of them?
bool IsReference(const Value& value) {
  if (value.As<std::string>() != nullptr) return true;
  const auto* list = value.As<Value::List>();
  return list != nullptr && !list->empty() && list->front().As<std::string>() != nullptr;
}

std::optional<Number> ToSpecialNumber(const std::string& text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "Infinity") return Number(kInfinity);
  if (text == "-Infinity") return Number(-kInfinity);
  if (text == "NaN") return Number(std::numeric_limits<double>::quiet_NaN());
  return std::nullopt;
}

class NodeReader {
 public:
  NodeReader(const FileNode& node, const OpSchema& schema, const OperandFinder& find)
      : node_(node), schema_(schema), find_(find), scratch_(schema.make()) {}

  Result<NodeCall> Read() && {
    for (const auto& [key, value] : node_.options) {
      WEBNN_RETURN_IF_ERROR(ReadOption(key, value));
    }
    WEBNN_RETURN_IF_ERROR(ReadArguments());
    NodeCall call{.schema = &schema_, .arguments = {}, .options = std::move(unknown_)};
    bool complete = true;
    for (const OpField& field : schema_.fields) {
      auto given = fields_.find(field.name);
      if (!field.required) {
        if (given != fields_.end()) call.options.emplace(field.name, std::move(given->second));
        continue;
      }
      if (given == fields_.end()) {
        complete = false;
      } else if (!complete) {
        return Missing();
      } else {
        call.arguments.push_back(std::move(given->second));
      }
    }
    if (!complete) return Missing();
    return call;
  }

 private:
  Error Missing() const {
    std::string names;
    for (const OpField& field : schema_.fields) {
      if (!field.required || fields_.contains(field.name)) continue;
      names += fmt::format("{}{}", names.empty() ? "" : ", ", field.name);
    }
    return TypeError("{}: missing: {}", schema_.name, names);
  }

  Result<void> Set(const OpField& field, Value value) {
    if (!fields_.emplace(field.name, std::move(value)).second) {
      return TypeError("{}: {} is given twice", schema_.name, field.name);
    }
    return {};
  }

  Result<void> ReadOption(const std::string& key, const Value& value) {
    if (value.absent()) return {};
    if (const OpField* field = schema_.FindField(key)) return SetValue(*field, value);
    const std::string camel = ToCamelCase(key);
    if (const OpField* field = schema_.FindField(camel)) return SetValue(*field, value);
    for (const OldOption& row : kOldOptions) {
      const OpField* field = schema_.FindField(row.name);
      if (row.old == camel && field != nullptr) return ReadOldOption(row, *field, value);
    }
    if (camel.starts_with("has") && value.As<bool>() != nullptr) {
      // "hasScale" is about the operands, which are read after the options.
      for (const OpField& field : schema_.fields) {
        if (!field.is_operand || field.required || camel.size() != field.name.size() + 3) continue;
        const bool same = std::tolower(static_cast<unsigned char>(camel[3])) == field.name[0] &&
                          camel.compare(4, std::string::npos, field.name.substr(1)) == 0;
        if (!same) continue;
        if (!*value.As<bool>()) left_out_.push_back(field.name);
        return {};
      }
    }
    unknown_.emplace(key, value);  // which the builder refuses, with its message
    return {};
  }

  Result<void> ReadOldOption(const OldOption& row, const OpField& field, const Value& value) {
    const auto* list = value.As<Value::List>();
    if (row.begins_then_ends && list != nullptr && list->size() == 4) {
      return SetValue(field, Value::List{(*list)[0], (*list)[2], (*list)[1], (*list)[3]});
    }
    if (row.second.empty()) return SetValue(field, value);
    if (list == nullptr || list->size() % 2 != 0) {
      return TypeError("{}: {} must be a list of beginnings and as many ends", schema_.name,
                       row.old);
    }
    const auto middle = list->begin() + static_cast<std::ptrdiff_t>(list->size() / 2);
    WEBNN_RETURN_IF_ERROR(SetValue(field, Value::List(list->begin(), middle)));
    return SetValue(*schema_.FindField(row.second), Value::List(middle, list->end()));
  }

  Result<void> SetValue(const OpField& field, const Value& value) {
    if (field.is_operand) {
      WEBNN_ASSIGN_OR_RETURN(Value operands, Resolve(field, value));
      return Set(field, std::move(operands));
    }
    const auto* text = value.As<std::string>();
    if (text == nullptr || field.read(scratch_.get(), value)) return Set(field, value);
    // What JSON has no number for, and the short names of types.
    if (const auto number = ToSpecialNumber(*text)) return Set(field, *number);
    if (const auto type = ParseTypeName(*text)) return Set(field, Name(*type));
    return Set(field, value);
  }

  // Names become operands. What is no name stays, for the builder to refuse.
  Result<Value> Resolve(const OpField& field, const Value& value) const {
    if (const auto* name = value.As<std::string>()) {
      WEBNN_ASSIGN_OR_RETURN(const Operand operand, find_(*name));
      return IsList(field) ? Value(Value::List{operand}) : Value(operand);
    }
    const auto* list = value.As<Value::List>();
    if (list == nullptr || !IsList(field)) return value;
    Value::List operands;
    for (const Value& item : *list) {
      const auto* name = item.As<std::string>();
      if (name == nullptr) return value;
      WEBNN_ASSIGN_OR_RETURN(const Operand operand, find_(*name));
      operands.emplace_back(operand);
    }
    return Value(std::move(operands));
  }

  // Names go to the operands in their order, the required ones first, everything else to the
  // attributes that the operator requires.
  Result<void> ReadArguments() {
    for (size_t i = 0; i < node_.arguments.size(); ++i) {
      const Value& argument = node_.arguments[i];
      const bool is_reference = IsReference(argument);
      const auto fits = [&](const OpField& field) {
        if (fields_.contains(field.name) || field.is_operand != is_reference) return false;
        if (!field.is_operand) return field.required;
        return std::find(left_out_.begin(), left_out_.end(), field.name) == left_out_.end();
      };
      const auto field = std::find_if(schema_.fields.begin(), schema_.fields.end(), fits);
      if (field == schema_.fields.end()) {
        return TypeError("{}: there is nothing that argument {} could be", schema_.name, i + 1);
      }
      if (!field->is_operand || !IsList(*field) || argument.As<Value::List>() != nullptr) {
        WEBNN_RETURN_IF_ERROR(SetValue(*field, argument));
        continue;
      }
      // A list of operands is all names that follow.
      Value::List names;
      while (i < node_.arguments.size() && node_.arguments[i].As<std::string>() != nullptr) {
        names.push_back(node_.arguments[i++]);
      }
      --i;
      WEBNN_RETURN_IF_ERROR(SetValue(*field, Value(std::move(names))));
    }
    return {};
  }

  const FileNode& node_;
  const OpSchema& schema_;
  const OperandFinder& find_;
  std::shared_ptr<void> scratch_;  // values are tried on it
  std::map<std::string_view, Value> fields_;
  std::vector<std::string_view> left_out_;
  NamedValues unknown_;
};

}  // namespace

Result<NodeCall> ReadNode(const FileNode& node, const OperandFinder& find) {
  const OpSchema* schema = FindOperator(node.op);
  if (schema == nullptr) return TypeError("there is no operator \"{}\"", EscapeControls(node.op));
  return NodeReader(node, *schema, find).Read();
}

}  // namespace webnn::formats
