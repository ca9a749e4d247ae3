#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "backends/openvino/backend.h"
#include "backends/openvino/compiled_model.h"
#include "backends/openvino/library.h"
#include "cache/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/webnn.h"

namespace webnn {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::Fails;
using testing_support::Succeeds;

class OpenVinoTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto opened = ov::Library::Open({}); !opened.ok()) {
      GTEST_SKIP() << opened.error().message;
    }
    context_.emplace(
        Context::Create({.backend = "openvino", .threads = 1, .cache = false}).value());
  }
  const Context& context() const { return *context_; }
  GraphBuilder Builder() const { return GraphBuilder::Create(*context_).value(); }

  template <class Out, class In>
  std::vector<Out> Compute(const Graph& graph, const std::vector<std::vector<In>>& inputs) const {
    std::vector<NamedInputBytes> from;
    for (size_t i = 0; i < inputs.size(); ++i) {
      from.emplace_back(graph.inputs()[i].name, std::as_bytes(std::span(inputs[i])));
    }
    std::vector<Out> result(graph.outputs()[0].descriptor.element_count());
    const NamedOutputBytes to[] = {
        {graph.outputs()[0].name, std::as_writable_bytes(std::span(result))}};
    EXPECT_THAT(context_->Compute(graph, from, to), Succeeds());
    return result;
  }

 private:
  std::optional<Context> context_;
};

Graph Sum(GraphBuilder builder) {
  const Operand a = builder.Input("a", DataType::kFloat32, Shape{2, 3}).value();
  const Operand b = builder.Input("b", DataType::kFloat32, Shape{2, 3}).value();
  return builder.Build({{"c", builder.Add({.a = a, .b = b}).value()}}).value();
}

// Two streams were compiled with another constant for the weights' scale, one time in four.
TEST_F(OpenVinoTest, WeightsOf8BitsHaveTheirOwnScale) {
  const std::vector<float> ones(6, 1.0f);
  for (int i = 0; i < 48; ++i) {
    GraphBuilder builder = Builder();
    const auto scale = [&](float value) {
      return builder.Constant<float>({1, 1}, {value}).value();
    };
    const auto point = [&](int8_t value) {
      return builder.Constant<int8_t>({1, 1}, {value}).value();
    };
    const auto round_trip = [&](Operand x, Operand by, Operand zero) {
      const Operand small =
          builder.QuantizeLinear({.input = x, .scale = by, .zero_point = zero}).value();
      return builder.DequantizeLinear({.input = small, .scale = by, .zero_point = zero}).value();
    };
    const Operand x = round_trip(builder.Input("x", DataType::kFloat32, {2, 3}).value(),
                                 scale(1.0f / 255), point(-128));
    const Operand weights =
        builder
            .DequantizeLinear(
                {.input = builder.Constant<int8_t>({3, 2}, {21, 24, 8, 15, 6, 7}).value(),
                 .scale = scale(0.0234587527f),
                 .zero_point = point(0)})
            .value();
    const Operand bias =
        builder
            .DequantizeLinear({.input = builder.Constant<int32_t>({2}, {8, 15}).value(),
                               .scale = builder.Constant<float>({1}, {9.1995115e-05f}).value(),
                               .zero_point = builder.Constant<int32_t>({1}, {0}).value()})
            .value();
    const Operand sum = builder.Gemm({.a = x, .b = weights, .c = bias}).value();
    const Operand y = round_trip(sum, scale(0.392156869f), point(16));
    const Graph graph = builder.Build({{"y", y}}).value();
    EXPECT_THAT(
        (Compute<float, float>(graph, {ones})),
        ElementsAre(testing::FloatNear(0.7843f, 1e-3f), testing::FloatNear(1.1765f, 1e-3f),
                    testing::FloatNear(0.7843f, 1e-3f), testing::FloatNear(1.1765f, 1e-3f)));
  }
}

TEST_F(OpenVinoTest, RunsOnTensorsAsTheyComeAndGo) {
  const Graph graph = Sum(Builder());
  const auto descriptor = graph.inputs()[0].descriptor;
  const auto tensor = [&](float value) {
    const Tensor made =
        context().CreateTensor(descriptor, {.readable = true, .writable = true}).value();
    const std::vector<float> values(6, value);
    EXPECT_THAT(context().WriteTensor(made, std::as_bytes(std::span(values))), Succeeds());
    return made;
  };
  const Tensor a = tensor(1);
  const Tensor c = tensor(0);
  for (int i = 0; i < 50; ++i) {
    const Tensor b = tensor(static_cast<float>(i));  // often at the address of the last one
    ASSERT_THAT(context().Dispatch(graph, {{{"a", a}, {"b", b}}}, {{{"c", c}}}), Succeeds());
    std::vector<float> values(6);
    ASSERT_THAT(context().ReadTensor(c, std::as_writable_bytes(std::span(values))), Succeeds());
    ASSERT_THAT(values, Each(static_cast<float>(i + 1)));
  }
}

