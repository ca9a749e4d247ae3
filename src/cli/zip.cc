#include "cli/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "cli/errors.h"

namespace webnn::cli {
namespace {

constexpr uint32_t kLocalMagic = 0x04034b50;
constexpr uint32_t kDirectoryMagic = 0x02014b50;
constexpr uint32_t kEndMagic = 0x06054b50;
constexpr uint32_t kEnd64Magic = 0x06064b50;
constexpr uint32_t kLocator64Magic = 0x07064b50;
constexpr size_t kLocalSize = 30;
constexpr size_t kDirectorySize = 46;
constexpr size_t kEndSize = 22;
constexpr size_t kEnd64Size = 56;
constexpr size_t kLocator64Size = 20;
constexpr uint32_t kMax32 = 0xffffffff;
constexpr uint16_t kMax16 = 0xffff;
constexpr uint16_t kDeflated = 8;
// Deflate makes nothing more than so many times smaller.
constexpr uint64_t kMaxRatio = 1040;

// Numbers of an archive are little endian at any address.
template <class T>
T Get(std::span<const std::byte> bytes, size_t at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<T>(static_cast<T>(std::to_integer<uint8_t>(bytes[at + i])) << (8 * i));
  }
  return value;
}

// The part of `bytes` from `at`, of exactly this size; nothing when it is not there.
std::optional<std::span<const std::byte>> Part(std::span<const std::byte> bytes, uint64_t at,
                                               uint64_t size) {
  if (at > bytes.size() || size > bytes.size() - at) return std::nullopt;
  return bytes.subspan(static_cast<size_t>(at), static_cast<size_t>(size));
}

Error Damaged(std::string_view what) { return TypeError("the archive is damaged: {}", what); }

// Where the directory is.
struct Directory {
  uint64_t offset = 0;
  uint64_t size = 0;
};

Result<Directory> FindDirectory(std::span<const std::byte> bytes) {
  // The end record is the last one, before a comment of up to 64 KiB.
  if (bytes.size() < kEndSize) return Damaged("it is too short");
  const size_t lowest = bytes.size() - std::min(bytes.size(), kEndSize + kMax16);
  for (size_t at = bytes.size() - kEndSize + 1; at-- > lowest;) {
    if (Get<uint32_t>(bytes, at) != kEndMagic) continue;
    Directory directory{Get<uint32_t>(bytes, at + 16), Get<uint32_t>(bytes, at + 12)};
    if (directory.offset != kMax32 && directory.size != kMax32) return directory;
    if (at < kLocator64Size || Get<uint32_t>(bytes, at - kLocator64Size) != kLocator64Magic) {
      return directory;
    }
    const auto end = Part(bytes, Get<uint64_t>(bytes, at - kLocator64Size + 8), kEnd64Size);
    if (!end || Get<uint32_t>(*end, 0) != kEnd64Magic) return Damaged("its end is not found");
    return Directory{Get<uint64_t>(*end, 48), Get<uint64_t>(*end, 40)};
  }
  return Damaged("its end is not found");
}

// Sizes and offset that do not fit into 32 bits are in an extra field, in this order.
Result<void> ReadExtra64(std::span<const std::byte> extra, uint64_t& size, uint64_t& packed,
                         uint64_t& offset) {
  while (extra.size() >= 4) {
    const uint16_t id = Get<uint16_t>(extra, 0);
    const auto field = Part(extra, 4, Get<uint16_t>(extra, 2));
    if (!field) return Damaged("an extra field is too long");
    extra = extra.subspan(4 + field->size());
    if (id != 1) continue;
    size_t at = 0;
    for (uint64_t* number : {&size, &packed, &offset}) {
      if (*number != kMax32) continue;
      if (at + 8 > field->size()) return Damaged("a 64-bit size is missing");
      *number = Get<uint64_t>(*field, at);
      at += 8;
    }
  }
  return {};
}

Result<ZipEntry> ReadEntry(std::span<const std::byte> bytes, std::span<const std::byte> record,
                           std::span<const std::byte> name, std::span<const std::byte> extra) {
  ZipEntry entry;
  entry.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  if ((Get<uint16_t>(record, 8) & 1u) != 0) {
    return NotSupported("\"{}\" in the archive is encrypted", entry.name);
  }
  const uint16_t method = Get<uint16_t>(record, 10);
  if (method != 0 && method != kDeflated) {
    return NotSupported("\"{}\" in the archive is packed by method {}; known are 0 and {}",
                        entry.name, method, kDeflated);
  }
  entry.deflated = method == kDeflated;
  entry.crc = Get<uint32_t>(record, 16);
  uint64_t packed = Get<uint32_t>(record, 20);
  entry.size = Get<uint32_t>(record, 24);
  uint64_t offset = Get<uint32_t>(record, 42);
  WEBNN_RETURN_IF_ERROR(ReadExtra64(extra, entry.size, packed, offset));
  const auto local = Part(bytes, offset, kLocalSize);
  if (!local || Get<uint32_t>(*local, 0) != kLocalMagic) {
    return Damaged(fmt::format("\"{}\" is not where it should be", entry.name));
  }
  // Name and extra field of the local header may differ from the directory's.
  const uint64_t begin =
      offset + kLocalSize + Get<uint16_t>(*local, 26) + Get<uint16_t>(*local, 28);
  const auto content = Part(bytes, begin, packed);
  if (!content) return Damaged(fmt::format("\"{}\" goes beyond its end", entry.name));
  entry.packed = *content;
  if (entry.deflated ? entry.size / kMaxRatio > packed : entry.size != packed) {
    return Damaged(fmt::format("the sizes of \"{}\" do not fit", entry.name));
  }
  return entry;
}

// zlib counts in 32 bits.
uInt Chunk(size_t size) {
  return static_cast<uInt>(std::min<size_t>(size, std::numeric_limits<uInt>::max()));
}

uint32_t Checksum(std::span<const std::byte> bytes, uint32_t crc = 0) {
  // Without an address zlib would begin anew.
  if (bytes.empty()) return crc;
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

bool Inflate(std::span<const std::byte> packed, std::vector<std::byte>& content) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));  // NOLINT
  stream.next_out = reinterpret_cast<Bytef*>(content.data());
  size_t in_left = packed.size();
  size_t out_left = content.size();
  int status = Z_OK;
  while (status == Z_OK) {
    const uInt in = Chunk(in_left);
    const uInt out = Chunk(out_left);
    stream.avail_in = in;
    stream.avail_out = out;
    status = inflate(&stream, Z_NO_FLUSH);
    in_left -= in - stream.avail_in;
    out_left -= out - stream.avail_out;
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && out_left == 0;
}

