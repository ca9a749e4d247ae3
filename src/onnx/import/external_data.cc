#include "onnx/import/external_data.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::onnx_format {
namespace {

namespace fs = std::filesystem;

std::optional<uint64_t> ParseCount(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Is `path` inside `folder`? Both without links and dots.
bool IsInside(const fs::path& path, const fs::path& folder) {
  auto part = path.begin();
  for (const fs::path& step : folder) {
    if (step.empty()) break;  // behind a slash at the end
    if (part == path.end() || *part != step) return false;
    ++part;
  }
  return part != path.end();
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> ExternalData::Open(const std::string& location) {
  if (folder_.empty()) {
    return NotSupported(
        "its elements are in the file \"{}\", and files are not looked for when a model comes from "
        "memory; load it by its path",
        location);
  }
  if (const auto found = files_.find(location); found != files_.end()) return found->second;
  const auto refuse = [&](std::string_view why) {
    return TypeError("the external data file \"{}\" {}; it must lie in the model's folder",
                     location, why);
  };
  const fs::path relative(location);
  if (location.empty() || location.find('\0') != std::string::npos) {
    return refuse("has no valid name");
  }
  if (relative.is_absolute()) return refuse("has an absolute path");
  for (const fs::path& step : relative) {
    if (step == "..") return refuse("has \"..\" in its path");
  }
  // What is opened is the path without links that was checked.
  std::error_code error;
  const fs::path folder = fs::canonical(folder_, error);
  if (error) return OperationError("{}: {}", folder_, error.message());
  const fs::path file = fs::canonical(folder / relative, error);
  if (error) {
    return OperationError("{}: {}", (folder / relative).string(), error.message());
  }
  if (!IsInside(file, folder)) return refuse("is a link that leads elsewhere");
  WEBNN_ASSIGN_OR_RETURN(auto mapped, MappedFile::Open(file.string()));
  files_.emplace(location, mapped);
  return mapped;
}

Result<void> ExternalData::Load(const ::onnx::TensorProto& proto, uint64_t length,
                                HostTensor& tensor) {
  std::string location;
  uint64_t offset = 0;
  uint64_t given_length = length;
  for (const ::onnx::StringStringEntryProto& entry : proto.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    const auto count = ParseCount(entry.value());
    if (!count) {
      return TypeError("the {} of its external data is \"{}\", which is no number of bytes",
                       entry.key(), entry.value());
    }
    (entry.key() == "offset" ? offset : given_length) = *count;
  }
  if (given_length != length) {
    return TypeError("its external data has {} bytes; its type and shape need {}", given_length,
                     length);
  }
  WEBNN_ASSIGN_OR_RETURN(auto file, Open(location));
  const std::span<const std::byte> bytes = file->bytes();
  if (offset > bytes.size() || length > bytes.size() - offset) {
    return TypeError("its external data is {} bytes at {} of the file \"{}\", which has {} bytes",
                     length, offset, location, bytes.size());
  }
  tensor.bytes = bytes.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
  tensor.owner = std::move(file);
  return {};
}

}  // namespace webnn::onnx_format
