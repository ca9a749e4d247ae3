#include <cctype>
#include <cstring>
#include <deque>
#include <unordered_map>

#include "graph/op_schema.h"
#include "objects.h"

/// One method of the builder for each row of the operator table.
namespace webnn::python {
namespace {

// "averagePool2d" -> "average_pool2d", "isNaN" -> "is_nan"
std::string SnakeCase(std::string_view name) {
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i) == "NaN" || name.substr(i) == "ND") {
      snake += name.substr(i) == "ND" ? "_nd" : "_nan";
      break;
    }
    if (std::isupper(static_cast<unsigned char>(name[i]))) {
      if (!snake.empty()) snake += '_';
      snake += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    } else {
      snake += name[i];
    }
  }
  return snake;
}

// Where options may also be given by position, as programs written for pywebnn do: their order.
struct Positional {
  std::string_view op;
  std::vector<std::string_view> options;
};
const std::vector<Positional>& PositionalOptions() {
  static const std::vector<Positional> kTable = {
      {"conv2d",
       {"strides", "dilations", "pads", "groups", "input_layout", "filter_layout", "bias"}},
      {"convTranspose2d",
       {"strides", "dilations", "pads", "output_padding", "output_sizes", "groups", "input_layout",
        "filter_layout", "bias"}},
      {"averagePool2d", {"window_dimensions", "strides", "dilations", "pads", "layout"}},
      {"l2Pool2d", {"window_dimensions", "strides", "dilations", "pads", "layout"}},
      {"maxPool2d", {"window_dimensions", "strides", "dilations", "pads", "layout"}},
      {"batchNormalization", {"scale", "bias", "epsilon", "axis"}},
      {"instanceNormalization", {"scale", "bias", "epsilon", "layout"}},
      {"layerNormalization", {"scale", "bias", "epsilon", "axes"}},
  };
  return kTable;
}

// `pads` is padding in ONNX's order: [top, left, bottom, right].
constexpr std::string_view kPads = "pads";

struct Parameter {
  std::string name;
  PyObject* key = nullptr;         // interned
  const OpField* field = nullptr;  // null for `pads`
  bool keyword_only = false;
};

struct BoundOp {
  const OpSchema* schema = nullptr;
  std::string name;
  std::string signature;
  std::string doc;
  std::vector<Parameter> parameters;
  size_t required = 0;
  const OpField* padding = nullptr;
};

template <class E>
std::string LiteralOf() {
  std::string text;
  for (const std::string_view name : EnumNames(E{})) {
    text += (text.empty() ? "" : ", ") + ("'" + std::string(name) + "'");
  }
  return "Literal[" + text + "]";
}

std::string PythonType(std::string_view type) {
  if (type.starts_with("sequence<")) {
    return "Sequence[" + PythonType(type.substr(9, type.size() - 10)) + "]";
  }
  if (type.starts_with("(")) return "int | Sequence[int]";
  if (type == "MLOperand") return "OperandLike";
  if (type == "MLOperandDataType") return "DataType";
  if (type == "boolean") return "bool";
  if (type == "unsigned long" || type == "long") return "int";
  if (type == "float" || type == "double" || type == "MLNumber") return "float";
  if (type == "USVString") return "str";
  if (type == "MLInputOperandLayout") return LiteralOf<InputOperandLayout>();
  if (type == "MLConv2dFilterOperandLayout") return LiteralOf<Conv2dFilterOperandLayout>();
  if (type == "MLConvTranspose2dFilterOperandLayout")
    return LiteralOf<ConvTranspose2dFilterOperandLayout>();
  if (type == "MLGruWeightLayout") return LiteralOf<GruWeightLayout>();
  if (type == "MLLstmWeightLayout") return LiteralOf<LstmWeightLayout>();
  if (type == "MLRecurrentNetworkActivation") return LiteralOf<RecurrentNetworkActivation>();
  if (type == "MLRecurrentNetworkDirection") return LiteralOf<RecurrentNetworkDirection>();
  if (type == "MLPaddingMode") return LiteralOf<PaddingMode>();
  if (type == "MLRoundingType") return LiteralOf<RoundingType>();
  if (type == "MLInterpolationMode") return LiteralOf<InterpolationMode>();
  return "object";
}

std::string PythonText(const Value& value) {
  if (const bool* truth = value.As<bool>()) return *truth ? "True" : "False";
  if (const Number* number = value.As<Number>()) return ToString(*number);
  if (const std::string* text = value.As<std::string>()) return "'" + *text + "'";
  if (const Value::List* list = value.As<Value::List>()) {
    std::string items;
    for (const Value& item : *list) items += (items.empty() ? "" : ", ") + PythonText(item);
    return "(" + items + ")";
  }
  return "None";
}

