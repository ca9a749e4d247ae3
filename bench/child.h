#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "harness.h"

/// Benchmarks that measure whole processes run themselves once more for each variant.
namespace webnn::bench {

[[noreturn]] inline void Fail(std::string_view action, std::string_view what) {
  fmt::print(stderr, "cannot {} {}\n", action, what);
  std::exit(2);
}

/// What a process has used: MiB, and the seconds that it says.
struct Usage {
  double peak = 0;
  double anonymous = 0;  ///< At the end.
  double file = 0;
  double seconds = 0;
};

/// "VmHWM:   123 kB" of /proc/self/status as MiB.
inline double StatusMiB(std::string_view key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

/// The last thing that a child does.
inline void PrintUsage(double seconds) {
  fmt::print("{} {} {} {}\n", StatusMiB("VmHWM:"), StatusMiB("RssAnon:"), StatusMiB("RssFile:"),
             seconds);
}

/// This program once more, with the arguments `--child VARIANT FOLDER`.
inline Usage RunChild(const std::string& variant, const std::string& folder) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  int ends[2];
  if (pipe(ends) != 0) Fail("open a pipe for", program);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    execl(program.c_str(), program.c_str(), "--child", variant.c_str(), folder.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  Usage usage;
  std::istringstream(text) >> usage.peak >> usage.anonymous >> usage.file >> usage.seconds;
  if (status != 0 || usage.peak == 0) Fail("run", variant);
  return usage;
}

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    if (mkdtemp(path_.data()) == nullptr) Fail("make", path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "webnn-bench-XXXXXX";
};

}  // namespace webnn::bench
