// The TensorRT back end on a library that is a fake: what it builds, keeps, finds and refuses.
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/tensorrt/backend.h"
#include "backends/tensorrt/key.h"
#include "backends/tensorrt/payload.h"
#include "cache/store.h"
#include "core/errors.h"
#include "core/try.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/backends/cuda_support.h"
#include "tests/backends/fake_cuda.h"
#include "tests/backends/fake_engine.h"
#include "tests/support/result_matchers.h"
#include "webnn/webnn.h"

namespace webnn::trt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Fails;
using testing_support::FakeCuda;
using testing_support::FakeEngine;
using testing_support::FakeEngineCounts;
using testing_support::FakeEngineOptions;
using testing_support::ScopedVariable;
using testing_support::Succeeds;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kHalf = R"({"Format/Datatype": "Half"})";
constexpr std::string_view kFloat = R"({"Format/Datatype": "Float"})";

class DescribedEngine : public FakeEngine {
 public:
  DescribedEngine(FakeCuda& cuda, FakeEngineCounts& counts, const FakeEngineOptions& options,
                  std::string description)
      : FakeEngine(cuda, counts, options), description_(std::move(description)) {}
  Result<std::string> Inspect() const override { return description_; }

 private:
  std::string description_;
};

// A library whose plans are a header and a number.
class FakeModule : public Module {
 public:
  FakeModule(FakeCuda* cuda, Flavor flavor) : cuda_(cuda), flavor_(flavor) {}

  Flavor flavor() const override { return flavor_; }
  LibraryVersion version() const override { return {10, 6, 0, 26}; }
  const std::string& path() const override { return path_; }
  bool takes_weights() const override { return parser_takes_weights; }

  Result<BuiltPlan> Build(const onnx_format::SerializedModel& model, const BuildOptions& options,
                          const ProgressCallback& progress) const override {
    ++builds;
    const cache::Blob timings = options.timings();
    const std::lock_guard lock(mutex);
    given_timings.assign(reinterpret_cast<const char*>(timings.bytes.data()), timings.bytes.size());
    external_weights = model.weights.size();
    given_options = options;
    given_options.timings = {};
    WEBNN_RETURN_IF_ERROR(on_build(progress));
    return BuiltPlan{Bytes("ftrt plan " + std::to_string(builds)), Bytes(given_timings + "t")};
  }
  Result<std::unique_ptr<Engine>> Deserialize(std::span<const std::byte> plan,
                                              bool version_compatible) const override {
    ++loads;
    host_code = version_compatible;
    WEBNN_RETURN_IF_ERROR(
        on_load(std::string(reinterpret_cast<const char*>(plan.data()), plan.size())));
    return std::unique_ptr<Engine>(std::make_unique<DescribedEngine>(
        *cuda_, counts_, FakeEngineOptions{.inputs = 2}, description));
  }

  static Result<void> Steps(const ProgressCallback& progress) {
    for (const auto& [phase, fraction] : {std::pair("start", 0.0), std::pair("parse", 0.0),
                                          std::pair("build", 0.0), std::pair("build", 1.0)}) {
      if (!progress({phase, fraction, 0})) return AbortError("cancelled");
    }
    return {};
  }
  static cache::Blob Bytes(const std::string& text) {
    auto owner = std::make_shared<const std::string>(text);
    return {owner, std::as_bytes(std::span(*owner))};
  }

  std::function<Result<void>(const ProgressCallback&)> on_build = &FakeModule::Steps;
  std::function<Result<void>(const std::string&)> on_load = [](const std::string&) {
    return Result<void>();
  };
  std::string description = std::string(kHalf);
  bool parser_takes_weights = true;
  mutable std::atomic<int> builds = 0;
  mutable std::atomic<int> loads = 0;
  mutable std::atomic<bool> host_code = false;
  mutable std::mutex mutex;
  mutable std::string given_timings;
  mutable size_t external_weights = 0;
  mutable BuildOptions given_options;

