#include "cli/model.h"

#include <algorithm>

#include "cli/compilation.h"
#include "cli/errors.h"
#include "cli/open_sizes.h"
#include "cli/terminal.h"
#include "fmt/ranges.h"
#include "runtime/compiled_file.h"
#include "runtime/impl.h"

namespace webnn::cli {

Result<GraphDefinition> LoadWithInputs(std::string_view command, const std::string& path,
                                       LoadOptions& options, const std::vector<GivenInput>& given,
                                       const ImageOptions& image_options) {
  auto definition = LoadGraph(path, options);
  if (definition) return definition;
  // Perhaps sizes are open or given wrongly: only the file's own declarations tell.
  LoadOptions as_declared = options;
  as_declared.shapes.clear();
  as_declared.dimensions.clear();
  as_declared.values.clear();
  const auto summary = InspectModel(path, as_declared);
  if (!summary) return std::move(definition.error());
  WEBNN_RETURN_IF_ERROR(CheckSizes(*summary, options));
  std::vector<std::string> names;
  for (const DeclaredTensor& input : summary->inputs) names.push_back(input.name);
  WEBNN_RETURN_IF_ERROR(CheckInputNames(names, given));
  WEBNN_ASSIGN_OR_RETURN(auto shapes,
                         SettleShapes(command, *summary, options, given, image_options));
  if (shapes.empty()) return std::move(definition.error());
  options.shapes.insert(options.shapes.end(), shapes.begin(), shapes.end());
  return LoadGraph(path, options);
}

void AddRunOptions(std::vector<Option>& options, RunArguments& arguments,
                   const std::vector<Option>& own) {
  AddModelOptions(options, arguments.model);
  AddInputOptions(options, arguments.inputs);
  options.insert(options.end(), own.begin(), own.end());
  AddEngineOptions(options, arguments.engine);
  options.push_back(
      {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments.json});
}

Result<ContextOptions> OptionsFor(const ModelArguments& model, const EngineArguments& engine) {
  WEBNN_ASSIGN_OR_RETURN(ContextOptions options, ToContextOptions(engine));
  if (!LooksCompiled(model.path)) return options;
  const std::pair<bool, std::string_view> settled[] = {
      {!model.shapes.empty(), "--shape"},
      {!model.dimensions.empty(), "--dim"},
      {!model.constants.empty(), "--constant"},
      {model.narrow, "--narrow"},
      {!model.weights.empty(), "--weights"},
      {!model.manifest.empty(), "--manifest"},
      {!engine.precision.empty(), "--precision"},
      {engine.optimization_level.has_value(), "--optimization-level"},
      {!engine.workspace.empty(), "--workspace"}};
  for (const auto& [given, option] : settled) {
    if (given) {
      return BadUse("{}: \"{}\" is compiled, so that is settled; compile the model anew", option,
                    model.path);
    }
  }
  WEBNN_ASSIGN_OR_RETURN(const CompiledFile file, ReadCompiledFile(model.path));
  const std::string& maker = file.compiled.key.Find("backend")->value;
  if (!CheckBackend(maker)) {
    return NotSupported("\"{}\" was compiled by {}, a back end that this program lacks", model.path,
                        MakerOf(file.compiled.key));
  }
  if (options.backend.empty()) options.backend = maker;
  return options;
}

Result<PreparedModel> Prepare(std::string_view command, const ModelArguments& model,
                              const InputArguments& inputs) {
  PreparedModel prepared = {.path = model.path};
  WEBNN_ASSIGN_OR_RETURN(prepared.load_options, ToLoadOptions(model));
  WEBNN_ASSIGN_OR_RETURN(const ImageOptions image_options, ToImageOptions(inputs));
  WEBNN_ASSIGN_OR_RETURN(const auto given, ReadInputs(inputs.inputs));
  const Stopwatch stopwatch;
  std::vector<NamedDescriptor> declared;
  if (LooksCompiled(model.path)) {
    WEBNN_ASSIGN_OR_RETURN(CompiledFile file, ReadCompiledFile(model.path));
    declared = std::move(file.signature.inputs);
    prepared.outputs = std::move(file.signature.outputs);
  } else {
    WEBNN_ASSIGN_OR_RETURN(
        prepared.definition,
        LoadWithInputs(command, model.path, prepared.load_options, given, image_options));
    declared = prepared.definition->inputs();
    prepared.outputs = prepared.definition->outputs();
  }
  prepared.load_seconds = stopwatch.seconds();
  WEBNN_ASSIGN_OR_RETURN(prepared.inputs, FillInputs(declared, given, image_options, inputs.cast));
  if (given.empty() && !prepared.inputs.empty()) {
    std::vector<std::string> names;
    for (const TensorData& input : prepared.inputs) {
      names.push_back(fmt::format("{} {}", input.name, ToString(input.descriptor)));
    }
    Note(command, fmt::format("no --input, so random numbers for {}", fmt::join(names, ", ")));
  }
  return prepared;
}

Result<CompiledModel> CompileModel(std::string_view command, const PreparedModel& model,
                                   const ContextOptions& options) {
  const Stopwatch stopwatch;
  WEBNN_ASSIGN_OR_RETURN(const Context context, Context::Create(options));
  auto graph = model.definition ? CompileGraph(command, context, *model.definition)
                                : context.LoadCompiled(model.path);
  if (!graph) return std::move(graph.error());
  return CompiledModel{context, *std::move(graph), stopwatch.seconds()};
}

Result<std::vector<TensorData>> Compute(const Context& context, const Graph& graph,
                                        std::span<const TensorData> inputs) {
  std::vector<TensorData> outputs;
  for (const NamedDescriptor& output : graph.outputs()) {
    outputs.push_back({output.name, output.descriptor,
                       std::vector<std::byte>(output.descriptor.byte_length()), ""});
  }
  std::vector<NamedInputBytes> from;
  std::vector<NamedOutputBytes> to;
  for (const TensorData& input : inputs) from.emplace_back(input.name, input.bytes);
  for (TensorData& output : outputs) to.emplace_back(output.name, output.bytes);
  WEBNN_RETURN_IF_ERROR(context.Compute(graph, from, to));
  return outputs;
}

std::string EngineText(const Context& context) {
  const Backend& backend = context.impl()->backend();
  const ContextOptions& options = context.options();
  const auto precision = static_cast<size_t>(options.compile.precision);
  std::string text = fmt::format("{} {}, {}", backend.name(), backend.version(), backend.device());
  if (precision != 0) text += fmt::format(", {}", EnumNames(Precision{})[precision]);
  return text;
}

}  // namespace webnn::cli
