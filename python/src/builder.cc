
#include "objects.h"

namespace webnn::python {
namespace {

GraphBuilder MakeBuilder(nb::handle context) {
  if (context.is_none()) return {};
  return Unwrap(GraphBuilder::Create(nb::cast<PyContext&>(context).context()));
}

// A Python object that keeps a constant's bytes; released with the GIL, from whichever thread.
std::shared_ptr<const void> KeepAlive(std::shared_ptr<Bytes> bytes) {
  Bytes* raw = bytes.get();
  auto* owner = new std::shared_ptr<Bytes>(std::move(bytes));
  return {raw, [owner](const void*) {
            if (!Py_IsInitialized()) return;
            nb::gil_scoped_acquire gil;
            delete owner;
          }};
}

// `array` is of the declared type and shape already.
nb::object AddConstant(nb::handle self, nb::handle array, const std::string& data_type,
                       nb::handle shape, bool copy) {
  PyBuilder& builder = BuilderOf(self);
  const OperandDescriptor descriptor = MakeDescriptor(data_type, shape);
  auto bytes = std::make_shared<Bytes>();
  bytes->Take(array.ptr(), descriptor, "constant");
  Result<Operand> operand =
      copy || IsFourBit(descriptor.data_type())
          ? builder.builder.Constant(descriptor, bytes->bytes())
          : builder.builder.ConstantView(descriptor, bytes->bytes(), KeepAlive(bytes));
  return MakeOperand(self, Unwrap(std::move(operand)));
}

nb::object AddRawConstant(nb::handle self, nb::handle buffer, const std::string& data_type,
                          nb::handle shape) {
  const OperandDescriptor descriptor = MakeDescriptor(data_type, shape);
  Bytes bytes;
  bytes.TakeRaw(buffer.ptr());
  return MakeOperand(self, Unwrap(BuilderOf(self).builder.Constant(descriptor, bytes.span())));
}

nb::object AddTensorConstant(nb::handle self, PyTensor& tensor) {
  return MakeOperand(self, Unwrap(BuilderOf(self).builder.Constant(tensor.alive("constant"))));
}

nb::object AddInput(nb::handle self, std::string name, nb::handle shape,
                    const std::string& data_type) {
  const OperandDescriptor descriptor = MakeDescriptor(data_type, shape);
  const Operand operand = Unwrap(BuilderOf(self).builder.Input(name, descriptor));
  return MakeOperand(self, operand, std::move(name));
}

// Everything of `build` but what needs Python's own names of arguments.
nb::object Build(nb::handle self, const nb::dict& outputs, nb::handle declared,
                 nb::handle options) {
  PyBuilder& builder = BuilderOf(self);
  std::vector<GraphBuilder::NamedOutput> named;
  for (const auto [name, operand] : outputs) {
    if (!PyUnicode_Check(name.ptr())) {
      Raise(ErrorCode::kTypeError, "build: the name of an output is not a string");
    }
    if (!nb::isinstance<PyOperand>(operand)) {
      Raise(ErrorCode::kTypeError, "build: output \"" + nb::cast<std::string>(name) + "\" is " +
                                       nb::type_name(operand.type()).c_str() +
                                       "; it must be an operand");
    }
    const auto& output = nb::cast<const PyOperand&>(operand);
    if (!output.builder.is(self)) {
      Raise(ErrorCode::kTypeError, "build: output \"" + nb::cast<std::string>(name) +
                                       "\" is an operand of another builder");
    }
    named.emplace_back(nb::cast<std::string>(name), output.operand);
  }
  auto graph = std::make_unique<PyGraph>(Unwrap(builder.builder.Snapshot(named)));
  nb::set unused;
  for (const nb::handle name : declared) {
    bool used = false;
    for (const NamedDescriptor& input : graph->inputs()) {
      used = used || input.name == nb::cast<std::string_view>(name);
    }
    if (!used) unused.add(name);
  }
  graph->unused_inputs = unused;
  if (!builder.context.is_none()) {
    graph->For(nb::cast<const PyContext&>(builder.context), options);
  }
  return Give(std::move(graph));
}

nb::object Binary(const PyOperand& self, const char* op, nb::handle other, bool reversed) {
  // Python asks the other side where this returns NotImplemented.
  if (other.is_none() || PyUnicode_Check(other.ptr())) {
    return nb::borrow(Py_NotImplemented);
  }
  const nb::object me = nb::find(self);
  const nb::object method = self.builder.attr(op);
  return reversed ? method(other, me) : method(me, other);
}

void BindOperand(nb::module_& module) {
  nb::class_<PyOperand> operand(module, "MLOperand",
                                "A value in a graph under construction.\n\n"
                                "Belongs to the builder that made it. ``+ - * / @ **``, "
                                "comparisons and indexing\nadd operators to that builder.");
  operand.def_prop_ro(
      "data_type", [](const PyOperand& self) { return Name(self.descriptor.data_type()); },
      "\"float32\", \"int64\" ...");
  operand.def_prop_ro(
      "shape", [](const PyOperand& self) { return ShapeList(self.descriptor.shape()); },
      nb::sig("def shape(self) -> list[int]"), "Sizes, outermost first; a scalar has none.");
  operand.def_prop_ro("rank", [](const PyOperand& self) { return self.descriptor.rank(); });
  operand.def_prop_ro(
      "name",
      [](const PyOperand& self) -> std::optional<std::string> {
        if (self.name.empty()) return std::nullopt;
        return self.name;
      },
      "Of an input; None for other operands.");
  operand.def_prop_ro(
      "builder", [](const PyOperand& self) { return self.builder; },
      nb::sig("def builder(self) -> MLGraphBuilder"), "The builder that it belongs to.");
  operand.def("__repr__", [](const PyOperand& self) {
    // As pywebnn prints it.
    return "MLOperand(name='" + (self.name.empty() ? std::string("unnamed") : self.name) +
           "', dtype='" + std::string(Name(self.descriptor.data_type())) +
           "', shape=" + ToString(self.descriptor.shape()) + ")";
  });
  operand.def("__hash__", [](const PyOperand& self) {
    return static_cast<size_t>(self.operand.id) * 31 + self.operand.builder;
  });
  operand.def("__bool__", [](const PyOperand&) -> bool {
    PyErr_SetString(PyExc_TypeError,
                    "an MLOperand has no truth value: it is known only when the graph runs; "
                    "use `is`, or builder.where");
    throw nb::python_error();
  });
  operand.def("__len__", [](const PyOperand& self) -> size_t {
    if (self.descriptor.rank() == 0) Raise(ErrorCode::kTypeError, "a scalar has no length");
    return self.descriptor.shape()[0];
  });

  struct Operator {
    const char* name;
    const char* reversed;
    const char* op;
  };
  constexpr Operator kOperators[] = {
      {"__add__", "__radd__", "add"}, {"__sub__", "__rsub__", "sub"},
      {"__mul__", "__rmul__", "mul"}, {"__truediv__", "__rtruediv__", "div"},
      {"__pow__", "__rpow__", "pow"}, {"__matmul__", "__rmatmul__", "matmul"},
      {"__lt__", nullptr, "lesser"},  {"__le__", nullptr, "lesser_or_equal"},
      {"__gt__", nullptr, "greater"}, {"__ge__", nullptr, "greater_or_equal"},
      {"__eq__", nullptr, "equal"},   {"__ne__", nullptr, "not_equal"},
  };
  for (const Operator& one : kOperators) {
    const char* op = one.op;
    const std::string name = one.name;
    const bool object = name == "__eq__" || name == "__ne__";
    operand.def(
        one.name,
        [op](const PyOperand& self, nb::handle other) { return Binary(self, op, other, false); },
        nb::arg("other").none(),
        nb::sig(("def " + name + "(self, other: " + (object ? "object" : "OperandLike") +
                 ", /) -> MLOperand")
                    .c_str()));
    if (one.reversed == nullptr) continue;
    operand.def(
        one.reversed,
        [op](const PyOperand& self, nb::handle other) { return Binary(self, op, other, true); },
        nb::arg("other").none(),
        nb::sig(("def " + std::string(one.reversed) + "(self, other: OperandLike, /) -> MLOperand")
                    .c_str()));
  }
  operand.def(
      "__neg__",
      [](nb::handle_t<PyOperand> self) { return self.attr("builder").attr("neg")(self); },
      nb::sig("def __neg__(self) -> MLOperand"));
  operand.def(
      "__abs__",
      [](nb::handle_t<PyOperand> self) { return self.attr("builder").attr("abs")(self); },
      nb::sig("def __abs__(self) -> MLOperand"));
  operand.def(
      "__getitem__",
      [](nb::handle_t<PyOperand> self, nb::handle key) {
        return nb::module_::import_("webnn._builder").attr("index_operand")(self, key);
      },
      nb::arg("key").none(),
      nb::sig("def __getitem__(self, key: int | slice | EllipsisType | None | tuple[int | slice | "
              "EllipsisType | None, ...], /) -> MLOperand"));
  // numpy's own operators leave it to ours.
  operand.attr("__array_ufunc__") = nb::none();
}

}  // namespace

PyBuilder::PyBuilder(nb::object context)
    : context(std::move(context)), builder(MakeBuilder(this->context)) {}

PyBuilder& BuilderOf(nb::handle builder) { return nb::cast<PyBuilder&>(builder); }

nb::object MakeOperand(nb::handle builder, Operand operand, std::string name) {
  const GraphBuilder& of = BuilderOf(builder).builder;
  return nb::cast(PyOperand{.operand = operand,
                            .descriptor = Unwrap(of.Describe(operand)),
                            .name = std::move(name),
                            .builder = nb::borrow(builder)});
}

void BindBuilder(nb::module_& module) {
  BindOperand(module);
  nb::class_<PyBuilder> builder(module, "GraphBuilder",
                                "The operators; `webnn.MLGraphBuilder` adds the rest.");
  builder.def(nb::init<nb::object>(), nb::arg("context").none() = nb::none());
  builder.def_prop_ro(
      "_context", [](const PyBuilder& self) { return self.context; },
      nb::sig("def _context(self) -> MLContext | None"));
  builder.def("_input", &AddInput,
              nb::sig("def _input(self, name: str, shape: Sequence[int], "
                      "data_type: str) -> MLOperand"));
  builder.def("_constant", &AddConstant,
              nb::sig("def _constant(self, array: object, data_type: str, shape: Sequence[int], "
                      "copy: bool) -> MLOperand"));
  builder.def("_raw_constant", &AddRawConstant,
              nb::sig("def _raw_constant(self, buffer: object, data_type: str, shape: "
                      "Sequence[int]) -> MLOperand"));
  builder.def("_tensor_constant", &AddTensorConstant,
              nb::sig("def _tensor_constant(self, tensor: MLTensor) -> MLOperand"));
  builder.def("_build", &Build, nb::arg("outputs"), nb::arg("declared"), nb::arg("options").none(),
              nb::sig("def _build(self, outputs: Mapping[str, MLOperand], declared: "
                      "Sequence[str], options: Mapping[str, object] | None) -> MLGraph"));
  BindOperators(builder);
}

}  // namespace webnn::python
