#include "onnx/import/node.h"

/// Activations, most of them of float tensors alone.
namespace webnn::onnx_format {
namespace {

template <class Op>
Result<void> ImportPlain(Node& node) {
  return node.Set(0, node.Emit(Op{.input = node.Get(0)}));
}

// The type of input 0, for the scalars of a formula.
Result<DataType> TypeOfInput(Node& node) { return node.TypeFor(node.TypeOf(0)); }

template <class Op>
Result<void> ImportWithAlpha(Node& node, float fallback) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", fallback));
  return node.Set(0, node.Emit(Op{.input = node.Get(0), .alpha = alpha}));
}
Result<void> ImportElu(Node& node) { return ImportWithAlpha<ops::Elu>(node, 1); }
Result<void> ImportLeakyRelu(Node& node) { return ImportWithAlpha<ops::LeakyRelu>(node, 0.01f); }

Result<void> ImportHardSigmoid(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 0.2f));
  WEBNN_ASSIGN_OR_RETURN(const float beta, node.Float("beta", 0.5f));
  return node.Set(0,
                  node.Emit(ops::HardSigmoid{.input = node.Get(0), .alpha = alpha, .beta = beta}));
}

Result<void> ImportSelu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 1.67326319217681884765625f));
  WEBNN_ASSIGN_OR_RETURN(const float gamma, node.Float("gamma", 1.05070102214813232421875f));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, TypeOfInput(node));
  const Operand elu = node.Emit(ops::Elu{.input = node.Get(0), .alpha = alpha});
  return node.Set(0, node.Mul(elu, node.Scalar(gamma, type)));
}

// max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) is alpha * elu(x / alpha).
Result<void> ImportCelu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 1));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, TypeOfInput(node));
  if (alpha == 0) return node.Invalid("`alpha` is 0");
  const Operand scale = node.Scalar(alpha, type);
  const Operand elu = node.Emit(ops::Elu{.input = node.Div(node.Get(0), scale)});
  return node.Set(0, node.Mul(elu, scale));
}

// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))), in the form that ONNX Runtime fuses.
Operand TanhGelu(Node& node, Operand x, DataType type) {
  const auto number = [&](double value) { return node.Scalar(value, type); };
  const Operand cubic = node.Add(node.Mul(node.Mul(x, number(0.044715)), x), number(1.0));
  const Operand scaled = node.Mul(x, number(0.7978845608028654));
  const Operand tanh = node.Emit(ops::Tanh{.input = node.Mul(scaled, cubic)});
  return node.Mul(node.Mul(x, number(0.5)), node.Add(tanh, number(1.0)));
}

Result<void> ImportGelu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string approximate, node.String("approximate", "none"));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, TypeOfInput(node));
  if (approximate == "tanh") return node.Set(0, TanhGelu(node, node.Get(0), type));
  if (approximate != "none") {
    return node.Invalid("`approximate` is \"{}\"; it must be none or tanh", approximate);
  }
  return ImportPlain<ops::Gelu>(node);
}

Result<void> ImportBiasGelu(Node& node) {
  return node.Set(0, node.Emit(ops::Gelu{.input = node.Add(node.Get(0), node.Get(1))}));
}

Result<void> ImportFastGelu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const DataType type, TypeOfInput(node));
  Operand x = node.Get(0);
  if (node.Has(1)) x = node.Add(x, node.Get(1));
  return node.Set(0, TanhGelu(node, x, type));
}

// x * sigmoid(alpha * x) of the first input.
Result<Operand> Swish(Node& node, float fallback) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", fallback));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, TypeOfInput(node));
  const Operand x = node.Get(0);
  const Operand scaled = alpha == 1 ? x : node.Mul(x, node.Scalar(alpha, type));
  return node.Mul(x, node.Emit(ops::Sigmoid{.input = scaled}));
}
Result<void> ImportSwish(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Operand swish, Swish(node, 1));
  return node.Set(0, swish);
}
Result<void> ImportQuickGelu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Operand swish, Swish(node, 1.702f));
  return node.Set(0, swish);
}
Result<void> ImportSwiGlu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Operand swish, Swish(node, 1));
  return node.Set(0, node.Mul(swish, node.Get(1)));
}

Result<void> ImportMish(Node& node) {
  const Operand x = node.Get(0);
  const Operand softplus = node.Emit(ops::Softplus{.input = x});
  return node.Set(0, node.Mul(x, node.Emit(ops::Tanh{.input = softplus})));
}