TEST_F(OpenVinoTest, ComputesOnMemoryThatIsNotAligned) {
  const Graph graph = Sum(Builder());
  std::vector<std::byte> memory(200);
  for (const size_t offset : {0, 1, 2, 3}) {
    std::byte* const a = memory.data() + offset;
    std::byte* const b = a + 25;
    std::byte* const c = b + 25;
    const std::vector<float> ones(6, 1);
    std::memcpy(a, ones.data(), 24);
    std::memcpy(b, ones.data(), 24);
    for (int run = 0; run < 2; ++run) {
      const NamedInputBytes inputs[] = {{"a", {a, 24}}, {"b", {b, 24}}};
      const NamedOutputBytes outputs[] = {{"c", {c, 24}}};
      ASSERT_THAT(context().Compute(graph, inputs, outputs), Succeeds());
      std::vector<float> result(6);
      std::memcpy(result.data(), c, 24);
      EXPECT_THAT(result, Each(run + 2.0f));
      std::memcpy(a, c, 24);
    }
  }
}

TEST_F(OpenVinoTest, RunsInSeveralThreads) {
  const Graph graph = Sum(Builder());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const std::vector<float> a(6, static_cast<float>(thread));
      for (int i = 0; i < 200; ++i) {
        const std::vector<float> b(6, static_cast<float>(i));
        ASSERT_THAT((Compute<float, float>(graph, {a, b})), Each(static_cast<float>(thread + i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(OpenVinoTest, GivesOutputsThatNoOperatorComputes) {
  GraphBuilder builder = Builder();
  const std::vector<float> weight = {1, 2, 3, 4, 5, 6};
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, Shape{2, 3}).value();
  const Operand x = builder.Input("x", descriptor).value();
  const Operand w = builder.Constant(descriptor, std::as_bytes(std::span(weight))).value();
  const Graph graph = builder
                          .Build({{"same", builder.Identity({.input = x}).value()},
                                  {"constant", builder.Identity({.input = w}).value()},
                                  {"folded", builder.Neg({.input = w}).value()}})
                          .value();
  std::vector<float> same(6), constant(6), folded(6);
  for (int run = 0; run < 2; ++run) {
    const std::vector<float> input(6, 7.0f);
    const NamedInputBytes inputs[] = {{"x", std::as_bytes(std::span(input))}};
    const NamedOutputBytes outputs[] = {{"same", std::as_writable_bytes(std::span(same))},
                                        {"constant", std::as_writable_bytes(std::span(constant))},
                                        {"folded", std::as_writable_bytes(std::span(folded))}};
    ASSERT_THAT(context().Compute(graph, inputs, outputs), Succeeds());
    EXPECT_THAT(same, Each(7.0f));
    EXPECT_EQ(constant, weight);
    EXPECT_THAT(folded, ElementsAre(-1, -2, -3, -4, -5, -6));
    std::fill(constant.begin(), constant.end(), 0.0f);
  }
}

// The builder refuses it, with its name, before anything is compiled.
TEST_F(OpenVinoTest, RefusesWhatItCannotCompute) {
  GraphBuilder builder = Builder();
  EXPECT_EQ(context().GetOpSupportLimits().input.rank_range.max, 8u);
  EXPECT_THAT(builder.Input("deep", DataType::kFloat32, Shape(std::vector<uint32_t>(9, 1))),
              Fails(ErrorCode::kTypeError, "input \"deep\""));
  const Operand x =
      builder.Input("x", DataType::kFloat32, Shape(std::vector<uint32_t>(8, 1))).value();
  EXPECT_THAT(
      builder.Reshape(
          {.input = x, .new_shape = std::vector<Dimension>(9, Dimension(1)), .label = "mine"}),
      Fails(ErrorCode::kTypeError, "[mine] reshape"));
  const Operand y = builder.Input("y", DataType::kInt8, Shape{2, 2}).value();
  EXPECT_THAT(builder.Softmax({.input = y, .axis = 1, .label = "mine"}),
              Fails(ErrorCode::kTypeError, "[mine] softmax: input has data type int8"));
}

TEST_F(OpenVinoTest, ComputesFloat32InFloat32) {
  GraphBuilder builder = Builder();
  const Operand a = builder.Input("a", DataType::kFloat32, Shape{64, 64}).value();
  const Operand b = builder.Input("b", DataType::kFloat32, Shape{64, 64}).value();
  const Graph graph = builder.Build({{"c", builder.Matmul({.a = a, .b = b}).value()}}).value();
  // Of 1 + 2^-12 bfloat16 leaves 1.
  const std::vector<float> x(64 * 64, 1 + 0x1p-12f);
  const std::vector<float> ones(64 * 64, 1);
  EXPECT_THAT((Compute<float, float>(graph, {x, ones})), Each(64 + 0x1p-6f));
}

TEST_F(OpenVinoTest, SoftplusIsExactNearZero) {
  GraphBuilder builder = Builder();
  const std::vector<float> x = {-80, -20, -10, -5, -1, -1e-3f, 0, 1, 5, 20, 88};
  const auto size = static_cast<uint32_t>(x.size());
  const Operand input = builder.Input("x", DataType::kFloat32, Shape{size}).value();
  const Graph graph = builder.Build({{"y", builder.Softplus({.input = input}).value()}}).value();
  const auto y = Compute<float, float>(graph, {x});
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = std::log1p(std::exp(static_cast<double>(x[i])));
    EXPECT_NEAR(y[i], expected, expected * 1e-6) << x[i];
  }
}

TEST_F(OpenVinoTest, WeightsMayGoWhenTheGraphIsCompiled) {
  GraphBuilder builder = Builder();
  std::vector<float> weight(100001, 3);
  // At an odd address, too.
  std::vector<std::byte> bytes(4 * weight.size() + 1);
  std::memcpy(bytes.data() + 1, weight.data(), 4 * weight.size());
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, Shape{100001}).value();
  const Operand x = builder.Input("x", descriptor).value();
  const Operand v = builder.ConstantView(descriptor, std::as_bytes(std::span(weight))).value();
  const Operand w = builder.ConstantView(descriptor, std::span(bytes).subspan(1)).value();
  const Operand product = builder.Mul({.a = x, .b = v}).value();
  const Graph graph = builder.Build({{"y", builder.Add({.a = product, .b = w}).value()}}).value();
  std::fill(weight.begin(), weight.end(), 0.0f);
  std::fill(bytes.begin(), bytes.end(), std::byte{0});
  EXPECT_THAT((Compute<float, float>(graph, {std::vector<float>(100001, 2)})), Each(9.0f));
}

// ---- Integers. ----

template <class T>
constexpr DataType TypeOf() {
  if constexpr (std::is_same_v<T, int32_t>) return DataType::kInt32;
  if constexpr (std::is_same_v<T, uint32_t>) return DataType::kUint32;
  if constexpr (std::is_same_v<T, int64_t>) return DataType::kInt64;
  return DataType::kUint64;
}

// Numbers where something can go wrong: ends of types, and what float32 does not tell apart.
template <class T>
std::vector<T> AwkwardNumbers() {
  std::vector<T> numbers;
  for (const uint64_t base :
       {uint64_t{0}, uint64_t{1} << 24, uint64_t{1} << 31, uint64_t{1} << 32, uint64_t{1} << 53,
        uint64_t{1} << 63, uint64_t{0x123456789abcdef0}, uint64_t{0xfedcba9876543210}}) {
    for (const int64_t step : {-2, -1, 0, 1, 2}) {
      numbers.push_back(static_cast<T>(base + static_cast<uint64_t>(step)));
    }
  }
  return numbers;
}

template <class T>
class OpenVinoIntegerTest : public OpenVinoTest {
 protected:
  // All pairs of awkward numbers.
  void MakePairs() {
    for (const T x : AwkwardNumbers<T>()) {
      for (const T y : AwkwardNumbers<T>()) {
        a_.push_back(x);
        b_.push_back(y);
      }
    }
  }
  using Build = std::function<Operand(GraphBuilder&, Operand, Operand)>;
  template <class Out>
  void Check(const char* what, const Build& build, const std::function<Out(T, T)>& expected) {
    if (a_.empty()) MakePairs();
    GraphBuilder builder = this->Builder();
    const auto size = static_cast<uint32_t>(a_.size());
    const Operand a = builder.Input("a", TypeOf<T>(), Shape{size}).value();
    const Operand b = builder.Input("b", TypeOf<T>(), Shape{size}).value();
    const Operand result = build(builder, a, b);
    const Graph graph = builder.Build({{"c", result}}).value();
    std::vector<std::vector<T>> inputs;
    for (const NamedDescriptor& one : graph.inputs()) inputs.push_back(one.name == "a" ? a_ : b_);
    const auto got = this->template Compute<Out, T>(graph, inputs);
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(+got[i], +expected(a_[i], b_[i])) << what << " of " << a_[i] << ", " << b_[i];
    }
  }

  std::vector<T> a_;
  std::vector<T> b_;
};

using Wide = testing::Types<int32_t, uint32_t, int64_t, uint64_t>;
TYPED_TEST_SUITE(OpenVinoIntegerTest, Wide);

#define CHECK_BINARY(Op, Out, expression) \
  this->template Check<Out>( \
      #Op, [](GraphBuilder& g, Operand x, Operand y) { return g.Op({.a = x, .b = y}).value(); }, \
      [](T a, T b) -> Out { return expression; })

TYPED_TEST(OpenVinoIntegerTest, ComputesExactly) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  CHECK_BINARY(Equal, uint8_t, a == b);
  CHECK_BINARY(Lesser, uint8_t, a < b);
  CHECK_BINARY(LesserOrEqual, uint8_t, a <= b);
  CHECK_BINARY(Greater, uint8_t, a > b);
  CHECK_BINARY(GreaterOrEqual, uint8_t, a >= b);
  CHECK_BINARY(Add, T, static_cast<T>(static_cast<U>(a) + static_cast<U>(b)));
  CHECK_BINARY(Sub, T, static_cast<T>(static_cast<U>(a) - static_cast<U>(b)));
  CHECK_BINARY(Mul, T, static_cast<T>(static_cast<U>(a) * static_cast<U>(b)));
  CHECK_BINARY(Max, T, std::max(a, b));
  CHECK_BINARY(Min, T, std::min(a, b));
}

