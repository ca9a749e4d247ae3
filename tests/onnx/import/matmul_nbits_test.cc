#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

struct NBitsCase {
  int64_t rows;  ///< K
  int64_t columns;
  int64_t bits;
  int64_t block_size;
  bool zero_points;
  bool bias;

  int64_t blocks() const { return (rows + block_size - 1) / block_size; }
};

void PrintTo(const NBitsCase& c, std::ostream* out) {
  *out << c.rows << "x" << c.columns << " of " << c.bits << " bits by " << c.block_size
       << (c.zero_points ? ", zero points" : "") << (c.bias ? ", bias" : "");
}

std::vector<std::pair<std::string, TestTensor>> Inputs(const NBitsCase& c) {
  const auto bytes = [](std::vector<int64_t> sizes, uint32_t seed) {
    return Random(std::move(sizes), TensorProto::UINT8, 0, 256, seed);
  };
  std::vector<std::pair<std::string, TestTensor>> inputs = {
      {"a", Random({3, c.rows})},
      {"const_b", bytes({c.columns, c.blocks(), c.block_size * c.bits / 8}, 2)},
      {"const_scales", Random({c.columns, c.blocks()}, TensorProto::FLOAT, 0.01, 0.05, 3)}};
  if (c.zero_points || c.bias) {
    inputs.emplace_back(c.zero_points ? "const_zero_points" : "",
                        bytes({c.columns, (c.blocks() * c.bits + 7) / 8}, 4));
  }
  if (c.bias) {
    inputs.emplace_back("", TestTensor());
    inputs.emplace_back("const_bias", Random({c.columns}, TensorProto::FLOAT, -1, 1, 5));
  }
  return inputs;
}

std::vector<TestAttribute> AttributesOf(const NBitsCase& c) {
  return {{"K", static_cast<int>(c.rows)},
          {"N", static_cast<int>(c.columns)},
          {"bits", static_cast<int>(c.bits)},
          {"block_size", static_cast<int>(c.block_size)}};
}

class ImportMatMulNBits : public ::testing::TestWithParam<NBitsCase> {};

TEST_P(ImportMatMulNBits, IsSame) {
  ExpectNodeSame("com.microsoft.MatMulNBits", Inputs(GetParam()), AttributesOf(GetParam()), 2e-5);
}

INSTANTIATE_TEST_SUITE_P(
    Packings, ImportMatMulNBits,
    ::testing::Values(NBitsCase{32, 8, 4, 32, false, false}, NBitsCase{32, 8, 4, 16, true, false},
                      NBitsCase{64, 5, 4, 16, true, true},      // an odd number of columns
                      NBitsCase{48, 8, 4, 16, true, false},     // of blocks
                      NBitsCase{40, 8, 4, 32, true, false},     // the last block is not full
                      NBitsCase{128, 16, 4, 128, false, true},  //
                      NBitsCase{64, 8, 8, 32, false, false}, NBitsCase{64, 8, 8, 32, true, false}));

TEST(ImportMatMulNBits, Refuses) {
  const NBitsCase c = {32, 8, 4, 16, true, false};
  const auto refused = [](const auto& inputs, const auto& attributes, const char* reason) {
    ExpectRefused(OneNode("com.microsoft.MatMulNBits", inputs, attributes), "MatMulNBits", reason);
  };
  auto inputs = Inputs(c);
  inputs[1].first = "b";
  refused(inputs, AttributesOf(c), "the packed weights are computed at run time");
  inputs = Inputs(c);
  inputs[3].second = Random({8, 2}, TensorProto::FLOAT, 7, 8);
  refused(inputs, AttributesOf(c), "the zero points");
  inputs = Inputs(c);
  inputs.emplace_back("const_g", Random({32}, TensorProto::INT32, 0, 2));
  refused(inputs, AttributesOf(c), "g_idx");
  auto attributes = AttributesOf(c);
  attributes[2] = {"bits", 3};
  refused(Inputs(c), attributes, "3 bits");
}

TEST(ImportMatMulNBits, Rejects) {
  const NBitsCase c = {32, 8, 4, 16, true, false};
  const auto invalid = [&](size_t input, TestTensor tensor, const char* message) {
    auto inputs = Inputs(c);
    inputs[input].second = std::move(tensor);
    ExpectInvalid(OneNode("com.microsoft.MatMulNBits", inputs, AttributesOf(c)).Serialize(),
                  message);
  };
  invalid(1, Random({8, 2, 7}, TensorProto::UINT8, 0, 256), "B is uint8 of 112 bytes");
  invalid(2, Random({7, 2}), "scales has the sizes [7, 2]");
  invalid(3, Random({7, 1}, TensorProto::UINT8, 0, 256), "zero_points has 7 bytes");
  auto attributes = AttributesOf(c);
  attributes[3] = {"block_size", 24};
  ExpectInvalid(OneNode("com.microsoft.MatMulNBits", Inputs(c), attributes).Serialize(),
                "block_size is 24");
  attributes[0] = {"K", -1};
  ExpectInvalid(OneNode("com.microsoft.MatMulNBits", Inputs(c), attributes).Serialize(), "K is -1");
}

}  // namespace
}  // namespace webnn::onnx_test
