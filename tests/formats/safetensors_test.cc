#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/formats/definitions.h"
#include "tests/support/result_matchers.h"
#include "webnn/model_io.h"

namespace webnn::formats_test {
namespace {

using testing_support::Fails;
using testing_support::Succeeds;

std::string Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Safetensors, GivesTensorsAndMetadata) {
  const TemporaryFolder folder;
  const auto file = SafetensorsFile::Open(
      folder.Write("a.safetensors", Safetensors(R"({"__metadata__": {"format": "pt"},
                      "second": {"dtype": "F16", "shape": [1, 2], "data_offsets": [3, 7]},
                      "none": {"dtype": "F32", "shape": [4, 0], "data_offsets": [3, 3]},
                      "first": {"dtype": "I8", "shape": [3], "data_offsets": [0, 3]}}   )",
                                                "abcdefg")));
  ASSERT_THAT(file, Succeeds());
  ASSERT_EQ(file->entries().size(), 3u);
  EXPECT_EQ(file->entries()[0].name, "first");
  EXPECT_EQ(file->entries()[1].name, "none");
  EXPECT_EQ(file->entries()[2].name, "second");
  EXPECT_EQ(Text(file->entries()[0].bytes), "abc");
  const SafetensorsEntry* second = file->Find("second");
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->data_type, "F16");
  EXPECT_EQ(second->sizes, (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(Text(second->bytes), "defg");
  EXPECT_EQ(file->Find("third"), nullptr);
  EXPECT_EQ(file->metadata().at("format"), "pt");
}

TEST(Safetensors, ConstantsOutliveTheFile) {
  const TemporaryFolder folder;
  GraphBuilder builder;
  std::vector<GraphBuilder::NamedOutput> outputs;
  {
    const auto file = SafetensorsFile::Open(folder.Write(
        "a.safetensors",
        Safetensors(R"({"i": {"dtype": "I32", "shape": [1], "data_offsets": [0, 4]},
                        "odd": {"dtype": "I8", "shape": [1], "data_offsets": [4, 5]},
                        "unaligned": {"dtype": "I32", "shape": [1], "data_offsets": [5, 9]},
                        "b": {"dtype": "BOOL", "shape": [2], "data_offsets": [9, 11]},
                        "h": {"dtype": "BF16", "shape": [1], "data_offsets": [11, 13]},
                        "d": {"dtype": "F64", "shape": [1], "data_offsets": [13, 21]}})",
                    std::string_view("\1\2\3\4\5\6\7\10\11\0\1\x80\x3f\0\0\0\0\0\0\0\0", 21))));
    ASSERT_THAT(file, Succeeds());
    for (const char* name : {"i", "unaligned", "b", "h"}) {
      const auto constant = file->Constant(builder, name);
      ASSERT_THAT(constant, Succeeds());
      outputs.emplace_back(name, builder.Identity({.input = *constant}).value());
    }
    EXPECT_THAT(file->Constant(builder, "d"), Fails(ErrorCode::kTypeError, "F64"));
    EXPECT_THAT(file->Constant(builder, "z"), Fails(ErrorCode::kTypeError, "\"z\" is not there"));
  }
  const auto definition = builder.Finish(outputs);
  ASSERT_THAT(definition, Succeeds());
  const auto constants = ConstantsOf(*definition);
  ASSERT_EQ(constants.size(), 4u);
  EXPECT_EQ(ToString(constants[0].descriptor), "int32[1]");
  EXPECT_EQ(Text(constants[0].bytes), "\1\2\3\4");
  EXPECT_EQ(Text(constants[1].bytes), "\6\7\10\11");
  EXPECT_EQ(ToString(constants[2].descriptor), "uint8[2]");
  EXPECT_EQ(ToString(constants[3].descriptor), "float32[1]");
  EXPECT_EQ(Text(constants[3].bytes), std::string("\0\0\x80\x3f", 4));
}

struct Bad {
  std::string_view header;
  size_t data_bytes;
  std::string_view message;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.header; }

class BadSafetensors : public testing::TestWithParam<Bad> {};

TEST_P(BadSafetensors, IsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.Write(
      "a.safetensors", Safetensors(GetParam().header, std::string(GetParam().data_bytes, 'x')));
  EXPECT_THAT(SafetensorsFile::Open(path), Fails(ErrorCode::kTypeError, GetParam().message));
}

