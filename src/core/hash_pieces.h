#pragma once

#include <cstddef>
#include <cstdint>

#include "xxhash.h"

/// XXH3 of several pieces of memory as one, compiled once for every processor and once for those
/// with wide vectors: `hash.cc` chooses. No inline function of the standard library may be used
/// here, of which the linker could take the copy for wide vectors for the whole program.
namespace webnn {

struct Piece {
  const void* data;
  size_t size;
};
struct Xxh3Halves {
  uint64_t high;
  uint64_t low;
};
using HashPieces = Xxh3Halves (*)(const Piece* pieces, size_t count);

/// Null where the compiler has no such processors.
extern const HashPieces kHashPiecesAvx2;

namespace {

inline Xxh3Halves HashPiecesHere(const Piece* pieces, size_t count) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (size_t i = 0; i < count; ++i) XXH3_128bits_update(&state, pieces[i].data, pieces[i].size);
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return {hash.high64, hash.low64};
}

}  // namespace
}  // namespace webnn
