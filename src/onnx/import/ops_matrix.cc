#include <algorithm>
#include <array>
#include <numeric>

#include "onnx/import/constants.h"
#include "onnx/import/matrix.h"

namespace webnn::onnx_format {

std::vector<Operand> SplitParts(Node& node, Operand x, std::span<const int64_t> sizes,
                                uint32_t axis) {
  if (sizes.size() == 1) return {x};
  std::vector<Dimension> parts;
  for (int64_t size : sizes) parts.emplace_back(static_cast<uint32_t>(size));
  return node.EmitMany(ops::Split{.input = x, .splits = std::move(parts), .axis = axis},
                       sizes.size());
}

std::vector<Operand> SplitParts(Node& node, Operand x, std::initializer_list<int64_t> sizes,
                                uint32_t axis) {
  return SplitParts(node, x, std::span(sizes.begin(), sizes.size()), axis);
}

Operand Join(Node& node, std::vector<Operand> parts, uint32_t axis) {
  if (parts.size() == 1) return parts[0];
  return node.Emit(ops::Concat{.inputs = std::move(parts), .axis = axis});
}

Result<Operand> Positions(Node& node, int64_t count, std::vector<int64_t> sizes) {
  if (count > kMaxPositions) {
    return node.Refuse(
        fmt::format("a sequence of {}; up to {} positions are counted", count, kMaxPositions),
        "import with shorter sequences");
  }
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.0);
  return node.Constant(TensorOf(values, std::move(sizes), DataType::kInt32));
}

namespace {

std::vector<uint32_t> LastTwoSwapped(size_t rank) {
  std::vector<uint32_t> permutation(rank);
  std::iota(permutation.begin(), permutation.end(), 0u);
  std::swap(permutation[rank - 2], permutation[rank - 1]);
  return permutation;
}

// Rows of a times columns of b, with a new last axis to sum over.
Operand MultiplyAndSum(Node& node, Operand a, Operand b) {
  std::vector<int64_t> rows = node.Sizes(a);
  std::vector<int64_t> columns = node.Sizes(b);
  const Operand turned = node.Transpose(b, LastTwoSwapped(columns.size()));
  std::swap(columns[columns.size() - 2], columns[columns.size() - 1]);
  rows.insert(rows.end() - 1, 1);
  columns.insert(columns.end() - 2, 1);
  const Operand products = node.Mul(node.Reshape(a, rows), node.Reshape(turned, columns));
  const auto last = static_cast<uint32_t>(std::max(rows.size(), columns.size()) - 1);
  return node.Emit(ops::ReduceSum{.input = products, .axes = {{last}}});
}

// What MultiplyAndSum would hold in memory at once; a double cannot overflow.
double CountProducts(std::span<const int64_t> a, std::span<const int64_t> b) {
  double count = static_cast<double>(a[a.size() - 2]) * static_cast<double>(a.back()) *
                 static_cast<double>(b.back());
  const size_t rank = std::max(a.size(), b.size());
  for (size_t k = 3; k <= rank; ++k) {
    const int64_t of_a = k <= a.size() ? a[a.size() - k] : 1;
    const int64_t of_b = k <= b.size() ? b[b.size() - k] : 1;
    count *= static_cast<double>(std::max(of_a, of_b));
  }
  return count;
}

}  // namespace

Result<Operand> Product(Node& node, Operand a, Operand b) {
  WEBNN_RETURN_IF_ERROR(node.status());
  if (IsFloat(node.DataTypeOf(a))) return node.Emit(ops::Matmul{.a = a, .b = b});
  if (CountProducts(node.Sizes(a), node.Sizes(b)) > kMaxProducts) {
    return node.Refuse(
        fmt::format("WebNN multiplies matrices of floats alone, and these integers are too many to "
                    "be multiplied one by one (more than {} products)",
                    kMaxProducts),
        "cast both to float32 in the model, where all results stay below 2^24");
  }
  return MultiplyAndSum(node, a, b);
}

