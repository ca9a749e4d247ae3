#include "onnx/import/windows.h"

#include <algorithm>
#include <limits>

namespace webnn::onnx_format {
namespace {

Result<AutoPad> ReadAutoPad(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string name, node.String("auto_pad", "NOTSET"));
  constexpr std::array<std::string_view, 4> kNames = {"NOTSET", "SAME_UPPER", "SAME_LOWER",
                                                      "VALID"};
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) {
    return node.Invalid("auto_pad is \"{}\"; it can be {}", name, fmt::join(kNames, ", "));
  }
  return static_cast<AutoPad>(found - kNames.begin());
}

// A list of `count` numbers of at least `least`, or all of them `fallback`.
Result<std::vector<int64_t>> ReadList(const Node& node, std::string_view name, size_t count,
                                      int64_t least, std::optional<int64_t> fallback) {
  WEBNN_ASSIGN_OR_RETURN(auto given, node.Ints(name));
  if (!given || (given->empty() && fallback)) {
    if (!fallback) return node.Invalid("attribute {} is missing", name);
    return std::vector<int64_t>(count, *fallback);
  }
  if (given->size() != count) {
    return node.Invalid("{} [{}] must have {} elements for an input of rank {}", name,
                        fmt::join(*given, ", "), count, node.RankOf(0));
  }
  for (int64_t value : *given) {
    if (value >= least && value <= std::numeric_limits<int32_t>::max()) continue;
    return node.Invalid("{} [{}] must be from {} to 2147483647", name, fmt::join(*given, ", "),
                        least);
  }
  return *std::move(given);
}

}  // namespace

int64_t WindowAxis::output() const {
  const int64_t room = input + begin + end - reach();
  return room < 0 ? 0 : room / stride + 1;
}

void WindowAxis::Pad(int64_t total, bool odd_at_end) {
  total = std::max<int64_t>(total, 0);
  begin = odd_at_end ? total / 2 : total - total / 2;
  end = total - begin;
}

Result<Windows> ReadWindows(const Node& node, std::vector<int64_t> kernel) {
  if (node.RankOf(0) < 3) {
    return node.Invalid("the input has rank {}; it must have batch, channels and at least one axis",
                        node.RankOf(0));
  }
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  const size_t count = sizes.size() - 2;
  if (kernel.empty()) {
    WEBNN_ASSIGN_OR_RETURN(kernel, ReadList(node, "kernel_shape", count, 1, std::nullopt));
  } else {
    WEBNN_ASSIGN_OR_RETURN(const auto given, node.Ints("kernel_shape"));
    if (given && !given->empty() && *given != kernel) {
      return node.Invalid("kernel_shape is [{}], but the weights have [{}]",
                          fmt::join(*given, ", "), fmt::join(kernel, ", "));
    }
  }
  WEBNN_ASSIGN_OR_RETURN(const auto strides, ReadList(node, "strides", count, 1, 1));
  WEBNN_ASSIGN_OR_RETURN(const auto dilations, ReadList(node, "dilations", count, 1, 1));
  WEBNN_ASSIGN_OR_RETURN(auto pads, ReadList(node, "pads", 2 * count, 0, 0));
  Windows windows;
  WEBNN_ASSIGN_OR_RETURN(windows.auto_pad, ReadAutoPad(node));
  if (windows.auto_pad != AutoPad::kNotSet) pads.assign(2 * count, 0);
  for (size_t i = 0; i < count; ++i) {
    windows.axes.push_back({.input = sizes[2 + i],
                            .size = kernel[i],
                            .stride = strides[i],
                            .dilation = dilations[i],
                            .begin = pads[i],
                            .end = pads[count + i]});
  }
  return windows;
}

void PadToSame(Windows& windows) {
  for (WindowAxis& axis : windows.axes) {
    const int64_t output = (axis.input + axis.stride - 1) / axis.stride;
    axis.Pad((output - 1) * axis.stride + axis.reach() - axis.input,
             windows.auto_pad == AutoPad::kSameUpper);
  }
}

Operand PadAxes(Node& node, Operand x, std::vector<uint32_t> begin, std::vector<uint32_t> end,
                Number value) {
  const auto is_zero = [](uint32_t count) { return count == 0; };
  if (std::ranges::all_of(begin, is_zero) && std::ranges::all_of(end, is_zero)) return x;
  return node.Emit(ops::Pad{.input = x,
                            .beginning_padding = std::move(begin),
                            .ending_padding = std::move(end),
                            .value = value});
}

}  // namespace webnn::onnx_format
