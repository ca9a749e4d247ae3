#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace webnn {

/// A part of a file.
struct FileRange {
  std::string path;  ///< Absolute.
  uint64_t offset = 0;
};

/// The files that are mapped read-only into this process, as they were when this was read: memory
/// that another library may as well map for itself. Knows none where the system does not tell.
class FileMappings {
 public:
  static FileMappings Read();

  /// Where the bytes lie in a file, if they are one that is still there under its path.
  std::optional<FileRange> Find(std::span<const std::byte> bytes) const;

 private:
  struct Mapping {
    uintptr_t begin;
    uintptr_t end;
    uint64_t offset;
    uint64_t device;
    uint64_t inode;
    std::string path;
  };
  std::vector<Mapping> mappings_;  // by address
};

}  // namespace webnn
