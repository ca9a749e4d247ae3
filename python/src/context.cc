#include <algorithm>
#include <chrono>
#include <thread>

#include "objects.h"
#include "webnn/devices.h"
#include "webnn/version.h"

namespace webnn::python {
namespace {

// How long Ctrl-C may go unnoticed.
constexpr auto kBetweenSignals = std::chrono::milliseconds(50);

template <class E>
E ReadEnum(nb::handle value, std::string_view what) {
  const auto names = EnumNames(E{});
  std::string known;
  if (PyUnicode_Check(value.ptr())) {
    const auto text = nb::cast<std::string_view>(value);
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == text) return static_cast<E>(i);
    }
  }
  for (const std::string_view name : names) {
    known += (known.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  }
  Raise(ErrorCode::kTypeError,
        std::string(what) + " is " + nb::repr(value).c_str() + "; it must be one of " + known);
}

uint64_t ReadUnsigned(nb::handle value, std::string_view what, uint64_t max) {
  const nb::object index = nb::steal(PyNumber_Index(value.ptr()));
  if (index.is_valid()) {
    const unsigned long long number = PyLong_AsUnsignedLongLong(index.ptr());
    if (!PyErr_Occurred() && number <= max) return number;
  }
  PyErr_Clear();
  Raise(ErrorCode::kTypeError, std::string(what) + " is " + nb::repr(value).c_str() +
                                   "; it must be an integer in [0, " + std::to_string(max) + "]");
}

bool ReadBool(nb::handle value) {
  const int truth = PyObject_IsTrue(value.ptr());
  if (truth < 0) throw nb::python_error();
  return truth != 0;
}

// A Python callable in a C++ callback that other threads may copy and destroy.
std::shared_ptr<PyObject> Share(nb::handle callable) {
  return {nb::borrow(callable).release().ptr(), [](PyObject* object) {
            if (!Py_IsInitialized()) return;
            nb::gil_scoped_acquire gil;
            Py_DECREF(object);
          }};
}

LogCallback MakeLog(nb::handle callable) {
  if (!PyCallable_Check(callable.ptr())) {
    Raise(ErrorCode::kTypeError, "log must be a function of a level and a message");
  }
  return [shared = Share(callable)](LogLevel level, std::string_view message) {
    static constexpr const char* kLevels[] = {"verbose", "info", "warning", "error"};
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    nb::error_scope pending;
    try {
      nb::handle(shared.get())(kLevels[static_cast<size_t>(level)],
                               nb::str(message.data(), message.size()));
    } catch (nb::python_error& error) {
      error.discard_as_unraisable("webnn's log callback");
    }
  };
}

ContextOptions ReadContextOptions(const nb::kwargs& keywords) {
  ContextOptions options;
  nb::dict compile;
  for (const auto [key, value] : keywords) {
    const auto name = nb::cast<std::string_view>(key);
    if (name == "power_preference") {
      options.power_preference = ReadEnum<PowerPreference>(value, name);
    } else if (name == "accelerated") {
      options.accelerated = ReadBool(value);
    } else if (name == "backend") {
      options.backend = nb::cast<std::string>(value);
    } else if (name == "device") {
      options.device = nb::cast<std::string>(value);
    } else if (name == "fallback") {
      options.fallback = ReadEnum<Fallback>(value, name);
    } else if (name == "library_path") {
      options.library_path = nb::cast<std::string>(value);
    } else if (name == "threads") {
      options.threads = static_cast<uint32_t>(ReadUnsigned(value, name, 0xffffffffu));
    } else if (name == "queued") {
      options.queued = ReadBool(value);
    } else if (name == "compile_only") {
      options.compile_only = ReadBool(value);
    } else if (name == "cuda_stream") {
      const uint64_t handle = ReadUnsigned(value, name, std::numeric_limits<uint64_t>::max());
      options.cuda_stream = reinterpret_cast<void*>(handle);  // NOLINT: Python has it as a number
    } else if (name == "max_tensor_byte_length") {
      options.max_tensor_byte_length =
          ReadUnsigned(value, name, std::numeric_limits<uint64_t>::max());
    } else if (name == "cache") {
      options.cache = ReadBool(value);
    } else if (name == "cache_dir") {
      options.cache_dir = nb::cast<std::string>(value);
    } else if (name == "log") {
      options.log = MakeLog(value);
    } else if (name == "log_level") {
      static constexpr std::string_view kLevels[] = {"verbose", "info", "warning", "error"};
      bool found = false;
      for (size_t i = 0; i < std::size(kLevels); ++i) {
        if (nb::cast<std::string>(nb::str(value)) != kLevels[i]) continue;
        options.log_level = static_cast<LogLevel>(i);
        found = true;
      }
      if (!found) {
        Raise(ErrorCode::kTypeError,
              "log_level must be one of \"verbose\", \"info\", \"warning\", \"error\"");
      }
    } else {
      compile[key] = value;
    }
  }
  options.compile = ReadCompileOptions({}, compile);
  return options;
}

nb::list TypeList(DataTypeSet types) {
  nb::list list;
  for (const DataType type : types.List()) list.append(Name(type));
  return list;
}

nb::dict LimitsDict(const TensorLimits& limits) {
  nb::dict range;
  range["min"] = limits.rank_range.min;
  range["max"] = limits.rank_range.max;
  nb::dict dict;
  dict["dataTypes"] = TypeList(limits.data_types);
  dict["rankRange"] = range;
  return dict;
}

nb::dict OpSupportLimitsDict(const PyContext& self) {
  const OpSupportLimits limits = self.context().GetOpSupportLimits();
  nb::dict dict;
  dict["preferredInputLayout"] =
      EnumNames(InputOperandLayout{})[static_cast<size_t>(limits.preferred_input_layout)];
  dict["maxTensorByteLength"] = limits.max_tensor_byte_length;
  dict["input"] = LimitsDict(limits.input);
  dict["constant"] = LimitsDict(limits.constant);
  dict["output"] = LimitsDict(limits.output);
  for (const OpSupport& op : limits.ops) {
    nb::dict operands;
    for (const auto& [name, operand] : op.operands) {
      operands[nb::str(name.data(), name.size())] = LimitsDict(operand);
    }
    dict[nb::str(op.op.data(), op.op.size())] = operands;
  }
  return dict;
}

// ---- Running graphs. ----

// A few of something without allocation; more on the heap.
template <class T, size_t kSmall = 8>
class Few {
 public:
  explicit Few(size_t size) : size_(size) {
    if (size > kSmall) large_ = std::make_unique<T[]>(size);
  }
  T& operator[](size_t i) { return large_ ? large_[i] : small_[i]; }
  std::span<T> span() { return {large_ ? large_.get() : small_.data(), size_}; }

