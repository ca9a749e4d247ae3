#include "core/file_mappings.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <utility>

namespace webnn {

FileMappings FileMappings::Read() {
  FileMappings files;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    // "7f00c000-7f00d000 r--p 00001000 08:02 173521   /path"
    Mapping mapping = {};
    char rights[5] = {};
    unsigned device[2] = {};
    int path = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
                    &mapping.begin, &mapping.end, rights, &mapping.offset, &device[0], &device[1],
                    &mapping.inode, &path) != 7) {
      continue;
    }
    // What may be written to may differ from the file.
    if (rights[0] != 'r' || rights[1] != '-' || mapping.inode == 0 || line[path] != '/') continue;
    mapping.device = makedev(device[0], device[1]);
    mapping.path = line.substr(path);
    files.mappings_.push_back(std::move(mapping));
  }
  return files;
}

std::optional<FileRange> FileMappings::Find(std::span<const std::byte> bytes) const {
  const auto address = reinterpret_cast<uintptr_t>(bytes.data());
  const auto after = std::upper_bound(
      mappings_.begin(), mappings_.end(), address,
      [](uintptr_t begin, const Mapping& mapping) { return begin < mapping.begin; });
  if (after == mappings_.begin()) return std::nullopt;
  const Mapping& mapping = *std::prev(after);
  if (address >= mapping.end || bytes.size() > mapping.end - address) return std::nullopt;
  const FileRange range = {mapping.path, mapping.offset + (address - mapping.begin)};
  struct stat file = {};
  const bool same = stat(range.path.c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
                    file.st_dev == mapping.device && file.st_ino == mapping.inode &&
                    range.offset + bytes.size() <= static_cast<uint64_t>(file.st_size);
  return same ? std::optional(range) : std::nullopt;
}

}  // namespace webnn
