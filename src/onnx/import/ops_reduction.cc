#include <algorithm>
#include <numeric>

#include "onnx/import/node.h"

namespace webnn::onnx_format {
namespace {

// Since when the axes of an operator are an input.
int AxesInputSince(std::string_view op) { return op == "ReduceSum" ? 13 : 18; }

// Axes to reduce over; all of them where none are given, unless that means none.
Result<std::vector<uint32_t>> ReducedAxes(const Node& node) {
  std::vector<int64_t> axes;
  if (node.opset() >= AxesInputSince(node.op())) {
    if (node.Has(1)) {
      WEBNN_ASSIGN_OR_RETURN(axes, node.KnownIntegers(1, "axes"));
    }
  } else {
    WEBNN_ASSIGN_OR_RETURN(auto given, node.Ints("axes"));
    if (given) axes = *std::move(given);
  }
  if (axes.empty()) {
    WEBNN_ASSIGN_OR_RETURN(const int64_t none, node.Int("noop_with_empty_axes", 0));
    if (none == 0) {
      axes.resize(static_cast<size_t>(node.RankOf(0)));
      std::iota(axes.begin(), axes.end(), 0);
    }
  }
  return node.Axes(axes, node.RankOf(0));
}

template <class Op>
Result<void> ImportReduce(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<uint32_t> axes, ReducedAxes(node));
  WEBNN_ASSIGN_OR_RETURN(const int64_t keep, node.Int("keepdims", 1));
  return node.Set(0,
                  node.Emit(Op{.input = node.Get(0), .axes = axes, .keep_dimensions = keep != 0}),
                  node.TypeOf(0) == Element::kBool ? Element::kBool : Element::kNone);
}

// A mean of integers is their sum, divided.
Result<void> ImportReduceMean(Node& node) {
  if (lowering::IsFloat(node.TypeOf(0))) return ImportReduce<ops::ReduceMean>(node);
  WEBNN_ASSIGN_OR_RETURN(std::vector<uint32_t> axes, ReducedAxes(node));
  WEBNN_ASSIGN_OR_RETURN(const int64_t keep, node.Int("keepdims", 1));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  int64_t count = 1;
  for (uint32_t axis : axes) count *= node.SizesOf(0)[axis];
  const Operand sum =
      node.Emit(ops::ReduceSum{.input = node.Get(0), .axes = axes, .keep_dimensions = keep != 0});
  return node.Set(0, node.Div(sum, node.Scalar(count, type)));
}

// ---- Indices. ----

template <class Op>
Result<void> ImportArg(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t axis_attribute, node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t keep, node.Int("keepdims", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t last, node.Int("select_last_index", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(axis_attribute, node.RankOf(0)));
  Operand x = node.Get(0);
  if (last != 0) x = node.Emit(ops::Reverse{.input = x, .axes = std::vector{axis}});
  Operand index = node.Emit(Op{.input = x,
                               .axis = axis,
                               .keep_dimensions = keep != 0,
                               .output_data_type = DataType::kInt64});
  if (last != 0) {
    index = node.Sub(node.Scalar(node.SizesOf(0)[axis] - 1, DataType::kInt64), index);
  }
  return node.Set(0, index);
}

// ---- Softmax and its kin. ----

// Before opset 13 the operator works on the rows of a matrix that axes from `axis` on make up.
struct Rows {
  Operand input;
  uint32_t axis;
  std::vector<int64_t> sizes;  // of the result
};

Result<Rows> RowsOf(Node& node) {
  const bool is_matrix = node.opset() < 13;
  const std::vector<int64_t> sizes = node.SizesOf(0);
  const int64_t rank = node.RankOf(0);
  WEBNN_ASSIGN_OR_RETURN(const int64_t attribute, node.Int("axis", is_matrix ? 1 : -1));
  if (is_matrix && attribute == rank) {
    return node.Refuse(fmt::format("`axis` {} leaves rows of one element", attribute));
  }
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(attribute, rank));
  const Operand x = node.Get(0);
  if (!is_matrix || axis + 1 == sizes.size()) return Rows{x, axis, sizes};
  const auto product = [&](size_t begin, size_t end) {
    return std::accumulate(sizes.begin() + static_cast<ptrdiff_t>(begin),
                           sizes.begin() + static_cast<ptrdiff_t>(end), int64_t{1},
                           std::multiplies<>());
  };
  return Rows{node.Reshape(x, {product(0, axis), product(axis, sizes.size())}), 1, sizes};
}

Result<void> ImportSoftmax(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Rows rows, RowsOf(node));
  const Operand result = node.Emit(ops::Softmax{.input = rows.input, .axis = rows.axis});
  return node.Set(0, node.Reshape(result, rows.sizes));
}