// Towards zero. What a division by 0 gives is not defined; it must not end the process.
TYPED_TEST(OpenVinoIntegerTest, DividesExactly) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  this->MakePairs();
  for (const T divisor : {T{2}, T{3}, T{10}, static_cast<T>(-3), T{46341}, T{65535}, T{65537}}) {
    for (const T number : AwkwardNumbers<T>()) {
      this->a_.push_back(number);
      this->b_.push_back(divisor);
    }
  }
  uint64_t state = 1;
  for (int i = 0; i < 3000; ++i) {
    const auto random = [&] {
      state = state * 6364136223846793005u + 1442695040888963407u;
      // Of all lengths.
      return static_cast<T>(static_cast<int64_t>(state ^ (state >> 32)) >> ((state >> 40) % 63));
    };
    this->a_.push_back(random());
    this->b_.push_back(random());
  }
  this->template Check<uint8_t>(
      "div by 0",
      [](GraphBuilder& g, Operand x, Operand y) {
        const Operand quotient = g.Div({.a = x, .b = y}).value();
        return g.Equal({.a = quotient, .b = quotient}).value();
      },
      [](T, T) -> uint8_t { return 1; });
  std::replace(this->b_.begin(), this->b_.end(), T{0}, T{7});
  CHECK_BINARY(Div, T,
               std::is_signed_v<T> && b == static_cast<T>(-1)
                   ? static_cast<T>(U{0} - static_cast<U>(a))
                   : static_cast<T>(a / b));
}

