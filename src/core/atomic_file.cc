#include "core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/errors.h"
#include "core/try.h"

namespace webnn {

Result<AtomicFile> AtomicFile::Create(const std::string& path, unsigned mode) {
  // A name of this process and call; what an earlier process of this number left is passed over.
  static std::atomic<uint32_t> next{0};
  // A folder could not be replaced in the end; better to know before anything is written.
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return OperationError("cannot write \"{}\": {}", path, std::strerror(EISDIR));
  }
  for (;;) {
    std::string temporary = fmt::format("{}.tmp-{}-{}", path, getpid(), next++);
    const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0 && errno == EEXIST) continue;
    if (file < 0) return OperationError("cannot write \"{}\": {}", path, std::strerror(errno));
    return AtomicFile(path, std::move(temporary), file);
  }
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::exchange(other.file_, -1)) {}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) close(file_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Error AtomicFile::Fail(int reason) const {
  return OperationError("cannot write \"{}\": {}", path_, std::strerror(reason));
}

Result<void> AtomicFile::Write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file_, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return Fail(errno);
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Result<void> AtomicFile::Commit() {
  if (fsync(file_) != 0 && errno != EINVAL) return Fail(errno);
  if (close(std::exchange(file_, -1)) != 0) return Fail(errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return Fail(errno);
  temporary_.clear();
  return {};
}

Result<void> WriteFileAtomically(const std::string& path, std::string_view text) {
  WEBNN_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  WEBNN_RETURN_IF_ERROR(file.Write(text));
  return file.Commit();
}

}  // namespace webnn
