#include <algorithm>

#include "onnx/import/constants.h"
#include "onnx/import/spatial.h"
#include "onnx/import/windows.h"

namespace webnn::onnx_format {
namespace {

// The windows of a pooling operator, `end` such that rounding down gives the output's size.
struct Pooling {
  std::vector<WindowAxis> axes;
  std::vector<int64_t> ends;  // padding at the end that was asked for
};

Result<Pooling> ReadPooling(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(Windows windows, ReadWindows(node));
  WEBNN_ASSIGN_OR_RETURN(const int64_t ceil, node.Int("ceil_mode", 0));
  if (windows.same()) PadToSame(windows);
  Pooling pooling = {.axes = std::move(windows.axes)};
  for (WindowAxis& axis : pooling.axes) {
    const int64_t room = axis.input + axis.begin + axis.end - axis.reach();
    int64_t output = axis.output();
    if (ceil != 0 && room > -axis.stride && room % axis.stride != 0) {
      output = room < 0 ? 1 : output + 1;
      // No window starts in the padding at the end.
      if ((output - 1) * axis.stride >= axis.input + axis.begin) --output;
    }
    if (output < 1) {
      return node.Invalid(
          "a window of {} (dilation {}) does not fit an axis of {} with padding {} and {}",
          axis.size, axis.dilation, axis.input, axis.begin, axis.end);
    }
    pooling.ends.push_back(axis.end);
    axis.end =
        std::max<int64_t>((output - 1) * axis.stride + axis.reach() - axis.input - axis.begin, 0);
  }
  return pooling;
}

template <class Op>
Operand PoolPlane(Node& node, Operand x, const std::array<WindowAxis, 2>& axes) {
  Op op = {.input = x,
           .window_dimensions = {
               {static_cast<uint32_t>(axes[0].size), static_cast<uint32_t>(axes[1].size)}}};
  SetWindows(op, axes);
  return node.Emit(std::move(op));
}

// Windows over any number of axes: the last two at once, then those before them one by one. `x` has
// batch and channels before the axes.
template <class Op>
Operand Pool(Node& node, Operand x, std::span<const WindowAxis> axes) {
  const int64_t batch = node.SizesOf(0)[0];
  const int64_t channels = node.SizesOf(0)[1];
  if (axes.size() == 2) return PoolPlane<Op>(node, x, {axes[0], axes[1]});
  std::vector<int64_t> sizes;
  for (const WindowAxis& axis : axes) sizes.push_back(axis.input);
  size_t done = axes.size();
  while (done > 0) {
    std::array<WindowAxis, 2> plane;
    const bool first = done == axes.size();
    const size_t begin = first && done > 1 ? done - 2 : done - 1;
    if (!first) {
      plane = {axes[begin], WholeAxis(ProductOf(sizes, done))};
    } else {
      plane = {done > 1 ? axes[begin] : WholeAxis(1), axes[done - 1]};
    }
    const int64_t before = ProductOf(sizes, 0, begin);
    x = node.Reshape(x, {batch, channels * before, plane[0].input, plane[1].input});
    x = PoolPlane<Op>(node, x, plane);
    for (size_t axis = begin; axis < done; ++axis) sizes[axis] = axes[axis].output();
    done = begin;
  }
  sizes.insert(sizes.begin(), {batch, channels});
  return node.Reshape(x, sizes);
}

Result<void> ImportMaxPool(Node& node) {
  if (node.Wants(1)) {
    return node.Refuse("the output Indices of MaxPool is used",
                       "WebNN's maxPool2d gives the largest elements alone");
  }
  WEBNN_ASSIGN_OR_RETURN(const Pooling pooling, ReadPooling(node));
  return node.Set(0, Pool<ops::MaxPool2d>(node, node.Get(0), pooling.axes));
}

Result<void> ImportAveragePool(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(Pooling pooling, ReadPooling(node));
  WEBNN_ASSIGN_OR_RETURN(const int64_t include, node.Int("count_include_pad", 0));
  Operand x = node.Get(0);
  if (include != 0) {
    // WebNN does not count padding: what is to be counted becomes part of the input.
    std::vector<uint32_t> begin(node.SizesOf(0).size(), 0);
    std::vector<uint32_t> end(begin);
    for (size_t i = 0; i < pooling.axes.size(); ++i) {
      WindowAxis& axis = pooling.axes[i];
      const int64_t counted = std::min(axis.end, pooling.ends[i]);
      begin[2 + i] = static_cast<uint32_t>(axis.begin);
      end[2 + i] = static_cast<uint32_t>(counted);
      axis.input += axis.begin + counted;
      axis.begin = 0;
      axis.end -= counted;
    }
    x = PadAxes(node, x, std::move(begin), std::move(end));
  }
  return node.Set(0, Pool<ops::AveragePool2d>(node, x, pooling.axes));
}

// x^p of numbers that are not negative.
Operand Power(Node& node, Operand x, double p, DataType type) {
  if (p == 1) return x;
  return node.Emit(ops::Pow{.a = x, .b = node.Scalar(p, type)});
}

// The p-th root of the sum of |x|^p, given what it is for p = 2: on |x|^(p/2), to the power of 2/p.
template <class Norm>
Result<void> SetNorm(Node& node, double p, Norm norm) {
  if (!(p > 0)) return node.Invalid("p is {}; it must be greater than 0", p);
  const Operand x = node.Get(0);
  if (p == 2) return node.Set(0, norm(x));
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);
  const Operand powers = Power(node, node.Emit(ops::Abs{.input = x}), p / 2, type);
  return node.Set(0, Power(node, norm(powers), 2 / p, type));
}

Result<void> ImportLpPool(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Pooling pooling, ReadPooling(node));
  WEBNN_ASSIGN_OR_RETURN(const int64_t p, node.Int("p", 2));
  return SetNorm(node, static_cast<double>(p),
                 [&](Operand x) { return Pool<ops::L2Pool2d>(node, x, pooling.axes); });
}

