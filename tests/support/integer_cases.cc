#include "tests/support/integer_cases.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "fmt/format.h"

namespace webnn::testing_support {
namespace {

constexpr uint32_t kRows = 4;
constexpr uint32_t kColumns = 6;
constexpr size_t kCount = size_t{kRows} * kColumns;
constexpr uint64_t kTwoTo63 = uint64_t{1} << 63;

template <class T>
std::vector<std::byte> BytesOf(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

/// The cases of one type, T being uint64_t or int64_t: both wrap.
template <class T>
class Maker {
 public:
  std::vector<IntegerCase> Make() && {
    Binary();
    Choices();
    Reductions();
    Movements();
    Casts();
    return std::move(cases_);
  }

 private:
  using Values = std::vector<T>;
  using Outputs = std::vector<ExpectedOutput>;

  static constexpr bool kSigned = std::is_signed_v<T>;
  static constexpr DataType kType = kSigned ? DataType::kInt64 : DataType::kUint64;
  static constexpr T kLeast = std::numeric_limits<T>::min();
  static constexpr T kMost = std::numeric_limits<T>::max();

  // Bit patterns, the same for both types.
  static T At(uint64_t bits) { return static_cast<T>(bits); }
  static Values X() {
    return {At(0),
            At(1),
            At(2),
            At(3),
            At(7),
            At(kTwoTo63),
            At(0xffffffff),
            At(uint64_t{1} << 32),
            At(uint64_t{1} << 53),
            At((uint64_t{1} << 53) + 1),
            At(uint64_t{1} << 62),
            At(kTwoTo63 - 2),
            At(kTwoTo63 - 1),
            At(kTwoTo63),
            At(kTwoTo63 + 1),
            At(kTwoTo63 + 2),
            At(kTwoTo63 + (uint64_t{1} << 40) + 5),
            At(kTwoTo63 + (uint64_t{1} << 62)),
            At(~uint64_t{0} - (uint64_t{1} << 40)),
            At(~uint64_t{0} - 2),
            At(~uint64_t{0} - 1),
            At(~uint64_t{0}),
            At(1234567890123456789u),
            At(12345678901234567890u)};
  }
  // No zeros, and not all ones below the least number: every quotient is one.
  static Values Y() {
    Values values = X();
    std::rotate(values.begin(), values.begin() + 7, values.end());
    for (size_t i = 0; i < kCount; ++i) {
      if (values[i] == 0) values[i] = 5;
      if (kSigned && values[i] == static_cast<T>(-1) && X()[i] == kLeast) values[i] = 3;
    }
    return values;
  }
  static std::vector<T> Constants() {
    return {At(0),
            At(1),
            At(3),
            At(kTwoTo63),
            At(kTwoTo63 - 1),
            At(kTwoTo63 + 1),
            At(~uint64_t{0}),
            At(12345678901234567890u)};
  }

  void Add(std::string name,
           std::function<Outputs(GraphBuilder& builder, Operand x, Operand y)> build) {
    cases_.push_back({fmt::format("{} {}", Name(kType), name), kType, BytesOf(X()), BytesOf(Y()),
                      std::move(build)});
  }
  template <class U>
  static ExpectedOutput Expect(std::string name, Result<Operand> operand,
                               const std::vector<U>& values) {
    return {std::move(name), operand.value(), BytesOf(values)};
  }

  template <class U>
  static Operand Given(GraphBuilder& builder, DataType type, Shape shape,
                       const std::vector<U>& values) {
    return builder
        .Constant(OperandDescriptor::Create(type, std::move(shape)).value(),
                  std::as_bytes(std::span(values)))
        .value();
  }

  // ---- Of two operands. ----

  // `compute` of both operands as they come, and of x with constants on either side; its third
  // argument is the element's place.
  template <class Method, class Compute>
  void Pairs(std::string_view name, Method method, Compute compute, bool may_be_zero = true) {
    using U = decltype(compute(T{}, T{}, size_t{}));
    const auto all = [compute](auto left, auto right) {
      std::vector<U> values;
      for (size_t i = 0; i < kCount; ++i) values.push_back(compute(left(i), right(i), i));
      return values;
    };
    const auto x_at = [](size_t i) { return X()[i]; };
    Add(fmt::format("{} of inputs", name), [=](GraphBuilder& builder, Operand x, Operand y) {
      return Outputs{
          Expect("out", method(builder, x, y), all(x_at, [](size_t i) { return Y()[i]; }))};
    });
    for (const bool left : {false, true}) {
      Add(fmt::format("{} with constants on the {}", name, left ? "left" : "right"),
          [=](GraphBuilder& builder, Operand x, Operand y) {
            Outputs outputs;
            for (const T constant : Constants()) {
              if (!may_be_zero && !left && constant == 0) continue;
              if (!may_be_zero && !left && kSigned && constant == static_cast<T>(-1)) continue;
              const auto value = [=](size_t) { return constant; };
              const Operand c = builder.Constant(kType, constant).value();
              // For a quotient x is no divisor: it has zeros.
              const Operand other = may_be_zero ? x : y;
              const auto other_at = [=](size_t i) { return may_be_zero ? X()[i] : Y()[i]; };
              if (!may_be_zero && left && kSigned && constant == kLeast) continue;
              outputs.push_back(Expect(fmt::format("c{}", outputs.size()),
                                       left ? method(builder, c, other) : method(builder, other, c),
                                       left ? all(value, other_at) : all(other_at, value)));
            }
            return outputs;
          });
    }
    // A constant of as many elements as the other operand.
    Add(fmt::format("{} with a constant of many elements", name),
        [=](GraphBuilder& builder, Operand x, Operand) {
          const Operand c = Given(builder, kType, {kRows, kColumns}, Y());
          return Outputs{
              Expect("out", method(builder, x, c), all(x_at, [](size_t i) { return Y()[i]; }))};
        });
  }

  void Binary() {
    const auto u = [](T value) { return static_cast<uint64_t>(value); };
#define WEBNN_METHOD(Op) \
  [](GraphBuilder& builder, Operand a, Operand b) { return builder.Op({.a = a, .b = b}); }
    Pairs("add", WEBNN_METHOD(Add), [=](T a, T b, size_t) { return static_cast<T>(u(a) + u(b)); });
    Pairs("sub", WEBNN_METHOD(Sub), [=](T a, T b, size_t) { return static_cast<T>(u(a) - u(b)); });
    Pairs("mul", WEBNN_METHOD(Mul), [=](T a, T b, size_t) { return static_cast<T>(u(a) * u(b)); });
    Pairs("div", WEBNN_METHOD(Div), [](T a, T b, size_t) { return static_cast<T>(a / b); }, false);
    Pairs("max", WEBNN_METHOD(Max), [](T a, T b, size_t) { return std::max(a, b); });
    Pairs("min", WEBNN_METHOD(Min), [](T a, T b, size_t) { return std::min(a, b); });
    Pairs("equal", WEBNN_METHOD(Equal), [](T a, T b, size_t) { return uint8_t{a == b}; });
    Pairs("notEqual", WEBNN_METHOD(NotEqual), [](T a, T b, size_t) { return uint8_t{a != b}; });
    Pairs("greater", WEBNN_METHOD(Greater), [](T a, T b, size_t) { return uint8_t{a > b}; });
    Pairs("greaterOrEqual", WEBNN_METHOD(GreaterOrEqual),
          [](T a, T b, size_t) { return uint8_t{a >= b}; });
    Pairs("lesser", WEBNN_METHOD(Lesser), [](T a, T b, size_t) { return uint8_t{a < b}; });
    Pairs("lesserOrEqual", WEBNN_METHOD(LesserOrEqual),
          [](T a, T b, size_t) { return uint8_t{a <= b}; });
#undef WEBNN_METHOD
    Pairs(
        "where",
        [](GraphBuilder& builder, Operand a, Operand b) {
          std::vector<uint8_t> condition(kCount);
          for (size_t i = 0; i < kCount; ++i) condition[i] = i % 3 == 0;
          const Operand chosen = Given(builder, DataType::kUint8, {kRows, kColumns}, condition);
          return builder.Where({.condition = chosen, .true_value = a, .false_value = b});
        },
        [](T a, T b, size_t i) { return i % 3 == 0 ? a : b; });
  }

  // ---- Limits and signs. ----

  void Choices() {
    Add("clamp", [](GraphBuilder& builder, Operand x, Operand) {
      std::vector<std::optional<T>> bounds = {std::nullopt};
      for (const T constant : Constants()) bounds.emplace_back(constant);
      Outputs outputs;
      for (const std::optional<T>& low : bounds) {
        for (const std::optional<T>& high : bounds) {
          if (low && high && *low > *high) continue;
          Values values = X();
          for (T& value : values) {
            if (low) value = std::max(value, *low);
            if (high) value = std::min(value, *high);
          }
          ops::Clamp clamp{.input = x};
          if (low) clamp.min_value = *low;
          if (high) clamp.max_value = *high;
          outputs.push_back(Expect(fmt::format("from {} to {}", low ? fmt::to_string(*low) : "-",
                                               high ? fmt::to_string(*high) : "-"),
                                   builder.Clamp(clamp), values));
        }
      }
      return outputs;
    });
    if constexpr (kSigned) {
      Add("abs, neg, sign, relu", [](GraphBuilder& builder, Operand x, Operand) {
        const auto apply = [](auto compute) {
          Values values;
          for (const T value : X()) values.push_back(static_cast<T>(compute(value)));
          return values;
        };
        const auto negated = [](T value) { return uint64_t{0} - static_cast<uint64_t>(value); };
        return Outputs{
            Expect("abs", builder.Abs({.input = x}),
                   apply([=](T v) { return v < 0 ? negated(v) : static_cast<uint64_t>(v); })),
            Expect("neg", builder.Neg({.input = x}), apply(negated)),
            Expect("sign", builder.Sign({.input = x}),
                   apply([](T v) { return (v > 0 ? 1 : 0) - (v < 0 ? 1 : 0); })),
            Expect("relu", builder.Relu({.input = x}),
                   apply([](T v) { return std::max(v, T{0}); })),
        };
      });
    }
  }

  // ---- Along an axis. ----

  template <class Method, class Combine>
  void Reduce(std::string_view name, Method method, T first, Combine combine) {
    Add(std::string(name), [=](GraphBuilder& builder, Operand x, Operand) {
      Values rows(kRows, first);
      Values columns(kColumns, first);
      Values whole(1, first);
      for (size_t i = 0; i < kCount; ++i) {
        const T value = X()[i];
        rows[i / kColumns] = combine(rows[i / kColumns], value);
        columns[i % kColumns] = combine(columns[i % kColumns], value);
        whole[0] = combine(whole[0], value);
      }
      return Outputs{Expect("rows", method(builder, x, std::vector<uint32_t>{1}), rows),
                     Expect("columns", method(builder, x, std::vector<uint32_t>{0}), columns),
                     Expect("whole", method(builder, x, std::nullopt), whole)};
    });
  }

  void Reductions() {
    using Axes = std::optional<std::vector<uint32_t>>;
    const auto sum = [](T a, T b) {
      return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    };
    const auto product = [](T a, T b) {
      return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    };
#define WEBNN_METHOD(Op) \
  [](GraphBuilder& builder, Operand x, Axes axes) { \
    return builder.Op({.input = x, .axes = std::move(axes)}); \
  }
    Reduce("reduceSum", WEBNN_METHOD(ReduceSum), T{0}, sum);
    Reduce("reduceProduct", WEBNN_METHOD(ReduceProduct), T{1}, product);
    Reduce("reduceSumSquare", WEBNN_METHOD(ReduceSumSquare), T{0},
           [=](T a, T b) { return sum(a, product(b, b)); });
    Reduce("reduceMax", WEBNN_METHOD(ReduceMax), kLeast, [](T a, T b) { return std::max(a, b); });
    Reduce("reduceMin", WEBNN_METHOD(ReduceMin), kMost, [](T a, T b) { return std::min(a, b); });
#undef WEBNN_METHOD
    Add("argMax and argMin", [](GraphBuilder& builder, Operand x, Operand) {
      std::vector<int32_t> most;
      std::vector<int32_t> least;
      const Values values = X();
      for (size_t row = 0; row < kRows; ++row) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * kColumns);
        most.push_back(static_cast<int32_t>(std::max_element(begin, begin + kColumns) - begin));
        least.push_back(static_cast<int32_t>(std::min_element(begin, begin + kColumns) - begin));
      }
      return Outputs{Expect("max", builder.ArgMax({.input = x, .axis = 1}), most),
                     Expect("min", builder.ArgMin({.input = x, .axis = 1}), least)};
    });
    Add("cumulativeSum", [](GraphBuilder& builder, Operand x, Operand) {
      Outputs outputs;
      for (const bool exclusive : {false, true}) {
        for (const bool reversed : {false, true}) {
          const Values values = X();
          Values sums(kCount);
          for (size_t row = 0; row < kRows; ++row) {
            uint64_t before = 0;
            for (size_t k = 0; k < kColumns; ++k) {
              const size_t at = row * kColumns + (reversed ? kColumns - 1 - k : k);
              const uint64_t after = before + static_cast<uint64_t>(values[at]);
              sums[at] = static_cast<T>(exclusive ? before : after);
              before = after;
            }
          }
          outputs.push_back(
              Expect(fmt::format("{}{}", exclusive ? "exclusive" : "inclusive",
                                 reversed ? " reversed" : ""),
                     builder.CumulativeSum(
                         {.input = x, .axis = 1, .exclusive = exclusive, .reversed = reversed}),
                     sums));
        }
      }
      return outputs;
    });
    // Where only padding is beside it, the largest element is the window's own.
    Add("maxPool2d with padding", [](GraphBuilder& builder, Operand x, Operand) {
      const Values values = X();
      Values largest;
      for (int row = 0; row < int{kRows} + 1; ++row) {
        for (int column = 0; column < int{kColumns} + 1; ++column) {
          T most = kLeast;
          for (int i = row - 1; i <= row; ++i) {
            for (int j = column - 1; j <= column; ++j) {
              if (i < 0 || i >= int{kRows} || j < 0 || j >= int{kColumns}) continue;
              most = std::max(most,
                              values[static_cast<size_t>(i) * kColumns + static_cast<size_t>(j)]);
            }
          }
          largest.push_back(most);
        }
      }
      const Operand plane =
          builder.Reshape({.input = x, .new_shape = {1, 1, kRows, kColumns}}).value();
      return Outputs{
          Expect("largest",
                 builder.MaxPool2d(
                     {.input = plane, .window_dimensions = {{2, 2}}, .padding = {1, 1, 1, 1}}),
                 largest)};
    });
  }

