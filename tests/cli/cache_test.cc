#include "tests/cache/cache_test.h"

#include <filesystem>
#include <string>
#include <vector>

#include "cache/store.h"
#include "cli/program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/support/result_matchers.h"

namespace webnn::cli {
namespace {

using cache::Bytes;
using cache::SampleKey;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CliCacheTest : public cache::CacheTest {
 protected:
  void SetUp() override {
    CacheTest::SetUp();
    const auto store = cache::Store::Open({.folder = folder_}).value();
    cache::Key first = SampleKey("a");
    first.Add("outputs", "\"y\" float32[1000]");
    for (const cache::Key& key : {first, SampleKey("b"), SampleKey("c")}) {
      ids_.push_back(key.Id());
      ASSERT_TRUE(store->Put(key, Bytes("payload")).ok());
    }
  }
  std::string Entry(size_t i) const { return Path(ids_[i] + ".entry"); }

  /// Runs `webnn cache ARGUMENTS --folder FOLDER`.
  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "cache");
    arguments.insert(arguments.end(), {"--folder", folder_});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = RunProgram(arguments);
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr();
    return status;
  }
  std::vector<std::string> ids_;
  std::string out_;
  std::string error_;
};

TEST_F(CliCacheTest, ListsEntries) {
  ASSERT_EQ(Run({"ls"}), 0) << error_;
  for (const std::string& id : ids_) EXPECT_THAT(out_, HasSubstr(id.substr(0, 12)));
  EXPECT_THAT(out_, AllOf(HasSubstr("sample"), HasSubstr("\"y\" float32[1000]"),
                          HasSubstr("3 entries"), HasSubstr(folder_)));
  ASSERT_EQ(Run({"ls", "--json"}), 0) << error_;
  const json list = json::parse(out_);
  EXPECT_EQ(list["folder"], folder_);
  ASSERT_EQ(list["entries"].size(), 3u);
  for (const json& entry : list["entries"]) {
    EXPECT_EQ(entry["key"]["driver"], "580");
    EXPECT_EQ(entry["bytes"],
              std::filesystem::file_size(Path(entry["id"].get<std::string>() + ".entry")));
  }
}

TEST_F(CliCacheTest, ShowsAKeyInFull) {
  ASSERT_EQ(Run({"ls", ids_[1].substr(0, 8)}), 0) << error_;
  EXPECT_THAT(out_, AllOf(HasSubstr(ids_[1]), HasSubstr("driver"), HasSubstr("580"),
                          HasSubstr(ToHex(HashBytes("b"))), Not(HasSubstr(ids_[0]))));
}

TEST_F(CliCacheTest, RemovesWhatIsNamed) {
  ASSERT_EQ(Run({"rm", ids_[0], ids_[2].substr(0, 10)}), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("2 entries removed"));
  EXPECT_FALSE(std::filesystem::exists(Entry(0)));
  EXPECT_TRUE(std::filesystem::exists(Entry(1)));
  EXPECT_FALSE(std::filesystem::exists(Entry(2)));
}

TEST_F(CliCacheTest, RemovesNothingWhereAWordIsWrong) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"rm"}, {"rm", ids_[0], "nothing"}, {"rm", ""}}) {
    EXPECT_EQ(Run(arguments), 2);
    EXPECT_NE(error_, "");
  }
  EXPECT_TRUE(std::filesystem::exists(Entry(0)));
}

TEST_F(CliCacheTest, VerifiesAndClears) {
  ASSERT_EQ(Run({"verify"}), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("3 entries checked, 0 damaged"));
  std::string bytes = cache::ReadFile(Entry(1));
  bytes.back() = 'X';
  cache::WriteFile(Entry(1), bytes);
  ASSERT_EQ(Run({"verify"}), 1) << error_;
  EXPECT_THAT(out_, AllOf(HasSubstr(ids_[1] + ": the payload is damaged"),
                          HasSubstr("3 entries checked, 1 damaged and removed")));
  ASSERT_EQ(Run({"clear"}), 0) << error_;
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  ASSERT_EQ(Run({"ls"}), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("0 entries"));
}

TEST_F(CliCacheTest, ExplainsOnlyWhatABackEndKeeps) {
  cache::WriteFile(Path("model.webnn"), R"(webnn_graph "m" v2 {
  inputs { x: f32[2]; }
  consts {}
  nodes { y = relu(x); }
  outputs { y; }
})");
  EXPECT_EQ(Run({"explain", Path("model.webnn"), "--backend", "onnxruntime"}), 1);
  EXPECT_THAT(error_, HasSubstr("keeps no compiled graphs"));
  EXPECT_EQ(Run({"explain"}), 2);
  EXPECT_THAT(error_, HasSubstr("takes one model"));
}

TEST_F(CliCacheTest, RefusesBadUseAndUnsafeFolders) {
  EXPECT_EQ(Run({"list"}), 2);
  EXPECT_THAT(error_, HasSubstr("ls, rm, verify, clear, explain"));
  EXPECT_EQ(Run({}), 2);
  std::filesystem::permissions(folder_, std::filesystem::perms::all);
  EXPECT_EQ(Run({"ls"}), 1);
  EXPECT_THAT(error_, HasSubstr("others may write to it"));
}

}  // namespace
}  // namespace webnn::cli
