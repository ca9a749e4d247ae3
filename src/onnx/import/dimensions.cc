#include "onnx/import/dimensions.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "fmt/ranges.h"

namespace webnn::onnx_format {
namespace {

using ::onnx::TensorShapeProto;
using ::onnx::ValueInfoProto;

const TensorShapeProto* ShapeOf(const ValueInfoProto& input) {
  const auto& type = input.type();
  return type.has_tensor_type() && type.tensor_type().has_shape() ? &type.tensor_type().shape()
                                                                  : nullptr;
}

template <class Names>
std::string Quoted(const Names& names) {
  return names.empty() ? "none" : fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

// What to write for `input` on the command line: "1x3x?x?".
std::string ShapePattern(const TensorShapeProto& shape) {
  std::string text;
  for (const auto& dim : shape.dim()) {
    if (!text.empty()) text += 'x';
    text += IsFixed(dim) ? fmt::format("{}", dim.dim_value()) : "?";
  }
  return text;
}

}  // namespace

bool IsFixed(const TensorShapeProto::Dimension& dim) {
  return dim.has_dim_value() && dim.dim_value() != -1;
}

std::string_view NameOf(const TensorShapeProto::Dimension& dim) {
  return dim.dim_param() == "?" ? std::string_view() : dim.dim_param();
}

Result<void> Dimensions::Bind(std::string_view name, uint32_t value, std::string by) {
  if (value == 0) return TypeError("{} makes dimension \"{}\" 0; sizes begin at 1", by, name);
  const auto [place, added] = named_.try_emplace(std::string(name), Size{value, by});
  if (!added && place->second.value != value) {
    return TypeError("dimension \"{}\" is {} by {} and {} by {}", name, place->second.value,
                     place->second.by, value, by);
  }
  return {};
}

Result<void> Dimensions::ApplyShape(const ValueInfoProto& input, const Shape& shape) {
  if (const TensorShapeProto* declared = ShapeOf(input); declared != nullptr) {
    const auto contradiction = [&] {
      return TypeError("the shape {} that is given for input \"{}\" contradicts the file's [{}]",
                       ToString(shape), input.name(), ShapePattern(*declared));
    };
    if (static_cast<uint32_t>(declared->dim_size()) != shape.rank()) return contradiction();
    for (int axis = 0; axis < declared->dim_size(); ++axis) {
      const auto& dim = declared->dim(axis);
      const uint32_t size = shape[static_cast<size_t>(axis)];
      if (IsFixed(dim) && dim.dim_value() != size) return contradiction();
      if (!NameOf(dim).empty()) {
        WEBNN_RETURN_IF_ERROR(
            Bind(NameOf(dim), size, fmt::format("the shape of input \"{}\"", input.name())));
      }
    }
  }
  const auto [place, added] = shapes_.try_emplace(input.name(), shape);
  if (!added && place->second != shape) {
    return TypeError("input \"{}\" is given two shapes, {} and {}", input.name(),
                     ToString(place->second), ToString(shape));
  }
  return {};
}

Result<Dimensions> Dimensions::Fix(std::span<const ValueInfoProto* const> inputs,
                                   const LoadOptions& options) {
  Dimensions dimensions;
  std::set<std::string_view> names;
  std::set<std::string_view> dimension_names;
  for (const ValueInfoProto* input : inputs) {
    names.insert(input->name());
    const TensorShapeProto* shape = ShapeOf(*input);
    if (shape == nullptr) continue;
    for (const auto& dim : shape->dim()) {
      if (!NameOf(dim).empty()) dimension_names.insert(NameOf(dim));
    }
  }
  for (const auto& [name, size] : options.dimensions) {
    if (!dimension_names.contains(name)) {
      return TypeError("no input has a dimension \"{}\"; named dimensions are {}", name,
                       Quoted(dimension_names));
    }
    WEBNN_RETURN_IF_ERROR(dimensions.Bind(name, size, "the option for this dimension"));
  }
  for (const auto& [name, shape] : options.shapes) {
    const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const auto* candidate) {
      return candidate->name() == name;
    });
    if (input == inputs.end()) {
      return TypeError("a shape is given for \"{}\", which is no input; inputs are {}", name,
                       Quoted(names));
    }
    WEBNN_RETURN_IF_ERROR(dimensions.ApplyShape(**input, shape));
  }
  return dimensions;
}

std::optional<std::vector<int64_t>> Dimensions::TryFix(
    const ::onnx::TypeProto::Tensor& type) const {
  if (!type.has_shape()) return std::nullopt;
  std::vector<int64_t> sizes;
  for (const auto& dim : type.shape().dim()) {
    const auto named = named_.find(NameOf(dim));
    if (IsFixed(dim)) {
      sizes.push_back(dim.dim_value());
    } else if (named != named_.end()) {
      sizes.push_back(named->second.value);
    } else {
      return std::nullopt;
    }
  }
  return sizes;
}

Result<std::vector<int64_t>> Dimensions::SizesOf(const ValueInfoProto& input) const {
  std::vector<int64_t> sizes;
  if (const auto given = shapes_.find(input.name()); given != shapes_.end()) {
    sizes.assign(given->second.begin(), given->second.end());
  } else {
    const TensorShapeProto* shape = ShapeOf(input);
    if (shape == nullptr) {
      return Error{ErrorCode::kNotSupported, "the file does not give its shape, not even the rank",
                   fmt::format("give it by LoadOptions::shapes (--shape {}=...)", input.name())};
    }
    std::vector<std::string> open;
    std::string help;
    for (int axis = 0; axis < shape->dim_size(); ++axis) {
      const auto& dim = shape->dim(axis);
      if (IsFixed(dim)) {
        sizes.push_back(dim.dim_value());
      } else if (const auto named = named_.find(NameOf(dim)); named != named_.end()) {
        sizes.push_back(named->second.value);
      } else if (NameOf(dim).empty()) {
        open.push_back(fmt::format("{}", axis));
      } else {
        open.push_back(fmt::format("{} (\"{}\")", axis, dim.dim_param()));
        help += fmt::format("{}--dim {}=SIZE", help.empty() ? "" : " ", dim.dim_param());
      }
    }
    if (!open.empty()) {
      return Error{
          ErrorCode::kNotSupported,
          fmt::format("its dimension{} {} {} open", open.size() == 1 ? "" : "s",
                      fmt::join(open, ", "), open.size() == 1 ? "is" : "are"),
          fmt::format("fix the sizes by LoadOptions::shapes (--shape {}={}){}", input.name(),
                      ShapePattern(*shape),
                      help.empty() ? "" : fmt::format(" or LoadOptions::dimensions ({})", help))};
    }
  }
  for (int64_t size : sizes) {
    if (size < 0 || size > INT32_MAX) {
      return TypeError("size {} in the shape [{}] is not in [1, {}]", size, fmt::join(sizes, ", "),
                       INT32_MAX);
    }
    if (size == 0) {
      return Error{ErrorCode::kNotSupported,
                   fmt::format("its shape [{}] has no elements, which WebNN's tensors must have",
                               fmt::join(sizes, ", ")),
                   {}};
    }
  }
  return sizes;
}

}  // namespace webnn::onnx_format
