#include "formats/format.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/errors.h"

namespace webnn::formats {
namespace {

constexpr std::array<std::pair<std::string_view, ModelFormat>, 3> kExtensions = {
    {{".onnx", ModelFormat::kOnnx},
     {".webnn", ModelFormat::kWebnnText},
     {".json", ModelFormat::kWebnnJson}}};

}  // namespace

ModelFormat FormatOfContent(std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  // No ONNX file begins with any of these: none is the tag of a field of ModelProto.
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.starts_with('{')) return ModelFormat::kWebnnJson;
  for (std::string_view begin : {"webnn_graph", "#", "//"}) {
    if (text.starts_with(begin)) return ModelFormat::kWebnnText;
  }
  return ModelFormat::kOnnx;
}

Result<ModelFormat> FormatOfName(const std::string& path) {
  for (const auto& [extension, format] : kExtensions) {
    if (path.ends_with(extension)) return format;
  }
  return TypeError(
      "the name \"{}\" does not say what format the model is to have: it must end in .onnx, .webnn "
      "or .json, or the format must be given",
      path);
}

}  // namespace webnn::formats
