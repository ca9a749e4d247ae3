#include <algorithm>
#include <cstring>
#include <numeric>

#include "fmt/ranges.h"
#include "onnx/import/numbers.h"
#include "onnx/import/ops_indexing.h"

namespace webnn::onnx_format {
namespace {

Error RefuseUnknown(const Node& node, std::string_view input) {
  return node.Refuse(
      fmt::format("the size of the result depends on `{}`, which is computed at run time", input),
      "sizes in WebNN are fixed: make the input a constant, or the operator part of the program "
      "around the graph");
}

// What is chosen from: slices along an axis, or single elements where the node names none.
struct Sliced {
  ImportedValue value;
  uint32_t axis = 0;
};
Result<Sliced> Slice(Node& node, Movement& movement) {
  const ImportedValue& x = node.In(0);
  if (!node.HasAttribute("axis")) return Sliced{movement.Reshape(x, {ElementCount(x.sizes)})};
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  return Sliced{x, axis};
}

}  // namespace

Result<void> ImportCompress(Node& node) {
  const HostTensor* condition = node.Known(1);
  if (!condition) return RefuseUnknown(node, "condition");
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> keep, node.KnownIntegers(1, "condition"));
  Movement movement(node);
  WEBNN_ASSIGN_OR_RETURN(const Sliced sliced, Slice(node, movement));
  const auto& [x, axis] = sliced;
  // Either may be longer than the other.
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < std::min(std::ssize(keep), x.sizes[axis]); ++i) {
    if (keep[static_cast<size_t>(i)] != 0) indices.push_back(i);
  }
  return movement.Set(0, movement.Take(x, axis, indices));
}

Result<void> ImportNonZero(Node& node) {
  const HostTensor* x = node.Known(0);
  if (!x) return RefuseUnknown(node, "X");
  WEBNN_RETURN_IF_ERROR(CheckHostSize(node, x->element, x->sizes));
  const std::optional<Numbers> numbers = ReadNumbers(*x);
  if (!numbers) return node.Refuse(fmt::format("the type {} is not supported", NameOf(x->element)));
  std::vector<int64_t> found;
  std::visit(
      [&](const auto& values) {
        for (size_t i = 0; i < values.size(); ++i) {
          if (values[i] != 0) found.push_back(static_cast<int64_t>(i));
        }
      },
      *numbers);
  // One row of coordinates an axis; a scalar counts as one element along one axis.
  const std::vector<int64_t> sizes = x->sizes.empty() ? std::vector<int64_t>{1} : x->sizes;
  const std::vector<int64_t> strides = PackedStrides(sizes);
  std::vector<int64_t> coordinates;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    for (int64_t place : found) coordinates.push_back(place / strides[axis] % sizes[axis]);
  }
  return node.Set(
      0, HostReshape(HostTensor::Integers(coordinates),
                     {static_cast<int64_t>(sizes.size()), static_cast<int64_t>(found.size())}));
}

// Slices along an axis, or single elements, that differ from all others.
Result<void> ImportUnique(Node& node) {
  if (!node.Known(0)) return RefuseUnknown(node, "X");
  WEBNN_RETURN_IF_ERROR(CheckHostSize(node, node.TypeOf(0), node.SizesOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const int64_t sorted, node.Int("sorted", 1));
  Movement movement(node);
  WEBNN_ASSIGN_OR_RETURN(const Sliced sliced, Slice(node, movement));
  const auto& [x, axis] = sliced;
  std::vector<uint32_t> order(x.sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin(), order.begin() + axis, order.begin() + axis + 1);
  const ImportedValue slices = movement.Transpose(x, order);
  const std::optional<Numbers> numbers =
      slices.known() ? ReadNumbers(*slices.known()) : std::nullopt;
  if (!numbers) return node.Refuse("the input is too large, or of a type that is not supported");
  const int64_t count = x.sizes[axis];
  const int64_t length = count == 0 ? 0 : ElementCount(x.sizes) / count;

  std::vector<int64_t> first;  // the first place of each distinct slice, in the result's order
  std::vector<int64_t> inverse(static_cast<size_t>(count));  // place -> distinct slice
  std::vector<int64_t> counts;
  std::visit(
      [&](const auto& values) {
        const auto slice = [&](int64_t place) {
          return std::span(values).subspan(static_cast<size_t>(place * length),
                                           static_cast<size_t>(length));
        };
        const auto less = [&](int64_t a, int64_t b) {
          return std::ranges::lexicographical_compare(slice(a), slice(b),
                                                      [](auto x, auto y) { return Less(x, y); });
        };
        std::vector<int64_t> places(static_cast<size_t>(count));
        std::iota(places.begin(), places.end(), 0);
        std::stable_sort(places.begin(), places.end(), less);
        for (int64_t place : places) {
          if (first.empty() || less(first.back(), place)) {
            first.push_back(place);
            counts.push_back(0);
          }
          ++counts.back();
          inverse[static_cast<size_t>(place)] = std::ssize(first) - 1;
        }
      },
      *numbers);
  if (sorted == 0) {  // in the order of their first places
    std::vector<int64_t> rank(first.size());
    std::vector<int64_t> by_place(first.size());
    std::iota(by_place.begin(), by_place.end(), 0);
    std::sort(by_place.begin(), by_place.end(), [&](int64_t a, int64_t b) {
      return first[static_cast<size_t>(a)] < first[static_cast<size_t>(b)];
    });
    const std::vector<int64_t> old_first = first;
    const std::vector<int64_t> old_counts = counts;
    for (size_t i = 0; i < by_place.size(); ++i) {
      const auto from = static_cast<size_t>(by_place[i]);
      first[i] = old_first[from];
      counts[i] = old_counts[from];
      rank[from] = static_cast<int64_t>(i);
    }
    for (int64_t& place : inverse) place = rank[static_cast<size_t>(place)];
  }
  WEBNN_RETURN_IF_ERROR(movement.Set(0, movement.Take(x, axis, first)));
  const std::vector<int64_t>* others[] = {&first, &inverse, &counts};
  for (size_t k = 1; k < node.output_count() && k <= 3; ++k) {
    WEBNN_RETURN_IF_ERROR(node.Set(k, HostTensor::Integers(*others[k - 1])));
  }
  return node.status();
}

}  // namespace webnn::onnx_format
