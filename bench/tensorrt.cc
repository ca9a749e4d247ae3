// TensorRT through webnn.cpp against TensorRT by hand (tensorrt_raw.h): the same plans, in one run,
// in turn. `--help` lists what is measured.

#include <array>
#include <atomic>
#include <barrier>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "backends/tensorrt/payload.h"
#include "cache/container.h"
#include "child.h"
#include "harness.h"
#include "models.h"
#include "runtime/impl.h"
#include "tensorrt_models.h"
#include "tensorrt_raw.h"
#include "tensorrt_start.h"
#include "webnn_session.h"

namespace webnn::bench {
namespace {

constexpr const char* kUsage =
    "usage: tensorrt [--filter TEXT]... [--quick] [--library PATH] [--cache-dir DIR]\n"
    "                [--build-jobs N] [--optimization-level N] [--json FILE] [--check]\n"
    "\n"
    "Measures the TensorRT back end against a hand-written TensorRT loop on the same engines:\n"
    "MobileNetV2, ResNet-50 and a 12-layer encoder, float16, batches of 1 and 32. Sections:\n"
    "  dispatch  dispatch and wait\n"
    "  host      host arrays in and out\n"
    "  launch    the host's part of a dispatch\n"
    "  threads   1, 2, 4 and 8 threads on one graph\n"
    "  growth    device memory after many dispatches and tensors\n"
    "  start     cached engine to first result; device memory of an engine\n"
    "  models    float16 against float32 results of model files in .deps/models\n"
    "\n"
    "  --filter TEXT   only what has TEXT in \"section: model\"; may be repeated\n"
    "  --quick         shorter measurements\n"
    "  --library PATH  TensorRT's library or its folder; default: TENSORRT_ROOT, then as always\n"
    "  --cache-dir DIR keep the engines for the next run; default: a temporary folder\n"
    "  --build-jobs N  engines to build at once before anything is measured; default: 3\n"
    "  --optimization-level N  of the builds, 0 to 5; default: TensorRT's, for the models 1\n"
    "  --json FILE     write all that is printed as JSON\n"
    "  --check         exit status 1 when a figure misses its limit, 2 without a GPU\n";

struct Settings {
  std::vector<std::string> filters;
  bool quick = false;
  bool check = false;
  std::string library;
  std::string cache_dir;
  size_t build_jobs = 3;
  std::optional<uint32_t> optimization_level;

  bool Wants(const std::string& section, const std::string& model) const {
    const std::string text = section + ": " + model;
    return filters.empty() || std::any_of(filters.begin(), filters.end(), [&](const auto& filter) {
             return text.find(filter) != std::string::npos;
           });
  }
  ContextOptions Options(const std::string& folder) const {
    ContextOptions options{.backend = "tensorrt", .library_path = library, .cache_dir = folder};
    options.compile.precision = Precision::kFloat16;
    options.compile.optimization_level = optimization_level;
    return options;
  }
};

constexpr std::array<const char*, 6> kSections = {"dispatch", "host",   "launch",
                                                  "threads",  "growth", "start"};

/// A graph with the folder that its engine is kept in.
struct Case {
  std::string title;
  std::string id;
  GraphDefinition (*make)(Weights&, uint32_t);
  uint32_t batch;
  std::string folder = {};
  std::shared_ptr<Weights> weights = {};
  std::optional<GraphDefinition> definition = {};
  std::string plan_path = {};

