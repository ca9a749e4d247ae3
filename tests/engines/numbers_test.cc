// The graphs of tests/gpu/numbers_test.cc are parsed and built by TensorRT-RTX, which needs no GPU.

#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/integer_cases.h"
#include "tests/support/result_matchers.h"
#include "tests/support/scalar_cases.h"
#include "webnn/webnn.h"

namespace webnn {
namespace {

using testing_support::Succeeds;

class EngineNumbersTest : public testing::TestWithParam<Precision> {};

TEST_P(EngineNumbersTest, AreBuilt) {
  ContextOptions options{.backend = "tensorrt-rtx", .compile_only = true, .cache = false};
  options.compile.precision = GetParam();
  options.compile.targets = {"sm86"};
  const auto context = Context::Create(options);
  if (!context) GTEST_SKIP() << ToString(context.error());
  const std::string path = testing::TempDir() + "/webnn-numbers.engine";
  for (const testing_support::IntegerCase& one : testing_support::IntegerCases()) {
    const GraphDefinition graph = testing_support::Define(one).value();
    EXPECT_THAT(context->CompileToFile(graph, path, options.compile), Succeeds()) << one.name;
  }
  for (const auto& [name, graph] : testing_support::ScalarGraphs()) {
    EXPECT_THAT(context->CompileToFile(graph, path, options.compile), Succeeds()) << name;
  }
  std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(Precisions, EngineNumbersTest,
                         testing::Values(Precision::kFloat32, Precision::kFloat16));

}  // namespace
}  // namespace webnn
