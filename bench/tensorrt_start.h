#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "child.h"
#include "harness.h"
#include "nlohmann/json.hpp"
#include "tensorrt_raw.h"
#include "webnn_session.h"

/// A start from what is on the disk, in a process of its own that has used neither CUDA nor
/// TensorRT before: seconds to the first result, and device memory.
namespace webnn::bench {

struct StartFigures {
  double first_result = 0;  ///< Seconds from asking for the graph, or reading the plan.
  double whole = 0;         ///< Seconds from opening the libraries.
  double megabytes = 0;     ///< Of the device, with one execution and its graph.
  bool builder_loaded = false;
  bool parser_loaded = false;

  nlohmann::json ToJson() const {
    return {first_result, whole, megabytes, builder_loaded, parser_loaded};
  }
  static StartFigures FromJson(const nlohmann::json& json) {
    return {json.at(0), json.at(1), json.at(2), json.at(3), json.at(4)};
  }
};

/// A file, mapped until the process ends.
inline std::span<const std::byte> MapFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) Fail("open", path);
  const auto size = static_cast<size_t>(std::filesystem::file_size(path));
  void* const bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (bytes == MAP_FAILED) Fail("map", path);
  return {static_cast<const std::byte*>(bytes), size};
}

/// The file of the library whose name begins with `stem`, as this process has opened it; empty
/// when it has not.
inline std::string LoadedLibrary(std::string_view stem) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const size_t slash = line.rfind('/');
    if (slash != std::string::npos && std::string_view(line).substr(slash + 1).starts_with(stem)) {
      return line.substr(line.find('/'));
    }
  }
  return {};
}

inline StartFigures StartRaw(const std::string& library, const std::string& plan_path) {
  const double begin = Seconds();
  const Cuda& cuda = Cuda::Get();
  const uint64_t free_before = cuda.FreeMemory();
  const RawRuntime runtime(library);
  const double asked = Seconds();
  const RawEngine engine(runtime, MapFile(plan_path));
  RawCaller caller(engine);
  std::vector<std::byte> input;
  for (const RawEngine::Binding& binding : engine.bindings()) {
    if (binding.is_input) input.resize(binding.bytes);
  }
  caller.Write(0, input);
  caller.Enqueue();
  caller.Wait();
  caller.Read(0);
  const double end = Seconds();
  caller.Capture();
  for (int i = 0; i < 3; ++i) caller.Run();
  return {.first_result = end - asked,
          .whole = end - begin,
          .megabytes = static_cast<double>(free_before - cuda.FreeMemory()) * 0x1p-20};
}

inline StartFigures StartOurs(const ContextOptions& options, const GraphDefinition& definition) {
  std::vector<float> input(definition.inputs()[0].descriptor.element_count());
  const double begin = Seconds();
  const Cuda& cuda = Cuda::Get();
  const uint64_t free_before = cuda.FreeMemory();
  const Context context = Must(Context::Create(options));
  const double asked = Seconds();
  WebnnSession session(context, Must(context.Compile(definition)), WebnnSession::Memory::kDevice);
  session.Write(0, input);
  session.Dispatch();
  session.Read(0);
  const double end = Seconds();
  for (int i = 0; i < 3; ++i) session.Dispatch();
  context.Synchronize();
  cuda.MakeCurrent();
  return {.first_result = end - asked,
          .whole = end - begin,
          .megabytes = static_cast<double>(free_before - cuda.FreeMemory()) * 0x1p-20,
          .builder_loaded = !LoadedLibrary("libnvinfer_builder_resource").empty(),
          .parser_loaded = !LoadedLibrary("libnvonnxparser").empty()};
}

/// This program once more; what it prints last is a line of JSON.
inline StartFigures RunStart(const std::vector<std::string>& arguments) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<char*> words = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) Fail("open a pipe for", program);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execv(program.c_str(), words.data());
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t count; (count = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (status != 0 || json.is_discarded()) Fail("measure", arguments[1]);
  return StartFigures::FromJson(json);
}

}  // namespace webnn::bench
