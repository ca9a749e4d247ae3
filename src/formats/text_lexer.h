#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "webnn/result.h"
#include "webnn/types.h"

namespace webnn::formats {

enum class TokenKind : uint8_t {
  kEnd,
  kIdentifier,  ///< Without the `%` that some programs put before it.
  kString,      ///< Without its quotes and escapes.
  kNumber,
  kSymbol,  ///< One of { } [ ] ( ) , ; : = @
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text = {};
  Number number = {};
  uint32_t line = 1;
  uint32_t column = 1;

  bool Is(char symbol) const { return kind == TokenKind::kSymbol && text[0] == symbol; }
};

/// Words of `.webnn` text. White space and comments (`#` and `//` to the end of the line) lie
/// between them.
class TextLexer {
 public:
  explicit TextLexer(std::string_view text);
  /// TypeError with line and column (":3:14: ...") for what is no word.
  Result<Token> Next();

 private:
  void SkipSpace();
  void Advance(size_t count);
  Error Fail(std::string_view message) const;
  Result<Token> ReadString();
  Result<Token> ReadNumber();
  Token Start(TokenKind kind) const;

  std::string_view rest_;
  uint32_t line_ = 1;
  uint32_t column_ = 1;
};

/// Is this a name that needs no quotes?
bool IsIdentifier(std::string_view name);

}  // namespace webnn::formats
