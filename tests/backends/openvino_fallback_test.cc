#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"
#include "webnn/webnn.h"

// What can be wrong with the library of a back end on the processor: the other one takes over, and
// one warning names the cause.
namespace webnn {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;
using testing_support::Fails;
using testing_support::Succeeds;

struct Fault {
  const char* name;
  std::string library;
  std::string cause;
};

class ProcessorFallbackTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"openvino", "onnxruntime"}) {
      const auto context = Context::Create({.backend = name});
      if (!context) GTEST_SKIP() << context.error().message;
    }
    std::ofstream(text_) << "this is no library\n";
  }
  ~ProcessorFallbackTest() override { std::filesystem::remove(text_); }

  void ExpectFallback(const std::string& from, const std::string& to, const Fault& fault) {
    SCOPED_TRACE(from + ": " + fault.name);
    ContextOptions options = {.backend = from, .library_path = fault.library};
    EXPECT_THAT(Context::Create(options), Fails(ErrorCode::kNotSupported, fault.cause));
    std::vector<std::string> warnings;
    options.fallback = Fallback::kBackend;
    options.log = [&](LogLevel, std::string_view text) { warnings.emplace_back(text); };
    const auto context = Context::Create(options);
    ASSERT_THAT(context, Succeeds());
    EXPECT_EQ(context->backend(), to);
    ASSERT_THAT(warnings, SizeIs(1));
    EXPECT_THAT(warnings[0], AllOf(StartsWith(from + " cannot be used: "), HasSubstr(fault.cause),
                                   HasSubstr("The context uses " + to)));
  }

  const std::string text_ = testing::TempDir() + "webnn_fallback_no_library.so";
};

TEST_F(ProcessorFallbackTest, OpenVino) {
  for (const Fault& fault :
       {Fault{"missing", "/no/such/library.so", "/no/such/library.so"},
        Fault{"broken", text_, text_},
        Fault{"too old", WEBNN_FAKE_OLD_OPENVINO, "its version is 2024.6.0"}}) {
    ExpectFallback("openvino", "onnxruntime", fault);
  }
}

TEST_F(ProcessorFallbackTest, OnnxRuntime) {
  for (const Fault& fault :
       {Fault{"missing", "/no/such/library.so", "/no/such/library.so"},
        Fault{"broken", text_, text_}, Fault{"too old", WEBNN_FAKE_OLD_ORT, "its version is "}}) {
    ExpectFallback("onnxruntime", "openvino", fault);
  }
}

}  // namespace
}  // namespace webnn
