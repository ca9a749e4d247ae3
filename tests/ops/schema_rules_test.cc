#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/ops/calls.h"

/// The rules that every operator has from its row: types, ranks and owner of each operand, and the
/// values of each attribute. A case takes the operator's first example and spoils one field.
namespace webnn::ops_test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct SpoiledField {
  const OpSchema* schema;
  std::string name;
  std::string rule;
  std::function<void(GraphBuilder& builder, GraphBuilder& other, Fields& fields)> spoil;
};
void PrintTo(const SpoiledField& spoiled, std::ostream* stream) {
  *stream << spoiled.schema->name << " " << spoiled.name;
}

// The operand of a field; the last one of a list, which must not be overlooked.
Operand& OperandOf(Value& value) {
  if (const Operand* operand = value.As<Operand>()) return const_cast<Operand&>(*operand);
  return OperandOf(const_cast<Value&>(value.As<Value::List>()->back()));
}

// A type that is in `types` (or not), and is not `except`.
std::optional<DataType> PickType(DataTypeSet types, bool in,
                                 std::optional<DataType> except = std::nullopt) {
  for (size_t i = 0; i < kDataTypeCount; ++i) {
    const auto type = static_cast<DataType>(i);
    if (types.Has(type) == in && type != except) return type;
  }
  return std::nullopt;
}

void SpoilOperandField(const OpSchema& schema, const OpField& field,
                       std::vector<SpoiledField>& cases) {
  const std::string name(field.name);
  const auto add = [&](const std::string& what, const std::string& rule, auto change) {
    cases.push_back({&schema, name + "_" + what, name + rule,
                     [name, change](GraphBuilder& builder, GraphBuilder& other, Fields& fields) {
                       Operand& operand = OperandOf(fields.at(name));
                       operand = change(builder, other, operand);
                     }});
  };
  add("of_another_builder", "-of-this-builder",
      [](GraphBuilder& builder, GraphBuilder& other, Operand operand) {
        return MakeInput(other, *builder.Describe(operand));
      });
  add("not_an_operand", "-of-this-builder",
      [](GraphBuilder&, GraphBuilder&, Operand) { return Operand{}; });

  const auto with = [](GraphBuilder& builder, DataType type, Shape shape) {
    return MakeInput(builder, *OperandDescriptor::Create(type, std::move(shape)));
  };
  if (const auto type = PickType(field.limits.data_types, false)) {
    add("wrong_type", "-type", [=](GraphBuilder& builder, GraphBuilder&, Operand operand) {
      return with(builder, *type, builder.Describe(operand)->shape());
    });
  }
  // Of one allowed type there is no other one to be different.
  const DataTypeSet types = field.limits.data_types;
  if (!field.same_type_as.empty() && types.List().size() > 1) {
    add("type_of_its_own", fmt::format("-type-as-{}", field.same_type_as),
        [=](GraphBuilder& builder, GraphBuilder&, Operand operand) {
          const auto descriptor = *builder.Describe(operand);
          return with(builder, *PickType(types, true, descriptor.data_type()), descriptor.shape());
        });
  }
  const auto with_rank = [=](uint32_t rank) {
    return [=](GraphBuilder& builder, GraphBuilder&, Operand operand) {
      const auto descriptor = *builder.Describe(operand);
      std::vector<uint32_t> sizes(descriptor.shape().begin(), descriptor.shape().end());
      sizes.resize(rank, 1);
      return with(builder, descriptor.data_type(), Shape(std::move(sizes)));
    };
  };
  const RankRange ranks = field.limits.rank_range;
  if (ranks.min > 0) add("rank_too_low", "-rank", with_rank(ranks.min - 1));
  if (ranks.max < SpecificationLimits().input.rank_range.max) {
    add("rank_too_high", "-rank", with_rank(ranks.max + 1));
  }
}