 private:
  FakeCuda* const cuda_;
  const Flavor flavor_;
  const std::string path_ = "/fake/libnvinfer.so.10";
  mutable FakeEngineCounts counts_;
};

// y0 = (x0 + x1) * weight
std::shared_ptr<const GraphData> TestGraph(float weight = 2) {
  GraphBuilder builder;
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, Shape{16}).value();
  const Operand x0 = builder.Input("x0", descriptor).value();
  const Operand x1 = builder.Input("x1", descriptor).value();
  const std::vector<float> weights(16, weight);
  const Operand w = builder.Constant(descriptor, std::as_bytes(std::span(weights))).value();
  const Operand y = builder.Mul({builder.Add({x0, x1}).value(), w}).value();
  return builder.Finish({{"y0", y}})->data();
}

// y0 = x0 * x1, as matrices: what 16 bits are worth a cast for.
std::shared_ptr<const GraphData> MatrixGraph() {
  GraphBuilder builder;
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, Shape{4, 4}).value();
  const Operand x0 = builder.Input("x0", descriptor).value();
  const Operand x1 = builder.Input("x1", descriptor).value();
  return builder.Finish({{"y0", builder.Matmul({x0, x1}).value()}})->data();
}

class TensorRtBackendTest : public testing::Test {
 protected:
  void SetUp() override {
    module_ = std::make_unique<FakeModule>(cuda_, Flavor::kTensorRt);
    folder_ = testing::TempDir() + "webnn_tensorrt_cache";
    std::filesystem::remove_all(folder_);
    device_ = cuda::Device::Open("cuda:0").value();
  }
  void TearDown() override {
    device_.reset();
    EXPECT_EQ(cuda_->Violations(), "");
    std::filesystem::remove_all(folder_);
  }

  ContextOptions Options() {
    return {.cache_dir = folder_,
            .log =
                [this](LogLevel level, std::string_view text) {
                  if (level >= LogLevel::kWarning) warnings_ += std::string(text) + "\n";
                },
            .log_level = LogLevel::kWarning};
  }
  std::unique_ptr<Backend> Open() { return Open(Options()); }
  std::unique_ptr<Backend> Open(const ContextOptions& options) {
    return MakeBackend(*module_, device_, options).value();
  }
  // What is kept, but for timings.
  std::vector<cache::EntryInfo> Kept() {
    const auto store = cache::Store::Open({.folder = folder_}).value();
    std::vector<cache::EntryInfo> entries = store->List();
    std::erase_if(entries, [](const cache::EntryInfo& entry) {
      return entry.key && entry.key->Find("content") != nullptr;
    });
    return entries;
  }

  ScopedVariable driver_{"WEBNN_CUDA_LIBRARY", WEBNN_FAKE_CUDA};
  FakeCuda* const cuda_ = testing_support::OpenFakeCuda(WEBNN_FAKE_CUDA);
  std::unique_ptr<FakeModule> module_;
  std::shared_ptr<cuda::Device> device_;
  std::string folder_;
  std::string warnings_;
};

CompileOptions Float32() { return {.precision = Precision::kFloat32}; }

TEST_F(TensorRtBackendTest, SaysWhatItIs) {
  const auto backend = Open();
  EXPECT_EQ(backend->name(), "tensorrt");
  EXPECT_EQ(backend->version(), "10.6.0.26");
  EXPECT_EQ(backend->device(), "cuda:0");
  EXPECT_EQ(backend->library(), "/fake/libnvinfer.so.10");
  EXPECT_EQ(backend->max_rank(), 8U);
  EXPECT_TRUE(backend->asynchronous());
}

