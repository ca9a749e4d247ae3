#include "onnx/import/constants.h"
#include "onnx/import/node.h"

namespace webnn::onnx_format {
namespace {

// Scores by class and what they are compared with.
struct Loss {
  std::vector<int64_t> sizes;  // of one number a target
  int64_t positions = 0;       // of one sample
  std::string reduction;
  std::optional<int64_t> ignored;  // a target that does not count
};

Result<Loss> ReadLoss(const Node& node) {
  const std::vector<int64_t>& scores = node.SizesOf(0);
  if (scores.size() < 2) {
    return node.Invalid("the scores have rank {}; they are [batch, classes, ...]", scores.size());
  }
  Loss loss = {.sizes = scores};
  loss.sizes.erase(loss.sizes.begin() + 1);
  if (node.SizesOf(1) != loss.sizes) {
    return node.Invalid("the targets have the sizes [{}]; with scores of [{}] they must have [{}]",
                        fmt::join(node.SizesOf(1), ", "), fmt::join(scores, ", "),
                        fmt::join(loss.sizes, ", "));
  }
  loss.positions = ProductOf(loss.sizes, 1);
  WEBNN_ASSIGN_OR_RETURN(loss.reduction, node.String("reduction", "mean"));
  if (loss.reduction != "none" && loss.reduction != "sum" && loss.reduction != "mean") {
    return node.Invalid("reduction is \"{}\"; it must be none, sum or mean", loss.reduction);
  }
  if (node.HasAttribute("ignore_index")) {
    WEBNN_ASSIGN_OR_RETURN(loss.ignored, node.Int("ignore_index", 0));
  }
  return loss;
}

// Minus the number under each target, times the weight of its class; `likelihoods` is [batch,
// classes, positions].
Result<void> SetLoss(Node& node, const Loss& loss, Operand likelihoods) {
  Operand targets = node.Cast(GetAs(node, 1, {loss.sizes[0], 1, loss.positions}), DataType::kInt64);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(likelihoods);
  const Operand zero = node.Scalar(0.0, type);
  std::optional<Operand> counts;
  if (loss.ignored) {
    const Operand ignored = node.Scalar(*loss.ignored, DataType::kInt64);
    counts = node.Emit(ops::NotEqual{.a = targets, .b = ignored});
    // What is ignored need not be a class.
    targets = node.Emit(ops::Where{.condition = *counts,
                                   .true_value = targets,
                                   .false_value = node.Scalar(0, DataType::kInt64)});
  }
  const auto where_it_counts = [&](Operand x) {
    return counts
               ? node.Emit(ops::Where{.condition = *counts, .true_value = x, .false_value = zero})
               : x;
  };
  std::optional<Operand> weights;
  if (node.Has(2)) {
    weights = where_it_counts(
        node.Emit(ops::Gather{.input = node.Get(2), .indices = targets, .axis = 0}));
  } else if (counts) {
    weights = where_it_counts(node.Scalar(1.0, type));
  }
  const Operand under =
      node.Emit(ops::GatherElements{.input = likelihoods, .indices = targets, .axis = 1});
  Operand losses = node.Emit(ops::Neg{.input = under});
  if (weights) losses = where_it_counts(node.Mul(losses, *weights));
  if (loss.reduction == "none") return node.Set(0, node.Reshape(losses, loss.sizes));
  if (loss.reduction == "mean" && !weights) {
    return node.Set(0, node.Emit(ops::ReduceMean{.input = losses}));
  }
  const Operand sum = node.Emit(ops::ReduceSum{.input = losses});
  if (loss.reduction == "sum") return node.Set(0, sum);
  return node.Set(0, node.Div(sum, node.Emit(ops::ReduceSum{.input = *weights})));
}

Operand ByPosition(Node& node, const Loss& loss) {
  return GetAs(node, 0, {loss.sizes[0], node.SizesOf(0)[1], loss.positions});
}

Result<void> ImportNegativeLogLikelihoodLoss(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Loss loss, ReadLoss(node));
  return SetLoss(node, loss, ByPosition(node, loss));
}

// The same of the logarithm of a softmax over the classes.
Result<void> ImportSoftmaxCrossEntropyLoss(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Loss loss, ReadLoss(node));
  const Operand scores = ByPosition(node, loss);
  // The largest goes first, so that large numbers keep their digits.
  const Operand shifted = node.Sub(
      scores, node.Emit(ops::ReduceMax{.input = scores, .axes = {{1}}, .keep_dimensions = true}));
  const Operand sum =
      node.Emit(ops::ReduceLogSumExp{.input = shifted, .axes = {{1}}, .keep_dimensions = true});
  const Operand logarithms = node.Sub(shifted, sum);
  if (node.Wants(1)) {
    WEBNN_RETURN_IF_ERROR(node.Set(1, node.Reshape(logarithms, node.SizesOf(0))));
  }
  return SetLoss(node, loss, logarithms);
}

constexpr ImportRow kRows[] = {
    {"NegativeLogLikelihoodLoss", 12, 2, ImportNegativeLogLikelihoodLoss},
    {"SoftmaxCrossEntropyLoss", 12, 2, ImportSoftmaxCrossEntropyLoss},
};

}  // namespace

std::span<const ImportRow> LossRows() { return kRows; }

}  // namespace webnn::onnx_format
