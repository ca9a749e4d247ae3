#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "backends/onnxruntime/file_session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/graph_builder.h"
#include "webnn/model_io.h"

namespace webnn::ort {
namespace {

using lowering::Element;
using testing::ElementsAre;
using testing_support::Fails;
using testing_support::Succeeds;

class FileSessionTest : public testing::Test {
 protected:
  void SetUp() override {
    GraphBuilder builder;
    const Operand x = builder.Input("x", DataType::kFloat32, {1, 2}).value();
    const Operand w = builder.Constant<float>({2, 2}, {1, 2, 3, 4}).value();
    const Operand y = builder.Matmul({x, w}).value();
    ASSERT_THAT(SaveModel(builder.Finish({{"y", y}}).value(), path_), Succeeds());
  }
  void TearDown() override { std::filesystem::remove(path_); }

  const std::string path_ = testing::TempDir() + "file_session_test.onnx";
};

TEST_F(FileSessionTest, RunsTheFile) {
  const auto session = FileSession::Open(path_, {});
  ASSERT_THAT(session, Succeeds());
  ASSERT_EQ((*session)->inputs().size(), 1u);
  FileSession::Tensor x = (*session)->inputs()[0];
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(x.element, Element::kFloat);
  const std::vector<float> values = {10, 1};
  x.sizes = {1, 2};
  x.bytes.resize(8);
  std::memcpy(x.bytes.data(), values.data(), 8);
  const auto outputs = (*session)->Run({&x, 1});
  ASSERT_THAT(outputs, Succeeds());
  ASSERT_EQ(outputs->size(), 1u);
  EXPECT_EQ((*outputs)[0].name, "y");
  EXPECT_THAT((*outputs)[0].sizes, ElementsAre(1, 2));
  std::vector<float> results(2);
  ASSERT_EQ((*outputs)[0].bytes.size(), 8u);
  std::memcpy(results.data(), (*outputs)[0].bytes.data(), 8);
  EXPECT_THAT(results, ElementsAre(13, 24));
}

TEST_F(FileSessionTest, PassesOnWhatOnnxRuntimeRefuses) {
  const auto session = FileSession::Open(path_, {});
  ASSERT_THAT(session, Succeeds());
  EXPECT_THAT((*session)->Run({}), Fails(ErrorCode::kOperation));
  std::ofstream(path_) << "this is no model";
  EXPECT_THAT(FileSession::Open(path_, {}), Fails(ErrorCode::kOperation));
}

}  // namespace
}  // namespace webnn::ort
