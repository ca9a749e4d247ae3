#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "backends/backend.h"
#include "backends/onnxruntime/backend.h"
#include "backends/onnxruntime/library.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "tests/support/scoped_variable.h"

namespace webnn::ort {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing_support::Fails;
using testing_support::ScopedVariable;
using testing_support::Succeeds;

constexpr const char* kVariable = "WEBNN_ONNXRUNTIME_LIBRARY";

const std::string kNeeded = "version 1." + std::to_string(kMinimumMinor) + " or newer is needed";

std::shared_ptr<const Log> Silent() { return std::make_shared<const Log>(ContextOptions{}); }

TEST(OnnxRuntimeLibraryTest, IsFoundAndOpenedOnce) {
  std::vector<const Library*> opened(4);
  std::vector<std::thread> threads;
  for (const Library*& library : opened) {
    threads.emplace_back([&library] { library = Library::Open({}, Silent()).value(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Library* library : opened) EXPECT_EQ(library, opened[0]);
  EXPECT_THAT(opened[0]->version(), testing::StartsWith("1."));
  EXPECT_GE(opened[0]->minor_version(), kMinimumMinor);
}

TEST(OnnxRuntimeLibraryTest, APathOfTheUserIsNeverPassedOver) {
  EXPECT_THAT(Library::Open({.library_path = "/no/such/libonnxruntime.so"}, Silent()),
              Fails(ErrorCode::kNotSupported,
                    "ContextOptions::library_path names '/no/such/libonnxruntime.so'"));
  const ScopedVariable variable(kVariable, "/no/such/libonnxruntime.so");
  EXPECT_THAT(Library::Open({}, Silent()),
              Fails(ErrorCode::kNotSupported,
                    "WEBNN_ONNXRUNTIME_LIBRARY names '/no/such/libonnxruntime.so'"));
}

TEST(OnnxRuntimeLibraryTest, ThePathComesBeforeTheVariable) {
  const std::string path = Library::Open({}, Silent()).value()->path();
  const ScopedVariable variable(kVariable, "/no/such/libonnxruntime.so");
  EXPECT_THAT(Library::Open({.library_path = path}, Silent()), Succeeds());
}

TEST(OnnxRuntimeLibraryTest, RefusesWhatIsNoLibrary) {
  const std::string path = testing::TempDir() + "webnn_libonnxruntime_text.so";
  std::ofstream(path) << "this is no library\n";
  EXPECT_THAT(Library::Open({.library_path = path}, Silent()),
              Fails(ErrorCode::kNotSupported, path));
  std::filesystem::remove(path);
}

TEST(OnnxRuntimeLibraryTest, RefusesAnotherLibrary) {
  EXPECT_THAT(Library::Open({.library_path = "libm.so.6"}, Silent()),
              Fails(ErrorCode::kNotSupported, "exports no OrtGetApiBase"));
}

TEST(OnnxRuntimeLibraryTest, RefusesAnOldVersionWithoutANoise) {
  testing::internal::CaptureStderr();
  Result<const Library*> library = Library::Open({.library_path = WEBNN_FAKE_OLD_ORT}, Silent());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_THAT(library, Fails(ErrorCode::kNotSupported, "its version is 1.10.0, " + kNeeded));
}

TEST(OnnxRuntimeLibraryTest, AFailedSearchTellsWhatWasTriedAndWhatToDo) {
  const std::string paths[] = {"/no/such/first.so", WEBNN_FAKE_OLD_ORT};
  Result<const Library*> library = Library::OpenFirst(paths, Silent());
  ASSERT_THAT(library, Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(library.error().message,
              AllOf(HasSubstr("/no/such/first.so: "), HasSubstr("its version is 1.10.0"),
                    HasSubstr(kNeeded), HasSubstr("pip install onnxruntime"),
                    HasSubstr("WEBNN_ONNXRUNTIME_LIBRARY")));
}

TEST(OnnxRuntimeLibraryTest, ASearchGoesOnAfterAFailure) {
  const std::string paths[] = {"/no/such/first.so", WEBNN_FAKE_OLD_ORT,
                               Library::Open({}, Silent()).value()->path()};
  EXPECT_THAT(Library::OpenFirst(paths, Silent()), Succeeds());
}

TEST(OnnxRuntimeBackendTest, DescribesItself) {
  Result<std::unique_ptr<Backend>> backend = OpenOnnxRuntime({});
  ASSERT_THAT(backend, Succeeds());
  EXPECT_EQ((*backend)->name(), "onnxruntime");
  EXPECT_EQ((*backend)->device(), "cpu");
  EXPECT_THAT((*backend)->version(), testing::StartsWith("1."));
}

TEST(OnnxRuntimeBackendTest, RefusesOtherDevices) {
  EXPECT_THAT(OpenOnnxRuntime({.device = "npu"}),
              Fails(ErrorCode::kNotSupported, "no device 'npu'"));
  EXPECT_THAT(OpenOnnxRuntime({.device = "cpu"}), Succeeds());
}

TEST(OnnxRuntimeBackendTest, MakesTensorsOfZeros) {
  Result<std::unique_ptr<Backend>> backend = OpenOnnxRuntime({});
  ASSERT_THAT(backend, Succeeds());
  // Half of the last byte of an odd count of nibbles is not used.
  auto descriptor = OperandDescriptor::Create(DataType::kInt4, Shape{3, 3}).value();
  Result<std::unique_ptr<BackendTensor>> tensor = (*backend)->CreateTensor(descriptor);
  ASSERT_THAT(tensor, Succeeds());
  std::vector<std::byte> bytes(5, std::byte{1});
  ASSERT_THAT((*tensor)->Read(bytes), Succeeds());
  EXPECT_THAT(bytes, testing::Each(std::byte{0}));
  bytes[4] = std::byte{9};
  ASSERT_THAT((*tensor)->Write(bytes), Succeeds());
  std::vector<std::byte> read(5);
  ASSERT_THAT((*tensor)->Read(read), Succeeds());
  EXPECT_EQ(read, bytes);
}

TEST(RegistryTest, ListsOnnxRuntime) {
  ASSERT_FALSE(AllBackends().empty());
  EXPECT_EQ(AllBackends().back().name, "onnxruntime");
  EXPECT_EQ(AllBackends().back().open, &OpenOnnxRuntime);
}

}  // namespace
}  // namespace webnn::ort
