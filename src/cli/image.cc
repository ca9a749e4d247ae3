#include "cli/image.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "cli/array.h"
#include "cli/errors.h"
#include "core/mapped_file.h"
#include "stb/stb_image.h"

namespace webnn::cli {
namespace {

constexpr uint64_t kMaxPixels = uint64_t{1} << 27;

// A picture in floating point, `channels` values a pixel.
struct Plane {
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t channels = 0;
  std::vector<double> values;

  double& At(uint32_t y, uint32_t x, uint32_t c) {
    return values[(size_t{y} * width + x) * channels + c];
  }
  double At(uint32_t y, uint32_t x, uint32_t c) const {
    return values[(size_t{y} * width + x) * channels + c];
  }
};

Plane MakePlane(uint32_t width, uint32_t height, uint32_t channels) {
  return {width, height, channels, std::vector<double>(size_t{width} * height * channels)};
}

Plane SelectChannels(const Image& image, Channels channels) {
  Plane plane = MakePlane(image.width, image.height, channels == Channels::kGray ? 1 : 3);
  for (size_t i = 0; i < size_t{image.width} * image.height; ++i) {
    const uint8_t* rgb = &image.pixels[i * 3];
    double* to = &plane.values[i * plane.channels];
    if (channels == Channels::kGray) {
      to[0] = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    } else {
      for (size_t c = 0; c < 3; ++c) to[c] = rgb[channels == Channels::kBgr ? 2 - c : c];
    }
  }
  return plane;
}

// Where a new row or column comes from: two old ones and the share of the second.
struct Tap {
  uint32_t first;
  uint32_t second;
  double share;
};

// Of `size` new positions that span `scaled` ones, from `begin` on; the centres of pixels lie at
// their halves.
std::vector<Tap> MakeTaps(uint32_t old_size, double scaled, double begin, uint32_t size) {
  std::vector<Tap> taps(size);
  for (uint32_t i = 0; i < size; ++i) {
    const double at = (i + begin + 0.5) * old_size / scaled - 0.5;
    const double clamped = std::clamp(at, 0.0, static_cast<double>(old_size - 1));
    const auto first = static_cast<uint32_t>(clamped);
    taps[i] = {first, std::min(first + 1, old_size - 1), clamped - first};
  }
  return taps;
}

// Bilinear: the part of the scaled picture that begins at (left, top).
Plane Sample(const Plane& from, double scaled_width, double scaled_height, double left, double top,
             uint32_t width, uint32_t height) {
  const auto columns = MakeTaps(from.width, scaled_width, left, width);
  const auto rows = MakeTaps(from.height, scaled_height, top, height);
  Plane to = MakePlane(width, height, from.channels);
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      for (uint32_t c = 0; c < from.channels; ++c) {
        const auto mix = [&](uint32_t row) {
          return from.At(row, columns[x].first, c) * (1 - columns[x].share) +
                 from.At(row, columns[x].second, c) * columns[x].share;
        };
        to.At(y, x, c) =
            mix(rows[y].first) * (1 - rows[y].share) + mix(rows[y].second) * rows[y].share;
      }
    }
  }
  return to;
}

uint32_t Rounded(double size) {
  return static_cast<uint32_t>(std::max(1.0, std::floor(size + 0.5)));
}

Plane ResizeTo(const Plane& from, Resize resize, uint32_t width, uint32_t height) {
  if (from.width == width && from.height == height) return from;
  const double by_width = static_cast<double>(width) / from.width;
  const double by_height = static_cast<double>(height) / from.height;
  if (resize == Resize::kStretch) return Sample(from, width, height, 0, 0, width, height);
  const double ratio =
      resize == Resize::kCrop ? std::max(by_width, by_height) : std::min(by_width, by_height);
  const uint32_t scaled_width = Rounded(from.width * ratio);
  const uint32_t scaled_height = Rounded(from.height * ratio);
  if (resize == Resize::kCrop) {
    const uint32_t left = (std::max(scaled_width, width) - width) / 2;
    const uint32_t top = (std::max(scaled_height, height) - height) / 2;
    return Sample(from, scaled_width, scaled_height, left, top, width, height);
  }
  const uint32_t inner_width = std::min(scaled_width, width);
  const uint32_t inner_height = std::min(scaled_height, height);
  const Plane inner = Sample(from, inner_width, inner_height, 0, 0, inner_width, inner_height);
  Plane to = MakePlane(width, height, from.channels);
  const uint32_t left = (width - inner_width) / 2;
  const uint32_t top = (height - inner_height) / 2;
  for (uint32_t y = 0; y < inner_height; ++y) {
    for (uint32_t x = 0; x < inner_width; ++x) {
      for (uint32_t c = 0; c < from.channels; ++c) to.At(top + y, left + x, c) = inner.At(y, x, c);
    }
  }
  return to;
}

// What an operand says of the picture that it takes.
struct Frame {
  bool channels_first = true;
  uint32_t channels = 0;
  uint32_t height = 0;
  uint32_t width = 0;
};

