#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <unordered_map>

#include "lowering/model.h"

namespace webnn::lowering {

/// A set of ONNX element types.
class ElementSet {
 public:
  constexpr ElementSet() = default;
  constexpr ElementSet(std::initializer_list<Element> elements) {
    for (Element element : elements) bits_ |= 1u << static_cast<unsigned>(element);
  }
  constexpr bool Has(Element element) const {
    return ((bits_ >> static_cast<unsigned>(element)) & 1u) != 0;
  }
  friend constexpr ElementSet operator|(ElementSet a, ElementSet b) {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  uint32_t bits_ = 0;
};

/// For each element type another one, or none.
class ElementMap {
 public:
  Element& operator[](Element from) { return to_[static_cast<size_t>(from)]; }
  /// What `from` maps to; itself when that is nothing.
  Element Of(Element from) const {
    const Element to = to_[static_cast<size_t>(from)];
    return to == Element::kNone ? from : to;
  }

 private:
  std::array<Element, 32> to_{};
};

/// What the runtime that gets a model can compute. Lowering asks it; where a type is missing, the
/// value is widened, computed and narrowed.
struct Target {
  std::string_view name;
  int opset = 21;
  /// Element types that each ONNX operator takes. A type with a carrier is listed where the
  /// operator is right on the values in it.
  std::unordered_map<std::string_view, ElementSet> kernels;

  /// Types that the runtime does not have between operators, and the integer type that carries
  /// their values there: int32 has room for every uint8. uint64 travels as the int64 of equal bits.
  ElementMap carriers;
  /// What inputs and outputs of a type are declared as; it has as many bits. A pair of 4-bit
  /// numbers travels as one uint8, the first in the low bits.
  ElementMap boundaries;
  /// Types that are cast from and to float, and no other type.
  ElementSet cast_by_float;
  /// Types between which and float a quantisation with scale 1 stands for a cast.
  ElementSet cast_by_quantization;

  /// The most axes that a value may have; 0: any number.
  uint32_t max_rank = 0;
  /// ArgMin and ArgMax work along the second of two or three axes.
  bool flat_arg_reductions = false;
  /// The fewest axes of Softmax.
  uint32_t softmax_rank = 1;
  /// Gathering and scattering take no negative indices.
  bool positive_indices = false;
  /// InstanceNormalization takes no planes of one element.
  bool large_planes = false;
  /// ScatterElements takes no more indices along an axis than there are elements.
  bool few_scatter_indices = false;
  /// ConvTranspose has no dilation where it has strides.
  bool dense_strided_transposed = false;
  /// Pooling operators have no dilation.
  bool dense_pools = false;
  /// LSTM and GRU up to this many steps are faster when each step is written out.
  uint32_t unrolled_steps = 0;
  /// The same of those with other activations than sigmoid for the gates and tanh for the rest.
  uint32_t unrolled_unusual_steps = 0;
  /// Products, pooling and pointwise operators on float16 are as exact as it takes, and fast;
  /// otherwise a chain of them is computed in float32 and rounded once.
  bool float16_chains = false;
  /// Operators on constants are computed when the model is made: the runtime would, but it looks
  /// for weights in places where it finds nothing else.
  bool folds_constants = false;
  /// The runtime combines constants across operators: (x - z) * s becomes x * s - z * s, and two
  /// sums one, also where they wrap.
  bool reassociates = false;
  /// A constant of one element is written into the source of fused kernels in decimal: float32 with
  /// seven digits, which can be four units in the last place off, and the least int64 becomes 0.
  bool short_scalars = false;
  /// The model is to be computed in 16 bits, where those digits of terms and factors do not count.
  bool half = false;
  /// Gemm has no factors.
  bool plain_gemm = false;
  /// AveragePool is slower than a convolution, but for multiples of this many channels; 0: it never
  /// is.
  int64_t pooled_channels = 0;

  bool Supports(std::string_view op, Element element) const {
    auto found = kernels.find(op);
    return found != kernels.end() && found->second.Has(element);
  }
};

}  // namespace webnn::lowering
