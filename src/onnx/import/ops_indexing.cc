#include "onnx/import/ops_indexing.h"

#include <algorithm>
#include <cstring>

#include "fmt/ranges.h"
#include "onnx/import/numbers.h"

namespace webnn::onnx_format {
namespace {

// One element of the result for each index and each number below the depth.
HostTensor OneHotHere(const std::vector<int64_t>& indices, const HostTensor& values,
                      std::vector<int64_t> sizes, size_t axis) {
  const int64_t depth = sizes[axis];
  const int64_t inner = ElementCount(std::span(sizes).subspan(axis + 1));
  const size_t width = BytesOf(values.element);
  std::byte* memory = nullptr;
  HostTensor result = HostTensor::Allocate(values.element, std::move(sizes), &memory);
  const int64_t count = ElementCount(result.sizes);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = indices[static_cast<size_t>(i / (depth * inner) * inner + i % inner)];
    const int64_t position = i / inner % depth;
    const bool on = index == position || (index < 0 && index + depth == position);
    std::memcpy(memory + static_cast<size_t>(i) * width, values.bytes.data() + (on ? width : 0),
                width);
  }
  return result;
}

Result<void> ImportOneHot(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<double> depths, node.KnownNumbers(1, "depth"));
  const int64_t depth = depths.size() == 1 ? ToInt64(depths[0]) : 0;
  if (depth < 1 || depth > kMaxElements) {
    return node.Invalid("`depth` must be one number of at least 1");
  }
  const ImportedValue& values = node.In(2);
  if (values.sizes != std::vector<int64_t>{2}) {
    return node.Invalid("`values` has the shape [{}]; it must be [2]",
                        fmt::join(values.sizes, ", "));
  }
  std::vector<int64_t> sizes = node.SizesOf(0);
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", -1));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0) + 1));
  std::vector<int64_t> one_each = sizes;
  one_each.insert(one_each.begin() + axis, 1);
  sizes.insert(sizes.begin() + axis, depth);
  Movement movement(node);
  const HostTensor* known = node.Known(0);
  const std::optional<Numbers> numbers = known ? ReadNumbers(*known) : std::nullopt;
  if (movement.OnHost(numbers && values.known(), values.element, sizes)) {
    if (!numbers || !values.known()) return movement.Set(0, Movement::Empty(values.element, sizes));
    const std::vector<int64_t> indices =
        *WriteNumbers(Element::kInt64, known->sizes, *numbers).ToIntegers();
    return movement.Set(
        0, Movement::Known(OneHotHere(indices, *values.known(), std::move(sizes), axis)));
  }
  if (movement.failed()) return movement.Set(0, values);
  std::vector<int64_t> along(sizes.size() - axis, 1);
  along[0] = depth;
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> list, Iota(node, depth));
  const Operand numbered = node.Constant(HostReshape(HostTensor::Integers(list), along));
  const Operand from_end = node.Sub(numbered, node.Scalar(depth, DataType::kInt64));
  const auto value = [&](uint32_t k) {
    const std::array<AxisRange, 1> range = {AxisRange{k, 1, 1}};
    return movement.Get(movement.Reshape(movement.Slice(values, range), {}));
  };
  const Operand indices = node.Reshape(node.Cast(node.Get(0), DataType::kInt64), one_each);
  const Operand on =
      node.Emit(ops::LogicalOr{.a = node.Emit(ops::Equal{.a = indices, .b = numbered}),
                               .b = node.Emit(ops::Equal{.a = indices, .b = from_end})});
  const Operand y =
      node.Emit(ops::Where{.condition = on, .true_value = value(1), .false_value = value(0)});
  return movement.Set(0, Movement::Computed(y, values.element, std::move(sizes)));
}

Result<void> ImportTrilu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t upper, node.Int("upper", 1));
  int64_t diagonal = 0;
  if (node.Has(1)) {
    WEBNN_ASSIGN_OR_RETURN(diagonal, KnownInteger(node, 1, "k"));
  }
  const ImportedValue& x = node.In(0);
  if (x.sizes.size() < 2) {
    return node.Invalid("the input has rank {}; it must be 2 or more", x.sizes.size());
  }
  const int64_t rows = x.sizes[x.sizes.size() - 2];
  const int64_t columns = x.sizes.back();
  diagonal = std::clamp(diagonal, -rows, columns);  // beyond the corners all are the same
  Movement movement(node);
  if (movement.OnHost(x.known(), x.element, x.sizes)) {
    if (!x.known()) return movement.Set(0, Movement::Empty(x.element, x.sizes));
    const size_t width = BytesOf(x.element);
    std::byte* memory = nullptr;
    HostTensor result = HostTensor::Allocate(x.element, x.sizes, &memory);
    for (int64_t i = 0; i < ElementCount(x.sizes); ++i) {
      const int64_t place = i % columns - i / columns % rows;
      if (upper != 0 ? place < diagonal : place > diagonal) continue;
      std::memcpy(memory + static_cast<size_t>(i) * width,
                  x.known()->bytes.data() + static_cast<size_t>(i) * width, width);
    }
    return movement.Set(0, Movement::Known(std::move(result)));
  }
  const Operand y = node.Emit(ops::Triangular{
      .input = movement.Get(x), .upper = upper != 0, .diagonal = static_cast<int32_t>(diagonal)});
  return movement.Set(0, Movement::Computed(y, x.element, x.sizes));
}

}  // namespace

std::span<const ImportRow> IndexingRows() {
  static constexpr ImportRow kRows[] = {
      {"Compress", 9, 2, ImportCompress},
      {"Gather", 1, 2, ImportGather},
      {"GatherElements", 11, 2, ImportGatherElements},
      {"GatherND", 11, 2, ImportGatherND},
      {"NonZero", 9, 1, ImportNonZero},
      {"OneHot", 9, 3, ImportOneHot},
      {"Scatter", 9, 3, ImportScatterElements},
      {"ScatterElements", 11, 3, ImportScatterElements},
      {"ScatterND", 11, 3, ImportScatterND},
      {"TensorScatter", 24, 2, ImportTensorScatter},
      {"TopK", 1, 1, ImportTopK},
      {"Trilu", 14, 1, ImportTrilu},
      {"Unique", 11, 1, ImportUnique},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
