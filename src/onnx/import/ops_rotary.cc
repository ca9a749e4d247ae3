#include "onnx/import/constants.h"
#include "onnx/import/matrix.h"

namespace webnn::onnx_format {
namespace {

struct Rotation {
  size_t cosines = 1;  ///< Input numbers.
  size_t sines = 2;
  /// Which rows of the caches, [batch, length]; absent: the caches are [batch, length, size].
  std::optional<Operand> positions;
};

// Pairs of elements, as points of a plane, are turned by an angle that grows with the position.
Result<void> Rotate(Node& node, const Rotation& rotation) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t interleaved, node.Int("interleaved", 0));
  WEBNN_ASSIGN_OR_RETURN(int64_t rotated, node.Int("rotary_embedding_dim", 0));
  WEBNN_ASSIGN_OR_RETURN(int64_t heads, node.Int("num_heads", 0));
  std::vector<int64_t> sizes = node.SizesOf(0);
  if (sizes.size() != 3 && sizes.size() != 4) {
    return node.Invalid("the input has rank {}; it must be 3 or 4", sizes.size());
  }
  // With its heads apart, [batch, heads, length, size], or side by side: [batch, length, ...].
  const bool apart = sizes.size() == 4;
  const int64_t length = apart ? sizes[2] : sizes[1];
  const int64_t cached =
      node.SizesOf(rotation.cosines).empty() ? 0 : node.SizesOf(rotation.cosines).back();
  if (!apart) {
    // ONNX Runtime's operator may leave it to the caches to say how large a head is.
    if (heads == 0 && cached > 0 && rotated == 0) heads = sizes[2] / (2 * cached);
    if (heads <= 0 || sizes[2] % heads != 0) {
      return node.Invalid("num_heads is {}, which does not divide the hidden size {}", heads,
                          sizes[2]);
    }
    sizes = {sizes[0], sizes[1], heads, sizes[2] / heads};
  }
  if (rotated == 0) rotated = sizes[3];
  const int64_t half = rotated / 2;
  if (rotated < 2 || rotated % 2 != 0 || rotated > sizes[3]) {
    return node.Invalid(
        "{} of the {} elements of a head are to be rotated; it must be an even part", rotated,
        sizes[3]);
  }
  std::vector<int64_t> angle_sizes = {sizes[0], length, half};
  for (size_t k : {rotation.cosines, rotation.sines}) {
    if (cached != half || (!rotation.positions && node.SizesOf(k) != angle_sizes) ||
        node.SizesOf(k) != node.SizesOf(rotation.cosines)) {
      return node.Invalid(
          "a cache has the sizes [{}]; the last must be {}, half of what is rotated",
          fmt::join(node.SizesOf(k), ", "), half);
    }
  }
  angle_sizes.insert(angle_sizes.begin() + (apart ? 1 : 2), 1);
  if (interleaved != 0) angle_sizes.push_back(1);
  const auto angles = [&](size_t k) {
    Operand cache = node.Get(k);
    if (rotation.positions) {
      cache = node.Emit(ops::Gather{.input = cache, .indices = *rotation.positions, .axis = 0});
    }
    return node.Reshape(cache, angle_sizes);
  };
  const Operand cosines = angles(rotation.cosines);
  const Operand sines = angles(rotation.sines);

  const Operand x = node.Reshape(node.Get(0), sizes);
  std::vector<Operand> parts = {x};
  if (rotated < sizes[3]) parts = SplitParts(node, x, {rotated, sizes[3] - rotated}, 3);
  // The two elements of a point are neighbours, or half of the part away from each other.
  std::vector<int64_t> point_sizes = {sizes[0], sizes[1], sizes[2], rotated};
  const std::vector<int64_t> part_sizes = point_sizes;
  const uint32_t axis = interleaved != 0 ? 4 : 3;
  if (interleaved != 0) point_sizes = {sizes[0], sizes[1], sizes[2], half, 2};
  const int64_t across = point_sizes[axis] / 2;
  const auto point = SplitParts(node, node.Reshape(parts[0], point_sizes), {across, across}, axis);
  const Operand first = node.Sub(node.Mul(cosines, point[0]), node.Mul(sines, point[1]));
  const Operand second = node.Add(node.Mul(sines, point[0]), node.Mul(cosines, point[1]));
  parts[0] = node.Reshape(Join(node, {first, second}, axis), part_sizes);
  return node.Set(0, node.Reshape(Join(node, std::move(parts), 3), node.SizesOf(0)));
}

}  // namespace

Result<void> ImportRotaryEmbedding(Node& node) {
  Rotation rotation;
  if (node.Has(3)) rotation.positions = node.Get(3);
  return Rotate(node, rotation);
}

Result<void> ImportMicrosoftRotaryEmbedding(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t packed, node.Int("is_packed_batching", 0));
  WEBNN_ASSIGN_OR_RETURN(const float scale, node.Float("scale", 1));
  if (packed != 0 || scale != 1) {
    return node.Refuse(packed != 0 ? "is_packed_batching is set" : "scale is not 1",
                       "use ONNX's RotaryEmbedding");
  }
  const std::vector<int64_t>& sizes = node.SizesOf(0);
  if (sizes.size() < 3) return node.Invalid("the input has rank {}, not 3 or 4", sizes.size());
  const int64_t length = sizes[sizes.size() == 4 ? 2 : 1];
  Operand positions = node.Get(1);
  if (ProductOf(node.SizesOf(1)) == 1) {
    // The position of the first.
    WEBNN_ASSIGN_OR_RETURN(const Operand steps, Positions(node, length, {length}));
    positions = node.Add(node.Cast(positions, DataType::kInt32), steps);
    positions = node.Expand(positions, std::array{sizes[0], length});
  }
  return Rotate(node, {.cosines = 2, .sines = 3, .positions = positions});
}

}  // namespace webnn::onnx_format
