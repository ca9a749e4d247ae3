#include "core/dynamic_library.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing::HasSubstr;
using testing_support::Fails;
using testing_support::Succeeds;

#ifdef __APPLE__
constexpr const char* kMathLibrary = "libSystem.B.dylib";
#else
constexpr const char* kMathLibrary = "libm.so.6";
#endif

TEST(DynamicLibraryTest, CallsAFunctionOfALibraryThatTheLoaderFinds) {
  Result<DynamicLibrary> library = DynamicLibrary::Open(kMathLibrary);
  ASSERT_THAT(library, Succeeds());
  Result<void*> symbol = library->Symbol("cos");
  ASSERT_THAT(symbol, Succeeds());
  EXPECT_EQ(reinterpret_cast<double (*)(double)>(*symbol)(0.0), 1.0);
}

TEST(DynamicLibraryTest, IsUsableAfterAMove) {
  Result<DynamicLibrary> opened = DynamicLibrary::Open(kMathLibrary);
  ASSERT_THAT(opened, Succeeds());
  DynamicLibrary library = *std::move(opened);
  DynamicLibrary other = std::move(library);
  EXPECT_THAT(other.Symbol("cos"), Succeeds());
}

TEST(DynamicLibraryTest, KnowsTheFileOfASymbol) {
  Result<DynamicLibrary> library = DynamicLibrary::Open(kMathLibrary);
  ASSERT_THAT(library, Succeeds());
  Result<void*> symbol = library->Symbol("cos");
  ASSERT_THAT(symbol, Succeeds());
  EXPECT_THAT(DynamicLibrary::FileOf(*symbol), HasSubstr("libm"));
  const int local = 0;
  EXPECT_EQ(DynamicLibrary::FileOf(&local), "");
}

TEST(DynamicLibraryTest, NamesAMissingSymbol) {
  Result<DynamicLibrary> library = DynamicLibrary::Open(kMathLibrary);
  ASSERT_THAT(library, Succeeds());
  EXPECT_THAT(library->Symbol("webnn_no_such_function"),
              Fails(ErrorCode::kNotSupported, "webnn_no_such_function"));
}

TEST(DynamicLibraryTest, SaysWhyAFileCannotBeOpened) {
  EXPECT_THAT(DynamicLibrary::Open("/no/such/library.so"),
              Fails(ErrorCode::kNotSupported, "/no/such/library.so"));
  EXPECT_THAT(DynamicLibrary::Open(""), Fails(ErrorCode::kNotSupported, "empty"));

  const std::string text = testing::TempDir() + "webnn_text.so";
  std::ofstream(text) << "this is no library\n";
  EXPECT_THAT(DynamicLibrary::Open(text), Fails(ErrorCode::kNotSupported, "webnn_text.so"));
  std::filesystem::remove(text);
}

TEST(DynamicLibraryTest, KnowsTheNamesOfLibraries) {
#ifndef __APPLE__
  EXPECT_EQ(DynamicLibrary::FileName("libx"), "libx.so");
  EXPECT_EQ(DynamicLibrary::FileName("libx", 1), "libx.so.1");
  EXPECT_TRUE(DynamicLibrary::IsLibrary("libx.so", "libx"));
  EXPECT_TRUE(DynamicLibrary::IsLibrary("libx.so.1.32.0", "libx"));
  EXPECT_FALSE(DynamicLibrary::IsLibrary("libx.sorted", "libx"));
  EXPECT_FALSE(DynamicLibrary::IsLibrary("libx_providers.so", "libx"));
  EXPECT_FALSE(DynamicLibrary::IsLibrary("liby.so", "libx"));
  EXPECT_FALSE(DynamicLibrary::IsLibrary("libx", "libx"));
#endif
}

}  // namespace
}  // namespace webnn