  // ---- Moved as they are. ----

  void Movements() {
    Add("gather, gatherElements, scatterElements", [](GraphBuilder& builder, Operand x, Operand y) {
      const Values values = X();
      Values rows;
      for (const size_t row : {3u, 1u, 3u}) {
        for (size_t k = 0; k < kColumns; ++k) rows.push_back(values[row * kColumns + k]);
      }
      Values elements;
      for (size_t row = 0; row < kRows; ++row) {
        for (const size_t k : {5u, 0u}) elements.push_back(values[row * kColumns + k]);
      }
      Values scattered = values;
      for (size_t row = 0; row < kRows; ++row) {
        for (size_t k = 0; k < kColumns; ++k) {
          scattered[row * kColumns + (kColumns - 1 - k)] = Y()[row * kColumns + k];
        }
      }
      const Operand chosen = Given<int32_t>(builder, DataType::kInt32, {3}, {3, 1, 3});
      const Operand ends =
          Given<int32_t>(builder, DataType::kInt32, {kRows, 2}, {5, 0, 5, 0, 5, 0, 5, 0});
      std::vector<int32_t> backwards;
      for (size_t i = 0; i < kCount; ++i) {
        backwards.push_back(static_cast<int32_t>(kColumns - 1 - i % kColumns));
      }
      const Operand places =
          Given<int32_t>(builder, DataType::kInt32, {kRows, kColumns}, backwards);
      return Outputs{
          Expect("rows", builder.Gather({.input = x, .indices = chosen}), rows),
          Expect("elements", builder.GatherElements({.input = x, .indices = ends, .axis = 1}),
                 elements),
          Expect("scattered",
                 builder.ScatterElements({.input = x, .indices = places, .updates = y, .axis = 1}),
                 scattered)};
    });
    Add("pad, triangular, transpose, concat", [](GraphBuilder& builder, Operand x, Operand y) {
      const Values values = X();
      const T fill = At(kTwoTo63);
      Values padded;
      Values lower = values;
      Values transposed(kCount);
      Values both = values;
      for (size_t row = 0; row < kRows; ++row) {
        padded.push_back(fill);
        for (size_t k = 0; k < kColumns; ++k) {
          padded.push_back(values[row * kColumns + k]);
          if (k > row) lower[row * kColumns + k] = 0;
          transposed[k * kRows + row] = values[row * kColumns + k];
        }
      }
      for (const T value : Y()) both.push_back(value);
      return Outputs{Expect("padded",
                            builder.Pad({.input = x,
                                         .beginning_padding = {0, 1},
                                         .ending_padding = {0, 0},
                                         .value = fill}),
                            padded),
                     Expect("lower", builder.Triangular({.input = x, .upper = false}), lower),
                     Expect("transposed", builder.Transpose({.input = x}), transposed),
                     Expect("both", builder.Concat({.inputs = {x, y}, .axis = 0}), both)};
    });
  }

