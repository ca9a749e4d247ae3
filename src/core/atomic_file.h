#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "webnn/result.h"

namespace webnn {

/// Writes a file under a temporary name in the same folder and renames it when it is whole: a
/// reader sees the old file or the new one, and what is not committed leaves nothing behind.
class AtomicFile {
 public:
  /// `mode`: the rights of the file, before the umask. OperationError with the path and the reason,
  /// here and below.
  static Result<AtomicFile> Create(const std::string& path, unsigned mode = 0666);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();  ///< Removes what was not committed.

  Result<void> Write(std::span<const std::byte> bytes);
  Result<void> Write(std::string_view text) { return Write(std::as_bytes(std::span(text))); }
  /// Flushes to the disk and renames.
  Result<void> Commit();
  const std::string& path() const { return path_; }

 private:
  AtomicFile(std::string path, std::string temporary, int file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}
  Error Fail(int reason) const;
  std::string path_;
  std::string temporary_;
  int file_;
};

/// The whole file in one call.
Result<void> WriteFileAtomically(const std::string& path, std::string_view text);

}  // namespace webnn
