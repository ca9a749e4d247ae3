#include <algorithm>
#include <array>
#include <limits>

#include "onnx/import/constants.h"

namespace webnn::onnx_format {
namespace {

using Sizes = std::vector<int64_t>;

// Sizes that put a vector of `count` along axis 1 of an input of rank `rank`.
Sizes AlongChannels(int64_t count, int64_t rank) {
  Sizes sizes(static_cast<size_t>(rank) - 1, 1);
  sizes[0] = count;
  return sizes;
}

// ---- BatchNormalization ----

Result<void> ImportBatchNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float epsilon, node.Float("epsilon", 1e-5F));
  WEBNN_ASSIGN_OR_RETURN(const int64_t training, node.Int("training_mode", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t spatial, node.Int("spatial", 1));
  bool wants_statistics = false;
  for (size_t k = 1; k < node.output_count(); ++k) wants_statistics |= node.Wants(k);
  if (training != 0 || wants_statistics) {
    return node.Refuse("BatchNormalization in training mode", "export the model for inference");
  }
  const Sizes& sizes = node.SizesOf(0);
  if (sizes.size() < 2) {
    return node.Invalid("the input has rank {}; it must be 2 or more", sizes.size());
  }
  const Operand x = node.Get(0);
  std::array<Operand, 4> parameters;  // scale, bias, mean, variance
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);
  // Parameters of a wider type than the input: everything in theirs.
  DataType computed = type;
  for (size_t k = 0; k < 4; ++k) {
    const Sizes flat = {ProductOf(node.SizesOf(1 + k))};
    parameters[k] = GetAs(node, 1 + k, flat);
    WEBNN_RETURN_IF_ERROR(node.status());
    if (node.DataTypeOf(parameters[k]) == DataType::kFloat32) computed = DataType::kFloat32;
  }
  for (Operand& parameter : parameters) parameter = node.Cast(parameter, computed);
  // Without `spatial` every place of a sample has its own statistics. In the form of a plane, which
  // runtimes know.
  const Sizes plane = spatial == 0 ? Sizes{sizes[0], ProductOf(sizes, 1), 1, 1}
                                   : Sizes{sizes[0], sizes[1], 1, ProductOf(sizes, 2)};
  Operand y = node.Cast(x, computed);
  if (sizes.size() != 4 || spatial == 0) y = node.Reshape(y, plane);
  y = node.Emit(ops::BatchNormalization{.input = y,
                                        .mean = parameters[2],
                                        .variance = parameters[3],
                                        .scale = parameters[0],
                                        .bias = parameters[1],
                                        .epsilon = static_cast<double>(epsilon)});
  return node.Set(0, node.Cast(node.Reshape(y, sizes), type));
}

// ---- InstanceNormalization, GroupNormalization ----

Result<void> ImportInstanceNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float epsilon, node.Float("epsilon", 1e-5F));
  const Sizes& sizes = node.SizesOf(0);
  if (sizes.size() < 3) {
    return node.Invalid("the input has rank {}; it must be 3 or more", sizes.size());
  }
  Operand x = node.Get(0);
  if (sizes.size() != 4) x = node.Reshape(x, {sizes[0], sizes[1], 1, ProductOf(sizes, 2)});
  const Operand y = node.Emit(ops::InstanceNormalization{.input = x,
                                                         .scale = node.Get(1),
                                                         .bias = node.Get(2),
                                                         .epsilon = static_cast<double>(epsilon)});
  return node.Set(0, node.Reshape(y, sizes));
}

Result<void> ImportGroupNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float epsilon, node.Float("epsilon", 1e-5F));
  WEBNN_ASSIGN_OR_RETURN(const int64_t groups, node.Int("num_groups", 0));
  const Sizes& sizes = node.SizesOf(0);
  if (sizes.size() < 2 || groups < 1 || sizes[1] % groups != 0) {
    return node.Invalid("num_groups is {}, which does not divide the channels of an input of [{}]",
                        groups, fmt::join(sizes, ", "));
  }
  const auto rank = static_cast<int64_t>(sizes.size());
  // A group is a channel of a normalisation by instances.
  ops::InstanceNormalization op = {
      .input =
          node.Reshape(node.Get(0), {sizes[0], groups, 1, sizes[1] / groups * ProductOf(sizes, 2)}),
      .epsilon = static_cast<double>(epsilon)};
  const bool by_group = node.SizesOf(1) == Sizes{groups} && node.SizesOf(2) == Sizes{groups};
  // From version 21 on scale and bias are given by channel.
  if (by_group && (node.opset() < 21 || groups == sizes[1])) {
    op.scale = node.Get(1);
    op.bias = node.Get(2);
    return node.Set(0, node.Reshape(node.Emit(std::move(op)), sizes));
  }
  const Operand y = node.Reshape(node.Emit(std::move(op)), sizes);
  const Sizes along = AlongChannels(sizes[1], rank);
  return node.Set(0, node.Add(node.Mul(y, GetAs(node, 1, along)), GetAs(node, 2, along)));
}

