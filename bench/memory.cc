// Peak memory from the start of a process to the first result, with 1 GiB of weights in files: our
// library with ConstantView over the mapped files, and ONNX Runtime with the same model, which
// names the same files as its external data. Each variant runs in a process of its own.
//
// ONNX Runtime rewrites the weights of matrix products for its kernels, a copy that it keeps beside
// or instead of the weights; those of other operators it uses as they are. So there are two models.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "child.h"
#include "harness.h"
#include "models.h"
#include "raw_session.h"

namespace webnn::bench {
namespace {

constexpr uint32_t kSide = 2048;
constexpr size_t kWeightBytes = size_t{kSide} * kSide * sizeof(float);
constexpr size_t kWeights = 64;
constexpr double kMiB = 1 << 20;

// Where the weights come from: a file each, mapped, or copied to the heap.
class WeightFiles {
 public:
  WeightFiles(std::filesystem::path folder, bool map) : folder_(std::move(folder)), map_(map) {}

  std::span<const std::byte> Get(size_t i) {
    const std::filesystem::path path = folder_ / fmt::format("weight-{}", i);
    const int file = open(path.c_str(), O_RDONLY);
    if (file < 0) Fail("open", path.string());
    std::span<const std::byte> bytes;
    if (map_) {
      void* address = mmap(nullptr, kWeightBytes, PROT_READ, MAP_PRIVATE, file, 0);
      if (address == MAP_FAILED) Fail("map", path.string());
      bytes = {static_cast<const std::byte*>(address), kWeightBytes};
    } else {
      auto* address = static_cast<std::byte*>(std::malloc(kWeightBytes));
      bytes = {address, kWeightBytes};
      for (size_t done = 0; done < kWeightBytes;) {
        const ssize_t count = read(file, address + done, kWeightBytes - done);
        if (count <= 0) Fail("read", path.string());
        done += static_cast<size_t>(count);
      }
    }
    close(file);
    return bytes;
  }

