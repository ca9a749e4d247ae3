#include "cli/model.h"

#include <algorithm>

#include "cli/errors.h"
#include "cli/open_sizes.h"
#include "cli/terminal.h"
#include "fmt/ranges.h"
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

Result<PreparedModel> Prepare(std::string_view command, const ModelArguments& model,
                              const InputArguments& inputs) {
  WEBNN_ASSIGN_OR_RETURN(LoadOptions options, ToLoadOptions(model));
  WEBNN_ASSIGN_OR_RETURN(const ImageOptions image_options, ToImageOptions(inputs));
  WEBNN_ASSIGN_OR_RETURN(const auto given, ReadInputs(inputs.inputs));
  const Stopwatch stopwatch;
  WEBNN_ASSIGN_OR_RETURN(GraphDefinition definition,
                         LoadWithInputs(command, model.path, options, given, image_options));
  const double seconds = stopwatch.seconds();
  WEBNN_ASSIGN_OR_RETURN(std::vector<TensorData> filled,
                         FillInputs(definition.inputs(), given, image_options, inputs.cast));
  if (given.empty() && !filled.empty()) {
    std::vector<std::string> names;
    for (const TensorData& input : filled) {
      names.push_back(fmt::format("{} {}", input.name, ToString(input.descriptor)));
    }
    Note(command, fmt::format("no --input, so random numbers for {}", fmt::join(names, ", ")));
  }
  return PreparedModel{std::move(definition), std::move(filled), std::move(options), seconds};
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
  return fmt::format("{} {}, {}", backend.name(), backend.version(), backend.device());
}

}  // namespace webnn::cli