std::string TypesText(DataTypeSet types) {
  std::string text;
  for (const DataType type : types.List()) {
    text += (text.empty() ? "" : ", ") + std::string(Name(type));
  }
  return text;
}
std::string RankText(RankRange range) {
  constexpr uint32_t kAny = std::numeric_limits<uint32_t>::max();
  if (range.min == 0 && range.max == kAny) return "any rank";
  if (range.max == kAny) return "rank " + std::to_string(range.min) + " or more";
  if (range.min == range.max) return "rank " + std::to_string(range.min);
  return "rank " + std::to_string(range.min) + " to " + std::to_string(range.max);
}
std::string LimitsText(const TensorLimits& limits, std::string_view same_type_as) {
  return (same_type_as.empty() ? TypesText(limits.data_types)
                               : "data type of `" + SnakeCase(same_type_as) + "`") +
         "; " + RankText(limits.rank_range);
}

Parameter MakeParameter(std::string name, const OpField* field, bool keyword_only) {
  Parameter parameter{std::move(name), nullptr, field, keyword_only};
  parameter.key = PyUnicode_InternFromString(parameter.name.c_str());
  return parameter;
}

BoundOp MakeBoundOp(const OpSchema& schema) {
  BoundOp op;
  op.schema = &schema;
  op.name = SnakeCase(schema.name);
  op.padding = schema.FindField("padding");
  for (const OpField& field : schema.fields) {
    if (!field.required) continue;
    op.parameters.push_back(MakeParameter(SnakeCase(field.name), &field, false));
  }
  op.required = op.parameters.size();
  const auto find = [&](std::string_view name) -> const OpField* {
    for (const OpField& field : schema.fields) {
      if (SnakeCase(field.name) == name) return &field;
    }
    return nullptr;
  };
  const Positional* positional = nullptr;
  for (const Positional& row : PositionalOptions()) {
    if (row.op == schema.name) positional = &row;
  }
  if (positional != nullptr) {
    for (const std::string_view name : positional->options) {
      op.parameters.push_back(MakeParameter(std::string(name), find(name), false));
    }
  }
  for (const OpField& field : schema.fields) {
    const std::string name = SnakeCase(field.name);
    bool known = field.required;
    for (const Parameter& parameter : op.parameters) known = known || parameter.name == name;
    if (known) continue;
    const bool keyword_only = positional != nullptr || name == "label";
    op.parameters.push_back(MakeParameter(name, &field, keyword_only));
  }

  const std::shared_ptr<void> defaults = schema.make();
  op.signature = "def " + op.name + "(self";
  op.doc = std::string(schema.doc) + "\n\nArgs:\n";
  bool star = false;
  for (size_t i = 0; i < op.parameters.size(); ++i) {
    const Parameter& parameter = op.parameters[i];
    if (parameter.keyword_only && !star) {
      op.signature += ", *";
      star = true;
    }
    op.signature += ", " + parameter.name + ": ";
    op.doc += "    " + parameter.name + ": ";
    if (parameter.field == nullptr) {
      op.signature += "Sequence[int] | None = None";
      op.doc += "`padding` in the order [top, left, bottom, right].\n";
      continue;
    }
    const OpField& field = *parameter.field;
    op.signature += PythonType(field.type);
    if (!field.required) {
      const std::string text = PythonText(field.write(defaults.get()));
      op.signature += (text == "None" ? " | None = " : " = ") + text;
    }
    if (field.is_operand) {
      op.doc += LimitsText(field.limits, field.same_type_as);
    } else if (parameter.name == "label") {
      op.doc += "appears in messages about this operator";
    } else {
      op.doc += std::string(field.expects);
    }
    op.doc += ".\n";
  }
  const bool list = schema.returns_list;
  op.signature += list ? ") -> list[MLOperand]" : ") -> MLOperand";
  op.doc += "\nReturns:\n";
  for (const OpOutput& output : schema.outputs) {
    op.doc += "    " + SnakeCase(output.name) + ": " +
              LimitsText(output.limits, output.same_type_as) + ".\n";
  }
  op.doc +=
      "\nRaises:\n    ValidationError: an argument is not allowed; the message says which and what "
      "is.\n";
  return op;
}

const std::deque<BoundOp>& BoundOps() {
  static const auto* const kOps = [] {
    auto* ops = new std::deque<BoundOp>;
    for (const OpSchema* schema : AllOps()) ops->push_back(MakeBoundOp(*schema));
    return ops;
  }();
  return *kOps;
}