  void Make() {
    weights = std::make_shared<Weights>();
    definition = make(*weights, batch);
  }
};

std::vector<Case> AllCases() {
  return {{"MobileNetV2, batch 1", "mobilenet-1", MobileNetV2, 1},
          {"MobileNetV2, batch 32", "mobilenet-32", MobileNetV2, 32},
          {"ResNet-50, batch 1", "resnet-1", ResNet50, 1},
          {"ResNet-50, batch 32", "resnet-32", ResNet50, 32},
          {"encoder, batch 1", "encoder-1", Encoder, 1},
          {"encoder, batch 32", "encoder-32", Encoder, 32}};
}

// ---- Engines. ----

/// The plan inside the kept engine, as a file of its own.
void ExtractPlan(Case& test) {
  for (const auto& file : std::filesystem::directory_iterator(test.folder)) {
    if (file.path().extension() != ".entry") continue;
    const cache::Entry entry = Must(cache::ParseEntry(MapFile(file.path())));
    const auto payload = trt::Decode(entry.payload);
    if (!payload) continue;  // The builder's timings.
    test.plan_path = test.folder + "/plan.bin";
    const auto plan = payload->plan.bytes;
    std::ofstream(test.plan_path, std::ios::binary)
        .write(reinterpret_cast<const char*>(plan.data()),
               static_cast<std::streamsize>(plan.size()));
    return;
  }
  Fail("find an engine in", test.folder);
}

void Build(Report& report, const Settings& settings, std::vector<Case>& cases) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  const double start = Seconds();
  const auto work = [&] {
    for (size_t i = next++; i < cases.size(); i = next++) {
      Case& test = cases[i];
      test.Make();
      std::filesystem::create_directories(test.folder);
      std::filesystem::permissions(test.folder, std::filesystem::perms::owner_all);
      const double begin = Seconds();
      double shown = begin;
      ContextOptions options = settings.Options(test.folder);
      options.compile.progress = [&](const CompileProgress& progress) {
        if (Seconds() > shown + 30) {
          shown = Seconds();
          const std::lock_guard lock(mutex);
          fmt::print(stderr, "{}: {} {:.0f} %, {:.0f} s\n", test.title, progress.phase,
                     progress.fraction * 100, progress.seconds);
        }
        return true;
      };
      const Context context = Must(Context::Create(options));
      Must(context.Compile(*test.definition));
      ExtractPlan(test);
      const std::lock_guard lock(mutex);
      fmt::print(stderr, "{}: compiled in {:.1f} s\n", test.title, Seconds() - begin);
      report.Row(
          "Engines", {"", "seconds to compile", "MiB"},
          {test.title, fmt::format("{:.1f}", Seconds() - begin),
           fmt::format("{:.1f}",
                       static_cast<double>(std::filesystem::file_size(test.plan_path)) * 0x1p-20)});
    }
  };
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < std::min(settings.build_jobs, cases.size()); ++i) {
    threads.emplace_back(work);
  }
  work();
  threads.clear();
  report.Note(fmt::format("engines were compiled or found in {:.1f} s, {} at once",
                          Seconds() - start, settings.build_jobs));
}

// ---- One caller. ----

struct Samples {
  std::vector<double> ours;
  std::vector<double> raw;
  double MedianRatio() const { return Median(ours) / Median(raw); }
  double TailRatio() const { return Percentile(ours, 0.99) / Percentile(raw, 0.99); }
};

/// Takes both in turn, in blocks; the first two of a block fill the caches and do not count.
template <class Ours, class Raw>
Samples Alternate(double seconds, const Ours& ours, const Raw& raw) {
  constexpr int kBlock = 22;
  const auto block = [&](const auto& run, std::vector<double>& samples) {
    for (int i = 0; i < kBlock; ++i) {
      const double sample = run();
      if (i >= 2) samples.push_back(sample);
    }
  };
  Samples samples;
  for (int i = 0; i < 20; ++i) ours(), raw();
  const double end = Seconds() + 2 * seconds;
  // A p99 needs some samples above it.
  while (Seconds() < end || samples.raw.size() < 400) {
    block(ours, samples.ours);
    block(raw, samples.raw);
    block(raw, samples.raw);
    block(ours, samples.ours);
  }
  return samples;
}

void CompareResults(std::span<const float> ours, std::span<const std::byte> raw_bytes,
                    const std::string& title) {
  std::vector<float> raw(raw_bytes.size() / sizeof(float));
  std::memcpy(raw.data(), raw_bytes.data(), raw_bytes.size());
  float largest = 0;
  float difference = 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    if (!std::isfinite(ours[i])) Fail("compare infinite results of", title);
    largest = std::max(largest, std::abs(raw[i]));
    difference = std::max(difference, std::abs(ours[i] - raw[i]));
  }
  // One plan, one GPU: kernels that add in an order of chance would show here, and there are few.
  if (ours.size() != raw.size() || largest < 1e-3f || difference > 1e-3f * largest) {
    fmt::print(stderr, "{}: results differ by {} of {}\n", title, difference, largest);
    std::exit(2);
  }
}