  // ---- Types. ----

  template <class U>
  static ExpectedOutput Cast(GraphBuilder& builder, Operand x, DataType type) {
    std::vector<U> values;
    for (const T value : X()) values.push_back(static_cast<U>(value));
    return Expect(std::string(Name(type)), builder.Cast({.input = x, .data_type = type}), values);
  }
  void Casts() {
    Add("cast", [](GraphBuilder& builder, Operand x, Operand) {
      return Outputs{Cast<uint64_t>(builder, x, DataType::kUint64),
                     Cast<int64_t>(builder, x, DataType::kInt64),
                     Cast<uint32_t>(builder, x, DataType::kUint32),
                     Cast<int32_t>(builder, x, DataType::kInt32),
                     Cast<uint8_t>(builder, x, DataType::kUint8),
                     Cast<int8_t>(builder, x, DataType::kInt8),
                     Cast<float>(builder, x, DataType::kFloat32)};
    });
    Add("cast from float32", [](GraphBuilder& builder, Operand x, Operand) {
      // Whole numbers that the type has, as an input's floats: x is read so that it is there.
      Values values;
      std::vector<float> floats;
      for (const float value : {0.0f, 1.0f, 3.0f, 0x1p31f, 0x1p40f, 0x1p62f, 0x1.8p62f}) {
        floats.push_back(value);
      }
      if (!kSigned) floats.insert(floats.end(), {0x1p63f, 0x1.8p63f, 0x1.fffffep63f});
      if (kSigned) floats.insert(floats.end(), {-1.0f, -0x1p62f, -0x1p63f});
      for (const float value : floats) values.push_back(static_cast<T>(value));
      const Operand zero =
          builder
              .Cast({.input = builder
                                  .ReduceMin({.input = builder.Equal({.a = x, .b = x}).value(),
                                              .keep_dimensions = true})
                                  .value(),
                     .data_type = DataType::kFloat32})
              .value();
      const Operand one = builder.Reshape({.input = zero, .new_shape = {1}}).value();
      const Operand given =
          Given(builder, DataType::kFloat32, {static_cast<uint32_t>(floats.size())}, floats);
      return Outputs{Expect(
          "out",
          builder.Cast({.input = builder.Mul({.a = given, .b = one}).value(), .data_type = kType}),
          values)};
    });
  }

