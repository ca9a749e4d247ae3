#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "webnn/result.h"
#include "webnn/types.h"

namespace webnn::cli {

/// A picture: red, green and blue in 0 to 255, row by row from the top left. Transparency is
/// dropped, 16-bit pictures lose their lower half.
struct Image {
  uint32_t width = 0;
  uint32_t height = 0;
  std::vector<uint8_t> pixels;
};

/// A PNG, JPEG, BMP, GIF, TGA or PNM file. TypeError when it is none or damaged.
Result<Image> ReadImage(const std::string& path);

enum class Channels : uint8_t { kAuto, kRgb, kBgr, kGray };
constexpr std::array<std::string_view, 4> EnumNames(Channels) {
  return {"auto", "rgb", "bgr", "gray"};
}
enum class Resize : uint8_t { kNone, kStretch, kCrop, kPad };
constexpr std::array<std::string_view, 4> EnumNames(Resize) {
  return {"none", "stretch", "crop", "pad"};
}
enum class Layout : uint8_t { kAuto, kNchw, kNhwc };
constexpr std::array<std::string_view, 3> EnumNames(Layout) { return {"auto", "nchw", "nhwc"}; }

/// The layout of a picture's three sizes by the first and the last of them: 3 channels are more
/// likely than 1. `kAuto` when neither is a number of channels.
Layout LayoutOf(uint32_t first, uint32_t last);

/// How a picture becomes an operand: `docs/command-line.md` has the arithmetic.
struct ImageOptions {
  Layout layout = Layout::kAuto;
  Channels channels = Channels::kAuto;
  Resize resize = Resize::kNone;
  double scale = 0;          ///< 0: 1/255 for floats, 1 for integers.
  std::vector<double> mean;  ///< Empty, one for all channels, or one a channel.
  std::vector<double> deviation;
};

/// The bytes of an operand of shape [1, C, H, W] or [1, H, W, C], with C 1 or 3, or without the
/// first size.
Result<std::vector<std::byte>> ToOperand(const Image& image, const ImageOptions& options,
                                         const OperandDescriptor& descriptor);

}  // namespace webnn::cli