// ---- LayerNormalization and what is like it ----

// Input k, which is broadcast to the axes from `axis` on, in exactly their sizes.
Operand OverAxes(Node& node, size_t k, const Sizes& sizes, uint32_t axis) {
  const Sizes wanted(sizes.begin() + axis, sizes.end());
  if (ProductOf(node.SizesOf(k)) == ProductOf(wanted)) return GetAs(node, k, wanted);
  return node.Expand(node.Get(k), wanted);
}

// Whether input k varies along the axes from `axis` on alone.
bool IsOverAxes(const Node& node, size_t k, size_t rank, uint32_t axis) {
  const Sizes& sizes = node.SizesOf(k);
  const size_t covered = rank - axis;
  return sizes.size() <= covered || ProductOf(sizes, 0, sizes.size() - covered) == 1;
}

struct LayerOptions {
  uint32_t axis = 0;
  double epsilon = 0;
  size_t scale = 1;                              // input
  std::optional<size_t> bias = {};               // input
  std::optional<size_t> mean = {};               // output
  std::optional<size_t> inverse_deviation = {};  // output
};

// Sets output 0 to the normalised `x`, in sizes of input 0.
Result<void> SetLayerNormalized(Node& node, Operand x, const LayerOptions& options) {
  const Sizes& sizes = node.SizesOf(0);
  std::vector<uint32_t> axes;
  for (uint32_t axis = options.axis; axis < sizes.size(); ++axis) axes.push_back(axis);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);

  ops::LayerNormalization op = {.input = x, .axes = axes, .epsilon = options.epsilon};
  const bool has_bias = options.bias && node.Has(*options.bias);
  const bool direct = IsOverAxes(node, options.scale, sizes.size(), options.axis) &&
                      (!has_bias || IsOverAxes(node, *options.bias, sizes.size(), options.axis));
  if (direct) {
    op.scale = node.Cast(OverAxes(node, options.scale, sizes, options.axis), type);
    if (has_bias) op.bias = node.Cast(OverAxes(node, *options.bias, sizes, options.axis), type);
  }
  Operand y = node.Emit(std::move(op));
  if (!direct) {
    y = node.Mul(y, node.Cast(node.Get(options.scale), type));
    if (has_bias) y = node.Add(y, node.Cast(node.Get(*options.bias), type));
  }

  const bool wants_mean = options.mean && node.Wants(*options.mean);
  const bool wants_deviation = options.inverse_deviation && node.Wants(*options.inverse_deviation);
  if (wants_mean || wants_deviation) {
    const auto mean_of = [&](Operand value) {
      return node.Emit(ops::ReduceMean{.input = value, .axes = axes, .keep_dimensions = true});
    };
    const Operand wide = node.Cast(x, DataType::kFloat32);
    const Operand mean = mean_of(wide);
    if (wants_mean) WEBNN_RETURN_IF_ERROR(node.Set(*options.mean, mean));
    if (wants_deviation) {
      const Operand centred = node.Sub(wide, mean);
      const Operand variance = node.Add(mean_of(node.Mul(centred, centred)),
                                        node.Scalar(options.epsilon, DataType::kFloat32));
      WEBNN_RETURN_IF_ERROR(
          node.Set(*options.inverse_deviation,
                   node.Emit(ops::Reciprocal{.input = node.Emit(ops::Sqrt{.input = variance})})));
    }
  }
  return node.Set(0, y);
}