/// Both sides of a case in this process.
class Sides {
 public:
  Sides(const Settings& settings, const RawRuntime& runtime, const Case& test)
      : context(Must(Context::Create(settings.Options(test.folder)))),
        graph(Must(context.Compile(*test.definition))),
        ours(context, graph),
        engine(runtime, MapFile(test.plan_path)),
        raw(engine) {
    Weights values;
    input_.assign(test.definition->inputs()[0].descriptor.element_count(), 0);
    const auto bytes = values.Random(input_.size(), 1.0f);
    std::memcpy(input_.data(), bytes.data(), bytes.size());
    Prepare(ours, raw);
    ours.DispatchAndWait();
    raw.Run();
    CompareResults(ours.Read(0), raw.Read(0), test.title);
    ours.Compute();
    raw.RunOnHost();
    CompareResults(ours.host_output(0), raw.host(false, 0), test.title);
  }

  void Prepare(WebnnSession& session, RawCaller& caller) const {
    session.Write(0, input_);
    caller.Write(0, std::as_bytes(std::span(input_)));
    caller.PrepareHost();
    const auto bytes = std::as_bytes(std::span(input_));
    std::copy(bytes.begin(), bytes.end(), caller.host(true, 0).begin());
    caller.Capture();
  }

  const Context context;
  const Graph graph;
  WebnnSession ours;
  const RawEngine engine;
  RawCaller raw;

 private:
  std::vector<float> input_;
};

std::string Milliseconds(double seconds) { return fmt::format("{:.4f}", seconds * 1e3); }

void SampleRow(Report& report, const std::string& title, const std::string& name,
               const Samples& samples) {
  report.Row(
      title + ", milliseconds", {"", "median", "raw", "ratio", "p99", "raw", "ratio", "samples"},
      {name, Milliseconds(Median(samples.ours)), Milliseconds(Median(samples.raw)),
       fmt::format("{:.4f}", samples.MedianRatio()), Milliseconds(Percentile(samples.ours, 0.99)),
       Milliseconds(Percentile(samples.raw, 0.99)), fmt::format("{:.4f}", samples.TailRatio()),
       fmt::format("2 x {}", samples.raw.size())});
}

void MeasureDispatch(Report& report, const Settings& settings, Sides& sides, const Case& test) {
  const Samples samples = Alternate(
      settings.quick ? 0.7 : 2.5, [&] { return Time([&] { sides.ours.DispatchAndWait(); }); },
      [&] { return Time([&] { sides.raw.Run(); }); });
  SampleRow(report, "Dispatch and wait", test.title, samples);
  report.AtMost("dispatch and wait / raw, median, " + test.title, samples.MedianRatio(), 1.02);
  report.AtMost("dispatch and wait / raw, p99, " + test.title, samples.TailRatio(), 1.10);
}

void MeasureHost(Report& report, const Settings& settings, Sides& sides, const Case& test) {
  const Samples samples = Alternate(
      settings.quick ? 0.5 : 1.5, [&] { return Time([&] { sides.ours.Compute(); }); },
      [&] { return Time([&] { sides.raw.RunOnHost(); }); });
  SampleRow(report, "Host arrays in and out", test.title, samples);
  report.AtMost("host arrays / hand-written pinned copies, median, " + test.title,
                samples.MedianRatio(), 1.05);
}

// Nothing waits while the clock runs, and the queue is empty when it starts.
void MeasureLaunch(Report& report, const Settings& settings, Sides& sides, const Case& test) {
  const Samples samples = Alternate(
      settings.quick ? 0.3 : 0.6,
      [&] {
        const double seconds = Time([&] { sides.ours.Dispatch(); });
        sides.context.Synchronize();
        return seconds;
      },
      [&] {
        const double seconds = Time([&] { sides.raw.Launch(); });
        sides.raw.Wait();
        return seconds;
      });
  SampleRow(report, "The host's part of a dispatch against cuGraphLaunch", test.title, samples);
  report.AtMost("host time of a dispatch above cuGraphLaunch, microseconds, " + test.title,
                (Median(samples.ours) - Median(samples.raw)) * 1e6, 10);
}

// ---- Several callers. ----