// The largest element goes first, so that large numbers keep their digits.
Result<void> ImportLogSoftmax(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Rows rows, RowsOf(node));
  const std::vector<uint32_t> axes = {rows.axis};
  const Operand largest =
      node.Emit(ops::ReduceMax{.input = rows.input, .axes = axes, .keep_dimensions = true});
  const Operand shifted = node.Sub(rows.input, largest);
  const Operand log_sum =
      node.Emit(ops::ReduceLogSumExp{.input = shifted, .axes = axes, .keep_dimensions = true});
  return node.Set(0, node.Reshape(node.Sub(shifted, log_sum), rows.sizes));
}

// 1 at the first of the largest elements, else 0.
Result<void> ImportHardmax(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Rows rows, RowsOf(node));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const Operand index = node.Emit(ops::ArgMax{.input = rows.input,
                                              .axis = rows.axis,
                                              .keep_dimensions = true,
                                              .output_data_type = DataType::kInt64});
  WEBNN_RETURN_IF_ERROR(node.status());
  const auto filled = [&](int value, Operand like) {
    return node.Expand(node.Scalar(value, type), node.Sizes(like));
  };
  const Operand result = node.Emit(ops::ScatterElements{.input = filled(0, rows.input),
                                                        .indices = index,
                                                        .updates = filled(1, index),
                                                        .axis = rows.axis});
  return node.Set(0, node.Reshape(result, rows.sizes));
}

// ---- Running sums and products. ----

struct Running {
  uint32_t axis;
  bool exclusive;
  bool reverse;
};

Result<Running> RunningOf(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Number given, node.KnownScalar(1, "axis"));
  if (!given.is_integer()) return node.Invalid("`axis` is no integer");
  WEBNN_ASSIGN_OR_RETURN(const int64_t exclusive, node.Int("exclusive", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t reverse, node.Int("reverse", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given.int64(), node.RankOf(0)));
  return Running{axis, exclusive != 0, reverse != 0};
}

Result<void> ImportCumSum(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Running running, RunningOf(node));
  return node.Set(0, node.Emit(ops::CumulativeSum{.input = node.Get(0),
                                                  .axis = running.axis,
                                                  .exclusive = running.exclusive,
                                                  .reversed = running.reverse}));
}

// `x` moved by `count` places along `axis`, with ones before it.
Operand Shift(Node& node, Operand x, uint32_t axis, int64_t count, DataType type) {
  std::vector<int64_t> sizes = node.Sizes(x);
  std::vector<int64_t> rest = sizes;
  rest[axis] -= count;
  sizes[axis] = count;
  const Operand ones = node.Expand(node.Scalar(1, type), sizes);
  if (rest[axis] == 0) return ones;
  const Operand kept = node.Emit(ops::Slice{.input = x,
                                            .starts = std::vector<Dimension>(sizes.size()),
                                            .sizes = {rest.begin(), rest.end()}});
  return node.Emit(ops::Concat{.inputs = {ones, kept}, .axis = axis});
}

// In the logarithm of the count of steps: each multiplies every element by one further back.
Result<void> ImportCumProd(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Running running, RunningOf(node));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const auto reversed = [&](Operand x) {
    return running.reverse ? node.Emit(ops::Reverse{.input = x, .axes = std::vector{running.axis}})
                           : x;
  };
  Operand product = reversed(node.Get(0));
  const int64_t size = node.SizesOf(0)[running.axis];
  for (int64_t count = 1; count < size && node.status().ok(); count *= 2) {
    product = node.Mul(product, Shift(node, product, running.axis, count, type));
  }
  WEBNN_RETURN_IF_ERROR(node.status());
  if (running.exclusive) product = Shift(node, product, running.axis, 1, type);
  return node.Set(0, reversed(product));
}

constexpr ImportRow kRows[] = {
    {"ArgMax", 1, 1, ImportArg<ops::ArgMax>},
    {"ArgMin", 1, 1, ImportArg<ops::ArgMin>},
    {"CumProd", 26, 2, ImportCumProd},
    {"CumSum", 11, 2, ImportCumSum},
    {"Hardmax", 1, 1, ImportHardmax},
    {"LogSoftmax", 1, 1, ImportLogSoftmax},
    {"ReduceL1", 1, 1, ImportReduce<ops::ReduceL1>},
    {"ReduceL2", 1, 1, ImportReduce<ops::ReduceL2>},
    {"ReduceLogSum", 1, 1, ImportReduce<ops::ReduceLogSum>},
    {"ReduceLogSumExp", 1, 1, ImportReduce<ops::ReduceLogSumExp>},
    {"ReduceMax", 1, 1, ImportReduce<ops::ReduceMax>},
    {"ReduceMean", 1, 1, ImportReduceMean},
    {"ReduceMin", 1, 1, ImportReduce<ops::ReduceMin>},
    {"ReduceProd", 1, 1, ImportReduce<ops::ReduceProduct>},
    {"ReduceSum", 1, 1, ImportReduce<ops::ReduceSum>},
    {"ReduceSumSquare", 1, 1, ImportReduce<ops::ReduceSumSquare>},
    {"Softmax", 1, 1, ImportSoftmax},
};

}  // namespace

std::span<const ImportRow> ReductionRows() { return kRows; }

}  // namespace webnn::onnx_format
