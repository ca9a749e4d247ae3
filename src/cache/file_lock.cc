#include "cache/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/errors.h"

namespace webnn::cache {
namespace {

// Whether the path still names the open file: whoever held the lock before has removed it.
bool IsAt(int file, const std::string& path) {
  struct stat held = {};
  struct stat named = {};
  return fstat(file, &held) == 0 && lstat(path.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

}  // namespace

Result<std::optional<FileLock>> FileLock::Try(const std::string& path) {
  for (;;) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return OperationError("cannot make \"{}\": {}", path, std::strerror(errno));
    FileLock lock({}, file);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::optional<FileLock>();
      if (errno == EINTR) continue;
      return OperationError("cannot lock \"{}\": {}", path, std::strerror(errno));
    }
    if (!IsAt(file, path)) continue;
    lock.path_ = path;
    return std::optional(std::move(lock));
  }
}

FileLock::~FileLock() {
  if (file_ < 0) return;
  // While it is still locked: afterwards the file may be another's.
  if (!path_.empty()) unlink(path_.c_str());
  close(file_);
}

}  // namespace webnn::cache
