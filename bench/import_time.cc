// Time and peak memory from an ONNX file of ResNet-50 (102 MB of weights) to a graph that can run:
// import and build here, the creation of a session with ONNX Runtime. Each measurement is a process
// of its own.

#include "child.h"
#include "harness.h"
#include "models.h"
#include "raw_session.h"
#include "webnn/webnn.h"

namespace webnn::bench {
namespace {

std::string ModelPath(const std::string& folder) { return folder + "/resnet50.onnx"; }

double CreateSession(const std::string& folder) {
  const ort::Library& library = OrtLibrary();
  const OrtApi& api = library.api();
  return Time([&] {
    const auto options =
        Must(ort::Make<OrtSessionOptions>(api, "benchmark", api.CreateSessionOptions));
    MustOrt(api.SetIntraOpNumThreads(options.get(), 1));
    // It lives until the process ends, and the end is not measured.
    (void)Must(  // NOLINT(bugprone-unused-return-value): as the comment says
        ort::Make<OrtSession>(api, "benchmark", api.CreateSession, library.env(),
                              ModelPath(folder).c_str(), options.get()))
        .release();
  });
}

double ImportAndBuild(const std::string& folder) {
  const Context context = Must(Context::Create({.backend = "onnxruntime", .threads = 1}));
  std::optional<Graph> graph;
  return Time([&] { graph = Must(context.Compile(Must(LoadGraph(ModelPath(folder))))); });
}

int Child(std::string_view variant, const std::string& folder) {
  PrintUsage(variant == "ort" ? CreateSession(folder) : ImportAndBuild(folder));
  return 0;
}

int Main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--child") return Child(argv[2], argv[3]);
  Report report("import_time", argc, argv);
  report.Version("ONNX Runtime", OrtLibrary().version());
  const TemporaryFolder folder;
  {
    Weights weights;
    Must(SaveModel(ResNet50(weights), ModelPath(folder.path())));
  }
  std::vector<double> peaks[2];
  const auto measure = [&](size_t k, const char* variant) {
    return std::function<double()>([&, k, variant] {
      const Usage usage = RunChild(variant, folder.path());
      peaks[k].push_back(usage.peak);
      return usage.seconds;
    });
  };
  const Rounds rounds = Interleave(15, 60, {measure(0, "ort"), measure(1, "webnn")});
  const std::array<const char*, 2> names = {"ONNX Runtime, CreateSession", "LoadGraph and Compile"};
  for (size_t k = 0; k < names.size(); ++k) {
    report.Row(
        "ResNet-50", {"", "median ms", "least", "ratio", "peak MiB"},
        {names[k], fmt::format("{:.1f}", rounds.Median(k) * 1e3),
         fmt::format("{:.1f}", rounds.Min(k) * 1e3), fmt::format("{:.3f}", rounds.Ratio(k, 0)),
         fmt::format("{:.0f}", Median(peaks[k]))});
  }
  report.Note(fmt::format("{} rounds, {} of them quiet", rounds.taken, rounds.quiet));
  report.AtMost("import and build / session creation", rounds.Ratio(1, 0), 1.3);
  report.AtMost("peak memory / ONNX Runtime's", Median(peaks[1]) / Median(peaks[0]), 1.2);
  return report.Finish();
}

}  // namespace
}  // namespace webnn::bench

int main(int argc, char** argv) { return webnn::bench::Main(argc, argv); }
