#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

struct LossCase {
  std::vector<int64_t> sizes;  ///< Of the scores.
  const char* reduction;
  bool weights;
  std::vector<TestAttribute> ignored;
};

void PrintTo(const LossCase& c, std::ostream* out) {
  *out << ::testing::PrintToString(c.sizes) << ", " << c.reduction << (c.weights ? ", weights" : "")
       << (c.ignored.empty() ? "" : ", some ignored");
}

std::vector<LossCase> AllCases() {
  std::vector<LossCase> cases;
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{6, 4}, {3, 4, 2}, {2, 4, 3, 2}}) {
    for (const char* reduction : {"none", "sum", "mean"}) {
      for (bool weights : {false, true}) {
        cases.push_back({sizes, reduction, weights, {}});
        cases.push_back({sizes, reduction, weights, {{"ignore_index", 1}}});
        cases.push_back({sizes, reduction, weights, {{"ignore_index", -5}}});
      }
    }
  }
  return cases;
}

class ImportLoss : public ::testing::TestWithParam<LossCase> {
 protected:
  static void Expect(const char* op, int outputs) {
    const LossCase& c = GetParam();
    std::vector<int64_t> targets = c.sizes;
    targets.erase(targets.begin() + 1);
    std::vector<std::pair<std::string, TestTensor>> inputs = {
        {"scores", Random(c.sizes, TensorProto::FLOAT, -3, 0)},
        {"targets", Random(targets, TensorProto::INT64, 0, 4, 2)}};
    if (!c.ignored.empty()) {
      // One target that is no class, where that is ignored.
      const auto ignored = std::get<int64_t>(c.ignored[0].value);
      std::memcpy(inputs[1].second.bytes.data(), &ignored, sizeof(ignored));
    }
    if (c.weights) inputs.emplace_back("const_w", Random({4}, TensorProto::FLOAT, 0.1, 1, 3));
    std::vector<TestAttribute> attributes = c.ignored;
    attributes.emplace_back("reduction", c.reduction);
    ExpectNodeSame(op, inputs, attributes, 1e-5, outputs, 13);
  }
};

TEST_P(ImportLoss, NegativeLogLikelihood) { Expect("NegativeLogLikelihoodLoss", 1); }
TEST_P(ImportLoss, SoftmaxCrossEntropy) { Expect("SoftmaxCrossEntropyLoss", 2); }
INSTANTIATE_TEST_SUITE_P(Options, ImportLoss, ::testing::ValuesIn(AllCases()));

TEST(ImportLoss, Rejects) {
  const auto invalid = [](std::vector<int64_t> scores, std::vector<int64_t> targets,
                          const char* reduction, const char* message) {
    ExpectInvalid(OneNode("NegativeLogLikelihoodLoss",
                          {{"scores", Random(std::move(scores))},
                           {"targets", Random(std::move(targets), TensorProto::INT64, 0, 2)}},
                          {{"reduction", reduction}})
                      .Serialize(),
                  message);
  };
  invalid({3}, {3}, "mean", "the scores have rank 1");
  invalid({3, 4}, {4}, "mean", "the targets have the sizes [4]");
  invalid({3, 4}, {3}, "most", "reduction is \"most\"");
}

}  // namespace
}  // namespace webnn::onnx_test
