#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

/// What ONNX's Resize does along one axis, as numbers.
namespace webnn::onnx_format {

enum class Coordinates : uint8_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNearest,
  kTfCropAndResize,
};
enum class Interpolation : uint8_t { kNearest, kLinear, kCubic };
/// `kSimple` is what Resize 10 and Upsample do: down, but up when there are fewer elements.
enum class Rounding : uint8_t { kPreferFloor, kPreferCeil, kFloor, kCeil, kSimple };

struct ResizeOptions {
  Coordinates coordinates = Coordinates::kHalfPixel;
  Interpolation interpolation = Interpolation::kNearest;
  Rounding rounding = Rounding::kPreferFloor;
  float cubic_coefficient = -0.75F;
  bool exclude_outside = false;
  bool antialias = false;
  float extrapolation = 0;
};

struct ResizeAxis {
  int64_t input = 1;
  int64_t output = 1;
  float scale = 1;
  float roi_begin = 0;  ///< For tf_crop_and_resize.
  float roi_end = 1;

  /// Nothing happens along this axis.
  bool is_identity(const ResizeOptions& options) const;
};

/// Output i along one axis is the sum over taps t of `weights[t][i] * input[elements[t][i]]`; for
/// the nearest element there is one tap and no weights.
struct Taps {
  std::vector<std::vector<int64_t>> elements;
  std::vector<std::vector<double>> weights;
  /// Where the extrapolation value stands instead; empty: nowhere.
  std::vector<bool> outside;
};

/// The float32 arithmetic of ONNX Runtime, which decides where two elements are equally near.
Taps TapsOf(const ResizeAxis& axis, const ResizeOptions& options);

/// `resample2d` gives the same along this axis.
bool IsResample(const ResizeAxis& axis, const ResizeOptions& options);

}  // namespace webnn::onnx_format
