#include "graph/op_schema.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace webnn {
namespace {

TEST(OpSchemaTest, IsFoundByItsName) {
  for (const OpSchema* schema : AllOps()) {
    EXPECT_EQ(FindOp(schema->name), schema) << schema->name;
    EXPECT_EQ(AllOps()[IndexOf(*schema)], schema) << schema->name;
  }
  EXPECT_EQ(FindOp("Conv2d"), nullptr);
  EXPECT_EQ(FindOp(""), nullptr);
}

TEST(OpSchemaTest, FieldsAreInTheOrderThatCallersCountOn) {
  for (const OpSchema* schema : AllOps()) {
    SCOPED_TRACE(schema->name);
    ASSERT_FALSE(schema->fields.empty());
    EXPECT_EQ(schema->fields.back().name, "label");
    EXPECT_TRUE(std::is_partitioned(schema->fields.begin(), schema->fields.end(),
                                    [](const OpField& field) { return field.required; }));
    std::set<std::string_view> names;
    for (size_t i = 0; i < schema->fields.size(); ++i) {
      const OpField& field = schema->fields[i];
      EXPECT_TRUE(names.insert(field.name).second) << field.name;
      EXPECT_EQ(schema->FindField(field.name), &field);
      EXPECT_EQ(field.is_operand, field.operands != nullptr) << field.name;
      EXPECT_EQ(field.is_operand, !field.limits.data_types.empty()) << field.name;
      // Types are compared with an operand that has been checked before.
      if (field.same_type_as.empty()) continue;
      const OpField* other = schema->FindField(field.same_type_as);
      ASSERT_NE(other, nullptr) << field.name;
      EXPECT_LT(other, &field) << field.name;
      EXPECT_TRUE(other->is_operand) << field.name;
    }
    for (const OpOutput& output : schema->outputs) {
      EXPECT_FALSE(output.limits.data_types.empty()) << output.name;
      EXPECT_TRUE(output.same_type_as.empty() || schema->FindField(output.same_type_as))
          << output.name;
    }
  }
}

TEST(OpSchemaTest, WritesWhatItReads) {
  for (const OpSchema* schema : AllOps()) {
    const auto op = schema->make();
    const auto copy = schema->copy(op.get());
    for (const OpField& field : schema->fields) {
      SCOPED_TRACE(std::string(schema->name) + " " + std::string(field.name));
      EXPECT_FALSE(field.expects.empty());
      EXPECT_FALSE(field.type.empty());
      const Value value = field.write(op.get());
      if (!value.absent()) {
        EXPECT_TRUE(field.read(copy.get(), value));
        EXPECT_EQ(field.write(copy.get()).variant().index(), value.variant().index());
      }
    }
    EXPECT_EQ(schema->label(op.get()), "");
    ASSERT_TRUE(schema->fields.back().read(copy.get(), "mine"));
    EXPECT_EQ(schema->label(copy.get()), "mine");
    EXPECT_EQ(schema->label(op.get()), "") << "a copy shares nothing";
  }
}

TEST(SpecificationLimitsTest, BoundRanksAndNothingElse) {
  const ContextLimits limits = SpecificationLimits(5);
  EXPECT_EQ(limits.input.rank_range, (RankRange{0, 5}));
  EXPECT_EQ(limits.input.data_types.List().size(), kDataTypeCount);
  ASSERT_EQ(limits.ops.size(), AllOps().size());
  for (size_t i = 0; i < AllOps().size(); ++i) {
    const OpSchema& schema = *AllOps()[i];
    SCOPED_TRACE(schema.name);
    ASSERT_EQ(limits.ops[i].fields.size(), schema.fields.size());
    ASSERT_EQ(limits.ops[i].outputs.size(), schema.outputs.size());
    for (size_t k = 0; k < schema.fields.size(); ++k) {
      const TensorLimits& row = schema.fields[k].limits;
      const TensorLimits& bounded = limits.ops[i].fields[k];
      EXPECT_EQ(bounded.data_types, row.data_types);
      EXPECT_EQ(bounded.rank_range.min, row.rank_range.min);
      EXPECT_EQ(bounded.rank_range.max, std::min(row.rank_range.max, 5u));
    }
  }
}

}  // namespace
}  // namespace webnn
