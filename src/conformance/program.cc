#include "conformance/program.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "conformance/case_file.h"
#include "conformance/known.h"
#include "conformance/report.h"
#include "conformance/run_validation.h"
#include "core/errors.h"
#include "core/try.h"
#include "fmt/format.h"

namespace webnn::conformance {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct CaseRef {
  const CaseFile* file;
  size_t index;
  const std::string& name() const {
    return file->kind == CaseKind::kConformance ? file->conformance[index].name
                                                : file->validation[index].name;
  }
};

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

/// The contexts of one thread, made when the first case needs them.
class Worker {
 public:
  explicit Worker(const Options& options) : options_(options) {}

  Result<CaseResult> Run(const CaseRef& ref) {
    const auto start = Clock::now();
    WEBNN_ASSIGN_OR_RETURN(CaseResult result, RunCaught(ref));
    result.file = ref.file->name;
    result.seconds = SecondsSince(start);
    return result;
  }

  /// Of the kind that has run, for the report.
  const Context& context() const { return conformance_ ? *conformance_ : *validation_; }

 private:
  // What is thrown (no memory, say) fails the case and not the run.
  Result<CaseResult> RunCaught(const CaseRef& ref) {
    const CaseKind kind = ref.file->kind;
    try {
      return kind == CaseKind::kConformance ? RunConformance(ref) : RunValidation(ref);
    } catch (const std::exception& error) {
      return CaseResult{.name = ref.name(), .kind = kind, .error = error.what()};
    }
  }

  Result<CaseResult> RunConformance(const CaseRef& ref) {
    if (!conformance_) {
      WEBNN_ASSIGN_OR_RETURN(conformance_, Context::Create(ContextOptionsFor()));
    }
    std::filesystem::path dump;
    if (!options_.dump_onnx.empty()) {
      std::filesystem::create_directories(options_.dump_onnx);
      const std::string stem = std::filesystem::path(ref.file->name).stem().string();
      dump = options_.dump_onnx / fmt::format("{}-{}.onnx", stem, ref.index);
    }
    return RunConformanceCase(*conformance_, ref.file->conformance[ref.index], options_.mode, dump,
                              options_.through);
  }

  Result<CaseResult> RunValidation(const CaseRef& ref) {
    if (!validation_) {
      ContextOptions context_options = ContextOptionsFor();
      // The cases were captured with this limit and test it.
      context_options.max_tensor_byte_length = uint64_t{1} << 31;
      WEBNN_ASSIGN_OR_RETURN(validation_, Context::Create(std::move(context_options)));
      runner_.emplace(*validation_);
    }
    return runner_->Run(ref.file->validation[ref.index]);
  }

  ContextOptions ContextOptionsFor() const { return {.backend = options_.backend, .threads = 1}; }

  const Options& options_;
  std::optional<Context> conformance_;
  std::optional<Context> validation_;
  std::optional<ValidationRunner> runner_;
};

/// Prints failures in the order of the cases, however the threads finish them.
class Printer {
 public:
  explicit Printer(size_t count) : done_(count), terminal_(isatty(STDERR_FILENO) == 1) {}
  ~Printer() { Erase(); }

  void Done(const std::vector<CaseResult>& results, size_t index) {
    const std::lock_guard lock(mutex_);
    done_[index] = true;
    ++finished_;
    for (; next_ < done_.size() && done_[next_]; ++next_) {
      if (results[next_].status != Status::kFailed) continue;
      Erase();
      fmt::print("{}\n", FailureLine(results[next_]));
      std::fflush(stdout);
    }
    if (terminal_ && (finished_ % 64 == 0 || finished_ == done_.size())) {
      fmt::print(stderr, "\r{} of {}", finished_, done_.size());
    }
  }

 private:
  void Erase() const {
    if (terminal_) fmt::print(stderr, "\r\033[K");
  }

  std::mutex mutex_;
  std::vector<bool> done_;
  size_t next_ = 0;
  size_t finished_ = 0;
  bool terminal_;
};

Result<RunReport> RunCases(const std::vector<CaseRef>& cases, const Inputs& inputs,
                           const Options& options) {
  const auto start = Clock::now();
  RunReport report;
  report.results.resize(cases.size());
  std::atomic<size_t> next = 0;
  std::mutex mutex;  // Guards what follows.
  std::optional<Error> fatal;
  {
    Printer printer(cases.size());
    const auto work = [&] {
      Worker worker(options);
      for (size_t i = next++; i < cases.size(); i = next++) {
        if (options.verbose) {
          fmt::print(stderr, "{}: {}\n", cases[i].file->name, cases[i].name());
        }
        auto result = worker.Run(cases[i]);
        if (!result) {  // No context: no case can run.
          next = cases.size();
          const std::lock_guard lock(mutex);
          fatal = std::move(result.error());
          return;
        }
        {
          const std::lock_guard lock(mutex);
          if (report.backend.empty()) {
            report.backend = worker.context().backend();
            report.explanation = worker.context().Explain();
          }
        }
        inputs.known.Apply(*result, worker.context().backend(), inputs.known_name);
        report.results[i] = *std::move(result);
        printer.Done(report.results, i);
      }
    };
    std::vector<std::jthread> threads;
    const size_t count = std::min<size_t>(options.jobs, cases.size());
    for (size_t i = 1; i < count; ++i) threads.emplace_back(work);
    work();
  }
  if (fatal) return *std::move(fatal);
  report.stale = inputs.known.Stale(inputs.files, inputs.whole_folders, inputs.known_name);
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
  fmt::print("{} passed, {} failed\n", report->Count(Status::kPassed), report->failed());
  return report->failed() == 0 ? kExitOk : kExitFailed;
}

}  // namespace webnn::conformance
