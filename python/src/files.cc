
#include <set>

#ifdef WEBNN_HAVE_CLI
#include "cli/program.h"
#endif
#include "backends/vendor_library.h"
#include "core/python_packages.h"
#include "graph/graph_data.h"
#include "objects.h"
#include "onnx/import/given_inputs.h"
#include "runtime/compiled_file.h"
#include "runtime/impl.h"
#include "webnn/dlpack.h"
#include "webnn/model_io.h"

/// Model files, DLPack, and what looks into a graph.
namespace webnn::python {
namespace {

template <class E>
E FormatNamed(const std::string& name, const char* what) {
  const auto names = EnumNames(E{});
  std::string known;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<E>(i);
    known += (i ? ", \"" : "\"") + std::string(names[i]) + "\"";
  }
  Raise(ErrorCode::kTypeError,
        std::string(what) + " is \"" + name + "\"; it must be one of " + known);
}

Shape ReadShape(nb::handle sizes) { return MakeDescriptor("uint8", sizes).shape(); }

LoadOptions ReadLoadOptions(const nb::dict& keywords) {
  LoadOptions options;
  for (const auto [key, value] : keywords) {
    const auto name = nb::cast<std::string_view>(key);
    if (value.is_none()) continue;
    if (name == "format") {
      options.format = FormatNamed<ModelFormat>(nb::cast<std::string>(value), "format");
    } else if (name == "shapes") {
      for (const auto [input, shape] : nb::cast<nb::dict>(value)) {
        options.shapes.emplace_back(nb::cast<std::string>(input), ReadShape(shape));
      }
    } else if (name == "dimensions") {
      for (const auto [dimension, size] : nb::cast<nb::dict>(value)) {
        options.dimensions.emplace_back(nb::cast<std::string>(dimension), nb::cast<uint32_t>(size));
      }
    } else if (name == "values") {
      for (const auto [input, number] : nb::cast<nb::dict>(value)) {
        const Number converted = nb::isinstance<nb::int_>(number)
                                     ? Number(nb::cast<int64_t>(number))
                                     : Number(nb::cast<double>(number));
        options.values.emplace_back(nb::cast<std::string>(input), converted);
      }
    } else if (name == "narrow") {
      options.narrow = nb::cast<bool>(value);
    } else if (name == "weights") {
      options.weights = nb::cast<std::string>(value);
    } else if (name == "manifest") {
      options.manifest = nb::cast<std::string>(value);
    }
  }
  return options;
}

// A model as a graph that contexts compile when they first compute it.
nb::object LoadModelFile(nb::handle source, const nb::dict& keywords) {
  const LoadOptions options = ReadLoadOptions(keywords);
  std::map<std::string, std::string> metadata;
  std::set<std::string> declared;
  const auto load = [&](const auto& from) -> Result<GraphDefinition> {
    nb::gil_scoped_release release;
    GraphBuilder builder;
    Result<LoadedModel> model = LoadModel(builder, from, options);
    if (!model) return std::move(model.error());
    metadata = std::move(model->metadata);
    for (const auto& [name, operand] : model->inputs) declared.insert(name);
    return builder.Finish(model->outputs);
  };
  std::optional<Result<GraphDefinition>> definition;
  if (PyUnicode_Check(source.ptr())) {
    definition = load(nb::cast<std::string>(source));
  } else {
    Bytes bytes;
    bytes.TakeRaw(source.ptr());
    definition = load(std::span<const std::byte>(bytes.span()));
  }
  auto graph = std::make_unique<PyGraph>(Unwrap(*std::move(definition)));
  nb::set unused;
  for (const NamedDescriptor& input : graph->inputs()) declared.erase(input.name);
  for (const std::string& name : declared) unused.add(nb::str(name.c_str()));
  graph->unused_inputs = unused;
  graph->metadata = std::move(metadata);
  return Give(std::move(graph));
}

nb::list UnsupportedList(const std::vector<UnsupportedNode>& nodes) {
  nb::list unsupported;
  for (const UnsupportedNode& node : nodes) {
    nb::dict one;
    one["op"] = node.op;
    one["node"] = node.node;
    one["reason"] = node.reason;
    one["help"] = node.help;
    unsupported.append(one);
  }
  return unsupported;
}

// An ONNX model for inputs that are at hand: the graph or None, the names of the inputs that became
// constants, and what cannot be expressed.
nb::tuple ImportGivenModel(const PyContext& self, nb::bytes model, const nb::dict& inputs) {
  const Context& context = self.context();
  const auto bytes = std::make_shared<const std::string>(model.c_str(), model.size());
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto [name, file] : inputs) {
    const auto content = nb::cast<nb::bytes>(file);
    files.emplace_back(nb::cast<std::string>(name), std::string(content.c_str(), content.size()));
  }
  std::vector<onnx_format::GivenInput> given;
  const auto import = [&]() -> Result<onnx_format::GivenImport> {
    nb::gil_scoped_release release;
    for (auto& [name, file] : files) {
      auto input = onnx_format::ParseGivenInput(name, std::move(file));
      if (!input) return std::move(input.error());
      given.push_back(*std::move(input));
    }
    return onnx_format::ImportGiven({.bytes = std::as_bytes(std::span(*bytes)), .owner = bytes},
                                    given, [&] { return GraphBuilder::Create(context); });
  };
  onnx_format::GivenImport imported = Unwrap(import());
  nb::list fixed;
  for (const onnx_format::GivenInput& input : given) {
    if (input.IsFixed(imported.fixed)) fixed.append(input.name);
  }
  nb::object graph = nb::none();
  if (imported.definition) {
    graph = Give(std::make_unique<PyGraph>(*std::move(imported.definition)));
  }
  return nb::make_tuple(graph, fixed, UnsupportedList(imported.unsupported));
}

