#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "backends/openvino/backend.h"
#include "backends/openvino/device.h"
#include "backends/openvino/library.h"
#include "core/dynamic_library.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "tests/support/scoped_variable.h"

namespace webnn::ov {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing_support::Fails;
using testing_support::ScopedVariable;
using testing_support::Succeeds;

constexpr const char* kVariable = "WEBNN_OPENVINO_LIBRARY";

#define SKIP_WITHOUT_OPENVINO() \
  if (const auto opened = Library::Open({}); !opened.ok()) GTEST_SKIP() << opened.error().message

TEST(OpenVinoLibraryTest, IsFoundAndOpenedOnce) {
  SKIP_WITHOUT_OPENVINO();
  std::vector<const Library*> opened(4);
  std::vector<std::thread> threads;
  for (const Library*& library : opened) {
    threads.emplace_back([&library] { library = Library::Open({}).value(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Library* library : opened) EXPECT_EQ(library, opened[0]);
  EXPECT_THAT(opened[0]->version(), testing::StartsWith("20"));
  EXPECT_THAT(opened[0]->build(), testing::StartsWith(opened[0]->version() + "-"));
}

TEST(OpenVinoLibraryTest, APathOfTheUserIsNeverPassedOver) {
  EXPECT_THAT(Library::Open({.library_path = "/no/such/libopenvino_c.so"}),
              Fails(ErrorCode::kNotSupported,
                    "ContextOptions::library_path names '/no/such/libopenvino_c.so'"));
  const ScopedVariable variable(kVariable, "/no/such/libopenvino_c.so");
  EXPECT_THAT(Library::Open({}), Fails(ErrorCode::kNotSupported,
                                       "WEBNN_OPENVINO_LIBRARY names '/no/such/libopenvino_c.so'"));
}

TEST(OpenVinoLibraryTest, RefusesWhatIsNoLibrary) {
  const std::string path = testing::TempDir() + "webnn_libopenvino_text.so";
  std::ofstream(path) << "this is no library\n";
  EXPECT_THAT(Library::Open({.library_path = path}), Fails(ErrorCode::kNotSupported, path));
  std::filesystem::remove(path);
}

TEST(OpenVinoLibraryTest, RefusesAnotherLibrary) {
  EXPECT_THAT(Library::Open({.library_path = "libm.so.6"}),
              Fails(ErrorCode::kNotSupported, "exports no ov_get_openvino_version"));
}

TEST(OpenVinoLibraryTest, RefusesAnOldVersion) {
  EXPECT_THAT(
      Library::Open({.library_path = WEBNN_FAKE_OLD_OPENVINO}),
      Fails(ErrorCode::kNotSupported, "its version is 2024.6.0, version 2026 or newer is needed"));
}

TEST(OpenVinoLibraryTest, AFailedSearchTellsWhatWasTriedAndWhatToDo) {
  const std::string paths[] = {"/no/such/first.so", WEBNN_FAKE_OLD_OPENVINO};
  const auto library = Library::OpenFirst(paths);
  ASSERT_THAT(library, Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(library.error().message,
              AllOf(HasSubstr("/no/such/first.so: "), HasSubstr("its version is 2024.6.0"),
                    HasSubstr("version 2026 or newer"), HasSubstr("pip install openvino"),
                    HasSubstr(kVariable)));
}

TEST(OpenVinoLibraryTest, NamesThatTheLoaderDoesNotKnowAreOneLine) {
  const std::string paths[] = {"libnone.so", "libnone.so.4", "libnone.so.3", "libnone.so.2"};
  EXPECT_THAT(
      Library::OpenFirst(paths),
      Fails(ErrorCode::kNotSupported, "\n  libnone.so, libnone.so.4 ... libnone.so.2: not there"));
  EXPECT_THAT(Library::OpenFirst(std::span(paths).first(2)),
              Fails(ErrorCode::kNotSupported, "\n  libnone.so, libnone.so.4: not there"));
}

// A folder with a part of the installation's files.
class HalfInstalled {
 public:
  explicit HalfInstalled(const std::string& without) : folder_(testing::TempDir() + "webnn_half") {
    namespace fs = std::filesystem;
    const auto* library = Library::Open({}).value();
    const fs::path original = DynamicLibrary::FileOf(
        reinterpret_cast<const void*>(library->api().ov_get_openvino_version));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (const auto& entry : fs::directory_iterator(fs::canonical(original).parent_path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(without)) continue;
      // The loader knows a file that it has opened before, by whatever name: here is another.
      // It looks for devices beside its own file.
      if (name.starts_with("libopenvino_c.so") || name.starts_with("libopenvino.so")) {
        fs::copy_file(entry.path(), folder_ / name);
        if (name.starts_with("libopenvino_c.so")) library_ = folder_ / name;
      } else {
        fs::create_symlink(entry.path(), folder_ / name);
      }
    }
  }
  ~HalfInstalled() { std::filesystem::remove_all(folder_); }
  const std::string& library() const { return library_; }

 private:
  std::filesystem::path folder_;
  std::string library_;
};

TEST(OpenVinoLibraryTest, AnInstallationWithoutTheReaderOfOnnxIsNotTaken) {
  SKIP_WITHOUT_OPENVINO();
  const HalfInstalled half("libopenvino_onnx_frontend");
  if (half.library().empty()) GTEST_SKIP() << "the library lies in another folder than its parts";
  EXPECT_THAT(Library::Open({.library_path = half.library()}),
              Fails(ErrorCode::kNotSupported,
                    "the installation is not complete: there is no "
                    "libopenvino_onnx_frontend in "));
}

// A process of its own runs it for the test below: what this one has opened stays open.
TEST(OpenVinoChild, DISABLED_OpensTheLibraryOfTheVariable) {
  const auto backend = OpenOpenVino({});
  std::cout << (backend.ok() ? "it works" : backend.error().message) << "\n";
}

std::string OpenedElsewhere(const std::string& library) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      "env -u GTEST_OUTPUT " + std::string(kVariable) + "='" + library + "' '" + self +
      "' --gtest_also_run_disabled_tests --gtest_filter=OpenVinoChild.* 2>&1";
  std::string text;
  FILE* const output = popen(command.c_str(), "r");
  if (output == nullptr) return "popen failed";
  char buffer[1024];
  for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, output)) > 0;) text.append(buffer, n);
  const int status = pclose(output);
  return status == 0 ? text : text + "\n[status " + std::to_string(status) + "]";
}

TEST(OpenVinoLibraryTest, AnInstallationWithoutAPartIsAnErrorThatNamesIt) {
  SKIP_WITHOUT_OPENVINO();
  const std::pair<const char*, const char*> parts[] = {
      {"nothing", "it works"},
      {"libopenvino_onnx_frontend", "there is no libopenvino_onnx_frontend in "},
      {"libopenvino_intel_cpu_plugin", "has no device for the CPU: "}};
  for (const auto& [part, message] : parts) {
    const HalfInstalled half(part);
    if (half.library().empty()) {
      GTEST_SKIP() << "the library lies in another folder than its parts";
    }
    const std::string text = OpenedElsewhere(half.library());
    EXPECT_THAT(text, HasSubstr(message)) << part;
    EXPECT_THAT(text, testing::Not(HasSubstr("[status"))) << part;
  }
}

TEST(OpenVinoBackendTest, DescribesItself) {
  SKIP_WITHOUT_OPENVINO();
  const auto backend = OpenOpenVino({});
  ASSERT_THAT(backend, Succeeds());
  EXPECT_EQ((*backend)->name(), "openvino");
  EXPECT_EQ((*backend)->device(), "cpu");
  EXPECT_THAT((*backend)->version(), testing::StartsWith("20"));
  EXPECT_THAT((*backend)->library(), HasSubstr("libopenvino_c"));
}

TEST(OpenVinoBackendTest, RefusesOtherDevicesAndListsItsOwn) {
  SKIP_WITHOUT_OPENVINO();
  for (const char* device : {"toaster", "gpu.7", "npu.3", "CPU"}) {
    const auto backend = OpenOpenVino({.device = device});
    EXPECT_THAT(backend, Fails(ErrorCode::kNotSupported, "there is no device"));
    EXPECT_THAT(backend, Fails(ErrorCode::kNotSupported, "the devices are: cpu"));
  }
  EXPECT_THAT(OpenOpenVino({.device = "cpu"}), Succeeds());
}

// A GPU or NPU is there or refused by name, like any other device.
TEST(OpenVinoBackendTest, OtherDevicesAreThoseThatTheLibraryReports) {
  SKIP_WITHOUT_OPENVINO();
  const auto devices = Library::Open({}).value()->Devices();
  ASSERT_THAT(devices, Succeeds());
  for (const std::string name : {"gpu", "npu"}) {
    const bool reported = std::any_of(devices->begin(), devices->end(), [&](std::string one) {
      std::transform(one.begin(), one.end(), one.begin(),
                     [](unsigned char c) { return std::tolower(c); });
      return one == name || one == name + ".0";
    });
    const auto backend = OpenOpenVino({.device = name});
    if (reported) {
      EXPECT_THAT(backend, Succeeds());
    } else {
      EXPECT_THAT(backend, Fails(ErrorCode::kNotSupported, "openvino: there is no device '" + name +
                                                               "'; the devices are: cpu"));
    }
  }
}

TEST(OpenVinoBackendTest, RefusesAPrecisionThatTheDeviceDoesNotHave) {
  SKIP_WITHOUT_OPENVINO();
  EXPECT_THAT(OpenOpenVino({.compile = {.precision = Precision::kTf32}}),
              Fails(ErrorCode::kNotSupported, "precision tf32 is not available on cpu"));
  const Device none{.name = "cpu", .ov_name = "CPU", .full_name = "X", .capabilities = "FP32 INT8"};
  for (const Precision precision : {Precision::kBfloat16, Precision::kFloat16}) {
    EXPECT_THAT(PropertiesFor(none, precision, 0),
                Fails(ErrorCode::kNotSupported, "there are: auto, float32"));
  }
}

TEST(OpenVinoBackendTest, LeavesNoPrecisionToTheLibrary) {
  const Device device{
      .name = "cpu", .ov_name = "CPU", .full_name = "X", .capabilities = "BF16 FP32 FP16 INT8"};
  const auto hint = [&](Precision precision) {
    return PropertiesFor(device, precision, 0).value().front();
  };
  const std::string key = "INFERENCE_PRECISION_HINT";
  EXPECT_EQ(hint(Precision::kAuto), Property(key, "f32"));
  EXPECT_EQ(hint(Precision::kFloat32), Property(key, "f32"));
  EXPECT_EQ(hint(Precision::kBfloat16), Property(key, "bf16"));
  EXPECT_EQ(hint(Precision::kFloat16), Property(key, "f16"));
}

TEST(OpenVinoBackendTest, AStreamForEachPartOfTheCores) {
  const Device device{.name = "cpu", .ov_name = "CPU", .full_name = "X", .capabilities = "FP32"};
  const auto value = [&](uint32_t threads, const std::string& key) {
    const auto properties = PropertiesFor(device, Precision::kFloat32, threads).value();
    for (const auto& [name, text] : properties) {
      if (name == key) return std::stoul(text);
    }
    return 999ul;
  };
  EXPECT_EQ(value(0, "NUM_STREAMS"), 1u);
  EXPECT_EQ(value(0, "INFERENCE_NUM_THREADS"), 0u);
  const unsigned long cores = std::max(1u, std::thread::hardware_concurrency());
  EXPECT_EQ(value(1, "NUM_STREAMS"), cores);
  EXPECT_EQ(value(1, "INFERENCE_NUM_THREADS"), cores);
  EXPECT_EQ(value(1000, "NUM_STREAMS"), 1u);
  EXPECT_EQ(value(1000, "INFERENCE_NUM_THREADS"), 1000u);
}

TEST(OpenVinoBackendTest, ComesBeforeOnnxRuntime) {
  SKIP_WITHOUT_OPENVINO();
  std::vector<std::string> names;
  for (const BackendEntry& entry : AllBackends()) names.emplace_back(entry.name);
  EXPECT_LT(std::find(names.begin(), names.end(), "openvino"),
            std::find(names.begin(), names.end(), "onnxruntime"));
  const auto context = Context::Create({.device = "cpu"});
  ASSERT_THAT(context, Succeeds());
  EXPECT_EQ(context->backend(), "openvino");
  EXPECT_THAT(context->Explain(), HasSubstr("openvino 20"));
}

TEST(OpenVinoBackendTest, WithoutItsLibraryOnnxRuntimeIsChosenAndTheReasonTold) {
  const ScopedVariable variable(kVariable, "/no/such/libopenvino_c.so");
  const auto context = Context::Create({.device = "cpu"});
  ASSERT_THAT(context, Succeeds());
  EXPECT_EQ(context->backend(), "onnxruntime");
  EXPECT_THAT(context->Explain(), HasSubstr("openvino: not taken: WEBNN_OPENVINO_LIBRARY names"));
}

}  // namespace
}  // namespace webnn::ov
