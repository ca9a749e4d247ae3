#include "cli/inputs.h"

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "cli/errors.h"
#include "cli/npy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn::cli {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing_support::BreaksRule;
using testing_support::Fails;
using testing_support::Succeeds;

OperandDescriptor Make(DataType type, Shape shape) {
  return OperandDescriptor::Create(type, std::move(shape)).value();
}

Result<std::vector<TensorData>> Fill(const std::vector<NamedDescriptor>& declared,
                                     const std::vector<std::string>& texts) {
  auto given = ReadInputs(texts);
  if (!given) return given.error();
  return FillInputs(declared, *given, {}, false);
}

template <class T>
std::vector<T> Values(const TensorData& tensor) {
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

const std::vector<NamedDescriptor> kTwo = {{"a", Make(DataType::kFloat32, {2})},
                                           {"b", Make(DataType::kInt64, {})}};

TEST(InputsTest, GivesNumbersByName) {
  const auto filled = Fill(kTwo, {"a=value:1.5", "b=value:9007199254740993"});
  ASSERT_THAT(filled, Succeeds());
  EXPECT_THAT(Values<float>((*filled)[0]), Each(1.5f));
  EXPECT_THAT(Values<int64_t>((*filled)[1]), ElementsAre(9007199254740993));
}

TEST(InputsTest, WhatHasNoNameIsForTheOthers) {
  const auto filled = Fill(kTwo, {"ones", "b=zeros"});
  ASSERT_THAT(filled, Succeeds());
  EXPECT_THAT(Values<float>((*filled)[0]), Each(1.f));
  EXPECT_THAT(Values<int64_t>((*filled)[1]), ElementsAre(0));
}

TEST(InputsTest, SaysWhatIsWrong) {
  EXPECT_THAT(Fill(kTwo, {"a=ones"}),
              Fails(ErrorCode::kTypeError, "the input b int64[] is missing"));
  EXPECT_THAT(Fill(kTwo, {"a=ones", "b=ones", "c=ones"}),
              Fails(ErrorCode::kTypeError, "no input \"c\""));
  EXPECT_THAT(Fill(kTwo, {"a=ones", "b=value:1.5"}),
              Fails(ErrorCode::kTypeError, "input b=value:1.5: int64 cannot hold 1.5"));
  EXPECT_THAT(Fill(kTwo, {"a=random:x"}), BreaksRule(std::string(kBadUseRule)));
  EXPECT_THAT(Fill(kTwo, {"a=value:"}), BreaksRule(std::string(kBadUseRule)));
  EXPECT_THAT(Fill(kTwo, {"a="}), BreaksRule(std::string(kBadUseRule)));
  EXPECT_THAT(Fill(kTwo, {"a=/nowhere.npy"}), Fails(ErrorCode::kOperation, "/nowhere.npy"));
}

TEST(InputsTest, AnArchiveFeedsAllByName) {
  const std::string path = testing::TempDir() + "inputs_test.npz";
  ASSERT_THAT(WriteNpz(path, {{"b", {ArrayType::kInt64, {}, std::vector<std::byte>(8)}},
                              {"a", {ArrayType::kFloat32, {2}, std::vector<std::byte>(8)}},
                              {"unused", {ArrayType::kInt8, {0}, {}}}}),
              Succeeds());
  EXPECT_THAT(Fill(kTwo, {path}), Succeeds());
  EXPECT_THAT(Fill(kTwo, {"a=" + path}), Fails(ErrorCode::kTypeError, "holds 3 arrays"));
  EXPECT_THAT(Fill(kTwo, {"a=" + path + ":a", "b=" + path + ":b"}), Succeeds());
  EXPECT_THAT(Fill(kTwo, {"a=" + path + ":c"}), Fails(ErrorCode::kTypeError, "\"c\""));
  std::remove(path.c_str());
}

TEST(InputsTest, RawBytesHaveExactlyTheLength) {
  const std::string path = testing::TempDir() + "inputs_test.raw";
  std::ofstream(path) << "12345678";
  const std::vector<NamedDescriptor> one = {{"a", Make(DataType::kUint8, {8})}};
  const auto filled = Fill(one, {"a=" + path});
  ASSERT_THAT(filled, Succeeds());
  EXPECT_EQ((*filled)[0].bytes[7], std::byte{'8'});
  EXPECT_THAT(Fill({{"a", Make(DataType::kUint8, {9})}}, {path}),
              Fails(ErrorCode::kTypeError, "has 8 bytes"));
  std::remove(path.c_str());
}

TEST(RandomOperandTest, FollowsItsDescription) {
  // SplitMix64 from the seed 0 begins with these; FNV-1a of no bytes is its offset, which `seed`
  // takes out again.
  constexpr uint64_t kSeed = 0xcbf29ce484222325u;
  constexpr uint64_t kFirst = 0xe220a8397b1dcdafu;
  const auto bytes = RandomOperand(Make(DataType::kUint8, {1}), "", kSeed);
  EXPECT_EQ(bytes[0], static_cast<std::byte>(kFirst >> 56));
  const TensorData floats{"", Make(DataType::kFloat32, {1}),
                          RandomOperand(Make(DataType::kFloat32, {1}), "", kSeed), ""};
  EXPECT_FLOAT_EQ(Values<float>(floats)[0],
                  static_cast<float>(static_cast<double>(kFirst) / 0x1p63 - 1));
}

TEST(RandomOperandTest, DependsOnNameAndSeed) {
  const auto descriptor = Make(DataType::kInt8, {64});
  EXPECT_EQ(RandomOperand(descriptor, "x", 1), RandomOperand(descriptor, "x", 1));
  EXPECT_NE(RandomOperand(descriptor, "x", 1), RandomOperand(descriptor, "x", 2));
  EXPECT_NE(RandomOperand(descriptor, "x", 1), RandomOperand(descriptor, "y", 1));
  const TensorData wide{"", Make(DataType::kInt32, {100}),
                        RandomOperand(Make(DataType::kInt32, {100}), "x", 1), ""};
  EXPECT_THAT(Values<int32_t>(wide), Each(testing::AnyOf(0, 1)));
}

}  // namespace
}  // namespace webnn::cli
