#include "cli/npy.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn::cli {
namespace {

using testing::ElementsAre;
using testing_support::Fails;
using testing_support::Succeeds;

std::span<const std::byte> Bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// A file as NumPy writes it, around a dictionary and elements.
std::string File(const std::string& dictionary, const std::string& elements, char version = 1) {
  std::string file = std::string("\x93NUMPY") + version + '\0';
  const size_t length = dictionary.size();
  file += static_cast<char>(length & 0xff);
  file += static_cast<char>(length >> 8);
  if (version > 1) file += std::string(2, '\0');
  return file + dictionary + elements;
}

std::string Dictionary(const std::string& type, const std::string& shape,
                       const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

std::vector<double> Numbers(const Array& array) {
  std::vector<double> numbers;
  for (size_t i = 0; i < array.element_count(); ++i) numbers.push_back(array.element(i).ToDouble());
  return numbers;
}

TEST(ParseNpyTest, ReadsEveryVersion) {
  for (const char version : {1, 2, 3}) {
    const auto array =
        ParseNpy(Bytes(File(Dictionary("<i2", "(3,)"), {"\1\0\2\0\xff\xff", 6}, version)));
    ASSERT_THAT(array, Succeeds()) << int{version};
    EXPECT_THAT(array->sizes, ElementsAre(3));
    EXPECT_THAT(Numbers(*array), ElementsAre(1, 2, -1));
  }
}

TEST(ParseNpyTest, SwapsBigEndianNumbers) {
  const auto array =
      ParseNpy(Bytes(File(Dictionary(">f4", "(2,)"), {"\x3f\x80\0\0\xc0\0\0\0", 8})));
  ASSERT_THAT(array, Succeeds());
  EXPECT_THAT(Numbers(*array), ElementsAre(1, -2));
}

TEST(ParseNpyTest, TurnsFortranOrderAround) {
  // [[1, 2, 3], [4, 5, 6]] column by column.
  const auto array =
      ParseNpy(Bytes(File(Dictionary("|u1", "(2, 3)", "True"), {"\1\4\2\5\3\6", 6})));
  ASSERT_THAT(array, Succeeds());
  EXPECT_THAT(Numbers(*array), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(ParseNpyTest, ReadsScalarsAndEmptyArrays) {
  const auto scalar = ParseNpy(Bytes(File(Dictionary("|b1", "()"), "\1")));
  ASSERT_THAT(scalar, Succeeds());
  EXPECT_TRUE(scalar->sizes.empty());
  EXPECT_THAT(ParseNpy(Bytes(File(Dictionary("<f8", "(0, 4)"), ""))), Succeeds());
}

TEST(ParseNpyTest, ReadsTheDictionaryInAnyOrder) {
  EXPECT_THAT(
      ParseNpy(Bytes(File("{\"shape\": (1L,), 'fortran_order': False, 'descr': '=i1'}", "x"))),
      Succeeds());
}

TEST(ParseNpyTest, RefusesWhatIsDamaged) {
  const std::string whole = File(Dictionary("<i2", "(3,)"), "abcdef");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ParseNpy(Bytes(whole.substr(0, size))), Fails(ErrorCode::kTypeError)) << size;
  }
  EXPECT_THAT(ParseNpy(Bytes("this is text")), Fails(ErrorCode::kTypeError, "does not begin"));
  EXPECT_THAT(ParseNpy(Bytes(whole + "x")), Fails(ErrorCode::kTypeError, "needs 6 bytes"));
  EXPECT_THAT(ParseNpy(Bytes(File(Dictionary("<i2", "(3,)"), "abcdef", 4))),
              Fails(ErrorCode::kTypeError, "version"));
  EXPECT_THAT(ParseNpy(Bytes(File(Dictionary("<i8", "(4294967296, 4294967296, 4294967296)"), ""))),
              Fails(ErrorCode::kTypeError, "far too many"));
  EXPECT_THAT(ParseNpy(Bytes(File(Dictionary("<i8", "(-1,)"), ""))),
              Fails(ErrorCode::kTypeError, "shape"));
  EXPECT_THAT(ParseNpy(Bytes(File("{'descr': '<i8'}", ""))),
              Fails(ErrorCode::kTypeError, "needed"));
  // A header of 4 GiB is not even looked for.
  EXPECT_THAT(ParseNpy(Bytes(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12))),
              Fails(ErrorCode::kTypeError, "header takes"));
}

TEST(ParseNpyTest, NamesTypesThatItDoesNotRead) {
  EXPECT_THAT(ParseNpy(Bytes(File(Dictionary("<c8", "(1,)"), "abcdefgh"))),
              Fails(ErrorCode::kNotSupported, "\"c8\""));
  EXPECT_THAT(ParseNpy(Bytes(File(Dictionary("|O", "(1,)"), "abcdefgh"))),
              Fails(ErrorCode::kNotSupported, "\"O\""));
  EXPECT_THAT(ParseNpy(Bytes(
                  File("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", "abcd"))),
              Fails(ErrorCode::kNotSupported, "records"));
}

TEST(NpyHeaderTest, IsWhatNumPyWrites) {
  const Array array{.type = ArrayType::kFloat32, .sizes = {3}, .bytes = std::vector<std::byte>(12)};
  const std::string header = NpyHeader(array);
  EXPECT_EQ(header.size() % 64, 0u);
  EXPECT_EQ(header.substr(10, 59), "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }  ");
  EXPECT_EQ(header.back(), '\n');
}

class NpzTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Read() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  const std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "npz_test";
  const std::string path_ = folder_ / "a.npz";
  const NamedArrays arrays_ = {{"one", {ArrayType::kUint8, {2}, {std::byte{7}, std::byte{9}}}},
                               {"two", {ArrayType::kFloat64, {}, std::vector<std::byte>(8)}}};
};

TEST_F(NpzTest, GivesBackWhatWasWritten) {
  ASSERT_THAT(WriteNpz(path_, arrays_), Succeeds());
  const auto all = ParseNpz(Bytes(Read()));
  ASSERT_THAT(all, Succeeds());
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].first, "one");
  EXPECT_THAT(Numbers((*all)[0].second), ElementsAre(7, 9));
  EXPECT_EQ((*all)[1].second.type, ArrayType::kFloat64);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(NpzTest, ReadsOneArrayByName) {
  ASSERT_THAT(WriteNpz(path_, arrays_), Succeeds());
  const std::string two = "two";
  const auto array = ParseNpz(Bytes(Read()), {&two, 1});
  ASSERT_THAT(array, Succeeds());
  EXPECT_EQ(array->size(), 1u);
  const std::string three = "three";
  EXPECT_THAT(ParseNpz(Bytes(Read()), {&three, 1}), Fails(ErrorCode::kTypeError, "one, two"));
}

TEST_F(NpzTest, RefusesEveryShortenedArchive) {
  ASSERT_THAT(WriteNpz(path_, arrays_), Succeeds());
  const std::string whole = Read();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ParseNpz(Bytes(whole.substr(0, size))), Fails(ErrorCode::kTypeError)) << size;
  }
}

TEST_F(NpzTest, SeesChangedContent) {
  ASSERT_THAT(WriteNpz(path_, arrays_), Succeeds());
  std::string changed = Read();
  // The first element of "one", behind a local header of 30 + 7 and an array header of 128 bytes.
  const size_t at = 30 + 7 + NpyHeader(arrays_[0].second).size();
  ASSERT_EQ(changed[at], 7);
  changed[at] = 8;
  EXPECT_THAT(ParseNpz(Bytes(changed)), Fails(ErrorCode::kTypeError, "checksum"));
}

}  // namespace
}  // namespace webnn::cli