/// Runs a second for all callers together.
template <class Function>
double Throughput(size_t threads, double seconds, const Function& run) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> total = 0;
  std::barrier begin(static_cast<std::ptrdiff_t>(threads) + 1);
  std::vector<std::jthread> workers;
  for (size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      Cuda::Get().MakeCurrent();
      // A thread's first runs set up what later ones use.
      for (int k = 0; k < 10; ++k) run(i);
      begin.arrive_and_wait();
      uint64_t count = 0;
      for (; !stop; ++count) run(i);
      total += count;
    });
  }
  begin.arrive_and_wait();
  const double start = Seconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  workers.clear();
  return static_cast<double>(total) / (Seconds() - start);
}

void MeasureThreads(Report& report, const Settings& settings, Sides& sides, const Case& test) {
  constexpr size_t kMost = 8;
  std::vector<std::unique_ptr<WebnnSession>> ours;
  std::vector<std::unique_ptr<RawCaller>> raw;
  std::vector<std::vector<float>> outputs;
  for (size_t i = 0; i < kMost; ++i) {
    ours.push_back(std::make_unique<WebnnSession>(sides.context, sides.graph));
    raw.push_back(std::make_unique<RawCaller>(sides.engine));
    sides.Prepare(*ours.back(), *raw.back());
    outputs.emplace_back(test.definition->outputs()[0].descriptor.element_count());
  }
  const double seconds = settings.quick ? 0.2 : 0.3;
  const auto row = [&](const char* what, size_t threads, int runs, double limit,
                       const auto& run_ours, const auto& run_raw) {
    std::vector<double> ratios;
    std::vector<double> our_rates;
    std::vector<double> raw_rates;
    for (int round = 0; round < (settings.quick ? 2 : 3); ++round) {
      our_rates.push_back(runs * Throughput(threads, seconds, run_ours));
      raw_rates.push_back(runs * Throughput(threads, seconds, run_raw));
      ratios.push_back(our_rates.back() / raw_rates.back());
    }
    report.Row(fmt::format("{}, runs a second", test.title),
               {"", "threads", "ours", "raw", "ratio"},
               {what, fmt::format("{}", threads), fmt::format("{:.0f}", Median(our_rates)),
                fmt::format("{:.0f}", Median(raw_rates)), fmt::format("{:.3f}", Median(ratios))});
    if (limit > 0) {
      report.AtLeast(fmt::format("throughput / raw, {} threads, {}, {}", threads, what, test.title),
                     Median(ratios), limit);
    }
  };
  for (const size_t threads : {1, 2, 4, 8}) {
    row(
        "dispatch, output read", threads, 1, 0.95,
        [&](size_t i) {
          ours[i]->Dispatch();
          ours[i]->Read(0, outputs[i]);
        },
        [&](size_t i) { raw[i]->RunAndRead(); });
    // Eight in the queue: what the device can do.
    row(
        "8 dispatches, output read", threads, 8, 0.95,
        [&](size_t i) {
          for (int k = 0; k < 8; ++k) ours[i]->Dispatch();
          ours[i]->Read(0, outputs[i]);
        },
        [&](size_t i) {
          for (int k = 0; k < 7; ++k) raw[i]->Launch();
          raw[i]->RunAndRead();
        });
    // `Synchronize` waits for all threads' work, the raw loop for its own.
    row(
        "8 dispatches, Synchronize", threads, 8, 0.95,
        [&](size_t i) {
          for (int k = 0; k < 8; ++k) ours[i]->Dispatch();
          sides.context.Synchronize();
        },
        [&](size_t i) {
          for (int k = 0; k < 8; ++k) raw[i]->Launch();
          raw[i]->Wait();
        });
  }
  row(
      "host arrays in and out", 4, 1, 0, [&](size_t i) { ours[i]->Compute(); },
      [&](size_t i) { raw[i]->RunOnHost(); });
}

// ---- Memory. ----

