#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "backends/tensorrt/library.h"
#include "backends/tensorrt/module.h"
#include "core/dynamic_library.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "tests/support/scoped_variable.h"

namespace webnn::trt {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing_support::Fails;
using testing_support::ScopedVariable;
using testing_support::Succeeds;
namespace fs = std::filesystem;

const std::string kDeps = std::string(WEBNN_SOURCE_DIR) + "/.deps";

// Opens the fake library as the given version.
Result<Library> OpenFake(Flavor flavor, const std::string& version) {
  const ScopedVariable variable("WEBNN_FAKE_TENSORRT_VERSION", version);
  return OpenLibrary(flavor, WEBNN_FAKE_TENSORRT);
}

TEST(TensorRtLibraryTest, VersionsAreDecoded) {
  EXPECT_EQ(DecodeVersion(100600), (LibraryVersion{10, 6, 0, 0}));
  EXPECT_EQ(DecodeVersion(110201), (LibraryVersion{11, 2, 1, 0}));
  EXPECT_EQ(DecodeVersion(10701), (LibraryVersion{1, 7, 1, 0}));
  EXPECT_EQ(DecodeVersion(8601), (LibraryVersion{8, 6, 1, 0}));
  EXPECT_EQ(ToString({10, 6, 0, 26}), "10.6.0.26");
  EXPECT_EQ(ToString({10, 6, 0, 0}), "10.6.0");
}

TEST(TensorRtLibraryTest, KnowsWhatItCanDrive) {
  EXPECT_FALSE(WhyUnsupported(Flavor::kTensorRt, {10, 3, 0, 0}));
  EXPECT_FALSE(WhyUnsupported(Flavor::kTensorRt, {10, 16, 0, 72}));
  EXPECT_FALSE(WhyUnsupported(Flavor::kTensorRt, {11, 9, 0, 0}));
  EXPECT_FALSE(WhyUnsupported(Flavor::kTensorRtRtx, {1, 7, 1, 116}));
  EXPECT_THAT(
      WhyUnsupported(Flavor::kTensorRt, {8, 6, 1, 0}),
      testing::Optional(std::string("its version is 8.6.1; TensorRT 10.3 to 11.x can be used")));
  EXPECT_TRUE(WhyUnsupported(Flavor::kTensorRt, {10, 2, 9, 0}));
  EXPECT_TRUE(WhyUnsupported(Flavor::kTensorRt, {12, 0, 0, 0}));
  EXPECT_TRUE(WhyUnsupported(Flavor::kTensorRt, {1, 7, 1, 0}));
  EXPECT_TRUE(WhyUnsupported(Flavor::kTensorRtRtx, {1, 4, 0, 0}));
  EXPECT_TRUE(WhyUnsupported(Flavor::kTensorRtRtx, {10, 6, 0, 0}));
}

TEST(TensorRtLibraryTest, RefusesOtherVersions) {
  EXPECT_THAT(OpenFake(Flavor::kTensorRt, "8601"),
              Fails(ErrorCode::kNotSupported, "its version is 8.6.1"));
  EXPECT_THAT(OpenFake(Flavor::kTensorRt, "100200"),
              Fails(ErrorCode::kNotSupported, "its version is 10.2.0"));
  EXPECT_THAT(OpenFake(Flavor::kTensorRt, "120000"),
              Fails(ErrorCode::kNotSupported, "TensorRT 10.3 to 11.x can be used"));
  EXPECT_THAT(OpenFake(Flavor::kTensorRtRtx, "100600"),
              Fails(ErrorCode::kNotSupported, "TensorRT-RTX 1.5 to 1.x can be used"));
}

TEST(TensorRtLibraryTest, NamesAParserThatIsMissing) {
  if (DynamicLibrary::Open("libnvonnxparser.so.11").ok()) {
    GTEST_SKIP() << "this machine has a parser of TensorRT 11 where the loader looks";
  }
  // Who only runs what was built elsewhere needs none.
  const Result<Library> library = OpenFake(Flavor::kTensorRt, "110000");
  ASSERT_THAT(library, Succeeds());
  EXPECT_THAT(OpenParser(*library), Fails(ErrorCode::kNotSupported,
                                          "TensorRT 11.0.0 is there (" WEBNN_FAKE_TENSORRT
                                          "), but its ONNX parser libnvonnxparser.so.11 is not"));
}

TEST(TensorRtLibraryTest, RefusesWhatIsNoLibrary) {
  EXPECT_THAT(OpenLibrary(Flavor::kTensorRt, "libm.so.6"),
              Fails(ErrorCode::kNotSupported, "exports no getInferLibVersion"));
  const std::string path = testing::TempDir() + "webnn_libnvinfer.so.10";
  std::ofstream(path) << "this is no library\n";
  EXPECT_THAT(OpenLibrary(Flavor::kTensorRt, path), Fails(ErrorCode::kNotSupported, path));
  fs::remove(path);
}

TEST(TensorRtLibraryTest, APathOfTheUserIsTheOnlyPlace) {
  std::vector<std::string> missing;
  const auto found =
      FindLibraries(Flavor::kTensorRt, {.library_path = "/opt/libnvinfer.so.10"}, &missing);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, "/opt/libnvinfer.so.10");
  EXPECT_THAT(missing, testing::IsEmpty());
  EXPECT_THAT(OpenModule(Flavor::kTensorRt, {.library_path = "/no/such/libnvinfer.so.10"}),
              Fails(ErrorCode::kNotSupported,
                    "ContextOptions::library_path '/no/such/libnvinfer.so.10': "));
}

