#include "conformance/options.h"

#include <vector>

#include "gtest/gtest.h"

namespace webnn::conformance {
namespace {

std::variant<Options, int> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "webnn-conformance");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto parsed = ParseOptions(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  testing::internal::GetCapturedStderr();
  return parsed;
}

TEST(ShardTest, PartsAreDisjointAndCoverTheRun) {
  for (size_t count = 1; count <= 7; ++count) {
    for (size_t place = 0; place < 50; ++place) {
      size_t owners = 0;
      for (size_t index = 1; index <= count; ++index) owners += Shard{index, count}.Has(place);
      EXPECT_EQ(owners, 1u);
    }
  }
}

TEST(ShardTest, ReadsPartOfWhole) {
  EXPECT_EQ(ParseShard("2/3").value().index, 2u);
  EXPECT_EQ(ParseShard("2/3").value().count, 3u);
  for (const char* text : {"", "1", "0/3", "4/3", "1/", "/3", "a/b", "1/3x", "-1/3", "1/0"}) {
    EXPECT_FALSE(ParseShard(text).ok()) << text;
  }
}

TEST(ParseOptionsTest, ReadsRepeatedCases) {
  const auto parsed = Parse({"--cases", "a", "--cases", "b", "--jobs", "3", "--shard", "2/2"});
  const auto& options = std::get<Options>(parsed);
  EXPECT_EQ(options.cases, (std::vector<std::filesystem::path>{"a", "b"}));
  EXPECT_EQ(options.jobs, 3u);
  EXPECT_EQ(options.shard.index, 2u);
  EXPECT_FALSE(options.known_required);
}

TEST(ParseOptionsTest, ReadsTheFormatToGoThrough) {
  const auto parsed = Parse({"--cases", "a", "--through", "json"});
  EXPECT_EQ(std::get<Options>(parsed).through, ModelFormat::kWebnnJson);
  EXPECT_EQ(std::get<Options>(Parse({"--cases", "a"})).through, ModelFormat::kAuto);
}

TEST(ParseOptionsTest, ReadsHowToCompile) {
  const auto parsed = Parse({"--cases", "a", "--backend", "tensorrt", "--precision", "tf32",
                             "--optimization-level", "0", "--cache-dir", "c"});
  const auto& options = std::get<Options>(parsed);
  EXPECT_EQ(options.precision, Precision::kTf32);
  EXPECT_EQ(options.optimization_level, 0u);
  EXPECT_EQ(options.cache_dir, "c");
  const auto plain = std::get<Options>(Parse({"--cases", "a"}));
  EXPECT_EQ(plain.precision, Precision::kFloat32);
  EXPECT_FALSE(plain.optimization_level.has_value());
  EXPECT_EQ(plain.cache_dir, "");
}

TEST(ParseOptionsTest, AProcessHasOneThreadUnlessToldOtherwise) {
  const auto options = std::get<Options>(Parse({"--cases", "a", "--processes", "14"}));
  EXPECT_EQ(options.processes, 14u);
  EXPECT_EQ(options.jobs, 1u);
  EXPECT_EQ(std::get<Options>(Parse({"--cases", "a", "--processes", "2", "--jobs", "7"})).jobs, 7u);
  EXPECT_EQ(std::get<Options>(Parse({"--cases", "a"})).processes, 0u);
}

TEST(ParseOptionsTest, WrongOptionsExitWith2) {
  EXPECT_EQ(std::get<int>(Parse({"--cases", "a", "--precision", "half"})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({"--cases", "a", "--optimization-level", "6"})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({"--cases", "a", "--processes", "0"})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({"--cases", "a", "--through", "auto"})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({"--cases", "a", "--unknown"})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({"--cases", "a", "b"})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({"--cases", "a", "--jobs", "0"})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({"--cases", "a", "--shard", "3/2"})), kExitUsage);
  EXPECT_EQ(std::get<int>(Parse({"--help"})), kExitOk);
}

}  // namespace
}  // namespace webnn::conformance
