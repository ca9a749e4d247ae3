#include "gpu_test.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace webnn::gpu_test {

std::string BackendName() {
  const char* const name = std::getenv("WEBNN_TEST_BACKEND");
  return name != nullptr ? name : "tensorrt";
}

ContextOptions QuickOptions() {
  ContextOptions options{.backend = BackendName(), .cache = false};
  options.compile.precision = Precision::kFloat32;
  options.compile.optimization_level = 0;
  return options;
}

ContextOptions KeepingOptions(const std::string& folder) {
  ContextOptions options = QuickOptions();
  options.cache = true;
  options.cache_dir = folder;
  return options;
}

Context MakeContext(const ContextOptions& options) { return Context::Create(options).value(); }

void GpuTest::SetUp() {
  static const auto kProbe = Context::Create(QuickOptions());
  if (!kProbe) GTEST_SKIP() << ToString(kProbe.error());
  // What the tests do beside the library is done on the first device.
  Cuda::Get().MakeCurrent();
}

Folder::Folder() : path_(std::filesystem::temp_directory_path() / "webnn-gpu-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}
Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

// ---- Graphs. ----

std::vector<float> Pseudo(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  uint64_t state = seed;
  for (float& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<float>(static_cast<int32_t>(state >> 32)) / 2147483648.0f;
  }
  return values;
}

GraphDefinition PlusOne(uint32_t count) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, Shape{count}).value();
  const Operand one = builder.Constant(DataType::kFloat32, 1).value();
  return builder.Finish({{"y", builder.Add({.a = x, .b = one}).value()}}).value();
}

GraphDefinition Sum(uint32_t count) {
  GraphBuilder builder;
  const Operand a = builder.Input("a", DataType::kFloat32, Shape{count}).value();
  const Operand b = builder.Input("b", DataType::kFloat32, Shape{count}).value();
  return builder.Finish({{"y", builder.Add({.a = a, .b = b}).value()}}).value();
}

GraphDefinition Product(uint32_t rows, uint32_t inner, uint32_t columns, uint32_t seed) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, Shape{rows, inner}).value();
  const Operand weights = builder
                              .Constant<float>(Shape{inner, columns},
                                               Pseudo(static_cast<size_t>(inner) * columns, seed))
                              .value();
  return builder.Finish({{"y", builder.Matmul({.a = x, .b = weights}).value()}}).value();
}

GraphDefinition Deep(uint32_t layers) {
  constexpr uint32_t kChannels = 48;
  GraphBuilder builder;
  Operand x = builder.Input("x", DataType::kFloat32, Shape{1, kChannels, 56, 56}).value();
  for (uint32_t layer = 0; layer < layers; ++layer) {
    // Sizes and paddings that differ, so that no layer's timing serves another.
    const uint32_t size = 1 + 2 * (layer % 4);
    std::vector<float> filter = Pseudo(kChannels * kChannels * size * size, layer + 1);
    const float scale = std::sqrt(3.0f / static_cast<float>(kChannels * size * size));
    for (float& value : filter) value *= scale;
    const Operand weights =
        builder.Constant<float>(Shape{kChannels, kChannels, size, size}, filter).value();
    x = builder
            .Conv2d({.input = x,
                     .filter = weights,
                     .padding = {size / 2, size / 2, size / 2, size / 2}})
            .value();
    x = layer % 3 == 0 ? builder.Sigmoid({.input = x}).value() : builder.Relu({.input = x}).value();
    if (layer % 5 == 4) x = builder.Softmax({.input = x, .axis = 1}).value();
  }
  return builder.Finish({{"y", x}}).value();
}

// ---- Running. ----

Tensor MakeTensor(const Context& context, const OperandDescriptor& descriptor) {
  return context.CreateTensor(descriptor, {.readable = true, .writable = true}).value();
}
Tensor MakeTensor(const Context& context, uint32_t count) {
  return MakeTensor(context, OperandDescriptor::Create(DataType::kFloat32, Shape{count}).value());
}
Tensor MakeTensor(const Context& context, std::span<const float> values) {
  Tensor tensor = MakeTensor(context, static_cast<uint32_t>(values.size()));
  Write(context, tensor, values);
  return tensor;
}
void Write(const Context& context, const Tensor& tensor, std::span<const float> values) {
  context.WriteTensor(tensor, std::as_bytes(values)).value();
}
std::vector<float> Read(const Context& context, const Tensor& tensor) {
  std::vector<float> values(tensor.descriptor().element_count());
  context.ReadTensor(tensor, std::as_writable_bytes(std::span(values))).value();
  return values;
}

std::vector<float> Compute(const Context& context, const Graph& graph, std::span<const float> x) {
  std::vector<float> y(graph.outputs()[0].descriptor.element_count());
  const NamedInputBytes from = {graph.inputs()[0].name, std::as_bytes(x)};
  const NamedOutputBytes to = {graph.outputs()[0].name, std::as_writable_bytes(std::span(y))};
  context.Compute(graph, {&from, 1}, {&to, 1}).value();
  return y;
}

std::vector<float> Constants(size_t count, float value) { return std::vector(count, value); }

double ProductError(std::span<const float> x, uint32_t rows, uint32_t inner, uint32_t columns,
                    std::span<const float> got, uint32_t seed) {
  const std::vector<float> weights = Pseudo(static_cast<size_t>(inner) * columns, seed);
  double largest = 0;
  double error = 0;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (size_t k = 0; k < inner; ++k) {
        sum += static_cast<double>(x[row * inner + k]) *
               static_cast<double>(weights[k * columns + column]);
      }
      largest = std::max(largest, std::abs(sum));
      const double difference = std::abs(sum - static_cast<double>(got[row * columns + column]));
      error = std::max(error, std::isnan(difference) ? INFINITY : difference);
    }
  }
  return error / largest;
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool HasLoaded(std::string_view stem) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const size_t slash = line.rfind('/');
    if (slash != std::string::npos && std::string_view(line).substr(slash + 1).starts_with(stem)) {
      return true;
    }
  }
  return false;
}

uint64_t FreeMemory() {
  Cuda::Get().MakeCurrent();
  return Cuda::Get().FreeMemory();
}

// ---- Processes. ----

Ended RunChild(std::string_view child, const std::vector<std::string>& arguments,
               const std::map<std::string, std::string>& environment) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<std::string> words = {program, "--child", std::string(child)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::vector<std::string> settings;
  for (char** setting = environ; *setting != nullptr; ++setting) {
    const std::string_view text = *setting;
    if (!environment.contains(std::string(text.substr(0, text.find('='))))) {
      settings.emplace_back(text);
    }
  }
  for (const auto& [name, value] : environment) {
    settings.push_back(name);
    settings.back().append("=").append(value);
  }
  std::vector<char*> variables;
  for (std::string& setting : settings) variables.push_back(setting.data());
  variables.push_back(nullptr);

  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t id = fork();
  if (id == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execve(program.c_str(), pointers.data(), variables.data());
    _exit(127);
  }
  close(ends[1]);
  Ended ended;
  std::array<char, 4096> buffer;
  for (ssize_t count; (count = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    ended.output.append(buffer.data(), static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(id, &status, 0);
  ended.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return ended;
}

}  // namespace webnn::gpu_test