void MeasureGrowth(Report& report, const Settings& settings, Sides& sides, const Case& test) {
  (void)settings;
  const Cuda& cuda = Cuda::Get();
  const auto dispatches = [&](int count) {
    for (int i = 0; i < count; ++i) {
      sides.ours.Dispatch();
      if (i % 100 == 99) sides.context.Synchronize();
    }
  };
  const auto tensors = [&](uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      const auto descriptor =
          Must(OperandDescriptor::Create(DataType::kFloat32, Shape{1 + i % 7, 1u << i % 19}));
      Tensor tensor = Must(sides.context.CreateTensor(descriptor, {.writable = true}));
      tensor.Destroy();
    }
  };
  dispatches(200);
  tensors(200);
  sides.context.Synchronize();
  cuda.MakeCurrent();
  const uint64_t before = cuda.FreeMemory();
  const double host_before = StatusMiB("RssAnon:");
  dispatches(10000);
  tensors(1000);
  sides.context.Synchronize();
  const double growth = (static_cast<double>(before) - static_cast<double>(cuda.FreeMemory()));
  report.Row("10,000 dispatches, 1,000 tensors made and destroyed", {"", "device MiB", "host MiB"},
             {test.title, fmt::format("{:+.1f}", growth * 0x1p-20),
              fmt::format("{:+.1f}", StatusMiB("RssAnon:") - host_before)});
  report.AtMost("growth of device memory, MiB, " + test.title, growth * 0x1p-20, 0);
}

// ---- Processes. ----

void MeasureStart(Report& report, const Settings& settings, const std::string& library,
                  const Case& test) {
  std::vector<StartFigures> ours;
  std::vector<StartFigures> raw;
  // The larger batches are here for their memory, which is the same each time.
  const int rounds = settings.quick ? 5 : 9;
  for (int round = 0; round < rounds; ++round) {
    raw.push_back(RunStart({"--child", "raw", test.plan_path, library}));
    ours.push_back(RunStart(
        {"--child", "ours", test.id, test.folder, library,
         settings.optimization_level ? fmt::format("{}", *settings.optimization_level) : ""}));
  }
  const auto median = [](const std::vector<StartFigures>& figures, double StartFigures::* field) {
    std::vector<double> values;
    for (const StartFigures& one : figures) values.push_back(one.*field);
    return Median(values);
  };
  const auto row = [&](const char* what, double StartFigures::* field, double factor) {
    report.Row("From the cache, in a fresh process: " + test.title, {"", "ours", "raw"},
               {what, fmt::format("{:.1f}", median(ours, field) * factor),
                fmt::format("{:.1f}", median(raw, field) * factor)});
  };
  row("ms to first result", &StartFigures::first_result, 1e3);
  row("ms with libraries and driver", &StartFigures::whole, 1e3);
  row("MiB of the device", &StartFigures::megabytes, 1);
  report.AtMost(
      "cache hit to first result above raw, ms, " + test.title,
      (median(ours, &StartFigures::first_result) - median(raw, &StartFigures::first_result)) * 1e3,
      10);
  report.AtMost("device memory of an engine / raw, " + test.title,
                median(ours, &StartFigures::megabytes) / median(raw, &StartFigures::megabytes),
                1.01);
  const auto loaded = [&](bool StartFigures::* field) {
    return static_cast<double>(std::count_if(ours.begin(), ours.end(),
                                             [&](const StartFigures& one) { return one.*field; }));
  };
  report.AtMost("cache hits that loaded the builder, " + test.title,
                loaded(&StartFigures::builder_loaded), 0);
  report.AtMost("cache hits that loaded the parser, " + test.title,
                loaded(&StartFigures::parser_loaded), 0);
}

int Child(std::span<char*> arguments) {
  StartFigures figures;
  if (arguments.size() == 3 && arguments[0] == std::string_view("raw")) {
    figures = StartRaw(arguments[2], arguments[1]);
  } else if (arguments.size() == 5 && arguments[0] == std::string_view("ours")) {
    Settings settings{.library = arguments[3]};
    if (*arguments[4] != '\0') {
      settings.optimization_level = static_cast<uint32_t>(std::atoi(arguments[4]));
    }
    for (Case& test : AllCases()) {
      if (test.id != arguments[1]) continue;
      test.Make();
      figures = StartOurs(settings.Options(arguments[2]), *test.definition);
    }
  } else {
    return 2;
  }
  fmt::print("{}\n", figures.ToJson().dump());
  std::fflush(stdout);
  std::_Exit(0);  // how long it takes to free everything is not the question
}

