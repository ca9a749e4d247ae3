#include "cache/store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "cache/entry_files.h"
#include "cache/folder.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/mapped_file.h"
#include "core/try.h"

namespace webnn::cache {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

EntryInfo Describe(const EntryFile& file, Result<Key> key) {
  EntryInfo info = {.id = file.id, .bytes = file.bytes, .used = file.used};
  if (!key) {
    info.problem = key.error().message;
  } else if (key->Id() != file.id) {
    info.problem = "the name of the file is not that of its key";
  } else {
    info.key = *std::move(key);
  }
  return info;
}

Result<std::shared_ptr<const MappedFile>> OpenEntry(const std::string& path) {
  if (!IsOwnFile(path)) {
    return OperationError("\"{}\" is not a file of this user that others cannot write to", path);
  }
  return MappedFile::Open(path);
}

Result<Key> ReadKey(const std::string& path) {
  WEBNN_ASSIGN_OR_RETURN(const auto file, OpenEntry(path));
  return ParseKey(file->bytes());
}

// The same after a look at every byte.
Result<Key> ReadWholeKey(const std::string& path) {
  WEBNN_ASSIGN_OR_RETURN(const auto file, OpenEntry(path));
  WEBNN_ASSIGN_OR_RETURN(Entry entry, ParseEntry(file->bytes()));
  return std::move(entry.key);
}

size_t EqualFields(const Key& wanted, const Key& stored) {
  const auto fields = wanted.fields();
  return static_cast<size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const KeyField& field) {
        const KeyField* other = stored.Find(field.name);
        return other != nullptr && *other == field;
      }));
}

bool SameBackend(const Key& a, const Key& b) {
  const KeyField* one = a.Find("backend");
  const KeyField* other = b.Find("backend");
  return one != nullptr && other != nullptr ? *one == *other : one == other;
}

}  // namespace

std::string ToString(const Explanation& explanation) {
  if (explanation.found) return "found";
  if (!explanation.nearest) return "not found; the cache has nothing of this back end";
  std::string text =
      fmt::format("not found; the nearest entry, {}, differs:", explanation.nearest->id);
  for (const KeyDifference& difference : explanation.differences) {
    text += "\n  " + ToString(difference);
  }
  return text;
}

Result<std::unique_ptr<Store>> Store::Open(StoreOptions options) {
  if (options.folder.empty()) {
    WEBNN_ASSIGN_OR_RETURN(options.folder, DefaultFolder());
  }
  std::error_code error;
  auto path = std::filesystem::absolute(options.folder, error).lexically_normal();
  if (error) return OperationError("cache folder \"{}\": {}", options.folder, error.message());
  // "/a/" names the same folder as "/a".
  if (!path.has_filename()) path = path.parent_path();
  options.folder = path.string();
  if (auto checked = CheckFolder(options.folder); !checked) return std::move(checked.error());
  return std::unique_ptr<Store>(new Store(std::move(options)));
}

void Store::Log(LogLevel level, std::string_view message) const {
  if (options_.log && level >= options_.log_level) {
    options_.log(level, fmt::format("cache: {}", message));
  }
}

// One warning: a full disk would otherwise give one for every graph.
void Store::Warn(const Error& error) const {
  Log(warned_.exchange(true) ? LogLevel::kInfo : LogLevel::kWarning,
      fmt::format("going on without: {}", error.message));
}

std::optional<Blob> Store::Find(const Key& key) const {
  const auto folder = CheckFolder(options_.folder);
  if (!folder) Warn(folder.error());
  if (!folder || !*folder) return std::nullopt;
  const std::string path = EntryPath(options_.folder, key.Id());
  if (access(path.c_str(), F_OK) != 0) return std::nullopt;
  auto file = OpenEntry(path);
  if (!file) {
    Log(LogLevel::kWarning, file.error().message);
    return std::nullopt;
  }
  auto entry = ParseEntry((*file)->bytes());
  if (!entry) {
    Log(LogLevel::kWarning, fmt::format("\"{}\" is removed: {}", path, entry.error().message));
    unlink(path.c_str());
    return std::nullopt;
  }
  if (entry->key != key) {
    Log(LogLevel::kWarning, fmt::format("\"{}\" holds another key", path));
    return std::nullopt;
  }
  MarkUsed(path);
  entry->payload.owner = *std::move(file);
  return std::move(entry->payload);
}

