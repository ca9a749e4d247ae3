#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/container.h"
#include "cache/file_lock.h"
#include "cache/key.h"
#include "webnn/context.h"
#include "webnn/result.h"

namespace webnn::cache {

struct StoreOptions {
  std::string folder = {};  ///< Empty: `DefaultFolder()`.
  /// Of all entries together; the least recently used ones go first.
  uint64_t max_bytes = uint64_t{4} << 30;
  LogCallback log = nullptr;
  LogLevel log_level = LogLevel::kWarning;
};

/// A file of the folder.
struct EntryInfo {
  std::string id;  ///< `Key::Id()` of its key.
  uint64_t bytes = 0;
  std::chrono::system_clock::time_point used;  ///< Written, or found the last time.
  std::optional<Key> key;
  std::string problem = {};  ///< Where there is no key, why.
};

/// Why a key is not found.
struct Explanation {
  bool found = false;
  /// Where it is not found: the entry of the same back end with the most equal fields.
  std::optional<EntryInfo> nearest = {};
  std::vector<KeyDifference> differences = {};
};
/// One line, or one and a line for each difference.
std::string ToString(const Explanation& explanation);

/// Makes what is missing. Bytes that are empty are passed on and not kept.
using BuildFunction = std::function<Result<Blob>()>;
/// Called every 50 ms or so while another process or thread builds the entry; false gives up.
using WaitFunction = std::function<bool(std::chrono::milliseconds waited)>;

struct BuiltOrFound {
  Blob payload;
  bool built = false;
};

/// Compiled graphs in a folder, shared by threads and processes. An entry is found only when every
/// field of its key is equal and every byte is as it was written. A cache that cannot be used is as
/// good as an empty one: what is built is returned, and the first such trouble is a warning.
class Store {
 public:
  /// OperationError for a folder that others could write to: see `CheckFolder`. A folder that is
  /// missing or can only be read is no error.
  static Result<std::unique_ptr<Store>> Open(StoreOptions options = {});
  const std::string& folder() const { return options_.folder; }

  /// Nothing when there is no such entry. A damaged one is removed, with a warning.
  std::optional<Blob> Find(const Key& key) const;
  /// The entry, or else what `build` makes, which is then kept. One caller builds, the others wait
  /// for it. Errors are those of `build`, or an OperationError when `wait` gave up. `build` must
  /// not ask for the same key.
  Result<BuiltOrFound> FindOrBuild(const Key& key, const BuildFunction& build,
                                   const WaitFunction& wait = nullptr) const;
  /// Keeps an entry, in the place of one of the same key. OperationError when it cannot be written.
  Result<void> Put(const Key& key, std::span<const std::byte> payload) const;

  /// Every entry, the most recently used first.
  std::vector<EntryInfo> List() const;
  Explanation Explain(const Key& key) const;
  /// OperationError when there is no such entry or it cannot be removed.
  Result<void> Remove(std::string_view id) const;
  /// Reads every byte of every entry; the damaged ones are removed and returned.
  std::vector<EntryInfo> Verify() const;
  /// Removes every entry that is there and what killed processes left; returns the bytes freed.
  uint64_t Clear() const;

 private:
  explicit Store(StoreOptions options) : options_(std::move(options)) {}
  Result<std::optional<FileLock>> Lock(const std::string& id, const WaitFunction& wait) const;
  Result<void> Write(const Key& key, std::span<const std::byte> payload) const;
  void Tidy(std::string_view keep) const;
  void Log(LogLevel level, std::string_view message) const;
  void Warn(const Error& error) const;

  StoreOptions options_;
  mutable std::atomic<bool> warned_ = false;
};

}  // namespace webnn::cache
