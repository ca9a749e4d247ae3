#include "graph/infer_context.h"

#include "graph/graph_data.h"

namespace webnn {

const OperandDescriptor& InferContext::Describe(Operand operand) const {
  return graph_.operands[operand.id].descriptor;
}

Error InferContext::MakeError(std::string_view rule, std::string text) const {
  return {ErrorCode::kTypeError, fmt::format("{}: {}", MessagePrefix(label_, schema_.name), text),
          std::string(rule)};
}

std::string EscapeControls(std::string_view text) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0;
    };
    if (byte(0) < 0x20 || byte(0) == 0x7f) {
      escaped += fmt::format("\\x{:02x}", byte(0));
      continue;
    }
    // U+0080..U+009F (C2 80..9F) are control characters, too.
    if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) {
      escaped += fmt::format("\\u{:04x}", byte(1));
      i += 1;
      continue;
    }
    // U+202A..U+202E and U+2066..U+2069 (E2 80 AA..AE, E2 81 A6..A9) turn text around.
    if (byte(0) == 0xe2 && ((byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae) ||
                            (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9))) {
      escaped += fmt::format("\\u{:04x}", 0x2000 + ((byte(1) & 0x3f) << 6) + (byte(2) & 0x3f));
      i += 2;
      continue;
    }
    escaped += text[i];
  }
  return escaped;
}

std::string MessagePrefix(std::string_view label, std::string_view op) {
  if (label.empty()) return std::string(op);
  return fmt::format("[{}] {}", EscapeControls(label), op);
}

}  // namespace webnn