namespace {

Error Mismatch(const Node& node, int64_t columns, int64_t rows) {
  return node.Invalid("A has {} columns and B has {} rows; they must be equal", columns, rows);
}

Result<void> ImportMatMul(Node& node) {
  const std::vector<int64_t>& a = node.SizesOf(0);
  const std::vector<int64_t>& b = node.SizesOf(1);
  if (a.empty() || b.empty()) {
    return node.Invalid("a scalar is no operand of MatMul; A has rank {}, B has rank {}", a.size(),
                        b.size());
  }
  const int64_t rows = b.size() == 1 ? b[0] : b[b.size() - 2];
  if (a.back() != rows) return Mismatch(node, a.back(), rows);
  // A vector is a row in front and a column behind; that axis is not in the result.
  const bool is_row = a.size() == 1;
  const bool is_column = b.size() == 1;
  const Operand left = is_row ? GetAs(node, 0, {1, a[0]}) : node.Get(0);
  const Operand right = is_column ? GetAs(node, 1, {b[0], 1}) : node.Get(1);
  WEBNN_ASSIGN_OR_RETURN(Operand product, Product(node, left, right));
  WEBNN_RETURN_IF_ERROR(node.status());
  if (is_row || is_column) {
    std::vector<int64_t> sizes = node.Sizes(product);
    if (is_column) sizes.pop_back();
    if (is_row) sizes.erase(sizes.end() - (is_column ? 1 : 2));
    product = node.Reshape(product, sizes);
  }
  return node.Set(0, product);
}

// alpha * A * B + beta * C of integers, where the factors leave them integers.
Result<Operand> IntegerGemm(Node& node, const ops::Gemm& gemm) {
  if (gemm.alpha != 1 || gemm.beta != 1) {
    return node.Refuse(fmt::format("integers times alpha = {} and beta = {} are no integers",
                                   gemm.alpha, gemm.beta),
                       "use float32, or 1 for both");
  }
  const Operand a = gemm.a_transpose ? node.Transpose(gemm.a, {1, 0}) : gemm.a;
  const Operand b = gemm.b_transpose ? node.Transpose(gemm.b, {1, 0}) : gemm.b;
  WEBNN_ASSIGN_OR_RETURN(const Operand product, Product(node, a, b));
  return gemm.c ? node.Add(product, *gemm.c) : product;
}

Result<Operand> EmitGemm(Node& node) {
  if (node.RankOf(0) != 2 || node.RankOf(1) != 2) {
    return node.Invalid("A and B have ranks {} and {}; Gemm multiplies matrices (rank 2)",
                        node.RankOf(0), node.RankOf(1));
  }
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 1));
  WEBNN_ASSIGN_OR_RETURN(const float beta, node.Float("beta", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t transposes_a, node.Int("transA", 0));
  WEBNN_ASSIGN_OR_RETURN(const int64_t transposes_b, node.Int("transB", 0));
  const int64_t columns = node.SizesOf(0)[transposes_a != 0 ? 0 : 1];
  const int64_t rows = node.SizesOf(1)[transposes_b != 0 ? 1 : 0];
  if (columns != rows) return Mismatch(node, columns, rows);
  ops::Gemm gemm = {.a = node.Get(0),
                    .b = node.Get(1),
                    .alpha = alpha,
                    .beta = beta,
                    .a_transpose = transposes_a != 0,
                    .b_transpose = transposes_b != 0};
  if (node.Has(2)) gemm.c = node.Get(2);
  WEBNN_RETURN_IF_ERROR(node.status());
  if (!IsFloat(node.DataTypeOf(gemm.a))) return IntegerGemm(node, gemm);
  return node.Emit(std::move(gemm));
}

Result<void> ImportGemm(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Operand output, EmitGemm(node));
  return node.Set(0, output);
}

// ---- What ONNX Runtime's optimiser makes of these, in com.microsoft. ----

