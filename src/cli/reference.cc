#include "cli/reference.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "backends/backend.h"
#include "backends/onnxruntime/file_session.h"
#include "cli/errors.h"
#include "core/mapped_file.h"
#include "runtime/compiled_file.h"

namespace webnn::cli {
namespace {

using lowering::Element;

// ---- The file itself, run by ONNX Runtime. ----

std::optional<ArrayType> ArrayTypeOf(Element element) {
  static constexpr std::pair<Element, ArrayType> kTypes[] = {
      {Element::kBool, ArrayType::kBool},     {Element::kInt8, ArrayType::kInt8},
      {Element::kUint8, ArrayType::kUint8},   {Element::kInt16, ArrayType::kInt16},
      {Element::kUint16, ArrayType::kUint16}, {Element::kInt32, ArrayType::kInt32},
      {Element::kUint32, ArrayType::kUint32}, {Element::kInt64, ArrayType::kInt64},
      {Element::kUint64, ArrayType::kUint64}, {Element::kFloat16, ArrayType::kFloat16},
      {Element::kFloat, ArrayType::kFloat32}, {Element::kDouble, ArrayType::kFloat64}};
  for (const auto& [from, to] : kTypes) {
    if (from == element) return to;
  }
  return std::nullopt;
}

// An input of ours in the type of the file: bool instead of uint8, and what was narrowed wide.
Result<ort::FileSession::Tensor> ToFileInput(const ort::FileSession::Tensor& declared,
                                             const TensorData& input) {
  ort::FileSession::Tensor tensor{.name = declared.name, .element = declared.element};
  const Shape& shape = input.descriptor.shape();
  tensor.sizes.assign(shape.begin(), shape.end());
  const Array array = FromOperand(input.descriptor, input.bytes);
  const auto type = ArrayTypeOf(declared.element);
  if (type == array.type) {
    tensor.bytes = array.bytes;
  } else if (type == ArrayType::kBool && array.type == ArrayType::kUint8) {
    tensor.bytes = array.bytes;
    for (std::byte& byte : tensor.bytes) byte = byte == std::byte{0} ? byte : std::byte{1};
  } else if (type == ArrayType::kFloat64 && array.type == ArrayType::kFloat32) {
    tensor.bytes.resize(array.element_count() * sizeof(double));
    for (size_t i = 0; i < array.element_count(); ++i) {
      const double value = array.element(i).ToDouble();
      std::memcpy(&tensor.bytes[i * sizeof(double)], &value, sizeof(double));
    }
  } else {
    return NotSupported("the file's input \"{}\" has a type that cannot be fed from {}",
                        declared.name, Name(array.type));
  }
  return tensor;
}

Result<NamedArrays> RunOriginal(const std::string& path, const PreparedModel& model,
                                const ContextOptions& options) {
  WEBNN_ASSIGN_OR_RETURN(const auto session, ort::FileSession::Open(path, options));
  std::vector<ort::FileSession::Tensor> inputs;
  for (const auto& declared : session->inputs()) {
    const auto given =
        std::find_if(model.inputs.begin(), model.inputs.end(),
                     [&](const TensorData& input) { return input.name == declared.name; });
    if (given == model.inputs.end()) {
      return NotSupported("the file's input \"{}\" is none of the graph's, so it has no value",
                          declared.name);
    }
    WEBNN_ASSIGN_OR_RETURN(auto tensor, ToFileInput(declared, *given));
    inputs.push_back(std::move(tensor));
  }
  WEBNN_ASSIGN_OR_RETURN(auto outputs, session->Run(inputs));
  NamedArrays arrays;
  for (auto& output : outputs) {
    const auto type = ArrayTypeOf(output.element);
    if (!type) return NotSupported("the output \"{}\" is bfloat16, which is not read", output.name);
    arrays.emplace_back(
        output.name,
        Array{*type, {output.sizes.begin(), output.sizes.end()}, std::move(output.bytes)});
  }
  return arrays;
}

// ---- Graphs. ----

// Compiles the definition, or loads the compiled file.
Result<void> RunGraph(Reference& reference, const std::string& path,
                      const ContextOptions& options) {
  const PreparedModel model = {.path = path, .definition = reference.definition};
  WEBNN_ASSIGN_OR_RETURN(const CompiledModel compiled, CompileModel("compare", model, options));
  reference.context = compiled.context;
  WEBNN_ASSIGN_OR_RETURN(auto outputs, Compute(compiled.context, compiled.graph, reference.inputs));
  for (TensorData& output : outputs) {
    reference.outputs.emplace_back(output.name,
                                   FromOperand(output.descriptor, std::move(output.bytes)));
  }
  return {};
}

// Inputs of the reference, by name, or by place where the names differ.
Result<void> TakeInputs(const std::string& path, const PreparedModel& model,
                        const std::vector<NamedDescriptor>& declared, Reference& reference) {
  if (declared.size() != model.inputs.size()) {
    return BadUse("\"{}\" has {} inputs, the model has {}", path, declared.size(),
                  model.inputs.size());
  }
  for (size_t i = 0; i < declared.size(); ++i) {
    const auto named =
        std::find_if(model.inputs.begin(), model.inputs.end(),
                     [&](const TensorData& input) { return input.name == declared[i].name; });
    const TensorData& input = named != model.inputs.end() ? *named : model.inputs[i];
    if (input.descriptor != declared[i].descriptor) {
      return BadUse("the input {} of \"{}\" is {}, the model's is {}", declared[i].name, path,
                    ToString(declared[i].descriptor), ToString(input.descriptor));
    }
    reference.inputs.push_back({declared[i].name, input.descriptor, input.bytes, input.source});
  }
  return {};
}

// Another model with the same inputs.
Result<void> LoadOther(const std::string& path, const PreparedModel& model, Reference& reference) {
  if (LooksCompiled(path)) {
    WEBNN_ASSIGN_OR_RETURN(const CompiledFile file, ReadCompiledFile(path));
    return TakeInputs(path, model, file.signature.inputs, reference);
  }
  LoadOptions options;
  options.narrow = model.load_options.narrow;
  std::vector<GivenInput> given;
  for (const TensorData& input : model.inputs) {
    given.push_back({input.name, FromOperand(input.descriptor, input.bytes), input.source, true});
  }
  auto definition = LoadWithInputs("compare", path, options, given, {});
  if (!definition && !std::filesystem::exists(path)) {
    return WithHint(std::move(definition.error()),
                    fmt::format("--against takes a back end's name, {}, a .npz or .npy file, or a "
                                "model",
                                kOriginal));
  }
  if (!definition) return std::move(definition.error());
  reference.definition = *std::move(definition);
  return TakeInputs(path, model, reference.definition->inputs(), reference);
}

Result<NamedArrays> ReadStored(const std::string& path,
                               const std::vector<NamedDescriptor>& outputs) {
  WEBNN_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  const auto named = [&](Error error) {
    error.message = fmt::format("\"{}\": {}", path, error.message);
    return error;
  };
  if (LooksLikeZip(file->bytes())) {
    auto arrays = ParseNpz(file->bytes());
    if (!arrays) return named(std::move(arrays.error()));
    return arrays;
  }
  auto array = ParseNpy(file->bytes());
  if (!array) return named(std::move(array.error()));
  return NamedArrays{{outputs[0].name, *std::move(array)}};
}

}  // namespace

ReferenceKind KindOf(const std::string& against) {
  if (against == kOriginal) return ReferenceKind::kOriginal;
  for (const BackendEntry& entry : AllBackends()) {
    if (entry.name == against) return ReferenceKind::kBackend;
  }
  if (against.ends_with(".npz") || against.ends_with(".npy")) return ReferenceKind::kStored;
  return ReferenceKind::kModel;
}

Result<Reference> MakeReference(const ReferenceChoice& choice, const PreparedModel& model,
                                const ContextOptions& options) {
  const std::string& against = choice.against;
  Reference reference{.kind = KindOf(against), .what = against};
  ContextOptions own = options;
  if (reference.kind == ReferenceKind::kBackend || !choice.backend.empty()) {
    own.backend = choice.backend.empty() ? against : choice.backend;
    // Another device or library may be meant by these names, and other options.
    own.device.clear();
    own.library_path.clear();
    own.compile = {.precision = Precision::kFloat32};
  }
  const bool needs_model =
      reference.kind == ReferenceKind::kBackend || reference.kind == ReferenceKind::kOriginal;
  if (needs_model && !model.definition) {
    return WithHint(
        BadUse("\"{}\" is compiled: there is no model in it for {}", model.path, against),
        "--against takes the model file, too");
  }
  switch (reference.kind) {
    case ReferenceKind::kStored: {
      WEBNN_ASSIGN_OR_RETURN(reference.outputs, ReadStored(against, model.outputs));
      break;
    }
    case ReferenceKind::kOriginal: {
      own.log = nullptr;  // what ONNX Runtime warns of in the file is not ours
      if (own.backend != "onnxruntime") own.library_path.clear();
      WEBNN_ASSIGN_OR_RETURN(reference.outputs, RunOriginal(model.path, model, own));
      reference.what = "ONNX Runtime on the file as it is";
      break;
    }
    case ReferenceKind::kBackend: {
      reference.definition = model.definition;
      reference.inputs = model.inputs;
      WEBNN_RETURN_IF_ERROR(RunGraph(reference, model.path, own));
      reference.what = EngineText(*reference.context);
      break;
    }
    case ReferenceKind::kModel: {
      WEBNN_RETURN_IF_ERROR(LoadOther(against, model, reference));
      if (!reference.definition) {
        WEBNN_ASSIGN_OR_RETURN(own, OptionsFor({.path = against}, {.backend = choice.backend}));
        own.log = options.log;
      } else if (!model.definition && choice.backend.empty()) {
        own.compile = {.precision = Precision::kFloat32};
      }
      WEBNN_RETURN_IF_ERROR(RunGraph(reference, against, own));
      reference.what = fmt::format("{} on {}", against, EngineText(*reference.context));
      break;
    }
  }
  return reference;
}

}  // namespace webnn::cli