TEST_F(TensorRtBackendTest, AGraphRunsAndIsBuiltOnce) {
  const auto backend = Open();
  const auto graph = TestGraph();
  std::vector<int32_t> a(16, 3);
  std::vector<int32_t> b(16, 4);
  std::vector<int32_t> sum(16);
  for (int i = 0; i < 2; ++i) {
    const auto compiled = backend->Compile(graph, Float32());
    ASSERT_THAT(compiled, Succeeds());
    const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(a)),
                                                 std::as_bytes(std::span(b))};
    const std::span<std::byte> outputs[] = {std::as_writable_bytes(std::span(sum))};
    ASSERT_THAT((*compiled)->Compute(inputs, outputs), Succeeds());
    EXPECT_THAT(sum, testing::Each(8));  // the fake engine's 3 + 4 + 1
  }
  EXPECT_EQ(module_->builds, 1);
  // Another context, as another process, finds it without a builder or parser.
  EXPECT_THAT(Open()->Compile(graph, Float32()), Succeeds());
  EXPECT_EQ(module_->builds, 1);
  EXPECT_EQ(module_->loads, 3);
  EXPECT_THAT(Kept(), SizeIs(1));
  EXPECT_EQ(warnings_, "");
}

TEST_F(TensorRtBackendTest, WhatChangesTheResultIsBuiltAnew) {
  const auto backend = Open();
  const std::vector<CompileOptions> options = {
      Float32(),
      {.precision = Precision::kTf32},
      {.precision = Precision::kFloat32, .optimization_level = 5},
      {.precision = Precision::kFloat32, .workspace_bytes = 1 << 20},
      {.precision = Precision::kFloat32, .hardware_compatible = true},
      {.precision = Precision::kFloat32, .version_compatible = true}};
  for (int round = 0; round < 2; ++round) {
    for (const CompileOptions& one : options) {
      EXPECT_THAT(backend->Compile(TestGraph(), one), Succeeds());
    }
    EXPECT_THAT(backend->Compile(TestGraph(3), Float32()), Succeeds());
  }
  EXPECT_EQ(module_->builds, 7);
}

TEST_F(TensorRtBackendTest, OptionsReachTheBuilder) {
  const auto backend = Open();
  ASSERT_THAT(backend->Compile(TestGraph(), {.precision = Precision::kTf32,
                                             .optimization_level = 1,
                                             .workspace_bytes = 4096,
                                             .hardware_compatible = true,
                                             .version_compatible = true}),
              Succeeds());
  const BuildOptions& given = module_->given_options;
  EXPECT_TRUE(given.tf32);
  EXPECT_EQ(given.optimization_level, 1);
  EXPECT_EQ(given.workspace_bytes, 4096U);
  EXPECT_TRUE(given.hardware_compatible);
  EXPECT_TRUE(given.version_compatible);
  EXPECT_EQ(given.device, 0);
  EXPECT_THAT(given.compute_capabilities, IsEmpty());
  EXPECT_TRUE(module_->host_code);
  ASSERT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
  EXPECT_FALSE(module_->given_options.tf32);
  EXPECT_EQ(module_->given_options.optimization_level, 3);
  EXPECT_FALSE(module_->host_code);
}

TEST_F(TensorRtBackendTest, WithoutACacheNothingIsKept) {
  ContextOptions options = Options();
  options.cache = false;
  const auto backend = Open(options);
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
  EXPECT_EQ(module_->builds, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_));
  EXPECT_FALSE(backend->CacheKey(*TestGraph(), Float32()));
}

TEST_F(TensorRtBackendTest, TheKeyIsTheOneThatIsKept) {
  const auto backend = Open();
  ASSERT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
  const auto entries = Kept();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(*entries[0].key, *backend->CacheKey(*TestGraph(), Float32()));
  EXPECT_EQ(entries[0].key->Find("backend")->value, "tensorrt");
  EXPECT_EQ(entries[0].key->Find("version")->value, "10.6.0.26");
  EXPECT_EQ(entries[0].key->Find("precision")->value, "float32");
}

