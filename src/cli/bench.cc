#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/statistics.h"
#include "cli/terminal.h"

namespace webnn::cli {
namespace {

struct Arguments : RunArguments {
  uint32_t warm_up = 3;
  std::optional<uint32_t> iterations;
  std::optional<double> seconds;
};

// Seconds of the runs, sorted.
struct Times {
  std::vector<double> sorted;
  double Quantile(double share) const {
    // The smallest time that so many runs do not exceed.
    const double place = std::ceil(share * static_cast<double>(sorted.size()));
    return sorted[static_cast<size_t>(std::max(place, 1.0)) - 1];
  }
  double Median() const {
    const size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
  double Mean() const {
    return std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
  }
};

// Tensors that stay with the context, so that a run is a dispatch alone.
struct Tensors {
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
  std::vector<NamedTensor> List() const {
    std::vector<NamedTensor> list;
    for (size_t i = 0; i < names.size(); ++i) list.emplace_back(names[i], tensors[i]);
    return list;
  }
};

uint64_t PeakMemoryBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return static_cast<uint64_t>(usage.ru_maxrss);
#else
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

Result<Times> Measure(const Arguments& arguments, const Context& context, const Graph& graph,
                      const Tensors& inputs, const Tensors& outputs) {
  const auto from = inputs.List();
  const auto to = outputs.List();
  const auto run = [&]() -> Result<double> {
    const Stopwatch stopwatch;
    WEBNN_RETURN_IF_ERROR(context.Dispatch(graph, from, to));
    context.Synchronize();
    return stopwatch.seconds();
  };
  Progress progress("measuring");
  for (uint32_t i = 0; i < arguments.warm_up; ++i) WEBNN_RETURN_IF_ERROR(run());
  // By number, by time, or both: what ends first.
  const double seconds = arguments.seconds.value_or(arguments.iterations ? HUGE_VAL : 3.0);
  const size_t most = arguments.iterations.value_or(UINT32_MAX);
  Times times;
  double shown = 0;
  for (const Stopwatch total; times.sorted.size() < most;) {
    WEBNN_ASSIGN_OR_RETURN(const double time, run());
    times.sorted.push_back(time);
    const double now = total.seconds();
    if (now >= seconds) break;
    if (now - shown < 0.1) continue;  // showing takes time of its own, between the runs
    shown = now;
    progress.Show(std::max(now / seconds,
                           static_cast<double>(times.sorted.size()) / static_cast<double>(most)),
                  fmt::format("{} runs", times.sorted.size()));
  }
  std::sort(times.sorted.begin(), times.sorted.end());
  return times;
}

Result<int> Bench(const Arguments& arguments) {
  if (arguments.iterations == 0u) return BadUse("--iterations takes a number from 1");
  if (arguments.seconds && !(*arguments.seconds > 0)) return BadUse("--seconds must be above 0");
  WEBNN_ASSIGN_OR_RETURN(const ContextOptions options,
                         OptionsFor(arguments.model, arguments.engine));
  WEBNN_ASSIGN_OR_RETURN(const PreparedModel model,
                         Prepare("bench", arguments.model, arguments.inputs));
  WEBNN_ASSIGN_OR_RETURN(const CompiledModel compiled, CompileModel("bench", model, options));
  const auto& [context, graph, build_seconds] = compiled;
  Tensors inputs;
  for (const TensorData& input : model.inputs) {
    WEBNN_ASSIGN_OR_RETURN(Tensor tensor,
                           context.CreateTensor(input.descriptor, {.writable = true}));
    WEBNN_RETURN_IF_ERROR(context.WriteTensor(tensor, input.bytes));
    inputs.names.push_back(input.name);
    inputs.tensors.push_back(std::move(tensor));
  }
  Tensors outputs;
  for (const NamedDescriptor& output : graph.outputs()) {
    WEBNN_ASSIGN_OR_RETURN(Tensor tensor, context.CreateTensor(output.descriptor));
    outputs.names.push_back(output.name);
    outputs.tensors.push_back(std::move(tensor));
  }
  WEBNN_ASSIGN_OR_RETURN(const Times times, Measure(arguments, context, graph, inputs, outputs));

  const double median = times.Median();
  const double per_second = 1 / times.Mean();
  const uint64_t memory = PeakMemoryBytes();
  if (arguments.json) {
    Json operators = nullptr;
    if (model.definition) operators = model.definition->operator_count();
    PrintJson({{"model", arguments.model.path},
               {"backend", EngineText(context)},
               {"threads", arguments.engine.threads},
               {"operators", operators},
               {"loadSeconds", model.load_seconds},
               {"buildSeconds", build_seconds},
               {"warmUp", arguments.warm_up},
               {"runs", times.sorted.size()},
               {"medianSeconds", median},
               {"p90Seconds", times.Quantile(0.9)},
               {"p99Seconds", times.Quantile(0.99)},
               {"minSeconds", times.sorted.front()},
               {"maxSeconds", times.sorted.back()},
               {"meanSeconds", times.Mean()},
               {"runsPerSecond", per_second},
               {"peakMemoryBytes", memory}});
    return kExitOk;
  }
  const auto row = [](std::string_view name, const std::string& value) {
    return fmt::format("{:<12}{}\n", name, value);
  };
  Print(row("median", Paint(StandardOutput(), Colour::kBold, DurationText(median))) +
        row("p90", DurationText(times.Quantile(0.9))) +
        row("p99", DurationText(times.Quantile(0.99))) +
        row("min", DurationText(times.sorted.front())) +
        row("throughput", fmt::format("{:.4g} runs/s", per_second)) +
        row("runs", fmt::format("{} after {} to warm up", times.sorted.size(), arguments.warm_up)) +
        row("load", DurationText(model.load_seconds)) + row("build", DurationText(build_seconds)) +
        row("memory", BytesText(memory) + " at most") + row("engine", EngineText(context)));
  return kExitOk;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  constexpr std::string_view kGroup = "Measurement";
  AddRunOptions(options, *arguments,
                {{.name = "--iterations",
                  .value = "N",
                  .help = "Measure so many runs",
                  .target = &arguments->iterations,
                  .group = kGroup},
                 {.name = "--seconds",
                  .value = "NUMBER",
                  .help = "Measure for so long, at least one run; 3 when neither is given",
                  .target = &arguments->seconds,
                  .group = kGroup},
                 {.name = "--warmup",
                  .value = "N",
                  .help = "Runs before, which do not count; 3 without it",
                  .target = &arguments->warm_up,
                  .group = kGroup}});
  return [arguments] { return Bench(*arguments); };
}

}  // namespace

Command BenchCommand() {
  return {
      .name = "bench",
      .summary = "Measure how long a model takes",
      .description =
          "Runs the model again and again on tensors that stay with the back end and tells the "
          "median, the times that 90 % and 99 % of the runs keep, the shortest, runs a second, "
          "the time to load and to build, and the most memory that the process had.",
      .examples = {{"webnn bench model.onnx", "For three seconds, on random inputs"},
                   {"webnn bench model.onnx --threads 1 --iterations 1000 --json", "For programs"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
