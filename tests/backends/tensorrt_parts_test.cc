// The parts of the TensorRT back end that need no library.
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "backends/tensorrt/device_time.h"
#include "backends/tensorrt/inspect.h"
#include "backends/tensorrt/messages.h"
#include "backends/tensorrt/payload.h"
#include "backends/tensorrt/plan.h"
#include "backends/tensorrt/preload.h"
#include "backends/tensorrt/progress.h"
#include "backends/tensorrt/weights_folder.h"
#include "core/dynamic_library.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/backends/test_model.h"
#include "tests/support/result_matchers.h"

namespace webnn::trt {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing_support::Fails;
using testing_support::Succeeds;
using testing_support::TestModel;

// ---- What the library says. ----

TEST(TensorRtMessagesTest, PlacesInTheSourcesAreLeftOut) {
  EXPECT_EQ(Shorten("[optimizer.cpp::computeCosts::4242] Error Code 10: no implementation"),
            "Error Code 10: no implementation");
  EXPECT_EQ(Shorten("Usage Error (It failed. In operator() at /_src/optimizer/builder.cpp:1569)"),
            "Usage Error (It failed.)");
  EXPECT_EQ(Shorten("Cuda Runtime (In check at /_src/common/macros.cpp:250 (cudaError 35: old))"),
            "Cuda Runtime ((cudaError 35: old))");
  EXPECT_EQ(Shorten("two\n lines\t and  blanks "), "two lines and blanks");
  EXPECT_EQ(Shorten("[this is] no place"), "[this is] no place");
  EXPECT_EQ(Shorten("at /_src/x"), "at /_src/x");
  EXPECT_EQ(Shorten(" at /_src/"), "at /_src/");
}

TEST(TensorRtMessagesTest, LongOnesAreCutBetweenCharacters) {
  EXPECT_EQ(Shorten("abcdef", 3), "abc ...");
  EXPECT_EQ(Shorten("a\u00e4b", 2), "a ...");
}

TEST(TensorRtMessagesTest, ErrorsComeOnceAndBeforeWarnings) {
  Messages messages;
  EXPECT_EQ(messages.Text(), "no reason given");
  messages.Warning("odd");
  EXPECT_EQ(messages.Text(), "odd");
  messages.Error("first, cut");
  messages.Error("first, cut off here before");
  messages.Error("first, cut");
  messages.Error("second");
  EXPECT_EQ(messages.Text(), "first, cut off here before; second");
  for (int i = 0; i < 3; ++i) messages.Error("more " + std::to_string(i));
  EXPECT_EQ(messages.Text(), "first, cut off here before; second; more 0 (and 2 more)");
  messages.Clear();
  EXPECT_EQ(messages.Text(), "no reason given");
}

TEST(TensorRtMessagesTest, WhenMemoryRunsOutItSaysWhatToDo) {
  Messages messages;
  messages.Error("Cuda Runtime (out of memory)");
  EXPECT_THAT(messages.Text(), HasSubstr("CompileOptions::workspace_bytes"));
}

// ---- A device's time. ----

const auto kPatient = [] { return true; };

TEST(TensorRtDeviceTimeTest, OneThatMeasuresIsAlone) {
  DeviceTime time;
  std::atomic<int> alone = 0;
  std::atomic<int> shared = 0;
  std::atomic<int> most_shared = 0;
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, measures = i % 3 == 0] {
      for (int round = 0; round < 40; ++round) {
        const DeviceTime::Turn turn = time.Take(measures, kPatient);
        EXPECT_TRUE(turn);
        std::atomic<int>& mine = measures ? alone : shared;
        const int with_me = ++mine;
        if (measures) {
          EXPECT_EQ(with_me, 1);
          EXPECT_EQ(shared, 0);
        } else {
          EXPECT_EQ(alone, 0);
          most_shared = std::max<int>(most_shared, with_me);
          std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        --mine;
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 12 * 40);
  EXPECT_GT(most_shared, 1);
}

TEST(TensorRtDeviceTimeTest, WhoWaitsIsAskedAndMayGiveUp) {
  using Clock = std::chrono::steady_clock;
  DeviceTime time;
  std::optional<DeviceTime::Turn> first(time.Take(true, kPatient));
  for (const bool alone : {true, false}) {
    std::vector<Clock::time_point> asked = {Clock::now()};
    const DeviceTime::Turn none = time.Take(alone, [&] {
      asked.push_back(Clock::now());
      return asked.size() < 5;
    });
    EXPECT_FALSE(none);
    EXPECT_EQ(asked.size(), 5U);
    for (size_t i = 1; i < asked.size(); ++i) EXPECT_LT(asked[i] - asked[i - 1], milliseconds(900));
  }
  // What it is asked may fail in its own way.
  EXPECT_THROW(time.Take(false, []() -> bool { throw std::runtime_error("no"); }),
               std::runtime_error);
  first.reset();
  const auto never = []() -> bool {
    ADD_FAILURE() << "there is nothing to wait for";
    return false;
  };
  EXPECT_TRUE(time.Take(true, never));
  const DeviceTime::Turn shared = time.Take(false, never);
  EXPECT_TRUE(time.Take(false, never));
}

// Those that share come one after another without a gap, and still none passes one that waits.
TEST(TensorRtDeviceTimeTest, WhoComesFirstIsServedFirst) {
  DeviceTime time;
  std::optional<DeviceTime::Turn> shared(time.Take(false, kPatient));
  std::atomic<bool> alone_waits = false;
  std::atomic<bool> alone_ran = false;
  std::thread alone([&] {
    const DeviceTime::Turn turn = time.Take(true, [&] {
      alone_waits = true;
      return true;
    });
    std::this_thread::sleep_for(milliseconds(20));
    alone_ran = true;
  });
  while (!alone_waits) std::this_thread::sleep_for(milliseconds(1));
  std::atomic<bool> late_waits = false;
  std::thread late([&] {
    const DeviceTime::Turn turn = time.Take(false, [&] {
      late_waits = true;
      return true;
    });
    EXPECT_TRUE(alone_ran);
  });
  while (!late_waits) std::this_thread::sleep_for(milliseconds(1));
  // One that has been passed by somebody who gives up must not be passed over.
  EXPECT_FALSE(time.Take(true, [] { return false; }));
  shared.reset();
  alone.join();
  late.join();
}

// Whoever waits behind one that gives up begins when it may, not when somebody ends.
TEST(TensorRtDeviceTimeTest, GivingUpLetsTheNextOneIn) {
  DeviceTime time;
  const DeviceTime::Turn shared = time.Take(false, kPatient);
  std::atomic<bool> give_up = false;
  std::atomic<bool> waits = false;
  std::thread alone([&] {
    EXPECT_FALSE(time.Take(true, [&] {
      waits = true;
      return !give_up;
    }));
  });
  while (!waits) std::this_thread::sleep_for(milliseconds(1));
  std::atomic<bool> runs = false;
  std::thread next([&] {
    const DeviceTime::Turn turn = time.Take(false, [&] {
      give_up = true;
      return true;
    });
    runs = true;
  });
  alone.join();
  next.join();
  EXPECT_TRUE(runs);
}

// ---- Plans. ----

std::vector<std::byte> Plan(std::string_view magic, std::vector<int> version) {
  std::vector<std::byte> plan(64, std::byte{0});
  std::memcpy(plan.data(), magic.data(), magic.size());
  for (size_t i = 0; i < version.size(); ++i) plan[24 + i] = static_cast<std::byte>(version[i]);
  return plan;
}

TEST(TensorRtPlanTest, OnlyPlansOfThisVersionPass) {
  const LibraryVersion library{10, 6, 0, 26};
  const auto check = [&](const std::vector<std::byte>& plan, bool compatible) {
    return CheckPlan(Flavor::kTensorRt, library, plan, compatible);
  };
  EXPECT_THAT(check(Plan("ftrt", {10, 6, 0, 26}), false), Succeeds());
  EXPECT_THAT(check(Plan("ftrt", {10, 5, 0, 18}), false),
              Fails(ErrorCode::kOperation, "made by version 10.5.0; this is 10.6.0.26"));
  EXPECT_THAT(check(Plan("ftrt", {10, 7, 0, 1}), false), Fails(ErrorCode::kOperation));
  EXPECT_THAT(check(Plan("zzzz", {10, 6, 0, 26}), false),
              Fails(ErrorCode::kOperation, "these 64 bytes are no plan"));
  EXPECT_THAT(check(std::vector<std::byte>(20), false), Fails(ErrorCode::kOperation));
  EXPECT_THAT(check({}, false), Fails(ErrorCode::kOperation, "these 0 bytes are no plan"));
  // Version-compatible plans run with what came later, of the same major version.
  EXPECT_THAT(check(Plan("ftrt", {10, 5, 0, 18}), true), Succeeds());
  EXPECT_THAT(check(Plan("ftrt", {10, 7, 0, 1}), true), Fails(ErrorCode::kOperation));
  EXPECT_THAT(check(Plan("ftrt", {9, 5, 0, 18}), true), Fails(ErrorCode::kOperation));
}

TEST(TensorRtPayloadTest, ComesBackAsItWas) {
  const std::vector<std::byte> plan(1000, std::byte{7});
  const cache::Blob bytes = Encode({{"a", ""}, {"long name of an output"}, {nullptr, plan}});
  const Result<Payload> payload = Decode(bytes);
  ASSERT_THAT(payload, Succeeds());
  EXPECT_THAT(payload->inputs, testing::ElementsAre("a", ""));
  EXPECT_THAT(payload->outputs, testing::ElementsAre("long name of an output"));
  EXPECT_TRUE(
      std::equal(plan.begin(), plan.end(), payload->plan.bytes.begin(), payload->plan.bytes.end()));
  EXPECT_EQ((payload->plan.bytes.data() - bytes.bytes.data()) % 64, 0);
}

TEST(TensorRtPayloadTest, EveryCutIsNoticed) {
  const std::vector<std::byte> plan(8, std::byte{7});
  const cache::Blob bytes = Encode({{"input"}, {"output"}, {nullptr, plan}});
  for (size_t length = 0; length + plan.size() < bytes.bytes.size(); ++length) {
    EXPECT_THAT(Decode({nullptr, bytes.bytes.first(length)}), Fails(ErrorCode::kOperation));
  }
  std::vector<std::byte> wrong(bytes.bytes.begin(), bytes.bytes.end());
  wrong[8] = std::byte{200};  // more inputs than there are
  EXPECT_THAT(Decode({nullptr, wrong}), Fails(ErrorCode::kOperation, "no compiled graph"));
}

// ---- Progress. ----

TEST(TensorRtProgressTest, PhasesWithinPhasesAreOneFraction) {
  PhaseTree tree;
  EXPECT_EQ(tree.Fraction(), 0);
  tree.Start("build", "", 4);
  tree.Step("build", 0);
  EXPECT_DOUBLE_EQ(tree.Fraction(), 0.25);
  tree.Start("tune", "build", 2);
  tree.Step("tune", 0);
  EXPECT_DOUBLE_EQ(tree.Fraction(), 0.375);
  tree.Step("tune", 1);
  tree.Finish("tune");
  EXPECT_DOUBLE_EQ(tree.Fraction(), 0.375);  // it never falls
  tree.Step("build", 1);
  EXPECT_DOUBLE_EQ(tree.Fraction(), 0.5);
  tree.Step("build", 3);
  tree.Step("build", 2);
  EXPECT_DOUBLE_EQ(tree.Fraction(), 1);
  tree.Finish("build");
  tree.Finish("unknown");
  EXPECT_DOUBLE_EQ(tree.Fraction(), 1);
}

TEST(TensorRtProgressTest, APhaseThatIsItsOwnParentEndsNothing) {
  PhaseTree tree;
  tree.Start("a", "a", 0);
  tree.Start("b", "", 1);
  tree.Step("a", 7);
  EXPECT_GE(tree.Fraction(), 0);
}

TEST(TensorRtProgressTest, SilenceIsBrokenEverySecond) {
  std::atomic<int> calls = 0;
  std::atomic<int> inside = 0;
  std::atomic<bool> twice = false;
  {
    ProgressReporter reporter([&](const CompileProgress& progress) {
      twice = twice || ++inside > 1;
      EXPECT_EQ(progress.phase, "build");
      ++calls;
      --inside;
      return true;
    });
    EXPECT_TRUE(reporter.Report("build", 0.5));
    std::this_thread::sleep_for(milliseconds(1950));
  }
  EXPECT_GE(calls, 3);  // at once, and in each of the seconds
  EXPECT_FALSE(twice);
}

TEST(TensorRtProgressTest, CancellingIsRememberedAlsoWhenTheWatcherHeardIt) {
  std::atomic<int> calls = 0;
  ProgressReporter reporter([&](const CompileProgress&) { return ++calls < 2; });
  EXPECT_TRUE(reporter.Report("build", 0));
  EXPECT_THAT(reporter.Check(), Succeeds());
  std::this_thread::sleep_for(milliseconds(1200));
  EXPECT_THAT(reporter.Check(), Fails(ErrorCode::kAborted));
  EXPECT_FALSE(reporter.Report("build", 0.1));
  EXPECT_EQ(calls, 2);  // nobody asks again
}

TEST(TensorRtProgressTest, FractionsDoNotFallAndPhasesAreNotMissed) {
  std::vector<std::pair<std::string, double>> seen;
  ProgressReporter reporter([&](const CompileProgress& progress) {
    seen.emplace_back(progress.phase, progress.fraction);
    return true;
  });
  reporter.Report("parse", 0);
  reporter.Report("build", 0.5);
  std::this_thread::sleep_for(milliseconds(60));
  reporter.Report("build", 0.4);
  for (int i = 0; i < 1000; ++i) reporter.Report("build", 0.6);
  reporter.Report("load", 0);
  ASSERT_GE(seen.size(), 4U);
  EXPECT_EQ(seen[0], std::pair(std::string("parse"), 0.0));
  EXPECT_EQ(seen[1], std::pair(std::string("build"), 0.5));
  EXPECT_EQ(seen[2], std::pair(std::string("build"), 0.5));
  EXPECT_EQ(seen.back(), std::pair(std::string("load"), 0.0));
  EXPECT_LT(seen.size(), 30U);  // not a thousand
}

TEST(TensorRtProgressTest, WithoutACallbackNothingIsCancelled) {
  ProgressReporter reporter(nullptr);
  EXPECT_TRUE(reporter.Report("build", 0.5));
  EXPECT_THAT(reporter.Check(), Succeeds());
}

// ---- Weights in files. ----

TEST(TensorRtWeightsFolderTest, WritesEachAtItsOffsetAndLeavesNothing) {
  const std::vector<std::byte> first(5000, std::byte{1});
  const std::vector<std::byte> second(10, std::byte{2});
  std::string folder;
  {
    WeightsFolder weights;
    EXPECT_EQ(weights.model_path(), "");
    ASSERT_THAT(
        weights.Write({{"a", "weights.bin", 0, lowering::Element::kUint8, {}, first, {}},
                       {"b", "weights.bin", 8192, lowering::Element::kUint8, {}, second, {}}}),
        Succeeds());
    folder = std::filesystem::path(weights.model_path()).parent_path();
    std::ifstream file(folder + "/weights.bin", std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    ASSERT_EQ(text.size(), 8202U);
    EXPECT_EQ(text[4999], 1);
    EXPECT_EQ(text[5000], 0);
    EXPECT_EQ(text[8192], 2);
    EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

// ---- Libraries by their bare names. ----

TEST(TensorRtPreloadTest, AFileOfAnyFolderIsFoundByItsNameAfterwards) {
  const std::string folder = testing::TempDir() + "webnn preload";
  std::filesystem::create_directories(folder);
  const std::string name = "libwebnn_preload_test.so.10";
  std::filesystem::copy_file(WEBNN_FAKE_TENSORRT, folder + "/" + name,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(DynamicLibrary::Open(name), Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(LoadForBareName(folder, "libwebnn_no_such.so"),
              Fails(ErrorCode::kNotSupported, "libwebnn_no_such.so"));
  ASSERT_THAT(LoadForBareName(folder, name), Succeeds());
  const Result<DynamicLibrary> library = DynamicLibrary::Open(name);
  ASSERT_THAT(library, Succeeds());
  EXPECT_THAT(library->Symbol("getInferLibVersion"), Succeeds());
  EXPECT_THAT(LoadForBareName(folder, "libwebnn_no_such.so"), Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(LoadForBareName("/a:b", name), Fails(ErrorCode::kNotSupported, "search path"));
  std::filesystem::remove_all(folder);
}

// ---- The precision of an engine. ----

TEST(TensorRtInspectTest, FindsTypesOfValuesOnly) {
  constexpr std::string_view kHalf =
      R"({"Layers": [{"Name": "x", "Inputs": [{"Name": "i", "Format/Datatype": "Half"}]}]})";
  constexpr std::string_view kFloat =
      R"({"Layers": [{"Name": "Half of BF16", "Inputs": [{"Format/Datatype": "Float"}]}]})";
  constexpr std::string_view kFormat =
      R"({"Inputs":[{"Format/Datatype": "Channel major FP16 format where channel % 8 == 0"}]})";
  EXPECT_TRUE(ComputesIn(kHalf, lowering::Element::kFloat16));
  EXPECT_TRUE(ComputesIn(kFormat, lowering::Element::kFloat16));
  EXPECT_FALSE(ComputesIn(kHalf, lowering::Element::kBfloat16));
  EXPECT_FALSE(ComputesIn(kFloat, lowering::Element::kFloat16));
  EXPECT_FALSE(ComputesIn(kFloat, lowering::Element::kBfloat16));
  EXPECT_FALSE(ComputesIn("", lowering::Element::kFloat16));
  EXPECT_FALSE(ComputesIn("\"Datatype\": \"", lowering::Element::kFloat16));
}

TEST(TensorRtInspectTest, AnEngineInAnotherPrecisionIsAnError) {
  TestModel test;
  const lowering::ValueId x = test.Input("x", DataType::kFloat32, Shape{2});
  const lowering::ValueId y = test.Node("Relu", {x});
  test.Output("y", y, DataType::kFloat32, Shape{2});
  lowering::Model model = std::move(test).Finish();
  model.elements.assign(model.value_count, lowering::Element::kFloat);
  constexpr std::string_view kFloat = R"({"Format/Datatype": "Float"})";
  // Nothing is to be computed in float16.
  EXPECT_THAT(CheckPrecision(model, kFloat, lowering::Element::kFloat16), Succeeds());
  model.elements[y] = lowering::Element::kFloat16;
  EXPECT_THAT(CheckPrecision(model, kFloat, lowering::Element::kFloat16),
              Fails(ErrorCode::kOperation, "precision float16 was asked for"));
  EXPECT_THAT(CheckPrecision(model, R"({"Format/Datatype": "Half"})", lowering::Element::kFloat16),
              Succeeds());
}

}  // namespace
}  // namespace webnn::trt