TEST_F(TensorRtBackendTest, ProgressComesInOrder) {
  const auto backend = Open();
  std::vector<std::string> phases;
  double last = 0;
  CompileOptions options = Float32();
  options.progress = [&](const CompileProgress& progress) {
    if (phases.empty() || phases.back() != progress.phase) phases.emplace_back(progress.phase);
    EXPECT_GE(progress.seconds, last);
    last = progress.seconds;
    return true;
  };
  ASSERT_THAT(backend->Compile(TestGraph(), options), Succeeds());
  EXPECT_THAT(phases, ElementsAre("lower", "start", "parse", "build", "load"));
  phases.clear();
  last = 0;
  ASSERT_THAT(backend->Compile(TestGraph(), options), Succeeds());
  EXPECT_THAT(phases, ElementsAre("load"));
}

TEST_F(TensorRtBackendTest, ABuildIsCancelledWithinTwoSeconds) {
  const auto backend = Open();
  module_->on_build = [](const ProgressCallback& progress) -> Result<void> {
    for (int i = 0; i < 1000; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
      if (!progress({"build", 0.5, 0})) return AbortError("cancelled");
    }
    return {};
  };
  CompileOptions options = Float32();
  Clock::time_point cancelled;
  options.progress = [&](const CompileProgress& progress) {
    if (progress.seconds < 0.3) return true;
    cancelled = Clock::now();
    return false;
  };
  EXPECT_THAT(backend->Compile(TestGraph(), options), Fails(ErrorCode::kAborted));
  EXPECT_LT(Clock::now() - cancelled, seconds(2));
  EXPECT_THAT(Kept(), IsEmpty());
  // The context goes on.
  module_->on_build = &FakeModule::Steps;
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
}

TEST_F(TensorRtBackendTest, EveryPhaseCanBeCancelled) {
  const auto backend = Open();
  for (std::string_view phase : {"lower", "start", "parse", "build", "load"}) {
    CompileOptions options = Float32();
    options.progress = [&](const CompileProgress& progress) { return progress.phase != phase; };
    EXPECT_THAT(backend->Compile(TestGraph(), options), Fails(ErrorCode::kAborted)) << phase;
    EXPECT_THAT(Kept(), IsEmpty()) << phase;
  }
}

TEST_F(TensorRtBackendTest, ASilentBuildIsReportedEverySecondAndCancelledAfterwards) {
  const auto backend = Open();
  module_->on_build = [](const ProgressCallback& progress) -> Result<void> {
    progress({"build", 0.25, 0});
    std::this_thread::sleep_for(milliseconds(2200));
    if (!progress({"build", 0.5, 0})) return AbortError("cancelled");
    return {};
  };
  std::vector<double> times;
  CompileOptions options = Float32();
  options.progress = [&](const CompileProgress& progress) {
    times.push_back(progress.seconds);
    return progress.seconds < 1.5;
  };
  EXPECT_THAT(backend->Compile(TestGraph(), options), Fails(ErrorCode::kAborted));
  ASSERT_GE(times.size(), 3U);
  for (size_t i = 1; i < times.size(); ++i) EXPECT_LT(times[i] - times[i - 1], 1.0);
}

TEST_F(TensorRtBackendTest, OneBuildsTheOthersWaitAndMayGiveUp) {
  std::atomic<bool> building = false;
  std::atomic<bool> finish = false;
  module_->on_build = [&](const ProgressCallback&) -> Result<void> {
    building = true;
    while (!finish) std::this_thread::sleep_for(milliseconds(5));
    return {};
  };
  const auto first = Open();
  const auto second = Open();
  std::thread builder([&] { EXPECT_THAT(first->Compile(TestGraph(), Float32()), Succeeds()); });
  while (!building) std::this_thread::sleep_for(milliseconds(1));
  CompileOptions options = Float32();
  std::vector<std::string> phases;
  options.progress = [&](const CompileProgress& progress) {
    phases.emplace_back(progress.phase);
    return progress.seconds < 0.2;
  };
  const Clock::time_point begin = Clock::now();
  EXPECT_THAT(second->Compile(TestGraph(), options), Fails(ErrorCode::kAborted));
  EXPECT_LT(Clock::now() - begin, seconds(2));
  EXPECT_THAT(phases, testing::Each(std::string(kWaitPhase)));
  std::thread waiter([&] { EXPECT_THAT(second->Compile(TestGraph(), Float32()), Succeeds()); });
  std::this_thread::sleep_for(milliseconds(50));
  finish = true;
  builder.join();
  waiter.join();
  EXPECT_EQ(module_->builds, 1);
}

