#include "core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/errors.h"

namespace webnn {

Result<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  const auto fail = [&](int reason) {
    return OperationError("cannot read \"{}\": {}", path, std::strerror(reason));
  };
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return fail(errno);
  struct stat status = {};
  int reason = fstat(file, &status) == 0 ? 0 : errno;
  if (reason == 0 && S_ISDIR(status.st_mode)) reason = EISDIR;
  if (reason == 0 && !S_ISREG(status.st_mode)) {
    close(file);
    return OperationError("cannot read \"{}\": not a regular file", path);
  }
  void* data = nullptr;
  const auto size = static_cast<size_t>(status.st_size);
  if (reason == 0 && size > 0) {
    data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) reason = errno;
  }
  close(file);
  if (reason != 0) return fail(reason);
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, static_cast<const std::byte*>(data), size));
}

MappedFile::~MappedFile() {
  if (size_ > 0) munmap(const_cast<std::byte*>(data_), size_);
}

}  // namespace webnn
