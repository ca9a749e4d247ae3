#include <limits>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "formats/element_types.h"
#include "formats/graph_text.h"
#include "formats/text_lexer.h"
#include "formats/weight_bytes.h"
#include "graph/infer_context.h"

namespace webnn::formats {
namespace {

// Lists within lists, in options of nodes.
constexpr int kMaxDepth = 16;

Place PlaceOf(const Token& token) { return fmt::format(":{}:{}", token.line, token.column); }

std::string Shown(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEnd:
      return "the end of the file";
    case TokenKind::kString:
      return fmt::format("\"{}\"", EscapeControls(token.text));
    default:
      return fmt::format("`{}`", token.text);
  }
}

class TextReader {
 public:
  TextReader(std::string_view text, GraphFile& file) : lexer_(text), file_(file) {}

  Result<void> Read() {
    WEBNN_RETURN_IF_ERROR(Advance());
    WEBNN_RETURN_IF_ERROR(ReadHead());
    while (!token_.Is('}')) WEBNN_RETURN_IF_ERROR(ReadBlock());
    WEBNN_RETURN_IF_ERROR(Advance());
    if (token_.kind != TokenKind::kEnd) return Expected("the end of the file");
    return {};
  }

 private:
  Result<void> Advance() {
    auto next = lexer_.Next();
    if (!next) {
      std::string& message = next.error().message;
      message = (file_.path.empty() ? "model" : file_.path) + message;
      return std::move(next.error());
    }
    token_ = *std::move(next);
    return {};
  }

  Error Fail(const Token& token, std::string_view message) const {
    return TypeError("{}{}", Where(file_, PlaceOf(token)), message);
  }
  Error Expected(std::string_view what) const {
    return Fail(token_, fmt::format("{} is expected, not {}", what, Shown(token_)));
  }
  bool IsWord(std::string_view word) const {
    return token_.kind == TokenKind::kIdentifier && token_.text == word;
  }

  // Takes the symbol, which must be there.
  Result<void> Take(char symbol) {
    if (!token_.Is(symbol)) return Expected(fmt::format("`{}`", symbol));
    return Advance();
  }
  // Takes the symbol where it is there.
  Result<bool> TakeIf(char symbol) {
    if (!token_.Is(symbol)) return false;
    WEBNN_RETURN_IF_ERROR(Advance());
    return true;
  }
  // A name: an identifier, or a string where it is none.
  Result<std::string> TakeName() {
    if (token_.kind != TokenKind::kIdentifier && token_.kind != TokenKind::kString) {
      return Expected("a name");
    }
    std::string name = std::move(token_.text);
    WEBNN_RETURN_IF_ERROR(Advance());
    return name;
  }
  Result<uint32_t> TakeSize() {
    constexpr int64_t kMax = std::numeric_limits<uint32_t>::max();
    const Number& number = token_.number;
    if (token_.kind != TokenKind::kNumber || number.kind() != Number::Kind::kInt64 ||
        number.int64() < 0 || number.int64() > kMax) {
      return Expected("a size");
    }
    const auto size = static_cast<uint32_t>(number.int64());
    WEBNN_RETURN_IF_ERROR(Advance());
    return size;
  }
  // Behind a declaration; it may be missing before the end of the block.
  Result<void> TakeSemicolon() {
    if (token_.Is('}')) return {};
    return Take(';');
  }

  // webnn_graph "name" v2 @quantized {
  Result<void> ReadHead() {
    if (!IsWord("webnn_graph")) return Expected("`webnn_graph`");
    WEBNN_RETURN_IF_ERROR(Advance());
    if (token_.kind == TokenKind::kString) {
      file_.name = std::move(token_.text);
      WEBNN_RETURN_IF_ERROR(Advance());
    }
    if (!IsWord("v1") && !IsWord("v2")) return Expected("the version `v1` or `v2`");
    WEBNN_RETURN_IF_ERROR(Advance());
    while (token_.Is('@')) {
      WEBNN_RETURN_IF_ERROR(Advance());
      if (!IsWord("quantized")) return Expected("`quantized`");
      file_.quantized = true;
      WEBNN_RETURN_IF_ERROR(Advance());
    }
    return Take('{');
  }

  Result<void> ReadBlock() {
    Result<void> (TextReader::*read)() = nullptr;
    if (IsWord("inputs")) read = &TextReader::ReadInput;
    if (IsWord("consts")) read = &TextReader::ReadConstant;
    if (IsWord("nodes")) read = &TextReader::ReadNode;
    if (IsWord("outputs")) read = &TextReader::ReadOutput;
    if (read == nullptr) return Expected("`inputs`, `consts`, `nodes`, `outputs` or `}`");
    WEBNN_RETURN_IF_ERROR(Advance());
    WEBNN_RETURN_IF_ERROR(Take('{'));
    while (!token_.Is('}')) WEBNN_RETURN_IF_ERROR((this->*read)());
    return Advance();
  }

