#include "onnx/import/einsum.h"

#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"
#include "tests/support/result_matchers.h"

namespace webnn::onnx_test {
namespace {

using onnx_format::kEllipsisLabel;
using onnx_format::ParseEinsum;
using testing_support::Fails;

TEST(ParseEinsum, NamesEveryAxis) {
  const auto parsed = ParseEinsum(" b i j, b j k -> i k b ", std::vector<int64_t>{3, 3});
  ASSERT_TRUE(parsed.ok()) << ToString(parsed.error());
  EXPECT_EQ(parsed->terms, (std::vector<std::vector<uint32_t>>{{'b', 'i', 'j'}, {'b', 'j', 'k'}}));
  EXPECT_EQ(parsed->output, (std::vector<uint32_t>{'i', 'k', 'b'}));
}
TEST(ParseEinsum, ImplicitOutputIsSorted) {
  const auto parsed = ParseEinsum("...bAa,...ac", std::vector<int64_t>{4, 3});
  ASSERT_TRUE(parsed.ok()) << ToString(parsed.error());
  EXPECT_EQ(parsed->output, (std::vector<uint32_t>{kEllipsisLabel, 'A', 'b', 'c'}));
}
TEST(ParseEinsum, EllipsesAlignAtTheirEnd) {
  const auto parsed = ParseEinsum("a...,...->...a", std::vector<int64_t>{3, 1});
  ASSERT_TRUE(parsed.ok()) << ToString(parsed.error());
  EXPECT_EQ(parsed->terms[0], (std::vector<uint32_t>{'a', kEllipsisLabel + 1, kEllipsisLabel}));
  EXPECT_EQ(parsed->terms[1], (std::vector<uint32_t>{kEllipsisLabel}));
  EXPECT_EQ(parsed->output, (std::vector<uint32_t>{kEllipsisLabel + 1, kEllipsisLabel, 'a'}));
}
TEST(ParseEinsum, SaysWhatIsWrong) {
  struct Case {
    const char* equation;
    std::vector<int64_t> ranks;
    const char* message;
  };
  const Case cases[] = {
      {"ij,jk", {2}, "2 terms for 1 operands"},
      {"ij", {2, 2}, "1 terms for 2 operands"},
      {"", {2}, "names 0 axes and its operand has 2"},
      {"ij->i", {3}, "names 2 axes and its operand has 3"},
      {"ijk...", {2}, "names 3 axes and its operand has 2"},
      {"i......j", {2}, "two ellipses"},
      {"i1->i", {2}, "'1' is no part of a term"},
      {"i.j->i", {2}, "'.' is no part of a term"},
      {"i\nj", {2}, "'\\x0a' is no part of a term"},
      {"ij->ii", {2}, "names axis 'i' twice"},
      {"ij->k", {2}, "names axis 'k', which no operand has"},
      {"i...->i", {2}, "the output has none"},
      {"ij->i->j", {2}, "'-' is no part of a term"},
  };
  for (const Case& test : cases) {
    EXPECT_THAT(ParseEinsum(test.equation, test.ranks), Fails(ErrorCode::kTypeError, test.message))
        << test.equation;
  }
}

struct EinsumCase {
  const char* equation;
  std::vector<std::vector<int64_t>> operands;
};

class ImportEinsum : public ::testing::TestWithParam<EinsumCase> {
 protected:
  static std::vector<std::pair<std::string, TestTensor>> Operands(int element, double low,
                                                                  double high) {
    std::vector<std::pair<std::string, TestTensor>> operands;
    for (const auto& sizes : GetParam().operands) {
      const auto k = static_cast<uint32_t>(operands.size());
      operands.emplace_back("x" + std::to_string(k), Random(sizes, element, low, high, k + 1));
    }
    return operands;
  }
};

TEST_P(ImportEinsum, Floats) {
  ExpectNodeSame("Einsum", Operands(TensorProto::FLOAT, -1, 1), {{"equation", GetParam().equation}},
                 2e-6);
}
TEST_P(ImportEinsum, Integers) {
  for (int element : {TensorProto::INT32, TensorProto::INT64}) {
    ExpectNodeSame("Einsum", Operands(element, -9, 10), {{"equation", GetParam().equation}});
  }
}

const EinsumCase kEinsumCases[] = {
    // One operand.
    {"ij->ji", {{3, 4}}},
    {"ij->ij", {{3, 4}}},
    {"ba", {{3, 4}}},
    {"ij->", {{3, 4}}},
    {"ij->j", {{3, 4}}},
    {"ii->i", {{3, 3}}},
    {"ii", {{3, 3}}},
    {"ii->", {{3, 3}}},
    {"iji->ij", {{3, 4, 3}}},
    {"iijj->ij", {{2, 2, 3, 3}}},
    {"iii->i", {{3, 3, 3}}},
    {"...ii->...i", {{2, 4, 3, 3}}},
    {"...ij->...ji", {{2, 3, 4}}},
    {"i...->...i", {{2, 3, 4}}},
    {"->", {{}}},
    {"...", {{2, 3}}},
    // Two.
    {"i,i", {{4}, {4}}},
    {"i,i->i", {{4}, {4}}},
    {"i,j->ij", {{3}, {4}}},
    {"i,j->ji", {{3}, {4}}},
    {"ij,jk->ik", {{2, 3}, {3, 4}}},
    {"ij,jk->ki", {{2, 3}, {3, 4}}},
    {"ij,kj->ik", {{2, 3}, {4, 3}}},
    {"ji,jk->ik", {{3, 2}, {3, 4}}},
    {"ij,jk", {{2, 3}, {3, 4}}},
    {"bij,bjk->bik", {{2, 3, 4}, {2, 4, 5}}},
    {"bij,bjk->kbi", {{2, 3, 4}, {2, 4, 5}}},
    {"bhqd,bhkd->bhqk", {{2, 3, 4, 5}, {2, 3, 6, 5}}},
    {"bqhd,bkhd->bhqk", {{2, 4, 3, 5}, {2, 6, 3, 5}}},
    {"bhqk,bkhd->bqhd", {{2, 3, 4, 6}, {2, 6, 3, 5}}},
    {"bij,jkl->bikl", {{2, 3, 4}, {4, 2, 3}}},
    {"abcd,cdbe->ae", {{2, 3, 2, 2}, {2, 2, 3, 4}}},
    {"ij,ij->", {{3, 4}, {3, 4}}},
    {"ij,ik->j", {{3, 4}, {3, 2}}},
    {"ij,kl->ijkl", {{2, 3}, {4, 2}}},
    {"ij,kl->ik", {{2, 3}, {4, 2}}},
    {"...ij,...jk->...ik", {{2, 3, 4}, {2, 4, 5}}},
    {"...ij,...jk->...ik", {{1, 3, 4}, {2, 4, 5}}},
    {"ab...,b...->a...", {{2, 3, 4}, {3, 4}}},
    {",i->i", {{}, {3}}},
    // Sizes of 1 are broadcast.
    {"bij,bjk->bik", {{1, 3, 4}, {2, 4, 5}}},
    {"ij,jk->ik", {{1, 3}, {3, 1}}},
    // More.
    {"ij,jk,kl->il", {{2, 3}, {3, 4}, {4, 5}}},
    {"i,i,i->i", {{3}, {3}, {3}}},
    {"bn,anm,bm->ba", {{2, 3}, {5, 3, 4}, {2, 4}}},
    {"ij,jk,kl,lm->im", {{2, 3}, {3, 2}, {2, 4}, {4, 2}}},
};
INSTANTIATE_TEST_SUITE_P(Equations, ImportEinsum, ::testing::ValuesIn(kEinsumCases));

TEST(ImportEinsum, Rejects) {
  ExpectInvalid(OneNode("Einsum", {{"a", Random({2, 3})}}, {{"equation", "ij->k"}}).Serialize(),
                "the equation \"ij->k\": the output names axis 'k'");
  ExpectInvalid(
      OneNode("Einsum", {{"a", Random({2, 3})}, {"b", Random({4, 2})}}, {{"equation", "ij,jk"}})
          .Serialize(),
      "axis 0 of operand 1 has size 4");
  ExpectInvalid(OneNode("Einsum", {{"a", Random({2, 3})}}, {{"equation", "ii"}}).Serialize(),
                "axis 1 of operand 0 has size 3");
}

}  // namespace
}  // namespace webnn::onnx_test