Result<Frame> FrameOf(const OperandDescriptor& descriptor, Layout layout) {
  const Shape& shape = descriptor.shape();
  const auto no_picture = [&](std::string_view why) {
    return BadUse("the model takes {}, which is no picture: {}", ToString(descriptor), why);
  };
  if (shape.rank() != 3 && shape.rank() != 4) return no_picture("a picture has rank 3 or 4");
  if (shape.rank() == 4 && shape[0] != 1) {
    return no_picture("one picture cannot fill a batch; --dim or --shape can make it 1");
  }
  const auto sizes = shape.sizes().last(3);
  if (layout == Layout::kAuto) layout = LayoutOf(sizes[0], sizes[2]);
  if (layout == Layout::kAuto) {
    return no_picture("neither its first nor its last size is 1 or 3 channels");
  }
  const Frame frame = layout == Layout::kNchw ? Frame{true, sizes[0], sizes[1], sizes[2]}
                                              : Frame{false, sizes[2], sizes[0], sizes[1]};
  if (frame.channels != 1 && frame.channels != 3) {
    return no_picture(fmt::format("in the layout {} it has {} channels, not 1 or 3",
                                  EnumNames(layout)[static_cast<size_t>(layout)], frame.channels));
  }
  return frame;
}

// One number a channel.
Result<std::vector<double>> Spread(const std::vector<double>& numbers, size_t channels,
                                   double missing, std::string_view option) {
  if (numbers.empty()) return std::vector<double>(channels, missing);
  if (numbers.size() == 1) return std::vector<double>(channels, numbers[0]);
  if (numbers.size() == channels) return numbers;
  return BadUse("{} has {} numbers, the picture has {} channels", option, numbers.size(), channels);
}

}  // namespace

Layout LayoutOf(uint32_t first, uint32_t last) {
  if (first == 3) return Layout::kNchw;
  if (last == 3) return Layout::kNhwc;
  if (first == 1) return Layout::kNchw;
  return last == 1 ? Layout::kNhwc : Layout::kAuto;
}

Result<Image> ReadImage(const std::string& path) {
  WEBNN_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  const auto bytes = file->bytes();
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return TypeError("\"{}\" is too large for a picture", path);
  }
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  int width = 0;
  int height = 0;
  int channels = 0;
  if (stbi_info_from_memory(data, size, &width, &height, &channels) == 0) {
    return TypeError("\"{}\" is no picture that can be read (PNG, JPEG, BMP, GIF, TGA, PNM): {}",
                     path, stbi_failure_reason());
  }
  if (static_cast<uint64_t>(width) * static_cast<uint64_t>(height) > kMaxPixels) {
    return TypeError("\"{}\" has {} x {} pixels; up to {} are read", path, width, height,
                     kMaxPixels);
  }
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(data, size, &width, &height, &channels, 3), &stbi_image_free);
  if (pixels == nullptr) {
    return TypeError("\"{}\" is damaged: {}", path, stbi_failure_reason());
  }
  Image image{static_cast<uint32_t>(width), static_cast<uint32_t>(height), {}};
  image.pixels.assign(pixels.get(), pixels.get() + size_t{image.width} * image.height * 3);
  return image;
}

Result<std::vector<std::byte>> ToOperand(const Image& image, const ImageOptions& options,
                                         const OperandDescriptor& descriptor) {
  WEBNN_ASSIGN_OR_RETURN(const Frame frame, FrameOf(descriptor, options.layout));
  Channels channels = options.channels;
  if (channels == Channels::kAuto)
    channels = frame.channels == 1 ? Channels::kGray : Channels::kRgb;
  if ((channels == Channels::kGray) != (frame.channels == 1)) {
    return BadUse("the model takes {} channels, --channels {} gives {}", frame.channels,
                  EnumNames(channels)[static_cast<size_t>(channels)],
                  channels == Channels::kGray ? 1 : 3);
  }
  const bool fits = image.width == frame.width && image.height == frame.height;
  if (!fits && options.resize == Resize::kNone) {
    return WithHint(BadUse("the picture has {} x {} pixels, the model takes {} x {}", image.width,
                           image.height, frame.width, frame.height),
                    "--resize stretch, crop or pad makes it fit");
  }
  WEBNN_ASSIGN_OR_RETURN(const auto mean, Spread(options.mean, frame.channels, 0, "--mean"));
  WEBNN_ASSIGN_OR_RETURN(const auto deviation,
                         Spread(options.deviation, frame.channels, 1, "--std"));
  const DataType type = descriptor.data_type();
  const bool floats = type == DataType::kFloat32 || type == DataType::kFloat16;
  double scale = options.scale;
  if (scale == 0) scale = floats ? 1.0 / 255 : 1.0;

  const Plane plane =
      ResizeTo(SelectChannels(image, channels), options.resize, frame.width, frame.height);
  OperandWriter writer(descriptor);
  const auto put = [&](uint32_t y, uint32_t x, uint32_t c) {
    const double value = (plane.At(y, x, c) * scale - mean[c]) / deviation[c];
    writer.Put(floats ? value : std::nearbyint(value));
  };
  const uint32_t outer = frame.channels_first ? frame.channels : 1;
  const uint32_t inner = frame.channels_first ? 1 : frame.channels;
  for (uint32_t o = 0; o < outer; ++o) {
    for (uint32_t y = 0; y < frame.height; ++y) {
      for (uint32_t x = 0; x < frame.width; ++x) {
        for (uint32_t i = 0; i < inner; ++i) put(y, x, o + i);
      }
    }
  }
  return writer.Take();
}

}  // namespace webnn::cli
