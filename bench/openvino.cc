// What the OpenVINO back end costs beyond OpenVINO itself, by its C API with tensors bound once on
// the same model with the same properties: dispatches, computations of the smallest graph, threads,
// and loading from the cache. ONNX Runtime on the same models is there to compare with.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <thread>

#include "backends/host_memory.h"
#include "backends/openvino/backend.h"
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
#include "webnn/webnn.h"

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

// A caller of a graph, with tensors and host memory.
class Caller {
 public:
  Caller(const Context& context, const Graph& graph) : context_(context), graph_(graph) {
    const auto tensor = [&](const NamedDescriptor& one) {
      host_.push_back(Must(AlignedBuffer::Allocate(one.descriptor.byte_length())));
      return Must(context_.CreateTensor(one.descriptor, {.readable = true, .writable = true}));
    };
    for (const NamedDescriptor& one : graph_.inputs()) {
      inputs_.emplace_back(one.name, tensor(one));
      input_bytes_.emplace_back(one.name, host_.back().bytes());
    }
    for (const NamedDescriptor& one : graph_.outputs()) {
      outputs_.emplace_back(one.name, tensor(one));
      output_bytes_.emplace_back(one.name, host_.back().bytes());
    }
  }
  void Write(size_t input, std::span<const std::byte> bytes) {
    Must(context_.WriteTensor(inputs_[input].second, bytes));
    std::copy(bytes.begin(), bytes.end(), host_[input].data());
  }
  std::vector<std::byte> Read(size_t output) {
    std::vector<std::byte> bytes(outputs_[output].second.descriptor().byte_length());
    Must(context_.ReadTensor(outputs_[output].second, bytes));
    return bytes;
  }
  void Dispatch() { Must(context_.Dispatch(graph_, inputs_, outputs_)); }
  void Compute() { Must(context_.Compute(graph_, input_bytes_, output_bytes_)); }

