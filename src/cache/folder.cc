#include "cache/folder.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::cache {
namespace {

constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

// A relative path means nothing to whoever starts the program elsewhere: it does not count.
std::string AbsolutePathIn(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && value[0] == '/' ? value : "";
}

template <class... Args>
Error Refuse(const std::string& path, fmt::format_string<Args...> format, Args&&... args) {
  return OperationError(
      "\"{}\" cannot be the cache folder: {}. ContextOptions::cache_dir or the environment "
      "variable "
      "WEBNN_CACHE_DIR names another",
      path, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

Result<std::string> DefaultFolder() {
  if (const char* folder = std::getenv("WEBNN_CACHE_DIR"); folder != nullptr && *folder != '\0') {
    return std::string(folder);
  }
  if (const std::string cache = AbsolutePathIn("XDG_CACHE_HOME"); !cache.empty()) {
    return cache + "/webnn";
  }
  std::string home = AbsolutePathIn("HOME");
  if (home.empty()) {
    const passwd* user = getpwuid(geteuid());
    if (user != nullptr && user->pw_dir != nullptr && user->pw_dir[0] == '/') home = user->pw_dir;
  }
  if (home.empty()) {
    return OperationError(
        "no cache folder is known: none of WEBNN_CACHE_DIR, XDG_CACHE_HOME and HOME is set");
  }
  return home + "/.cache/webnn";
}

Result<bool> CheckFolder(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return false;
    return Refuse(path, "{}", std::strerror(errno));
  }
  if (S_ISLNK(status.st_mode)) {
    return Refuse(path, "it is a symbolic link; name the folder itself");
  }
  if (!S_ISDIR(status.st_mode)) return Refuse(path, "it is not a folder");
  if (status.st_uid != geteuid()) {
    return Refuse(path, "it belongs to user {}, and this program runs as user {}", status.st_uid,
                  geteuid());
  }
  if ((status.st_mode & kWritableByOthers) != 0) {
    return Refuse(path,
                  "others may write to it (mode {:o}), and what it holds is run; `chmod 700` "
                  "it, once its files are known to be yours",
                  status.st_mode & 07777);
  }
  return true;
}

Result<void> PrepareFolder(const std::string& path) {
  WEBNN_ASSIGN_OR_RETURN(const bool there, CheckFolder(path));
  if (there) return {};
  for (size_t end = 1; end != path.npos;) {
    end = path.find('/', end + 1);
    const std::string folder = path.substr(0, end);
    if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
      return OperationError("cannot make the cache folder \"{}\": {}", folder,
                            std::strerror(errno));
    }
  }
  // Somebody else may have been faster.
  WEBNN_ASSIGN_OR_RETURN(const bool made, CheckFolder(path));
  if (!made) return OperationError("cannot make the cache folder \"{}\"", path);
  return {};
}

bool IsOwnFile(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         status.st_uid == geteuid() && (status.st_mode & kWritableByOthers) == 0;
}

}  // namespace webnn::cache
