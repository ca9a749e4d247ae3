#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/cuda_raw.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/webnn.h"

/// Tests of the TensorRT back end on a real GPU. Without one every test is skipped, and says why.
/// WEBNN_TEST_BACKEND names another back end for GPUs ("tensorrt-rtx").
namespace webnn::gpu_test {

using bench::Cuda;
using bench::RawMemory;
using bench::RawStream;
using testing_support::Fails;
using testing_support::Succeeds;

std::string BackendName();

/// Quick to build, and nothing kept.
ContextOptions QuickOptions();
/// The same, with engines kept in a folder: another process then needs no builder.
ContextOptions KeepingOptions(const std::string& folder);
/// A context with these options. Ends the program where that cannot be: the fixture has looked.
Context MakeContext(const ContextOptions& options = QuickOptions());

class GpuTest : public testing::Test {
 protected:
  void SetUp() override;
};

/// A folder of its own, 0700, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// ---- Graphs. ----

/// "y" = "x" + 1, float32 of this many elements.
GraphDefinition PlusOne(uint32_t count);
/// "y" = "a" + "b", float32 of this many elements.
GraphDefinition Sum(uint32_t count);
/// "y" = "x" W, float32[rows, inner] and W float32[inner, columns] of `Pseudo` numbers from `seed`.
GraphDefinition Product(uint32_t rows, uint32_t inner, uint32_t columns, uint32_t seed = 1);
/// Many layers, so that building takes long.
GraphDefinition Deep(uint32_t layers);

/// Numbers in [-1, 1), always the same.
std::vector<float> Pseudo(size_t count, uint32_t seed);

// ---- Running. ----

Tensor MakeTensor(const Context& context, const OperandDescriptor& descriptor);
Tensor MakeTensor(const Context& context, std::span<const float> values);
Tensor MakeTensor(const Context& context, uint32_t count);  ///< float32[count]
void Write(const Context& context, const Tensor& tensor, std::span<const float> values);
std::vector<float> Read(const Context& context, const Tensor& tensor);
/// The outputs of one input "x", in one call on host memory.
std::vector<float> Compute(const Context& context, const Graph& graph, std::span<const float> x);
std::vector<float> Constants(size_t count, float value);

/// Every number is this one. (gmock's Each takes seconds for a million of them.)
MATCHER_P(AllAre, value, "") {
  return std::all_of(arg.begin(), arg.end(), [&](float one) { return one == value; });
}

/// What `Product` gives, in double precision; the largest deviation of `got`, relative to the
/// largest result.
double ProductError(std::span<const float> x, uint32_t rows, uint32_t inner, uint32_t columns,
                    std::span<const float> got, uint32_t seed = 1);

double SecondsSince(std::chrono::steady_clock::time_point start);

/// Whether this process has opened a library whose file name begins so.
bool HasLoaded(std::string_view stem);
/// Free memory of the device.
uint64_t FreeMemory();

// ---- Processes. ----

struct Ended {
  int status = -1;  ///< Exit status; 128 and the signal's number for one that was killed.
  std::string output;
};
/// This program as another process that runs `child` and nothing else.
Ended RunChild(std::string_view child, const std::vector<std::string>& arguments = {},
               const std::map<std::string, std::string>& environment = {});

/// What such a process does; prints to standard output.
using ChildArguments = std::span<char* const>;
int ChildCopyVariants(ChildArguments arguments);  ///< [KiB ...]
int ChildDoctorsFile(ChildArguments arguments);   ///< FROM TO FIELD TEXT: see cli_on_gpu.py
int ChildLoadsFromCache(ChildArguments arguments);
int ChildLoadsCompiled(ChildArguments arguments);
int ChildLosesDevice(ChildArguments arguments);
int ChildShowsDevice(ChildArguments arguments);

}  // namespace webnn::gpu_test