 private:
  size_t size_;
  std::array<T, kSmall> small_{};
  std::unique_ptr<T[]> large_;
};

std::string Quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }

// What is in a dictionary beside the graph's own names.
void CheckNames(const PyGraph& graph, PyObject* given, bool inputs) {
  const std::vector<PyName>& names = inputs ? graph.input_names() : graph.output_names();
  const std::vector<NamedDescriptor>& declared = inputs ? graph.inputs() : graph.outputs();
  // Every input was found.
  if (inputs && PyDict_Size(given) == static_cast<Py_ssize_t>(names.size())) return;
  for (const auto [key, value] : nb::borrow<nb::dict>(given)) {
    bool known = inputs && graph.unused_inputs.is_valid() &&
                 PySet_Contains(graph.unused_inputs.ptr(), key.ptr()) == 1;
    PyErr_Clear();
    for (const PyName& name : names) {
      known = known || PyUnicode_Compare(name.name, key.ptr()) == 0;
    }
    if (known) continue;
    // What decoders of pywebnn pass on the first step.
    if (inputs && PyUnicode_Check(key.ptr()) &&
        nb::cast<std::string_view>(key).starts_with("past_key_values_")) {
      continue;
    }
    std::string all;
    for (const NamedDescriptor& one : declared) {
      all += (all.empty() ? "" : ", ") + Quoted(one.name);
    }
    Raise(ErrorCode::kTypeError, std::string("the graph has no ") +
                                     (inputs ? "input " : "output ") + nb::repr(key).c_str() +
                                     "; it has " + (all.empty() ? "none" : all));
  }
}

nb::object AsDict(nb::handle mapping, const char* what) {
  if (PyDict_Check(mapping.ptr())) return nb::borrow(mapping);
  nb::object dict = nb::steal(PyDict_New());
  if (PyDict_Update(dict.ptr(), mapping.ptr()) != 0) {
    PyErr_Clear();
    Raise(ErrorCode::kTypeError,
          std::string(what) + " must be a dictionary of arrays or tensors by name");
  }
  return dict;
}

nb::object Compute(const PyContext& self, PyGraph& graph, nb::handle inputs, nb::handle outputs,
                   nb::handle options) {
  const Context& context = self.context();
  const Graph& compiled = graph.For(self, options);
  const nb::object given = AsDict(inputs, "inputs");

  const size_t input_count = graph.inputs().size();
  Few<Bytes> input_bytes(input_count);
  Few<NamedInputBytes> named_inputs(input_count);
  for (size_t i = 0; i < input_count; ++i) {
    const NamedDescriptor& input = graph.inputs()[i];
    PyObject* value = PyDict_GetItemWithError(given.ptr(), graph.input_names()[i].name);
    if (value == nullptr) {
      Raise(ErrorCode::kTypeError, "Missing input: " + input.name + " (the graph needs " +
                                       ToString(input.descriptor) + ")");
    }
    if (!input_bytes[i].TakeInPlace(value, input.descriptor, false)) {
      input_bytes[i].Take(value, input.descriptor, "input " + Quoted(input.name));
    }
    named_inputs[i] = {input.name, input_bytes[i].bytes()};
  }
  CheckNames(graph, given.ptr(), true);

  nb::object own;
  if (!outputs.is_none()) own = AsDict(outputs, "outputs");
  const size_t output_count = graph.outputs().size();
  Few<Bytes> output_bytes(output_count);
  Few<NamedOutputBytes> named_outputs(output_count);
  std::vector<std::pair<size_t, std::vector<std::byte>>> four_bit;
  size_t found = 0;
  nb::object results = nb::steal(PyDict_New());
  for (size_t i = 0; i < output_count; ++i) {
    const NamedDescriptor& output = graph.outputs()[i];
    const PyName& name = graph.output_names()[i];
    const OperandDescriptor& descriptor = output.descriptor;
    PyObject* array = own.is_valid() ? PyDict_GetItemWithError(own.ptr(), name.name) : nullptr;
    nb::object fresh;
    if (array != nullptr) {
      ++found;
      if (!output_bytes[i].TakeInPlace(array, descriptor, true)) {
        Raise(ErrorCode::kTypeError,
              "the array for output " + Quoted(output.name) +
                  " cannot be written in place: it must be a writable C-contiguous array of " +
                  ToString(descriptor) + " in the machine's byte order");
      }
    } else {
      fresh = NewArray(name.shape, descriptor.data_type());
      array = fresh.ptr();
      if (IsFourBit(descriptor.data_type())) {
        output_bytes[i].TakeRaw(array);
        four_bit.emplace_back(i, std::vector<std::byte>(descriptor.byte_length()));
      } else {
        output_bytes[i].TakeInPlace(array, descriptor, true);
      }
    }
    named_outputs[i] = {output.name, output_bytes[i].span()};
    if (PyDict_SetItem(results.ptr(), name.name, array) != 0) throw nb::python_error();
  }
  for (auto& [i, bytes] : four_bit) named_outputs[i].second = bytes;
  if (own.is_valid() && found != static_cast<size_t>(PyDict_Size(own.ptr()))) {
    CheckNames(graph, own.ptr(), false);
  }

  Result<void> result;
  {
    nb::gil_scoped_release release;
    result = context.Compute(compiled, named_inputs.span(), named_outputs.span());
  }
  Unwrap(result);
  for (const auto& [i, bytes] : four_bit) {
    UnpackFourBit(bytes, graph.outputs()[i].descriptor.data_type(), output_bytes[i].span());
  }
  return results;
}