constexpr Bad kBad[] = {
    {"", 0, "header: parse error"},
    {"[]", 0, "the header is a list, no object"},
    {R"({"a": 1})", 0, "tensor \"a\": it must have"},
    {R"({"a": {"dtype": "F33", "shape": [], "data_offsets": [0, 4]}})", 4, "the dtype F33"},
    {R"({"a": {"dtype": 3, "shape": [], "data_offsets": [0, 4]}})", 4, "the dtype a number"},
    {R"({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}})", 4, "no list of sizes"},
    {R"({"a": {"dtype": "F32", "shape": 1, "data_offsets": [0, 4]}})", 4, "no list of sizes"},
    {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}})", 4, "two offsets"},
    {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}})", 4, "is no part of"},
    {R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 8]}})", 4, "is no part of"},
    {R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}})", 4, "does not take the 4"},
    {R"({"a": {"dtype": "F32", "shape": [4611686018427387904], "data_offsets": [0, 0]}})", 0,
     "does not take the 0"},
    {R"({"a": {"dtype": "F4", "shape": [3], "data_offsets": [0, 1]}})", 1, "does not take the 1"},
    {R"({"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]},
         "b": {"dtype": "U8", "shape": [2], "data_offsets": [1, 3]}})",
     3, "\"b\" begins at byte 1 of the data, where byte 2 is the next"},
    {R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
         "b": {"dtype": "U8", "shape": [1], "data_offsets": [2, 3]}})",
     3, "\"b\" begins at byte 2 of the data, where byte 1 is the next"},
    {R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}})", 3, "2 bytes at the end"},
    {R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
         "a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}})",
     2, "/a: the name is there twice"},
    {R"({"__metadata__": 1})", 0, "__metadata__ is a number"},
    {R"({"__metadata__": {"a": 1}})", 0, "\"a\" is a number, no string"},
};

INSTANTIATE_TEST_SUITE_P(Headers, BadSafetensors, testing::ValuesIn(kBad));

TEST(Safetensors, LengthOfTheHeader) {
  const TemporaryFolder folder;
  const auto open = [&](std::string_view content) {
    return SafetensorsFile::Open(folder.Write("a.safetensors", content));
  };
  EXPECT_THAT(open(""), Fails(ErrorCode::kTypeError, "ends within the header's length"));
  EXPECT_THAT(open("1234567"), Fails(ErrorCode::kTypeError, "ends within the header's length"));
  EXPECT_THAT(open(std::string_view("\3\0\0\0\0\0\0\0{}", 10)),
              Fails(ErrorCode::kTypeError, "the header is to have 3 bytes; 2 are there"));
  EXPECT_THAT(open("\xff\xff\xff\xff\xff\xff\xff\xff{}"),
              Fails(ErrorCode::kTypeError, "18446744073709551615 bytes"));
  EXPECT_THAT(SafetensorsFile::Open(folder / "none"), Fails(ErrorCode::kOperation, "cannot read"));
}

// Only the header is read: 1 GiB of holes opens at once, and its weights become constants.
TEST(Safetensors, OpensOneGibibyteWithoutReadingIt) {
  const TemporaryFolder folder;
  std::string header =
      R"({"w": {"dtype": "F32", "shape": [16384, 16384], "data_offsets": [0, 1073741824]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');  // as writers do, for aligned data
  const std::string path = folder.Write("large.safetensors", Safetensors(header, ""));
  const auto data = static_cast<off_t>(8 + header.size());
  ASSERT_EQ(truncate(path.c_str(), data + (off_t{1} << 30)), 0);
  // The best of several: other programs may have the processor.
  std::chrono::duration<double, std::milli> best(1e9);
  for (int run = 0; run < 5; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    const auto file = SafetensorsFile::Open(path);
    ASSERT_THAT(file, Succeeds());
    GraphBuilder builder;
    EXPECT_THAT(file->Constant(builder, "w"), Succeeds());
    best = std::min<decltype(best)>(best, std::chrono::steady_clock::now() - begin);
  }
  EXPECT_LT(best.count(), 50.0);
  RecordProperty("milliseconds", std::to_string(best.count()));
}

// ---- Written by us. ----

TEST(Safetensors, WrittenFilesAreSortedAndAligned) {
  GraphBuilder builder;
  std::vector<GraphBuilder::NamedOutput> outputs;
  const auto add = [&](Operand constant) {
    outputs.emplace_back(std::to_string(outputs.size()),
                         builder.Identity({.input = constant}).value());
  };
  add(builder.Constant<uint8_t>({3}, {1, 2, 3}).value());
  add(builder.Constant<float>({1}, {1}).value());
  add(builder.Constant<int64_t>({1}, {1}).value());
  add(builder.Constant<float>({2}, {1, 2}).value());
  const TemporaryFolder folder;
  const auto definition = builder.Finish(outputs).value();
  ASSERT_THAT(SaveModel(definition, folder / "m.webnn"), Succeeds());
  EXPECT_THAT(folder.Files(), testing::ElementsAre("m.safetensors", "m.webnn"));
  const auto file = SafetensorsFile::Open(folder / "m.safetensors");
  ASSERT_THAT(file, Succeeds());
  std::vector<std::string> types;
  for (const SafetensorsEntry& entry : file->entries()) {
    types.push_back(entry.data_type);
    const size_t width = entry.data_type == "I64" ? 8 : entry.data_type == "F32" ? 4 : 1;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(entry.bytes.data()) % width, 0u) << entry.name;
  }
  EXPECT_THAT(types, testing::ElementsAre("I64", "F32", "F32", "U8"));
}

}  // namespace
}  // namespace webnn::formats_test
