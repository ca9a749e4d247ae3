// What is exported to ONNX can be imported again. That the file is valid and computes the same is
// checked by the tests `conformance_through_onnx` with onnx.checker and ONNX Runtime.

#include <limits>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "formats/onnx_target.h"
#include "gmock/gmock.h"
#include "graph/op_schema.h"
#include "gtest/gtest.h"
#include "tests/formats/definitions.h"
#include "tests/ops/calls.h"
#include "tests/support/result_matchers.h"
#include "webnn/model_io.h"

namespace webnn::formats_test {
namespace {

using ops_test::CallCase;
using testing_support::Fails;
using testing_support::Succeeds;

// The import refuses windows that step over more than any tensor can have.
bool HasStepBeyondInt32(const CallCase& call) {
  if (call.op != "conv2d") return false;
  for (const char* name : {"strides", "dilations"}) {
    if (!call.attributes.contains(name)) continue;
    for (const auto& step : call.attributes[name]) {
      if (step.get<uint64_t>() > std::numeric_limits<int32_t>::max()) return true;
    }
  }
  return false;
}

class OnnxExport : public testing::TestWithParam<CallCase> {};

TEST_P(OnnxExport, CanBeImportedAgain) {
  const CallCase& call = GetParam();
  GraphBuilder builder;
  const auto results =
      ops_test::Call(builder, *FindOp(call.op), ops_test::MakeFields(builder, call));
  ASSERT_THAT(results, Succeeds());
  std::vector<GraphBuilder::NamedOutput> outputs;
  for (const Operand& result : *results) {
    outputs.emplace_back(fmt::format("output{}", outputs.size()), result);
  }
  const auto definition = builder.Finish(outputs).value();
  const auto file = SaveModelToMemory(definition, {.format = ModelFormat::kOnnx});
  ASSERT_THAT(file, Succeeds());
  const auto loaded = LoadGraph(AsBytes(*file));
  if (HasStepBeyondInt32(call)) {
    EXPECT_THAT(loaded, Fails(ErrorCode::kTypeError, "must be from 1 to 2147483647"));
    return;
  }
  ASSERT_THAT(loaded, Succeeds());
  const auto describe = [](const std::vector<NamedDescriptor>& tensors) {
    std::vector<std::string> lines;
    for (const auto& [name, descriptor] : tensors) {
      lines.push_back(name + " " + ToString(descriptor));
    }
    return lines;
  };
  EXPECT_EQ(describe(loaded->outputs()), describe(definition.outputs()));
  // An input that does not matter to the results may be gone.
  EXPECT_THAT(describe(definition.inputs()), testing::IsSupersetOf(describe(loaded->inputs())));
}

INSTANTIATE_TEST_SUITE_P(Examples, OnnxExport, testing::ValuesIn(ops_test::Examples()),
                         [](const auto& info) {
                           return ops_test::TestName(info.param.op, info.param.name);
                         });

TEST(OnnxTarget, AllowsWhatTheSpecificationDoes) {
  using lowering::Element;
  const lowering::Target& target = formats::OnnxTarget();
  EXPECT_TRUE(target.Supports("Max", Element::kUint64));
  EXPECT_TRUE(target.Supports("Where", Element::kInt8));
  EXPECT_TRUE(target.Supports("QuantizeLinear", Element::kInt4));
  EXPECT_FALSE(target.Supports("QuantizeLinear", Element::kInt32));
  EXPECT_FALSE(target.Supports("Relu", Element::kUint8));
  EXPECT_FALSE(target.Supports("CumSum", Element::kInt8));
}

}  // namespace
}  // namespace webnn::formats_test
