#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

TestTensor Scalar(int64_t value) { return Int64s({}, {value}); }

TEST(ImportWindow, AllKinds) {
  for (const char* op : {"HannWindow", "HammingWindow", "BlackmanWindow"}) {
    for (int periodic : {0, 1}) {
      for (int64_t size : {2, 7, 16}) {
        SCOPED_TRACE(::testing::Message() << op << ", periodic " << periodic << ", " << size);
        ExpectNodeSame(op, {{"const_size", Scalar(size)}}, {{"periodic", periodic}});
      }
    }
    ExpectRefused(OneNode(op, {{"size", Scalar(4)}}), op, "`size` is computed at run time");
    ExpectInvalid(OneNode(op, {{"const_size", Scalar(-1)}}).Serialize(), "a window of -1 elements");
    ExpectInvalid(OneNode(op, {{"const_size", Scalar(int64_t{1} << 40)}}).Serialize(),
                  "a window of 1099511627776 elements");
  }
}

struct DftCase {
  std::vector<int64_t> sizes;
  std::vector<TestAttribute> attributes;
  int64_t length = 0;  ///< 0: not given
};

const DftCase kDftCases[] = {
    {{2, 8, 1}, {}},
    {{2, 7, 1}, {}},
    {{2, 8, 2}, {}},
    {{2, 7, 2}, {{"inverse", 1}}},
    {{2, 8, 2}, {{"inverse", 1}}},
    {{2, 8, 1}, {{"onesided", 1}}},
    {{2, 7, 1}, {{"onesided", 1}}},
    {{2, 8, 1}, {}, 12},
    {{2, 8, 2}, {}, 5},
    {{2, 8, 1}, {{"onesided", 1}}, 5},
    {{2, 5, 3, 2}, {}},
};

// ONNX Runtime's own transform of a length that is no power of two is up to 1e-5 off.
constexpr double kDftTolerance = 2e-5;

TEST(ImportDft, AxisIsAnAttributeBefore20) {
  for (const DftCase& test : kDftCases) {
    SCOPED_TRACE(&test - kDftCases);
    std::vector<std::pair<std::string, TestTensor>> inputs = {{"x", Random(test.sizes)}};
    if (test.length > 0) inputs.emplace_back("const_length", Scalar(test.length));
    ExpectNodeSame("DFT", inputs, test.attributes, kDftTolerance, 1, 17);
  }
}
TEST(ImportDft, AxisIsAnInputFrom20On) {
  for (const DftCase& test : kDftCases) {
    for (int64_t axis : {1, -2}) {
      SCOPED_TRACE(::testing::Message() << &test - kDftCases << ", axis " << axis);
      std::vector<std::pair<std::string, TestTensor>> inputs = {{"x", Random(test.sizes)}};
      inputs.emplace_back(test.length > 0 ? "const_length" : "", Scalar(test.length));
      inputs.emplace_back("const_axis", Scalar(axis));
      ExpectNodeSame("DFT", inputs, test.attributes, kDftTolerance, 1, 20);
    }
  }
}

// ONNX Runtime has no transform back to a real signal: the forward one must be undone.
TEST(ImportDft, OneSidedInverse) {
  for (int64_t length : {8, 7}) {
    SCOPED_TRACE(length);
    const TestTensor signal = Random({2, length, 1});
    TestModel model(20);
    model.Input("x", signal).Weight("length", Scalar(length));
    model.Node("DFT", {"x"}, {"spectrum"}, {{"onesided", 1}});
    model.Node("DFT", {"spectrum", "length"}, {"y"}, {{"onesided", 1}, {"inverse", 1}});
    model.Output("y", TensorProto::FLOAT);
    const auto results = RunImported(model.Serialize(), {{"x", signal}});
    ASSERT_TRUE(results.ok()) << ToString(results.error());
    EXPECT_EQ(results->at("y").sizes, signal.sizes);
    const auto values = results->at("y").Values<float>();
    const auto expected = signal.Values<float>();
    ASSERT_EQ(values.size(), expected.size());
    for (size_t k = 0; k < values.size(); ++k) EXPECT_NEAR(values[k], expected[k], 1e-6) << k;
  }
}