  Result<DataType> TakeType() {
    const auto type = token_.kind == TokenKind::kIdentifier ? ParseTypeName(token_.text)
                                                            : std::optional<DataType>();
    if (!type) return Expected("a data type");
    WEBNN_RETURN_IF_ERROR(Advance());
    return *type;
  }

  // [1, 3, dyn("h", 512)]; a scalar may have none.
  Result<std::vector<FileDimension>> TakeShape() {
    std::vector<FileDimension> shape;
    WEBNN_ASSIGN_OR_RETURN(const bool has_shape, TakeIf('['));
    if (!has_shape) return shape;
    while (!token_.Is(']')) {
      FileDimension& dimension = shape.emplace_back();
      if (IsWord("dyn")) {
        WEBNN_RETURN_IF_ERROR(Advance());
        WEBNN_RETURN_IF_ERROR(Take('('));
        if (token_.text.empty()) return Expected("the name of a dimension");
        WEBNN_ASSIGN_OR_RETURN(dimension.name, TakeName());
        WEBNN_RETURN_IF_ERROR(Take(','));
        WEBNN_ASSIGN_OR_RETURN(dimension.size, TakeSize());
        WEBNN_RETURN_IF_ERROR(Take(')'));
      } else {
        WEBNN_ASSIGN_OR_RETURN(dimension.size, TakeSize());
      }
      if (!token_.Is(']')) WEBNN_RETURN_IF_ERROR(Take(','));
    }
    WEBNN_RETURN_IF_ERROR(Advance());
    return shape;
  }

  // x: f32[1, 3];
  Result<void> ReadInput() {
    FileInput input{.place = PlaceOf(token_)};
    WEBNN_ASSIGN_OR_RETURN(input.name, TakeName());
    WEBNN_RETURN_IF_ERROR(Take(':'));
    WEBNN_ASSIGN_OR_RETURN(input.type, TakeType());
    WEBNN_ASSIGN_OR_RETURN(input.shape, TakeShape());
    file_.inputs.push_back(std::move(input));
    return TakeSemicolon();
  }

  // w: f32[2, 3] @weights("key");
  Result<void> ReadConstant() {
    FileConstant constant{.place = PlaceOf(token_)};
    WEBNN_ASSIGN_OR_RETURN(constant.name, TakeName());
    WEBNN_RETURN_IF_ERROR(Take(':'));
    WEBNN_ASSIGN_OR_RETURN(constant.type, TakeType());
    const Token shape_token = token_;
    WEBNN_ASSIGN_OR_RETURN(const auto shape, TakeShape());
    std::vector<uint32_t> sizes;
    for (const FileDimension& dimension : shape) {
      if (!dimension.name.empty()) return Fail(shape_token, "a constant has no open dimension");
      sizes.push_back(dimension.size);
    }
    constant.shape = Shape(std::move(sizes));
    constant.init = WeightKey{constant.name};
    WEBNN_ASSIGN_OR_RETURN(const bool has_init, TakeIf('@'));
    if (has_init) WEBNN_RETURN_IF_ERROR(ReadInit(constant));
    file_.constants.push_back(std::move(constant));
    return TakeSemicolon();
  }

  Result<void> ReadInit(FileConstant& constant) {
    const bool is_key = IsWord("weights");
    const bool is_number = IsWord("scalar");
    if (!is_key && !is_number && !IsWord("bytes")) {
      return Expected("`weights`, `scalar` or `bytes`");
    }
    WEBNN_RETURN_IF_ERROR(Advance());
    WEBNN_RETURN_IF_ERROR(Take('('));
    if (is_key) {
      WEBNN_ASSIGN_OR_RETURN(std::string key, TakeName());
      constant.init = WeightKey{std::move(key)};
    } else if (is_number) {
      if (token_.kind != TokenKind::kNumber) return Expected("a number");
      constant.init = token_.number;
      WEBNN_RETURN_IF_ERROR(Advance());
    } else {
      WEBNN_ASSIGN_OR_RETURN(std::vector<std::byte> bytes, TakeBytes());
      constant.init = Own(std::move(bytes));
    }
    return Take(')');
  }

