#include "formats/safetensors.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/try.h"
#include "formats/element_types.h"
#include "formats/json_text.h"
#include "formats/json_tree.h"
#include "formats/weight_bytes.h"
#include "graph/infer_context.h"
#include "webnn/model_io.h"

namespace webnn {
namespace {

using formats::ElementType;
using formats::JsonMember;
using formats::JsonTree;

// A file is the header's length (8 bytes, little-endian), the header (JSON), the tensors' bytes.
constexpr size_t kLengthBytes = 8;
// What the format's reference reader takes.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::string_view kMetadata = "__metadata__";

// The bytes that a tensor takes; nothing on overflow, or where the last byte is half used.
std::optional<uint64_t> ByteLength(const ElementType& type, const std::vector<uint64_t>& sizes) {
  uint64_t bits = static_cast<uint64_t>(type.bits);
  for (uint64_t size : sizes) {
    if (size != 0 && bits > std::numeric_limits<uint64_t>::max() / size) return std::nullopt;
    bits *= size;
  }
  if (bits % 8 != 0) return std::nullopt;
  return bits / 8;
}

Result<SafetensorsEntry> ReadEntry(const JsonMember& member, std::span<const std::byte> data) {
  const auto fail = [&](std::string_view text) {
    return TypeError("tensor \"{}\": {}", EscapeControls(member.name), text);
  };
  const JsonTree* dtype = member.value.Find("dtype");
  const JsonTree* shape = member.value.Find("shape");
  const JsonTree* offsets = member.value.Find("data_offsets");
  if (dtype == nullptr || shape == nullptr || offsets == nullptr) {
    return fail("it must have \"dtype\", \"shape\" and \"data_offsets\"");
  }
  const auto* name = dtype->As<std::string>();
  const ElementType* type = name == nullptr ? nullptr : formats::FindSafetensorsType(*name);
  if (type == nullptr) {
    return fail(fmt::format("the dtype {} does not exist",
                            name == nullptr ? formats::KindName(*dtype) : EscapeControls(*name)));
  }
  auto sizes = formats::ToSizes(*shape);
  if (!sizes) return fail("the shape is no list of sizes");
  const auto range = formats::ToSizes(*offsets);
  if (!range || range->size() != 2) return fail("data_offsets is no list of two offsets");
  const uint64_t begin = (*range)[0];
  const uint64_t end = (*range)[1];
  if (begin > end || end > data.size()) {
    return fail(fmt::format("data_offsets [{}, {}] is no part of the {} bytes behind the header",
                            begin, end, data.size()));
  }
  const auto length = ByteLength(*type, *sizes);
  if (!length || *length != end - begin) {
    return fail(fmt::format("{}[{}] does not take the {} bytes that it has", *name,
                            fmt::join(*sizes, ", "), end - begin));
  }
  return SafetensorsEntry{member.name, *name, *std::move(sizes), data.subspan(begin, end - begin)};
}

Result<std::map<std::string, std::string>> ReadMetadata(const JsonTree& json) {
  const auto* object = json.As<JsonTree::Object>();
  if (object == nullptr) return TypeError("{} is {}, no object", kMetadata, KindName(json));
  std::map<std::string, std::string> metadata;
  for (const JsonMember& member : *object) {
    const auto* text = member.value.As<std::string>();
    if (text == nullptr) {
      return TypeError("{}: \"{}\" is {}, no string", kMetadata, EscapeControls(member.name),
                       KindName(member.value));
    }
    metadata.emplace(member.name, *text);
  }
  return metadata;
}

// Every byte behind the header belongs to exactly one tensor. `entries` are sorted.
Result<void> CheckCoverage(const std::vector<SafetensorsEntry>& entries,
                           std::span<const std::byte> data) {
  const std::byte* end = data.data();
  for (const SafetensorsEntry& entry : entries) {
    if (entry.bytes.data() != end) {
      return TypeError("tensor \"{}\" begins at byte {} of the data, where byte {} is the next",
                       EscapeControls(entry.name), entry.bytes.data() - data.data(),
                       end - data.data());
    }
    end += entry.bytes.size();
  }
  const auto rest = static_cast<size_t>(data.data() + data.size() - end);
  if (rest != 0) return TypeError("{} bytes at the end belong to no tensor", rest);
  return {};
}

}  // namespace

struct SafetensorsFile::Data {
  std::shared_ptr<const MappedFile> file;
  std::vector<SafetensorsEntry> entries;
  std::unordered_map<std::string_view, size_t> index;
  std::map<std::string, std::string> metadata;