nb::object WithPrecision(nb::handle precision) {
  if (precision.is_none()) return nb::none();
  nb::dict options;
  options["precision"] = precision;
  return options;
}

void Dispatch(const PyContext& self, PyGraph& graph, nb::handle inputs, nb::handle outputs,
              nb::handle options) {
  const Context& context = self.context();
  const Graph& compiled = graph.For(self, options);
  std::vector<NamedTensor> named[2];
  for (const bool is_input : {true, false}) {
    const nb::object given = AsDict(is_input ? inputs : outputs, is_input ? "inputs" : "outputs");
    const std::vector<NamedDescriptor>& declared = is_input ? graph.inputs() : graph.outputs();
    const std::vector<PyName>& names = is_input ? graph.input_names() : graph.output_names();
    for (size_t i = 0; i < declared.size(); ++i) {
      PyObject* value = PyDict_GetItemWithError(given.ptr(), names[i].name);
      if (value == nullptr) {
        Raise(ErrorCode::kTypeError,
              (is_input ? "Missing input: " : "Missing output: ") + declared[i].name);
      }
      if (!nb::isinstance<PyTensor>(nb::handle(value))) {
        Raise(ErrorCode::kTypeError, "dispatch: " + Quoted(declared[i].name) + " is " +
                                         nb::type_name(nb::handle(value).type()).c_str() +
                                         "; it must be an MLTensor");
      }
      named[is_input ? 0 : 1].emplace_back(
          declared[i].name, nb::cast<PyTensor&>(nb::handle(value)).alive("dispatch"));
    }
    CheckNames(graph, given.ptr(), is_input);
  }
  Result<void> result;
  {
    nb::gil_scoped_release release;
    result = context.Dispatch(compiled, named[0], named[1]);
    named[0].clear();
    named[1].clear();
  }
  Unwrap(result);
}

// ---- Tensors. ----

void CheckPermission(bool allowed, const char* what) {
  if (!allowed) {
    Raise(ErrorCode::kInvalidState, std::string("Tensor is not ") + what + " (" + what + "=false)");
  }
}

void WriteTensor(PyTensor& self, nb::handle data) {
  Tensor& tensor = self.alive("write");
  CheckPermission(tensor.writable(), "writable");
  Bytes bytes;
  bytes.Take(data.ptr(), tensor.descriptor(), "the tensor's value");
  const Context& context = self.owner().context();
  Result<void> result;
  {
    nb::gil_scoped_release release;
    result = context.WriteTensor(tensor, bytes.bytes());
  }
  Unwrap(result);
}

nb::object ReadTensor(PyTensor& self, nb::handle out) {
  Tensor& tensor = self.alive("read");
  CheckPermission(tensor.readable(), "readable");
  const OperandDescriptor& descriptor = tensor.descriptor();
  const bool four_bit = IsFourBit(descriptor.data_type());
  nb::object array = out.is_none()
                         ? NewArray(ShapeTuple(descriptor.shape()), descriptor.data_type())
                         : nb::borrow(out);
  Bytes bytes;
  std::vector<std::byte> packed(four_bit ? descriptor.byte_length() : 0);
  if (four_bit) {
    bytes.TakeRaw(array.ptr());
  } else if (!bytes.TakeInPlace(array.ptr(), descriptor, true)) {
    Raise(ErrorCode::kTypeError,
          "the array to read into must be a writable C-contiguous array of " +
              ToString(descriptor) + " in the machine's byte order");
  }
  const Context& context = self.owner().context();
  Result<void> result;
  {
    nb::gil_scoped_release release;
    result = context.ReadTensor(tensor, four_bit ? std::span(packed) : bytes.span());
  }
  Unwrap(result);
  if (four_bit) UnpackFourBit(packed, descriptor.data_type(), bytes.span());
  return array;
}

nb::object CreateTensor(nb::handle_t<PyContext> self, nb::handle shape,
                        const std::string& data_type, bool readable, bool writable) {
  const Context& context = nb::cast<PyContext&>(self).context();
  const OperandDescriptor descriptor = MakeDescriptor(data_type, shape);
  return Give(std::make_unique<PyTensor>(
      nb::borrow(self), Unwrap(context.CreateTensor(descriptor, {readable, writable}))));
}

