#include <cuda.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/backends/cuda_support.h"
#include "tests/backends/fake_cuda.h"
#include "tests/support/result_matchers.h"
#include "webnn/webnn.h"

// What can be wrong with a GPU's back end, from the outside: the result comes from the next
// candidate, and one warning names the cause.
namespace webnn {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;
using testing_support::FakeCuda;
using testing_support::OpenFakeCuda;
using testing_support::ScopedVariable;
using testing_support::Succeeds;
namespace fs = std::filesystem;

// x + x
Result<std::vector<float>> Doubled(const Context& context) {
  GraphBuilder builder = GraphBuilder::Create(context).value();
  const Operand x = builder.Input("x", DataType::kFloat32, {2}).value();
  auto graph = builder.Build({{"y", *builder.Add({.a = x, .b = x})}});
  if (!graph) return std::move(graph.error());
  const std::vector<float> in = {1.5F, -2};
  std::vector<float> out(2);
  const NamedInputBytes inputs[] = {{"x", std::as_bytes(std::span(in))}};
  const NamedOutputBytes outputs[] = {{"y", std::as_writable_bytes(std::span(out))}};
  const auto computed = context.Compute(*graph, inputs, outputs);
  if (!computed) return computed.error();
  return out;
}

class TensorRtFallbackTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(fake_, nullptr);
    fake_->Reset();
  }

  // Asked for TensorRT, the context computes without it and names `cause` once.
  void ExpectFallback(std::string_view cause, ContextOptions options = {}) {
    options.backend = "tensorrt";
    const auto refused = Context::Create(options);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, HasSubstr(cause));

    std::vector<std::string> warnings;
    options.fallback = Fallback::kBackend;
    options.log = [&](LogLevel level, std::string_view text) {
      if (level >= LogLevel::kWarning) warnings.emplace_back(text);
    };
    const auto context = Context::Create(options);
    ASSERT_THAT(context, Succeeds());
    EXPECT_EQ(context->device(), "cpu");
    const auto doubled = Doubled(*context);
    ASSERT_THAT(doubled, Succeeds());
    EXPECT_EQ(*doubled, (std::vector<float>{3, -4}));
    ASSERT_THAT(warnings, SizeIs(1));
    EXPECT_THAT(warnings[0], AllOf(StartsWith("tensorrt cannot be used: "), HasSubstr(cause),
                                   HasSubstr("device cpu instead")));
    EXPECT_EQ(context->Fallbacks(), warnings);
    EXPECT_THAT(context->Explain(), HasSubstr(cause));
  }

  ScopedVariable cuda_{"WEBNN_CUDA_LIBRARY", WEBNN_FAKE_CUDA};
  // The next GPU back end must not find a library either.
  ScopedVariable rtx_{"TENSORRT_RTX_ROOT", "/no/such/folder"};
  FakeCuda* fake_ = OpenFakeCuda(WEBNN_FAKE_CUDA);
};

// A copy of the fake driver is another library, which is loaded and looked at anew.
class CopyOfDriver {
 public:
  CopyOfDriver() { fs::copy_file(WEBNN_FAKE_CUDA, path_, fs::copy_options::overwrite_existing); }
  ~CopyOfDriver() { fs::remove(path_); }

 private:
  const std::string path_ = testing::TempDir() + "/fallback_cuda_" + std::to_string(getpid());
  const ScopedVariable variable_{"WEBNN_CUDA_LIBRARY", path_};
};

TEST_F(TensorRtFallbackTest, NoDriver) {
  const ScopedVariable missing("WEBNN_CUDA_LIBRARY", "/nowhere/libcuda.so.1");
  ExpectFallback("/nowhere/libcuda.so.1");
}

TEST_F(TensorRtFallbackTest, ADriverThatIsTooOld) {
  const CopyOfDriver copy;
  const ScopedVariable old("FAKE_CUDA_VERSION", "11080");
  ExpectFallback("is of CUDA 11.8; CUDA 12.0 or newer is needed");
}

TEST_F(TensorRtFallbackTest, NoGpu) {
  const CopyOfDriver copy;
  const ScopedVariable init("FAKE_CUDA_INIT", std::to_string(CUDA_ERROR_NO_DEVICE));
  ExpectFallback("CUDA_ERROR_NO_DEVICE");
}

TEST_F(TensorRtFallbackTest, NoLibrary) {
  ExpectFallback("/no/such/libnvinfer.so.10", {.library_path = "/no/such/libnvinfer.so.10"});
}

TEST_F(TensorRtFallbackTest, ALibraryThatIsBroken) {
  const std::string path =
      testing::TempDir() + "/fallback_libnvinfer_" + std::to_string(getpid()) + ".so.10";
  std::ofstream(path) << "this is no library\n";
  ExpectFallback(path, {.library_path = path});
  fs::remove(path);
}

TEST_F(TensorRtFallbackTest, ALibraryThatIsTooOld) {
  const ScopedVariable version("WEBNN_FAKE_TENSORRT_VERSION", "8601");
  ExpectFallback("its version is 8.6.1", {.library_path = WEBNN_FAKE_TENSORRT});
}

TEST_F(TensorRtFallbackTest, NoMemoryForTheDevicesContext) {
  const ScopedVariable version("WEBNN_FAKE_TENSORRT_VERSION", "100600");
  fake_->Fail("cuDevicePrimaryCtxRetain", 0, 2, CUDA_ERROR_OUT_OF_MEMORY);
  ExpectFallback("CUDA_ERROR_OUT_OF_MEMORY", {.library_path = WEBNN_FAKE_TENSORRT});
  EXPECT_EQ(fake_->FailuresLeft(), 0);
}

TEST_F(TensorRtFallbackTest, WithoutANameAGpuThatNothingUsesIsWarnedOf) {
  const ScopedVariable root("TENSORRT_ROOT", "/no/such/folder");
  std::vector<std::string> warnings;
  ContextOptions options;
  options.log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); };
  // It is the selection's business, and told on demand, unless there is to be a fallback.
  const auto quiet = Context::Create(options);
  ASSERT_THAT(quiet, Succeeds());
  EXPECT_EQ(quiet->device(), "cpu");
  EXPECT_THAT(warnings, SizeIs(0));
  EXPECT_THAT(quiet->Explain(), HasSubstr("TENSORRT_ROOT"));
  EXPECT_EQ(fake_->Calls("cuDevicePrimaryCtxRetain"), 0u);

  options.fallback = Fallback::kBackend;
  ASSERT_THAT(Context::Create(options), Succeeds());
  ASSERT_THAT(warnings, SizeIs(1));
  EXPECT_THAT(warnings[0], AllOf(HasSubstr("tensorrt"), HasSubstr("TENSORRT_ROOT")));
}

}  // namespace
}  // namespace webnn
