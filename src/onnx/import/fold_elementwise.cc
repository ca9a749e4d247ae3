#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "fmt/ranges.h"
#include "onnx/import/fold.h"
#include "onnx/import/movement.h"
#include "onnx/import/ops_shape.h"

namespace webnn::onnx_format {
namespace {

// The sizes of the inputs together; nothing where the result is too large.
using Sizes = std::optional<std::vector<int64_t>>;
Result<Sizes> Broadcast(const FoldNode& node, std::span<const HostTensor* const> inputs,
                        Element element) {
  std::vector<int64_t> sizes;
  for (const HostTensor* input : inputs) {
    const std::vector<int64_t> before = sizes;
    if (!BroadcastSizes(before, input->sizes, sizes)) {
      return node.node.Invalid("the shapes [{}] and [{}] cannot be broadcast",
                               fmt::join(before, ", "), fmt::join(input->sizes, ", "));
    }
  }
  if (!node.Fits(element, sizes)) return Sizes();
  return Sizes(std::move(sizes));
}

Error DifferentTypes(const FoldNode& node, const HostTensor& a, const HostTensor& b) {
  return node.node.Invalid("the inputs are {} and {}; they must be of one type", NameOf(a.element),
                           NameOf(b.element));
}

// A row of a table of functions of two numbers, on both tensors broadcast. `Out` is what it gives.
template <class Out, class Row>
Folded Apply(const FoldNode& node, const HostTensor& a, const HostTensor& b, const Row& row,
             Element element) {
  if (a.element != b.element) return DifferentTypes(node, a, b);
  WEBNN_ASSIGN_OR_RETURN(Sizes sizes, Broadcast(node, std::array{&a, &b}, element));
  if (!sizes) return std::optional<HostTensor>();
  const Numbers left = *ReadNumbers(HostExpand(a, *sizes));
  const Numbers right = *ReadNumbers(HostExpand(b, *sizes));
  return std::visit(
      [&]<class T>(const std::vector<T>& x) -> std::optional<HostTensor> {
        const auto& y = std::get<std::vector<T>>(right);
        const auto function = FunctionOf<T>(row);
        if (!function) return std::nullopt;
        using Stored = std::conditional_t<std::is_same_v<Out, bool>, uint64_t, T>;
        std::vector<Stored> result(x.size());
        std::transform(x.begin(), x.end(), y.begin(), result.begin(), function);
        return WriteNumbers(element, *std::move(sizes), std::move(result));
      },
      left);
}

// A function of the numbers of one tensor, into a result of another type.
template <class Function>
HostTensor Map(const HostTensor& x, Element element, Function function) {
  return std::visit(
      [&](auto values) {
        std::vector<decltype(function(values[0]))> result;
        result.reserve(values.size());
        for (auto value : values) result.push_back(function(value));
        return WriteNumbers(element, x.sizes, std::move(result));
      },
      *ReadNumbers(x));
}

Folded FoldUnary(const FoldNode& node) {
  const UnaryFold& row = *FindUnaryFold(node.node.op());
  const HostTensor& x = node.In(0);
  if (!node.Fits(x.element, x.sizes)) return std::optional<HostTensor>();
  return std::visit(
      [&]<class T>(std::vector<T> values) -> std::optional<HostTensor> {
        const auto function = FunctionOf<T>(row);
        if (!function) return std::nullopt;
        std::transform(values.begin(), values.end(), values.begin(), function);
        return WriteNumbers(x.element, x.sizes, std::move(values));
      },
      *ReadNumbers(x));
}

Folded FoldBinary(const FoldNode& node) {
  return Combine(node, node.In(0), node.In(1), *FindBinaryFold(node.node.op()));
}

Folded FoldComparison(const FoldNode& node) {
  return Apply<bool>(node, node.In(0), node.In(1), *FindComparisonFold(node.node.op()),
                     Element::kBool);
}

Folded FoldMod(const FoldNode& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t fmod, node.node.Int("fmod", 0));
  return Combine(node, node.In(0), node.In(1), *FindBinaryFold(fmod == 0 ? "Mod" : "Mod.fmod"));
}

Folded FoldBitShift(const FoldNode& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string direction, node.node.String("direction", ""));
  const BinaryFold* row = FindBinaryFold("BitShift." + direction);
  if (!row)
    return node.node.Invalid("`direction` is \"{}\"; allowed are LEFT and RIGHT", direction);
  return Combine(node, node.In(0), node.In(1), *row);
}

