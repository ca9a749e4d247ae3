#include <algorithm>
#include <array>

#include "fmt/ranges.h"
#include "onnx/import/numbers.h"
#include "onnx/import/ops_shape.h"

namespace webnn::onnx_format {
namespace {

// The block size of an operator on [batch, channels, height, width] whose sizes it divides.
Result<int64_t> BlockSize(const Node& node, bool of_channels) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t block, node.Int("blocksize", 0));
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  if (sizes.size() != 4) {
    return node.Invalid("the input has rank {}; it must be 4", sizes.size());
  }
  const bool sane = block > 0 && block <= (int64_t{1} << 15);
  const bool divides = sane && (of_channels ? sizes[1] % (block * block) == 0
                                            : sizes[2] % block == 0 && sizes[3] % block == 0);
  if (!divides) {
    return node.Invalid("`blocksize` {} does not divide the sizes [{}]", block,
                        fmt::join(sizes, ", "));
  }
  return block;
}

// Blocks lie before the channels they are made of or become ("DCR"), or behind ("CRD").
Result<bool> DepthFirst(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string mode, node.String("mode", "DCR"));
  if (mode == "DCR" || mode == "CRD") return mode == "DCR";
  return node.Invalid("`mode` is \"{}\"; allowed are DCR and CRD", mode);
}

// Sequences one by one along the first two axes, in the order of memory.
struct Sequences {
  int64_t steps, batch;
  int64_t step_stride, batch_stride;  // in rows of what the two axes make together
};

// Row by row, where the reversed tensor reads.
std::vector<int64_t> ReversedRows(const Sequences& shape, std::span<const int64_t> lengths) {
  std::vector<int64_t> rows(static_cast<size_t>(shape.steps * shape.batch));
  for (int64_t item = 0; item < shape.batch; ++item) {
    const int64_t length = lengths[static_cast<size_t>(item)];
    for (int64_t step = 0; step < shape.steps; ++step) {
      const int64_t from = step < length ? length - 1 - step : step;
      const int64_t base = item * shape.batch_stride;
      rows[static_cast<size_t>(base + step * shape.step_stride)] = base + from * shape.step_stride;
    }
  }
  return rows;
}

// The same for lengths that the graph computes.
Operand ReversedRows(Node& node, const Sequences& shape, bool steps_first) {
  const auto along = [&](int64_t count, int64_t stride, bool first) {
    std::vector<int64_t> values(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = i * stride;
    const int64_t rows = first ? count : 1;
    return node.Constant(HostReshape(HostTensor::Integers(values), {rows, count / rows}));
  };
  const Operand step = along(shape.steps, 1, steps_first);
  const Operand item = along(shape.batch, shape.batch_stride, !steps_first);
  const int64_t rows = steps_first ? 1 : shape.batch;
  const Operand length =
      node.Reshape(node.Cast(node.Get(1), DataType::kInt64), {rows, shape.batch / rows});
  const Operand last = node.Sub(length, node.Scalar(1, DataType::kInt64));
  const Operand from =
      node.Emit(ops::Where{.condition = node.Emit(ops::Lesser{.a = step, .b = length}),
                           .true_value = node.Sub(last, step),
                           .false_value = step});
  const Operand stride = node.Scalar(shape.step_stride, DataType::kInt64);
  return node.Reshape(node.Add(node.Mul(from, stride), item), {shape.steps * shape.batch});
}

// One list of Col2Im, with as many elements as there are spatial axes or pairs of them.
Result<std::vector<int64_t>> SpatialInts(const Node& node, std::string_view name, size_t count,
                                         int64_t fallback, int64_t least) {
  WEBNN_ASSIGN_OR_RETURN(auto values, node.Ints(name));
  if (!values) return std::vector<int64_t>(count, fallback);
  const bool sane = std::all_of(values->begin(), values->end(), [least](int64_t value) {
    return value >= least && value <= (int64_t{1} << 20);
  });
  if (values->size() == count && sane) return *std::move(values);
  return node.Invalid("`{}` is [{}]; it must have {} elements of at least {}", name,
                      fmt::join(*values, ", "), count, least);
}

}  // namespace