 private:
  const std::filesystem::path folder_;
  const bool map_;
};

// "x" float32[1, 2048], 64 times multiplied by a matrix; or float32[2048, 2048], 64 times added to.
Result<Operand> BuildChain(GraphBuilder& builder, bool multiply, WeightFiles& files) {
  const auto square = Must(OperandDescriptor::Create(DataType::kFloat32, Shape{kSide, kSide}));
  Operand x =
      Must(builder.Input("x", DataType::kFloat32, multiply ? Shape{1, kSide} : square.shape()));
  for (size_t i = 0; i < kWeights; ++i) {
    const Operand weight = Must(builder.ConstantView(square, files.Get(i)));
    x = multiply ? Must(builder.Matmul({.a = x, .b = weight}))
                 : Must(builder.Add({.a = x, .b = weight}));
  }
  return x;
}

void RunOurs(bool multiply, WeightFiles files) {
  const Context context = Must(Context::Create({.backend = "onnxruntime", .threads = 1}));
  GraphBuilder builder = Must(GraphBuilder::Create(context));
  const Operand y = Must(BuildChain(builder, multiply, files));
  const Graph graph = Must(builder.Build({{"y", y}}));
  const auto tensor = [&](const NamedDescriptor& one) {
    return Must(context.CreateTensor(one.descriptor, {.writable = true}));
  };
  const NamedTensor input = {"x", tensor(graph.inputs()[0])};
  const NamedTensor output = {"y", tensor(graph.outputs()[0])};
  const std::vector<std::byte> zeros(input.second.descriptor().byte_length());
  Must(context.WriteTensor(input.second, zeros));
  Must(context.Dispatch(graph, {&input, 1}, {&output, 1}));
}

std::filesystem::path ModelPath(const std::filesystem::path& folder, bool multiply) {
  return folder / (multiply ? "matmul.onnx" : "add.onnx");
}

// As a program that follows ONNX Runtime's documentation: a path, no more options than the threads.
void RunOrt(bool multiply, const std::filesystem::path& folder) {
  const ort::Library& library = OrtLibrary();
  const OrtApi& api = library.api();
  const auto options =
      Must(ort::Make<OrtSessionOptions>(api, "benchmark", api.CreateSessionOptions));
  MustOrt(api.SetIntraOpNumThreads(options.get(), 1));
  const auto session =
      Must(ort::Make<OrtSession>(api, "benchmark", api.CreateSession, library.env(),
                                 ModelPath(folder, multiply).c_str(), options.get()));
  const int64_t sizes[] = {multiply ? 1 : int64_t{kSide}, kSide};
  std::vector<float> memory[2];
  ort::Handle<OrtValue> values[2];
  for (int k = 0; k < 2; ++k) {
    memory[k].resize(static_cast<size_t>(sizes[0] * sizes[1]));
    values[k] = Must(ort::Make<OrtValue>(api, "benchmark", api.CreateTensorWithDataAsOrtValue,
                                         library.cpu_memory(), static_cast<void*>(memory[k].data()),
                                         memory[k].size() * sizeof(float), sizes, size_t{2},
                                         ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT));
  }
  const char* names[] = {"x", "y"};
  const OrtValue* input = values[0].get();
  OrtValue* output = values[1].get();
  MustOrt(api.Run(session.get(), nullptr, &names[0], &input, 1, &names[1], 1, &output));
}

// Writes the weights' files, and models that name them as the serialiser does.
void Prepare(const std::filesystem::path& folder) {
  Weights random;
  for (size_t i = 0; i < kWeights; ++i) {
    // Each its own: ONNX Runtime keeps what it makes of equal weights once.
    const auto bytes = random.Random(size_t{kSide} * kSide, std::sqrt(3.0f / kSide));
    std::ofstream out(folder / fmt::format("weight-{}", i), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    if (!out) Fail("write", folder.string());
  }
  for (const bool multiply : {true, false}) {
    GraphBuilder builder;
    WeightFiles files(folder, true);
    const Operand y = Must(BuildChain(builder, multiply, files));
    const auto model = SerializeForOrt(Must(builder.Finish({{"y", y}})));
    std::ofstream(ModelPath(folder, multiply), std::ios::binary) << model.proto;
    for (size_t i = 0; i < kWeights; ++i) {
      const auto link = folder / model.weights[i].location;
      std::filesystem::remove(link);
      std::filesystem::create_hard_link(folder / fmt::format("weight-{}", i), link);
    }
  }
}

int Child(std::string_view variant, const std::string& folder) {
  const bool multiply = variant.starts_with("matmul");
  const double seconds = Time([&] {
    if (variant.ends_with("start")) {
      OrtLibrary();
    } else if (variant.ends_with("ort")) {
      RunOrt(multiply, folder);
    } else {
      RunOurs(multiply, WeightFiles(folder, variant.ends_with("mapped")));
    }
  });
  PrintUsage(seconds);
  return 0;
}

int Main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--child") return Child(argv[2], argv[3]);
  Report report("memory", argc, argv);
  report.Version("ONNX Runtime", OrtLibrary().version());
  const TemporaryFolder temporary;
  const std::string& folder = temporary.path();
  Prepare(folder);

  constexpr double kWeightMiB = kWeights * kWeightBytes / kMiB;
  const double start = RunChild("start", folder).peak;
  for (const std::string model : {"matmul", "add"}) {
    double ort_peak = 0;
    const auto measure = [&](const char* name, const std::string& variant) {
      std::vector<double> peaks;
      Usage last;
      for (int i = 0; i < 3; ++i) {
        last = RunChild(fmt::format("{}-{}", model, variant), folder);
        peaks.push_back(last.peak);
      }
      const double peak = Median(peaks);
      if (variant == "ort") ort_peak = peak;
      report.Row(fmt::format("64 x {} with a constant of 16 MiB, all in MiB", model),
                 {"", "peak", "beyond ONNX Runtime's", "at the end: own", "files"},
                 {name, fmt::format("{:.0f}", peak), fmt::format("{:+.0f}", peak - ort_peak),
                  fmt::format("{:.0f}", last.anonymous), fmt::format("{:.0f}", last.file)});
      return peak;
    };
    measure("ONNX Runtime, external data in files", "ort");
    const double mapped = measure("ConstantView of mapped files", "mapped");
    measure("ConstantView of the heap", "heap");
    report.AtMost(fmt::format("peak beyond ONNX Runtime's / weights, {}", model),
                  (mapped - ort_peak) / kWeightMiB, 0.05);
  }
  report.Note(
      fmt::format("A process that has only opened ONNX Runtime peaks at {:.0f} MiB.", start));
  return report.Finish();
}

}  // namespace
}  // namespace webnn::bench

int main(int argc, char** argv) { return webnn::bench::Main(argc, argv); }
