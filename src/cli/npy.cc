#include "cli/npy.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/errors.h"
#include "cli/zip.h"
#include "core/atomic_file.h"
#include "fmt/ranges.h"

namespace webnn::cli {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeader = 1 << 16;
constexpr size_t kMaxRank = 64;

constexpr std::array<std::string_view, kArrayTypeNames.size()> kCodes = {
    "b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"};

struct Header {
  ArrayType type = ArrayType::kFloat32;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<uint64_t> sizes;
};

// The header is a Python dictionary; this reads the part of Python that NumPy writes.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  Result<Header> Parse() {
    Header header;
    bool has_type = false;
    bool has_order = false;
    bool has_shape = false;
    if (!Take('{')) return Damaged("it is no dictionary");
    while (!Take('}')) {
      const auto key = TakeString();
      if (!key || !Take(':')) return Damaged("a key is expected");
      if (*key == "descr") {
        const auto code = TakeString();
        if (!code) return NotSupported("arrays of records are not supported");
        WEBNN_RETURN_IF_ERROR(SetType(*code, header));
        has_type = true;
      } else if (*key == "fortran_order") {
        if (TakeWord("True")) {
          header.fortran_order = true;
        } else if (!TakeWord("False")) {
          return Damaged("fortran_order is True or False");
        }
        has_order = true;
      } else if (*key == "shape") {
        if (!TakeShape(header.sizes)) return Damaged("the shape is no tuple of sizes");
        has_shape = true;
      } else {
        return Damaged(fmt::format("there is no key \"{}\" in such files", *key));
      }
      if (!Take(',') && Peek() != '}') return Damaged("a comma is expected");
    }
    if (!has_type || !has_order || !has_shape) {
      return Damaged("\"descr\", \"fortran_order\" and \"shape\" are needed");
    }
    return header;
  }

 private:
  static Error Damaged(std::string_view what) {
    return TypeError("the header is damaged: {}", what);
  }

  static Result<void> SetType(std::string_view code, Header& header) {
    const char order = code.empty() ? '\0' : code[0];
    if (order == '<' || order == '>' || order == '=' || order == '|') code.remove_prefix(1);
    const auto found = std::find(kCodes.begin(), kCodes.end(), code);
    if (found == kCodes.end()) {
      return NotSupported("elements of the type \"{}\" are not supported; supported are {}", code,
                          fmt::join(kArrayTypeNames, ", "));
    }
    header.type = static_cast<ArrayType>(found - kCodes.begin());
    header.big_endian = order == '>';
    return {};
  }

  char Peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    Peek();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string_view> TakeString() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view string = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return string;
  }
  bool TakeShape(std::vector<uint64_t>& sizes) {
    sizes.clear();
    if (!Take('(')) return false;
    while (!Take(')')) {
      uint64_t size = 0;
      const size_t first = (Peek(), at_);
      for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
        if (size > (uint64_t{1} << 58)) return false;
        size = size * 10 + static_cast<uint64_t>(text_[at_] - '0');
      }
      if (at_ == first || sizes.size() == kMaxRank) return false;
      TakeWord("L");  // Python 2 wrote long integers so
      sizes.push_back(size);
      if (!Take(',') && Peek() != ')') return false;
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

void SwapBytes(std::vector<std::byte>& bytes, size_t size) {
  for (size_t i = 0; i + size <= bytes.size(); i += size) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + size));
  }
}

// From first axis fastest to last axis fastest.
std::vector<std::byte> ToRowMajor(std::span<const std::byte> bytes,
                                  const std::vector<uint64_t>& sizes, size_t size) {
  std::vector<std::byte> result(bytes.size());
  std::vector<uint64_t> strides(sizes.size());
  uint64_t stride = size;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  std::vector<uint64_t> position(sizes.size());
  uint64_t from = 0;
  for (size_t to = 0; to < result.size(); to += size) {
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), size,
                result.begin() + static_cast<std::ptrdiff_t>(to));
    for (size_t axis = sizes.size(); axis-- > 0;) {
      from += strides[axis];
      if (++position[axis] < sizes[axis]) break;
      from -= strides[axis] * sizes[axis];
      position[axis] = 0;
    }
  }
  return result;
}

// Bytes of all elements, or nothing beyond 64 bits.
std::optional<uint64_t> ByteLength(const Header& header) {
  uint64_t length = BytesPerElement(header.type);
  for (const uint64_t size : header.sizes) {
    if (__builtin_mul_overflow(length, size, &length)) return std::nullopt;
  }
  return length;
}

}  // namespace

