// Real builds with TensorRT-RTX, which needs no GPU for them.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "backends/tensorrt/module.h"
#include "backends/tensorrt/plan.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "onnx/serialize.h"
#include "tests/backends/test_model.h"
#include "tests/support/result_matchers.h"

namespace webnn::trt {
namespace {

using onnx_format::SerializedModel;
using testing::HasSubstr;
using testing_support::Fails;
using testing_support::Succeeds;
using testing_support::TestModel;
using Clock = std::chrono::steady_clock;

const std::string kLibrary =
    std::string(WEBNN_SOURCE_DIR) + "/.deps/tensorrt-rtx/lib/libtensorrt_rtx.so.1";

class TensorRtBuildTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kLibrary)) {
      GTEST_SKIP() << kLibrary << " is not there: tools/setup.sh gets it where there is one";
    }
    module_ = OpenModule(Flavor::kTensorRtRtx, {.library_path = kLibrary}).value();
  }

  // y = Op(x * w), `layers` times.
  SerializedModel Layers(int layers, std::string_view op = "Relu",
                         const onnx_format::SerializeOptions& options = {}) const {
    TestModel test;
    lowering::ValueId x = test.Input("x", DataType::kFloat32, Shape{16, 64});
    for (int i = 0; i < layers; ++i) {
      x = test.Node("MatMul", {x, test.Weight(DataType::kFloat32, {64, 64},
                                              std::as_bytes(std::span(weights_)))});
      x = test.Node(op, {x});
    }
    test.Output("y", x, DataType::kFloat32, Shape{16, 64});
    return onnx_format::Serialize(std::move(test).Finish(), options).value();
  }

  const Module* module_ = nullptr;
  std::vector<float> weights_ = std::vector<float>(size_t{64} * 64, 0.25F);
};

TEST_F(TensorRtBuildTest, OpensTheParserForTheFirstBuildOnly) {
  const auto parser_is_open = [] {
    std::ifstream maps("/proc/self/maps");
    const std::string text((std::istreambuf_iterator<char>(maps)), {});
    return text.find("libtensorrt_onnxparser_rtx") != std::string::npos;
  };
  if (parser_is_open()) GTEST_SKIP() << "an earlier test of this process has built something";
  EXPECT_THAT(module_->Deserialize({}), Fails(ErrorCode::kOperation));
  EXPECT_FALSE(parser_is_open());
  EXPECT_THAT(module_->Build(Layers(1), {}, nullptr), Succeeds());
  EXPECT_TRUE(parser_is_open());
}

TEST_F(TensorRtBuildTest, BuildsForEachTarget) {
  const SerializedModel model = Layers(2);
  ASSERT_EQ(model.weights.size(), 2U);
  std::set<std::vector<std::byte>> plans;
  for (const std::vector<int>& targets :
       {std::vector{86}, std::vector{120}, std::vector{86, 120}}) {
    const Result<BuiltPlan> built =
        module_->Build(model, {.compute_capabilities = targets}, nullptr);
    ASSERT_THAT(built, Succeeds());
    EXPECT_EQ(PlanVersion(built->plan.bytes).value(), module_->version());
    plans.emplace(built->plan.bytes.begin(), built->plan.bytes.end());
  }
  EXPECT_EQ(plans.size(), 3U);
  EXPECT_THAT(module_->Build(model, {.compute_capabilities = {90}}, nullptr),
              Fails(ErrorCode::kNotSupported, "it cannot build for sm90; it builds for sm75"));
}

TEST_F(TensorRtBuildTest, TakesWeightsInTheFile) {
  const SerializedModel model = Layers(2, "Relu", {.append_weights = true});
  ASSERT_EQ(model.weights.size(), 0U);
  const BuildOptions options{.compute_capabilities = {86}};
  const Result<BuiltPlan> inside = module_->Build(model, options, nullptr);
  ASSERT_THAT(inside, Succeeds());
  const Result<BuiltPlan> beside = module_->Build(Layers(2), options, nullptr);
  ASSERT_THAT(beside, Succeeds());
  EXPECT_EQ(inside->plan.bytes.size(), beside->plan.bytes.size());
}