// x / sqrt(mean(x^2) + epsilon) * scale, in the operators that runtimes know this by.
Result<void> SetRootMeanSquareNormalized(Node& node, Operand x, const LayerOptions& options) {
  std::vector<uint32_t> axes;
  for (uint32_t axis = options.axis; axis < node.SizesOf(0).size(); ++axis) axes.push_back(axis);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);
  const Operand wide = node.Cast(x, DataType::kFloat32);
  const Operand squares = node.Emit(ops::Pow{.a = wide, .b = node.Scalar(2.0, DataType::kFloat32)});
  const Operand mean =
      node.Emit(ops::ReduceMean{.input = squares, .axes = axes, .keep_dimensions = true});
  const Operand root = node.Emit(
      ops::Sqrt{.input = node.Add(mean, node.Scalar(options.epsilon, DataType::kFloat32))});
  if (options.inverse_deviation && node.Wants(*options.inverse_deviation)) {
    WEBNN_RETURN_IF_ERROR(
        node.Set(*options.inverse_deviation, node.Emit(ops::Reciprocal{.input = root})));
  }
  const Operand normalized = node.Cast(node.Div(wide, root), type);
  return node.Set(0, node.Mul(normalized, node.Cast(node.Get(options.scale), type)));
}

Result<LayerOptions> ReadLayerOptions(const Node& node) {
  LayerOptions options;
  WEBNN_ASSIGN_OR_RETURN(const int64_t axis, node.Int("axis", -1));
  WEBNN_ASSIGN_OR_RETURN(options.axis, node.Axis(axis, node.RankOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const float epsilon, node.Float("epsilon", 1e-5F));
  options.epsilon = static_cast<double>(epsilon);
  return options;
}

Result<void> ImportLayerNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(LayerOptions options, ReadLayerOptions(node));
  options.bias = 2;
  options.mean = 1;
  options.inverse_deviation = 2;
  return SetLayerNormalized(node, node.Get(0), options);
}

Result<void> ImportRmsNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(LayerOptions options, ReadLayerOptions(node));
  options.inverse_deviation = 1;
  return SetRootMeanSquareNormalized(node, node.Get(0), options);
}

// com.microsoft: the sum of input, skip and, at `bias`, a vector; also output 3.
Result<Operand> AddSkip(Node& node, size_t bias) {
  Operand sum = node.Add(node.Get(0), node.Get(1));
  if (node.Has(bias)) sum = node.Add(sum, node.Get(bias));
  if (node.Wants(3)) WEBNN_RETURN_IF_ERROR(node.Set(3, sum));
  return sum;
}

Result<LayerOptions> ReadSkipOptions(const Node& node) {
  if (node.RankOf(0) < 1) return node.Invalid("the input must not be a scalar");
  LayerOptions options = {.axis = static_cast<uint32_t>(node.RankOf(0) - 1), .scale = 2};
  WEBNN_ASSIGN_OR_RETURN(const float epsilon, node.Float("epsilon", 1e-12F));
  options.epsilon = static_cast<double>(epsilon);
  return options;
}

Result<void> ImportSkipLayerNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(LayerOptions options, ReadSkipOptions(node));
  options.bias = 3;
  options.mean = 1;
  options.inverse_deviation = 2;
  WEBNN_ASSIGN_OR_RETURN(const Operand sum, AddSkip(node, 4));
  return SetLayerNormalized(node, sum, options);
}

Result<void> ImportSkipSimplifiedLayerNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(LayerOptions options, ReadSkipOptions(node));
  options.inverse_deviation = 2;
  WEBNN_ASSIGN_OR_RETURN(const Operand sum, AddSkip(node, 3));
  return SetRootMeanSquareNormalized(node, sum, options);
}

// ---- LRN, LpNormalization, MeanVarianceNormalization ----

// x to the power of `exponent`; square roots are much faster where they do.
Operand Power(Node& node, Operand x, double exponent, DataType type) {
  const auto root = [&](Operand value) { return node.Emit(ops::Sqrt{.input = value}); };
  if (exponent == 1) return x;
  if (exponent == 0.5) return root(x);
  if (exponent == 0.75) {
    const Operand half = root(x);
    return node.Mul(half, root(half));
  }
  return node.Emit(ops::Pow{.a = x, .b = node.Scalar(exponent, type)});
}