// Nothing when `wait` gave up. Tried again and again: a wait inside flock() could not be given up.
Result<std::optional<FileLock>> Store::Lock(const std::string& id, const WaitFunction& wait) const {
  constexpr milliseconds kLongestPause{50};
  constexpr milliseconds kWorthTelling{200};
  const auto begin = steady_clock::now();
  bool told = false;
  for (milliseconds pause{1};; pause = std::min(2 * pause, kLongestPause)) {
    WEBNN_ASSIGN_OR_RETURN(auto lock, FileLock::Try(LockPath(options_.folder, id)));
    if (lock) return lock;
    const auto waited = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
    if (!told && waited >= kWorthTelling) {
      Log(LogLevel::kInfo, fmt::format("{} is being built elsewhere; waiting for it", id));
      told = true;
    }
    if (wait && !wait(waited)) return lock;
    std::this_thread::sleep_for(pause);
  }
}

Result<void> Store::Write(const Key& key, std::span<const std::byte> payload) const {
  if (payload.size() > options_.max_bytes) {
    return OperationError("{} bytes are more than the cache may hold ({})", payload.size(),
                          options_.max_bytes);
  }
  WEBNN_ASSIGN_OR_RETURN(AtomicFile file,
                         AtomicFile::Create(EntryPath(options_.folder, key.Id()), 0600));
  WEBNN_RETURN_IF_ERROR(WriteEntry(file, key, payload));
  return file.Commit();
}

void Store::Tidy(std::string_view keep) const {
  RemoveLeftovers(options_.folder);
  if (const size_t count = Evict(options_.folder, options_.max_bytes, keep); count > 0) {
    Log(LogLevel::kInfo,
        fmt::format("{} entries removed, to stay within {} bytes", count, options_.max_bytes));
  }
}

Result<BuiltOrFound> Store::FindOrBuild(const Key& key, const BuildFunction& build,
                                        const WaitFunction& wait) const {
  if (auto found = Find(key)) return BuiltOrFound{*std::move(found)};
  std::optional<FileLock> lock;
  if (auto ready = PrepareFolder(options_.folder); !ready) {
    Warn(ready.error());
  } else if (auto locked = Lock(key.Id(), wait); !locked) {
    Warn(locked.error());
  } else if (!*locked) {
    return OperationError("cancelled while another process or thread was building the same graph");
  } else {
    lock.emplace(**std::move(locked));
    // Whoever held the lock before may have built it.
    if (auto found = Find(key)) return BuiltOrFound{*std::move(found)};
  }
  if (options_.log && options_.log_level <= LogLevel::kInfo) {
    Log(LogLevel::kInfo, fmt::format("{}: {}", key.Id(), ToString(Explain(key))));
  }
  WEBNN_ASSIGN_OR_RETURN(Blob built, build());
  if (lock && !built.bytes.empty()) {
    if (auto written = Write(key, built.bytes); !written) Warn(written.error());
    lock.reset();
    Tidy(key.Id());
  }
  return BuiltOrFound{std::move(built), true};
}

Result<void> Store::Put(const Key& key, std::span<const std::byte> payload) const {
  WEBNN_RETURN_IF_ERROR(PrepareFolder(options_.folder));
  {
    WEBNN_ASSIGN_OR_RETURN(const auto lock, Lock(key.Id(), nullptr));
    WEBNN_RETURN_IF_ERROR(Write(key, payload));
  }
  Tidy(key.Id());
  return {};
}

std::vector<EntryInfo> Store::List() const {
  std::vector<EntryInfo> entries;
  for (const EntryFile& file : ListEntries(options_.folder)) {
    entries.push_back(Describe(file, ReadKey(file.path)));
  }
  return entries;
}

Explanation Store::Explain(const Key& key) const {
  Explanation explanation;
  size_t most = 0;
  for (EntryInfo& entry : List()) {
    if (!entry.key || !SameBackend(key, *entry.key)) continue;
    if (*entry.key == key) return {.found = true};
    const size_t equal = EqualFields(key, *entry.key);
    if (explanation.nearest && equal <= most) continue;
    most = equal;
    explanation.differences = Compare(key, *entry.key);
    explanation.nearest = std::move(entry);
  }
  return explanation;
}

Result<void> Store::Remove(std::string_view id) const {
  if (!ParseHash(id)) return OperationError("\"{}\" is not the id of a cache entry", id);
  if (unlink(EntryPath(options_.folder, id).c_str()) != 0) {
    return OperationError("cannot remove the cache entry {}: {}", id, std::strerror(errno));
  }
  return {};
}

std::vector<EntryInfo> Store::Verify() const {
  std::vector<EntryInfo> damaged;
  for (const EntryFile& file : ListEntries(options_.folder)) {
    EntryInfo info = Describe(file, ReadWholeKey(file.path));
    if (info.problem.empty()) continue;
    unlink(file.path.c_str());
    damaged.push_back(std::move(info));
  }
  return damaged;
}

uint64_t Store::Clear() const {
  uint64_t freed = 0;
  for (const EntryFile& file : ListEntries(options_.folder)) {
    if (unlink(file.path.c_str()) == 0) freed += file.bytes;
  }
  RemoveLeftovers(options_.folder);
  return freed;
}

}  // namespace webnn::cache
