#include "backends/tensorrt/staging.h"

#include <algorithm>
#include <cstring>

#include "core/try.h"

namespace webnn::trt {
namespace {

// Up to this size the driver itself copies ordinary memory aside and returns: one call is then
// cheaper than staging.
constexpr size_t kDriverCopies = size_t{64} << 10;

}  // namespace

bool IsPinned(const cuda::Device& device, std::span<const std::byte> bytes) {
  const auto begin = reinterpret_cast<cuda::Address>(bytes.data());
  Result<cuda::PointerInfo> info = device.Describe(begin);
  return info && info->kind == cuda::PointerInfo::Kind::kHost && info->base <= begin &&
         begin - info->base + bytes.size() <= info->bytes;
}

Result<void> Staging::Finish(Piece& piece) {
  if (!piece.busy) return {};
  WEBNN_RETURN_IF_ERROR(piece.copied.Synchronize());
  piece.busy = false;
  return {};
}

Result<void> Staging::Begun(const cuda::Stream& stream, Piece& piece) {
  Result<void> recorded = stream.Record(piece.copied);
  if (recorded) {
    piece.busy = true;
  } else {
    (void)stream.Synchronize();  // nothing tells when the copy is made
  }
  return recorded;
}

Result<Staging::Piece*> Staging::Take(const cuda::Device& device) {
  Piece& piece = pieces_[next_];
  if (!piece.memory) {
    WEBNN_ASSIGN_OR_RETURN(piece.memory, cuda::PinnedBuffer::Allocate(device, kPieceBytes));
  }
  if (!piece.copied) {
    WEBNN_ASSIGN_OR_RETURN(piece.copied, cuda::Event::Create(device));
  }
  WEBNN_RETURN_IF_ERROR(Finish(piece));
  next_ = (next_ + 1) % kPieces;
  return &piece;
}

Result<void> Staging::Upload(const cuda::Device& device, const cuda::Stream& stream,
                             cuda::Address to, std::span<const std::byte> from) {
  if (from.size() <= kDriverCopies) return stream.CopyToDevice(to, from.data(), from.size());
  if (IsPinned(device, from)) {
    WEBNN_RETURN_IF_ERROR(stream.CopyToDevice(to, from.data(), from.size()));
    return stream.Synchronize();  // the bytes are the caller's again when this returns
  }
  for (size_t begin = 0; begin < from.size(); begin += kPieceBytes) {
    const size_t bytes = std::min(kPieceBytes, from.size() - begin);
    WEBNN_ASSIGN_OR_RETURN(Piece * piece, Take(device));
    std::memcpy(piece->memory.data(), from.data() + begin, bytes);
    WEBNN_RETURN_IF_ERROR(stream.CopyToDevice(to + begin, piece->memory.data(), bytes));
    WEBNN_RETURN_IF_ERROR(Begun(stream, *piece));
  }
  return {};
}

Result<void> Staging::Download(const cuda::Device& device, const cuda::Stream& stream,
                               std::span<std::byte> to, cuda::Address from) {
  if (to.size() > kDriverCopies && IsPinned(device, to)) {
    WEBNN_RETURN_IF_ERROR(stream.CopyToHost(to.data(), from, to.size()));
    return stream.Synchronize();
  }
  if (to.size() <= kPieceBytes) {
    // One wait without an event in between: this is how most results are read.
    WEBNN_ASSIGN_OR_RETURN(Piece * piece, Take(device));
    WEBNN_RETURN_IF_ERROR(stream.CopyToHost(piece->memory.data(), from, to.size()));
    WEBNN_RETURN_IF_ERROR(stream.Synchronize());
    std::memcpy(to.data(), piece->memory.data(), to.size());
    return {};
  }
  std::array<Piece*, kPieces> under_way{};
  const size_t count = (to.size() + kPieceBytes - 1) / kPieceBytes;
  const auto part = [&](size_t i) {
    return to.subspan(i * kPieceBytes).first(std::min(kPieceBytes, to.size() - i * kPieceBytes));
  };
  for (size_t begun = 0, ended = 0; ended < count; ++ended) {
    for (; begun < count && begun - ended < kPieces; ++begun) {
      WEBNN_ASSIGN_OR_RETURN(Piece * piece, Take(device));
      piece->busy = true;
      WEBNN_RETURN_IF_ERROR(
          stream.CopyToHost(piece->memory.data(), from + begun * kPieceBytes, part(begun).size()));
      WEBNN_RETURN_IF_ERROR(Begun(stream, *piece));
      under_way[begun % kPieces] = piece;
    }
    Piece& piece = *under_way[ended % kPieces];
    WEBNN_RETURN_IF_ERROR(Finish(piece));
    std::memcpy(part(ended).data(), piece.memory.data(), part(ended).size());
  }
  return {};
}

}  // namespace webnn::trt
