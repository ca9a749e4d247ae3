#include "onnx/names.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace webnn::onnx_format {
namespace {

bool LooksInternal(std::string_view name) {
  return name.size() > 1 && name.front() == '%' &&
         std::all_of(name.begin() + 1, name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string ValueNames::Internal(lowering::ValueId id) {
  const fmt::format_int digits(id);
  std::string name;
  name.reserve(digits.size() + 1);
  name.push_back('%');
  name.append(digits.data(), digits.size());
  return name;
}

std::string ValueNames::Unique(std::string_view name, std::string_view fallback) {
  std::string base(name.empty() ? fallback : name);
  // Runtimes take names as C strings.
  std::replace(base.begin(), base.end(), '\0', '_');
  std::string candidate = base;
  for (int number = 1; LooksInternal(candidate) || !taken_.insert(candidate).second; ++number) {
    candidate = fmt::format("{}_{}", base, number);
  }
  return candidate;
}

}  // namespace webnn::onnx_format