  Result<void> Read() {
    const std::span<const std::byte> bytes = file->bytes();
    if (bytes.size() < kLengthBytes) return TypeError("it ends within the header's length");
    uint64_t length = 0;
    for (size_t i = kLengthBytes; i-- > 0;) {
      length = length << 8 | std::to_integer<uint64_t>(bytes[i]);
    }
    if (length > kMaxHeaderBytes || length > bytes.size() - kLengthBytes) {
      return TypeError("the header is to have {} bytes; {} are there, and {} are allowed", length,
                       bytes.size() - kLengthBytes, kMaxHeaderBytes);
    }
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + kLengthBytes;
    auto header = formats::ParseJson({text, length});
    if (!header) return TypeError("header: {}", header.error().message);
    const auto* object = header->As<JsonTree::Object>();
    if (object == nullptr) return TypeError("the header is {}, no object", KindName(*header));
    const std::span<const std::byte> data = bytes.subspan(kLengthBytes + length);
    for (const JsonMember& member : *object) {
      if (member.name == kMetadata) {
        WEBNN_ASSIGN_OR_RETURN(metadata, ReadMetadata(member.value));
        continue;
      }
      WEBNN_ASSIGN_OR_RETURN(SafetensorsEntry entry, ReadEntry(member, data));
      entries.push_back(std::move(entry));
    }
    // Of those that begin at one place, the empty ones come first.
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
    });
    WEBNN_RETURN_IF_ERROR(CheckCoverage(entries, data));
    for (size_t i = 0; i < entries.size(); ++i) index.emplace(entries[i].name, i);
    return {};
  }
};

Result<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  auto data = std::make_shared<Data>();
  WEBNN_ASSIGN_OR_RETURN(data->file, MappedFile::Open(path));
  if (auto read = data->Read(); !read) {
    return TypeError("\"{}\" is no valid safetensors file: {}", path, read.error().message);
  }
  return SafetensorsFile(std::move(data));
}

const std::vector<SafetensorsEntry>& SafetensorsFile::entries() const { return data_->entries; }

const SafetensorsEntry* SafetensorsFile::Find(std::string_view name) const {
  const auto found = data_->index.find(name);
  return found == data_->index.end() ? nullptr : &data_->entries[found->second];
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return data_->metadata;
}

Result<Operand> SafetensorsFile::Constant(GraphBuilder& builder, std::string_view name) const {
  const auto fail = [&](std::string_view text) {
    return TypeError("\"{}\": tensor \"{}\" {}", data_->file->path(), EscapeControls(name), text);
  };
  const SafetensorsEntry* entry = Find(name);
  if (entry == nullptr) return fail("is not there");
  const ElementType& type = *formats::FindSafetensorsType(entry->data_type);
  const bool widened = type.name == "bfloat16";
  if (!type.type && !widened) {
    return fail(fmt::format("is {}, which WebNN has no data type for", entry->data_type));
  }
  std::vector<uint32_t> sizes;
  for (uint64_t size : entry->sizes) {
    if (size > std::numeric_limits<uint32_t>::max()) return fail("has a size beyond 32 bits");
    sizes.push_back(static_cast<uint32_t>(size));
  }
  auto descriptor =
      OperandDescriptor::Create(type.type.value_or(DataType::kFloat32), Shape(std::move(sizes)));
  if (!descriptor) return fail(descriptor.error().message);
  const ConstantData bytes =
      widened ? formats::ToFloat32(type, entry->bytes)
              : formats::Aligned({data_->file, entry->bytes}, descriptor->data_type());
  return builder.ConstantView(*descriptor, bytes.bytes, bytes.owner);
}

namespace formats {

Result<void> WriteSafetensors(AtomicFile& file, const std::vector<TensorToWrite>& tensors) {
  // The widest elements first, so that all are aligned without a gap; then by name.
  std::vector<const TensorToWrite*> sorted;
  for (const TensorToWrite& tensor : tensors) sorted.push_back(&tensor);
  const auto bits = [](const TensorToWrite* tensor) {
    return StoredAs(tensor->descriptor.data_type()).bits;
  };
  std::sort(sorted.begin(), sorted.end(), [&](const auto* a, const auto* b) {
    return std::pair(-bits(a), a->name) < std::pair(-bits(b), b->name);
  });

  std::string header = "{";
  uint64_t offset = 0;
  for (const TensorToWrite* tensor : sorted) {
    const OperandDescriptor& descriptor = tensor->descriptor;
    WEBNN_ASSIGN_OR_RETURN(const std::string name, JsonString(tensor->name));
    const bool packed = BitsPerElement(descriptor.data_type()) < 8;
    const auto sizes = packed ? fmt::format("{}", tensor->bytes.size())
                              : fmt::format("{}", fmt::join(descriptor.shape().sizes(), ","));
    header += fmt::format(R"({}{}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                          header.size() > 1 ? "," : "", name,
                          StoredAs(descriptor.data_type()).safetensors, sizes, offset,
                          offset + tensor->bytes.size());
    offset += tensor->bytes.size();
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');

  std::array<std::byte, kLengthBytes> length{};
  for (size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::byte>(uint64_t{header.size()} >> (8 * i));
  }
  WEBNN_RETURN_IF_ERROR(file.Write(length));
  WEBNN_RETURN_IF_ERROR(file.Write(header));
  for (const TensorToWrite* tensor : sorted) WEBNN_RETURN_IF_ERROR(file.Write(tensor->bytes));
  return {};
}

}  // namespace formats
}  // namespace webnn
