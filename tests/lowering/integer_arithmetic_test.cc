// Integer arithmetic on targets that lack types, against arithmetic in 128 bits.

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lowering/writer.h"
#include "tests/lowering/interpreter.h"
#include "tests/lowering/targets.h"
#include "webnn/graph_builder.h"

namespace webnn::lowering {
namespace {

using testing::IsEmpty;
__extension__ typedef __int128 Wide;  // NOLINT: no alias can have the attribute

struct IntegerType {
  DataType type;
  bool is_signed;
  int bits;

  Wide least() const { return is_signed ? -(Wide{1} << (bits - 1)) : 0; }
  Wide most() const { return (Wide{1} << (bits - (is_signed ? 1 : 0))) - 1; }
  // The value that a 64-bit pattern stands for.
  Wide ValueOf(int64_t pattern) const {
    return is_signed ? Wide{pattern} : Wide{static_cast<uint64_t>(pattern)};
  }
  int64_t PatternOf(Wide value) const {
    const Wide modulus = Wide{1} << bits;
    Wide wrapped = ((value % modulus) + modulus) % modulus;
    if (is_signed && wrapped > most()) wrapped -= modulus;
    return static_cast<int64_t>(static_cast<uint64_t>(wrapped));
  }
  std::vector<int64_t> Samples() const {
    std::vector<int64_t> samples;
    for (Wide value :
         {least(), least() + 1, Wide{-7}, Wide{-3}, Wide{-2}, Wide{-1}, Wide{0}, Wide{1}, Wide{2},
          Wide{3}, Wide{7}, Wide{10}, most() / 3, most() / 2, most() / 2 + 1, most() - 1, most()}) {
      if (value >= least() && value <= most()) samples.push_back(PatternOf(value));
    }
    return samples;
  }
};

constexpr IntegerType kTypes[] = {
    {DataType::kInt8, true, 8},     {DataType::kUint8, false, 8}, {DataType::kInt32, true, 32},
    {DataType::kUint32, false, 32}, {DataType::kInt64, true, 64}, {DataType::kUint64, false, 64},
};

const std::initializer_list<std::string_view> kOps = {"Add",
                                                      "Sub",
                                                      "Mul",
                                                      "Div",
                                                      "Max",
                                                      "Min",
                                                      "Less",
                                                      "Equal",
                                                      "LessOrEqual",
                                                      "Greater",
                                                      "GreaterOrEqual",
                                                      "BitwiseAnd"};

const Target& Rich() {
  static const Target kTarget =
      MakeTarget(kOps, {Element::kInt8, Element::kUint8, Element::kInt32, Element::kUint32,
                        Element::kInt64, Element::kUint64});
  return kTarget;
}
const Target& Poor() {
  static const Target kTarget = MakeTarget(kOps, {Element::kInt64});
  return kTarget;
}

// int32 and int64 alone, as on TensorRT: every other type travels in one of them, 8 bits come and
// go by float, there are no operators on bits, and the least int64 is no constant.
const Target& Carried() {
  static const Target kTarget = [] {
    Target target = MakeTarget(kOps, {Element::kInt32, Element::kInt64});
    target.kernels.erase("BitwiseAnd");
    target.kernels["Mod"] = target.kernels["Abs"] = {Element::kInt32, Element::kInt64};
    target.carriers[Element::kInt8] = target.carriers[Element::kUint8] = Element::kInt32;
    target.carriers[Element::kUint32] = target.carriers[Element::kUint64] = Element::kInt64;
    target.boundaries[Element::kUint32] = Element::kInt32;
    target.boundaries[Element::kUint64] = Element::kInt64;
    target.cast_by_float = {Element::kInt8, Element::kUint8};
    target.cast_by_quantization = {Element::kInt8};
    target.folds_constants = true;
    target.reassociates = true;
    target.short_scalars = true;
    target.kernels["Round"] = {Element::kFloat};
    return target;
  }();
  return kTarget;
}

struct Case {
  IntegerType type;
  const Target* target;
};

class IntegerArithmeticTest : public testing::TestWithParam<Case> {
 protected:
  // Every sample with every other.
  void SetUp() override {
    for (int64_t a : GetParam().type.Samples()) {
      for (int64_t b : GetParam().type.Samples()) {
        a_.push_back(a);
        b_.push_back(b);
      }
    }
  }
  template <class Build>
  std::vector<int64_t> Compute(Build build) {
    GraphBuilder builder;
    const Shape shape = {static_cast<uint32_t>(a_.size())};
    const Operand a = builder.Input("a", GetParam().type.type, shape).value();
    const Operand b = builder.Input("b", GetParam().type.type, shape).value();
    const GraphDefinition graph = builder.Finish({{"y", *build(builder, a, b)}}).value();
    const Target& target = *GetParam().target;
    const Interpreted result = Interpret(Writer(*graph.data(), target).Finish(), target, {a_, b_});
    EXPECT_THAT(result.faults, IsEmpty());
    return result.outputs.at(0);
  }
  // `expected` returns the value, of any size, or nothing where the specification says nothing.
  template <class Build, class Expected>
  void Expect(Build build, Expected expected) {
    const IntegerType& type = GetParam().type;
    const std::vector<int64_t> got = Compute(build);
    ASSERT_EQ(got.size(), a_.size());
    for (size_t i = 0; i < got.size(); ++i) {
      const std::optional<Wide> value = expected(type.ValueOf(a_[i]), type.ValueOf(b_[i]));
      if (!value) continue;
      EXPECT_EQ(got[i], type.PatternOf(*value)) << a_[i] << ", " << b_[i];
    }
  }
  template <class Build, class Expected>
  void ExpectBool(Build build, Expected expected) {
    const IntegerType& type = GetParam().type;
    const std::vector<int64_t> got = Compute(build);
    ASSERT_EQ(got.size(), a_.size());
    for (size_t i = 0; i < got.size(); ++i) {
      const bool value = expected(type.ValueOf(a_[i]), type.ValueOf(b_[i]));
      EXPECT_EQ(got[i], value ? 1 : 0) << a_[i] << ", " << b_[i];
    }
  }