Result<void> ImportDepthToSpace(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const bool depth_first, DepthFirst(node));
  WEBNN_ASSIGN_OR_RETURN(const int64_t b, BlockSize(node, true));
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  const int64_t n = sizes[0], c = sizes[1] / (b * b), h = sizes[2], w = sizes[3];
  Movement movement(node);
  ImportedValue x = node.In(0);
  if (depth_first) {
    x = movement.Reshape(x, {n, b, b, c, h, w});
    x = movement.Transpose(x, std::array<uint32_t, 6>{0, 3, 4, 1, 5, 2});
  } else {
    x = movement.Reshape(x, {n, c, b, b, h, w});
    x = movement.Transpose(x, std::array<uint32_t, 6>{0, 1, 4, 2, 5, 3});
  }
  return movement.Set(0, movement.Reshape(x, {n, c, h * b, w * b}));
}

Result<void> ImportSpaceToDepth(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const bool depth_first, DepthFirst(node));
  WEBNN_ASSIGN_OR_RETURN(const int64_t b, BlockSize(node, false));
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  const int64_t n = sizes[0], c = sizes[1], h = sizes[2] / b, w = sizes[3] / b;
  Movement movement(node);
  ImportedValue x = movement.Reshape(node.In(0), {n, c, h, b, w, b});
  x = movement.Transpose(x, depth_first ? std::array<uint32_t, 6>{0, 3, 5, 1, 2, 4}
                                        : std::array<uint32_t, 6>{0, 1, 3, 5, 2, 4});
  return movement.Set(0, movement.Reshape(x, {n, c * b * b, h, w}));
}

Result<void> ImportReverseSequence(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t time_axis, node.Int("time_axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t batch_axis, node.Int("batch_axis", 1));
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  if (sizes.size() < 2 || time_axis + batch_axis != 1 || time_axis * batch_axis != 0) {
    return node.Invalid(
        "`time_axis` is {} and `batch_axis` {}; one must be 0 and the other 1, of "
        "an input of rank 2 or more",
        time_axis, batch_axis);
  }
  const bool steps_first = time_axis == 0;
  const Sequences shape = steps_first ? Sequences{sizes[0], sizes[1], sizes[1], 1}
                                      : Sequences{sizes[1], sizes[0], 1, sizes[1]};
  if (node.SizesOf(1) != std::vector{shape.batch}) {
    return node.Invalid("`sequence_lens` has the shape [{}] for a batch of {}",
                        fmt::join(node.SizesOf(1), ", "), shape.batch);
  }
  if (ElementCount(sizes) == 0) return node.Forward(0, 0);
  std::vector<int64_t> flat = {sizes[0] * sizes[1]};
  WEBNN_RETURN_IF_ERROR(CheckHostSize(node, Element::kInt64, flat));
  flat.insert(flat.end(), sizes.begin() + 2, sizes.end());
  Movement movement(node);
  ImportedValue x = movement.Reshape(node.In(0), flat);
  if (node.Known(1)) {
    WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> lengths,
                           node.KnownIntegers(1, "sequence_lens"));
    for (int64_t length : lengths) {
      if (length < 0 || length > shape.steps) {
        return node.Invalid("a sequence has {} of {} steps", length, shape.steps);
      }
    }
    x = movement.Take(x, 0, ReversedRows(shape, lengths));
  } else {
    const Operand rows = ReversedRows(node, shape, steps_first);
    const Operand y = node.Emit(ops::Gather{.input = movement.Get(x), .indices = rows});
    x = Movement::Computed(y, x.element, std::move(flat));
  }
  return movement.Set(0, movement.Reshape(x, sizes));
}