// Values that no attribute of this type takes.
std::vector<std::pair<std::string, Value>> BadValues(const OpField& field) {
  using List = Value::List;
  const std::vector<std::pair<std::string, Value>> no_integer = {
      {"nan", kNan},          {"infinity", kInfinity}, {"huge", 1e300},
      {"minus_huge", -1e300}, {"text", "1"},           {"boolean", true}};
  std::vector<std::pair<std::string, Value>> bad;
  if (field.type == "boolean") {
    bad = {{"number", 1}, {"text", "true"}};
  } else if (field.type == "unsigned long") {
    bad = no_integer;
    bad.insert(bad.end(), {{"negative", -1},
                           {"too_large", int64_t{1} << 32},
                           {"list", List{1}},
                           {"64_bits", std::numeric_limits<uint64_t>::max()}});
  } else if (field.type == "long") {
    bad = no_integer;
    bad.insert(bad.end(), {{"too_low", -(int64_t{1} << 31) - 1}, {"too_large", int64_t{1} << 31}});
  } else if (field.type == "double") {
    bad = {{"nan", kNan}, {"infinity", kInfinity}, {"minus_infinity", -kInfinity},
           {"text", "1"}, {"boolean", true},       {"list", List{1}}};
  } else if (field.type == "MLNumber") {
    bad = {{"text", "1"}, {"boolean", true}, {"list", List{1}}};
  } else if (field.type == "(unsigned long or sequence<unsigned long>)") {
    bad = {{"negative", -1}, {"text", "1"}, {"list_of_text", List{"1"}}, {"list_nan", List{kNan}}};
  } else if (field.type.starts_with("sequence<")) {
    bad = {{"number", 1}, {"text", "1"}, {"list_of_lists", List{List{}, List{}}}};
    if (field.type == "sequence<float>") {
      bad.push_back({"nan", List{1, kNan}});
      bad.push_back({"too_large_for_float", List{1, 1e39}});
    } else if (field.type == "sequence<unsigned long>") {
      bad.push_back({"negative", List{0, -1}});
    } else {
      bad.push_back({"unknown_name", List{"tanh", "unknown"}});
    }
  } else {
    EXPECT_TRUE(field.type.starts_with("ML")) << field.name << " has the new type " << field.type;
    bad = {{"unknown_name", "unknown"}, {"upper_case", "NCHW"}, {"number", 0}};
  }
  return bad;
}

void SpoilAttribute(const OpSchema& schema, const OpField& field,
                    std::vector<SpoiledField>& cases) {
  const std::string name(field.name);
  for (auto& [what, value] : BadValues(field)) {
    cases.push_back({&schema, fmt::format("{}_{}", name, what), name + "-value",
                     [name, value = value](GraphBuilder&, GraphBuilder&, Fields& fields) {
                       fields[name] = value;
                     }});
  }
  // Lists of a fixed length show it in their default, or say it.
  const auto op = schema.make();
  Value known = field.write(op.get());
  if (!field.type.starts_with("sequence<") || !field.expects.starts_with("a list of ")) return;
  const char digit = field.expects[std::string_view("a list of ").size()];
  if (digit < '0' || digit > '9') return;
  const auto length = static_cast<size_t>(digit - '0');
  const Value item = known.absent() ? Value(1) : known.As<Value::List>()->front();
  for (size_t wrong : {size_t{0}, length - 1, length + 1}) {
    cases.push_back({&schema, fmt::format("{}_length_{}", name, wrong), name + "-value",
                     [=](GraphBuilder&, GraphBuilder&, Fields& fields) {
                       fields[name] = Value::List(wrong, item);
                     }});
  }
}

std::vector<SpoiledField> SpoiledFields() {
  std::vector<SpoiledField> cases;
  for (const OpSchema* schema : AllOps()) {
    for (const OpField& field : schema->fields) {
      const std::string name(field.name);
      if (field.name == "label") continue;
      if (field.is_operand) {
        SpoilOperandField(*schema, field, cases);
        cases.push_back({schema, name + "_number", name + "-value",
                         [=](GraphBuilder&, GraphBuilder&, Fields& fields) { fields[name] = 1; }});
      } else {
        SpoilAttribute(*schema, field, cases);
      }
      if (!field.required) continue;
      cases.push_back(
          {schema, name + "_absent", name + "-value",
           [=](GraphBuilder&, GraphBuilder&, Fields& fields) { fields[name] = Value(); }});
    }
    cases.push_back({schema, "unknown_option", "option-name",
                     [](GraphBuilder&, GraphBuilder&, Fields& fields) { fields["axises"] = 1; }});
  }
  return cases;
}

class SchemaRule : public testing::TestWithParam<SpoiledField> {};