  Result<std::vector<std::byte>> TakeBytes() {
    std::vector<std::byte> bytes;
    WEBNN_RETURN_IF_ERROR(Take('['));
    while (!token_.Is(']')) {
      const Token byte = token_;
      WEBNN_ASSIGN_OR_RETURN(const uint32_t value, TakeSize());
      if (value > 255) return Fail(byte, fmt::format("{} is no byte", value));
      bytes.push_back(static_cast<std::byte>(value));
      if (!token_.Is(']')) WEBNN_RETURN_IF_ERROR(Take(','));
    }
    WEBNN_RETURN_IF_ERROR(Advance());
    return bytes;
  }

  // y = relu(x);  [a, b] = split(x, splits=2);
  Result<void> ReadNode() {
    FileNode node{.place = PlaceOf(token_)};
    WEBNN_ASSIGN_OR_RETURN(const bool is_list, TakeIf('['));
    do {
      WEBNN_ASSIGN_OR_RETURN(std::string name, TakeName());
      node.outputs.push_back(std::move(name));
      if (!is_list) break;
      if (!token_.Is(']')) WEBNN_RETURN_IF_ERROR(Take(','));
    } while (!token_.Is(']'));
    if (is_list) WEBNN_RETURN_IF_ERROR(Advance());
    WEBNN_RETURN_IF_ERROR(Take('='));
    if (token_.kind != TokenKind::kIdentifier) return Expected("an operator");
    node.op = std::move(token_.text);
    WEBNN_RETURN_IF_ERROR(Advance());
    WEBNN_RETURN_IF_ERROR(Take('('));
    while (!token_.Is(')')) {
      WEBNN_RETURN_IF_ERROR(ReadArgument(node));
      if (!token_.Is(')')) WEBNN_RETURN_IF_ERROR(Take(','));
    }
    WEBNN_RETURN_IF_ERROR(Advance());
    file_.nodes.push_back(std::move(node));
    return TakeSemicolon();
  }

  // A value, or `key=value`.
  Result<void> ReadArgument(FileNode& node) {
    const bool may_be_key = token_.kind == TokenKind::kIdentifier;
    std::string key = token_.text;
    WEBNN_ASSIGN_OR_RETURN(Value value, TakeValue(0));
    if (!may_be_key || !token_.Is('=')) {
      node.arguments.push_back(std::move(value));
      return {};
    }
    WEBNN_RETURN_IF_ERROR(Advance());
    WEBNN_ASSIGN_OR_RETURN(value, TakeValue(0));
    node.options.emplace_back(std::move(key), std::move(value));
    return {};
  }

  Result<Value> TakeValue(int depth) {
    Value value;
    if (token_.kind == TokenKind::kNumber) {
      value = token_.number;
    } else if (token_.kind == TokenKind::kString) {
      value = std::move(token_.text);
    } else if (IsWord("true") || IsWord("false")) {
      value = IsWord("true");
    } else if (token_.kind == TokenKind::kIdentifier) {
      if (!IsWord("null")) value = std::move(token_.text);
    } else {
      return TakeList(depth + 1);
    }
    WEBNN_RETURN_IF_ERROR(Advance());
    return value;
  }

  Result<Value> TakeList(int depth) {
    if (!token_.Is('[')) return Expected("a value");
    if (depth > kMaxDepth) return Fail(token_, "lists are nested too deep");
    WEBNN_RETURN_IF_ERROR(Advance());
    Value::List list;
    while (!token_.Is(']')) {
      WEBNN_ASSIGN_OR_RETURN(Value item, TakeValue(depth));
      list.push_back(std::move(item));
      if (!token_.Is(']')) WEBNN_RETURN_IF_ERROR(Take(','));
    }
    WEBNN_RETURN_IF_ERROR(Advance());
    return Value(std::move(list));
  }

  // y;  "another name" = y;
  Result<void> ReadOutput() {
    FileOutput output{.place = PlaceOf(token_)};
    WEBNN_ASSIGN_OR_RETURN(output.name, TakeName());
    output.value = output.name;
    WEBNN_ASSIGN_OR_RETURN(const bool renamed, TakeIf('='));
    if (renamed) {
      WEBNN_ASSIGN_OR_RETURN(output.value, TakeName());
    }
    file_.outputs.push_back(std::move(output));
    WEBNN_ASSIGN_OR_RETURN(const bool more, TakeIf(','));
    return more ? Result<void>() : TakeSemicolon();
  }

  TextLexer lexer_;
  Token token_;
  GraphFile& file_;
};

}  // namespace

Result<GraphFile> ReadGraphText(std::string_view text, const std::string& path) {
  GraphFile file{.path = path};
  WEBNN_RETURN_IF_ERROR(TextReader(text, file).Read());
  return file;
}

}  // namespace webnn::formats
