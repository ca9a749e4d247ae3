#include <algorithm>
#include <map>
#include <set>

#include "graph/infer_context.h"
#include "onnx/import/einsum.h"
#include "onnx/import/matrix.h"

namespace webnn::onnx_format {
namespace {

using Labels = std::vector<EinsumLabel>;
using LabelSet = std::set<EinsumLabel>;

// An operand with the names of its axes, each name once. Axes of size 1 are left out: that
// broadcasts them, and the last reshape brings back those of the output.
struct Factor {
  Operand operand;
  Labels labels;
  std::vector<int64_t> sizes;
};

bool Has(const Labels& labels, EinsumLabel label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

Labels Joined(std::initializer_list<std::span<const EinsumLabel>> parts) {
  Labels all;
  for (auto part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

class Contraction {
 public:
  Contraction(Node& node, EinsumEquation equation) : node_(node), equation_(std::move(equation)) {}

  Result<Operand> Run() {
    WEBNN_RETURN_IF_ERROR(MeasureLabels());
    Factor result;
    for (size_t k = 0; k < equation_.terms.size(); ++k) {
      Factor factor = Diagonal(k);
      LabelSet later(equation_.output.begin(), equation_.output.end());
      for (size_t n = k + 1; n < equation_.terms.size(); ++n) {
        later.insert(equation_.terms[n].begin(), equation_.terms[n].end());
      }
      // What only one of the two has, and nobody later needs, is summed alone.
      LabelSet needed = later;
      if (k > 0) needed.insert(result.labels.begin(), result.labels.end());
      factor = SumOthers(std::move(factor), needed);
      if (k == 0) {
        result = std::move(factor);
        continue;
      }
      needed = later;
      needed.insert(factor.labels.begin(), factor.labels.end());
      result = SumOthers(std::move(result), needed);
      const bool is_last = k + 1 == equation_.terms.size();
      WEBNN_ASSIGN_OR_RETURN(result,
                             Multiply(std::move(result), std::move(factor), later, is_last));
    }
    Labels order;
    std::vector<int64_t> sizes;
    for (EinsumLabel label : equation_.output) {
      sizes.push_back(sizes_[label]);
      if (sizes_[label] > 1) order.push_back(label);
    }
    return node_.Reshape(Arrange(result, order).operand, sizes);
  }

 private:
  // The size of every label; an operand may have 1 instead.
  Result<void> MeasureLabels() {
    for (size_t k = 0; k < equation_.terms.size(); ++k) {
      const Labels& term = equation_.terms[k];
      for (size_t axis = 0; axis < term.size(); ++axis) {
        const int64_t size = node_.SizesOf(k)[axis];
        const size_t first = std::find(term.begin(), term.end(), term[axis]) - term.begin();
        int64_t& common = sizes_.try_emplace(term[axis], size).first->second;
        if (size != node_.SizesOf(k)[first] || (size != common && size != 1 && common != 1)) {
          return node_.Invalid("axis {} of operand {} has size {}, and the same axis elsewhere {}",
                               axis, k, size, std::max(common, node_.SizesOf(k)[first]));
        }
        common = std::max(common, size);
      }
    }
    return {};
  }

  // The k-th operand with each label once: of axes that share one, the diagonal is taken.
  Factor Diagonal(size_t k) {
    Factor factor = {node_.Get(k), equation_.terms[k], node_.SizesOf(k)};
    for (size_t first = 0; first < factor.labels.size(); ++first) {
      while (true) {
        const auto again =
            std::find(factor.labels.begin() + first + 1, factor.labels.end(), factor.labels[first]);
        if (again == factor.labels.end()) break;
        factor = TakeDiagonal(factor, first, again - factor.labels.begin());
      }
    }
    return DropOnes(factor);
  }

  // Both axes to the end, there as one; its elements n + 1 apart.
  Factor TakeDiagonal(const Factor& factor, size_t a, size_t b) {
    const EinsumLabel label = factor.labels[a];
    const int64_t n = factor.sizes[a];
    std::vector<uint32_t> permutation;
    Factor result;
    for (size_t axis = 0; axis < factor.labels.size(); ++axis) {
      if (axis == a || axis == b) continue;
      permutation.push_back(static_cast<uint32_t>(axis));
      result.labels.push_back(factor.labels[axis]);
      result.sizes.push_back(factor.sizes[axis]);
    }
    permutation.push_back(static_cast<uint32_t>(a));
    permutation.push_back(static_cast<uint32_t>(b));
    result.labels.push_back(label);
    result.sizes.push_back(n * n);
    const Operand flat = node_.Reshape(node_.Transpose(factor.operand, permutation), result.sizes);
    std::vector<uint32_t> strides(result.sizes.size(), 1);
    strides.back() = static_cast<uint32_t>(n + 1);
    result.operand = node_.Emit(
        ops::Slice{.input = flat,
                   .starts = std::vector<Dimension>(result.sizes.size()),
                   .sizes = std::vector<Dimension>(result.sizes.begin(), result.sizes.end()),
                   .strides = std::move(strides)});
    result.sizes.back() = n;
    return result;
  }

  Factor DropOnes(const Factor& factor) {
    Factor result;
    for (size_t axis = 0; axis < factor.labels.size(); ++axis) {
      if (factor.sizes[axis] == 1) continue;
      result.labels.push_back(factor.labels[axis]);
      result.sizes.push_back(factor.sizes[axis]);
    }
    result.operand = node_.Reshape(factor.operand, result.sizes);
    return result;
  }

  Factor SumOthers(Factor factor, const LabelSet& needed) {
    Factor result;
    std::vector<uint32_t> axes;
    for (size_t axis = 0; axis < factor.labels.size(); ++axis) {
      if (!needed.contains(factor.labels[axis])) {
        axes.push_back(static_cast<uint32_t>(axis));
        continue;
      }
      result.labels.push_back(factor.labels[axis]);
      result.sizes.push_back(factor.sizes[axis]);
    }
    if (axes.empty()) return factor;
    result.operand = node_.Emit(ops::ReduceSum{.input = factor.operand, .axes = std::move(axes)});
    return result;
  }

  Factor Arrange(const Factor& factor, const Labels& order) {
    std::vector<uint32_t> permutation;
    std::vector<int64_t> sizes;
    for (EinsumLabel label : order) {
      const size_t axis =
          std::find(factor.labels.begin(), factor.labels.end(), label) - factor.labels.begin();
      permutation.push_back(static_cast<uint32_t>(axis));
      sizes.push_back(factor.sizes[axis]);
    }
    return {node_.Transpose(factor.operand, permutation), order, std::move(sizes)};
  }

  int64_t Count(const Labels& labels) const {
    int64_t count = 1;
    for (EinsumLabel label : labels) count *= sizes_.at(label);
    return count;
  }

  // Sums over the labels that both have and nobody needs.
  Result<Factor> Multiply(Factor a, Factor b, const LabelSet& needed, bool is_last) {
    // Where the output has b's own axes in front, b * a has them in place.
    if (is_last) {
      const auto own = std::find_if(
          equation_.output.begin(), equation_.output.end(),
          [&](EinsumLabel label) { return Has(a.labels, label) != Has(b.labels, label); });
      if (own != equation_.output.end() && Has(b.labels, *own)) std::swap(a, b);
    }
    Labels batch;
    Labels rows;
    Labels inner;
    Labels columns;
    for (EinsumLabel label : a.labels) {
      (!Has(b.labels, label) ? rows : needed.contains(label) ? batch : inner).push_back(label);
    }
    for (EinsumLabel label : b.labels) {
      if (!Has(a.labels, label)) columns.push_back(label);
    }
    std::vector<int64_t> sizes;
    for (EinsumLabel label : batch) sizes.push_back(sizes_.at(label));
    const auto reshaped = [&](const Factor& factor, const Labels& order, int64_t height,
                              int64_t width) {
      std::vector<int64_t> matrices = sizes;
      matrices.insert(matrices.end(), {height, width});
      return node_.Reshape(Arrange(factor, order).operand, matrices);
    };
    const Operand left = reshaped(a, Joined({batch, rows, inner}), Count(rows), Count(inner));
    const Operand right =
        reshaped(b, Joined({batch, inner, columns}), Count(inner), Count(columns));
    Factor result;
    if (inner.empty()) {
      result.operand = node_.Mul(left, right);
    } else {
      WEBNN_ASSIGN_OR_RETURN(result.operand, Product(node_, left, right));
    }
    result.labels = Joined({batch, rows, columns});
    for (EinsumLabel label : Joined({rows, columns})) sizes.push_back(sizes_.at(label));
    result.operand = node_.Reshape(result.operand, sizes);
    result.sizes = std::move(sizes);
    return result;
  }

  Node& node_;
  EinsumEquation equation_;
  std::map<EinsumLabel, int64_t> sizes_;
};

}  // namespace

Result<void> ImportEinsum(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string equation, node.String("equation", ""));
  std::vector<int64_t> ranks;
  for (size_t k = 0; k < node.input_count(); ++k) {
    WEBNN_RETURN_IF_ERROR(node.Require(k, "Inputs"));
    ranks.push_back(node.RankOf(k));
  }
  Result<EinsumEquation> parsed = ParseEinsum(equation, ranks);
  if (!parsed.ok()) {
    return node.Invalid("the equation \"{}\": {}", EscapeControls(equation),
                        parsed.error().message);
  }
  const Operand first = node.Get(0);
  WEBNN_RETURN_IF_ERROR(node.status());
  const DataType type = node.DataTypeOf(first);
  if (BitsPerElement(type) == 8) {
    return node.Refuse(fmt::format("WebNN does not sum {}", Name(type)),
                       "cast the operands to int32 in the model");
  }
  WEBNN_ASSIGN_OR_RETURN(const Operand output, Contraction(node, *std::move(parsed)).Run());
  return node.Set(0, output);
}

}  // namespace webnn::onnx_format
