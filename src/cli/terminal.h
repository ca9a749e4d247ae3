#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace webnn::cli {

/// What a standard stream can show.
struct Terminal {
  bool is_terminal = false;
  bool colours = false;  ///< A terminal, and neither NO_COLOR nor TERM=dumb is set.
  size_t width = 0;      ///< Columns; 0 when there is no limit.
};
const Terminal& StandardOutput();
const Terminal& StandardError();

enum class Colour { kBold, kDim, kRed, kGreen, kYellow, kCyan };
/// The text, painted where the terminal has colours.
std::string Paint(const Terminal& terminal, Colour colour, std::string_view text);

/// Columns for running text: not too long to read.
size_t WidthFor(const Terminal& terminal);

/// Columns that UTF-8 text takes; East Asian characters take two.
size_t DisplayWidth(std::string_view text);
/// The text, cut to so many columns with an ellipsis.
std::string Truncate(std::string_view text, size_t width);
/// Lines of at most `width` columns, broken at spaces, each indented; line breaks in the text stay.
std::string Wrap(std::string_view text, size_t width, size_t indent);

/// Control characters escaped, but for line breaks.
std::string EscapeLines(std::string_view text);

/// Writes to standard output.
void Print(std::string_view text);
/// A remark that is no error and not the result: "webnn run: ..." on standard error.
void Note(std::string_view command, std::string_view text);

/// A bar on standard error, where that is a terminal; it is gone when the object is.
class Progress {
 public:
  explicit Progress(std::string_view what) : what_(what) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  /// `fraction` is in [0, 1].
  void Show(double fraction, std::string_view detail = {});

 private:
  std::string what_;
  std::string shown_;
};

}  // namespace webnn::cli