// The plug-in makes one kernel of operators in a row, which may compute in another type than each.
TYPED_TEST(OpenVinoIntegerTest, ComputesChainsExactly) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  const auto scalar = [](GraphBuilder& g, int value) {
    return g.Constant(TypeOf<T>(), Number(value)).value();
  };
  this->template Check<T>(
      "where of a comparison",
      [&](GraphBuilder& g, Operand x, Operand y) {
        const Operand less = g.Lesser({.a = x, .b = scalar(g, 5)}).value();
        const Operand difference = g.Sub({.a = y, .b = x}).value();
        return g.Where({.condition = less, .true_value = difference, .false_value = x}).value();
      },
      [](T a, T b) { return a < 5 ? static_cast<T>(static_cast<U>(b) - static_cast<U>(a)) : a; });
  this->template Check<T>(
      "where of sum and product",
      [&](GraphBuilder& g, Operand x, Operand y) {
        const Operand equal = g.Equal({.a = x, .b = scalar(g, 1)}).value();
        const Operand sum = g.Add({.a = x, .b = y}).value();
        const Operand product = g.Mul({.a = sum, .b = y}).value();
        return g.Where({.condition = equal, .true_value = sum, .false_value = product}).value();
      },
      [](T a, T b) {
        const U sum = static_cast<U>(a) + static_cast<U>(b);
        return static_cast<T>(a == 1 ? sum : sum * static_cast<U>(b));
      });
  const auto check = [&](const char* what, auto sum, std::function<U(U, U)> expected) {
    this->template Check<uint8_t>(
        what,
        [&](GraphBuilder& g, Operand x, Operand y) {
          return g.Lesser({.a = sum(g, x, y), .b = scalar(g, 5)}).value();
        },
        [&](T a, T b) -> uint8_t {
          return static_cast<T>(expected(static_cast<U>(a), static_cast<U>(b))) < 5;
        });
  };
  check(
      "comparison of a sum",
      [](GraphBuilder& g, Operand x, Operand y) { return g.Add({.a = x, .b = y}).value(); },
      [](U a, U b) { return a + b; });
  check(
      "comparison of a product",
      [](GraphBuilder& g, Operand x, Operand y) { return g.Mul({.a = x, .b = y}).value(); },
      [](U a, U b) { return a * b; });
  check(
      "comparison of a difference",
      [](GraphBuilder& g, Operand x, Operand y) {
        return g.Sub({.a = x, .b = g.Max({.a = x, .b = y}).value()}).value();
      },
      [](U a, U b) { return a - static_cast<U>(std::max(static_cast<T>(a), static_cast<T>(b))); });
  this->template Check<T>(
      "sign of a sum",
      [](GraphBuilder& g, Operand x, Operand y) {
        const Operand sum = g.Add({.a = x, .b = y}).value();
        if constexpr (std::is_signed_v<T>) return g.Sign({.input = sum}).value();
        return sum;
      },
      [](T a, T b) {
        const T sum = static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
        return std::is_signed_v<T> ? static_cast<T>((sum > 0) - (sum < 0)) : sum;
      });
  this->template Check<T>(
      "absolute value of a product",
      [](GraphBuilder& g, Operand x, Operand y) {
        const Operand product = g.Mul({.a = x, .b = y}).value();
        if constexpr (std::is_signed_v<T>) return g.Abs({.input = product}).value();
        return product;
      },
      [](T a, T b) {
        const U product = static_cast<U>(a) * static_cast<U>(b);
        return static_cast<T>(static_cast<T>(product) < T{0} ? U{0} - product : product);
      });
  this->template Check<T>(
      "sum with a comparison",
      [&](GraphBuilder& g, Operand x, Operand y) {
        const Operand greater = g.Greater({.a = y, .b = scalar(g, 3)}).value();
        const Operand one = g.Cast({.input = greater, .data_type = TypeOf<T>()}).value();
        const Operand sum = g.Add({.a = x, .b = one}).value();
        return g.Sub({.a = sum, .b = g.Mul({.a = one, .b = y}).value()}).value();
      },
      [](T a, T b) {
        return static_cast<T>(static_cast<U>(a) + (b > 3 ? U{1} - static_cast<U>(b) : U{0}));
      });
}

