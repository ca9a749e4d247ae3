// What a dispatch costs beyond ONNX Runtime's own run: Context::Dispatch and Context::Compute
// against RunWithBinding on tensors bound once, with the same model and the same session options.
// Two raw sessions of one model tell how exact the ratio is.

#include <cmath>

#include "harness.h"
#include "models.h"
#include "raw_session.h"
#include "webnn_session.h"

namespace webnn::bench {
namespace {

struct Setting {
  const char* graph;
  GraphDefinition definition;
  uint32_t threads;    // 0: the default
  size_t repetitions;  // of one measurement
  size_t rounds;
  double max_seconds;
  double limit;
};

void SetInputs(WebnnSession& ours, RawSession& raw, RawSession& again,
               const GraphDefinition& definition) {
  Weights values;
  for (size_t i = 0; i < definition.inputs().size(); ++i) {
    const auto bytes = values.Random(raw.memory(i).size(), 1.0f);
    const std::span<const float> floats(reinterpret_cast<const float*>(bytes.data()),
                                        raw.memory(i).size());
    ours.Write(i, floats);
    std::copy(floats.begin(), floats.end(), raw.memory(i).begin());
    std::copy(floats.begin(), floats.end(), again.memory(i).begin());
  }
}

void Compare(WebnnSession& ours, RawSession& raw, size_t inputs) {
  const std::vector<float> values = ours.Read(0);
  const std::span<const float> expected = raw.memory(inputs);
  bool ordinary = false;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != expected[i] || !std::isfinite(values[i])) {
      fmt::print(stderr, "the results differ: {} and {}\n", values[i], expected[i]);
      std::exit(2);
    }
    ordinary = ordinary || std::abs(values[i]) > 1e-6f;
  }
  if (!ordinary) {
    fmt::print(stderr, "the results are all zero\n");
    std::exit(2);
  }
}

void Measure(Report& report, const Setting& setting) {
  const Context context =
      Must(Context::Create({.backend = "onnxruntime", .threads = setting.threads}));
  const Graph graph = Must(context.Compile(setting.definition));
  WebnnSession ours(context, graph);
  RawSession raw(setting.definition, setting.threads);
  RawSession again(setting.definition, setting.threads);
  SetInputs(ours, raw, again, setting.definition);
  ours.Dispatch();
  raw.Run();
  again.Run();
  Compare(ours, raw, graph.inputs().size());
  // Threads of another session that still look for work would take the time of this one.
  const bool rest = setting.repetitions == 1;
  const auto timed = [&](auto run) {
    return std::function<double()>([&, run] {
      if (rest) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      run();  // the caches are the one before's
      return Time([&] {
               for (size_t i = 0; i < setting.repetitions; ++i) run();
             }) /
             static_cast<double>(setting.repetitions);
    });
  };
  const Rounds rounds =
      Interleave(setting.rounds, setting.max_seconds,
                 {timed([&] { raw.Run(); }), timed([&] { again.Run(); }),
                  timed([&] { ours.Dispatch(); }), timed([&] { ours.Compute(); })});

  const std::string title =
      fmt::format("{}, threads: {}", setting.graph, setting.threads == 0 ? "default" : "1");
  const std::array<const char*, 4> names = {"ONNX Runtime, RunWithBinding", "the same, again",
                                            "Context::Dispatch", "Context::Compute"};
  const bool tiny = setting.repetitions > 1;
  const auto shown = [&](double seconds) {
    return tiny ? fmt::format("{:.0f} ns", seconds * 1e9) : fmt::format("{:.2f} ms", seconds * 1e3);
  };
  for (size_t k = 0; k < names.size(); ++k) {
    report.Row(title, {"", "median", "least", "ratio"},
               {names[k], shown(rounds.Median(k)), shown(rounds.Min(k)),
                fmt::format("{:.4f}", rounds.Ratio(k, 0))});
  }
  report.Note(fmt::format("{}: {} rounds of {} x 4, {} of them quiet", title, rounds.taken,
                          setting.repetitions, rounds.quiet));
  report.AtMost(fmt::format("dispatch / ONNX Runtime, {}", title), rounds.Ratio(2, 0),
                setting.limit);
}

int Main(int argc, char** argv) {
  Report report("dispatch", argc, argv);
  report.Version("ONNX Runtime", OrtLibrary().version());
  Weights weights;
  const GraphDefinition add = TinyAdd();
  const GraphDefinition resnet = ResNet50(weights);
  for (const uint32_t threads : {1u, 0u}) {
    Measure(report, {"add of float32[2, 3]", add, threads, 5000, 200, 30, 1.15});
  }
  for (const uint32_t threads : {1u, 0u}) {
    Measure(report, {"ResNet-50, 1x3x224x224", resnet, threads, 1, 40, 60, 1.01});
  }
  return report.Finish();
}

}  // namespace
}  // namespace webnn::bench

int main(int argc, char** argv) { return webnn::bench::Main(argc, argv); }