  std::vector<int64_t> a_;
  std::vector<int64_t> b_;
};

#define WEBNN_METHOD(Op) \
  [](GraphBuilder& builder, Operand a, Operand b) { return builder.Op({.a = a, .b = b}); }

TEST_P(IntegerArithmeticTest, SumsAndProductsWrap) {
  Expect(WEBNN_METHOD(Add), [](Wide a, Wide b) { return std::optional<Wide>(a + b); });
  Expect(WEBNN_METHOD(Sub), [](Wide a, Wide b) { return std::optional<Wide>(a - b); });
  Expect(WEBNN_METHOD(Mul), [](Wide a, Wide b) {
    // In 128 bits even the product of two 64-bit numbers is exact, modulo 2^128.
    __extension__ typedef unsigned __int128 UnsignedWide;  // NOLINT: as above
    return std::optional<Wide>(static_cast<Wide>(
        (static_cast<UnsignedWide>(a) * static_cast<UnsignedWide>(b)) & ((Wide{1} << 64) - 1)));
  });
}

TEST_P(IntegerArithmeticTest, QuotientsTruncateAndNeverTrap) {
  Expect(WEBNN_METHOD(Div),
         [](Wide a, Wide b) { return b == 0 ? std::nullopt : std::optional<Wide>(a / b); });
}

TEST_P(IntegerArithmeticTest, LargestAndSmallest) {
  Expect(WEBNN_METHOD(Max), [](Wide a, Wide b) { return std::optional<Wide>(a > b ? a : b); });
  Expect(WEBNN_METHOD(Min), [](Wide a, Wide b) { return std::optional<Wide>(a < b ? a : b); });
}

TEST_P(IntegerArithmeticTest, Comparisons) {
  ExpectBool(WEBNN_METHOD(Equal), [](Wide a, Wide b) { return a == b; });
  ExpectBool(WEBNN_METHOD(NotEqual), [](Wide a, Wide b) { return a != b; });
  ExpectBool(WEBNN_METHOD(Greater), [](Wide a, Wide b) { return a > b; });
  ExpectBool(WEBNN_METHOD(GreaterOrEqual), [](Wide a, Wide b) { return a >= b; });
  ExpectBool(WEBNN_METHOD(Lesser), [](Wide a, Wide b) { return a < b; });
  ExpectBool(WEBNN_METHOD(LesserOrEqual), [](Wide a, Wide b) { return a <= b; });
}

TEST_P(IntegerArithmeticTest, PowersAreExact) {
  const IntegerType& type = GetParam().type;
  a_.clear();
  b_.clear();
  std::vector<int64_t> exponents = {0, 1, 2, 3, 5, 31, 62, 63, 64, 65, 66, 127};
  if (type.is_signed) exponents.insert(exponents.end(), {-1, -2, -3, -64, -65});
  for (int64_t base : type.Samples()) {
    for (int64_t exponent : exponents) {
      a_.push_back(base);
      b_.push_back(exponent);
    }
  }
  Expect(WEBNN_METHOD(Pow), [&](Wide base, Wide exponent) -> std::optional<Wide> {
    if (exponent < 0) {
      if (base == 0) return std::nullopt;
      if (base == 1) return 1;
      if (base == -1) return exponent % 2 == 0 ? 1 : -1;
      return 0;
    }
    // Overflow is not specified. Ours wraps like a product as long as the exponent is below 64.
    if (exponent > 63 && base != 0 && base != 1 && base != -1) return std::nullopt;
    uint64_t product = 1;
    for (Wide i = 0; i < exponent; ++i) product *= static_cast<uint64_t>(base);
    return Wide{product};
  });
}

// The same with a constant of one element on either side.
TEST_P(IntegerArithmeticTest, ConstantsAreTakenAsTheyAre) {
  const IntegerType& type = GetParam().type;
  a_ = type.Samples();
  b_ = a_;
  for (const int64_t pattern : type.Samples()) {
    const Wide value = type.ValueOf(pattern);
    const Number number = type.is_signed ? Number(pattern) : Number(static_cast<uint64_t>(pattern));
    SCOPED_TRACE(testing::Message() << "constant " << pattern);
    for (const bool left : {false, true}) {
      const auto with = [&](auto method) {
        return [=](GraphBuilder& builder, Operand a, Operand) {
          const Operand constant = builder.Constant(type.type, number).value();
          return left ? method(builder, constant, a) : method(builder, a, constant);
        };
      };
      const auto of = [&](auto compute) {
        return [=](Wide a, Wide) { return left ? compute(value, a) : compute(a, value); };
      };
      Expect(with(WEBNN_METHOD(Add)), of([](Wide a, Wide b) { return std::optional(a + b); }));
      Expect(with(WEBNN_METHOD(Sub)), of([](Wide a, Wide b) { return std::optional(a - b); }));
      Expect(with(WEBNN_METHOD(Div)),
             of([](Wide a, Wide b) { return b == 0 ? std::nullopt : std::optional(a / b); }));
      Expect(with(WEBNN_METHOD(Max)),
             of([](Wide a, Wide b) { return std::optional(a > b ? a : b); }));
      Expect(with(WEBNN_METHOD(Min)),
             of([](Wide a, Wide b) { return std::optional(a < b ? a : b); }));
      ExpectBool(with(WEBNN_METHOD(Equal)), of([](Wide a, Wide b) { return a == b; }));
      ExpectBool(with(WEBNN_METHOD(Greater)), of([](Wide a, Wide b) { return a > b; }));
      ExpectBool(with(WEBNN_METHOD(LesserOrEqual)), of([](Wide a, Wide b) { return a <= b; }));
      Expect(with([](GraphBuilder& builder, Operand a, Operand b) {
               const Operand condition = builder.Greater({.a = a, .b = b}).value();
               return builder.Where({.condition = condition, .true_value = a, .false_value = b});
             }),
             of([](Wide a, Wide b) { return std::optional(a > b ? a : b); }));
    }
  }
}

TEST_P(IntegerArithmeticTest, ClampTakesEveryBound) {
  const IntegerType& type = GetParam().type;
  a_ = type.Samples();
  b_ = a_;
  std::vector<std::optional<int64_t>> bounds = {std::nullopt};
  for (const int64_t sample : type.Samples()) bounds.emplace_back(sample);
  const auto number = [&](std::optional<int64_t> bound) -> std::optional<Number> {
    if (!bound) return std::nullopt;
    return type.is_signed ? Number(*bound) : Number(static_cast<uint64_t>(*bound));
  };
  for (const std::optional<int64_t>& low : bounds) {
    for (const std::optional<int64_t>& high : bounds) {
      if (low && high && type.ValueOf(*low) > type.ValueOf(*high)) continue;
      SCOPED_TRACE(testing::Message() << (low ? *low : 0) << " to " << (high ? *high : -1));
      Expect(
          [&](GraphBuilder& builder, Operand a, Operand) {
            return builder.Clamp({.input = a, .min_value = number(low), .max_value = number(high)});
          },
          [&](Wide a, Wide) {
            if (low && a < type.ValueOf(*low)) a = type.ValueOf(*low);
            if (high && a > type.ValueOf(*high)) a = type.ValueOf(*high);
            return std::optional(a);
          });
    }
  }
}

TEST_P(IntegerArithmeticTest, CastsWrap) {
  const IntegerType& type = GetParam().type;
  for (const IntegerType& to : kTypes) {
    const std::vector<int64_t> got = Compute([&](GraphBuilder& builder, Operand a, Operand) {
      return builder.Cast({.input = a, .data_type = to.type});
    });
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i], to.PatternOf(type.ValueOf(a_[i]))) << a_[i] << " as " << Name(to.type);
    }
  }
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const IntegerType& type : kTypes) {
    for (const Target* target : {&Rich(), &Poor(), &Carried()}) cases.push_back({type, target});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Types, IntegerArithmeticTest, testing::ValuesIn(Cases()),
                         [](const auto& info) {
                           return std::string(Name(info.param.type.type)) +
                                  (info.param.target == &Rich()   ? "WithAllKernels"
                                   : info.param.target == &Poor() ? "WithInt64KernelsOnly"
                                                                  : "Carried");
                         });

