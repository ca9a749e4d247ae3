#include "formats/text_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "core/errors.h"
#include "graph/infer_context.h"

namespace webnn::formats {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool StartsIdentifier(char c) { return IsLetter(c) || c == '_' || c == '/' || c == '$'; }
bool ContinuesIdentifier(char c) { return StartsIdentifier(c) || IsDigit(c) || c == '.'; }

// The length of the identifier that the text begins with. "::" is within names of some programs.
size_t IdentifierLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    if (ContinuesIdentifier(text[length])) {
      ++length;
    } else if (length > 0 && text.substr(length).starts_with("::")) {
      length += 2;
    } else {
      break;
    }
  }
  return length;
}

}  // namespace

bool IsIdentifier(std::string_view name) {
  constexpr std::array<std::string_view, 6> kWords = {"true",     "false", "null",
                                                      "Infinity", "NaN",   "dyn"};
  if (name.empty() || !StartsIdentifier(name[0]) || name.starts_with("//")) return false;
  if (std::find(kWords.begin(), kWords.end(), name) != kWords.end()) return false;
  return std::all_of(name.begin(), name.end(), ContinuesIdentifier);
}

TextLexer::TextLexer(std::string_view text) : rest_(text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

void TextLexer::Advance(size_t count) {
  for (char c : rest_.substr(0, count)) {
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
  }
  rest_.remove_prefix(count);
}

void TextLexer::SkipSpace() {
  for (;;) {
    Advance(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
    if (!rest_.starts_with('#') && !rest_.starts_with("//")) return;
    Advance(std::min(rest_.find('\n'), rest_.size()));
  }
}

Error TextLexer::Fail(std::string_view message) const {
  return TypeError(":{}:{}: {}", line_, column_, message);
}

Token TextLexer::Start(TokenKind kind) const {
  return {.kind = kind, .line = line_, .column = column_};
}

Result<Token> TextLexer::Next() {
  SkipSpace();
  if (rest_.empty()) return Start(TokenKind::kEnd);
  const char first = rest_[0];
  if (first == '"') return ReadString();
  if (first == '-' || IsDigit(first)) return ReadNumber();
  const size_t prefix = first == '%' ? 1 : 0;
  const size_t length = IdentifierLength(rest_.substr(prefix));
  if (length > 0 && (prefix == 1 || StartsIdentifier(first))) {
    Token token = Start(TokenKind::kIdentifier);
    token.text = rest_.substr(prefix, length);
    Advance(prefix + length);
    return token;
  }
  constexpr std::string_view kSymbols = "{}[](),;:=@";
  if (kSymbols.find(first) == std::string_view::npos) {
    return Fail(fmt::format("no word begins with '{}'", EscapeControls(rest_.substr(0, 1))));
  }
  Token token = Start(TokenKind::kSymbol);
  token.text = first;
  Advance(1);
  return token;
}

Result<Token> TextLexer::ReadString() {
  Token token = Start(TokenKind::kString);
  size_t i = 1;
  for (; i < rest_.size() && rest_[i] != '"'; ++i) {
    if (rest_[i] == '\\') ++i;
    if (i < rest_.size()) token.text += rest_[i];
  }
  if (i >= rest_.size()) return Fail("the string does not end");
  Advance(i + 1);
  return token;
}

Result<Token> TextLexer::ReadNumber() {
  Token token = Start(TokenKind::kNumber);
  constexpr std::string_view kMinusInfinity = "-Infinity";
  if (rest_.starts_with(kMinusInfinity)) {
    token.kind = TokenKind::kString;
    token.text = kMinusInfinity;
    Advance(kMinusInfinity.size());
    return token;
  }
  const size_t length = std::min(rest_.find_first_not_of("-+.0123456789eE"), rest_.size());
  const char* begin = rest_.data();
  const char* end = begin + length;
  token.text = rest_.substr(0, length);
  const auto whole = [&](auto& value) {
    const auto [stop, error] = std::from_chars(begin, end, value);
    return error == std::errc() && stop == end;
  };
  int64_t integer = 0;
  uint64_t large = 0;
  double real = 0;
  if (token.text != "-0" && whole(integer)) {
    token.number = integer;
  } else if (whole(large)) {
    token.number = large;
  } else if (whole(real)) {
    token.number = real;
  } else {
    return Fail(fmt::format("\"{}\" is no number", token.text));
  }
  Advance(length);
  return token;
}

}  // namespace webnn::formats