// All axes behind batch and channels.
Result<std::vector<uint32_t>> SpatialAxes(const Node& node) {
  if (node.RankOf(0) < 3) {
    return node.Invalid("the input has rank {}; it must have batch, channels and at least one axis",
                        node.RankOf(0));
  }
  std::vector<uint32_t> axes;
  for (uint32_t axis = 2; axis < node.RankOf(0); ++axis) axes.push_back(axis);
  return axes;
}

// The plane has an operator of its own; other ranks are reductions.
template <class PoolOp, class ReduceOp>
Operand GlobalPool(Node& node, Operand x, const std::vector<uint32_t>& axes) {
  if (axes.size() == 2) return node.Emit(PoolOp{.input = x});
  return node.Emit(ReduceOp{.input = x, .axes = axes, .keep_dimensions = true});
}

template <class PoolOp, class ReduceOp>
Result<void> ImportGlobalPool(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes, SpatialAxes(node));
  return node.Set(0, GlobalPool<PoolOp, ReduceOp>(node, node.Get(0), axes));
}

Result<void> ImportGlobalLpPool(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes, SpatialAxes(node));
  WEBNN_ASSIGN_OR_RETURN(const int64_t p, node.Int("p", 2));
  return SetNorm(node, static_cast<double>(p), [&](Operand x) {
    return GlobalPool<ops::L2Pool2d, ops::ReduceL2>(node, x, axes);
  });
}

}  // namespace

std::span<const ImportRow> PoolingRows() {
  static constexpr ImportRow kRows[] = {
      {"MaxPool", 1, 1, ImportMaxPool},
      {"AveragePool", 1, 1, ImportAveragePool},
      {"LpPool", 2, 1, ImportLpPool},
      {"GlobalMaxPool", 1, 1, ImportGlobalPool<ops::MaxPool2d, ops::ReduceMax>},
      {"GlobalAveragePool", 1, 1, ImportGlobalPool<ops::AveragePool2d, ops::ReduceMean>},
      {"GlobalLpPool", 2, 1, ImportGlobalLpPool},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