Result<void> ImportFusedGemm(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string activation, node.String("activation", ""));
  WEBNN_ASSIGN_OR_RETURN(Operand output, EmitGemm(node));
  if (activation == "Relu") {
    output = node.Emit(ops::Relu{.input = output});
  } else if (activation == "Sigmoid") {
    output = node.Emit(ops::Sigmoid{.input = output});
  } else if (activation == "Tanh") {
    output = node.Emit(ops::Tanh{.input = output});
  } else if (activation == "LeakyRelu") {
    WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("activation_alpha", 0.01f));
    output = node.Emit(ops::LeakyRelu{.input = output, .alpha = alpha});
  } else if (!activation.empty()) {
    return node.Refuse(fmt::format("the activation is \"{}\"; imported are Relu, Sigmoid, Tanh and "
                                   "LeakyRelu",
                                   activation),
                       "use the model from before ONNX Runtime's optimisation");
  }
  return node.Set(0, output);
}

// The operand of FusedMatMul as MatMul wants it: with `batch`, its rows stand before the batch.
Operand Turn(Node& node, size_t k, bool batch, bool transpose) {
  const size_t rank = node.SizesOf(k).size();
  std::vector<uint32_t> permutation(rank);
  std::iota(permutation.begin(), permutation.end(), 0u);
  if (batch) std::rotate(permutation.begin(), permutation.begin() + 1, permutation.end() - 1);
  if (transpose) std::swap(permutation[rank - 2], permutation[rank - 1]);
  return node.Transpose(node.Get(k), permutation);
}

Result<void> ImportFusedMatMul(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 1));
  std::array<Operand, 2> operands;
  for (size_t k : {0, 1}) {
    WEBNN_ASSIGN_OR_RETURN(const int64_t transpose, node.Int(k == 0 ? "transA" : "transB", 0));
    WEBNN_ASSIGN_OR_RETURN(const int64_t batch,
                           node.Int(k == 0 ? "transBatchA" : "transBatchB", 0));
    if (node.RankOf(k) < 2) {
      return node.Refuse("an operand is a vector", "reshape it to a matrix in the model");
    }
    operands[k] = Turn(node, k, batch != 0, transpose != 0);
  }
  WEBNN_ASSIGN_OR_RETURN(Operand product, Product(node, operands[0], operands[1]));
  WEBNN_RETURN_IF_ERROR(node.status());
  if (alpha != 1) product = node.Mul(product, node.Scalar(alpha, node.DataTypeOf(product)));
  return node.Set(0, product);
}

constexpr ImportRow kRows[] = {
    {"MatMul", 1, 2, ImportMatMul},
    {"Gemm", 7, 2, ImportGemm},
    {"Einsum", 12, 1, ImportEinsum},
    {"Attention", 23, 3, ImportAttention},
    {"LinearAttention", 27, 3, ImportLinearAttention},
    {"CausalConvWithState", 27, 2, ImportCausalConv},
    {"ai.onnx.preview.FlexAttention", 1, 3, ImportFlexAttention},
    {"RotaryEmbedding", 23, 3, ImportRotaryEmbedding},
    {"DFT", 17, 1, ImportDft},
    {"STFT", 17, 2, ImportStft},
    {"MelWeightMatrix", 17, 5, ImportMelWeightMatrix},
    {"HannWindow", 17, 1, ImportHannWindow},
    {"HammingWindow", 17, 1, ImportHammingWindow},
    {"BlackmanWindow", 17, 1, ImportBlackmanWindow},
    {"com.microsoft.FusedMatMul", 1, 2, ImportFusedMatMul},
    {"com.microsoft.FusedGemm", 1, 2, ImportFusedGemm},
    {"com.microsoft.MatMulNBits", 1, 3, ImportMatMulNBits},
    {"com.microsoft.Attention", 1, 2, ImportMicrosoftAttention},
    {"com.microsoft.MultiHeadAttention", 1, 1, ImportMultiHeadAttention},
    {"com.microsoft.RotaryEmbedding", 1, 4, ImportMicrosoftRotaryEmbedding},
};

}  // namespace

std::span<const ImportRow> MatrixRows() { return kRows; }

}  // namespace webnn::onnx_format