// ---- The program. ----

void MeasureCases(Report& report, const Settings& settings, std::vector<Case> cases) {
  std::erase_if(cases, [&](const Case& test) {
    return std::none_of(kSections.begin(), kSections.end(),
                        [&](const char* section) { return settings.Wants(section, test.title); });
  });
  if (cases.empty()) return;
  Build(report, settings, cases);
  const std::string library = LoadedLibrary("libnvinfer.so");
  const RawRuntime runtime(library);
  for (const Case& test : cases) {
    const auto wants = [&](const char* section) { return settings.Wants(section, test.title); };
    if (wants("dispatch") || wants("host") || wants("launch") || wants("threads") ||
        wants("growth")) {
      Sides sides(settings, runtime, test);
      if (wants("dispatch")) MeasureDispatch(report, settings, sides, test);
      if (wants("launch")) MeasureLaunch(report, settings, sides, test);
      if (wants("host")) MeasureHost(report, settings, sides, test);
      // Full batches fill the GPU by themselves: threads add nothing.
      if (wants("threads") && test.batch == 1) MeasureThreads(report, settings, sides, test);
      if (wants("growth") && test.id == "mobilenet-1") {
        MeasureGrowth(report, settings, sides, test);
      }
    }
    if (wants("start")) MeasureStart(report, settings, library, test);
  }
}

std::string Take(int argc, char** argv, int& place) {
  if (place + 1 >= argc) {
    fmt::print(stderr, "{} needs a value\n{}", argv[place], kUsage);
    std::exit(2);
  }
  return argv[++place];
}

int Main(int argc, char** argv) {
  if (argc > 1 && argv[1] == std::string_view("--child")) {
    return Child(std::span(argv + 2, static_cast<size_t>(argc) - 2));
  }
  Settings settings;
  std::vector<char*> for_report = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--filter") {
      settings.filters.push_back(Take(argc, argv, i));
    } else if (argument == "--quick") {
      settings.quick = true;
    } else if (argument == "--library") {
      settings.library = Take(argc, argv, i);
    } else if (argument == "--cache-dir") {
      settings.cache_dir = Take(argc, argv, i);
    } else if (argument == "--build-jobs") {
      settings.build_jobs = std::max<size_t>(1, std::stoul(Take(argc, argv, i)));
    } else if (argument == "--optimization-level") {
      settings.optimization_level = static_cast<uint32_t>(std::stoul(Take(argc, argv, i)));
    } else if (argument == "--check" || argument == "--json") {
      settings.check = settings.check || argument == "--check";
      for_report.push_back(argv[i]);
      if (argument == "--json" && i + 1 < argc) for_report.push_back(argv[++i]);
    } else {
      fmt::print(argument == "--help" ? stdout : stderr, "{}", kUsage);
      return argument == "--help" ? 0 : 2;
    }
  }
  Report report("tensorrt", static_cast<int>(for_report.size()), for_report.data());
  report.ShowAtOnce();

  const TemporaryFolder temporary;
  if (settings.cache_dir.empty()) settings.cache_dir = temporary.path();
  std::vector<Case> cases = AllCases();
  for (Case& test : cases) test.folder = settings.cache_dir + "/" + test.id;
  std::filesystem::create_directories(settings.cache_dir);

  ContextOptions probe = settings.Options(settings.cache_dir);
  probe.cache = false;
  const auto context = Context::Create(probe);
  if (!context) {
    fmt::print("nothing measured, TensorRT does not work here:\n{}\n", ToString(context.error()));
    return settings.check ? 2 : 0;
  }
  report.Note(context->Explain());
  report.Version("TensorRT", context->impl()->backend().version());
  MeasureCases(report, settings, std::move(cases));
  if (settings.Wants("models", "files") || !settings.filters.empty()) {
    // Their numbers are judged, not their speed.
    if (!settings.optimization_level) probe.compile.optimization_level = 1;
    MeasureModels(report, probe, settings.quick, settings.build_jobs,
                  [&](const std::string& title) { return settings.Wants("models", title); });
  }
  return report.Finish();
}

}  // namespace
}  // namespace webnn::bench

int main(int argc, char** argv) { return webnn::bench::Main(argc, argv); }