  std::vector<IntegerCase> cases_;
};

// The elements as text.
std::string ElementText(DataType type, std::span<const std::byte> bytes, size_t index) {
  const auto read = [&]<class T>(T value) {
    std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
    return fmt::to_string(value);
  };
  switch (type) {
    case DataType::kFloat32:
      return read(float{});
    case DataType::kInt64:
      return read(int64_t{});
    case DataType::kUint64:
      return read(uint64_t{});
    case DataType::kInt32:
      return read(int32_t{});
    case DataType::kUint32:
      return read(uint32_t{});
    case DataType::kInt8:
      return fmt::to_string(static_cast<int>(std::to_integer<int8_t>(bytes[index])));
    default:
      return fmt::to_string(std::to_integer<int>(bytes[index]));
  }
}

// Floats may be the next one: integers are rounded on the way.
bool Agree(DataType type, const std::byte* got, const std::byte* expected, size_t size) {
  if (std::memcmp(got, expected, size) == 0) return true;
  if (type != DataType::kFloat32) return false;
  float a = 0;
  float b = 0;
  std::memcpy(&a, got, sizeof a);
  std::memcpy(&b, expected, sizeof b);
  return std::nextafter(a, b) == b;
}

}  // namespace

std::vector<IntegerCase> IntegerCases() {
  std::vector<IntegerCase> cases = Maker<uint64_t>().Make();
  for (IntegerCase& one : Maker<int64_t>().Make()) cases.push_back(std::move(one));
  return cases;
}

