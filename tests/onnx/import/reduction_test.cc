#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

const char* const kReductions[] = {"ReduceL1",  "ReduceL2",       "ReduceLogSum", "ReduceLogSumExp",
                                   "ReduceMax", "ReduceMean",     "ReduceMin",    "ReduceProd",
                                   "ReduceSum", "ReduceSumSquare"};

TEST(ImportReduction, TakesAxesAsAttributeOrInput) {
  const TestTensor x = Random({2, 3, 4}, 1, 0.1, 2);
  for (const char* op : kReductions) {
    ExpectNodeSame(op, {{"x", x}}, {}, 1e-5, 1, 11);
    ExpectNodeSame(op, {{"x", x}}, {{"axes", {1}}}, 1e-5, 1, 11);
    ExpectNodeSame(op, {{"x", x}}, {{"axes", {-1, 0}}, {"keepdims", 0}}, 1e-5, 1, 11);
    ExpectNodeSame(op, {{"x", x}}, {}, 1e-5, 1, 18);
    ExpectNodeSame(op, {{"x", x}, {"const_axes", Int64s({2}, {0, -1})}}, {{"keepdims", 0}}, 1e-5, 1,
                   18);
  }
  ExpectNodeSame("ReduceSum", {{"x", x}, {"const_axes", Int64s({1}, {1})}}, {}, 1e-5, 1, 13);
}

TEST(ImportReduction, MayLeaveAllAxes) {
  const TestTensor x = Random({2, 3}, 1, 0.1, 2);
  for (const char* op : kReductions) {
    ExpectNodeSame(op, {{"x", x}, {"const_axes", Int64s({0}, {})}}, {{"noop_with_empty_axes", 1}},
                   1e-5, 1, 18);
  }
}

TEST(ImportReduction, OfIntegersAndBooleans) {
  const TestTensor x = Random({3, 4}, TensorProto::INT32, -9, 9);
  for (const char* op : {"ReduceL1", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
                         "ReduceSum", "ReduceSumSquare"}) {
    ExpectNodeSame(op, {{"x", x}, {"const_axes", Int64s({1}, {1})}}, {}, 0, 1, 18);
  }
  for (const char* op : {"ReduceMax", "ReduceMin"}) {
    ExpectNodeSame(op, {{"x", Bools({2, 2}, {0, 1, 0, 0})}, {"const_axes", Int64s({1}, {1})}}, {},
                   0, 1, 20);
  }
}

TEST(ImportReduction, AxesMustBeKnown) {
  ExpectRefused(OneNode("ReduceSum", {{"x", Random({2, 3})}, {"axes", Int64s({1}, {0})}}),
                "ReduceSum", "`axes` is computed at run time");
}

TEST(ImportReduction, ArgMaxFindsTheFirstOrTheLast) {
  const TestTensor x = Random({3, 50}, TensorProto::INT32, 0, 4);
  for (const char* op : {"ArgMax", "ArgMin"}) {
    ExpectNodeSame(op, {{"x", x}});
    ExpectNodeSame(op, {{"x", x}}, {{"axis", -1}, {"keepdims", 0}});
    ExpectNodeSame(op, {{"x", x}}, {{"axis", 1}, {"select_last_index", 1}});
  }
}

TEST(ImportReduction, SoftmaxOfBothKinds) {
  const TestTensor x = Random({2, 3, 4}, 1, -5, 5);
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) {
    ExpectNodeSame(op, {{"x", x}});
    ExpectNodeSame(op, {{"x", x}}, {{"axis", 1}});
    ExpectNodeSame(op, {{"x", x}}, {}, 1e-6, 1, 11);
    ExpectNodeSame(op, {{"x", x}}, {{"axis", 0}}, 1e-6, 1, 11);
    ExpectNodeSame(op, {{"x", x}}, {{"axis", 2}}, 1e-6, 1, 9);
  }
  // Large numbers must not overflow.
  const TestTensor large = Floats({1, 4}, {0, 1000, 2000, 2001});
  for (const char* op : {"Softmax", "LogSoftmax"}) ExpectNodeSame(op, {{"x", large}});
}

TEST(ImportReduction, RunningSums) {
  const TestTensor x = Random({3, 7});
  for (int exclusive : {0, 1}) {
    for (int reverse : {0, 1}) {
      ExpectNodeSame("CumSum", {{"x", x}, {"const_axis", Int32s({}, {-1})}},
                     {{"exclusive", exclusive}, {"reverse", reverse}});
    }
  }
}

// ONNX Runtime has no CumProd: expected values by hand.
TEST(ImportReduction, RunningProducts) {
  const TestTensor x = Floats({5}, {2, 3, 5, 7, 11});
  const auto run = [&](int exclusive, int reverse) {
    const TestModel model = OneNode("CumProd", {{"x", x}, {"const_axis", Int32s({}, {0})}},
                                    {{"exclusive", exclusive}, {"reverse", reverse}}, 1, 26);
    const auto outputs = RunImported(model.Serialize(), {{"x", x}});
    return outputs.ok() ? outputs->at("y0").Values<float>() : std::vector<float>();
  };
  EXPECT_EQ(run(0, 0), (std::vector<float>{2, 6, 30, 210, 2310}));
  EXPECT_EQ(run(1, 0), (std::vector<float>{1, 2, 6, 30, 210}));
  EXPECT_EQ(run(0, 1), (std::vector<float>{2310, 1155, 385, 77, 11}));
  EXPECT_EQ(run(1, 1), (std::vector<float>{1155, 385, 77, 11, 1}));
}

}  // namespace
}  // namespace webnn::onnx_test
