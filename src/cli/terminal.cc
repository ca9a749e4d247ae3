#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "fmt/format.h"
#include "graph/infer_context.h"

namespace webnn::cli {
namespace {

// So that a note takes the bar's line.
std::atomic<bool> is_bar_shown{false};

bool IsSet(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

Terminal Look(int stream) {
  Terminal terminal;
  terminal.is_terminal = isatty(stream) != 0;
  if (!terminal.is_terminal) return terminal;
  const char* type = std::getenv("TERM");
  const bool dumb = type == nullptr || std::string_view(type) == "dumb";
  terminal.colours = !dumb && !IsSet("NO_COLOR");
  winsize size{};
  terminal.width = ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  return terminal;
}

// The code point that begins at `text[i]`, which is moved behind it; broken UTF-8 counts by bytes.
uint32_t NextCodePoint(std::string_view text, size_t& i) {
  const auto first = static_cast<uint8_t>(text[i++]);
  int more = 0;
  if (first >= 0xf0) {
    more = 3;
  } else if (first >= 0xe0) {
    more = 2;
  } else if (first >= 0xc0) {
    more = 1;
  }
  uint32_t code = more == 0 ? first : first & (0x3fu >> more);
  for (; more > 0 && i < text.size(); --more) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xc0) != 0x80) break;
    code = code << 6 | (byte & 0x3fu);
    ++i;
  }
  return code;
}

size_t WidthOf(uint32_t code) {
  // The blocks that terminals draw two columns wide; combining marks are not worth a table here.
  static constexpr std::array<std::pair<uint32_t, uint32_t>, 7> kWide = {{{0x1100, 0x115f},
                                                                          {0x2e80, 0xa4cf},
                                                                          {0xac00, 0xd7a3},
                                                                          {0xf900, 0xfaff},
                                                                          {0xfe30, 0xfe6f},
                                                                          {0xff00, 0xff60},
                                                                          {0x1f300, 0x1faff}}};
  return std::any_of(kWide.begin(), kWide.end(),
                     [&](const auto& block) { return block.first <= code && code <= block.second; })
             ? 2
             : 1;
}

}  // namespace

const Terminal& StandardOutput() {
  static const Terminal kTerminal = Look(STDOUT_FILENO);
  return kTerminal;
}

const Terminal& StandardError() {
  static const Terminal kTerminal = Look(STDERR_FILENO);
  return kTerminal;
}

std::string Paint(const Terminal& terminal, Colour colour, std::string_view text) {
  static constexpr std::array<int, 6> kCodes = {1, 2, 31, 32, 33, 36};
  if (!terminal.colours || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<size_t>(colour)], text);
}

size_t WidthFor(const Terminal& terminal) {
  constexpr size_t kMaxWidth = 100;
  return terminal.width == 0 ? kMaxWidth : std::clamp<size_t>(terminal.width, 40, kMaxWidth);
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) width += WidthOf(NextCodePoint(text, i));
  return width;
}

std::string Truncate(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return {};
  size_t used = 1;  // for the ellipsis
  size_t end = 0;
  for (size_t i = 0; i < text.size();) {
    used += WidthOf(NextCodePoint(text, i));
    if (used > width) break;
    end = i;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string Wrap(std::string_view text, size_t width, size_t indent) {
  const std::string margin(indent, ' ');
  std::string wrapped;
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) wrapped += margin + line;
    wrapped += '\n';
    line.clear();
  };
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\n') {
      flush();
      ++i;
      continue;
    }
    const size_t end = std::min(text.find_first_of(" \n", i), text.size());
    const std::string_view word = text.substr(i, end - i);
    if (!line.empty() && indent + DisplayWidth(line) + 1 + DisplayWidth(word) > width) flush();
    if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
    i = end < text.size() && text[end] == ' ' ? end + 1 : end;
  }
  if (!line.empty()) flush();
  return wrapped;
}

std::string EscapeLines(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    escaped += EscapeControls(text.substr(0, end));
    if (end < text.size()) escaped += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return escaped;
}

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void Note(std::string_view command, std::string_view text) {
  // What was printed so far comes first where both go to one terminal.
  std::fflush(stdout);
  fmt::print(stderr, "{}{}\n", is_bar_shown ? "\r\x1b[K" : "",
             Paint(StandardError(), Colour::kDim,
                   EscapeLines(fmt::format("webnn {}: {}", command, text))));
}

Progress::~Progress() {
  is_bar_shown = false;
  if (!shown_.empty()) fmt::print(stderr, "\r\x1b[K");
}

void Progress::Show(double fraction, std::string_view detail) {
  if (!StandardError().is_terminal) return;
  constexpr size_t kWidth = 24;
  const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kWidth);
  std::string bar;
  for (size_t i = 0; i < kWidth; ++i) bar += i < filled ? "━" : " ";
  std::string line =
      fmt::format("{} [{}] {:3.0f} % {}", what_, Paint(StandardError(), Colour::kCyan, bar),
                  fraction * 100, detail);
  if (line == shown_) return;
  fmt::print(stderr, "\r{}\x1b[K", line);
  std::fflush(stderr);
  shown_ = std::move(line);
  is_bar_shown = true;
}

}  // namespace webnn::cli
