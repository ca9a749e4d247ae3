#include "backends/tensorrt/inspect.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/errors.h"

namespace webnn::trt {
namespace {

using lowering::Element;

// How versions name the types in "Format/Datatype".
constexpr std::array<std::string_view, 4> kFloat16Names = {"Half", "FP16", "half", "Float16"};
constexpr std::array<std::string_view, 4> kBfloat16Names = {"BF16", "BFloat16", "bfloat16",
                                                            "Bfloat16"};
constexpr auto kMoves = std::to_array<std::string_view>(
    {"Cast", "Concat", "Expand", "Gather", "GatherElements", "GatherND", "Pad", "Reshape",
     "ScatterElements", "ScatterND", "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze",
     "Where"});

}  // namespace

bool ComputesIn(std::string_view description, Element element) {
  const std::span<const std::string_view> names =
      element == Element::kBfloat16 ? std::span<const std::string_view>(kBfloat16Names)
                                    : std::span<const std::string_view>(kFloat16Names);
  // Only the values of these members: layers may have any name.
  constexpr std::string_view kMember = "Datatype\"";
  for (size_t at = 0; (at = description.find(kMember, at)) != std::string_view::npos;) {
    at += kMember.size();
    const size_t begin = description.find('"', at);
    if (begin == std::string_view::npos) break;
    const size_t end = std::min(description.find('"', begin + 1), description.size());
    const std::string_view value = description.substr(begin, end - begin);
    if (std::any_of(names.begin(), names.end(), [&](std::string_view name) {
          return value.find(name) != std::string_view::npos;
        })) {
      return true;
    }
    at = end;
  }
  return false;
}

Result<void> CheckPrecision(const lowering::Model& model, std::string_view description,
                            Element element) {
  const std::string_view name = element == Element::kBfloat16 ? "bfloat16" : "float16";
  bool asked = false;
  for (const lowering::ModelNode& node : model.nodes) {
    // What only changes types or moves elements does not compute, and may go.
    if (std::find(kMoves.begin(), kMoves.end(), node.op_type) != kMoves.end()) continue;
    for (lowering::ValueId output : node.outputs) {
      asked = asked || (output < model.elements.size() && model.elements[output] == element);
    }
  }
  if (!asked || ComputesIn(description, element)) return {};
  return OperationError(
      "precision {} was asked for, but the library has built an engine without a value of that "
      "type",
      name);
}

}  // namespace webnn::trt