// The sum of one image for each place in the block, whose columns lie at the strides.
Result<void> ImportCol2Im(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> image, node.KnownIntegers(1, "image_shape"));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> block, node.KnownIntegers(2, "block_shape"));
  const size_t axes = image.size();
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> dilations,
                         SpatialInts(node, "dilations", axes, 1, 1));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> strides,
                         SpatialInts(node, "strides", axes, 1, 1));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> pads,
                         SpatialInts(node, "pads", 2 * axes, 0, 0));
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  const auto invalid = [&] {
    return node.Invalid("an input of shape [{}] does not go with image [{}] and block [{}]",
                        fmt::join(sizes, ", "), fmt::join(image, ", "), fmt::join(block, ", "));
  };
  if (sizes.size() != 3 || axes == 0 || block.size() != axes) return invalid();
  const std::optional<uint64_t> places = ByteLength(Element::kInt8, block);
  if (!places || *places == 0 || static_cast<uint64_t>(sizes[1]) % *places != 0) return invalid();
  constexpr uint64_t kMaxPlaces = 256;
  if (*places > kMaxPlaces) {
    return node.Refuse(
        fmt::format("a block of {} elements takes more than {} operators", *places, kMaxPlaces));
  }
  const int64_t channels = sizes[1] / static_cast<int64_t>(*places);
  std::vector<int64_t> split = {sizes[0], channels, static_cast<int64_t>(*places)};
  std::vector<int64_t> spaced = {sizes[0], channels};  // every column and room for its stride
  std::vector<int64_t> columns;
  int64_t column_count = 1;
  for (size_t axis = 0; axis < axes; ++axis) {
    const int64_t padded = image[axis] + pads[axis] + pads[axes + axis];
    const int64_t reach = dilations[axis] * (block[axis] - 1) + 1;
    if (image[axis] <= 0 || image[axis] > kMaxElements || padded < reach) return invalid();
    columns.push_back((padded - reach) / strides[axis] + 1);
    if (columns.back() > sizes[2] / column_count) return invalid();
    column_count *= columns.back();
    split.push_back(columns.back());
    spaced.insert(spaced.end(), {columns.back(), 1});
  }
  if (column_count != sizes[2] || ElementCount(sizes) == 0) return invalid();

  Movement movement(node);
  const ImportedValue x = movement.Reshape(node.In(0), split);
  const ImportedValue zero = Movement::Known(WriteNumbers(x.element, {}, std::vector<double>{0}));
  std::optional<Operand> sum;
  std::vector<int64_t> place(axes);
  for (int64_t index = 0; index < static_cast<int64_t>(*places); ++index) {
    std::vector<AxisRange> ranges;
    for (int64_t size : split) ranges.push_back(Whole(size));
    ranges[2] = {index, 1, 1};
    ImportedValue part = movement.Reshape(movement.Slice(x, ranges), spaced);
    std::vector<int64_t> none(spaced.size());
    std::vector<int64_t> gaps = none;
    std::vector<int64_t> before(2 + axes);
    std::vector<int64_t> after(2 + axes);
    std::vector<int64_t> grid = {sizes[0], channels};
    ranges = {Whole(sizes[0]), Whole(channels)};
    for (size_t axis = 0; axis < axes; ++axis) {
      gaps[3 + 2 * axis] = strides[axis] - 1;
      grid.push_back(columns[axis] * strides[axis]);
      // Around the grid enough room for the image wherever it lies, then the image.
      const int64_t offset = place[axis] * dilations[axis] - pads[axis];
      before[2 + axis] = std::max<int64_t>(0, offset);
      after[2 + axis] = std::max<int64_t>(0, image[axis] - offset - grid.back());
      ranges.push_back({std::max<int64_t>(0, -offset), 1, image[axis]});
    }
    part = movement.Reshape(movement.Pad(part, none, gaps, zero), grid);
    part = movement.Slice(movement.Pad(part, before, after, zero), ranges);
    const Operand operand = movement.Get(part);
    sum = sum ? node.Add(*sum, operand) : operand;
    for (size_t axis = axes; axis-- > 0;) {
      if (++place[axis] < block[axis]) break;
      place[axis] = 0;
    }
  }
  std::vector<int64_t> result = {sizes[0], channels};
  result.insert(result.end(), image.begin(), image.end());
  return movement.Set(0, Movement::Computed(*sum, x.element, std::move(result)));
}

}  // namespace webnn::onnx_format
