#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "backends/cuda/driver.h"

namespace webnn::trt {

/// Copies between ordinary memory and the device through pinned memory, piece by piece, so that the
/// processor fills one piece while the device takes another. Not thread safe; the caller has a
/// `Scope`.
class Staging {
 public:
  /// Returns when `from` may change; the copy itself is in the stream.
  Result<void> Upload(const cuda::Device& device, const cuda::Stream& stream, cuda::Address to,
                      std::span<const std::byte> from);
  /// Returns when `to` is filled.
  Result<void> Download(const cuda::Device& device, const cuda::Stream& stream,
                        std::span<std::byte> to, cuda::Address from);

 private:
  static constexpr size_t kPieces = 4;
  static constexpr size_t kPieceBytes = size_t{512} << 10;
  struct Piece {
    cuda::PinnedBuffer memory;
    cuda::Event copied;
    bool busy = false;  // the device may not have made the copy yet
  };
  /// The next piece, free and with memory.
  Result<Piece*> Take(const cuda::Device& device);
  /// Its copy has been put into the stream.
  static Result<void> Begun(const cuda::Stream& stream, Piece& piece);
  static Result<void> Finish(Piece& piece);

  std::array<Piece, kPieces> pieces_;
  size_t next_ = 0;
};

/// Whether all of it is pinned, so that the device can copy from and to it by itself.
bool IsPinned(const cuda::Device& device, std::span<const std::byte> bytes);

}  // namespace webnn::trt