bool IsArray(nb::handle value) {
  return PyObject_CheckBuffer(value.ptr()) != 0 && !nb::isinstance<nb::bytes>(value);
}

// An attribute's value. Numpy's scalars are numbers, arrays of one dimension are lists.
Value ToValue(nb::handle value) {
  PyObject* object = value.ptr();
  if (value.is_none()) return {};
  if (PyBool_Check(object)) return object == Py_True;
  if (PyLong_Check(object)) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) return Number(static_cast<int64_t>(number));
    if (overflow > 0) {
      const unsigned long long large = PyLong_AsUnsignedLongLong(object);
      if (!PyErr_Occurred()) return Number(static_cast<uint64_t>(large));
      PyErr_Clear();
    }
    const double real = PyLong_AsDouble(object);
    if (!PyErr_Occurred()) return Number(real);
    PyErr_Clear();
    return {std::string("(an integer beyond every range)")};
  }
  if (PyFloat_Check(object)) return Number(PyFloat_AsDouble(object));
  if (PyUnicode_Check(object)) return std::string(nb::cast<std::string_view>(value));
  if (nb::isinstance<PyOperand>(value)) return nb::cast<const PyOperand&>(value).operand;
  if (PyObject_HasAttrString(object, "tolist")) {
    return ToValue(nb::object(nb::handle(object).attr("tolist")()));
  }
  if (nb::isinstance<nb::sequence>(value) || nb::isinstance<nb::iterable>(value)) {
    Value::List list;
    for (const nb::handle item : value) list.push_back(ToValue(item));
    return list;
  }
  if (PyIndex_Check(object)) return ToValue(nb::steal(PyNumber_Index(object)));
  const nb::object real = nb::steal(PyNumber_Float(object));
  if (real.is_valid()) return Number(PyFloat_AsDouble(real.ptr()));
  PyErr_Clear();
  return {std::string(nb::repr(value).c_str())};
}

// The data type that a plain number given for `field` becomes: that of an operand that must be of
// one type with it.
std::optional<DataType> TypeBeside(const BoundOp& op, const std::vector<nb::object>& given,
                                   const OpField& field) {
  const auto group = [](const OpField& one) {
    return one.same_type_as.empty() ? one.name : one.same_type_as;
  };
  for (size_t i = 0; i < given.size(); ++i) {
    const OpField* other = op.parameters[i].field;
    if (!given[i].is_valid() || other == nullptr || !other->is_operand ||
        group(*other) != group(field)) {
      continue;
    }
    if (nb::isinstance<PyOperand>(given[i])) {
      return nb::cast<const PyOperand&>(given[i]).descriptor.data_type();
    }
    if (nb::isinstance<nb::list>(given[i]) || nb::isinstance<nb::tuple>(given[i])) {
      for (const nb::handle item : given[i]) {
        if (nb::isinstance<PyOperand>(item)) {
          return nb::cast<const PyOperand&>(item).descriptor.data_type();
        }
      }
    }
  }
  return std::nullopt;
}

// An operand, or an array or number that becomes a constant.
Operand ToOperand(nb::handle self, const BoundOp& op, const OpField& field, nb::handle value,
                  std::optional<DataType> beside) {
  if (nb::isinstance<PyOperand>(value)) {
    const auto& operand = nb::cast<const PyOperand&>(value);
    if (!operand.builder.is(self)) {
      Raise(Error{.code = ErrorCode::kTypeError,
                  .message = std::string(op.schema->name) + ": " + std::string(field.name) +
                             " is an operand of another builder",
                  .rule = std::string(field.name) + "-of-this-builder"});
    }
    return operand.operand;
  }
  const bool number = PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr());
  if (number || IsArray(value) || PyObject_HasAttrString(value.ptr(), "__array__") ||
      nb::isinstance<nb::list>(value)) {
    nb::object type = nb::none();
    if (beside) {
      const std::string_view name = Name(*beside);
      type = nb::str(name.data(), name.size());
    }
    const nb::object constant = nb::handle(self).attr("_constant_beside")(value, type);
    return nb::cast<const PyOperand&>(constant).operand;
  }
  Raise(Error{.code = ErrorCode::kTypeError,
              .message = std::string(op.schema->name) + ": " + std::string(field.name) + " is " +
                         nb::type_name(value.type()).c_str() +
                         "; it must be an operand, an array or a number",
              .rule = std::string(field.name) + "-value"});
}