TEST_F(TensorRtBackendTest, AFailedBuildLeavesNothingAndTheContextUsable) {
  const auto backend = Open();
  module_->on_build = [](const ProgressCallback&) -> Result<void> {
    return OperationError("no implementation for the layer");
  };
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()),
              Fails(ErrorCode::kOperation, "no implementation for the layer"));
  EXPECT_THAT(Kept(), IsEmpty());
  module_->on_build = &FakeModule::Steps;
  // A plan that the library refuses right after it has built it is not kept either.
  module_->on_load = [](const std::string&) -> Result<void> { return OperationError("refused"); };
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()), Fails(ErrorCode::kOperation, "refused"));
  EXPECT_THAT(Kept(), IsEmpty());
  module_->on_load = [](const std::string&) { return Result<void>(); };
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
}

TEST_F(TensorRtBackendTest, AKeptPlanThatIsRefusedIsBuiltAnewWithAWarning) {
  const auto backend = Open();
  ASSERT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
  module_->on_load = [](const std::string& plan) -> Result<void> {
    if (plan == "ftrt plan 1") return OperationError("made by a worse driver");
    return {};
  };
  ASSERT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
  EXPECT_EQ(module_->builds, 2);
  EXPECT_THAT(warnings_,
              HasSubstr("in the cache cannot be used and is made anew: made by a worse"));
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
  EXPECT_EQ(module_->builds, 2);
}

TEST_F(TensorRtBackendTest, APayloadThatIsNoneIsBuiltAnew) {
  const auto backend = Open();
  const auto store = cache::Store::Open({.folder = folder_}).value();
  const std::string text = "something else";
  ASSERT_THAT(
      store->Put(*backend->CacheKey(*TestGraph(), Float32()), std::as_bytes(std::span(text))),
      Succeeds());
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()), Succeeds());
  EXPECT_EQ(module_->builds, 1);
  EXPECT_THAT(warnings_, HasSubstr("these 14 bytes are no compiled graph"));
}

TEST_F(TensorRtBackendTest, AnEngineInAnotherPrecisionIsAnErrorAndNotKept) {
  const auto backend = Open();
  module_->description = kFloat;
  EXPECT_THAT(backend->Compile(MatrixGraph(), {.precision = Precision::kFloat16}),
              Fails(ErrorCode::kOperation, "precision float16 was asked for"));
  EXPECT_THAT(Kept(), IsEmpty());
  module_->description = kHalf;
  EXPECT_THAT(backend->Compile(MatrixGraph(), {.precision = Precision::kFloat16}), Succeeds());
  EXPECT_THAT(Kept(), SizeIs(1));
}

TEST_F(TensorRtBackendTest, TimingsAreSharedByBuildsAndContexts) {
  {
    const auto backend = Open();
    ASSERT_THAT(backend->Compile(TestGraph(1), Float32()), Succeeds());
    EXPECT_EQ(module_->given_timings, "");
    ASSERT_THAT(backend->Compile(TestGraph(2), Float32()), Succeeds());
    EXPECT_EQ(module_->given_timings, "t");
  }
  const auto later = Open();
  ASSERT_THAT(later->Compile(TestGraph(3), Float32()), Succeeds());
  EXPECT_EQ(module_->given_timings, "tt");
}

