// Compiled for processors with AVX2, twice as fast: see CMakeLists.txt.

#include "core/hash_pieces.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace webnn {

#ifdef __AVX2__
namespace {

Xxh3Halves HashPiecesAvx2(const Piece* pieces, size_t count) {
  const Xxh3Halves halves = HashPiecesHere(pieces, count);
  // GCC 12 leaves this out on some ways to the end; code without AVX is four times slower then.
  _mm256_zeroupper();
  return halves;
}

}  // namespace

const HashPieces kHashPiecesAvx2 = &HashPiecesAvx2;
#else
const HashPieces kHashPiecesAvx2 = nullptr;
#endif

}  // namespace webnn
