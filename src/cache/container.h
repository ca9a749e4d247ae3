#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cache/key.h"
#include "core/atomic_file.h"
#include "webnn/result.h"

/// The file of a cache entry. All integers are little-endian:
///
///     0   magic "WEBNNBLB"
///     8   hash of the bytes from 24 to the payload: low half, high half
///     24  version of the format (4 bytes), length of the key's text (4 bytes)
///     32  length of the payload (8 bytes)
///     40  hash of the payload: low half, high half
///     56  the key's text, then zeros up to a multiple of 64
///         the payload, up to the end of the file
namespace webnn::cache {

/// What every entry begins with.
inline constexpr std::string_view kEntryMagic = "WEBNNBLB";

/// Bytes with what keeps them alive (null: the caller does).
struct Blob {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

/// An entry whose every byte was checked.
struct Entry {
  Key key;
  Blob payload;
};

/// The entry in `bytes`, the whole of a file; the payload points into them. OperationError says
/// what is wrong with them.
Result<Entry> ParseEntry(std::span<const std::byte> bytes);
/// The key alone; the payload is not looked at beyond its length.
Result<Key> ParseKey(std::span<const std::byte> bytes);

/// Writes a whole entry, whose payload is the parts one behind the other; the file is still to be
/// committed.
Result<void> WriteEntry(AtomicFile& file, const Key& key,
                        std::span<const std::span<const std::byte>> payload);
inline Result<void> WriteEntry(AtomicFile& file, const Key& key,
                               std::span<const std::byte> payload) {
  return WriteEntry(file, key, std::span(&payload, 1));
}

}  // namespace webnn::cache
