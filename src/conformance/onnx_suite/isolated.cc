#include "conformance/onnx_suite/isolated.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::conformance::onnx_suite {
namespace {

using Clock = std::chrono::steady_clock;

// All of `size` bytes, or false at the end of the stream and on errors.
bool ReadAll(int file, void* data, size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t count = read(file, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

// A child that is gone must be an error here and not a signal.
bool WriteAll(int file, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t count = send(file, at, size, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

// Messages are a length and that many bytes.
bool Send(int file, const std::string& text) {
  const uint64_t size = text.size();
  return WriteAll(file, &size, sizeof size) && WriteAll(file, text.data(), size);
}
bool Receive(int file, std::string& text) {
  uint64_t size = 0;
  if (!ReadAll(file, &size, sizeof size)) return false;
  text.resize(size);
  return ReadAll(file, text.data(), size);
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return fmt::format("killed by signal {} ({})", number, strsignal(number));
  }
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

struct Child {
  pid_t process = 0;
  int socket = -1;
  std::optional<size_t> piece;  // That it works on.
  Clock::time_point deadline;
};

class Pool {
 public:
  Pool(const IsolatedOptions& options, const std::function<std::string(size_t)>& work,
       const std::function<void(size_t, Result<std::string>)>& done)
      : options_(options), work_(work), done_(done) {}
  ~Pool() {
    for (Child& child : children_) End(child);
  }

  Result<void> Run() {
    children_.resize(std::min<size_t>(options_.jobs, options_.count));
    for (Child& child : children_) WEBNN_RETURN_IF_ERROR(Begin(child));
    while (std::any_of(children_.begin(), children_.end(),
                       [](const Child& child) { return child.piece.has_value(); })) {
      WEBNN_RETURN_IF_ERROR(Step());
    }
    return {};
  }

 private:
  // Starts the process where there is none, and gives it the next piece.
  Result<void> Begin(Child& child) {
    child.piece.reset();
    if (next_ == options_.count) return {};
    if (child.process == 0) WEBNN_RETURN_IF_ERROR(Start(child));
    child.piece = next_++;
    child.deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(options_.max_seconds));
    const uint64_t piece = *child.piece;
    WriteAll(child.socket, &piece, sizeof piece);  // If it is dead, the next poll says so.
    return {};
  }

  Result<void> Start(Child& child) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return Fail("socketpair");
    child.process = fork();
    if (child.process < 0) {
      child.process = 0;
      return Fail("fork");
    }
    if (child.process == 0) {
      close(ends[0]);
      // Its siblings' ends would keep their streams open.
      for (const Child& other : children_) {
        if (other.socket >= 0) close(other.socket);
      }
      Serve(ends[1]);
    }
    close(ends[1]);
    child.socket = ends[0];
    return {};
  }

  [[noreturn]] void Serve(int socket) {
    uint64_t piece = 0;
    while (ReadAll(socket, &piece, sizeof piece)) {
      if (!Send(socket, work_(piece))) break;
    }
    // No destructors: they belong to the parent.
    _exit(0);
  }

  // Waits for the first child that answers, ends or is out of time.
  Result<void> Step() {
    std::vector<pollfd> polled;
    Clock::time_point first = Clock::time_point::max();
    for (const Child& child : children_) {
      polled.push_back({child.piece ? child.socket : -1, POLLIN, 0});
      if (child.piece) first = std::min(first, child.deadline);
    }
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(first - Clock::now());
    const int milliseconds = static_cast<int>(std::max<int64_t>(0, wait.count() + 1));
    if (poll(polled.data(), polled.size(), milliseconds) < 0 && errno != EINTR) return Fail("poll");
    for (size_t k = 0; k < children_.size(); ++k) {
      Child& child = children_[k];
      if (!child.piece) continue;
      const size_t piece = *child.piece;
      if (polled[k].revents != 0) {
        std::string text;
        if (Receive(child.socket, text)) {
          done_(piece, std::move(text));
        } else {
          done_(piece, OperationError("{}", HowItEnded(End(child))));
        }
        WEBNN_RETURN_IF_ERROR(Begin(child));
      } else if (Clock::now() >= child.deadline) {
        kill(child.process, SIGKILL);
        End(child);
        done_(piece, OperationError("not done after {} seconds", options_.max_seconds));
        WEBNN_RETURN_IF_ERROR(Begin(child));
      }
    }
    return {};
  }

  // Closes the stream, which ends the child, and returns how it ended.
  static int End(Child& child) {
    if (child.process == 0) return 0;
    close(child.socket);
    int status = 0;
    waitpid(child.process, &status, 0);
    child = {};
    return status;
  }

  static Error Fail(const char* call) {
    return OperationError("{}: {}", call, std::generic_category().message(errno));
  }

  const IsolatedOptions& options_;
  const std::function<std::string(size_t)>& work_;
  const std::function<void(size_t, Result<std::string>)>& done_;
  std::vector<Child> children_;
  size_t next_ = 0;
};

}  // namespace

Result<void> RunIsolated(const IsolatedOptions& options,
                         const std::function<std::string(size_t)>& work,
                         const std::function<void(size_t, Result<std::string>)>& done) {
  return Pool(options, work, done).Run();
}

}  // namespace webnn::conformance::onnx_suite
