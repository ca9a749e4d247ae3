#include <numbers>

#include "onnx/import/node.h"

/// Operators that WebNN lacks and that a formula of its operators gives in full precision.
namespace webnn::onnx_format {
namespace {

// Scalars and operators on float32 operands, for formulas that read like formulas.
class Formula {
 public:
  explicit Formula(Node& node) : node_(node) {}

  Operand Number(double value) { return node_.Scalar(value, DataType::kFloat32); }
  Operand Add(Operand a, double b) { return node_.Add(a, Number(b)); }
  Operand Mul(Operand a, double b) { return node_.Mul(a, Number(b)); }
  Operand Square(Operand x) { return node_.Mul(x, x); }
  Operand Negate(Operand x) { return node_.Emit(ops::Neg{.input = x}); }
  Operand Abs(Operand x) { return node_.Emit(ops::Abs{.input = x}); }
  Operand Sqrt(Operand x) { return node_.Emit(ops::Sqrt{.input = x}); }
  Operand Log(Operand x) { return node_.Emit(ops::Log{.input = x}); }
  Operand Exp(Operand x) { return node_.Emit(ops::Exp{.input = x}); }
  Operand Less(Operand a, double b) { return node_.Emit(ops::Lesser{.a = a, .b = Number(b)}); }
  Operand Select(Operand condition, Operand a, Operand b) {
    return node_.Emit(ops::Where{.condition = condition, .true_value = a, .false_value = b});
  }

  // log(1 + x), exact for small x: what rounding takes from 1 + x is put back by the ratio.
  Operand Log1p(Operand x) {
    const Operand sum = Add(x, 1);
    const Operand rest = Add(sum, -1);
    const Operand ratio = node_.Div(x, rest);
    const Operand is_tiny = node_.Emit(ops::Equal{.a = rest, .b = Number(0)});
    const Operand is_infinite = node_.Emit(ops::IsInfinite{.a = sum});
    const Operand log = Log(sum);
    return Select(is_tiny, x, Select(is_infinite, log, node_.Mul(log, ratio)));
  }

  // After reduction to |x| <= tan(pi/8), a polynomial of the series' form.
  Operand Atan(Operand x) {
    const Operand magnitude = Abs(x);
    const Operand is_small = Less(magnitude, std::numbers::sqrt2 - 1);
    const Operand is_medium = Less(magnitude, std::numbers::sqrt2 + 1);
    const Operand medium = node_.Div(Add(magnitude, -1), Add(magnitude, 1));
    const Operand large = node_.Div(Number(-1), magnitude);
    const Operand reduced = Select(is_small, magnitude, Select(is_medium, medium, large));
    const Operand offset =
        Select(is_small, Number(0),
               Select(is_medium, Number(std::numbers::pi / 4), Number(std::numbers::pi / 2)));
    const Operand square = Square(reduced);
    Operand sum = Mul(square, 8.05374449538e-2);
    sum = node_.Mul(Add(sum, -1.38776856032e-1), square);
    sum = node_.Mul(Add(sum, 1.99777106478e-1), square);
    sum = node_.Mul(Add(sum, -3.33329491539e-1), square);
    const Operand angle = node_.Add(offset, node_.Add(node_.Mul(sum, reduced), reduced));
    return WithSign(angle, x);
  }

  Operand WithSign(Operand magnitude, Operand x) {
    const Operand negative = Less(x, 0);
    return Select(negative, Negate(magnitude), magnitude);
  }

