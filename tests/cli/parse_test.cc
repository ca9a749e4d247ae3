#include "cli/parse.h"

#include <string>
#include <vector>

#include "cli/errors.h"
#include "cli/help.h"
#include "cli/typos.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::BreaksRule;
using testing_support::Fails;
using testing_support::Succeeds;

class ParseTest : public testing::Test {
 protected:
  Result<Parsed> Run(const std::vector<std::string>& arguments) {
    const std::vector<Option> options = {
        {.name = "MODEL", .value = "MODEL", .help = "", .target = &model_, .required = true},
        {.name = "--json", .value = "", .help = "", .target = &json_},
        {.name = "--input", .value = "NAME=FILE", .help = "", .target = &inputs_},
        {.name = "--threads", .value = "N", .help = "", .target = &threads_},
        {.name = "--atol", .value = "NUMBER", .help = "", .target = &atol_},
        {.name = "--layout", .value = "nchw|nhwc", .help = "", .target = &layout_}};
    return Parse({.name = "test"}, options, arguments);
  }
  std::string model_;
  bool json_ = false;
  std::vector<std::string> inputs_;
  uint32_t threads_ = 0;
  std::optional<double> atol_;
  std::string layout_;
};

TEST_F(ParseTest, FillsTargets) {
  ASSERT_THAT(Run({"--input", "a=1", "m.onnx", "--json", "--threads=3", "--input", "b=-1", "--atol",
                   "1e-3", "--layout", "nhwc"}),
              Succeeds());
  EXPECT_EQ(model_, "m.onnx");
  EXPECT_TRUE(json_);
  EXPECT_THAT(inputs_, ElementsAre("a=1", "b=-1"));
  EXPECT_EQ(threads_, 3u);
  EXPECT_EQ(atol_, 1e-3);
  EXPECT_EQ(layout_, "nhwc");
}

TEST_F(ParseTest, HelpNeedsNothingElse) {
  const auto parsed = Run({"--help"});
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_EQ(*parsed, Parsed::kHelp);
}

TEST_F(ParseTest, SaysWhatIsWrong) {
  EXPECT_THAT(Run({}), Fails(ErrorCode::kTypeError, "MODEL is missing"));
  EXPECT_THAT(Run({"a", "b"}), Fails(ErrorCode::kTypeError, "\"b\" is one too many"));
  EXPECT_THAT(Run({"a", "--jsn"}),
              Fails(ErrorCode::kTypeError, "no option \"--jsn\" (did you mean \"--json\"?)"));
  EXPECT_THAT(Run({"a", "--threads"}),
              Fails(ErrorCode::kTypeError, "--threads needs a value: --threads N"));
  EXPECT_THAT(Run({"a", "--threads", "-1"}), Fails(ErrorCode::kTypeError, "whole number"));
  EXPECT_THAT(Run({"a", "--threads", "1x"}), Fails(ErrorCode::kTypeError, "\"1x\""));
  EXPECT_THAT(Run({"a", "--threads", "1", "--threads", "2"}),
              Fails(ErrorCode::kTypeError, "given 2 times"));
  EXPECT_THAT(Run({"a", "--atol", "x"}), Fails(ErrorCode::kTypeError, "a number"));
  EXPECT_THAT(Run({"a", "--layout", "nhcw"}),
              Fails(ErrorCode::kTypeError, "one of nchw, nhwc, not \"nhcw\""));
  EXPECT_THAT(Run({"a", "--what"}), BreaksRule(std::string(kBadUseRule)));
}

TEST(DidYouMeanTest, NamesTheNearestWordOnly) {
  const std::vector<std::string_view> words = {"softmax", "softplus", "conv2d"};
  EXPECT_EQ(DidYouMean("softmx", words), " (did you mean \"softmax\"?)");
  EXPECT_EQ(DidYouMean("SoftMax", words), " (did you mean \"softmax\"?)");
  EXPECT_EQ(DidYouMean("covn2d", words), " (did you mean \"conv2d\"?)");
  EXPECT_EQ(DidYouMean("relu", words), "");
  EXPECT_EQ(DidYouMean(std::string(100000, 'x'), words), "");
}

// Whatever is added, its help, page and completion come along.
TEST(HelpTest, NamesEveryOptionOfEveryCommand) {
  const std::string page = ManPage();
  for (const Command& command : AllCommands()) {
    const std::string help = CommandHelp(command, {});
    EXPECT_THAT(help, HasSubstr(std::string(command.summary)));
    EXPECT_FALSE(command.examples.empty()) << command.name;
    EXPECT_FALSE(command.summary.ends_with('.')) << command.name;
    for (const Option& option : OptionsOf(command)) {
      EXPECT_THAT(help, HasSubstr(std::string(option.name)));
      EXPECT_FALSE(option.help.empty()) << option.name;
      EXPECT_FALSE(option.help.ends_with('.')) << option.name;
    }
    EXPECT_THAT(page, HasSubstr(".SS " + std::string(command.name)));
  }
}

}  // namespace
}  // namespace webnn::cli