template <class T>
void Append(std::string& text, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace

Result<std::vector<ZipEntry>> ReadZipDirectory(std::span<const std::byte> bytes) {
  WEBNN_ASSIGN_OR_RETURN(const Directory directory, FindDirectory(bytes));
  const auto records = Part(bytes, directory.offset, directory.size);
  if (!records) return Damaged("its directory goes beyond its end");
  std::vector<ZipEntry> entries;
  std::span<const std::byte> rest = *records;
  while (!rest.empty()) {
    if (rest.size() < kDirectorySize || Get<uint32_t>(rest, 0) != kDirectoryMagic) {
      return Damaged("its directory ends too early");
    }
    const uint64_t name_size = Get<uint16_t>(rest, 28);
    const uint64_t extra_size = Get<uint16_t>(rest, 30);
    const uint64_t comment_size = Get<uint16_t>(rest, 32);
    const auto tail = Part(rest, kDirectorySize, name_size + extra_size + comment_size);
    if (!tail) return Damaged("its directory ends too early");
    WEBNN_ASSIGN_OR_RETURN(ZipEntry entry,
                           ReadEntry(bytes, rest.first(kDirectorySize), tail->first(name_size),
                                     tail->subspan(name_size, extra_size)));
    entries.push_back(std::move(entry));
    rest = rest.subspan(kDirectorySize + tail->size());
  }
  return entries;
}

Result<std::vector<std::byte>> ReadZipEntry(const ZipEntry& entry) {
  std::vector<std::byte> content;
  if (entry.deflated) {
    content.resize(static_cast<size_t>(entry.size));
    if (!Inflate(entry.packed, content)) {
      return Damaged(fmt::format("\"{}\" cannot be unpacked", entry.name));
    }
  } else {
    content.assign(entry.packed.begin(), entry.packed.end());
  }
  if (Checksum(content) != entry.crc) {
    return Damaged(fmt::format("the checksum of \"{}\" is wrong", entry.name));
  }
  return content;
}

Result<void> ZipWriter::Write(std::span<const std::byte> bytes) {
  offset_ += bytes.size();
  return file_.Write(bytes);
}

Result<void> ZipWriter::Add(const std::string& name,
                            std::initializer_list<std::span<const std::byte>> parts) {
  uint64_t size = 0;
  uint32_t crc = 0;
  for (const auto& part : parts) {
    size += part.size();
    crc = Checksum(part, crc);
  }
  if (size >= kMax32 || offset_ + size >= kMax32 || name.size() >= kMax16 || count_ == kMax16 - 1) {
    return OperationError("cannot write \"{}\": archives end at 4 GiB; save single .npy files",
                          file_.path());
  }
  // What the local header and the directory share: version 2.0, UTF-8 names, stored, 1980-01-01.
  std::string common;
  Append<uint16_t>(common, 20);
  Append<uint16_t>(common, 1u << 11);
  Append<uint16_t>(common, 0);
  Append<uint16_t>(common, 0);
  Append<uint16_t>(common, 1u << 5 | 1);
  Append<uint32_t>(common, crc);
  Append<uint32_t>(common, static_cast<uint32_t>(size));
  Append<uint32_t>(common, static_cast<uint32_t>(size));
  Append<uint16_t>(common, static_cast<uint16_t>(name.size()));
  Append<uint16_t>(common, 0);  // no extra field

  Append<uint32_t>(directory_, kDirectoryMagic);
  Append<uint16_t>(directory_, 20);
  directory_ += common;
  directory_.append(10, '\0');  // no comment, first disk, no attributes
  Append<uint32_t>(directory_, static_cast<uint32_t>(offset_));
  directory_ += name;
  ++count_;

  std::string local;
  Append<uint32_t>(local, kLocalMagic);
  local += common + name;
  WEBNN_RETURN_IF_ERROR(Write(std::as_bytes(std::span(local))));
  for (const auto& part : parts) WEBNN_RETURN_IF_ERROR(Write(part));
  return {};
}

Result<void> ZipWriter::Finish() {
  std::string end;
  Append<uint32_t>(end, kEndMagic);
  Append<uint32_t>(end, 0);  // the only disk
  Append<uint16_t>(end, static_cast<uint16_t>(count_));
  Append<uint16_t>(end, static_cast<uint16_t>(count_));
  Append<uint32_t>(end, static_cast<uint32_t>(directory_.size()));
  Append<uint32_t>(end, static_cast<uint32_t>(offset_));
  Append<uint16_t>(end, 0);
  WEBNN_RETURN_IF_ERROR(Write(std::as_bytes(std::span(directory_))));
  return Write(std::as_bytes(std::span(end)));
}

}  // namespace webnn::cli
