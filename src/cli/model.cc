#include "cli/model.h"

#include <algorithm>
#include <optional>

#include "cli/errors.h"
#include "cli/terminal.h"
#include "cli/typos.h"
#include "fmt/ranges.h"
#include "runtime/impl.h"

namespace webnn::cli {
namespace {

using Dimensions = std::vector<std::variant<uint64_t, std::string>>;

// An input as the file declares it, with what is known of its sizes; 0 is open.
struct OpenInput {
  const DeclaredTensor* declared = nullptr;
  std::vector<uint32_t> sizes;
  bool open() const { return std::find(sizes.begin(), sizes.end(), 0) != sizes.end(); }
};

OpenInput Settle(const DeclaredTensor& declared, const LoadOptions& options) {
  OpenInput input{&declared, {}};
  for (const auto& dimension : declared.dimensions) {
    uint32_t size = 0;
    if (const uint64_t* fixed = std::get_if<uint64_t>(&dimension)) {
      size = static_cast<uint32_t>(*fixed);
    } else {
      for (const auto& [name, given] : options.dimensions) {
        if (name == std::get<std::string>(dimension)) size = given;
      }
    }
    input.sizes.push_back(size);
  }
  return input;
}

std::string NameOf(const OpenInput& input, size_t axis) {
  const auto& dimension = input.declared->dimensions[axis];
  const std::string* name = std::get_if<std::string>(&dimension);
  return name != nullptr && !name->empty() ? *name : "?";
}

// "[batch, 3, 224, 224]"
std::string ShapeText(const OpenInput& input) {
  std::vector<std::string> sizes;
  for (size_t axis = 0; axis < input.sizes.size(); ++axis) {
    sizes.push_back(input.sizes[axis] != 0 ? fmt::format("{}", input.sizes[axis])
                                           : NameOf(input, axis));
  }
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

Error NoSuch(std::string_view option, std::string_view what, const std::string& name,
             const std::vector<std::string_view>& known) {
  return BadUse("{}: no input {} \"{}\"{}; there is {}", option, what, name,
                DidYouMean(name, known),
                known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")));
}

// Do the sizes that are given fit what the file declares?
Result<void> CheckSizes(const ModelSummary& summary, const LoadOptions& options) {
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> dimensions;
  for (const DeclaredTensor& input : summary.inputs) {
    inputs.push_back(input.name);
    for (const auto& dimension : input.dimensions) {
      const std::string* name = std::get_if<std::string>(&dimension);
      if (name == nullptr || name->empty()) continue;
      if (std::find(dimensions.begin(), dimensions.end(), *name) == dimensions.end()) {
        dimensions.push_back(*name);
      }
    }
  }
  for (const auto& [name, size] : options.dimensions) {
    if (std::find(dimensions.begin(), dimensions.end(), name) == dimensions.end()) {
      return NoSuch("--dim", "has a dimension", name, dimensions);
    }
  }
  for (const auto& [name, shape] : options.shapes) {
    const auto place = std::find(inputs.begin(), inputs.end(), name);
    if (place == inputs.end()) return NoSuch("--shape", "is named", name, inputs);
    const DeclaredTensor& declared = summary.inputs[static_cast<size_t>(place - inputs.begin())];
    bool fits = declared.dimensions.empty() || declared.dimensions.size() == shape.rank();
    for (size_t axis = 0; fits && axis < declared.dimensions.size(); ++axis) {
      const uint64_t* fixed = std::get_if<uint64_t>(&declared.dimensions[axis]);
      fits = fixed == nullptr || *fixed == shape[axis];
    }
    if (!fits) {
      return BadUse("--shape: {} does not fit the input {} {}", ToString(shape), name,
                    ShapeText(Settle(declared, {})));
    }
  }
  return {};
}

// Sizes of a picture for the open ones behind the batch.
void SettleByImage(OpenInput& input, const Image& image, Layout layout) {
  const size_t rank = input.sizes.size();
  if (rank != 3 && rank != 4) return;
  uint32_t* sizes = &input.sizes[rank - 3];
  if (layout == Layout::kAuto) layout = LayoutOf(sizes[0], sizes[2]);
  const bool last = layout == Layout::kNhwc;
  const auto settle = [](uint32_t& size, uint32_t value) {
    if (size == 0) size = value;
  };
  settle(sizes[last ? 0 : 1], image.height);
  settle(sizes[last ? 1 : 2], image.width);
  settle(sizes[last ? 2 : 0], 3);
}

void SettleByInputs(OpenInput& input, const std::vector<GivenInput>& given,
                    const ImageOptions& image_options) {
  for (const GivenInput& one : given) {
    if (!one.name.empty() && one.name != input.declared->name) continue;
    if (const Array* array = std::get_if<Array>(&one.source)) {
      if (array->sizes.size() != input.sizes.size()) continue;
      for (size_t axis = 0; axis < input.sizes.size(); ++axis) {
        if (input.sizes[axis] == 0) input.sizes[axis] = static_cast<uint32_t>(array->sizes[axis]);
      }
    } else if (const Image* image = std::get_if<Image>(&one.source)) {
      SettleByImage(input, *image, image_options.layout);
    }
  }
}

Error StillOpen(const OpenInput& input) {
  std::vector<std::string> sizes;
  std::string dimensions;
  for (size_t axis = 0; axis < input.sizes.size(); ++axis) {
    const bool open = input.sizes[axis] == 0;
    sizes.push_back(open ? "?" : fmt::format("{}", input.sizes[axis]));
    const std::string name = NameOf(input, axis);
    if (open && name != "?") dimensions += fmt::format("--dim {}=SIZE ", name);
  }
  return WithHint(
      BadUse("the model leaves sizes of the input {} {} open", input.declared->name,
             ShapeText(input)),
      fmt::format("{}{}--shape {}={} gives them", dimensions, dimensions.empty() ? "" : "or ",
                  input.declared->name, fmt::join(sizes, "x")));
}

// Shapes for the inputs whose sizes are open; none when there is nothing to settle.
Result<std::vector<std::pair<std::string, Shape>>> SettleShapes(
    std::string_view command, const ModelSummary& summary, const LoadOptions& options,
    const std::vector<GivenInput>& given, const ImageOptions& image_options) {
  std::vector<std::pair<std::string, Shape>> shapes;
  for (const DeclaredTensor& declared : summary.inputs) {
    const bool has_shape =
        std::any_of(options.shapes.begin(), options.shapes.end(),
                    [&](const auto& shape) { return shape.first == declared.name; });
    OpenInput input = Settle(declared, options);
    if (has_shape || !input.open()) continue;
    SettleByInputs(input, given, image_options);
    if (!input.sizes.empty() && input.sizes[0] == 0) {
      input.sizes[0] = 1;
      if (!input.open()) {
        Note(command, fmt::format("the first size of {} {} is open, taking 1", declared.name,
                                  ShapeText(Settle(declared, options))));
      }
    }
    if (input.open()) return StillOpen(Settle(declared, options));
    shapes.emplace_back(declared.name, Shape(std::move(input.sizes)));
  }
  return shapes;
}

}  // namespace

Result<GraphDefinition> LoadWithInputs(std::string_view command, const std::string& path,
                                       LoadOptions& options, const std::vector<GivenInput>& given,
                                       const ImageOptions& image_options) {
  auto definition = LoadGraph(path, options);
  if (definition) return definition;
  // Perhaps sizes are open or given wrongly: only the file's own declarations tell.
  LoadOptions without_sizes = options;
  without_sizes.shapes.clear();
  without_sizes.dimensions.clear();
  const auto summary = InspectModel(path, without_sizes);
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