Result<void> ImportLrn(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 1e-4F));
  WEBNN_ASSIGN_OR_RETURN(const float beta, node.Float("beta", 0.75F));
  WEBNN_ASSIGN_OR_RETURN(const float bias, node.Float("bias", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t size, node.Int("size", 0));
  const Sizes& sizes = node.SizesOf(0);
  if (sizes.size() < 2) {
    return node.Invalid("the input has rank {}; it must be 2 or more", sizes.size());
  }
  if (size < 1 || size > std::numeric_limits<int32_t>::max()) {
    return node.Invalid("size is {}; it must be from 1 to 2147483647", size);
  }
  const Operand x = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);
  const Operand wide = node.Cast(x, DataType::kFloat32);
  // bias + alpha / size * the sum of squares over a window of channels, as a convolution along
  // them. A window reaches no further than over all channels on both sides.
  const int64_t before = std::min((size - 1) / 2, sizes[1]);
  const int64_t after = std::min(size / 2, sizes[1]);
  const std::vector<double> weights(static_cast<size_t>(before + 1 + after),
                                    static_cast<double>(alpha) / static_cast<double>(size));
  const Operand squares =
      node.Reshape(node.Mul(wide, wide), {sizes[0], 1, sizes[1], ProductOf(sizes, 2)});
  Operand scale = node.Emit(ops::Conv2d{
      .input = squares,
      .filter =
          node.Constant(TensorOf(weights, {1, 1, std::ssize(weights), 1}, DataType::kFloat32)),
      .padding = {static_cast<uint32_t>(before), static_cast<uint32_t>(after), 0, 0},
      .bias = Filled(node, static_cast<double>(bias), 1, DataType::kFloat32)});
  scale = node.Reshape(Power(node, scale, static_cast<double>(beta), DataType::kFloat32), sizes);
  return node.Set(0, node.Cast(node.Div(wide, scale), type));
}

Result<void> ImportLpNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t p, node.Int("p", 2));
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", -1));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  if (p != 1 && p != 2) return node.Invalid("p is {}; it can be 1 or 2", p);
  const Operand x = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);
  const std::vector<uint32_t> axes = {axis};
  Operand norm = p == 1
                     ? node.Emit(ops::ReduceL1{.input = x, .axes = axes, .keep_dimensions = true})
                     : node.Emit(ops::ReduceL2{.input = x, .axes = axes, .keep_dimensions = true});
  // Where all is 0 it stays so.
  const Operand zero = node.Scalar(0.0, type);
  norm = node.Emit(ops::Where{.condition = node.Emit(ops::Equal{.a = norm, .b = zero}),
                              .true_value = node.Scalar(1.0, type),
                              .false_value = norm});
  return node.Set(0, node.Div(x, norm));
}

Result<void> ImportMeanVarianceNormalization(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const auto given, node.Ints("axes"));
  WEBNN_ASSIGN_OR_RETURN(const std::vector<uint32_t> axes,
                         node.Axes(given ? *given : Sizes{0, 2, 3}, node.RankOf(0)));
  const Operand x = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(x);
  const auto mean_of = [&](Operand value) {
    return node.Emit(ops::ReduceMean{.input = value, .axes = axes, .keep_dimensions = true});
  };
  const Operand wide = node.Cast(x, DataType::kFloat32);
  const Operand centred = node.Sub(wide, mean_of(wide));
  const Operand deviation = node.Emit(ops::Sqrt{.input = mean_of(node.Mul(centred, centred))});
  const Operand divisor = node.Add(deviation, node.Scalar(1e-9, DataType::kFloat32));
  return node.Set(0, node.Cast(node.Div(centred, divisor), type));
}

}  // namespace

std::span<const ImportRow> NormalizationRows() {
  static constexpr ImportRow kRows[] = {
      {"BatchNormalization", 1, 5, ImportBatchNormalization},
      {"InstanceNormalization", 1, 3, ImportInstanceNormalization},
      {"GroupNormalization", 18, 3, ImportGroupNormalization},
      // ONNX Runtime writes it into models of older versions, too.
      {"LayerNormalization", 1, 2, ImportLayerNormalization},
      {"SimplifiedLayerNormalization", 1, 2, ImportRmsNormalization},
      {"RMSNormalization", 23, 2, ImportRmsNormalization},
      {"LRN", 1, 1, ImportLrn},
      {"LpNormalization", 1, 1, ImportLpNormalization},
      {"MeanVarianceNormalization", 9, 1, ImportMeanVarianceNormalization},
      {"com.microsoft.LayerNormalization", 1, 2, ImportLayerNormalization},
      {"com.microsoft.SimplifiedLayerNormalization", 1, 2, ImportRmsNormalization},
      {"com.microsoft.SkipLayerNormalization", 1, 3, ImportSkipLayerNormalization},
      {"com.microsoft.SkipSimplifiedLayerNormalization", 1, 3,
       ImportSkipSimplifiedLayerNormalization},
  };
  return kRows;
}

}  // namespace webnn::onnx_format
