#include <algorithm>
#include <array>
#include <limits>

#include "onnx/import/constants.h"
#include "onnx/import/spatial.h"
#include "onnx/import/windows.h"

/// Operators that read or write elements at places which are computed at run time.
namespace webnn::onnx_format {
namespace {

using Sizes = std::vector<int64_t>;

constexpr DataType kFloat = DataType::kFloat32;

bool IsSize(int64_t size) { return size >= 1 && size <= std::numeric_limits<int32_t>::max(); }

Operand AddNumber(Node& node, Operand x, double number) {
  return node.Add(x, node.Scalar(number, kFloat));
}
Operand MulNumber(Node& node, Operand x, double number) {
  return node.Mul(x, node.Scalar(number, kFloat));
}
Operand Floor(Node& node, Operand x) { return node.Emit(ops::Floor{.input = x}); }
Operand Clamp(Node& node, Operand x, double min, double max) {
  return node.Emit(ops::Clamp{.input = x, .min_value = min, .max_value = max});
}

// ---- GridSample ----

enum class SampleMode : uint8_t { kNearest, kLinear, kCubic };
enum class Padding : uint8_t { kZeros, kBorder, kReflection };

struct SampleOptions {
  SampleMode mode = SampleMode::kLinear;
  Padding padding = Padding::kZeros;
  bool align_corners = false;
};

Result<SampleOptions> ReadSampleOptions(const Node& node) {
  // Version 20 has renamed two.
  constexpr std::array<std::pair<std::string_view, SampleMode>, 5> kModes = {
      {{"nearest", SampleMode::kNearest},
       {"linear", SampleMode::kLinear},
       {"bilinear", SampleMode::kLinear},
       {"cubic", SampleMode::kCubic},
       {"bicubic", SampleMode::kCubic}}};
  constexpr std::array<std::string_view, 3> kPaddings = {"zeros", "border", "reflection"};
  WEBNN_ASSIGN_OR_RETURN(const std::string mode, node.String("mode", "linear"));
  WEBNN_ASSIGN_OR_RETURN(const std::string padding, node.String("padding_mode", "zeros"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t align, node.Int("align_corners", 0));
  const auto* const found_mode =
      std::ranges::find(kModes, mode, &std::pair<std::string_view, SampleMode>::first);
  if (found_mode == kModes.end()) {
    return node.Invalid("mode is \"{}\"; it can be nearest, linear or cubic", mode);
  }
  const auto* const found_padding = std::ranges::find(kPaddings, padding);
  if (found_padding == kPaddings.end()) {
    return node.Invalid("padding_mode is \"{}\"; it can be {}", padding,
                        fmt::join(kPaddings, ", "));
  }
  return SampleOptions{.mode = found_mode->second,
                       .padding = static_cast<Padding>(found_padding - kPaddings.begin()),
                       .align_corners = align != 0};
}

// Folds coordinates back between the borders, as often as it takes.
Operand Reflect(Node& node, Operand x, int64_t size, bool align_corners) {
  const double low = align_corners ? 0 : -0.5;
  const double range = static_cast<double>(align_corners ? size - 1 : size);
  if (range == 0) return MulNumber(node, x, 0);
  const Operand from_low = AddNumber(node, x, -low);
  const Operand turns = Floor(node, MulNumber(node, from_low, 1 / (2 * range)));
  const Operand rest = node.Sub(from_low, MulNumber(node, turns, 2 * range));
  const Operand from_high = node.Emit(ops::Abs{.input = AddNumber(node, rest, -range)});
  return node.Sub(node.Scalar(low + range, kFloat), from_high);
}

// One element along one axis that takes part: its place and its weight, each for all points.
struct Tap {
  Operand place;                       // int32, within the axis
  std::optional<Operand> weight = {};  // absent: 1
  std::optional<Operand> inside = {};  // 0 where the padding is read; absent: nowhere
};

Tap MakeTap(Node& node, Operand place, std::optional<Operand> weight, int64_t size,
            const SampleOptions& options) {
  if (options.padding == Padding::kReflection) {
    place = Reflect(node, place, size, options.align_corners);
  }
  const Operand within = Clamp(node, place, 0, static_cast<double>(size - 1));
  Tap tap = {.place = node.Cast(within, DataType::kInt32), .weight = weight};
  if (options.padding == Padding::kZeros) {
    tap.inside = node.Emit(ops::Equal{.a = place, .b = within});
  }
  return tap;
}

// The cubic kernel with coefficient -3/4 at a distance of at most 1, and beyond.
Operand NearCubic(Node& node, Operand x) {
  const Operand slope = AddNumber(node, MulNumber(node, x, 1.25), -2.25);
  return AddNumber(node, node.Mul(node.Mul(slope, x), x), 1);
}
Operand FarCubic(Node& node, Operand x) {
  Operand y = AddNumber(node, MulNumber(node, x, -0.75), 3.75);
  y = AddNumber(node, node.Mul(y, x), -6);
  return AddNumber(node, node.Mul(y, x), 3);
}

// What the points take along one axis, `x` being their coordinates from -1 to 1.
std::vector<Tap> TapsAlong(Node& node, Operand x, int64_t size, const SampleOptions& options) {
  const auto length = static_cast<double>(size);
  // To elements, their centres being whole.
  x = AddNumber(node, x, 1);
  x = options.align_corners ? MulNumber(node, x, (length - 1) / 2)
                            : AddNumber(node, MulNumber(node, x, length / 2), -0.5);
  const auto tap = [&](Operand place, std::optional<Operand> weight) {
    return MakeTap(node, place, weight, size, options);
  };
  if (options.mode == SampleMode::kNearest) {
    return {tap(node.Emit(ops::RoundEven{.input = x}), std::nullopt)};
  }
  if (options.padding == Padding::kReflection) x = Reflect(node, x, size, options.align_corners);
  const Operand first = Floor(node, x);
  const Operand fraction = node.Sub(x, first);
  const Operand rest = node.Sub(node.Scalar(1.0, kFloat), fraction);
  if (options.mode == SampleMode::kLinear) {
    return {tap(first, rest), tap(AddNumber(node, first, 1), fraction)};
  }
  return {tap(AddNumber(node, first, -1), FarCubic(node, AddNumber(node, fraction, 1))),
          tap(first, NearCubic(node, fraction)),
          tap(AddNumber(node, first, 1), NearCubic(node, rest)),
          tap(AddNumber(node, first, 2), FarCubic(node, AddNumber(node, rest, 1)))};
}

// Elements of all axes together: an index into the rows of the image, and the product of weights.
std::vector<Tap> Combine(Node& node, const std::vector<Tap>& outer, const std::vector<Tap>& inner,
                         int64_t inner_size) {
  std::vector<Tap> all;
  for (const Tap& a : outer) {
    const Operand row = node.Mul(a.place, node.Scalar(inner_size, DataType::kInt32));
    for (const Tap& b : inner) {
      Tap tap = {.place = node.Add(row, b.place), .weight = b.weight, .inside = b.inside};
      if (a.weight) tap.weight = b.weight ? node.Mul(*a.weight, *b.weight) : *a.weight;
      if (a.inside) {
        tap.inside =
            b.inside ? node.Emit(ops::LogicalAnd{.a = *a.inside, .b = *b.inside}) : *a.inside;
      }
      all.push_back(tap);
    }
  }
  return all;
}

// The taps' elements of `rows` [elements, channels], weighted and added.
Operand Sample(Node& node, Operand rows, const std::vector<Tap>& taps, const Sizes& points,
               DataType type) {
  std::optional<Operand> sum;
  for (const Tap& tap : taps) {
    Operand value = node.Emit(ops::Gather{.input = rows, .indices = tap.place, .axis = 0});
    if (tap.inside) {
      value = node.Emit(ops::Where{.condition = node.Reshape(*tap.inside, points),
                                   .true_value = value,
                                   .false_value = node.Scalar(0, type)});
    }
    if (tap.weight) value = node.Mul(value, node.Reshape(*tap.weight, points));
    sum = sum ? node.Add(*sum, value) : value;
  }
  return *sum;
}

Result<void> ImportGridSample(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const SampleOptions options, ReadSampleOptions(node));
  const Sizes& x = node.SizesOf(0);
  const Sizes& grid = node.SizesOf(1);
  const size_t rank = x.size() < 2 ? 0 : x.size() - 2;
  if (rank < 1 || grid.size() != x.size() || grid[0] != x[0] ||
      grid.back() != static_cast<int64_t>(rank)) {
    return node.Invalid("the input has shape [{}], which a grid of shape [{}] does not fit",
                        fmt::join(x, ", "), fmt::join(grid, ", "));
  }
  if (options.mode == SampleMode::kCubic && (rank > 2 || options.padding == Padding::kBorder)) {
    return node.Refuse(fmt::format("GridSample of mode cubic over {} axes{}", rank,
                                   rank > 2 ? "" : " with padding_mode border"),
                       "use mode linear");
  }
  Operand image = node.Get(0);
  Operand points = node.Get(1);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(image);
  const int64_t count = ProductOf(grid, 1, grid.size() - 1);
  const int64_t elements = ProductOf(x, 2);
  if (x[0] * elements > std::numeric_limits<int32_t>::max()) {
    return node.Refuse("GridSample of more than 2^31 elements", "split the batch");
  }
  points = node.Cast(node.Reshape(points, {x[0], count, grid.back()}), kFloat);

  // Samples of the batch lie one behind the other.
  std::vector<double> batch(static_cast<size_t>(x[0]));
  for (size_t i = 0; i < batch.size(); ++i) batch[i] = static_cast<double>(i);
  std::vector<Tap> taps = {{.place = node.Constant(TensorOf(batch, {x[0], 1}, DataType::kInt32))}};
  for (size_t axis = 0; axis < rank; ++axis) {
    // The grid has the last axis first.
    const Operand coordinates =
        node.Reshape(node.Emit(ops::Slice{
                         .input = points,
                         .starts = {0u, 0u, static_cast<uint32_t>(rank - 1 - axis)},
                         .sizes = {static_cast<uint32_t>(x[0]), static_cast<uint32_t>(count), 1u}}),
                     {x[0], count});
    const int64_t size = x[2 + axis];
    taps = Combine(node, taps, TapsAlong(node, coordinates, size, options), size);
  }

  const bool weighted = options.mode != SampleMode::kNearest;
  if (weighted) image = node.Cast(image, kFloat);
  image = node.Transpose(node.Reshape(image, {x[0], x[1], elements}), {0, 2, 1});
  image = node.Reshape(image, {x[0] * elements, x[1]});
  Operand y = Sample(node, image, taps, {x[0], count, 1}, weighted ? kFloat : type);
  Sizes sizes = {x[0], x[1]};
  sizes.insert(sizes.end(), grid.begin() + 1, grid.end() - 1);
  y = node.Cast(node.Reshape(node.Transpose(y, {0, 2, 1}), sizes), type);
  return node.Set(0, y, node.TypeOf(0) == Element::kBool ? Element::kBool : Element::kNone);
}

// ---- AffineGrid ----

Result<void> ImportAffineGrid(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Sizes sizes, node.KnownIntegers(1, "size"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t align, node.Int("align_corners", 0));
  const auto rank = static_cast<int64_t>(sizes.size()) - 2;
  if ((rank != 2 && rank != 3) || node.SizesOf(0) != Sizes{sizes[0], rank, rank + 1} ||
      !std::ranges::all_of(sizes, IsSize)) {
    return node.Invalid("size [{}] does not fit theta of shape [{}]", fmt::join(sizes, ", "),
                        fmt::join(node.SizesOf(0), ", "));
  }
  constexpr int64_t kMostPoints = int64_t{1} << 24;
  int64_t count = 1;
  for (int64_t axis = 0; axis < rank; ++axis)
    count = std::min(count * sizes[2 + axis], kMostPoints);
  if (count == kMostPoints) {
    return node.Refuse(fmt::format("AffineGrid of size [{}]", fmt::join(sizes, ", ")),
                       "grids have less than 2^24 points");
  }
  // The points' own coordinates, the last axis first, and a 1.
  std::vector<double> points;
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    for (int64_t axis = rank; axis-- > 0;) {
      const auto size = static_cast<double>(sizes[2 + axis]);
      const auto place = static_cast<double>(rest % sizes[2 + axis]);
      rest /= sizes[2 + axis];
      const double spread = align != 0 ? std::max(size - 1, 1.0) : size;
      points.push_back((2 * place + (align != 0 ? 0 : 1)) / spread - 1);
    }
    points.push_back(1);
  }
  const Operand theta = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  const Operand base = node.Constant(TensorOf(points, {count, rank + 1}, kFloat));
  const Operand grid =
      node.Emit(ops::Matmul{.a = base, .b = node.Transpose(node.Cast(theta, kFloat), {0, 2, 1})});
  Sizes output = {sizes[0]};
  output.insert(output.end(), sizes.begin() + 2, sizes.end());
  output.push_back(rank);
  return node.Set(0, node.Cast(node.Reshape(grid, output), node.DataTypeOf(theta)));
}

// ---- MaxUnpool ----

Result<void> ImportMaxUnpool(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Windows windows, ReadWindows(node));
  const Sizes& x = node.SizesOf(0);
  if (node.SizesOf(1) != x) {
    return node.Invalid("the indices have shape [{}], the input [{}]; they must be equal",
                        fmt::join(node.SizesOf(1), ", "), fmt::join(x, ", "));
  }
  Sizes output = {x[0], x[1]};
  for (const WindowAxis& axis : windows.axes) {
    output.push_back((axis.input - 1) * axis.stride + axis.size - axis.begin - axis.end);
  }
  if (!std::ranges::all_of(output, IsSize)) {
    return node.Invalid("an output of shape [{}] has no elements", fmt::join(output, ", "));
  }
  if (node.Has(2)) {
    WEBNN_ASSIGN_OR_RETURN(const Sizes wanted, node.KnownIntegers(2, "output_shape"));
    if (wanted != output) {
      return node.Refuse(fmt::format("MaxUnpool to another shape, [{}], than the windows give",
                                     fmt::join(wanted, ", ")),
                         "ONNX and its runtimes disagree on the places that the indices mean then: "
                         "pad the result");
    }
  }
  const Operand values = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  // The indices count through the whole output.
  const Operand zeros = node.Reshape(node.Expand(node.Scalar(0, node.DataTypeOf(values)), output),
                                     {ProductOf(output)});
  const Operand y =
      node.Emit(ops::ScatterElements{.input = zeros,
                                     .indices = GetAs(node, 1, {ProductOf(x)}),
                                     .updates = node.Reshape(values, {ProductOf(x)})});
  return node.Set(0, node.Reshape(y, output));
}

}  // namespace

std::span<const ImportRow> SamplingRows() {
  static constexpr ImportRow kRows[] = {
      {"GridSample", 16, 2, ImportGridSample},
      {"AffineGrid", 20, 2, ImportAffineGrid},
      {"MaxUnpool", 9, 2, ImportMaxUnpool},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