TEST_F(TensorRtBackendTest, OlderParsersGetTheWeightsInTheFile) {
  const auto backend = Open();
  GraphBuilder builder;
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, Shape{16}).value();
  const auto large = OperandDescriptor::Create(DataType::kFloat32, Shape{1024, 16}).value();
  const std::vector<float> weights(size_t{1024} * 16, 1.5F);
  const Operand x0 = builder.Input("x0", descriptor).value();
  const Operand x1 = builder.Input("x1", descriptor).value();
  const Operand w = builder.Constant(large, std::as_bytes(std::span(weights))).value();
  const Operand y = builder.Add({builder.Add({x0, x1}).value(), w}).value();
  const Operand sum = builder.ReduceSum({.input = y, .axes = std::vector<uint32_t>{0}}).value();
  const auto graph = builder.Finish({{"y0", sum}})->data();
  ASSERT_THAT(backend->Compile(graph, Float32()), Succeeds());
  EXPECT_EQ(module_->external_weights, 1U);
  module_->parser_takes_weights = false;
  ASSERT_THAT(backend->Compile(graph, {.precision = Precision::kFloat32, .optimization_level = 0}),
              Succeeds());
  EXPECT_EQ(module_->external_weights, 0U);
}

TEST_F(TensorRtBackendTest, CompiledBytesLoadOnTheSameDeviceOnly) {
  const auto backend = Open();
  Result<CompiledBytes> compiled = backend->CompileToBytes(*TestGraph(), Float32());
  ASSERT_THAT(compiled, Succeeds());
  EXPECT_THAT(backend->Load(*compiled), Succeeds());
  EXPECT_EQ(module_->builds, 1);

  const auto with = [&](std::string_view name, std::string_view value) {
    CompiledBytes changed{{}, compiled->payload};
    for (const cache::KeyField& field : compiled->key.fields()) {
      if (field.hashed) continue;
      changed.key.Add(field.name, field.name == name ? value : std::string_view(field.value));
    }
    return changed;
  };
  EXPECT_THAT(backend->Load(with("device", "NVIDIA H100")),
              Fails(ErrorCode::kNotSupported,
                    "made for NVIDIA H100, compute capability " +
                        std::string(compiled->key.Find("compute capability")->value) +
                        "; this is " + device_->info().name));
  EXPECT_THAT(backend->Load(with("version", "10.5.0.18")),
              Fails(ErrorCode::kNotSupported, "made by version 10.5.0.18; this is 10.6.0.26"));
  EXPECT_THAT(backend->Load(with("backend", "tensorrt-rtx")),
              Fails(ErrorCode::kNotSupported, "for the back end 'tensorrt-rtx'"));
  // A driver of another version is no reason to refuse: the library decides.
  EXPECT_THAT(backend->Load(with("driver", "1")), Succeeds());
  CompiledBytes damaged = *compiled;
  damaged.payload.bytes = damaged.payload.bytes.first(10);
  EXPECT_THAT(backend->Load(damaged), Fails(ErrorCode::kOperation, "no compiled graph"));
}

