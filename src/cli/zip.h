#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "webnn/result.h"

namespace webnn::cli {

/// A file in an archive. All numbers are checked against the archive's size.
struct ZipEntry {
  std::string name;
  bool deflated = false;
  uint32_t crc = 0;
  uint64_t size = 0;                  ///< Unpacked.
  std::span<const std::byte> packed;  ///< In the archive.
};

/// What is in a zip archive, also one of the 64-bit form. TypeError when it is damaged,
/// NotSupported for encryption and for other methods than storing and deflating.
Result<std::vector<ZipEntry>> ReadZipDirectory(std::span<const std::byte> bytes);
/// The content of an entry, its checksum compared.
Result<std::vector<std::byte>> ReadZipEntry(const ZipEntry& entry);

/// Writes an archive, nothing packed, up to 4 GiB.
class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  /// One file, whose content are the parts one after the other.
  Result<void> Add(const std::string& name,
                   std::initializer_list<std::span<const std::byte>> parts);
  Result<void> Finish();

 private:
  Result<void> Write(std::span<const std::byte> bytes);
  AtomicFile& file_;
  uint64_t offset_ = 0;
  uint32_t count_ = 0;
  std::string directory_;
};

}  // namespace webnn::cli