void SaveModelFile(const PyGraph& graph, const std::string& path, const std::string& format,
                   const std::string& weights, const std::string& name) {
  const GraphDefinition& definition = graph.definition();
  const SaveOptions options = {.format = FormatNamed<ModelFormat>(format, "format"),
                               .weights = FormatNamed<WeightStorage>(weights, "weights"),
                               .name = name};
  Result<void> result;
  {
    nb::gil_scoped_release release;
    result = SaveModel(definition, path, options);
  }
  Unwrap(result);
}

nb::bytes SaveModelBytes(const PyGraph& graph, const std::string& format, const std::string& name) {
  const std::string bytes = Unwrap(SaveModelToMemory(
      graph.definition(), {.format = FormatNamed<ModelFormat>(format, "format"), .name = name}));
  return nb::bytes(bytes.data(), bytes.size());
}

nb::dict InspectModelFile(const std::string& path, const nb::dict& keywords) {
  const LoadOptions options = ReadLoadOptions(keywords);
  Result<ModelSummary> result = [&] {
    nb::gil_scoped_release release;
    return InspectModel(path, options);
  }();
  const ModelSummary summary = Unwrap(std::move(result));
  nb::dict dict;
  dict["format"] = EnumNames(ModelFormat{})[static_cast<size_t>(summary.format)];
  dict["name"] = summary.name;
  nb::dict metadata;
  for (const auto& [key, value] : summary.metadata) metadata[key.c_str()] = value;
  dict["metadata"] = metadata;
  const auto tensors = [](const std::vector<DeclaredTensor>& declared) {
    nb::list list;
    for (const DeclaredTensor& tensor : declared) {
      nb::list dimensions;
      for (const auto& dimension : tensor.dimensions) {
        if (const auto* size = std::get_if<uint64_t>(&dimension)) {
          dimensions.append(*size);
        } else {
          dimensions.append(std::get<std::string>(dimension));
        }
      }
      nb::dict one;
      one["name"] = tensor.name;
      one["data_type"] = tensor.data_type;
      one["dimensions"] = dimensions;
      list.append(one);
    }
    return list;
  };
  dict["inputs"] = tensors(summary.inputs);
  dict["outputs"] = tensors(summary.outputs);
  nb::dict operators;
  for (const auto& [op, count] : summary.operators) operators[op.c_str()] = count;
  dict["operators"] = operators;
  dict["weight_count"] = summary.weight_count;
  dict["weight_bytes"] = summary.weight_bytes;
  dict["unsupported"] = UnsupportedList(summary.unsupported);
  return dict;
}

void CompileToFile(const PyContext& self, const PyGraph& graph, const std::string& path,
                   nb::handle keywords) {
  const Context& context = self.context();
  nb::object progress = nb::none();
  const nb::object others = TakeProgress(keywords, progress);
  if (progress.is_none()) progress = ProgressOf(self);
  CompileInterruptibly(
      ReadCompileOptions(context.options().compile, others), progress,
      [context = context, definition = graph.definition(), path](const CompileOptions& options) {
        return context.CompileToFile(definition, path, options);
      });
}