 private:
  Node& node_;
};

Operand Atan(Node& node, Operand x) { return Formula(node).Atan(x); }

// x / sqrt(1 - x^2) is the tangent, infinite at the ends.
Operand Asin(Node& node, Operand x) {
  Formula f(node);
  const Operand cosine = f.Sqrt(node.Mul(node.Sub(f.Number(1), x), f.Add(x, 1)));
  return f.Atan(node.Div(x, cosine));
}

// By half the angle, which has no cancellation at 1.
Operand Acos(Node& node, Operand x) {
  Formula f(node);
  const Operand tangent = f.Sqrt(node.Div(node.Sub(f.Number(1), x), f.Add(x, 1)));
  return f.Mul(f.Atan(tangent), 2);
}

// By tanh where exponentials would cancel; by halves of them where they would overflow.
Operand Sinh(Node& node, Operand x) {
  Formula f(node);
  const Operand tanh = node.Emit(ops::Tanh{.input = f.Mul(x, 0.5)});
  const Operand small = node.Div(f.Mul(tanh, 2), node.Sub(f.Number(1), f.Square(tanh)));
  const Operand root = f.Exp(f.Mul(f.Abs(x), 0.5));
  const Operand large =
      node.Sub(node.Mul(f.Mul(root, 0.5), root), node.Div(f.Number(0.5), f.Square(root)));
  return f.Select(f.Less(f.Abs(x), 1), small, f.WithSign(large, x));
}

Operand Cosh(Node& node, Operand x) {
  Formula f(node);
  const Operand root = f.Exp(f.Mul(f.Abs(x), 0.5));
  return node.Add(node.Mul(f.Mul(root, 0.5), root), node.Div(f.Number(0.5), f.Square(root)));
}

// log(a + sqrt(a^2 + 1)) of the magnitude; from 1 on by 1 / a^2, which cannot overflow.
Operand Asinh(Node& node, Operand x) {
  Formula f(node);
  const Operand a = f.Abs(x);
  const Operand square = f.Square(a);
  const Operand small = f.Log1p(node.Add(a, node.Div(square, f.Add(f.Sqrt(f.Add(square, 1)), 1))));
  const Operand root = f.Sqrt(f.Add(f.Square(node.Div(f.Number(1), a)), 1));
  const Operand large = node.Add(f.Log(a), f.Log(f.Add(root, 1)));
  return f.WithSign(f.Select(f.Less(a, 1), small, large), x);
}

Operand Acosh(Node& node, Operand x) {
  Formula f(node);
  const Operand excess = f.Add(x, -1);
  // Two roots, so that what is below 1 is no number.
  const Operand root_of_excess = node.Mul(f.Sqrt(excess), f.Sqrt(f.Add(x, 1)));
  const Operand small = f.Log1p(node.Add(excess, root_of_excess));
  const Operand inverse = f.Square(node.Div(f.Number(1), x));
  const Operand root = f.Sqrt(node.Sub(f.Number(1), inverse));
  const Operand large = node.Add(f.Log(x), f.Log(f.Add(root, 1)));
  return f.Select(f.Less(x, 2), small, large);
}

Operand Atanh(Node& node, Operand x) {
  Formula f(node);
  const Operand a = f.Abs(x);
  const Operand ratio = node.Div(f.Mul(a, 2), node.Sub(f.Number(1), a));
  return f.WithSign(f.Mul(f.Log1p(ratio), 0.5), x);
}

// Computed in float32, whatever the type.
template <Operand (*kFunction)(Node&, Operand)>
Result<void> ImportFormula(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const DataType type, node.TypeFor(node.TypeOf(0)));
  const Operand x = node.Cast(node.Get(0), DataType::kFloat32);
  return node.Set(0, node.Cast(kFunction(node, x), type));
}

constexpr ImportRow kRows[] = {
    {"Acos", 7, 1, ImportFormula<Acos>}, {"Acosh", 9, 1, ImportFormula<Acosh>},
    {"Asin", 7, 1, ImportFormula<Asin>}, {"Asinh", 9, 1, ImportFormula<Asinh>},
    {"Atan", 7, 1, ImportFormula<Atan>}, {"Atanh", 9, 1, ImportFormula<Atanh>},
    {"Cosh", 9, 1, ImportFormula<Cosh>}, {"Sinh", 9, 1, ImportFormula<Sinh>},
};

}  // namespace

std::span<const ImportRow> FormulaRows() { return kRows; }

}  // namespace webnn::onnx_format
