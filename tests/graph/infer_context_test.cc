#include "graph/infer_context.h"

#include <string>

#include "gtest/gtest.h"

namespace webnn {
namespace {

TEST(MessagePrefixTest, NamesLabelAndOperator) {
  EXPECT_EQ(MessagePrefix("", "conv2d"), "conv2d");
  EXPECT_EQ(MessagePrefix("layer 1", "conv2d"), "[layer 1] conv2d");
}

TEST(EscapeControlsTest, LeavesTextAsItIs) {
  for (const std::string text : {"", "plain ~ text", "gr\u00fc\u00df", "\u5377\u7a4d", "\U0001f600",
                                 // Neighbours of what is escaped.
                                 "\u00a0", "\u2029", "\u202f", "\u2065", "\u206a"}) {
    EXPECT_EQ(EscapeControls(text), text);
  }
}

TEST(EscapeControlsTest, EscapesControlCharacters) {
  EXPECT_EQ(EscapeControls("a\nb\tc\rd"), "a\\x0ab\\x09c\\x0dd");
  EXPECT_EQ(EscapeControls(std::string("\0\x1b[31m\x1f\x7f", 8)), "\\x00\\x1b[31m\\x1f\\x7f");
  EXPECT_EQ(EscapeControls("\u0080\u0085\u009f"), "\\u0080\\u0085\\u009f");
}

TEST(EscapeControlsTest, EscapesWhatTurnsTextAround) {
  EXPECT_EQ(EscapeControls("\u202a\u202b\u202c\u202d\u202e"),
            "\\u202a\\u202b\\u202c\\u202d\\u202e");
  EXPECT_EQ(EscapeControls("a\u2066b\u2067c\u2068d\u2069e"), "a\\u2066b\\u2067c\\u2068d\\u2069e");
}

TEST(EscapeControlsTest, SurvivesCutOffCharacters) {
  EXPECT_EQ(EscapeControls("\xe2"), "\xe2");
  EXPECT_EQ(EscapeControls("\xe2\x80"), "\xe2\x80");
  EXPECT_EQ(EscapeControls("\xc2"), "\xc2");
}

}  // namespace
}  // namespace webnn
