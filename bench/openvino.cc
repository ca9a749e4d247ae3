// What the OpenVINO back end costs beyond OpenVINO itself, by its C API with tensors bound once on
// the same model with the same properties: dispatches, computations of the smallest graph, threads,
// and loading from the cache. ONNX Runtime on the same models is there to compare with.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <thread>

#include "backends/host_memory.h"
#include "backends/openvino/backend.h"
#include "backends/openvino/compiled_model.h"
#include "backends/openvino/compiler.h"
#include "backends/openvino/device.h"
#include "backends/openvino/exact_integers.h"
#include "backends/openvino/library.h"
#include "backends/openvino/request.h"
#include "backends/openvino/target.h"
#include "backends/openvino/weights.h"
#include "harness.h"
#include "lowering/writer.h"
#include "model_files.h"
#include "models.h"
#include "runtime/impl.h"
#include "two_threads.h"
#include "webnn/webnn.h"
#include "webnn_session.h"

namespace webnn::bench {
namespace {

const ov::Library& OpenVino() {
  static const ov::Library* const kLibrary = Must(ov::Library::Open({}));
  return *kLibrary;
}

void MustOv(ov_status_e status) { Must(ov::Check(OpenVino().api(), status, "benchmark")); }

std::vector<ov::Property> Properties(uint32_t threads) {
  return Must(
      ov::PropertiesFor(Must(ov::FindDevice(OpenVino(), "")), Precision::kFloat32, threads));
}

ov::Handle<ov_compiled_model_t> CompileRaw(const GraphDefinition& definition, uint32_t threads) {
  const lowering::Model model =
      ov::ExactIntegers(lowering::Writer(*definition.data(), OpenVinoTarget()).Finish());
  const auto read = Must(OpenVino().ReadModel(Must(ov::Serialize(model)).proto));
  return Must(OpenVino().Compile(read.get(), "CPU", Properties(threads)));
}

// OpenVINO's own object behind a graph. The base of the comparison: two compilations of one model
// differ by a few percent in what they take.
const ov_compiled_model_t* ModelOf(const Graph& graph) {
  return static_cast<const ov::CompiledModel&>(*graph.impl()->compiled()).model();
}

// An infer request with memory of its own, set once.
class RawRequest {
 public:
  explicit RawRequest(const ov_compiled_model_t* model) {
    const ov::Api& api = OpenVino().api();
    request_ = Must(ov::Make<ov_infer_request_t>(
        api, "benchmark", api.ov_compiled_model_create_infer_request, model));
    signature_ = Must(ov::Signature::Of(api, model));
    for (const ov::Slot& slot : signature_.slots) {
      buffers_.push_back(Must(AlignedBuffer::Allocate(slot.byte_length)));
      const ov_shape_t shape = {static_cast<int64_t>(slot.sizes.size()),
                                const_cast<int64_t*>(slot.sizes.data())};
      const auto tensor =
          Must(ov::Make<ov_tensor_t>(api, "benchmark", api.ov_tensor_create_from_host_ptr,
                                     slot.type, shape, static_cast<void*>(buffers_.back().data())));
      MustOv(api.ov_infer_request_set_tensor_by_const_port(request_.get(), slot.port.get(),
                                                           tensor.get()));
    }
  }
  void Run() { MustOv(OpenVino().api().ov_infer_request_infer(request_.get())); }
  std::span<std::byte> memory(size_t k) { return buffers_[k].bytes(); }
  size_t inputs() const { return signature_.input_count; }