TEST(TensorRtLibraryTest, LooksIntoTheFoldersOfAnInstallation) {
  const fs::path root = fs::path(testing::TempDir()) / "webnn_tensorrt_root";
  fs::create_directories(root / "lib");
  std::ofstream(root / "lib" / "libnvinfer.so.10") << "";
  std::ofstream(root / "lib" / "libnvinfer.so.11") << "";
  std::ofstream(root / "lib" / "libnvinfer_plugin.so.10") << "";
  const ScopedVariable variable("TENSORRT_ROOT", root.string());
  std::vector<std::string> missing;
  std::vector<std::string> paths;
  for (const Candidate& one : FindLibraries(Flavor::kTensorRt, {}, &missing)) {
    EXPECT_EQ(one.place, "TENSORRT_ROOT");
    paths.push_back(one.path);
  }
  EXPECT_THAT(paths, testing::ElementsAre((root / "lib" / "libnvinfer.so.11").string(),
                                          (root / "lib" / "libnvinfer.so.10").string()));
  // A folder as library_path is looked into in the same way; another product is not in it.
  EXPECT_EQ(
      FindLibraries(Flavor::kTensorRt, {.library_path = (root / "lib").string()}, &missing).size(),
      2U);
  EXPECT_THAT(OpenModule(Flavor::kTensorRtRtx, {.library_path = root.string()}),
              Fails(ErrorCode::kNotSupported, "the folder holds no libtensorrt_rtx.so"));
  fs::remove_all(root);
}

TEST(TensorRtLibraryTest, AFailedSearchTellsWhatWasTriedAndWhatToDo) {
  const ScopedVariable variable("TENSORRT_ROOT", "/no/such/folder");
  const Result<const Module*> module = OpenModule(Flavor::kTensorRt, {});
  ASSERT_THAT(module, Fails(ErrorCode::kNotSupported));
  EXPECT_THAT(module.error().message,
              AllOf(HasSubstr("pip install tensorrt"), HasSubstr("set TENSORRT_ROOT"),
                    HasSubstr("TENSORRT_ROOT '/no/such/folder': there is no libnvinfer.so")));
}

TEST(TensorRtLibraryTest, WithoutASettingItSearchesPackagesAndTheLoadersPath) {
  const ScopedVariable variable("TENSORRT_ROOT", std::nullopt);
  std::vector<std::string> missing;
  const auto found = FindLibraries(Flavor::kTensorRt, {}, &missing);
  ASSERT_GE(found.size(), 2U);
  EXPECT_EQ(found[found.size() - 2].path, "libnvinfer.so.11");
  EXPECT_EQ(found.back().path, "libnvinfer.so.10");
  EXPECT_EQ(found.back().place, "the loader's path");
  EXPECT_THAT(missing, testing::Contains("TENSORRT_ROOT: not set"));
}

// Those that `make tensorrt-dev` has installed.
void ExpectOpens(Flavor flavor, const std::string& folder, const std::string& file,
                 const std::string& version) {
  const std::string path = kDeps + "/" + folder + "/lib/" + file;
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there: make tensorrt-dev gets it";
  const Result<const Module*> module = OpenModule(flavor, {.library_path = path});
  ASSERT_THAT(module, Succeeds());
  EXPECT_EQ(ToString((*module)->version()), version);
  EXPECT_EQ((*module)->path(), path);
  EXPECT_EQ((*module)->flavor(), flavor);
  // By its folder it is the same library, opened once.
  EXPECT_EQ(OpenModule(flavor, {.library_path = kDeps + "/" + folder}).value(), *module);
}

TEST(TensorRtLibraryTest, OpensVersion10) {
  ExpectOpens(Flavor::kTensorRt, "tensorrt-10", "libnvinfer.so.10", "10.6.0.26");
}
TEST(TensorRtLibraryTest, OpensVersion11) {
  ExpectOpens(Flavor::kTensorRt, "tensorrt-11", "libnvinfer.so.11", "11.2.1.2");
}
TEST(TensorRtLibraryTest, OpensRtx) {
  ExpectOpens(Flavor::kTensorRtRtx, "tensorrt-rtx", "libtensorrt_rtx.so.1", "1.7.1.116");
}

TEST(TensorRtLibraryTest, BuildsNothingWithoutADevice) {
  const std::string path = kDeps + "/tensorrt-10/lib";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there: make tensorrt-dev gets it";
  const Module* module = OpenModule(Flavor::kTensorRt, {.library_path = path}).value();
  EXPECT_THAT(module->Build({}, {}, nullptr),
              Fails(ErrorCode::kNotSupported, "it builds on a GPU alone"));
}

}  // namespace
}  // namespace webnn::trt
