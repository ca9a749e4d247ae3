#include "onnx/import/interpolation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace webnn::onnx_format {
namespace {

// Where output `i` lies in the input.
float Coordinate(const ResizeAxis& axis, Coordinates coordinates, int64_t i) {
  const auto x = static_cast<float>(i);
  const auto input = static_cast<float>(axis.input);
  const auto output = static_cast<float>(axis.output);
  switch (coordinates) {
    case Coordinates::kHalfPixel:
      return (x + 0.5F) / axis.scale - 0.5F;
    case Coordinates::kHalfPixelSymmetric: {
      const float adjustment = output / (axis.scale * input);
      const float offset = input / 2 * (1 - adjustment);
      return offset + (x + 0.5F) / axis.scale - 0.5F;
    }
    case Coordinates::kPytorchHalfPixel:
      return axis.output > 1 ? (x + 0.5F) / axis.scale - 0.5F : 0;
    case Coordinates::kAlignCorners:
      return axis.output == 1 ? 0 : x * (input - 1) / (output - 1);
    case Coordinates::kAsymmetric:
      return x / axis.scale;
    case Coordinates::kTfHalfPixelForNearest:
      return (x + 0.5F) / axis.scale;
    case Coordinates::kTfCropAndResize:
      return axis.output > 1 ? axis.roi_begin * (input - 1) +
                                   x * (axis.roi_end - axis.roi_begin) * (input - 1) / (output - 1)
                             : 0.5F * (axis.roi_begin + axis.roi_end) * (input - 1);
  }
  return x;
}

float Round(float x, Rounding rounding, bool shrinks) {
  switch (rounding) {
    case Rounding::kPreferFloor:
      return x == std::floor(x) + 0.5F ? std::floor(x) : std::round(x);
    case Rounding::kPreferCeil:
      return std::round(x);
    case Rounding::kFloor:
      return std::floor(x);
    case Rounding::kCeil:
      return std::ceil(x);
    case Rounding::kSimple:
      return shrinks ? std::ceil(x) : std::trunc(x);
  }
  return x;
}

int64_t Clamped(float x, int64_t size) {
  // Written so that NaN gives 0.
  if (!(x > 0)) return 0;
  return x >= static_cast<float>(size - 1) ? size - 1 : static_cast<int64_t>(x);
}

// The coordinate in a range where integers hold it.
double Position(const ResizeAxis& axis, const ResizeOptions& options, int64_t i) {
  const auto x = static_cast<double>(Coordinate(axis, options.coordinates, i));
  return std::isnan(x) ? 0 : std::clamp(x, -0x1p40, 0x1p40);
}

// The weight of an element at a distance from the point that is computed.
double Kernel(double distance, const ResizeOptions& options) {
  const double x = std::abs(distance);
  if (options.interpolation == Interpolation::kLinear) return std::max(0.0, 1 - x);
  const double a = static_cast<double>(options.cubic_coefficient);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

Taps NearestTaps(const ResizeAxis& axis, const ResizeOptions& options) {
  Taps taps = {.elements = {{}}};
  for (int64_t i = 0; i < axis.output; ++i) {
    const float x =
        Round(Coordinate(axis, options.coordinates, i), options.rounding, axis.scale < 1);
    taps.elements[0].push_back(Clamped(x, axis.input));
  }
  return taps;
}

// Linear and cubic. A kernel that is stretched by `stretch` takes the mean of more elements.
Taps WeightedTaps(const ResizeAxis& axis, const ResizeOptions& options) {
  const bool cubic = options.interpolation == Interpolation::kCubic;
  const double stretch =
      options.antialias && axis.scale < 1 ? 1 / static_cast<double>(axis.scale) : 1.0;
  const double support = (cubic ? 2 : 1) * stretch;
  // Elements from the first that is within the support.
  const auto count = static_cast<int64_t>(std::ceil(2 * support));
  Taps taps;
  taps.elements.assign(static_cast<size_t>(count), std::vector<int64_t>(axis.output));
  taps.weights.assign(static_cast<size_t>(count), std::vector<double>(axis.output, 0));
  for (int64_t i = 0; i < axis.output; ++i) {
    double x = Position(axis, options, i);
    // Linear interpolation takes what lies outside from the edge; there is nothing to interpolate.
    if (!cubic && !options.antialias) x = std::clamp(x, 0.0, static_cast<double>(axis.input - 1));
    const auto first = static_cast<int64_t>(std::floor(x - support)) + 1;
    double sum = 0;
    for (int64_t t = 0; t < count; ++t) {
      const int64_t element = first + t;
      const bool outside = element < 0 || element >= axis.input;
      double weight = Kernel((static_cast<double>(element) - x) / stretch, options);
      if (outside && options.exclude_outside) weight = 0;
      taps.elements[t][i] = std::clamp<int64_t>(element, 0, axis.input - 1);
      taps.weights[t][i] = weight;
      sum += weight;
    }
    if (sum == 0) continue;  // nothing is near: extrapolated
    for (auto& weights : taps.weights) weights[i] /= sum;
  }
  // Taps that nothing is taken from.
  for (size_t t = taps.weights.size(); t-- > 1;) {
    if (!std::ranges::all_of(taps.weights[t], [](double weight) { return weight == 0; })) continue;
    taps.weights.erase(taps.weights.begin() + static_cast<std::ptrdiff_t>(t));
    taps.elements.erase(taps.elements.begin() + static_cast<std::ptrdiff_t>(t));
  }
  return taps;
}

}  // namespace

bool ResizeAxis::is_identity(const ResizeOptions& options) const {
  const bool crops =
      options.coordinates == Coordinates::kTfCropAndResize && (roi_begin != 0 || roi_end != 1);
  return input == output && scale == 1 && !crops;
}

Taps TapsOf(const ResizeAxis& axis, const ResizeOptions& options) {
  Taps taps = options.interpolation == Interpolation::kNearest ? NearestTaps(axis, options)
                                                               : WeightedTaps(axis, options);
  if (options.coordinates != Coordinates::kTfCropAndResize) return taps;
  std::vector<bool> outside;
  for (int64_t i = 0; i < axis.output; ++i) {
    const float x = Coordinate(axis, options.coordinates, i);
    outside.push_back(x < 0 || x > static_cast<float>(axis.input - 1));
  }
  if (std::ranges::find(outside, true) != outside.end()) taps.outside = std::move(outside);
  return taps;
}

bool IsResample(const ResizeAxis& axis, const ResizeOptions& options) {
  if (options.interpolation == Interpolation::kCubic || options.antialias) return false;
  if (options.coordinates == Coordinates::kTfCropAndResize) return false;
  for (int64_t i = 0; i < axis.output; ++i) {
    // (i + 1/2) * input / output - 1/2 as a fraction of 2 * output, within the input.
    const int64_t whole = 2 * axis.output;
    const int64_t exact =
        std::clamp<int64_t>((2 * i + 1) * axis.input - axis.output, 0, (axis.input - 1) * whole);
    const float x = Coordinate(axis, options.coordinates, i);
    if (options.interpolation == Interpolation::kNearest) {
      const int64_t nearest = (exact + axis.output - 1) / whole;  // halves down
      if (Clamped(Round(x, options.rounding, axis.scale < 1), axis.input) != nearest) return false;
    } else {
      const double position = static_cast<double>(exact) / static_cast<double>(whole);
      const double given =
          std::clamp(static_cast<double>(x), 0.0, static_cast<double>(axis.input - 1));
      if (std::abs(given - position) > 1e-6 * static_cast<double>(axis.input)) return false;
    }
  }
  return true;
}

}  // namespace webnn::onnx_format