// Where the result fits the type.
TYPED_TEST(OpenVinoIntegerTest, RaisesExactly) {
  using T = TypeParam;
  std::vector<T> bases = AwkwardNumbers<T>();
  for (const T base : {T{3}, T{7}, T{10}, T{15}, T{255}, T{46340}, T{65535}, static_cast<T>(-3)}) {
    bases.push_back(base);
  }
  std::map<std::pair<T, T>, T> expected;
  for (const T base : bases) {
    for (const T exponent : {0, 1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 19, 31, 32, 40, 62, 63, 64, 65}) {
      T power = 1;
      bool fits = true;
      for (T i = 0; i < exponent && fits; ++i) {
        fits = !__builtin_mul_overflow(power, base, &power);
      }
      if (!fits) continue;
      this->a_.push_back(base);
      this->b_.push_back(exponent);
      expected[{base, exponent}] = power;
    }
  }
  ASSERT_GT(expected.size(), 100u);
  this->template Check<T>(
      "pow", [](GraphBuilder& g, Operand x, Operand y) { return g.Pow({.a = x, .b = y}).value(); },
      [&](T a, T b) { return expected.at({a, b}); });
}

TYPED_TEST(OpenVinoIntegerTest, SumsUpExactly) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  const std::vector<T> row = AwkwardNumbers<T>();
  std::vector<T> numbers;
  for (const T number : row) numbers.insert(numbers.end(), {number, T{1}});
  const auto size = static_cast<uint32_t>(row.size());
  for (const bool exclusive : {false, true}) {
    for (const bool reversed : {false, true}) {
      GraphBuilder builder = this->Builder();
      const Operand x = builder.Input("x", TypeOf<T>(), Shape{size, 2}).value();
      const Operand y =
          builder
              .CumulativeSum({.input = x, .axis = 0, .exclusive = exclusive, .reversed = reversed})
              .value();
      const Graph graph = builder.Build({{"y", y}}).value();
      const auto got = this->template Compute<T, T>(graph, {numbers});
      U sums[2] = {0, 0};
      for (uint32_t k = 0; k < size; ++k) {
        const uint32_t i = reversed ? size - 1 - k : k;
        for (uint32_t column : {0u, 1u}) {
          const U before = sums[column];
          sums[column] += static_cast<U>(numbers[2 * i + column]);
          ASSERT_EQ(got[2 * i + column], static_cast<T>(exclusive ? before : sums[column]))
              << i << ", exclusive " << exclusive << ", reversed " << reversed;
        }
      }
    }
  }
}

TYPED_TEST(OpenVinoIntegerTest, LimitsExactly) {
  using T = TypeParam;
  const T low = std::numeric_limits<T>::lowest() + 2;
  const T high = std::numeric_limits<T>::max() - 2;
  this->template Check<T>(
      "clamp",
      [&](GraphBuilder& g, Operand x, Operand) {
        return g.Clamp({.input = x, .min_value = Number(low), .max_value = Number(high)}).value();
      },
      [&](T a, T) { return std::clamp(a, low, high); });
}

