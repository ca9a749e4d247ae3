#include "onnx/import/fold_tables.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace webnn::onnx_format {
namespace {

// Integers wrap: their arithmetic is that of uint64.
constexpr uint64_t Wrapping(int64_t x) { return static_cast<uint64_t>(x); }
constexpr uint64_t Wrapping(uint64_t x) { return x; }
constexpr double Wrapping(double x) { return x; }

template <class T>
T Negative(T x) {
  return static_cast<T>(-Wrapping(x));
}

template <class T>
T Quotient(T a, T b) {
  if constexpr (std::is_same_v<T, int64_t>) {
    if (b == -1) return Negative(a);  // the lowest number has no positive
  }
  return a / b;
}

// The remainder has the sign of the dividend.
template <class T>
T Remainder(T a, T b) {
  if constexpr (std::is_same_v<T, double>) {
    return std::fmod(a, b);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return b == -1 ? 0 : a % b;
  } else {
    return a % b;
  }
}

// The remainder has the sign of the divisor.
template <class T>
T Modulo(T a, T b) {
  if constexpr (std::is_same_v<T, uint64_t>) {
    return a % b;
  } else {
    const T rest = Remainder(a, b);
    if constexpr (std::is_same_v<T, double>) {
      if (rest == 0) return std::copysign(rest, b);
    }
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
}

template <class T>
bool Unordered(T a) {
  if constexpr (std::is_same_v<T, double>) return std::isnan(a);
  return false;
}
template <class T>
T Larger(T a, T b) {
  return Unordered(a) || a > b ? a : b;
}
template <class T>
T Smaller(T a, T b) {
  return Unordered(a) || a < b ? a : b;
}

template <class T>
T SignOf(T x) {
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(x)) return x;
  }
  return static_cast<T>(static_cast<int>(x > 0) - static_cast<int>(x < 0));
}

// Bits shifted out are gone; a right shift fills with the sign.
template <class T>
T ShiftLeft(T a, T b) {
  return b < 0 || b > 63 ? 0 : static_cast<T>(Wrapping(a) << b);
}
template <class T>
T ShiftRight(T a, T b) {
  return b < 0 || b > 63 ? static_cast<T>(a < 0 ? -1 : 0) : static_cast<T>(a >> b);
}

// Rows from one generic function: for every kind, for floats, for integers, for bool alone.
template <class F>
constexpr UnaryFold Any(std::string_view name, F f) {
  return {name, f, f, f};
}
constexpr UnaryFold Float(std::string_view name, double (*f)(double)) {
  return {name, nullptr, nullptr, f};
}
template <class F>
constexpr BinaryFold Any2(std::string_view name, F f) {
  return {name, f, f, f};
}
template <class F>
constexpr BinaryFold Integer2(std::string_view name, F f) {
  return {name, f, f, nullptr};
}
constexpr BinaryFold Unsigned2(std::string_view name, uint64_t (*f)(uint64_t, uint64_t)) {
  return {name, nullptr, f, nullptr};
}
template <class F>
constexpr ComparisonFold Compare(std::string_view name, F f) {
  return {name, f, f, f};
}