[[noreturn]] void WrongCall(const BoundOp& op, const std::string& what) {
  PyErr_SetString(PyExc_TypeError, (op.name + "() " + what).c_str());
  throw nb::python_error();
}

nb::object Call(nb::handle self, const BoundOp& op, const nb::args& args,
                const nb::kwargs& kwargs) {
  std::vector<nb::object> given(op.parameters.size());
  size_t place = 0;
  for (const nb::handle argument : args) {
    if (place == op.parameters.size() || op.parameters[place].keyword_only) {
      WrongCall(op, "takes at most " + std::to_string(place) + " positional arguments, " +
                        std::to_string(args.size()) + " are given");
    }
    given[place++] = nb::borrow(argument);
  }
  for (const auto [key, value] : kwargs) {
    std::string_view name = nb::cast<std::string_view>(key);
    size_t found = op.parameters.size();
    const auto search = [&] {
      for (size_t i = 0; i < op.parameters.size(); ++i) {
        if (op.parameters[i].key == key.ptr() || op.parameters[i].name == name) found = i;
      }
    };
    search();
    // pywebnn's name for the operand of most operators.
    if (found == op.parameters.size() && name == "x") name = op.parameters[0].name, search();
    if (found == op.parameters.size()) {
      WrongCall(op, "got an unexpected keyword argument '" + std::string(name) + "'");
    }
    if (given[found].is_valid()) {
      WrongCall(op, "got multiple values for argument '" + std::string(name) + "'");
    }
    given[found] = nb::borrow(value);
  }
  for (size_t i = 0; i < op.required; ++i) {
    if (!given[i].is_valid()) {
      WrongCall(op, "missing required argument: '" + op.parameters[i].name + "'");
    }
  }

  std::vector<Value> arguments;
  NamedValues options;
  const auto operand = [&](const OpField& field, nb::handle value) {
    if (nb::isinstance<PyOperand>(value)) return ToOperand(self, op, field, value, std::nullopt);
    return ToOperand(self, op, field, value, TypeBeside(op, given, field));
  };
  for (size_t i = 0; i < op.parameters.size(); ++i) {
    const Parameter& parameter = op.parameters[i];
    if (!given[i].is_valid() || (given[i].is_none() && i >= op.required)) continue;
    if (parameter.field == nullptr) {  // pads
      Value padding = ToValue(given[i]);
      if (const auto* list = padding.As<Value::List>(); list != nullptr && list->size() == 4) {
        padding = Value::List{(*list)[0], (*list)[2], (*list)[1], (*list)[3]};
      }
      if (options.contains("padding")) WrongCall(op, "takes `padding` or `pads`, not both");
      options.emplace("padding", std::move(padding));
      continue;
    }
    const OpField& field = *parameter.field;
    Value value;
    if (field.is_operand && field.type.starts_with("sequence")) {
      if (!nb::isinstance<nb::list>(given[i]) && !nb::isinstance<nb::tuple>(given[i])) {
        Raise(Error{.code = ErrorCode::kTypeError,
                    .message = std::string(op.schema->name) + ": " + std::string(field.name) +
                               " must be a list of operands",
                    .rule = std::string(field.name) + "-value"});
      }
      Value::List list;
      for (const nb::handle item : given[i]) list.push_back(operand(field, item));
      value = std::move(list);
    } else if (field.is_operand) {
      value = operand(field, given[i]);
    } else {
      value = ToValue(given[i]);
    }
    if (i < op.required) {
      arguments.push_back(std::move(value));
    } else if (!options.emplace(std::string(field.name), std::move(value)).second) {
      WrongCall(op, "takes `padding` or `pads`, not both");
    }
  }
  const std::vector<Operand> results =
      Unwrap(BuilderOf(self).builder.Call(op.schema->name, arguments, options));
  if (!op.schema->returns_list) return MakeOperand(self, results[0]);
  nb::list list;
  for (const Operand result : results) list.append(MakeOperand(self, result));
  return list;
}

// A method that is the operator: nanobind's for the signature, ours for the arguments.
void BindOne(nb::class_<PyBuilder>& builder, const BoundOp& op) {
  builder.def(
      op.name.c_str(),
      [bound = &op](nb::handle_t<PyBuilder> self, const nb::args& args, const nb::kwargs& kwargs) {
        return Call(self, *bound, args, kwargs);
      },
      nb::sig(op.signature.c_str()), op.doc.c_str());
}

}  // namespace

void BindOperators(nb::class_<PyBuilder>& builder) {
  for (const BoundOp& op : BoundOps()) BindOne(builder, op);
}

}  // namespace webnn::python
