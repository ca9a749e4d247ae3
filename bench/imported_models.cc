// What a dispatch of an imported model costs against ONNX Runtime on the original file, with the
// same threads and tensors bound once. Two sessions of one file tell how exact the ratio is. Models
// that are not there are left out and named.
// `imported_models TEXT` measures those with TEXT in their title.

#include <sched.h>

#include <cmath>

#include "file_session.h"
#include "harness.h"
#include "model_files.h"
#include "webnn/webnn.h"

namespace webnn::bench {
namespace {

// A compiled graph with its tensors.
class ImportedModel {
 public:
  ImportedModel(const FileRun& run, uint32_t threads)
      : context_(Must(Context::Create({.backend = "onnxruntime", .threads = threads}))),
        graph_(Must(context_.Compile(Must(LoadGraph(run.file, run.load_options()))))) {
    for (const NamedDescriptor& one : graph_.inputs()) {
      inputs_.emplace_back(one.name,
                           Must(context_.CreateTensor(one.descriptor, {.writable = true})));
      for (const FileInput& input : run.inputs) {
        if (input.name == one.name) Must(context_.WriteTensor(inputs_.back().second, input.bytes));
      }
    }
    for (const NamedDescriptor& one : graph_.outputs()) {
      outputs_.emplace_back(one.name,
                            Must(context_.CreateTensor(one.descriptor, {.readable = true})));
    }
  }

  void Dispatch() { Must(context_.Dispatch(graph_, inputs_, outputs_)); }

 private:
  const Context context_;
  const Graph graph_;
  std::vector<NamedTensor> inputs_;
  std::vector<NamedTensor> outputs_;
};

// Keeps the calling thread on its first processor. A session with the default threads has bound its
// own to the others, and which of them the caller shares one with is luck that lasts for rounds.
class OnFirstProcessor {
 public:
  OnFirstProcessor() {
    cpu_set_t first;
    CPU_ZERO(&first);
    if (sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    for (size_t k = 0; k < CPU_SETSIZE && CPU_COUNT(&first) == 0; ++k) {
      if (CPU_ISSET(k, &before_)) CPU_SET(k, &first);
    }
    bound_ = sched_setaffinity(0, sizeof first, &first) == 0;
  }
  ~OnFirstProcessor() {
    if (bound_) sched_setaffinity(0, sizeof before_, &before_);
  }
  OnFirstProcessor(const OnFirstProcessor&) = delete;
  OnFirstProcessor& operator=(const OnFirstProcessor&) = delete;

 private:
  cpu_set_t before_{};
  bool bound_ = false;
};

void Measure(Report& report, const FileRun& run, uint32_t threads) {
  FileSession original(run, threads);
  FileSession again(run, threads);
  ImportedModel imported(run, threads);
  const OnFirstProcessor bound;
  imported.Dispatch();
  // A measurement takes about 20 ms.
  const double once = Time([&] { original.Run(); });
  const auto repetitions = static_cast<size_t>(std::clamp(0.02 / once, 1.0, 1000.0));
  const auto timed = [&](auto run_once) {
    return std::function<double()>([&, run_once] {
      // Threads of the other session that still look for work would take the time of this one.
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      run_once();  // the caches are the one before's
      return Time([&] {
               for (size_t i = 0; i < repetitions; ++i) run_once();
             }) /
             static_cast<double>(repetitions);
    });
  };
  const Rounds rounds = Interleave(30, 8,
                                   {timed([&] { original.Run(); }), timed([&] { again.Run(); }),
                                    timed([&] { imported.Dispatch(); })});
  const auto shown = [](double seconds) { return fmt::format("{:.3f}", seconds * 1e3); };
  report.Row(fmt::format("threads: {}; milliseconds", threads == 0 ? "default" : "1"),
             {"", "original, median", "least", "again / original", "imported, median", "least",
              "ratio", "quiet rounds"},
             {run.title, shown(rounds.Median(0)), shown(rounds.Min(0)),
              fmt::format("{:.3f}", rounds.Ratio(1, 0)), shown(rounds.Median(2)),
              shown(rounds.Min(2)), fmt::format("{:.3f}", rounds.Ratio(2, 0)),
              fmt::format("{} of {}", rounds.quiet, rounds.taken)});
  if (run.both_branches) return;  // not the same work
  report.AtMost(
      fmt::format("dispatch / original, {}, threads {}", run.title, threads == 0 ? "default" : "1"),
      rounds.Ratio(2, 0), 1.05);
}

int Main(int argc, char** argv) {
  std::string filter;
  if (argc > 1 && argv[1][0] != '-') {
    filter = argv[1];
    argv[1] = argv[0];
    --argc;
    ++argv;
  }
  Report report("imported_models", argc, argv);
  report.Version("ONNX Runtime", OrtLibrary().version());
  for (const FileRun& run : FileRuns()) {
    if (run.title.find(filter) == std::string::npos) continue;
    if (!std::filesystem::exists(run.file)) {
      report.Note(fmt::format("{}: {} is not there", run.title, run.file.string()));
      continue;
    }
    for (const uint32_t threads : {1u, 0u}) Measure(report, run, threads);
  }
  return report.Finish();
}

}  // namespace
}  // namespace webnn::bench

int main(int argc, char** argv) { return webnn::bench::Main(argc, argv); }
