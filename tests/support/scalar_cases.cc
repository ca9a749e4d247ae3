#include "tests/support/scalar_cases.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace webnn::testing_support {
namespace {

constexpr uint32_t kRows = 8;
constexpr uint32_t kColumns = 64;
// With seven digits these are 1 and 0.3333333: four and one units in the last place less, and 2^64
// becomes another number.
constexpr float kNearOne = 1.0f + 4 * 0x1p-23f;
constexpr float kThird = 1.0f / 3.0f;

struct ScalarCase {
  std::string name;
  uint32_t ulp;  ///< Allowed.
  std::function<Result<Operand>(GraphBuilder& builder, Operand x)> build;
  std::function<double(double x)> compute;
};

std::vector<float> Inputs() {
  std::vector<float> values;
  for (uint32_t i = 0; i < kRows * kColumns; ++i) {
    values.push_back((static_cast<float>(i) - 250.5f) / 100.0f);
  }
  values[3] = kNearOne;
  values[70] = kThird;
  values[200] = -kNearOne;
  values[300] = std::nextafter(kThird, 0.0f);
  return values;
}

int64_t Order(float value) {
  const auto bits = std::bit_cast<int32_t>(value);
  return bits < 0 ? int64_t{std::numeric_limits<int32_t>::min()} - bits : bits;
}
uint64_t UlpBetween(float a, float b) {
  return static_cast<uint64_t>(std::abs(Order(a) - Order(b)));
}

std::vector<ScalarCase> Cases() {
  const auto constant = [](GraphBuilder& builder, float value) {
    return builder.Constant<float>({}, {value}).value();
  };
  const auto as_float = [](GraphBuilder& builder, Operand truth) {
    return builder.Cast({.input = truth, .data_type = DataType::kFloat32});
  };
  // At most so far apart: one rounding an operation, and what the functions themselves may err.
  return {
      {"mul", 0,
       [=](GraphBuilder& b, Operand x) { return b.Mul({.a = x, .b = constant(b, kNearOne)}); },
       [](double x) { return x * kNearOne; }},
      {"mul from the left", 0,
       [=](GraphBuilder& b, Operand x) { return b.Mul({.a = constant(b, kThird), .b = x}); },
       [](double x) { return kThird * x; }},
      {"add", 0,
       [=](GraphBuilder& b, Operand x) { return b.Add({.a = x, .b = constant(b, kNearOne)}); },
       [](double x) { return x + kNearOne; }},
      {"sub", 0,
       [=](GraphBuilder& b, Operand x) { return b.Sub({.a = constant(b, kNearOne), .b = x}); },
       [](double x) { return kNearOne - x; }},
      // Some divide by a product with the reciprocal.
      {"div", 1,
       [=](GraphBuilder& b, Operand x) { return b.Div({.a = x, .b = constant(b, kNearOne)}); },
       [](double x) { return x / kNearOne; }},
      {"pow of the absolute value", 2,
       [=](GraphBuilder& b, Operand x) {
         return b.Pow({.a = b.Abs({.input = x}).value(), .b = constant(b, kThird)});
       },
       [](double x) { return std::pow(std::abs(x), double{kThird}); }},
      {"max", 0,
       [=](GraphBuilder& b, Operand x) { return b.Max({.a = x, .b = constant(b, kThird)}); },
       [](double x) { return std::max(x, double{kThird}); }},
      {"min", 0,
       [=](GraphBuilder& b, Operand x) { return b.Min({.a = x, .b = constant(b, kNearOne)}); },
       [](double x) { return std::min(x, double{kNearOne}); }},
      {"clamp", 0,
       [=](GraphBuilder& b, Operand x) {
         return b.Clamp({.input = x, .min_value = -kNearOne, .max_value = kThird});
       },
       [](double x) { return std::clamp(x, double{-kNearOne}, double{kThird}); }},
      {"clamp from below", 0,
       [=](GraphBuilder& b, Operand x) { return b.Clamp({.input = x, .min_value = kThird}); },
       [](double x) { return std::max(x, double{kThird}); }},
      {"equal", 0,
       [=](GraphBuilder& b, Operand x) {
         return as_float(b, b.Equal({.a = x, .b = constant(b, kThird)}).value());
       },
       [](double x) { return x == kThird ? 1.0 : 0.0; }},
      {"greater", 0,
       [=](GraphBuilder& b, Operand x) {
         return as_float(b, b.Greater({.a = x, .b = constant(b, kNearOne)}).value());
       },
       [](double x) { return x > kNearOne ? 1.0 : 0.0; }},
      {"lesserOrEqual", 0,
       [=](GraphBuilder& b, Operand x) {
         return as_float(b, b.LesserOrEqual({.a = constant(b, kThird), .b = x}).value());
       },
       [](double x) { return kThird <= x ? 1.0 : 0.0; }},
      {"where", 0,
       [=](GraphBuilder& b, Operand x) {
         return b.Where({.condition = b.Greater({.a = x, .b = constant(b, 0)}).value(),
                         .true_value = constant(b, kNearOne),
                         .false_value = constant(b, kThird)});
       },
       [](double x) { return double{x > 0 ? kNearOne : kThird}; }},
      // The product may be rounded, or not.
      {"linear", 2,
       [](GraphBuilder& b, Operand x) {
         return b.Linear({.input = b.Abs({.input = x}).value(), .alpha = kThird, .beta = kNearOne});
       },
       [](double x) { return std::abs(x) * kThird + kNearOne; }},
      {"hardSigmoid", 2,
       [](GraphBuilder& b, Operand x) {
         return b.HardSigmoid(
             {.input = b.Abs({.input = x}).value(), .alpha = kThird, .beta = kThird});
       },
       [](double x) { return std::clamp(kThird * std::abs(x) + kThird, 0.0, 1.0); }},
      {"leakyRelu", 1,
       [](GraphBuilder& b, Operand x) { return b.LeakyRelu({.input = x, .alpha = kNearOne}); },
       [](double x) { return x < 0 ? x * kNearOne : x; }},
      // As many as WebNN's tests allow: TensorRT's exp(x) - 1 is up to 8 off.
      {"elu of -1 and less", 18,
       [=](GraphBuilder& b, Operand x) {
         return b.Elu({.input = b.Min({.a = x, .b = constant(b, -1)}).value(), .alpha = kNearOne});
       },
       [](double x) { return kNearOne * std::expm1(std::min(x, -1.0)); }},
      {"prelu", 1,
       [=](GraphBuilder& b, Operand x) {
         return b.Prelu({.input = x, .slope = constant(b, kNearOne)});
       },
       [](double x) { return x < 0 ? x * kNearOne : x; }},
      // Beside others in one kernel.
      {"sigmoid of a product", 4,
       [=](GraphBuilder& b, Operand x) {
         const Operand product = b.Mul({.a = x, .b = constant(b, kNearOne)}).value();
         return b.Sigmoid({.input = b.Relu({.input = product}).value()});
       },
       [](double x) { return 1 / (1 + std::exp(-std::max(x * kNearOne, 0.0))); }},
      {"absolute value of a scaled sum", 2,
       [=](GraphBuilder& b, Operand x) {
         const Operand sum =
             b.Add({.a = b.Abs({.input = x}).value(), .b = constant(b, kThird)}).value();
         return b.Abs({.input = b.Mul({.a = sum, .b = constant(b, kNearOne)}).value()});
       },
       [](double x) { return (std::abs(x) + kThird) * kNearOne; }},
  };
}

GraphDefinition Define(const ScalarCase& one) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {kRows, kColumns}).value();
  return builder.Finish({{"y", one.build(builder, x).value()}}).value();
}

}  // namespace