TEST_P(SchemaRule, IsKept) {
  const auto& [schema, name, rule, spoil] = GetParam();
  GraphBuilder builder;
  GraphBuilder other;
  Fields fields = MakeFields(builder, FirstExample(schema->name));
  for (const OpField& field : schema->fields) {
    if (field.is_operand) {
      ASSERT_TRUE(fields.contains(field.name)) << field.name;
    }
  }
  spoil(builder, other, fields);
  const auto result = Call(builder, *schema, fields);
  ExpectRefused(builder, *schema, rule, result);
  // The message says which argument it is about.
  if (!rule.starts_with("option")) {
    EXPECT_NE(result.error().message.find(name.substr(0, name.find('_'))), std::string::npos)
        << result.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, SchemaRule, testing::ValuesIn(SpoiledFields()), [](const auto& info) {
  return TestName(info.param.schema->name, info.param.name);
});

// The arguments of a call as `GraphBuilder::Call` takes them.
std::vector<Value> ArgumentsOf(const OpSchema& schema, const Fields& fields) {
  std::vector<Value> arguments;
  for (const OpField& field : schema.fields) {
    if (field.required) arguments.push_back(fields.find(field.name)->second);
  }
  return arguments;
}

TEST(SchemaRules, ArgumentCount) {
  for (const OpSchema* schema : AllOps()) {
    SCOPED_TRACE(schema->name);
    const NamedValues options = {{"label", "my_label"}};
    {
      GraphBuilder builder;
      const Fields fields = MakeFields(builder, FirstExample(schema->name));
      std::vector<Value> arguments = ArgumentsOf(*schema, fields);
      arguments.pop_back();
      ExpectRefused(builder, *schema, "argument-count",
                    builder.Call(schema->name, arguments, options));
    }
    {
      GraphBuilder builder;
      ExpectRefused(builder, *schema, "argument-count", builder.Call(schema->name, {}, options));
    }
    GraphBuilder builder;
    const Fields fields = MakeFields(builder, FirstExample(schema->name));
    std::vector<Value> arguments = ArgumentsOf(*schema, fields);
    arguments.push_back(Value());
    ExpectRefused(builder, *schema, "argument-count",
                  builder.Call(schema->name, arguments, options));
  }
}

TEST(SchemaRules, RequiredArgumentsAreNoOptions) {
  for (const OpSchema* schema : AllOps()) {
    SCOPED_TRACE(schema->name);
    GraphBuilder builder;
    const Fields fields = MakeFields(builder, FirstExample(schema->name));
    const std::string first(schema->fields[0].name);
    const NamedValues options = {{"label", "my_label"}, {first, fields.at(first)}};
    ExpectRefused(builder, *schema, "option-name",
                  builder.Call(schema->name, ArgumentsOf(*schema, fields), options));
  }
}

TEST(SchemaRules, AbsentOptionsHaveTheirDefaults) {
  for (const OpSchema* schema : AllOps()) {
    SCOPED_TRACE(schema->name);
    GraphBuilder builder;
    const Fields fields = MakeFields(builder, FirstExample(schema->name));
    const auto arguments = ArgumentsOf(*schema, fields);
    NamedValues options;
    for (const OpField& field : schema->fields) {
      if (!field.required) options.emplace(field.name, Value());
    }
    const auto absent = builder.Call(schema->name, arguments, options);
    const auto none = builder.Call(schema->name, arguments);
    ASSERT_EQ(absent.ok(), none.ok());
    if (!none.ok()) continue;  // An example that needs an option.
    ASSERT_EQ(absent->size(), none->size());
    for (size_t i = 0; i < none->size(); ++i) {
      EXPECT_EQ(*builder.Describe((*absent)[i]), *builder.Describe((*none)[i]));
    }
  }
}

TEST(SchemaRules, TheLabelIsText) {
  for (const OpSchema* schema : AllOps()) {
    GraphBuilder builder;
    const Fields fields = MakeFields(builder, FirstExample(schema->name));
    const auto result =
        builder.Call(schema->name, ArgumentsOf(*schema, fields), {{"label", Value(1)}});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kTypeError);
    EXPECT_EQ(result.error().message, fmt::format("{}: label must be a string", schema->name));
  }
}

TEST(SchemaRules, UnknownOperator) {
  GraphBuilder builder;
  const auto result = builder.Call("softMax", {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kTypeError);
  EXPECT_EQ(result.error().message, "there is no operator \"softMax\"");
}

// As in WebIDL: the fraction is dropped before the range is checked.
TEST(SchemaRules, IntegersAreTruncated) {
  GraphBuilder builder;
  const Operand input = MakeInput(builder, ParseDescriptor("float32[2,3]"));
  const std::vector<Value> fraction = {input, 1.9};
  EXPECT_TRUE(builder.Call("softmax", fraction).ok());
  const std::vector<Value> above_minus_one = {input, -0.9};
  EXPECT_TRUE(builder.Call("softmax", above_minus_one).ok());
  const std::vector<Value> minus_one = {input, -1.0};
  EXPECT_EQ(builder.Call("softmax", minus_one).error().rule, "axis-value");
}

// Structures are checked like values by name.
TEST(SchemaRules, StructuresAreChecked) {
  GraphBuilder builder;
  const Operand input = MakeInput(builder, ParseDescriptor("float32[1,2,3,4]"));
  const auto expect_rule = [](const Result<Operand>& result, std::string_view rule) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().rule, rule);
    EXPECT_EQ(result.error().code, ErrorCode::kTypeError);
  };
  expect_rule(builder.Elu({.input = input, .alpha = kNan}), "alpha-value");
  expect_rule(builder.Linear({.input = input, .beta = kInfinity}), "beta-value");
  expect_rule(builder.LayerNormalization({.input = input, .epsilon = -kInfinity}), "epsilon-value");
  expect_rule(builder.Resample2d({.input = input, .scales = {1, static_cast<float>(kNan)}}),
              "scales-value");
  expect_rule(builder.Cast({.input = input, .data_type = static_cast<DataType>(10)}),
              "dataType-value");
  expect_rule(
      builder.InstanceNormalization({.input = input, .layout = static_cast<InputOperandLayout>(2)}),
      "layout-value");
  expect_rule(builder.Relu({}), "input-of-this-builder");
}

}  // namespace
}  // namespace webnn::ops_test