nb::object CreateConstantTensor(nb::handle_t<PyContext> self, nb::handle array,
                                const std::string& data_type, nb::handle shape) {
  const Context& context = nb::cast<PyContext&>(self).context();
  const OperandDescriptor descriptor = MakeDescriptor(data_type, shape);
  Bytes bytes;
  bytes.Take(array.ptr(), descriptor, "constant tensor");
  return Give(std::make_unique<PyTensor>(
      nb::borrow(self), Unwrap(context.CreateConstantTensor(descriptor, bytes.bytes()))));
}

// A method whose body is a function of a Python module.
template <class T>
void Delegate(nb::class_<T>& type, const char* name, const char* module, const char* function,
              const char* signature, const char* doc) {
  type.def(
      name,
      [module, function](nb::handle_t<T> self, const nb::args& args, const nb::kwargs& kwargs) {
        return nb::module_::import_(module).attr(function)(self, *args, **kwargs);
      },
      nb::sig(signature), doc);
}

void BindTensor(nb::module_& module) {
  nb::class_<PyTensor> tensor(module, "MLTensor",
                              "Memory of a context that graphs read and write.");
  tensor.def(nb::init<const PyTensor&>(), nb::arg("tensor"), "The same tensor.");
  tensor.def_prop_ro("data_type", [](const PyTensor& self) {
    return Name(self.tensor.get().descriptor().data_type());
  });
  tensor.def_prop_ro(
      "shape",
      [](const PyTensor& self) { return ShapeList(self.tensor.get().descriptor().shape()); },
      nb::sig("def shape(self) -> list[int]"));
  tensor.def_prop_ro(
      "size", [](const PyTensor& self) { return self.tensor.get().descriptor().element_count(); },
      "The count of elements.");
  tensor.def_prop_ro(
      "nbytes", [](const PyTensor& self) { return self.tensor.get().descriptor().byte_length(); });
  tensor.def_prop_ro("readable", [](const PyTensor& self) { return self.tensor.get().readable(); });
  tensor.def_prop_ro("writable", [](const PyTensor& self) { return self.tensor.get().writable(); });
  tensor.def_prop_ro("constant", [](const PyTensor& self) { return self.tensor.get().constant(); });
  tensor.def_rw("exportable_to_gpu", &PyTensor::exportable_to_gpu, "As it was made; no more.");
  tensor.def_prop_ro(
      "context", [](const PyTensor& self) { return self.context; },
      nb::sig("def context(self) -> MLContext"));
  tensor.def_prop_ro("destroyed", [](const PyTensor& self) { return self.destroyed; });
  tensor.def(
      "destroy",
      [](PyTensor& self) {
        if (self.destroyed) Raise(ErrorCode::kInvalidState, "Tensor is already destroyed");
        self.tensor.get().Destroy();
        self.destroyed = true;
      },
      "Frees the memory once work that uses it has ended; a second call is an error.");
  tensor.def("write", &WriteTensor, nb::arg("data").none(),
             nb::sig("def write(self, data: ArrayLike) -> None"),
             "Copies the data into the tensor.");
  tensor.def("read", &ReadTensor, nb::arg("out").none() = nb::none(),
             nb::sig("def read(self, out: NDArray[Any] | None = None) -> NDArray[Any]"),
             "Waits for work on the tensor and copies its value, into `out` where it is given.");
  Delegate(tensor, "__dlpack__", "webnn._dlpack", "export_tensor",
           "def __dlpack__(self, *, stream: object = None, max_version: tuple[int, int] | None = "
           "None, dl_device: tuple[int, int] | None = None, copy: bool | None = None) -> object",
           "The tensor for another framework, in place: both see what the other writes.");
  Delegate(tensor, "__array__", "webnn._dlpack", "array_of",
           "def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]",
           "A copy of the value.");
  tensor.def_prop_ro(
      "__cuda_array_interface__",
      [](nb::handle_t<PyTensor> self) {
        return nb::module_::import_("webnn._dlpack").attr("cuda_array_interface")(self);
      },
      nb::sig("def __cuda_array_interface__(self) -> dict[str, Any]"));
  BindTensorFiles(tensor);
  tensor.def("__repr__", [](const PyTensor& self) {
    const OperandDescriptor& descriptor = self.tensor.get().descriptor();
    return "MLTensor(shape=" + ToString(descriptor.shape()) + ", dtype='" +
           std::string(Name(descriptor.data_type())) + "')" + (self.destroyed ? " destroyed" : "");
  });
}