std::vector<std::pair<std::string, GraphDefinition>> ScalarGraphs() {
  std::vector<std::pair<std::string, GraphDefinition>> graphs;
  for (const ScalarCase& one : Cases()) graphs.emplace_back(one.name, Define(one));
  return graphs;
}

std::string JudgeScalars(const Context& context) {
  const std::vector<float> inputs = Inputs();
  std::string text;
  for (const ScalarCase& one : Cases()) {
    const auto graph = context.Compile(Define(one));
    if (!graph) {
      text += fmt::format("{}: {}\n", one.name, ToString(graph.error()));
      continue;
    }
    std::vector<float> got(inputs.size());
    const NamedInputBytes from = {"x", std::as_bytes(std::span(inputs))};
    const NamedOutputBytes to = {"y", std::as_writable_bytes(std::span(got))};
    if (const auto run = context.Compute(*graph, {&from, 1}, {&to, 1}); !run) {
      text += fmt::format("{}: {}\n", one.name, ToString(run.error()));
      continue;
    }
    uint64_t worst = 0;
    size_t at = 0;
    const auto expected = [&](size_t i) { return static_cast<float>(one.compute(inputs[i])); };
    for (size_t i = 0; i < got.size(); ++i) {
      const uint64_t distance = UlpBetween(got[i], expected(i));
      if (distance > worst) {
        worst = distance;
        at = i;
      }
    }
    if (worst > one.ulp) {
      text += fmt::format("{}: {} units in the last place off, {} allowed: of {} got {}, not {}\n",
                          one.name, worst, one.ulp, inputs[at], got[at], expected(at));
    }
  }
  return text;
}

}  // namespace webnn::testing_support
