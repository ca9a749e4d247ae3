#include "core/hash.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <thread>

#include "core/hash_pieces.h"
#include "fmt/format.h"

namespace webnn {

namespace {

HashPieces FastestHashPieces() {
#if defined(__x86_64__) || defined(__i386__)
  if (kHashPiecesAvx2 != nullptr && __builtin_cpu_supports("avx2")) return kHashPiecesAvx2;
#endif
  return &HashPiecesHere;
}

Hash128 Hash(std::span<const Piece> pieces) {
  static const HashPieces kHash = FastestHashPieces();
  const Xxh3Halves hash = kHash(pieces.data(), pieces.size());
  return {hash.high, hash.low};
}

}  // namespace

Hash128 HashBytes(std::span<const std::byte> bytes) {
  const Piece piece = {bytes.data(), bytes.size()};
  return Hash({&piece, 1});
}

namespace {

constexpr size_t kChunkBytes = size_t{4} << 20;
constexpr size_t kMaxThreads = 16;

// A chunk of one content, which is the parts one after the other.
struct Chunk {
  std::span<const std::span<const std::byte>> parts;
  size_t begin = 0;
  size_t length = 0;
};

Hash128 HashOf(const Chunk& chunk) {
  std::vector<Piece> pieces;
  pieces.reserve(chunk.parts.size());
  size_t skip = chunk.begin;
  size_t left = chunk.length;
  for (const auto& part : chunk.parts) {
    const size_t from = std::min(skip, part.size());
    const size_t count = std::min(left, part.size() - from);
    if (count > 0) pieces.push_back({part.data() + from, count});
    skip -= from;
    left -= count;
  }
  return Hash(pieces);
}

// In threads where there is enough to do: one thread reads memory slower than the machine can.
std::vector<Hash128> HashChunks(const std::vector<Chunk>& chunks) {
  std::vector<Hash128> hashes(chunks.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < chunks.size(); i = next++) hashes[i] = HashOf(chunks[i]);
  };
  size_t bytes = 0;
  for (const Chunk& chunk : chunks) bytes += chunk.length;
  const size_t threads = std::min({kMaxThreads, bytes / kChunkBytes / 2,
                                   size_t{std::max(1u, std::thread::hardware_concurrency())}});
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  return hashes;
}

size_t SizeOf(std::span<const std::span<const std::byte>> parts) {
  size_t size = 0;
  for (const auto& part : parts) size += part.size();
  return size;
}

void AddChunks(std::vector<Chunk>& chunks, std::span<const std::span<const std::byte>> parts) {
  const size_t size = SizeOf(parts);
  for (size_t begin = 0; begin < size || begin == 0; begin += kChunkBytes) {
    chunks.push_back({parts, begin, std::min(kChunkBytes, size - begin)});
  }
}

// Of a content that has these chunks.
Hash128 Join(std::span<const Hash128> chunks) {
  if (chunks.size() == 1) return chunks.front();
  std::string digits;
  for (const Hash128& chunk : chunks) digits += ToHex(chunk);
  return HashBytes(digits);
}

}  // namespace

Hash128 HashParts(std::span<const std::span<const std::byte>> parts) {
  std::vector<Chunk> chunks;
  AddChunks(chunks, parts);
  return Join(HashChunks(chunks));
}

std::vector<Hash128> HashEach(std::span<const std::span<const std::byte>> contents) {
  std::vector<Chunk> chunks;
  std::vector<size_t> ends;
  for (size_t i = 0; i < contents.size(); ++i) {
    AddChunks(chunks, contents.subspan(i, 1));
    ends.push_back(chunks.size());
  }
  const std::vector<Hash128> hashes = HashChunks(chunks);
  std::vector<Hash128> results;
  size_t begin = 0;
  for (const size_t end : ends) {
    results.push_back(Join(std::span(hashes).subspan(begin, end - begin)));
    begin = end;
  }
  return results;
}

std::string ToHex(Hash128 hash) { return fmt::format("{:016x}{:016x}", hash.high, hash.low); }

std::optional<Hash128> ParseHash(std::string_view hex) {
  constexpr size_t kDigits = 16;
  Hash128 hash;
  if (hex.size() != 2 * kDigits) return std::nullopt;
  if (hex.find_first_of("ABCDEF") != hex.npos) return std::nullopt;
  for (uint64_t* half : {&hash.high, &hash.low}) {
    const std::string_view digits = hex.substr(0, kDigits);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), *half, 16);
    if (read.ptr != digits.data() + digits.size()) return std::nullopt;
    hex.remove_prefix(kDigits);
  }
  return hash;
}

}  // namespace webnn