TYPED_TEST(OpenVinoIntegerTest, MovesEveryBit) {
  using T = TypeParam;
  this->template Check<T>(
      "concat and slice",
      [&](GraphBuilder& g, Operand x, Operand y) {
        const Operand both = g.Concat({.inputs = {x, y}, .axis = 0}).value();
        const auto size = static_cast<uint32_t>(this->a_.size());
        return g.Slice({.input = both, .starts = {size}, .sizes = {size}}).value();
      },
      [](T, T b) { return b; });
  this->template Check<T>(
      "where",
      [](GraphBuilder& g, Operand x, Operand y) {
        const Operand less = g.Lesser({.a = x, .b = y}).value();
        return g.Where({.condition = less, .true_value = y, .false_value = x}).value();
      },
      [](T a, T b) { return std::max(a, b); });
}

TYPED_TEST(OpenVinoIntegerTest, ConvertsToTheNearestFloat) {
  using T = TypeParam;
  const auto numbers = AwkwardNumbers<T>();
  GraphBuilder builder = this->Builder();
  const auto size = static_cast<uint32_t>(numbers.size());
  const Operand x = builder.Input("x", TypeOf<T>(), Shape{size}).value();
  const Operand y = builder.Cast({.input = x, .data_type = DataType::kFloat32}).value();
  const Graph graph = builder.Build({{"y", y}}).value();
  const auto got = this->template Compute<float, T>(graph, {numbers});
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto expected = static_cast<float>(numbers[i]);
    // Of two halves the sum may be rounded twice.
    EXPECT_NEAR(got[i], expected, std::abs(expected) * 0x1p-23) << numbers[i];
  }
}

TYPED_TEST(OpenVinoIntegerTest, ConvertsFromFloats) {
  using T = TypeParam;
  std::vector<float> numbers = {0, 1, 1.9f, 255.5f, 0x1p24f, 0x1.fffffep30f};
  if (std::is_signed_v<T>) numbers.insert(numbers.end(), {-1, -1.9f, -19998, -0x1p31f});
  if (!std::is_same_v<T, int32_t>) numbers.insert(numbers.end(), {0x1p31f, 0x1.fffffep31f});
  if (sizeof(T) == 8) numbers.insert(numbers.end(), {0x1p32f, 0x1.234568p40f, 0x1.fffffep62f});
  if (std::is_same_v<T, int64_t>) numbers.insert(numbers.end(), {-0x1.234568p40f, -0x1p63f});
  if (std::is_same_v<T, uint64_t>) numbers.insert(numbers.end(), {0x1p63f, 0x1.fffffep63f});
  GraphBuilder builder = this->Builder();
  const auto size = static_cast<uint32_t>(numbers.size());
  const Operand x = builder.Input("x", DataType::kFloat32, Shape{size}).value();
  const Operand y = builder.Cast({.input = x, .data_type = TypeOf<T>()}).value();
  const Graph graph = builder.Build({{"y", y}}).value();
  const auto got = this->template Compute<T, float>(graph, {numbers});
  for (size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(got[i], static_cast<T>(numbers[i])) << numbers[i];
  }
}

TYPED_TEST(OpenVinoIntegerTest, ReducesExactly) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  const std::vector<T> numbers = AwkwardNumbers<T>();
  const auto size = static_cast<uint32_t>(numbers.size());
  const auto check = [&](const char* what, auto reduce, T expected) {
    GraphBuilder builder = this->Builder();
    const Operand x = builder.Input("x", TypeOf<T>(), Shape{size}).value();
    const Graph graph = builder.Build({{"y", reduce(builder, x)}}).value();
    EXPECT_EQ((this->template Compute<T, T>(graph, {numbers})), std::vector<T>{expected}) << what;
  };
  U sum = 0;
  for (const T number : numbers) sum += static_cast<U>(number);
  check(
      "sum", [](GraphBuilder& g, Operand x) { return g.ReduceSum({.input = x}).value(); },
      static_cast<T>(sum));
  check(
      "max", [](GraphBuilder& g, Operand x) { return g.ReduceMax({.input = x}).value(); },
      *std::max_element(numbers.begin(), numbers.end()));
  check(
      "min", [](GraphBuilder& g, Operand x) { return g.ReduceMin({.input = x}).value(); },
      *std::min_element(numbers.begin(), numbers.end()));
}

// ---- Compiled graphs as bytes. ----

// y = ((x + 1) + 1) + ...
std::shared_ptr<const GraphData> Chain(const Context& context, int length) {
  GraphBuilder builder = GraphBuilder::Create(context).value();
  Operand x = builder.Input("x", DataType::kFloat32, Shape{4}).value();
  const Operand w = builder.Input("w", DataType::kFloat32, Shape{4}).value();
  for (int i = 0; i < length; ++i) x = builder.Add({.a = x, .b = w}).value();
  return builder.Finish({{"y", x}}).value().data();
}