// `row` on all inputs, from the first.
Folded CombineAll(const FoldNode& node, const BinaryFold& row) {
  std::optional<HostTensor> result = node.In(0);
  for (size_t k = 1; result && k < node.node.input_count(); ++k) {
    WEBNN_ASSIGN_OR_RETURN(result, Combine(node, *result, node.In(k), row));
  }
  return result;
}
Folded FoldVariadic(const FoldNode& node) {
  return CombineAll(node, *FindBinaryFold(node.node.op()));
}
Folded FoldSum(const FoldNode& node) { return CombineAll(node, *FindBinaryFold("Add")); }
Folded FoldMean(const FoldNode& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::optional<HostTensor> sum, FoldSum(node));
  if (!sum) return sum;
  const auto count = static_cast<double>(node.node.input_count());
  return Combine(node, *sum, WriteNumbers(sum->element, {}, std::vector<double>{count}),
                 *FindBinaryFold("Div"));
}

uint64_t IntegerPower(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result *= base;
    base *= base;
  }
  return result;
}

// The types may differ; the result has that of the base.
Folded FoldPow(const FoldNode& node) {
  const HostTensor& base = node.In(0);
  const HostTensor& exponent = node.In(1);
  WEBNN_ASSIGN_OR_RETURN(Sizes sizes, Broadcast(node, std::array{&base, &exponent}, base.element));
  if (!sizes) return std::optional<HostTensor>();
  const HostTensor x = HostExpand(base, *sizes);
  const HostTensor y = HostExpand(exponent, *sizes);
  const std::vector<double> bases = *x.ToDoubles();
  const std::vector<double> exponents = *y.ToDoubles();
  const auto integer_bases = x.ToIntegers();
  const auto integer_exponents = y.ToIntegers();
  std::vector<double> result(bases.size());
  for (size_t i = 0; i < result.size(); ++i) result[i] = std::pow(bases[i], exponents[i]);
  HostTensor rounded = WriteNumbers(base.element, *sizes, std::move(result));
  if (!integer_bases || !integer_exponents) return std::optional(std::move(rounded));
  // Exact where the exponent is not negative.
  std::vector<int64_t> powers = *rounded.ToIntegers();
  for (size_t i = 0; i < powers.size(); ++i) {
    if (exponents[i] < 0) continue;
    powers[i] = static_cast<int64_t>(IntegerPower(static_cast<uint64_t>((*integer_bases)[i]),
                                                  static_cast<uint64_t>((*integer_exponents)[i])));
  }
  return std::optional(WriteNumbers(base.element, *std::move(sizes), std::move(powers)));
}

Folded Convert(const FoldNode& node, Element element) {
  const HostTensor& x = node.In(0);
  if (!node.Fits(element, x.sizes)) return std::optional<HostTensor>();
  return std::optional(WriteNumbers(element, x.sizes, *ReadNumbers(x)));
}
Folded FoldCast(const FoldNode& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t to, node.node.Int("to", 0));
  const auto element = static_cast<Element>(to);
  if (to < 0 || to > 255 || !KindOf(element)) return std::optional<HostTensor>();
  return Convert(node, element);
}
Folded FoldCastLike(const FoldNode& node) {
  const Element element = node.node.TypeOf(1);
  if (!KindOf(element)) return std::optional<HostTensor>();
  return Convert(node, element);
}

Folded FoldWhere(const FoldNode& node) {
  const HostTensor& yes = node.In(1);
  const HostTensor& no = node.In(2);
  if (yes.element != no.element) return DifferentTypes(node, yes, no);
  WEBNN_ASSIGN_OR_RETURN(Sizes sizes,
                         Broadcast(node, std::array{&node.In(0), &yes, &no}, yes.element));
  if (!sizes) return std::optional<HostTensor>();
  const HostTensor condition = HostExpand(node.In(0), *sizes);
  const HostTensor x = HostExpand(yes, *sizes);
  const HostTensor y = HostExpand(no, *sizes);
  const std::vector<int64_t> choices =
      *WriteNumbers(Element::kBool, *sizes, *ReadNumbers(condition)).ToIntegers();
  const size_t width = BytesOf(yes.element);
  std::byte* memory = nullptr;
  HostTensor result = HostTensor::Allocate(yes.element, *std::move(sizes), &memory);
  for (size_t i = 0; i < choices.size(); ++i) {
    std::memcpy(memory + i * width, (choices[i] != 0 ? x : y).bytes.data() + i * width, width);
  }
  return std::optional(std::move(result));
}