void BindGraph(nb::module_& module) {
  nb::class_<PyGraph> graph(module, "MLGraph",
                            "A graph, with what contexts have compiled from it.");
  graph.def(
      "get_input_names",
      [](const PyGraph& self) {
        nb::list names;
        for (const PyName& name : self.input_names()) names.append(nb::handle(name.name));
        return names;
      },
      nb::sig("def get_input_names(self) -> list[str]"));
  graph.def(
      "get_output_names",
      [](const PyGraph& self) {
        nb::list names;
        for (const PyName& name : self.output_names()) names.append(nb::handle(name.name));
        return names;
      },
      nb::sig("def get_output_names(self) -> list[str]"));
  const auto describe = [](const std::vector<NamedDescriptor>& declared,
                           const std::vector<PyName>& names) {
    nb::dict dict;
    for (size_t i = 0; i < declared.size(); ++i) {
      dict[nb::handle(names[i].name)] =
          nb::make_tuple(Name(declared[i].descriptor.data_type()), nb::handle(names[i].shape));
    }
    return dict;
  };
  graph.def_prop_ro(
      "inputs",
      [describe](const PyGraph& self) { return describe(self.inputs(), self.input_names()); },
      nb::sig("def inputs(self) -> dict[str, tuple[str, tuple[int, ...]]]"),
      "Data type and shape by name.");
  graph.def_prop_ro(
      "outputs",
      [describe](const PyGraph& self) { return describe(self.outputs(), self.output_names()); },
      nb::sig("def outputs(self) -> dict[str, tuple[str, tuple[int, ...]]]"),
      "Data type and shape by name.");
  BindGraphFiles(graph);
  graph.def("destroy", &PyGraph::Destroy,
            "Frees what contexts have compiled, once work already begun has ended.");
  graph.def_prop_ro("destroyed", &PyGraph::destroyed);
  graph.def_prop_ro(
      "operation_count", [](const PyGraph& self) { return self.definition().operator_count(); },
      "Operators that the outputs depend on.");
  graph.def_prop_ro(
      "metadata",
      [](const PyGraph& self) {
        nb::dict dict;
        for (const auto& [name, value] : self.metadata) dict[name.c_str()] = value;
        return dict;
      },
      nb::sig("def metadata(self) -> dict[str, str]"), "What the model's file says of itself.");
  graph.def(
      "to_text", [](const PyGraph& self) { return self.definition().ToText(); },
      "One line a value.");
  graph.def(
      "to_dot", [](const PyGraph& self) { return self.definition().ToDot(); },
      "A picture for Graphviz: ``dot -Tsvg``.");
  Delegate(graph, "save", "webnn._files", "save_graph",
           "def save(self, path: str | PathLike[str], quantized: bool = False, *, format: "
           "Literal['auto', 'onnx', 'webnn', 'json'] = 'auto', weights: Literal['auto', "
           "'embedded', 'external'] = 'auto', name: str = 'graph') -> None",
           R"(Writes the graph as a model file.

Args:
    path: ``.onnx``, ``.json``, ``.webnn`` (JSON with the weights in it, as pywebnn writes; with
        ``format="webnn"`` the text form with weights in a ``.safetensors`` beside it).
    format: Other than the one that the name says.
    weights: In the file or beside it.
    name: The graph's name in the file.
)");
  graph.def_static(
      "load",
      [](const nb::args& args, const nb::kwargs& kwargs) {
        return nb::module_::import_("webnn._files").attr("load_graph")(*args, **kwargs);
      },
      nb::sig("def load(path: str | PathLike[str], manifest_path: str | None = None, weights_path: "
              "str | None = None) -> MLGraph"),
      "A graph from a model file, to compute on any context.");
  for (const auto& [name, returns] :
       {std::pair{"count_empty_shapes", "int"},
        {"count_unknown_shapes", "int"},
        {"count_scalar_constants", "int"},
        {"count_unknown_shapes_excluding_scalar_ops", "int"},
        {"debug_unknown_shapes", "list[str]"},
        {"debug_unknown_shapes_structured", "list[dict[str, Any]]"}}) {
    Delegate(graph, name, "webnn._files", name,
             ("def " + std::string(name) + "(self) -> " + returns).c_str(), "For pywebnn's tools.");
  }
  Delegate(graph, "debug_operand", "webnn._files", "debug_operand",
           "def debug_operand(self, idx: int) -> str", "For pywebnn's tools.");
  graph.def_prop_ro(
      "operand_count", [](nb::handle_t<PyGraph> self) { return nb::len(self.attr("_operands")()); },
      "Inputs, constants and results that the outputs depend on.");
  graph.def("__repr__", [](const PyGraph& self) {
    if (!self.has_definition()) return std::string("MLGraph(compiled)");
    return "MLGraph(operands=" + std::to_string(nb::len(nb::find(self).attr("_operands")())) +
           ", operations=" + std::to_string(self.definition().operator_count()) + ")";
  });
}

}  // namespace

// ---- Contexts. ----

PyContext::PyContext(const nb::kwargs& keywords) {
  ContextOptions options = ReadContextOptions(keywords);
  Result<Context> context = [&] {
    nb::gil_scoped_release release;
    return Context::Create(std::move(options));
  }();
  context_.emplace(Unwrap(std::move(context)));
  WarnOfFallbacks();
}

void PyContext::WarnOfFallbacks() const {
  if (this->context().options().fallback == Fallback::kNone) return;
  const std::vector<std::string> fallbacks = this->context().Fallbacks();
  // First, so that a warning that is made an exception comes once, too.
  const size_t told = std::exchange(fallbacks_told_, std::max(fallbacks_told_, fallbacks.size()));
  for (size_t i = told; i < fallbacks.size(); ++i) {
    nb::module_::import_("webnn._errors").attr("warn_of_fallback")(fallbacks[i]);
  }
}

PyContext::~PyContext() {
  if (!context_) return;
  nb::gil_scoped_release release;
  context_.reset();
}

Tensor& PyTensor::alive(std::string_view call) const {
  Tensor& handle = tensor.get();
  if (destroyed) {
    Raise(ErrorCode::kInvalidState, std::string(call) + ": the tensor has been destroyed");
  }
  return handle;
}

// ---- Graphs. ----

PyGraph::PyGraph(GraphDefinition definition)
    : definition_(std::move(definition)),
      inputs_(definition_->inputs()),
      outputs_(definition_->outputs()) {
  MakeNames();
}

PyGraph::PyGraph(const Context& context, Graph graph)
    : inputs_(graph.inputs()), outputs_(graph.outputs()) {
  compiled_.push_back({context.impl().get(), "", std::make_unique<Kept<Graph>>(std::move(graph))});
  MakeNames();
}

