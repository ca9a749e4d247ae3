#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "onnx/import/fold.h"
#include "onnx/import/movement.h"

namespace webnn::onnx_format {
namespace {

// What a reduction makes of the elements that come together; null where ONNX does not define it.
struct ReductionFold {
  std::string_view name;
  int64_t (*on_signed)(std::span<const int64_t>);
  uint64_t (*on_unsigned)(std::span<const uint64_t>);
  double (*on_float)(std::span<const double>);
};

template <class T>
T Total(std::span<const T> values) {
  if constexpr (std::is_same_v<T, double>) {
    return std::accumulate(values.begin(), values.end(), 0.0);
  } else {
    uint64_t sum = 0;
    for (T value : values) sum += static_cast<uint64_t>(value);
    return static_cast<T>(sum);
  }
}
template <class T>
T Product(std::span<const T> values) {
  if constexpr (std::is_same_v<T, double>) {
    return std::accumulate(values.begin(), values.end(), 1.0, std::multiplies<>());
  } else {
    uint64_t product = 1;
    for (T value : values) product *= static_cast<uint64_t>(value);
    return static_cast<T>(product);
  }
}
template <class T>
T Squares(std::span<const T> values) {
  std::vector<T> squares;
  for (T value : values) squares.push_back(Product<T>(std::array{value, value}));
  return Total<T>(squares);
}
template <class T>
T Absolutes(std::span<const T> values) {
  std::vector<T> absolutes;
  for (T value : values) absolutes.push_back(FunctionOf<T>(*FindUnaryFold("Abs"))(value));
  return Total<T>(absolutes);
}
// Of nothing it is what every number of the kind is better than; for integers of fewer bits than 64
// that is excluded before.
template <class T>
T Extreme(std::span<const T> values, std::string_view name) {
  constexpr bool kFloat = std::is_same_v<T, double>;
  const double infinity = std::numeric_limits<double>::infinity();
  const T worst = kFloat ? static_cast<T>(name == "Max" ? -infinity : infinity) : T{0};
  if (values.empty()) return worst;
  const auto better = FunctionOf<T>(*FindBinaryFold(name));
  return std::accumulate(values.begin() + 1, values.end(), values[0], better);
}
double LogSumExp(std::span<const double> values) {
  const double most = Extreme(values, "Max");
  if (std::isinf(most)) return most;
  double sum = 0;
  for (double value : values) sum += std::exp(value - most);
  return most + std::log(sum);
}
template <class T>
T Average(std::span<const T> values) {
  if constexpr (std::is_same_v<T, double>) {
    return Total(values) / static_cast<double>(values.size());
  } else {
    return values.empty() ? 0 : Total(values) / static_cast<T>(values.size());
  }
}

template <class F>
constexpr ReductionFold Any(std::string_view name, F f) {
  return {name, f, f, f};
}
constexpr ReductionFold Float(std::string_view name, double (*f)(std::span<const double>)) {
  return {name, nullptr, nullptr, f};
}

constexpr ReductionFold kReductions[] = {
    Any("ReduceL1", [](auto values) { return Absolutes(values); }),
    Float("ReduceL2", [](auto values) { return std::sqrt(Squares(values)); }),
    Float("ReduceLogSum", [](auto values) { return std::log(Total(values)); }),
    Float("ReduceLogSumExp", LogSumExp),
    Any("ReduceMax", [](auto values) { return Extreme(values, "Max"); }),
    Any("ReduceMean", [](auto values) { return Average(values); }),
    Any("ReduceMin", [](auto values) { return Extreme(values, "Min"); }),
    Any("ReduceProd", [](auto values) { return Product(values); }),
    Any("ReduceSum", [](auto values) { return Total(values); }),
    Any("ReduceSumSquare", [](auto values) { return Squares(values); }),
};

// A tensor whose reduced axes come last.
struct Grouped {
  HostTensor tensor;
  std::vector<int64_t> sizes;  // of the result
  size_t group;                // elements that come together
};
Grouped Group(const HostTensor& x, const std::vector<bool>& reduced, bool keep) {
  std::vector<uint32_t> order;
  Grouped grouped = {{}, {}, 1};
  for (uint32_t axis = 0; axis < reduced.size(); ++axis) {
    if (!reduced[axis]) order.push_back(axis);
    if (!reduced[axis] || keep) grouped.sizes.push_back(reduced[axis] ? 1 : x.sizes[axis]);
  }
  for (uint32_t axis = 0; axis < reduced.size(); ++axis) {
    if (!reduced[axis]) continue;
    order.push_back(axis);
    grouped.group *= static_cast<size_t>(x.sizes[axis]);
  }
  grouped.tensor = HostTranspose(x, order);
  return grouped;
}

// `function` of each group.
template <class T, class Function>
auto OfGroups(const std::vector<T>& values, const Grouped& grouped, Function function) {
  std::vector<decltype(function(std::span<const T>()))> results(
      static_cast<size_t>(ElementCount(grouped.sizes)));
  for (size_t i = 0; i < results.size(); ++i) {
    results[i] = function(std::span(values).subspan(i * grouped.group, grouped.group));
  }
  return results;
}

// Axes are an input of ReduceSum since version 13, of the others since 18.
Folded FoldReduction(const FoldNode& node) {
  const ReductionFold& row =
      *std::find_if(std::begin(kReductions), std::end(kReductions),
                    [&](const ReductionFold& fold) { return fold.name == node.node.op(); });
  const HostTensor& x = node.In(0);
  const int64_t rank = node.node.RankOf(0);
  WEBNN_ASSIGN_OR_RETURN(const auto given,
                         AttributeOrInput(node.node, "axes", 1, row.name == "ReduceSum" ? 13 : 18));
  WEBNN_ASSIGN_OR_RETURN(const int64_t keep, node.node.Int("keepdims", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t none, node.node.Int("noop_with_empty_axes", 0));
  const bool all = !given || given->empty();
  std::vector<bool> reduced(static_cast<size_t>(rank), all && none == 0);
  if (!all) {
    WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes, node.node.Axes(*given, rank));
    for (uint32_t axis : axes) reduced[axis] = true;
  }
  const Grouped grouped = Group(x, reduced, keep != 0);
  const bool undefined =
      grouped.group == 0 && row.name.starts_with("ReduceM") && !lowering::IsFloat(x.element);
  if (undefined || !node.Fits(x.element, grouped.sizes)) return std::optional<HostTensor>();
  return std::visit(
      [&]<class T>(const std::vector<T>& values) -> std::optional<HostTensor> {
        const auto function = FunctionOf<T>(row);
        if (!function) return std::nullopt;
        return WriteNumbers(x.element, grouped.sizes, OfGroups(values, grouped, function));
      },
      *ReadNumbers(grouped.tensor));
}

// ArgMax and ArgMin.
Folded FoldArg(const FoldNode& node) {
  const HostTensor& x = node.In(0);
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.node.Axis(given, node.node.RankOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const int64_t keep, node.node.Int("keepdims", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t last, node.node.Int("select_last_index", 0));
  std::vector<bool> reduced(x.sizes.size());
  reduced[axis] = true;
  const Grouped grouped = Group(x, reduced, keep != 0);
  if (grouped.group == 0 || !node.Fits(Element::kInt64, grouped.sizes)) {
    return std::optional<HostTensor>();
  }
  const bool largest = node.node.op() == "ArgMax";
  const auto best = [&](auto values) {
    size_t found = 0;
    for (size_t i = 1; i < values.size(); ++i) {
      const bool better = largest ? values[i] > values[found] : values[i] < values[found];
      if (better || (last != 0 && values[i] == values[found])) found = i;
    }
    return static_cast<int64_t>(found);
  };
  return std::visit(
      [&](const auto& values) -> std::optional<HostTensor> {
        return WriteNumbers(Element::kInt64, grouped.sizes, OfGroups(values, grouped, best));
      },
      *ReadNumbers(grouped.tensor));
}

// CumSum and CumProd.
Folded FoldRunning(const FoldNode& node) {
  const HostTensor& x = node.In(0);
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, KnownInteger(node.node, 1, "axis"));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.node.Axis(given, node.node.RankOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const int64_t exclusive, node.node.Int("exclusive", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t reverse, node.node.Int("reverse", 0));
  if (!node.Fits(x.element, x.sizes)) return std::optional<HostTensor>();
  const bool product = node.node.op() == "CumProd";
  const int64_t stride = PackedStrides(x.sizes)[axis];
  const int64_t size = x.sizes[axis];
  return std::visit(
      [&]<class T>(const std::vector<T>& values) -> std::optional<HostTensor> {
        const auto combine = FunctionOf<T>(*FindBinaryFold(product ? "Mul" : "Add"));
        std::vector<T> results(values.size());
        for (int64_t lane = 0; size > 0 && lane < std::ssize(values) / size; ++lane) {
          const int64_t start = lane / stride * stride * size + lane % stride;
          T running = product ? 1 : 0;
          for (int64_t i = 0; i < size; ++i) {
            const auto place =
                static_cast<size_t>(start + (reverse != 0 ? size - 1 - i : i) * stride);
            const T before = running;
            running = combine(running, values[place]);
            results[place] = exclusive != 0 ? before : running;
          }
        }
        return WriteNumbers(x.element, x.sizes, std::move(results));
      },
      *ReadNumbers(x));
}

}  // namespace

std::span<const FoldRow> ReductionFolds() {
  static const std::vector<FoldRow> kRows = [] {
    std::vector<FoldRow> rows = {{"ArgMax", 1, 1, FoldArg},
                                 {"ArgMin", 1, 1, FoldArg},
                                 {"CumProd", 2, 2, FoldRunning},
                                 {"CumSum", 2, 2, FoldRunning}};
    for (const ReductionFold& row : kReductions) rows.push_back({row.name, 1, 2, FoldReduction});
    return rows;
  }();
  return kRows;
}

}  // namespace webnn::onnx_format