// ---- Where the guards of a division are. ----

Model LowerDivision(DataType type, const Target& target, std::optional<Number> divisor) {
  GraphBuilder builder;
  const Operand a = builder.Input("a", type, {4}).value();
  const Operand b =
      divisor ? builder.Constant(type, *divisor).value() : builder.Input("b", type, {4}).value();
  const GraphDefinition graph = builder.Finish({{"y", *builder.Div({.a = a, .b = b})}}).value();
  return Writer(*graph.data(), target).Finish();
}
bool HasGuards(const Model& model) {
  return std::any_of(model.nodes.begin(), model.nodes.end(),
                     [](const ModelNode& node) { return node.op_type == "Equal"; });
}

TEST(IntegerDivisionTest, AHarmlessConstantDivisorNeedsNoGuards) {
  for (const IntegerType& type : kTypes) {
    SCOPED_TRACE(Name(type.type));
    for (int divisor : {1, 2, 100}) {
      const Model model = LowerDivision(type.type, Rich(), divisor);
      EXPECT_FALSE(HasGuards(model));
      EXPECT_EQ(model.nodes.size(), 1u);
    }
  }
}

TEST(IntegerDivisionTest, ADangerousDivisorIsGuarded) {
  for (const IntegerType& type : kTypes) {
    SCOPED_TRACE(Name(type.type));
    EXPECT_TRUE(HasGuards(LowerDivision(type.type, Rich(), std::nullopt)));
    EXPECT_TRUE(HasGuards(LowerDivision(type.type, Rich(), 0)));
    EXPECT_TRUE(HasGuards(LowerDivision(type.type, Poor(), 0)));
  }
  EXPECT_TRUE(HasGuards(LowerDivision(DataType::kInt64, Rich(), -1)));
}

TEST(IntegerDivisionTest, FloatsAreNotGuarded) {
  const Target target = MakeTarget({"Div"}, {Element::kFloat});
  EXPECT_FALSE(HasGuards(LowerDivision(DataType::kFloat32, target, std::nullopt)));
  EXPECT_FALSE(HasGuards(LowerDivision(DataType::kFloat32, target, 0)));
}

}  // namespace
}  // namespace webnn::lowering