void ExpectChain(CompiledGraph& graph, float expected) {
  const std::vector<float> x(4, 0.5f), w(4, 1.0f);
  std::vector<float> y(4);
  const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(x)),
                                               std::as_bytes(std::span(w))};
  const std::span<std::byte> outputs[] = {std::as_writable_bytes(std::span(y))};
  ASSERT_THAT(graph.Compute(inputs, outputs), Succeeds());
  EXPECT_THAT(y, Each(expected));
}

class OpenVinoCacheTest : public OpenVinoTest {
 protected:
  void SetUp() override {
    OpenVinoTest::SetUp();
    folder_ = testing::TempDir() + "webnn_openvino_cache_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Keeps every graph.
  std::unique_ptr<Backend> Open(Precision precision = Precision::kFloat32) {
    ContextOptions options{.compile = {.precision = precision}, .cache_dir = folder_};
    options.log = [this](LogLevel, std::string_view message) {
      log_ += std::string(message) + "\n";
    };
    return OpenOpenVino(options,
                        {.worth_keeping = std::chrono::milliseconds(0), .few_operators = 0})
        .value();
  }
  std::vector<std::filesystem::path> Entries() const {
    std::vector<std::filesystem::path> entries;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".entry") entries.push_back(entry.path());
    }
    return entries;
  }

  std::string folder_;
  std::string log_;
};

TEST_F(OpenVinoCacheTest, KeepsAndTakesUp) {
  const auto graph = Chain(context(), 5);
  std::vector<std::string> phases;
  CompileOptions options{.precision = Precision::kFloat32};
  options.progress = [&](const CompileProgress& progress) {
    if (phases.empty() || phases.back() != progress.phase) phases.emplace_back(progress.phase);
    return true;
  };
  ExpectChain(**Open()->Compile(graph, options), 5.5f);
  EXPECT_THAT(phases, ElementsAre("lower", "parse", "build"));
  ASSERT_EQ(Entries().size(), 1u);
  phases.clear();
  ExpectChain(**Open()->Compile(graph, options), 5.5f);
  EXPECT_THAT(phases, ElementsAre("load"));
  // Another graph has an entry of its own.
  ExpectChain(**Open()->Compile(Chain(context(), 6), options), 6.5f);
  EXPECT_EQ(Entries().size(), 2u);
  EXPECT_EQ(log_, "");
}

TEST_F(OpenVinoCacheTest, ADamagedEntryIsMadeAnew) {
  const auto graph = Chain(context(), 5);
  ExpectChain(**Open()->Compile(graph, {}), 5.5f);
  ASSERT_EQ(Entries().size(), 1u);
  const auto path = Entries()[0];
  const auto size = std::filesystem::file_size(path);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size - 100));
    file << "garbage";
  }
  ExpectChain(**Open()->Compile(graph, {}), 5.5f);
  EXPECT_THAT(log_, HasSubstr("is removed"));
  EXPECT_EQ(std::filesystem::file_size(Entries().at(0)), size);
}

// Header, key, padding, the library's own header, its text and its weights.
TEST_F(OpenVinoCacheTest, AFlippedBitAnywhereIsSeen) {
  const auto graph = Chain(context(), 3);
  ExpectChain(**Open()->Compile(graph, {}), 3.5f);
  ASSERT_EQ(Entries().size(), 1u);
  const auto path = Entries()[0];
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  const auto backend = Open();
  constexpr std::streamoff kPlaces = 60;
  for (std::streamoff k = 0; k < kPlaces; ++k) {
    const std::streamoff at = k < 20 ? k * 13 : size - 1 - (kPlaces - 1 - k) * ((size - 300) / 40);
    {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(at);
      const int byte = file.get();
      file.seekp(at);
      file.put(static_cast<char>(byte ^ (1 << (k % 8))));
      ASSERT_TRUE(file.good());
    }
    log_.clear();
    ExpectChain(**backend->Compile(graph, {}), 3.5f);
    ASSERT_THAT(log_, HasSubstr("is removed")) << "byte " << at;
  }
}

TEST_F(OpenVinoCacheTest, AnEntryCutShortIsMadeAnew) {
  const auto graph = Chain(context(), 3);
  ExpectChain(**Open()->Compile(graph, {}), 3.5f);
  const auto path = Entries().at(0);
  const auto size = std::filesystem::file_size(path);
  for (const uintmax_t length : {uintmax_t{0}, uintmax_t{7}, uintmax_t{100}, size / 2, size - 1}) {
    std::filesystem::resize_file(path, length);
    log_.clear();
    ExpectChain(**Open()->Compile(graph, {}), 3.5f);
    EXPECT_THAT(log_, HasSubstr("is removed")) << length;
    ASSERT_EQ(std::filesystem::file_size(path), size);
  }
}

