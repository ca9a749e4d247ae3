#include "formats/number_text.h"

#include "fmt/format.h"

namespace webnn::formats {

std::string NumberText(const Number& number) {
  std::string text = ToString(number);
  if (!number.is_integer() && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

void AddByteList(std::string& text, std::span<const std::byte> bytes) {
  text.reserve(text.size() + bytes.size() * 5);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const fmt::format_int digits(std::to_integer<unsigned>(bytes[i]));
    if (i > 0) text.append(", ");
    text.append(digits.data(), digits.size());
  }
}

}  // namespace webnn::formats