nb::object LoadCompiled(const PyContext& self, const std::string& path) {
  const Context& context = self.context();
  Result<Graph> graph = [&] {
    nb::gil_scoped_release release;
    return context.LoadCompiled(path);
  }();
  return Give(std::make_unique<PyGraph>(context, Unwrap(std::move(graph))));
}

// ---- What is in a graph, for pywebnn's helpers. ----

// (kind, data type, shape, name) of every operand that the outputs depend on.
nb::list Operands(const PyGraph& graph) {
  const GraphData& data = *graph.definition().data();
  std::map<uint32_t, std::string> names;
  for (const NamedOperand& input : data.inputs) names[input.id] = input.name;
  for (const NamedOperand& output : data.outputs) names[output.id] = output.name;
  nb::list list;
  for (size_t id = 0; id < data.operands.size(); ++id) {
    const OperandRecord& record = data.operands[id];
    const auto name = names.find(static_cast<uint32_t>(id));
    const char* kind = "constant";
    if (record.kind == OperandKind::kInput) {
      if (name == names.end()) continue;
      kind = "input";
    } else if (record.kind == OperandKind::kResult) {
      if (!data.nodes[record.source].reachable) continue;
      kind = name == names.end() ? "result" : "output";
    } else if (data.constants[record.source].bytes.data() == nullptr) {
      continue;
    }
    list.append(nb::make_tuple(
        kind, Name(record.descriptor.data_type()), ShapeTuple(record.descriptor.shape()),
        name == names.end() ? nb::object(nb::none()) : nb::object(nb::str(name->second.c_str()))));
  }
  return list;
}

// ---- DLPack. ----

// The beginning of DLPack's structure, which is all that a capsule's owner needs of it.
struct Managed {
  struct {
    void* data;
    struct {
      int32_t type;
      int32_t id;
    } device;
    int32_t ndim;
    struct {
      uint8_t code;
      uint8_t bits;
      uint16_t lanes;
    } dtype;
    int64_t* shape;
    int64_t* strides;
    uint64_t byte_offset;
  } tensor;
  void* manager;
  void (*deleter)(void* self);
};

nb::object ToCapsule(PyTensor& self, bool wait) {
  const Tensor& tensor = self.alive("__dlpack__");
  const Context& context = self.owner().context();
  if (wait) {
    nb::gil_scoped_release release;
    context.Synchronize();
  }
  DLManagedTensor* managed = Unwrap(ToDlpack(tensor));
  PyObject* capsule = PyCapsule_New(managed, "dltensor", [](PyObject* object) {
    // Whoever takes it renames it, and calls the deleter itself.
    if (!PyCapsule_IsValid(object, "dltensor")) return;
    auto* taken = static_cast<Managed*>(PyCapsule_GetPointer(object, "dltensor"));
    taken->deleter(taken);
  });
  if (capsule == nullptr) throw nb::python_error();
  return nb::steal(capsule);
}

nb::object FromCapsule(nb::handle_t<PyContext> self, nb::handle capsule, bool readable,
                       bool writable) {
  const Context& context = nb::cast<PyContext&>(self).context();
  void* managed = PyCapsule_GetPointer(capsule.ptr(), "dltensor");
  if (managed == nullptr) throw nb::python_error();
  PyCapsule_SetName(capsule.ptr(), "used_dltensor");
  // The other framework's deleter may need the GIL; it takes it by itself.
  Result<Tensor> tensor =
      FromDlpack(context, static_cast<DLManagedTensor*>(managed), {readable, writable});
  return Give(std::make_unique<PyTensor>(nb::borrow(self), Unwrap(std::move(tensor))));
}

nb::object DlpackDevice(const PyTensor& self) {
  constexpr int kCpu = 1;
  constexpr int kCuda = 2;
  const auto memory = self.alive("__dlpack_device__").memory();
  const bool cuda = memory && memory->kind == MemoryKind::kCuda;
  return nb::make_tuple(cuda ? kCuda : kCpu, cuda ? memory->device : 0);
}

nb::object TensorAddress(const PyTensor& self) {
  const auto memory = self.alive("memory").memory();
  if (!memory) return nb::none();
  return nb::make_tuple(memory->kind == MemoryKind::kCuda ? "cuda" : "cpu", memory->device,
                        reinterpret_cast<uintptr_t>(memory->address));
}