// A bound of Clip: an attribute until version 10, an optional input since.
Result<std::optional<HostTensor>> Bound(const FoldNode& node, std::string_view name, size_t k) {
  using Found = std::optional<HostTensor>;
  if (node.node.opset() >= 11) {
    if (!node.Has(k)) return Found();
    return Found(HostReshape(node.In(k), {}));
  }
  if (!node.node.HasAttribute(name)) return Found();
  WEBNN_ASSIGN_OR_RETURN(const float bound, node.node.Float(name, 0));
  return Found(WriteNumbers(node.In(0).element, {}, std::vector<double>{bound}));
}
Folded FoldClip(const FoldNode& node) {
  std::optional<HostTensor> result = node.In(0);
  WEBNN_ASSIGN_OR_RETURN(const auto low, Bound(node, "min", 1));
  WEBNN_ASSIGN_OR_RETURN(const auto high, Bound(node, "max", 2));
  if (low) {
    WEBNN_ASSIGN_OR_RETURN(result, Combine(node, *result, *low, *FindBinaryFold("Max")));
  }
  if (high && result) {
    WEBNN_ASSIGN_OR_RETURN(result, Combine(node, *result, *high, *FindBinaryFold("Min")));
  }
  return result;
}

Folded FoldIsNaN(const FoldNode& node) {
  const HostTensor& x = node.In(0);
  if (!node.Fits(Element::kBool, x.sizes)) return std::optional<HostTensor>();
  return std::optional(Map(x, Element::kBool, [](auto value) { return uint64_t{value != value}; }));
}
Folded FoldIsInf(const FoldNode& node) {
  const HostTensor& x = node.In(0);
  WEBNN_ASSIGN_OR_RETURN(const int64_t negative, node.node.Int("detect_negative", 1));
  WEBNN_ASSIGN_OR_RETURN(const int64_t positive, node.node.Int("detect_positive", 1));
  if (!node.Fits(Element::kBool, x.sizes)) return std::optional<HostTensor>();
  return std::optional(Map(x, Element::kBool, [&](auto value) {
    const bool infinite = std::isinf(static_cast<double>(value));
    return uint64_t{infinite && (value < 0 ? negative : positive) != 0};
  }));
}

}  // namespace

Folded Combine(const FoldNode& node, const HostTensor& a, const HostTensor& b,
               const BinaryFold& row) {
  const bool divides = row.name == "Div" || row.name.starts_with("Mod");
  const auto divisors = divides ? b.ToIntegers() : std::nullopt;
  if (divisors && std::find(divisors->begin(), divisors->end(), 0) != divisors->end()) {
    return node.node.Invalid("an integer is divided by 0");
  }
  return Apply<void>(node, a, b, row, a.element);
}

std::span<const FoldRow> ElementwiseFolds() {
  static const std::vector<FoldRow> kRows = [] {
    // Before those of the tables: a name that is in both means the function here.
    std::vector<FoldRow> rows = {
        {"BitShift", 2, 2, FoldBitShift},
        {"Cast", 1, 1, FoldCast},
        {"CastLike", 1, 1, FoldCastLike},
        {"Clip", 1, 3, FoldClip},
        {"IsInf", 1, 1, FoldIsInf},
        {"IsNaN", 1, 1, FoldIsNaN},
        {"Max", kAllInputs, kAllInputs, FoldVariadic},
        {"Mean", kAllInputs, kAllInputs, FoldMean},
        {"Min", kAllInputs, kAllInputs, FoldVariadic},
        {"Mod", 2, 2, FoldMod},
        {"Pow", 2, 2, FoldPow},
        {"Sum", kAllInputs, kAllInputs, FoldSum},
        {"Where", 3, 3, FoldWhere},
    };
    for (const UnaryFold& row : UnaryFolds()) rows.push_back({row.name, 1, 1, FoldUnary});
    for (const BinaryFold& row : BinaryFolds()) rows.push_back({row.name, 2, 2, FoldBinary});
    for (const ComparisonFold& row : ComparisonFolds()) {
      rows.push_back({row.name, 2, 2, FoldComparison});
    }
    return rows;
  }();
  return kRows;
}

}  // namespace webnn::onnx_format