 private:
  const Context context_;
  const Graph graph_;
  std::vector<NamedTensor> inputs_;
  std::vector<NamedTensor> outputs_;
  std::vector<AlignedBuffer> host_;
  std::vector<NamedInputBytes> input_bytes_;
  std::vector<NamedOutputBytes> output_bytes_;
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
  Caller ours(context, Must(context.Compile(one.definition)));
  const auto model = CompileRaw(one.definition, 0);
  const auto model_again = CompileRaw(one.definition, 0);
  RawRequest raw(model.get());
  RawRequest again(model_again.get());
  const Context other = Make("onnxruntime", 0);
  Caller onnxruntime(other, Must(other.Compile(one.definition)));
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
  const auto got = ours.Read(0);
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
  const std::array<const char*, 5> names = {"OpenVINO, bound tensors", "the same, again",
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
  Caller ours(context, Must(context.Compile(add)));
  const auto model = CompileRaw(add, 1);
  RawRequest raw(model.get());
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

void MeasureThreads(Report& report) {
  constexpr int kDispatches = 20;
  Weights weights;
  const Context context = Make("openvino", 1);
  const Graph graph = Must(context.Compile(ConvStack(weights)));
  Caller first(context, graph);
  Caller second(context, graph);
  const auto bytes = weights.Random(64 * 56 * 56, 1.0f);
  for (Caller* caller : {&first, &second}) {
    caller->Write(0, bytes);
    caller->Dispatch();
  }
  const auto work = [](Caller& caller) {
    for (int i = 0; i < kDispatches; ++i) caller.Dispatch();
  };
  const auto one = [&] { return Time([&] { work(first); }) / kDispatches; };
  const auto two = [&] {
    return Time([&] {
             std::thread other([&] { work(second); });
             work(first);
             other.join();
           }) /
           (2 * kDispatches);
  };
  const Rounds rounds = Interleave(30, 30, {one, two});
  const std::string title = "Four 3x3 convolutions of 64 channels, 56x56, one inference thread";
  report.Row(title, {"", "dispatches a second, median"},
             {"one thread", fmt::format("{:.1f}", 1 / rounds.Median(0))});
  report.Row(title, {}, {"two threads", fmt::format("{:.1f}", 1 / rounds.Median(1))});
  report.Note(fmt::format("threads: {} rounds, {} of them quiet", rounds.taken, rounds.quiet));
  report.AtLeast("throughput of two threads / of one", 1 / rounds.Ratio(1, 0), 1.8);
}

void MeasureLoad(Report& report, const Case& one) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / "webnn-bench-openvino-cache").string();
  std::filesystem::remove_all(folder);
  const OpenVinoCaching keep_all = {.worth_keeping = std::chrono::milliseconds(0),
                                    .few_operators = 0};
  const auto backend = Must(OpenOpenVino({.cache_dir = folder}, keep_all));
  const auto graph = one.definition.data();
  Must(backend->Compile(graph, {}));
  const auto compiled = CompileRaw(one.definition, 0);
  const cache::Blob blob = Must(ov::Export(OpenVino(), compiled.get()));
  const ov::Api& api = OpenVino().api();
  const auto raw = [&] {
    return Time([&] {
      Must(ov::Make<ov_compiled_model_t>(
          api, "benchmark", api.ov_core_import_model, OpenVino().core(),
          reinterpret_cast<const char*>(blob.bytes.data()), blob.bytes.size(), "CPU"));
    });
  };
  const auto ours = [&] { return Time([&] { Must(backend->Compile(graph, {})); }); };
  const auto anew = [&] { return Time([&] { CompileRaw(one.definition, 0); }); };
  const Rounds rounds = Interleave(15, 40, {raw, ours, anew});
  const std::array<const char*, 3> names = {"import_model", "from the cache", "compiled anew"};
  for (size_t k = 0; k < names.size(); ++k) {
    report.Row(
        one.title + ", loaded", {"", "median", "least", "ratio"},
        {names[k], fmt::format("{:.1f} ms", rounds.Median(k) * 1e3),
         fmt::format("{:.1f} ms", rounds.Min(k) * 1e3), fmt::format("{:.3f}", rounds.Ratio(k, 0))});
  }
  report.Note(fmt::format("{}: a blob of {} bytes; {} rounds, {} of them quiet", one.title,
                          blob.bytes.size(), rounds.taken, rounds.quiet));
  report.AtMost(fmt::format("from the cache / import_model, {}", one.title), rounds.Ratio(1, 0),
                1.1);
  std::filesystem::remove_all(folder);
}

int Main(int argc, char** argv) {
  Report report("openvino", argc, argv);
  report.Version("OpenVINO", OpenVino().version());
  MeasureTiny(report);
  MeasureThreads(report);
  Weights weights;
  const auto noise = weights.Random(3 * 224 * 224, 1.0f);
  std::vector<Case> cases;
  cases.push_back({"ResNet-50 1x3x224x224", ResNet50(weights), {{noise.begin(), noise.end()}}});
  for (const char* title : {"PP-OCRv4 recognition 1x3x48x320", "PP-OCRv4 detection 1x3x480x640",
                            "PP-OCR angle 1x3x48x192", "Magika 1x2048", "Silero VAD 16k_op15 1x576",
                            "light_shufflenet 1x3x224x224"}) {
    for (const FileRun& run : FileRuns()) {
      if (run.title != title) continue;
      if (std::filesystem::exists(run.file)) {
        cases.push_back(FileCase(run));
      } else {
        report.Note(fmt::format("{} is not there: tools/setup.sh models", run.file.string()));
      }
    }
  }
  for (const Case& one : cases) MeasureDispatch(report, one, 25);
  MeasureLoad(report, cases[0]);
  if (cases.size() > 1) MeasureLoad(report, cases[1]);
  return report.Finish();
}

}  // namespace
}  // namespace webnn::bench

int main(int argc, char** argv) { return webnn::bench::Main(argc, argv); }
