#include "cli/open_sizes.h"

#include <algorithm>
#include <functional>
#include <map>
#include <span>

#include "cli/errors.h"
#include "cli/terminal.h"
#include "cli/typos.h"
#include "fmt/ranges.h"

namespace webnn::cli {
namespace {

// An input as the file declares it, with what is known of its sizes; 0 is open.
struct OpenInput {
  const DeclaredTensor* declared = nullptr;
  std::vector<uint32_t> sizes;
  bool open() const { return std::find(sizes.begin(), sizes.end(), 0) != sizes.end(); }
};

// Sizes of dimensions by name.
using NamedSizes = std::map<std::string, uint32_t, std::less<>>;

// Null for a size that is fixed or has no name.
const std::string* DimensionName(const DeclaredTensor& declared, size_t axis) {
  const std::string* name = std::get_if<std::string>(&declared.dimensions[axis]);
  return name == nullptr || name->empty() ? nullptr : name;
}

OpenInput Declare(const DeclaredTensor& declared) {
  OpenInput input{&declared, {}};
  for (const auto& dimension : declared.dimensions) {
    const uint64_t* fixed = std::get_if<uint64_t>(&dimension);
    input.sizes.push_back(fixed != nullptr ? static_cast<uint32_t>(*fixed) : 0);
  }
  return input;
}

// Takes what is known by name.
void Apply(const NamedSizes& named, OpenInput& input) {
  for (size_t axis = 0; axis < input.sizes.size(); ++axis) {
    const std::string* name = DimensionName(*input.declared, axis);
    if (input.sizes[axis] != 0 || name == nullptr) continue;
    const auto found = named.find(*name);
    if (found != named.end()) input.sizes[axis] = found->second;
  }
}

// Lets others know what this input has settled.
void Bind(const DeclaredTensor& declared, std::span<const uint32_t> sizes, NamedSizes& named) {
  for (size_t axis = 0; axis < std::min(sizes.size(), declared.dimensions.size()); ++axis) {
    const std::string* name = DimensionName(declared, axis);
    if (sizes[axis] != 0 && name != nullptr) named.emplace(*name, sizes[axis]);
  }
}

std::string NameOf(const OpenInput& input, size_t axis) {
  const std::string* name = DimensionName(*input.declared, axis);
  return name != nullptr ? *name : "?";
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

Error NoSuch(std::string_view option, std::string_view what, const std::string& name,
             const std::vector<std::string_view>& known) {
  return BadUse("{}: no input {} \"{}\"{}; there is {}", option, what, name,
                DidYouMean(name, known),
                known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")));
}

}  // namespace

Result<void> CheckSizes(const ModelSummary& summary, const LoadOptions& options) {
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> dimensions;
  for (const DeclaredTensor& input : summary.inputs) {
    inputs.push_back(input.name);
    for (size_t axis = 0; axis < input.dimensions.size(); ++axis) {
      const std::string* name = DimensionName(input, axis);
      if (name == nullptr) continue;
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
  for (const auto& [name, value] : options.values) {
    if (std::find(inputs.begin(), inputs.end(), name) == inputs.end()) {
      return NoSuch("--constant", "is named", name, inputs);
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
                    ShapeText(Declare(declared)));
    }
  }
  return {};
}

Result<std::vector<std::pair<std::string, Shape>>> SettleShapes(
    std::string_view command, const ModelSummary& summary, const LoadOptions& options,
    const std::vector<GivenInput>& given, const ImageOptions& image_options) {
  NamedSizes named(options.dimensions.begin(), options.dimensions.end());
  std::vector<OpenInput> inputs;
  for (const DeclaredTensor& declared : summary.inputs) {
    const auto shape = std::find_if(options.shapes.begin(), options.shapes.end(),
                                    [&](const auto& one) { return one.first == declared.name; });
    if (shape != options.shapes.end()) {
      Bind(declared, shape->second.sizes(), named);
    } else if (OpenInput input = Declare(declared); input.open()) {
      inputs.push_back(std::move(input));
    }
  }
  for (OpenInput& input : inputs) {
    Apply(named, input);
    SettleByInputs(input, given, image_options);
    Bind(*input.declared, input.sizes, named);
  }
  for (OpenInput& input : inputs) {
    Apply(named, input);
    if (input.sizes[0] != 0) continue;
    const std::string shape = ShapeText(input);
    input.sizes[0] = 1;
    if (input.open()) {
      input.sizes[0] = 0;  // so that the error below shows what the file says
      continue;
    }
    Note(command,
         fmt::format("the first size of {} {} is open, taking 1", input.declared->name, shape));
    Bind(*input.declared, input.sizes, named);
  }
  std::vector<std::pair<std::string, Shape>> shapes;
  for (OpenInput& input : inputs) {
    Apply(named, input);
    if (input.open()) return StillOpen(input);
    shapes.emplace_back(input.declared->name, Shape(std::move(input.sizes)));
  }
  return shapes;
}

}  // namespace webnn::cli
