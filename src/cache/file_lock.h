#pragma once

#include <optional>
#include <string>
#include <utility>

#include "webnn/result.h"

namespace webnn::cache {

/// A lock between threads and processes: a file that is locked while it is held and removed
/// afterwards. The system releases the lock of a process that dies; its file is taken over.
class FileLock {
 public:
  /// Does not wait: nothing when it is held elsewhere. OperationError where it cannot be made.
  static Result<std::optional<FileLock>> Try(const std::string& path);
  FileLock(FileLock&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  FileLock(std::string path, int file) : path_(std::move(path)), file_(file) {}
  std::string path_;
  int file_;
};

}  // namespace webnn::cache