 private:
  ov::Handle<ov_infer_request_t> request_;
  ov::Signature signature_;
  std::vector<AlignedBuffer> buffers_;
};

struct Case {
  std::string title;
  GraphDefinition definition;
  std::vector<std::vector<std::byte>> inputs;  // in the graph's order
};

Case FileCase(const FileRun& run) {
  GraphDefinition definition = Must(LoadGraph(run.file, run.load_options()));
  std::vector<std::vector<std::byte>> inputs;
  for (const NamedDescriptor& one : definition.inputs()) {
    for (const FileInput& input : run.inputs) {
      if (input.name == one.name) inputs.push_back(input.bytes);
    }
  }
  return {run.title, std::move(definition), std::move(inputs)};
}

Context Make(const char* backend, uint32_t threads) {
  return Must(Context::Create({.backend = backend, .threads = threads, .cache = false}));
}

void MeasureDispatch(Report& report, const Case& one, double seconds) {
  const Context context = Make("openvino", 0);
  const Graph graph = Must(context.Compile(one.definition));
  WebnnSession ours(context, graph);
  RawRequest raw(ModelOf(graph));
  const auto model_again = CompileRaw(one.definition, 0);
  RawRequest again(model_again.get());
  const Context other = Make("onnxruntime", 0);
  WebnnSession onnxruntime(other, Must(other.Compile(one.definition)));
  for (size_t i = 0; i < one.inputs.size(); ++i) {
    ours.Write(i, one.inputs[i]);
    onnxruntime.Write(i, one.inputs[i]);
    for (RawRequest* request : {&raw, &again}) {
      std::copy(one.inputs[i].begin(), one.inputs[i].end(), request->memory(i).begin());
    }
  }
  ours.Dispatch();
  raw.Run();
  again.Run();
  const auto got = ours.ReadBytes(0);
  if (!std::ranges::equal(got, raw.memory(raw.inputs()))) {
    fmt::print(stderr, "{}: the results differ\n", one.title);
    std::exit(2);
  }
  const auto timed = [](auto run) {
    return std::function<double()>([run] {
      // Threads of another session that still look for work would take the time of this one.
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      run();  // the caches are the one before's
      return Time(run);
    });
  };
  const Rounds rounds = Interleave(
      60, seconds,
      {timed([&] { raw.Run(); }), timed([&] { again.Run(); }), timed([&] { ours.Dispatch(); }),
       timed([&] { ours.Compute(); }), timed([&] { onnxruntime.Dispatch(); })});
  const std::array<const char*, 5> names = {"OpenVINO, bound tensors", "the same, compiled again",
                                            "Context::Dispatch", "Context::Compute",
                                            "Context::Dispatch on ONNX Runtime"};
  for (size_t k = 0; k < names.size(); ++k) {
    report.Row(
        one.title, {"", "median", "least", "ratio"},
        {names[k], fmt::format("{:.3f} ms", rounds.Median(k) * 1e3),
         fmt::format("{:.3f} ms", rounds.Min(k) * 1e3), fmt::format("{:.4f}", rounds.Ratio(k, 0))});
  }
  report.Note(
      fmt::format("{}: {} rounds, {} of them quiet", one.title, rounds.taken, rounds.quiet));
  report.AtMost(fmt::format("dispatch / OpenVINO, {}", one.title), rounds.Ratio(2, 0), 1.02);
}

void MeasureTiny(Report& report) {
  const GraphDefinition add = TinyAdd();
  const Context context = Make("openvino", 1);
  const Graph graph = Must(context.Compile(add));
  WebnnSession ours(context, graph);
  RawRequest raw(ModelOf(graph));
  constexpr int kRuns = 2000;
  const auto timed = [](auto run) {
    return std::function<double()>([run] {
      run();
      return Time([&] {
               for (int i = 0; i < kRuns; ++i) run();
             }) /
             kRuns;
    });
  };
  const Rounds rounds = Interleave(
      100, 30,
      {timed([&] { raw.Run(); }), timed([&] { ours.Compute(); }), timed([&] { ours.Dispatch(); })});
  const std::array<const char*, 3> names = {"OpenVINO, bound tensors", "Context::Compute",
                                            "Context::Dispatch"};
  const std::string title = "add of float32[2, 3], one thread";
  for (size_t k = 0; k < names.size(); ++k) {
    report.Row(title, {"", "median", "least"},
               {names[k], fmt::format("{:.2f} us", rounds.Median(k) * 1e6),
                fmt::format("{:.2f} us", rounds.Min(k) * 1e6)});
  }
  std::vector<double> more;
  for (size_t i = 0; i < rounds.seconds[0].size(); ++i) {
    more.push_back((rounds.seconds[1][i] - rounds.seconds[0][i]) * 1e6);
  }
  report.AtMost("microseconds of compute beyond an infer request", Median(more), 2);
}

// A definition and what its weights lie in.
struct Made {
  std::shared_ptr<const void> weights;
  GraphDefinition definition;
};

// `make` gives the definition as it is after a start: no hash of its weights is known.
void MeasureLoad(Report& report, const std::string& title, const std::function<Made()>& make) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / "webnn-bench-openvino-cache").string();
  std::filesystem::remove_all(folder);
  const OpenVinoCaching keep_all = {.worth_keeping = std::chrono::milliseconds(0),
                                    .few_operators = 0};
  const auto backend = Must(OpenOpenVino({.cache_dir = folder}, keep_all));
  const Made made = make();
  const auto graph = made.definition.data();
  Must(backend->Compile(graph, {}));
  const auto compiled = CompileRaw(made.definition, 0);
  const cache::Blob blob = Must(ov::Export(OpenVino(), compiled.get()));
  const ov::Api& api = OpenVino().api();
  const auto raw = [&] {
    return Time([&] {
      Must(ov::Make<ov_compiled_model_t>(
          api, "benchmark", api.ov_core_import_model, OpenVino().core(),
          reinterpret_cast<const char*>(blob.bytes.data()), blob.bytes.size(), "CPU"));
    });
  };
  const auto first = [&] {
    const Made fresh = make();
    return Time([&] { Must(backend->Compile(fresh.definition.data(), {})); });
  };
  const auto ours = [&] { return Time([&] { Must(backend->Compile(graph, {})); }); };
  const auto anew = [&] { return Time([&] { CompileRaw(made.definition, 0); }); };
  const Rounds rounds = Interleave(15, 40, {raw, first, ours, anew});
  const std::array<const char*, 4> names = {"import_model", "from the cache, the first time",
                                            "from the cache, again", "compiled anew"};
  for (size_t k = 0; k < names.size(); ++k) {
    report.Row(
        title + ", loaded", {"", "median", "least", "ratio"},
        {names[k], fmt::format("{:.1f} ms", rounds.Median(k) * 1e3),
         fmt::format("{:.1f} ms", rounds.Min(k) * 1e3), fmt::format("{:.3f}", rounds.Ratio(k, 0))});
  }
  report.Note(fmt::format("{}: a blob of {} bytes; {} rounds, {} of them quiet", title,
                          blob.bytes.size(), rounds.taken, rounds.quiet));
  report.AtMost(fmt::format("from the cache / import_model, {}, the first time", title),
                rounds.Ratio(1, 0), 1.1);
  report.AtMost(fmt::format("from the cache / import_model, {}, again", title), rounds.Ratio(2, 0),
                1.1);
  std::filesystem::remove_all(folder);
}

