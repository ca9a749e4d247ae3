#include "onnx/import/ops_shape.h"

#include <algorithm>
#include <numeric>

#include "fmt/ranges.h"

/// Shapes as values, and operators that change the shape alone, repeat or join.
namespace webnn::onnx_format {
namespace {

// `Shape` of versions 1 to 14 has neither attribute.
Result<void> ImportShape(Node& node) {
  const auto rank = node.RankOf(0);
  WEBNN_ASSIGN_OR_RETURN(int64_t start, node.Int("start", 0));
  WEBNN_ASSIGN_OR_RETURN(int64_t end, node.Int("end", rank));
  const auto place = [rank](int64_t axis) {
    return std::clamp(axis < 0 ? axis + rank : axis, int64_t{0}, rank);
  };
  start = place(start);
  end = std::max(start, place(end));
  const std::span<const int64_t> sizes = node.SizesOf(0);
  return node.Set(0, HostTensor::Integers(sizes.subspan(static_cast<size_t>(start),
                                                        static_cast<size_t>(end - start))));
}

Result<void> ImportSize(Node& node) {
  const std::array<int64_t, 1> count = {ElementCount(node.SizesOf(0))};
  return node.Set(0, HostReshape(HostTensor::Integers(count), {}));
}

Result<void> ImportReshape(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, node.KnownIntegers(1, "shape"));
  WEBNN_ASSIGN_OR_RETURN(const int64_t allow_zero, node.Int("allowzero", 0));
  const std::vector<int64_t>& input = node.SizesOf(0);
  const std::vector<int64_t> wanted = sizes;
  const auto fail = [&] {
    return node.Invalid("a tensor of shape [{}] cannot be reshaped to [{}]", fmt::join(input, ", "),
                        fmt::join(wanted, ", "));
  };
  for (size_t axis = 0; allow_zero == 0 && axis < sizes.size(); ++axis) {
    if (sizes[axis] != 0) continue;
    if (axis >= input.size()) return fail();
    sizes[axis] = input[axis];
  }
  const auto open = std::find(sizes.begin(), sizes.end(), -1);
  const int64_t count = ElementCount(input);
  if (open != sizes.end()) {
    *open = 1;
    if (std::find(sizes.begin(), sizes.end(), -1) != sizes.end()) return fail();
  }
  const std::optional<uint64_t> rest = ByteLength(Element::kInt8, sizes);
  if (!rest) return fail();
  if (open != sizes.end()) {
    if (*rest == 0 || static_cast<uint64_t>(count) % *rest != 0) return fail();
    *open = count / static_cast<int64_t>(*rest);
  } else if (*rest != static_cast<uint64_t>(count)) {
    return fail();
  }
  Movement movement(node);
  return movement.Set(0, movement.Reshape(node.In(0), std::move(sizes)));
}

Result<void> ImportFlatten(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(int64_t axis, node.Int("axis", 1));
  const int64_t rank = node.RankOf(0);
  if (axis < -rank || axis > rank) {
    return node.Invalid("`axis` is {}; allowed are {} to {}", axis, -rank, rank);
  }
  if (axis < 0) axis += rank;
  const std::span<const int64_t> sizes = node.SizesOf(0);
  const auto place = static_cast<size_t>(axis);
  Movement movement(node);
  return movement.Set(0, movement.Reshape(node.In(0), {ElementCount(sizes.first(place)),
                                                       ElementCount(sizes.subspan(place))}));
}

Result<void> ImportSqueeze(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const auto given, AttributeOrInput(node, "axes", 1, 13));
  const std::vector<int64_t>& input = node.SizesOf(0);
  std::vector<bool> dropped(input.size());
  if (given && !given->empty()) {  // an empty list counts as none, as ONNX Runtime has it
    WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes, node.Axes(*given, node.RankOf(0)));
    for (uint32_t axis : axes) {
      if (input[axis] != 1) {
        return node.Invalid("axis {} has size {}; only a size of 1 can be dropped", axis,
                            input[axis]);
      }
      dropped[axis] = true;
    }
  } else {
    std::transform(input.begin(), input.end(), dropped.begin(),
                   [](int64_t size) { return size == 1; });
  }
  std::vector<int64_t> sizes;
  for (size_t axis = 0; axis < input.size(); ++axis) {
    if (!dropped[axis]) sizes.push_back(input[axis]);
  }
  Movement movement(node);
  return movement.Set(0, movement.Reshape(node.In(0), std::move(sizes)));
}

