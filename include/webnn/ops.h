#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "webnn/types.h"

/// The 95 operators of the specification (https://www.w3.org/TR/webnn/), each a plain struct with
/// the specification's arguments, options and defaults. Pass one to the builder's method of the
/// same name:
///
///     Operand y = *builder.Softmax({.input = x, .axis = 1});
///
/// `label` appears in every message about the operator.
namespace webnn::ops {

/// Index of the smallest element along `axis`. Which of equal elements is found is not defined.
struct ArgMin {
  Operand input = {};
  uint32_t axis = 0;
  bool keep_dimensions = false;
  DataType output_data_type = DataType::kInt32;
  std::string label = {};
};

/// Index of the largest element along `axis`. Which of equal elements is found is not defined.
struct ArgMax {
  Operand input = {};
  uint32_t axis = 0;
  bool keep_dimensions = false;
  DataType output_data_type = DataType::kInt32;
  std::string label = {};
};

/// (input - mean) / sqrt(variance + epsilon) * scale + bias; the 1-D operands lie along `axis`.
struct BatchNormalization {
  Operand input = {};
  Operand mean = {};
  Operand variance = {};
  std::optional<Operand> scale = {};
  std::optional<Operand> bias = {};
  uint32_t axis = 1;
  double epsilon = 1e-5;
  std::string label = {};
};

/// Converts every element: integers wrap, floats are truncated toward zero or rounded to nearest.
struct Cast {
  Operand input = {};
  DataType data_type = DataType::kFloat32;
  std::string label = {};
};

/// Limits every element to [minValue, maxValue]; an absent or NaN bound is no bound.
struct Clamp {
  Operand input = {};
  std::optional<Number> min_value = {};
  std::optional<Number> max_value = {};
  std::string label = {};
};

/// Joins 1 to 8192 tensors of equal other sizes along `axis`.
struct Concat {
  std::vector<Operand> inputs = {};
  uint32_t axis = 0;
  std::string label = {};
};

/// 2-D convolution. `padding` is [top, bottom, left, right] in rows and columns of the input.
struct Conv2d {
  Operand input = {};
  Operand filter = {};
  std::array<uint32_t, 4> padding{};
  std::array<uint32_t, 2> strides{1, 1};
  std::array<uint32_t, 2> dilations{1, 1};
  uint32_t groups = 1;
  InputOperandLayout input_layout = InputOperandLayout::kNchw;
  Conv2dFilterOperandLayout filter_layout = Conv2dFilterOperandLayout::kOihw;
  std::optional<Operand> bias = {};
  std::string label = {};
};

/// 2-D transposed convolution, the gradient of `conv2d`. `outputSizes` overrides `outputPadding`.
struct ConvTranspose2d {
  Operand input = {};
  Operand filter = {};
  std::array<uint32_t, 4> padding{};
  std::array<uint32_t, 2> strides{1, 1};
  std::array<uint32_t, 2> dilations{1, 1};
  std::array<uint32_t, 2> output_padding{};
  std::optional<std::array<Dimension, 2>> output_sizes = {};
  uint32_t groups = 1;
  InputOperandLayout input_layout = InputOperandLayout::kNchw;
  ConvTranspose2dFilterOperandLayout filter_layout = ConvTranspose2dFilterOperandLayout::kIohw;
  std::optional<Operand> bias = {};
  std::string label = {};
};

/// Running sum along `axis`, `exclusive` of the element itself, from the end when `reversed`.
struct CumulativeSum {
  Operand input = {};
  uint32_t axis = 0;
  bool exclusive = false;
  bool reversed = false;
  std::string label = {};
};

/// a + b, broadcast in both directions.
struct Add {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// a - b, broadcast in both directions.
struct Sub {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// a * b, broadcast in both directions.
struct Mul {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// a / b, broadcast in both directions; integers truncate toward zero.
struct Div {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// The larger of a and b, broadcast in both directions.
struct Max {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// The smaller of a and b, broadcast in both directions.
struct Min {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// a to the power of b, broadcast in both directions.
struct Pow {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where a = b, else 0.
struct Equal {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where a differs from b, else 0.
struct NotEqual {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where a > b, else 0.
struct Greater {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where a >= b, else 0.
struct GreaterOrEqual {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where a < b, else 0.
struct Lesser {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where a <= b, else 0.
struct LesserOrEqual {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where a is 0, else 0.
struct LogicalNot {
  Operand a = {};
  std::string label = {};
};

/// 1 where neither is 0, else 0.
struct LogicalAnd {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where either is not 0, else 0.
struct LogicalOr {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where exactly one is not 0, else 0.
struct LogicalXor {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// 1 where a is not a number, else 0.
struct IsNaN {
  Operand a = {};
  std::string label = {};
};

/// 1 where a is an infinity of either sign, else 0.
struct IsInfinite {
  Operand a = {};
  std::string label = {};
};

/// Absolute value.
struct Abs {
  Operand input = {};
  std::string label = {};
};

/// Rounds up to an integer.
struct Ceil {
  Operand input = {};
  std::string label = {};
};

/// Cosine of radians.
struct Cos {
  Operand input = {};
  std::string label = {};
};

/// Gauss error function.
struct Erf {
  Operand input = {};
  std::string label = {};
};

/// e to the power of x.
struct Exp {
  Operand input = {};
  std::string label = {};
};

/// Rounds down to an integer.
struct Floor {
  Operand input = {};
  std::string label = {};
};

/// A copy of the input.
struct Identity {
  Operand input = {};
  std::string label = {};
};

/// Natural logarithm.
struct Log {
  Operand input = {};
  std::string label = {};
};

/// -x.
struct Neg {
  Operand input = {};
  std::string label = {};
};

/// 1 / x.
struct Reciprocal {
  Operand input = {};
  std::string label = {};
};

/// Rounds to the nearest integer, halves to the even one.
struct RoundEven {
  Operand input = {};
  std::string label = {};
};

/// Sine of radians.
struct Sin {
  Operand input = {};
  std::string label = {};
};

/// -1, 0 or 1; 0 for NaN.
struct Sign {
  Operand input = {};
  std::string label = {};
};

/// Square root.
struct Sqrt {
  Operand input = {};
  std::string label = {};
};

/// Tangent of radians.
struct Tan {
  Operand input = {};
  std::string label = {};
};

/// (input - zeroPoint) * scale. Each size of scale and zeroPoint divides that of the input: every
/// axis may be in blocks.
struct DequantizeLinear {
  Operand input = {};
  Operand scale = {};
  Operand zero_point = {};
  std::string label = {};
};

/// roundEven(input / scale) + zeroPoint, saturated to the type of zeroPoint. Blocks as in
/// dequantizeLinear.
struct QuantizeLinear {
  Operand input = {};
  Operand scale = {};
  Operand zero_point = {};
  std::string label = {};
};

/// max(0, x) + alpha * (exp(min(0, x)) - 1).
struct Elu {
  Operand input = {};
  double alpha = 1;
  std::string label = {};
};

/// Repeats axes of size 1 to reach `newShape`.
struct Expand {
  Operand input = {};
  std::vector<Dimension> new_shape = {};
  std::string label = {};
};

/// Slices of the input along `axis` at `indices`; negative indices count from the end, others are
/// clamped.
struct Gather {
  Operand input = {};
  Operand indices = {};
  uint32_t axis = 0;
  std::string label = {};
};

/// One element of the input for each index, along `axis`.
struct GatherElements {
  Operand input = {};
  Operand indices = {};
  uint32_t axis = 0;
  std::string label = {};
};

/// Slices of the input at the coordinates in the last axis of `indices`.
struct GatherND {
  Operand input = {};
  Operand indices = {};
  std::string label = {};
};

/// x / 2 * (1 + erf(x / sqrt(2))).
struct Gelu {
  Operand input = {};
  std::string label = {};
};

/// alpha * A * B + beta * c, A and B transposed on request.
struct Gemm {
  Operand a = {};
  Operand b = {};
  std::optional<Operand> c = {};
  double alpha = 1.0;
  double beta = 1.0;
  bool a_transpose = false;
  bool b_transpose = false;
  std::string label = {};
};

/// Gated recurrent unit over `steps`. Outputs: last hidden state [directions, batch, hidden], then
/// all of them with `returnSequence`.
struct Gru {
  using Outputs = std::vector<Operand>;
  Operand input = {};
  Operand weight = {};
  Operand recurrent_weight = {};
  uint32_t steps = 0;
  uint32_t hidden_size = 0;
  std::optional<Operand> bias = {};
  std::optional<Operand> recurrent_bias = {};
  std::optional<Operand> initial_hidden_state = {};
  bool reset_after = true;
  bool return_sequence = false;
  RecurrentNetworkDirection direction = RecurrentNetworkDirection::kForward;
  GruWeightLayout layout = GruWeightLayout::kZrn;
  std::array<RecurrentNetworkActivation, 2> activations{RecurrentNetworkActivation::kSigmoid,
                                                        RecurrentNetworkActivation::kTanh};
  std::string label = {};
};

/// One step of a gated recurrent unit.
struct GruCell {
  Operand input = {};
  Operand weight = {};
  Operand recurrent_weight = {};
  Operand hidden_state = {};
  uint32_t hidden_size = 0;
  std::optional<Operand> bias = {};
  std::optional<Operand> recurrent_bias = {};
  bool reset_after = true;
  GruWeightLayout layout = GruWeightLayout::kZrn;
  std::array<RecurrentNetworkActivation, 2> activations{RecurrentNetworkActivation::kSigmoid,
                                                        RecurrentNetworkActivation::kTanh};
  std::string label = {};
};

/// max(0, min(1, alpha * x + beta)).
struct HardSigmoid {
  Operand input = {};
  double alpha = 0.2;
  double beta = 0.5;
  std::string label = {};
};

/// x * max(0, min(6, x + 3)) / 6.
struct HardSwish {
  Operand input = {};
  std::string label = {};
};

/// Normalises rows and columns of every sample and channel, then scale and bias by channel.
struct InstanceNormalization {
  Operand input = {};
  std::optional<Operand> scale = {};
  std::optional<Operand> bias = {};
  double epsilon = 1e-5;
  InputOperandLayout layout = InputOperandLayout::kNchw;
  std::string label = {};
};

/// Normalises over `axes` (all but the first when absent), then scale and bias whose axes are
/// `axes` in their order.
struct LayerNormalization {
  Operand input = {};
  std::optional<Operand> scale = {};
  std::optional<Operand> bias = {};
  std::optional<std::vector<uint32_t>> axes = {};
  double epsilon = 1e-5;
  std::string label = {};
};

/// x where x >= 0, else alpha * x.
struct LeakyRelu {
  Operand input = {};
  double alpha = 0.01;
  std::string label = {};
};

/// alpha * x + beta.
struct Linear {
  Operand input = {};
  double alpha = 1;
  double beta = 0;
  std::string label = {};
};

/// Long short-term memory over `steps`. Outputs: last hidden state, last cell state, then all
/// hidden states with `returnSequence`.
struct Lstm {
  using Outputs = std::vector<Operand>;
  Operand input = {};
  Operand weight = {};
  Operand recurrent_weight = {};
  uint32_t steps = 0;
  uint32_t hidden_size = 0;
  std::optional<Operand> bias = {};
  std::optional<Operand> recurrent_bias = {};
  std::optional<Operand> peephole_weight = {};
  std::optional<Operand> initial_hidden_state = {};
  std::optional<Operand> initial_cell_state = {};
  bool return_sequence = false;
  RecurrentNetworkDirection direction = RecurrentNetworkDirection::kForward;
  LstmWeightLayout layout = LstmWeightLayout::kIofg;
  std::array<RecurrentNetworkActivation, 3> activations{RecurrentNetworkActivation::kSigmoid,
                                                        RecurrentNetworkActivation::kTanh,
                                                        RecurrentNetworkActivation::kTanh};
  std::string label = {};
};

/// One step of a long short-term memory. Outputs: hidden state, cell state.
struct LstmCell {
  using Outputs = std::vector<Operand>;
  Operand input = {};
  Operand weight = {};
  Operand recurrent_weight = {};
  Operand hidden_state = {};
  Operand cell_state = {};
  uint32_t hidden_size = 0;
  std::optional<Operand> bias = {};
  std::optional<Operand> recurrent_bias = {};
  std::optional<Operand> peephole_weight = {};
  LstmWeightLayout layout = LstmWeightLayout::kIofg;
  std::array<RecurrentNetworkActivation, 3> activations{RecurrentNetworkActivation::kSigmoid,
                                                        RecurrentNetworkActivation::kTanh,
                                                        RecurrentNetworkActivation::kTanh};
  std::string label = {};
};

/// Matrix product of the last two axes; the others are broadcast.
struct Matmul {
  Operand a = {};
  Operand b = {};
  std::string label = {};
};

/// Adds elements at the ends of each axis: `value`, the edge, or a reflection.
struct Pad {
  Operand input = {};
  std::vector<uint32_t> beginning_padding = {};
  std::vector<uint32_t> ending_padding = {};
  PaddingMode mode = PaddingMode::kConstant;
  Number value = 0;
  std::string label = {};
};

/// Mean of each window, padding not counted. Absent `windowDimensions` means the whole plane.
struct AveragePool2d {
  Operand input = {};
  std::optional<std::array<uint32_t, 2>> window_dimensions = {};
  std::array<uint32_t, 4> padding{};
  std::array<uint32_t, 2> strides{1, 1};
  std::array<uint32_t, 2> dilations{1, 1};
  InputOperandLayout layout = InputOperandLayout::kNchw;
  RoundingType output_shape_rounding = RoundingType::kFloor;
  std::optional<std::array<Dimension, 2>> output_sizes = {};
  std::string label = {};
};

/// Square root of the sum of squares of each window.
struct L2Pool2d {
  Operand input = {};
  std::optional<std::array<uint32_t, 2>> window_dimensions = {};
  std::array<uint32_t, 4> padding{};
  std::array<uint32_t, 2> strides{1, 1};
  std::array<uint32_t, 2> dilations{1, 1};
  InputOperandLayout layout = InputOperandLayout::kNchw;
  RoundingType output_shape_rounding = RoundingType::kFloor;
  std::optional<std::array<Dimension, 2>> output_sizes = {};
  std::string label = {};
};

/// Largest element of each window.
struct MaxPool2d {
  Operand input = {};
  std::optional<std::array<uint32_t, 2>> window_dimensions = {};
  std::array<uint32_t, 4> padding{};
  std::array<uint32_t, 2> strides{1, 1};
  std::array<uint32_t, 2> dilations{1, 1};
  InputOperandLayout layout = InputOperandLayout::kNchw;
  RoundingType output_shape_rounding = RoundingType::kFloor;
  std::optional<std::array<Dimension, 2>> output_sizes = {};
  std::string label = {};
};

/// x where x >= 0, else slope * x, broadcast in both directions.
struct Prelu {
  Operand input = {};
  Operand slope = {};
  std::string label = {};
};

/// Sum of absolute values over `axes` (all when absent).
struct ReduceL1 {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Square root of the sum of squares over `axes` (all when absent).
struct ReduceL2 {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Logarithm of the sum over `axes` (all when absent).
struct ReduceLogSum {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Logarithm of the sum of exponentials over `axes` (all when absent).
struct ReduceLogSumExp {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Largest element over `axes` (all when absent).
struct ReduceMax {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Mean over `axes` (all when absent).
struct ReduceMean {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Smallest element over `axes` (all when absent).
struct ReduceMin {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Product over `axes` (all when absent).
struct ReduceProduct {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Sum over `axes` (all when absent).
struct ReduceSum {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// Sum of squares over `axes` (all when absent).
struct ReduceSumSquare {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  bool keep_dimensions = false;
  std::string label = {};
};

/// max(0, x).
struct Relu {
  Operand input = {};
  std::string label = {};
};

/// Resizes two `axes` to `sizes`, or by `scales`; pixel centres at one half.
struct Resample2d {
  Operand input = {};
  InterpolationMode mode = InterpolationMode::kNearestNeighbor;
  std::array<float, 2> scales{1, 1};
  std::optional<std::array<Dimension, 2>> sizes = {};
  std::array<uint32_t, 2> axes{2, 3};
  std::string label = {};
};

/// The same elements in another shape of the same count.
struct Reshape {
  Operand input = {};
  std::vector<Dimension> new_shape = {};
  std::string label = {};
};

/// Reverses the order along `axes` (all when absent).
struct Reverse {
  Operand input = {};
  std::optional<std::vector<uint32_t>> axes = {};
  std::string label = {};
};

/// A copy of the input with one element replaced for each index, along `axis`.
struct ScatterElements {
  Operand input = {};
  Operand indices = {};
  Operand updates = {};
  uint32_t axis = 0;
  std::string label = {};
};

/// A copy of the input with slices replaced at the coordinates in the last axis of `indices`.
struct ScatterND {
  Operand input = {};
  Operand indices = {};
  Operand updates = {};
  std::string label = {};
};

/// 1 / (1 + exp(-x)).
struct Sigmoid {
  Operand input = {};
  std::string label = {};
};

/// A window of `sizes` at `starts`, every `strides`-th element of it.
struct Slice {
  Operand input = {};
  std::vector<Dimension> starts = {};
  std::vector<Dimension> sizes = {};
  std::optional<std::vector<uint32_t>> strides = {};
  std::string label = {};
};

/// exp(x) divided by its sum along `axis`.
struct Softmax {
  Operand input = {};
  uint32_t axis = 0;
  std::string label = {};
};

/// log(1 + exp(x)).
struct Softplus {
  Operand input = {};
  std::string label = {};
};

/// x / (1 + |x|).
struct Softsign {
  Operand input = {};
  std::string label = {};
};

/// Cuts `axis` into `splits` equal parts, or into parts of the sizes listed.
struct Split {
  using Outputs = std::vector<Operand>;
  Operand input = {};
  std::variant<uint32_t, std::vector<Dimension>> splits = {};
  uint32_t axis = 0;
  std::string label = {};
};

/// Hyperbolic tangent.
struct Tanh {
  Operand input = {};
  std::string label = {};
};

/// Repeats the whole tensor along each axis.
struct Tile {
  Operand input = {};
  std::vector<uint32_t> repetitions = {};
  std::string label = {};
};

/// Permutes the axes; reverses them when `permutation` is absent.
struct Transpose {
  Operand input = {};
  std::optional<std::vector<uint32_t>> permutation = {};
  std::string label = {};
};

/// Keeps the upper or lower triangle of the last two axes, counted from `diagonal`, and zeros the
/// rest.
struct Triangular {
  Operand input = {};
  bool upper = true;
  int32_t diagonal = 0;
  std::string label = {};
};

/// trueValue where the condition is not 0, else falseValue; all broadcast.
struct Where {
  Operand condition = {};
  Operand true_value = {};
  Operand false_value = {};
  std::string label = {};
};

}  // namespace webnn::ops