// A run of the list, or one of them with a picture of other sizes.
std::optional<FileRun> FindRun(std::string_view title) {
  for (const FileRun& run : FileRuns()) {
    if (run.title == title) return run;
  }
  for (FileRun run : FileRuns()) {
    if (title == "PP-OCRv4 detection 1x3x736x736" &&
        run.title == "PP-OCRv4 detection 1x3x480x640") {
      run.title = title;
      run.inputs = {Page("x", {1, 3, 736, 736})};
      return run;
    }
  }
  return std::nullopt;
}

int Main(int argc, char** argv) {
  Report report("openvino", argc, argv);
  report.Version("OpenVINO", OpenVino().version());
  MeasureTiny(report);
  MeasureTwoThreads(report, "openvino", 30);
  const auto resnet = [] {
    const auto weights = std::make_shared<Weights>();
    return Made{weights, ResNet50(*weights)};
  };
  Weights weights;
  const auto noise = weights.Random(3 * 224 * 224, 1.0f);
  const auto words = weights.Random(128 * 768, 1.0f);
  std::vector<Case> cases;
  cases.push_back({"ResNet-50 1x3x224x224", ResNet50(weights), {{noise.begin(), noise.end()}}});
  cases.push_back(
      {"MobileNetV2 1x3x224x224", MobileNetV2(weights, 1), {{noise.begin(), noise.end()}}});
  cases.push_back(
      {"12-layer encoder 1x128x768", Encoder(weights, 1), {{words.begin(), words.end()}}});
  std::optional<FileRun> recognition;
  for (const char* title :
       {"PP-OCRv4 recognition 1x3x48x320", "PP-OCRv4 detection 1x3x736x736",
        "PP-OCRv4 detection 1x3x480x640", "PP-OCR angle 1x3x48x192",
        "PP-LCNet orientation 1x3x224x224", "Magika 1x2048", "Silero VAD 16k_op15 1x576",
        "light_shufflenet 1x3x224x224", "light_densenet121 1x3x224x224"}) {
    const std::optional<FileRun> run = FindRun(title);
    if (!run || !std::filesystem::exists(run->file)) {
      report.Note(fmt::format("{} is not there: tools/setup.sh models", title));
      continue;
    }
    cases.push_back(FileCase(*run));
    if (run->title == "PP-OCRv4 recognition 1x3x48x320") recognition = run;
  }
  for (const Case& one : cases) MeasureDispatch(report, one, 25);
  MeasureLoad(report, "ResNet-50", resnet);
  if (recognition) {
    MeasureLoad(report, "PP-OCRv4 recognition", [&] {
      return Made{nullptr, Must(LoadGraph(recognition->file, recognition->load_options()))};
    });
  }
  return report.Finish();
}

}  // namespace
}  // namespace webnn::bench

int main(int argc, char** argv) { return webnn::bench::Main(argc, argv); }
