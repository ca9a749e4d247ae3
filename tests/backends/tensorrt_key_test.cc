// What a plan is kept under: every fact and option alone makes another key, and the difference
// names it. The graph's part is in tests/graph/fingerprint_test.cc.
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backends/tensorrt/key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/graph_builder.h"

namespace webnn::trt {
namespace {

using cache::Key;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Fails;
using testing_support::Succeeds;

GraphDefinition Scaled(float factor) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  const Operand weight = builder.Constant<float>({2}, {factor, 1}).value();
  return builder.Finish({{"y", *builder.Mul({.a = x, .b = weight})}}).value();
}

constexpr Capability kHopper = 90;
const KeyFacts kFacts = {"tensorrt", "10.6.0.26", "NVIDIA H200", "9.0", "580"};

std::vector<std::string> Changed(const Key& wanted, const Key& stored) {
  std::vector<std::string> names;
  for (const auto& difference : Compare(wanted, stored)) names.push_back(difference.name);
  EXPECT_EQ(names.empty(), wanted.Id() == stored.Id());
  return names;
}

TEST(TensorRtKeyTest, EveryFactCounts) {
  const GraphDefinition graph = Scaled(2);
  const Key before = MakeKey(*graph.data(), Settings(), kFacts);
  const Key timing = TimingKey(kFacts);
  const std::pair<const char*, std::string KeyFacts::*> facts[] = {
      {"backend", &KeyFacts::backend},
      {"version", &KeyFacts::version},
      {"device", &KeyFacts::device},
      {"compute capability", &KeyFacts::capability},
      {"driver", &KeyFacts::driver}};
  for (const auto& [name, fact] : facts) {
    KeyFacts changed = kFacts;
    changed.*fact += "1";
    EXPECT_THAT(Changed(MakeKey(*graph.data(), Settings(), changed), before), ElementsAre(name));
    EXPECT_THAT(Changed(TimingKey(changed), timing), ElementsAre(name));
    EXPECT_EQ(before.Find(name)->value, kFacts.*fact) << "is to be read in `webnn cache ls`";
  }
  EXPECT_NE(timing.Id(), before.Id());
}

TEST(TensorRtKeyTest, EverySettingCounts) {
  const GraphDefinition graph = Scaled(2);
  const Key before = MakeKey(*graph.data(), Settings(), kFacts);
  const std::vector<std::pair<const char*, std::function<void(Settings&)>>> changes = {
      {"precision", [](Settings& s) { s.precision = Precision::kTf32; }},
      {"precision", [](Settings& s) { s.precision = Precision::kBfloat16; }},
      {"precision", [](Settings& s) { s.precision = Precision::kFloat16; }},
      {"optimization level", [](Settings& s) { s.optimization_level = 0; }},
      {"optimization level", [](Settings& s) { s.optimization_level = 5; }},
      {"workspace", [](Settings& s) { s.workspace_bytes = 1; }},
      {"targets", [](Settings& s) { s.targets = {86}; }},
      {"targets", [](Settings& s) { s.targets = {86, 120}; }},
      {"hardware compatible", [](Settings& s) { s.hardware_compatible = true; }},
      {"version compatible", [](Settings& s) { s.version_compatible = true; }}};
  std::set<std::string> ids = {before.Id()};
  for (const auto& [name, change] : changes) {
    Settings changed;
    change(changed);
    const Key key = MakeKey(*graph.data(), changed, kFacts);
    EXPECT_THAT(Changed(key, before), ElementsAre(name));
    EXPECT_TRUE(ids.insert(key.Id()).second) << name;
  }
}

TEST(TensorRtKeyTest, TheGraphCounts) {
  const Key before = MakeKey(*Scaled(2).data(), Settings(), kFacts);
  EXPECT_THAT(Changed(MakeKey(*Scaled(2).data(), Settings(), kFacts), before), IsEmpty());
  EXPECT_THAT(Changed(MakeKey(*Scaled(3).data(), Settings(), kFacts), before),
              ElementsAre("weights"));
  for (const char* name : {"inputs", "outputs", "operators", "weights", "webnn", "lowering"}) {
    EXPECT_NE(before.Find(name), nullptr) << name;
  }
}

// ---- From what is asked for to what is done. ----

Key KeyFor(const CompileOptions& options) {
  const Settings settings = Decide(Flavor::kTensorRt, options, kHopper).value();
  return MakeKey(*Scaled(2).data(), settings, kFacts);
}

TEST(TensorRtDecideTest, EveryOptionReachesTheKey) {
  const Key before = KeyFor({});
  EXPECT_THAT(Changed(KeyFor({.precision = Precision::kFloat32}), before),
              ElementsAre("precision"));
  EXPECT_THAT(Changed(KeyFor({.optimization_level = 0}), before),
              ElementsAre("optimization level"));
  EXPECT_THAT(Changed(KeyFor({.workspace_bytes = 1 << 20}), before), ElementsAre("workspace"));
  EXPECT_THAT(Changed(KeyFor({.hardware_compatible = true}), before),
              ElementsAre("hardware compatible"));
  EXPECT_THAT(Changed(KeyFor({.version_compatible = true}), before),
              ElementsAre("version compatible"));
}

TEST(TensorRtDecideTest, TheSameThingHasOneKey) {
  const Key before = KeyFor({});
  EXPECT_THAT(Changed(KeyFor({.precision = Precision::kFloat16}), before), IsEmpty());
  EXPECT_THAT(Changed(KeyFor({.optimization_level = 3}), before), IsEmpty());
  EXPECT_THAT(Changed(KeyFor({.targets = {"sm90"}}), before), IsEmpty());
  const auto rtx = [](std::vector<std::string> targets) {
    return Decide(Flavor::kTensorRtRtx, {.targets = std::move(targets)}, std::nullopt)
        .value()
        .targets;
  };
  EXPECT_THAT(rtx({"sm86", "sm120"}), ElementsAre(86, 120));
  EXPECT_THAT(rtx({"sm120", "sm86", "sm120"}), ElementsAre(86, 120));
}

TEST(TensorRtDecideTest, AutoIsWhatTheDeviceIsFastAt) {
  const auto precision = [](std::optional<Capability> device, Precision asked = Precision::kAuto) {
    return Decide(Flavor::kTensorRt, {.precision = asked}, device).value().precision;
  };
  EXPECT_EQ(precision(90), Precision::kFloat16);
  EXPECT_EQ(precision(70), Precision::kFloat16);
  EXPECT_EQ(precision(61), Precision::kFloat32);
  EXPECT_EQ(precision(61, Precision::kFloat16), Precision::kFloat16);
  for (const Precision asked : {Precision::kTf32, Precision::kBfloat16}) {
    EXPECT_EQ(precision(80, asked), asked);
    EXPECT_THAT(Decide(Flavor::kTensorRt, {.precision = asked}, 75),
                Fails(ErrorCode::kNotSupported, "compute capability 8.0 or later; this is 7.5"));
  }
}

TEST(TensorRtDecideTest, WhatCannotBeIsRefused) {
  const auto decide = [](Flavor flavor, const CompileOptions& options) {
    return Decide(flavor, options, flavor == Flavor::kTensorRt ? std::optional(90) : std::nullopt);
  };
  EXPECT_THAT(decide(Flavor::kTensorRt, {.optimization_level = 6}),
              Fails(ErrorCode::kTypeError, "optimisation level is 6"));
  for (const char* target : {"", "sm", "ampere", "sm9", "sm86a", "sm_", "sm99999"}) {
    EXPECT_THAT(decide(Flavor::kTensorRtRtx, {.targets = {target}}),
                Fails(ErrorCode::kTypeError, "is no GPU"))
        << target;
  }
  EXPECT_THAT(decide(Flavor::kTensorRt, {.targets = {"sm86"}}),
              Fails(ErrorCode::kNotSupported, "sm86"));
  EXPECT_THAT(decide(Flavor::kTensorRtRtx, {.version_compatible = true}),
              Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(decide(Flavor::kTensorRtRtx, {.hardware_compatible = true}),
              Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(Decide(Flavor::kTensorRt, {}, std::nullopt), Fails(ErrorCode::kNotSupported));
}

// ---- Whether a compiled file runs here. ----

Key Made(Settings settings, const KeyFacts& facts) {
  return MakeKey(*Scaled(2).data(), settings, facts);
}

TEST(TensorRtFitsTest, TheSameLibraryAndDevice) {
  EXPECT_THAT(CheckFits(Made({}, kFacts), kFacts), Succeeds());
  KeyFacts other_driver = kFacts;
  other_driver.driver = "575";
  EXPECT_THAT(CheckFits(Made({}, other_driver), kFacts), Succeeds());
}

TEST(TensorRtFitsTest, AnotherVersion) {
  KeyFacts older = kFacts;
  older.version = "10.5.0.18";
  EXPECT_THAT(CheckFits(Made({}, older), kFacts),
              Fails(ErrorCode::kNotSupported, "made by version 10.5.0.18; this is 10.6.0.26"));
  const auto compatible = CheckFits(Made({.version_compatible = true}, older), kFacts);
  ASSERT_THAT(compatible, Succeeds());
  EXPECT_TRUE(*compatible);
  // Not the other way round, and not across major versions.
  EXPECT_THAT(CheckFits(Made({.version_compatible = true}, kFacts), older),
              Fails(ErrorCode::kNotSupported));
  KeyFacts next = kFacts;
  next.version = "11.2.1.0";
  EXPECT_THAT(CheckFits(Made({.version_compatible = true}, kFacts), next),
              Fails(ErrorCode::kNotSupported));
}

TEST(TensorRtFitsTest, AnotherDevice) {
  const KeyFacts a100 = {"tensorrt", "10.6.0.26", "NVIDIA A100-SXM4-80GB", "8.0", "580"};
  EXPECT_THAT(CheckFits(Made({}, a100), kFacts),
              Fails(ErrorCode::kNotSupported, "made for NVIDIA A100-SXM4-80GB"));
  KeyFacts h100 = kFacts;
  h100.device = "NVIDIA H100 80GB HBM3";
  EXPECT_THAT(CheckFits(Made({}, h100), kFacts), Fails(ErrorCode::kNotSupported, "H200"));
  EXPECT_THAT(CheckFits(Made({.hardware_compatible = true}, a100), kFacts), Succeeds());
  const KeyFacts turing = {"tensorrt", "10.6.0.26", "Tesla T4", "7.5", "580"};
  EXPECT_THAT(CheckFits(Made({.hardware_compatible = true}, a100), turing),
              Fails(ErrorCode::kNotSupported));
}

TEST(TensorRtFitsTest, TargetsOfTensorRtRtx) {
  const KeyFacts nowhere = {"tensorrt-rtx", "1.7.1.116", "none", "none", "none"};
  const KeyFacts rtx5090 = {"tensorrt-rtx", "1.7.1.116", "NVIDIA GeForce RTX 5090", "12.0", "580"};
  EXPECT_THAT(CheckFits(Made({.targets = {86, 120}}, nowhere), rtx5090), Succeeds());
  EXPECT_THAT(CheckFits(Made({}, nowhere), rtx5090), Succeeds());
  EXPECT_THAT(CheckFits(Made({.targets = {86, 89}}, nowhere), rtx5090),
              Fails(ErrorCode::kNotSupported, "made for sm86 sm89; this is"));
  EXPECT_THAT(CheckFits(Made({}, nowhere), kFacts), Fails(ErrorCode::kNotSupported));
}

}  // namespace
}  // namespace webnn::trt