TEST_F(OpenVinoCacheTest, WhatTheLibraryRefusesIsMadeAnew) {
  const auto graph = Chain(context(), 5);
  const auto backend = Open();
  const auto store = cache::Store::Open({.folder = folder_}).value();
  const std::string text = "whole, but no model";
  ASSERT_THAT(store->Put(*backend->CacheKey(*graph, {}), std::as_bytes(std::span(text))),
              Succeeds());
  ExpectChain(**backend->Compile(graph, {}), 5.5f);
  EXPECT_THAT(log_, HasSubstr("load the compiled graph"));
  EXPECT_THAT(log_, HasSubstr("compiled anew"));
}

TEST_F(OpenVinoCacheTest, SmallGraphsAreNotKept) {
  const auto backend = OpenOpenVino({.cache_dir = folder_}).value();
  ExpectChain(**backend->Compile(Chain(context(), 5), {}), 5.5f);
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(OpenVinoCacheTest, ThePrecisionIsPartOfTheKey) {
  const auto graph = Chain(context(), 5);
  const auto backend = Open();
  const auto key = [&](Precision precision) {
    return backend->CacheKey(*graph, {.precision = precision}).value();
  };
  EXPECT_EQ(key(Precision::kAuto), key(Precision::kFloat32));
  EXPECT_NE(key(Precision::kBfloat16), key(Precision::kFloat32));
  EXPECT_NE(key(Precision::kFloat16), key(Precision::kFloat32));
  EXPECT_EQ(key(Precision::kFloat32).Find("backend")->value, "openvino");
}

TEST_F(OpenVinoCacheTest, ALoadedGraphHasThePrecisionThatItWasCompiledFor) {
  // The library takes it from its device's properties, whatever they are at the time.
  GraphBuilder builder = Builder();
  const Operand a = builder.Input("a", DataType::kFloat32, Shape{64, 64}).value();
  const Operand b = builder.Input("b", DataType::kFloat32, Shape{64, 64}).value();
  const auto graph =
      builder.Finish({{"c", builder.Matmul({.a = a, .b = b}).value()}}).value().data();
  const auto backend = Open();
  const bool has_bfloat16 =
      backend->CompileToBytes(*graph, {.precision = Precision::kBfloat16}).ok();
  const std::vector<float> x(64 * 64, 1 + 0x1p-12f), ones(64 * 64, 1);
  for (const Precision precision :
       {Precision::kFloat32, Precision::kBfloat16, Precision::kFloat32}) {
    if (precision == Precision::kBfloat16 && !has_bfloat16) continue;
    auto loaded = backend->Load(backend->CompileToBytes(*graph, {.precision = precision}).value());
    ASSERT_THAT(loaded, Succeeds());
    std::vector<float> c(64 * 64);
    const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(x)),
                                                 std::as_bytes(std::span(ones))};
    const std::span<std::byte> outputs[] = {std::as_writable_bytes(std::span(c))};
    ASSERT_THAT((*loaded)->Compute(inputs, outputs), Succeeds());
    EXPECT_THAT(c, Each(precision == Precision::kFloat32 ? 64 + 0x1p-6f : 64.0f));
  }
}

TEST_F(OpenVinoCacheTest, RefusesAGraphForAnotherLibrary) {
  const auto backend = Open();
  CompiledBytes bytes = backend->CompileToBytes(*Chain(context(), 3), {}).value();
  cache::Key other;
  for (const cache::KeyField& field : bytes.key.fields()) {
    if (!field.hashed) other.Add(field.name, field.name == "version" ? "2026.0.0" : field.value);
  }
  bytes.key = other;
  EXPECT_THAT(backend->Load(bytes), Fails(ErrorCode::kNotSupported, "version: wanted"));
}

TEST_F(OpenVinoCacheTest, CompiledFilesRunWithoutTheModel) {
  const std::string path = folder_ + ".webnnc";
  GraphBuilder builder = Builder();
  Operand x = builder.Input("x", DataType::kInt64, Shape{3}).value();
  x = builder.Neg({.input = x}).value();
  const auto definition = builder.Finish({{"y", x}}).value();
  ASSERT_THAT(context().CompileToFile(definition, path, {}), Succeeds());
  const auto graph = context().LoadCompiled(path);
  ASSERT_THAT(graph, Succeeds());
  EXPECT_THAT((Compute<int64_t, int64_t>(*graph, {{1, -5, int64_t{1} << 40}})),
              ElementsAre(-1, 5, -(int64_t{1} << 40)));
  std::filesystem::remove(path);
}

TEST_F(OpenVinoCacheTest, CanBeCancelled) {
  const auto graph = Chain(context(), 5);
  for (const std::string at : {"lower", "parse", "build"}) {
    CompileOptions options;
    options.progress = [&](const CompileProgress& progress) { return progress.phase != at; };
    EXPECT_THAT(Open()->Compile(graph, options), Fails(ErrorCode::kAborted, "cancelled")) << at;
  }
  EXPECT_TRUE(Entries().empty());
  ExpectChain(**Open()->Compile(graph, {}), 5.5f);
}

}  // namespace
}  // namespace webnn
