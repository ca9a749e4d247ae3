#include "graph/infer_context.h"

#include "graph/graph_data.h"

namespace webnn {

const OperandDescriptor& InferContext::Describe(Operand operand) const {
  return graph_.operands[operand.id].descriptor;
}

Error InferContext::MakeError(std::string_view rule, std::string text) const {
  return {ErrorCode::kTypeError,
          fmt::format("{}: {}", MessagePrefix(label_, schema_.name), text), std::string(rule)};
}

std::string MessagePrefix(std::string_view label, std::string_view op) {
  if (label.empty()) return std::string(op);
  std::string escaped;
  for (size_t i = 0; i < label.size(); ++i) {
    const auto byte = static_cast<unsigned char>(label[i]);
    if (byte < 0x20 || byte == 0x7f) {
      escaped += fmt::format("\\x{:02x}", byte);
      continue;
    }
    // U+202A..U+202E and U+2066..U+2069 (E2 80 AA..AE, E2 81 A6..A9) turn text around.
    if (byte == 0xe2 && i + 2 < label.size()) {
      const auto second = static_cast<unsigned char>(label[i + 1]);
      const auto third = static_cast<unsigned char>(label[i + 2]);
      if ((second == 0x80 && third >= 0xaa && third <= 0xae) ||
          (second == 0x81 && third >= 0xa6 && third <= 0xa9)) {
        escaped += fmt::format("\\u{:04x}", 0x2000 + ((second & 0x3f) << 6) + (third & 0x3f));
        i += 2;
        continue;
      }
    }
    escaped += label[i];
  }
  return fmt::format("[{}] {}", escaped, op);
}

}  // namespace webnn
