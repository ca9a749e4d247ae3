#include "runtime/compiled_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/try.h"

namespace webnn {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "WEBNNSIG";
constexpr uint32_t kVersion = 1;
constexpr size_t kAlignment = 64;
constexpr size_t kLengthOffset = 12;

void Append(std::string& bytes, uint32_t number) {
  char raw[sizeof(number)];
  std::memcpy(raw, &number, sizeof(number));
  bytes.append(raw, sizeof(raw));
}
void Append(std::string& bytes, std::string_view text) {
  Append(bytes, static_cast<uint32_t>(text.size()));
  bytes += text;
}

// Takes one thing after another from the front; nothing where too little is left.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::optional<uint32_t> Number() {
    uint32_t number = 0;
    if (rest_.size() < sizeof(number)) return std::nullopt;
    std::memcpy(&number, rest_.data(), sizeof(number));
    rest_.remove_prefix(sizeof(number));
    return number;
  }
  std::optional<std::string_view> Bytes(size_t length) {
    if (rest_.size() < length) return std::nullopt;
    const std::string_view bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return bytes;
  }
  std::optional<std::string_view> Text() {
    const auto length = Number();
    return length ? Bytes(*length) : std::nullopt;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::optional<NamedDescriptor> DecodeOne(Reader& reader) {
  const auto name = reader.Text();
  const auto type_name = reader.Text();
  const auto rank = reader.Number();
  if (!name || name->empty() || !type_name || !rank) return std::nullopt;
  const auto type = ParseDataType(*type_name);
  if (!type || reader.rest().size() / sizeof(uint32_t) < *rank) return std::nullopt;
  std::vector<uint32_t> sizes(*rank);
  for (uint32_t& size : sizes) size = *reader.Number();
  auto descriptor = OperandDescriptor::Create(*type, Shape(std::move(sizes)));
  if (!descriptor) return std::nullopt;
  return NamedDescriptor{std::string(*name), *std::move(descriptor)};
}

// `count` of them, with different names.
std::optional<std::vector<NamedDescriptor>> DecodeList(Reader& reader, uint32_t count) {
  std::vector<NamedDescriptor> list;
  std::vector<std::string_view> names;
  for (uint32_t i = 0; i < count; ++i) {
    auto one = DecodeOne(reader);
    if (!one) return std::nullopt;
    list.push_back(*std::move(one));
  }
  for (const NamedDescriptor& one : list) names.push_back(one.name);
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return std::nullopt;
  return list;
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Error Named(const std::string& path, Error error) {
  error.message = fmt::format("\"{}\": {}", path, error.message);
  return error;
}

Result<CompiledFile> Parse(const std::shared_ptr<const MappedFile>& file) {
  WEBNN_ASSIGN_OR_RETURN(cache::Entry entry, cache::ParseEntry(file->bytes()));
  WEBNN_ASSIGN_OR_RETURN(DecodedSignature decoded, DecodeSignature(entry.payload.bytes));
  if (entry.key.Find("backend") == nullptr) {
    return OperationError("it does not say which back end it is for");
  }
  return CompiledFile{std::move(decoded.signature),
                      {std::move(entry.key), {file, entry.payload.bytes.subspan(decoded.length)}}};
}

}  // namespace

std::string EncodeSignature(const GraphSignature& signature) {
  std::string bytes(kMagic);
  Append(bytes, kVersion);
  Append(bytes, 0);  // the length, known at the end
  Append(bytes, static_cast<uint32_t>(signature.inputs.size()));
  Append(bytes, static_cast<uint32_t>(signature.outputs.size()));
  for (const auto* list : {&signature.inputs, &signature.outputs}) {
    for (const auto& [name, descriptor] : *list) {
      Append(bytes, name);
      Append(bytes, Name(descriptor.data_type()));
      Append(bytes, descriptor.rank());
      for (uint32_t size : descriptor.shape()) Append(bytes, size);
    }
  }
  bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment);
  const auto length = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data() + kLengthOffset, &length, sizeof(length));
  return bytes;
}

Result<DecodedSignature> DecodeSignature(std::span<const std::byte> bytes) {
  const auto malformed = [] {
    return OperationError("what the graph takes and gives is malformed");
  };
  const std::string_view text = AsText(bytes);
  if (!text.starts_with(kMagic)) {
    return OperationError(
        "it is no compiled graph with inputs and outputs (an entry of the cache?)");
  }
  Reader header(text.substr(kMagic.size()));
  const auto version = header.Number();
  const auto length = header.Number();
  if (!version || !length) return malformed();
  if (*version != kVersion) {
    return OperationError("a compiled graph of format {}; this library reads format {}", *version,
                          kVersion);
  }
  if (*length % kAlignment != 0 || *length > text.size()) return malformed();
  Reader reader(text.substr(0, *length));
  (void)reader.Bytes(kLengthOffset + sizeof(uint32_t));
  const auto input_count = reader.Number();
  const auto output_count = reader.Number();
  if (!input_count || !output_count || *output_count == 0) return malformed();
  auto inputs = DecodeList(reader, *input_count);
  if (!inputs) return malformed();
  auto outputs = DecodeList(reader, *output_count);
  if (!outputs) return malformed();
  DecodedSignature decoded{{*std::move(inputs), *std::move(outputs)}, *length};
  // Whatever is not as we write it, zeros at the end included.
  if (EncodeSignature(decoded.signature) != text.substr(0, *length)) return malformed();
  return decoded;
}

Result<CompiledFile> ReadCompiledFile(const std::string& path) {
  WEBNN_ASSIGN_OR_RETURN(auto file, MappedFile::Open(path));
  auto parsed = Parse(file);
  if (!parsed) return Named(path, std::move(parsed.error()));
  return parsed;
}

Result<void> WriteCompiledFile(AtomicFile& file, const GraphSignature& signature,
                               const CompiledBytes& compiled) {
  const std::string head = EncodeSignature(signature);
  const std::array parts = {std::as_bytes(std::span(head)), compiled.payload.bytes};
  return cache::WriteEntry(file, compiled.key, parts);
}

bool LooksCompiled(const std::string& path) {
  const auto file = MappedFile::Open(path);
  return file && AsText((*file)->bytes()).starts_with(cache::kEntryMagic);
}

std::string MakerOf(const cache::Key& key) {
  std::string maker;
  for (std::string_view name : {"backend", "version"}) {
    const cache::KeyField* field = key.Find(name);
    if (field != nullptr) maker += fmt::format("{}{}", maker.empty() ? "" : " ", field->value);
  }
  return maker.empty() ? "an unknown back end" : maker;
}

}  // namespace webnn
