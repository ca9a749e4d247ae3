#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/onnx/import/import_test.h"
#include "tests/support/result_matchers.h"
#include "webnn/webnn.h"

namespace webnn::onnx_test {
namespace {

using testing_support::Fails;

// Two outputs that are known, of a type that WebNN lacks and of no elements.
std::string ModelOfConstants() {
  TestModel model;
  model.Weight("wide", TensorOf<double>(TensorProto::DOUBLE, {2}, {1, 2}));
  model.Weight("empty", Floats({0}, {}));
  model.Output("wide").Output("empty");
  return model.Serialize();
}

TEST(ImportOutputs, ListsAllThatCannotBeHad) {
  const std::string bytes = ModelOfConstants();
  const auto loaded = LoadGraph(std::as_bytes(std::span(bytes)));
  EXPECT_THAT(loaded, Fails(ErrorCode::kNotSupported,
                            "\n  output \"wide\": WebNN has no tensors of float64; "
                            "LoadOptions::narrow (--narrow) makes it float32"
                            "\n  output \"empty\": a tensor of shape [0] has no elements"));
}

}  // namespace
}  // namespace webnn::onnx_test