PyGraph::~PyGraph() {
  for (const std::vector<PyName>* names : {&input_names_, &output_names_}) {
    for (const PyName& name : *names) {
      Py_DECREF(name.name);
      Py_DECREF(name.shape);
    }
  }
  nb::gil_scoped_release release;
  compiled_.clear();
}

void PyGraph::MakeNames() {
  const auto make = [](const std::vector<NamedDescriptor>& declared, std::vector<PyName>& names) {
    for (const NamedDescriptor& one : declared) {
      PyName& name = names.emplace_back();
      name.name = nb::str(one.name.data(), one.name.size()).release().ptr();
      PyUnicode_InternInPlace(&name.name);
      name.shape = ShapeTuple(one.descriptor.shape()).release().ptr();
    }
  };
  make(inputs_, input_names_);
  make(outputs_, output_names_);
}

const GraphDefinition& PyGraph::definition() const {
  if (!definition_) {
    Raise(ErrorCode::kInvalidState,
          "the graph was loaded from a compiled file, which does not hold its operators");
  }
  return *definition_;
}

const Graph* PyGraph::Find(const void* context, const std::string& options) const {
  for (const Compiled& compiled : compiled_) {
    if (compiled.context == context && compiled.options == options) return &compiled.graph->get();
  }
  return nullptr;
}

bool PyGraph::WaitForOther(const void* context, const std::string& options) {
  const auto found = std::find_if(building_.begin(), building_.end(), [&](const auto& one) {
    return one->context == context && one->options == options;
  });
  if (found == building_.end()) return false;
  // A copy: the list changes while this waits.
  const std::shared_ptr<Building> building = *found;  // NOLINT(performance-unnecessary-copy-*)
  bool done = false;
  while (!done) {
    {
      nb::gil_scoped_release release;
      std::unique_lock lock(building->mutex);
      done = building->changed.wait_for(lock, kBetweenSignals, [&] { return building->done; });
    }
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
  }
  return true;
}

const Graph& PyGraph::For(const PyContext& py_context, nb::handle options) {
  const Context& context = py_context.context();
  const auto check = [&] {
    if (destroyed_) Raise(ErrorCode::kInvalidState, "the graph has been destroyed");
  };
  check();
  const void* key = context.impl().get();
  nb::object progress = nb::none();
  nb::object keywords = nb::none();
  std::string text;
  if (options.is_valid() && !options.is_none()) {
    keywords = TakeProgress(options, progress);
    if (nb::len(keywords) != 0) text = nb::repr(keywords).c_str();
  }
  // Each variant is built once: where another thread's build fails, this one tries.
  do {
    check();
    if (const Graph* graph = Find(key, text)) return *graph;
  } while (WaitForOther(key, text));

  if (progress.is_none()) progress = ProgressOf(py_context);
  CompileOptions compile = ReadCompileOptions(context.options().compile, keywords);
  (void)definition();  // raises before others wait
  const auto building = std::make_shared<Building>();
  building->context = key;
  building->options = text;
  building_.push_back(building);
  // Runs with the GIL, however this ends.
  const std::shared_ptr<void> end(nullptr, [&](void*) {
    std::erase(building_, building);
    const std::lock_guard lock(building->mutex);
    building->done = true;
    building->changed.notify_all();
  });
  // Shared: the build may go on after this has returned (see CompileInterruptibly).
  const auto graph = std::make_shared<std::optional<Graph>>();
  CompileInterruptibly(std::move(compile), progress,
                       [context = context, to_compile = definition(),
                        graph](const CompileOptions& final_options) -> Result<void> {
                         auto built = context.Compile(to_compile, final_options);
                         if (!built) return std::move(built.error());
                         *graph = *std::move(built);
                         return {};
                       });
  check();
  compiled_.push_back({key, std::move(text), std::make_unique<Kept<Graph>>(*std::move(*graph))});
  const Graph& kept = compiled_.back().graph->get();
  py_context.WarnOfFallbacks();
  return kept;
}

void PyGraph::Destroy() {
  destroyed_ = true;
  for (const Compiled& compiled : compiled_) {
    if (!compiled.graph->forked()) compiled.graph->get().Destroy();
  }
}

// ---- Compiling. ----

CompileOptions ReadCompileOptions(const CompileOptions& defaults, nb::handle keywords) {
  CompileOptions options = defaults;
  if (!keywords.is_valid() || keywords.is_none()) return options;
  for (const auto [key, value] : nb::cast<nb::dict>(keywords)) {
    const auto name = nb::cast<std::string_view>(key);
    if (name == "precision") {
      options.precision = ReadEnum<Precision>(value, name);
    } else if (name == "optimization_level") {
      options.optimization_level = static_cast<uint32_t>(ReadUnsigned(value, name, 5));
    } else if (name == "workspace_bytes") {
      options.workspace_bytes = ReadUnsigned(value, name, std::numeric_limits<uint64_t>::max());
    } else if (name == "targets") {
      options.targets = nb::cast<std::vector<std::string>>(value);
    } else if (name == "hardware_compatible") {
      options.hardware_compatible = ReadBool(value);
    } else if (name == "version_compatible") {
      options.version_compatible = ReadBool(value);
    } else {
      PyErr_SetString(PyExc_TypeError,
                      ("unexpected keyword argument '" + std::string(name) + "'").c_str());
      throw nb::python_error();
    }
  }
  return options;
}

nb::object ProgressOf(const PyContext& context) {
  return nb::getattr(nb::find(context), "_progress", nb::none());
}

nb::object TakeProgress(nb::handle keywords, nb::object& progress) {
  if (!keywords.is_valid() || keywords.is_none()) return nb::none();
  nb::object others = keywords.attr("copy")();
  progress = others.attr("pop")("progress", nb::none());
  return others;
}