nb::object ImportMemory(nb::handle_t<PyContext> self, const std::string& data_type,
                        nb::handle shape, const std::string& device, int ordinal, uintptr_t address,
                        nb::handle owner, bool readable, bool writable) {
  const Context& context = nb::cast<PyContext&>(self).context();
  const OperandDescriptor descriptor = MakeDescriptor(data_type, shape);
  const DeviceMemory memory = {device == "cuda" ? MemoryKind::kCuda : MemoryKind::kHost, ordinal,
                               reinterpret_cast<void*>(address)};  // NOLINT: as Python has it
  std::shared_ptr<void> keep(nb::borrow(owner).release().ptr(), [](void* object) {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject*>(object));
  });
  return Give(std::make_unique<PyTensor>(
      nb::borrow(self),
      Unwrap(context.ImportTensor(descriptor, memory, std::move(keep), {readable, writable}))));
}

}  // namespace

void BindFiles(nb::module_& module) {
  module.def(
      "_load_model", &LoadModelFile, nb::arg("source"), nb::arg("options"),
      nb::sig(
          "def _load_model(source: str | bytes | bytearray | memoryview, options: dict[str, Any]) "
          "-> MLGraph"));
  module.def("_set_package_folders", [](const std::vector<std::string>& folders) {
    SetOwnPythonFolders({folders.begin(), folders.end()});
  });
  module.def("_prefer_onnxruntime",
             [](std::string path) { PreferLibrary("libonnxruntime", std::move(path)); });
  module.def("_is_compiled", [](const std::string& path) { return LooksCompiled(path); });
#ifdef WEBNN_HAVE_CLI
  module.def("_command_line", [](const std::vector<std::string>& arguments) {
    nb::gil_scoped_release release;
    return cli::RunProgram(arguments);
  });
#endif
  module.def("_inspect_model", &InspectModelFile, nb::arg("path"), nb::arg("options"),
             nb::sig("def _inspect_model(path: str, options: dict[str, Any]) -> dict[str, Any]"));
}

// The parts of the classes that need what is above.
void BindContextFiles(nb::class_<PyContext>& context) {
  context.def("_compile_to_file", &CompileToFile, nb::arg("graph"), nb::arg("path"),
              nb::arg("options").none(),
              nb::sig("def _compile_to_file(self, graph: MLGraph, path: str, options: Mapping[str, "
                      "object] | None) -> None"));
  context.def("_import_given", &ImportGivenModel,
              nb::sig("def _import_given(self, model: bytes, inputs: dict[str, bytes], /) -> "
                      "tuple[MLGraph | None, list[str], list[dict[str, str]]]"));
  context.def("_load_compiled", &LoadCompiled,
              nb::sig("def _load_compiled(self, path: str, /) -> MLGraph"));
  context.def("_from_capsule", &FromCapsule,
              nb::sig("def _from_capsule(self, capsule: object, readable: bool, writable: bool, /) "
                      "-> MLTensor"));
  context.def("_wait_for_stream", [](const PyContext& self, uintptr_t stream) {
    const Context& context = self.context();
    Result<void> result;
    {
      nb::gil_scoped_release release;
      result = context.impl()->WaitForStream(stream);
    }
    Unwrap(result);
  });
  context.def_prop_ro("_cuda_stream", [](const PyContext& self) {
    return reinterpret_cast<uintptr_t>(self.context().options().cuda_stream);
  });
  context.def("_import_memory", &ImportMemory,
              nb::sig("def _import_memory(self, data_type: str, shape: Sequence[int], device: str, "
                      "ordinal: int, address: int, owner: object, readable: bool, writable: bool, "
                      "/) -> MLTensor"));
}
void BindGraphFiles(nb::class_<PyGraph>& graph) {
  graph.def("_save", &SaveModelFile);
  graph.def("_save_bytes", &SaveModelBytes);
  graph.def("_operands", &Operands,
            nb::sig("def _operands(self) -> list[tuple[str, str, tuple[int, ...], str | None]]"));
}
void BindTensorFiles(nb::class_<PyTensor>& tensor) {
  tensor.def("_capsule", &ToCapsule);
  tensor.def("__dlpack_device__", &DlpackDevice,
             nb::sig("def __dlpack_device__(self) -> tuple[int, int]"),
             "DLPack's code of the device, and its number.");
  tensor.def("_memory", &TensorAddress,
             nb::sig("def _memory(self) -> tuple[str, int, int] | None"));
}

}  // namespace webnn::python