TEST_F(TensorRtBackendTest, WithoutADeviceItCompilesIntoFilesOnly) {
  const FakeModule rtx(cuda_, Flavor::kTensorRtRtx);
  const auto backend = MakeBackend(rtx, nullptr, Options()).value();
  EXPECT_EQ(backend->name(), "tensorrt-rtx");
  EXPECT_EQ(backend->device(), "none");
  Result<CompiledBytes> compiled = backend->CompileToBytes(
      *TestGraph(), {.precision = Precision::kFloat32, .targets = {"sm120", "sm86"}});
  ASSERT_THAT(compiled, Succeeds());
  EXPECT_EQ(compiled->key.Find("targets")->value, "sm86 sm120");
  EXPECT_THAT(rtx.given_options.compute_capabilities, ElementsAre(86, 120));
  EXPECT_EQ(rtx.loads, 0);
  EXPECT_THAT(backend->Compile(TestGraph(), Float32()), Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(backend->Load(*compiled), Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(
      backend->CreateTensor(OperandDescriptor::Create(DataType::kFloat32, Shape{4}).value()),
      Fails(ErrorCode::kNotSupported, "into files only"));
}

TEST_F(TensorRtBackendTest, AFolderOfOthersIsAnError) {
  std::filesystem::create_directories(folder_);
  std::filesystem::permissions(folder_, std::filesystem::perms::all);
  EXPECT_THAT(Open()->Compile(TestGraph(), Float32()), Fails(ErrorCode::kOperation, folder_));
}

// ---- What the options leave open. ----

TEST(TensorRtDecideTest, PrecisionFollowsTheDevice) {
  const auto decided = [](Precision precision, Capability capability) {
    return Decide(Flavor::kTensorRt, {.precision = precision}, capability).value().precision;
  };
  EXPECT_EQ(decided(Precision::kAuto, 90), Precision::kFloat16);
  EXPECT_EQ(decided(Precision::kAuto, 75), Precision::kFloat16);
  EXPECT_EQ(decided(Precision::kAuto, 61), Precision::kFloat32);
  EXPECT_EQ(decided(Precision::kFloat32, 90), Precision::kFloat32);
  EXPECT_EQ(decided(Precision::kBfloat16, 80), Precision::kBfloat16);
  EXPECT_THAT(Decide(Flavor::kTensorRt, {.precision = Precision::kBfloat16}, 75),
              Fails(ErrorCode::kNotSupported, "bfloat16 needs a GPU of compute capability 8.0"));
  EXPECT_THAT(Decide(Flavor::kTensorRtRtx,
                     {.precision = Precision::kTf32, .targets = {"sm120", "sm75"}}, std::nullopt),
              Fails(ErrorCode::kNotSupported, "tf32 needs"));
}

TEST(TensorRtDecideTest, TargetsAreForWhoeverCanBuildForThem) {
  const auto targets = [](Flavor flavor, std::vector<std::string> list,
                          std::optional<Capability> device) {
    return Decide(flavor, {.targets = std::move(list)}, device);
  };
  EXPECT_THAT(targets(Flavor::kTensorRtRtx, {"sm120", "86", "sm_86"}, std::nullopt)->targets,
              ElementsAre(86, 120));
  EXPECT_THAT(targets(Flavor::kTensorRtRtx, {}, 89)->targets, ElementsAre(89));
  EXPECT_THAT(targets(Flavor::kTensorRtRtx, {}, std::nullopt)->targets, IsEmpty());
  EXPECT_THAT(targets(Flavor::kTensorRt, {"sm90"}, 90), Succeeds());
  EXPECT_THAT(targets(Flavor::kTensorRt, {"sm86"}, 90),
              Fails(ErrorCode::kNotSupported, "it builds for the GPU that is here (sm90), not"));
  for (const char* wrong : {"", "sm", "ampere", "8.6", "sm86x", "sm1"}) {
    EXPECT_THAT(targets(Flavor::kTensorRtRtx, {wrong}, std::nullopt),
                Fails(ErrorCode::kTypeError, "is no GPU"));
  }
}

TEST(TensorRtDecideTest, RefusesWhatItDoesNotHave) {
  EXPECT_THAT(Decide(Flavor::kTensorRt, {.optimization_level = 6}, 90),
              Fails(ErrorCode::kTypeError, "the optimisation level is 6; it is 0 to 5"));
  EXPECT_THAT(Decide(Flavor::kTensorRtRtx, {.version_compatible = true}, 89),
              Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(Decide(Flavor::kTensorRtRtx, {.hardware_compatible = true}, 89),
              Fails(ErrorCode::kNotSupported, "name the GPUs"));
  EXPECT_THAT(Decide(Flavor::kTensorRt, {}, std::nullopt), Fails(ErrorCode::kNotSupported));
}

TEST(TensorRtFitsTest, CompatiblePlansTravel) {
  const KeyFacts made{"tensorrt", "10.6.0.26", "NVIDIA A100", "8.0", "570"};
  const auto fits = [&](const CompileOptions& options, KeyFacts here) {
    const Settings settings = Decide(Flavor::kTensorRt, options, 80).value();
    return CheckFits(MakeKey(*TestGraph(), settings, made), here);
  };
  const KeyFacts newer{"tensorrt", "10.16.0.72", "NVIDIA A100", "8.0", "580"};
  const KeyFacts other{"tensorrt", "10.6.0.26", "NVIDIA H200", "9.0", "580"};
  const KeyFacts old{"tensorrt", "10.6.0.26", "NVIDIA T4", "7.5", "580"};
  EXPECT_THAT(fits({}, made), Succeeds());
  EXPECT_THAT(fits({}, newer), Fails(ErrorCode::kNotSupported, "made by version 10.6.0.26"));
  EXPECT_EQ(fits({.version_compatible = true}, newer).value(), true);
  EXPECT_THAT(
      fits({.version_compatible = true}, {"tensorrt", "10.5.0.1", "NVIDIA A100", "8.0", "580"}),
      Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(
      fits({.version_compatible = true}, {"tensorrt", "11.2.1.2", "NVIDIA A100", "8.0", "580"}),
      Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(fits({}, other), Fails(ErrorCode::kNotSupported, "this is NVIDIA H200, compute"));
  EXPECT_EQ(fits({.hardware_compatible = true}, other).value(), false);
  EXPECT_THAT(fits({.hardware_compatible = true}, old), Fails(ErrorCode::kNotSupported));
}

TEST(TensorRtFitsTest, RtxGoesByTargets) {
  const KeyFacts made{"tensorrt-rtx", "1.7.1.116", "none", "none", "none"};
  const KeyFacts here{"tensorrt-rtx", "1.7.1.116", "NVIDIA GeForce RTX 3060", "8.6", "580"};
  const auto fits = [&](std::vector<std::string> targets) {
    const Settings settings =
        Decide(Flavor::kTensorRtRtx, {.targets = std::move(targets)}, std::nullopt).value();
    return CheckFits(MakeKey(*TestGraph(), settings, made), here);
  };
  EXPECT_THAT(fits({"sm86", "sm120"}), Succeeds());
  EXPECT_THAT(fits({}), Succeeds());
  EXPECT_THAT(fits({"sm120", "sm89"}),
              Fails(ErrorCode::kNotSupported, "made for sm89 sm120; this is NVIDIA GeForce RTX"));
}

// ---- Opening. ----

TEST(TensorRtOpenTest, WithoutADriverItFallsThroughAtOnce) {
  const ScopedVariable driver("WEBNN_CUDA_LIBRARY", "/no/such/libcuda.so.1");
  const Clock::time_point begin = Clock::now();
  EXPECT_THAT(OpenTensorRt({}), Fails(ErrorCode::kNotSupported, "/no/such/libcuda.so.1"));
  EXPECT_THAT(OpenTensorRtRtx({}), Fails(ErrorCode::kNotSupported, "tensorrt-rtx: "));
  EXPECT_LT(Clock::now() - begin, milliseconds(10));
  const BackendStatus status = ProbeTensorRt({}, false);
  EXPECT_EQ(status.name, "tensorrt");
  EXPECT_FALSE(status.available);
  EXPECT_EQ(status.version, "");
  EXPECT_THAT(status.reason, HasSubstr("/no/such/libcuda.so.1"));
}

TEST(TensorRtOpenTest, AContextThatIsNotToBeAcceleratedDoesNotLookForAGpu) {
  EXPECT_THAT(OpenTensorRt({.accelerated = false}),
              Fails(ErrorCode::kNotSupported, "accelerated = false"));
}

TEST(TensorRtOpenTest, OtherDevicesAndOldGpusAreRefused) {
  const ScopedVariable driver("WEBNN_CUDA_LIBRARY", WEBNN_FAKE_CUDA);
  EXPECT_THAT(OpenTensorRt({.device = "cpu"}), Fails(ErrorCode::kNotSupported, "cpu"));
  EXPECT_THAT(OpenTensorRt({.device = "cuda:9"}), Fails(ErrorCode::kNotSupported, "cuda:9"));
}

}  // namespace
}  // namespace webnn::trt
