#include "conformance/json.h"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>
#include <system_error>

#include "core/errors.h"

namespace webnn::conformance {
namespace {

template <class T>
bool ParseAll(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

Result<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) return UnknownError("cannot read {}", path.string());
  return std::move(text).str();
}

Result<void> WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) return UnknownError("cannot write {}", path.string());
  return {};
}

Number ReadNumber(const Json& json) {
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number_unsigned()) {
    const auto value = json.get<uint64_t>();
    constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    return value <= kMax ? Number(static_cast<int64_t>(value)) : Number(value);
  }
  return json.get<int64_t>();
}

Result<Number> ParseNumber(const std::string& text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return Number(std::numeric_limits<double>::quiet_NaN());
  if (text == "Infinity") return Number(kInfinity);
  if (text == "-Infinity") return Number(-kInfinity);
  if (text == "-0") return Number(-0.0);
  const bool looks_like_number =
      !text.empty() && text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  int64_t integer = 0;
  uint64_t large = 0;
  double real = 0;
  if (ParseAll(text, integer)) return Number(integer);
  if (ParseAll(text, large)) return Number(large);
  if (looks_like_number && ParseAll(text, real)) return Number(real);
  return TypeError("\"{}\" is not a number", text);
}

bool IsSpecial(const Json& json, const char* member) {
  return json.is_object() && json.size() == 1 && json.contains(member);
}

Result<Number> ReadAnyNumber(const Json& json) {
  if (json.is_number()) return ReadNumber(json);
  if (json.is_string()) return ParseNumber(json.get_ref<const std::string&>());
  for (const char* member : {"$number", "$bigint"}) {
    if (IsSpecial(json, member) && json[member].is_string()) {
      return ParseNumber(json[member].get_ref<const std::string&>());
    }
  }
  return TypeError("{} is not a number", json.dump());
}

}  // namespace webnn::conformance