Result<void> ImportUnsqueeze(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const auto given, AttributeOrInput(node, "axes", 1, 13));
  if (!given) return node.Invalid("`axes` is missing");
  const int64_t rank = node.RankOf(0) + static_cast<int64_t>(given->size());
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes, node.Axes(*given, rank));
  std::vector<int64_t> sizes(static_cast<size_t>(rank), 0);
  for (uint32_t axis : axes) {
    if (sizes[axis] == 1) return node.Invalid("`axes` lists axis {} twice", axis);
    sizes[axis] = 1;
  }
  auto next = node.SizesOf(0).begin();
  for (int64_t& size : sizes) {
    if (size == 0) size = *next++;
  }
  Movement movement(node);
  return movement.Set(0, movement.Reshape(node.In(0), std::move(sizes)));
}

Result<void> ImportTranspose(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(auto given, node.Ints("perm"));
  const int64_t rank = node.RankOf(0);
  if (!given) {
    given.emplace(static_cast<size_t>(rank));
    std::iota(given->rbegin(), given->rend(), 0);
  }
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> permutation, node.Axes(*given, rank));
  std::vector<bool> seen(static_cast<size_t>(rank));
  for (uint32_t axis : permutation) seen[axis] = true;
  if (std::ssize(permutation) != rank || std::find(seen.begin(), seen.end(), false) != seen.end()) {
    return node.Invalid("`perm` is [{}], which is no permutation of {} axes",
                        fmt::join(*given, ", "), rank);
  }
  Movement movement(node);
  return movement.Set(0, movement.Transpose(node.In(0), permutation));
}

Result<void> ImportExpand(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, node.KnownIntegers(1, "shape"));
  std::vector<int64_t> sizes;
  if (!BroadcastSizes(node.SizesOf(0), shape, sizes)) {
    return node.Invalid("the shape [{}] cannot be broadcast with [{}]",
                        fmt::join(node.SizesOf(0), ", "), fmt::join(shape, ", "));
  }
  Movement movement(node);
  return movement.Set(0, movement.Expand(node.In(0), std::move(sizes)));
}

Result<void> ImportTile(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> repeats, node.KnownIntegers(1, "repeats"));
  const bool negative =
      std::any_of(repeats.begin(), repeats.end(), [](int64_t n) { return n < 0; });
  if (negative || std::ssize(repeats) != node.RankOf(0)) {
    return node.Invalid("`repeats` is [{}] for an input of rank {}", fmt::join(repeats, ", "),
                        node.RankOf(0));
  }
  Movement movement(node);
  return movement.Set(0, movement.Tile(node.In(0), repeats));
}

Result<void> ImportConcat(Node& node) {
  if (!node.HasAttribute("axis")) return node.Invalid("`axis` is missing");
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  std::vector<ImportedValue> parts;
  for (size_t k = 0; k < node.input_count(); ++k) {
    WEBNN_RETURN_IF_ERROR(node.Require(k, "inputs"));
    std::vector<int64_t> sizes = node.SizesOf(k);
    if (sizes.size() == node.SizesOf(0).size()) sizes[axis] = node.SizesOf(0)[axis];
    if (sizes != node.SizesOf(0) || node.TypeOf(k) != node.TypeOf(0)) {
      return node.Invalid("input {} is {}[{}], which does not go with {}[{}] along axis {}", k,
                          NameOf(node.TypeOf(k)), fmt::join(node.SizesOf(k), ", "),
                          NameOf(node.TypeOf(0)), fmt::join(node.SizesOf(0), ", "), axis);
    }
    parts.push_back(node.In(k));
  }
  Movement movement(node);
  return movement.Set(0, movement.Concat(std::move(parts), axis));
}

}  // namespace

std::span<const ImportRow> ShapeRows() {
  static constexpr ImportRow kRows[] = {
      {"CenterCropPad", 18, 2, ImportCenterCropPad},
      {"Col2Im", 18, 3, ImportCol2Im},
      {"Concat", 4, 1, ImportConcat},
      {"Constant", 1, 0, ImportConstant},
      {"ConstantOfShape", 9, 1, ImportConstantOfShape},
      {"DepthToSpace", 1, 1, ImportDepthToSpace},
      {"Expand", 8, 2, ImportExpand},
      {"EyeLike", 9, 1, ImportEyeLike},
      {"Flatten", 1, 1, ImportFlatten},
      {"Pad", 2, 1, ImportPad},
      {"Range", 11, 3, ImportRange},
      {"Reshape", 5, 2, ImportReshape},
      {"ReverseSequence", 10, 2, ImportReverseSequence},
      {"Shape", 1, 1, ImportShape},
      {"Size", 1, 1, ImportSize},
      {"Slice", 1, 1, ImportSlice},
      {"SpaceToDepth", 1, 1, ImportSpaceToDepth},
      {"Split", 2, 1, ImportSplit},
      {"Squeeze", 1, 1, ImportSqueeze},
      {"Tile", 6, 2, ImportTile},
      {"Transpose", 1, 1, ImportTranspose},
      {"Unsqueeze", 1, 1, ImportUnsqueeze},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
