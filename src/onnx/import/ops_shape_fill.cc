#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "fmt/ranges.h"
#include "onnx/import/numbers.h"
#include "onnx/import/ops_shape.h"

namespace webnn::onnx_format {
namespace {

// How many elements a Range has, at most `kMaxHostBytes`.
uint64_t RangeCount(uint64_t span, uint64_t step) { return span == 0 ? 0 : (span - 1) / step + 1; }
uint64_t RangeCount(int64_t start, int64_t limit, int64_t delta) {
  const uint64_t up = static_cast<uint64_t>(limit) - static_cast<uint64_t>(start);
  if (delta > 0) return limit > start ? RangeCount(up, static_cast<uint64_t>(delta)) : 0;
  return limit < start ? RangeCount(-up, -static_cast<uint64_t>(delta)) : 0;
}
uint64_t RangeCount(uint64_t start, uint64_t limit, uint64_t delta) {
  return limit > start ? RangeCount(limit - start, delta) : 0;
}
uint64_t RangeCount(double start, double limit, double delta) {
  const double count = std::ceil((limit - start) / delta);
  if (std::isnan(count) || count > static_cast<double>(kMaxHostBytes)) return kMaxHostBytes + 1;
  return count > 0 ? static_cast<uint64_t>(count) : 0;
}

template <NumberKind T>
T RangeElement(T start, T delta, uint64_t i) {
  if constexpr (std::is_same_v<T, double>) {
    return start + static_cast<double>(i) * delta;
  } else {
    return static_cast<T>(static_cast<uint64_t>(start) + i * static_cast<uint64_t>(delta));
  }
}

template <NumberKind T>
Result<HostTensor> MakeRange(const Node& node, T start, T limit, T delta) {
  if (delta == 0) return node.Invalid("`delta` is 0");
  const Element element = node.TypeOf(0);
  const std::array<int64_t, 1> sizes = {
      static_cast<int64_t>(std::min(RangeCount(start, limit, delta), kMaxHostBytes + 1))};
  WEBNN_RETURN_IF_ERROR(CheckHostSize(node, Element::kInt64, sizes));
  std::vector<T> values(static_cast<size_t>(sizes[0]));
  for (size_t i = 0; i < values.size(); ++i) values[i] = RangeElement(start, delta, i);
  return WriteNumbers(element, {sizes.begin(), sizes.end()}, std::move(values));
}

}  // namespace

Result<Element> ElementAttribute(const Node& node, std::string_view name, Element fallback) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int(name, static_cast<int64_t>(fallback)));
  const auto element = static_cast<Element>(given);
  if (given < 0 || given > 255 || !KindOf(element)) {
    return node.Refuse(
        fmt::format("`{}` is {}, an element type that is not supported", name, given));
  }
  return element;
}

Result<void> ImportConstant(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const auto tensor, node.TensorAttribute("value"));
  if (tensor) return node.Set(0, *tensor);
  for (const std::string_view name : {"value_int", "value_ints"}) {
    if (!node.HasAttribute(name)) continue;
    const bool scalar = name == "value_int";
    std::vector<int64_t> values;
    if (scalar) {
      WEBNN_ASSIGN_OR_RETURN(const int64_t value, node.Int(name, 0));
      values = {value};
    } else {
      WEBNN_ASSIGN_OR_RETURN(const auto list, node.Ints(name));
      values = list.value_or(values);
    }
    const HostTensor integers = HostTensor::Integers(values);
    return node.Set(0, scalar ? HostReshape(integers, {}) : integers);
  }
  if (node.HasAttribute("value_float")) {
    WEBNN_ASSIGN_OR_RETURN(const float value, node.Float("value_float", 0));
    return node.Set(0, WriteNumbers(Element::kFloat, {}, std::vector<double>{value}));
  }
  if (node.HasAttribute("value_floats")) {
    WEBNN_ASSIGN_OR_RETURN(const auto list, node.Floats("value_floats"));
    std::vector<double> values;
    if (list) values.assign(list->begin(), list->end());
    const auto count = static_cast<int64_t>(values.size());
    return node.Set(0, WriteNumbers(Element::kFloat, {count}, std::move(values)));
  }
  for (const std::string_view name : {"value_string", "value_strings"}) {
    if (node.HasAttribute(name)) return node.Refuse("strings are not supported");
  }
  if (node.HasAttribute("sparse_value")) {
    return node.Refuse("sparse tensors are not supported", "store the constant as a dense tensor");
  }
  return node.Invalid("it has no value");
}

Result<void> ImportConstantOfShape(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, node.KnownIntegers(0, "input"));
  WEBNN_ASSIGN_OR_RETURN(const auto given, node.TensorAttribute("value"));
  const HostTensor value =
      given ? *given : WriteNumbers(Element::kFloat, {}, std::vector<double>{0});
  if (ElementCount(value.sizes) != 1) {
    return node.Invalid("`value` has the shape [{}]; it must be one element",
                        fmt::join(value.sizes, ", "));
  }
  // Large weights of one number stay a number that the graph expands.
  Movement movement(node);
  return movement.Set(0,
                      movement.Expand(Movement::Known(HostReshape(value, {})), std::move(sizes)));
}

Result<void> ImportEyeLike(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Element element, ElementAttribute(node, "dtype", node.TypeOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const int64_t diagonal, node.Int("k", 0));
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  if (sizes.size() != 2) {
    return node.Invalid("the input has rank {}; it must be 2", sizes.size());
  }
  WEBNN_RETURN_IF_ERROR(CheckHostSize(node, element, sizes));
  std::byte* memory = nullptr;
  HostTensor result = HostTensor::Allocate(element, sizes, &memory);
  const HostTensor one = WriteNumbers(element, {}, std::vector<int64_t>{1});
  for (int64_t row = 0; row < sizes[0]; ++row) {
    if (diagonal < -row || diagonal >= sizes[1] - row) continue;
    std::memcpy(memory + static_cast<size_t>(row * sizes[1] + row + diagonal) * one.bytes.size(),
                one.bytes.data(), one.bytes.size());
  }
  return node.Set(0, std::move(result));
}

Result<void> ImportRange(Node& node) {
  std::array<Numbers, 3> scalars;
  for (size_t k = 0; k < 3; ++k) {
    constexpr std::array<std::string_view, 3> kNames = {"start", "limit", "delta"};
    WEBNN_RETURN_IF_ERROR(node.KnownNumbers(k, kNames[k]));
    if (node.TypeOf(k) != node.TypeOf(0) || ElementCount(node.SizesOf(k)) != 1) {
      return node.Invalid("`{}` must be one element of type {}", kNames[k], NameOf(node.TypeOf(0)));
    }
    scalars[k] = *ReadNumbers(*node.Known(k));
  }
  WEBNN_ASSIGN_OR_RETURN(HostTensor result, std::visit(
                                                [&](const auto& start) {
                                                  using List = std::decay_t<decltype(start)>;
                                                  return MakeRange(node, start[0],
                                                                   std::get<List>(scalars[1])[0],
                                                                   std::get<List>(scalars[2])[0]);
                                                },
                                                scalars[0]));
  return node.Set(0, std::move(result));
}

}  // namespace webnn::onnx_format