TEST(ImportDft, Rejects) {
  const auto invalid = [](const TestTensor& x, const std::vector<TestAttribute>& attributes,
                          const char* message) {
    ExpectInvalid(OneNode("DFT", {{"x", x}}, attributes, 1, 17).Serialize(), message);
  };
  invalid(Random({2, 4, 3}), {}, "the last size is 3");
  invalid(Random({2, 4, 1}), {{"axis", 2}}, "axis 2 is that of the complex parts");
  invalid(Random({2, 4, 1}), {{"axis", 3}}, "axis 3 is not in");
  invalid(Random({4}), {}, "rank 1");
  ExpectInvalid(OneNode("DFT", {{"x", Random({2, 4, 1})}, {"const_length", Scalar(0)}}, {}, 1, 17)
                    .Serialize(),
                "dft_length is 0");
  ExpectRefused(OneNode("DFT", {{"x", Random({1, 8192, 1})}}, {}, 1, 17), "DFT",
                "a matrix of 8192 by 16384");
  ExpectRefused(OneNode("DFT", {{"x", Random({1, 8, 1})}, {"length", Scalar(8)}}, {}, 1, 17), "DFT",
                "`dft_length` is computed at run time");
}

TEST(ImportStft, Options) {
  const std::pair<std::string, TestTensor> signal = {"x", Random({2, 20, 1})};
  const std::pair<std::string, TestTensor> step = {"const_step", Scalar(3)};
  const std::pair<std::string, TestTensor> length = {"const_length", Scalar(8)};
  const std::pair<std::string, TestTensor> none = {"", {}};
  const TestTensor window = Random({8}, TensorProto::FLOAT, 0, 1, 2);
  for (int one_sided : {0, 1}) {
    const std::vector<TestAttribute> attributes = {{"onesided", one_sided}};
    ExpectNodeSame("STFT", {signal, step, none, length}, attributes, 2e-6);
    ExpectNodeSame("STFT", {signal, step, {"const_window", window}}, attributes, 2e-6);
    ExpectNodeSame("STFT", {signal, step, {"window", window}, length}, attributes, 2e-6);
  }
  ExpectNodeSame("STFT", {{"x", Random({2, 20, 2})}, step, none, length}, {{"onesided", 0}}, 2e-6);
}
TEST(ImportStft, Rejects) {
  ExpectInvalid(OneNode("STFT", {{"x", Random({2, 20, 1})},
                                 {"const_step", Scalar(3)},
                                 {"", {}},
                                 {"const_length", Scalar(21)}})
                    .Serialize(),
                "frames of 21 in a signal of 20");
  ExpectInvalid(OneNode("STFT", {{"x", Random({2, 20, 1})}, {"const_step", Scalar(0)}}).Serialize(),
                "frame_step is 0");
}

TEST(ImportMelWeightMatrix, IsSame) {
  struct Case {
    int64_t mels;
    int64_t length;
    int64_t rate;
    float lower;
    float upper;
  };
  for (const Case& test :
       {Case{8, 16, 8192, 0, 4096}, Case{40, 512, 16000, 20, 7600}, Case{5, 64, 8000, 125, 3800}}) {
    SCOPED_TRACE(test.mels);
    ExpectNodeSame("MelWeightMatrix", {{"const_mels", Scalar(test.mels)},
                                       {"const_length", Scalar(test.length)},
                                       {"const_rate", Scalar(test.rate)},
                                       {"const_lower", Floats({}, {test.lower})},
                                       {"const_upper", Floats({}, {test.upper})}});
  }
}
TEST(ImportMelWeightMatrix, Rejects) {
  ExpectInvalid(OneNode("MelWeightMatrix", {{"const_mels", Scalar(8)},
                                            {"const_length", Scalar(16)},
                                            {"const_rate", Scalar(8192)},
                                            {"const_lower", Floats({}, {500})},
                                            {"const_upper", Floats({}, {100})}})
                    .Serialize(),
                "are no range of frequencies");
}

}  // namespace
}  // namespace webnn::onnx_test