TEST_F(TensorRtBuildTest, AnErrorIsTheParsersOwn) {
  EXPECT_THAT(module_->Build(Layers(1, "NoSuchOperator"), {}, nullptr),
              Fails(ErrorCode::kOperation, "node 1 \"label/NoSuchOperator_1\" (NoSuchOperator): "));
  SerializedModel broken = Layers(1);
  broken.proto.resize(broken.proto.size() / 2);
  EXPECT_THAT(module_->Build(broken, {}, nullptr),
              Fails(ErrorCode::kOperation, "the parser refuses the graph"));
  // The builder that was in use then is as good as before.
  EXPECT_THAT(module_->Build(Layers(1), {}, nullptr), Succeeds());
}

TEST_F(TensorRtBuildTest, ProgressNeverFallsAndEndsWithTheBuild) {
  std::vector<std::string> phases;
  double fraction = 0;
  std::atomic<int> inside = 0;
  const auto progress = [&](const CompileProgress& now) {
    EXPECT_EQ(++inside, 1);
    if (phases.empty() || phases.back() != now.phase) {
      phases.emplace_back(now.phase);
      fraction = 0;
    }
    EXPECT_GE(now.fraction, fraction) << now.phase;
    EXPECT_LE(now.fraction, 1);
    fraction = now.fraction;
    --inside;
    return true;
  };
  ASSERT_THAT(module_->Build(Layers(20), {}, progress), Succeeds());
  EXPECT_THAT(phases, testing::ElementsAre("start", "parse", "build"));
  EXPECT_EQ(fraction, 1);
}

TEST_F(TensorRtBuildTest, CanBeCancelledAtAnyPoint) {
  const SerializedModel model = Layers(60);
  int calls = 0;
  ASSERT_THAT(module_->Build(model, {}, [&](const CompileProgress&) { return ++calls > 0; }),
              Succeeds());
  ASSERT_GT(calls, 10);
  for (int at = 1; at < calls; at += calls / 10) {
    int seen = 0;
    Clock::time_point cancelled;
    const Result<BuiltPlan> built = module_->Build(model, {}, [&](const CompileProgress&) {
      if (++seen < at) return true;
      cancelled = Clock::now();
      return false;
    });
    if (seen < at) continue;  // this time there were fewer steps
    EXPECT_THAT(built, Fails(ErrorCode::kAborted, "cancelled"));
    EXPECT_EQ(seen, at) << "it asked again";
    EXPECT_LT(Clock::now() - cancelled, std::chrono::seconds(2));
  }
  EXPECT_THAT(module_->Build(Layers(1), {}, nullptr), Succeeds());
}

TEST_F(TensorRtBuildTest, SeveralThreadsBuildAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> built = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      if (module_->Build(Layers(5 + i), {}, nullptr).ok()) ++built;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(built, 4);
}

TEST_F(TensorRtBuildTest, RefusesPlansBeforeTheLibrarySeesThem) {
  const Result<BuiltPlan> built =
      module_->Build(Layers(1), {.compute_capabilities = {86}}, nullptr);
  ASSERT_THAT(built, Succeeds());
  std::vector<std::byte> plan(built->plan.bytes.begin(), built->plan.bytes.end());
  plan[25] = std::byte{3};
  EXPECT_THAT(module_->Deserialize(plan),
              Fails(ErrorCode::kOperation, "made by version 1.3.1; this is 1.7.1.116"));
  EXPECT_THAT(module_->Deserialize({}), Fails(ErrorCode::kOperation, "no plan"));
  plan.resize(40);
  plan[25] = std::byte{7};
  EXPECT_THAT(module_->Deserialize(plan), Fails(ErrorCode::kOperation, "no plan"));
}

}  // namespace
}  // namespace webnn::trt
