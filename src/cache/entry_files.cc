#include "cache/entry_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "cache/file_lock.h"
#include "core/hash.h"
#include "fmt/format.h"

namespace webnn::cache {
namespace {

constexpr size_t kIdLength = 32;
constexpr std::string_view kEntry = ".entry";
constexpr std::string_view kTemporary = ".entry.tmp-";
constexpr std::string_view kLock = ".lock";

struct NamedFile {
  std::string id;
  std::string ending;  ///< What follows the id.
  std::string path;
};

// Only names of ours: a cache folder may hold other things, which stay.
std::vector<NamedFile> ListFiles(const std::string& folder) {
  std::vector<NamedFile> files;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (name.size() < kIdLength || !ParseHash(std::string_view(name).substr(0, kIdLength))) {
      continue;
    }
    files.push_back({name.substr(0, kIdLength), name.substr(kIdLength), entries->path().string()});
  }
  return files;
}

}  // namespace

std::string EntryPath(std::string_view folder, std::string_view id) {
  return fmt::format("{}/{}{}", folder, id, kEntry);
}
std::string LockPath(std::string_view folder, std::string_view id) {
  return fmt::format("{}/{}{}", folder, id, kLock);
}

std::vector<EntryFile> ListEntries(const std::string& folder) {
  std::vector<EntryFile> entries;
  for (NamedFile& file : ListFiles(folder)) {
    struct stat status = {};
    // One that was removed in the meantime is none.
    if (file.ending != kEntry || lstat(file.path.c_str(), &status) != 0) continue;
    const auto used = std::chrono::seconds(status.st_mtim.tv_sec) +
                      std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    entries.push_back({std::move(file.id), std::move(file.path),
                       static_cast<uint64_t>(status.st_size),
                       std::chrono::system_clock::time_point(used)});
  }
  std::sort(entries.begin(), entries.end(), [](const EntryFile& a, const EntryFile& b) {
    return a.used != b.used ? a.used > b.used : a.id < b.id;
  });
  return entries;
}

void MarkUsed(const std::string& entry_path) {
  utimensat(AT_FDCWD, entry_path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

void RemoveLeftovers(const std::string& folder) {
  for (const NamedFile& file : ListFiles(folder)) {
    const bool temporary = file.ending.starts_with(kTemporary);
    if (!temporary && file.ending != kLock) continue;
    // Who writes holds the lock; with the lock in our hands, nobody writes. Releasing it removes
    // its file.
    const auto lock = FileLock::Try(LockPath(folder, file.id));
    if (temporary && lock.ok() && *lock) unlink(file.path.c_str());
  }
}

size_t Evict(const std::string& folder, uint64_t max_bytes, std::string_view keep) {
  std::vector<EntryFile> entries = ListEntries(folder);
  uint64_t total = 0;
  for (const EntryFile& entry : entries) total += entry.bytes;
  size_t count = 0;
  for (; total > max_bytes && !entries.empty(); entries.pop_back()) {
    const EntryFile& oldest = entries.back();
    if (oldest.id == keep || unlink(oldest.path.c_str()) != 0) continue;
    total -= oldest.bytes;
    ++count;
  }
  return count;
}

}  // namespace webnn::cache
