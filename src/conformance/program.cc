#include "conformance/program.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "conformance/case_file.h"
#include "conformance/known.h"
#include "conformance/processes.h"
#include "conformance/report.h"
#include "conformance/worker.h"
#include "core/errors.h"
#include "core/try.h"
#include "fmt/format.h"

namespace webnn::conformance {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Inputs {
  std::vector<CaseFile> files;
  std::vector<std::string> whole_folders;  ///< Given as a directory, so that no file is missing.
  KnownList known;
  std::string known_name;  ///< As messages show it.
};

Result<Inputs> Load(const Options& options) {
  Inputs inputs;
  std::set<std::filesystem::path> seen;
  for (const auto& path : options.cases) {
    WEBNN_ASSIGN_OR_RETURN(const auto found, FindCaseFiles(path));
    std::error_code error;
    const bool whole = std::filesystem::is_directory(path, error);
    for (const auto& case_path : found) {
      // Directories given may overlap.
      if (!seen.insert(std::filesystem::weakly_canonical(case_path, error)).second) continue;
      WEBNN_ASSIGN_OR_RETURN(CaseFile file, LoadCaseFile(case_path));
      if (whole) inputs.whole_folders.push_back(FolderOf(file.name));
      inputs.files.push_back(std::move(file));
    }
  }
  // The default list belongs to the source tree, which an installed program may not have.
  inputs.known_name = options.known_required ? options.known.string() : "docs/conformance.md";
  std::error_code error;
  if (options.known_required || std::filesystem::exists(options.known, error)) {
    WEBNN_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.known));
    auto known = KnownList::Parse(text);
    if (!known) return TypeError("{}: {}", inputs.known_name, known.error().message);
    inputs.known = *std::move(known);
  }
  return inputs;
}

std::vector<CaseRef> Select(const std::vector<CaseFile>& files, const Options& options) {
  std::vector<CaseRef> selected;
  size_t place = 0;
  for (const CaseFile& file : files) {
    const size_t count = file.conformance.size() + file.validation.size();
    for (size_t i = 0; i < count; ++i) {
      const CaseRef ref{&file, i};
      if (!options.filter.empty() &&
          (file.name + "/" + ref.name()).find(options.filter) == std::string::npos) {
        continue;
      }
      if (options.shard.Has(place++)) selected.push_back(ref);
    }
  }
  return selected;
}

/// Prints failures in the order of the cases, however they finish, and how far the run is: on a
/// terminal at once, elsewhere every ten seconds. For one thread at a time.
class Printer {
 public:
  explicit Printer(size_t count) : done_(count), terminal_(isatty(STDERR_FILENO) == 1) {}
  ~Printer() { Erase(); }

  void Done(const std::vector<CaseResult>& results, size_t index) {
    done_[index] = true;
    ++finished_;
    for (; next_ < done_.size() && done_[next_]; ++next_) {
      if (results[next_].status != Status::kFailed) continue;
      Erase();
      fmt::print("{}\n", FailureLine(results[next_]));
      std::fflush(stdout);
    }
    const double now = SecondsSince(start_);
    if (finished_ < done_.size() && now < shown_ + (terminal_ ? 0.1 : 10)) return;
    if (!terminal_ && shown_ == 0 && finished_ == done_.size()) return;  // It was quick.
    shown_ = now;
    const char* before = terminal_ ? "\r" : "";
    const char* after = terminal_ ? "" : "\n";
    fmt::print(stderr, "{}{} of {}, {:.0f} s{}", before, finished_, done_.size(), now, after);
  }

 private:
  void Erase() const {
    if (terminal_) fmt::print(stderr, "\r\033[K");
  }

  const Clock::time_point start_ = Clock::now();
  std::vector<bool> done_;
  size_t next_ = 0;
  size_t finished_ = 0;
  double shown_ = 0;
  bool terminal_;
};

Result<BackendText> RunInThreads(const std::vector<CaseRef>& cases, const Options& options,
                                 const DoneCallback& done) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;  // Guards what follows, and `done`.
  std::optional<Error> fatal;
  BackendText backend;
  {
    const auto work = [&] {
      Worker worker(options);
      for (size_t i = next++; i < cases.size(); i = next++) {
        if (options.verbose) {
          fmt::print(stderr, "{}: {}\n", cases[i].file->name, cases[i].name());
        }
        auto result = worker.Run(cases[i]);
        const std::lock_guard lock(mutex);
        if (!result) {  // No context: no case can run.
          next = cases.size();
          fatal = std::move(result.error());
          return;
        }
        if (backend.name.empty()) {
          backend = {std::string(worker.context().backend()), worker.context().Explain()};
        }
        done(i, *std::move(result), backend.name);
      }
    };
    std::vector<std::jthread> threads;
    const size_t count = std::min<size_t>(options.jobs, cases.size());
    for (size_t i = 1; i < count; ++i) threads.emplace_back(work);
    work();
  }
  if (fatal) return *std::move(fatal);
  return backend;
}

Result<RunReport> RunCases(const std::vector<CaseRef>& cases, const Inputs& inputs,
                           const Options& options) {
  const auto start = Clock::now();
  RunReport report;
  report.results.resize(cases.size());
  {
    Printer printer(cases.size());
    const auto done = [&](size_t index, CaseResult result, std::string_view backend) {
      if (options.any_result) {
        if (result.status == Status::kFailed && result.compared > 0) {
          result.status = Status::kDiffers;
        }
      } else {
        inputs.known.Apply(result, backend, inputs.known_name);
      }
      report.results[index] = std::move(result);
      printer.Done(report.results, index);
    };
    const auto run = options.processes > 0 ? RunInProcesses : RunInThreads;
    WEBNN_ASSIGN_OR_RETURN(BackendText backend, run(cases, options, done));
    report.backend = std::move(backend.name);
    report.explanation = std::move(backend.explanation);
  }
  if (!options.any_result) {
    report.stale = inputs.known.Stale(inputs.files, inputs.whole_folders, inputs.known_name);
  }
  report.seconds = SecondsSince(start);
  return report;
}

int Complain(const Error& error) {
  fmt::print(stderr, "webnn-conformance: {}\n", error.message);
  return kExitUsage;
}

}  // namespace

int RunProgram(const Options& options) {
  const auto inputs = Load(options);
  if (!inputs) return Complain(inputs.error());
  const std::vector<CaseRef> cases = Select(inputs->files, options);
  if (cases.empty()) return Complain(TypeError("no case is selected by --filter and --shard"));
  if (options.list) {
    for (const CaseRef& ref : cases) fmt::print("{}/{}\n", ref.file->name, ref.name());
    return kExitOk;
  }
  const auto report = RunCases(cases, *inputs, options);
  if (!report) return Complain(report.error());
  if (!options.report.empty()) {
    if (const auto written = WriteFile(options.report, ToJson(*report)); !written) {
      return Complain(written.error());
    }
  }
  if (!options.junit.empty()) {
    if (const auto written = WriteFile(options.junit, ToJunit(*report)); !written) {
      return Complain(written.error());
    }
  }
  for (const std::string& row : report->stale) fmt::print("FAIL {}\n", row);
  if (const size_t known = report->Count(Status::kKnown); known > 0) {
    fmt::print("known: {} ({})\n", known, inputs->known_name);
  }
  if (const size_t differ = report->Count(Status::kDiffers); differ > 0) {
    fmt::print("ran, beyond the tolerance: {}\n", differ);
  }
  fmt::print("{} passed, {} failed\n", report->Count(Status::kPassed), report->failed());
  return report->failed() == 0 ? kExitOk : kExitFailed;
}

}  // namespace webnn::conformance
