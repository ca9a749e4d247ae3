#include "conformance/processes.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "conformance/json.h"
#include "conformance/report.h"
#include "core/errors.h"
#include "core/try.h"
#include "fmt/format.h"

// A worker tells what it does in lines of JSON: {"begin": 7}, {"end": 7, "case": {...}}, and once
// {"backend": "...", "explain": "..."} or {"fatal": "..."}.
namespace webnn::conformance {
namespace {

/// The next case that nobody has taken, in memory that all processes share.
class SharedCounter {
 public:
  static Result<SharedCounter> Create() {
    void* memory = mmap(nullptr, sizeof(std::atomic<size_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return OperationError("no shared memory: {}", std::strerror(errno));
    return SharedCounter(new (memory) std::atomic<size_t>(0));
  }
  std::atomic<size_t>& operator*() const { return *counter_; }

 private:
  struct Unmap {
    void operator()(std::atomic<size_t>* counter) const {
      munmap(counter, sizeof(std::atomic<size_t>));
    }
  };
  explicit SharedCounter(std::atomic<size_t>* counter) : counter_(counter) {}
  std::unique_ptr<std::atomic<size_t>, Unmap> counter_;
};

class LineWriter {
 public:
  explicit LineWriter(int file) : file_(file) {}
  void Write(const Json& json) {
    const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    const std::lock_guard lock(mutex_);
    for (size_t at = 0; at < line.size();) {
      const ssize_t count = write(file_, line.data() + at, line.size() - at);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) _exit(kExitUsage);  // Nobody listens any more.
      at += static_cast<size_t>(count);
    }
  }

 private:
  const int file_;
  std::mutex mutex_;
};

// The whole life of a worker process.
void Work(const std::vector<CaseRef>& cases, const Options& options, std::atomic<size_t>& next,
          int file) {
  LineWriter out(file);
  std::atomic<bool> introduced = false;
  const auto work = [&] {
    Worker worker(options);
    for (size_t i = next++; i < cases.size(); i = next++) {
      out.Write({{"begin", i}});
      if (options.verbose) fmt::print(stderr, "{}: {}\n", cases[i].file->name, cases[i].name());
      const auto result = worker.Run(cases[i]);
      if (!result) {
        next = cases.size();
        out.Write({{"fatal", result.error().message}});
        return;
      }
      if (!introduced.exchange(true)) {
        out.Write(
            {{"backend", worker.context().backend()}, {"explain", worker.context().Explain()}});
      }
      out.Write({{"end", i}, {"case", ToJson(*result)}});
    }
  };
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < options.jobs; ++i) threads.emplace_back(work);
  work();
}

struct Process {
  pid_t id = -1;
  int file = -1;
  std::string unread;
  std::set<size_t> begun;
};

std::string Ending(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return fmt::format("the process that ran it ended by signal {} ({})", number,
                       strsignal(number));
  }
  return fmt::format("the process that ran it ended with status {}", WEXITSTATUS(status));
}

class Pool {
 public:
  Pool(const std::vector<CaseRef>& cases, const Options& options, std::atomic<size_t>& next,
       const DoneCallback& done)
      : cases_(cases), options_(options), next_(next), done_(done), finished_(cases.size()) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (const Process& process : processes_) {
      kill(process.id, SIGKILL);
      close(process.file);
      waitpid(process.id, nullptr, 0);
    }
  }

  Result<BackendText> Run() {
    const size_t count = std::min<size_t>(options_.processes, cases_.size());
    for (size_t i = 0; i < count; ++i) WEBNN_RETURN_IF_ERROR(Start());
    while (!processes_.empty()) WEBNN_RETURN_IF_ERROR(Turn());
    // A dying process may have taken cases along that it had not said it begins.
    for (size_t i = 0; i < cases_.size(); ++i) {
      if (!finished_[i]) Fail(i, "the process that took it ended");
    }
    return backend_;
  }

 private:
  Result<void> Start() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return OperationError("pipe: {}", std::strerror(errno));
    std::fflush(nullptr);
    const pid_t id = fork();
    if (id < 0) return OperationError("fork: {}", std::strerror(errno));
    if (id == 0) {
      close(ends[0]);
      for (const Process& other : processes_) close(other.file);
      Work(cases_, options_, next_, ends[1]);
      std::fflush(nullptr);
      // Not exit(): what the parent has registered for its own end is not ours.
      _exit(kExitOk);
    }
    close(ends[1]);
    processes_.push_back({.id = id, .file = ends[0], .unread = {}, .begun = {}});
    return {};
  }

  // Waits until there is something to read.
  Result<void> Turn() {
    std::vector<pollfd> files;
    for (const Process& process : processes_) {
      files.push_back({.fd = process.file, .events = POLLIN, .revents = 0});
    }
    if (poll(files.data(), files.size(), -1) < 0 && errno != EINTR) {
      return OperationError("poll: {}", std::strerror(errno));
    }
    for (size_t i = files.size(); i-- > 0;) {
      if (files[i].revents != 0) WEBNN_RETURN_IF_ERROR(Read(i));
    }
    return {};
  }

  Result<void> Read(size_t place) {
    Process& process = processes_[place];
    char buffer[65536];
    const ssize_t count = read(process.file, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) return {};
    if (count <= 0) return End(place);
    process.unread.append(buffer, static_cast<size_t>(count));
    size_t begin = 0;
    for (size_t end; (end = process.unread.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      WEBNN_RETURN_IF_ERROR(Take(process, process.unread.substr(begin, end - begin)));
    }
    process.unread.erase(0, begin);
    return {};
  }

  Result<void> Take(Process& process, const std::string& line) {
    const Json json = Json::parse(line);
    if (json.contains("begin")) {
      process.begun.insert(json["begin"].get<size_t>());
    } else if (json.contains("end")) {
      const auto index = json["end"].get<size_t>();
      process.begun.erase(index);
      finished_[index] = true;
      done_(index, CaseFromJson(json["case"]), backend_.name);
    } else if (json.contains("fatal")) {
      return OperationError("{}", json["fatal"].get<std::string>());
    } else if (backend_.name.empty()) {
      backend_ = {json["backend"].get<std::string>(), json["explain"].get<std::string>()};
    }
    return {};
  }

  Result<void> End(size_t place) {
    const Process process = std::move(processes_[place]);
    processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(place));
    close(process.file);
    int status = 0;
    waitpid(process.id, &status, 0);
    for (const size_t index : process.begun) Fail(index, Ending(status));
    // One that died without a case at hand would die again.
    if (status != 0 && !process.begun.empty() && next_ < cases_.size()) return Start();
    if (status != 0 && process.begun.empty() && processes_.empty() && next_ < cases_.size()) {
      return OperationError("{}", Ending(status));
    }
    return {};
  }

  void Fail(size_t index, std::string error) {
    const CaseRef& ref = cases_[index];
    finished_[index] = true;
    done_(index,
          {.file = ref.file->name,
           .name = ref.name(),
           .kind = ref.file->kind,
           .error = std::move(error)},
          backend_.name);
  }

  const std::vector<CaseRef>& cases_;
  const Options& options_;
  std::atomic<size_t>& next_;
  const DoneCallback& done_;
  std::vector<bool> finished_;
  std::vector<Process> processes_;
  BackendText backend_;
};

}  // namespace

Result<BackendText> RunInProcesses(const std::vector<CaseRef>& cases, const Options& options,
                                   const DoneCallback& done) {
  WEBNN_ASSIGN_OR_RETURN(const SharedCounter next, SharedCounter::Create());
  return Pool(cases, options, *next, done).Run();
}

}  // namespace webnn::conformance
