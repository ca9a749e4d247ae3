#include "cache/store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cache/cache_test.h"
#include "tests/support/result_matchers.h"

namespace webnn::cache {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Fails;
using testing_support::Succeeds;

Blob Payload(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const auto bytes = Bytes(*owner);
  return {std::move(owner), bytes};
}

BuildFunction Builds(std::string text) {
  return [text]() -> Result<Blob> { return Payload(text); };
}
Result<Blob> MustNotBuild() { return OperationError("this was not to be built"); }

class StoreTest : public CacheTest {
 protected:
  // In a folder that is still to be made.
  std::unique_ptr<Store> Open(uint64_t max_bytes = 1 << 20) {
    StoreOptions options = {.folder = Path("above/cache"), .max_bytes = max_bytes};
    options.log = [this](LogLevel level, std::string_view message) {
      (level >= LogLevel::kWarning ? warnings_ : infos_).emplace_back(message);
    };
    options.log_level = LogLevel::kInfo;
    return Store::Open(std::move(options)).value();
  }
  std::string EntryOf(const Key& key) { return Path("above/cache/" + key.Id() + ".entry"); }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(Path("above/cache"))) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  std::vector<std::string> warnings_;
  std::vector<std::string> infos_;
};

TEST_F(StoreTest, FindsWhatWasPut) {
  const auto store = Open();
  EXPECT_FALSE(store->Find(SampleKey()));
  ASSERT_THAT(store->Put(SampleKey(), Bytes("payload")), Succeeds());
  const auto found = store->Find(SampleKey());
  ASSERT_TRUE(found);
  EXPECT_EQ(Text(found->bytes), "payload");
  EXPECT_FALSE(store->Find(SampleKey("other")));
  // Another store of the folder, as another process has.
  EXPECT_TRUE(Open()->Find(SampleKey()));
  EXPECT_THAT(Names(), ElementsAre(SampleKey().Id() + ".entry"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StoreTest, BuildsOnceThenFinds) {
  const auto store = Open();
  const auto built = store->FindOrBuild(SampleKey(), Builds("payload"));
  ASSERT_THAT(built, Succeeds());
  EXPECT_TRUE(built->built);
  EXPECT_EQ(Text(built->payload.bytes), "payload");
  const auto found = store->FindOrBuild(SampleKey(), MustNotBuild);
  ASSERT_THAT(found, Succeeds());
  EXPECT_FALSE(found->built);
  EXPECT_EQ(Text(found->payload.bytes), "payload");
  EXPECT_THAT(Names(), ElementsAre(SampleKey().Id() + ".entry"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StoreTest, ABuildThatFailsLeavesNothing) {
  const auto store = Open();
  const auto failed =
      store->FindOrBuild(SampleKey(), [] { return Result<Blob>(OperationError("no memory")); });
  EXPECT_THAT(failed, Fails(ErrorCode::kOperation, "no memory"));
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_THAT(store->FindOrBuild(SampleKey(), Builds("payload")), Succeeds());
}

TEST_F(StoreTest, NothingIsNotKept) {
  const auto store = Open();
  EXPECT_TRUE(store->FindOrBuild(SampleKey(), Builds(""))->built);
  EXPECT_TRUE(store->FindOrBuild(SampleKey(), Builds(""))->built);
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StoreTest, OnlyTheUserMayLookAtIt) {
  const auto store = Open();
  ASSERT_THAT(store->Put(SampleKey(), Bytes("payload")), Succeeds());
  struct stat status = {};
  ASSERT_EQ(stat(EntryOf(SampleKey()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  for (const char* folder : {"above", "above/cache"}) {
    ASSERT_EQ(stat(Path(folder).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u) << folder;
  }
}

TEST_F(StoreTest, ADamagedEntryIsRemovedAndBuiltAnew) {
  const auto store = Open();
  ASSERT_THAT(store->Put(SampleKey(), Bytes("payload")), Succeeds());
  std::string file = ReadFile(EntryOf(SampleKey()));
  file.back() = 'X';
  WriteFile(EntryOf(SampleKey()), file);
  const auto built = store->FindOrBuild(SampleKey(), Builds("payload"));
  ASSERT_THAT(built, Succeeds());
  EXPECT_TRUE(built->built);
  EXPECT_THAT(warnings_,
              ElementsAre(AllOf(HasSubstr(EntryOf(SampleKey())), HasSubstr("payload is damaged"))));
  EXPECT_EQ(Text(store->Find(SampleKey())->bytes), "payload");
}

// As if two keys had one hash: the fields decide.
TEST_F(StoreTest, AnEntryOfAnotherKeyIsNotTaken) {
  const auto store = Open();
  ASSERT_THAT(store->Put(SampleKey("other"), Bytes("wrong")), Succeeds());
  std::filesystem::rename(EntryOf(SampleKey("other")), EntryOf(SampleKey()));
  EXPECT_FALSE(store->Find(SampleKey()));
  const auto built = store->FindOrBuild(SampleKey(), Builds("right"));
  ASSERT_THAT(built, Succeeds());
  EXPECT_EQ(Text(built->payload.bytes), "right");
  EXPECT_THAT(warnings_, testing::Each(HasSubstr("holds another key")));
  EXPECT_EQ(Text(store->FindOrBuild(SampleKey(), MustNotBuild)->payload.bytes), "right");
}

TEST_F(StoreTest, ALinkOrAFileThatOthersMayWriteToIsNoEntry) {
  const auto store = Open();
  ASSERT_THAT(store->Put(SampleKey(), Bytes("payload")), Succeeds());
  const std::string path = EntryOf(SampleKey());
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_FALSE(store->Find(SampleKey()));
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_TRUE(store->Find(SampleKey()));
  std::filesystem::rename(path, Path("elsewhere"));
  std::filesystem::create_symlink(Path("elsewhere"), path);
  EXPECT_FALSE(store->Find(SampleKey()));
  // Putting it anew replaces the link, not what it points to.
  ASSERT_THAT(store->Put(SampleKey(), Bytes("new")), Succeeds());
  EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(path)));
  EXPECT_EQ(Text(store->Find(SampleKey())->bytes), "new");
}

TEST_F(StoreTest, TheLeastRecentlyUsedGoFirst) {
  const std::string payload(1000, 'p');
  const auto store = Open(3 * 1200);
  for (const char* weights : {"a", "b", "c"}) {
    ASSERT_THAT(store->Put(SampleKey(weights), Bytes(payload)), Succeeds());
    std::this_thread::sleep_for(milliseconds(20));
  }
  ASSERT_TRUE(store->Find(SampleKey("a")));
  std::this_thread::sleep_for(milliseconds(20));
  ASSERT_THAT(store->Put(SampleKey("d"), Bytes(payload)), Succeeds());
  std::vector<std::string> ids;
  for (const EntryInfo& entry : store->List()) ids.push_back(entry.id);
  EXPECT_THAT(ids, ElementsAre(SampleKey("d").Id(), SampleKey("a").Id(), SampleKey("c").Id()));
}

TEST_F(StoreTest, WhatIsLargerThanTheCacheIsPassedOn) {
  const auto store = Open(100);
  ASSERT_THAT(store->Put(SampleKey("small"), Bytes("")), Succeeds());
  const auto built = store->FindOrBuild(SampleKey(), Builds(std::string(101, 'p')));
  ASSERT_THAT(built, Succeeds());
  EXPECT_EQ(built->payload.bytes.size(), 101u);
  EXPECT_THAT(warnings_,
              ElementsAre(HasSubstr("101 bytes are more than the cache may hold (100)")));
  EXPECT_FALSE(store->Find(SampleKey()));
}

TEST_F(StoreTest, ListsKeysAndWhatIsNone) {
  const auto store = Open();
  EXPECT_THAT(store->List(), IsEmpty());
  ASSERT_THAT(store->Put(SampleKey(), Bytes("payload")), Succeeds());
  WriteFile(Path("above/cache/notes.txt"), "not ours");
  WriteFile(EntryOf(SampleKey("other")), "damaged");
  ASSERT_EQ(chmod(EntryOf(SampleKey("other")).c_str(), 0600), 0);
  const auto entries = store->List();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].id, SampleKey("other").Id());
  EXPECT_FALSE(entries[0].key);
  EXPECT_THAT(entries[0].problem, HasSubstr("7 bytes are too few"));
  EXPECT_EQ(entries[1].key, SampleKey());
  EXPECT_EQ(entries[1].bytes, std::filesystem::file_size(EntryOf(SampleKey())));
  EXPECT_LT(std::chrono::system_clock::now() - entries[1].used, std::chrono::minutes(10));
}

TEST_F(StoreTest, VerifyRemovesWhatIsDamaged) {
  const auto store = Open();
  for (const char* weights : {"a", "b", "c"}) {
    ASSERT_THAT(store->Put(SampleKey(weights), Bytes("payload")), Succeeds());
  }
  EXPECT_THAT(store->Verify(), IsEmpty());
  std::string file = ReadFile(EntryOf(SampleKey("b")));
  file.back() = 'X';
  WriteFile(EntryOf(SampleKey("b")), file);
  std::filesystem::rename(EntryOf(SampleKey("c")), EntryOf(SampleKey("d")));
  std::vector<std::string> problems;
  for (const EntryInfo& entry : store->Verify()) problems.push_back(entry.problem);
  EXPECT_THAT(problems,
              testing::UnorderedElementsAre("the payload is damaged",
                                            "the name of the file is not that of its key"));
  EXPECT_THAT(Names(), ElementsAre(SampleKey("a").Id() + ".entry"));
}

TEST_F(StoreTest, RemovesOneOrAll) {
  const auto store = Open();
  for (const char* weights : {"a", "b", "c"}) {
    ASSERT_THAT(store->Put(SampleKey(weights), Bytes("payload")), Succeeds());
  }
  const auto size = std::filesystem::file_size(EntryOf(SampleKey("b")));
  EXPECT_THAT(store->Remove(SampleKey("a").Id()), Succeeds());
  EXPECT_THAT(store->Remove(SampleKey("a").Id()), Fails(ErrorCode::kOperation, "No such file"));
  EXPECT_THAT(store->Remove("../elsewhere"), Fails(ErrorCode::kOperation, "is not the id"));
  WriteFile(Path("above/cache/notes.txt"), "not ours");
  EXPECT_EQ(store->Clear(), 2 * size);
  EXPECT_THAT(Names(), ElementsAre("notes.txt"));
}

TEST_F(StoreTest, ExplainsAMissByTheNearestEntry) {
  const auto store = Open();
  EXPECT_EQ(ToString(store->Explain(SampleKey())),
            "not found; the cache has nothing of this back end");
  Key far;
  far.Add("backend", "sample").Add("driver", "570").Add("weights", HashBytes("v"));
  Key near;
  near.Add("backend", "sample").Add("driver", "570").Add("weights", HashBytes("w"));
  Key other;
  other.Add("backend", "other").Add("driver", "580").Add("weights", HashBytes("w"));
  for (const Key* key : {&near, &far, &other}) {
    ASSERT_THAT(store->Put(*key, Bytes("payload")), Succeeds());
  }
  const Explanation explanation = store->Explain(SampleKey());
  EXPECT_FALSE(explanation.found);
  ASSERT_TRUE(explanation.nearest);
  EXPECT_EQ(explanation.nearest->key, near);
  EXPECT_EQ(ToString(explanation), "not found; the nearest entry, " + near.Id() +
                                       ", differs:\n  driver: wanted 580, stored 570");
  EXPECT_TRUE(store->Explain(near).found);
  // A build says the same.
  ASSERT_THAT(store->FindOrBuild(SampleKey(), Builds("payload")), Succeeds());
  EXPECT_THAT(infos_, ElementsAre(HasSubstr("driver: wanted 580, stored 570")));
}

TEST_F(StoreTest, ThreadsBuildOnce) {
  const auto store = Open();
  std::atomic<int> builds = 0;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto result = store->FindOrBuild(SampleKey(), [&]() -> Result<Blob> {
        ++builds;
        std::this_thread::sleep_for(milliseconds(50));
        return Payload("payload");
      });
      if (result.ok() && Text(result->payload.bytes) == "payload") ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(builds, 1);
  EXPECT_EQ(right, 8);
  EXPECT_THAT(Names(), ElementsAre(SampleKey().Id() + ".entry"));
}

TEST_F(StoreTest, AWaitCanBeGivenUp) {
  const auto store = Open();
  std::atomic<bool> building = false;
  std::atomic<bool> finish = false;
  std::thread builder([&] {
    const auto built = store->FindOrBuild(SampleKey(), [&]() -> Result<Blob> {
      building = true;
      while (!finish) std::this_thread::sleep_for(milliseconds(1));
      return Payload("payload");
    });
    EXPECT_THAT(built, Succeeds());
  });
  while (!building) std::this_thread::sleep_for(milliseconds(1));
  std::vector<milliseconds> waits;
  const auto result = store->FindOrBuild(SampleKey(), MustNotBuild, [&](milliseconds waited) {
    waits.push_back(waited);
    return waited < milliseconds(300);
  });
  EXPECT_THAT(result, Fails(ErrorCode::kOperation, "cancelled"));
  EXPECT_TRUE(std::is_sorted(waits.begin(), waits.end()));
  EXPECT_GE(waits.size(), 6u);
  EXPECT_LT(waits.back(), milliseconds(2000));
  // An entry of another key is not held up.
  EXPECT_THAT(store->FindOrBuild(SampleKey("other"), Builds("other")), Succeeds());
  finish = true;
  builder.join();
  EXPECT_EQ(Text(store->FindOrBuild(SampleKey(), MustNotBuild)->payload.bytes), "payload");
}

}  // namespace
}  // namespace webnn::cache
