#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cache/entry_files.h"
#include "cache/store.h"
#include "core/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cache/cache_test.h"
#include "tests/support/result_matchers.h"

/// Whatever happens to the folder and to those who share it, a result is right, and nobody is
/// stuck.
namespace webnn::cache {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Succeeds;

constexpr size_t kPayloadLength = 200'000;

/// What the key of these weights stands for: easily told from everything else.
Blob PayloadOf(std::string_view weights) {
  std::string text = fmt::format("{:.<{}}", weights, kPayloadLength);
  auto owner = std::make_shared<const std::string>(std::move(text));
  const auto bytes = Bytes(*owner);
  return {std::move(owner), bytes};
}
bool IsPayloadOf(std::string_view weights, const Blob& blob) {
  return Text(blob.bytes) == Text(PayloadOf(weights).bytes);
}
BuildFunction Builds(std::string weights) {
  return [weights]() -> Result<Blob> { return PayloadOf(weights); };
}

class FaultTest : public CacheTest {
 protected:
  std::unique_ptr<Store> Open(uint64_t max_bytes = uint64_t{1} << 30) {
    StoreOptions options = {.folder = folder_, .max_bytes = max_bytes};
    options.log = [this](LogLevel, std::string_view message) { warnings_.emplace_back(message); };
    return Store::Open(std::move(options)).value();
  }
  /// Finds or builds; whether the result is right.
  bool IsRight(const Store& store, const std::string& weights) {
    const auto result = store.FindOrBuild(SampleKey(weights), Builds(weights));
    return result.ok() && IsPayloadOf(weights, result->payload);
  }
  std::string EntryOf(const std::string& weights) {
    return EntryPath(folder_, SampleKey(weights).Id());
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  std::vector<std::string> warnings_;
};

/// Runs in a process of its own; its result says whether all went well.
pid_t Start(const std::function<bool()>& run) {
  const pid_t child = fork();
  if (child != 0) return child;
  _exit(run() ? 0 : 1);
}
bool EndsWell(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
void Kill(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}
void WaitForFile(const std::string& path) {
  while (!std::filesystem::exists(path)) std::this_thread::sleep_for(milliseconds(1));
}
void Sleep(int microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
}

// ---- Processes. ----

TEST_F(FaultTest, AWriterKilledAnywhereLeavesTheOldOrTheNew) {
  std::minstd_rand random(7);
  const auto store = Open();
  for (int round = 0; round < 150; ++round) {
    const pid_t writer = Start([&] {
      for (;;) (void)store->Put(SampleKey(), PayloadOf("w").bytes);
      return true;
    });
    Sleep(static_cast<int>(random() % 4000));
    Kill(writer);
    const auto found = store->Find(SampleKey());
    if (found) {
      EXPECT_TRUE(IsPayloadOf("w", *found));
    }
    // Half of the rounds begin without an entry.
    if (round % 2 == 0) std::filesystem::remove(EntryOf("w"));
  }
  EXPECT_THAT(warnings_, IsEmpty());
  // The next writer, of any key, tidies up.
  ASSERT_THAT(store->Put(SampleKey(), PayloadOf("w").bytes), Succeeds());
  EXPECT_THAT(Names(), ElementsAre(SampleKey().Id() + ".entry"));
}

TEST_F(FaultTest, EightProcessesBuildOnce) {
  const auto store = Open();
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(Start([&] {
      const auto result = store->FindOrBuild(SampleKey(), [&]() -> Result<Blob> {
        const int file = open(Path("builds").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (write(file, "x", 1) != 1) return OperationError("cannot count");
        std::this_thread::sleep_for(milliseconds(100));
        return PayloadOf("w");
      });
      return result.ok() && IsPayloadOf("w", result->payload);
    }));
  }
  for (pid_t child : children) EXPECT_TRUE(EndsWell(child));
  EXPECT_EQ(ReadFile(Path("builds")), "x");
}

TEST_F(FaultTest, ABuilderThatIsKilledIsReplaced) {
  const auto store = Open();
  const pid_t builder = Start([&] {
    return store
        ->FindOrBuild(SampleKey(),
                      [&]() -> Result<Blob> {
                        WriteFile(Path("started"), "");
                        for (;;) pause();
                      })
        .ok();
  });
  WaitForFile(Path("started"));
  std::vector<pid_t> waiters;
  for (int i = 0; i < 3; ++i) waiters.push_back(Start([&] { return IsRight(*store, "w"); }));
  std::this_thread::sleep_for(milliseconds(50));
  for (pid_t waiter : waiters) EXPECT_EQ(waitpid(waiter, nullptr, WNOHANG), 0);
  Kill(builder);
  for (pid_t waiter : waiters) EXPECT_TRUE(EndsWell(waiter));
  EXPECT_TRUE(std::filesystem::exists(EntryOf("w")));
  EXPECT_FALSE(std::filesystem::exists(LockPath(folder_, SampleKey().Id())));
}

TEST_F(FaultTest, WhatIsBeingWrittenIsNotTakenForALeftover) {
  const auto store = Open();
  const std::string stale = EntryOf("dead") + ".tmp-1-0";
  const std::string live = EntryOf("live") + ".tmp-1-0";
  WriteFile(stale, "half");
  WriteFile(live, "half");
  WriteFile(LockPath(folder_, SampleKey("dead").Id()), "");
  const auto lock = FileLock::Try(LockPath(folder_, SampleKey("live").Id())).value();
  ASSERT_TRUE(lock);
  EXPECT_TRUE(IsRight(*store, "w"));
  EXPECT_FALSE(std::filesystem::exists(stale));
  EXPECT_FALSE(std::filesystem::exists(LockPath(folder_, SampleKey("dead").Id())));
  EXPECT_TRUE(std::filesystem::exists(live));
  EXPECT_TRUE(std::filesystem::exists(LockPath(folder_, SampleKey("live").Id())));
}

// Processes share six entries in room for four; some are killed, and files are damaged.
TEST_F(FaultTest, NothingWrongComesOutOfAMess) {
  const auto store = Open(4 * (kPayloadLength + 1000));
  const auto use = [&](unsigned seed) {
    std::minstd_rand random(seed);
    for (int i = 0; i < 60; ++i) {
      if (!IsRight(*store, std::to_string(random() % 6))) return false;
    }
    return true;
  };
  std::minstd_rand random(11);
  std::vector<pid_t> children;
  for (unsigned round = 0; round < 60; ++round) {
    children.push_back(Start([&] { return use(round); }));
    Sleep(static_cast<int>(random() % 10'000));
    if (round % 3 == 0) {
      Kill(children.back());
      children.pop_back();
    }
    const std::string victim = EntryOf(std::to_string(random() % 6));
    std::string bytes = ReadFile(victim);
    if (bytes.empty()) continue;
    bytes[random() % bytes.size()] ^= 1;
    // Under another name first: a file that is mapped must not change.
    WriteFile(Path("damaged"), bytes);
    std::filesystem::rename(Path("damaged"), victim);
  }
  for (pid_t child : children) EXPECT_TRUE(EndsWell(child));
  EXPECT_TRUE(IsRight(*store, "last"));
  uint64_t total = 0;
  for (const EntryInfo& entry : store->List()) total += entry.bytes;
  EXPECT_LE(total, 4 * (kPayloadLength + 1000));
  for (const std::string& name : Names()) EXPECT_TRUE(name.ends_with(".entry")) << name;
}

// ---- Files. ----

TEST_F(FaultTest, AFlippedByteAnywhereIsBuiltAnew) {
  const auto store = Open();
  const auto build = []() -> Result<Blob> { return Blob{nullptr, Bytes("payload")}; };
  ASSERT_THAT(store->FindOrBuild(SampleKey(), build), Succeeds());
  const std::string file = ReadFile(EntryOf("w"));
  for (size_t i = 0; i < file.size(); ++i) {
    std::string damaged = file;
    damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
    WriteFile(EntryOf("w"), damaged);
    const auto result = store->FindOrBuild(SampleKey(), build);
    ASSERT_THAT(result, Succeeds());
    EXPECT_TRUE(result->built) << i;
    EXPECT_EQ(Text(result->payload.bytes), "payload");
  }
  EXPECT_EQ(warnings_.size(), file.size());
}

TEST_F(FaultTest, AFileCutShortIsBuiltAnew) {
  const auto store = Open();
  ASSERT_TRUE(IsRight(*store, "w"));
  const size_t size = ReadFile(EntryOf("w")).size();
  for (size_t length : {size_t{0}, size_t{1}, size_t{64}, size / 2, size - 1}) {
    std::filesystem::resize_file(EntryOf("w"), length);
    EXPECT_TRUE(IsRight(*store, "w"));
    EXPECT_EQ(std::filesystem::file_size(EntryOf("w")), size);
  }
  EXPECT_EQ(warnings_.size(), 5u);
}

// ---- The folder. ----

/// Runs as an ordinary user, to whom a folder of that user can be closed.
bool RunsWellAsUser(const std::string& folder, const std::function<bool()>& run) {
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;
  if (is_root) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (chown(entry.path().c_str(), kNobody, kNobody) != 0) return false;
    }
    if (chown(folder.c_str(), kNobody, kNobody) != 0) return false;
  }
  return EndsWell(
      Start([&] { return (!is_root || (setgid(kNobody) == 0 && setuid(kNobody) == 0)) && run(); }));
}

TEST_F(FaultTest, AFolderThatCanOnlyBeReadIsRead) {
  EXPECT_TRUE(IsRight(*Open(), "there"));
  ASSERT_EQ(chmod(folder_.c_str(), 0500), 0);
  EXPECT_TRUE(RunsWellAsUser(folder_, [&] {
    const auto store = Open();
    const auto found = store->Find(SampleKey("there"));
    if (!found || !IsPayloadOf("there", *found) || !warnings_.empty()) return false;
    // Two that are missing: both are built, with one warning.
    return IsRight(*store, "w") && IsRight(*store, "v") && warnings_.size() == 1 &&
           warnings_[0].find("Permission denied") != std::string::npos;
  }));
  ASSERT_EQ(chmod(folder_.c_str(), 0700), 0);
  EXPECT_THAT(Names(), ElementsAre(SampleKey("there").Id() + ".entry"));
}

TEST_F(FaultTest, AFolderThatCannotBeMadeIsDoneWithout) {
  ASSERT_EQ(chmod(folder_.c_str(), 0500), 0);
  EXPECT_TRUE(RunsWellAsUser(folder_, [&] {
    folder_ += "/missing";
    const auto store = Open();
    return IsRight(*store, "w") && IsRight(*store, "w") && warnings_.size() == 1 &&
           warnings_[0].find("cannot make the cache folder") != std::string::npos;
  }));
  ASSERT_EQ(chmod(folder_.c_str(), 0700), 0);
}

TEST_F(FaultTest, AFolderThatIsOpenedToOthersMeanwhileIsDoneWithout) {
  const auto store = Open();
  EXPECT_TRUE(IsRight(*store, "w"));
  ASSERT_EQ(chmod(folder_.c_str(), 0777), 0);
  EXPECT_FALSE(store->Find(SampleKey("w")));
  EXPECT_TRUE(IsRight(*store, "w"));
  EXPECT_TRUE(IsRight(*store, "v"));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("others may write to it")));
}

TEST_F(FaultTest, AFolderThatIsRemovedMeanwhileIsMadeAnew) {
  const auto store = Open();
  EXPECT_TRUE(IsRight(*store, "w"));
  std::filesystem::remove_all(folder_);
  EXPECT_TRUE(IsRight(*store, "w"));
  EXPECT_TRUE(store->Find(SampleKey("w")));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(FaultTest, AFileThatMayNotGrowIsDoneWithout) {
  EXPECT_TRUE(IsRight(*Open(), "there"));
  EXPECT_TRUE(EndsWell(Start([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {kPayloadLength / 2, kPayloadLength / 2};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    const auto store = Open();
    return IsRight(*store, "w") && IsRight(*store, "v") && IsRight(*store, "there") &&
           warnings_.size() == 1 && warnings_[0].find("File too large") != std::string::npos;
  })));
  EXPECT_THAT(Names(), ElementsAre(SampleKey("there").Id() + ".entry"));
}

TEST_F(FaultTest, AFullDiskIsDoneWithout) {
  const pid_t child = fork();
  if (child == 0) {
    // A file system of its own, which ends with the process.
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", folder_.c_str(), "tmpfs", 0, "size=300k,mode=0700") != 0) {
      _exit(77);
    }
    const auto store = Open();
    const bool well = IsRight(*store, "fits") && warnings_.empty() && IsRight(*store, "w") &&
                      IsRight(*store, "v") && store->Find(SampleKey("fits")) &&
                      warnings_.size() == 1 &&
                      warnings_[0].find("No space left") != std::string::npos &&
                      Names() == std::vector{SampleKey("fits").Id() + ".entry"};
    _exit(well ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
    GTEST_SKIP() << "mounting a small file system needs root";
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace webnn::cache
