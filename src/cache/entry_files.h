#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The names in a cache folder: "<id>.entry", "<id>.entry.tmp-..." while it is written, and
/// "<id>.lock" while it is built or written.
namespace webnn::cache {

struct EntryFile {
  std::string id;
  std::string path;
  uint64_t bytes = 0;
  std::chrono::system_clock::time_point used;  ///< The file's time of modification.
};

std::string EntryPath(std::string_view folder, std::string_view id);
std::string LockPath(std::string_view folder, std::string_view id);

/// The most recently used first.
std::vector<EntryFile> ListEntries(const std::string& folder);
/// Makes the entry the most recently used one, where the file may be touched.
void MarkUsed(const std::string& entry_path);

/// Removes what processes left that were killed: half-written files and locks that nobody holds.
void RemoveLeftovers(const std::string& folder);
/// Removes the least recently used entries until all take `max_bytes` at most; never `keep`.
/// Returns how many.
size_t Evict(const std::string& folder, uint64_t max_bytes, std::string_view keep);

}  // namespace webnn::cache