namespace {

// What a compilation and the thread that waits for it share.
struct Compilation {
  std::function<Result<void>(const CompileOptions&)> compile;
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> cancelled{false};
  std::optional<Result<void>> result;
  // An exception of the progress callback, or KeyboardInterrupt; needs the GIL.
  std::unique_ptr<nb::python_error> error;
};

bool OnMainThread() {
  static PyObject* const kThreading = nb::module_::import_("threading").release().ptr();
  const nb::handle threading(kThreading);
  return threading.attr("current_thread")().is(threading.attr("main_thread")());
}

// Builds that were cancelled while their engine did something long. They end by themselves.
struct GivenUp {
  std::mutex mutex;
  std::vector<std::thread> threads;
  uint32_t forks = 0;

  static GivenUp& Get() {
    static auto* const kGivenUp = new GivenUp;  // joined by JoinAll, when Python ends
    return *kGivenUp;
  }
  void Add(std::thread thread) {
    const std::lock_guard lock(mutex);
    threads.push_back(std::move(thread));
    forks = fork_count.load();
  }
  void JoinAll() {
    const std::lock_guard lock(mutex);
    // A forked process has the handles, but not the threads.
    if (forks != fork_count.load()) {
      new std::vector<std::thread>(std::move(threads));
      threads.clear();
    }
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }
};

// Compiles in a thread of its own, and runs signal handlers meanwhile.
void CompileInThread(const std::shared_ptr<Compilation>& shared, const CompileOptions& options) {
  constexpr auto kPatience = std::chrono::milliseconds(500);
  std::thread worker([shared, options] {
    Result<void> result = shared->compile(options);
    shared->compile = nullptr;
    const std::lock_guard lock(shared->mutex);
    shared->result = std::move(result);
    shared->changed.notify_all();
  });
  const auto done = [&] { return shared->result.has_value(); };
  std::unique_lock lock(shared->mutex);
  while (!shared->changed.wait_for(lock, kBetweenSignals, done)) {
    lock.unlock();
    bool interrupted = false;
    {
      const nb::gil_scoped_acquire gil;
      if (PyErr_CheckSignals() != 0) {
        interrupted = true;
        shared->cancelled = true;
        shared->error = std::make_unique<nb::python_error>();
      }
    }
    lock.lock();
    if (interrupted && !shared->changed.wait_for(lock, kPatience, done)) {
      GivenUp::Get().Add(std::move(worker));
      return;
    }
  }
  lock.unlock();
  worker.join();
}

}  // namespace

void CompileInterruptibly(CompileOptions options, nb::handle progress,
                          std::function<Result<void>(const CompileOptions&)> compile) {
  auto shared = std::make_shared<Compilation>();
  shared->compile = std::move(compile);
  std::shared_ptr<PyObject> callable;
  if (!progress.is_none()) {
    if (!PyCallable_Check(progress.ptr())) {
      Raise(ErrorCode::kTypeError,
            "progress must be a function of a phase, a fraction and seconds");
    }
    callable = Share(progress);
  }
  options.progress = [shared, callable](const CompileProgress& now) {
    if (shared->cancelled) return false;
    if (callable == nullptr) return true;
    nb::gil_scoped_acquire gil;
    if (shared->error != nullptr) return false;
    try {
      const nb::object go_on = nb::handle(callable.get())(
          nb::str(now.phase.data(), now.phase.size()), now.fraction, now.seconds);
      if (go_on.ptr() == Py_False) shared->cancelled = true;
    } catch (nb::python_error& error) {
      shared->error = std::make_unique<nb::python_error>(std::move(error));
      shared->cancelled = true;
    }
    return !shared->cancelled;
  };
  // Python runs signal handlers in the main thread alone, so that one waits.
  const bool main = OnMainThread();
  {
    nb::gil_scoped_release release;
    if (main) {
      CompileInThread(shared, options);
    } else {
      shared->result = shared->compile(options);
    }
  }
  if (shared->error != nullptr) throw nb::python_error(std::move(*shared->error));
  Unwrap(*shared->result);
}

void JoinGivenUpBuilds() {
  nb::gil_scoped_release release;
  GivenUp::Get().JoinAll();
}

namespace {

nb::dict DevicesDict(bool open_libraries) {
  DeviceList list;
  {
    nb::gil_scoped_release release;
    list = Devices({.open_libraries = open_libraries});
  }
  nb::list backends;
  for (const BackendStatus& status : list.backends) {
    nb::dict one;
    one["name"] = status.name;
    one["available"] = status.available;
    one["device"] = status.device;
    one["version"] = status.version;
    one["library"] = status.library;
    one["reason"] = status.reason;
    backends.append(one);
  }
  nb::list gpus;
  for (const GpuInfo& gpu : list.gpus) {
    nb::dict one;
    one["device"] = gpu.device;
    one["name"] = gpu.name;
    one["compute_capability"] = nb::make_tuple(gpu.major, gpu.minor);
    one["memory_bytes"] = gpu.memory_bytes;
    one["uuid"] = gpu.uuid;
    gpus.append(one);
  }
  nb::dict dict;
  dict["backends"] = backends;
  dict["gpus"] = gpus;
  dict["driver"] = list.driver;
  dict["gpu_reason"] = list.gpu_reason;
  return dict;
}

nb::list CandidateList(const std::vector<Candidate>& candidates) {
  nb::list list;
  for (const Candidate& candidate : candidates) {
    nb::dict one;
    one["backend"] = candidate.backend;
    one["state"] = EnumNames(CandidateState{})[static_cast<size_t>(candidate.state)];
    one["device"] = candidate.device;
    one["version"] = candidate.version;
    one["reason"] = candidate.reason;
    list.append(one);
  }
  return list;
}

}  // namespace