Result<Array> ParseNpy(std::span<const std::byte> bytes) {
  const auto text = std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic)) return TypeError("it does not begin like a .npy file");
  const auto byte_at = [&](size_t i) { return std::to_integer<uint32_t>(bytes[i]); };
  if (bytes.size() < 10) return TypeError("it ends within the header");
  const uint32_t version = byte_at(6);
  if (version < 1 || version > 3) {
    return TypeError("its version is {}.{}; known are 1.0 to 3.0", version, byte_at(7));
  }
  // Two bytes of length in version 1, four in later ones.
  const size_t begin = version == 1 ? 10 : 12;
  if (bytes.size() < begin) return TypeError("it ends within the header");
  size_t length = byte_at(8) | byte_at(9) << 8;
  if (version > 1) length |= size_t{byte_at(10)} << 16 | size_t{byte_at(11)} << 24;
  if (length > kMaxHeader) {
    return TypeError("its header takes {} bytes; up to {} are read", length, kMaxHeader);
  }
  if (length > bytes.size() - begin) return TypeError("it ends within the header");
  WEBNN_ASSIGN_OR_RETURN(const Header header, HeaderParser(text.substr(begin, length)).Parse());

  const std::span<const std::byte> data = bytes.subspan(begin + length);
  const auto needed = ByteLength(header);
  if (!needed || *needed != data.size()) {
    return TypeError("{}[{}] needs {} bytes, the file has {}", Name(header.type),
                     fmt::join(header.sizes, ", "),
                     needed ? fmt::format("{}", *needed) : "far too many", data.size());
  }
  Array array{.type = header.type, .sizes = header.sizes, .bytes = {}};
  const size_t size = BytesPerElement(header.type);
  array.bytes = header.fortran_order ? ToRowMajor(data, header.sizes, size)
                                     : std::vector<std::byte>(data.begin(), data.end());
  if (header.big_endian && size > 1) SwapBytes(array.bytes, size);
  return array;
}

std::string NpyHeader(const Array& array) {
  std::string shape = fmt::format("{}", fmt::join(array.sizes, ", "));
  if (array.sizes.size() == 1) shape += ",";
  const bool one_byte = BytesPerElement(array.type) == 1;
  std::string dictionary =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                  one_byte ? '|' : '<', kCodes[static_cast<size_t>(array.type)], shape);
  // The elements begin at a multiple of 64 bytes, behind a line break.
  constexpr size_t kBefore = 10;
  while ((kBefore + dictionary.size() + 1) % 64 != 0) dictionary += ' ';
  dictionary += '\n';
  std::string header = std::string(kMagic) + '\x01' + '\0';
  header += static_cast<char>(dictionary.size() & 0xff);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

Result<void> WriteNpy(const std::string& path, const Array& array) {
  WEBNN_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  WEBNN_RETURN_IF_ERROR(file.Write(NpyHeader(array)));
  WEBNN_RETURN_IF_ERROR(file.Write(array.bytes));
  return file.Commit();
}

bool LooksLikeZip(std::span<const std::byte> bytes) {
  // An empty archive begins with its end.
  return bytes.size() >= 4 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'K'} &&
         (bytes[2] == std::byte{3} || bytes[2] == std::byte{5});
}

Result<NamedArrays> ParseNpz(std::span<const std::byte> bytes, std::span<const std::string> names) {
  constexpr std::string_view kSuffix = ".npy";
  WEBNN_ASSIGN_OR_RETURN(const std::vector<ZipEntry> entries, ReadZipDirectory(bytes));
  const auto name_of = [&](const ZipEntry& entry) {
    std::string_view name = entry.name;
    if (name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
    return name;
  };
  NamedArrays arrays;
  const auto read = [&](const ZipEntry& entry) -> Result<void> {
    WEBNN_ASSIGN_OR_RETURN(const std::vector<std::byte> member, ReadZipEntry(entry));
    auto array = ParseNpy(member);
    if (!array) {
      array.error().message = fmt::format("\"{}\": {}", entry.name, array.error().message);
      return std::move(array.error());
    }
    arrays.emplace_back(name_of(entry), *std::move(array));
    return {};
  };
  if (names.empty()) {
    for (const ZipEntry& entry : entries) WEBNN_RETURN_IF_ERROR(read(entry));
    return arrays;
  }
  for (const std::string& name : names) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const ZipEntry& entry) { return name_of(entry) == name; });
    if (found == entries.end()) {
      std::vector<std::string_view> there;
      for (const ZipEntry& entry : entries) there.push_back(name_of(entry));
      return TypeError("there is no array \"{}\" in it; there are: {}", name,
                       fmt::join(there, ", "));
    }
    WEBNN_RETURN_IF_ERROR(read(*found));
  }
  return arrays;
}

Result<void> WriteNpz(const std::string& path, const NamedArrays& arrays) {
  WEBNN_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  ZipWriter writer(file);
  for (const auto& [name, array] : arrays) {
    const std::string header = NpyHeader(array);
    WEBNN_RETURN_IF_ERROR(
        writer.Add(name + ".npy", {std::as_bytes(std::span(header)), array.bytes}));
  }
  WEBNN_RETURN_IF_ERROR(writer.Finish());
  return file.Commit();
}

}  // namespace webnn::cli
