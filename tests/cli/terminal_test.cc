#include "cli/terminal.h"

#include "cli/table.h"
#include "gtest/gtest.h"

namespace webnn::cli {
namespace {

TEST(TerminalTest, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("µs"), 2u);
  EXPECT_EQ(DisplayWidth("文字"), 4u);
  EXPECT_EQ(DisplayWidth("\xff\xe6"), 2u);
}

TEST(TerminalTest, TruncatesWithAnEllipsis) {
  EXPECT_EQ(Truncate("abcdef", 6), "abcdef");
  EXPECT_EQ(Truncate("abcdef", 4), "abc…");
  EXPECT_EQ(Truncate("文字文字", 4), "文…");
  EXPECT_EQ(Truncate("abc", 0), "");
}

TEST(TerminalTest, WrapsAtSpaces) {
  EXPECT_EQ(Wrap("one two three", 9, 2), "  one two\n  three\n");
  EXPECT_EQ(Wrap("one\n\ntwo", 80, 0), "one\n\ntwo\n");
  EXPECT_EQ(Wrap("muchtoolong", 4, 1), " muchtoolong\n");
}

TEST(TerminalTest, PaintsOnlyWhereColoursAre) {
  EXPECT_EQ(Paint({}, Colour::kRed, "x"), "x");
  EXPECT_EQ(Paint({.is_terminal = true, .colours = true}, Colour::kRed, "x"), "\x1b[31mx\x1b[0m");
}

TEST(TableTest, AlignsColumnsAndLeavesOutEmptyOnes) {
  Table table({{"name"}, {"count", true}, {"nothing"}, {"text"}});
  table.Add({"a", "1", "", "x"});
  table.Add({"long name", "10000", "", ""});
  EXPECT_EQ(table.ToText({}),
            "name       count  text\n"
            "a              1  x\n"
            "long name  10000\n");
  EXPECT_EQ(table.ToText({}, 2).substr(0, 6), "  name");
}

TEST(TableTest, CutsTheLastColumnAtTheEndOfTheLine) {
  Table table({{"a"}, {"b"}});
  table.Add({"1", "0123456789"});
  EXPECT_EQ(table.ToText({.is_terminal = true, .width = 8}), "a  b\n1  0123…\n");
}

TEST(TableTest, EscapesControlCharacters) {
  Table table({{"a"}});
  table.Add({"\x1b[31m"});
  EXPECT_EQ(table.ToText({}), "a\n\\x1b[31m\n");
}

}  // namespace
}  // namespace webnn::cli