namespace {

// The graph, and what it is to give.
Result<GraphDefinition> Define(const IntegerCase& one, std::vector<ExpectedOutput>& expected) {
  GraphBuilder builder;
  const Shape shape = {kRows, kColumns};
  const Operand x = builder.Input("x", one.type, shape).value();
  const Operand y = builder.Input("y", one.type, shape).value();
  expected = one.build(builder, x, y);
  std::vector<GraphBuilder::NamedOutput> named;
  for (const ExpectedOutput& output : expected) named.push_back({output.name, output.operand});
  return builder.Finish(named);
}

}  // namespace

Result<GraphDefinition> Define(const IntegerCase& one) {
  std::vector<ExpectedOutput> expected;
  return Define(one, expected);
}

std::string Judge(const Context& context, const IntegerCase& one) {
  std::vector<ExpectedOutput> expected;
  const auto definition = Define(one, expected);
  if (!definition) return ToString(definition.error()) + "\n";
  const auto graph = context.Compile(*definition);
  if (!graph) return ToString(graph.error()) + "\n";
  std::vector<NamedInputBytes> inputs;
  for (const NamedDescriptor& input : graph->inputs()) {
    inputs.push_back({input.name, input.name == "x" ? one.x : one.y});
  }
  std::vector<std::vector<std::byte>> got;
  std::vector<NamedOutputBytes> outputs;
  for (const NamedDescriptor& output : graph->outputs()) {
    got.emplace_back(output.descriptor.byte_length());
    outputs.push_back({output.name, got.back()});
  }
  if (const auto run = context.Compute(*graph, inputs, outputs); !run) {
    return ToString(run.error()) + "\n";
  }
  std::string text;
  for (size_t k = 0; k < got.size(); ++k) {
    const NamedDescriptor& output = graph->outputs()[k];
    const auto wanted = std::find_if(
        expected.begin(), expected.end(),
        [&](const ExpectedOutput& candidate) { return candidate.name == output.name; });
    if (wanted->bytes.size() != got[k].size()) {
      text += fmt::format("{}: {} bytes, expected {}\n", output.name, got[k].size(),
                          wanted->bytes.size());
      continue;
    }
    const DataType type = output.descriptor.data_type();
    const size_t size = got[k].size() / output.descriptor.element_count();
    size_t wrong = 0;
    for (size_t i = 0; i < output.descriptor.element_count(); ++i) {
      if (Agree(type, got[k].data() + i * size, wanted->bytes.data() + i * size, size)) continue;
      if (wrong++ > 0) continue;
      text += fmt::format("{}[{}]: got {}, expected {}", output.name, i,
                          ElementText(type, got[k], i), ElementText(type, wanted->bytes, i));
    }
    if (wrong > 0) text += fmt::format(" ({} wrong)\n", wrong);
  }
  return text;
}

}  // namespace webnn::testing_support