Result<void> ImportThresholdedRelu(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float alpha, node.Float("alpha", 1));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, TypeOfInput(node));
  const Operand x = node.Get(0);
  const Operand above = node.Emit(ops::Greater{.a = x, .b = node.Scalar(alpha, type)});
  return node.Set(
      0, node.Emit(
             ops::Where{.condition = above, .true_value = x, .false_value = node.Scalar(0, type)}));
}

// x + bias below -lambd, x - bias above lambd, else 0.
Result<void> ImportShrink(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const float bias, node.Float("bias", 0));
  WEBNN_ASSIGN_OR_RETURN(const float lambda, node.Float("lambd", 0.5f));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, TypeOfInput(node));
  if (!lowering::IsFloat(node.TypeOf(0))) {
    return node.Refuse(fmt::format("Shrink of {} is not expressible", NameOf(node.TypeOf(0))));
  }
  const Operand x = node.Get(0);
  const Operand shift = node.Scalar(bias, type);
  const Operand below = node.Emit(ops::Lesser{.a = x, .b = node.Scalar(-lambda, type)});
  const Operand above = node.Emit(ops::Greater{.a = x, .b = node.Scalar(lambda, type)});
  const Operand upper = node.Emit(ops::Where{
      .condition = above, .true_value = node.Sub(x, shift), .false_value = node.Scalar(0, type)});
  return node.Set(0,
                  node.Emit(ops::Where{
                      .condition = below, .true_value = node.Add(x, shift), .false_value = upper}));
}

// Of unsigned numbers no element is negative. A slope for each channel comes from exporters that
// broadcast it along axis 1, where numpy's rule finds no fit.
Result<void> ImportPRelu(Node& node) {
  const Element element = node.TypeOf(0);
  if (element == Element::kUint32 || element == Element::kUint64) return node.Forward(0, 0);
  Operand slope = node.Get(1);
  const auto& sizes = node.SizesOf(0);
  const bool by_channel = node.RankOf(1) == 1 && sizes.size() > 2 &&
                          node.SizesOf(1)[0] == sizes[1] && sizes[1] != sizes.back();
  if (by_channel) {
    std::vector<int64_t> channel(sizes.size() - 1, 1);
    channel[0] = sizes[1];
    slope = node.Reshape(slope, channel);
  }
  return node.Set(0, node.Emit(ops::Prelu{.input = node.Get(0), .slope = slope}));
}

// As inference computes it: nothing is dropped.
Result<void> ImportDropout(Node& node) {
  if (node.Has(2)) {
    WEBNN_ASSIGN_OR_RETURN(const Number training, node.KnownScalar(2, "training_mode"));
    if (training.ToDouble() != 0) {
      return node.Refuse("training mode drops elements at random", "export it for inference");
    }
  }
  if (node.Wants(1)) {
    const Operand mask = node.Expand(node.Scalar(1, DataType::kUint8), node.SizesOf(0));
    WEBNN_RETURN_IF_ERROR(node.Set(1, mask, Element::kBool));
  }
  return node.Forward(0, 0);
}

constexpr ImportRow kRows[] = {
    {"Celu", 12, 1, ImportCelu},
    {"Dropout", 7, 1, ImportDropout},
    {"Elu", 6, 1, ImportElu},
    {"Gelu", 20, 1, ImportGelu},
    {"HardSigmoid", 6, 1, ImportHardSigmoid},
    {"HardSwish", 14, 1, ImportPlain<ops::HardSwish>},
    {"LeakyRelu", 6, 1, ImportLeakyRelu},
    {"Mish", 18, 1, ImportMish},
    {"PRelu", 7, 2, ImportPRelu},
    {"Relu", 6, 1, ImportPlain<ops::Relu>},
    {"Selu", 6, 1, ImportSelu},
    {"Shrink", 9, 1, ImportShrink},
    {"Sigmoid", 6, 1, ImportPlain<ops::Sigmoid>},
    {"Softplus", 1, 1, ImportPlain<ops::Softplus>},
    {"Softsign", 1, 1, ImportPlain<ops::Softsign>},
    {"Swish", 24, 1, ImportSwish},
    {"SwiGLU", 28, 2, ImportSwiGlu},
    {"Tanh", 6, 1, ImportPlain<ops::Tanh>},
    {"ThresholdedRelu", 10, 1, ImportThresholdedRelu},
    {"com.microsoft.BiasGelu", 1, 2, ImportBiasGelu},
    {"com.microsoft.FastGelu", 1, 1, ImportFastGelu},
    {"com.microsoft.Gelu", 1, 1, ImportPlain<ops::Gelu>},
    {"com.microsoft.QuickGelu", 1, 1, ImportQuickGelu},
};

}  // namespace

std::span<const ImportRow> ActivationRows() { return kRows; }

}  // namespace webnn::onnx_format