constexpr UnaryFold kUnary[] = {
    {"Abs", [](int64_t x) { return x < 0 ? Negative(x) : x; }, [](uint64_t x) { return x; },
     [](double x) { return std::fabs(x); }},
    Any("Neg", [](auto x) { return Negative(x); }),
    Any("Sign", [](auto x) { return SignOf(x); }),
    {"BitwiseNot", [](int64_t x) { return ~x; }, [](uint64_t x) { return ~x; }, nullptr},
    {"Not", nullptr, [](uint64_t x) { return uint64_t{x == 0}; }, nullptr},
    Any("Relu", [](auto x) { return Larger(x, decltype(x){0}); }),
    Float("Acos", [](double x) { return std::acos(x); }),
    Float("Acosh", [](double x) { return std::acosh(x); }),
    Float("Asin", [](double x) { return std::asin(x); }),
    Float("Asinh", [](double x) { return std::asinh(x); }),
    Float("Atan", [](double x) { return std::atan(x); }),
    Float("Atanh", [](double x) { return std::atanh(x); }),
    Float("Ceil", [](double x) { return std::ceil(x); }),
    Float("Cos", [](double x) { return std::cos(x); }),
    Float("Cosh", [](double x) { return std::cosh(x); }),
    Float("Erf", [](double x) { return std::erf(x); }),
    Float("Exp", [](double x) { return std::exp(x); }),
    Float("Floor", [](double x) { return std::floor(x); }),
    Float("Log", [](double x) { return std::log(x); }),
    Float("Reciprocal", [](double x) { return 1 / x; }),
    Float("Round", [](double x) { return std::nearbyint(x); }),
    Float("Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }),
    Float("Sin", [](double x) { return std::sin(x); }),
    Float("Sinh", [](double x) { return std::sinh(x); }),
    Float("Softplus",
          [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }),
    Float("Softsign", [](double x) { return x / (1 + std::fabs(x)); }),
    Float("Sqrt", [](double x) { return std::sqrt(x); }),
    Float("Tan", [](double x) { return std::tan(x); }),
    Float("Tanh", [](double x) { return std::tanh(x); }),
};

// Division of integers by 0 has been excluded. `Mod` and `BitShift` are the variants that their
// attributes choose, "Mod" with fmod = 0.
constexpr BinaryFold kBinary[] = {
    Any2("Add", [](auto a, auto b) { return static_cast<decltype(a)>(Wrapping(a) + Wrapping(b)); }),
    Any2("Sub", [](auto a, auto b) { return static_cast<decltype(a)>(Wrapping(a) - Wrapping(b)); }),
    Any2("Mul", [](auto a, auto b) { return static_cast<decltype(a)>(Wrapping(a) * Wrapping(b)); }),
    Any2("Div", [](auto a, auto b) { return Quotient(a, b); }),
    Any2("Mod", [](auto a, auto b) { return Modulo(a, b); }),
    Any2("Mod.fmod", [](auto a, auto b) { return Remainder(a, b); }),
    Any2("Max", [](auto a, auto b) { return Larger(a, b); }),
    Any2("Min", [](auto a, auto b) { return Smaller(a, b); }),
    Unsigned2("And", [](uint64_t a, uint64_t b) { return a & b; }),
    Unsigned2("Or", [](uint64_t a, uint64_t b) { return a | b; }),
    Unsigned2("Xor", [](uint64_t a, uint64_t b) { return a ^ b; }),
    Integer2("BitwiseAnd", [](auto a, auto b) { return a & b; }),
    Integer2("BitwiseOr", [](auto a, auto b) { return a | b; }),
    Integer2("BitwiseXor", [](auto a, auto b) { return a ^ b; }),
    Integer2("BitShift.LEFT", [](auto a, auto b) { return ShiftLeft(a, b); }),
    Integer2("BitShift.RIGHT", [](auto a, auto b) { return ShiftRight(a, b); }),
};

constexpr ComparisonFold kComparisons[] = {
    Compare("Equal", [](auto a, auto b) { return a == b; }),
    Compare("Greater", [](auto a, auto b) { return a > b; }),
    Compare("GreaterOrEqual", [](auto a, auto b) { return a >= b; }),
    Compare("Less", [](auto a, auto b) { return a < b; }),
    Compare("LessOrEqual", [](auto a, auto b) { return a <= b; }),
};

template <class Row>
const Row* Find(std::span<const Row> rows, std::string_view name) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [name](const Row& candidate) { return candidate.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace

std::span<const UnaryFold> UnaryFolds() { return kUnary; }
std::span<const BinaryFold> BinaryFolds() { return kBinary; }
std::span<const ComparisonFold> ComparisonFolds() { return kComparisons; }

const UnaryFold* FindUnaryFold(std::string_view name) { return Find<UnaryFold>(kUnary, name); }
const BinaryFold* FindBinaryFold(std::string_view name) { return Find<BinaryFold>(kBinary, name); }
const ComparisonFold* FindComparisonFold(std::string_view name) {
  return Find<ComparisonFold>(kComparisons, name);
}

}  // namespace webnn::onnx_format