void BindContext(nb::module_& module) {
  BindTensor(module);
  BindGraph(module);
  nb::class_<PyContext> context(module, "Context", "`webnn.MLContext`'s part in C++.");
  context.def(nb::init<const nb::kwargs&>());
  context.def_prop_ro(
      "backend", [](const PyContext& self) { return self.context().backend(); },
      "The back end in use: \"onnxruntime\" ...");
  context.def_prop_ro(
      "device", [](const PyContext& self) { return self.context().device(); },
      "The device in use: \"cpu\", \"cuda:0\".");
  context.def(
      "candidates",
      [](const PyContext& self) { return CandidateList(self.context().Candidates()); },
      nb::sig("def candidates(self) -> list[dict[str, str]]"),
      "What was tried, in order: ``backend``, ``state`` (\"chosen\", \"refused\", \"failed\", "
      "\"not "
      "tried\"), ``device``, ``version`` and ``reason``.");
  context.def_prop_ro("accelerated",
                      [](const PyContext& self) { return self.context().accelerated(); });
  context.def_prop_ro("power_preference", [](const PyContext& self) {
    return EnumNames(
        PowerPreference{})[static_cast<size_t>(self.context().options().power_preference)];
  });
  context.def(
      "explain", [](const PyContext& self) { return self.context().Explain(); },
      "The back end in use and, line by line, what was tried before it.");
  context.def("op_support_limits", &OpSupportLimitsDict,
              nb::sig("def op_support_limits(self) -> dict[str, Any]"),
              "Data types and ranks that operators take here, by the specification's names.");
  context.def(
      "compute",
      [](const PyContext& self, PyGraph& graph, nb::handle inputs, nb::handle outputs,
         nb::handle precision) {
        return Compute(self, graph, inputs, outputs, WithPrecision(precision));
      },
      nb::arg("graph"), nb::arg("inputs"), nb::arg("outputs").none() = nb::none(),
      nb::arg("precision").none() = nb::none(),
      nb::sig("def compute(self, graph: MLGraph, inputs: Mapping[str, Any], outputs: "
              "Mapping[str, Any] | None = None, precision: Precision | None = None) -> "
              "dict[str, NDArray[Any]]"),
      R"(Runs the graph on arrays and returns its outputs by name.

Arrays of the declared data type and shape are read in place; others are converted where that
loses nothing but precision.

Args:
    graph: A graph of any context; it is compiled for this one when it has not been.
    inputs: Arrays by name.
    outputs: Arrays that results are written into, by name; others are made.
    precision: What float32 operators are computed in. A graph of its own is built for it when it
        is first asked for, and kept.

Raises:
    ValidationError: a name, data type, shape or value does not fit; the message says which.
    InvalidStateError: the graph or the context is destroyed or lost.
    OperationError: the back end failed.
)");
  context.def(
      "dispatch",
      [](const PyContext& self, PyGraph& graph, nb::handle inputs, nb::handle outputs,
         nb::handle precision) {
        Dispatch(self, graph, inputs, outputs, WithPrecision(precision));
      },
      nb::arg("graph"), nb::arg("inputs"), nb::arg("outputs"),
      nb::arg("precision").none() = nb::none(),
      nb::sig("def dispatch(self, graph: MLGraph, inputs: Mapping[str, MLTensor], outputs: "
              "Mapping[str, MLTensor], precision: Precision | None = None) -> None"),
      R"(Runs the graph on tensors of this context.

Outputs may be inputs of the next dispatch without waiting. On a GPU the call returns when the work
is queued; reading an output waits for it.
)");
  context.def(
      "_compile",
      [](const PyContext& self, PyGraph& graph, nb::handle options) { graph.For(self, options); },
      nb::arg("graph"), nb::arg("options").none(),
      nb::sig("def _compile(self, graph: MLGraph, options: Mapping[str, object] | None) -> None"));
  BindContextFiles(context);
  context.def("_create_tensor", &CreateTensor,
              nb::sig("def _create_tensor(self, shape: Sequence[int], data_type: str, readable: "
                      "bool, writable: bool) -> MLTensor"));
  context.def("_create_constant_tensor", &CreateConstantTensor,
              nb::sig("def _create_constant_tensor(self, array: object, data_type: str, shape: "
                      "Sequence[int]) -> MLTensor"));
  context.def(
      "synchronize",
      [](const PyContext& self) {
        const Context& context = self.context();
        nb::gil_scoped_release release;
        context.Synchronize();
      },
      "Waits until all work begun so far is done, on the device, too.");
  context.def(
      "destroy",
      [](const PyContext& self) {
        Context context = self.context();
        nb::gil_scoped_release release;
        context.Destroy();
      },
      "Loses the context: its graphs and tensors are destroyed.");
  context.def_prop_ro(
      "lost",
      [](const PyContext& self) -> std::optional<std::string> {
        const auto lost = self.context().lost();
        if (!lost) return std::nullopt;
        return lost->message;
      },
      "Why the context was lost, or None.");
  context.def("_threads", [](const PyContext& self) { return self.context().options().threads; });

  module.def("_devices", &DevicesDict, nb::arg("open_libraries") = false,
             nb::sig("def _devices(open_libraries: bool = False) -> dict[str, Any]"));
  module.def("version", [] { return Version(); }, "The library's version.");
}

}  // namespace webnn::python
